//! The accept loop. Nothing that happens to one connection ends it.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ipnet::IpNet;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use thiserror::Error;
use tracing::{debug, warn};

use super::body::Budget;
use super::client::is_trusted;
use super::connection::{Service, serve};
use super::pool::Pool;
use super::registry::{Full, Registry};
use super::{Handler, Limits, Stopper};

/// Whether the edge speaks TLS.
#[derive(Clone)]
pub enum Tls {
    /// Plain HTTP, for a proxy on the same machine or a test.
    Off,
    /// TLS on every connection; see [`super::tls::server_config`].
    On(Arc<rustls::ServerConfig>),
}

/// The listener can't be had.
#[derive(Debug, Error)]
#[error("cannot listen on {address}")]
pub struct BindError {
    /// Where it was to listen.
    pub address: SocketAddr,
    /// What the system said.
    pub source: io::Error,
}

/// A bound listener with all it needs to serve.
pub struct Edge {
    listener: Arc<TcpListener>,
    address: SocketAddr,
    registry: Arc<Registry>,
    limits: Limits,
    tls: Tls,
    trusted_proxies: Vec<IpNet>,
}

impl Edge {
    /// Binds `address`, raises the process' limit of open files as far as it may, and sets the
    /// cap of connections to what that leaves. Connections wait in the kernel until
    /// [`Edge::run`].
    pub fn bind(
        address: SocketAddr,
        limits: Limits,
        tls: Tls,
        trusted_proxies: Vec<IpNet>,
    ) -> Result<Self, BindError> {
        let failed = |source| BindError { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        // The standard library asks for a queue of 128, too short for a crowd that comes back
        // all at once. The kernel lowers what is beyond net.core.somaxconn.
        rustix::net::listen(&listener, 1024).map_err(|error| failed(error.into()))?;
        let capacity = capacity(&limits, raise_descriptors());
        if capacity < limits.connections {
            warn!(
                capacity,
                wanted = limits.connections,
                "the limit of open files lowers the number of connections"
            );
        }
        Ok(Self {
            listener: Arc::new(listener),
            address: local,
            registry: Arc::new(Registry::new(capacity, per_address(&limits, capacity))),
            limits,
            tls,
            trusted_proxies,
        })
    }

    /// Where it listens; tells the port if 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What ends [`Edge::run`].
    pub fn stopper(&self) -> Stopper {
        Stopper {
            registry: Arc::clone(&self.registry),
            listener: Arc::clone(&self.listener),
        }
    }

    /// Serves until [`Stopper::stop`], then until running requests are done or the grace is over.
    pub fn run<H: Handler>(&self, handler: Arc<H>) {
        let service = Service {
            handler,
            registry: Arc::clone(&self.registry),
            bodies: Budget::new(self.limits.buffered_bodies),
            limits: self.limits.clone(),
            tls: self.tls.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
        };
        let pool = Pool::new(move |(place, peer)| {
            // The socket is let go first, so that a free place means a free descriptor.
            serve(&service, peer);
            drop(place);
        });
        let mut failures = 0u32;
        while !self.registry.is_stopping() {
            match self.listener.accept() {
                Ok((stream, address)) => {
                    failures = 0;
                    self.welcome(stream, address.ip().to_canonical(), &pool);
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    if !self.registry.is_stopping() {
                        debug!(%error, "accept failed");
                        pause(&error, failures);
                    }
                }
            }
        }
        let cut_off = self.registry.drain(self.limits.grace);
        if cut_off > 0 {
            warn!(
                connections = cut_off,
                "the grace is over, connections cut off"
            );
        }
    }

    fn welcome(&self, stream: TcpStream, address: IpAddr, pool: &Pool<Job>) {
        let exempt = is_trusted(address, &self.trusted_proxies);
        match self.registry.admit(stream, address, exempt) {
            Ok(job) => {
                let Err(error) = pool.run(job) else { return };
                // Whoever is evicted leaves a thread, which takes the connection that is queued.
                debug!(%error, "cannot make a thread for a connection");
                self.registry.evict_one();
            }
            Err(Full::Address) => debug!(%address, "too many connections from one address"),
            Err(Full::Total) => debug!("all places for connections are taken"),
            Err(Full::Stopping) => {}
        }
    }
}

type Job = (super::registry::Place, Arc<super::registry::Peer>);

/// Waits where going on at once would only fail again: the process or the system is out of
/// descriptors or memory, or something unknown goes wrong over and over. The rest (a connection
/// reset while it waited, a network error that accept passes on) concerns nobody else.
fn pause(error: &io::Error, failures: u32) {
    let exhausted = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()));
    if exhausted || failures > 64 {
        thread::sleep(Duration::from_millis(20));
    }
}

/// Raises the soft limit of open files to the hard one and says what it is now.
fn raise_descriptors() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return limit.current;
    }
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}

/// One address's part of all places stays the same when there are fewer of them.
fn per_address(limits: &Limits, capacity: usize) -> usize {
    let part = limits.connections_per_address.saturating_mul(capacity) / limits.connections.max(1);
    part.clamp(1, limits.connections_per_address.max(1))
}

/// How many connections there may be if `descriptors` may be open (`None`: any number). At least
/// a few, since an appliance that takes no connection helps nobody.
fn capacity(limits: &Limits, descriptors: Option<u64>) -> usize {
    let Some(descriptors) = descriptors else {
        return limits.connections;
    };
    usize::try_from(descriptors)
        .unwrap_or(usize::MAX)
        .saturating_sub(limits.reserved_descriptors)
        .max(4)
        .min(limits.connections)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_rest() {
        let limits = Limits::default();
        assert_eq!(capacity(&limits, None), 1024);
        assert_eq!(capacity(&limits, Some(1 << 20)), 1024);
        assert_eq!(capacity(&limits, Some(1024)), 960);
        assert_eq!(capacity(&limits, Some(256)), 192);
        assert_eq!(capacity(&limits, Some(10)), 4);
    }
}
