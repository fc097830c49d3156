//! Changing one of our SAML key pairs without a bad night: the next one is in our metadata beside
//! the present one for a while.
//!
//! Encryption: the new key is listed first at once, and the old one still decrypts until it
//! retires. Signing: both are listed, the old one signs until the switch, and stays listed until it
//! retires, for what is still on its way.

use std::time::Duration;

use rusqlite::Connection;
use serde::Serialize;
use serde_json::json;

use super::{DirectoryError, service_keys};
use crate::access::key::{self, Key, Kind};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry, Target};
use crate::saml::certificate::fingerprint;
use crate::store::Store;

/// The kinds that can be rolled; TLS looks after itself.
pub const KINDS: [Kind; 2] = [Kind::SamlSigning, Kind::SamlEncryption];
/// Days until the new signing key signs, unless said otherwise.
pub const SWITCH_DAYS: u16 = 14;
/// Days that the old key stays after that, unless said otherwise.
pub const KEEP_DAYS: u16 = 30;
/// Most days for either.
pub const MOST_DAYS: u16 = 365;

/// A key pair as shown; never its private key.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// Names it.
    pub id: String,
    /// `saml-signing` or `saml-encryption`.
    pub kind: &'static str,
    /// `next`, `current` or `old`.
    pub state: &'static str,
    /// SHA-256 of its certificate.
    pub fingerprint: String,
    /// The certificate, PEM, to upload to an identity provider.
    pub certificate: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its certificate ends.
    pub not_after: Timestamp,
    /// When it comes into use, if that was said.
    pub begins_at: Option<Timestamp>,
    /// When it goes out of use, if that was said.
    pub retires_at: Option<Timestamp>,
}

/// A kind by its word.
pub fn kind(word: &str) -> Result<Kind, DirectoryError> {
    KINDS
        .into_iter()
        .find(|kind| kind.word() == word)
        .ok_or_else(|| DirectoryError::invalid("kind", "expected saml-signing or saml-encryption"))
}

/// The key pairs in use, coming and going.
pub fn list(conn: &Connection, now: Timestamp) -> Result<Vec<Shown>, DirectoryError> {
    let mut shown = Vec::new();
    for kind in KINDS {
        let current = key::in_use(conn, kind, now)?.map(|key| key.id);
        for key in key::active(conn, kind)? {
            let (begins_at, retires_at) = key::scheduled(conn, &key.id)?;
            shown.push(Shown {
                state: if current.as_ref() == Some(&key.id) {
                    "current"
                } else if begins_at.is_some_and(|at| at > now) {
                    "next"
                } else {
                    "old"
                },
                kind: kind.word(),
                fingerprint: fingerprint(&key.certificate),
                certificate: pem(&key.certificate),
                created_at: key.created_at,
                not_after: key.not_after,
                begins_at,
                retires_at,
                id: key.id,
            });
        }
    }
    Ok(shown)
}

/// Makes the next key pair of a kind. A signing key signs after `switch_days` ([`SWITCH_DAYS`] unless
/// given), an encryption key is offered at once; the old one goes `keep_days` ([`KEEP_DAYS`]) after
/// that. Making one takes about 100 ms, so it
/// happens outside the writer's closure.
///
/// # Errors
/// While another change of this kind is under way, when the days are more than [`MOST_DAYS`], and for
/// `switch_days` of an encryption key, which has no switch.
pub fn roll(
    store: &Store,
    kind: Kind,
    switch_days: Option<u16>,
    keep_days: Option<u16>,
    by: &Author,
    now: Timestamp,
) -> Result<Key, DirectoryError> {
    for (field, days) in [("switch_days", switch_days), ("keep_days", keep_days)] {
        if days.is_some_and(|days| days > MOST_DAYS) {
            return Err(DirectoryError::invalid(
                field,
                format!("expected at most {MOST_DAYS} days"),
            ));
        }
    }
    if kind != Kind::SamlSigning && switch_days.is_some() {
        return Err(DirectoryError::invalid(
            "switch_days",
            "is for saml-signing alone: a new encryption key is offered at once; leave it out",
        ));
    }
    let keep = days(keep_days.unwrap_or(KEEP_DAYS));
    let old = service_keys::ensure(store, kind, now)?;
    let (certificate, private_key) = service_keys::generate(now)?;
    let begins = match kind {
        Kind::SamlSigning => now.plus(days(switch_days.unwrap_or(SWITCH_DAYS))),
        _ => now,
    };
    let by = by.clone();
    store.write(move |tx| {
        if key::active(tx, kind)?.len() > 1 {
            return Err(DirectoryError::conflict(
                "kind",
                "a change of this key is under way; the old one must have retired first",
            ));
        }
        let end = now.plus(service_keys::YEARS);
        let made = key::insert(tx, kind, certificate, private_key, end, now)?;
        key::schedule(tx, &made.id, Some(begins), None)?;
        key::schedule(tx, &old.id, None, Some(begins.plus(keep)))?;
        let detail = json!({
            "kind": kind.word(),
            "old": old.id,
            "new": made.id,
            "begins_at": begins,
            "retires_at": begins.plus(keep),
        });
        told(tx, "key.rolled", &made.id, kind, detail, &by, now)?;
        Ok(made)
    })
}

/// Takes keys out of use whose time is over; returns how many.
pub fn retire_due(tx: &Connection, now: Timestamp) -> Result<usize, DirectoryError> {
    let mut retired = 0;
    for kind in KINDS {
        let current = key::in_use(tx, kind, now)?.map(|key| key.id);
        for key in key::active(tx, kind)? {
            let (_, at) = key::scheduled(tx, &key.id)?;
            let over = at.is_some_and(|at| at <= now) && current.as_ref() != Some(&key.id);
            if over && key::retire(tx, &key.id)? {
                let detail = json!({ "kind": kind.word() });
                told(
                    tx,
                    "key.retired",
                    &key.id,
                    kind,
                    detail,
                    &Author::appliance(),
                    now,
                )?;
                retired += 1;
            }
        }
    }
    Ok(retired)
}

/// What to do at the identity providers, a line each.
pub const fn steps(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::SamlSigning => &[
            "Okta: Applications > the app > General > SAML Settings > Edit > Show Advanced Settings",
            "Okta: Signature Certificate: upload the new certificate before the switch",
            "Others: load our metadata again; it lists both certificates",
        ],
        _ => &[
            "Okta: Applications > the app > General > SAML Settings > Edit > Show Advanced Settings",
            "Okta: Encryption Certificate: upload the new certificate before the old key retires",
            "Others: load our metadata again; the new certificate comes first",
        ],
    }
}

fn told(
    tx: &Connection,
    action: &'static str,
    id: &str,
    kind: Kind,
    detail: serde_json::Value,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let entry = Entry {
        action,
        organization_id: None,
        target: Target {
            kind: "key",
            id: Some(id),
            name: kind.word(),
        },
        detail: detail.as_object().cloned().unwrap_or_default(),
    };
    audit::record(tx, by, &entry, now)?;
    Ok(())
}

fn days(days: u16) -> Duration {
    Duration::from_secs(u64::from(days) * 86_400)
}

fn pem(der: &[u8]) -> String {
    let base64 = data_encoding::BASE64.encode(der);
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(64)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}
