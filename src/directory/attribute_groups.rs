//! Groups that an attribute of the assertion speaks of, where a provider is told to follow one.
//!
//! What is known of somebody's groups is what the last sign-in said: whoever is no longer in the
//! attribute leaves the group at that sign-in. Each group belongs to the provider that made it.
//! What SCIM pushed, another provider made or is local is never touched; that a value is the name
//! of such a group stands in the trace. As soon as a SCIM client writes to a group made here, it is
//! a pushed one.
//!
//! A group made here gives its members the level that the provider has for the value, else
//! viewer: not the organization's default for pushed groups, which starts as admin.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use super::organization::{self, Organization};
use super::provider::{LevelChange, Provider, is_group_name};
use super::provisioned::{self, GroupFacts, Membership};
use super::provisioning::MOST_MEMBERS;
use super::user::User;
use super::{DirectoryError, Level, fold, group};
use crate::clock::Timestamp;
use crate::observe::audit::Author;
use crate::saml::mapping::Fact;
use crate::saml::response::{Check, Groups};
use crate::store::id;

/// Most groups of one person. Who has more is treated as whoever comes with a link: what the
/// person is in isn't known, so that nothing is given for it.
pub const MOST_VALUES: usize = 500;
/// Most groups that one provider makes.
pub const MOST_GROUPS: i64 = 1_000;
/// Names of one kind in a check of the trace.
const NAMED: usize = 5;

/// Makes the user's memberships in the provider's groups what the assertion says, and returns what
/// the trace says of it; nothing where the provider follows no attribute.
pub fn follow(
    tx: &Connection,
    provider: &Provider,
    user: &User,
    said: &Groups,
    by: &Author,
    now: Timestamp,
) -> Result<Option<Check>, DirectoryError> {
    let values = match said {
        Groups::NotAsked => return Ok(None),
        Groups::Values(values) if values.len() <= MOST_VALUES => Ok(values.as_slice()),
        Groups::Values(values) => Err(format!(
            "{} values, which are too many; none counts. Send fewer: filter the attribute at the \
             identity provider",
            values.len()
        )),
        Groups::Link(_) => Err(
            "a link instead of the groups, which Entra sends for somebody in \
                                more than 150; none counts. In the group claim in Entra choose \
                                Groups assigned to the application"
                .to_owned(),
        ),
    };
    let organization = organization::find_by_id(tx, &provider.organization_id)?;
    let mut told = Told::default();
    let wanted = wanted(
        tx,
        provider,
        (&organization, user),
        values.as_ref().copied().unwrap_or_default(),
        &mut told,
        by,
        now,
    )?;
    let current = current(tx, provider, user)?;
    for (group, name) in current.iter().filter(|(id, _)| !wanted.contains_key(*id)) {
        set(tx, &organization, group, user, false, by, now)?;
        told.left.push(name.clone());
    }
    for (group, name) in wanted.iter().filter(|(id, _)| !current.contains_key(*id)) {
        set(tx, &organization, group, user, true, by, now)?;
        told.joined.push(name.clone());
    }
    told.stayed = wanted.keys().filter(|id| current.contains_key(*id)).count();
    let names = provider.mapping()?.names(Fact::Groups).join(", ");
    Ok(Some(Check {
        code: "groups",
        expected: format!("groups in {names}").chars().take(200).collect(),
        passed: values.is_ok(),
        got: told.words(values.err()),
    }))
}

/// How many groups the provider has made.
pub(super) fn count(conn: &Connection, provider: &Provider) -> Result<i64, DirectoryError> {
    Ok(conn
        .prepare_cached("SELECT count(*) FROM groups WHERE provider_id = ?1")?
        .query_row([&provider.id], |row| row.get(0))?)
}

/// The groups that the values mean, by id, made where that is wanted.
fn wanted(
    tx: &Connection,
    provider: &Provider,
    (organization, user): (&Organization, &User),
    values: &[String],
    told: &mut Told,
    by: &Author,
    now: Timestamp,
) -> Result<BTreeMap<String, String>, DirectoryError> {
    let mut wanted = BTreeMap::new();
    let mut made = count(tx, provider)?;
    for value in values {
        if !is_group_name(value) {
            told.passed_over.push((value.clone(), "no group's name"));
            continue;
        }
        let found = tx
            .prepare_cached(
                "SELECT id, origin, provider_id IS ?3, member_count >= ?4 AND NOT EXISTS
                     (SELECT 1 FROM members WHERE group_id = id AND user_id = ?5)
                 FROM groups WHERE organization_id = ?1 AND display_name_key = ?2",
            )?
            .query_row(
                params![
                    organization.id,
                    fold(value),
                    provider.id,
                    MOST_MEMBERS,
                    user.id
                ],
                |row| {
                    Ok((
                        row.get(0)?,
                        row.get::<_, String>(1)?,
                        row.get(2)?,
                        row.get(3)?,
                    ))
                },
            )
            .optional()?;
        match found {
            _ if !provider.groups.follows(value) => {
                told.passed_over.push((value.clone(), "has no level here"));
            }
            Some((_, _, true, true)) => {
                let why = "has as many members as a group may";
                told.passed_over.push((value.clone(), why));
            }
            Some((id, _, true, false)) => {
                wanted.entry(id).or_insert_with(|| value.clone());
            }
            Some((_, origin, false, _)) => {
                let why = match origin.as_str() {
                    "scim" => "pushed by SCIM",
                    "saml" => "another provider's",
                    _ => "made here by hand",
                };
                told.passed_over.push((value.clone(), why));
            }
            None if made >= MOST_GROUPS => {
                let why = "this provider has made as many groups as it may";
                told.passed_over.push((value.clone(), why));
            }
            None => {
                made += 1;
                let id = make(tx, provider, organization, value, by, now)?;
                wanted.insert(id, value.clone());
            }
        }
    }
    Ok(wanted)
}

