//! The sessions of an organization's people: who is in, and putting them out.

use serde_json::json;

use super::super::login::query_value;
use super::super::route::Call;
use super::super::{App, Problem};
use super::{json as answer, page_request};
use crate::directory::{sessions, user};
use crate::edge::Response;

/// `GET .../sessions`, of one user with `?user=`
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    if let Some(user) = query_value(call.request, "user") {
        return of(app, call, &user);
    }
    let request = page_request(call.request)?;
    let organization = call.organization()?;
    let own = call.session_id()?;
    let page = app
        .store
        .read(|conn| sessions::list(conn, organization, &request, own, call.now))?;
    answer(200, &page)
}

/// `GET .../users/{user}/sessions`
pub(in crate::web) fn of_user(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    of(app, call, call.parameter("user"))
}

fn of(app: &App, call: &Call<'_>, user: &str) -> Result<Response, Problem> {
    let organization = call.organization()?;
    let own = call.session_id()?;
    let items = app.store.read(|conn| {
        let owner = user::find_in(conn, &organization.id, user)?;
        sessions::views_of_user(conn, &owner, own, call.now)
    })?;
    answer(
        200,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}

/// `DELETE .../sessions/{session}`
pub(in crate::web) fn end(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization_id = call.organization()?.id.clone();
    let id = call.parameter("session").to_owned();
    let (by, now) = (call.author()?, call.now);
    app.store
        .write(move |tx| sessions::end(tx, &organization_id, &id, &by, now))?;
    Ok(Response::new(204))
}

/// `DELETE .../users/{user}/sessions`
pub(in crate::web) fn end_of_user(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization_id = call.organization()?.id.clone();
    let id = call.parameter("user").to_owned();
    let (by, now) = (call.author()?, call.now);
    let ended = app.store.write(move |tx| {
        let owner = user::find_in(tx, &organization_id, &id)?;
        sessions::end_of_user(tx, &owner, &by, now)
    })?;
    answer(200, &json!({ "ended": ended }))
}

/// `DELETE .../sessions`: everybody out, the person who asks included.
pub(in crate::web) fn end_all(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization = call.organization()?.clone();
    let (by, now) = (call.author()?, call.now);
    let ended = app
        .store
        .write(move |tx| sessions::end_of_organization(tx, &organization, &by, now))?;
    answer(200, &json!({ "ended": ended }))
}
