//! The SCIM 2.0 endpoint: bearer token to organization, body to typed change, change to answer.
//! Every answer is JSON, errors included (RFC 7644 section 3.12): Okta parses them.

mod bulk;
mod discovery;
mod groups;
mod listing;
mod me;
mod remarks;
mod users;

use serde_json::{Value, json};

pub(super) use bulk::bulk;
pub(super) use discovery::{
    resource_type, resource_types, schema, schemas, service_provider_config,
};
pub(super) use groups::{create_group, delete_group, patch_group, read_group, replace_group};
pub(super) use listing::{
    list_all, list_groups, list_users, search_all, search_groups, search_users,
};
pub(super) use me::{authenticate_person, leave_me, read_me};
pub(super) use remarks::Remarks;
pub(super) use users::{create_user, delete_user, patch_user, read_user, replace_user};

use super::route::Call;
use super::{App, Problem, bearer};
use crate::access::token;
use crate::directory::organization::{self, Organization};
use crate::directory::provisioning::{ProvisioningError, ScimGroup, ScimUser};
use crate::edge::Response;
use crate::observe::audit::{Author, AuthorKind, Via};
use crate::observe::trace::{self, Kind, Outcome, Record, Source};
use crate::scim::error::ScimError;
use crate::scim::etag::Conditions;
use crate::scim::query::ListQuery;
use crate::scim::schema::ResourceType;

const MEDIA_TYPE: &str = "application/scim+json";

type Answer = Result<Response, Problem>;

/// From the bearer token to the organization in the address, and to whoever pushes.
pub(super) fn authenticate(app: &App, call: &Call<'_>) -> Result<(Organization, Author), Problem> {
    let presented = call
        .request
        .header("authorization")
        .and_then(token::presented)
        .ok_or_else(|| {
            Problem::new(
                401,
                "token-missing",
                "Send the SCIM token as `Authorization: Bearer <token>` (Okta: Provisioning, \
                 Integration, HTTP Header).",
            )
        })?
        .to_owned();
    let now = call.now;
    let found = app.store.read(|conn| {
        let Some(token) = token::find_active(conn, &presented, now)? else {
            return Ok(None);
        };
        let own = organization::find_by_id(conn, &token.organization_id)?;
        Ok::<_, Problem>(Some((token, own)))
    })?;
    let Some((token, own)) = found else {
        let client = call.request.client.address;
        if let Err(wait) = app.wrong_tokens.count(client, now) {
            return Err(bearer::too_many(wait));
        }
        tracing::info!(%client, "SCIM token refused");
        return Err(Problem::new(
            401,
            "token-refused",
            "This SCIM token is unknown, expired or revoked; generate a new one under Groups, \
             Configure SCIM.",
        ));
    };
    token::note_use(&app.store, &token, call.request.client.address, now);
    if own.slug != call.parameter("org") {
        let problem = Problem::new(
            403,
            "token-of-another-organization",
            "This SCIM token belongs to another organization than the address.",
        );
        note(
            app,
            call,
            &own.id,
            problem.status,
            problem.code,
            &problem.detail,
        );
        return Err(problem);
    }
    let author = Author {
        kind: AuthorKind::Provider,
        id: Some(token.id),
        name: token.name,
        client: Some(call.request.client.address),
        via: Via::Scim,
    };
    Ok((own, author))
}

/// Runs a handler and keeps a trace of what was refused. That something isn't there is an
/// ordinary answer in SCIM and leaves none.
pub(super) fn traced(app: &App, call: &Call<'_>, handler: fn(&App, &Call<'_>) -> Answer) -> Answer {
    let answer = handler(app, call);
    tracing::debug!(
        path = %call.request.path,
        forgiven = ?call.remarks.notes(),
        changed = call.remarks.changed(),
        "SCIM request answered"
    );
    let organization = &call.organization()?.id;
    match &answer {
        Ok(response) if response.status >= 400 && response.status != 404 => {
            let body: Value = serde_json::from_slice(response.bytes()).unwrap_or_default();
            let detail = body
                .get("detail")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let code = body
                .get("scimType")
                .and_then(Value::as_str)
                .unwrap_or("refused");
            note(app, call, organization, response.status, code, detail);
        }
        Err(problem) if problem.status != 404 => {
            note(
                app,
                call,
                organization,
                problem.status,
                problem.code,
                &problem.detail,
            );
        }
        _ => {}
    }
    answer
}

