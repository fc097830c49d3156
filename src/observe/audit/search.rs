//! Reading the log: pages of lines, newest first, by who, what, on what and when.

use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params, params_from_iter};
use serde_json::{Map, Value, json};

use super::chain::Row;
use crate::clock::Timestamp;
use crate::store::StoreError;

/// Lines in one page, at most.
pub const MOST_LISTED: usize = 200;

pub(super) const COLUMNS: &str = "seq, at, organization_id, actor_kind, actor_id, actor_name, client, via, action, \
     target_kind, target_id, target_name, detail, hash";

/// A line as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What is hashed.
    pub row: Row,
    /// The stored hash; 32 bytes unless somebody changed it.
    pub hash: Vec<u8>,
}

/// Which lines are wanted; `None` is any.
#[derive(Clone, Debug, Default)]
pub struct Filter<'a> {
    /// Of this organization, by id.
    pub organization_id: Option<&'a str>,
    /// Done by whoever has this id; if nobody has, this name.
    pub actor: Option<&'a str>,
    /// Done to what has this id; if nothing has, this name.
    pub target: Option<&'a str>,
    /// A word of [`super::ACTIONS`].
    pub action: Option<&'a str>,
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
}

impl Line {
    /// As the API and the command line show it.
    pub fn view(&self) -> Value {
        let row = &self.row;
        json!({
            "seq": row.seq,
            "at": Timestamp::from_millis(row.at),
            "organization": row.organization_id,
            "actor": { "kind": row.actor_kind, "id": row.actor_id, "name": row.actor_name },
            "client": row.client,
            "via": row.via,
            "action": row.action,
            "target": { "kind": row.target_kind, "id": row.target_id, "name": row.target_name },
            "detail": self.detail(),
        })
    }

    /// The detail; where somebody made something else of it than JSON, the text it is.
    pub fn detail(&self) -> Value {
        serde_json::from_str(&self.row.detail)
            .unwrap_or_else(|_| Value::String(self.row.detail.clone()))
    }
}

/// The number of the newest line; 0 before the first.
///
/// # Errors
/// [`StoreError`].
pub fn newest_number(conn: &Connection) -> Result<i64, StoreError> {
    Ok(conn
        .prepare_cached("SELECT coalesce(max(seq), 0) FROM audit")?
        .query_row([], |row| row.get(0))?)
}

