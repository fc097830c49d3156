//! Users: made, replaced, patched, removed, read.

use rusqlite::{Connection, OptionalExtension, params};

use super::searched::{display_name_key, keep_addresses};
use super::{Outcome, Provisioned, ScimUser, USER_COLUMNS, no_such, stored, taken, user_row};
use crate::clock::Timestamp;
use crate::directory::domain::{self, EmailDomain};
use crate::directory::organization::Organization;
use crate::directory::provisioned::{self, UserFacts};
use crate::directory::user::{self, Ended};
use crate::directory::{UnknownExtensions, brake, fold, group, way_in};
use crate::observe::audit::Author;
use crate::scim::etag::Conditions;
use crate::scim::patch::Patch;
use crate::scim::user::{Active, UserDraft};
use crate::store::id;

/// Makes a user (RFC 7644 section 3.3). A taken userName is 409 by the unique index, since two
/// creates of one person at the same moment do happen.
pub fn create_user(
    tx: &Connection,
    organization: &Organization,
    draft: &UserDraft,
    by: &Author,
    now: Timestamp,
) -> Provisioned<Outcome<ScimUser>> {
    create_user_as(tx, organization, &id::new(now), draft, by, now)
}

/// The same under an id that was made before.
pub(super) fn create_user_as(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    draft: &UserDraft,
    by: &Author,
    now: Timestamp,
) -> Provisioned<Outcome<ScimUser>> {
    if organization.unknown_extensions == UnknownExtensions::Refuse {
        draft.only_known_extensions(None)?;
    }
    let active = draft.active.unwrap_or(Active::Given(true));
    tx.prepare_cached(
        "INSERT INTO users (id, organization_id, user_name, user_name_key, external_id, email,
             email_key, email_verified, display_name, active, origin, resource, created_at,
             updated_at, display_name_key, active_shown)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'scim', ?11, ?12, ?12, ?13, ?14)",
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
        active.is_on(),
        stored(&draft.resource),
        now.millis(),
        display_name_key(draft),
        active.shown()
    ])
    .map_err(|e| taken(e, "userName", &draft.user_name))?;
    keep_addresses(tx, organization, id, draft)?;
    let level = user::grant_default(tx, id, &organization.id)?;
    provisioned::user_created(
        tx,
        organization,
        id,
        &UserFacts::of_draft(draft),
        level,
        by,
        now,
    )?;
    Ok(Outcome {
        value: read_user(tx, organization, id)?,
        notes: draft.notes.clone(),
        changed: true,
    })
}

/// Puts a draft in place of a user (RFC 7644 section 3.5.1); without `active` it stays as it was.
/// One that is there already leaves version and time alone (section 3.5.2 asks it of PATCH, and
/// Okta puts the same twice).
pub fn replace_user(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    draft: &UserDraft,
    by: &Author,
    now: Timestamp,
) -> Provisioned<Outcome<ScimUser>> {
    let before = read_user(tx, organization, id)?;
    if organization.unknown_extensions == UnknownExtensions::Refuse {
        draft.only_known_extensions(Some(&before.resource))?;
    }
    let active = draft.active.unwrap_or(before.active);
    if !active.is_on() {
        brake::access_goes(tx, organization, id, brake::Change::Deactivation, by, now)?;
    }
    let facts = UserFacts::read(tx, id)?;
    let taken_over = user::find(tx, id)?.filter(way_in::is_on_their_own);
    let mut after = UserFacts::of_draft(draft);
    after.active = active.is_on();
    let differs = before.resource != draft.resource || facts != after || before.active != active;
    let changed = tx
        .prepare_cached(
            "UPDATE users SET user_name = ?2, user_name_key = ?3, external_id = ?4, email = ?5,
             email_key = ?6, email_verified = ?7, display_name = ?8, active = ?9, origin = 'scim',
             resource = ?10, version = version + 1, updated_at = ?11, unmanaged_at = NULL,
                 display_name_key = ?13, active_shown = ?14
         WHERE id = ?1
             AND (?12 OR active <> ?9 OR email_verified <> ?7 OR unmanaged_at IS NOT NULL)",
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
            active.is_on(),
            stored(&draft.resource),
            now.millis(),
            differs,
            display_name_key(draft),
            active.shown()
        ])
        .map_err(|e| taken(e, "userName", &draft.user_name))?
        > 0;
    if differs {
        keep_addresses(tx, organization, id, draft)?;
    }
    if fold(&before.user_name) != fold(&draft.user_name) {
        forget_names(tx, id, &before.user_name)?;
    }
    let mut attributes = provisioned::attributes(&before.resource, &draft.resource);
    if before.active.shown().is_none() != active.shown().is_none() {
        attributes.push("active".to_owned());
    }
    provisioned::user_changed(tx, organization, id, (&facts, &after), attributes, by, now)?;
    let ended = if active.is_on() {
        Ended::default()
    } else {
        user::end_access(tx, id, now)?
    };
    let switch = (before.active.is_on(), active.is_on());
    if (switch.0 != switch.1 || !ended.is_nothing())
        && let Some(changed) = user::find(tx, id)?
    {
        user::switched(tx, &changed, switch, &ended, by, now)?;
    }
    if let Some(taken) = taken_over {
        way_in::handed_over(tx, &taken, by, now)?;
    }
    Ok(Outcome {
        value: read_user(tx, organization, id)?,
        notes: draft.notes.clone(),
        changed: changed || !ended.is_nothing(),
    })
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
) -> Provisioned<Outcome<ScimUser>> {
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
) -> Provisioned<Outcome<()>> {
    let there = tx
        .prepare_cached("SELECT 1 FROM users WHERE id = ?1 AND organization_id = ?2")?
        .exists([id, &organization.id])?;
    if !there {
        return Err(no_such("User", id).into());
    }
    brake::access_goes(tx, organization, id, brake::Change::Deletion, by, now)?;
    let ended = user::end_access(tx, id, now)?;
    provisioned::user_deleted(tx, &organization.id, id, &ended, by, now)?;
    group::left_by(tx, id, now)?;
    tx.prepare_cached("DELETE FROM users WHERE id = ?1")?
        .execute([id])?;
    Ok(Outcome {
        value: (),
        notes: Vec::new(),
        changed: true,
    })
}

/// Whether the user is as the client believes; 412 if not. To be asked in the change itself.
pub fn user_meets(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    conditions: &Conditions,
) -> Provisioned<()> {
    if !conditions.are_none() {
        conditions.allow_change(&read_user(tx, organization, id)?.tag())?;
    }
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

/// Groups that a user is shown with. A page has up to 200 users, and each may be in a hundred
/// thousand groups; which those are, `Groups?filter=members.value eq "..."` says page by page.
pub const MOST_GROUPS_SHOWN: u32 = 1_000;

/// A user's groups by id and name, the oldest first, at most [`MOST_GROUPS_SHOWN`].
pub(super) fn groups_of(conn: &Connection, user_id: &str) -> Provisioned<Vec<(String, String)>> {
    let mut statement = conn.prepare_cached(
        "SELECT g.id, g.display_name FROM members m JOIN groups g ON g.id = m.group_id
         WHERE m.user_id = ?1 ORDER BY g.id LIMIT ?2",
    )?;
    Ok(statement
        .query_map(params![user_id, MOST_GROUPS_SHOWN], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
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
