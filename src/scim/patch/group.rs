//! A PATCH of a group as the changes that it asks for.

use serde_json::{Map, Value};

use super::target::Target;
use super::{Kind, Operation, Patch, attributes, foreign, unknown_path};
use crate::scim::error::ScimError;
use crate::scim::filter::{Filter, Literal, Operator};
use crate::scim::forgive;
use crate::scim::group::{GroupDraft, MAX_MEMBERS, listed_ids, member_ids};
use crate::scim::path::AttributePath;
use crate::scim::schema::{self, GROUP, Mutability};
use crate::scim::validate;

/// A change of a group. They are to be made in order, all or none. Adding who is a member and
/// removing who is none change nothing and are no errors.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupChange {
    /// A new `displayName`.
    Rename(String),
    /// A new `externalId`, or none.
    ExternalId(Option<String>),
    /// These users and no others are the members.
    ReplaceMembers(Vec<String>),
    /// These users become members.
    AddMembers(Vec<String>),
    /// These users are members no longer.
    RemoveMembers(Vec<String>),
    /// Nobody is a member any longer.
    RemoveAllMembers,
    /// Changes in extensions that aren't known here, for [`extended`].
    Extend(Vec<ExtensionChange>),
}

/// A change in an extension that isn't known here.
#[derive(Clone, Debug, PartialEq)]
pub struct ExtensionChange {
    kind: Kind,
    target: Target,
    value: Option<Value>,
}

/// Most changes in extensions of one PATCH: each is made in the resource, which is kept whole.
const MAX_EXTENSION_CHANGES: usize = 500;

/// The group whose stored resource is `resource`, after changes in its extensions. It names no
/// members. What was forgiven goes to `notes`.
pub fn extended(
    resource: &Map<String, Value>,
    changes: &[ExtensionChange],
    notes: &mut Vec<&'static str>,
) -> Result<GroupDraft, ScimError> {
    let mut resource = resource.clone();
    for change in changes {
        let change = (change.kind, &change.target, change.value.as_ref());
        foreign::change(&GROUP, &mut resource, change, notes)?;
    }
    GroupDraft::from_resource(resource)
}

impl Patch {
    /// The changes to the group whose id is `id` and whose stored resource is `current`. What was
    /// forgiven goes to `notes`. Attributes other than `displayName`, `externalId`, `members` and
    /// those of extensions are refused with `invalidPath`, or `mutability` where they are read-only.
    pub fn group_changes(
        &self,
        id: &str,
        current: &Map<String, Value>,
        notes: &mut Vec<&'static str>,
    ) -> Result<Vec<GroupChange>, ScimError> {
        for known in &self.notes {
            forgive::note(notes, known);
        }
        let mut changes = Changes {
            list: Vec::new(),
            members: 0,
            extensions: 0,
        };
        for operation in &self.operations {
            match &operation.target {
                Some(target) => {
                    let change = targeted(operation, target, current, notes)?;
                    changes.push(change)?;
                }
                None => {
                    for (key, value) in attributes(operation)? {
                        if let Some(change) =
                            keyed(operation.kind, key, value, (id, current), notes)?
                        {
                            changes.push(change)?;
                        }
                    }
                }
            }
        }
        Ok(changes.list)
    }
}

struct Changes {
    list: Vec<GroupChange>,
    members: usize,
    extensions: usize,
}

impl Changes {
    /// Joins runs of removals and additions: Okta sends an operation for each removed member.
    fn push(&mut self, change: GroupChange) -> Result<(), ScimError> {
        self.members += match &change {
            GroupChange::ReplaceMembers(ids)
            | GroupChange::AddMembers(ids)
            | GroupChange::RemoveMembers(ids) => ids.len(),
            _ => 0,
        };
        if self.members > MAX_MEMBERS {
            return Err(ScimError::too_many(format!(
                "A PATCH may name {MAX_MEMBERS} members."
            )));
        }
        self.extensions += usize::from(matches!(change, GroupChange::Extend(_)));
        if self.extensions > MAX_EXTENSION_CHANGES {
            return Err(ScimError::too_many(format!(
                "A PATCH of a group may change {MAX_EXTENSION_CHANGES} attributes of extensions."
            )));
        }
        match (self.list.last_mut(), change) {
            (Some(GroupChange::Extend(before)), GroupChange::Extend(more)) => before.extend(more),
            (Some(GroupChange::RemoveMembers(before)), GroupChange::RemoveMembers(more))
            | (Some(GroupChange::AddMembers(before)), GroupChange::AddMembers(more)) => {
                before.extend(more);
            }
            (_, GroupChange::RemoveMembers(none) | GroupChange::AddMembers(none))
                if none.is_empty() => {}
            (_, change) => self.list.push(change),
        }
        Ok(())
    }
}

/// One attribute of an operation without path.
fn keyed(
    kind: Kind,
    key: &str,
    value: &Value,
    (id, current): (&str, &Map<String, Value>),
    notes: &mut Vec<&'static str>,
) -> Result<Option<GroupChange>, ScimError> {
    if key.eq_ignore_ascii_case("schemas") {
        return Ok(None);
    }
    if key.eq_ignore_ascii_case("id") && value.as_str() == Some(id) {
        forgive::note(notes, forgive::OWN_ID);
        return Ok(None);
    }
    let target = Target {
        path: AttributePath::parse(key)?,
        filter: None,
        part: None,
    };
    if known(&target.path).is_ok() && (target.path.urn.is_some() || target.path.sub.is_some()) {
        forgive::note(notes, forgive::PATH_AS_NAME);
    }
    let value = Some(value).filter(|value| !value.is_null());
    let kind = match (kind, value) {
        (Kind::Add, None) if target.path.urn.is_some() => Kind::Replace,
        _ => kind,
    };
    changed(kind, &target, value, current, notes).map(Some)
}

