//! The pinned signing certificates of a provider, one by one: laid in before they are needed, taken
//! away after, and when each last verified a sign-in. Their dates are shown and warned about
//! ([`super::expiry`]) and never refused.

use rusqlite::{Connection, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::DirectoryError;
use super::certificate_news::{Word, announce};
use super::provider::{Provider, State};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry, Target};
use crate::observe::event;
use crate::saml::certificate::Certificate;
use crate::store::StoreError;

/// Most certificates of one provider: each may be tried for each signature.
pub const MOST: usize = 32;

/// A pinned certificate as shown.
#[derive(Debug, Serialize)]
pub struct Pinned {
    /// SHA-256 of the DER, lower-case hex.
    pub fingerprint: String,
    /// Its subject.
    pub subject: String,
    /// `metadata`, or `manual` where somebody laid it in.
    pub source: String,
    /// When it ends.
    pub not_after: Timestamp,
    /// Whether it has ended; it verifies all the same.
    pub expired: bool,
    /// When it was pinned.
    pub added_at: Timestamp,
    /// The first sign-in it verified.
    pub first_used_at: Option<Timestamp>,
    /// The last one.
    pub last_used_at: Option<Timestamp>,
}

/// All of a provider's, oldest first.
pub fn list(
    conn: &Connection,
    provider_id: &str,
    now: Timestamp,
) -> Result<Vec<Pinned>, DirectoryError> {
    let time = |millis: Option<i64>| millis.map(Timestamp::from_millis);
    let mut statement = conn.prepare_cached(
        "SELECT der, source, created_at, first_used_at, last_used_at
         FROM provider_certificates WHERE provider_id = ?1 ORDER BY created_at, fingerprint",
    )?;
    let rows = statement
        .query_map([provider_id], |row| {
            Ok((
                row.get::<_, Vec<u8>>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, Option<i64>>(3)?,
                row.get::<_, Option<i64>>(4)?,
            ))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter()
        .map(|(der, source, added, first, last)| {
            let parsed = Certificate::parse(&der)
                .map_err(|e| DirectoryError::invalid("certificate", e.to_string()))?;
            Ok(Pinned {
                fingerprint: parsed.fingerprint(),
                subject: parsed.subject().to_owned(),
                source,
                not_after: parsed.not_after(),
                expired: parsed.not_after() < now,
                added_at: Timestamp::from_millis(added),
                first_used_at: time(first),
                last_used_at: time(last),
            })
        })
        .collect()
}

/// Pins a certificate beside those that are there.
///
/// # Errors
/// When it is there already, or there would be more than [`MOST`].
pub fn add(
    tx: &Connection,
    provider: &Provider,
    certificate: &Certificate,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    if provider.state == State::Draft {
        return Err(DirectoryError::conflict(
            "certificate",
            "the provider is a draft: give it the metadata of the identity provider first",
        ));
    }
    if !pin(tx, provider, certificate, Word::LaidIn, by, now)? {
        return Err(DirectoryError::conflict(
            "certificate",
            "this certificate is pinned for this provider already",
        ));
    }
    Ok(())
}

/// Pins a certificate, with a line of the audit log; false if it was there.
pub(super) fn pin(
    tx: &Connection,
    provider: &Provider,
    certificate: &Certificate,
    word: Word,
    by: &Author,
    now: Timestamp,
) -> Result<bool, DirectoryError> {
    let new = keep(tx, provider, certificate, word, now)?;
    if new {
        let detail = json!({ "fingerprint": certificate.fingerprint(), "source": word.source() });
        told(tx, "provider.certificate-added", provider, detail, by, now)?;
    }
    Ok(new)
}

/// Keeps a certificate beside those that are there, and announces it by an event; false if it was
/// there, and then its source and its uses stay as they are. The audit log is the caller's.
///
/// # Errors
/// When there would be more than [`MOST`].
pub(super) fn keep(
    tx: &Connection,
    provider: &Provider,
    certificate: &Certificate,
    word: Word,
    now: Timestamp,
) -> Result<bool, DirectoryError> {
    let count: i64 = tx
        .prepare_cached("SELECT count(*) FROM provider_certificates WHERE provider_id = ?1")?
        .query_row([&provider.id], |row| row.get(0))?;
    let fingerprint = certificate.fingerprint();
    if has(tx, &provider.id, &fingerprint)? {
        return Ok(false);
    }
    if usize::try_from(count).is_ok_and(|count| count >= MOST) {
        return Err(DirectoryError::conflict(
            "certificate",
            format!("a provider has at most {MOST} certificates; remove one that has ended first"),
        ));
    }
    tx.prepare_cached(
        "INSERT INTO provider_certificates
             (provider_id, fingerprint, der, source, not_after, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        provider.id,
        fingerprint,
        certificate.der,
        word.source(),
        certificate.not_after().millis(),
        now.millis()
    ])?;
    tx.prepare_cached(
        "DELETE FROM metadata_additions WHERE provider_id = ?1 AND fingerprint = ?2",
    )?
    .execute(params![provider.id, fingerprint])?;
    announce(
        tx,
        event::CERTIFICATE_ADDED,
        provider,
        certificate,
        Some(word),
        now,
    )?;
    Ok(true)
}

/// Takes a certificate away: what is signed with it is refused from then on.
///
/// # Errors
/// When it isn't there, or is the last one of a provider that is in use.
pub fn remove(
    tx: &Connection,
    provider: &Provider,
    fingerprint: &str,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let fingerprint = fingerprint.trim().to_ascii_lowercase();
    if !has(tx, &provider.id, &fingerprint)? {
        return Err(DirectoryError::not_found("certificate", fingerprint));
    }
    let others: i64 = tx
        .prepare_cached(
            "SELECT count(*) FROM provider_certificates
             WHERE provider_id = ?1 AND fingerprint <> ?2",
        )?
        .query_row(params![provider.id, fingerprint], |row| row.get(0))?;
    if others == 0 {
        return Err(DirectoryError::conflict(
            "certificate",
            "it is the provider's only certificate: nobody could sign in; add the new one first",
        ));
    }
    tx.prepare_cached(
        "DELETE FROM provider_certificates WHERE provider_id = ?1 AND fingerprint = ?2",
    )?
    .execute(params![provider.id, fingerprint])?;
    let detail = json!({ "fingerprint": fingerprint });
    told(
        tx,
        "provider.certificate-removed",
        provider,
        detail,
        by,
        now,
    )
}

/// Notes that a certificate verified a sign-in that was accepted; false if the provider doesn't trust
/// it any more.
pub fn used(
    tx: &Connection,
    provider_id: &str,
    fingerprint: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let noted = tx
        .prepare_cached(
            "UPDATE provider_certificates
             SET first_used_at = coalesce(first_used_at, ?3), last_used_at = ?3
             WHERE provider_id = ?1 AND fingerprint = ?2",
        )?
        .execute(params![provider_id, fingerprint, now.millis()])?;
    Ok(noted > 0)
}

/// Whether the provider trusts this one.
pub(super) fn has(
    conn: &Connection,
    provider_id: &str,
    fingerprint: &str,
) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM provider_certificates WHERE provider_id = ?1 AND fingerprint = ?2",
        )?
        .exists(params![provider_id, fingerprint])?)
}

/// A line of the audit log about a provider.
pub(super) fn told(
    tx: &Connection,
    action: &'static str,
    provider: &Provider,
    detail: Value,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let entry = Entry {
        action,
        organization_id: Some(&provider.organization_id),
        target: Target {
            kind: "provider",
            id: Some(&provider.id),
            name: &provider.name,
        },
        detail: detail.as_object().cloned().unwrap_or_default(),
    };
    audit::record(tx, by, &entry, now)?;
    Ok(())
}
