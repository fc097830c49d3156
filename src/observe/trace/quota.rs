//! How many refused exchanges of one source are kept one by one.
//!
//! Anybody can have an exchange refused, as often as they like, and the traces that are kept are
//! bounded: without a quota one address could push everybody else's out. What comes beyond the
//! quota of an hour is counted in one more trace, which tells of the last of them. So no refusal is
//! dropped silently, and every reference that is given out leads somewhere.
//!
//! A refusal costs some rows found by their keys, however many there are.

use std::net::IpAddr;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Map, Value, json};

use super::document::{self, Document};
use super::{LONGEST_CODE, LONGEST_SUMMARY, Record, bounded, cut, write};
use crate::clock::Timestamp;
use crate::observe::subscriber;
use crate::store::StoreError;

/// How long a quota counts.
const PERIOD: Duration = Duration::from_secs(3600);

/// An address would need longer than traces are kept to push everybody else's traces out.
const OF_ADDRESS: i64 = 100;

/// A SCIM client has a token, and many people's trouble may come from one.
const OF_ORGANIZATION: i64 = 500;

/// Documents that are kept of the refusals of one source in a period.
const OF_DOCUMENTS: i64 = 20;

/// Codes that one trace counts apart; those beyond are counted as `other`.
const MOST_CODES: usize = 20;

/// Rows of each table; the oldest go first. They are some bytes each.
const MOST_SOURCES: i64 = 50_000;

/// By what refused exchanges are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An address: nobody knows who it is.
    Address(IpAddr),
    /// An organization, by id: its SCIM client showed a token.
    Organization(String),
}

impl Source {
    fn key(&self) -> String {
        match self {
            Self::Address(address) => format!("address:{}", subscriber::of(*address)),
            Self::Organization(id) => format!("organization:{id}"),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Address(address) => subscriber::of(*address),
            Self::Organization(_) => "this organization's SCIM client".to_owned(),
        }
    }

    const fn quota(&self) -> i64 {
        match self {
            Self::Address(_) => OF_ADDRESS,
            Self::Organization(_) => OF_ORGANIZATION,
        }
    }
}

/// Keeps the record of a refused exchange, or counts it; returns the reference under which it is
/// told of.
pub fn write_refused(
    conn: &Connection,
    record: &Record,
    source: &Source,
    now: Timestamp,
) -> Result<String, StoreError> {
    write_refused_with(conn, record, None, source, now)
}

