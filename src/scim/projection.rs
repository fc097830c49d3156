//! Which attributes an answer has, RFC 7644 section 3.9. What is always returned (`id`, `schemas`)
//! can't be projected away, what is returned on request (a member's `display`) is shown only where
//! `attributes` names it; a name that nothing bears changes nothing.

use serde_json::{Map, Value};

use super::path::AttributePath;
use super::schema::{ResourceType, Returned};

/// Whether any part of the core attribute `name` is left.
pub(super) fn wants(
    name: &str,
    kind: &ResourceType,
    attributes: &[AttributePath],
    excluded: &[AttributePath],
) -> bool {
    if always(name, kind) {
        return true;
    }
    let names = |path: &&AttributePath| core(path, kind) && path.name.eq_ignore_ascii_case(name);
    if attributes.is_empty() {
        !excluded
            .iter()
            .any(|path| names(&path) && path.sub.is_none())
    } else {
        attributes.iter().any(|path| names(&path))
    }
}

/// The part of a rendered resource that the client wants.
pub(super) fn apply(
    mut resource: Map<String, Value>,
    kind: &ResourceType,
    attributes: &[AttributePath],
    excluded: &[AttributePath],
) -> Map<String, Value> {
    leave_out_what_nobody_asked_for(&mut resource, kind, attributes);
    let (paths, keep) = if attributes.is_empty() {
        (excluded, false)
    } else {
        (attributes, true)
    };
    if paths.is_empty() {
        return resource;
    }
    let mut left = Map::new();
    for (key, value) in resource {
        let value = if always(&key, kind) {
            Some(value)
        } else if value.is_object() && kind.attribute(&key).is_none() && key.contains(':') {
            extension(&key, value, paths, keep)
        } else {
            let named = paths
                .iter()
                .filter(|path| core(path, kind) && path.name.eq_ignore_ascii_case(&key));
            attribute(value, named.map(|path| path.sub.as_deref()), keep)
        };
        if let Some(value) = value {
            left.insert(key, value);
        }
    }
    left
}

fn leave_out_what_nobody_asked_for(
    resource: &mut Map<String, Value>,
    kind: &ResourceType,
    attributes: &[AttributePath],
) {
    for attribute in kind.schema.attributes {
        let asked = |sub: &str| {
            attributes.iter().any(|path| {
                core(path, kind)
                    && path.name.eq_ignore_ascii_case(attribute.name)
                    && path
                        .sub
                        .as_deref()
                        .is_some_and(|named| named.eq_ignore_ascii_case(sub))
            })
        };
        for sub in attribute.sub_attributes {
            if sub.returned == Returned::Request
                && !asked(sub.name)
                && let Some(value) = resource.get_mut(attribute.name)
            {
                *value = parts(value.take(), &[sub.name], false);
            }
        }
    }
}

fn always(name: &str, kind: &ResourceType) -> bool {
    kind.attribute(name)
        .is_some_and(|attribute| attribute.returned == Returned::Always)
}

/// Whether the path is about the core schema or unqualified.
fn core(path: &AttributePath, kind: &ResourceType) -> bool {
    path.urn
        .as_deref()
        .is_none_or(|urn| urn.eq_ignore_ascii_case(kind.schema.id))
}

/// `named` holds, for each path that names this attribute, the sub-attribute it names.
fn attribute<'a>(
    value: Value,
    named: impl Iterator<Item = Option<&'a str>>,
    keep: bool,
) -> Option<Value> {
    let named: Vec<Option<&str>> = named.collect();
    if named.is_empty() {
        return (!keep).then_some(value);
    }
    if named.contains(&None) {
        return keep.then_some(value);
    }
    let subs: Vec<&str> = named.into_iter().flatten().collect();
    Some(parts(value, &subs, keep))
}

fn parts(value: Value, subs: &[&str], keep: bool) -> Value {
    match value {
        Value::Array(items) => {
            let items = items.into_iter().map(|item| parts(item, subs, keep));
            Value::Array(items.collect())
        }
        Value::Object(object) => Value::Object(
            object
                .into_iter()
                .filter(|(key, _)| subs.iter().any(|sub| sub.eq_ignore_ascii_case(key)) == keep)
                .collect(),
        ),
        other => other,
    }
}

