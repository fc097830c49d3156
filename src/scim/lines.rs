//! A directory as lines of JSON: one resource a line, users first, then groups with their members.
//!
//! A line is a resource as RFC 7643 shows it, so that any SCIM server's answers can be made into
//! such a file. What only the server knows (`id`, `meta`, a user's `groups`) is read over, as in a
//! POST. A group's member names a user by `value`, the id, and by `display`, the userName, so that
//! a file can be read where the ids are others.

use serde_json::{Map, Value, json};

use super::error::{ScimError, shown};
use super::group::{GroupDraft, MAX_MEMBERS};
use super::schema::{GROUP, ResourceType, USER};
use super::user::UserDraft;
use super::{json, render};

/// Longest line in bytes: a group of [`MAX_MEMBERS`], twice over.
pub const MAX_LINE: usize = 32 << 20;

/// Longest id and userName of a member, in bytes.
const MAX_MEMBER: usize = 1024;

/// One line, read.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A user.
    User(Box<UserDraft>),
    /// A group; its members are not in the draft, as their ids may be those of another server.
    /// `None` where the line says nothing about members.
    Group(Box<GroupDraft>, Option<Vec<Member>>),
}

/// Who is in a group, by one name at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The user's id, `value`.
    pub id: Option<String>,
    /// The userName, `display`.
    pub user_name: Option<String>,
}

impl Line {
    /// Reads a line. Errors as of [`UserDraft::parse`] and [`GroupDraft::parse`]; 400
    /// `invalidValue` for a line that says neither that it is a user nor that it is a group.
    pub fn parse(line: &[u8]) -> Result<Self, ScimError> {
        let mut object = json::object(line, json::MAX_WITH_MEMBERS)?;
        if is(&object, &USER) {
            let draft = UserDraft::from_resource(object, Vec::new())?;
            return Ok(Self::User(Box::new(draft)));
        }
        if !is(&object, &GROUP) {
            return Err(ScimError::invalid_value(format!(
                "`schemas`: expected {} or {}.",
                USER.schema.id, GROUP.schema.id
            )));
        }
        let members = object.shift_remove("members").map(members).transpose()?;
        // By way of bytes, so that the rest is held to what a POST is held to. It is short.
        let rest = Value::Object(object).to_string();
        let draft = GroupDraft::parse(rest.as_bytes())?;
        Ok(Self::Group(Box::new(draft), members))
    }

    /// The name that the resource is found again by: userName or displayName.
    pub fn name(&self) -> &str {
        match self {
            Self::User(draft) => &draft.user_name,
            Self::Group(draft, _) => &draft.display_name,
        }
    }
}

fn is(object: &Map<String, Value>, kind: &ResourceType) -> bool {
    let named = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| text.eq_ignore_ascii_case(kind.schema.id))
    };
    match object.get("schemas") {
        Some(Value::Array(schemas)) => schemas.iter().any(named),
        _ => false,
    }
}

fn members(members: Value) -> Result<Vec<Member>, ScimError> {
    let members = match members {
        Value::Array(members) => members,
        _ => return Err(ScimError::invalid_value("`members` must be an array.")),
    };
    if members.len() > MAX_MEMBERS {
        return Err(ScimError::too_many(format!(
            "`members` has more than {MAX_MEMBERS} values."
        )));
    }
    members.into_iter().map(member).collect()
}

