//! A directory read from lines: each is done as if an identity provider had pushed it, or not at
//! all, and says which.
//!
//! Users are found again by userName and groups by displayName, without case, so that reading the
//! same file twice changes nothing the second time. Nobody is removed: who is not in the file stays.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Map, Value};

use super::{
    Provisioned, ProvisioningError, active, create_group, create_user, parsed, replace_group,
    replace_user,
};
use crate::clock::Timestamp;
use crate::directory::fold;
use crate::directory::organization::Organization;
use crate::observe::audit::Author;
use crate::scim::error::ScimError;
use crate::scim::group::GroupDraft;
use crate::scim::lines::{Line, Member};
use crate::scim::user::UserDraft;
use crate::store::StoreError;

/// Members that an error names before it only counts them.
const NAMED: usize = 3;

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The resource is new.
    Created,
    /// It was there and is different now.
    Changed,
    /// It was there just so.
    Unchanged,
}

/// What became of a line, or why nothing did.
pub type Result = std::result::Result<Outcome, ScimError>;

/// Does the lines one by one; a refused one leaves nothing behind and doesn't stop the others.
///
/// # Errors
/// If the database refuses, nothing of the whole batch is kept.
pub fn batch(
    tx: &Connection,
    organization: &Organization,
    lines: &[Line],
    by: &Author,
    now: Timestamp,
) -> std::result::Result<Vec<Result>, StoreError> {
    lines
        .iter()
        .map(|line| apart(tx, |tx| one(tx, organization, line, by, now)))
        .collect()
}

/// Undoes what `change` did where it is refused, and nothing else of the transaction.
fn apart(
    tx: &Connection,
    change: impl FnOnce(&Connection) -> Provisioned<Outcome>,
) -> std::result::Result<Result, StoreError> {
    let run = |sql: &str| tx.prepare_cached(sql)?.execute([]).map(|_| ());
    run("SAVEPOINT line")?;
    let done = match change(tx) {
        Ok(outcome) => Ok(outcome),
        Err(ProvisioningError::Scim(refused)) => {
            run("ROLLBACK TO line")?;
            Err(refused)
        }
        // The brake holds clients of SCIM only; an import is no such client.
        Err(held @ ProvisioningError::Braked(_)) => {
            run("ROLLBACK TO line")?;
            Err(ScimError::new(429, held.to_string()))
        }
        Err(ProvisioningError::Store(error)) => return Err(error),
    };
    run("RELEASE line")?;
    Ok(done)
}

fn one(
    tx: &Connection,
    organization: &Organization,
    line: &Line,
    by: &Author,
    now: Timestamp,
) -> Provisioned<Outcome> {
    match line {
        Line::User(draft) => match standing_user(tx, organization, draft)? {
            Standing::Absent => {
                create_user(tx, organization, draft, by, now)?;
                Ok(Outcome::Created)
            }
            Standing::Different(id) => {
                replace_user(tx, organization, &id, draft, by, now)?;
                Ok(Outcome::Changed)
            }
            Standing::Same => Ok(Outcome::Unchanged),
        },
        Line::Group(draft, members) => {
            let mut draft = draft.as_ref().clone();
            if let Some(members) = members {
                let ids = resolved(members, |member| find_member(tx, organization, member))?;
                draft.members = Some(ids.into_iter().collect());
            }
            match standing_group(tx, organization, &draft)? {
                Standing::Absent => {
                    create_group(tx, organization, &draft, by, now)?;
                    Ok(Outcome::Created)
                }
                Standing::Different(id) => {
                    replace_group(tx, organization, &id, &draft, by, now)?;
                    Ok(Outcome::Changed)
                }
                Standing::Same => Ok(Outcome::Unchanged),
            }
        }
    }
}

/// What would become of a line, without doing it. `is_coming` says whether a user of this folded
/// userName is among the lines before.
pub fn foresee(
    conn: &Connection,
    organization: &Organization,
    line: &Line,
    is_coming: impl Fn(&str) -> bool,
) -> Provisioned<Result> {
    let standing = match line {
        Line::User(draft) => standing_user(conn, organization, draft)?,
        Line::Group(draft, members) => {
            let mut draft = draft.as_ref().clone();
            if let Some(members) = members {
                let resolve = |member: &Member| {
                    let coming = || {
                        let name = fold(member.user_name.as_deref()?);
                        is_coming(&name).then_some(name)
                    };
                    Ok(find_member(conn, organization, member)?.or_else(coming))
                };
                match resolved(members, resolve) {
                    Ok(ids) => draft.members = Some(ids.into_iter().collect()),
                    Err(ProvisioningError::Scim(refused)) => return Ok(Err(refused)),
                    Err(error) => return Err(error),
                }
            }
            standing_group(conn, organization, &draft)?
        }
    };
    Ok(Ok(match standing {
        Standing::Absent => Outcome::Created,
        Standing::Different(_) => Outcome::Changed,
        Standing::Same => Outcome::Unchanged,
    }))
}

/// What of a line is there already.
enum Standing {
    Absent,
    Different(String),
    Same,
}

