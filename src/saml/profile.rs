//! The Web Browser SSO profile's checks (SAML profiles section 4.1.4.3) on verified values.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::saml::assertion::{Assertion, AuthnStatement, Conditions, Confirmation, Subject};
pub use crate::saml::authentication::Authentication;
use crate::saml::envelope::Envelope;
use crate::saml::mapping::{Fact, Mapping};
use crate::saml::name_id::NameSpace;
pub use crate::saml::person::Groups;
use crate::saml::person::Person;
use crate::saml::refusal::{Check, Ledger, Reason, Refusal};

/// Longest NameID, session index and assertion ID that are kept (SAML core section 8.3 bounds
/// persistent ones at 256).
const MAX_NAME: usize = 1024;

/// How old an assertion may be that answers no request. Nothing binds it to a browser, so a stolen
/// one must not be usable for as long as identity providers let them last (an hour at Entra).
const UNSOLICITED_WINDOW: Duration = Duration::from_secs(120);

/// What is expected of the subject.
const BEARER: &str = "a SubjectConfirmation of the method bearer";

/// What this service provider expects of a response.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    /// The identity provider's entity ID.
    pub issuer: &'a str,
    /// The ACS URL that the response was posted to.
    pub acs_url: &'a str,
    /// Our entity ID.
    pub audience: &'a str,
    /// ID of the request that this very browser has pending; `None` if there is none.
    pub in_response_to: Option<&'a str>,
    /// Whether sign-in may start at the identity provider.
    pub allow_unsolicited: bool,
    /// E-mail domains of the provider, compared without case.
    pub domains: &'a [String],
    /// How far the clocks may differ.
    pub skew: Duration,
    /// Which attributes say who the person is.
    pub mapping: &'a Mapping,
    /// How the person must have signed in.
    pub authentication: Authentication<'a>,
}

/// Who signed in. Every value was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// To be remembered until [`Self::replay_until`], so that it is used once.
    pub assertion_id: String,
    /// When the identity provider made it, if it says so.
    pub issued_at: Option<Timestamp>,
    /// The NameID's text.
    pub name_id: String,
    /// The NameID's Format and qualifiers.
    pub name_space: NameSpace,
    /// For logout. Okta puts our request ID here, so it is no secret.
    pub session_index: Option<String>,
    /// The session must not outlive this.
    pub session_not_on_or_after: Option<Timestamp>,
    /// When the person proved who they are, by the identity provider's clock.
    pub authn_instant: Option<Timestamp>,
    /// From then on the assertion is refused as expired.
    pub replay_until: Timestamp,
    /// The address, where the mapping finds one.
    pub email: Option<String>,
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// The name on screen.
    pub display_name: Option<String>,
    /// What is said of the person's groups.
    pub groups: Groups,
    /// All attributes by Name, with their values.
    pub attributes: Vec<(String, Vec<String>)>,
    /// What was checked, for the trace.
    pub checks: Vec<Check>,
}

/// Everything a response must be compared with at `now`.
pub(super) fn check(
    envelope: &Envelope,
    assertion: &Assertion,
    expected: &Expectation<'_>,
    now: Timestamp,
    ledger: &mut Ledger,
) -> Result<SignIn, Refusal> {
    check_version(envelope, assertion, ledger)?;
    check_issuer(envelope, assertion, expected, ledger)?;
    check_destination(envelope, expected, ledger)?;
    let (subject, name_id) = check_subject(assertion, ledger)?;
    let confirmation = check_confirmations(envelope, assertion, expected, now, ledger)?;
    if confirmation.in_response_to.is_none() {
        check_unsolicited(assertion, expected, now, ledger)?;
    }
    check_conditions(assertion, expected, now, ledger)?;
    let statement = check_session(assertion, expected, now, ledger)?;
    expected
        .authentication
        .check(statement, expected.skew, now, ledger)?;
    let person = Person::of(assertion, name_id, expected.mapping);
    person.check_domains(name_id, expected.mapping, expected.domains, ledger)?;
    let got: Vec<_> = assertion
        .attributes
        .iter()
        .map(|(n, _)| n.as_str())
        .collect();
    let wanted: Vec<_> = Fact::ALL
        .into_iter()
        .filter_map(|fact| expected.mapping.names(fact).first())
        .map(String::as_str)
        .collect();
    let wanted = format!("{}, if configured", wanted.join(", "));
    let got = match got.is_empty() {
        true => "none".to_owned(),
        false => got.join(", "),
    };
    ledger.pass("attributes", wanted, got);
    Ok(SignIn {
        assertion_id: assertion.id.clone(),
        issued_at: assertion.issue_instant,
        name_id: name_id.to_owned(),
        name_space: subject.name_space.clone(),
        session_index: statement.session_index.clone(),
        session_not_on_or_after: statement.session_not_on_or_after,
        authn_instant: statement.authn_instant,
        replay_until: confirmation.valid_until.plus(expected.skew),
        email: person.emails.first().cloned(),
        first_name: person.first_name,
        last_name: person.last_name,
        display_name: person.display_name,
        groups: person.groups,
        attributes: assertion.attributes.clone(),
        checks: Vec::new(),
    })
}

