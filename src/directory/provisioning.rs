//! What a SCIM client does to the directory: each call is one change, applied whole or not at all.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use serde_json::{Map, Value};

use super::domain::{self, EmailDomain};
use super::error::is_unique_violation;
use super::organization::Organization;
use super::provisioned::{self, GroupFacts, Membership, UserFacts};
use super::scim_filter::{self, Resources};
use super::user::Ended;
use super::{DirectoryError, fold, user, way_in};
use crate::clock::Timestamp;
use crate::observe::audit::Author;
use crate::scim::error::ScimError;
use crate::scim::group::GroupDraft;
use crate::scim::patch::{GroupChange, Patch};
use crate::scim::query::ListQuery;
use crate::scim::user::UserDraft;
use crate::store::{StoreError, id};

/// Why a push was not done.
#[derive(Debug, thiserror::Error)]
pub enum ProvisioningError {
    /// The client is told this.
    #[error("{0}")]
    Scim(ScimError),
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ScimError> for ProvisioningError {
    fn from(error: ScimError) -> Self {
        Self::Scim(error)
    }
}

impl From<rusqlite::Error> for ProvisioningError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<DirectoryError> for ProvisioningError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Store(error) => Self::Store(error),
            other => Self::Scim(ScimError::invalid_value(other.to_string())),
        }
    }
}

type Provisioned<T> = Result<T, ProvisioningError>;

/// A user as SCIM shows it.
#[derive(Debug)]
pub struct ScimUser {
    /// SCIM's `id`.
    pub id: String,
    /// The resource as received.
    pub resource: Map<String, Value>,
    /// Whether the user may sign in.
    pub active: bool,
    /// The name, case and all.
    pub user_name: String,
    /// The client's own id.
    pub external_id: Option<String>,
    /// The groups, by id and name; at most 1,000.
    pub groups: Vec<(String, String)>,
    /// Counts changes.
    pub version: i64,
    /// `meta.created`.
    pub created_at: Timestamp,
    /// `meta.lastModified`.
    pub updated_at: Timestamp,
}

/// A group as SCIM shows it.
#[derive(Debug)]
pub struct ScimGroup {
    /// SCIM's `id`.
    pub id: String,
    /// The name, case and all.
    pub display_name: String,
    /// The resource as received.
    pub resource: Map<String, Value>,
    /// The client's own id.
    pub external_id: Option<String>,
    /// The members, by user id and userName, where they were asked for.
    pub members: Option<Vec<(String, String)>>,
    /// How many members there are.
    pub member_count: i64,
    /// Counts changes.
    pub version: i64,
    /// `meta.created`.
    pub created_at: Timestamp,
    /// `meta.lastModified`.
    pub updated_at: Timestamp,
}

/// Members that one page of groups shows in all: as many as one group may have.
const MOST_MEMBERS_LISTED: i64 = crate::scim::group::MAX_MEMBERS as i64;

const USER_COLUMNS: &str =
    "id, resource, active, external_id, version, created_at, updated_at, user_name";
const GROUP_COLUMNS: &str =
    "id, display_name, resource, external_id, version, created_at, updated_at, member_count";

// ---- users

/// Makes a user (RFC 7644 section 3.3). A taken userName is 409 by the unique index, since two
/// creates of one person at the same moment do happen.
pub fn create_user(
    tx: &Connection,
    organization: &Organization,
    draft: &UserDraft,
    by: &Author,
    now: Timestamp,
) -> Provisioned<ScimUser> {
    let id = id::new(now);
    tx.prepare_cached(
        "INSERT INTO users (id, organization_id, user_name, user_name_key, external_id, email,
             email_key, email_verified, display_name, active, origin, resource, created_at,
             updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'scim', ?11, ?12, ?12)",
    )?
    .execute(params![
        id,
        organization.id,
        draft.user_name,
        fold(&draft.user_name),
        draft.external_id,
        draft.email,
        draft.email.as_deref().map(fold),
        is_verified(tx, organization, draft)?,
        draft.display_name,
        draft.active.unwrap_or(true),
        stored(&draft.resource),
        now.millis()
    ])
    .map_err(|e| taken(e, "userName", &draft.user_name))?;
    let level = user::grant_default(tx, &id, &organization.id)?;
    provisioned::user_created(
        tx,
        organization,
        &id,
        &UserFacts::of_draft(draft),
        level,
        by,
        now,
    )?;
    read_user(tx, organization, &id)
}