fn extension(urn: &str, value: Value, paths: &[AttributePath], keep: bool) -> Option<Value> {
    // An extension that we don't know can't be told from an attribute of a shorter URN.
    let whole = paths
        .iter()
        .any(|path| path.to_string().eq_ignore_ascii_case(urn));
    if whole {
        return keep.then_some(value);
    }
    let inside: Vec<&AttributePath> = paths
        .iter()
        .filter(|path| {
            path.urn
                .as_deref()
                .is_some_and(|named| named.eq_ignore_ascii_case(urn))
        })
        .collect();
    let Value::Object(object) = value else {
        return (!keep).then_some(value);
    };
    let mut left = Map::new();
    for (key, value) in object {
        let named = inside
            .iter()
            .filter(|path| path.name.eq_ignore_ascii_case(&key));
        if let Some(value) = attribute(value, named.map(|path| path.sub.as_deref()), keep) {
            left.insert(key, value);
        }
    }
    (!left.is_empty()).then_some(Value::Object(left))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::query::ListQuery;
    use crate::scim::schema::{GROUP, USER};

    fn projected(raw: &str) -> Value {
        let user = json!({
            "schemas": ["s"], "id": "u", "userName": "a", "colour": "blue",
            "name": {"givenName": "G", "familyName": "F"},
            "emails": [{"value": "v", "type": "work"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
                {"department": "d", "manager": {"value": "m", "displayName": "M"}},
        });
        ListQuery::parse(Some(raw)).unwrap().project(user, &USER)
    }

    #[test]
    fn keeps_only_what_is_named() {
        let only = projected("attributes=USERNAME,name.givenname,emails.value,nothing,colour");
        let expected = json!({"schemas": ["s"], "id": "u", "userName": "a", "colour": "blue",
            "name": {"givenName": "G"}, "emails": [{"value": "v"}]});
        assert_eq!(only, expected);
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let only = projected(&format!("attributes={urn}:manager.value"));
        assert_eq!(
            only,
            json!({"schemas": ["s"], "id": "u", urn: {"manager": {"value": "m"}}})
        );
        assert!(
            projected(&format!("attributes={urn}"))[urn]
                .get("department")
                .is_some()
        );
        let core = "urn:ietf:params:scim:schemas:core:2.0:User:userName";
        assert_eq!(projected(&format!("attributes={core}"))["userName"], "a");
    }

    #[test]
    fn leaves_out_what_is_excluded() {
        let rest =
            projected("excludedAttributes=id,schemas,userName,name.familyName,emails,colour");
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let expected = json!({"schemas": ["s"], "id": "u", "name": {"givenName": "G"},
            urn: {"department": "d", "manager": {"value": "m", "displayName": "M"}}});
        assert_eq!(rest, expected);
        let rest = projected(&format!(
            "excludedAttributes={urn}:manager,{urn}:department"
        ));
        assert!(rest.get(urn).is_none());
    }

    #[test]
    fn shows_on_request_only_what_is_named() {
        let members = |raw: &str| {
            let group = json!({"displayName": "g", "members": [{"value": "u", "display": "d"}]});
            let query = ListQuery::parse(Some(raw)).unwrap();
            query.project(group, &GROUP)["members"].clone()
        };
        let (without, with) = (
            json!([{"value": "u"}]),
            json!([{"value": "u", "display": "d"}]),
        );
        for raw in ["", "attributes=members", "excludedAttributes=displayName"] {
            assert_eq!(members(raw), without, "{raw}");
        }
        assert_eq!(members("attributes=members,Members.Display"), with);
        assert_eq!(
            members("attributes=members.display"),
            json!([{"display": "d"}])
        );
    }

    #[test]
    fn tells_what_need_not_be_read() {
        let wants = |raw: &str| {
            let query = ListQuery::parse(Some(raw)).unwrap();
            (query.wants("members", &GROUP), query.wants("id", &GROUP))
        };
        assert_eq!(wants(""), (true, true));
        assert_eq!(wants("excludedAttributes=members"), (false, true));
        assert_eq!(wants("excludedAttributes=members.display,id"), (true, true));
        assert_eq!(wants("attributes=displayName"), (false, true));
        assert_eq!(wants("attributes=members.value"), (true, true));
    }
}
