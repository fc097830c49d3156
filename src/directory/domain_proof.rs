//! Proof by the DNS that a domain is the organization's: whoever can put a TXT record there may
//! have its people sign in. An operator's approval ([`super::domain::approve`]) is the other way.
//!
//! The record is looked at when somebody asks, once; it may go again afterwards.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::DirectoryError;
use super::domain::{self, Claim, DomainState, EmailDomain};
use crate::clock::Timestamp;
use crate::observe::audit::Author;
use crate::outbound::dns::Resolvers;

/// In front of the domain.
const LABEL: &str = "_portcullis-challenge";
/// Texts that are shown where none is the right one.
const SHOWN: usize = 3;

/// The record that proves a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Challenge {
    /// Its type.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Its name.
    name: String,
    /// Its text.
    value: String,
}

impl Challenge {
    /// The record for a domain whose claim has this secret of its own.
    pub(super) fn new(domain: &str, challenge: &str) -> Self {
        Self {
            kind: "TXT",
            name: format!("{LABEL}.{domain}"),
            value: format!("portcullis={challenge}"),
        }
    }

    /// Asks for the record. It waits up to five seconds, so it runs before the writer's closure.
    ///
    /// # Errors
    /// When the DNS has no answer, or not this record, with what there is and what to do.
    pub fn look_up(&self, resolvers: &Resolvers) -> Result<(), DirectoryError> {
        let found = resolvers
            .txt(&self.name)
            .map_err(|error| DirectoryError::conflict("domain", error.to_string()))?;
        if found.iter().any(|text| text.trim() == self.value) {
            return Ok(());
        }
        let there = match found.as_slice() {
            [] => "there is none".to_owned(),
            texts => {
                let shown = texts.iter().take(SHOWN).map(|text| plain(text));
                format!("there is {}", shown.collect::<Vec<_>>().join(", "))
            }
        };
        Err(DirectoryError::conflict(
            "domain",
            format!(
                "expected the TXT record {} with {}; {there}. A new record may take some minutes \
                 to be seen",
                self.name, self.value
            ),
        ))
    }
}

fn plain(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
    format!("{:?}", text.chars().take(80).map(shown).collect::<String>())
}

/// The record that would prove a domain that waits, of this organization or, for an operator, of
/// any; `None` where it counts already.
pub fn challenge(
    conn: &Connection,
    domain: &EmailDomain,
    organization_id: Option<&str>,
) -> Result<Option<Challenge>, DirectoryError> {
    let found: Option<(DomainState, String)> = conn
        .prepare_cached(
            "SELECT state, challenge FROM domains
             WHERE domain = ?1 AND organization_id = coalesce(?2, organization_id)",
        )?
        .query_row(params![domain.as_str(), organization_id], |row| {
            Ok((domain::state(row.get_ref(0)?.as_str()?), row.get(1)?))
        })
        .optional()?;
    match found {
        None => Err(DirectoryError::not_found("domain", domain.as_str())),
        Some((DomainState::Active, _)) => Ok(None),
        Some((DomainState::Pending, secret)) => Ok(Some(Challenge::new(domain.as_str(), &secret))),
    }
}

/// Lets a domain count whose `challenge` was found in the DNS. It must still be the claim's: in
/// the meantime somebody else may have got the domain.
pub fn proved(
    tx: &Connection,
    domain: &EmailDomain,
    found: &Challenge,
    by: &Author,
    now: Timestamp,
) -> Result<Claim, DirectoryError> {
    match challenge(tx, domain, None)? {
        Some(wanted) if wanted == *found => domain::count(tx, domain, "domain.proved", by, now),
        None => domain::find(tx, domain),
        Some(_) => Err(DirectoryError::conflict(
            "domain",
            format!("{domain} was added again in the meantime; start over"),
        )),
    }
}
