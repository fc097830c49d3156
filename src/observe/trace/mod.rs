//! The record of one exchange: what was expected, what came, which check failed, what to change.
//!
//! A person who is refused reads out a reference, and their administrator finds the trace by it.
//! Traces are redacted before they come here: no secrets, no assertions, no more about a person
//! than who they said they were.

mod quota;
mod reference;
mod vocabulary;

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::{Map, Value};

pub use self::quota::{Source, write_refused};
pub use self::vocabulary::{Kind, Outcome};
use crate::clock::Timestamp;
use crate::store::{StoreError, id};

/// How long a trace is kept, at most.
pub const KEPT: Duration = Duration::from_secs(30 * 86_400);

/// How many are kept, at most.
pub const MOST: i64 = 100_000;

/// Bytes of a trace's detail, as JSON.
pub const LONGEST_DETAIL: usize = 16 * 1024;

const LONGEST_SUMMARY: usize = 1024;
const LONGEST_CODE: usize = 128;

/// Traces in one answer.
const MOST_LISTED: usize = 200;

/// Rows that one [`prune`] removes for each reason, so that other changes don't wait long.
const PRUNED_AT_ONCE: i64 = 5_000;

/// What is to be kept of an exchange.
#[derive(Clone, Debug)]
pub struct Record {
    /// What kind of exchange it was.
    pub kind: Kind,
    /// Whose, if that's known.
    pub organization_id: Option<String>,
    /// By which provider, if that's known.
    pub provider_id: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// The failed check, or `ok`.
    pub code: String,
    /// One sentence.
    pub summary: String,
    /// An object: the checks, what to change, and so on. Members that don't fit into
    /// [`LONGEST_DETAIL`] are left out and named under `omitted`.
    pub detail: Value,
}

/// A record that was kept.
#[derive(Clone, Debug, Serialize)]
pub struct Trace {
    /// What a person reads out.
    pub reference: String,
    /// When it happened.
    pub at: Timestamp,
    /// What kind of exchange it was.
    pub kind: Kind,
    /// Whose, if that's known.
    #[serde(rename = "organization")]
    pub organization_id: Option<String>,
    /// By which provider, if that's known.
    #[serde(rename = "provider")]
    pub provider_id: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// The failed check, or `ok`.
    pub code: String,
    /// One sentence.
    pub summary: String,
    /// The checks, what to change, and so on.
    pub detail: Value,
}

/// Which traces to list; `None` is any.
#[derive(Clone, Debug, Default)]
pub struct Filter<'a> {
    /// Of this organization.
    pub organization_id: Option<&'a str>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// That ended so.
    pub outcome: Option<Outcome>,
}

/// Keeps a record and returns its reference. What a stranger can have refused as often as they
/// like goes through [`write_refused`].
pub fn write(conn: &Connection, record: &Record, now: Timestamp) -> Result<String, StoreError> {
    let detail = bounded(&record.detail);
    let mut statement = conn.prepare_cached(
        "INSERT INTO traces (id, reference, at, kind, organization_id, provider_id, outcome,
             code, summary, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (reference) DO NOTHING",
    )?;
    // A reference is taken with a chance of one in ten million; then another one is drawn.
    loop {
        let reference = reference::new();
        let made = statement.execute(params![
            id::new(now),
            reference,
            now.millis(),
            record.kind,
            record.organization_id,
            record.provider_id,
            record.outcome,
            cut(&record.code, LONGEST_CODE),
            cut(&record.summary, LONGEST_SUMMARY),
            detail,
        ])?;
        if made > 0 {
            return Ok(reference);
        }
    }
}

/// The trace of a reference, however it was typed: case, hyphen and look-alikes don't matter.
pub fn find(conn: &Connection, reference: &str) -> Result<Option<Trace>, StoreError> {
    let Some(reference) = reference::canonical(reference) else {
        return Ok(None);
    };
    Ok(conn
        .prepare_cached(
            "SELECT reference, at, kind, organization_id, provider_id, outcome, code, summary,
                 detail
             FROM traces WHERE reference = ?1",
        )?
        .query_row([reference], read)
        .optional()?)
}

/// Traces of one organization or of all, newest first; see [`search`].
pub fn list(
    conn: &Connection,
    organization_id: Option<&str>,
    before: Option<&str>,
    limit: usize,
) -> Result<Vec<Trace>, StoreError> {
    let filter = Filter {
        organization_id,
        ..Filter::default()
    };
    search(conn, &filter, before, limit)
}

