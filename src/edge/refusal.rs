//! Why the edge itself answers a request.

use thiserror::Error;

/// A request that never reaches the handler. Every one of them closes the connection: after a
/// message that wasn't understood nobody knows where the next one starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    #[error("the head has a line feed without carriage return, or the reverse, or a NUL")]
    LineEnding,
    #[error("the head is larger than allowed")]
    HeadTooLarge,
    #[error("the head has more fields than allowed")]
    TooManyHeaders,
    #[error("the head wasn't complete in time")]
    HeadTimeout,
    #[error("the head is not HTTP")]
    Syntax,
    #[error("the version is neither 1.0 nor 1.1")]
    Version,
    #[error("the target is not an absolute path")]
    Target,
    #[error("there is not exactly one valid Host")]
    Host,
    #[error("Content-Length is not one number")]
    ContentLength,
    #[error("Transfer-Encoding is repeated, or the request is HTTP/1.0")]
    TransferEncoding,
    #[error("Transfer-Encoding is something other than chunked")]
    TransferCoding,
    #[error("Content-Length and Transfer-Encoding are both there")]
    TwoLengths,
    #[error("Expect is something other than 100-continue")]
    Expect,
    #[error("Connection is not a list of tokens")]
    Connection,
    #[error("the body is larger than this route takes")]
    BodyTooLarge,
    #[error("the body wasn't complete in time")]
    BodyTimeout,
    #[error("the client stopped sending within the body")]
    BodyIncomplete,
    #[error("a chunk is malformed, has an extension, or is followed by trailers")]
    Chunk,
    #[error("request bodies take more memory than allowed")]
    Overloaded,
    #[error("the handler panicked")]
    HandlerPanicked,
    #[error("the handler's response can't be written")]
    BadResponse,
}

impl Refusal {
    /// The status to answer with (RFC 9110 section 15).
    pub(super) fn status(self) -> u16 {
        match self {
            Self::HeadTooLarge | Self::TooManyHeaders => 431,
            Self::HeadTimeout | Self::BodyTimeout => 408,
            Self::Version => 505,
            Self::TransferCoding => 501,
            Self::Expect => 417,
            Self::BodyTooLarge => 413,
            Self::Overloaded => 503,
            Self::HandlerPanicked | Self::BadResponse => 500,
            Self::LineEnding
            | Self::Syntax
            | Self::Target
            | Self::Host
            | Self::ContentLength
            | Self::TransferEncoding
            | Self::TwoLengths
            | Self::Connection
            | Self::BodyIncomplete
            | Self::Chunk => 400,
        }
    }

    /// A stable code for logs and for the handler.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::LineEnding => "line-ending",
            Self::HeadTooLarge => "head-too-large",
            Self::TooManyHeaders => "too-many-headers",
            Self::HeadTimeout => "head-timeout",
            Self::Syntax => "syntax",
            Self::Version => "version",
            Self::Target => "target",
            Self::Host => "host",
            Self::ContentLength => "content-length",
            Self::TransferEncoding | Self::TransferCoding => "transfer-encoding",
            Self::TwoLengths => "two-lengths",
            Self::Expect => "expect",
            Self::Connection => "connection",
            Self::BodyTooLarge => "body-too-large",
            Self::BodyTimeout => "body-timeout",
            Self::BodyIncomplete => "body-incomplete",
            Self::Chunk => "chunk",
            Self::Overloaded => "overloaded",
            Self::HandlerPanicked => "handler-panicked",
            Self::BadResponse => "bad-response",
        }
    }
}
