//! A response as bytes (RFC 9112 sections 4 to 6).

use std::io::Write;

use thiserror::Error;

use super::date::Date;
use super::{Response, StatusCode};

/// What the request says about the form of its response.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    /// HEAD: everything but the body (RFC 9110 section 9.3.2).
    pub(super) head_only: bool,
    /// Whether the connection stays open.
    pub(super) keep: bool,
    /// HTTP/1.0, where staying open has to be said.
    pub(super) old: bool,
}

/// A response that must not be written.
#[derive(Debug, PartialEq, Eq, Error)]
pub(super) enum RenderError {
    #[error("status {0} is no final status")]
    Status(u16),
    #[error("header {0} is not a token, or belongs to the edge")]
    Name(&'static str),
    #[error("the value of header {0} has a control character")]
    Value(&'static str),
}

/// Writes head and framing of `response` to the end of `out` and says how much of the body has to
/// follow: all of it or nothing. `out` is unchanged on error.
pub(super) fn head(
    response: &Response,
    manner: Manner,
    date: &mut Date,
    out: &mut Vec<u8>,
) -> Result<bool, RenderError> {
    check(response)?;
    let status = response.status;
    let phrase = StatusCode(status).default_reason_phrase();
    let _ = write!(
        out,
        "HTTP/1.1 {status} {phrase}\r\nDate: {}\r\n",
        date.now()
    );
    // RFC 9110 section 8.6: none on 204; on 304 it would have to be the length of the body that a
    // 200 had sent, which isn't known here.
    let bodiless = matches!(status, 204 | 304);
    if !bodiless {
        if let Some(kind) = response.content_type {
            field(out, "Content-Type", kind);
        }
        let _ = write!(out, "Content-Length: {}\r\n", response.body.len());
    }
    for (name, value) in &response.headers {
        field(out, name, value);
    }
    match manner {
        Manner { keep: false, .. } => out.extend_from_slice(b"Connection: close\r\n"),
        Manner { old: true, .. } => out.extend_from_slice(b"Connection: keep-alive\r\n"),
        Manner { .. } => {}
    }
    out.extend_from_slice(b"\r\n");
    Ok(!bodiless && !manner.head_only)
}

fn field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn check(response: &Response) -> Result<(), RenderError> {
    if !(200..600).contains(&response.status) {
        return Err(RenderError::Status(response.status));
    }
    if response.content_type.is_some_and(|kind| !is_value(kind)) {
        return Err(RenderError::Value("Content-Type"));
    }
    for (name, value) in &response.headers {
        if !is_token(name) || is_ours(name) {
            return Err(RenderError::Name(name));
        }
        if !is_value(value) {
            return Err(RenderError::Value(name));
        }
    }
    Ok(())
}

/// The headers that frame a message or describe the connection. A `Server` header only helps
/// those who look for versions.
fn is_ours(name: &str) -> bool {
    [
        "connection",
        "content-length",
        "date",
        "keep-alive",
        "server",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
    .iter()
    .any(|ours| name.eq_ignore_ascii_case(ours))
}

/// RFC 9110 section 5.6.2.
fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// RFC 9110 section 5.5: anything but control characters, of which only the tab is allowed.
fn is_value(value: &str) -> bool {
    value
        .bytes()
        .all(|byte| (byte >= 0x20 && byte != 0x7f) || byte == b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Manner = Manner {
        head_only: false,
        keep: true,
        old: false,
    };

    fn text(response: &Response, manner: Manner) -> (String, bool) {
        let mut out = Vec::new();
        let body = head(response, manner, &mut Date::new(), &mut out).unwrap();
        (String::from_utf8(out).unwrap(), body)
    }

    #[test]
    fn an_answer_with_a_body() {
        let response = Response::new(200)
            .header("Set-Cookie", "a=1")
            .header("Set-Cookie", "b=2")
            .body("text/plain", &b"hello"[..]);
        let (head, body) = text(&response, PLAIN);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\nDate: "));
        assert!(head.ends_with(
            "\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nSet-Cookie: a=1\r\nSet-Cookie: \
             b=2\r\n\r\n"
        ));
        assert!(!head.contains("Server"));
        assert!(body);
    }

    #[test]
    fn head_has_the_length_without_the_body() {
        let response = Response::new(200).body("text/plain", &b"hello"[..]);
        let manner = Manner {
            head_only: true,
            ..PLAIN
        };
        let (head, body) = text(&response, manner);
        assert!(head.contains("Content-Length: 5\r\n"));
        assert!(!body);
    }

    #[test]
    fn no_content_and_not_modified_have_no_length() {
        for status in [204, 304] {
            let response = Response::new(status).body("text/plain", &b"hello"[..]);
            let (head, body) = text(&response, PLAIN);
            assert!(!head.contains("Content-"), "{head}");
            assert!(!body);
        }
    }

    #[test]
    fn connection_is_said_when_it_must_be() {
        let close = Manner {
            keep: false,
            ..PLAIN
        };
        let old = Manner { old: true, ..PLAIN };
        let response = Response::new(200);
        assert!(!text(&response, PLAIN).0.contains("Connection"));
        assert!(text(&response, close).0.contains("Connection: close\r\n"));
        assert!(
            text(&response, old)
                .0
                .contains("Connection: keep-alive\r\n")
        );
    }

    #[test]
    fn what_would_break_the_framing_is_refused() {
        let refused = [
            Response::new(200).header("Location", "/a\r\nSet-Cookie: b=1"),
            Response::new(200).header("Location", "/a\nb"),
            Response::new(200).header("Location", "/a\rb"),
            Response::new(200).header("Location", "/a\0b"),
            Response::new(200).header("Location", "/a\x7fb"),
            Response::new(200).header("Bad Name", "x"),
            Response::new(200).header("", "x"),
            Response::new(200).header("Content-Length", "3"),
            Response::new(200).header("transfer-encoding", "chunked"),
            Response::new(101),
            Response::new(600),
        ];
        for response in refused {
            let mut out = Vec::new();
            assert!(head(&response, PLAIN, &mut Date::new(), &mut out).is_err());
            assert!(out.is_empty());
        }
    }
}
