//! A group with its members as text, written member by member: as a tree of JSON a hundred thousand
//! of them take a quarter of a gigabyte.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value};

use super::query::ListQuery;
use super::render;
use super::schema::{GROUP, USER};

/// A group to write as JSON: what [`render::group`] shows, less what a client doesn't want of it.
pub struct WholeGroup<'a> {
    rest: Map<String, Value>,
    members: Members<'a>,
}

impl<'a> WholeGroup<'a> {
    /// The group as far as `query` wants it. `base` is the address of the organization's SCIM
    /// endpoint.
    pub fn new(group: &render::Group<'a>, query: &ListQuery, base: &str) -> Self {
        // One member tells what of each the client wants.
        let one = [(String::new(), String::new())];
        let sample = render::Group {
            members: group.members.map(|_| one.as_slice()),
            ..*group
        };
        let mut rest = Map::new();
        if let Value::Object(shown) = query.project(render::group(&sample, base), &GROUP) {
            rest = shown;
        }
        let shows = |name: &str| {
            let member = rest.get("members").and_then(|members| members.get(0));
            member.is_some_and(|member| member.get(name).is_some())
        };
        let members = Members {
            members: group.members.unwrap_or_default(),
            users: render::location(base, &USER, ""),
            value: shows("value"),
            reference: shows("$ref"),
            display: shows("display"),
            kind: shows("type"),
        };
        Self { rest, members }
    }

    /// About how many bytes it takes, rather too many.
    fn size(&self) -> usize {
        let Members { members, users, .. } = &self.members;
        let each = users.len() + 64;
        let named = members.iter().map(|(id, display)| {
            let display = if self.members.display {
                display.len()
            } else {
                0
            };
            2 * id.len() + display + each
        });
        4_096 + named.sum::<usize>()
    }
}

/// JSON as bytes. There is room for all of it at once where it has `groups`: growing would hold it
/// twice for a moment.
pub fn text<'a>(
    shown: &impl Serialize,
    groups: impl IntoIterator<Item = &'a WholeGroup<'a>>,
) -> Vec<u8> {
    let mut text = Vec::with_capacity(groups.into_iter().map(WholeGroup::size).sum());
    // Strings and numbers into memory: there is nothing that could fail.
    let _ = serde_json::to_writer(&mut text, shown);
    text
}

impl Serialize for WholeGroup<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.rest.len()))?;
        for (key, value) in &self.rest {
            if key == "members" {
                map.serialize_entry(key, &self.members)?;
            } else {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}

/// The members, and what of each is shown.
struct Members<'a> {
    members: &'a [(String, String)],
    /// The address of users, with the slash.
    users: String,
    value: bool,
    reference: bool,
    display: bool,
    kind: bool,
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.members.len()))?;
        for (id, display) in self.members {
            list.serialize_element(&Member {
                value: self.value.then_some(id),
                reference: self.reference.then_some(format_args!("{}{id}", self.users)),
                display: self.display.then_some(display),
                kind: self.kind.then_some("User"),
            })?;
        }
        list.end()
    }
}

#[derive(serde::Serialize)]
struct Member<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    reference: Option<std::fmt::Arguments<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn it_is_what_the_tree_shows() {
        let base = "https://door.test/scim/v2/acme/";
        let resource = json!({"schemas": ["s"], "displayName": "old", "x": {"y": [1, "\""]}});
        let two = [
            ("u1".to_owned(), "a\"b".to_owned()),
            ("u2".to_owned(), "é".to_owned()),
        ];
        for members in [None, Some(&[] as &[_]), Some(&two[..])] {
            let group = render::Group {
                resource: resource.as_object().unwrap(),
                id: "g1",
                display_name: "G",
                external_id: Some("e"),
                members,
                meta: render::Meta {
                    created: Timestamp::from_millis(0),
                    last_modified: Timestamp::from_millis(1),
                    version: 2,
                },
            };
            for raw in [
                "",
                "attributes=members",
                "attributes=displayName",
                "attributes=members.display,x",
                "attributes=Members,members.display",
                "attributes=members.$ref,members.type",
                "attributes=members.nothing",
                "excludedAttributes=members",
                "excludedAttributes=members.value,meta",
                "excludedAttributes=displayName",
            ] {
                let query = ListQuery::parse(Some(raw)).unwrap();
                let tree = query.project(render::group(&group, base), &GROUP);
                let group = WholeGroup::new(&group, &query, base);
                let written = text(&group, [&group]);
                assert!(written.len() <= group.size(), "{raw}");
                assert_eq!(
                    String::from_utf8(written).unwrap(),
                    tree.to_string(),
                    "{raw}"
                );
            }
        }
    }
}