/// [`write_refused`], with what came; that is kept of the first [`OF_DOCUMENTS`] only, so that one
/// address can't push out the documents of an organization's other refusals.
pub fn write_refused_with(
    conn: &Connection,
    record: &Record,
    document: Option<&Document>,
    source: &Source,
    now: Timestamp,
) -> Result<String, StoreError> {
    let key = source.key();
    let (refused, since) = count(conn, &key, now)?;
    if refused <= source.quota() {
        let reference = write(conn, record, now)?;
        if let Some(document) = document.filter(|_| refused <= OF_DOCUMENTS) {
            document::keep(conn, &reference, document)?;
        }
        return Ok(reference);
    }
    let organization = record.organization_id.as_deref().unwrap_or_default();
    let earlier: Option<(String, String)> = conn
        .prepare_cached(
            "SELECT reference, codes FROM trace_summaries
             WHERE source = ?1 AND organization_id = ?2 AND since = ?3",
        )?
        .query_row(params![key, organization, since.millis()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let (reference, codes) = earlier.unzip();
    let codes = counted(codes.as_deref().unwrap_or_default(), &record.code);
    let summary = summarized(record, source, &codes, since);
    let codes = Value::Object(codes).to_string();
    if let Some(reference) = reference {
        let found = conn
            .prepare_cached(
                "UPDATE traces SET code = ?2, summary = ?3, detail = ?4, method = ?5, status = ?6,
                     resource = ?7, token = ?8
                 WHERE reference = ?1",
            )?
            .execute(params![
                reference,
                cut(&summary.code, LONGEST_CODE),
                cut(&summary.summary, LONGEST_SUMMARY),
                bounded(&summary.detail),
                summary.about.method,
                summary.about.status,
                summary.about.resource,
                summary.about.token,
            ])?;
        if found > 0 {
            conn.prepare_cached(
                "UPDATE trace_summaries SET codes = ?3 WHERE source = ?1 AND organization_id = ?2",
            )?
            .execute(params![key, organization, codes])?;
            return Ok(reference);
        }
    }
    let reference = write(conn, &summary, now)?;
    conn.prepare_cached(
        "INSERT OR REPLACE INTO trace_summaries (source, organization_id, since, reference, codes)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![key, organization, since.millis(), reference, codes])?;
    Ok(reference)
}

/// Counts one more; how many there were since when. A clock that was set back begins anew.
fn count(conn: &Connection, key: &str, now: Timestamp) -> Result<(i64, Timestamp), StoreError> {
    Ok(conn
        .prepare_cached(
            "INSERT INTO trace_quotas (source, since, refused) VALUES (?1, ?2, 1)
             ON CONFLICT (source) DO UPDATE SET
                 refused = iif(since > ?3 AND since <= ?2, refused + 1, 1),
                 since = iif(since > ?3 AND since <= ?2, since, ?2)
             RETURNING refused, since",
        )?
        .query_row(
            params![key, now.millis(), now.minus(PERIOD).millis()],
            |row| Ok((row.get(0)?, Timestamp::from_millis(row.get(1)?))),
        )?)
}

fn counted(codes: &str, code: &str) -> Map<String, Value> {
    let mut codes: Map<String, Value> = serde_json::from_str(codes).unwrap_or_default();
    let code = cut(code, LONGEST_CODE);
    let known = codes.len() < MOST_CODES || codes.contains_key(code);
    let name = if known { code } else { "other" };
    let before = codes.get(name).and_then(Value::as_i64).unwrap_or(0);
    codes.insert(name.to_owned(), (before + 1).into());
    codes
}

/// The trace that counts: what the last record says, and before it how many it stands for.
fn summarized(
    record: &Record,
    source: &Source,
    codes: &Map<String, Value>,
    since: Timestamp,
) -> Record {
    let more: i64 = codes.values().filter_map(Value::as_i64).sum();
    let from = source.words();
    let mut detail = Map::new();
    detail.insert(
        "more".into(),
        json!({ "count": more, "from": from, "since": since, "codes": codes }),
    );
    match &record.detail {
        Value::Object(members) => detail.extend(members.clone()),
        other => {
            detail.insert("last".into(), other.clone());
        }
    }
    let since = since.to_string();
    Record {
        summary: format!(
            "and {} more from {from} in the hour from {since}, counted only; the last: {}",
            grouped(more),
            record.summary
        ),
        detail: Value::Object(detail),
        ..record.clone()
    }
}

/// A number as people read it: 1,234.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Forgets quotas that are over, and the oldest where there are too many.
pub(super) fn prune(conn: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let over = now.minus(PERIOD).millis();
    conn.prepare_cached("DELETE FROM trace_quotas WHERE since <= ?1")?
        .execute([over])?;
    conn.prepare_cached("DELETE FROM trace_summaries WHERE since <= ?1")?
        .execute([over])?;
    conn.prepare_cached(
        "DELETE FROM trace_quotas WHERE source IN
             (SELECT source FROM trace_quotas ORDER BY since DESC LIMIT -1 OFFSET ?1)",
    )?
    .execute([MOST_SOURCES])?;
    conn.prepare_cached(
        "DELETE FROM trace_summaries WHERE (source, organization_id) IN
             (SELECT source, organization_id FROM trace_summaries
              ORDER BY since DESC LIMIT -1 OFFSET ?1)",
    )?
    .execute([MOST_SOURCES])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Outcome, find};
    use super::*;
    use crate::store::scratch;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn record(organization: &str, code: &str) -> Record {
        Record {
            kind: Kind::Saml,
            organization_id: Some(organization.to_owned()),
            provider_id: None,
            outcome: Outcome::Refused,
            code: code.to_owned(),
            about: Default::default(),
            summary: format!("refused at the check {code}"),
            detail: json!({ "expected": code, "fix": "x" }),
        }
    }

    fn address(text: &str) -> Source {
        Source::Address(text.parse().unwrap())
    }

    fn rows(conn: &Connection, query: &str) -> i64 {
        conn.query_row(query, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn what_is_beyond_the_quota_is_counted() {
        let conn = scratch::connection();
        let from = address("192.0.2.1");
        let refuse = |organization, code, at| {
            write_refused(&conn, &record(organization, code), &from, at).unwrap()
        };
        let mut given = Vec::new();
        for n in 0..OF_ADDRESS + 1234 {
            let code = if n % 2 == 0 { "expired" } else { "audience" };
            given.push(refuse("o", code, NOW));
        }
        assert_eq!(rows(&conn, "SELECT count(*) FROM traces"), OF_ADDRESS + 1);
        let last = given.last().unwrap();
        assert_eq!(given[OF_ADDRESS as usize], *last);
        assert_ne!(given[OF_ADDRESS as usize - 1], *last);
        let summary = find(&conn, last).unwrap().unwrap();
        assert_eq!(
            summary.summary,
            format!(
                "and 1,234 more from 192.0.2.1 in the hour from {NOW}, counted only; the last: \
                 refused at the check audience"
            )
        );
        assert_eq!(summary.code, "audience");
        assert_eq!(summary.detail["expected"], "audience");
        assert_eq!(
            summary.detail["more"]["codes"],
            json!({ "expired": 617, "audience": 617 })
        );
        // Another organization has a trace of its own, in which nothing of the first is told.
        let other = find(&conn, &refuse("other", "expired", NOW)).unwrap();
        assert_eq!(other.unwrap().detail["more"]["count"], 1);
        // An hour later there is room again.
        let later = NOW.plus(PERIOD);
        let fresh = find(&conn, &refuse("o", "expired", later)).unwrap();
        assert!(fresh.unwrap().detail.get("more").is_none());
        assert_eq!(rows(&conn, "SELECT count(*) FROM trace_quotas"), 1);
        prune(&conn, later.plus(PERIOD)).unwrap();
        assert_eq!(rows(&conn, "SELECT count(*) FROM trace_quotas"), 0);
        assert_eq!(rows(&conn, "SELECT count(*) FROM trace_summaries"), 0);
    }

    #[test]
    fn sources_do_not_share() {
        let conn = scratch::connection();
        for _ in 0..OF_ADDRESS * 2 {
            write_refused(&conn, &record("o", "expired"), &address("192.0.2.1"), NOW).unwrap();
        }
        for (source, kept) in [
            (address("192.0.2.2"), true),
            (address("::ffff:192.0.2.1"), false),
            (address("2001:db8::1"), true),
            (Source::Organization("o".into()), true),
        ] {
            let reference = write_refused(&conn, &record("o", "x"), &source, NOW).unwrap();
            let trace = find(&conn, &reference).unwrap().unwrap();
            assert_eq!(trace.detail.get("more").is_none(), kept, "{source:?}");
        }
        // A clock set back doesn't count for ever.
        let before = NOW.minus(PERIOD * 24);
        let source = address("192.0.2.1");
        let reference = write_refused(&conn, &record("o", "x"), &source, before).unwrap();
        let trace = find(&conn, &reference).unwrap().unwrap();
        assert!(trace.detail.get("more").is_none());
    }

    #[test]
    fn a_count_whose_trace_is_gone_gets_another() {
        let conn = scratch::connection();
        let source = address("192.0.2.1");
        let refuse = || write_refused(&conn, &record("o", "x"), &source, NOW).unwrap();
        for _ in 0..OF_ADDRESS + 5 {
            refuse();
        }
        conn.execute("DELETE FROM traces", []).unwrap();
        let reference = refuse();
        let trace = find(&conn, &reference).unwrap().unwrap();
        assert_eq!(trace.detail["more"]["count"], 6);
        assert_eq!(refuse(), reference);
    }

    #[test]
    fn codes_are_bounded() {
        let conn = scratch::connection();
        let source = address("192.0.2.1");
        for n in 0..OF_ADDRESS + 60 {
            let record = record("o", &format!("{n}{}", "x".repeat(1000)));
            write_refused(&conn, &record, &source, NOW).unwrap();
        }
        let longest = rows(&conn, "SELECT max(length(codes)) FROM trace_summaries");
        assert!(longest < 4096, "{longest}");
        assert_eq!(
            rows(&conn, "SELECT max(length(detail)) < 16385 FROM traces"),
            1
        );
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
