//! The SCIM 2.0 endpoint: bearer token to organization, body to typed change, change to answer.
//! Every answer is JSON, errors included (RFC 7644 section 3.12): Okta parses them.

use serde_json::{Value, json};

use super::route::Call;
use super::{App, Problem, bearer};
use crate::access::token;
use crate::directory::organization::{self, Organization};
use crate::directory::provisioning::{self, ProvisioningError, ScimGroup, ScimUser};
use crate::edge::Response;
use crate::observe::audit::{Author, AuthorKind, Via};
use crate::observe::trace::{self, Kind, Outcome, Record, Source};
use crate::scim::discovery;
use crate::scim::error::ScimError;
use crate::scim::group::GroupDraft;
use crate::scim::patch::Patch;
use crate::scim::query::ListQuery;
use crate::scim::render::{self, Meta};
use crate::scim::schema::{GROUP, USER};
use crate::scim::user::UserDraft;

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
pub(super) fn nothing_there(path: &str) -> Problem {
    let last = path
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    match last {
        "Me" => Problem::new(
            501,
            "not-supported",
            "/Me is not supported: a SCIM token stands for an organization, not for a user.",
        ),
        "Bulk" => Problem::new(501, "not-supported", "Bulk is not supported."),
        ".search" => Problem::new(501, "not-supported", "Search by POST is not supported."),
        _ => Problem::new(404, "not-found", "There is no such SCIM endpoint."),
    }
}

// ---- users

pub(super) fn list_users(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let query = ListQuery::parse(call.request.query.as_deref())?.resolve(&USER)?;
        let organization = call.organization_for_scim()?;
        let (total, users) = app
            .store
            .read(|conn| provisioning::list_users(conn, organization, &query))?;
        let resources = users
            .iter()
            .map(|user| query.project(shown_user(app, organization, user), &USER))
            .collect();
        Ok(json(
            200,
            &render::list(total, query.start_index, resources),
        ))
    })
}

pub(super) fn create_user(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let draft = UserDraft::parse(&call.request.body)?;
        let organization = call.organization_for_scim()?.clone();
        let (by, now) = (call.author()?, call.now);
        let user = {
            let organization = organization.clone();
            app.store
                .write(move |tx| provisioning::create_user(tx, &organization, &draft, &by, now))?
        };
        Ok(located(201, &shown_user(app, &organization, &user)))
    })
}

pub(super) fn read_user(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let query = ListQuery::parse(call.request.query.as_deref())?;
        let organization = call.organization_for_scim()?;
        let id = call.parameter("id");
        let user = app
            .store
            .read(|conn| provisioning::read_user(conn, organization, id))?;
        Ok(located(
            200,
            &query.project(shown_user(app, organization, &user), &USER),
        ))
    })
}

pub(super) fn replace_user(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let draft = UserDraft::parse(&call.request.body)?;
        change_user(app, call, move |tx, organization, id, by, now| {
            provisioning::replace_user(tx, organization, id, &draft, by, now)
        })
    })
}

pub(super) fn patch_user(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let patch = Patch::parse(&call.request.body)?;
        change_user(app, call, move |tx, organization, id, by, now| {
            provisioning::patch_user(tx, organization, id, &patch, by, now)
        })
    })
}

fn change_user(
    app: &App,
    call: &Call<'_>,
    change: impl FnOnce(
        &rusqlite::Connection,
        &Organization,
        &str,
        &Author,
        crate::clock::Timestamp,
    ) -> Result<ScimUser, ProvisioningError>
    + Send
    + 'static,
) -> Result<Response, Refused> {
    let organization = call.organization_for_scim()?.clone();
    let (own, id, now) = (
        organization.clone(),
        call.parameter("id").to_owned(),
        call.now,
    );
    let by = call.author()?;
    let user = app.store.write(move |tx| change(tx, &own, &id, &by, now))?;
    Ok(located(200, &shown_user(app, &organization, &user)))
}

pub(super) fn delete_user(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let organization = call.organization_for_scim()?.clone();
        let id = call.parameter("id").to_owned();
        let (by, now) = (call.author()?, call.now);
        app.store
            .write(move |tx| provisioning::delete_user(tx, &organization, &id, &by, now))?;
        Ok(Response::new(204))
    })
}

// ---- groups

pub(super) fn list_groups(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let query = ListQuery::parse(call.request.query.as_deref())?.resolve(&GROUP)?;
        let organization = call.organization_for_scim()?;
        let wanted = query.wants("members", &GROUP);
        let (total, groups) = app
            .store
            .read(|conn| provisioning::list_groups(conn, organization, &query, wanted))?;
        let resources = groups
            .iter()
            .map(|group| query.project(shown_group(app, organization, group), &GROUP))
            .collect();
        Ok(json(
            200,
            &render::list(total, query.start_index, resources),
        ))
    })
}

