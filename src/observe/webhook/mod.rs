//! Webhooks: where events are sent to, so that somebody hears of a break-glass sign-in who isn't
//! looking at the console.
//!
//! Deliveries follow Standard Webhooks 1.0 (standardwebhooks.com): a JSON body with `type`,
//! `timestamp` and `data`, signed with a secret that only the receiver and we know. What is queued
//! is in the database, so that it outlives a restart; it is sent at least once, always under the
//! same `webhook-id`.

mod address;
mod courier;
mod queue;
mod signature;

use data_encoding::BASE64;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use zeroize::Zeroizing;

pub use self::address::Address;
pub use self::courier::{Courier, try_once};
pub use self::queue::{GivenUp, given_up};
pub use self::signature::sign;
use super::audit::{self, Author, Entry, Target};
use super::event;
use crate::clock::Timestamp;
use crate::store::{StoreError, id, random};

/// Webhooks there can be.
pub const MOST: i64 = 20;

/// Bytes of a signing secret (Standard Webhooks: 24 to 64).
const SECRET: usize = 32;

/// A webhook, without its secret.
#[derive(Clone, Debug, Serialize)]
pub struct Webhook {
    /// Names it.
    pub id: String,
    /// Where it sends to.
    pub url: String,
    /// The kinds of events it wants; none stands for all.
    pub kinds: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Deliveries that wait for their next attempt.
    pub pending: i64,
    /// When something last arrived.
    pub last_delivered_at: Option<Timestamp>,
    /// What was wrong with the newest delivery that has not arrived.
    pub last_error: Option<String>,
}

/// The kinds of events that a webhook wants; none stands for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kinds(Vec<&'static str>);

impl Kinds {
    /// From words of [`event::KINDS`].
    ///
    /// # Errors
    /// [`WebhookError::Kind`] names what isn't one.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, WebhookError> {
        let mut kinds = Vec::new();
        for word in words {
            let known = event::KINDS.iter().map(|(known, _)| *known);
            let kind =
                known
                    .clone()
                    .find(|known| *known == word)
                    .ok_or_else(|| WebhookError::Kind {
                        word: word.chars().take(80).collect(),
                        known: known.collect::<Vec<_>>().join(", "),
                    })?;
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        Ok(Self(kinds))
    }
}

