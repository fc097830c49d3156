//! What the edge calls.

use super::{Method, Request, Response, StatusCode};

/// The application behind the edge. One value serves all connections, from many threads.
pub trait Handler: Send + Sync + 'static {
    /// The largest body, in bytes, that is read for this route. A larger one is refused with 413
    /// before it is read. 1 MiB unless told.
    fn body_limit(&self, method: &Method, path: &str) -> usize {
        let _ = (method, path);
        1 << 20
    }

    /// Answers one request. A panic in here becomes a 500.
    fn handle(&self, request: Request) -> Response;

    /// The answer to a request that the edge refuses by itself. `reason` is a stable code like
    /// `transfer-encoding`; `path` is there if the request line could be read. The status that is
    /// sent is `status`, whatever the response says.
    fn refused(&self, status: u16, reason: &'static str, path: Option<&str>) -> Response {
        let _ = path;
        let phrase = StatusCode(status).default_reason_phrase();
        Response::new(status).body(
            "text/plain; charset=utf-8",
            format!("{status} {phrase}: {reason}\n").into_bytes(),
        )
    }

    /// The same where the head was read and the body is what is refused; `request` is without it.
    /// What [`refused`](Self::refused) answers, unless told.
    fn body_refused(&self, status: u16, reason: &'static str, request: &Request) -> Response {
        self.refused(status, reason, Some(&request.path))
    }
}
