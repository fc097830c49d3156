//! Single logout (SAML core section 3.7, profiles section 4.4): the identity provider's messages
//! come in by HTTP-Redirect or HTTP-POST and are read, and ours are made.
//!
//! A message is opened first: decoded, and its signature verified if it has one, in the query
//! ([`crate::saml::redirect`]) or in the document, by the same gate and the same verification as a
//! Response. A posted one is then read from the signed bytes alone. A signature that is there must
//! hold, also where an unsigned message would be taken.
//!
//! What a message must say is strict for the same reason as with sign-ins: one that names no
//! destination, no time or another issuer could have been made for somebody else.

mod received;
mod sent;

pub use self::received::{Expected, LogoutRequest, LogoutResponse, Verdict};
pub use self::sent::{NewLogoutRequest, NewLogoutResponse, Outcome};

use crate::saml::certificate::Certificate;
use crate::saml::redirect::{self, Field, QueryError};
use crate::saml::refusal::{Ledger, Problem, Reason, Refusal};
use crate::saml::response::{self, Trust};
use crate::saml::xml::XmlError;
use crate::saml::{shape, signature, xml};

/// Longest ID, NameID and SessionIndex, as with assertions.
const MAX_NAME: usize = 1024;

/// A message that was decoded, and whose signature holds if it has one. Compared with nothing yet:
/// that is [`Message::request`] and [`Message::response`].
#[derive(Debug)]
pub struct Message {
    /// Request or response, by the name of its field.
    pub field: Field,
    /// What goes back with the answer; at most [`redirect::MAX_RELAY_STATE`] bytes.
    pub relay_state: Option<String>,
    xml: String,
    signed: bool,
    ledger: Ledger,
}

impl Message {
    /// Whether a pinned key has signed it.
    pub fn is_signed(&self) -> bool {
        self.signed
    }
}

/// Opens a message in the query of an address (SAML bindings section 3.4).
///
/// # Errors
/// Where it can't be decoded, or has a signature by none of the pinned certificates.
pub fn open_redirected(
    query: &str,
    pinned: &[Certificate],
    sha1: bool,
) -> Result<Message, Refusal> {
    let mut ledger = Ledger::default();
    let refused = |ledger: &Ledger, error: &QueryError| {
        let (reason, expected) = match error {
            QueryError::Signature => (
                Reason::LogoutSignatureInvalid,
                "a signature by one of the provider's certificates",
            ),
            QueryError::Algorithm(_) => (
                Reason::LogoutAlgorithmNotAllowed,
                "RSA or ECDSA with SHA-256, SHA-384 or SHA-512",
            ),
            _ => (
                Reason::LogoutQueryMalformed,
                "SAMLRequest or SAMLResponse, deflated, as base64",
            ),
        };
        ledger.refuse(reason, expected, error.to_string())
    };
    let message = redirect::parse(query).map_err(|error| refused(&ledger, &error))?;
    let signed = message.is_signed();
    if signed {
        message
            .verify_allowing(pinned, sha1)
            .map_err(|error| refused(&ledger, &error))?;
        let got = message.algorithm().unwrap_or_default();
        ledger.pass("signature", "the provider's certificate", got);
    }
    Ok(Message {
        field: message.field,
        relay_state: message.relay_state,
        xml: message.xml,
        signed,
        ledger,
    })
}

/// Opens a message out of a form (SAML bindings section 3.5). What is read later of a signed one
/// are the bytes that were signed.
///
/// # Errors
/// Where it can't be decoded, isn't laid out as SAML core section 5.4 has it, or has a signature
/// that `trust` doesn't know.
pub fn open_posted(
    field: Field,
    value: &str,
    relay_state: Option<&str>,
    trust: &Trust,
) -> Result<Message, Refusal> {
    let mut ledger = Ledger::default();
    if relay_state.is_some_and(|state| state.len() > redirect::MAX_RELAY_STATE) {
        let got = "a longer one";
        return Err(ledger.refuse(
            Reason::LogoutFormMalformed,
            "a RelayState of at most 1024 bytes",
            got,
        ));
    }
    let opened = decoded(value).and_then(|text| verified(&text, trust));
    let (xml, summary) = opened.map_err(|problem| ledger.refuse_for(&problem))?;
    if let Some(summary) = &summary {
        ledger.pass("signature", "the provider's certificate", summary);
    }
    Ok(Message {
        field,
        relay_state: relay_state.map(str::to_owned),
        xml,
        signed: summary.is_some(),
        ledger,
    })
}

fn decoded(value: &str) -> Result<String, Problem> {
    response::decoded(value).map_err(|problem| Problem {
        reason: Reason::LogoutFormMalformed,
        ..problem
    })
}

/// The signed bytes and what they were signed with; the text itself where nothing is signed.
fn verified(text: &str, trust: &Trust) -> Result<(String, Option<String>), Problem> {
    let document = xml::parse(text).map_err(|error| match error {
        XmlError::Doctype => Problem::new(Reason::XmlDoctype, "XML without a DOCTYPE", "one"),
        other => Problem::new(Reason::XmlMalformed, "well-formed XML", other.to_string()),
    })?;
    let signatures = shape::logout_signatures(&document, trust.hashes())?;
    match signature::verify(trust, &document, text, &signatures)? {
        Some(signed) => Ok((signed.xml, Some(signed.summary))),
        None => Ok((text.to_owned(), None)),
    }
}

#[cfg(test)]
mod tests;
