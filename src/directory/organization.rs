//! Organizations: the tenants.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::error::is_unique_violation;
use super::slug::Slug;
use super::{DirectoryError, Level, UnknownExtensions};
use crate::access::session;
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry};
use crate::observe::trace::document;
use crate::store::{StoreError, id};

/// An organization as stored.
#[derive(Clone, Debug, Serialize)]
pub struct Organization {
    /// UUIDv7.
    pub id: String,
    /// Its name in addresses.
    pub slug: String,
    /// Its name on screen.
    pub name: String,
    /// What a newly pushed group gets.
    pub default_group_level: Level,
    /// What a new user gets.
    pub default_user_level: Level,
    /// Whether its local users may sign in with their passwords.
    pub local_sign_in: bool,
    /// Whether its admins may have metadata fetched from this site's networks.
    pub internal_metadata: bool,
    /// What becomes of SCIM extensions that nobody here knows.
    pub unknown_extensions: UnknownExtensions,
    /// Whether a pushed group's members who aren't here are left out; otherwise the push is refused.
    pub skip_unknown_members: bool,
    /// Whether the responses behind its sign-ins are kept, sealed.
    pub keep_documents: bool,
    /// How many users it has.
    pub users: i64,
    /// How many groups it has.
    pub groups: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

const COLUMNS: &str = "id, slug, name, default_group_level, default_user_level, user_count, \
                       group_count, created_at, local_sign_in, internal_metadata, \
                       unknown_extensions, skip_unknown_members, keep_documents";

/// Makes one. A taken slug is a conflict.
pub fn create(
    tx: &Connection,
    slug: &Slug,
    name: &str,
    by: &Author,
    now: Timestamp,
) -> Result<Organization, DirectoryError> {
    let name = checked_name(name)?;
    let id = id::new(now);
    let inserted = tx
        .prepare_cached(
            "INSERT INTO organizations (id, slug, name, created_at) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![id, slug.as_str(), name, now.millis()]);
    match inserted {
        Ok(_) => {
            document::prepare(tx)?;
            let made = find(tx, slug.as_str())?;
            let detail = audit::detail([("after", Value::Object(facts(&made)))]);
            told(tx, "organization.created", &made, detail, by, now)?;
            Ok(made)
        }
        Err(e) if is_unique_violation(&e) => Err(DirectoryError::conflict(
            "slug",
            format!("there is already an organization `{slug}`"),
        )),
        Err(e) => Err(e.into()),
    }
}

/// Finds one by slug.
pub fn find(conn: &Connection, slug: &str) -> Result<Organization, DirectoryError> {
    conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM organizations WHERE slug = ?1"
    ))?
    .query_row([slug], from_row)
    .optional()?
    .ok_or_else(|| DirectoryError::not_found("organization", slug))
}

/// Finds one by id.
pub fn find_by_id(conn: &Connection, id: &str) -> Result<Organization, DirectoryError> {
    conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM organizations WHERE id = ?1"
    ))?
    .query_row([id], from_row)
    .optional()?
    .ok_or_else(|| DirectoryError::not_found("organization", id))
}

/// Whether the responses behind the sign-ins of this organization are kept.
pub fn keeps_documents(conn: &Connection, id: &str) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached("SELECT keep_documents FROM organizations WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?
        .unwrap_or(false))
}

/// All of them by slug; an appliance has few, so at most 1,000 are listed.
pub fn list(conn: &Connection) -> Result<Vec<Organization>, DirectoryError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM organizations ORDER BY slug LIMIT 1000"
    ))?;
    Ok(statement
        .query_map([], from_row)?
        .collect::<Result<_, _>>()?)
}

/// What can be changed of an organization; `None` keeps.
#[derive(Debug, Default)]
pub struct Change {
    /// The name on screen.
    pub name: Option<String>,
    /// What a newly pushed group gets from now on.
    pub default_group_level: Option<Level>,
    /// What a new user gets from now on.
    pub default_user_level: Option<Level>,
    /// Whether its local users may sign in with their passwords; off ends the sessions they have.
    pub local_sign_in: Option<bool>,
    /// Whether its admins may have metadata fetched from this site's networks. For operators.
    pub internal_metadata: Option<bool>,
    /// Whether SCIM extensions that nobody here knows are kept or refused from now on.
    pub unknown_extensions: Option<UnknownExtensions>,
    /// Whether a pushed group's members who aren't here are left out or refused from now on.
    pub skip_unknown_members: Option<bool>,
    /// Whether the responses behind its sign-ins are kept; off forgets those there are.
    pub keep_documents: Option<bool>,
}