fn note(app: &App, call: &Call<'_>, organization: &str, status: u16, code: &str, detail: &str) {
    let method = call.request.method.as_str().to_owned();
    tracing::warn!(method, path = %call.request.path, status, code, "SCIM request refused");
    let record = Record {
        kind: Kind::Scim,
        organization_id: Some(organization.to_owned()),
        provider_id: None,
        outcome: Outcome::Refused,
        code: code.to_owned(),
        summary: format!("{method} {} answered {status}", call.request.path),
        detail: json!({ "status": status, "detail": detail }),
    };
    let now = call.now;
    let source = Source::Organization(organization.to_owned());
    app.store
        .write_later(move |tx| trace::write_refused(tx, &record, &source, now).map(|_| ()));
}

/// What is said where no route is.
pub(super) fn nothing_there() -> Problem {
    Problem::new(404, "not-found", "There is no such SCIM endpoint.")
}

// ---- answers

fn shown_user(app: &App, organization: &Organization, user: &ScimUser) -> Value {
    user.shown(&app.public.scim(&organization.slug))
}

fn shown_group(app: &App, organization: &Organization, group: &ScimGroup) -> Value {
    group.shown(&app.public.scim(&organization.slug))
}

fn json(status: u16, value: &Value) -> Response {
    Response::new(status).body(MEDIA_TYPE, value.to_string().into_bytes())
}

/// One resource, as far as the client wants it, with its address and its version.
fn resource(status: u16, shown: Value, query: &ListQuery, kind: &ResourceType) -> Response {
    let meta = |name: &str| {
        let value = shown.get("meta").and_then(|meta| meta.get(name));
        value.and_then(Value::as_str).map(str::to_owned)
    };
    let (location, tag) = (meta("location"), meta("version"));
    let mut response = json(status, &query.project(shown, kind));
    if let Some(location) = location {
        response = response.header("Location", location);
    }
    if let Some(tag) = tag {
        response = response.header("ETag", tag);
    }
    response
}

/// 304: the client has it already.
fn unmodified(tag: String) -> Response {
    Response::new(304).header("ETag", tag)
}

fn gone() -> Response {
    Response::new(204)
}

/// Which attributes the answer is to have; RFC 7644 section 3.9 lets every request that is answered
/// with a resource say so.
fn projection(call: &Call<'_>) -> Result<ListQuery, ScimError> {
    ListQuery::parse(call.request.query.as_deref())
}

/// `If-Match` and `If-None-Match`.
fn conditions(call: &Call<'_>) -> Result<Conditions, ScimError> {
    let headers = &call.request.headers;
    for name in ["if-match", "if-none-match"] {
        if headers.contains(name) && headers.get(name).is_none() {
            return Err(ScimError::invalid_value(format!(
                "`{name}` isn't readable text."
            )));
        }
    }
    Conditions::parse(headers.all("if-match"), headers.all("if-none-match"))
}

/// What a SCIM handler may end with.
enum Refused {
    Scim(ScimError),
    Other(Problem),
}

impl From<ScimError> for Refused {
    fn from(error: ScimError) -> Self {
        Self::Scim(error)
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

impl From<ProvisioningError> for Refused {
    fn from(error: ProvisioningError) -> Self {
        match error {
            ProvisioningError::Scim(error) => Self::Scim(error),
            ProvisioningError::Store(error) => Self::Other(error.into()),
        }
    }
}

fn scim(handler: impl FnOnce() -> Result<Response, Refused>) -> Answer {
    match handler() {
        Ok(response) => Ok(response),
        Err(Refused::Scim(error)) => Ok(json(error.status, &error.to_json())),
        Err(Refused::Other(problem)) => Err(problem),
    }
}

impl Call<'_> {
    fn organization_for_scim(&self) -> Result<&Organization, Refused> {
        Ok(self.organization()?)
    }
}
