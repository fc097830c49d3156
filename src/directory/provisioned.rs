//! What the audit log says of a push: what is different, and of a group who joined and who left.
//!
//! The lines are enough to undo every change, since that is how the past is answered: a group that
//! goes says who was in it, a user who goes says of which groups. What doesn't fit into one line is
//! told in several.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Map, Value, json};

use super::Level;
use super::deprovisioning::{self, Ended};
use super::organization::Organization;
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry, MOST_IDS};
use crate::scim::user::{Active, UserDraft};
use crate::store::StoreError;

/// Members whose userName a line gives beside their ids.
const NAMED: usize = 20;

/// Names of changed attributes in a line.
const MOST_ATTRIBUTES: usize = 50;

type Told = Result<(), StoreError>;

/// What is told of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UserFacts {
    user_name: String,
    email: Option<String>,
    display_name: Option<String>,
    external_id: Option<String>,
    origin: String,
    pub(super) active: bool,
}

impl UserFacts {
    pub(super) fn of_draft(draft: &UserDraft) -> Self {
        Self {
            user_name: draft.user_name.clone(),
            email: draft.email.clone(),
            display_name: draft.display_name.clone(),
            external_id: draft.external_id.clone(),
            origin: "scim".to_owned(),
            active: draft.active.is_none_or(Active::is_on),
        }
    }

    pub(super) fn read(conn: &Connection, id: &str) -> Result<Self, StoreError> {
        Ok(conn
            .prepare_cached(
                "SELECT user_name, email, display_name, external_id, origin, active FROM users
                 WHERE id = ?1",
            )?
            .query_row([id], |row| {
                Ok(Self {
                    user_name: row.get(0)?,
                    email: row.get(1)?,
                    display_name: row.get(2)?,
                    external_id: row.get(3)?,
                    origin: row.get(4)?,
                    active: row.get(5)?,
                })
            })?)
    }

    /// All but `active`: switching somebody on or off has lines of its own.
    fn names(&self) -> Map<String, Value> {
        audit::detail([
            ("userName", json!(self.user_name)),
            ("email", json!(self.email)),
            ("displayName", json!(self.display_name)),
            ("externalId", json!(self.external_id)),
            ("origin", json!(self.origin)),
        ])
    }

    fn all(&self) -> Map<String, Value> {
        let mut all = self.names();
        all.insert("active".into(), json!(self.active));
        all
    }
}

pub(super) fn user_created(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    facts: &UserFacts,
    level: Level,
    by: &Author,
    now: Timestamp,
) -> Told {
    let mut after = facts.all();
    after.insert("level".into(), json!(level));
    let detail = audit::detail([("after", Value::Object(after))]);
    let target = user(id, &facts.user_name);
    told(
        tx,
        "user.created",
        &organization.id,
        target,
        detail,
        by,
        now,
    )
}

/// Says what is different; `attributes` are the names of others that are.
pub(super) fn user_changed(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    (before, after): (&UserFacts, &UserFacts),
    attributes: Vec<String>,
    by: &Author,
    now: Timestamp,
) -> Told {
    let changed = audit::changes(&before.names(), &after.names());
    if changed.is_none() && attributes.is_empty() {
        return Ok(());
    }
    let mut detail = changed.unwrap_or_default();
    if !attributes.is_empty() {
        detail.insert("attributes".into(), json!(attributes));
    }
    let target = user(id, &after.user_name);
    told(
        tx,
        "user.changed",
        &organization.id,
        target,
        detail,
        by,
        now,
    )
}

