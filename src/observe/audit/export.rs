//! The log for other programs, oldest line first: JSON lines (`portcullis.audit.v1`, described in
//! docs/audit.md), CEF for collectors of log lines, OCSF for those of events.
//!
//! A JSON line has everything that its hash is made of, and the hash before it, so that each can be
//! checked by itself, also where other organizations' lines between are left out.

use std::str::FromStr;

use data_encoding::HEXLOWER;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::search::{COLUMNS, Line, read};
use super::{cef, ocsf};
use crate::clock::Timestamp;
use crate::store::StoreError;

/// The name and version of the JSON lines. Members may be added; one that changes or goes makes
/// another version.
pub const SCHEMA: &str = "portcullis.audit.v1";

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON object per line.
    JsonLines,
    /// ArcSight's Common Event Format, version 0.
    Cef,
    /// The Open Cybersecurity Schema Framework, a JSON object per line.
    Ocsf,
}

impl Format {
    /// The media type of an answer in this format.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::JsonLines | Self::Ocsf => "application/jsonl",
            Self::Cef => "text/plain; charset=utf-8",
        }
    }

    /// The word that chooses it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Cef => "cef",
            Self::Ocsf => "ocsf",
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::JsonLines, Self::Cef, Self::Ocsf]
            .into_iter()
            .find(|format| format.word() == text)
            .ok_or_else(|| "expected jsonl, cef or ocsf".to_owned())
    }
}

/// A line and the hash that its own was made after.
#[derive(Clone, Debug)]
pub struct Chained {
    /// The line.
    pub line: Line,
    /// The hash before it.
    pub previous: Vec<u8>,
}

impl Chained {
    /// One line of text, without its end.
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::JsonLines => self.json_line(),
            Format::Cef => cef::render(&self.line),
            Format::Ocsf => ocsf::render(&self.line).to_string(),
        }
    }

    /// The detail is written byte for byte as it was hashed.
    fn json_line(&self) -> String {
        let row = &self.line.row;
        let mut head = json!({
            "schema": SCHEMA,
            "seq": row.seq,
            "at": Timestamp::from_millis(row.at),
            "organization": row.organization_id,
            "actor": { "kind": row.actor_kind, "id": row.actor_id, "name": row.actor_name },
            "client": row.client,
            "via": row.via,
            "action": row.action,
            "target": { "kind": row.target_kind, "id": row.target_id, "name": row.target_name },
        })
        .to_string();
        head.pop();
        let as_it_is = !row.detail.contains(['\n', '\r'])
            && serde_json::from_str::<Value>(&row.detail).is_ok_and(|value| value.is_object());
        let detail = if as_it_is {
            row.detail.clone()
        } else {
            Value::from(row.detail.as_str()).to_string()
        };
        format!(
            "{head},\"detail\":{detail},\"previous\":\"{}\",\"hash\":\"{}\"}}",
            HEXLOWER.encode(&self.previous),
            HEXLOWER.encode(&self.line.hash)
        )
    }
}

/// A page of lines after the line `after`, oldest first; of one organization or of all.
pub fn page(
    conn: &Connection,
    organization_id: Option<&str>,
    after: i64,
    limit: usize,
) -> Result<Vec<Chained>, StoreError> {
    let own = if organization_id.is_some() {
        "organization_id = ?1"
    } else {
        "?1 IS NULL"
    };
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS}, coalesce(
             (SELECT p.hash FROM audit p WHERE p.seq < a.seq ORDER BY p.seq DESC LIMIT 1),
             (SELECT hash FROM audit_anchors ORDER BY seq DESC LIMIT 1),
             zeroblob(32))
         FROM audit a WHERE {own} AND seq > ?2 ORDER BY seq LIMIT ?3"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![organization_id, after, limit], |row| {
        Ok(Chained {
            line: read(row)?,
            previous: row.get(14)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
