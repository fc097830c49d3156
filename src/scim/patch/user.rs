//! A PATCH of a user, applied to a copy of the stored resource.

use serde_json::Value;

use super::edit::{Object, in_list, in_object, push};
use super::target::Target;
use super::{Kind, Patch, attributes, foreign, unknown_path};
use crate::scim::error::ScimError;
use crate::scim::filter::Filter;
use crate::scim::forgive;
use crate::scim::path;
use crate::scim::schema::{self, Attribute, Mutability, Schema, Type, USER};
use crate::scim::user::{Active, UserDraft};

mod elements;

/// Most operations of one PATCH of a user.
const MAX_USER_OPERATIONS: usize = 500;

/// And most attributes that they change and comparisons that they make, together: an operation
/// without path may name any number, and a filter is asked of every element.
const MAX_STEPS: usize = 2_000;

impl Patch {
    /// The user whose id is `id` and whose stored resource is `current`, as it is after all
    /// operations. Nothing is changed when one fails. `active` of the outcome is `None` unless the
    /// PATCH sets or removes it.
    pub fn apply_to_user(&self, id: &str, current: &Object) -> Result<UserDraft, ScimError> {
        // A group's push may remove thousands of members one by one; a user has no such list, and
        // every operation here runs while other writers wait.
        if self.operations.len() > MAX_USER_OPERATIONS {
            return Err(ScimError::too_many(format!(
                "A PATCH of a user may have {MAX_USER_OPERATIONS} operations."
            )));
        }
        let mut edit = Edit {
            resource: current.clone(),
            id,
            notes: self.notes.clone(),
            steps_left: MAX_STEPS,
        };
        for operation in &self.operations {
            let value = operation.value.as_ref();
            match &operation.target {
                Some(target) => edit.at(operation.kind, target, value)?,
                None => {
                    for (key, value) in attributes(operation)? {
                        let value = Some(value).filter(|value| !value.is_null());
                        edit.keyed(operation.kind, key, value)?;
                    }
                }
            }
        }
        let is_unassigned = edit.resource.get("active").is_some_and(Value::is_null);
        let mut draft = UserDraft::from_resource(edit.resource, edit.notes)?;
        if is_unassigned {
            draft.active = Some(Active::Unassigned);
        }
        Ok(draft)
    }
}

struct Edit<'a> {
    resource: Object,
    id: &'a str,
    notes: Vec<&'static str>,
    steps_left: usize,
}

