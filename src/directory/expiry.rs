//! Certificates in use and when they end. An end is announced 60, 30, 14 and 3 days before and once
//! it is there, each time once, across restarts: which was announced is kept.
//!
//! Of a provider's pinned certificates the one counts that verified its last sign-in: another one
//! beside it, older or laid in for later, doesn't put off the day on which this one ends. Before the
//! first sign-in it is the one that ends last. Expiry refuses nothing.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::DirectoryError;
use crate::clock::Timestamp;
use crate::observe::event::{self, Event};
use crate::store::setting;

/// Days before an end at which it is announced; 0 is the end itself.
pub const THRESHOLDS: [i64; 5] = [60, 30, 14, 3, 0];

/// Certificates looked at, at most.
const MOST: i64 = 1_000;
const DAY: i64 = 86_400_000;
const TLS: &str = "tls_certificate";

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Use {
    /// What a provider's sign-ins are signed with.
    Provider,
    /// Our own that signs requests.
    SamlSigning,
    /// Our own that assertions are encrypted to.
    SamlEncryption,
    /// What the listener shows.
    Tls,
}

/// A certificate in use.
#[derive(Clone, Debug)]
pub struct InUse {
    /// What for.
    pub used_for: Use,
    /// Names it in the list of what was announced.
    pub subject: String,
    /// Whose it is, for people.
    pub name: String,
    /// Its organization; `None` is the appliance.
    pub organization_id: Option<String>,
    /// The provider's or key's id; of TLS, the fingerprint.
    pub id: String,
    /// When it ends.
    pub not_after: Timestamp,
    /// Whether the appliance renews it by itself 30 days before.
    pub renewed: bool,
}

impl InUse {
    /// Whole days until the end, rounded down; negative when it has passed.
    pub fn days_left(&self, now: Timestamp) -> i64 {
        (self.not_after.millis() - now.millis()).div_euclid(DAY)
    }

    /// The narrowest threshold that was crossed.
    pub fn threshold(&self, now: Timestamp) -> Option<i64> {
        let left = self.not_after.millis() - now.millis();
        let crossed = |days: &&i64| left <= **days * DAY && (!self.renewed || **days <= 14);
        THRESHOLDS.iter().rev().find(crossed).copied()
    }
}

/// What the listener shows, as `serve` noted it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Listener {
    /// SHA-256 of the leaf.
    pub fingerprint: String,
    /// When the leaf ends, in milliseconds.
    pub not_after: i64,
    /// Whether it is of our own making.
    pub self_signed: bool,
}

/// Keeps what the listener shows, for other processes to see; `None`: no TLS here.
pub fn note_listener(tx: &Connection, shown: Option<&Listener>) -> Result<(), DirectoryError> {
    let text = shown
        .and_then(|shown| serde_json::to_string(shown).ok())
        .unwrap_or_default();
    Ok(setting::write(tx, TLS, &text)?)
}

/// Every certificate in use.
pub fn in_use(conn: &Connection, now: Timestamp) -> Result<Vec<InUse>, DirectoryError> {
    let mut found = providers(conn)?;
    found.extend(own_keys(conn, now)?);
    let listener = setting::read(conn, TLS)?.unwrap_or_default();
    if let Ok(shown) = serde_json::from_str::<Listener>(&listener) {
        found.push(InUse {
            used_for: Use::Tls,
            subject: format!("tls:{}", shown.fingerprint),
            name: "the TLS certificate".to_owned(),
            organization_id: None,
            id: shown.fingerprint,
            not_after: Timestamp::from_millis(shown.not_after),
            renewed: shown.self_signed,
        });
    }
    Ok(found)
}

fn providers(conn: &Connection) -> Result<Vec<InUse>, DirectoryError> {
    let mut statement = conn.prepare_cached(
        "SELECT p.id, p.name, p.organization_id, c.fingerprint, c.not_after
         FROM providers p JOIN provider_certificates c ON c.provider_id = p.id AND c.fingerprint =
             (SELECT fingerprint FROM provider_certificates WHERE provider_id = p.id
              ORDER BY last_used_at DESC NULLS LAST, not_after DESC LIMIT 1)
         WHERE p.state = 'active' ORDER BY c.not_after LIMIT ?1",
    )?;
    let rows = statement.query_map([MOST], |row| {
        let id: String = row.get(0)?;
        let fingerprint: String = row.get(3)?;
        Ok(InUse {
            used_for: Use::Provider,
            subject: format!("provider:{id}:{fingerprint}"),
            name: row.get(1)?,
            organization_id: row.get(2)?,
            id,
            not_after: Timestamp::from_millis(row.get(4)?),
            renewed: false,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn own_keys(conn: &Connection, now: Timestamp) -> Result<Vec<InUse>, DirectoryError> {
    use crate::access::key::{self, Kind};
    let mut found = Vec::new();
    for (kind, used_for, name) in [
        (Kind::SamlSigning, Use::SamlSigning, "our SAML signing key"),
        (
            Kind::SamlEncryption,
            Use::SamlEncryption,
            "our SAML encryption key",
        ),
    ] {
        // A next one that waits beside it is enough.
        let next = key::newest_active(conn, kind)?;
        let Some(key) = key::in_use(conn, kind, now)?.map(|key| next.unwrap_or(key)) else {
            continue;
        };
        found.push(InUse {
            used_for,
            subject: format!("key:{}", key.id),
            name: name.to_owned(),
            organization_id: None,
            id: key.id,
            not_after: key.not_after,
            renewed: false,
        });
    }
    Ok(found)
}

/// Announces each end that comes near and wasn't announced at its threshold, by an event and so to
/// the webhooks; returns what was, for the log.
pub fn announce(tx: &Connection, now: Timestamp) -> Result<Vec<(InUse, i64)>, DirectoryError> {
    let mut announced = Vec::new();
    for certificate in in_use(tx, now)? {
        let Some(threshold) = certificate.threshold(now) else {
            continue;
        };
        let narrowest: Option<i64> = tx
            .prepare_cached("SELECT min(days) FROM expiry_warnings WHERE subject = ?1")?
            .query_row([&certificate.subject], |row| row.get(0))
            .optional()?
            .flatten();
        if narrowest.is_some_and(|days| days <= threshold) {
            continue;
        }
        tx.prepare_cached("INSERT INTO expiry_warnings (subject, days, at) VALUES (?1, ?2, ?3)")?
            .execute(params![certificate.subject, threshold, now.millis()])?;
        let data = json!({
            "used_for": certificate.used_for,
            "id": certificate.id,
            "name": certificate.name,
            "not_after": certificate.not_after,
            "days_left": certificate.days_left(now),
        });
        let told = Event {
            kind: event::CERTIFICATE_EXPIRING,
            organization_id: certificate.organization_id.as_deref(),
            data: data.as_object().cloned().unwrap_or_default(),
        };
        event::append(tx, &told, now)?;
        announced.push((certificate, threshold));
    }
    Ok(announced)
}
