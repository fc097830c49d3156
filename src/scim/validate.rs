//! A received resource against its schema: canonical names, right types, read-only parts dropped.
//! POST, PUT and the outcome of a PATCH all come through here.
//!
//! Unknown attributes and extensions are kept as received, so that nothing a provider sends is
//! lost. Null, the empty string and the empty array mean "no value" (RFC 7643 section 2.5) and
//! leave an attribute we know out.

use std::collections::HashSet;

use data_encoding::{BASE64, BASE64URL};
use serde_json::{Map, Value};

use super::error::{ScimError, shown};
use super::forgive;
use super::schema::{Attribute, Mutability, ResourceType, Schema, Type};

/// Largest resource as JSON, in bytes, members of a group not counted.
pub(super) const MAX_RESOURCE: usize = 64 * 1024;

/// Most values of one multi-valued attribute of a user.
pub(super) const MAX_VALUES: usize = 500;

/// Longest userName, displayName of a group, externalId and primary address, in characters.
pub(super) const MAX_NAME: usize = 256;

/// The resource as we keep it.
pub(super) fn resource(
    received: Map<String, Value>,
    kind: &ResourceType,
    notes: &mut Vec<&'static str>,
) -> Result<Map<String, Value>, ScimError> {
    let mut kept = Map::new();
    let mut seen: Vec<&str> = Vec::new();
    let mut unknown = HashSet::new();
    for (key, value) in received {
        let (name, value) = if let Some(attribute) = kind.attribute(&key) {
            once(attribute.name, &mut seen)?;
            match attribute.mutability {
                Mutability::ReadOnly => continue,
                Mutability::WriteOnly => {
                    forgive::note(notes, forgive::PASSWORD_DISCARDED);
                    continue;
                }
                Mutability::ReadWrite | Mutability::Immutable => {}
            }
            let label = attribute.name;
            (label.to_owned(), values(attribute, value, label, notes)?)
        } else if let Some(schema) = kind.extension(&key) {
            once(schema.id, &mut seen)?;
            (schema.id.to_owned(), extension(schema, value, notes)?)
        } else {
            if !unknown.insert(key.to_ascii_lowercase()) {
                return Err(twice(&key));
            }
            // A group has none; kept it is not, whosever it may be.
            if key.eq_ignore_ascii_case("password") {
                forgive::note(notes, forgive::PASSWORD_DISCARDED);
                continue;
            }
            (key, (!value.is_null()).then_some(value))
        };
        if let Some(value) = value {
            kept.insert(name, value);
        }
    }
    complete_schemas(&mut kept, kind);
    Ok(kept)
}

/// Refuses extensions that we don't know, less those that are in `kept` just so: what a client has
/// from us it must be able to send again, or it could switch nobody off.
pub(super) fn only_known_extensions(
    resource: &Map<String, Value>,
    kind: &ResourceType,
    kept: Option<&Map<String, Value>>,
) -> Result<(), ScimError> {
    let unknown = resource
        .iter()
        .filter(|(key, _)| key.contains(':') && kind.extension(key).is_none())
        .find(|(key, value)| kept.and_then(|kept| kept.get(*key)) != Some(*value));
    match unknown {
        None => Ok(()),
        Some((urn, _)) => Err(ScimError::invalid_value(format!(
            "The extension `{}` isn't known here, and this organization refuses such: take its \
             attributes out of what is pushed, or have unknown extensions kept.",
            shown(urn)
        ))),
    }
}

/// Refuses a resource that grew too large.
pub(super) fn size(resource: &Map<String, Value>) -> Result<(), ScimError> {
    let length = serde_json::to_vec(resource).map_or(usize::MAX, |bytes| bytes.len());
    if length > MAX_RESOURCE {
        return Err(ScimError::too_large(format!(
            "The resource is larger than {MAX_RESOURCE} bytes."
        )));
    }
    Ok(())
}

