//! Deliveries that wait, in the database.

use std::time::Duration;

use rusqlite::{Connection, Row, params};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::store::StoreError;

/// How long to wait after each failed attempt; after the last of them it is given up. A day and
/// seven hours in all, and then one attempt more.
const WAITS: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(3_600),
    Duration::from_secs(6 * 3_600),
    Duration::from_secs(24 * 3_600),
];

/// Characters of an error that are kept.
const LONGEST_ERROR: usize = 200;

/// A delivery whose time has come.
pub(super) struct Due {
    pub(super) event_id: String,
    pub(super) webhook_id: String,
    pub(super) url: String,
    pub(super) secret: Zeroizing<Vec<u8>>,
    pub(super) attempts: i64,
    at: Timestamp,
    kind: String,
    data: String,
}

impl Due {
    /// What is sent: `type`, `timestamp` and `data`, as Standard Webhooks names them.
    pub(super) fn body(&self) -> Vec<u8> {
        let data: Value = serde_json::from_str(&self.data).unwrap_or_default();
        json!({ "type": self.kind, "timestamp": self.at, "data": data })
            .to_string()
            .into_bytes()
    }
}

/// The oldest due delivery of each webhook: one that hangs holds nobody else's up.
pub(super) fn due(conn: &Connection, now: Timestamp) -> Result<Vec<Due>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT min(d.event_id) AS event_id, d.webhook_id, d.attempts, w.url, w.secret,
             e.at, e.kind, e.data
         FROM deliveries d
         JOIN webhooks w ON w.id = d.webhook_id
         JOIN events e ON e.id = d.event_id
         WHERE d.next_at IS NOT NULL AND d.next_at <= ?1
         GROUP BY d.webhook_id",
    )?;
    let rows = statement.query_map([now.millis()], read_due)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The deliveries of one event that have not arrived, due or not.
pub(super) fn of_event(conn: &Connection, event_id: &str) -> Result<Vec<Due>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT d.event_id, d.webhook_id, d.attempts, w.url, w.secret, e.at, e.kind, e.data
         FROM deliveries d
         JOIN webhooks w ON w.id = d.webhook_id
         JOIN events e ON e.id = d.event_id
         WHERE d.event_id = ?1 AND d.delivered_at IS NULL",
    )?;
    let rows = statement.query_map([event_id], read_due)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read_due(row: &Row<'_>) -> rusqlite::Result<Due> {
    Ok(Due {
        event_id: row.get("event_id")?,
        webhook_id: row.get("webhook_id")?,
        url: row.get("url")?,
        secret: Zeroizing::new(row.get("secret")?),
        attempts: row.get("attempts")?,
        at: Timestamp::from_millis(row.get("at")?),
        kind: row.get("kind")?,
        data: row.get("data")?,
    })
}

/// Notes that a delivery arrived.
pub(super) fn arrived(
    tx: &Connection,
    event_id: &str,
    webhook_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE deliveries SET attempts = attempts + 1, next_at = NULL, delivered_at = ?3,
             last_error = NULL
         WHERE event_id = ?1 AND webhook_id = ?2",
    )?
    .execute(params![event_id, webhook_id, now.millis()])?;
    Ok(())
}

/// Notes that an attempt failed. Returns when the next one is, or `None`: it was given up.
pub(super) fn failed(
    tx: &Connection,
    delivery: (&str, &str),
    attempts: i64,
    error: &str,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let next = usize::try_from(attempts)
        .ok()
        .and_then(|made| WAITS.get(made))
        .map(|wait| now.plus(*wait));
    put_failure(tx, delivery, error, next)?;
    Ok(next)
}

