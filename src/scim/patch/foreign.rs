//! Changes in an extension that nobody here knows, such as the custom ones that Entra ID writes
//! to attribute by attribute. POST and PUT keep them as received, and so does a PATCH.
//!
//! `urn:x:User:badge` may be the attribute `badge` of `urn:x:User`, or an extension of that whole
//! name: which it is, the resource says, and where it says nothing, the value: an extension is an
//! object.

use serde_json::Value;

use super::edit::{Object, in_list, in_object, push};
use super::target::Target;
use super::{Kind, unknown_path};
use crate::scim::error::ScimError;
use crate::scim::forgive;
use crate::scim::path::AttributePath;
use crate::scim::schema::ResourceType;
use crate::scim::validate::MAX_VALUES;

/// Whether the path lies in an extension that isn't ours: one that the resource has, or one whose
/// URN says that it is an extension (RFC 7643 section 10.2.1). Any other URN is more likely to be
/// mistyped, and is an error.
pub(super) fn is(of: &ResourceType, resource: &Object, path: &AttributePath) -> bool {
    let Some(urn) = path.urn.as_deref() else {
        return false;
    };
    if urn.eq_ignore_ascii_case(of.schema.id) || of.extension(urn).is_some() {
        return false;
    }
    let says_so = urn.to_ascii_lowercase().contains(":extension:");
    let has = |urn: &str| spelled(resource, urn).is_some() || is_listed(resource, urn);
    !path.name.is_empty() && (says_so || has(urn) || has(&path.to_string()))
}

/// Makes one change. What has no value any longer is gone.
pub(super) fn change(
    of: &ResourceType,
    resource: &mut Object,
    (kind, target, value): (Kind, &Target, Option<&Value>),
    notes: &mut Vec<&'static str>,
) -> Result<(), ScimError> {
    forgive::note(notes, forgive::UNKNOWN_EXTENSION);
    let whole = target.path.to_string();
    let Some(urn) = target
        .path
        .urn
        .as_deref()
        .filter(|_| target.filter.is_none())
    else {
        return Err(unknown_path(of, &whole));
    };
    if value.is_none() && kind == Kind::Add {
        return Err(ScimError::invalid_value(format!(
            "Adding to `{whole}` needs a value."
        )));
    }
    let value = value.filter(|_| kind != Kind::Remove);
    let there = spelled(resource, urn);
    if let Some(key) = spelled(resource, &whole) {
        match value {
            Some(Value::Object(parts)) => in_object(resource, &key, |extension| {
                for (name, part) in parts {
                    set(extension, kind, name, Some(part))?;
                }
                Ok(())
            })?,
            Some(_) => return Err(must_be_object(&whole)),
            None => {
                resource.shift_remove(&key);
            }
        }
        return Ok(());
    }
    let names_extension = target.path.sub.is_none() && there.is_none() && !is_listed(resource, urn);
    match value {
        Some(Value::Object(_)) if names_extension => {
            let value = value.cloned().unwrap_or_default();
            resource.insert(whole, value);
        }
        None if there.is_none() => {}
        _ => {
            let key = there.unwrap_or_else(|| urn.to_owned());
            in_object(resource, &key, |extension| match &target.path.sub {
                None => set(extension, kind, &target.path.name, value),
                Some(sub) => {
                    let name = spelled(extension, &target.path.name)
                        .unwrap_or_else(|| target.path.name.clone());
                    in_object(extension, &name, |object| set(object, kind, sub, value))
                }
            })?;
        }
    }
    resource.retain(|key, value| !key.contains(':') || value != &Value::Object(Object::new()));
    Ok(())
}

/// Sets or removes one attribute. What is added to a list joins it.
fn set(
    object: &mut Object,
    kind: Kind,
    name: &str,
    value: Option<&Value>,
) -> Result<(), ScimError> {
    let key = spelled(object, name).unwrap_or_else(|| name.to_owned());
    match value.filter(|value| !value.is_null()) {
        Some(Value::Array(more))
            if kind == Kind::Add && object.get(&key).is_some_and(Value::is_array) =>
        {
            if more.len() > MAX_VALUES {
                return Err(ScimError::too_many(format!(
                    "`{name}` may have {MAX_VALUES} values."
                )));
            }
            in_list(object, &key, |list| {
                more.iter()
                    .try_for_each(|value| push(list, value.clone(), name))
            })?;
        }
        Some(value) => {
            object.insert(key, value.clone());
        }
        None => {
            object.shift_remove(&key);
        }
    }
    Ok(())
}

/// The key as the object spells it.
pub(super) fn spelled(object: &Object, name: &str) -> Option<String> {
    object
        .keys()
        .find(|key| key.eq_ignore_ascii_case(name))
        .cloned()
}

fn is_listed(resource: &Object, urn: &str) -> bool {
    let schemas = resource.get("schemas").and_then(Value::as_array);
    schemas.is_some_and(|schemas| {
        let mut urns = schemas.iter().filter_map(Value::as_str);
        urns.any(|listed| listed.eq_ignore_ascii_case(urn))
    })
}

fn must_be_object(path: &str) -> ScimError {
    ScimError::invalid_value(format!("`{path}` must be an object."))
}