/// A short text of one line that can stand in a column and on a screen.
pub(super) fn name<'a>(text: &'a str, label: &str) -> Result<&'a str, ScimError> {
    if text.trim().is_empty() {
        return Err(ScimError::invalid_value(format!("`{label}` is blank.")));
    }
    if text.chars().count() > MAX_NAME {
        return Err(ScimError::invalid_value(format!(
            "`{label}` is longer than {MAX_NAME} characters."
        )));
    }
    if text.chars().any(char::is_control) {
        return Err(ScimError::invalid_value(format!(
            "`{label}` has control characters in it."
        )));
    }
    Ok(text)
}

/// As much of a text as makes a [`name`]: cut, and with spaces for control characters. Empty if
/// nothing is left. For what is shown and told for good, where the text itself is kept elsewhere.
pub(super) fn line(text: &str) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    let cut: String = text.trim().chars().map(shown).take(MAX_NAME).collect();
    cut.trim().to_owned()
}

/// A string attribute of a validated resource.
pub(super) fn text<'a>(resource: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    resource.get(name).and_then(Value::as_str)
}

/// The same as an owned [`name`].
pub(super) fn optional_name(
    resource: &Map<String, Value>,
    label: &str,
) -> Result<Option<String>, ScimError> {
    text(resource, label)
        .map(|found| name(found, label).map(str::to_owned))
        .transpose()
}

/// The same, when a resource must have it.
pub(super) fn required_name(
    resource: &Map<String, Value>,
    label: &str,
) -> Result<String, ScimError> {
    optional_name(resource, label)?
        .ok_or_else(|| ScimError::invalid_value(format!("`{label}` is required.")))
}

/// One value of an attribute: of the array if it has many. `None` is no value.
pub(super) fn value(
    attribute: &Attribute,
    value: Value,
    label: &str,
    notes: &mut Vec<&'static str>,
) -> Result<Option<Value>, ScimError> {
    match (attribute.kind, value) {
        (_, Value::Null) => Ok(None),
        (Type::String | Type::Reference | Type::DateTime, Value::String(text)) => {
            Ok((!text.is_empty()).then_some(Value::String(text)))
        }
        (Type::Binary, Value::String(text)) if text.is_empty() => Ok(None),
        (Type::Binary, Value::String(text)) => {
            let bytes = text.as_bytes();
            if BASE64.decode(bytes).is_err() && BASE64URL.decode(bytes).is_err() {
                return Err(wrong_type(label, "base64 (RFC 4648)"));
            }
            Ok(Some(Value::String(text)))
        }
        (Type::Boolean, Value::Bool(value)) => Ok(Some(Value::Bool(value))),
        (Type::Boolean, Value::String(text)) if text.is_empty() => Ok(None),
        (Type::Boolean, Value::String(text)) => forgive::boolean_text(&text, notes)
            .map(|value| Some(Value::Bool(value)))
            .ok_or_else(|| wrong_type(label, "true or false")),
        (Type::Complex, Value::Object(received)) => parts(attribute, received, label, notes),
        (Type::Complex, Value::String(text)) if text.is_empty() => Ok(None),
        (Type::Complex, other) => match forgive::manager_text(attribute.name, &other, notes) {
            Some(manager) => Ok(Some(Value::Object(manager))),
            None => Err(wrong_type(label, "an object")),
        },
        (Type::Binary, _) => Err(wrong_type(label, "base64 in a string")),
        (Type::Boolean, _) => Err(wrong_type(label, "true or false")),
        (Type::String | Type::Reference | Type::DateTime, _) => Err(wrong_type(label, "a string")),
    }
}