fn check_version(
    envelope: &Envelope,
    assertion: &Assertion,
    ledger: &mut Ledger,
) -> Result<(), Refusal> {
    for version in [&envelope.version, &assertion.version] {
        let got = version.as_deref().unwrap_or("none");
        if got != "2.0" {
            return Err(ledger.refuse(Reason::Version, "2.0", got));
        }
    }
    if assertion.id.is_empty() || assertion.id.len() > MAX_NAME {
        return Err(ledger.refuse(Reason::IdMissing, "an ID on the assertion", &assertion.id));
    }
    ledger.pass("version", "2.0", "2.0");
    Ok(())
}

fn check_issuer(
    envelope: &Envelope,
    assertion: &Assertion,
    expected: &Expectation<'_>,
    ledger: &mut Ledger,
) -> Result<(), Refusal> {
    let Some(issuer) = &assertion.issuer else {
        return Err(ledger.refuse(Reason::IssuerMissing, expected.issuer, "no Issuer"));
    };
    for got in [Some(issuer), envelope.issuer.as_ref()]
        .into_iter()
        .flatten()
    {
        if got != expected.issuer {
            return Err(ledger.refuse(Reason::IssuerMismatch, expected.issuer, got));
        }
    }
    ledger.pass("issuer", expected.issuer, issuer);
    Ok(())
}

/// SAML bindings section 3.5.5.2: required where the Response is signed; where it stands, it
/// must be right, signed or not.
fn check_destination(
    envelope: &Envelope,
    expected: &Expectation<'_>,
    ledger: &mut Ledger,
) -> Result<(), Refusal> {
    match envelope.destination.as_deref() {
        Some(got) if got == expected.acs_url => ledger.pass("destination", expected.acs_url, got),
        Some(got) => {
            return Err(ledger.refuse(Reason::DestinationMismatch, expected.acs_url, got));
        }
        None if envelope.signed => {
            let got = "no Destination on a signed Response";
            return Err(ledger.refuse(Reason::DestinationMissing, expected.acs_url, got));
        }
        None => ledger.pass(
            "destination",
            expected.acs_url,
            "none; the Response is not signed",
        ),
    }
    Ok(())
}

fn check_subject<'a>(
    assertion: &'a Assertion,
    ledger: &mut Ledger,
) -> Result<(&'a Subject, &'a str), Refusal> {
    let Some(subject) = &assertion.subject else {
        return Err(ledger.refuse(Reason::SubjectMissing, "a Subject", "none"));
    };
    let Some(name_id) = &subject.name_id else {
        return Err(ledger.refuse(Reason::NameIdMissing, "a NameID", "none, or an empty one"));
    };
    if name_id.len() > MAX_NAME {
        let expected = format!("a NameID of at most {MAX_NAME} bytes");
        return Err(ledger.refuse(Reason::NameIdTooLong, expected, name_id));
    }
    if let Some(long) = subject.name_space.values().find(|v| v.len() > MAX_NAME) {
        let expected = format!("a Format and qualifiers of at most {MAX_NAME} bytes");
        return Err(ledger.refuse(Reason::NameIdTooLong, expected, long));
    }
    ledger.pass("name-id", "a NameID", name_id);
    Ok((subject, name_id))
}

