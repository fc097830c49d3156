//! One connection from its first byte to its last: strictly one request after another.
//!
//! The next request isn't looked at before the response to the one before is written, so a client
//! that pipelines without reading holds up nobody but itself, and no memory grows.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use ipnet::IpNet;
use tracing::{debug, error};

use super::body::{self, Budget};
use super::client::identify;
use super::date::Date;
use super::head::{self, Framing, Head, Scan};
use super::inbox::Inbox;
use super::refusal::Refusal;
use super::registry::{Evicted, Peer, Phase, Registry};
use super::render::{self, Manner};
use super::socket::Wire;
use super::{Handler, Limits, Method, Request, Response, Tls};

/// What all connections share.
pub(super) struct Service<H> {
    pub(super) handler: Arc<H>,
    pub(super) registry: Arc<Registry>,
    pub(super) bodies: Budget,
    pub(super) limits: Limits,
    pub(super) tls: Tls,
    pub(super) trusted_proxies: Vec<IpNet>,
}

/// Serves a connection until it ends, and closes it.
pub(super) fn serve<H: Handler>(service: &Service<H>, peer: Arc<Peer>) {
    let limits = &service.limits;
    let _ = peer.stream.set_nodelay(true);
    let wire = match &service.tls {
        Tls::Off => Wire::plain(Arc::clone(&peer)),
        Tls::On(config) => {
            let deadline = Instant::now() + limits.handshake;
            match Wire::tls(Arc::clone(&peer), Arc::clone(config), deadline) {
                Ok(wire) => wire,
                Err(error) => {
                    debug!(%error, "TLS handshake failed");
                    return;
                }
            }
        }
    };
    let mut connection = Connection {
        service,
        peer: &peer,
        wire,
        inbox: Inbox::new(),
        out: Vec::new(),
        date: Date::new(),
    };
    if let Err(Gone) = connection.requests() {
        return;
    }
    if peer.enter(Phase::Idle).is_ok() {
        connection.wire.close(Instant::now() + limits.linger);
    }
}

/// The connection is of no more use: the client left, or an eviction took it.
struct Gone;

impl From<io::Error> for Gone {
    fn from(_: io::Error) -> Self {
        Self
    }
}

impl From<Evicted> for Gone {
    fn from(_: Evicted) -> Self {
        Self
    }
}

/// Responses up to this size leave in one write; larger ones go in pieces of it, each of which
/// prolongs the deadline.
const PIECE: usize = 64 << 10;

struct Connection<'a, H> {
    service: &'a Service<H>,
    peer: &'a Peer,
    wire: Wire,
    inbox: Inbox,
    out: Vec<u8>,
    date: Date,
}

