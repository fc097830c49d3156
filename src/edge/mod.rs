//! The only listener: accept, TLS, framing, deadlines, limits.
