//! Bulk requests, RFC 7644 section 3.7: many changes in one message, each done or refused by
//! itself.
//!
//! What a POST will make has its id before anything is done, so that references to it
//! (`bulkId:...`) are replaced once and for all while the message is read, also those that lead
//! forward or in a circle. What remains is the order, which [`plan`] finds: whatever is referred to
//! comes first, and what refers to each other in a circle is made together or not at all.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::error::{ScimError, shown};
use super::etag::Conditions;
use super::forgive;
use super::group::GroupDraft;
use super::json::{self, Fields};
use super::patch::Patch;
use super::schema::{GROUP, RESOURCE_TYPES, ResourceType};
use super::user::UserDraft;

mod plan;
mod references;

use references::{Made, References};

/// The schema URN of a bulk request.
pub const BULK_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// The schema URN of its answer.
pub const BULK_RESPONSE_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// Most operations of one request.
pub const MAX_OPERATIONS: usize = 1_000;

/// Largest request, in bytes.
pub const MAX_PAYLOAD: usize = 4 << 20;

/// Most JSON values of one request: as many as members take that fit into [`MAX_PAYLOAD`].
const MAX_VALUES: usize = 200_000;

/// Longest `bulkId`, in characters.
const MAX_BULK_ID: usize = 256;

/// A parsed bulk request.
#[derive(Clone, Debug)]
pub struct Bulk {
    /// In the order they came.
    pub operations: Vec<Operation>,
    /// How many may fail before the rest is left undone; all, if `None`.
    pub fail_on_errors: Option<usize>,
    /// In which order they are to be done, by their places in `operations`. Those that stand
    /// together are made together or not at all.
    pub order: Vec<Vec<usize>>,
}

/// One operation of a bulk request.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The method as received, for the answer.
    pub method: String,
    /// The client's own name for it, for the answer.
    pub bulk_id: Option<String>,
    /// The creations that it refers to, by their places. When one of them fails, so does it.
    pub needs: Vec<usize>,
    /// Roughly how much there is to do: the number of JSON values in its data, long texts counted
    /// several times.
    pub weight: usize,
    /// What is to be done, or why it can't be.
    pub change: Result<Change, ScimError>,
}

/// What an operation does to which resource.
#[derive(Clone, Debug)]
pub struct Change {
    /// The type of the resource.
    pub kind: &'static ResourceType,
    /// Its id; of a creation, the one that it gets.
    pub id: String,
    /// What must hold of the resource first.
    pub conditions: Conditions,
    /// What is done to it.
    pub verb: Verb,
}

/// What is done to a resource.
#[derive(Clone, Debug)]
pub enum Verb {
    /// POST of a user.
    CreateUser(Box<UserDraft>),
    /// PUT of a user.
    ReplaceUser(Box<UserDraft>),
    /// PATCH of a user.
    PatchUser(Patch),
    /// DELETE of a user.
    DeleteUser,
    /// POST of a group.
    CreateGroup(Box<GroupDraft>),
    /// PUT of a group.
    ReplaceGroup(Box<GroupDraft>),
    /// PATCH of a group.
    PatchGroup(Patch),
    /// DELETE of a group.
    DeleteGroup,
}

impl Bulk {
    /// Parses the body of a bulk request. `new_id` makes the id of a resource that is to be. What
    /// is wrong with one operation is told in its place; errors are what is wrong with the whole:
    /// 413 beyond [`MAX_OPERATIONS`] or [`MAX_PAYLOAD`], 400 `invalidSyntax` for a message of
    /// another form, `invalidValue` for a `bulkId` that is given twice.
    pub fn parse(body: &[u8], mut new_id: impl FnMut() -> String) -> Result<Self, ScimError> {
        if body.len() > MAX_PAYLOAD {
            return Err(ScimError::too_large(format!(
                "The bulk request is larger than maxPayloadSize, {MAX_PAYLOAD} bytes."
            )));
        }
        let mut message = Fields::of(json::object(body, MAX_VALUES)?);
        names_schema(message.take("schemas")?)?;
        let fail_on_errors = message
            .take("failOnErrors")?
            .map(fail_on_errors)
            .transpose()?;
        let Some(Value::Array(received)) = message.take("Operations")? else {
            return Err(ScimError::invalid_syntax("`Operations` must be an array."));
        };
        message.nothing_else("a bulk request")?;
        if received.is_empty() {
            return Err(ScimError::invalid_syntax("`Operations` is empty."));
        }
        if received.len() > MAX_OPERATIONS {
            return Err(ScimError::too_large(format!(
                "The bulk request has more than maxOperations, {MAX_OPERATIONS}."
            )));
        }

        let drafts: Vec<Draft> = received.into_iter().map(Draft::of).collect();
        let made = to_be_made(&drafts, &mut new_id)?;
        let operations: Vec<Operation> = drafts
            .into_iter()
            .map(|draft| draft.finish(&made, &mut new_id))
            .collect();
        let needs: Vec<&[usize]> = operations.iter().map(|o| o.needs.as_slice()).collect();
        Ok(Self {
            order: plan::order(&needs),
            operations,
            fail_on_errors,
        })
    }
}

