//! Groups of an organization and the level their members inherit.

use super::super::login::query_value;
use super::super::route::Call;
use super::super::{App, Problem};
use super::{Body, json as answer, page_request};
use crate::directory::{Level, Page, group, level_change, user};
use crate::edge::Response;

/// `GET .../groups`
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let request = page_request(call.request)?;
    let organization = call.organization()?;
    answer(
        200,
        &app.store
            .read(|conn| group::list(conn, &organization.id, &request))?,
    )
}

/// `GET .../groups/{group}`
pub(in crate::web) fn show(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization = call.organization()?;
    let id = call.parameter("group");
    answer(
        200,
        &app.store
            .read(|conn| group::find_in(conn, &organization.id, id))?,
    )
}

/// `PATCH .../groups/{group}`
pub(in crate::web) fn change(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["level"])?;
    let level: Level = body.required_text("level")?.parse()?;
    if level == Level::Admin {
        call.demand_recent(app)?;
    }
    let organization_id = call.organization()?.id.clone();
    let id = call.parameter("group").to_owned();
    let (by, now) = (call.author()?, call.now);
    let changed = app.store.write(move |tx| {
        group::find_in(tx, &organization_id, &id)?;
        group::set_level(tx, &id, level, &by, now)
    })?;
    answer(200, &changed)
}

/// `GET .../groups/{group}/level-change?level=`: who would gain and who would lose.
pub(in crate::web) fn level_change(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let to: Level = query_value(call.request, "level")
        .ok_or_else(|| Problem::field("level", "is missing: ask with ?level=viewer, say"))?
        .parse()?;
    let organization = call.organization()?;
    let asker = call.signed_in()?.user_id();
    let preview = app.store.read(|conn| {
        let found = group::find_in(conn, &organization.id, call.parameter("group"))?;
        level_change::preview(conn, &found, to, asker)
    })?;
    answer(200, &preview)
}

/// `GET .../groups/{group}/members`
pub(in crate::web) fn members(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let request = page_request(call.request)?;
    let organization = call.organization()?;
    let id = call.parameter("group");
    let page = app.store.read(|conn| {
        group::find_in(conn, &organization.id, id)?;
        let page = user::members(conn, id, &request)?;
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
