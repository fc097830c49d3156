//! Request heads, read strictly (RFC 9112 sections 2 to 6, RFC 9110 section 5).
//!
//! httparse finds the parts; what it tolerates for the sake of old clients (bare line feeds, an
//! empty line in front) is refused here before it looks, and everything that says where a message
//! ends is checked after.

use httparse::Status;
use tiny_http::Method;

use super::Headers;
use super::limits::HEADERS;
use super::refusal::Refusal;

/// A head that has been understood.
pub(super) struct Head {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) headers: Headers,
    pub(super) framing: Framing,
    /// The client waits for `100 Continue` before it sends the body (RFC 9110 section 10.1.1).
    pub(super) expects: bool,
    /// Whether the client wants the connection to stay open.
    pub(super) keep: bool,
    /// HTTP/1.0.
    pub(super) old: bool,
}

/// Where the body ends (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Empty,
    Length(usize),
    Chunked,
}

/// Looks for the end of a head in bytes that arrive bit by bit, each byte once.
#[derive(Default)]
pub(super) struct Scan {
    seen: usize,
    line: usize,
    previous: u8,
}

impl Scan {
    /// The length of the head in `bytes`, if it is complete. `bytes` has to begin with what was
    /// given last time.
    ///
    /// Line ends other than CR LF and NULs are refused as soon as they come, so that a client
    /// that ends its lines otherwise hears it at once instead of at the deadline.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Result<Option<usize>, Refusal> {
        for &byte in bytes.get(self.seen..).unwrap_or_default() {
            self.seen += 1;
            match (self.previous, byte) {
                (b'\r', b'\n') => {
                    if self.line == 1 {
                        return Ok(Some(self.seen));
                    }
                    self.line = 0;
                }
                (b'\r', _) | (_, b'\n' | 0) => return Err(Refusal::LineEnding),
                _ => self.line += 1,
            }
            self.previous = byte;
        }
        Ok(None)
    }
}

/// Reads a head that [`Scan`] has found complete.
pub(super) fn parse(bytes: &[u8]) -> Result<Head, Refusal> {
    let mut table = [httparse::EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Request::new(&mut table);
    match parsed.parse(bytes) {
        Ok(Status::Complete(length)) if length == bytes.len() => {}
        Ok(_) => return Err(Refusal::Syntax),
        Err(httparse::Error::TooManyHeaders) => return Err(Refusal::TooManyHeaders),
        Err(httparse::Error::Version) => return Err(Refusal::Version),
        Err(_) => return Err(Refusal::Syntax),
    }
    let (Some(method), Some(target), Some(version)) = (parsed.method, parsed.path, parsed.version)
    else {
        return Err(Refusal::Syntax);
    };
    if method.len() > 20 {
        return Err(Refusal::Syntax);
    }
    let method: Method = method.parse().map_err(|()| Refusal::Syntax)?;
    // Origin-form only (RFC 9112 section 3.2.1): an absolute target would bring a second host.
    if !target.starts_with('/') || !target.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
        return Err(Refusal::Target);
    }

    let mut fields = Fields::default();
    let mut headers = Headers::with_capacity(parsed.headers.len(), bytes.len());
    for field in parsed.headers.iter() {
        if fields.take(field.name, field.value)? {
            headers.push(field.name, field.value);
        }
    }
    let old = version == 0;
    let framing = fields.framing(old)?;
    if fields.hosts != 1 {
        return Err(Refusal::Host);
    }
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    Ok(Head {
        method,
        path: path.to_owned(),
        query: query.map(str::to_owned),
        headers,
        framing,
        expects: fields.expects && !old,
        keep: !fields.close && (!old || fields.keep_alive),
        old,
    })
}

/// The path in a head that was refused, as far as it can be told.
pub(super) fn path_of(bytes: &[u8]) -> Option<&str> {
    let line = bytes.split(|&byte| byte == b'\r').next()?;
    let target = line.split(|&byte| byte == b' ').nth(1)?;
    let path = target.split(|&byte| byte == b'?').next()?;
    let clean = path.starts_with(b"/") && path.iter().all(u8::is_ascii_graphic);
    std::str::from_utf8(path).ok().filter(|_| clean)
}

/// The fields that say something about the message or the connection.
#[derive(Default)]
struct Fields {
    hosts: usize,
    length: Option<usize>,
    codings: usize,
    expects: bool,
    close: bool,
    keep_alive: bool,
}