pub(super) fn create_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let draft = GroupDraft::parse(&call.request.body)?;
        let organization = call.organization_for_scim()?.clone();
        let (by, now) = (call.author()?, call.now);
        let group = {
            let organization = organization.clone();
            app.store
                .write(move |tx| provisioning::create_group(tx, &organization, &draft, &by, now))?
        };
        Ok(located(201, &shown_group(app, &organization, &group)))
    })
}

pub(super) fn read_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let query = ListQuery::parse(call.request.query.as_deref())?;
        let organization = call.organization_for_scim()?;
        let id = call.parameter("id");
        let wanted = query.wants("members", &GROUP);
        let group = app
            .store
            .read(|conn| provisioning::read_group(conn, organization, id, wanted))?;
        Ok(located(
            200,
            &query.project(shown_group(app, organization, &group), &GROUP),
        ))
    })
}

pub(super) fn replace_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let draft = GroupDraft::parse(&call.request.body)?;
        let organization = call.organization_for_scim()?.clone();
        let (own, id, now) = (
            organization.clone(),
            call.parameter("id").to_owned(),
            call.now,
        );
        let by = call.author()?;
        let group = app
            .store
            .write(move |tx| provisioning::replace_group(tx, &own, &id, &draft, &by, now))?;
        Ok(located(200, &shown_group(app, &organization, &group)))
    })
}

pub(super) fn patch_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let patch = Patch::parse(&call.request.body)?;
        let organization = call.organization_for_scim()?.clone();
        let (id, now) = (call.parameter("id").to_owned(), call.now);
        let by = call.author()?;
        app.store
            .write(move |tx| provisioning::patch_group(tx, &organization, &id, &patch, &by, now))?;
        Ok(Response::new(204))
    })
}

pub(super) fn delete_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let organization = call.organization_for_scim()?.clone();
        let id = call.parameter("id").to_owned();
        let (by, now) = (call.author()?, call.now);
        app.store
            .write(move |tx| provisioning::delete_group(tx, &organization, &id, &by, now))?;
        Ok(Response::new(204))
    })
}

// ---- discovery (RFC 7644 section 4)

pub(super) fn service_provider_config(app: &App, call: &Call<'_>) -> Answer {
    discovered(app, call, |base| {
        Some(discovery::service_provider_config(base))
    })
}

pub(super) fn resource_types(app: &App, call: &Call<'_>) -> Answer {
    discovered(app, call, |base| Some(discovery::resource_types(base)))
}

pub(super) fn resource_type(app: &App, call: &Call<'_>) -> Answer {
    discovered(app, call, |base| {
        discovery::resource_type(call.parameter("id"), base)
    })
}

pub(super) fn schemas(app: &App, call: &Call<'_>) -> Answer {
    discovered(app, call, |base| Some(discovery::schemas(base)))
}

pub(super) fn schema(app: &App, call: &Call<'_>) -> Answer {
    discovered(app, call, |base| {
        discovery::schema(call.parameter("id"), base)
    })
}

fn discovered(app: &App, call: &Call<'_>, document: impl FnOnce(&str) -> Option<Value>) -> Answer {
    scim(|| {
        discovery::refuse_filter(call.request.query.as_deref())?;
        let base = app.public.scim(&call.organization_for_scim()?.slug);
        let found = document(&base)
            .ok_or_else(|| ScimError::not_found("There is no description of that name."))?;
        Ok(json(200, &found))
    })
}

// ---- answers

fn shown_user(app: &App, organization: &Organization, user: &ScimUser) -> Value {
    let shown = render::User {
        resource: &user.resource,
        id: &user.id,
        user_name: &user.user_name,
        external_id: user.external_id.as_deref(),
        active: user.active,
        groups: &user.groups,
        meta: Meta {
            created: user.created_at,
            last_modified: user.updated_at,
            version: user.version,
        },
    };
    render::user(&shown, &app.public.scim(&organization.slug))
}

fn shown_group(app: &App, organization: &Organization, group: &ScimGroup) -> Value {
    let shown = render::Group {
        resource: &group.resource,
        id: &group.id,
        display_name: &group.display_name,
        external_id: group.external_id.as_deref(),
        members: group.members.as_deref(),
        meta: Meta {
            created: group.created_at,
            last_modified: group.updated_at,
            version: group.version,
        },
    };
    render::group(&shown, &app.public.scim(&organization.slug))
}

fn json(status: u16, value: &Value) -> Response {
    Response::new(status).body(MEDIA_TYPE, value.to_string().into_bytes())
}

/// A resource with its own address in `Location`.
fn located(status: u16, value: &Value) -> Response {
    let location = value
        .pointer("/meta/location")
        .and_then(Value::as_str)
        .map(str::to_owned);
    match location {
        Some(location) => json(status, value).header("Location", location),
        None => json(status, value),
    }
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
