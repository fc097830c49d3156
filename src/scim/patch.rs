//! PATCH, RFC 7644 section 3.5.2.
//!
//! A user's PATCH is applied to a copy of the stored resource, and the outcome is validated by the
//! code that validates a PUT: all or nothing. A group's becomes a list of changes instead, because
//! its members are rows, not JSON, and a group may have a hundred thousand.

use serde_json::{Map, Value};

use super::error::{ScimError, shown};
use super::forgive;
use super::json::{self, Fields};
use super::schema::ResourceType;

mod edit;
mod foreign;
mod group;
mod target;
mod user;

pub use group::{ExtensionChange, GroupChange, extended};
use target::Target;

/// The schema URN of a PATCH request.
pub const PATCH_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Most operations of one request. Okta sends one per removed member.
pub const MAX_OPERATIONS: usize = 10_000;

/// A parsed PATCH request.
#[derive(Clone, Debug)]
pub struct Patch {
    operations: Vec<Operation>,
    notes: Vec<&'static str>,
}

#[derive(Clone, Debug)]
struct Operation {
    kind: Kind,
    target: Option<Target>,
    /// `None` if absent or null.
    value: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Add,
    Replace,
    Remove,
}

impl Patch {
    /// Parses the body of a PATCH. 400 `invalidSyntax` for an unknown operation or a message of
    /// another form, `invalidPath` or `invalidFilter` for a path that can't be read, `tooMany` for
    /// more than [`MAX_OPERATIONS`].
    pub fn parse(body: &[u8]) -> Result<Self, ScimError> {
        Self::from_message(json::object(body, json::MAX_WITH_MEMBERS)?)
    }

    /// The same from an object.
    pub fn from_message(message: Map<String, Value>) -> Result<Self, ScimError> {
        let mut message = Fields::of(message);
        let mut notes = Vec::new();
        match message.take("schemas")? {
            None => forgive::note(&mut notes, forgive::NO_PATCH_SCHEMA),
            Some(schemas) => {
                let named = schemas.as_array().is_some_and(|schemas| {
                    let urns = schemas.iter().filter_map(Value::as_str);
                    urns.into_iter()
                        .any(|urn| urn.eq_ignore_ascii_case(PATCH_SCHEMA))
                });
                if !named {
                    return Err(ScimError::invalid_syntax(format!(
                        "`schemas` must hold {PATCH_SCHEMA}."
                    )));
                }
            }
        }
        let Some(Value::Array(received)) = message.take("Operations")? else {
            return Err(ScimError::invalid_syntax("`Operations` must be an array."));
        };
        Self::from_operations(received, notes)
    }

    /// The same from the list of operations alone. `notes` are those collected on the way to it.
    pub fn from_operations(
        received: Vec<Value>,
        mut notes: Vec<&'static str>,
    ) -> Result<Self, ScimError> {
        if received.is_empty() {
            return Err(ScimError::invalid_syntax("`Operations` is empty."));
        }
        if received.len() > MAX_OPERATIONS {
            return Err(ScimError::too_many(format!(
                "A PATCH may have {MAX_OPERATIONS} operations."
            )));
        }
        let operations = received.into_iter();
        let operations = operations.map(|received| operation(received, &mut notes));
        Ok(Self {
            operations: operations.collect::<Result<_, _>>()?,
            notes,
        })
    }
}

fn operation(received: Value, notes: &mut Vec<&'static str>) -> Result<Operation, ScimError> {
    let Value::Object(received) = received else {
        return Err(ScimError::invalid_syntax("An operation must be an object."));
    };
    let mut fields = Fields::of(received);
    let kind = match fields.take("op")? {
        Some(Value::String(op)) => kind(&op, notes)?,
        _ => return Err(ScimError::invalid_syntax("An operation needs an `op`.")),
    };
    let target = match fields.take("path")? {
        None => None,
        Some(Value::String(path)) if path.is_empty() => {
            forgive::note(notes, forgive::EMPTY_PATH);
            None
        }
        Some(Value::String(path)) => Some(Target::parse(&path)?),
        Some(_) => return Err(ScimError::invalid_path("`path` must be a string.")),
    };
    if kind == Kind::Remove && target.is_none() {
        return Err(ScimError::no_target("A remove operation needs a `path`."));
    }
    Ok(Operation {
        kind,
        target,
        value: fields.take("value")?,
    })
}