/// Notes that an attempt failed, and when the next one is, if there is one.
pub(super) fn put_failure(
    tx: &Connection,
    (event_id, webhook_id): (&str, &str),
    error: &str,
    next: Option<Timestamp>,
) -> Result<(), StoreError> {
    let error: String = error.chars().take(LONGEST_ERROR).collect();
    tx.prepare_cached(
        "UPDATE deliveries SET attempts = attempts + 1, next_at = ?3, last_error = ?4
         WHERE event_id = ?1 AND webhook_id = ?2",
    )?
    .execute(params![
        event_id,
        webhook_id,
        next.map(Timestamp::millis),
        error
    ])?;
    Ok(())
}

/// A delivery that never arrived.
#[derive(Clone, Debug)]
pub struct GivenUp {
    /// When its event happened.
    pub at: Timestamp,
    /// Scheme and host it was for.
    pub origin: String,
    /// What was wrong the last time.
    pub error: String,
}

/// Deliveries of events later than `after` that were given up, newest first. Tests don't count.
pub fn given_up(
    conn: &Connection,
    after: Timestamp,
    limit: usize,
) -> Result<Vec<GivenUp>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT e.at, w.url, d.last_error
         FROM events e
         JOIN deliveries d ON d.event_id = e.id
         JOIN webhooks w ON w.id = d.webhook_id
         WHERE e.at > ?1 AND e.kind <> 'webhook.test'
             AND d.next_at IS NULL AND d.delivered_at IS NULL
         ORDER BY e.at DESC LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![after.millis(), limit], |row| {
        let url: String = row.get("url")?;
        Ok(GivenUp {
            at: Timestamp::from_millis(row.get("at")?),
            origin: super::Address::origin_of(&url),
            error: row
                .get::<_, Option<String>>("last_error")?
                .unwrap_or_default(),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::audit::Author;
    use crate::observe::event::{self, Event};
    use crate::observe::webhook::{Address, Kinds, add};
    use crate::store::scratch;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[test]
    fn waits_grow_and_end() {
        let conn = scratch::connection();
        let by = Author::command_line();
        let address: Address = "https://hooks.example/x".parse().unwrap();
        add(&conn, &address, &Kinds::of([]).unwrap(), &by, NOW).unwrap();
        let event = Event {
            kind: event::BREAK_GLASS_USED,
            organization_id: None,
            data: serde_json::Map::new(),
        };
        event::append(&conn, &event, NOW).unwrap();
        let mut now = NOW;
        let mut waits = Vec::new();
        loop {
            assert!(
                due(&conn, now.minus(Duration::from_millis(1)))
                    .unwrap()
                    .is_empty()
            );
            let found = due(&conn, now).unwrap().remove(0);
            let delivery = (found.event_id.as_str(), found.webhook_id.as_str());
            match failed(&conn, delivery, found.attempts, "answered 500", now).unwrap() {
                Some(next) => {
                    waits.push(next.since(now).as_secs());
                    now = next;
                }
                None => break,
            }
        }
        assert_eq!(waits, [5, 30, 120, 600, 3_600, 21_600, 86_400]);
        assert!(
            due(&conn, now.plus(Duration::from_secs(1 << 30)))
                .unwrap()
                .is_empty()
        );
        let given_up = given_up(&conn, NOW.minus(WAITS[0]), 10).unwrap();
        assert_eq!(given_up[0].error, "answered 500");
        assert_eq!(given_up[0].origin, "https://hooks.example");
    }

    #[test]
    fn one_webhook_has_one_turn_and_the_oldest_goes_first() {
        let conn = scratch::connection();
        let by = Author::command_line();
        let address: Address = "https://hooks.example/x".parse().unwrap();
        for _ in 0..2 {
            add(&conn, &address, &Kinds::of([]).unwrap(), &by, NOW).unwrap();
        }
        let event = Event {
            kind: event::BREAK_GLASS_USED,
            organization_id: None,
            data: serde_json::Map::new(),
        };
        let first = event::append(&conn, &event, NOW).unwrap();
        event::append(&conn, &event, NOW.plus(WAITS[0])).unwrap();
        let found = due(&conn, NOW.plus(WAITS[1])).unwrap();
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|due| due.event_id == first));
    }
}
