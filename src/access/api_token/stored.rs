//! API tokens in the database.

use std::net::IpAddr;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::json;

use super::{ApiToken, Owner, Scopes};
use crate::access::secret::{self, Secret};
use crate::access::{impossible, maybe_time, millis, time};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry, Target, detail};
use crate::store::{Store, StoreError};

/// "Last used" is written once in this long.
const GRANULARITY: Duration = Duration::from_secs(60);

/// Of the tokens of one owner that work no more, those that are kept to be listed.
const MOST_FORMER: i64 = 150;

const COLUMNS: &str = "id, organization_id, user_id, operator_id, scopes, name, created_at, \
                       expires_at, revoked_at, last_used_at, last_used_from";

/// Rows of the kind and of one [`List`], whose four parameters come first.
const LISTED: &str = "kind = 'api' AND (?4 = 'all' OR (organization_id IS ?1
                      AND (?4 = 'within' OR (user_id IS ?2 AND operator_id IS ?3))))";

/// Which tokens are meant.
#[derive(Clone, Debug)]
pub enum List {
    /// Those of one owner.
    Of(Owner),
    /// Those of an organization and of its users.
    Organization(String),
    /// Those of no organization: the appliance's and the break-glass accounts'.
    Operators,
    /// All there are.
    All,
}

impl List {
    fn parameters(&self) -> (Option<&str>, Option<&str>, Option<&str>, &'static str) {
        match self {
            Self::Of(owner) => {
                let (organization, user, operator) = columns(owner);
                (organization, user, operator, "one")
            }
            Self::Organization(id) => (Some(id), None, None, "within"),
            Self::Operators => (None, None, None, "within"),
            Self::All => (None, None, None, "all"),
        }
    }
}

/// The owner as it stands in the columns organization, user, operator.
fn columns(owner: &Owner) -> (Option<&str>, Option<&str>, Option<&str>) {
    match owner {
        Owner::User {
            id,
            organization_id,
        } => (Some(organization_id), Some(id), None),
        Owner::Organization(id) => (Some(id), None, None),
        Owner::Operator(id) => (None, None, Some(id)),
        Owner::Appliance => (None, None, None),
    }
}

/// The token that was presented, if it works now. Whether its owner may still do anything is not
/// known here.
pub fn find_active(
    conn: &Connection,
    presented: &str,
    now: Timestamp,
) -> Result<Option<ApiToken>, StoreError> {
    Ok(conn
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM tokens
             WHERE hash = ?1 AND kind = 'api' AND revoked_at IS NULL AND expires_at > ?2"
        ))?
        .query_row(params![secret::hash(presented), now.millis()], read)
        .optional()?)
}

/// Tokens, newest first, those that work no more included; and how many there are in all. `after`
/// is the id of the last one of the page before.
pub fn list(
    conn: &Connection,
    which: &List,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<ApiToken>, i64), StoreError> {
    let (organization, user, operator, how) = which.parameters();
    let total = conn
        .prepare_cached(&format!("SELECT count(*) FROM tokens WHERE {LISTED}"))?
        .query_row(params![organization, user, operator, how], |row| row.get(0))?;
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM tokens WHERE {LISTED} AND (?5 IS NULL OR id < ?5)
         ORDER BY id DESC LIMIT ?6"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(
        params![organization, user, operator, how, after, limit],
        read,
    )?;
    Ok((rows.collect::<Result<_, _>>()?, total))
}

/// Revokes a token from the next request on. False if there is none of this id among them; one
/// that was revoked before stays as it was.
pub fn revoke(
    tx: &Connection,
    id: &str,
    among: &List,
    by: &Author,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (organization, user, operator, how) = among.parameters();
    let found = tx
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM tokens WHERE {LISTED} AND id = ?5"
        ))?
        .query_row(params![organization, user, operator, how, id], read)
        .optional()?;
    let Some(token) = found else {
        return Ok(false);
    };
    if token.revoked_at.is_none() {
        tx.prepare_cached("UPDATE tokens SET revoked_at = ?2 WHERE id = ?1")?
            .execute(params![id, now.millis()])?;
        record(tx, "token.revoked", &token, by, now)?;
    }
    Ok(true)
}