/// The attributes of a resource that are different, by name, less those that have a place of their
/// own in a line.
pub(super) fn attributes(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<String> {
    let told = ["schemas", "userName", "externalId", "displayName", "active"];
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .filter(|name| !told.iter().any(|known| known.eq_ignore_ascii_case(name)))
        .take(MOST_ATTRIBUTES)
        .map(|name| name.chars().take(80).collect())
        .collect()
}

/// To be called while the user is still there.
pub(super) fn user_deleted(
    tx: &Connection,
    organization_id: &str,
    id: &str,
    ended: &Ended,
    by: &Author,
    now: Timestamp,
) -> Told {
    let before = UserFacts::read(tx, id)?;
    let grants = tx
        .prepare_cached("SELECT source, level FROM grants WHERE user_id = ?1")?
        .query_map([id], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?.into()))
        })?
        .collect::<Result<Map<String, Value>, _>>()?;
    let groups = tx
        .prepare_cached("SELECT group_id FROM members WHERE user_id = ?1 ORDER BY group_id")?
        .query_map([id], |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    let target = || user(id, &before.user_name);
    let mut parts = groups.chunks(MOST_IDS).rev().collect::<Vec<_>>();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let detail = audit::detail([("removed_from", json!(part))]);
        told(
            tx,
            "user.changed",
            organization_id,
            target(),
            detail,
            by,
            now,
        )?;
    }
    let mut detail = audit::detail([
        ("before", Value::Object(before.all())),
        ("grants", Value::Object(grants)),
        ("removed_from", json!(last)),
    ]);
    detail.extend(deprovisioning::detail(ended, now));
    told(
        tx,
        "user.deleted",
        organization_id,
        target(),
        detail,
        by,
        now,
    )
}

/// What is told of a group beside its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GroupFacts {
    display_name: String,
    external_id: Option<String>,
    origin: String,
    level: Level,
    pub(super) members: i64,
}

impl GroupFacts {
    pub(super) fn read(conn: &Connection, id: &str) -> Result<Self, StoreError> {
        Ok(conn
            .prepare_cached(
                "SELECT display_name, external_id, origin, level, member_count FROM groups
                 WHERE id = ?1",
            )?
            .query_row([id], |row| {
                Ok(Self {
                    display_name: row.get(0)?,
                    external_id: row.get(1)?,
                    origin: row.get(2)?,
                    level: row.get(3)?,
                    members: row.get(4)?,
                })
            })?)
    }

    fn names(&self) -> Map<String, Value> {
        audit::detail([
            ("displayName", json!(self.display_name)),
            ("externalId", json!(self.external_id)),
            ("origin", json!(self.origin)),
        ])
    }

    fn all(&self) -> Map<String, Value> {
        let mut all = self.names();
        all.insert("level".into(), json!(self.level));
        all.insert("members".into(), json!(self.members));
        all
    }
}

/// Who joined a group and who left it, in the end: who did both did neither.
#[derive(Debug, Default)]
pub(super) struct Membership {
    added: BTreeSet<String>,
    removed: BTreeSet<String>,
}

impl Membership {
    pub(super) fn joined(&mut self, user_id: &str) {
        if !self.removed.remove(user_id) {
            self.added.insert(user_id.to_owned());
        }
    }

    pub(super) fn left(&mut self, user_id: &str) {
        if !self.added.remove(user_id) {
            self.removed.insert(user_id.to_owned());
        }
    }

    /// Who left, by id.
    pub(super) fn leavers(&self) -> &BTreeSet<String> {
        &self.removed
    }

    /// As many as fit into one line, taken out.
    fn part(&mut self) -> Self {
        let mut part = Self::default();
        while part.removed.len() < MOST_IDS
            && let Some(id) = self.removed.pop_first()
        {
            part.removed.insert(id);
        }
        while part.removed.len() + part.added.len() < MOST_IDS
            && let Some(id) = self.added.pop_first()
        {
            part.added.insert(id);
        }
        part
    }

    pub(super) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// Puts the ids into a line's detail, and the first userNames with them.
    fn tell(&self, conn: &Connection, detail: &mut Map<String, Value>) -> Told {
        let mut names = Map::new();
        let mut name = conn.prepare_cached("SELECT user_name FROM users WHERE id = ?1")?;
        for (key, ids) in [("added", &self.added), ("removed", &self.removed)] {
            if ids.is_empty() {
                continue;
            }
            for id in ids.iter().take(NAMED) {
                if let Some(found) = name
                    .query_row([id], |row| row.get::<_, String>(0))
                    .optional()?
                {
                    names.insert(id.clone(), found.into());
                }
            }
            detail.insert(key.into(), json!(ids));
        }
        if !names.is_empty() {
            detail.insert("names".into(), Value::Object(names));
        }
        Ok(())
    }
}

