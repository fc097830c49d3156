//! Published certificates that wait for an admin's word, and those that one refused.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde_json::json;

use crate::clock::Timestamp;
use crate::directory::DirectoryError;
use crate::directory::certificate_news::{self, Word};
use crate::directory::certificates::{self, told};
use crate::directory::provider::Provider;
use crate::observe::audit::Author;
use crate::observe::event;
use crate::saml::certificate::Certificate;

/// A certificate that waits for an admin, or that one refused.
#[derive(Debug, Serialize)]
pub struct Addition {
    /// SHA-256 of the DER.
    pub fingerprint: String,
    /// Its subject.
    pub subject: String,
    /// When it ends.
    pub not_after: Timestamp,
    /// When it was first published.
    pub seen_at: Timestamp,
    /// When it was refused; it isn't asked about again while it is published.
    pub refused_at: Option<Timestamp>,
}

/// An admin's word on a certificate that waits.
pub fn decide(
    tx: &Connection,
    provider: &Provider,
    fingerprint: &str,
    accept: bool,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let der: Option<Vec<u8>> = tx
        .prepare_cached(
            "SELECT der FROM metadata_additions WHERE provider_id = ?1 AND fingerprint = ?2",
        )?
        .query_row(params![provider.id, fingerprint], |row| row.get(0))
        .optional()?;
    let der = der.ok_or_else(|| DirectoryError::not_found("waiting certificate", fingerprint))?;
    if accept {
        let certificate = Certificate::parse(&der)
            .map_err(|e| DirectoryError::invalid("certificate", e.to_string()))?;
        certificates::pin(tx, provider, &certificate, Word::Accepted, by, now)?;
        return Ok(());
    }
    tx.prepare_cached(
        "UPDATE metadata_additions SET refused_at = ?3
         WHERE provider_id = ?1 AND fingerprint = ?2",
    )?
    .execute(params![provider.id, fingerprint, now.millis()])?;
    let detail = json!({ "fingerprint": fingerprint });
    told(
        tx,
        "provider.certificate-refused",
        provider,
        detail,
        by,
        now,
    )
}

/// Lets a certificate wait; false if it is pinned, waits or was refused.
pub(super) fn ask(
    tx: &Connection,
    provider: &Provider,
    certificate: &Certificate,
    by: &Author,
    now: Timestamp,
) -> Result<bool, DirectoryError> {
    let fingerprint = certificate.fingerprint();
    if certificates::has(tx, &provider.id, &fingerprint)? {
        return Ok(false);
    }
    let added = tx
        .prepare_cached(
            "INSERT INTO metadata_additions (provider_id, fingerprint, der, seen_at)
             VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            provider.id,
            fingerprint,
            certificate.der,
            now.millis()
        ])?;
    if added > 0 {
        let detail = json!({ "fingerprint": fingerprint });
        told(
            tx,
            "provider.certificate-waiting",
            provider,
            detail,
            by,
            now,
        )?;
        let kind = event::CERTIFICATE_WAITING;
        certificate_news::announce(tx, kind, provider, certificate, None, now)?;
    }
    Ok(added > 0)
}

/// What is no longer published waits no longer; so there are never more than one document holds.
pub(super) fn forget_unpublished(
    tx: &Connection,
    provider_id: &str,
    published: &[Certificate],
) -> Result<(), DirectoryError> {
    for known in additions(tx, provider_id)? {
        if !published
            .iter()
            .any(|it| it.fingerprint() == known.fingerprint)
        {
            tx.prepare_cached(
                "DELETE FROM metadata_additions WHERE provider_id = ?1 AND fingerprint = ?2",
            )?
            .execute(params![provider_id, known.fingerprint])?;
        }
    }
    Ok(())
}

pub(super) fn additions(
    conn: &Connection,
    provider_id: &str,
) -> Result<Vec<Addition>, DirectoryError> {
    let rows = conn
        .prepare_cached(
            "SELECT der, seen_at, refused_at FROM metadata_additions
             WHERE provider_id = ?1 ORDER BY seen_at, fingerprint",
        )?
        .query_map([provider_id], |row| {
            Ok((
                row.get::<_, Vec<u8>>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, Option<i64>>(2)?,
            ))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter()
        .map(|(der, seen, refused)| {
            let parsed = Certificate::parse(&der)
                .map_err(|e| DirectoryError::invalid("certificate", e.to_string()))?;
            Ok(Addition {
                fingerprint: parsed.fingerprint(),
                subject: parsed.subject().to_owned(),
                not_after: parsed.not_after(),
                seen_at: Timestamp::from_millis(seen),
                refused_at: refused.map(Timestamp::from_millis),
            })
        })
        .collect()
}

pub(super) fn is_refused(
    conn: &Connection,
    provider_id: &str,
    fingerprint: &str,
) -> Result<bool, DirectoryError> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM metadata_additions
             WHERE provider_id = ?1 AND fingerprint = ?2 AND refused_at IS NOT NULL",
        )?
        .exists(params![provider_id, fingerprint])?)
}