/// A confirmation that holds.
struct Confirmed<'a> {
    valid_until: Timestamp,
    in_response_to: Option<&'a str>,
}

/// One bearer confirmation must hold in every point; the refusal is about the first.
fn check_confirmations<'a>(
    envelope: &Envelope,
    assertion: &'a Assertion,
    expected: &Expectation<'_>,
    now: Timestamp,
    ledger: &mut Ledger,
) -> Result<Confirmed<'a>, Refusal> {
    let confirmations = assertion.confirmations.len();
    if confirmations > 0 {
        ledger.pass("bearer", BEARER, format!("{confirmations} of them"));
    }
    let mut first_refusal = None;
    for confirmation in &assertion.confirmations {
        let mut attempt = ledger.clone();
        match check_confirmation(envelope, confirmation, expected, now, &mut attempt) {
            Ok(valid_until) => {
                *ledger = attempt;
                return Ok(Confirmed {
                    valid_until,
                    in_response_to: confirmation.in_response_to.as_deref(),
                });
            }
            Err(refusal) => {
                first_refusal.get_or_insert(refusal);
            }
        }
    }
    Err(first_refusal
        .unwrap_or_else(|| ledger.refuse(Reason::SubjectConfirmationMissing, BEARER, "none")))
}

fn check_confirmation(
    envelope: &Envelope,
    confirmation: &Confirmation,
    expected: &Expectation<'_>,
    now: Timestamp,
    ledger: &mut Ledger,
) -> Result<Timestamp, Refusal> {
    match confirmation.recipient.as_deref() {
        Some(got) if got == expected.acs_url => ledger.pass("recipient", expected.acs_url, got),
        Some(got) => {
            return Err(ledger.refuse(Reason::RecipientMismatch, expected.acs_url, got));
        }
        None => {
            return Err(ledger.refuse(Reason::RecipientMissing, expected.acs_url, "none"));
        }
    }
    let Some(valid_until) = confirmation.not_on_or_after else {
        let wanted = "NotOnOrAfter on SubjectConfirmationData";
        return Err(ledger.refuse(Reason::ConfirmationExpiryMissing, wanted, "none"));
    };
    let window = (confirmation.not_before, Some(valid_until));
    check_window("subject-confirmation", window, expected.skew, now, ledger)?;
    check_in_response_to(envelope, confirmation, expected, ledger)?;
    Ok(valid_until)
}

fn check_in_response_to(
    envelope: &Envelope,
    confirmation: &Confirmation,
    expected: &Expectation<'_>,
    ledger: &mut Ledger,
) -> Result<(), Refusal> {
    let signed = confirmation.in_response_to.as_deref();
    if let Some(outer) = envelope.in_response_to.as_deref()
        && signed != Some(outer)
    {
        let wanted = signed.unwrap_or("none, as in SubjectConfirmationData");
        return Err(ledger.refuse(Reason::InResponseToMismatch, wanted, outer));
    }
    match (signed, expected.in_response_to) {
        (Some(got), Some(pending)) if got == pending => {
            ledger.pass("in-response-to", pending, got);
            Ok(())
        }
        (Some(got), pending) => {
            let wanted = pending.unwrap_or("a request that this browser has pending");
            Err(ledger.refuse(Reason::InResponseToUnknown, wanted, got))
        }
        (None, _) if expected.allow_unsolicited => {
            let wanted = "a pending request, or none: IdP-initiated sign-in is allowed";
            ledger.pass("in-response-to", wanted, "none");
            Ok(())
        }
        (None, pending) => {
            let wanted = pending.unwrap_or("a request that this browser has pending");
            Err(ledger.refuse(Reason::InResponseToMissing, wanted, "none"))
        }
    }
}