pub(super) fn group_created(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    facts: &GroupFacts,
    mut membership: Membership,
    by: &Author,
    now: Timestamp,
) -> Told {
    let mut detail = audit::detail([("after", Value::Object(facts.all()))]);
    membership.part().tell(tx, &mut detail)?;
    let target = group(id, &facts.display_name);
    told(
        tx,
        "group.created",
        &organization.id,
        target,
        detail,
        by,
        now,
    )?;
    while !membership.is_empty() {
        let mut detail = Map::new();
        membership.part().tell(tx, &mut detail)?;
        told(
            tx,
            "group.changed",
            &organization.id,
            target,
            detail,
            by,
            now,
        )?;
    }
    Ok(())
}

pub(super) fn group_changed(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    (before, after): (&GroupFacts, &GroupFacts),
    mut membership: Membership,
    by: &Author,
    now: Timestamp,
) -> Told {
    let changed = audit::changes(&before.names(), &after.names());
    if changed.is_none() && membership.is_empty() {
        return Ok(());
    }
    let target = group(id, &after.display_name);
    let mut detail = changed.unwrap_or_default();
    loop {
        membership.part().tell(tx, &mut detail)?;
        detail.insert("members".into(), json!(after.members));
        let line = std::mem::take(&mut detail);
        told(tx, "group.changed", &organization.id, target, line, by, now)?;
        if membership.is_empty() {
            return Ok(());
        }
    }
}

/// To be called while the group is still there, less its members.
pub(super) fn group_deleted(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    before: &GroupFacts,
    mut membership: Membership,
    by: &Author,
    now: Timestamp,
) -> Told {
    let target = group(id, &before.display_name);
    loop {
        let mut detail = Map::new();
        let part = membership.part();
        if membership.is_empty() {
            detail.insert("before".into(), Value::Object(before.all()));
            part.tell(tx, &mut detail)?;
            return told(
                tx,
                "group.deleted",
                &organization.id,
                target,
                detail,
                by,
                now,
            );
        }
        part.tell(tx, &mut detail)?;
        told(
            tx,
            "group.changed",
            &organization.id,
            target,
            detail,
            by,
            now,
        )?;
    }
}

/// Removes a group and says who was in it.
pub(super) fn remove_group(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    by: &Author,
    now: Timestamp,
) -> Told {
    let before = GroupFacts::read(tx, id)?;
    let mut membership = Membership::default();
    {
        let mut delete =
            tx.prepare_cached("DELETE FROM members WHERE group_id = ?1 RETURNING user_id")?;
        let mut rows = delete.query([id])?;
        while let Some(row) = rows.next()? {
            membership.left(row.get_ref(0)?.as_str().unwrap_or_default());
        }
    }
    group_deleted(tx, organization, id, &before, membership, by, now)?;
    tx.prepare_cached("DELETE FROM groups WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

fn user<'a>(id: &'a str, name: &'a str) -> audit::Target<'a> {
    audit::Target {
        kind: "user",
        id: Some(id),
        name,
    }
}

fn group<'a>(id: &'a str, name: &'a str) -> audit::Target<'a> {
    audit::Target {
        kind: "group",
        id: Some(id),
        name,
    }
}

fn told(
    tx: &Connection,
    action: &'static str,
    organization_id: &str,
    target: audit::Target<'_>,
    detail: Map<String, Value>,
    by: &Author,
    now: Timestamp,
) -> Told {
    let entry = Entry {
        action,
        organization_id: Some(organization_id),
        target,
        detail,
    };
    audit::record(tx, by, &entry, now).map(|_| ())
}
