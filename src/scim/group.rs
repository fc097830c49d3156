//! A group as a client sent it.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::apart;
use super::error::ScimError;
use super::forgive;
use super::schema::GROUP;
use super::validate;

/// Most members that one request may name, and that a group may have.
pub const MAX_MEMBERS: usize = 100_000;

/// Longest id of a member, in bytes.
const MAX_MEMBER_ID: usize = 256;

/// A validated group, RFC 7643 section 4.2.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupDraft {
    /// `displayName` as received.
    pub display_name: String,
    /// `externalId`
    pub external_id: Option<String>,
    /// The members' ids, each once; `None` when the request says nothing about members, which must
    /// change none.
    pub members: Option<Vec<String>>,
    /// The resource to keep, in canonical spelling, without `id`, `meta` and `members`.
    pub resource: Map<String, Value>,
    /// What was forgiven, see [`super::forgive`].
    pub notes: Vec<&'static str>,
}

impl GroupDraft {
    /// Parses the body of a POST or PUT. Errors as of [`super::UserDraft::parse`]; 400 `tooMany`
    /// for more than [`MAX_MEMBERS`].
    pub fn parse(body: &[u8]) -> Result<Self, ScimError> {
        let mut ids = Ids::default();
        let mut notes = Vec::new();
        let (received, named) =
            apart::object(body, "members", &mut |member| ids.take(member, &mut notes))?;
        Self::with_members(received, named.then_some(ids.ids), notes)
    }

    /// The same from an object.
    pub fn from_resource(mut received: Map<String, Value>) -> Result<Self, ScimError> {
        let mut notes = Vec::new();
        let members = take_members(&mut received, &mut notes)?;
        Self::with_members(received, members, notes)
    }

    fn with_members(
        received: Map<String, Value>,
        members: Option<Vec<String>>,
        mut notes: Vec<&'static str>,
    ) -> Result<Self, ScimError> {
        let resource = validate::resource(received, &GROUP, &mut notes)?;
        validate::size(&resource)?;
        Ok(Self {
            display_name: validate::required_name(&resource, "displayName")?,
            external_id: validate::optional_name(&resource, "externalId")?,
            members,
            resource,
            notes,
        })
    }

    /// Refuses extensions that we don't know, for organizations that want it so: 400
    /// `invalidValue` with the URN. `kept` is the stored resource; what is in it just so may stay.
    pub fn only_known_extensions(
        &self,
        kept: Option<&Map<String, Value>>,
    ) -> Result<(), ScimError> {
        validate::only_known_extensions(&self.resource, &GROUP, kept)
    }
}

/// The ids in a list of members, each once, in order. Only `value` counts (RFC 7643 section 4.2);
/// `display` and `$ref` are what the client believes about the user.
pub(super) fn member_ids(
    members: &Value,
    notes: &mut Vec<&'static str>,
) -> Result<Vec<String>, ScimError> {
    let members = members
        .as_array()
        .ok_or_else(|| ScimError::invalid_value("`members` must be an array."))?;
    listed_ids(members, notes)
}

/// The same of the values themselves.
pub(super) fn listed_ids(
    members: &[Value],
    notes: &mut Vec<&'static str>,
) -> Result<Vec<String>, ScimError> {
    let mut ids = Ids::default();
    for member in members {
        // One at a time: a copy of all of them would be as large as the request.
        ids.take(member.clone(), notes)?;
    }
    Ok(ids.ids)
}

#[derive(Default)]
struct Ids {
    given: usize,
    seen: HashSet<String>,
    ids: Vec<String>,
}

impl Ids {
    fn take(&mut self, member: Value, notes: &mut Vec<&'static str>) -> Result<(), ScimError> {
        self.given += 1;
        if self.given > MAX_MEMBERS {
            return Err(ScimError::too_many(format!(
                "`members` has more than {MAX_MEMBERS} values."
            )));
        }
        let id = member_id(member, notes)?;
        if self.seen.insert(id.clone()) {
            self.ids.push(id);
        }
        Ok(())
    }
}

