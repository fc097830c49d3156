//! What was true at some time: who had which level, and what a user was.
//!
//! It is answered from the audit log, backwards: from what is true now, everything that the log
//! says happened since is undone. So an answer needs only the lines after the time that is asked
//! for, and stays right when retention has taken older ones. Where it has taken lines that would be
//! needed, there is no answer rather than a guess.

mod undo;

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Value, json};

use self::undo::Undone;
use super::user::{self, GroupName, LevelSource, Origin};
use super::{DirectoryError, Level, group};
use crate::clock::Timestamp;

/// An organization as it was at some time.
pub struct Past<'c> {
    conn: &'c Connection,
    organization_id: &'c str,
    at: Timestamp,
    undone: Undone,
}

/// A user as they were.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their id.
    pub id: String,
    /// Their userName then.
    pub user_name: String,
    /// Their address then.
    pub email: Option<String>,
    /// Their name then.
    pub display_name: Option<String>,
    /// How they came to be, as far as was known then.
    pub origin: Origin,
    /// Whether they could sign in.
    pub active: bool,
    /// Every way a level reached them, the highest first.
    pub levels: Vec<LevelSource>,
}

impl Person {
    /// The level that counted.
    pub fn level(&self) -> Option<Level> {
        self.levels.first().map(|source| source.level)
    }

    /// As the API and the command line show it.
    pub fn view(&self, at: Timestamp) -> Value {
        json!({
            "id": self.id,
            "userName": self.user_name,
            "email": self.email,
            "displayName": self.display_name,
            "origin": self.origin,
            "active": self.active,
            "level": self.level(),
            "levels": self.levels,
            "at": at,
        })
    }
}

/// Goes back to a time.
///
/// # Errors
/// [`DirectoryError::Invalid`] for a time to come, and for one of which the log has no lines any
/// more.
pub fn at<'c>(
    conn: &'c Connection,
    organization_id: &'c str,
    at: Timestamp,
    now: Timestamp,
) -> Result<Past<'c>, DirectoryError> {
    if at > now {
        return Err(DirectoryError::invalid(
            "at",
            "expected a time that has passed",
        ));
    }
    let last: Option<i64> = conn
        .prepare_cached("SELECT max(seq) FROM audit WHERE at <= ?1")?
        .query_row([at.millis()], |row| row.get(0))?;
    let removed = conn
        .prepare_cached("SELECT 1 FROM audit_anchors LIMIT 1")?
        .exists([])?;
    let last = match (last, removed) {
        (Some(last), _) => last,
        (None, false) => 0,
        (None, true) => return Err(out_of_reach(conn)?),
    };
    Ok(Past {
        conn,
        organization_id,
        at,
        undone: Undone::back_to(conn, organization_id, last)?,
    })
}

fn out_of_reach(conn: &Connection) -> Result<DirectoryError, DirectoryError> {
    let oldest: Option<i64> = conn
        .prepare_cached("SELECT at FROM audit ORDER BY seq LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let since = oldest.map_or_else(
        || "nothing any more".to_owned(),
        |oldest| Timestamp::from_millis(oldest).to_string(),
    );
    Ok(DirectoryError::invalid(
        "at",
        format!(
            "the lines of that time were removed as the audit log's retention says; the log \
             reaches back to {since}: ask for a later time, or look into an export"
        ),
    ))
}