/// What became of an operation, for the answer.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// The status.
    pub status: u16,
    /// The resource's address; a creation that failed has none.
    pub location: Option<String>,
    /// The entity tag, where there is a resource to have one.
    pub version: Option<String>,
    /// Why it was refused.
    pub error: Option<ScimError>,
}

/// The entry of an operation in the answer.
pub fn outcome(operation: &Operation, done: &Done) -> Value {
    let mut entry = Map::new();
    if let Some(location) = &done.location {
        entry.insert("location".into(), location.as_str().into());
    }
    entry.insert("method".into(), operation.method.as_str().into());
    if let Some(bulk_id) = &operation.bulk_id {
        entry.insert("bulkId".into(), bulk_id.as_str().into());
    }
    if let Some(version) = &done.version {
        entry.insert("version".into(), version.as_str().into());
    }
    entry.insert("status".into(), done.status.to_string().into());
    if let Some(error) = &done.error {
        entry.insert("response".into(), error.to_json());
    }
    Value::Object(entry)
}

/// The answer to a bulk request.
pub fn response(outcomes: Vec<Value>) -> Value {
    json!({ "schemas": [BULK_RESPONSE_SCHEMA], "Operations": outcomes })
}

fn names_schema(schemas: Option<Value>) -> Result<(), ScimError> {
    let named = schemas
        .as_ref()
        .and_then(Value::as_array)
        .is_some_and(|schemas| {
            let mut urns = schemas.iter().filter_map(Value::as_str);
            urns.any(|urn| urn.eq_ignore_ascii_case(BULK_SCHEMA))
        });
    if named {
        Ok(())
    } else {
        Err(ScimError::invalid_syntax(format!(
            "`schemas` must hold {BULK_SCHEMA}."
        )))
    }
}

fn fail_on_errors(value: Value) -> Result<usize, ScimError> {
    value
        .as_u64()
        .filter(|&most| most > 0)
        .map(|most| usize::try_from(most).unwrap_or(usize::MAX))
        .ok_or_else(|| {
            ScimError::invalid_value(
                "`failOnErrors` must be an integer of 1 or more; without it every operation is \
                 tried.",
            )
        })
}

/// The creations that can be referred to, by their bulkId.
fn to_be_made(
    drafts: &[Draft],
    new_id: &mut impl FnMut() -> String,
) -> Result<HashMap<String, Made>, ScimError> {
    let mut made = HashMap::new();
    for (place, draft) in drafts.iter().enumerate() {
        let (Ok(parts), Some(bulk_id)) = (&draft.parts, &draft.bulk_id) else {
            continue;
        };
        if parts.method != Method::Post {
            continue;
        }
        let entry = Made {
            place,
            id: new_id(),
            kind: parts.kind,
        };
        if made.insert(bulk_id.clone(), entry).is_some() {
            return Err(ScimError::invalid_value(format!(
                "`bulkId` {} is given twice.",
                shown(bulk_id)
            )));
        }
    }
    Ok(made)
}

/// An operation of which the references are still open.
struct Draft {
    method: String,
    bulk_id: Option<String>,
    parts: Result<Parts, ScimError>,
}

struct Parts {
    method: Method,
    kind: &'static ResourceType,
    /// What stands behind the type in the path.
    id: Option<String>,
    version: Option<String>,
    data: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Post,
    Put,
    Patch,
    Delete,
}

impl Draft {
    fn of(received: Value) -> Self {
        let Value::Object(received) = received else {
            let error = ScimError::invalid_syntax("An operation must be an object.");
            return Self::wrong(error);
        };
        let mut fields = Fields::of(received);
        let text = |fields: &mut Fields, name: &str| match fields.take(name)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ScimError::invalid_syntax(format!(
                "`{name}` of an operation must be a string."
            ))),
        };
        let (method, bulk_id) = match (text(&mut fields, "method"), text(&mut fields, "bulkId")) {
            (Ok(method), Ok(bulk_id)) => (method.unwrap_or_default(), bulk_id),
            (Err(error), _) | (_, Err(error)) => return Self::wrong(error),
        };
        if let Some(id) = &bulk_id
            && (id.is_empty() || id.chars().count() > MAX_BULK_ID)
        {
            return Self::wrong(ScimError::invalid_value(format!(
                "`bulkId` is empty or longer than {MAX_BULK_ID} characters."
            )));
        }
        let parts = (|| {
            let version = text(&mut fields, "version")?;
            let path = text(&mut fields, "path")?;
            let data = fields.take("data")?;
            fields.nothing_else("an operation of a bulk request")?;
            let method = Method::of(&method)?;
            let path = path.ok_or_else(|| {
                ScimError::invalid_syntax("An operation needs a `path`, such as /Users.")
            })?;
            let (kind, id) = resource_of(&path, method)?;
            if method == Method::Post && bulk_id.is_none() {
                return Err(ScimError::invalid_value(
                    "A POST in a bulk request needs a `bulkId`, RFC 7644 section 3.7.",
                ));
            }
            Ok(Parts {
                method,
                kind,
                id,
                version,
                data,
            })
        })();
        Self {
            method: shown(&method),
            bulk_id,
            parts,
        }
    }

    fn wrong(error: ScimError) -> Self {
        Self {
            method: String::new(),
            bulk_id: None,
            parts: Err(error),
        }
    }

    fn finish(
        self,
        made: &HashMap<String, Made>,
        new_id: &mut impl FnMut() -> String,
    ) -> Operation {
        let mut references = References::new(made);
        let change = self
            .parts
            .and_then(|parts| parts.finish(self.bulk_id.as_deref(), &mut references, new_id));
        Operation {
            method: self.method,
            bulk_id: self.bulk_id,
            needs: references.needs,
            weight: references.weight,
            change,
        }
    }
}

