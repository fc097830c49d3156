//! A trace for somebody outside: nothing in it says who anybody is.
//!
//! What may leave is listed; everything else stays. A list of what must not leave would miss the
//! next attribute that somebody thinks of. So texts that a client or a person chose are gone, and
//! of a body is told which attributes of which types it had.

use serde_json::{Map, Value, json};

use super::Trace;

/// Members of the detail that are our own words, numbers and times.
const KEPT: [&str; 6] = ["status", "scim_type", "took_ms", "notes", "match", "more"];

/// Headers that name programs and formats.
const HEADERS: [&str; 3] = ["user-agent", "content-type", "accept"];

/// Levels of a body whose shape is told.
const DEEPEST: usize = 6;

/// The trace without personal data, as one JSON object.
pub fn without_people(trace: &Trace) -> Value {
    let detail = &trace.detail;
    let mut told = Map::new();
    for name in KEPT {
        if let Some(value) = detail.get(name) {
            told.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(more) = told.get_mut("more").and_then(Value::as_object_mut) {
        more.remove("from");
    }
    if let Some(path) = detail.get("path").and_then(Value::as_str) {
        told.insert("path".to_owned(), shape_of_path(path).into());
    }
    if let Some(headers) = detail.get("headers").and_then(Value::as_object) {
        let headers: Map<String, Value> = headers
            .iter()
            .filter(|(name, _)| HEADERS.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        told.insert("headers".to_owned(), Value::Object(headers));
    }
    if let Some(query) = detail.get("query").and_then(Value::as_str) {
        let names: Vec<String> = query
            .split('&')
            .map(|pair| word(pair.split('=').next().unwrap_or_default()))
            .collect();
        told.insert("query".to_owned(), json!(names));
    }
    if let Some(body) = detail.get("body") {
        told.insert("body".to_owned(), shape(body, 0));
    }
    if let Some(changes) = detail.get("changes").and_then(Value::as_array) {
        told.insert("changes".to_owned(), changes.iter().map(change).collect());
    }
    if let Some(checks) = detail.get("checks").and_then(Value::as_array) {
        let checks = checks
            .iter()
            .map(|check| json!({ "code": check.get("code"), "passed": check.get("passed") }))
            .collect();
        told.insert("checks".to_owned(), checks);
    }
    json!({
        "reference": trace.reference,
        "at": trace.at,
        "kind": trace.kind,
        "outcome": trace.outcome,
        "code": trace.code,
        "method": trace.method,
        "status": trace.status,
        "detail": told,
    })
}

/// What an audit line said, less the names.
fn change(change: &Value) -> Value {
    let kept = ["action", "attributes", "added", "removed", "ended"];
    let members = change.as_object().into_iter().flatten();
    Value::Object(
        members
            .filter(|(name, _)| kept.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

/// The path with ids left out, whoever made them up.
fn shape_of_path(path: &str) -> String {
    const KNOWN: [&str; 11] = [
        "scim",
        "v2",
        "Users",
        "Groups",
        "Bulk",
        "Me",
        ".search",
        "ServiceProviderConfig",
        "ResourceTypes",
        "Schemas",
        "",
    ];
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| if KNOWN.contains(&part) { part } else { "…" })
        .collect();
    parts.join("/")
}

/// Types in the place of values. Names of attributes are kept, unless they look like something else.
fn shape(value: &Value, depth: usize) -> Value {
    match value {
        _ if depth > DEEPEST => "…".into(),
        Value::Null => Value::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(_) => "number".into(),
        Value::String(text) => format!("text of {}", text.chars().count()).into(),
        Value::Array(items) => items.iter().map(|item| shape(item, depth + 1)).collect(),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| (word(name), shape(value, depth + 1)))
                .collect(),
        ),
    }
}

/// A name of the kind that standards make; anything else may be somebody's.
fn word(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '_' | '-' | '$');
    if name.len() <= 128 && name.chars().all(plain) {
        name.to_owned()
    } else {
        "…".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::observe::trace::{Kind, Outcome};

    #[test]
    fn nobody_is_in_it() {
        let trace = Trace {
            reference: "7F3K-92QD".into(),
            at: Timestamp::from_millis(0),
            kind: Kind::Scim,
            organization_id: Some("secret-o".into()),
            provider_id: None,
            outcome: Outcome::Refused,
            code: "uniqueness".into(),
            method: Some("PUT".into()),
            status: Some(409),
            resource: Some("secret-u".into()),
            token: Some("secret-t".into()),
            summary: "secret".into(),
            detail: json!({
                "status": 409,
                "detail": "userName `secret` is taken",
                "path": "/scim/v2/secret/Users/secret@x",
                "query": "filter=userName+eq+%22secret%22&secret@x",
                "client": "secret",
                "token": { "id": "secret", "name": "secret" },
                "headers": { "user-agent": "Okta SCIM Client 1.0.0", "if-match": "secret" },
                "body": { "userName": "secret", "active": true, "secret@x": ["secret"] },
                "changes": [{ "action": "user.changed", "name": "secret", "added": 2 }],
                "checks": [{ "code": "audience", "passed": false, "got": "secret" }],
                "anything": "secret",
            }),
        };
        let told = without_people(&trace);
        assert!(!told.to_string().contains("secret"), "{told}");
        let detail = &told["detail"];
        assert_eq!(detail["path"], "/scim/v2/…/Users/…");
        assert_eq!(detail["query"], json!(["filter", "…"]));
        assert_eq!(
            detail["body"],
            json!({ "userName": "text of 6", "active": true, "…": ["text of 6"] })
        );
        assert_eq!(detail["headers"]["user-agent"], "Okta SCIM Client 1.0.0");
        assert_eq!(
            detail["changes"][0],
            json!({ "action": "user.changed", "added": 2 })
        );
    }
}
