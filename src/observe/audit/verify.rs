//! Is the log what was written? It is walked from its first line to its last, in constant memory,
//! and every line's hash is made again from the line and the hash before it.
//!
//! Found are lines that were changed, taken out, put in or swapped; numbers left out; an anchor
//! that no removal explains; an end cut off, by SQLite's own count of lines and by checkpoints that
//! were kept elsewhere; triggers and indexes that are gone. Not found, without a checkpoint, is a
//! whole new chain with the count set to match: for that, keep checkpoints.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use serde_json::Value;

use super::search::{COLUMNS, Line, read};
use crate::clock::Timestamp;
use crate::store::{self, StoreError};

/// Problems that a report names one by one.
const MOST_NAMED: usize = 1_000;

/// How far the log was at some time: to be kept where whoever can change the log can't.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checkpoint {
    /// The last line; 0 where there was none yet.
    pub seq: i64,
    /// Its hash, in lower-case hex.
    pub hash: String,
    /// When the checkpoint was made.
    pub at: Timestamp,
}

/// What a walk through the log found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// How many lines were checked.
    pub checked: u64,
    /// The first line.
    pub first_seq: Option<i64>,
    /// The last line.
    pub last_seq: Option<i64>,
    /// The hash of the last line, in hex.
    pub hash: String,
    /// How many problems there are.
    pub problems_total: usize,
    /// The first thousand of them.
    pub problems: Vec<Problem>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// At which line; `None` where it is about the whole.
    pub seq: Option<i64>,
    /// What it is.
    pub problem: String,
}

impl Report {
    fn add(&mut self, seq: impl Into<Option<i64>>, problem: impl Into<String>) {
        self.problems_total += 1;
        if self.problems.len() < MOST_NAMED {
            self.problems.push(Problem {
                seq: seq.into(),
                problem: problem.into(),
            });
        }
    }
}

/// How far the log is now.
pub fn checkpoint(conn: &Connection, now: Timestamp) -> Result<Checkpoint, StoreError> {
    let (seq, hash) = super::newest(conn)?;
    Ok(Checkpoint {
        seq,
        hash: HEXLOWER.encode(&hash),
        at: now,
    })
}

/// Walks through the log, and holds it to checkpoints: pairs of a line's number and its hash.
pub fn verify(conn: &Connection, checkpoints: &[(i64, Vec<u8>)]) -> Result<Report, StoreError> {
    let mut report = Report {
        ok: false,
        checked: 0,
        first_seq: None,
        last_seq: None,
        hash: String::new(),
        problems_total: 0,
        problems: Vec::new(),
    };
    schema(conn, &mut report)?;
    let anchor = anchor(conn)?;
    let start = anchor.as_ref().map_or(0, |anchor| anchor.seq);
    let mut walk = Walk {
        next: start + 1,
        previous: anchor
            .as_ref()
            .map_or_else(|| vec![0; 32], |anchor| anchor.hash.clone()),
        explained: anchor.is_none(),
    };
    let mut statement = conn.prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY seq"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        walk.step(&read(row)?, anchor.as_ref(), start, &mut report);
    }
    report.hash = HEXLOWER.encode(&walk.previous);
    if !walk.explained {
        report.add(
            start,
            "the chain is said to begin after this line, and no line tells of a removal up to it",
        );
    }
    count(conn, walk.next - 1, start, &mut report)?;
    for (seq, hash) in checkpoints {
        against(
            conn,
            *seq,
            hash,
            (walk.next - 1, anchor.as_ref()),
            &mut report,
        )?;
    }
    report.ok = report.problems_total == 0;
    Ok(report)
}

struct Walk {
    /// The number that comes next.
    next: i64,
    /// The hash of the line before.
    previous: Vec<u8>,
    /// Whether a line tells of the removal up to the anchor.
    explained: bool,
}

impl Walk {
    fn step(&mut self, line: &Line, anchor: Option<&Anchor>, start: i64, report: &mut Report) {
        let seq = line.row.seq;
        report.checked += 1;
        report.first_seq.get_or_insert(seq);
        report.last_seq = Some(seq);
        if seq <= start {
            report.add(seq, "this line stands before the beginning of the chain");
            return;
        }
        let mut whole = true;
        if seq > self.next {
            let last = seq - 1;
            report.add(
                self.next,
                if last == self.next {
                    "this line is missing".to_owned()
                } else {
                    format!("the lines from this one to {last} are missing")
                },
            );
            whole = false;
        }
        let previous = <[u8; 32]>::try_from(self.previous.as_slice());
        if line.hash.len() != 32 {
            report.add(seq, "the hash of this line was changed");
        } else if whole
            && previous.is_ok_and(|previous| line.row.hash(&previous)[..] != line.hash[..])
        {
            report.add(
                seq,
                "this line was changed, put in or moved: its hash is not that of what it says \
                 after the line before",
            );
        }
        if let Some(anchor) = anchor
            && line.row.action == "audit.pruned"
            && explains(line, anchor)
        {
            self.explained = true;
        }
        self.next = seq + 1;
        self.previous.clone_from(&line.hash);
    }
}