fn member(member: Value) -> Result<Member, ScimError> {
    let Value::Object(mut member) = member else {
        return Err(ScimError::invalid_value(
            "`members` must hold objects with a `value`.",
        ));
    };
    let group = |kind: &str| kind.eq_ignore_ascii_case("Group");
    if member
        .get("type")
        .and_then(Value::as_str)
        .is_some_and(group)
    {
        return Err(ScimError::invalid_value(
            "`members.type` is Group: a group can't be a member of a group here, name its people \
             instead.",
        ));
    }
    let mut text = |key: &str| match member.shift_remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() <= MAX_MEMBER => {
            Ok((!text.trim().is_empty()).then_some(text))
        }
        Some(_) => Err(ScimError::invalid_value(format!(
            "`members.{key}` must be a string of at most {MAX_MEMBER} bytes."
        ))),
    };
    let member = Member {
        id: text("value")?,
        user_name: text("display")?,
    };
    if member.id.is_none() && member.user_name.is_none() {
        return Err(ScimError::invalid_value(
            "`members`: expected `value`, the user's id, or `display`, their userName.",
        ));
    }
    Ok(member)
}

impl Member {
    /// As an error shows it.
    pub fn shown(&self) -> String {
        let name = self.user_name.as_deref().or(self.id.as_deref());
        shown(name.unwrap_or_default())
    }
}

/// A user's line, without the line end. What can be told from the groups' lines is left out.
pub fn user(user: &render::User<'_>, base: &str) -> String {
    let mut shown = render::user(user, base);
    if let Value::Object(shown) = &mut shown {
        shown.shift_remove("groups");
    }
    shown.to_string()
}

/// The beginning of a group's line; after it come the members, separated by commas, and
/// [`GROUP_END`]. In parts, since a group may have a hundred thousand members.
pub fn group_begin(group: &render::Group<'_>, base: &str) -> String {
    let group = render::Group {
        members: None,
        ..*group
    };
    let mut text = render::group(&group, base).to_string();
    text.pop();
    text.push_str(",\"members\":[");
    text
}

/// What follows a group's last member.
pub const GROUP_END: &str = "]}";

/// One member in a group's line.
pub fn member_of(id: &str, user_name: &str) -> String {
    json!({ "value": id, "display": user_name }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(line: &str) -> String {
        Line::parse(line.as_bytes()).unwrap_err().detail
    }

    #[test]
    fn a_line_is_a_user_or_a_group() {
        let user = format!(
            r#"{{"schemas":["{}"],"userName":"a","id":"x"}}"#,
            USER.schema.id
        );
        let Line::User(draft) = Line::parse(user.as_bytes()).unwrap() else {
            panic!("no user");
        };
        assert_eq!(draft.user_name, "a");
        assert!(!draft.resource.contains_key("id"));

        let group = format!(
            r#"{{"schemas":["{}"],"displayName":"G","members":[
                {{"value":"1","display":"a"}},{{"display":"b"}},{{"value":"3","$ref":null}}]}}"#,
            GROUP.schema.id
        );
        let line = Line::parse(group.as_bytes()).unwrap();
        assert_eq!(line.name(), "G");
        let Line::Group(draft, Some(members)) = line else {
            panic!("no group");
        };
        assert_eq!(draft.members, None);
        let names: Vec<String> = members.iter().map(Member::shown).collect();
        assert_eq!(names, ["a", "b", "3"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(refused(r#"{"userName":"a"}"#).contains("`schemas`: expected"));
        assert!(refused("[1]").contains("JSON object"));
        assert!(refused("{").contains("not valid JSON"));
        let group = |members: &str| {
            let id = GROUP.schema.id;
            refused(&format!(
                r#"{{"schemas":["{id}"],"displayName":"G","members":{members}}}"#
            ))
        };
        assert!(group("1").contains("must be an array"));
        assert!(group("[1]").contains("must hold objects"));
        assert!(group("[{}]").contains("expected `value`"));
        assert!(group(r#"[{"value":1}]"#).contains("`members.value` must be a string"));
        assert!(group(r#"[{"value":"g","type":"group"}]"#).contains("can't be a member"));
        let long = format!(r#"[{{"display":"{}"}}]"#, "x".repeat(MAX_MEMBER + 1));
        assert!(group(&long).contains("at most 1024 bytes"));
        let many = format!("[{}1]", "1,".repeat(MAX_MEMBERS));
        assert!(group(&many).contains("more than 100000"));
    }
}
