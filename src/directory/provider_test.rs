//! Asking for a test of a provider ([`crate::access::sign_in_test`]), and how far one is.

use std::time::Duration;

use rusqlite::Connection;
use serde::Serialize;
use serde_json::json;

use super::DirectoryError;
use super::addresses::PublicUrl;
use super::provider::{self, Provider};
use crate::access::sign_in_test::{self, Test};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry};
use crate::observe::trace::{self, Trace};

/// A test that was asked for: its link is not to be had again.
#[derive(Clone, Debug, Serialize)]
pub struct Begun {
    /// The test.
    #[serde(flatten)]
    pub test: Test,
    /// What to open in a browser.
    pub url: String,
}

/// How far a test is.
#[derive(Clone, Debug, Serialize)]
pub struct Progress {
    /// The test.
    #[serde(flatten)]
    pub test: Test,
    /// `waiting`, `started`, `answered` or `over`.
    pub state: &'static str,
    /// The trace of the answer.
    pub trace: Option<Trace>,
}

/// Makes a test of a provider, a draft's or a disabled one's too, where requests can go somewhere.
///
/// # Errors
/// [`DirectoryError::Conflict`] where the provider has no address to send anybody to.
pub fn begin(
    tx: &Connection,
    provider: &Provider,
    public: &PublicUrl,
    lasts: Duration,
    by: &Author,
    now: Timestamp,
) -> Result<Begun, DirectoryError> {
    let bindings = provider::bindings(tx, &provider.id)?;
    if bindings.destination(provider).is_none() {
        return Err(DirectoryError::conflict(
            "provider",
            "there is no address yet to send anybody to: give the identity provider's metadata \
             first",
        ));
    }
    let (test, token) = sign_in_test::create(tx, &provider.id, lasts, now)?;
    let entry = Entry {
        action: "provider.test-begun",
        organization_id: Some(&provider.organization_id),
        target: audit::Target {
            kind: "provider",
            id: Some(&provider.id),
            name: &provider.name,
        },
        detail: audit::detail([("test", json!(test.id))]),
    };
    audit::record(tx, by, &entry, now)?;
    let url = public.test(&provider.id, token.expose());
    Ok(Begun { test, url })
}

/// How far a test of this provider is; its trace, once there is an answer.
///
/// # Errors
/// [`DirectoryError::NotFound`] where there is no such test any more.
pub fn progress(
    conn: &Connection,
    provider_id: &str,
    id: &str,
    now: Timestamp,
) -> Result<Progress, DirectoryError> {
    let test = sign_in_test::find(conn, provider_id, id)?
        .ok_or_else(|| DirectoryError::not_found("test", id))?;
    let trace = match &test.reference {
        Some(reference) => trace::find(conn, reference)?,
        None => None,
    };
    let state = if test.reference.is_some() {
        "answered"
    } else if now >= test.expires_at {
        "over"
    } else if test.started_at.is_some() {
        "started"
    } else {
        "waiting"
    };
    Ok(Progress { test, state, trace })
}
