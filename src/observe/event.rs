//! Things that happened and that somebody may want to be told of.
//!
//! An event is written in the same transaction as what it tells of, and so are the deliveries to
//! every webhook that wants it: there is no use of a break-glass account that is not announced,
//! and no announcement of one that did not happen. Sending is [`super::webhook::Courier`]'s.

use std::time::Duration;

use rusqlite::{Connection, Row, params};
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::store::{StoreError, id};

/// A break-glass account signed in.
pub const BREAK_GLASS_USED: &str = "break-glass.used";
/// A break-glass account was armed.
pub const BREAK_GLASS_ARMED: &str = "break-glass.armed";
/// A break-glass drill was run.
pub const BREAK_GLASS_DRILLED: &str = "break-glass.drilled";
/// A certificate of an identity provider was pinned; `by` says by whose word: `automatic` (nobody's),
/// `accepted`, `laid-in`, `metadata` or `by-hand`.
pub const CERTIFICATE_ADDED: &str = "provider.certificate-added";
/// Metadata published a certificate, which waits for an admin.
pub const CERTIFICATE_WAITING: &str = "provider.certificate-waiting";
/// A certificate in use ends soon, or has ended.
pub const CERTIFICATE_EXPIRING: &str = "certificate.expiring";
/// The brake holds SCIM changes until an admin answers.
pub const SCIM_HELD: &str = "scim.held";
/// Somebody wants to see whether a webhook works.
pub const WEBHOOK_TEST: &str = "webhook.test";

/// Each kind and what it says happened. One may be added, none changes its meaning.
pub const KINDS: &[(&str, &str)] = &[
    (BREAK_GLASS_USED, "A break-glass account signed in"),
    (BREAK_GLASS_ARMED, "A break-glass account was armed"),
    (BREAK_GLASS_DRILLED, "A break-glass drill passed or failed"),
    (
        CERTIFICATE_ADDED,
        "A certificate of an identity provider was pinned: by a look at its metadata, or by somebody",
    ),
    (
        CERTIFICATE_WAITING,
        "An identity provider's metadata published a certificate, which waits for an admin",
    ),
    (
        CERTIFICATE_EXPIRING,
        "A certificate in use ends in 60, 30, 14 or 3 days, or has ended",
    ),
    (
        SCIM_HELD,
        "SCIM changes are held until an admin says yes or no",
    ),
    (WEBHOOK_TEST, "A webhook was tried"),
];

/// How long events are kept.
pub const KEPT: Duration = Duration::from_secs(30 * 86_400);

/// Events removed at once, so that others get in between.
const PIECE: i64 = 1_000;

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// A word of [`KINDS`].
    pub kind: &'static str,
    /// The organization it happened in; `None` is the appliance itself.
    pub organization_id: Option<&'a str>,
    /// What a receiver gets as `data`. No secret, ever.
    pub data: Map<String, Value>,
}

/// An event as it was kept.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its id, the same in every delivery of it.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// A word of [`KINDS`].
    pub kind: String,
    /// What is told of it.
    pub data: Value,
}

/// Keeps an event and queues it for every webhook that wants its kind. To be called within the
/// change it tells of. Returns its id.
///
/// # Errors
/// [`StoreError`] when it could not be written; the change must then not be kept either.
pub fn append(tx: &Connection, event: &Event<'_>, now: Timestamp) -> Result<String, StoreError> {
    let id = insert(tx, event, now)?;
    tx.prepare_cached(
        "INSERT INTO deliveries (event_id, webhook_id, next_at)
         SELECT ?1, id, ?2 FROM webhooks
         WHERE disabled_at IS NULL
             AND (organization_id IS NULL OR organization_id = ?3)
             AND (kinds = '' OR instr(' ' || kinds || ' ', ' ' || ?4 || ' ') > 0)",
    )?
    .execute(params![id, now.millis(), event.organization_id, event.kind])?;
    Ok(id)
}

