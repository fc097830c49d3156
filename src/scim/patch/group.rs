//! A PATCH of a group as the changes that it asks for.

use serde_json::Value;

use super::target::Target;
use super::{Kind, Operation, Patch, attributes};
use crate::scim::error::{ScimError, shown};
use crate::scim::filter::{Filter, Literal, Operator};
use crate::scim::forgive;
use crate::scim::group::{MAX_MEMBERS, member_ids};
use crate::scim::path::AttributePath;
use crate::scim::schema::{self, GROUP, Mutability};
use crate::scim::validate;

/// A change of a group. They are to be made in order, all or none. Adding who is a member and
/// removing who is none change nothing and are no errors.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

impl Patch {
    /// The changes to the group whose id is `id`. What was forgiven goes to `notes`. Attributes
    /// other than `displayName`, `externalId` and `members` are refused with `invalidPath`, or
    /// `mutability` where they are read-only.
    pub fn group_changes(
        &self,
        id: &str,
        notes: &mut Vec<&'static str>,
    ) -> Result<Vec<GroupChange>, ScimError> {
        for known in &self.notes {
            forgive::note(notes, known);
        }
        let mut changes = Changes {
            list: Vec::new(),
            members: 0,
        };
        for operation in &self.operations {
            match &operation.target {
                Some(target) => {
                    let change = targeted(operation, target, notes)?;
                    changes.push(change)?;
                }
                None => {
                    for (key, value) in attributes(operation)? {
                        if let Some(change) = keyed(operation.kind, key, value, id, notes)? {
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
        match (self.list.last_mut(), change) {
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
    id: &str,
    notes: &mut Vec<&'static str>,
) -> Result<Option<GroupChange>, ScimError> {
    if key.eq_ignore_ascii_case("schemas") {
        return Ok(None);
    }
    if key.eq_ignore_ascii_case("id") && value.as_str() == Some(id) {
        forgive::note(notes, forgive::OWN_ID);
        return Ok(None);
    }
    let path = AttributePath::parse(key)?;
    change(
        kind,
        &path,
        Some(value).filter(|value| !value.is_null()),
        notes,
    )
    .map(Some)
}

fn targeted(
    operation: &Operation,
    target: &Target,
    notes: &mut Vec<&'static str>,
) -> Result<GroupChange, ScimError> {
    let Some(filter) = &target.filter else {
        return change(
            operation.kind,
            &target.path,
            operation.value.as_ref(),
            notes,
        );
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
    // One member without the array is a value of a multi-valued attribute too, RFC 7644 3.5.2.1.
    let list = match value {
        Value::Object(_) => Value::Array(vec![value.clone()]),
        other => other.clone(),
    };
    let ids = member_ids(list)?;
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
    let found = GROUP.target(path).ok_or_else(|| {
        ScimError::invalid_path(format!(
            "`{}` is not an attribute of a group.",
            shown(&path.to_string())
        ))
    })?;
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
mod tests {
    use serde_json::json;

    use super::GroupChange::*;
    use super::*;

    fn changes(operations: Value) -> Result<(Vec<GroupChange>, Vec<&'static str>), ScimError> {
        let message = json!({"schemas": [super::super::PATCH_SCHEMA], "Operations": operations});
        let mut notes = Vec::new();
        let patch = Patch::parse(message.to_string().as_bytes())?;
        Ok((patch.group_changes("g1", &mut notes)?, notes))
    }

    fn ids(list: &[&str]) -> Vec<String> {
        list.iter().map(|&id| id.to_owned()).collect()
    }

    #[test]
    fn takes_oktas_forms() {
        let (made, notes) = changes(json!([
            {"op": "remove", "path": "members[value eq \"a\"]"},
            {"op": "remove", "path": "members[value eq \"b\"]"},
            {"op": "add", "path": "members", "value": [{"value": "c"}, {"value": "c", "$ref": null}]},
        ]))
        .unwrap();
        assert_eq!(
            made,
            [RemoveMembers(ids(&["a", "b"])), AddMembers(ids(&["c"]))]
        );
        assert!(notes.is_empty());

        let rename = json!([{"op": "replace", "value": {"id": "g1", "displayName": "n"}}]);
        assert_eq!(
            changes(rename).unwrap(),
            (vec![Rename("n".into())], vec![forgive::OWN_ID])
        );
        let other = changes(json!([{"op": "replace", "value": {"id": "g2"}}])).unwrap_err();
        assert_eq!(other.scim_type, Some("mutability"));

        let (made, _) = changes(json!([
            {"op": "replace", "value": {"members": [], "id": "g1", "displayName": "n"}}
        ]))
        .unwrap();
        assert_eq!(made, [ReplaceMembers(vec![]), Rename("n".into())]);
    }

    #[test]
    fn takes_entras_forms() {
        let (made, notes) = changes(json!([
            {"op": "Remove", "path": "members", "value": [{"value": "a", "$ref": null}]},
        ]))
        .unwrap();
        assert_eq!(
            (made, notes),
            (
                vec![RemoveMembers(ids(&["a"]))],
                vec![forgive::REMOVED_BY_VALUE]
            )
        );
        let all = json!([{"op": "Remove", "path": "MEMBERS"}]);
        assert_eq!(changes(all).unwrap().0, [RemoveAllMembers]);
        // An empty list to remove names nobody; it must not be read as "everybody".
        let nobody = json!([{"op": "Remove", "path": "members", "value": []}]);
        assert_eq!(changes(nobody).unwrap().0, []);
        let (made, _) = changes(json!([
            {"op": "Replace", "path": "displayName", "value": "n"},
            {"op": "Add", "path": "externalId", "value": "x"},
            {"op": "remove", "path": "urn:ietf:params:scim:schemas:core:2.0:Group:externalId"},
            {"op": "add", "path": "members", "value": {"value": "one"}},
            {"op": "remove", "path": "members[value eq \"a\" or VALUE eq \"b\"]"},
        ]))
        .unwrap();
        let expected = [
            Rename("n".into()),
            ExternalId(Some("x".into())),
            ExternalId(None),
            AddMembers(ids(&["one"])),
            RemoveMembers(ids(&["a", "b"])),
        ];
        assert_eq!(made, expected);
    }

    #[test]
    fn refuses_the_rest() {
        for (operation, wanted) in [
            (
                json!({"op": "add", "path": "colour", "value": "x"}),
                "invalidPath",
            ),
            (
                json!({"op": "add", "value": {"colour": "x"}}),
                "invalidPath",
            ),
            (
                json!({"op": "add", "path": "members.value", "value": "x"}),
                "invalidPath",
            ),
            (
                json!({"op": "remove", "path": "displayName[a pr]"}),
                "invalidPath",
            ),
            (
                json!({"op": "replace", "path": "id", "value": "g1"}),
                "mutability",
            ),
            (
                json!({"op": "replace", "path": "meta.created", "value": "x"}),
                "mutability",
            ),
            (
                json!({"op": "replace", "value": {"meta": {}}}),
                "mutability",
            ),
            (json!({"op": "remove", "path": "displayName"}), "mutability"),
            (
                json!({"op": "replace", "path": "members[value eq \"a\"]", "value": {}}),
                "mutability",
            ),
            (
                json!({"op": "remove", "path": "members[value eq \"a\"].display"}),
                "mutability",
            ),
            (
                json!({"op": "remove", "path": "members[value ne \"a\"]"}),
                "invalidFilter",
            ),
            (
                json!({"op": "remove", "path": "members[display eq \"a\"]"}),
                "invalidFilter",
            ),
            (
                json!({"op": "remove", "path": "members[colour eq \"a\"]"}),
                "invalidFilter",
            ),
            (
                json!({"op": "replace", "path": "displayName", "value": null}),
                "invalidValue",
            ),
            (
                json!({"op": "replace", "path": "displayName", "value": " "}),
                "invalidValue",
            ),
            (
                json!({"op": "replace", "path": "externalId", "value": 7}),
                "invalidValue",
            ),
            (json!({"op": "add", "path": "members"}), "invalidValue"),
            (
                json!({"op": "add", "path": "members", "value": ["a"]}),
                "invalidValue",
            ),
            (
                json!({"op": "add", "path": "members", "value": [{"value": "a", "type": "Group"}]}),
                "invalidValue",
            ),
            (json!({"op": "replace", "value": "x"}), "invalidValue"),
            (json!({"op": "replace"}), "invalidValue"),
        ] {
            let error = changes(json!([operation.clone()])).unwrap_err();
            assert_eq!(
                (error.status, error.scim_type),
                (400, Some(wanted)),
                "{operation}"
            );
        }
    }

    #[test]
    fn members_are_bounded_over_all_operations() {
        let half: Vec<_> = (0..60_000)
            .map(|n| json!({"value": n.to_string()}))
            .collect();
        let operation = json!({"op": "add", "path": "members", "value": half});
        assert!(changes(json!([operation])).is_ok());
        let error = changes(json!([operation, operation])).unwrap_err();
        assert_eq!(error.scim_type, Some("tooMany"));
    }
}
