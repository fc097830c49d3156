//! Resources and lists as answers, RFC 7643 section 3.1 and RFC 7644 section 3.4.2.
//!
//! A stored resource is what a provider sent; the columns beside it have the last word. So what the
//! directory knows (`userName`, `active`, names of groups) is laid over it here, and a stale copy
//! in the stored resource can't be shown.

use serde_json::{Map, Value, json};

use crate::clock::Timestamp;

use super::etag;
use super::schema::{GROUP, ResourceType, USER};
use super::user::Active;

/// The schema URN of a list.
pub const LIST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// What `meta` is made of.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// When the resource was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub last_modified: Timestamp,
    /// How often it was changed; part of its entity tag, see [`super::etag`].
    pub version: i64,
}

/// A user to show.
#[derive(Clone, Copy, Debug)]
pub struct User<'a> {
    /// The stored resource, of [`super::UserDraft::resource`].
    pub resource: &'a Map<String, Value>,
    /// Our id.
    pub id: &'a str,
    /// `userName`
    pub user_name: &'a str,
    /// `externalId`
    pub external_id: Option<&'a str>,
    /// `active`
    pub active: Active,
    /// Id and display name of each group; shown even if empty, as Okta's suite wants it. All of
    /// them even where they aren't asked for: the entity tag is made from them.
    pub groups: &'a [(String, String)],
    /// For `meta`.
    pub meta: Meta,
}

/// A group to show.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// The stored resource, of [`super::GroupDraft::resource`].
    pub resource: &'a Map<String, Value>,
    /// Our id.
    pub id: &'a str,
    /// `displayName`
    pub display_name: &'a str,
    /// `externalId`
    pub external_id: Option<&'a str>,
    /// Id and display name of each member; `None` leaves `members` out, for requests that exclude
    /// it, otherwise it is shown even if empty.
    pub members: Option<&'a [(String, String)]>,
    /// For `meta`.
    pub meta: Meta,
}

/// The address of a resource below `base`, for `meta.location` and the `Location` header.
pub fn location(base: &str, kind: &ResourceType, id: &str) -> String {
    format!("{}{}/{id}", base.trim_end_matches('/'), kind.endpoint)
}

/// A user as JSON. `base` is the address of the organization's SCIM endpoint.
pub fn user(user: &User<'_>, base: &str) -> Value {
    let mut shown = start(user.resource, &USER, user.id, user.external_id);
    shown.insert("userName".into(), user.user_name.into());
    rest(&mut shown, user.resource, &USER);
    if let Some(active) = user.active.shown() {
        shown.insert("active".into(), active.into());
    }
    let groups = user.groups.iter().map(|(id, display)| {
        json!({
            "value": id, "$ref": location(base, &GROUP, id), "display": display, "type": "direct"
        })
    });
    shown.insert("groups".into(), groups.collect());
    let tag = etag::of_user(user.meta.version, user.groups);
    shown.insert("meta".into(), meta(user.meta, tag, base, &USER, user.id));
    Value::Object(shown)
}

/// A group as JSON. `base` is the address of the organization's SCIM endpoint.
pub fn group(group: &Group<'_>, base: &str) -> Value {
    let mut shown = start(group.resource, &GROUP, group.id, group.external_id);
    shown.insert("displayName".into(), group.display_name.into());
    rest(&mut shown, group.resource, &GROUP);
    if let Some(members) = group.members {
        let members = members.iter().map(|(id, display)| {
            json!({
                "value": id, "$ref": location(base, &USER, id), "display": display, "type": "User"
            })
        });
        shown.insert("members".into(), members.collect());
    }
    let tag = etag::of_group(group.meta.version);
    shown.insert("meta".into(), meta(group.meta, tag, base, &GROUP, group.id));
    Value::Object(shown)
}

