//! Groups: made, replaced, patched, removed, read.

use rusqlite::{Connection, OptionalExtension, params};

use super::members::{add_members, remove_all_members, remove_members, set_members};
use super::{
    GROUP_COLUMNS, MOST_MEMBERS, Outcome, Provisioned, ScimGroup, group_row, no_such, stored, taken,
};
use crate::clock::Timestamp;
use crate::directory::organization::Organization;
use crate::directory::provisioned::{self, GroupFacts, Membership};
use crate::directory::{UnknownExtensions, brake, fold};
use crate::observe::audit::Author;
use crate::scim::error::ScimError;
use crate::scim::etag::Conditions;
use crate::scim::group::GroupDraft;
use crate::scim::patch::{self, GroupChange, Patch};
use crate::store::id;

/// Makes a group with the organization's default level.
pub fn create_group(
    tx: &Connection,
    organization: &Organization,
    draft: &GroupDraft,
    by: &Author,
    now: Timestamp,
) -> Provisioned<Outcome<ScimGroup>> {
    let id = id::new(now);
    let made = create_group_as(tx, organization, &id, draft, by, now)?;
    Ok(Outcome {
        value: read_group(tx, organization, &id, true)?,
        notes: made.notes,
        changed: made.changed,
    })
}

/// The same under an id that was made before. The outcome is without the members.
pub(super) fn create_group_as(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    draft: &GroupDraft,
    by: &Author,
    now: Timestamp,
) -> Provisioned<Outcome<ScimGroup>> {
    if organization.unknown_extensions == UnknownExtensions::Refuse {
        draft.only_known_extensions(None)?;
    }
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
    let mut notes = draft.notes.clone();
    add_members(
        tx,
        organization,
        id,
        draft.members.as_deref().unwrap_or_default(),
        &mut membership,
        &mut notes,
    )?;
    let facts = GroupFacts::read(tx, id)?;
    has_room(0, facts.members)?;
    provisioned::group_created(tx, organization, id, &facts, membership, by, now)?;
    Ok(Outcome {
        value: read_group(tx, organization, id, false)?,
        notes,
        changed: true,
    })
}

/// Puts a draft in place of a group; without `members` they stay. One that is there already leaves
/// version and time alone.
pub fn replace_group(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    draft: &GroupDraft,
    by: &Author,
    now: Timestamp,
) -> Provisioned<Outcome<ScimGroup>> {
    let stored_before = read_group(tx, organization, id, false)?.resource;
    if organization.unknown_extensions == UnknownExtensions::Refuse {
        draft.only_known_extensions(Some(&stored_before))?;
    }
    let before = GroupFacts::read(tx, id)?;
    let mut membership = Membership::default();
    let mut notes = draft.notes.clone();
    tx.prepare_cached(
        "UPDATE groups SET display_name = ?2, display_name_key = ?3, external_id = ?4,
             origin = 'scim', provider_id = NULL, resource = ?5
         WHERE id = ?1",
    )?
    .execute(params![
        id,
        draft.display_name,
        fold(&draft.display_name),
        draft.external_id,
        stored(&draft.resource),
    ])
    .map_err(|e| taken(e, "displayName", &draft.display_name))?;
    if let Some(members) = &draft.members {
        set_members(tx, organization, id, members, &mut membership, &mut notes)?;
    }
    brake::members_left(tx, organization, id, membership.leavers(), by, now)?;
    let after = GroupFacts::read(tx, id)?;
    has_room(before.members, after.members)?;
    let changed = stored_before != draft.resource || differs(&before, &after, &membership);
    touch(tx, id, changed, now)?;
    provisioned::group_changed(tx, organization, id, (&before, &after), membership, by, now)?;
    Ok(Outcome {
        value: read_group(tx, organization, id, true)?,
        notes,
        changed,
    })
}

/// A group with more than one request may name could not be replaced by its own representation, nor
/// could it be shown. Who leaves may leave anyhow.
fn has_room(before: i64, after: i64) -> Provisioned<()> {
    if after > MOST_MEMBERS && after > before {
        return Err(ScimError::too_many(format!(
            "members: the group would have {after}, and a group has {MOST_MEMBERS} at most; nobody \
             was added. Take some out first, or push several smaller groups."
        ))
        .into());
    }
    Ok(())
}

fn differs(before: &GroupFacts, after: &GroupFacts, membership: &Membership) -> bool {
    before != after || !membership.is_empty()
}