/// Puts a draft in place of a user (RFC 7644 section 3.5.1); without `active` it stays as it was.
pub fn replace_user(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    draft: &UserDraft,
    by: &Author,
    now: Timestamp,
) -> Provisioned<ScimUser> {
    let before = read_user(tx, organization, id)?;
    let active = draft.active.unwrap_or(before.active);
    let facts = UserFacts::read(tx, id)?;
    let taken_over = user::find(tx, id)?.filter(way_in::is_on_their_own);
    tx.prepare_cached(
        "UPDATE users SET user_name = ?2, user_name_key = ?3, external_id = ?4, email = ?5,
             email_key = ?6, email_verified = ?7, display_name = ?8, active = ?9, origin = 'scim',
             resource = ?10, version = version + 1, updated_at = ?11, unmanaged_at = NULL
         WHERE id = ?1",
    )?
    .execute(params![
        id,
        draft.user_name,
        fold(&draft.user_name),
        draft.external_id,
        draft.email,
        draft.email.as_deref().map(fold),
        is_verified(tx, organization, draft)?,
        draft.display_name,
        active,
        stored(&draft.resource),
        now.millis()
    ])
    .map_err(|e| taken(e, "userName", &draft.user_name))?;
    if fold(&before.user_name) != fold(&draft.user_name) {
        forget_names(tx, id, &before.user_name)?;
    }
    let mut after = UserFacts::of_draft(draft);
    after.active = active;
    let attributes = provisioned::attributes(&before.resource, &draft.resource);
    provisioned::user_changed(tx, organization, id, (&facts, &after), attributes, by, now)?;
    let ended = if active {
        Ended::default()
    } else {
        user::end_access(tx, id, now)?
    };
    if (active != before.active || !ended.is_nothing())
        && let Some(changed) = user::find(tx, id)?
    {
        user::switched(tx, &changed, (before.active, active), &ended, by, now)?;
    }
    if let Some(taken) = taken_over {
        way_in::handed_over(tx, &taken, by, now)?;
    }
    read_user(tx, organization, id)
}

/// Drops the links by names that may be given to somebody else now that this user has another:
/// the old userName and every address. An opaque NameID stays the person's own.
fn forget_names(tx: &Connection, id: &str, old: &str) -> Provisioned<()> {
    let links = tx
        .prepare_cached("SELECT provider_id, name_id FROM links WHERE user_id = ?1")?
        .query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(String, String)>, _>>()?;
    let given_away = |name: &str| fold(name) == fold(old) || name.contains('@');
    for (provider, name) in links.iter().filter(|(_, name)| given_away(name)) {
        tx.prepare_cached("DELETE FROM links WHERE provider_id = ?1 AND name_id = ?2")?
            .execute([provider, name])?;
    }
    Ok(())
}

/// Applies a PATCH to a user (RFC 7644 section 3.5.2).
pub fn patch_user(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    patch: &Patch,
    by: &Author,
    now: Timestamp,
) -> Provisioned<ScimUser> {
    let before = read_user(tx, organization, id)?;
    let draft = patch.apply_to_user(id, &before.resource)?;
    replace_user(tx, organization, id, &draft, by, now)
}

