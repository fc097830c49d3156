//! The SCIM 2.0 endpoint: bearer token to organization, body to typed change, change to answer.
//! Every answer is JSON, errors included (RFC 7644 section 3.12): Okta parses them.

mod bulk;
mod discovery;
mod exchange;
mod groups;
mod large;
mod listing;
mod me;
mod push;
mod remarks;
mod users;

use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;

pub(super) use bulk::bulk;
pub(super) use discovery::{
    resource_type, resource_types, schema, schemas, service_provider_config,
};
pub(super) use exchange::traced;
pub(super) use groups::{create_group, delete_group, patch_group, read_group, replace_group};
pub(super) use large::Large;
pub(super) use listing::{
    list_all, list_groups, list_users, search_all, search_groups, search_users,
};
pub(super) use me::{authenticate_person, leave_me, read_me};
pub(super) use remarks::Remarks;
pub(super) use users::{create_user, delete_user, patch_user, read_user, replace_user};

use super::route::Call;
use super::{App, Problem, bearer};
use crate::access::token::{self, ScimToken};
use crate::clock::Timestamp;
use crate::directory::organization::{self, Organization};
use crate::directory::provisioning::{ProvisioningError, ScimUser};
use crate::edge::Response;
use crate::observe::audit::{Author, AuthorKind, Via};
use crate::scim::error::ScimError;
use crate::scim::etag::Conditions;
use crate::scim::forgive;
use crate::scim::query::ListQuery;
use crate::scim::schema::ResourceType;

const MEDIA_TYPE: &str = "application/scim+json";

type Answer = Result<Response, Problem>;

/// From the bearer token to the organization in the address, and to whoever pushes.
pub(super) fn authenticate(app: &App, call: &Call<'_>) -> Result<(Organization, Author), Problem> {
    let presented = presented(call)
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
    let (found, ended) = app.store.read(|conn| {
        if let Some(found) = holder(conn, &presented, now)? {
            return Ok((Some(found), None));
        }
        let ended = token::find_ended(conn, &presented, now)?
            .map(|token| {
                organization::find_by_id(conn, &token.organization_id).map(|own| (token, own))
            })
            .transpose()?;
        Ok::<_, Problem>((None, ended))
    })?;
    let Some((token, own)) = found else {
        let client = call.request.client.address;
        if let Err(wait) = app.wrong_tokens.count(client, now) {
            return Err(bearer::too_many(wait));
        }
        tracing::info!(%client, "SCIM token refused");
        let problem = Problem::new(
            401,
            "token-refused",
            "This SCIM token is unknown, expired or revoked; generate a new one under Groups, \
             Configure SCIM.",
        );
        // A token that is made up leaves nothing; one that worked once is somebody's trouble.
        if let Some((token, own)) = ended {
            exchange::of_token(app, call, &own, &pusher(call, token), &problem);
        }
        return Err(problem);
    };
    token::note_use(&app.store, &token, call.request.client.address, now);
    let header = call.request.header("authorization");
    if !header.is_some_and(token::has_scheme_once) {
        call.remarks.note(&[forgive::TOKEN_AS_TYPED]);
    }
    let author = pusher(call, token);
    if own.slug != call.parameter("org") {
        let problem = Problem::new(
            403,
            "token-of-another-organization",
            "This SCIM token belongs to another organization than the address.",
        );
        exchange::of_token(app, call, &own, &author, &problem);
        return Err(problem);
    }
    Ok((own, author))
}

/// The token of a request, if it has something like one.
fn presented<'a>(call: &Call<'a>) -> Option<&'a str> {
    call.request
        .header("authorization")
        .and_then(token::presented)
}

/// A token that works, and whose it is.
fn holder(
    conn: &Connection,
    presented: &str,
    now: Timestamp,
) -> Result<Option<(ScimToken, Organization)>, Problem> {
    let Some(token) = token::find_active(conn, presented, now)? else {
        return Ok(None);
    };
    let own = organization::find_by_id(conn, &token.organization_id)?;
    Ok(Some((token, own)))
}

fn pusher(call: &Call<'_>, token: ScimToken) -> Author {
    Author {
        kind: AuthorKind::Provider,
        id: Some(token.id),
        name: token.name,
        client: Some(call.request.client.address),
        via: Via::Scim,
    }
}

/// Keeps the trace of a request under `/scim/` that came to no handler: its address is none, or is
/// not asked this way, or its body was refused. It is the token's organization's, whatever the
/// address says; without a token that works there is none. The answer is the same for everybody.
///
/// # Errors
/// When the database can't be read.
pub(super) fn unhandled(app: &App, call: &Call<'_>, problem: &Problem) -> Result<(), Problem> {
    let is_scim = call.request.path.starts_with("/scim/");
    let Some(presented) = presented(call).filter(|_| is_scim) else {
        return Ok(());
    };
    let found = app.store.read(|conn| holder(conn, presented, call.now))?;
    if let Some((token, own)) = found {
        exchange::of_token(app, call, &own, &pusher(call, token), problem);
    }
    Ok(())
}

/// What is said where no route is.
pub(super) fn nothing_there() -> Problem {
    Problem::new(404, "not-found", "There is no such SCIM endpoint.")
}

// ---- answers

fn shown_user(app: &App, organization: &Organization, user: &ScimUser) -> Value {
    user.shown(&app.public.scim(&organization.slug))
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

/// Says when to ask again, where that is known: in whole seconds, as Okta takes a date for nothing.
fn asked_again(response: Response, wait: Option<Duration>) -> Response {
    match wait {
        Some(wait) => response.header("Retry-After", wait.as_secs().max(1).to_string()),
        None => response,
    }
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
            // `Call::push` keeps it for an admin; here is only what it means.
            ProvisioningError::Braked(braked) => {
                Self::Other(Problem::new(429, "brake-held", braked.why()))
            }
            ProvisioningError::Store(error) => Self::Other(error.into()),
        }
    }
}

fn scim(handler: impl FnOnce() -> Result<Response, Refused>) -> Answer {
    match handler() {
        Ok(response) => Ok(response),
        Err(Refused::Scim(error)) => {
            let answer = json(error.status, &error.to_json());
            Ok(asked_again(answer, error.retry_after))
        }
        Err(Refused::Other(problem)) => Err(problem),
    }
}

impl Call<'_> {
    fn organization_for_scim(&self) -> Result<&Organization, Refused> {
        Ok(self.organization()?)
    }
}
