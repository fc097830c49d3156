//! The audit log: who did what, to what, from where, and what it was before and after.
//!
//! It is written in the same transaction as the change it tells of, so that there is no change
//! without its line and no line without its change. Rows are chained by their hashes (see
//! [`chain`]): what is changed, taken out or put in later, by whatever means, breaks the chain.
//! Whoever can write to the file can also compute a whole new chain; against that, export a
//! checkpoint now and then and keep it elsewhere.

mod author;
mod cef;
pub mod chain;
mod changes;
pub mod export;
mod ocsf;
pub mod retention;
mod search;
mod verify;
mod vocabulary;

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Map, Value};

pub use self::author::{Author, AuthorKind, Via};
pub use self::changes::{MOST_IDS, changes};
pub use self::search::{
    Filter, Line, MOST_LISTED, knows, newest_number, organization_of, search, since, timeline,
};
pub use self::verify::{Checkpoint, Problem, Report, checkpoint, verify};
pub use self::vocabulary::ACTIONS;
use crate::clock::Timestamp;
use crate::store::StoreError;

/// Characters of a target's name that are kept.
const LONGEST_NAME: usize = 256;

/// What is told of one change.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// A word of [`ACTIONS`], such as `user.deactivated`.
    pub action: &'static str,
    /// The organization it happened in; `None` is the appliance itself.
    pub organization_id: Option<&'a str>,
    /// What it was done to.
    pub target: Target<'a>,
    /// What is worth knowing, often with the keys `before` and `after`. No secret, ever.
    pub detail: Map<String, Value>,
}

/// What something was done to. The name is kept as it was then.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// `user`, `group`, `provider`, `token`, `session`, ...
    pub kind: &'static str,
    /// Its id.
    pub id: Option<&'a str>,
    /// What people call it.
    pub name: &'a str,
}

/// Adds a line. To be called within the change it tells of. Returns its number.
///
/// # Errors
/// [`StoreError`] when it could not be written; the change must then not be kept either.
pub fn record(
    tx: &Connection,
    author: &Author,
    entry: &Entry<'_>,
    now: Timestamp,
) -> Result<i64, StoreError> {
    debug_assert!(
        ACTIONS.iter().any(|(word, _)| *word == entry.action),
        "{} is not in the vocabulary",
        entry.action
    );
    let (last, hash) = last(tx)?;
    let row = chain::Row {
        seq: last + 1,
        at: now.millis(),
        organization_id: entry.organization_id.map(str::to_owned),
        actor_kind: author.kind.word().to_owned(),
        actor_id: author.id.clone(),
        actor_name: author.name.clone(),
        client: author.client.map(|address| address.to_string()),
        via: author.via.word().to_owned(),
        action: entry.action.to_owned(),
        target_kind: entry.target.kind.to_owned(),
        target_id: entry.target.id.map(str::to_owned),
        target_name: entry.target.name.chars().take(LONGEST_NAME).collect(),
        detail: Value::Object(entry.detail.clone()).to_string(),
    };
    let hash = row.hash(&hash);
    tx.prepare_cached(
        "INSERT INTO audit (seq, at, organization_id, actor_kind, actor_id, actor_name, client,
             via, action, target_kind, target_id, target_name, detail, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        row.seq,
        row.at,
        row.organization_id,
        row.actor_kind,
        row.actor_id,
        row.actor_name,
        row.client,
        row.via,
        row.action,
        row.target_kind,
        row.target_id,
        row.target_name,
        row.detail,
        hash
    ])?;
    Ok(row.seq)
}

/// The highest number that was ever given and the hash to go on from: that of the last line, or
/// where there is none, of the last removed one. The number is SQLite's own count, so that lines
/// cut off at the end leave a gap that new ones don't cover.
fn last(conn: &Connection) -> Result<(i64, [u8; 32]), StoreError> {
    let given: i64 = conn
        .prepare_cached("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'audit'")?
        .query_row([], |row| row.get(0))?;
    let (seq, hash) = newest(conn)?;
    Ok((seq.max(given), hash))
}

/// The number and hash of the last line; where there is none, of the last removed one. A hash that
/// somebody made unusable must not keep the door shut: the chain goes on from zeros, and is broken
/// for everyone to see.
fn newest(conn: &Connection) -> Result<(i64, [u8; 32]), StoreError> {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?));
    let mut found = conn
        .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], read)
        .optional()?;
    if found.is_none() {
        found = conn
            .prepare_cached("SELECT seq, hash FROM audit_anchors ORDER BY seq DESC LIMIT 1")?
            .query_row([], read)
            .optional()?;
    }
    Ok(found.map_or((0, [0; 32]), |(seq, hash)| {
        (seq, hash.try_into().unwrap_or([0; 32]))
    }))
}

/// Builds [`Entry::detail`].
pub fn detail<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}