impl Fields {
    /// Takes note of a field and says whether the handler is to see it.
    fn take(&mut self, name: &str, value: &[u8]) -> Result<bool, Refusal> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        // Servers behind CGI-like interfaces read `X_Real_Ip` as `X-Real-Ip`, and proxies that
        // clean the one forget the other. No client of ours needs such a name.
        if name.contains('_') {
            return Ok(false);
        }
        if is("host") {
            self.hosts += 1;
            if !is_host(value) {
                return Err(Refusal::Host);
            }
            return Ok(true);
        }
        if is("content-length") {
            if self.length.is_some() {
                return Err(Refusal::ContentLength);
            }
            self.length = Some(length(value).ok_or(Refusal::ContentLength)?);
            return Ok(false);
        }
        if is("transfer-encoding") {
            self.codings += 1;
            if !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Refusal::TransferCoding);
            }
            return Ok(false);
        }
        if is("expect") {
            if !value.eq_ignore_ascii_case(b"100-continue") {
                return Err(Refusal::Expect);
            }
            self.expects = true;
            return Ok(false);
        }
        if is("connection") {
            let list = std::str::from_utf8(value).map_err(|_| Refusal::Connection)?;
            for option in list.split(',').map(str::trim) {
                self.close |= option.eq_ignore_ascii_case("close");
                self.keep_alive |= option.eq_ignore_ascii_case("keep-alive");
            }
            return Ok(false);
        }
        // Of the connection, not of the request (RFC 9110 section 7.6.1); `Proxy` is no header of
        // HTTP at all and only there to become the environment variable HTTP_PROXY.
        Ok(![
            "upgrade",
            "te",
            "trailer",
            "keep-alive",
            "proxy-connection",
            "proxy",
        ]
        .iter()
        .any(|hop| is(hop)))
    }

    fn framing(&self, old: bool) -> Result<Framing, Refusal> {
        match (self.codings, self.length) {
            (0, None | Some(0)) => Ok(Framing::Empty),
            (0, Some(length)) => Ok(Framing::Length(length)),
            (_, Some(_)) => Err(Refusal::TwoLengths),
            (1, None) if !old => Ok(Framing::Chunked),
            (_, None) => Err(Refusal::TransferEncoding),
        }
    }
}

