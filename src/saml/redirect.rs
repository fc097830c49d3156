//! The HTTP-Redirect binding (SAML bindings section 3.4), to and fro.
//!
//! The signature of this binding covers octets of the query as they were sent, percent-encoding and
//! all: encodings differ in case and in what they escape, so nothing is decoded and encoded again.
//! What it covers is put together in the order that section 3.4.4.1 gives, whatever the order in
//! the address. A parameter that stands there twice is refused: two readers could take another one
//! each.

use std::io::{Read, Write};

use data_encoding::BASE64;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use thiserror::Error;

use crate::saml::algorithm::Hashes;
use crate::saml::certificate::Certificate;
use crate::saml::detached;
use crate::saml::signing::{RSA_SHA256, SigningError, SigningKey};

/// Longest query that is read, in bytes.
pub const MAX_QUERY: usize = 64 * 1024;
/// Largest message after inflating, in bytes: a deflated one may hold a thousand times its length.
pub const MAX_XML: usize = 256 * 1024;
/// Longest RelayState that is given back. Section 3.4.3 says 80; real ones are longer.
pub const MAX_RELAY_STATE: usize = 1024;
/// Most parameters that are looked at.
const MAX_PARAMETERS: usize = 32;
/// Section 3.4.4.1; the only encoding there is.
const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";

/// Everything but RFC 3986's unreserved characters.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Which of the two a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// SAMLRequest
    Request,
    /// SAMLResponse
    Response,
}

impl Field {
    /// Its name in a query or a form.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }
}

/// The address that takes `xml` to `destination`, signed where there is a `key`. Keeps the query
/// that the destination has, and leaves RelayState out if it is empty.
pub fn url(
    destination: &str,
    field: Field,
    xml: &str,
    relay_state: &str,
    key: Option<&SigningKey>,
) -> Result<String, SigningError> {
    let (base, fragment) = match destination.split_once('#') {
        Some((base, fragment)) => (base, Some(fragment)),
        None => (destination, None),
    };
    let separator = match base.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    let message = BASE64.encode(&deflated(xml.as_bytes()));
    let mut query = format!("{}={}", field.name(), encoded(&message));
    if !relay_state.is_empty() {
        query.push_str("&RelayState=");
        query.push_str(&encoded(relay_state));
    }
    if let Some(key) = key {
        query.push_str("&SigAlg=");
        query.push_str(&encoded(RSA_SHA256));
        let signature = BASE64.encode(&key.over(query.as_bytes())?);
        query.push_str("&Signature=");
        query.push_str(&encoded(&signature));
    }
    let fragment = fragment.map_or_else(String::new, |fragment| format!("#{fragment}"));
    Ok(format!("{base}{separator}{query}{fragment}"))
}

fn encoded(value: &str) -> String {
    utf8_percent_encode(value, QUERY_VALUE).to_string()
}

/// RFC 1951 without a header. Writing into a Vec cannot fail; if it did, the identity provider
/// would say that it cannot read the request.
fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(bytes);
    written.and_then(|()| encoder.finish()).unwrap_or_default()
}

/// A message out of a query, with its signature as it was sent. Nothing of it is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Request or response.
    pub field: Field,
    /// The message, inflated.
    pub xml: String,
    /// What goes back with the answer, decoded.
    pub relay_state: Option<String>,
    signature: Option<Detached>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Detached {
    octets: String,
    algorithm: String,
    value: Vec<u8>,
}