fn targeted(
    operation: &Operation,
    target: &Target,
    current: &Map<String, Value>,
    notes: &mut Vec<&'static str>,
) -> Result<GroupChange, ScimError> {
    let Some(filter) = &target.filter else {
        let value = operation.value.as_ref();
        return changed(operation.kind, target, value, current, notes);
    };
    let found = known(&target.path)?;
    if found.attribute.name != "members" || found.sub.is_some() {
        return Err(ScimError::invalid_path(format!(
            "`{}` has no values to select from.",
            found.path()
        )));
    }
    if operation.kind != Kind::Remove || target.part.is_some() {
        return Err(ScimError::mutability(
            "A member can't be changed, only added and removed.",
        ));
    }
    let filter = filter.resolve_element(found.attribute, notes)?;
    let mut ids = Vec::new();
    if !selected(&filter, &mut ids) {
        return Err(ScimError::invalid_filter(
            "Members can only be selected by `value eq \"...\"`, several joined by `or`.",
        ));
    }
    Ok(GroupChange::RemoveMembers(ids))
}

/// A change of an attribute, known or in an extension that isn't.
fn changed(
    kind: Kind,
    target: &Target,
    value: Option<&Value>,
    current: &Map<String, Value>,
    notes: &mut Vec<&'static str>,
) -> Result<GroupChange, ScimError> {
    if !foreign::is(&GROUP, current, &target.path) {
        return change(kind, &target.path, value, notes);
    }
    Ok(GroupChange::Extend(vec![ExtensionChange {
        kind,
        target: target.clone(),
        value: value.cloned(),
    }]))
}

fn change(
    kind: Kind,
    path: &AttributePath,
    value: Option<&Value>,
    notes: &mut Vec<&'static str>,
) -> Result<GroupChange, ScimError> {
    let found = known(path)?;
    match (found.attribute.name, kind) {
        ("displayName", Kind::Add | Kind::Replace) => {
            let name = value
                .and_then(Value::as_str)
                .ok_or_else(|| ScimError::invalid_value("`displayName` must be a string."))?;
            Ok(GroupChange::Rename(
                validate::name(name, "displayName")?.to_owned(),
            ))
        }
        ("externalId", Kind::Add | Kind::Replace) => match value {
            None => Ok(GroupChange::ExternalId(None)),
            Some(Value::String(text)) if text.is_empty() => Ok(GroupChange::ExternalId(None)),
            Some(Value::String(text)) => {
                let text = validate::name(text, "externalId")?.to_owned();
                Ok(GroupChange::ExternalId(Some(text)))
            }
            Some(_) => Err(ScimError::invalid_value("`externalId` must be a string.")),
        },
        ("externalId", Kind::Remove) => Ok(GroupChange::ExternalId(None)),
        ("members", _) if found.sub.is_none() => members(kind, value, notes),
        ("members", _) => Err(ScimError::invalid_path(format!(
            "`{}` can't be changed by itself; add and remove whole members.",
            found.path()
        ))),
        (name, _) => Err(ScimError::mutability(format!(
            "`{name}` is required and can't be removed."
        ))),
    }
}

fn members(
    kind: Kind,
    value: Option<&Value>,
    notes: &mut Vec<&'static str>,
) -> Result<GroupChange, ScimError> {
    let Some(value) = value else {
        return match kind {
            Kind::Remove => Ok(GroupChange::RemoveAllMembers),
            Kind::Replace => Ok(GroupChange::ReplaceMembers(Vec::new())),
            Kind::Add => Err(ScimError::invalid_value(
                "Adding to `members` needs a value.",
            )),
        };
    };
    let ids = match value {
        Value::Object(_) => {
            forgive::note(notes, forgive::ONE_AS_LIST);
            listed_ids(std::slice::from_ref(value), notes)?
        }
        other => member_ids(other, notes)?,
    };
    Ok(match kind {
        Kind::Add => GroupChange::AddMembers(ids),
        Kind::Replace => GroupChange::ReplaceMembers(ids),
        Kind::Remove => {
            forgive::note(notes, forgive::REMOVED_BY_VALUE);
            GroupChange::RemoveMembers(ids)
        }
    })
}

fn known(path: &AttributePath) -> Result<schema::Target, ScimError> {
    let found = GROUP
        .target(path)
        .ok_or_else(|| unknown_path(&GROUP, &path.to_string()))?;
    if found.attribute.mutability == Mutability::ReadOnly || found.attribute.name == "schemas" {
        return Err(ScimError::mutability(format!(
            "`{}` is read-only.",
            found.attribute.name
        )));
    }
    Ok(found)
}

/// The ids that a resolved filter of `value eq` alternatives names.
fn selected(filter: &Filter, ids: &mut Vec<String>) -> bool {
    match filter {
        Filter::Compare {
            path,
            op: Operator::Equal,
            value: Literal::String(id),
        } if path.is("value", None) => {
            ids.push(id.clone());
            true
        }
        Filter::Or(terms) => terms.iter().all(|term| selected(term, ids)),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
