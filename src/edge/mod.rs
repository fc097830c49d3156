//! The only listener: accept, TLS, framing, deadlines, limits.
//!
//! The edge turns bytes from a network that means no good into a [`Request`] whose framing is
//! beyond doubt and whose body is already in memory, hands it to the one [`Handler`], and writes
//! the [`Response`]. It knows nothing of routes, sessions or SQL, and no handler ever waits for a
//! client: by the time it runs, everything the client has to send has been sent.
//!
//! What it is not: a general HTTP server. HTTP/1.0 and 1.1 only (RFC 9112), one request at a time
//! on a connection, bodies small enough to be buffered, no upgrade, no trailers, no chunk
//! extensions. What is ambiguous is refused rather than repaired, because every repair is a second
//! opinion on where a message ends, and two opinions are a smuggled request.
//!
//! # Why not tiny_http's server, or its response writer
//!
//! tiny_http 0.12 gives this crate its vocabulary, [`Method`] and [`StatusCode`], and nothing
//! else. Its listener and parser have no deadlines and accept what RFC 9112 section 6 forbids
//! (CVE-2026-66752), and one declared `Content-Length` can end the process. Its
//! `Response::raw_print` cannot be brought to write what is right here:
//!
//! - a `Server` header is written always; it can be replaced by another value, never left out;
//! - `Connection` is dropped from the headers it is given, so neither `close` nor the
//!   `keep-alive` that an HTTP/1.0 client waits for can be said;
//! - `Content-Length: 0` is written on 204 and 304, which RFC 9110 section 8.6 forbids for the
//!   first and which is untrue for the second;
//! - a line feed in a header value is written as it is (CVE-2026-66753), and a value with a byte
//!   outside ASCII can't be expressed at all.
//!
//! `render` writes responses instead, into the buffer that goes to the socket in one call.
//!
//! # How it stays up
//!
//! - Connections are counted before anything is spent on them, in total and by address; the total
//!   is derived from the descriptors the process may have. See `registry`.
//! - At the cap the connection that has kept the appliance waiting longest makes room, so holding
//!   connections open doesn't lock honest clients out.
//! - Every wait on a client ends at an absolute deadline, not at a time since the last byte. See
//!   [`Limits`].
//! - Nothing that `accept` returns ends the accept loop; a handler that panics costs its client a
//!   500 and nobody else anything.

mod accept;
mod body;
mod client;
mod connection;
mod date;
mod handler;
mod head;
mod headers;
mod inbox;
mod limits;
mod message;
mod pool;
mod refusal;
mod registry;
mod render;
pub mod self_signed;
mod socket;
mod stop;
pub mod tls;

pub use self::accept::{BindError, Edge, Tls};
pub use self::handler::Handler;
pub use self::headers::Headers;
pub use self::limits::Limits;
pub use self::message::{Client, Request, Response};
pub use self::stop::Stopper;
pub use tiny_http::{Method, StatusCode};