/// Changes one and returns it as it is then.
pub fn change(
    tx: &Connection,
    slug: &str,
    change: &Change,
    by: &Author,
    now: Timestamp,
) -> Result<Organization, DirectoryError> {
    let before = find(tx, slug)?;
    let name = match &change.name {
        Some(name) => checked_name(name)?,
        None => &before.name,
    };
    tx.prepare_cached(
        "UPDATE organizations SET name = ?2, default_group_level = ?3, default_user_level = ?4,
             internal_metadata = ?5, unknown_extensions = ?6, skip_unknown_members = ?7
         WHERE id = ?1",
    )?
    .execute(params![
        before.id,
        name,
        change
            .default_group_level
            .unwrap_or(before.default_group_level),
        change
            .default_user_level
            .unwrap_or(before.default_user_level),
        change.internal_metadata.unwrap_or(before.internal_metadata),
        change
            .unknown_extensions
            .unwrap_or(before.unknown_extensions),
        change
            .skip_unknown_members
            .unwrap_or(before.skip_unknown_members)
    ])?;
    if let Some(on) = change.local_sign_in {
        tx.prepare_cached("UPDATE organizations SET local_sign_in = ?2 WHERE id = ?1")?
            .execute(params![before.id, on])?;
        if !on {
            session::end_of_organization_by_method(tx, &before.id, session::Method::Password)?;
        }
    }
    if let Some(on) = change.keep_documents {
        tx.prepare_cached("UPDATE organizations SET keep_documents = ?2 WHERE id = ?1")?
            .execute(params![before.id, on])?;
        if !on {
            document::forget(tx, &before.id)?;
        }
    }
    let after = find(tx, slug)?;
    if let Some(detail) = audit::changes(&facts(&before), &facts(&after)) {
        told(tx, "organization.changed", &after, detail, by, now)?;
    }
    Ok(after)
}

/// What the audit log says of an organization.
fn facts(organization: &Organization) -> Map<String, Value> {
    audit::detail([
        ("slug", json!(organization.slug)),
        ("name", json!(organization.name)),
        (
            "default_group_level",
            json!(organization.default_group_level),
        ),
        ("default_user_level", json!(organization.default_user_level)),
        ("local_sign_in", json!(organization.local_sign_in)),
        ("internal_metadata", json!(organization.internal_metadata)),
        ("unknown_extensions", json!(organization.unknown_extensions)),
        (
            "skip_unknown_members",
            json!(organization.skip_unknown_members),
        ),
        ("keep_documents", json!(organization.keep_documents)),
    ])
}

fn told(
    tx: &Connection,
    action: &'static str,
    organization: &Organization,
    detail: Map<String, Value>,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let entry = Entry {
        action,
        organization_id: Some(&organization.id),
        target: audit::Target {
            kind: "organization",
            id: Some(&organization.id),
            name: &organization.name,
        },
        detail,
    };
    audit::record(tx, by, &entry, now)?;
    Ok(())
}

fn checked_name(name: &str) -> Result<&str, DirectoryError> {
    let trimmed = name.trim();
    if trimmed.is_empty() || trimmed.chars().count() > 100 || trimmed.chars().any(char::is_control)
    {
        return Err(DirectoryError::invalid(
            "name",
            "expected 1 to 100 characters",
        ));
    }
    Ok(trimmed)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Organization> {
    Ok(Organization {
        id: row.get(0)?,
        slug: row.get(1)?,
        name: row.get(2)?,
        default_group_level: row.get(3)?,
        default_user_level: row.get(4)?,
        users: row.get(5)?,
        groups: row.get(6)?,
        created_at: Timestamp::from_millis(row.get(7)?),
        local_sign_in: row.get(8)?,
        internal_metadata: row.get(9)?,
        unknown_extensions: row.get(10)?,
        skip_unknown_members: row.get(11)?,
        keep_documents: row.get(12)?,
    })
}
