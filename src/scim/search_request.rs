//! The query as a message, RFC 7644 section 3.4.3: `POST .../.search`, for filters that don't belong
//! into an address that somebody logs.

use serde_json::{Map, Value};

use super::error::{ScimError, shown};
use super::json;
use super::query::{ListQuery, Parameters};

/// The schema URN of the message.
pub const SEARCH_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Largest message, in bytes.
pub const MAX_LENGTH: usize = 64 * 1024;

/// Parses the body. Other than in an address, what we don't know is refused here: it stands in our
/// own message. Errors are 413, `invalidSyntax` for the message, `invalidValue` for a wrong type and
/// those of [`ListQuery::parse`].
pub fn parse(body: &[u8]) -> Result<ListQuery, ScimError> {
    if body.len() > MAX_LENGTH {
        return Err(ScimError::too_large(format!(
            "The search request is larger than {MAX_LENGTH} bytes."
        )));
    }
    let received = json::object(body, json::MAX_VALUES)?;
    let mut found = Parameters::default();
    let mut schemas = None;
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in &received {
        let known = name.to_ascii_lowercase();
        match known.as_str() {
            "schemas" => schemas = Some(value),
            "filter" => found.filter = text(name, value)?,
            "sortby" => found.sort_by = text(name, value)?,
            "sortorder" => found.sort_order = text(name, value)?,
            "startindex" => found.start_index = integer(name, value)?,
            "count" => found.count = integer(name, value)?,
            "cursor" => found.cursor = text(name, value)?,
            "attributes" => found.attributes = texts(name, value)?,
            "excludedattributes" => found.excluded_attributes = texts(name, value)?,
            _ => {
                return Err(ScimError::invalid_syntax(format!(
                    "`{}` is not part of a search request, which has schemas, filter, sortBy, \
                     sortOrder, startIndex, count, cursor, attributes and excludedAttributes.",
                    shown(name)
                )));
            }
        }
        if seen.contains(&known) {
            return Err(ScimError::invalid_syntax(format!(
                "`{}` is given twice, in different case.",
                shown(name)
            )));
        }
        seen.push(known);
    }
    if !schemas.is_some_and(is_search) {
        return Err(ScimError::invalid_syntax(format!(
            "`schemas` must be [\"{SEARCH_SCHEMA}\"]."
        )));
    }
    found.understood()
}

/// The message of a query's parts, for clients and tests.
pub fn message(parts: Map<String, Value>) -> Value {
    let mut message = Map::new();
    message.insert("schemas".into(), Value::from(vec![SEARCH_SCHEMA]));
    message.extend(parts);
    Value::Object(message)
}

fn is_search(schemas: &Value) -> bool {
    schemas.as_array().is_some_and(|schemas| {
        let urn = |schema: &Value| {
            schema
                .as_str()
                .is_some_and(|urn| urn.eq_ignore_ascii_case(SEARCH_SCHEMA))
        };
        schemas.len() == 1 && schemas.iter().all(urn)
    })
}

fn text(name: &str, value: &Value) -> Result<Option<String>, ScimError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(wrong(name, "a string")),
    }
}

fn integer(name: &str, value: &Value) -> Result<Option<String>, ScimError> {
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => Ok(Some(number.to_string())),
        _ => Err(wrong(name, "an integer")),
    }
}

fn texts(name: &str, value: &Value) -> Result<Vec<String>, ScimError> {
    let refused = || wrong(name, "an array of strings");
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(refused))
            .collect(),
        _ => Err(refused()),
    }
}

fn wrong(name: &str, wanted: &str) -> ScimError {
    ScimError::invalid_value(format!("`{}` must be {wanted}.", shown(name)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(value: Value) -> (u16, Option<&'static str>) {
        let error = parse(value.to_string().as_bytes()).unwrap_err();
        (error.status, error.scim_type)
    }

    #[test]
    fn says_the_same_as_an_address() {
        let message = json!({
            "schemas": [SEARCH_SCHEMA], "filter": "userName sw \"a\"", "SORTBY": "userName",
            "sortOrder": "descending", "startIndex": 3, "count": 5,
            "attributes": ["userName", "emails.value"], "excludedAttributes": null
        });
        let raw = "filter=userName+sw+%22a%22&sortBy=userName&sortOrder=descending&startIndex=3\
                   &count=5&attributes=userName,emails.value";
        assert_eq!(
            parse(message.to_string().as_bytes()),
            ListQuery::parse(Some(raw))
        );
        let empty = message_of(json!({}));
        assert_eq!(parse(empty.as_bytes()).unwrap(), ListQuery::default());
        let cursor = parse(message_of(json!({"cursor": ""})).as_bytes()).unwrap();
        assert_eq!(cursor.cursor.as_deref(), Some(""));
    }

    fn message_of(parts: Value) -> String {
        message(parts.as_object().unwrap().clone()).to_string()
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let syntax = (400, Some("invalidSyntax"));
        let value = (400, Some("invalidValue"));
        assert_eq!(refused(json!({})), syntax);
        assert_eq!(refused(json!({"schemas": [SEARCH_SCHEMA, "x"]})), syntax);
        for (parts, expected) in [
            (json!({"sort": "userName"}), syntax),
            (json!({"count": 1, "COUNT": 2}), syntax),
            (json!({"count": "5"}), value),
            (json!({"count": 1.5}), value),
            (json!({"filter": 1}), value),
            (json!({"attributes": "userName"}), value),
            (json!({"attributes": [1]}), value),
            (json!({"sortOrder": "ascending"}), value),
            (json!({"filter": "x"}), (400, Some("invalidFilter"))),
            (
                json!({"count": 1.5, "cursor": ""}),
                (400, Some("invalidCount")),
            ),
        ] {
            let parts = parts.as_object().unwrap().clone();
            assert_eq!(refused(message(parts.clone())), expected, "{parts:?}");
        }
        assert_eq!(
            refused(json!({"filter": "x".repeat(MAX_LENGTH)})),
            (413, None)
        );
    }
}
