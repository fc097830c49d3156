//! Users: reading them, their level and where it comes from, switching them off.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use super::deprovisioning::{Ended, end_access};
use super::level::BIT;
use super::{
    DirectoryError, Level, Levels, Page, PageRequest, deprovisioning, organization, sessions,
};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry};

/// How a user came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Pushed by an identity provider.
    Scim,
    /// Made at the first sign-in.
    Saml,
    /// Made here.
    Local,
}

impl Origin {
    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "scim" => Self::Scim,
            "saml" => Self::Saml,
            _ => Self::Local,
        }
    }
}

/// A user as stored.
#[derive(Clone, Debug)]
pub struct User {
    /// UUIDv7; SCIM's `id`.
    pub id: String,
    /// The organization.
    pub organization_id: String,
    /// As received, case and all.
    pub user_name: String,
    /// The primary address.
    pub email: Option<String>,
    /// The name to show.
    pub display_name: Option<String>,
    /// Whether the user may sign in.
    pub active: bool,
    /// How the user came to be.
    pub origin: Origin,
    /// When made.
    pub created_at: Timestamp,
    /// When last changed.
    pub updated_at: Timestamp,
    /// The last accepted sign-in.
    pub last_sign_in_at: Option<Timestamp>,
    /// Since when no identity provider answers for the user any more.
    pub unmanaged_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, organization_id, user_name, email, display_name, active, origin, \
                       created_at, updated_at, last_sign_in_at, unmanaged_at";

/// Finds one by id.
pub fn find(conn: &Connection, id: &str) -> Result<Option<User>, DirectoryError> {
    Ok(conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE id = ?1"))?
        .query_row([id], from_row)
        .optional()?)
}

/// Finds one by id within an organization; another organization's is not found.
pub fn find_in(conn: &Connection, organization_id: &str, id: &str) -> Result<User, DirectoryError> {
    find(conn, id)?
        .filter(|user| user.organization_id == organization_id)
        .ok_or_else(|| DirectoryError::not_found("user", id))
}

/// The users of an organization by userName, or those whose userName starts with a prefix.
pub fn list(
    conn: &Connection,
    organization_id: &str,
    request: &PageRequest,
) -> Result<Page<User>, DirectoryError> {
    let total = match request.prefix {
        None => Some(organization::find_by_id(conn, organization_id)?.users),
        Some(_) => None,
    };
    let (low, high) = request.key_range();
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM users
         WHERE organization_id = ?1 AND user_name_key >= ?2 AND user_name_key < ?3
           AND user_name_key > ?4
         ORDER BY user_name_key LIMIT ?5"
    ))?;
    let users = statement
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
    Ok(request.page(users, total, |user| super::fold(&user.user_name)))
}

/// The members of a group by id, a page of them.
pub fn members(
    conn: &Connection,
    group_id: &str,
    request: &PageRequest,
) -> Result<Page<User>, DirectoryError> {
    let total = conn
        .prepare_cached("SELECT member_count FROM groups WHERE id = ?1")?
        .query_row([group_id], |row| row.get(0))
        .optional()?;
    let mut statement = conn.prepare_cached(
        "SELECT u.id, u.organization_id, u.user_name, u.email, u.display_name, u.active, u.origin,
                u.created_at, u.updated_at, u.last_sign_in_at, u.unmanaged_at
         FROM members m JOIN users u ON u.id = m.user_id
         WHERE m.group_id = ?1 AND m.user_id > ?2 ORDER BY m.user_id LIMIT ?3",
    )?;
    let users = statement
        .query_map(
            params![
                group_id,
                request.after.as_deref().unwrap_or(""),
                request.limit as i64 + 1
            ],
            from_row,
        )?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(request.page(users, total, |user| user.id.clone()))
}

/// One way a level reaches a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LevelSource {
    /// The level that comes this way.
    pub level: Level,
    /// `default` (what new users get), `direct` or `group`.
    pub from: &'static str,
    /// The group, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupName>,
}

/// A group by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupName {
    /// The group's id.
    pub id: String,
    /// Its name.
    #[serde(rename = "displayName")]
    pub display_name: String,
}

/// The levels that reach the user by any way.
pub fn reached(conn: &Connection, user_id: &str) -> Result<Levels, DirectoryError> {
    let bits: i64 = conn
        .prepare_cached(&format!(
            "SELECT coalesce(sum(DISTINCT {BIT}), 0)
             FROM (SELECT level FROM grants WHERE user_id = ?1
                   UNION ALL
                   SELECT g.level FROM members m JOIN groups g ON g.id = m.group_id
                   WHERE m.user_id = ?1)"
        ))?
        .query_row([user_id], |row| row.get(0))?;
    Ok(Levels::from_bits(bits))
}

/// The user's level: the highest that reaches them by any way, or `None`.
pub fn level(conn: &Connection, user_id: &str) -> Result<Option<Level>, DirectoryError> {
    Ok(reached(conn, user_id)?.highest())
}

