//! What happened and why: the log for whoever runs the process, traces for whoever has to find
//! out why a sign-in or a push failed.

pub mod audit;
pub mod event;
pub mod log;
pub mod panic;
pub mod subscriber;
pub mod trace;
pub mod webhook;
