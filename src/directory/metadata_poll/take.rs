//! Taking what a look brought.

use rusqlite::{Connection, params};
use serde_json::json;

use super::document::compare;
use super::{Mode, Way, row, waiting, watch};
use crate::clock::Timestamp;
use crate::directory::certificate_news::Word;
use crate::directory::provider::Provider;
use crate::directory::{DirectoryError, certificates};
use crate::observe::audit::Author;

/// Longest failure that is kept, in characters.
const LONGEST: usize = 500;

/// Takes what a look brought: pins or asks, and keeps what was found. Returns the fingerprints that
/// are new, and whether they were pinned. What is here stays, whatever the document says.
pub fn take(
    tx: &Connection,
    provider: &Provider,
    brought: Result<Vec<u8>, DirectoryError>,
    way: Way,
    by: &Author,
    now: Timestamp,
) -> Result<(Vec<String>, bool), DirectoryError> {
    row(tx, &provider.id)?;
    let read = brought.and_then(|document| compare(tx, provider, &document, now));
    let (published, differences, failure) = match read {
        Ok((published, differences)) => (Some(published), differences, None),
        Err(DirectoryError::Store(error)) => return Err(error.into()),
        Err(DirectoryError::Invalid { detail, .. }) => (None, Vec::new(), Some(detail)),
        Err(other) => (None, Vec::new(), Some(other.to_string())),
    };
    let failure: Option<String> = failure.map(|text| text.chars().take(LONGEST).collect());
    tx.prepare_cached(
        "UPDATE metadata_watches SET looked_at = ?2, failure = ?3, differences = ?4
         WHERE provider_id = ?1",
    )?
    .execute(params![
        provider.id,
        now.millis(),
        failure,
        json!(differences).to_string()
    ])?;
    let Some(published) = published else {
        return Ok((Vec::new(), false));
    };
    waiting::forget_unpublished(tx, &provider.id, &published.certificates)?;
    let automatic = watch(tx, provider)?.mode == Mode::Automatic && way != Way::Loopback;
    let mut new = Vec::new();
    for certificate in &published.certificates {
        let fingerprint = certificate.fingerprint();
        let added = if automatic && !waiting::is_refused(tx, &provider.id, &fingerprint)? {
            match certificates::pin(tx, provider, certificate, Word::Automatic, by, now) {
                Ok(added) => added,
                // As many as there may be: what the look showed is kept, with the reason.
                Err(DirectoryError::Conflict { detail, .. }) => {
                    note_failure(tx, &provider.id, &detail)?;
                    break;
                }
                Err(other) => return Err(other),
            }
        } else {
            waiting::ask(tx, provider, certificate, by, now)?
        };
        if added {
            new.push(fingerprint);
        }
    }
    Ok((new, automatic))
}

fn note_failure(tx: &Connection, id: &str, detail: &str) -> Result<(), DirectoryError> {
    tx.prepare_cached("UPDATE metadata_watches SET failure = ?2 WHERE provider_id = ?1")?
        .execute(params![id, detail])?;
    Ok(())
}