impl Parts {
    fn finish(
        mut self,
        bulk_id: Option<&str>,
        references: &mut References<'_>,
        new_id: &mut impl FnMut() -> String,
    ) -> Result<Change, ScimError> {
        let id = match self.id.take() {
            Some(id) => references.in_path(&id, self.kind)?,
            None => bulk_id
                .and_then(|own| references.id_of(own))
                .unwrap_or_else(new_id),
        };
        let conditions = match &self.version {
            Some(_) if self.method == Method::Post => {
                return Err(ScimError::invalid_value(
                    "`version` says which version may be changed; a POST changes none.",
                ));
            }
            Some(version) => Conditions::of_version(version)?,
            None => Conditions::default(),
        };
        if let Some(data) = &mut self.data {
            references.replace(data, "data")?;
        }
        Ok(Change {
            kind: self.kind,
            id,
            conditions,
            verb: verb(self.method, self.kind, self.data)?,
        })
    }
}

fn verb(
    method: Method,
    kind: &'static ResourceType,
    data: Option<Value>,
) -> Result<Verb, ScimError> {
    let is_group = kind.name == GROUP.name;
    match (method, data) {
        (Method::Delete, None) if is_group => Ok(Verb::DeleteGroup),
        (Method::Delete, None) => Ok(Verb::DeleteUser),
        (Method::Delete, Some(_)) => Err(ScimError::invalid_syntax("A DELETE has no `data`.")),
        (Method::Patch, Some(Value::Object(message))) => {
            Patch::from_message(message).map(|patch| patched(patch, is_group))
        }
        (Method::Patch, Some(Value::Array(operations))) => {
            let notes = vec![forgive::BULK_PATCH_AS_LIST];
            Patch::from_operations(operations, notes).map(|patch| patched(patch, is_group))
        }
        (_, Some(Value::Object(resource))) if is_group => {
            let draft = Box::new(GroupDraft::from_resource(resource)?);
            Ok(match method {
                Method::Post => Verb::CreateGroup(draft),
                _ => Verb::ReplaceGroup(draft),
            })
        }
        (_, Some(Value::Object(resource))) => {
            let draft = Box::new(UserDraft::from_resource(resource, Vec::new())?);
            Ok(match method {
                Method::Post => Verb::CreateUser(draft),
                _ => Verb::ReplaceUser(draft),
            })
        }
        _ => Err(ScimError::invalid_syntax(
            "The operation needs an object as its `data`.",
        )),
    }
}

fn patched(patch: Patch, is_group: bool) -> Verb {
    if is_group {
        Verb::PatchGroup(patch)
    } else {
        Verb::PatchUser(patch)
    }
}

impl Method {
    fn of(text: &str) -> Result<Self, ScimError> {
        match text {
            "POST" => Ok(Self::Post),
            "PUT" => Ok(Self::Put),
            "PATCH" => Ok(Self::Patch),
            "DELETE" => Ok(Self::Delete),
            other => Err(ScimError::invalid_syntax(format!(
                "`{}` is not a method of a bulk request; POST, PUT, PATCH and DELETE are.",
                shown(other)
            ))),
        }
    }
}

/// The type and the id that a path names: `/Users` for a POST, `/Users/{id}` for all others.
fn resource_of(
    path: &str,
    method: Method,
) -> Result<(&'static ResourceType, Option<String>), ScimError> {
    let nowhere = || {
        let form = match method {
            Method::Post => "/Users or /Groups",
            _ => "/Users/{id} or /Groups/{id}",
        };
        ScimError::invalid_path(format!(
            "`{}` is not what `path` may be here: {form}.",
            shown(path)
        ))
    };
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
    let endpoint = segments.next().unwrap_or_default();
    let kind = RESOURCE_TYPES
        .iter()
        .find(|kind| kind.endpoint.strip_prefix('/') == Some(endpoint))
        .ok_or_else(nowhere)?;
    let id = segments.next().filter(|id| !id.is_empty());
    let sound = id.is_none_or(|id| !id.contains(['?', '#', '%']));
    let fits = (method == Method::Post) == id.is_none();
    if !fits || !sound || segments.next().is_some() {
        return Err(nowhere());
    }
    Ok((kind, id.map(str::to_owned)))
}

#[cfg(test)]
mod tests;
