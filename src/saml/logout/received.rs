//! What the identity provider says: its LogoutRequest, and its LogoutResponse to one of ours.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::saml::encryption;
use crate::saml::logout::{MAX_NAME, Message};
use crate::saml::name_id::NameSpace;
use crate::saml::redirect::Field;
use crate::saml::refusal::{Check, Ledger, Problem, Reason, Refusal, bounded};
use crate::saml::response::DecryptionKey;
use crate::saml::xml::{self, ASSERTION, Element, PROTOCOL, Single};

/// How old a message may be, a request at most by its own NotOnOrAfter: a redirect takes seconds.
const MAX_AGE: Duration = Duration::from_secs(300);
/// Most SessionIndexes that one request may name.
const MAX_INDEXES: usize = 64;
const STATUS: &str = "urn:oasis:names:tc:SAML:2.0:status:";

/// Who has to say it, to whom, when, and whether it must be signed.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The identity provider's entity ID.
    pub issuer: &'a str,
    /// Our SingleLogoutService.
    pub slo_url: &'a str,
    /// How far the clocks may differ.
    pub skew: Duration,
    /// Whether an unsigned message of this kind is taken: an admin's decision for one provider.
    pub allow_unsigned: bool,
}

/// A LogoutRequest that says what it must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutRequest {
    /// To be remembered until [`Self::replay_until`], so that it is used once.
    pub id: String,
    /// Whose sessions end.
    pub name_id: String,
    /// Among which names that is one.
    pub name_space: NameSpace,
    /// Which of them; all if there is none here.
    pub session_indexes: Vec<String>,
    /// When the identity provider made it.
    pub issued_at: Timestamp,
    /// From then on the request is refused as expired.
    pub replay_until: Timestamp,
    /// Whether it is signed.
    pub signed: bool,
    /// What was checked, for the trace.
    pub checks: Vec<Check>,
}

/// A LogoutResponse that says what it must. Whether it answers a request of ours is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutResponse {
    /// The request that it answers.
    pub in_response_to: String,
    /// What came of it there.
    pub verdict: Verdict,
    /// What was checked, for the trace.
    pub checks: Vec<Check>,
}

/// What the identity provider says that came of our LogoutRequest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The person is signed out there and wherever it knows.
    Everywhere,
    /// There, but not at each application (status PartialLogout).
    Partly,
    /// Not even there: its status, bounded.
    No(String),
}

impl Message {
    /// Reads a LogoutRequest, at the time `now`. An encrypted NameID is opened with one of `keys`,
    /// in a signed request only.
    ///
    /// # Errors
    /// With the check that failed.
    pub fn request(
        self,
        expected: &Expected<'_>,
        keys: &[DecryptionKey],
        now: Timestamp,
    ) -> Result<LogoutRequest, Refusal> {
        let mut ledger = self.ledger.clone();
        let read = self.read_request(expected, keys, now, &mut ledger);
        let request = read.map_err(|problem| ledger.refuse_for(&problem))?;
        Ok(LogoutRequest {
            checks: ledger.into_checks(),
            ..request
        })
    }

    /// Reads a LogoutResponse, at the time `now`.
    ///
    /// # Errors
    /// With the check that failed.
    pub fn response(
        self,
        expected: &Expected<'_>,
        now: Timestamp,
    ) -> Result<LogoutResponse, Refusal> {
        let mut ledger = self.ledger.clone();
        let read = self.read_response(expected, now, &mut ledger);
        let response = read.map_err(|problem| ledger.refuse_for(&problem))?;
        Ok(LogoutResponse {
            checks: ledger.into_checks(),
            ..response
        })
    }