/// The provider's groups that the user is in, with their names.
fn current(
    tx: &Connection,
    provider: &Provider,
    user: &User,
) -> Result<BTreeMap<String, String>, DirectoryError> {
    let mut statement = tx.prepare_cached(
        "SELECT g.id, g.display_name FROM members m JOIN groups g ON g.id = m.group_id
         WHERE m.user_id = ?1 AND g.provider_id = ?2",
    )?;
    let rows = statement.query_map([&user.id, &provider.id], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn make(
    tx: &Connection,
    provider: &Provider,
    organization: &Organization,
    value: &str,
    by: &Author,
    now: Timestamp,
) -> Result<String, DirectoryError> {
    let id = id::new(now);
    let resource = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": value,
    });
    tx.prepare_cached(
        "INSERT INTO groups (id, organization_id, display_name, display_name_key, level, origin,
             resource, created_at, updated_at, provider_id)
         VALUES (?1, ?2, ?3, ?4, ?5, 'saml', ?6, ?7, ?7, ?8)",
    )?
    .execute(params![
        id,
        organization.id,
        value,
        fold(value),
        provider.groups.level(value).unwrap_or(Level::Viewer),
        resource.to_string(),
        now.millis(),
        provider.id
    ])?;
    let facts = GroupFacts::read(tx, &id)?;
    let nobody = Membership::default();
    provisioned::group_created(tx, organization, &id, &facts, nobody, by, now)?;
    Ok(id)
}

fn set(
    tx: &Connection,
    organization: &Organization,
    group: &str,
    user: &User,
    member: bool,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let before = GroupFacts::read(tx, group)?;
    let mut membership = Membership::default();
    if member {
        tx.prepare_cached("INSERT INTO members (group_id, user_id) VALUES (?1, ?2)")?
            .execute([group, &user.id])?;
        membership.joined(&user.id);
    } else {
        tx.prepare_cached("DELETE FROM members WHERE group_id = ?1 AND user_id = ?2")?
            .execute([group, &user.id])?;
        membership.left(&user.id);
    }
    tx.prepare_cached("UPDATE groups SET version = version + 1, updated_at = ?2 WHERE id = ?1")?
        .execute(params![group, now.millis()])?;
    let facts = (&before, &GroupFacts::read(tx, group)?);
    provisioned::group_changed(tx, organization, group, facts, membership, by, now)?;
    Ok(())
}

/// After the rules have changed: groups that the provider follows no longer go, and those whose
/// value got another level have it from now on.
pub(super) fn rules_changed(
    tx: &Connection,
    provider: &Provider,
    levels: &[LevelChange],
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let nothing = provider.mapping()?.names(Fact::Groups).is_empty();
    remove(tx, provider, by, now, |value| {
        nothing || !provider.groups.follows(value)
    })?;
    for (value, level) in levels {
        let found: Option<String> = tx
            .prepare_cached(
                "SELECT id FROM groups WHERE provider_id = ?1 AND display_name_key = ?2",
            )?
            .query_row([&provider.id, &fold(value)], |row| row.get(0))
            .optional()?;
        if let Some(id) = found {
            group::set_level(tx, &id, level.unwrap_or(Level::Viewer), by, now)?;
        }
    }
    Ok(())
}

/// Removes every group that the provider made: nobody says any more who is in them.
pub(super) fn remove_all(
    tx: &Connection,
    provider: &Provider,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    remove(tx, provider, by, now, |_| true)
}

fn remove(
    tx: &Connection,
    provider: &Provider,
    by: &Author,
    now: Timestamp,
    which: impl Fn(&str) -> bool,
) -> Result<(), DirectoryError> {
    let groups = tx
        .prepare_cached("SELECT id, display_name FROM groups WHERE provider_id = ?1 ORDER BY id")?
        .query_map([&provider.id], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(String, String)>, _>>()?;
    let organization = organization::find_by_id(tx, &provider.organization_id)?;
    for (id, _) in groups.iter().filter(|(_, name)| which(name)) {
        provisioned::remove_group(tx, &organization, id, by, now)?;
    }
    Ok(())
}

/// What came of the values.
#[derive(Default)]
struct Told {
    joined: Vec<String>,
    left: Vec<String>,
    stayed: usize,
    passed_over: Vec<(String, &'static str)>,
}

impl Told {
    fn words(&self, instead: Option<String>) -> String {
        let mut parts: Vec<String> = instead.into_iter().collect();
        if self.stayed > 0 {
            parts.push(format!("in {} as before", self.stayed));
        }
        let passed_over: Vec<String> = self
            .passed_over
            .iter()
            .map(|(value, why)| format!("{} ({why})", shown(value)))
            .collect();
        let sorted = |names: &[String]| {
            let mut sorted: Vec<String> = names.iter().map(|name| shown(name)).collect();
            sorted.sort_unstable();
            sorted
        };
        let (joined, left) = (sorted(&self.joined), sorted(&self.left));
        for (what, names) in [
            ("joined", joined),
            ("left", left),
            ("passed over", passed_over),
        ] {
            if !names.is_empty() {
                let more = match names.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let first: Vec<String> = names.into_iter().take(NAMED).collect();
                parts.push(format!("{what} {}{more}", first.join(", ")));
            }
        }
        if parts.is_empty() {
            return "no groups: none of the attributes came with a value".to_owned();
        }
        parts.join("; ")
    }
}

/// A value from outside, short and plain.
fn shown(value: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
    value.chars().take(60).map(plain).collect()
}
