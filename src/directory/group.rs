//! Groups: reading them and changing the level that their members inherit.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::json;

use super::{DirectoryError, Level, Page, PageRequest, organization};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry};

/// A group as the API and the command line show it.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// UUIDv7; SCIM's `id`.
    pub id: String,
    /// The organization, by id.
    #[serde(skip)]
    pub organization_id: String,
    /// As received, case and all.
    #[serde(rename = "displayName")]
    pub display_name: String,
    /// The identity provider's own id of it.
    #[serde(rename = "externalId")]
    pub external_id: Option<String>,
    /// What its members inherit.
    pub level: Level,
    /// `scim`, `saml` where an attribute of a provider made it, or `local`.
    pub origin: super::user::Origin,
    /// How many members it has.
    pub members: i64,
    /// When made.
    pub created_at: Timestamp,
    /// When last changed.
    pub updated_at: Timestamp,
}

const COLUMNS: &str = "id, organization_id, display_name, external_id, level, origin, \
                       member_count, created_at, updated_at";

/// Finds one by id within an organization; another organization's is not found.
pub fn find_in(
    conn: &Connection,
    organization_id: &str,
    id: &str,
) -> Result<Group, DirectoryError> {
    find(conn, id)?
        .filter(|group| group.organization_id == organization_id)
        .ok_or_else(|| DirectoryError::not_found("group", id))
}

/// Finds one by id.
pub fn find(conn: &Connection, id: &str) -> Result<Option<Group>, DirectoryError> {
    Ok(conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM groups WHERE id = ?1"))?
        .query_row([id], from_row)
        .optional()?)
}

/// Counts, for the groups of a user who is about to go, that a member leaves: the rows of the
/// memberships go with the user's.
pub(super) fn left_by(tx: &Connection, user_id: &str, now: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE groups SET version = version + 1, updated_at = ?2
         WHERE id IN (SELECT group_id FROM members WHERE user_id = ?1)",
    )?
    .execute(params![user_id, now.millis()])?;
    Ok(())
}

/// The groups of an organization by displayName, or those whose name starts with a prefix.
pub fn list(
    conn: &Connection,
    organization_id: &str,
    request: &PageRequest,
) -> Result<Page<Group>, DirectoryError> {
    let total = match request.prefix {
        None => Some(organization::find_by_id(conn, organization_id)?.groups),
        Some(_) => None,
    };
    let (low, high) = request.key_range();
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM groups
         WHERE organization_id = ?1 AND display_name_key >= ?2 AND display_name_key < ?3
           AND display_name_key > ?4
         ORDER BY display_name_key LIMIT ?5"
    ))?;
    let groups = statement
        .query_map(
            params![
                organization_id,
                low,
                high,
                request.after.as_deref().unwrap_or(""),
                request.limit as i64 + 1
            ],
            from_row,
        )?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(request.page(groups, total, |group| super::fold(&group.display_name)))
}

/// Changes the level that the members inherit; it counts from their next request on.
pub fn set_level(
    tx: &Connection,
    id: &str,
    level: Level,
    by: &Author,
    now: Timestamp,
) -> Result<Group, DirectoryError> {
    let missing = || DirectoryError::not_found("group", id);
    let before = find(tx, id)?.ok_or_else(missing)?;
    if before.level == level {
        return Ok(before);
    }
    tx.prepare_cached("UPDATE groups SET level = ?2, updated_at = ?3 WHERE id = ?1")?
        .execute(params![id, level, now.millis()])?;
    let entry = Entry {
        action: "group.level-changed",
        organization_id: Some(&before.organization_id),
        target: audit::Target {
            kind: "group",
            id: Some(id),
            name: &before.display_name,
        },
        detail: audit::detail([
            ("before", json!({ "level": before.level })),
            ("after", json!({ "level": level })),
            ("members", json!(before.members)),
        ]),
    };
    audit::record(tx, by, &entry, now)?;
    find(tx, id)?.ok_or_else(missing)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Group> {
    Ok(Group {
        id: row.get(0)?,
        organization_id: row.get(1)?,
        display_name: row.get(2)?,
        external_id: row.get(3)?,
        level: row.get(4)?,
        origin: super::user::Origin::from_word(row.get_ref(5)?.as_str()?),
        members: row.get(6)?,
        created_at: Timestamp::from_millis(row.get(7)?),
        updated_at: Timestamp::from_millis(row.get(8)?),
    })
}