/// What a SCIM client writes to is pushed from then on: no attribute of a sign-in changes it.
fn adopt(tx: &Connection, id: &str) -> Provisioned<()> {
    tx.prepare_cached(
        "UPDATE groups SET origin = 'scim', provider_id = NULL
         WHERE id = ?1 AND provider_id IS NOT NULL",
    )?
    .execute([id])?;
    Ok(())
}

/// Counts a change. One that changed nothing counts for nothing (RFC 7644 section 3.5.2).
fn touch(tx: &Connection, id: &str, changed: bool, now: Timestamp) -> Provisioned<()> {
    if changed {
        tx.prepare_cached(
            "UPDATE groups SET version = version + 1, updated_at = ?2 WHERE id = ?1",
        )?
        .execute(params![id, now.millis()])?;
    }
    Ok(())
}

/// Applies the changes of a PATCH to a group, in their order. The outcome is without the members.
pub fn patch_group(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    patch: &Patch,
    by: &Author,
    now: Timestamp,
) -> Provisioned<Outcome<ScimGroup>> {
    let kept = read_group(tx, organization, id, false)?.resource;
    let before = GroupFacts::read(tx, id)?;
    let mut membership = Membership::default();
    let mut notes = Vec::new();
    let mut extended = false;
    for change in patch.group_changes(id, &kept, &mut notes)? {
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
                tx.prepare_cached(
                    "UPDATE groups SET external_id = ?2, resource = iif(?2 IS NULL,
                         json_remove(resource, '$.externalId'),
                         json_set(resource, '$.externalId', ?2)) WHERE id = ?1",
                )?
                .execute(params![id, external_id])?;
            }
            GroupChange::ReplaceMembers(members) => {
                set_members(tx, organization, id, &members, &mut membership, &mut notes)?;
            }
            GroupChange::AddMembers(members) => {
                add_members(tx, organization, id, &members, &mut membership, &mut notes)?;
            }
            GroupChange::RemoveMembers(members) => {
                remove_members(tx, id, &members, &mut membership, &mut notes)?;
            }
            GroupChange::RemoveAllMembers => remove_all_members(tx, id, &mut membership)?,
            GroupChange::Extend(changes) => {
                let resource = read_group(tx, organization, id, false)?.resource;
                let draft = patch::extended(&resource, &changes, &mut notes)?;
                if organization.unknown_extensions == UnknownExtensions::Refuse {
                    draft.only_known_extensions(Some(&kept))?;
                }
                tx.prepare_cached("UPDATE groups SET resource = ?2 WHERE id = ?1")?
                    .execute([id, &stored(&draft.resource)])?;
                extended = true;
            }
        }
    }
    adopt(tx, id)?;
    brake::members_left(tx, organization, id, membership.leavers(), by, now)?;
    let after = GroupFacts::read(tx, id)?;
    has_room(before.members, after.members)?;
    let changed = differs(&before, &after, &membership)
        || extended && read_group(tx, organization, id, false)?.resource != kept;
    touch(tx, id, changed, now)?;
    provisioned::group_changed(tx, organization, id, (&before, &after), membership, by, now)?;
    Ok(Outcome {
        value: read_group(tx, organization, id, false)?,
        notes,
        changed,
    })
}

/// Removes a group; its users stay.
pub fn delete_group(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    by: &Author,
    now: Timestamp,
) -> Provisioned<Outcome<()>> {
    exists(tx, organization, id)?;
    let before = GroupFacts::read(tx, id)?;
    let mut membership = Membership::default();
    remove_all_members(tx, id, &mut membership)?;
    brake::members_left(tx, organization, id, membership.leavers(), by, now)?;
    provisioned::group_deleted(tx, organization, id, &before, membership, by, now)?;
    tx.prepare_cached("DELETE FROM groups WHERE id = ?1")?
        .execute([id])?;
    Ok(Outcome {
        value: (),
        notes: Vec::new(),
        changed: true,
    })
}

/// Whether the group is as the client believes; 412 if not. To be asked in the change itself.
pub fn group_meets(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    conditions: &Conditions,
) -> Provisioned<()> {
    if !conditions.are_none() {
        conditions.allow_change(&read_group(tx, organization, id, false)?.tag())?;
    }
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
        found.read_members(conn)?;
    }
    Ok(found)
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