fn values(
    attribute: &Attribute,
    received: Value,
    label: &str,
    notes: &mut Vec<&'static str>,
) -> Result<Option<Value>, ScimError> {
    if !attribute.multi_valued {
        return value(attribute, received, label, notes);
    }
    let items = match received {
        Value::Null => return Ok(None),
        Value::Array(items) => items,
        _ => return Err(wrong_type(label, "an array")),
    };
    if items.len() > MAX_VALUES {
        return Err(ScimError::too_many(format!(
            "`{label}` has more than {MAX_VALUES} values."
        )));
    }
    let mut kept = Vec::with_capacity(items.len());
    for item in items {
        kept.extend(value(attribute, item, label, notes)?);
    }
    if kept.iter().filter(|item| is_primary(item)).count() > 1 {
        return Err(ScimError::invalid_value(format!(
            "`{label}` has more than one primary value."
        )));
    }
    Ok((!kept.is_empty()).then_some(Value::Array(kept)))
}

/// Whether an element of a multi-valued attribute says that it is the preferred one.
pub(super) fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

fn parts(
    attribute: &Attribute,
    received: Map<String, Value>,
    label: &str,
    notes: &mut Vec<&'static str>,
) -> Result<Option<Value>, ScimError> {
    let mut kept = Map::new();
    let mut seen: Vec<&str> = Vec::new();
    for (key, part) in received {
        match attribute.sub(&key) {
            Some(sub) => {
                once(sub.name, &mut seen)?;
                let label = format!("{label}.{}", sub.name);
                if let Some(part) = value(sub, part, &label, notes)? {
                    kept.insert(sub.name.to_owned(), part);
                }
            }
            None if part.is_null() => {}
            None => {
                kept.insert(key, part);
            }
        }
    }
    Ok((!kept.is_empty()).then_some(Value::Object(kept)))
}

fn extension(
    schema: &Schema,
    received: Value,
    notes: &mut Vec<&'static str>,
) -> Result<Option<Value>, ScimError> {
    let received = match received {
        Value::Null => return Ok(None),
        Value::Object(received) => received,
        _ => return Err(wrong_type(schema.id, "an object")),
    };
    let mut kept = Map::new();
    let mut seen: Vec<&str> = Vec::new();
    for (key, part) in received {
        match super::schema::find(schema.attributes, &key) {
            Some(attribute) => {
                once(attribute.name, &mut seen)?;
                if let Some(part) = values(attribute, part, attribute.name, notes)? {
                    kept.insert(attribute.name.to_owned(), part);
                }
            }
            None if part.is_null() => {}
            None => {
                kept.insert(key, part);
            }
        }
    }
    Ok((!kept.is_empty()).then_some(Value::Object(kept)))
}

/// `schemas` with the core schema in front and every extension that the resource has.
fn complete_schemas(resource: &mut Map<String, Value>, kind: &ResourceType) {
    let mut schemas = vec![Value::from(kind.schema.id)];
    let received = match resource.shift_remove("schemas") {
        Some(Value::Array(received)) => received,
        _ => Vec::new(),
    };
    let present = resource
        .iter()
        .filter(|(key, value)| super::path::is_urn(key) && value.is_object())
        .map(|(key, _)| Value::from(key.as_str()));
    // A set, as there may be thousands, and the size is looked at later.
    let folded = |schema: &Value| schema.as_str().map(str::to_ascii_lowercase);
    let mut listed: HashSet<String> = schemas.iter().filter_map(folded).collect();
    for schema in received.into_iter().chain(present) {
        if folded(&schema).is_none_or(|urn| listed.insert(urn)) {
            schemas.push(schema);
        }
    }
    resource.shift_insert(0, "schemas".to_owned(), Value::Array(schemas));
}

fn once(name: &'static str, seen: &mut Vec<&str>) -> Result<(), ScimError> {
    if seen.contains(&name) {
        return Err(twice(name));
    }
    seen.push(name);
    Ok(())
}

fn twice(name: &str) -> ScimError {
    ScimError::invalid_syntax(format!(
        "`{}` is given twice, in different case.",
        shown(name)
    ))
}

fn wrong_type(label: &str, wanted: &str) -> ScimError {
    ScimError::invalid_value(format!("`{}` must be {wanted}.", shown(label)))
}
