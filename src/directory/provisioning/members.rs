//! Who is in a group: rows, not JSON, as a group may have a hundred thousand.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

use super::{Provisioned, ScimGroup};
use crate::directory::organization::Organization;
use crate::directory::provisioned::Membership;
use crate::scim::error::{ScimError, shown};
use crate::scim::forgive;

/// Rows that one statement changes. What a statement may have to undo is kept in memory beside
/// what the whole change may have to undo, and SQLite walks through all of that at the end of each:
/// with a statement per row, forty thousand members that went and came held the writer for minutes.
const AT_ONCE: usize = 1_000;

/// The ids as a statement takes them.
fn as_json(ids: &[String]) -> String {
    let known = ids.iter().filter(|id| !is_odd(id));
    known.map(String::as_str).collect::<Value>().to_string()
}

/// Nobody has such an id, and SQLite would read it as what stands before the NUL.
fn is_odd(id: &str) -> bool {
    id.contains('\0')
}

impl ScimGroup {
    /// Reads the members, by id.
    pub fn read_members(&mut self, conn: &Connection) -> Provisioned<()> {
        let mut statement = conn.prepare_cached(
            "SELECT u.id, u.user_name FROM members m JOIN users u ON u.id = m.user_id
             WHERE m.group_id = ?1 ORDER BY u.id",
        )?;
        let mut members = Vec::with_capacity(usize::try_from(self.member_count).unwrap_or(0));
        let mut rows = statement.query([&self.id])?;
        while let Some(row) = rows.next()? {
            members.push((row.get(0)?, row.get(1)?));
        }
        self.members = Some(members);
        Ok(())
    }
}

pub(super) fn set_members(
    tx: &Connection,
    organization: &Organization,
    group_id: &str,
    wanted: &[String],
    membership: &mut Membership,
    notes: &mut Vec<&'static str>,
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
    remove_members(tx, group_id, &leaving, membership, notes)?;
    add_members(tx, organization, group_id, &joining, membership, notes)
}

/// Adds people. One who isn't here refuses the change, or is left out where the organization has it
/// so; a group in a group is refused anyhow.
pub(super) fn add_members(
    tx: &Connection,
    organization: &Organization,
    group_id: &str,
    members: &[String],
    membership: &mut Membership,
    notes: &mut Vec<&'static str>,
) -> Provisioned<()> {
    // A group is refused even where people are left out, so it must be found first.
    let mut unknown = tx.prepare_cached(
        "SELECT j.value, EXISTS (SELECT 1 FROM groups g
                                 WHERE g.id = j.value AND g.organization_id = ?2) AS is_group
         FROM json_each(?1) j
         WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = j.value AND u.organization_id = ?2)
         ORDER BY is_group DESC, j.key LIMIT 1",
    )?;
    let mut insert = tx.prepare_cached(
        "INSERT OR IGNORE INTO members (group_id, user_id)
         SELECT ?1, j.value FROM json_each(?2) j RETURNING user_id",
    )?;
    let mut insert_known = tx.prepare_cached(
        "INSERT OR IGNORE INTO members (group_id, user_id)
         SELECT ?1, u.id FROM json_each(?2) j CROSS JOIN users u ON u.id = j.value
         WHERE u.organization_id = ?3 RETURNING user_id",
    )?;
    for part in members.chunks(AT_ONCE) {
        let ids = as_json(part);
        let nobody = unknown
            .query_row([&ids, &organization.id], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let odd = || part.iter().find(|id| is_odd(id)).cloned();
        let nobody: Option<(String, bool)> = nobody.or_else(|| Some((odd()?, false)));
        let mut rows = match nobody {
            None => insert.query([group_id, &ids])?,
            Some((_, false)) if organization.skip_unknown_members => {
                forgive::note(notes, forgive::MEMBER_SKIPPED);
                insert_known.query([group_id, &ids, &organization.id])?
            }
            Some((id, is_group)) => return Err(no_member(&id, is_group).into()),
        };
        while let Some(row) = rows.next()? {
            membership.joined(row.get_ref(0)?.as_str().unwrap_or_default());
        }
    }
    Ok(())
}

/// Why an id can't be a member's.
fn no_member(id: &str, is_group: bool) -> ScimError {
    let shown = shown(id);
    ScimError::invalid_value(if is_group {
        format!(
            "members: `{shown}` is a group, and a group can't be a member of a group here: push \
             its people instead"
        )
    } else {
        format!(
            "members: there is no user `{shown}` here; assign the person to the application \
             before pushing the group"
        )
    })
}

/// Removing who is no member is no error: the result is what was asked for.
pub(super) fn remove_members(
    tx: &Connection,
    group_id: &str,
    members: &[String],
    membership: &mut Membership,
    notes: &mut Vec<&'static str>,
) -> Provisioned<()> {
    let mut delete = tx.prepare_cached(
        "DELETE FROM members
         WHERE group_id = ?1 AND user_id IN (SELECT j.value FROM json_each(?2) j)
         RETURNING user_id",
    )?;
    for part in members.chunks(AT_ONCE) {
        let named: BTreeSet<&String> = part.iter().collect();
        let mut gone = 0;
        let mut rows = delete.query([group_id, &as_json(part)])?;
        while let Some(row) = rows.next()? {
            membership.left(row.get_ref(0)?.as_str().unwrap_or_default());
            gone += 1;
        }
        if gone < named.len() {
            forgive::note(notes, forgive::NOTHING_TO_REMOVE);
        }
    }
    Ok(())
}

pub(super) fn remove_all_members(
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
