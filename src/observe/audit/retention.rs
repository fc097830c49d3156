//! How long lines are kept. The oldest go from the beginning only; the hash of the last one that
//! went stays as the anchor of the chain, and a line tells of it, so that the rest can be checked.

use std::time::Duration;

use data_encoding::HEXLOWER;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use super::{Author, Entry, Target, detail, record};
use crate::clock::Timestamp;
use crate::store::{StoreError, setting};

/// Days that can be chosen.
pub const DAYS: std::ops::RangeInclusive<u32> = 1..=36_500;

const SETTING: &str = "audit_retention_days";
const DAY: Duration = Duration::from_secs(86_400);

/// Lines that one removal takes, so that other changes don't wait long.
const PRUNED_AT_ONCE: i64 = 5_000;

/// How many days lines are kept; `None` is for good.
pub fn days(conn: &Connection) -> Result<Option<u32>, StoreError> {
    Ok(setting::read(conn, SETTING)?
        .and_then(|text| text.parse().ok())
        .filter(|days| DAYS.contains(days)))
}

/// Sets for how many days lines are kept; `None` is for good.
pub fn keep(
    tx: &Connection,
    wanted: Option<u32>,
    by: &Author,
    now: Timestamp,
) -> Result<(), StoreError> {
    let before = days(tx)?;
    if before == wanted {
        return Ok(());
    }
    let text = wanted.map_or_else(|| "forever".to_owned(), |days| days.to_string());
    setting::write(tx, SETTING, &text)?;
    let entry = Entry {
        action: "audit.retention-changed",
        organization_id: None,
        target: LOG,
        detail: detail([
            ("before", json!({ "days": before })),
            ("after", json!({ "days": wanted })),
        ]),
    };
    record(tx, by, &entry, now).map(|_| ())
}

const LOG: Target<'_> = Target {
    kind: "audit",
    id: None,
    name: "the audit log",
};

/// Before which time lines are due to go; `None` while the oldest is less than a day beyond its
/// time, so that a removal, which leaves a line itself, happens once a day at most.
pub fn due(conn: &Connection, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let Some(days) = days(conn)? else {
        return Ok(None);
    };
    let limit = now.minus(DAY * days);
    let oldest: Option<i64> = conn
        .prepare_cached("SELECT at FROM audit ORDER BY seq LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(oldest
        .is_some_and(|at| at < limit.minus(DAY).millis())
        .then_some(limit))
}

/// Removes lines older than `older_than`, some thousands at once; returns how many. Lines go in
/// their order: the first one that is young enough keeps all that follow.
pub fn prune(
    tx: &Connection,
    older_than: Timestamp,
    by: &Author,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let first: Option<i64> = tx
        .prepare_cached("SELECT min(seq) FROM audit")?
        .query_row([], |row| row.get(0))?;
    let kept: Option<i64> = tx
        .prepare_cached("SELECT min(seq) FROM audit WHERE at >= ?1")?
        .query_row([older_than.millis()], |row| row.get(0))?;
    let Some(first) = first else {
        return Ok(0);
    };
    let end = kept
        .unwrap_or(i64::MAX)
        .min(first.saturating_add(PRUNED_AT_ONCE));
    let last: Option<(i64, Vec<u8>)> = tx
        .prepare_cached("SELECT seq, hash FROM audit WHERE seq < ?1 ORDER BY seq DESC LIMIT 1")?
        .query_row([end], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((last, hash)) = last else {
        return Ok(0);
    };
    let removed: i64 = tx
        .prepare_cached("SELECT count(*) FROM audit WHERE seq <= ?1")?
        .query_row([last], |row| row.get(0))?;
    tx.prepare_cached(
        "INSERT INTO audit_anchors (seq, hash, removed, at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![last, hash, removed, now.millis()])?;
    let gone = tx
        .prepare_cached("DELETE FROM audit WHERE seq <= ?1")?
        .execute([last])?;
    let entry = Entry {
        action: "audit.pruned",
        organization_id: None,
        target: LOG,
        detail: detail([
            ("older_than", json!(older_than)),
            ("first_seq", json!(first)),
            ("last_seq", json!(last)),
            ("last_hash", json!(HEXLOWER.encode(&hash))),
            ("removed", json!(removed)),
        ]),
    };
    record(tx, by, &entry, now)?;
    Ok(gone)
}
