//! The record of one exchange: what was expected, what came, which check failed, what to change.
//!
//! A person who is refused reads out a reference, and their administrator finds the trace by it.
//! Traces are redacted before they come here: no secrets, no assertions, no more about a person
//! than who they said they were.

pub mod bundle;
pub mod document;
mod quota;
mod recorder;
pub mod redact;
mod reference;
pub mod retention;
mod vocabulary;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use serde::Serialize;
use serde_json::{Map, Value};

pub use self::quota::{Source, write_refused, write_refused_with};
pub use self::recorder::Recorder;
pub use self::retention::prune;
pub use self::vocabulary::{Kind, Outcome};
use crate::clock::Timestamp;
use crate::store::StoreError;

/// Bytes of a trace's detail, as JSON.
pub const LONGEST_DETAIL: usize = 16 * 1024;

const LONGEST_SUMMARY: usize = 1024;
const LONGEST_CODE: usize = 128;

/// Traces in one answer.
const MOST_LISTED: usize = 200;

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
    /// By what else it is found.
    pub about: About,
    /// One sentence.
    pub summary: String,
    /// An object: the checks, what to change, and so on. Members that don't fit into
    /// [`LONGEST_DETAIL`] are left out and named under `omitted`.
    pub detail: Value,
}

/// By what else than kind and outcome a trace is found.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// The request's method.
    pub method: Option<String>,
    /// The answer's status.
    pub status: Option<u16>,
    /// The id of the user or group.
    pub resource: Option<String>,
    /// The id of the token it was asked with.
    pub token: Option<String>,
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
    /// The request's method, where that is known.
    pub method: Option<String>,
    /// The answer's status, where that is known.
    pub status: Option<u16>,
    /// The id of the user or group it was about.
    pub resource: Option<String>,
    /// The id of the token it was asked with.
    pub token: Option<String>,
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
    /// With this code, such as `brake-held`.
    pub code: Option<&'a str>,
    /// Asked by this method.
    pub method: Option<&'a str>,
    /// Answered with this status.
    pub status: Option<u16>,
    /// About the user or group of this id.
    pub resource: Option<&'a str>,
    /// Asked with the token of this id.
    pub token: Option<&'a str>,
    /// From this time on.
    pub since: Option<Timestamp>,
}