impl Past<'_> {
    /// A user as they were; `None` if there was no such user.
    pub fn user(&self, id: &str) -> Result<Option<Person>, DirectoryError> {
        let Some(mut person) = self.facts(id)? else {
            return Ok(None);
        };
        let mut groups: BTreeMap<String, bool> = self
            .conn
            .prepare_cached("SELECT group_id, 1 FROM members WHERE user_id = ?1")?
            .query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (group, members) in &self.undone.members {
            if let Some(member) = members.get(id) {
                groups.insert(group.clone(), *member);
            }
        }
        for (id, member) in groups {
            if member && let Some((name, level)) = self.group(&id)? {
                person.levels.push(LevelSource {
                    level,
                    from: "group",
                    group: Some(GroupName {
                        id,
                        display_name: name,
                    }),
                });
            }
        }
        person
            .levels
            .sort_by_key(|source| std::cmp::Reverse(source.level));
        Ok(Some(person))
    }

    /// The ids of all whose level was exactly this one, or who had none, in order.
    pub fn of_level(&self, wanted: Option<Level>) -> Result<Vec<String>, DirectoryError> {
        let levels = self.levels()?;
        Ok(levels
            .into_iter()
            .filter(|(_, level)| *level == wanted)
            .map(|(id, _)| id)
            .collect())
    }

    /// Everybody there was, with the level that counted.
    fn levels(&self) -> Result<BTreeMap<String, Option<Level>>, DirectoryError> {
        let mut found: BTreeMap<String, Option<Level>> = self
            .conn
            .prepare_cached("SELECT id FROM users WHERE organization_id = ?1 AND created_at <= ?2")?
            .query_map((self.organization_id, self.at.millis()), |row| {
                Ok((row.get(0)?, None))
            })?
            .collect::<Result<_, _>>()?;
        for (id, user) in &self.undone.users {
            match user.exists {
                Some(true) => {
                    found.insert(id.clone(), None);
                }
                Some(false) => {
                    found.remove(id);
                }
                None => {}
            }
        }
        for (id, level) in &mut found {
            *level = self.grants(id)?.into_iter().map(|(level, _)| level).max();
        }
        for (group, level) in self.groups()? {
            let overridden = self.undone.members.get(&group);
            let mut members = self
                .conn
                .prepare_cached("SELECT user_id FROM members WHERE group_id = ?1")?;
            let mut rows = members.query([&group])?;
            let mut raise = |id: &str| {
                if let Some(entry) = found.get_mut(id) {
                    *entry = (*entry).max(Some(level));
                }
            };
            while let Some(row) = rows.next()? {
                let id = row.get_ref(0)?.as_str().unwrap_or_default();
                if overridden.and_then(|members| members.get(id)).is_none() {
                    raise(id);
                }
            }
            for (id, _) in overridden
                .into_iter()
                .flatten()
                .filter(|(_, member)| **member)
            {
                raise(id);
            }
        }
        Ok(found)
    }

    /// The groups there were, with their level.
    fn groups(&self) -> Result<BTreeMap<String, Level>, DirectoryError> {
        let mut found: BTreeMap<String, Level> = self
            .conn
            .prepare_cached("SELECT id, level FROM groups WHERE organization_id = ?1")?
            .query_map([self.organization_id], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let ids: Vec<String> = found
            .keys()
            .chain(self.undone.groups.keys())
            .cloned()
            .collect();
        for id in ids {
            match self.group(&id)? {
                Some((_, level)) => found.insert(id, level),
                None => found.remove(&id),
            };
        }
        Ok(found)
    }

    /// A group's name and level then.
    fn group(&self, id: &str) -> Result<Option<(String, Level)>, DirectoryError> {
        let now = group::find(self.conn, id)?;
        let created = now.as_ref().is_some_and(|group| group.created_at > self.at);
        let now = now.map(|group| (group.display_name, group.level));
        let Some(undone) = self.undone.groups.get(id) else {
            return Ok(now.filter(|_| !created));
        };
        if undone.exists == Some(false) || (undone.exists.is_none() && created) {
            return Ok(None);
        }
        let (name, level) = match now {
            Some((name, level)) => (Some(name), Some(level)),
            None => (None, None),
        };
        let name = undone.name.clone().or(name);
        Ok(undone
            .level
            .or(level)
            .map(|level| (name.unwrap_or_default(), level)))
    }

    fn facts(&self, id: &str) -> Result<Option<Person>, DirectoryError> {
        let now =
            user::find(self.conn, id)?.filter(|user| user.organization_id == self.organization_id);
        let undone = self.undone.users.get(id);
        let existed = match undone.and_then(|undone| undone.exists) {
            Some(existed) => existed,
            None => now.as_ref().is_some_and(|user| user.created_at <= self.at),
        };
        if !existed {
            return Ok(None);
        }
        let mut person = match now {
            Some(user) => Person {
                id: user.id,
                user_name: user.user_name,
                email: user.email,
                display_name: user.display_name,
                origin: user.origin,
                active: user.active,
                levels: Vec::new(),
            },
            None => Person {
                id: id.to_owned(),
                user_name: String::new(),
                email: None,
                display_name: None,
                origin: Origin::Local,
                active: false,
                levels: Vec::new(),
            },
        };
        if let Some(undone) = undone {
            let text = |name: &str| {
                undone
                    .facts
                    .get(name)
                    .map(|v| v.as_str().map(str::to_owned))
            };
            if let Some(Some(name)) = text("userName") {
                person.user_name = name;
            }
            if let Some(email) = text("email") {
                person.email = email;
            }
            if let Some(name) = text("displayName") {
                person.display_name = name;
            }
            if let Some(Some(origin)) = text("origin") {
                person.origin = Origin::from_word(&origin);
            }
            if let Some(active) = undone.facts.get("active").and_then(Value::as_bool) {
                person.active = active;
            }
        }
        person.levels = self
            .grants(id)?
            .into_iter()
            .map(|(level, from)| LevelSource {
                level,
                from,
                group: None,
            })
            .collect();
        Ok(Some(person))
    }

    /// The levels given directly, then.
    fn grants(&self, id: &str) -> Result<Vec<(Level, &'static str)>, DirectoryError> {
        let mut grants: BTreeMap<String, Option<Level>> = self
            .conn
            .prepare_cached("SELECT source, level FROM grants WHERE user_id = ?1")?
            .query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        if let Some(undone) = self.undone.users.get(id) {
            grants.extend(undone.grants.clone());
        }
        Ok(["direct", "default"]
            .into_iter()
            .filter_map(|source| Some(((*grants.get(source)?)?, source)))
            .collect())
    }
}