    fn read_request(
        &self,
        expected: &Expected<'_>,
        keys: &[DecryptionKey],
        now: Timestamp,
        ledger: &mut Ledger,
    ) -> Result<LogoutRequest, Problem> {
        self.check_signed(expected, Reason::LogoutUnsigned, ledger)?;
        let document = xml::parse(&self.xml).map_err(|e| malformed(&e.to_string()))?;
        let root = self.root(&document, Field::Request)?;
        check_addresses(root, expected, ledger)?;
        let id = named(root.attribute("ID").map(str::to_owned), "ID")?;
        let (issued_at, valid_until) = validity(root, expected.skew, now, ledger)?;
        let (name_id, name_space) = if self.signed {
            subject(root, keys)?
        } else {
            subject(root, &[])?
        };
        let indexes: Vec<_> = root.named(PROTOCOL, "SessionIndex").collect();
        if indexes.len() > MAX_INDEXES {
            return Err(incomplete("at most 64 SessionIndexes", "more"));
        }
        let session_indexes = indexes
            .into_iter()
            .map(|index| named(index.trimmed_text(), "SessionIndex"))
            .collect::<Result<Vec<_>, _>>()?;
        let got = format!("{name_id}, {} SessionIndexes", session_indexes.len());
        ledger.pass("logout-subject", "a NameID", got);
        Ok(LogoutRequest {
            id,
            name_id,
            name_space,
            session_indexes,
            issued_at,
            replay_until: valid_until.plus(expected.skew),
            signed: self.signed,
            checks: Vec::new(),
        })
    }

    fn read_response(
        &self,
        expected: &Expected<'_>,
        now: Timestamp,
        ledger: &mut Ledger,
    ) -> Result<LogoutResponse, Problem> {
        self.check_signed(expected, Reason::LogoutResponseUnsigned, ledger)?;
        let document = xml::parse(&self.xml).map_err(|e| malformed(&e.to_string()))?;
        let root = self.root(&document, Field::Response)?;
        check_addresses(root, expected, ledger)?;
        validity(root, expected.skew, now, ledger)?;
        let in_response_to = root.attribute("InResponseTo").map(str::to_owned);
        Ok(LogoutResponse {
            in_response_to: named(in_response_to, "InResponseTo")?,
            verdict: verdict(root)?,
            checks: Vec::new(),
        })
    }

    fn check_signed(
        &self,
        expected: &Expected<'_>,
        reason: Reason,
        ledger: &mut Ledger,
    ) -> Result<(), Problem> {
        if self.signed {
            return Ok(());
        }
        let wanted = "a signature by one of the provider's certificates";
        if !expected.allow_unsigned {
            let got = "none; anybody could have made it";
            return Err(Problem::new(reason, wanted, got));
        }
        let wanted = "a signature, or leave to go without, which this provider has";
        ledger.pass("logout-unsigned-allowed", wanted, "none");
        Ok(())
    }

    /// The message's root, which must be what the name of the field said.
    fn root<'d>(
        &self,
        document: &'d uppsala::Document<'d>,
        field: Field,
    ) -> Result<Element<'d>, Problem> {
        let name = match field {
            Field::Request => "LogoutRequest",
            Field::Response => "LogoutResponse",
        };
        let root = Element::root(document)
            .filter(|root| self.field == field && root.is(PROTOCOL, name))
            .filter(|root| root.attribute("Version") == Some("2.0"));
        root.ok_or_else(|| {
            let expected = format!("a SAML 2.0 {name} in {}", field.name());
            Problem::new(Reason::LogoutMalformed, expected, "something else")
        })
    }
}

fn malformed(got: &str) -> Problem {
    Problem::new(Reason::LogoutMalformed, "well-formed XML", got)
}

fn incomplete(expected: &str, got: &str) -> Problem {
    Problem::new(Reason::LogoutIncomplete, expected, got)
}

fn check_addresses(
    root: Element<'_>,
    expected: &Expected<'_>,
    ledger: &mut Ledger,
) -> Result<(), Problem> {
    let issuer = match root.single(ASSERTION, "Issuer") {
        Single::One(element) => named(element.trimmed_text(), "Issuer")?,
        _ => return Err(incomplete("one Issuer", "none or several")),
    };
    if issuer != expected.issuer {
        let reason = Reason::LogoutIssuerMismatch;
        return Err(Problem::new(reason, expected.issuer, issuer));
    }
    ledger.pass("logout-issuer", expected.issuer, &issuer);
    let destination = root.attribute("Destination").unwrap_or("none");
    if destination != expected.slo_url {
        let reason = Reason::LogoutDestinationMismatch;
        return Err(Problem::new(reason, expected.slo_url, destination));
    }
    ledger.pass("logout-destination", expected.slo_url, destination);
    Ok(())
}

