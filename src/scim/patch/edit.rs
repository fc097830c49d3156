//! Small edits of a resource.

use serde_json::{Map, Value};

use crate::scim::error::ScimError;
use crate::scim::validate::MAX_VALUES;

/// A resource, an extension, a complex attribute.
pub(super) type Object = Map<String, Value>;

/// Lets `edit` change the object called `name`, made if it isn't there. Validation drops it again
/// if it stays empty.
pub(super) fn in_object<R>(
    holder: &mut Object,
    name: &str,
    edit: impl FnOnce(&mut Object) -> R,
) -> R {
    let mut object = match holder.get_mut(name).map(Value::take) {
        Some(Value::Object(object)) => object,
        _ => Object::new(),
    };
    let result = edit(&mut object);
    holder.insert(name.to_owned(), Value::Object(object));
    result
}

/// The same for a list.
pub(super) fn in_list<R>(
    holder: &mut Object,
    name: &str,
    edit: impl FnOnce(&mut Vec<Value>) -> R,
) -> R {
    let mut list = match holder.get_mut(name).map(Value::take) {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    let result = edit(&mut list);
    holder.insert(name.to_owned(), Value::Array(list));
    result
}

/// Appends what isn't in the list yet.
pub(super) fn push(list: &mut Vec<Value>, value: Value, label: &str) -> Result<(), ScimError> {
    if list.contains(&value) {
        return Ok(());
    }
    if list.len() >= MAX_VALUES {
        return Err(ScimError::too_many(format!(
            "`{label}` has more than {MAX_VALUES} values."
        )));
    }
    list.push(value);
    Ok(())
}