/// Why a webhook was not made or found.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// Nowhere that anything is sent to.
    #[error("{0}")]
    Address(&'static str),
    /// No kind of event.
    #[error("`{word}` is no kind of event; there are {known}")]
    Kind {
        /// What was given.
        word: String,
        /// What there is.
        known: String,
    },
    /// There are as many as there can be.
    #[error("there are {MOST} webhooks already; delete one first")]
    TooMany,
    /// None has this id.
    #[error("there is no webhook of that id")]
    Unknown,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for WebhookError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Makes a webhook. Returns it and its secret as Standard Webhooks writes it (`whsec_` and
/// base64), to be shown this once: it has to be kept to sign with, but nobody reads it again.
pub fn add(
    tx: &Connection,
    address: &Address,
    kinds: &Kinds,
    by: &Author,
    now: Timestamp,
) -> Result<(Webhook, Zeroizing<String>), WebhookError> {
    let count: i64 = tx
        .prepare_cached("SELECT count(*) FROM webhooks")?
        .query_row([], |row| row.get(0))?;
    if count >= MOST {
        return Err(WebhookError::TooMany);
    }
    let id = id::new(now);
    let secret = Zeroizing::new(random::bytes::<SECRET>());
    tx.prepare_cached(
        "INSERT INTO webhooks (id, url, secret, kinds, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        id,
        address.as_str(),
        secret.as_slice(),
        kinds.0.join(" "),
        now.millis()
    ])?;
    let origin = address.origin();
    let entry = Entry {
        action: "webhook.created",
        organization_id: None,
        target: target(&id, &origin),
        detail: audit::detail([("kinds", kinds.0.clone().into())]),
    };
    audit::record(tx, by, &entry, now)?;
    let mut shown = Zeroizing::new("whsec_".to_owned());
    BASE64.encode_append(secret.as_slice(), &mut shown);
    Ok((find(tx, &id)?, shown))
}

/// All webhooks, oldest first.
pub fn list(conn: &Connection) -> Result<Vec<Webhook>, StoreError> {
    let sql = format!("{COLUMNS} ORDER BY created_at, id LIMIT {MOST}");
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One webhook.
pub fn find(conn: &Connection, id: &str) -> Result<Webhook, WebhookError> {
    conn.prepare_cached(&format!("{COLUMNS} WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?
        .ok_or(WebhookError::Unknown)
}

/// Removes a webhook and what waits to be sent to it.
pub fn delete(
    tx: &Connection,
    id: &str,
    by: &Author,
    now: Timestamp,
) -> Result<Webhook, WebhookError> {
    let found = find(tx, id)?;
    tx.prepare_cached("DELETE FROM webhooks WHERE id = ?1")?
        .execute([id])?;
    let origin = Address::origin_of(&found.url);
    let entry = Entry {
        action: "webhook.deleted",
        organization_id: None,
        target: target(id, &origin),
        detail: audit::detail([]),
    };
    audit::record(tx, by, &entry, now)?;
    Ok(found)
}

/// Queues a test for one webhook. Returns the event's id.
pub fn test(
    tx: &Connection,
    id: &str,
    by: &Author,
    now: Timestamp,
) -> Result<String, WebhookError> {
    add_test(tx, id, Some(now), by, now)
}

/// Adds a test for one webhook that waits for [`try_once`] and no courier. Returns the event's id.
pub fn test_once(
    tx: &Connection,
    id: &str,
    by: &Author,
    now: Timestamp,
) -> Result<String, WebhookError> {
    add_test(tx, id, None, by, now)
}

fn add_test(
    tx: &Connection,
    id: &str,
    next_at: Option<Timestamp>,
    by: &Author,
    now: Timestamp,
) -> Result<String, WebhookError> {
    let found = find(tx, id)?;
    let event = event::Event {
        kind: event::WEBHOOK_TEST,
        organization_id: None,
        data: audit::detail([("by", by.name.clone().into())]),
    };
    let event_id = event::insert(tx, &event, now)?;
    tx.prepare_cached(
        "INSERT INTO deliveries (event_id, webhook_id, next_at) VALUES (?1, ?2, ?3)",
    )?
    .execute(params![event_id, id, next_at.map(Timestamp::millis)])?;
    let origin = Address::origin_of(&found.url);
    let entry = Entry {
        action: "webhook.tested",
        organization_id: None,
        target: target(id, &origin),
        detail: audit::detail([]),
    };
    audit::record(tx, by, &entry, now)?;
    Ok(event_id)
}

/// A path is often a secret of its own, so that the log has no more than the host.
fn target<'a>(id: &'a str, origin: &'a str) -> Target<'a> {
    Target {
        kind: "webhook",
        id: Some(id),
        name: origin,
    }
}

const COLUMNS: &str = "SELECT id, url, kinds, created_at,
    (SELECT count(*) FROM deliveries WHERE webhook_id = id AND next_at IS NOT NULL) AS pending,
    (SELECT max(delivered_at) FROM deliveries WHERE webhook_id = id) AS last_delivered_at,
    (SELECT last_error FROM deliveries WHERE webhook_id = id AND delivered_at IS NULL
        AND last_error IS NOT NULL ORDER BY event_id DESC LIMIT 1) AS last_error
    FROM webhooks";

fn read(row: &Row<'_>) -> rusqlite::Result<Webhook> {
    let kinds: String = row.get("kinds")?;
    Ok(Webhook {
        id: row.get("id")?,
        url: row.get("url")?,
        kinds: kinds.split_whitespace().map(str::to_owned).collect(),
        created_at: Timestamp::from_millis(row.get("created_at")?),
        pending: row.get("pending")?,
        last_delivered_at: row
            .get::<_, Option<i64>>("last_delivered_at")?
            .map(Timestamp::from_millis),
        last_error: row.get("last_error")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::scratch;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[test]
    fn there_are_so_many_and_no_more() {
        let conn = scratch::connection();
        let by = Author::command_line();
        let address: Address = "https://hooks.example/secret-path".parse().unwrap();
        let all = Kinds::of([]).unwrap();
        for _ in 0..MOST {
            add(&conn, &address, &all, &by, NOW).unwrap();
        }
        let one_more = add(&conn, &address, &all, &by, NOW);
        assert!(matches!(one_more, Err(WebhookError::TooMany)));
        let first = list(&conn).unwrap().remove(0);
        test(&conn, &first.id, &by, NOW).unwrap();
        assert_eq!(find(&conn, &first.id).unwrap().pending, 1);
        delete(&conn, &first.id, &by, NOW).unwrap();
        assert!(matches!(
            delete(&conn, &first.id, &by, NOW),
            Err(WebhookError::Unknown)
        ));
        let told: i64 = conn
            .query_row(
                "SELECT count(*) FROM audit WHERE target_name LIKE '%secret-path%'
                     OR detail LIKE '%secret-path%'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(told, 0);
        assert!(matches!(
            Kinds::of(["break-glass.used", "user.created"]),
            Err(WebhookError::Kind { .. })
        ));
    }
}
