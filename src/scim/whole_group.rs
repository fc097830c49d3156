//! A group with its members as text, written member by member.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value};

use super::render;
use super::schema::USER;

/// The group as JSON, the same that [`render::group`] shows to a client that names no attributes:
/// without the members' `display`. `members` are id and display name.
pub fn text(group: &render::Group<'_>, members: &[(String, String)], base: &str) -> Vec<u8> {
    let rest = render::Group {
        members: None,
        ..*group
    };
    let Value::Object(rest) = render::group(&rest, base) else {
        return Vec::new();
    };
    let users = render::location(base, &USER, "");
    let ids: usize = members.iter().map(|(id, _)| 2 * id.len()).sum();
    // Room for all of it at once: growing would hold it twice for a moment.
    let each = users.len() + 64;
    let mut text = Vec::with_capacity(4_096 + ids + members.len() * each);
    let whole = Whole {
        rest: &rest,
        members: Members {
            members,
            users: &users,
        },
    };
    // Strings and numbers into memory: there is nothing that could fail.
    let _ = serde_json::to_writer(&mut text, &whole);
    text
}

struct Whole<'a> {
    rest: &'a Map<String, Value>,
    members: Members<'a>,
}

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.rest.len() + 1))?;
        for (key, value) in self.rest {
            if key == "meta" {
                map.serialize_entry("members", &self.members)?;
            }
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

struct Members<'a> {
    members: &'a [(String, String)],
    /// The address of users, with the slash.
    users: &'a str,
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.members.len()))?;
        for (id, _) in self.members {
            list.serialize_element(&Member {
                value: id,
                reference: format_args!("{}{id}", self.users),
                kind: "User",
            })?;
        }
        list.end()
    }
}

#[derive(serde::Serialize)]
struct Member<'a> {
    value: &'a str,
    #[serde(rename = "$ref")]
    reference: std::fmt::Arguments<'a>,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Timestamp;
    use crate::scim::query::ListQuery;
    use crate::scim::schema::GROUP;

    #[test]
    fn it_is_what_the_tree_shows() {
        let resource = json!({"schemas": ["s"], "displayName": "old", "x": {"y": [1, "\""]}});
        for members in [
            vec![],
            vec![
                ("u1".to_owned(), "a\"b".to_owned()),
                ("u2".to_owned(), "é".to_owned()),
            ],
        ] {
            let group = render::Group {
                resource: resource.as_object().unwrap(),
                id: "g1",
                display_name: "G",
                external_id: Some("e"),
                members: Some(&members),
                meta: render::Meta {
                    created: Timestamp::from_millis(0),
                    last_modified: Timestamp::from_millis(1),
                    version: 2,
                },
            };
            let tree = render::group(&group, "https://door.test/scim/v2/acme/");
            let tree = ListQuery::default().project(tree, &GROUP).to_string();
            let text = text(&group, &members, "https://door.test/scim/v2/acme/");
            assert_eq!(String::from_utf8(text).unwrap(), tree);
        }
    }
}