/// Every way a level reaches the user, the highest first; at most 1,000 groups.
pub fn levels(conn: &Connection, user_id: &str) -> Result<Vec<LevelSource>, DirectoryError> {
    let mut found = conn
        .prepare_cached("SELECT level, source FROM grants WHERE user_id = ?1")?
        .query_map([user_id], |row| {
            let from = if row.get_ref(1)?.as_str()? == "direct" {
                "direct"
            } else {
                "default"
            };
            Ok(LevelSource {
                level: row.get(0)?,
                from,
                group: None,
            })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let groups = conn
        .prepare_cached(
            "SELECT g.level, g.id, g.display_name FROM members m JOIN groups g ON g.id = m.group_id
             WHERE m.user_id = ?1 LIMIT 1000",
        )?
        .query_map([user_id], |row| {
            let group = GroupName {
                id: row.get(1)?,
                display_name: row.get(2)?,
            };
            Ok(LevelSource {
                level: row.get(0)?,
                from: "group",
                group: Some(group),
            })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    found.extend(groups);
    found.sort_by_key(|source| std::cmp::Reverse(source.level));
    Ok(found)
}

/// Gives a new user the organization's default level, and returns it.
pub(crate) fn grant_default(
    tx: &Connection,
    user_id: &str,
    organization_id: &str,
) -> Result<Level, DirectoryError> {
    Ok(tx
        .prepare_cached(
            "INSERT INTO grants (user_id, level, source)
             SELECT ?1, default_user_level, 'default' FROM organizations WHERE id = ?2
             RETURNING level",
        )?
        .query_row([user_id, organization_id], |row| row.get(0))?)
}

/// Switches a user on or off. Off ends everything that lets them in, in the same transaction; on
/// restores none of it.
pub fn set_active(
    tx: &Connection,
    user_id: &str,
    active: bool,
    by: &Author,
    now: Timestamp,
) -> Result<Ended, DirectoryError> {
    let changed = tx
        .prepare_cached(
            "UPDATE users SET active = ?2, active_shown = ?2, version = version + 1, updated_at = ?3
             WHERE id = ?1 AND active <> ?2",
        )?
        .execute(params![user_id, active, now.millis()])?;
    let ended = if active {
        Ended::default()
    } else {
        end_access(tx, user_id, now)?
    };
    if (changed > 0 || !ended.is_nothing())
        && let Some(user) = find(tx, user_id)?
    {
        let was = if changed > 0 { !active } else { active };
        switched(tx, &user, (was, active), &ended, by, now)?;
    }
    Ok(ended)
}

/// Tells that a user was switched on or off; or that what was left to them ended, though they were
/// off before.
pub(crate) fn switched(
    tx: &Connection,
    user: &User,
    (was, active): (bool, bool),
    ended: &Ended,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    if active {
        return told(tx, "user.reactivated", user, Map::new(), by, now);
    }
    let mut detail = deprovisioning::detail(ended, now);
    detail.insert("before".into(), json!({ "active": was }));
    told(tx, "user.deactivated", user, detail, by, now)
}

/// Tells that a user ended their own session.
pub fn signed_out(
    tx: &Connection,
    user: &User,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    told(tx, "user.signed-out", user, Map::new(), by, now)
}

/// Tells what an identity provider said when it was asked to sign somebody out, too.
pub fn logout_answered(
    tx: &Connection,
    user: &User,
    answer: &str,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let detail = audit::detail([("answer", json!(answer))]);
    told(tx, "user.logout-answered", user, detail, by, now)
}

/// Adds a line about a user to the audit log.
pub(crate) fn told(
    tx: &Connection,
    action: &'static str,
    user: &User,
    detail: Map<String, Value>,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let entry = Entry {
        action,
        organization_id: Some(&user.organization_id),
        target: audit::Target {
            kind: "user",
            id: Some(&user.id),
            name: &user.user_name,
        },
        detail,
    };
    audit::record(tx, by, &entry, now)?;
    Ok(())
}

/// What the audit log says of a user.
pub(crate) fn facts(user: &User) -> Map<String, Value> {
    audit::detail([
        ("userName", json!(user.user_name)),
        ("email", json!(user.email)),
        ("displayName", json!(user.display_name)),
        ("origin", json!(user.origin)),
        ("active", json!(user.active)),
    ])
}

/// A user as the API and the command line show it.
#[derive(Debug, Serialize)]
pub struct View {
    id: String,
    #[serde(rename = "userName")]
    user_name: String,
    email: Option<String>,
    #[serde(rename = "displayName")]
    display_name: Option<String>,
    origin: Origin,
    active: bool,
    level: Option<Level>,
    levels: Vec<LevelSource>,
    sessions: usize,
    last_sign_in_at: Option<Timestamp>,
    unmanaged_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Reads what is shown of a user.
pub fn view(conn: &Connection, user: &User, now: Timestamp) -> Result<View, DirectoryError> {
    let levels = levels(conn, &user.id)?;
    Ok(View {
        id: user.id.clone(),
        user_name: user.user_name.clone(),
        email: user.email.clone(),
        display_name: user.display_name.clone(),
        origin: user.origin,
        active: user.active,
        level: levels.first().map(|source| source.level),
        levels,
        sessions: sessions::of_user(conn, user, now)?.len(),
        last_sign_in_at: user.last_sign_in_at,
        unmanaged_at: user.unmanaged_at,
        created_at: user.created_at,
        updated_at: user.updated_at,
    })
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        organization_id: row.get(1)?,
        user_name: row.get(2)?,
        email: row.get(3)?,
        display_name: row.get(4)?,
        active: row.get(5)?,
        origin: Origin::from_word(row.get_ref(6)?.as_str()?),
        created_at: Timestamp::from_millis(row.get(7)?),
        updated_at: Timestamp::from_millis(row.get(8)?),
        last_sign_in_at: row.get::<_, Option<i64>>(9)?.map(Timestamp::from_millis),
        unmanaged_at: row.get::<_, Option<i64>>(10)?.map(Timestamp::from_millis),
    })
}
