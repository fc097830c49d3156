//! References of a bulk request to what it makes itself: `bulkId:` and the name that a POST of it
//! bears (RFC 7644 section 3.7.2). One may stand wherever an id may: in the data, in the filter of
//! a PATCH's path, behind the type in an operation's path.

use std::collections::HashMap;

use serde_json::Value;

use crate::scim::error::{ScimError, shown};
use crate::scim::schema::ResourceType;

const PREFIX: &str = "bulkId:";

/// So many bytes of text weigh as much as a value: about a comparison of a filter.
const LONG_TEXT: usize = 16;

/// Something that a POST will make.
pub(super) struct Made {
    /// The POST's place in the request.
    pub(super) place: usize,
    /// The id that it gets.
    pub(super) id: String,
    pub(super) kind: &'static ResourceType,
}

/// Replaces the references of one operation, and remembers what they lead to.
pub(super) struct References<'a> {
    made: &'a HashMap<String, Made>,
    /// Places of the creations that were referred to, each once.
    pub(super) needs: Vec<usize>,
    /// How many JSON values were seen, long texts counted several times.
    pub(super) weight: usize,
}

impl<'a> References<'a> {
    pub(super) fn new(made: &'a HashMap<String, Made>) -> Self {
        Self {
            made,
            needs: Vec::new(),
            weight: 1,
        }
    }

    /// The id that the creation of this bulkId gets.
    pub(super) fn id_of(&self, bulk_id: &str) -> Option<String> {
        self.made.get(bulk_id).map(|made| made.id.clone())
    }

    /// The id in an operation's path.
    pub(super) fn in_path(
        &mut self,
        id: &str,
        kind: &'static ResourceType,
    ) -> Result<String, ScimError> {
        let Some(bulk_id) = id.strip_prefix(PREFIX) else {
            return Ok(id.to_owned());
        };
        let made = self.find(bulk_id, "path")?;
        if made.kind.name != kind.name {
            return Err(conflict(format!(
                "`path` names a {}, but bulkId {} is a {}.",
                kind.name,
                shown(bulk_id),
                made.kind.name
            )));
        }
        Ok(made.id.clone())
    }

    /// Replaces every reference in `value`, which is called `key`. The text of an error names the
    /// key and not the value, which may be anything. Recursion ends with the depth of the JSON.
    pub(super) fn replace(&mut self, value: &mut Value, key: &str) -> Result<(), ScimError> {
        self.weight += 1;
        match value {
            Value::Array(items) => {
                for item in items {
                    self.replace(item, key)?;
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    self.replace(member, key)?;
                }
            }
            Value::String(text) => {
                // A path of four kilobytes may be a filter of hundreds of comparisons.
                self.weight += text.len() / LONG_TEXT;
                if let Some(bulk_id) = text.strip_prefix(PREFIX) {
                    let id = self.find(bulk_id, key)?.id.clone();
                    *text = id;
                } else if key.eq_ignore_ascii_case("path") && text.contains("\"bulkId:") {
                    *text = self.in_filter(text, key)?;
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        Ok(())
    }

    /// `members[value eq "bulkId:x"]`
    fn in_filter(&mut self, text: &str, key: &str) -> Result<String, ScimError> {
        let mut replaced = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("\"bulkId:") {
            let Some((bulk_id, after)) = behind.split_once('"') else {
                break;
            };
            replaced.push_str(before);
            replaced.push('"');
            replaced.push_str(&self.find(bulk_id, key)?.id);
            replaced.push('"');
            rest = after;
        }
        replaced.push_str(rest);
        Ok(replaced)
    }

    fn find(&mut self, bulk_id: &str, key: &str) -> Result<&'a Made, ScimError> {
        let made = self.made.get(bulk_id).ok_or_else(|| {
            conflict(format!(
                "`{}` refers to a bulkId that no POST of this request has.",
                shown(key)
            ))
        })?;
        if !self.needs.contains(&made.place) {
            self.needs.push(made.place);
        }
        Ok(made)
    }
}

/// 409 `invalidValue`: a reference that leads nowhere, RFC 7644 section 3.7.2.
pub(super) fn conflict(detail: String) -> ScimError {
    ScimError {
        scim_type: Some("invalidValue"),
        ..ScimError::new(409, detail)
    }
}