/// Why a query is no message, or its signature doesn't hold. The texts are for the trace.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryError {
    /// Over a bound of this module.
    #[error("{0}")]
    TooBig(&'static str),
    /// Twice the same.
    #[error("the parameter {0} stands in the query twice")]
    Repeated(&'static str),
    /// Neither SAMLRequest nor SAMLResponse, or both.
    #[error("expected one of SAMLRequest and SAMLResponse in the query")]
    NoMessage,
    /// A value that can't be decoded.
    #[error("{0} can't be decoded: expected {1}")]
    Undecodable(&'static str, &'static str),
    /// SAMLEncoding with another value.
    #[error("SAMLEncoding is not DEFLATE, the only encoding there is")]
    Encoding,
    /// SigAlg without Signature, or Signature without SigAlg.
    #[error("SigAlg and Signature belong together; one of them is missing")]
    HalfSigned,
    /// An algorithm that isn't taken, SHA-1 above all.
    #[error("SigAlg {0:?} is not allowed: expected RSA or ECDSA with SHA-256, SHA-384 or SHA-512")]
    Algorithm(String),
    /// Signed by no pinned key, or changed on the way.
    #[error("the signature in the query is by none of the provider's certificates")]
    Signature,
}

/// Reads the query of an address, without its question mark.
pub fn parse(query: &str) -> Result<Message, QueryError> {
    if query.len() > MAX_QUERY {
        return Err(QueryError::TooBig("the query is longer than 64 KiB"));
    }
    let (request, response) = (raw(query, "SAMLRequest")?, raw(query, "SAMLResponse")?);
    let (field, message) = match (request, response) {
        (Some(value), None) => (Field::Request, value),
        (None, Some(value)) => (Field::Response, value),
        _ => return Err(QueryError::NoMessage),
    };
    if let Some(encoding) = raw(query, "SAMLEncoding")?
        && decoded("SAMLEncoding", encoding)? != DEFLATE
    {
        return Err(QueryError::Encoding);
    }
    let relay_raw = raw(query, "RelayState")?;
    let relay_state = relay_raw.map(|v| decoded("RelayState", v)).transpose()?;
    if relay_state
        .as_ref()
        .is_some_and(|state| state.len() > MAX_RELAY_STATE)
    {
        return Err(QueryError::TooBig("RelayState is longer than 1024 bytes"));
    }
    let signature = match (raw(query, "SigAlg")?, raw(query, "Signature")?) {
        (None, None) => None,
        (Some(algorithm), Some(value)) => {
            let mut octets = format!("{}={message}", field.name());
            if let Some(state) = relay_raw {
                octets.push_str("&RelayState=");
                octets.push_str(state);
            }
            octets.push_str("&SigAlg=");
            octets.push_str(algorithm);
            Some(Detached {
                octets,
                algorithm: decoded("SigAlg", algorithm)?,
                value: base64("Signature", value)?,
            })
        }
        _ => return Err(QueryError::HalfSigned),
    };
    let xml = inflated(&base64(field.name(), message)?, field.name())?;
    Ok(Message {
        field,
        xml,
        relay_state,
        signature,
    })
}

impl Message {
    /// Whether there is a signature at all.
    pub fn is_signed(&self) -> bool {
        self.signature.is_some()
    }

    /// The SigAlg of the signature, if there is one.
    pub fn algorithm(&self) -> Option<&str> {
        self.signature.as_ref().map(|s| s.algorithm.as_str())
    }

    /// That the signature is by one of these certificates' keys, with SHA-256 or better. An
    /// unsigned message fails.
    pub fn verify(&self, certificates: &[Certificate]) -> Result<(), QueryError> {
        self.verify_allowing(certificates, false)
    }

    /// [`Self::verify`], which takes RSA with SHA-1 too if `sha1`: an operator's decision for one
    /// identity provider, which has an end.
    pub fn verify_allowing(
        &self,
        certificates: &[Certificate],
        sha1: bool,
    ) -> Result<(), QueryError> {
        let signature = self.signature.as_ref().ok_or(QueryError::Signature)?;
        let hashes = if sha1 {
            Hashes::WithSha1
        } else {
            Hashes::Strong
        };
        if !hashes.allow_signature(&signature.algorithm) {
            return Err(QueryError::Algorithm(shortened(&signature.algorithm)));
        }
        let (algorithm, octets) = (&signature.algorithm, signature.octets.as_bytes());
        let holds = certificates
            .iter()
            .any(|key| detached::holds(key, algorithm, octets, &signature.value));
        if holds {
            Ok(())
        } else {
            Err(QueryError::Signature)
        }
    }
}

/// The value of a parameter as it was sent.
fn raw<'q>(query: &'q str, name: &'static str) -> Result<Option<&'q str>, QueryError> {
    if query.split('&').nth(MAX_PARAMETERS).is_some() {
        return Err(QueryError::TooBig("the query has more than 32 parameters"));
    }
    let mut found = None;
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        // A name in disguise (%53AMLRequest) is the same name to other readers.
        let key = percent_decode_str(key).decode_utf8_lossy();
        if key == name && found.replace(value).is_some() {
            return Err(QueryError::Repeated(name));
        }
    }
    Ok(found)
}

fn decoded(name: &'static str, value: &str) -> Result<String, QueryError> {
    // In a query a plus is a space to whoever reads it as a form.
    let value = value.replace('+', " ");
    match percent_decode_str(&value).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(QueryError::Undecodable(name, "UTF-8")),
    }
}

fn base64(name: &'static str, value: &str) -> Result<Vec<u8>, QueryError> {
    let bytes: Vec<u8> = percent_decode_str(value)
        .filter(|b| !matches!(b, b'\r' | b'\n'))
        .collect();
    BASE64
        .decode(&bytes)
        .map_err(|_| QueryError::Undecodable(name, "base64"))
}

fn inflated(bytes: &[u8], name: &'static str) -> Result<String, QueryError> {
    let mut text = Vec::new();
    let limit = MAX_XML as u64 + 1;
    DeflateDecoder::new(bytes)
        .take(limit)
        .read_to_end(&mut text)
        .map_err(|_| QueryError::Undecodable(name, "deflated text"))?;
    if text.len() > MAX_XML {
        return Err(QueryError::TooBig(
            "the message is larger than 256 KiB once it is inflated",
        ));
    }
    String::from_utf8(text).map_err(|_| QueryError::Undecodable(name, "UTF-8"))
}

fn shortened(text: &str) -> String {
    crate::saml::refusal::bounded(text)
}

#[cfg(test)]
mod tests;
