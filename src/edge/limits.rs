//! Every bound of the edge in one place, so that tests can shorten them.

use std::time::Duration;

/// What a client may take of the appliance: places, bytes and time.
///
/// All durations are absolute deadlines from the start of what they bound, so a client that sends
/// a byte now and then gains nothing by it.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once. The number in force is lower if the process may not open
    /// `reserved_descriptors` files beside them.
    pub connections: usize,
    /// Connections at once from one IPv4 address or one IPv6 /64; fewer, by the same part, where
    /// there are fewer in all. An office behind one router is one address. Trusted proxies are
    /// exempt.
    pub connections_per_address: usize,
    /// File descriptors left for the database, files and outgoing connections.
    pub reserved_descriptors: usize,
    /// Requests on one connection before it is closed.
    pub requests_per_connection: usize,
    /// Bytes of a request line with its headers.
    pub head_bytes: usize,
    /// Bytes of request bodies held in memory at once, over all connections. What fits into a
    /// connection's first 16 KiB is not counted.
    pub buffered_bodies: usize,
    /// The TLS handshake.
    pub handshake: Duration,
    /// From the first byte of a head (on a new connection: from its start) to the end of the head.
    pub head: Duration,
    /// From a response to the first byte of the next request.
    pub idle: Duration,
    /// From the end of the head to the end of the body.
    pub body: Duration,
    /// Until the client has taken a response, or the next 64 KiB of a large one.
    pub write: Duration,
    /// Until the client has taken the whole of a large response.
    pub write_total: Duration,
    /// How long a connection that is to be closed is read further, so that the answer isn't lost
    /// to a reset (RFC 9112 section 9.6).
    pub linger: Duration,
    /// How long running requests may go on after a stop.
    pub grace: Duration,
}

/// Header fields in one request. A constant, since the parser's table is on the stack.
pub(super) const HEADERS: usize = 64;

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_address: 256,
            reserved_descriptors: 64,
            requests_per_connection: 100_000,
            head_bytes: 16 << 10,
            buffered_bodies: 128 << 20,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            body: Duration::from_secs(15),
            write: Duration::from_secs(15),
            write_total: Duration::from_secs(120),
            linger: Duration::from_secs(1),
            grace: Duration::from_secs(10),
        }
    }
}