/// A list of descriptions, all on one page; [`super::page`] has the pages of users and groups.
pub fn list(total: usize, start_index: usize, resources: Vec<Value>) -> Value {
    json!({
        "schemas": [LIST_SCHEMA],
        "totalResults": total,
        "startIndex": start_index,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}

fn start(
    resource: &Map<String, Value>,
    kind: &ResourceType,
    id: &str,
    external_id: Option<&str>,
) -> Map<String, Value> {
    let mut shown = Map::new();
    let schemas = resource.get("schemas").cloned();
    shown.insert(
        "schemas".into(),
        schemas.unwrap_or_else(|| json!([kind.schema.id])),
    );
    shown.insert("id".into(), id.into());
    if let Some(external_id) = external_id {
        shown.insert("externalId".into(), external_id.into());
    }
    shown
}

/// What is stored beside what is already shown or has its own home. A user's `members` are an
/// attribute like any other that nobody knows.
fn rest(shown: &mut Map<String, Value>, resource: &Map<String, Value>, kind: &ResourceType) {
    const OURS: [&str; 6] = [
        "externalId",
        "active",
        "groups",
        "members",
        "meta",
        "password",
    ];
    for (key, value) in resource {
        let ours = OURS.contains(&key.as_str()) && kind.attribute(key).is_some();
        if !shown.contains_key(key) && !ours {
            shown.insert(key.clone(), value.clone());
        }
    }
}

fn meta(meta: Meta, tag: String, base: &str, kind: &ResourceType, id: &str) -> Value {
    json!({
        "resourceType": kind.name,
        "created": meta.created.to_string(),
        "lastModified": meta.last_modified.to_string(),
        "location": location(base, kind, id),
        "version": tag,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: Meta = Meta {
        created: Timestamp::from_millis(0),
        last_modified: Timestamp::from_millis(1),
        version: 3,
    };

    #[test]
    fn columns_have_the_last_word() {
        let resource = json!({"schemas": ["s"], "userName": "old", "externalId": "old",
            "active": true, "groups": [1], "password": "p", "meta": 1, "id": "old", "title": "t"});
        let shown = user(
            &User {
                resource: resource.as_object().unwrap(),
                id: "u1",
                user_name: "new",
                external_id: None,
                active: Active::Given(false),
                groups: &[("g1".into(), "G".into())],
                meta: META,
            },
            "https://door.test/scim/v2/acme/",
        );
        let keys: Vec<_> = shown
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            keys,
            [
                "schemas", "id", "userName", "title", "active", "groups", "meta"
            ]
        );
        assert_eq!(
            (&shown["id"], &shown["active"]),
            (&json!("u1"), &json!(false))
        );
        assert_eq!(
            shown["groups"][0]["$ref"],
            "https://door.test/scim/v2/acme/Groups/g1"
        );
        assert_eq!(
            shown["meta"]["location"],
            "https://door.test/scim/v2/acme/Users/u1"
        );
        assert_eq!(shown["meta"]["created"], "1970-01-01T00:00:00.000Z");
        let tag = etag::of_user(3, &[("g1".into(), "G".into())]);
        assert_eq!(shown["meta"]["version"], tag);
    }

    #[test]
    fn members_are_shown_even_if_none() {
        let resource = Map::new();
        let shown = |members| {
            group(
                &Group {
                    resource: &resource,
                    id: "g1",
                    display_name: "G",
                    external_id: Some("x"),
                    members,
                    meta: META,
                },
                "b",
            )
        };
        assert_eq!(shown(Some(&[]))["members"], json!([]));
        assert!(shown(None).get("members").is_none());
        assert_eq!(shown(None)["schemas"], json!([GROUP.schema.id]));
        assert_eq!(shown(None)["externalId"], "x");
    }

    #[test]
    fn a_page_counts_what_is_in_it() {
        let page = list(250, 201, vec![json!({}), json!({})]);
        assert_eq!(page["itemsPerPage"], 2);
        assert_eq!(page["totalResults"], 250);
        assert_eq!(list(0, 1, vec![])["Resources"], json!([]));
    }
}