/// Removes a user; sessions, links and memberships go too.
pub fn delete_user(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    by: &Author,
    now: Timestamp,
) -> Provisioned<()> {
    let there = tx
        .prepare_cached("SELECT 1 FROM users WHERE id = ?1 AND organization_id = ?2")?
        .exists([id, &organization.id])?;
    if !there {
        return Err(no_such("User", id).into());
    }
    let ended = user::end_access(tx, id, now)?;
    provisioned::user_deleted(tx, &organization.id, id, &ended, by, now)?;
    tx.prepare_cached("DELETE FROM users WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

/// Reads one user; another organization's is not found.
pub fn read_user(
    conn: &Connection,
    organization: &Organization,
    id: &str,
) -> Provisioned<ScimUser> {
    let found = conn
        .prepare_cached(&format!(
            "SELECT {USER_COLUMNS} FROM users WHERE id = ?1 AND organization_id = ?2"
        ))?
        .query_row([id, &organization.id], user_row)
        .optional()?;
    let mut found = found.ok_or_else(|| no_such("User", id))?;
    found.groups = groups_of(conn, &found.id)?;
    Ok(found)
}

/// A page of users in the order of their ids, which is the order they were made in; and how many
/// there are in all.
pub fn list_users(
    conn: &Connection,
    organization: &Organization,
    query: &ListQuery,
) -> Provisioned<(usize, Vec<ScimUser>)> {
    let (total, mut page) = list(
        conn,
        organization,
        query,
        "users",
        USER_COLUMNS,
        organization.users,
        user_row,
    )?;
    // Okta with "Unique identifier field for users" set to email asks for userName eq "<email>".
    // Where Application username is something else, nobody would match, the POST that follows
    // would be a 409, and the person would be stuck.
    let by_email = query.filter.as_ref().and_then(scim_filter::bare_user_name);
    if let (0, Some(address)) = (total, by_email)
        && EmailDomain::of_address(address).is_some()
    {
        let mut statement = conn.prepare_cached(&format!(
            "SELECT {USER_COLUMNS} FROM users
             WHERE organization_id = ?1 AND email_key = ?2 LIMIT 2"
        ))?;
        let found = statement
            .query_map(params![organization.id, fold(address)], user_row)?
            .collect::<Result<Vec<_>, _>>()?;
        if found.len() == 1 {
            let mut page = found;
            let shown = query.start_index == 1 && query.count > 0;
            page.truncate(usize::from(shown));
            return with_groups(conn, 1, page);
        }
        page.clear();
    }
    with_groups(conn, total, page)
}

fn with_groups(
    conn: &Connection,
    total: usize,
    mut page: Vec<ScimUser>,
) -> Provisioned<(usize, Vec<ScimUser>)> {
    for user in &mut page {
        user.groups = groups_of(conn, &user.id)?;
    }
    Ok((total, page))
}

fn groups_of(conn: &Connection, user_id: &str) -> Provisioned<Vec<(String, String)>> {
    let mut statement = conn.prepare_cached(
        "SELECT g.id, g.display_name FROM members m JOIN groups g ON g.id = m.group_id
         WHERE m.user_id = ?1 ORDER BY g.id LIMIT 1000",
    )?;
    Ok(statement
        .query_map([user_id], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?)
}

/// An address counts as verified where the organization owns its domain: its own identity
/// provider wrote it.
fn is_verified(
    conn: &Connection,
    organization: &Organization,
    draft: &UserDraft,
) -> Provisioned<bool> {
    match draft.email.as_deref().and_then(EmailDomain::of_address) {
        Some(domain) => Ok(domain::is_own(conn, &organization.id, &domain)?),
        None => Ok(false),
    }
}

// ---- groups

/// Makes a group with the organization's default level.
pub fn create_group(
    tx: &Connection,
    organization: &Organization,
    draft: &GroupDraft,
    by: &Author,
    now: Timestamp,
) -> Provisioned<ScimGroup> {
    let id = id::new(now);
    tx.prepare_cached(
        "INSERT INTO groups (id, organization_id, display_name, display_name_key, external_id,
             level, origin, resource, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'scim', ?7, ?8, ?8)",
    )?
    .execute(params![
        id,
        organization.id,
        draft.display_name,
        fold(&draft.display_name),
        draft.external_id,
        organization.default_group_level,
        stored(&draft.resource),
        now.millis()
    ])
    .map_err(|e| taken(e, "displayName", &draft.display_name))?;
    let mut membership = Membership::default();
    add_members(
        tx,
        organization,
        &id,
        draft.members.as_deref().unwrap_or_default(),
        &mut membership,
    )?;
    let facts = GroupFacts::read(tx, &id)?;
    provisioned::group_created(tx, organization, &id, &facts, membership, by, now)?;
    read_group(tx, organization, &id, true)
}

/// Puts a draft in place of a group; without `members` they stay.
pub fn replace_group(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    draft: &GroupDraft,
    by: &Author,
    now: Timestamp,
) -> Provisioned<ScimGroup> {
    exists(tx, organization, id)?;
    let before = GroupFacts::read(tx, id)?;
    let mut membership = Membership::default();
    tx.prepare_cached(
        "UPDATE groups SET display_name = ?2, display_name_key = ?3, external_id = ?4,
             origin = 'scim', resource = ?5, version = version + 1, updated_at = ?6
         WHERE id = ?1",
    )?
    .execute(params![
        id,
        draft.display_name,
        fold(&draft.display_name),
        draft.external_id,
        stored(&draft.resource),
        now.millis()
    ])
    .map_err(|e| taken(e, "displayName", &draft.display_name))?;
    if let Some(members) = &draft.members {
        set_members(tx, organization, id, members, &mut membership)?;
    }
    let after = GroupFacts::read(tx, id)?;
    provisioned::group_changed(tx, organization, id, (&before, &after), membership, by, now)?;
    read_group(tx, organization, id, true)
}

/// Applies the changes of a PATCH to a group, in their order.
pub fn patch_group(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    patch: &Patch,
    by: &Author,
    now: Timestamp,
) -> Provisioned<()> {
    exists(tx, organization, id)?;
    let before = GroupFacts::read(tx, id)?;
    let mut membership = Membership::default();
    for change in patch.group_changes(id, &mut Vec::new())? {
        match change {
            GroupChange::Rename(name) => {
                tx.prepare_cached(
                    "UPDATE groups SET display_name = ?2, display_name_key = ?3,
                         resource = json_set(resource, '$.displayName', ?2) WHERE id = ?1",
                )?
                .execute(params![id, name, fold(&name)])
                .map_err(|e| taken(e, "displayName", &name))?;
            }
            GroupChange::ExternalId(external_id) => {
                tx.prepare_cached("UPDATE groups SET external_id = ?2 WHERE id = ?1")?
                    .execute(params![id, external_id])?;
            }
            GroupChange::ReplaceMembers(members) => {
                set_members(tx, organization, id, &members, &mut membership)?;
            }
            GroupChange::AddMembers(members) => {
                add_members(tx, organization, id, &members, &mut membership)?;
            }
            GroupChange::RemoveMembers(members) => {
                remove_members(tx, id, &members, &mut membership)?;
            }
            GroupChange::RemoveAllMembers => remove_all_members(tx, id, &mut membership)?,
        }
    }
    tx.prepare_cached("UPDATE groups SET version = version + 1, updated_at = ?2 WHERE id = ?1")?
        .execute(params![id, now.millis()])?;
    let after = GroupFacts::read(tx, id)?;
    provisioned::group_changed(tx, organization, id, (&before, &after), membership, by, now)?;
    Ok(())
}

/// Removes a group; its users stay.
pub fn delete_group(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    by: &Author,
    now: Timestamp,
) -> Provisioned<()> {
    exists(tx, organization, id)?;
    let before = GroupFacts::read(tx, id)?;
    let mut membership = Membership::default();
    remove_all_members(tx, id, &mut membership)?;
    provisioned::group_deleted(tx, organization, id, &before, membership, by, now)?;
    tx.prepare_cached("DELETE FROM groups WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

/// Reads one group, with its members where they are wanted; another organization's is not found.
pub fn read_group(
    conn: &Connection,
    organization: &Organization,
    id: &str,
    with_members: bool,
) -> Provisioned<ScimGroup> {
    let found = conn
        .prepare_cached(&format!(
            "SELECT {GROUP_COLUMNS} FROM groups WHERE id = ?1 AND organization_id = ?2"
        ))?
        .query_row([id, &organization.id], group_row)
        .optional()?;
    let mut found = found.ok_or_else(|| no_such("Group", id))?;
    if with_members {
        found.members = Some(members_of(conn, &found.id)?);
    }
    Ok(found)
}

/// A page of groups in the order of their ids, and how many there are in all. The members are
/// read only where the client wants them.
pub fn list_groups(
    conn: &Connection,
    organization: &Organization,
    query: &ListQuery,
    with_members: bool,
) -> Provisioned<(usize, Vec<ScimGroup>)> {
    let (total, mut page) = list(
        conn,
        organization,
        query,
        "groups",
        GROUP_COLUMNS,
        organization.groups,
        group_row,
    )?;
    if with_members {
        let all: i64 = page.iter().map(|group| group.member_count).sum();
        if all > MOST_MEMBERS_LISTED {
            return Err(ScimError::too_many(format!(
                "These {} groups have {all} members, and one page shows {MOST_MEMBERS_LISTED}: \
                 lower `count`, or send excludedAttributes=members",
                page.len()
            ))
            .into());
        }
        for group in &mut page {
            group.members = Some(members_of(conn, &group.id)?);
        }
    }
    Ok((total, page))
}

fn members_of(conn: &Connection, group_id: &str) -> Provisioned<Vec<(String, String)>> {
    let mut statement = conn.prepare_cached(
        "SELECT u.id, u.user_name FROM members m JOIN users u ON u.id = m.user_id
         WHERE m.group_id = ?1 ORDER BY u.id",
    )?;
    Ok(statement
        .query_map([group_id], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?)
}

fn set_members(
    tx: &Connection,
    organization: &Organization,
    group_id: &str,
    wanted: &[String],
    membership: &mut Membership,
) -> Provisioned<()> {
    let wanted_ids: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    let present = tx
        .prepare_cached("SELECT user_id FROM members WHERE group_id = ?1")?
        .query_map([group_id], |row| row.get::<_, String>(0))?
        .collect::<Result<BTreeSet<_>, _>>()?;
    let leaving: Vec<String> = present
        .iter()
        .filter(|id| !wanted_ids.contains(id.as_str()))
        .cloned()
        .collect();
    let joining: Vec<String> = wanted_ids
        .into_iter()
        .filter(|id| !present.contains(*id))
        .map(str::to_owned)
        .collect();
    remove_members(tx, group_id, &leaving, membership)?;
    add_members(tx, organization, group_id, &joining, membership)
}

fn add_members(
    tx: &Connection,
    organization: &Organization,
    group_id: &str,
    members: &[String],
    membership: &mut Membership,
) -> Provisioned<()> {
    let mut known =
        tx.prepare_cached("SELECT 1 FROM users WHERE id = ?1 AND organization_id = ?2")?;
    let mut insert =
        tx.prepare_cached("INSERT OR IGNORE INTO members (group_id, user_id) VALUES (?1, ?2)")?;
    for member in members {
        if !known.exists([member.as_str(), &organization.id])? {
            let shown: String = member.chars().take(80).collect();
            return Err(ScimError::invalid_value(format!(
                "members: there is no user `{shown}` here; assign the person to the \
                     application before pushing the group"
            ))
            .into());
        }
        if insert.execute([group_id, member])? > 0 {
            membership.joined(member);
        }
    }
    Ok(())
}

/// Removing who is no member is no error: the result is what was asked for.
fn remove_members(
    tx: &Connection,
    group_id: &str,
    members: &[String],
    membership: &mut Membership,
) -> Provisioned<()> {
    let mut delete =
        tx.prepare_cached("DELETE FROM members WHERE group_id = ?1 AND user_id = ?2")?;
    for member in members {
        if delete.execute([group_id, member])? > 0 {
            membership.left(member);
        }
    }
    Ok(())
}

fn remove_all_members(
    tx: &Connection,
    group_id: &str,
    membership: &mut Membership,
) -> Provisioned<()> {
    let mut delete =
        tx.prepare_cached("DELETE FROM members WHERE group_id = ?1 RETURNING user_id")?;
    let mut rows = delete.query([group_id])?;
    while let Some(row) = rows.next()? {
        membership.left(row.get_ref(0)?.as_str().unwrap_or_default());
    }
    Ok(())
}

fn exists(conn: &Connection, organization: &Organization, id: &str) -> Provisioned<()> {
    let there = conn
        .prepare_cached("SELECT 1 FROM groups WHERE id = ?1 AND organization_id = ?2")?
        .exists([id, &organization.id])?;
    if there {
        Ok(())
    } else {
        Err(no_such("Group", id).into())
    }
}

// ---- both

fn list<T>(
    conn: &Connection,
    organization: &Organization,
    query: &ListQuery,
    table: &'static str,
    columns: &'static str,
    all: i64,
    row: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Provisioned<(usize, Vec<T>)> {
    let resources = if table == "users" {
        Resources::Users
    } else {
        Resources::Groups
    };
    let condition = query
        .filter
        .as_ref()
        .map(|f| scim_filter::compile(f, resources))
        .transpose()?;
    let mut parameters = vec![rusqlite::types::Value::Text(organization.id.clone())];
    let mut clause = "organization_id = ?".to_owned();
    let total: i64 = match condition {
        None => all,
        Some(condition) => {
            clause = format!("{clause} AND {}", condition.sql);
            parameters.extend(condition.parameters);
            conn.prepare_cached(&format!("SELECT count(*) FROM {table} WHERE {clause}"))?
                .query_row(params_from_iter(&parameters), |row| row.get(0))?
        }
    };
    let total = usize::try_from(total).unwrap_or(0);
    if query.count == 0 || total == 0 {
        return Ok((total, Vec::new()));
    }
    parameters.push(rusqlite::types::Value::Integer(
        i64::try_from(query.count).unwrap_or(0),
    ));
    let skip = query.start_index.saturating_sub(1);
    parameters.push(rusqlite::types::Value::Integer(
        i64::try_from(skip).unwrap_or(i64::MAX),
    ));
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {columns} FROM {table} WHERE {clause} ORDER BY id LIMIT ? OFFSET ?"
    ))?;
    let page = statement
        .query_map(params_from_iter(&parameters), row)?
        .collect::<Result<Vec<_>, _>>()?;
    Ok((total, page))
}

fn user_row(row: &Row<'_>) -> rusqlite::Result<ScimUser> {
    Ok(ScimUser {
        id: row.get(0)?,
        resource: parsed(row.get_ref(1)?.as_str()?),
        active: row.get(2)?,
        user_name: row.get(7)?,
        external_id: row.get(3)?,
        groups: Vec::new(),
        version: row.get(4)?,
        created_at: Timestamp::from_millis(row.get(5)?),
        updated_at: Timestamp::from_millis(row.get(6)?),
    })
}

fn group_row(row: &Row<'_>) -> rusqlite::Result<ScimGroup> {
    Ok(ScimGroup {
        id: row.get(0)?,
        display_name: row.get(1)?,
        resource: parsed(row.get_ref(2)?.as_str()?),
        external_id: row.get(3)?,
        members: None,
        member_count: row.get(7)?,
        version: row.get(4)?,
        created_at: Timestamp::from_millis(row.get(5)?),
        updated_at: Timestamp::from_millis(row.get(6)?),
    })
}

fn stored(resource: &Map<String, Value>) -> String {
    serde_json::to_string(resource).unwrap_or_else(|_| "{}".to_owned())
}

fn parsed(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

fn no_such(what: &str, id: &str) -> ScimError {
    let shown: String = id.chars().take(80).collect();
    ScimError::not_found(format!("there is no {what} {shown} here"))
}

fn taken(error: rusqlite::Error, attribute: &str, value: &str) -> ProvisioningError {
    if is_unique_violation(&error) {
        let shown: String = value.chars().take(256).collect();
        ScimError::uniqueness(format!(
            "{attribute} `{shown}` is already taken (compared without case)"
        ))
        .into()
    } else {
        error.into()
    }
}
