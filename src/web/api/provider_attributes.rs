//! What a PATCH of a provider says of attributes: objects whose members change and whose nulls take
//! back, as of JSON Merge Patch (RFC 7396).

use serde_json::Value;

use super::super::Problem;
use super::Body;
use crate::directory::Level;
use crate::directory::provider::{LevelChange, NamesChange};
use crate::saml::mapping::Fact;

/// `mapping`: names by fact; null is the kind's own again.
pub(super) fn names(body: &Body) -> Result<Vec<NamesChange>, Problem> {
    const EXPECTED: &str = "expected an object such as {\"email\": [\"mail\", \"NameID\"]}, with \
                            email, firstName, lastName, displayName or groups, each a list of \
                            attribute names, or null for the names of its kind";
    let wrong = || Problem::field("mapping", EXPECTED);
    let Some(object) = body.object("mapping")? else {
        return Ok(Vec::new());
    };
    let name = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(wrong);
    object
        .iter()
        .map(|(fact, value)| {
            let fact: Fact = fact.parse().map_err(|_| wrong())?;
            let names = match value {
                Value::Null => None,
                Value::Array(names) => Some(names.iter().map(name).collect::<Result<_, _>>()?),
                _ => return Err(wrong()),
            };
            Ok((fact, names))
        })
        .collect()
}

/// `group_levels`: a level by value of the groups attribute; null takes it away.
pub(super) fn levels(body: &Body) -> Result<Vec<LevelChange>, Problem> {
    const EXPECTED: &str = "expected an object such as {\"staff\": \"editor\"}: for a value of \
                            the groups attribute admin, editor, runner or viewer, or null";
    let wrong = || Problem::field("group_levels", EXPECTED);
    let Some(object) = body.object("group_levels")? else {
        return Ok(Vec::new());
    };
    object
        .iter()
        .map(|(value, level)| {
            let level = match level {
                Value::Null => None,
                Value::String(word) => Some(word.parse::<Level>().map_err(|_| wrong())?),
                _ => return Err(wrong()),
            };
            Ok((value.clone(), level))
        })
        .collect()
}
