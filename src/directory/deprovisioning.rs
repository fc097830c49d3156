//! Taking away everything that lets a person in, in the transaction that switches them off, and the
//! proof of how long that took.

use rusqlite::{Connection, Row, params};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{DirectoryError, PageRequest};
use crate::access::session;
use crate::clock::{self, Timestamp};
use crate::observe::audit;

/// Lines that the figures are made from.
const MOST_MEASURED: i64 = 1_000;

/// What ended with somebody's access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// Sessions.
    pub sessions: usize,
    /// API tokens that worked.
    pub tokens: usize,
    /// Links to join or to set a password that nobody had used.
    pub invitations: usize,
}

impl Ended {
    /// Whether there was nothing to end.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Ends everything that lets a user in without a new sign-in: sessions, API tokens, pending
/// invitations. Nothing of it comes back when the user does.
pub fn end_access(tx: &Connection, user_id: &str, now: Timestamp) -> Result<Ended, DirectoryError> {
    let sessions = session::end_of_user(tx, user_id)?;
    let tokens = tx
        .prepare_cached(
            "UPDATE tokens SET revoked_at = ?2
             WHERE user_id = ?1 AND revoked_at IS NULL
                 AND (expires_at IS NULL OR expires_at > ?2)",
        )?
        .execute(params![user_id, now.millis()])?;
    let invitations = tx
        .prepare_cached(
            "UPDATE invitations SET revoked_at = ?2
             WHERE user_id = ?1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > ?2",
        )?
        .execute(params![user_id, now.millis()])?;
    Ok(Ended {
        sessions,
        tokens,
        invitations,
    })
}

/// What a line says of it: what ended, and how long it took from the arrival of the request to
/// this line, which is written in the same transaction, right before its commit.
pub(super) fn detail(ended: &Ended, arrived: Timestamp) -> Map<String, Value> {
    let took = clock::now().since(arrived);
    audit::detail([
        ("ended", json!(ended)),
        ("took_ms", json!(super::millis(took))),
    ])
}

/// One deactivation or deletion.
#[derive(Debug, Serialize)]
pub struct Line {
    seq: i64,
    at: Timestamp,
    /// `deactivated` or `deleted`.
    what: &'static str,
    user: Person,
    actor: Actor,
    via: String,
    ended: Value,
    took_ms: i64,
}

impl Line {
    /// When, what, by which way, how long, what ended and whose it was, as words for a table.
    pub fn cells(&self) -> Vec<String> {
        let ended = |kind: &str| self.ended.get(kind).and_then(Value::as_u64).unwrap_or(0);
        vec![
            self.at.to_string(),
            self.what.to_owned(),
            self.via.clone(),
            format!("{} ms", self.took_ms),
            format!(
                "{} sessions, {} tokens, {} invitations",
                ended("sessions"),
                ended("tokens"),
                ended("invitations")
            ),
            self.user.user_name.clone(),
        ]
    }
}

#[derive(Debug, Serialize)]
struct Actor {
    kind: String,
    name: String,
}

#[derive(Debug, Serialize)]
struct Person {
    id: Option<String>,
    #[serde(rename = "userName")]
    user_name: String,
}

/// The latest deactivations and deletions of an organization, newest first.
#[derive(Debug, Serialize)]
pub struct Report {
    /// This page of them.
    pub items: Vec<Line>,
    /// Unknown: counting would cost a scan.
    pub total: Option<i64>,
    /// Pass as `after` for the next page.
    pub next: Option<String>,
    /// How many the figures are made from: the latest, 1,000 at most.
    pub count: usize,
    /// Half of those took no longer than this.
    pub p50_ms: Option<i64>,
    /// 99 of 100 of those took no longer than this.
    pub p99_ms: Option<i64>,
}

/// Reads the report from the audit log.
pub fn report(
    conn: &Connection,
    organization_id: &str,
    request: &PageRequest,
) -> Result<Report, DirectoryError> {
    let before = match &request.after {
        None => i64::MAX,
        Some(text) => text.parse().map_err(|_| {
            DirectoryError::invalid("after", "expected the `next` of the page before")
        })?,
    };
    let page = request.page(
        lines(conn, organization_id, before, request.limit as i64 + 1)?,
        None,
        |line| line.seq.to_string(),
    );
    let mut took: Vec<i64> = lines(conn, organization_id, i64::MAX, MOST_MEASURED)?
        .iter()
        .map(|line| line.took_ms)
        .collect();
    took.sort_unstable();
    Ok(Report {
        items: page.items,
        total: None,
        next: page.next,
        count: took.len(),
        p50_ms: percentile(&took, 50),
        p99_ms: percentile(&took, 99),
    })
}

/// The nearest-rank percentile of sorted values.
fn percentile(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

fn lines(
    conn: &Connection,
    organization_id: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<Line>, DirectoryError> {
    let half = |action: &str| {
        format!(
            "SELECT * FROM (SELECT seq, at, action, target_id, target_name, actor_kind, actor_name, via, detail
                            FROM audit
                            WHERE organization_id = ?1 AND action = '{action}' AND seq < ?2
                            ORDER BY seq DESC LIMIT ?3)"
        )
    };
    let mut statement = conn.prepare_cached(&format!(
        "{} UNION ALL {} ORDER BY seq DESC LIMIT ?3",
        half("user.deactivated"),
        half("user.deleted")
    ))?;
    let rows = statement.query_map(params![organization_id, before, limit], line)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn line(row: &Row<'_>) -> rusqlite::Result<Line> {
    let what = if row.get_ref("action")?.as_str()? == "user.deleted" {
        "deleted"
    } else {
        "deactivated"
    };
    let detail: Value = serde_json::from_str(row.get_ref("detail")?.as_str()?).unwrap_or_default();
    Ok(Line {
        seq: row.get("seq")?,
        at: Timestamp::from_millis(row.get("at")?),
        what,
        user: Person {
            id: row.get("target_id")?,
            user_name: row.get("target_name")?,
        },
        actor: Actor {
            kind: row.get("actor_kind")?,
            name: row.get("actor_name")?,
        },
        via: row.get("via")?,
        ended: detail.get("ended").cloned().unwrap_or_default(),
        took_ms: detail.get("took_ms").and_then(Value::as_i64).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rank() {
        let sorted: Vec<i64> = (1..=200).collect();
        assert_eq!(percentile(&sorted, 50), Some(100));
        assert_eq!(percentile(&sorted, 99), Some(198));
        assert_eq!(percentile(&[7], 99), Some(7));
        assert_eq!(percentile(&[], 50), None);
    }
}