/// Keeps an event without queueing it for anybody.
pub(super) fn insert(
    tx: &Connection,
    event: &Event<'_>,
    now: Timestamp,
) -> Result<String, StoreError> {
    debug_assert!(
        KINDS.iter().any(|(word, _)| *word == event.kind),
        "{} is not in the list of kinds",
        event.kind
    );
    let id = id::new(now);
    tx.prepare_cached(
        "INSERT INTO events (id, at, organization_id, kind, data) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        id,
        now.millis(),
        event.organization_id,
        event.kind,
        Value::Object(event.data.clone()).to_string()
    ])?;
    Ok(id)
}

/// Events of one kind later than `after`, newest first; those of one organization, or all.
pub fn later_than(
    conn: &Connection,
    kind: &str,
    organization_id: Option<&str>,
    after: Timestamp,
    limit: usize,
) -> Result<Vec<Recorded>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, at, kind, data FROM events WHERE kind = ?1 AND at > ?2
             AND (?4 IS NULL OR organization_id = ?4)
         ORDER BY at DESC, id DESC LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![kind, after.millis(), limit, organization_id], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Removes a piece of what is older than [`KEPT`] and waits for no delivery; returns how many
/// went. To be called again while it is not zero.
pub fn prune(conn: &Connection, now: Timestamp) -> Result<usize, StoreError> {
    Ok(conn
        .prepare_cached(
            "DELETE FROM events WHERE id IN
                 (SELECT id FROM events WHERE at < ?1 AND NOT EXISTS
                      (SELECT 1 FROM deliveries WHERE event_id = id AND next_at IS NOT NULL)
                  ORDER BY at LIMIT ?2)",
        )?
        .execute(params![now.minus(KEPT).millis(), PIECE])?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Recorded> {
    let data: String = row.get("data")?;
    Ok(Recorded {
        id: row.get("id")?,
        at: Timestamp::from_millis(row.get("at")?),
        kind: row.get("kind")?,
        data: serde_json::from_str(&data).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::audit::Author;
    use crate::observe::webhook::{self, Address};
    use crate::store::scratch;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn event(kind: &'static str) -> Event<'static> {
        Event {
            kind,
            organization_id: None,
            data: Map::new(),
        }
    }

    #[test]
    fn an_event_is_queued_for_whoever_wants_its_kind() {
        let conn = scratch::connection();
        let by = Author::command_line();
        let address: Address = "https://hooks.example/x".parse().unwrap();
        for kinds in ["", "break-glass.used webhook.test", "break-glass.drilled"] {
            let kinds = webhook::Kinds::of(kinds.split_whitespace()).unwrap();
            webhook::add(&conn, &address, &kinds, &by, NOW).unwrap();
        }
        append(&conn, &event(BREAK_GLASS_USED), NOW).unwrap();
        let queued: i64 = conn
            .query_row("SELECT count(*) FROM deliveries", [], |row| row.get(0))
            .unwrap();
        assert_eq!(queued, 2);
        let found = later_than(&conn, BREAK_GLASS_USED, None, NOW.minus(KEPT), 10).unwrap();
        assert_eq!((found.len(), found[0].at), (1, NOW));
    }

    #[test]
    fn old_events_go_once_nobody_waits_for_them() {
        let conn = scratch::connection();
        let by = Author::command_line();
        let address: Address = "https://hooks.example/x".parse().unwrap();
        append(&conn, &event(BREAK_GLASS_USED), NOW).unwrap();
        let all = webhook::Kinds::of([]).unwrap();
        webhook::add(&conn, &address, &all, &by, NOW).unwrap();
        append(&conn, &event(BREAK_GLASS_USED), NOW).unwrap();
        let later = NOW.plus(KEPT + Duration::from_secs(1));
        assert_eq!(prune(&conn, NOW).unwrap(), 0);
        assert_eq!(prune(&conn, later).unwrap(), 1);
        conn.execute("UPDATE deliveries SET next_at = NULL", [])
            .unwrap();
        assert_eq!(prune(&conn, later).unwrap(), 1);
    }
}