/// Traces newest first, at most 200 at once. `before` is the last reference of the previous page;
/// if that trace is gone by age, so is all that would have followed, and the page is empty.
pub fn search(
    conn: &Connection,
    filter: &Filter<'_>,
    before: Option<&str>,
    limit: usize,
) -> Result<Vec<Trace>, StoreError> {
    let mut start = (i64::MAX, i64::MAX);
    if let Some(before) = before {
        let position = conn
            .prepare_cached("SELECT at, rowid FROM traces WHERE reference = ?1")?
            .query_row([reference::canonical(before)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some(position) = position else {
            return Ok(Vec::new());
        };
        start = position;
    }
    // Two statements, so that each has its index; traces of one millisecond stay in the order in
    // which they were written.
    let sql = if filter.organization_id.is_some() {
        "SELECT reference, at, kind, organization_id, provider_id, outcome, code, summary, detail
         FROM traces
         WHERE organization_id = ?1 AND (at, rowid) < (?2, ?3)
             AND kind = coalesce(?4, kind) AND outcome = coalesce(?5, outcome)
         ORDER BY at DESC, rowid DESC LIMIT ?6"
    } else {
        "SELECT reference, at, kind, organization_id, provider_id, outcome, code, summary, detail
         FROM traces
         WHERE ?1 IS NULL AND (at, rowid) < (?2, ?3)
             AND kind = coalesce(?4, kind) AND outcome = coalesce(?5, outcome)
         ORDER BY at DESC, rowid DESC LIMIT ?6"
    };
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(
        params![
            filter.organization_id,
            start.0,
            start.1,
            filter.kind,
            filter.outcome,
            i64::try_from(limit.min(MOST_LISTED)).unwrap_or(0),
        ],
        read,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Removes traces that are too old or too many, some thousands at once; returns how many.
pub fn prune(conn: &Connection, now: Timestamp) -> Result<usize, StoreError> {
    quota::prune(conn, now)?;
    let old = conn
        .prepare_cached(
            "DELETE FROM traces WHERE rowid IN
                 (SELECT rowid FROM traces WHERE at < ?1 ORDER BY at LIMIT ?2)",
        )?
        .execute(params![now.minus(KEPT).millis(), PRUNED_AT_ONCE])?;
    let many = conn
        .prepare_cached(
            "DELETE FROM traces WHERE rowid IN
                 (SELECT rowid FROM traces ORDER BY at DESC LIMIT ?2 OFFSET ?1)",
        )?
        .execute(params![MOST, PRUNED_AT_ONCE])?;
    Ok(old + many)
}

/// The detail as JSON text within its bound. Members are kept whole or left out, so that what is
/// kept can still be read as what it is.
fn bounded(detail: &Value) -> String {
    let whole = detail.to_string();
    if whole.len() <= LONGEST_DETAIL {
        return whole;
    }
    let mut kept = Map::new();
    let mut omitted = Vec::new();
    // What's left for members beside the list of those left out. Text of control characters is
    // six times as long in JSON, so members are measured as JSON, names too.
    let mut room = LONGEST_DETAIL - 2048;
    for (name, value) in detail.as_object().into_iter().flatten() {
        let size = Value::from(name.as_str()).to_string().len() + value.to_string().len() + 2;
        if size <= room {
            room -= size;
            kept.insert(name.clone(), value.clone());
        } else if omitted.len() < 8 {
            omitted.push(Value::from(cut(name, 32)));
        }
    }
    kept.insert("omitted".into(), omitted.into());
    Value::Object(kept).to_string()
}

fn cut(text: &str, longest: usize) -> &str {
    text.get(..text.floor_char_boundary(longest))
        .unwrap_or(text)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Trace> {
    let detail: String = row.get("detail")?;
    Ok(Trace {
        reference: row.get("reference")?,
        at: Timestamp::from_millis(row.get("at")?),
        kind: row.get("kind")?,
        organization_id: row.get("organization_id")?,
        provider_id: row.get("provider_id")?,
        outcome: row.get("outcome")?,
        code: row.get("code")?,
        summary: row.get("summary")?,
        // Written here as JSON; if someone else changed it, it's shown as the text it is.
        detail: serde_json::from_str(&detail).unwrap_or(Value::String(detail)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::scratch;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn record(organization: Option<&str>, detail: Value) -> Record {
        Record {
            kind: Kind::Saml,
            organization_id: organization.map(str::to_owned),
            provider_id: None,
            outcome: Outcome::Refused,
            code: "audience".into(),
            summary: "é".repeat(1000),
            detail,
        }
    }

    #[test]
    fn a_trace_is_found_by_its_reference() {
        let conn = scratch::connection();
        let detail = json!({"checks": [], "fix": "Audience URI"});
        let reference = write(&conn, &record(Some("o"), detail.clone()), NOW).unwrap();
        let trace = find(&conn, &reference.to_lowercase()).unwrap().unwrap();
        assert_eq!(trace.reference, reference);
        assert_eq!(trace.detail, detail);
        assert_eq!(trace.summary.len(), LONGEST_SUMMARY);
        assert!(find(&conn, "0000-0000").unwrap().is_none());
        assert!(find(&conn, "nonsense?").unwrap().is_none());
        let shown = serde_json::to_value(&trace).unwrap();
        assert_eq!(
            (&shown["kind"], &shown["outcome"]),
            (&json!("saml"), &json!("refused"))
        );
    }

    #[test]
    fn a_detail_is_bounded_and_stays_readable() {
        let conn = scratch::connection();
        let long = "\u{1}".repeat(LONGEST_DETAIL);
        let kept = |detail| {
            let reference = write(&conn, &record(None, detail), NOW).unwrap();
            find(&conn, &reference).unwrap().unwrap().detail
        };
        let members = |count: usize, prefix: &str| {
            let member = |n| (format!("{prefix}{n}"), json!(n));
            Value::Object((0..count).map(member).collect())
        };
        for detail in [json!(long), members(20, &long), members(5000, "")] {
            let detail = kept(detail);
            assert!(detail.to_string().len() <= LONGEST_DETAIL);
            assert!(detail.get("omitted").is_some());
        }
        assert_eq!(
            kept(json!({"fix": "x", "response": long, "checks": [1]})),
            json!({"fix": "x", "checks": [1], "omitted": ["response"]})
        );
    }

    #[test]
    fn lists_page_from_the_newest_and_stay_in_their_organization() {
        let conn = scratch::connection();
        let mut written = Vec::new();
        for n in 0..10 {
            // Two of each millisecond.
            let at = NOW.plus(Duration::from_millis(n / 2));
            let organization = if n == 4 { "other" } else { "o" };
            written.push(write(&conn, &record(Some(organization), json!({})), at).unwrap());
        }
        written.reverse();
        let references = |organization, before: Option<&str>, limit| -> Vec<String> {
            let traces = list(&conn, organization, before, limit).unwrap();
            traces.into_iter().map(|trace| trace.reference).collect()
        };
        assert_eq!(references(None, None, 3), written[..3]);
        assert_eq!(references(None, Some(&written[2]), 500), written[3..]);
        assert!(references(None, Some(&written[9]), 3).is_empty());
        assert!(references(None, Some("unknown"), 3).is_empty());
        assert_eq!(references(Some("other"), None, 500), written[5..6]);
        assert_eq!(references(Some("o"), None, 500).len(), 9);
        assert_eq!(references(Some("o"), Some(&written[4]), 500).len(), 4);
        let found = |kind, outcome| {
            let filter = Filter {
                organization_id: None,
                kind,
                outcome,
            };
            search(&conn, &filter, None, 500).unwrap().len()
        };
        assert_eq!(found(Some(Kind::Scim), None), 0);
        assert_eq!(found(Some(Kind::Saml), Some(Outcome::Refused)), 10);
        assert_eq!(found(None, Some(Outcome::Accepted)), 0);
    }

    #[test]
    fn old_and_surplus_traces_go() {
        let conn = scratch::connection();
        write(&conn, &record(None, json!({})), NOW).unwrap();
        assert_eq!(prune(&conn, NOW.plus(KEPT)).unwrap(), 0);
        let later = NOW.plus(KEPT).plus(Duration::from_millis(1));
        assert_eq!(prune(&conn, later).unwrap(), 1);
        conn.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
             INSERT INTO traces SELECT i, i, ?2 + i, 'scim', NULL, NULL, 'accepted', 'ok', '', '{}'
             FROM n",
            [MOST + 10, NOW.millis()],
        )
        .unwrap();
        assert_eq!(prune(&conn, NOW).unwrap(), 10);
        let oldest: i64 = conn
            .query_row("SELECT min(at) FROM traces", [], |row| row.get(0))
            .unwrap();
        assert_eq!(oldest, NOW.millis() + 11);
    }
}