impl Edit<'_> {
    fn steps(&mut self, count: usize) -> Result<(), ScimError> {
        self.steps_left = self.steps_left.checked_sub(count).ok_or_else(|| {
            ScimError::too_many(format!(
                "A PATCH of a user may change {MAX_STEPS} attributes, the comparisons of its \
                 filters counted with them."
            ))
        })?;
        Ok(())
    }

    /// One attribute of an operation without path. Its name may be a whole path (Entra ID).
    fn keyed(&mut self, kind: Kind, key: &str, value: Option<&Value>) -> Result<(), ScimError> {
        if key.eq_ignore_ascii_case("id") && value.and_then(Value::as_str) == Some(self.id) {
            forgive::note(&mut self.notes, forgive::OWN_ID);
            return Ok(());
        }
        if key.eq_ignore_ascii_case("schemas") {
            return self.schemas(value);
        }
        // Null clears here, but must not look like a removal of `active`.
        let kind = match (kind, value) {
            (Kind::Add, None) => Kind::Replace,
            _ => kind,
        };
        let unknown = match Target::parse(key) {
            Ok(target) => {
                let known = USER.target(&target.path).is_some();
                if known && is_whole_path(&target) {
                    forgive::note(&mut self.notes, forgive::PATH_AS_NAME);
                }
                let known = known || target.path.name.is_empty();
                if known || foreign::is(&USER, &self.resource, &target.path) {
                    return self.at(kind, &target, value);
                }
                let plain = target.path.sub.is_none() && target.filter.is_none();
                let is_core = key
                    .to_ascii_lowercase()
                    .starts_with("urn:ietf:params:scim:schemas:core:");
                let taken = match target.path.urn {
                    Some(_) => !is_core && value.is_none_or(Value::is_object),
                    // A mistyped `active` would leave somebody with access. But what is shown, as
                    // POST and PUT keep it, may come back.
                    None => foreign::spelled(&self.resource, key).is_some(),
                };
                plain && taken
            }
            // A schema URI that is no URN, such as Microsoft's.
            Err(_) => value.is_none_or(Value::is_object) && key.starts_with("http"),
        };
        if !unknown {
            return Err(unknown_path(&USER, key));
        }
        self.steps(1)?;
        // As received, as POST and PUT keep it.
        let key = foreign::spelled(&self.resource, key).unwrap_or_else(|| key.to_owned());
        match value {
            Some(value) => self.resource.insert(key, value.clone()),
            None => self.resource.shift_remove(&key),
        };
        Ok(())
    }

    fn schemas(&mut self, value: Option<&Value>) -> Result<(), ScimError> {
        let Some(Value::Array(more)) = value else {
            return Err(ScimError::invalid_value("`schemas` must be an array."));
        };
        in_list(&mut self.resource, "schemas", |listed| {
            let mut more = more.iter();
            more.try_for_each(|schema| push(listed, schema.clone(), "schemas"))
        })
    }

    fn at(&mut self, kind: Kind, target: &Target, value: Option<&Value>) -> Result<(), ScimError> {
        let compared = target.filter.as_ref().map_or(0, Filter::comparisons);
        self.steps(1 + compared)?;
        if target.path.name.is_empty() {
            return self.whole_extension(kind, target, value);
        }
        if foreign::is(&USER, &self.resource, &target.path) {
            self.steps(value.and_then(Value::as_object).map_or(0, Object::len))?;
            return foreign::change(
                &USER,
                &mut self.resource,
                (kind, target, value),
                &mut self.notes,
            );
        }
        let found = USER
            .target(&target.path)
            .ok_or_else(|| unknown_path(&USER, &target.path.to_string()))?;
        let attribute = found.attribute;
        match attribute.mutability {
            Mutability::ReadWrite | Mutability::Immutable if attribute.name != "schemas" => {}
            Mutability::WriteOnly => {
                forgive::note(&mut self.notes, forgive::PASSWORD_DISCARDED);
                return Ok(());
            }
            _ => {
                return Err(ScimError::mutability(format!(
                    "`{}` is read-only.",
                    attribute.name
                )));
            }
        }
        // Many clients write null or nothing for what they say nothing about.
        let says_nothing = value.is_none_or(|value| value.as_str() == Some(""));
        if attribute.name == "active" && says_nothing && kind != Kind::Remove {
            return Err(ScimError::invalid_value(
                "`active` can't be null or empty: replace it with true or false, or remove it, which takes \
                 the person's access.",
            ));
        }
        // Null is "no value" (RFC 7643 section 2.5); a missing one is a mistake.
        if value.is_none() && kind == Kind::Add {
            return Err(ScimError::invalid_value(format!(
                "Adding to `{}` needs a value.",
                found.path()
            )));
        }
        let kind = if value.is_none() { Kind::Remove } else { kind };

        let change = Change {
            kind,
            target,
            found,
            value,
        };
        match found.extension {
            None => change.make(&mut self.resource, &mut self.notes),
            Some(extension) => in_object(&mut self.resource, extension.id, |holder| {
                change.make(holder, &mut self.notes)
            }),
        }
    }

    fn whole_extension(
        &mut self,
        kind: Kind,
        target: &Target,
        value: Option<&Value>,
    ) -> Result<(), ScimError> {
        let extension = target
            .path
            .urn
            .as_deref()
            .and_then(|urn| USER.extension(urn));
        let (Some(extension), None) = (extension, &target.filter) else {
            return Err(unknown_path(&USER, &target.path.to_string()));
        };
        match (kind, value) {
            (Kind::Remove, _) | (Kind::Replace, None) => {
                self.resource.shift_remove(extension.id);
                Ok(())
            }
            (_, Some(Value::Object(parts))) => {
                for (key, part) in parts {
                    self.extension_part(kind, extension, key, part)?;
                }
                Ok(())
            }
            _ => Err(ScimError::invalid_value(format!(
                "`{}` must be an object.",
                extension.id
            ))),
        }
    }

    fn extension_part(
        &mut self,
        kind: Kind,
        extension: &'static Schema,
        key: &str,
        part: &Value,
    ) -> Result<(), ScimError> {
        let part = Some(part).filter(|part| !part.is_null());
        let kind = if part.is_none() { Kind::Remove } else { kind };
        let mut target = Target::parse(key)?;
        let is_path = is_whole_path(&target);
        if target.path.urn.is_none() {
            target.path.urn = Some(extension.id.to_owned());
        }
        if USER.target(&target.path).is_some() {
            if is_path {
                forgive::note(&mut self.notes, forgive::PATH_AS_NAME);
            }
            return self.at(kind, &target, part);
        }
        if !path::is_name(key) {
            return Err(unknown_path(&USER, key));
        }
        self.steps(1)?;
        in_object(&mut self.resource, extension.id, |holder| match part {
            Some(part) => holder.insert(key.to_owned(), part.clone()),
            None => holder.shift_remove(key),
        });
        Ok(())
    }
}

