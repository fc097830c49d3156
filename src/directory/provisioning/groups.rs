//! Groups: made, replaced, patched, removed, read.

use rusqlite::{Connection, OptionalExtension, params};

use super::members::{add_members, members_of, remove_all_members, remove_members, set_members};
use super::{GROUP_COLUMNS, Provisioned, ScimGroup, group_row, no_such, stored, taken};
use crate::clock::Timestamp;
use crate::directory::fold;
use crate::directory::organization::Organization;
use crate::directory::provisioned::{self, GroupFacts, Membership};
use crate::observe::audit::Author;
use crate::scim::group::GroupDraft;
use crate::scim::patch::{GroupChange, Patch};
use crate::store::id;

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
             origin = 'scim', provider_id = NULL, resource = ?5, version = version + 1, updated_at = ?6
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
    // What a SCIM client writes to is pushed from then on: no attribute of a sign-in changes it.
    tx.prepare_cached(
        "UPDATE groups SET version = version + 1, updated_at = ?2, provider_id = NULL,
             origin = CASE origin WHEN 'saml' THEN 'scim' ELSE origin END WHERE id = ?1",
    )?
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