/// The lines after this number, oldest first.
///
/// # Errors
/// [`StoreError`].
pub fn since(conn: &Connection, number: i64, limit: usize) -> Result<Vec<Line>, StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![number, limit], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Lines newest first, at most [`MOST_LISTED`], before the line `before`.
pub fn search(
    conn: &Connection,
    filter: &Filter<'_>,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Line>, StoreError> {
    let mut clause = "seq < ?".to_owned();
    let mut values = vec![Sql::Integer(before.unwrap_or(i64::MAX))];
    let mut and = |text: &str, value: Sql| {
        clause.push_str(" AND ");
        clause.push_str(text);
        values.push(value);
    };
    if let Some(id) = filter.organization_id {
        and("organization_id = ?", id.to_owned().into());
    }
    if let Some(who) = filter.actor {
        let known = conn
            .prepare_cached("SELECT 1 FROM audit WHERE actor_id = ?1 LIMIT 1")?
            .exists([who])?;
        let text = if known {
            "actor_id = ?"
        } else {
            "actor_name = ?"
        };
        and(text, who.to_owned().into());
    }
    if let Some(what) = filter.target {
        let known = conn
            .prepare_cached("SELECT 1 FROM audit WHERE target_id = ?1 LIMIT 1")?
            .exists([what])?;
        let text = if known {
            "target_id = ?"
        } else {
            "target_name = ?"
        };
        and(text, what.to_owned().into());
    }
    if let Some(action) = filter.action {
        and("action = ?", action.to_owned().into());
    }
    // The times become numbers first, so that the walk begins and ends where they do.
    if let Some(from) = filter.from {
        let first: Option<i64> = conn
            .prepare_cached("SELECT min(seq) FROM audit INDEXED BY audit_by_time WHERE at >= ?1")?
            .query_row([from.millis()], |row| row.get(0))?;
        and("seq >= ?", first.unwrap_or(i64::MAX).into());
        and("at >= ?", from.millis().into());
    }
    if let Some(to) = filter.to {
        let last: Option<i64> = conn
            .prepare_cached("SELECT max(seq) FROM audit WHERE at < ?1")?
            .query_row([to.millis()], |row| row.get(0))?;
        and("seq <= ?", last.unwrap_or(0).into());
        and("at < ?", to.millis().into());
    }
    values.push(i64::try_from(limit.min(MOST_LISTED)).unwrap_or(0).into());
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE {clause} ORDER BY seq DESC LIMIT ?");
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What happened to a user and what they did, newest first: lines about them, lines by them, and
/// those of groups that they joined or left. Of such a group's other members nothing is said.
pub fn timeline(
    conn: &Connection,
    organization_id: &str,
    user_id: &str,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Value>, StoreError> {
    // Each way has its index and its own limit, so that none reads more than a page.
    let sql = format!(
        "SELECT {COLUMNS} FROM audit WHERE seq IN (
             SELECT * FROM (SELECT seq FROM audit
                 WHERE target_id = ?2 AND seq < ?3 AND organization_id = ?1
                 ORDER BY seq DESC LIMIT ?4)
             UNION SELECT * FROM (SELECT seq FROM audit
                 WHERE actor_id = ?2 AND seq < ?3 AND organization_id = ?1
                 ORDER BY seq DESC LIMIT ?4)
             UNION SELECT * FROM (SELECT seq FROM audit INDEXED BY audit_of_groups
                 WHERE organization_id = ?1 AND target_kind = 'group' AND seq < ?3
                     AND instr(detail, ?5) > 0
                 ORDER BY seq DESC LIMIT ?4))
         ORDER BY seq DESC LIMIT ?4"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let limit = i64::try_from(limit.min(MOST_LISTED)).unwrap_or(0);
    let quoted = Value::from(user_id).to_string();
    let before = before.unwrap_or(i64::MAX);
    let rows = statement.query_map(
        params![organization_id, user_id, before, limit, quoted],
        read,
    )?;
    let mut shown = Vec::new();
    for line in rows {
        let mut view = line?.view();
        if let Some(detail) = view.get_mut("detail").and_then(Value::as_object_mut) {
            only_of(user_id, detail);
        }
        shown.push(view);
    }
    Ok(shown)
}

/// Leaves of a group's members only this one.
fn only_of(user_id: &str, detail: &mut Map<String, Value>) {
    for key in ["added", "removed"] {
        if let Some(ids) = detail.get_mut(key).and_then(Value::as_array_mut) {
            ids.retain(|id| id.as_str() == Some(user_id));
        }
        if detail
            .get(key)
            .and_then(Value::as_array)
            .is_some_and(Vec::is_empty)
        {
            detail.remove(key);
        }
    }
    if let Some(names) = detail.get_mut("names").and_then(Value::as_object_mut) {
        names.retain(|id, _| id == user_id);
    }
}

/// Whether the log has a line about this in the organization.
pub fn knows(
    conn: &Connection,
    organization_id: &str,
    target_id: &str,
) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM audit WHERE target_id = ?1 AND organization_id = ?2 LIMIT 1",
        )?
        .exists([target_id, organization_id])?)
}

/// The organization that the lines about this belong to.
pub fn organization_of(conn: &Connection, target_id: &str) -> Result<Option<String>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT organization_id FROM audit WHERE target_id = ?1 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row([target_id], |row| row.get(0))
        .optional()?
        .flatten())
}

/// Reads a row whatever somebody made of it: what isn't UTF-8 comes out as something else, and so
/// does its hash.
pub(super) fn read(row: &SqlRow<'_>) -> rusqlite::Result<Line> {
    let maybe = |at: usize| -> rusqlite::Result<Option<String>> {
        Ok(match row.get_ref(at)? {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                Some(String::from_utf8_lossy(bytes).into_owned())
            }
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Real(number) => Some(number.to_string()),
            ValueRef::Null => None,
        })
    };
    let text = |at: usize| maybe(at).map(Option::unwrap_or_default);
    Ok(Line {
        row: Row {
            seq: row.get(0)?,
            at: row.get(1)?,
            organization_id: maybe(2)?,
            actor_kind: text(3)?,
            actor_id: maybe(4)?,
            actor_name: text(5)?,
            client: maybe(6)?,
            via: text(7)?,
            action: text(8)?,
            target_kind: text(9)?,
            target_id: maybe(10)?,
            target_name: text(11)?,
            detail: text(12)?,
        },
        hash: match row.get_ref(13)? {
            ValueRef::Blob(bytes) | ValueRef::Text(bytes) => bytes.to_vec(),
            _ => Vec::new(),
        },
    })
}
