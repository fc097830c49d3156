//! What goes to a handler and what comes back.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::{Headers, Method};

/// A request whose framing has been checked and whose body is complete.
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path as it came: percent-encoded, starting with `/`, without the query.
    pub path: String,
    /// What stood behind the first `?`, as it came.
    pub query: Option<String>,
    /// The header fields, less those that only concern the connection.
    pub headers: Headers,
    /// The whole body; empty if there was none.
    pub body: Vec<u8>,
    /// Who asks.
    pub client: Client,
}

/// Who asks, as far as the network tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// The peer, or the client that a trusted proxy names.
    pub address: IpAddr,
    /// Whether the client speaks TLS to us, or a trusted proxy says that it does to the proxy.
    pub secure: bool,
}

impl Request {
    /// A request without headers or body. `path_and_query` is split at the first `?`.
    pub fn new(method: Method, path_and_query: &str, client: Client) -> Self {
        let (path, query) = match path_and_query.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path_and_query, None),
        };
        Self {
            method,
            path: path.to_owned(),
            query: query.map(str::to_owned),
            headers: Headers::default(),
            body: Vec::new(),
            client,
        }
    }

    /// The first value of a header (lower-case name).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// This request with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// This request with a body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

/// Without query, headers and body: they carry assertions, cookies and passwords.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// An answer. The edge adds `Date`, `Content-Length` and `Connection` itself; a response that
/// sets one of them, or any header with a control character in its value, is answered as a 500.
#[derive(Clone)]
pub struct Response {
    /// The status code, 200 to 599.
    pub status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) content_type: Option<&'static str>,
    pub(super) body: Cow<'static, [u8]>,
    /// Dropped with it.
    _held: Option<Arc<dyn Any + Send + Sync>>,
}

impl Response {
    /// An answer without headers or body.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content_type: None,
            body: Cow::Borrowed(&[]),
            _held: None,
        }
    }

    /// This answer, with something that is kept until it has been sent, or can't be: a place among
    /// those who may take memory, say.
    #[must_use]
    pub fn holding(mut self, place: impl Any + Send + Sync) -> Self {
        self._held = Some(Arc::new(place));
        self
    }

    /// This answer with one more header. A name may be given several times, like `Set-Cookie`.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// This answer with a body.
    #[must_use]
    pub fn body(
        mut self,
        content_type: &'static str,
        bytes: impl Into<Cow<'static, [u8]>>,
    ) -> Self {
        self.content_type = Some(content_type);
        self.body = bytes.into();
        self
    }

    /// The first value of a header, whatever its case; also of `Content-Type`.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.header_values(name).next().or_else(|| {
            self.content_type
                .filter(|_| name.eq_ignore_ascii_case("content-type"))
        })
    }

    /// All values of a header that was added with [`Response::header`], whatever its case.
    pub fn header_values<'a, 'n>(
        &'a self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.headers
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }
}

/// Without values and body: they carry cookies and tokens.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
