//! A kept response verified again: against today's configuration, with the clock of then, so that
//! an admin sees what their change has done to a sign-in that failed, and what it will do to one
//! that worked.
//!
//! It reads only: nobody is signed in, made or linked. What was true once and can't be again (that
//! this browser waited for this answer, that the assertion was not used before) is not pretended:
//! it is named as not repeated, and a sign-in that failed at it is left undecided.

mod compare;
mod once;

use rusqlite::Connection;
use serde::Serialize;

pub use self::compare::{Change, Row, Side};
use self::compare::{before, compare};
pub use self::once::NotRepeated;
use self::once::{is_of_its_moment, not_repeated};
use super::DirectoryError;
use super::addresses::PublicUrl;
use super::provider::{self, Provider, State};
use super::trial::{self, Request, Stopped};
use crate::clock::Timestamp;
use crate::observe::trace::document::Document;
use crate::observe::trace::{Outcome, Trace};
use crate::saml::advice;
use crate::saml::refusal::{Check, Refusal};
use crate::saml::response::{self, Trust};

/// Whether the response would be good for a sign-in today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It would.
    Accepted,
    /// It would not.
    Refused,
    /// All that can be repeated would pass; it failed at what can't be.
    Undecided,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct End {
    /// `accepted`, `refused`, or of a replay `undecided`.
    pub outcome: String,
    /// The failed check, or `ok`.
    pub code: String,
}

/// A replay.
#[derive(Clone, Debug, Serialize)]
pub struct Replay {
    /// The trace whose response it is.
    pub reference: String,
    /// The clock that counted: when the response came.
    pub clock: Timestamp,
    /// Whether it would be accepted today.
    pub verdict: Verdict,
    /// How it ended then.
    pub before: End,
    /// How it would end today.
    pub after: End,
    /// What to do; empty where there is nothing.
    pub fix: String,
    /// Each check, then and today.
    pub checks: Vec<Row>,
    /// What was not done again.
    pub not_repeated: Vec<NotRepeated>,
}

/// Replays the response of a trace; `public` is where the appliance is reached today.
///
/// # Errors
/// [`DirectoryError::NotFound`] where the provider is gone, else what the database said.
pub fn of(
    conn: &Connection,
    trace: &Trace,
    document: &Document,
    public: &PublicUrl,
) -> Result<Replay, DirectoryError> {
    let provider_id = trace.provider_id.as_deref().unwrap_or_default();
    let provider = provider::find(conn, provider_id)?;
    let then = trace.at;
    let trust = Trust::new(&provider::certificates(conn, provider_id)?)
        .with_sha1(provider.takes_sha1(then));
    let keys = trial::decryption_keys(conn)?;
    let outcome = match response::open(&document.form_value(), &trust, &keys) {
        Err(refusal) => Err(refusal),
        Ok(opened) => {
            let answers = opened.in_response_to().map(str::to_owned);
            // When the request was made, nobody knows any more.
            let request = Request {
                id: answers.as_deref(),
                forced_at: None,
            };
            match trial::of(conn, &provider, public, opened, request, then) {
                Ok(passed) => Ok(passed.checks),
                Err(Stopped::Refused(refusal)) => Err(*refusal),
                Err(Stopped::Directory(error)) => return Err(error),
            }
        }
    };
    Ok(told(trace, &provider, outcome))
}

fn told(trace: &Trace, provider: &Provider, outcome: Result<Vec<Check>, Refusal>) -> Replay {
    let fix = |code| advice::of(code, provider.kind.screens()).unwrap_or_default();
    let (verdict, code, fix, checks) = match outcome {
        Err(refusal) => (
            Verdict::Refused,
            refusal.code.to_owned(),
            fix(refusal.code).to_owned(),
            refusal.checks,
        ),
        Ok(checks) if provider.state != State::Active => (
            Verdict::Refused,
            "provider-not-active".to_owned(),
            "Nobody signs in through this provider now, as it isn't active.".to_owned(),
            checks,
        ),
        Ok(checks) if is_of_its_moment(&trace.code) => (
            Verdict::Undecided,
            trace.code.clone(),
            "Every check that can be made again passes. It failed at one of its moment: have the \
             person start a new sign-in here."
                .to_owned(),
            checks,
        ),
        Ok(checks) => {
            let fix = match trace.outcome {
                Outcome::Refused => "Nothing is left to change: have the person sign in again.",
                Outcome::Accepted => "",
            };
            (Verdict::Accepted, "ok".to_owned(), fix.to_owned(), checks)
        }
    };
    let outcome = match verdict {
        Verdict::Accepted => "accepted",
        Verdict::Refused => "refused",
        Verdict::Undecided => "undecided",
    };
    Replay {
        reference: trace.reference.clone(),
        clock: trace.at,
        verdict,
        before: End {
            outcome: trace.outcome.as_str().to_owned(),
            code: trace.code.clone(),
        },
        after: End {
            outcome: outcome.to_owned(),
            code,
        },
        fix,
        checks: compare(before(trace), checks.into_iter().map(Side::from).collect()),
        not_repeated: not_repeated(),
    }
}