impl<H: Handler> Connection<'_, H> {
    /// Answers requests until the connection is to be closed.
    fn requests(&mut self) -> Result<(), Gone> {
        for number in 1..=self.service.limits.requests_per_connection {
            self.peer.enter(Phase::Idle)?;
            // After the phase, so that a stop either finds the connection idle or is seen here.
            if self.service.registry.is_stopping() {
                return Ok(());
            }
            let length = match self.await_head(number == 1)? {
                Ok(Some(length)) => length,
                Ok(None) => return Ok(()),
                Err(refusal) => return self.refuse(refusal),
            };
            let bytes = self.inbox.unread().get(..length).unwrap_or_default();
            let head = match head::parse(bytes) {
                Ok(head) => head,
                Err(refusal) => return self.refuse(refusal),
            };
            self.inbox.consume(length);
            let last = number == self.service.limits.requests_per_connection;
            if !self.exchange(head, last)? {
                return Ok(());
            }
            self.inbox.shrink();
        }
        Ok(())
    }

    /// Waits for a whole head and says how long it is; `None` if the client has no more requests.
    fn await_head(&mut self, first: bool) -> Result<Result<Option<usize>, Refusal>, Gone> {
        let limits = &self.service.limits;
        let wait = if first || !self.inbox.is_empty() {
            limits.head
        } else {
            limits.idle
        };
        self.wire.set_deadline(Instant::now() + wait);
        let mut fresh = self.inbox.is_empty();
        let mut scan = Scan::default();
        let mut may_be_blank = true;
        loop {
            // RFC 9112 section 2.2: one empty line in front is ignored.
            if may_be_blank && self.inbox.unread().starts_with(b"\r\n") {
                self.inbox.consume(2);
                scan = Scan::default();
                may_be_blank = false;
            }
            match scan.end(self.inbox.unread()) {
                Ok(Some(end)) if end <= limits.head_bytes => return Ok(Ok(Some(end))),
                Ok(None) if self.inbox.unread().len() < limits.head_bytes => {}
                Ok(_) => return Ok(Err(Refusal::HeadTooLarge)),
                Err(refusal) => return Ok(Err(refusal)),
            }
            match self.inbox.fill(&mut self.wire) {
                Ok(0) => return Ok(Ok(None)),
                Ok(_) if fresh => {
                    fresh = false;
                    if !first && !self.inbox.unread().ends_with(b"\r\n\r\n") {
                        self.wire.set_deadline(Instant::now() + limits.head);
                    }
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    // A client that never began isn't told that it was slow.
                    if self.inbox.is_empty() {
                        return Ok(Ok(None));
                    }
                    return Ok(Err(Refusal::HeadTimeout));
                }
                Err(error) if error.kind() == io::ErrorKind::OutOfMemory => {
                    return Ok(Err(Refusal::HeadTooLarge));
                }
                Err(_) => return Err(Gone),
            }
        }
    }

    /// Reads the body, has the request handled and writes the response. Says whether the
    /// connection stays open.
    fn exchange(&mut self, head: Head, last: bool) -> Result<bool, Gone> {
        let service = self.service;
        let mut loan = service.bodies.loan();
        let body = if head.framing == Framing::Empty {
            Vec::new()
        } else {
            self.peer.enter(Phase::Transfer)?;
            let limit = service.handler.body_limit(&head.method, &head.path);
            if matches!(head.framing, Framing::Length(length) if length > limit) {
                self.refuse_body(Refusal::BodyTooLarge, head)?;
                return Ok(false);
            }
            if head.expects && self.inbox.is_empty() {
                self.wire
                    .set_deadline(Instant::now() + service.limits.write);
                self.wire.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
                self.wire.flush()?;
            }
            self.wire.set_deadline(Instant::now() + service.limits.body);
            let inbox = &mut self.inbox;
            match body::read(head.framing, limit, inbox, &mut self.wire, &mut loan) {
                Ok(body) => body,
                Err(refusal) => {
                    self.refuse_body(refusal, head)?;
                    return Ok(false);
                }
            }
        };
        self.peer.enter(Phase::Handler)?;
        let head_only = head.method == Method::Head;
        let (keep, old) = (head.keep && !last, head.old);
        let response = self.handle(head, body);
        drop(loan);
        let manner = Manner {
            head_only,
            keep: keep && !service.registry.is_stopping(),
            old,
        };
        self.write(&response, manner)?;
        Ok(manner.keep)
    }

    fn request(&self, head: Head, body: Vec<u8>) -> Request {
        let service = self.service;
        let mut headers = head.headers;
        let tls = matches!(service.tls, Tls::On(_));
        let proxies = &service.trusted_proxies;
        let client = identify(self.peer.address, tls, proxies, &mut headers);
        Request {
            method: head.method,
            path: head.path,
            query: head.query,
            headers,
            body,
            client,
        }
    }

    fn handle(&self, head: Head, body: Vec<u8>) -> Response {
        let path = head.path.clone();
        let request = self.request(head, body);
        // What the handler shares is behind locks and transactions of its own; the edge keeps
        // nothing that a panic could leave half done.
        let handler = &self.service.handler;
        catch_unwind(AssertUnwindSafe(|| handler.handle(request))).unwrap_or_else(|_| {
            error!(reason = Refusal::HandlerPanicked.code(), "request failed");
            self.refusal(Refusal::HandlerPanicked, Some(&path))
        })
    }

    /// Answers a head that wasn't understood.
    fn refuse(&mut self, refusal: Refusal) -> Result<(), Gone> {
        let path = head::path_of(self.inbox.unread()).map(str::to_owned);
        self.refuse_on(refusal, path.as_deref())
    }

    fn refuse_on(&mut self, refusal: Refusal, path: Option<&str>) -> Result<(), Gone> {
        let response = self.refusal(refusal, path);
        self.write_refusal(refusal, response)
    }

    /// Answers a request whose body isn't taken.
    fn refuse_body(&mut self, refusal: Refusal, head: Head) -> Result<(), Gone> {
        let request = self.request(head, Vec::new());
        let response = self.answered(refusal, |handler, status, code| {
            handler.body_refused(status, code, &request)
        });
        self.write_refusal(refusal, response)
    }

    fn write_refusal(&mut self, refusal: Refusal, response: Response) -> Result<(), Gone> {
        debug!(
            status = refusal.status(),
            reason = refusal.code(),
            "request refused"
        );
        let manner = Manner {
            head_only: false,
            keep: false,
            old: false,
        };
        self.write(&response, manner)
    }

    fn refusal(&self, refusal: Refusal, path: Option<&str>) -> Response {
        self.answered(refusal, |handler, status, code| {
            handler.refused(status, code, path)
        })
    }

    /// What the handler says to a refusal; it can't change the status, nor break anything.
    fn answered(
        &self,
        refusal: Refusal,
        ask: impl FnOnce(&dyn Handler, u16, &'static str) -> Response,
    ) -> Response {
        let handler = self.service.handler.as_ref();
        let (status, code) = (refusal.status(), refusal.code());
        let mut response = catch_unwind(AssertUnwindSafe(|| ask(handler, status, code)))
            .unwrap_or_else(|_| Response::new(status));
        response.status = status;
        response
    }

    fn write(&mut self, response: &Response, manner: Manner) -> Result<(), Gone> {
        self.peer.enter(Phase::Transfer)?;
        self.out.clear();
        match render::head(response, manner, &mut self.date, &mut self.out) {
            Ok(with_body) => {
                let body: &[u8] = if with_body { &response.body } else { &[] };
                self.send(body)
            }
            Err(error) => {
                error!(%error, reason = Refusal::BadResponse.code(), "response refused");
                let status = Refusal::BadResponse.status();
                let plain = Response::new(status);
                self.out.clear();
                render::head(&plain, manner, &mut self.date, &mut self.out).map_err(|_| Gone)?;
                self.send(&[])
            }
        }
    }

    /// Sends what is in `out` and then `body`.
    fn send(&mut self, body: &[u8]) -> Result<(), Gone> {
        let limits = &self.service.limits;
        let begin = Instant::now();
        self.wire.set_deadline(begin + limits.write);
        let (first, rest) = body.split_at(body.len().min(PIECE));
        self.out.extend_from_slice(first);
        self.wire.write_all(&self.out)?;
        for piece in rest.chunks(PIECE) {
            let next = Instant::now() + limits.write;
            self.wire.set_deadline(next.min(begin + limits.write_total));
            self.peer.enter(Phase::Transfer)?;
            self.wire.write_all(piece)?;
        }
        self.wire.flush()?;
        if self.out.capacity() > 16 << 10 {
            self.out = Vec::new();
        }
        Ok(())
    }
}