fn standing_user(
    conn: &Connection,
    organization: &Organization,
    draft: &UserDraft,
) -> Provisioned<Standing> {
    let found = conn
        .prepare_cached(
            "SELECT id, user_name, external_id, active_shown, resource FROM users
             WHERE organization_id = ?1 AND user_name_key = ?2",
        )?
        .query_row([&organization.id, &fold(&draft.user_name)], |row| {
            let same = row.get_ref(1)?.as_str()? == draft.user_name
                && row.get_ref(2)?.as_str_or_null()? == draft.external_id.as_deref()
                && draft
                    .active
                    .is_none_or(|wanted| row.get(3).map(active) == Ok(wanted))
                && same(&parsed(row.get_ref(4)?.as_str()?), &draft.resource);
            Ok((row.get(0)?, same))
        })
        .optional()?;
    Ok(standing(found))
}

fn standing_group(
    conn: &Connection,
    organization: &Organization,
    draft: &GroupDraft,
) -> Provisioned<Standing> {
    let found = conn
        .prepare_cached(
            "SELECT id, display_name, external_id, resource FROM groups
             WHERE organization_id = ?1 AND display_name_key = ?2",
        )?
        .query_row([&organization.id, &fold(&draft.display_name)], |row| {
            let same = row.get_ref(1)?.as_str()? == draft.display_name
                && row.get_ref(2)?.as_str_or_null()? == draft.external_id.as_deref()
                && same(&parsed(row.get_ref(3)?.as_str()?), &draft.resource);
            Ok((row.get::<_, String>(0)?, same))
        })
        .optional()?;
    match (found, &draft.members) {
        (Some((id, true)), Some(wanted)) => {
            let same = has_just(conn, &id, wanted)?;
            Ok(standing(Some((id, same))))
        }
        (found, _) => Ok(standing(found)),
    }
}

fn standing(found: Option<(String, bool)>) -> Standing {
    match found {
        None => Standing::Absent,
        Some((_, true)) => Standing::Same,
        Some((id, false)) => Standing::Different(id),
    }
}

/// Whether two resources say the same, less what has a column of its own and less `schemas`, which
/// follows from the rest.
fn same(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    const ELSEWHERE: [&str; 4] = ["schemas", "userName", "externalId", "active"];
    let rest = |resource: &'_ Map<String, Value>| {
        resource
            .keys()
            .filter(|key| !ELSEWHERE.contains(&key.as_str()))
            .count()
    };
    rest(a) == rest(b)
        && a.iter()
            .filter(|(key, _)| !ELSEWHERE.contains(&key.as_str()))
            .all(|(key, value)| b.get(key) == Some(value))
}

/// Whether these are the members, no more and no fewer. `wanted` holds each once.
fn has_just(conn: &Connection, group_id: &str, wanted: &[String]) -> Provisioned<bool> {
    let there: i64 = conn
        .prepare_cached("SELECT member_count FROM groups WHERE id = ?1")?
        .query_row([group_id], |row| row.get(0))?;
    if usize::try_from(there).ok() != Some(wanted.len()) {
        return Ok(false);
    }
    let mut member =
        conn.prepare_cached("SELECT 1 FROM members WHERE group_id = ?1 AND user_id = ?2")?;
    for id in wanted {
        if !member.exists([group_id, id])? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The members' ids, each once. One who isn't found refuses the line: a group without them would
/// be another group.
fn resolved(
    members: &[Member],
    find: impl Fn(&Member) -> Provisioned<Option<String>>,
) -> Provisioned<BTreeSet<String>> {
    let mut ids = BTreeSet::new();
    let mut missing = Vec::new();
    let mut count = 0;
    for member in members {
        match find(member)? {
            Some(id) => {
                ids.insert(id);
            }
            None => {
                count += 1;
                if missing.len() < NAMED {
                    missing.push(format!("`{}`", member.shown()));
                }
            }
        }
    }
    if count == 0 {
        return Ok(ids);
    }
    let mut names = missing.join(", ");
    if count > missing.len() {
        names = format!("{names} and {} more", count - missing.len());
    }
    Err(ScimError::invalid_value(format!(
        "members: there is no user {names} here; import the users before their groups"
    ))
    .into())
}

/// A user's id: by id, which nobody else can have; else by userName, as the ids of another server
/// mean nothing here.
pub fn find_member(
    conn: &Connection,
    organization: &Organization,
    member: &Member,
) -> Provisioned<Option<String>> {
    if let Some(id) = &member.id
        && conn
            .prepare_cached("SELECT 1 FROM users WHERE id = ?1 AND organization_id = ?2")?
            .exists([id, &organization.id])?
    {
        return Ok(Some(id.clone()));
    }
    let Some(name) = &member.user_name else {
        return Ok(None);
    };
    Ok(conn
        .prepare_cached("SELECT id FROM users WHERE organization_id = ?1 AND user_name_key = ?2")?
        .query_row([&organization.id, &fold(name)], |row| row.get(0))
        .optional()?)
}
