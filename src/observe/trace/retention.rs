//! How many traces are kept and for how long. Accepted and refused ones have caps of their own: a
//! busy week of pushes must not push out the refusal that somebody is about to look up.

use std::time::Duration;

use rusqlite::{Connection, params};
use serde::Serialize;
use serde_json::json;

use super::quota;
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry};
use crate::store::{StoreError, setting};

/// Days that can be chosen.
pub const DAYS: std::ops::RangeInclusive<i64> = 1..=3_650;

/// Numbers that can be chosen. One takes about 2 KB, 16 at most.
pub const COUNTS: std::ops::RangeInclusive<i64> = 1_000..=10_000_000;

const DAYS_KEPT: &str = "trace_days";
const ACCEPTED: &str = "trace_accepted";
const REFUSED: &str = "trace_refused";

const DAY: Duration = Duration::from_secs(86_400);

/// Rows that one [`prune`] removes for each reason, so that other changes don't wait long.
const PRUNED_AT_ONCE: i64 = 2_000;

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Retention {
    /// For so many days, at most.
    pub days: i64,
    /// So many that were accepted, at most.
    pub accepted: i64,
    /// So many that were refused, at most.
    pub refused: i64,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            days: 30,
            accepted: 50_000,
            refused: 100_000,
        }
    }
}

/// What is to be changed; `None` keeps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Days.
    pub days: Option<i64>,
    /// Accepted ones.
    pub accepted: Option<i64>,
    /// Refused ones.
    pub refused: Option<i64>,
}

impl Wanted {
    /// The field that is out of its range, and what was expected.
    pub fn wrong(&self) -> Option<(&'static str, &'static str)> {
        let out = |value: Option<i64>, range: std::ops::RangeInclusive<i64>| {
            value.is_some_and(|value| !range.contains(&value))
        };
        const NUMBER: &str = "expected 1000 to 10000000";
        if out(self.days, DAYS) {
            Some(("days", "expected 1 to 3650"))
        } else if out(self.accepted, COUNTS) {
            Some(("accepted", NUMBER))
        } else if out(self.refused, COUNTS) {
            Some(("refused", NUMBER))
        } else {
            None
        }
    }
}

/// What is kept now.
///
/// # Errors
/// [`StoreError`].
pub fn read(conn: &Connection) -> Result<Retention, StoreError> {
    let ordinary = Retention::default();
    let number = |name, range: std::ops::RangeInclusive<i64>, or| {
        Ok::<_, StoreError>(
            setting::read(conn, name)?
                .and_then(|text| text.parse().ok())
                .filter(|number| range.contains(number))
                .unwrap_or(or),
        )
    };
    Ok(Retention {
        days: number(DAYS_KEPT, DAYS, ordinary.days)?,
        accepted: number(ACCEPTED, COUNTS, ordinary.accepted)?,
        refused: number(REFUSED, COUNTS, ordinary.refused)?,
    })
}

/// Changes what is kept; what [`Wanted::wrong`] names must have been refused before.
///
/// # Errors
/// [`StoreError`].
pub fn change(
    tx: &Connection,
    wanted: &Wanted,
    by: &Author,
    now: Timestamp,
) -> Result<Retention, StoreError> {
    let before = read(tx)?;
    for (name, value) in [
        (DAYS_KEPT, wanted.days),
        (ACCEPTED, wanted.accepted),
        (REFUSED, wanted.refused),
    ] {
        if let Some(value) = value {
            setting::write(tx, name, &value.to_string())?;
        }
    }
    let after = read(tx)?;
    if before != after {
        let entry = Entry {
            action: "traces.retention-changed",
            organization_id: None,
            target: audit::Target {
                kind: "traces",
                id: None,
                name: "the traces",
            },
            detail: audit::detail([("before", json!(before)), ("after", json!(after))]),
        };
        audit::record(tx, by, &entry, now)?;
    }
    Ok(after)
}

/// Removes traces that are too old or too many, some thousands at once; returns how many. To be
/// called again while it is not zero.
///
/// # Errors
/// [`StoreError`].
pub fn prune(conn: &Connection, now: Timestamp) -> Result<usize, StoreError> {
    quota::prune(conn, now)?;
    let kept = read(conn)?;
    let days = u32::try_from(kept.days).unwrap_or(u32::MAX);
    let mut gone = conn
        .prepare_cached(
            "DELETE FROM traces WHERE id IN
                 (SELECT id FROM traces WHERE at < ?1 ORDER BY at LIMIT ?2)",
        )?
        .execute(params![now.minus(DAY * days).millis(), PRUNED_AT_ONCE])?;
    for (outcome, most) in [("accepted", kept.accepted), ("refused", kept.refused)] {
        gone += conn
            .prepare_cached(
                "DELETE FROM traces WHERE id IN
                     (SELECT id FROM traces WHERE outcome = ?3 ORDER BY at DESC LIMIT ?2 OFFSET ?1)",
            )?
            .execute(params![most, PRUNED_AT_ONCE, outcome])?;
    }
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::scratch;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn fill(conn: &Connection, outcome: &str, count: i64) {
        conn.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
             INSERT INTO traces (reference, at, kind, outcome, code, summary, detail)
             SELECT ?3 || i, ?2 + i, 'scim', ?3, 'ok', '', '{}' FROM n",
            params![count, NOW.millis(), outcome],
        )
        .unwrap();
    }

    fn count(conn: &Connection, outcome: &str) -> i64 {
        conn.query_row(
            "SELECT count(*) FROM traces WHERE outcome = ?1",
            [outcome],
            |row| row.get(0),
        )
        .unwrap()
    }

    #[test]
    fn old_traces_go() {
        let conn = scratch::connection();
        fill(&conn, "refused", 1);
        let last = NOW.plus(Duration::from_millis(1)).plus(DAY * 30);
        assert_eq!(prune(&conn, last).unwrap(), 0);
        assert_eq!(
            prune(&conn, last.plus(Duration::from_millis(1))).unwrap(),
            1
        );
    }

    #[test]
    fn what_was_accepted_does_not_push_out_what_was_refused() {
        let conn = scratch::connection();
        let by = Author::command_line();
        let wanted = Wanted {
            accepted: Some(1_000),
            refused: Some(1_000),
            ..Wanted::default()
        };
        change(&conn, &wanted, &by, NOW).unwrap();
        fill(&conn, "refused", 1_005);
        fill(&conn, "accepted", 6_000);
        while prune(&conn, NOW).unwrap() > 0 {}
        assert_eq!(
            (count(&conn, "refused"), count(&conn, "accepted")),
            (1_000, 1_000)
        );
        let oldest: i64 = conn
            .query_row(
                "SELECT min(at) FROM traces WHERE outcome = 'accepted'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(oldest, NOW.millis() + 5_001);
    }

    #[test]
    fn bounds_are_named() {
        let wrong = |days, accepted, refused| {
            Wanted {
                days,
                accepted,
                refused,
            }
            .wrong()
            .map(|(field, _)| field)
        };
        assert_eq!(wrong(Some(0), None, None), Some("days"));
        assert_eq!(wrong(Some(3_651), None, None), Some("days"));
        assert_eq!(wrong(None, Some(999), None), Some("accepted"));
        assert_eq!(wrong(None, None, Some(10_000_001)), Some("refused"));
        assert_eq!(wrong(Some(1), Some(1_000), None), None);
    }
}
