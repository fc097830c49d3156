//! What the Response says about itself (SAML core section 3.2.2), around its assertion.
//!
//! Nothing in here identifies anybody. Where the Response is not signed, these values are the
//! sender's mere word: they may lead to a refusal, never to a sign-in.

use crate::saml::refusal::{Ledger, Reason, Refusal, bounded};
use crate::saml::xml::{ASSERTION, Element, PROTOCOL};

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// The Response without its assertion.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    /// Whether a signature covers the Response itself.
    pub(super) signed: bool,
    pub(super) version: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) destination: Option<String>,
    pub(super) in_response_to: Option<String>,
}

impl Envelope {
    /// Reads a Response element.
    pub(super) fn read(response: Element<'_>, signed: bool) -> Self {
        let attribute = |name| response.attribute(name).map(str::to_owned);
        Self {
            signed,
            version: attribute("Version"),
            issuer: response
                .named(ASSERTION, "Issuer")
                .next()
                .and_then(Element::trimmed_text),
            destination: attribute("Destination"),
            in_response_to: attribute("InResponseTo"),
        }
    }
}

/// Refuses a Response whose status is not Success. Comes before everything else, because such a
/// Response often has neither assertion nor signature, and "the identity provider said no" helps
/// where "not signed" would mislead.
pub(super) fn check_status(response: Element<'_>, ledger: &mut Ledger) -> Result<(), Refusal> {
    let mut statuses = response.named(PROTOCOL, "Status");
    let status = statuses.next();
    let top = status.and_then(|s| s.single(PROTOCOL, "StatusCode").one());
    let code = top.and_then(|c| c.attribute("Value")).unwrap_or("none");
    if code == SUCCESS && statuses.next().is_none() {
        ledger.pass("status", "Success", "Success");
        return Ok(());
    }
    let detail = top.and_then(|c| c.single(PROTOCOL, "StatusCode").one());
    let detail = detail.and_then(|c| c.attribute("Value")).map(short_status);
    let message = status.and_then(|s| s.single(PROTOCOL, "StatusMessage").one());
    let parts = [
        Some(short_status(code)),
        detail.clone(),
        message.and_then(Element::trimmed_text),
    ];
    let got: Vec<_> = parts.into_iter().flatten().map(|p| bounded(&p)).collect();
    let reason = reason_of(&short_status(code), detail.as_deref());
    Err(ledger.refuse(reason, "Success", got.join(": ")))
}

/// The reasons that an administrator can do something about (SAML core section 3.2.2.2); the second
/// level says more than the first.
fn reason_of(top: &str, detail: Option<&str>) -> Reason {
    match (top, detail) {
        (_, Some("AuthnFailed")) => Reason::StatusAuthnFailed,
        (_, Some("NoPassive")) => Reason::StatusNoPassive,
        (_, Some("RequestDenied")) => Reason::StatusRequestDenied,
        (_, Some("InvalidNameIDPolicy")) => Reason::StatusNameIdPolicy,
        (_, Some("NoAuthnContext")) => Reason::StatusAuthnContext,
        ("Requester" | "VersionMismatch", _) => Reason::StatusRequester,
        _ => Reason::StatusNotSuccess,
    }
}

/// The last word of `urn:oasis:names:tc:SAML:2.0:status:...`.
fn short_status(uri: &str) -> String {
    uri.strip_prefix("urn:oasis:names:tc:SAML:2.0:status:")
        .unwrap_or(uri)
        .to_owned()
}