fn kind(op: &str, notes: &mut Vec<&'static str>) -> Result<Kind, ScimError> {
    let small = op.to_ascii_lowercase();
    if small != op {
        forgive::note(notes, forgive::OPERATION_IN_CAPITALS);
    }
    match small.as_str() {
        "add" => Ok(Kind::Add),
        "replace" => Ok(Kind::Replace),
        "remove" => Ok(Kind::Remove),
        _ => Err(ScimError::invalid_syntax(format!(
            "`{}` is not an operation; add, replace and remove are.",
            shown(op)
        ))),
    }
}

/// What an operation without path holds: an object of attributes.
fn attributes(operation: &Operation) -> Result<&Map<String, Value>, ScimError> {
    match &operation.value {
        Some(Value::Object(attributes)) => Ok(attributes),
        _ => Err(ScimError::invalid_value(
            "An operation without `path` needs an object of attributes as its `value`.",
        )),
    }
}

fn unknown_path(of: &ResourceType, path: &str) -> ScimError {
    let (path, kind) = (shown(path), of.name.to_ascii_lowercase());
    ScimError::invalid_path(format!("`{path}` is not an attribute of a {kind}."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(message: Value) -> (u16, Option<&'static str>) {
        let error = Patch::parse(message.to_string().as_bytes()).unwrap_err();
        (error.status, error.scim_type)
    }

    #[test]
    fn reads_names_without_case() {
        let patch = Patch::parse(
            br#"{"SCHEMAS":["urn:ietf:params:scim:api:messages:2.0:patchop"],
                "operations":[{"OP":"Add","Path":"title","VALUE":"x"},{"op":"REMOVE","path":"title"}]}"#,
        )
        .unwrap();
        assert_eq!(patch.operations.len(), 2);
        assert_eq!(patch.notes, [forgive::OPERATION_IN_CAPITALS]);
        let bare = Patch::parse(br#"{"Operations":[{"op":"remove","path":"title"}]}"#).unwrap();
        assert_eq!(bare.notes, [forgive::NO_PATCH_SCHEMA]);
        let empty = Patch::parse(
            br#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations":[{"op":"add","path":"","value":{"title":"x"}}]}"#,
        )
        .unwrap();
        assert!(empty.operations[0].target.is_none());
        assert_eq!(empty.notes, [forgive::EMPTY_PATH]);
    }

    #[test]
    fn refuses_other_messages() {
        for message in [
            json!({}),
            json!({"Operations": {}}),
            json!({"Operations": []}),
            json!({"Operations": [1]}),
            json!({"Operations": [{"path": "title"}]}),
            json!({"Operations": [{"op": 1}]}),
            json!({"Operations": [{"op": "move", "path": "title", "value": "x"}]}),
            json!({"Operations": [{"op": "add", "OP": "remove", "path": "title"}]}),
            json!({"schemas": ["urn:x"], "Operations": [{"op": "remove", "path": "title"}]}),
            json!({"schemas": "x", "Operations": [{"op": "remove", "path": "title"}]}),
        ] {
            assert_eq!(
                refused(message.clone()),
                (400, Some("invalidSyntax")),
                "{message}"
            );
        }
        assert_eq!(
            refused(json!({"Operations": [{"op": "remove"}]})).1,
            Some("noTarget")
        );
        let path = json!({"Operations": [{"op": "add", "path": 7, "value": 1}]});
        assert_eq!(refused(path).1, Some("invalidPath"));
    }

    #[test]
    fn is_bounded() {
        let many = |count| json!({"Operations": vec![json!({"op": "remove", "path": "a"}); count]});
        assert!(Patch::parse(many(MAX_OPERATIONS).to_string().as_bytes()).is_ok());
        assert_eq!(refused(many(MAX_OPERATIONS + 1)), (400, Some("tooMany")));
    }
}