/// RFC 9110 section 8.6, without the list of equal values that it tolerates. Twelve digits are a
/// terabyte and fit any `usize` worth the name.
fn length(value: &[u8]) -> Option<usize> {
    if value.is_empty() || value.len() > 12 || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// A name, an IPv4 or a bracketed IPv6 address, perhaps a port (RFC 3986 section 3.2).
fn is_host(value: &[u8]) -> bool {
    !value.is_empty()
        && value.len() <= 262
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]~%".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Result<Head, Refusal> {
        let end = Scan::default().end(head.as_bytes())?;
        assert_eq!(end, Some(head.len()), "{head:?}");
        parse(head.as_bytes())
    }

    fn refusal(head: &str) -> Option<Refusal> {
        read(head).err()
    }

    fn with(fields: &str) -> Result<Head, Refusal> {
        read(&format!("POST /a HTTP/1.1\r\nHost: h\r\n{fields}\r\n"))
    }

    #[test]
    fn an_ordinary_head() {
        let head = read(
            "GET /a/%62?c=d?e HTTP/1.1\r\nHost: login.example:8443\r\nX-Thing:  v \r\nAccept: \
             */*\r\n\r\n",
        )
        .unwrap();
        assert_eq!(head.method, Method::Get);
        assert_eq!(head.path, "/a/%62");
        assert_eq!(head.query.as_deref(), Some("c=d?e"));
        assert_eq!(head.headers.get("x-thing"), Some("v"));
        assert_eq!(head.framing, Framing::Empty);
        assert!(head.keep && !head.expects && !head.old);
    }

    #[test]
    fn an_end_is_found_however_the_bytes_come() {
        let head = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        for step in 1..head.len() {
            let mut scan = Scan::default();
            let mut known = 0;
            let end = loop {
                known = (known + step).min(head.len());
                if let Some(end) = scan.end(&head[..known]).unwrap() {
                    break end;
                }
            };
            assert_eq!(end, head.len());
        }
        assert_eq!(Scan::default().end(b"GET / HTTP/1.1\r\n\r"), Ok(None));
    }

    #[test]
    fn line_ends_other_than_cr_lf_are_refused_as_they_come() {
        for bytes in [
            &b"GET / HTTP/1.1\n"[..],
            b"\n",
            b"GET / HTTP/1.1\r\nHost: h\n",
            b"GET / HTTP/1.1\r\nHost: h\rX",
            b"GET / HTTP/1.1\r\r",
            b"GET /\0",
            b"\x16\x03\x01\x00",
        ] {
            assert_eq!(Scan::default().end(bytes), Err(Refusal::LineEnding));
        }
    }

    #[test]
    fn versions() {
        for version in ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/3", "http/1.1"] {
            let refused = refusal(&format!("GET / {version}\r\nHost: h\r\n\r\n"));
            assert!(
                matches!(refused, Some(Refusal::Version | Refusal::Syntax)),
                "{version}"
            );
        }
        assert_eq!(
            refusal("GET / HTTP/2.0\r\nHost: h\r\n\r\n"),
            Some(Refusal::Version)
        );
        assert_eq!(refusal("GET /\r\nHost: h\r\n\r\n"), Some(Refusal::Syntax));
    }

    #[test]
    fn targets() {
        for target in [
            "http://h/",
            "https://h/a",
            "h:443",
            "*",
            "a",
            "/a#b",
            "/\u{e9}",
        ] {
            let refused = refusal(&format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"));
            assert!(
                matches!(refused, Some(Refusal::Target | Refusal::Syntax)),
                "{target}"
            );
        }
        assert_eq!(
            refusal("GET  / HTTP/1.1\r\nHost: h\r\n\r\n"),
            Some(Refusal::Syntax)
        );
    }

    #[test]
    fn hosts() {
        assert_eq!(refusal("GET / HTTP/1.1\r\n\r\n"), Some(Refusal::Host));
        for hosts in [
            "Host:",
            "Host: a\r\nhost: a",
            "Host: a b",
            "Host: a/b",
            "Host: a@b",
        ] {
            let refused = refusal(&format!("GET / HTTP/1.1\r\n{hosts}\r\n\r\n"));
            assert_eq!(refused, Some(Refusal::Host), "{hosts}");
        }
        assert!(read("GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n").is_ok());
    }

    #[test]
    fn lengths() {
        assert_eq!(
            with("Content-Length: 0\r\n").unwrap().framing,
            Framing::Empty
        );
        assert_eq!(
            with("Content-Length: 007\r\n").unwrap().framing,
            Framing::Length(7)
        );
        for value in ["", "+5", "-5", "5 5", "5, 5", "0x5", "5;", "1234567890123"] {
            assert_eq!(
                with(&format!("Content-Length: {value}\r\n")).err(),
                Some(Refusal::ContentLength),
                "{value}"
            );
        }
        assert_eq!(
            with("Content-Length: 5\r\nContent-Length: 5\r\n").err(),
            Some(Refusal::ContentLength)
        );
    }

    #[test]
    fn transfer_encodings() {
        let chunked = with("Transfer-Encoding: Chunked\r\n").unwrap();
        assert_eq!(chunked.framing, Framing::Chunked);
        for value in [
            "identity",
            "gzip, chunked",
            "chunked, chunked",
            "xchunked",
            "chunked,",
            "",
        ] {
            assert_eq!(
                with(&format!("Transfer-Encoding: {value}\r\n")).err(),
                Some(Refusal::TransferCoding),
                "{value}"
            );
        }
        assert_eq!(
            with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n").err(),
            Some(Refusal::TransferEncoding)
        );
        assert_eq!(
            with("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n").err(),
            Some(Refusal::TwoLengths)
        );
        assert_eq!(
            refusal("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"),
            Some(Refusal::TransferEncoding)
        );
        for field in [
            "Transfer-Encoding : chunked",
            "Transfer-Encoding\t: chunked",
        ] {
            assert_eq!(
                with(&format!("{field}\r\n")).err(),
                Some(Refusal::Syntax),
                "{field}"
            );
        }
    }

    #[test]
    fn folded_lines_and_malformed_fields() {
        for fields in [
            "X-A: b\r\n c\r\n",
            " X-A: b\r\n",
            "X-A\r\n",
            ": b\r\n",
            "X A: b\r\n",
        ] {
            assert_eq!(with(fields).err(), Some(Refusal::Syntax), "{fields:?}");
        }
    }

    #[test]
    fn too_many_fields() {
        assert!(with(&"X-A: b\r\n".repeat(HEADERS - 1)).is_ok());
        assert_eq!(
            with(&"X-A: b\r\n".repeat(HEADERS)).err(),
            Some(Refusal::TooManyHeaders)
        );
    }

    #[test]
    fn fields_the_handler_does_not_see() {
        let head = with(
            "X_Real_Ip: 1\r\nX-Forwarded_For: 2\r\nTE: trailers\r\nUpgrade: h2c\r\nProxy: \
             x\r\nConnection: upgrade\r\nX-Kept: 1\r\n",
        )
        .unwrap();
        assert_eq!(head.headers.len(), 2);
        assert_eq!(head.headers.get("x-kept"), Some("1"));
    }

    #[test]
    fn expectations() {
        assert!(with("Expect: 100-Continue\r\n").unwrap().expects);
        assert_eq!(with("Expect: magic\r\n").err(), Some(Refusal::Expect));
        let old = read("POST / HTTP/1.0\r\nHost: h\r\nExpect: 100-continue\r\n\r\n").unwrap();
        assert!(!old.expects);
    }

    #[test]
    fn persistence() {
        assert!(with("").unwrap().keep);
        assert!(!with("Connection: x, Close\r\n").unwrap().keep);
        assert!(
            !with("Connection: close\r\nConnection: keep-alive\r\n")
                .unwrap()
                .keep
        );
        let old = |fields: &str| {
            read(&format!("GET / HTTP/1.0\r\nHost: h\r\n{fields}\r\n"))
                .unwrap()
                .keep
        };
        assert!(!old(""));
        assert!(old("Connection: Keep-Alive\r\n"));
    }

    #[test]
    fn the_path_of_a_refused_head() {
        assert_eq!(
            path_of(b"GET /scim/v2/x?y HTTP/2.0\r\n"),
            Some("/scim/v2/x")
        );
        assert_eq!(path_of(b"GET /cut-off"), Some("/cut-off"));
        assert_eq!(path_of(b"GET http://h/ HTTP/1.1"), None);
        assert_eq!(path_of(b"\x16\x03\x01"), None);
        assert_eq!(path_of(b"GET /\xff HTTP/1.1"), None);
    }
}
