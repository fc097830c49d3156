//! Changes to the elements of a multi-valued attribute, RFC 7644 sections 3.5.2.1 to 3.5.2.3.

use serde_json::{Map, Value};

use crate::scim::error::{ScimError, shown};
use crate::scim::filter::Filter;
use crate::scim::forgive;
use crate::scim::patch::Kind;
use crate::scim::patch::edit::push;
use crate::scim::schema::Attribute;
use crate::scim::validate::{self, MAX_VALUES, is_primary};

/// The elements that a path with a filter selects, or the part `part` of each.
pub(super) struct Selection<'a> {
    pub(super) attribute: &'static Attribute,
    pub(super) filter: Filter,
    pub(super) part: Option<&'a str>,
}

impl Selection<'_> {
    pub(super) fn apply(
        &self,
        kind: Kind,
        list: &mut Vec<Value>,
        value: Option<&Value>,
        notes: &mut Vec<&'static str>,
    ) -> Result<(), ScimError> {
        let part = self.part.map(|part| {
            self.attribute.sub(part).ok_or_else(|| {
                ScimError::invalid_path(format!(
                    "`{}` has no sub-attribute `{}`.",
                    self.attribute.name,
                    shown(part)
                ))
            })
        });
        let part = part.transpose()?;
        let (Some(value), Kind::Add | Kind::Replace) = (value, kind) else {
            self.remove(list, part, notes);
            return Ok(());
        };

        let mut touched = Vec::new();
        let made = !list.iter().any(|element| self.selects(element));
        if made {
            let element = forgive::element_described(&self.filter).ok_or_else(|| {
                ScimError::no_target(format!(
                    "The path selects none of the values of `{}`.",
                    self.attribute.name
                ))
            })?;
            forgive::note(notes, forgive::ELEMENT_MADE);
            touched.push(list.len());
            push(list, Value::Object(element), self.attribute.name)?;
        }
        for (index, element) in list.iter_mut().enumerate() {
            if !made && !self.selects(element) || made && !touched.contains(&index) {
                continue;
            }
            let Value::Object(object) = element else {
                continue;
            };
            match part {
                Some(part) => {
                    let label = format!("{}.{}", self.attribute.name, part.name);
                    match validate::value(part, value.clone(), &label, notes)? {
                        Some(value) => object.insert(part.name.to_owned(), value),
                        None => object.shift_remove(part.name),
                    };
                }
                None => {
                    let received = canonical(self.attribute, value, notes)?;
                    if kind == Kind::Replace && !made {
                        object.clear();
                    }
                    if let Some(Value::Object(received)) = received {
                        object.extend(received);
                    }
                }
            }
            touched.push(index);
        }
        one_primary(list, &touched);
        Ok(())
    }

    fn selects(&self, element: &Value) -> bool {
        self.filter.matches_element(element, self.attribute)
    }

    fn remove(
        &self,
        list: &mut Vec<Value>,
        part: Option<&Attribute>,
        notes: &mut Vec<&'static str>,
    ) {
        if !list.iter().any(|element| self.selects(element)) {
            forgive::note(notes, forgive::NOTHING_TO_REMOVE);
        }
        let Some(part) = part else {
            list.retain(|element| !self.selects(element));
            return;
        };
        for element in list.iter_mut().filter(|element| self.selects(element)) {
            if let Value::Object(object) = element {
                object.shift_remove(part.name);
            }
        }
    }
}

/// Adds to the list or replaces it. One value may come without its array.
pub(super) fn set(
    kind: Kind,
    list: &mut Vec<Value>,
    attribute: &'static Attribute,
    value: &Value,
    notes: &mut Vec<&'static str>,
) -> Result<(), ScimError> {
    let received = match value {
        Value::Array(items) => items.as_slice(),
        Value::Object(_) => {
            forgive::note(notes, forgive::ONE_AS_LIST);
            std::slice::from_ref(value)
        }
        _ => {
            return Err(ScimError::invalid_value(format!(
                "`{}` must be an array.",
                attribute.name
            )));
        }
    };
    few_enough(received, attribute.name)?;
    if kind == Kind::Replace {
        list.clear();
    }
    let before = list.len();
    for item in received {
        if let Some(item) = canonical(attribute, item, notes)? {
            push(list, item, attribute.name)?;
        }
    }
    if kind == Kind::Add {
        let added: Vec<usize> = (before..list.len()).collect();
        one_primary(list, &added);
    }
    Ok(())
}

/// Takes out what `value`, one value or a list, names: equal ones, and those with the same `value`.
pub(super) fn remove(
    list: &mut Vec<Value>,
    value: &Value,
    label: &str,
    notes: &mut Vec<&'static str>,
) -> Result<(), ScimError> {
    let named = match value {
        Value::Array(items) => items.as_slice(),
        one => {
            forgive::note(notes, forgive::ONE_AS_LIST);
            std::slice::from_ref(one)
        }
    };
    few_enough(named, label)?;
    let before = list.len();
    list.retain(|element| {
        !named.iter().any(|named| {
            let same = named.get("value").filter(|value| !value.is_null());
            element == named || same.is_some() && element.get("value") == same
        })
    });
    if list.len() == before && !named.is_empty() {
        forgive::note(notes, forgive::NOTHING_TO_REMOVE);
    }
    Ok(())
}

/// Refuses more values than a list may hold, before each is compared with each.
fn few_enough(values: &[Value], label: &str) -> Result<(), ScimError> {
    if values.len() > MAX_VALUES {
        return Err(ScimError::too_many(format!(
            "`{label}` may have {MAX_VALUES} values."
        )));
    }
    Ok(())
}

fn canonical(
    attribute: &'static Attribute,
    value: &Value,
    notes: &mut Vec<&'static str>,
) -> Result<Option<Value>, ScimError> {
    validate::value(attribute, value.clone(), attribute.name, notes)
}

/// When a touched element is the primary one now, the others aren't any longer: RFC 7644 section
/// 3.5.2. Two touched ones stay, for validation to refuse.
fn one_primary(list: &mut [Value], touched: &[usize]) {
    let claimed = list
        .iter()
        .enumerate()
        .any(|(index, element)| touched.contains(&index) && is_primary(element));
    if !claimed {
        return;
    }
    for (index, element) in list.iter_mut().enumerate() {
        if !touched.contains(&index) && is_primary(element) {
            demote(element.as_object_mut());
        }
    }
}

fn demote(element: Option<&mut Map<String, Value>>) {
    if let Some(element) = element {
        element.insert("primary".to_owned(), Value::Bool(false));
    }
}
