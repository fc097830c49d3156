//! Users of an organization.

use super::super::route::Call;
use super::super::{App, Problem};
use super::audit::time;
use super::{Body, json as answer, page_request};
use crate::clock::Timestamp;
use crate::directory::user::{self, Origin};
use crate::directory::{Action, Decision, Page, Target, may, past};
use crate::edge::Response;

/// `GET .../users`
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let request = page_request(call.request)?;
    let organization = call.organization()?;
    let page = app.store.read(|conn| {
        let page = user::list(conn, &organization.id, &request)?;
        let items = page
            .items
            .iter()
            .map(|user| user::view(conn, user, call.now))
            .collect::<Result<Vec<_>, _>>()?;
        Ok::<_, Problem>(Page {
            items,
            total: page.total,
            next: page.next,
        })
    })?;
    answer(200, &page)
}

/// `GET .../users/{user}`
pub(in crate::web) fn show(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization = call.organization()?;
    if let Some(at) = time(call, "at")? {
        return shown_as_of(app, call, at);
    }
    let view = app.store.read(|conn| {
        let found = user::find_in(conn, &organization.id, call.parameter("user"))?;
        user::view(conn, &found, call.now)
    })?;
    answer(200, &view)
}

/// As they were at a time, which is in the audit log, and so for those who may read that.
fn shown_as_of(app: &App, call: &Call<'_>, at: Timestamp) -> Result<Response, Problem> {
    let organization = &call.organization()?.id;
    let target = Target::Organization(organization);
    if may(&call.signed_in()?.actor(), Action::ReadTraces, target) != Decision::Allowed {
        return Err(Problem::forbidden());
    }
    let id = call.parameter("user");
    let person = app
        .store
        .read(|conn| past::at(conn, organization, at, call.now)?.user(id))?
        .ok_or_else(|| {
            Problem::new(404, "not-found", format!("There was no such user at {at}."))
        })?;
    answer(200, &person.view(at))
}

/// `PATCH .../users/{user}`: switches a user on or off; off ends their sessions.
pub(in crate::web) fn change(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["active"])?;
    let active = body
        .flag("active")?
        .ok_or_else(|| Problem::field("active", "is missing"))?;
    let organization_id = call.organization()?.id.clone();
    let id = call.parameter("user").to_owned();
    let (by, now) = (call.author()?, call.now);
    let actor = call.signed_in()?.actor();
    let view = app.store.write(move |tx| {
        let found = user::find_in(tx, &organization_id, &id)?;
        let target = Target::User {
            organization_id: &organization_id,
            local: found.origin == Origin::Local,
            level: user::level(tx, &id)?,
        };
        if may(&actor, Action::ChangeUsers, target) != Decision::Allowed {
            return Err(Problem::forbidden());
        }
        user::set_active(tx, &id, active, &by, now)?;
        Ok(user::view(
            tx,
            &user::find_in(tx, &organization_id, &id)?,
            now,
        )?)
    })?;
    answer(200, &view)
}
