//! The trace of each exchange: what was asked, by whom, what came of it and what it changed.
//!
//! What was accepted is gathered and written soon after; what was refused is handed over at once,
//! as somebody may be about to look for it. That something isn't there is an ordinary answer to a
//! client that looks whether it is.

use serde_json::{Map, Value, json};

use super::Answer;
use crate::clock;
use crate::directory::organization::Organization;
use crate::edge::{Request, Response};
use crate::observe::audit::{Author, Via};
use crate::observe::trace::{self, About, Kind, Outcome, Record, Source, redact};
use crate::scim::forgive;
use crate::web::route::Call;
use crate::web::{App, Problem};

/// Headers worth knowing; none of them ever holds a secret.
const HEADERS: [&str; 5] = [
    "user-agent",
    "content-type",
    "accept",
    "if-match",
    "if-none-match",
];

/// Characters of a header or of a path that are kept.
const LONGEST: usize = 256;

/// Runs a handler and keeps a trace of the exchange.
pub(in crate::web) fn traced(
    app: &App,
    call: &Call<'_>,
    handler: fn(&App, &Call<'_>) -> Answer,
) -> Answer {
    let path = &call.request.path;
    if path.contains("//") || path.ends_with('/') {
        call.remarks.note(&[forgive::EMPTY_SEGMENT]);
    }
    let answer = handler(app, call);
    let organization = call.organization()?;
    let mut result = Came::of(&answer);
    let undone = call.remarks.undone();
    if let Some((code, _)) = &undone {
        result.code = (*code).to_owned();
    }
    let ordinary = (result.status < 400 && undone.is_none())
        || (result.status == 404 && matches!(call.request.method.as_str(), "GET" | "HEAD"));
    let outcome = if ordinary {
        Outcome::Accepted
    } else {
        Outcome::Refused
    };
    let record = record(call, organization, outcome, &result);
    if ordinary {
        app.traces.add(record, call.now);
    } else {
        let source = Source::Organization(organization.id.clone());
        keep_refused(app, call, record, source);
    }
    answer
}

/// Keeps the trace of a request that was refused before a handler saw it, by the token that it came
/// with: that worked once, or works and is this organization's.
pub(super) fn of_token(
    app: &App,
    call: &Call<'_>,
    own: &Organization,
    token: &Author,
    problem: &Problem,
) {
    let mut record = record(call, own, Outcome::Refused, &Came::of_problem(problem));
    record.about.token = token.id.clone();
    if let Value::Object(detail) = &mut record.detail {
        let token = json!({ "id": token.id, "name": token.name });
        detail.insert("token".to_owned(), token);
    }
    keep_refused(app, call, record, Source::Organization(own.id.clone()));
}

fn keep_refused(app: &App, call: &Call<'_>, record: Record, source: Source) {
    let status = record.about.status;
    tracing::warn!(
        method = call.request.method.as_str(),
        path = %call.request.path,
        status,
        code = %record.code,
        "SCIM request refused"
    );
    let now = call.now;
    app.store
        .write_later(move |tx| trace::write_refused(tx, &record, &source, now).map(|_| ()));
}

/// What an answer says of itself.
struct Came {
    status: u16,
    code: String,
    scim_type: Option<String>,
    detail: Option<String>,
    /// The id of what was made.
    made: Option<String>,
}

impl Came {
    fn of(answer: &Answer) -> Self {
        match answer {
            Ok(response) => Self::of_response(response),
            Err(problem) => Self::of_problem(problem),
        }
    }

    fn of_problem(problem: &Problem) -> Self {
        Self {
            status: problem.status,
            code: problem.code.to_owned(),
            scim_type: None,
            detail: Some(problem.detail.clone()),
            made: None,
        }
    }

    fn of_response(response: &Response) -> Self {
        let status = response.status;
        let made = (status == 201)
            .then(|| response.header_value("location")?.rsplit('/').next())
            .flatten()
            .map(str::to_owned);
        if status < 400 {
            return Self {
                status,
                code: "ok".to_owned(),
                scim_type: None,
                detail: None,
                made,
            };
        }
        let body: Value = serde_json::from_slice(response.bytes()).unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let scim_type = text("scimType");
        let code = match &scim_type {
            Some(scim_type) => scim_type.clone(),
            None if status == 404 => "not-found".to_owned(),
            None => "refused".to_owned(),
        };
        Self {
            status,
            code,
            scim_type,
            detail: text("detail"),
            made: None,
        }
    }
}

fn record(call: &Call<'_>, whose: &Organization, outcome: Outcome, result: &Came) -> Record {
    let request = call.request;
    let method = request.method.as_str();
    let (token, person) = match call.author().ok() {
        Some(author) if author.via == Via::Scim => (Some(author), None),
        other => (None, other),
    };
    let path = redact::cut(&request.path, LONGEST);
    let resource = Some(call.parameter("id"))
        .filter(|id| !id.is_empty())
        .map(|id| redact::cut(id, LONGEST))
        .or_else(|| result.made.clone());
    let mut detail = Map::new();
    let mut say = |name: &str, value: Value| {
        let nothing = match &value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => false,
        };
        if !nothing {
            detail.insert(name.to_owned(), value);
        }
    };
    say("status", result.status.into());
    say("detail", result.detail.clone().into());
    say("scim_type", result.scim_type.clone().into());
    say("method", method.into());
    say("path", path.clone().into());
    say("name", call.remarks.name().into());
    say("query", request.query.as_deref().map(redact::query).into());
    say("client", request.client.address.to_string().into());
    say(
        "token",
        token
            .as_ref()
            .map(|token| json!({ "id": token.id, "name": token.name }))
            .into(),
    );
    say("person", person.map(|person| person.name).into());
    say("headers", Value::Object(headers(request)));
    if !request.body.is_empty() {
        say("body", redact::body(&request.body));
    }
    say("notes", json!(call.remarks.notes()));
    if result.status < 400 && !matches!(method, "GET" | "HEAD") {
        say("changed", call.remarks.changed().into());
    }
    if let Some((_, operations)) = call.remarks.undone() {
        say("undone", operations);
    }
    say("changes", Value::Array(call.remarks.changes()));
    let took = clock::now().since(call.now).as_millis();
    say("took_ms", json!(u64::try_from(took).unwrap_or(u64::MAX)));
    Record {
        kind: Kind::Scim,
        organization_id: Some(whose.id.clone()),
        provider_id: None,
        outcome,
        code: result.code.clone(),
        about: About {
            method: Some(method.to_owned()),
            status: Some(result.status),
            resource,
            token: token.and_then(|token| token.id),
        },
        summary: format!("{method} {path} answered {}", result.status),
        detail: Value::Object(detail),
    }
}

fn headers(request: &Request) -> Map<String, Value> {
    HEADERS
        .iter()
        .filter_map(|name| Some((*name, request.header(name)?)))
        .map(|(name, value)| (name.to_owned(), redact::cut(value, LONGEST).into()))
        .collect()
}
