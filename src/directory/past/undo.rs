//! What is different from now at some time: the lines after it, read backwards.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, params};
use serde_json::{Map, Value};

use super::super::{DirectoryError, Level};

/// What was different of a user.
#[derive(Debug, Default)]
pub(super) struct UndoneUser {
    /// Whether there was such a user, where that has changed.
    pub(super) exists: Option<bool>,
    /// Attributes that were different.
    pub(super) facts: Map<String, Value>,
    /// Grants that were different, by source; `None` is no such grant.
    pub(super) grants: BTreeMap<String, Option<Level>>,
}

/// What was different of a group.
#[derive(Debug, Default)]
pub(super) struct UndoneGroup {
    pub(super) exists: Option<bool>,
    pub(super) name: Option<String>,
    pub(super) level: Option<Level>,
}

/// What was different of an organization.
#[derive(Debug, Default)]
pub(super) struct Undone {
    pub(super) users: HashMap<String, UndoneUser>,
    pub(super) groups: HashMap<String, UndoneGroup>,
    /// By group and user: whether the user was a member.
    pub(super) members: HashMap<String, HashMap<String, bool>>,
}

impl Undone {
    /// Undoes all lines after the line `last`, newest first.
    pub(super) fn back_to(
        conn: &Connection,
        organization_id: &str,
        last: i64,
    ) -> Result<Self, DirectoryError> {
        let mut undone = Self::default();
        let mut statement = conn.prepare_cached(
            "SELECT seq, action, target_id, detail FROM audit
             WHERE organization_id = ?1 AND seq > ?2 AND target_kind IN ('user', 'group')
                 AND action NOT IN ('user.signed-in', 'user.signed-out', 'user.logout-answered',
                     'user.sign-in-refused')
             ORDER BY seq DESC",
        )?;
        let mut rows = statement.query(params![organization_id, last])?;
        while let Some(row) = rows.next()? {
            let Some(target) = row.get::<_, Option<String>>(2)? else {
                continue;
            };
            let detail: Map<String, Value> =
                serde_json::from_str(row.get_ref(3)?.as_str().unwrap_or_default())
                    .map_err(|_| unreadable(row.get(0).unwrap_or(0)))?;
            undone.line(
                row.get_ref(1)?.as_str().unwrap_or_default(),
                &target,
                &detail,
            );
        }
        Ok(undone)
    }

    fn line(&mut self, action: &str, target: &str, detail: &Map<String, Value>) {
        if action.starts_with("group.") {
            self.group_line(action, target, detail);
        } else {
            self.user_line(action, target, detail);
        }
    }

    fn group_line(&mut self, action: &str, target: &str, detail: &Map<String, Value>) {
        let group = self.groups.entry(target.to_owned()).or_default();
        match action {
            "group.created" => group.exists = Some(false),
            "group.deleted" => group.exists = Some(true),
            _ => {}
        }
        if let Some(before) = detail.get("before") {
            if let Some(level) = level_in(before, "level") {
                group.level = level.or(group.level);
            }
            if let Some(name) = before.get("displayName").and_then(Value::as_str) {
                group.name = Some(name.to_owned());
            }
        }
        let members = self.members.entry(target.to_owned()).or_default();
        for (key, was_member) in [("added", false), ("removed", true)] {
            for user in texts(detail, key) {
                members.insert(user.to_owned(), was_member);
            }
        }
    }

    fn user_line(&mut self, action: &str, target: &str, detail: &Map<String, Value>) {
        for group in texts(detail, "removed_from") {
            let members = self.members.entry(group.to_owned()).or_default();
            members.insert(target.to_owned(), true);
        }
        let user = self.users.entry(target.to_owned()).or_default();
        match action {
            "user.created" => user.exists = Some(false),
            "user.deactivated" => {
                user.facts.insert("active".into(), true.into());
            }
            "user.reactivated" => {
                user.facts.insert("active".into(), false.into());
            }
            "user.deleted" => {
                user.exists = Some(true);
                for (source, level) in detail
                    .get("grants")
                    .and_then(Value::as_object)
                    .into_iter()
                    .flatten()
                {
                    user.grants.insert(source.clone(), level_of(level));
                }
            }
            "user.level-changed" => {
                if let Some(level) = detail.get("before").and_then(|b| level_in(b, "direct")) {
                    user.grants.insert("direct".to_owned(), level);
                }
            }
            _ => {}
        }
        if action != "user.level-changed"
            && let Some(before) = detail.get("before").and_then(Value::as_object)
        {
            user.facts.extend(before.clone());
        }
    }
}

fn texts<'d>(detail: &'d Map<String, Value>, key: &str) -> impl Iterator<Item = &'d str> {
    detail
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// A level under a name, or standing by itself; null is none.
fn level_in(value: &Value, name: &str) -> Option<Option<Level>> {
    match value {
        Value::Object(object) => object
            .get(name)
            .or_else(|| object.get("level"))
            .map(level_of),
        Value::String(_) | Value::Null => Some(level_of(value)),
        _ => None,
    }
}

fn level_of(value: &Value) -> Option<Level> {
    value.as_str().and_then(|word| word.parse().ok())
}

fn unreadable(seq: i64) -> DirectoryError {
    DirectoryError::conflict(
        "at",
        format!(
            "line {seq} of the audit log can't be read, so what was before it isn't known; \
             `portcullis audit verify` tells more"
        ),
    )
}