/// Notes that a token was used, at most once a minute, without waiting for the disk.
pub fn note_use(store: &Store, token: &ApiToken, from: IpAddr, now: Timestamp) {
    let fresh = |at| now.since(at) < GRANULARITY;
    if token.last_used_at.is_some_and(fresh) {
        return;
    }
    let id = token.id.clone();
    store.write_later(move |tx| used(tx, &id, from, now));
}

pub(super) fn used(
    conn: &Connection,
    id: &str,
    from: IpAddr,
    now: Timestamp,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "UPDATE tokens SET last_used_at = ?2, last_used_from = ?3
         WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at <= ?2 - ?4)",
    )?
    .execute(params![
        id,
        now.millis(),
        from.to_string(),
        millis(GRANULARITY)
    ])?;
    Ok(())
}

/// How many tokens of the owner work now.
pub(super) fn live(conn: &Connection, owner: &Owner, now: Timestamp) -> Result<usize, StoreError> {
    let (organization, user, operator) = columns(owner);
    Ok(conn
        .prepare_cached(&format!(
            "SELECT count(*) FROM tokens
             WHERE {LISTED} AND revoked_at IS NULL AND expires_at > ?5"
        ))?
        .query_row(
            params![organization, user, operator, "one", now.millis()],
            |row| row.get::<_, i64>(0),
        )
        .map(|count| usize::try_from(count).unwrap_or(usize::MAX))?)
}

/// Removes the oldest of the owner's tokens that work no more, so that making and revoking them
/// over and over fills nothing. The audit log still knows them.
pub(super) fn forget(tx: &Connection, owner: &Owner, now: Timestamp) -> Result<(), StoreError> {
    let (organization, user, operator) = columns(owner);
    tx.prepare_cached(&format!(
        "DELETE FROM tokens WHERE id IN
             (SELECT id FROM tokens
              WHERE {LISTED} AND (revoked_at IS NOT NULL OR expires_at <= ?5)
              ORDER BY id DESC LIMIT -1 OFFSET ?6)"
    ))?
    .execute(params![
        organization,
        user,
        operator,
        "one",
        now.millis(),
        MOST_FORMER - 1
    ])?;
    Ok(())
}

pub(super) fn insert(
    tx: &Connection,
    token: &ApiToken,
    secret: &Secret,
    by: &Author,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (organization, user, operator) = columns(&token.owner);
    tx.prepare_cached(
        "INSERT INTO tokens (id, hash, kind, organization_id, user_id, operator_id, scopes, name,
             created_at, expires_at)
         VALUES (?1, ?2, 'api', ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        token.id,
        secret.hash(),
        organization,
        user,
        operator,
        token.scopes.to_string(),
        token.name,
        token.created_at.millis(),
        token.expires_at.millis(),
    ])?;
    record(tx, "token.created", token, by, now)
}

fn record(
    tx: &Connection,
    action: &'static str,
    token: &ApiToken,
    by: &Author,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entry = Entry {
        action,
        organization_id: token.owner.organization_id(),
        target: Target {
            kind: "token",
            id: Some(&token.id),
            name: &token.name,
        },
        detail: detail([
            ("kind", json!("api")),
            (
                "owner",
                json!({ "kind": token.owner.word(), "id": token.owner.id() }),
            ),
            ("scopes", json!(token.scopes.words())),
            ("expires_at", json!(token.expires_at)),
        ]),
    };
    audit::record(tx, by, &entry, now)?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<ApiToken> {
    let owner = match (
        row.get("organization_id")?,
        row.get("user_id")?,
        row.get("operator_id")?,
    ) {
        (Some(organization_id), Some(id), None) => Owner::User {
            id,
            organization_id,
        },
        (Some(id), None, None) => Owner::Organization(id),
        (None, None, Some(id)) => Owner::Operator(id),
        (None, None, None) => Owner::Appliance,
        _ => return Err(impossible("an API token of two owners")),
    };
    let scopes = row.get_ref("scopes")?.as_str()?;
    Ok(ApiToken {
        id: row.get("id")?,
        owner,
        name: row.get("name")?,
        scopes: Scopes::parse(scopes).ok_or_else(|| impossible("an unknown scope"))?,
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
        revoked_at: maybe_time(row, "revoked_at")?,
        last_used_at: maybe_time(row, "last_used_at")?,
        last_used_from: row.get("last_used_from")?,
    })
}