/// Keeps a record and returns its reference. What a stranger can have refused as often as they
/// like goes through [`write_refused`].
pub fn write(conn: &Connection, record: &Record, now: Timestamp) -> Result<String, StoreError> {
    let detail = bounded(&record.detail);
    let mut statement = conn.prepare_cached(
        "INSERT INTO traces (reference, at, kind, organization_id, provider_id, outcome, code,
             method, status, resource, token, summary, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT (reference) DO NOTHING",
    )?;
    // A reference is taken with a chance of one in ten million; then another one is drawn.
    loop {
        let reference = reference::new();
        let made = statement.execute(params![
            reference,
            now.millis(),
            record.kind,
            record.organization_id,
            record.provider_id,
            record.outcome,
            cut(&record.code, LONGEST_CODE),
            record.about.method,
            record.about.status,
            record.about.resource,
            record.about.token,
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
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM traces WHERE reference = ?1"
        ))?
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
            .prepare_cached("SELECT at, id FROM traces WHERE reference = ?1")?
            .query_row([reference::canonical(before)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some(position) = position else {
            return Ok(Vec::new());
        };
        start = position;
    }
    // Only what is asked for stands in the statement, so that it finds its index; traces of one
    // millisecond stay in the order in which they were written.
    let mut clause = "(at, id) < (?, ?)".to_owned();
    let mut values = vec![Sql::Integer(start.0), Sql::Integer(start.1)];
    if filter.outcome == Some(Outcome::Refused) {
        // Written out, so that the index of those is seen.
        clause.push_str(" AND outcome = 'refused'");
    }
    let mut and = |text: &str, value: Option<Sql>| {
        if let Some(value) = value {
            clause.push_str(" AND ");
            clause.push_str(text);
            values.push(value);
        }
    };
    let text = |value: Option<&str>| value.map(|value| Sql::Text(value.to_owned()));
    // What one user or group was about is rarer than what one organization was; the plus sign says
    // so to SQLite, which can't know.
    and(
        if filter.resource.is_some() {
            "+organization_id = ?"
        } else {
            "organization_id = ?"
        },
        text(filter.organization_id),
    );
    and("kind = ?", text(filter.kind.map(Kind::as_str)));
    if filter.outcome == Some(Outcome::Accepted) {
        and("outcome = ?", text(Some(Outcome::Accepted.as_str())));
    }
    and("code = ?", text(filter.code));
    and("method = ?", text(filter.method));
    and(
        "status = ?",
        filter.status.map(|status| i64::from(status).into()),
    );
    and("resource = ?", text(filter.resource));
    and("token = ?", text(filter.token));
    and("at >= ?", filter.since.map(|since| since.millis().into()));
    values.push(Sql::Integer(
        i64::try_from(limit.min(MOST_LISTED)).unwrap_or(0),
    ));
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM traces WHERE {clause} ORDER BY at DESC, id DESC LIMIT ?"
    ))?;
    let rows = statement.query_map(params_from_iter(values), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const COLUMNS: &str = "reference, at, kind, organization_id, provider_id, outcome, code, method, \
                       status, resource, token, summary, detail";

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
        method: row.get("method")?,
        status: row.get("status")?,
        resource: row.get("resource")?,
        token: row.get("token")?,
        summary: row.get("summary")?,
        // Written here as JSON; if someone else changed it, it's shown as the text it is.
        detail: serde_json::from_str(&detail).unwrap_or(Value::String(detail)),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
            about: About::default(),
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
                kind,
                outcome,
                ..Filter::default()
            };
            search(&conn, &filter, None, 500).unwrap().len()
        };
        assert_eq!(found(Some(Kind::Scim), None), 0);
        assert_eq!(found(Some(Kind::Saml), Some(Outcome::Refused)), 10);
        assert_eq!(found(None, Some(Outcome::Accepted)), 0);
    }

    #[test]
    fn what_it_was_about_finds_it() {
        let conn = scratch::connection();
        for n in 0..4_u16 {
            let mut one = record(Some("o"), json!({}));
            one.outcome = if n == 0 {
                Outcome::Refused
            } else {
                Outcome::Accepted
            };
            one.about = About {
                method: Some(if n < 2 { "PUT" } else { "GET" }.into()),
                status: Some(200 + n),
                resource: (n == 3).then(|| "u".into()),
                token: Some(format!("t{}", n % 2)),
            };
            write(&conn, &one, NOW.plus(Duration::from_secs(n.into()))).unwrap();
        }
        let count = |filter: Filter<'_>| {
            let filter = Filter {
                organization_id: Some("o"),
                ..filter
            };
            search(&conn, &filter, None, 500).unwrap().len()
        };
        let any = Filter::default;
        assert_eq!(count(any()), 4);
        assert_eq!(
            count(Filter {
                method: Some("PUT"),
                ..any()
            }),
            2
        );
        assert_eq!(
            count(Filter {
                status: Some(202),
                ..any()
            }),
            1
        );
        assert_eq!(
            count(Filter {
                resource: Some("u"),
                ..any()
            }),
            1
        );
        assert_eq!(
            count(Filter {
                token: Some("t1"),
                ..any()
            }),
            2
        );
        assert_eq!(
            count(Filter {
                code: Some("audience"),
                ..any()
            }),
            4
        );
        assert_eq!(
            count(Filter {
                code: Some("ok"),
                ..any()
            }),
            0
        );
        let later = NOW.plus(Duration::from_secs(1));
        assert_eq!(
            count(Filter {
                since: Some(later),
                ..any()
            }),
            3
        );
        let both = Filter {
            since: Some(later),
            method: Some("PUT"),
            outcome: Some(Outcome::Accepted),
            ..any()
        };
        assert_eq!(count(both), 1);
        assert_eq!(
            count(Filter {
                outcome: Some(Outcome::Refused),
                ..any()
            }),
            1
        );
    }

    /// A list of what was refused must not read all that was accepted in between.
    #[test]
    fn the_refused_have_an_index() {
        let conn = scratch::connection();
        let plan: String = conn
            .query_row(
                "EXPLAIN QUERY PLAN SELECT * FROM traces
                 WHERE (at, id) < (?1, ?2) AND outcome = 'refused' AND organization_id = ?3
                 ORDER BY at DESC, id DESC LIMIT 5",
                params![1, 1, "o"],
                |row| row.get(3),
            )
            .unwrap();
        assert!(plan.contains("traces_refused"), "{plan}");
    }
}
