//! What is told of certificates that come: to the webhooks of each, and in the console of those that
//! nobody was asked about.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::provider::Provider;
use super::{DirectoryError, certificates};
use crate::clock::Timestamp;
use crate::observe::audit;
use crate::observe::event::{self, Event};
use crate::saml::certificate::Certificate;

/// Events looked through for what to announce.
const MOST_READ: usize = 100;

/// By whose word a certificate is pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Nobody's: a look found it, and the provider's mode is automatic.
    Automatic,
    /// A look found it, and an admin accepted it.
    Accepted,
    /// Somebody laid it in beside the others.
    LaidIn,
    /// Somebody entered the metadata that has it.
    Metadata,
    /// Somebody entered it with the sign-on address and the issuer.
    ByHand,
}

impl Word {
    /// As the event has it.
    const fn word(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Accepted => "accepted",
            Self::LaidIn => "laid-in",
            Self::Metadata => "metadata",
            Self::ByHand => "by-hand",
        }
    }

    /// As the list has it.
    pub(super) const fn source(self) -> &'static str {
        match self {
            Self::Automatic | Self::Accepted | Self::Metadata => "metadata",
            Self::LaidIn | Self::ByHand => "manual",
        }
    }
}

/// Tells the webhooks of a certificate that was pinned, by whose word, or that waits for one.
pub(super) fn announce(
    tx: &Connection,
    kind: &'static str,
    provider: &Provider,
    certificate: &Certificate,
    word: Option<Word>,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let mut data = audit::detail([
        ("provider", json!(provider.id)),
        ("name", json!(provider.name)),
        ("fingerprint", json!(certificate.fingerprint())),
        ("not_after", json!(certificate.not_after())),
    ]);
    if let Some(word) = word {
        data.insert("by".to_owned(), json!(word.word()));
    }
    let told = Event {
        kind,
        organization_id: Some(&provider.organization_id),
        data,
    };
    event::append(tx, &told, now)?;
    Ok(())
}

/// The certificates that looks pinned later than `after` without asking anybody, and that are still
/// trusted, newest first: when, and what to read.
pub fn pinned_unasked(
    conn: &Connection,
    organization_id: Option<&str>,
    after: Timestamp,
) -> Result<Vec<(Timestamp, String)>, DirectoryError> {
    let mut found = Vec::new();
    for told in event::later_than(
        conn,
        event::CERTIFICATE_ADDED,
        organization_id,
        after,
        MOST_READ,
    )? {
        let word = |key: &str| told.data.get(key).and_then(Value::as_str).unwrap_or("");
        let (id, fingerprint) = (word("provider"), word("fingerprint"));
        if word("by") == Word::Automatic.word() && certificates::has(conn, id, fingerprint)? {
            let name = word("name");
            found.push((
                told.at,
                format!(
                    "{name} published a certificate, which was pinned without a question: \
                     {fingerprint}. If it isn't yours: portcullis provider certificate remove {id} \
                     {fingerprint}"
                ),
            ));
        }
    }
    Ok(found)
}