/// When the message was made, and until when it may be used.
fn validity(
    root: Element<'_>,
    skew: Duration,
    now: Timestamp,
    ledger: &mut Ledger,
) -> Result<(Timestamp, Timestamp), Problem> {
    let time = |name: &str| {
        root.attribute(name)
            .map(|text| {
                Timestamp::parse(text.trim())
                    .ok_or_else(|| incomplete(&format!("a UTC time in {name}"), text))
            })
            .transpose()
    };
    let issued = time("IssueInstant")?;
    let issued = issued.ok_or_else(|| incomplete("a UTC time in IssueInstant", "none"))?;
    // The shorter one counts: an end in a hundred years must not be remembered that long.
    let latest = issued.plus(MAX_AGE);
    let until = time("NotOnOrAfter")?.map_or(latest, |until| until.min(latest));
    let window = format!(
        "a time from {issued} to {until}, give or take {} s",
        skew.as_secs()
    );
    if issued > now.plus(skew) || now >= until.plus(skew) {
        return Err(Problem::new(Reason::LogoutExpired, window, now.to_string()));
    }
    ledger.pass("logout-time", window, now.to_string());
    Ok((issued, until))
}

/// The one NameID, open or encrypted.
fn subject(root: Element<'_>, keys: &[DecryptionKey]) -> Result<(String, NameSpace), Problem> {
    let missing = || {
        incomplete(
            "one NameID of at most 1024 bytes",
            "none, several or another",
        )
    };
    let read = |element: Element<'_>| {
        let space = NameSpace::read(element);
        if space.values().any(|value| value.len() > MAX_NAME) {
            return Err(missing());
        }
        Ok((named(element.trimmed_text(), "NameID")?, space))
    };
    match (
        root.single(ASSERTION, "NameID"),
        root.single(ASSERTION, "EncryptedID"),
    ) {
        (Single::One(element), Single::None) => read(element),
        (Single::None, Single::One(encrypted)) => {
            if keys.is_empty() {
                let expected = "an encrypted NameID in a signed request only";
                let reason = Reason::LogoutNameIdEncrypted;
                return Err(Problem::new(reason, expected, "one in an unsigned request"));
            }
            let plaintext = encryption::name_id(encrypted, keys)?;
            let document = xml::parse(&plaintext).map_err(|e| encryption::failed(e.to_string()))?;
            let inner = Element::root(&document).filter(|e| e.is(ASSERTION, "NameID"));
            read(inner.ok_or_else(missing)?)
        }
        _ => Err(missing()),
    }
}

fn verdict(root: Element<'_>) -> Result<Verdict, Problem> {
    let value = |e: Element<'_>| e.attribute("Value").unwrap_or("none").to_owned();
    let status = root.single(PROTOCOL, "Status").one();
    let top = status.and_then(status_code);
    let Some(top) = top else {
        return Err(incomplete(
            "one Status with one StatusCode",
            "none or several",
        ));
    };
    let second = status_code(top).map(value);
    let short = |uri: &str| uri.strip_prefix(STATUS).unwrap_or(uri).to_owned();
    let words: Vec<String> = std::iter::once(value(top))
        .chain(second)
        .map(|uri| short(&uri))
        .collect();
    // The second level says it, whatever stands above it (SAML core section 3.7.3.2).
    if words.iter().any(|word| word == "PartialLogout") {
        return Ok(Verdict::Partly);
    }
    match words.first().map(String::as_str) {
        Some("Success") => Ok(Verdict::Everywhere),
        _ => {
            let message = status.and_then(|s| s.single(PROTOCOL, "StatusMessage").one());
            let message = message.and_then(Element::trimmed_text);
            let all: Vec<String> = words.into_iter().chain(message).collect();
            Ok(Verdict::No(bounded(&all.join(": "))))
        }
    }
}

fn status_code(element: Element<'_>) -> Option<Element<'_>> {
    element.single(PROTOCOL, "StatusCode").one()
}

fn named(text: Option<String>, name: &str) -> Result<String, Problem> {
    text.filter(|text| !text.is_empty() && text.len() <= MAX_NAME)
        .ok_or_else(|| {
            let expected = format!("one {name} of at most {MAX_NAME} bytes");
            incomplete(&expected, "none, or one that is empty or too long")
        })
}
