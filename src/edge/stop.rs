//! Coming to an end without cutting anybody off.

use std::net::TcpListener;
use std::sync::Arc;

use super::registry::Registry;

/// Ends a running edge, from any thread.
#[derive(Clone)]
pub struct Stopper {
    pub(super) registry: Arc<Registry>,
    pub(super) listener: Arc<TcpListener>,
}

impl Stopper {
    /// Stops accepting, closes idle connections, and lets running requests finish; `Edge::run`
    /// returns when they have, or when the grace is over. Calling it again does nothing more.
    pub fn stop(&self) {
        self.registry.stop();
        // Wakes the thread that waits in accept, with EINVAL. No other socket has to be opened
        // for it, so it works when descriptors are short and when the address can't be reached
        // from here.
        let _ = rustix::net::shutdown(&*self.listener, rustix::net::Shutdown::Both);
    }
}