/// Started at the identity provider: fresh, by the assertion's own IssueInstant. The skew counts
/// for a clock that is fast only: nothing binds such a response to a browser, so that it isn't good
/// for longer than the window, whatever the skew.
fn check_unsolicited(
    assertion: &Assertion,
    expected: &Expectation<'_>,
    now: Timestamp,
    ledger: &mut Ledger,
) -> Result<(), Refusal> {
    let wanted = format!(
        "issued at most {} s before {now}, as it answers no request",
        UNSOLICITED_WINDOW.as_secs()
    );
    let Some(issued) = assertion.issue_instant else {
        return Err(ledger.refuse(Reason::Expired, wanted, "no IssueInstant"));
    };
    let got = format!("IssueInstant {issued}");
    if issued > now.plus(expected.skew) {
        return Err(ledger.refuse(Reason::NotYetValid, wanted, got));
    }
    if now >= issued.plus(UNSOLICITED_WINDOW) {
        return Err(ledger.refuse(Reason::Expired, wanted, got));
    }
    ledger.pass("unsolicited", wanted, got);
    Ok(())
}

fn check_conditions(
    assertion: &Assertion,
    expected: &Expectation<'_>,
    now: Timestamp,
    ledger: &mut Ledger,
) -> Result<(), Refusal> {
    let none = Conditions::default();
    let conditions = assertion.conditions.as_ref().unwrap_or(&none);
    let wanted = "only conditions that are understood";
    if let Some(unknown) = &conditions.unknown {
        return Err(ledger.refuse(Reason::ConditionUnknown, wanted, unknown));
    }
    ledger.pass("known-conditions", wanted, "no others");
    let window = (conditions.not_before, conditions.not_on_or_after);
    check_window("conditions", window, expected.skew, now, ledger)?;
    if conditions.audiences.is_empty() {
        let got = "no AudienceRestriction";
        return Err(ledger.refuse(Reason::AudienceMissing, expected.audience, got));
    }
    for audiences in &conditions.audiences {
        if !audiences.iter().any(|a| a == expected.audience) {
            let got = audiences.join(", ");
            return Err(ledger.refuse(Reason::AudienceMismatch, expected.audience, got));
        }
    }
    ledger.pass("audience", expected.audience, expected.audience);
    Ok(())
}

/// NotBefore <= now < NotOnOrAfter, with the skew on both sides.
fn check_window(
    code: &'static str,
    (not_before, not_on_or_after): (Option<Timestamp>, Option<Timestamp>),
    skew: Duration,
    now: Timestamp,
    ledger: &mut Ledger,
) -> Result<(), Refusal> {
    let clock = format!("{now} here, {} s of skew allowed", skew.as_secs());
    if let Some(from) = not_before
        && now.plus(skew) < from
    {
        return Err(ledger.refuse(Reason::NotYetValid, clock, format!("NotBefore {from}")));
    }
    if let Some(until) = not_on_or_after
        && now >= until.plus(skew)
    {
        return Err(ledger.refuse(Reason::Expired, clock, format!("NotOnOrAfter {until}")));
    }
    let shown = |t: Option<Timestamp>| t.map_or_else(|| "open".to_owned(), |t| t.to_string());
    let got = format!("{} to {}", shown(not_before), shown(not_on_or_after));
    ledger.pass(code, clock, got);
    Ok(())
}

/// Where there are several AuthnStatements, none may have ended; the first is the session.
fn check_session<'a>(
    assertion: &'a Assertion,
    expected: &Expectation<'_>,
    now: Timestamp,
    ledger: &mut Ledger,
) -> Result<&'a AuthnStatement, Refusal> {
    let Some(first) = assertion.authn_statements.first() else {
        return Err(ledger.refuse(Reason::AuthnStatementMissing, "an AuthnStatement", "none"));
    };
    let got = format!("{} of them", assertion.authn_statements.len());
    ledger.pass("authn-statement", "an AuthnStatement", got);
    let wanted = format!("a session that lasts beyond {now}");
    for statement in &assertion.authn_statements {
        if let Some(end) = statement.session_not_on_or_after
            && now >= end.plus(expected.skew)
        {
            let got = format!("SessionNotOnOrAfter {end}");
            return Err(ledger.refuse(Reason::SessionExpired, wanted, got));
        }
    }
    let end = first.session_not_on_or_after;
    let got = end.map_or_else(|| "no end given".to_owned(), |end| end.to_string());
    ledger.pass("session-end", wanted, got);
    Ok(first)
}
