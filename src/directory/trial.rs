//! What would come of a response, without anything coming of it: every check of a sign-in, and
//! whom it would let in. Nobody is made, linked or signed in; it reads only.
//!
//! A test of a provider and a replay of a kept response end here.

use rusqlite::Connection;

use super::DirectoryError;
use super::addresses::PublicUrl;
use super::domain;
use super::provider::{self, Provider};
use super::sign_in::{self, NotAdmitted, Person};
use crate::access::key::{self, Kind};
use crate::clock::Timestamp;
use crate::saml::refusal::{Check, Refusal, bounded};
use crate::saml::response::{Authentication, DecryptionKey, Expectation, Opened};

/// The check that a user can be found or made.
pub const USER: &str = "user";

/// A response that a sign-in would be opened for.
#[derive(Debug)]
pub struct Passed {
    /// Every check, the one for the user among them.
    pub checks: Vec<Check>,
    /// Who would be signed in; `None` would be made.
    pub user_id: Option<String>,
    /// The assertion's ID, for whoever has to remember it.
    pub assertion_id: String,
    /// Until when it has to be remembered.
    pub replay_until: Timestamp,
}

/// Why nothing would come of a response.
#[derive(Debug)]
pub enum Stopped {
    /// A check said no.
    Refused(Box<Refusal>),
    /// The database did.
    Directory(DirectoryError),
}

impl<E: Into<DirectoryError>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Directory(error.into())
    }
}

/// The request that a response has to answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// Its ID.
    pub id: Option<&'a str>,
    /// When it was made, if it wanted the person to sign in anew.
    pub forced_at: Option<Timestamp>,
}

/// Every check on a response whose signatures hold, as of `now`.
///
/// # Errors
/// [`Stopped`].
pub fn of(
    conn: &Connection,
    provider: &Provider,
    public: &PublicUrl,
    opened: Opened,
    request: Request<'_>,
    now: Timestamp,
) -> Result<Passed, Stopped> {
    let domains = domain::active_of_provider(conn, &provider.id)?;
    let requests = provider::requests(conn, provider)?;
    let expectation = Expectation {
        issuer: provider.issuer.as_deref().unwrap_or_default(),
        acs_url: &public.acs(&provider.id),
        audience: &public.entity_id(&provider.id),
        in_response_to: request.id,
        allow_unsolicited: provider.idp_initiated,
        domains: &domains,
        skew: provider.skew,
        mapping: &provider.mapping()?,
        authentication: Authentication {
            since: request.forced_at,
            contexts: &requests.contexts,
            comparison: requests.comparison,
        },
    };
    let verified = opened
        .check(&expectation, now)
        .map_err(|refusal| Stopped::Refused(Box::new(refusal)))?;
    let mut checks = verified.checks.clone();
    match sign_in::foresee(conn, provider, &Person::of(&verified)) {
        Ok((user, how)) => {
            let got = match &user {
                Some(user) => format!("{}, {}", user.user_name, how.word()),
                None => "nobody yet; would be made at sign-in".to_owned(),
            };
            checks.push(held(USER, ACTIVE, &got));
            Ok(Passed {
                checks,
                user_id: user.map(|user| user.id),
                assertion_id: verified.assertion_id,
                replay_until: verified.replay_until,
            })
        }
        Err(NotAdmitted::Directory(error)) => Err(Stopped::Directory(error)),
        Err(reason) => Err(Stopped::Refused(Box::new(not_admitted(&reason, checks)))),
    }
}

const UNUSED: &str = "an assertion that was not used before";
const NOT_SIGNED_OUT: &str = "an assertion of after the person signed out at the identity provider";
const ACTIVE: &str = "an active user of this provider";

/// The assertion was not used before.
pub fn unused(assertion_id: &str) -> Check {
    held("replay", UNUSED, assertion_id)
}

/// The person did not sign out at the identity provider after the assertion was made.
pub fn not_signed_out(issued: Timestamp) -> Check {
    held("signed-out", NOT_SIGNED_OUT, &format!("issued {issued}"))
}

/// There is a user for the person, found or made.
pub fn admitted(how: &str) -> Check {
    held(USER, ACTIVE, how)
}

/// Whoever was asked to sign in again is who did.
pub fn same_person(who: &str) -> Check {
    held("step-up", "the owner of the session that asked", who)
}

fn held(code: &'static str, expected: &str, got: &str) -> Check {
    Check {
        code,
        expected: expected.to_owned(),
        got: bounded(got),
        passed: true,
    }
}

/// The refusal of somebody whose response is good and who has no way in.
pub fn not_admitted(reason: &NotAdmitted, checks: Vec<Check>) -> Refusal {
    Refusal::after(checks, reason.code(), ACTIVE, reason.to_string())
}

/// The refusal of what a certificate verified that was taken away in the same moment.
pub fn untrusted(checks: Vec<Check>) -> Refusal {
    let got = "one that was taken away meanwhile";
    Refusal::after(
        checks,
        "certificate-unknown",
        "a certificate of this provider",
        got,
    )
}

/// The refusal of an assertion that was used before.
pub fn replayed(checks: Vec<Check>) -> Refusal {
    Refusal::after(checks, "replayed", UNUSED, "one that was")
}

/// The refusal of an assertion from before a logout.
pub fn signed_out(checks: Vec<Check>) -> Refusal {
    Refusal::after(
        checks,
        "signed-out-meanwhile",
        NOT_SIGNED_OUT,
        "one of before",
    )
}

/// The keys that open what is encrypted for us, the newest first.
///
/// # Errors
/// [`DirectoryError`], also where a key can't be read.
pub fn decryption_keys(conn: &Connection) -> Result<Vec<DecryptionKey>, DirectoryError> {
    key::active(conn, Kind::SamlEncryption)?
        .iter()
        .map(|key| DecryptionKey::from_pkcs8(&key.private_key))
        .collect::<Result<_, _>>()
        .map_err(|error| DirectoryError::Keys(error.to_string()))
}