/// Whether it says more than the name of an attribute.
fn is_whole_path(target: &Target) -> bool {
    target.path.urn.is_some() || target.path.sub.is_some() || target.filter.is_some()
}

/// One change of a known attribute. `value` is `None` only for a removal.
struct Change<'a> {
    kind: Kind,
    target: &'a Target,
    found: schema::Target,
    value: Option<&'a Value>,
}

impl Change<'_> {
    /// Makes the change in the object that has the attribute: the resource or an extension.
    fn make(&self, holder: &mut Object, notes: &mut Vec<&'static str>) -> Result<(), ScimError> {
        let attribute = self.found.attribute;
        if let Some(filter) = &self.target.filter {
            if !attribute.multi_valued || self.found.sub.is_some() {
                return Err(ScimError::invalid_path(format!(
                    "`{}` has no values to select from.",
                    self.found.path()
                )));
            }
            let selection = elements::Selection {
                attribute,
                filter: filter.resolve_element(attribute, notes)?,
                part: self.target.part.as_deref(),
            };
            return in_list(holder, attribute.name, |list| {
                selection.apply(self.kind, list, self.value, notes)
            });
        }
        match (self.found.sub, self.value) {
            (Some(sub), _) if attribute.multi_valued => Err(ScimError::invalid_path(format!(
                "`{0}` has several values; select one, such as `{0}[type eq \"work\"].{1}`.",
                attribute.name, sub.name
            ))),
            (Some(sub), value) => {
                in_object(holder, attribute.name, |object| match value {
                    Some(value) if self.kind != Kind::Remove => {
                        object.insert(sub.name.to_owned(), value.clone())
                    }
                    _ => object.shift_remove(sub.name),
                });
                Ok(())
            }
            (None, Some(value)) if self.kind != Kind::Remove => {
                self.set(holder, attribute, value, notes)
            }
            (None, value) => remove(holder, attribute, value, notes),
        }
    }

    fn set(
        &self,
        holder: &mut Object,
        attribute: &'static Attribute,
        value: &Value,
        notes: &mut Vec<&'static str>,
    ) -> Result<(), ScimError> {
        if attribute.multi_valued {
            return in_list(holder, attribute.name, |list| {
                elements::set(self.kind, list, attribute, value, notes)
            });
        }
        match (attribute.kind, value) {
            // Parts that aren't named stay, for replace as for add: RFC 7644 section 3.5.2.3.
            (Type::Complex, Value::Object(parts)) => {
                in_object(holder, attribute.name, |object| {
                    for (key, part) in parts {
                        let name = attribute.sub(key).map_or(key.as_str(), |sub| sub.name);
                        object.insert(name.to_owned(), part.clone());
                    }
                });
            }
            _ => {
                holder.insert(attribute.name.to_owned(), value.clone());
            }
        }
        Ok(())
    }
}

fn remove(
    holder: &mut Object,
    attribute: &'static Attribute,
    value: Option<&Value>,
    notes: &mut Vec<&'static str>,
) -> Result<(), ScimError> {
    if attribute.required {
        return Err(ScimError::mutability(format!(
            "`{}` is required and can't be removed.",
            attribute.name
        )));
    }
    if attribute.name == "active" {
        // Its value isn't in the resource; null stands for the removal until all is done.
        holder.insert(attribute.name.to_owned(), Value::Null);
        return Ok(());
    }
    match value {
        Some(value) if attribute.multi_valued => {
            forgive::note(notes, forgive::REMOVED_BY_VALUE);
            in_list(holder, attribute.name, |list| {
                elements::remove(list, value, attribute.name, notes)
            })?;
        }
        _ => {
            holder.shift_remove(attribute.name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