fn member_id(member: Value, notes: &mut Vec<&'static str>) -> Result<String, ScimError> {
    let Value::Object(member) = member else {
        return Err(ScimError::invalid_value(
            "`members` must hold objects with a `value`.",
        ));
    };
    let mut id = None;
    for (key, value) in member {
        if key.eq_ignore_ascii_case("type")
            && value
                .as_str()
                .is_some_and(|kind| kind.eq_ignore_ascii_case("Group"))
        {
            return Err(ScimError::invalid_value(
                "`members.type` is Group: a group can't be a member of a group here, push its \
                 people instead.",
            ));
        }
        if value.is_null() && key.eq_ignore_ascii_case("$ref") {
            forgive::note(notes, forgive::NULL_REFERENCE);
        }
        if key.eq_ignore_ascii_case("value") {
            let Value::String(value) = value else {
                return Err(ScimError::invalid_value(
                    "`members.value` must be a string.",
                ));
            };
            if id.replace(value).is_some() {
                return Err(ScimError::invalid_syntax("`members.value` is given twice."));
            }
        }
    }
    let id = id.ok_or_else(|| ScimError::invalid_value("`members.value` is required."))?;
    if id.trim().is_empty() || id.len() > MAX_MEMBER_ID {
        return Err(ScimError::invalid_value(format!(
            "`members.value` is blank or longer than {MAX_MEMBER_ID} bytes."
        )));
    }
    Ok(id)
}

fn take_members(
    received: &mut Map<String, Value>,
    notes: &mut Vec<&'static str>,
) -> Result<Option<Vec<String>>, ScimError> {
    let spelled: Vec<String> = received
        .keys()
        .filter(|key| key.eq_ignore_ascii_case("members"))
        .cloned()
        .collect();
    match spelled.as_slice() {
        [] => Ok(None),
        [key] => match received.shift_remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(members) => member_ids(&members, notes).map(Some),
        },
        _ => Err(ScimError::invalid_syntax(
            "`members` is given twice, in different case.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(value: Value) -> Result<GroupDraft, ScimError> {
        GroupDraft::parse(value.to_string().as_bytes())
    }

    #[test]
    fn takes_oktas_group() {
        let draft = parse(json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group",
                "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
            "id": "g", "displayName": "R&D \"core\" ✓", "meta": {"resourceType": "Group"},
            "members": [
                {"value": "a", "display": "a@b.test"},
                {"VALUE": "b", "type": "User", "$ref": null},
                {"value": "a"}
            ]
        }))
        .unwrap();
        assert_eq!(draft.display_name, "R&D \"core\" ✓");
        assert_eq!(draft.members, Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(draft.resource["schemas"].as_array().unwrap().len(), 2);
        assert_eq!(draft.resource.len(), 2);
        assert_eq!(draft.notes, [forgive::NULL_REFERENCE]);
    }

    #[test]
    fn no_members_and_empty_members_differ() {
        assert_eq!(parse(json!({"displayName": "g"})).unwrap().members, None);
        assert_eq!(
            parse(json!({"displayName": "g", "members": null}))
                .unwrap()
                .members,
            None
        );
        assert_eq!(
            parse(json!({"displayName": "g", "Members": []}))
                .unwrap()
                .members,
            Some(vec![])
        );
    }

    #[test]
    fn refuses_bad_groups() {
        for group in [
            json!({}),
            json!({"displayName": " "}),
            json!({"displayName": "x".repeat(257)}),
            json!({"displayName": "g", "externalId": 1}),
            json!({"displayName": "g", "members": {}}),
            json!({"displayName": "g", "members": ["a"]}),
            json!({"displayName": "g", "members": [{}]}),
            json!({"displayName": "g", "members": [{"value": null}]}),
            json!({"displayName": "g", "members": [{"value": " "}]}),
            json!({"displayName": "g", "members": [{"value": "x".repeat(257)}]}),
            json!({"displayName": "g", "members": [{"value": "x", "type": "group"}]}),
        ] {
            let error = parse(group.clone()).unwrap_err();
            assert_eq!(
                (error.status, error.scim_type),
                (400, Some("invalidValue")),
                "{group}"
            );
        }
        let twice = parse(json!({"displayName": "g", "members": [], "MEMBERS": []}));
        assert_eq!(twice.unwrap_err().scim_type, Some("invalidSyntax"));
    }

    #[test]
    fn is_bounded() {
        let members = |count: usize| {
            let members: Vec<_> = (0..count)
                .map(|n| json!({"value": n.to_string()}))
                .collect();
            parse(json!({"displayName": "g", "members": members}))
        };
        assert_eq!(
            members(MAX_MEMBERS).unwrap().members.unwrap().len(),
            MAX_MEMBERS
        );
        assert_eq!(
            members(MAX_MEMBERS + 1).unwrap_err().scim_type,
            Some("tooMany")
        );
        let large = parse(json!({"displayName": "g", "x": "x".repeat(70_000)}));
        assert_eq!(large.unwrap_err().status, 413);
    }
}
