//! Looking at the addresses where identity providers publish: when, how far, and from where.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Way, is_https, row, take};
use crate::clock::Timestamp;
use crate::directory::provider::{self, Provider};
use crate::directory::{DirectoryError, metadata_source, organization};
use crate::observe::audit::Author;
use crate::outbound::Reach;
use crate::store::{Store, random};

/// How long between two looks at one URL; up to an hour more, so that not all come at once.
pub const EVERY: Duration = Duration::from_secs(6 * 3600);

/// URLs looked at in one turn.
const MOST_AT_ONCE: i64 = 20;

/// Looks at every address whose time has come; what goes wrong with one of them keeps no other
/// waiting. Waits for the network, so it has a thread of its own.
pub fn look_at_due(store: &Store, now: Timestamp) -> Result<(), DirectoryError> {
    for provider in store.write(move |tx| due(tx, now))? {
        if let Err(error) = look(store, &provider, &Author::appliance(), now) {
            tracing::warn!(provider = %provider.id, %error, "following metadata");
        }
    }
    Ok(())
}

/// The providers whose address is to be looked at now, each given its next time at once.
pub fn due(tx: &Connection, now: Timestamp) -> Result<Vec<Provider>, DirectoryError> {
    let ids = tx
        .prepare_cached(
            "SELECT p.id FROM providers p LEFT JOIN metadata_watches w ON w.provider_id = p.id
             WHERE p.state = 'active' AND p.metadata_url IS NOT NULL
                 AND coalesce(w.mode, 'ask') <> 'off' AND coalesce(w.next_at, 0) <= ?1
             ORDER BY coalesce(w.next_at, 0) LIMIT ?2",
        )?
        .query_map(params![now.millis(), MOST_AT_ONCE], |row| {
            row.get::<_, String>(0)
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let mut found = Vec::new();
    for id in ids {
        row(tx, &id)?;
        let jitter: [u8; 2] = random::bytes();
        let jitter = Duration::from_secs(u64::from(u16::from_be_bytes(jitter)) % 3600);
        tx.prepare_cached("UPDATE metadata_watches SET next_at = ?2 WHERE provider_id = ?1")?
            .execute(params![id, now.plus(EVERY + jitter).millis()])?;
        found.push(provider::find(tx, &id)?);
    }
    Ok(found)
}

/// Looks at one provider's address now and takes what it says.
pub fn look(
    store: &Store,
    provider: &Provider,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let (brought, way) = fetch(store, provider)?;
    let (its, by) = (provider.clone(), by.clone());
    let (new, pinned) = store.write(move |tx| take(tx, &its, brought, way, &by, now))?;
    log(provider, &new, pinned);
    Ok(())
}

/// The document at a provider's address, or why there is none.
pub fn fetch(
    store: &Store,
    provider: &Provider,
) -> Result<(Result<Vec<u8>, DirectoryError>, Way), DirectoryError> {
    let url = provider.metadata_url.clone().ok_or_else(|| {
        DirectoryError::conflict(
            "metadata_url",
            "this provider has no metadata URL: it was set up by hand or from a file",
        )
    })?;
    let reach = store.read(|conn| reach(conn, provider))?;
    let way = if is_https(&url) {
        Way::Https
    } else {
        Way::Loopback
    };
    Ok((metadata_source::fetch(&url, reach), way))
}

/// How far the appliance looks for this provider's address by itself.
pub fn reach(conn: &Connection, provider: &Provider) -> Result<Reach, DirectoryError> {
    let operators: Option<String> = conn
        .prepare_cached("SELECT operators FROM metadata_watches WHERE provider_id = ?1")?
        .query_row([&provider.id], |row| row.get(0))
        .optional()?
        .flatten();
    if operators.is_some() && operators == provider.metadata_url {
        return Ok(Reach::Anywhere);
    }
    let organization = organization::find_by_id(conn, &provider.organization_id)?;
    Ok(metadata_source::reach_of(&organization))
}

/// Says what a look brought.
pub fn log(provider: &Provider, new: &[String], pinned: bool) {
    for fingerprint in new {
        let provider = provider.id.as_str();
        if pinned {
            tracing::warn!(provider, %fingerprint, "metadata published a certificate: pinned");
        } else {
            tracing::warn!(provider, %fingerprint, "metadata published a certificate: an admin must accept it");
        }
    }
}
