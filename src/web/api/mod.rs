//! The JSON API of the console and of scripts: a file per resource. What the console can do,
//! this can do; it has no privilege of its own.

pub(super) mod account;
pub(super) mod api_tokens;
pub(super) mod audit;
pub(super) mod audit_retention;
pub(super) mod brake;
pub(super) mod break_glass;
pub(super) mod deprovisioning;
pub(super) mod domains;
pub(super) mod findings;
pub(super) mod groups;
pub(super) mod invitations;
pub(super) mod keys;
pub(super) mod notices;
pub(super) mod organizations;
mod provider_attributes;
pub(super) mod provider_certificates;
pub(super) mod provider_kinds;
pub(super) mod provider_metadata;
mod provider_requests;
pub(super) mod provider_tests;
pub(super) mod providers;
pub(super) mod session;
pub(super) mod sessions;
pub(super) mod step_up;
pub(super) mod tokens;
pub(super) mod trace_documents;
pub(super) mod traces;
pub(super) mod users;
pub(super) mod webhooks;

use serde::Serialize;
use serde_json::{Map, Value};

use super::Problem;
use super::login::query_value;
use crate::directory::PageRequest;
use crate::edge::{Request, Response};

/// An answer in JSON.
fn json(status: u16, value: &impl Serialize) -> Result<Response, Problem> {
    let bytes = serde_json::to_vec(value)
        .map_err(|e| Problem::new(500, "internal", format!("writing the answer: {e}")))?;
    Ok(Response::new(status).body("application/json", bytes))
}

/// A request's JSON object, whose members must all be known: a misspelt one is an error, not
/// something silently left undone.
struct Body(Map<String, Value>);

impl Body {
    fn read(request: &Request, known: &[&'static str]) -> Result<Self, Problem> {
        let content_type = request.header("content-type").unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            return Err(Problem::new(
                415,
                "unsupported-media-type",
                "Send JSON with Content-Type: application/json.",
            ));
        }
        let object: Map<String, Value> = serde_json::from_slice(&request.body).map_err(|e| {
            Problem::new(400, "invalid-json", format!("Expected a JSON object: {e}"))
        })?;
        match object.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(Self(object)),
            Some(unknown) => {
                let shown: String = unknown.chars().take(80).collect();
                let known = known.join(", ");
                Err(Problem::new(
                    400,
                    "unknown-member",
                    format!("There is no `{shown}` here; expected {known}."),
                ))
            }
        }
    }

    /// A string; absent or null is `None`.
    fn text(&self, name: &'static str) -> Result<Option<&str>, Problem> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Problem::field(name, "expected a string")),
        }
    }

    fn required_text(&self, name: &'static str) -> Result<&str, Problem> {
        self.text(name)?
            .ok_or_else(|| Problem::field(name, "is missing"))
    }

    /// A boolean; absent or null is `None`.
    fn flag(&self, name: &'static str) -> Result<Option<bool>, Problem> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(Problem::field(name, "expected true or false")),
        }
    }

    /// A whole number; absent or null is `None`.
    fn number(&self, name: &'static str) -> Result<Option<i64>, Problem> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_i64()
                .map(Some)
                .ok_or_else(|| Problem::field(name, "expected a whole number")),
        }
    }

    /// An object; absent or null is `None`.
    fn object(&self, name: &'static str) -> Result<Option<&Map<String, Value>>, Problem> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(Problem::field(name, "expected an object")),
        }
    }

    /// A list of strings; absent or null is `None`.
    fn texts(&self, name: &'static str) -> Result<Option<Vec<&str>>, Problem> {
        let wrong = || Problem::field(name, "expected a list of strings");
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(items)) => items
                .iter()
                .map(|i| i.as_str().ok_or_else(wrong))
                .collect::<Result<_, _>>()
                .map(Some),
            Some(_) => Err(wrong()),
        }
    }
}

/// Which page of a list the query asks for.
fn page_request(request: &Request) -> Result<PageRequest, Problem> {
    let limit = match query_value(request, "limit") {
        None => PageRequest::first().limit,
        Some(text) => text
            .parse()
            .ok()
            .filter(|n| (1..=PageRequest::MOST).contains(n))
            .ok_or_else(|| Problem::field("limit", "expected a number from 1 to 200"))?,
    };
    let bounded = |name: &'static str| match query_value(request, name) {
        Some(text) if text.len() > 512 => Err(Problem::field(name, "is too long")),
        other => Ok(other.filter(|text| !text.is_empty())),
    };
    Ok(PageRequest {
        limit,
        after: bounded("after")?,
        prefix: bounded("q")?,
    })
}
