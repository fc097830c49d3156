//! Single logout that the identity provider starts (SAML core section 3.7, profiles section 4.4):
//! reading its LogoutRequest, and the LogoutResponse to it.
//!
//! The caller has verified the signature; nothing in here decides whom to believe. What a request
//! must say is strict for the same reason as with sign-ins: one that names no destination, no time
//! or another issuer could have been made for somebody else.

use std::time::Duration;

use thiserror::Error;

use crate::clock::Timestamp;
use crate::saml::redirect::{self, Field};
use crate::saml::refusal::bounded;
use crate::saml::signing::{SigningError, SigningKey};
use crate::saml::xml::{self, ASSERTION, Element, PROTOCOL, Single, escape};

/// How old a request may be where it gives no NotOnOrAfter: a redirect takes seconds.
const MAX_AGE: Duration = Duration::from_secs(300);
/// Most SessionIndexes that one request may name.
const MAX_INDEXES: usize = 64;
/// Longest ID, NameID and SessionIndex, as with assertions.
const MAX_NAME: usize = 1024;

/// Who has to say it, to whom, and when.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The identity provider's entity ID.
    pub issuer: &'a str,
    /// Our SingleLogoutService.
    pub slo_url: &'a str,
    /// How far the clocks may differ.
    pub skew: Duration,
}

/// A LogoutRequest that says what it must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutRequest {
    /// To be remembered until [`Self::replay_until`], so that it is used once.
    pub id: String,
    /// Whose sessions end.
    pub name_id: String,
    /// Which of them; all if there is none here.
    pub session_indexes: Vec<String>,
    /// From then on the request is refused as expired.
    pub replay_until: Timestamp,
}

/// Why a LogoutRequest isn't followed. The texts are for the trace.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogoutError {
    /// Not XML of the right kind.
    #[error("expected a SAML 2.0 LogoutRequest, got {0}")]
    NotRequest(String),
    /// Something that must be there once isn't.
    #[error("expected one {0}, got none, several, or one that is empty or too long")]
    Missing(&'static str),
    /// The NameID is encrypted.
    #[error("the NameID is encrypted, which isn't read in a LogoutRequest; send it in the clear")]
    Encrypted,
    /// Another identity provider's.
    #[error("Issuer: expected {0}, got {1}")]
    Issuer(String, String),
    /// For another service provider.
    #[error("Destination: expected {0}, got {1}")]
    Destination(String, String),
    /// Too old, or from the future.
    #[error("the request's time is out of bounds: {0}; compare the clocks")]
    Time(String),
}

impl LogoutError {
    /// The stable code of the trace.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotRequest(_) => "logout-malformed",
            Self::Missing(_) => "logout-incomplete",
            Self::Encrypted => "logout-name-id-encrypted",
            Self::Issuer(..) => "logout-issuer-mismatch",
            Self::Destination(..) => "logout-destination-mismatch",
            Self::Time(_) => "logout-expired",
        }
    }
}

impl LogoutRequest {
    /// Reads a request whose signature was verified, at the time `now`.
    pub fn read(text: &str, expected: &Expected<'_>, now: Timestamp) -> Result<Self, LogoutError> {
        let document =
            xml::parse(text).map_err(|e| LogoutError::NotRequest(bounded(&e.to_string())))?;
        let root = Element::root(&document)
            .filter(|root| root.is(PROTOCOL, "LogoutRequest"))
            .filter(|root| root.attribute("Version") == Some("2.0"))
            .ok_or_else(|| LogoutError::NotRequest("something else".to_owned()))?;
        let issuer = once(root, ASSERTION, "Issuer")?;
        if issuer != expected.issuer {
            let wanted = expected.issuer.to_owned();
            return Err(LogoutError::Issuer(wanted, bounded(&issuer)));
        }
        let destination = root.attribute("Destination").unwrap_or("none");
        if destination != expected.slo_url {
            let wanted = expected.slo_url.to_owned();
            return Err(LogoutError::Destination(wanted, bounded(destination)));
        }
        let valid_until = valid_until(root, expected.skew, now)?;
        if root.named(ASSERTION, "EncryptedID").next().is_some() {
            return Err(LogoutError::Encrypted);
        }
        let indexes: Vec<_> = root.named(PROTOCOL, "SessionIndex").collect();
        if indexes.len() > MAX_INDEXES {
            return Err(LogoutError::Missing("list of at most 64 SessionIndexes"));
        }
        let session_indexes = indexes
            .into_iter()
            .map(|index| named(index.trimmed_text(), "SessionIndex"))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            id: named(root.attribute("ID").map(str::to_owned), "ID")?,
            name_id: once(root, ASSERTION, "NameID")?,
            session_indexes,
            replay_until: valid_until.plus(expected.skew),
        })
    }
}

/// Until when the request may be used.
fn valid_until(
    root: Element<'_>,
    skew: Duration,
    now: Timestamp,
) -> Result<Timestamp, LogoutError> {
    let time = |name: &'static str| {
        root.attribute(name)
            .map(|text| Timestamp::parse(text.trim()).ok_or(LogoutError::Missing(name)))
            .transpose()
    };
    let issued = time("IssueInstant")?.ok_or(LogoutError::Missing("IssueInstant"))?;
    if issued > now.plus(skew) {
        return Err(LogoutError::Time(format!("issued at {issued}, now {now}")));
    }
    // The shorter one counts: an end in a hundred years must not be remembered that long.
    let latest = issued.plus(MAX_AGE);
    let until = time("NotOnOrAfter")?.map_or(latest, |until| until.min(latest));
    if now >= until.plus(skew) {
        return Err(LogoutError::Time(format!(
            "usable until {until}, now {now}"
        )));
    }
    Ok(until)
}

fn once(root: Element<'_>, namespace: &str, name: &'static str) -> Result<String, LogoutError> {
    match root.single(namespace, name) {
        Single::One(element) => named(element.trimmed_text(), name),
        _ => Err(LogoutError::Missing(name)),
    }
}

fn named(text: Option<String>, name: &'static str) -> Result<String, LogoutError> {
    text.filter(|text| !text.is_empty() && text.len() <= MAX_NAME)
        .ok_or(LogoutError::Missing(name))
}

/// The answer to a LogoutRequest that was followed.
#[derive(Clone, Copy, Debug)]
pub struct LogoutResponse<'a> {
    /// From [`crate::saml::request::id`].
    pub id: &'a str,
    /// The request's ID.
    pub in_response_to: &'a str,
    /// Now.
    pub issue_instant: Timestamp,
    /// Where the identity provider takes answers.
    pub destination: &'a str,
    /// Our entity ID.
    pub issuer: &'a str,
}

impl LogoutResponse<'_> {
    /// The address to send the browser to: status Success, signed.
    pub fn redirect_url(
        &self,
        relay_state: &str,
        key: &SigningKey,
    ) -> Result<String, SigningError> {
        let xml = format!(
            concat!(
                r#"<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol""#,
                r#" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" Version="2.0""#,
                r#" IssueInstant="{issue_instant}" Destination="{destination}""#,
                r#" InResponseTo="{in_response_to}"><saml:Issuer>{issuer}</saml:Issuer>"#,
                r#"<samlp:Status><samlp:StatusCode "#,
                r#"Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>"#,
                r#"</samlp:LogoutResponse>"#,
            ),
            id = escape(self.id),
            issue_instant = self.issue_instant,
            destination = escape(self.destination),
            in_response_to = escape(self.in_response_to),
            issuer = escape(self.issuer),
        );
        redirect::url(
            self.destination,
            Field::Response,
            &xml,
            relay_state,
            Some(key),
        )
    }
}