/// The newest place where the chain begins after a removal.
struct Anchor {
    seq: i64,
    hash: Vec<u8>,
}

fn anchor(conn: &Connection) -> Result<Option<Anchor>, StoreError> {
    Ok(conn
        .prepare("SELECT seq, hash FROM audit_anchors ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| {
            Ok(Anchor {
                seq: row.get(0)?,
                hash: row.get(1)?,
            })
        })
        .optional()?)
}

fn explains(line: &Line, anchor: &Anchor) -> bool {
    let detail = line.detail();
    detail.get("last_seq").and_then(Value::as_i64) == Some(anchor.seq)
        && detail.get("last_hash").and_then(Value::as_str) == Some(&HEXLOWER.encode(&anchor.hash))
}

/// SQLite counts what it was ever given; whoever cuts off the end leaves the count behind.
fn count(conn: &Connection, last: i64, start: i64, report: &mut Report) -> Result<(), StoreError> {
    let given: Option<i64> = conn
        .prepare("SELECT max(seq) FROM sqlite_sequence WHERE name = 'audit'")?
        .query_row([], |row| row.get(0))?;
    let given = given.unwrap_or(0);
    if given > last {
        report.add(
            last + 1,
            format!("the lines from this one to {given} were cut off at the end"),
        );
    } else if given < last {
        report.add(
            last,
            format!("SQLite's count of lines says {given}: it was changed"),
        );
    }
    // Making the first account, and every organization, leaves a line.
    if last == 0 && start == 0 {
        let in_use: bool = conn
            .prepare(
                "SELECT EXISTS (SELECT 1 FROM operators) OR EXISTS (SELECT 1 FROM organizations)",
            )?
            .query_row([], |row| row.get(0))?;
        if in_use {
            report.add(1, "the log is empty, and the appliance is not");
        }
    }
    Ok(())
}

fn against(
    conn: &Connection,
    seq: i64,
    hash: &[u8],
    (last, anchor): (i64, Option<&Anchor>),
    report: &mut Report,
) -> Result<(), StoreError> {
    if seq == 0 {
        return Ok(());
    }
    if seq > last {
        report.add(
            seq,
            format!("the checkpoint has this line, and the log ends at {last}: it was cut off"),
        );
        return Ok(());
    }
    let stored: Option<Vec<u8>> = match anchor {
        Some(anchor) if seq == anchor.seq => Some(anchor.hash.clone()),
        // Removed by age: that line's number is all that could be compared.
        Some(anchor) if seq < anchor.seq => return Ok(()),
        _ => conn
            .prepare_cached("SELECT hash FROM audit WHERE seq = ?1")?
            .query_row([seq], |row| row.get(0))
            .optional()?,
    };
    if stored.as_deref() != Some(hash) {
        report.add(
            seq,
            "the checkpoint has another hash for this line: the log was written anew",
        );
    }
    Ok(())
}

/// Tables, indexes and triggers of the log, and whatever else names it, must be as they were made.
fn schema(conn: &Connection, report: &mut Report) -> Result<(), StoreError> {
    let expected = parts(&store::pristine()?)?;
    let found = parts(conn)?;
    for (name, sql) in &expected {
        match found.get(name) {
            None => report.add(None, format!("{name} is missing from the database")),
            Some(other) if other != sql => {
                report.add(None, format!("{name} is not as it was made"));
            }
            Some(_) => {}
        }
    }
    for name in found.keys().filter(|name| !expected.contains_key(*name)) {
        report.add(None, format!("{name} was added to the database"));
    }
    Ok(())
}

fn parts(conn: &Connection) -> Result<BTreeMap<String, String>, StoreError> {
    let mut statement = conn.prepare(
        "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_master
         WHERE tbl_name IN ('audit', 'audit_anchors')
            OR (type IN ('trigger', 'view') AND sql LIKE '%audit%')",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
