//! Traces, logs: what happened and why.
