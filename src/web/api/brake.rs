//! The brake on SCIM: its limits, what it holds, and an admin's answer.

use std::time::Duration;

use serde_json::json;

use super::super::route::Call;
use super::super::{App, Problem};
use super::{Body, json as answer};
use crate::directory::brake::settings::{self, Wanted};
use crate::directory::brake::{Decision, Hold, Settings, hold};
use crate::edge::Response;

/// `GET .../scim/brake`: the limits and the latest holds.
pub(in crate::web) fn show(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization = &call.organization()?.id;
    let (settings, holds) = app.store.read(|conn| {
        Ok::<_, Problem>((
            Settings::of(conn, organization)?,
            hold::list(conn, organization, call.now)?,
        ))
    })?;
    answer(
        200,
        &json!({ "settings": settings, "total": holds.len(), "items": holds, "next": null }),
    )
}

/// `PATCH .../scim/brake`
pub(in crate::web) fn change(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["armed", "share", "people", "window_s"])?;
    let window = body
        .number("window_s")?
        .map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
    let wanted = Wanted {
        armed: body.flag("armed")?,
        share: body.number("share")?,
        people: body.number("people")?,
        window,
    };
    let organization = call.organization()?.clone();
    let (by, now) = (call.author()?, call.now);
    let changed = app
        .store
        .write(move |tx| settings::change(tx, &organization, &wanted, &by, now))?;
    answer(200, &json!({ "settings": changed }))
}

/// `GET .../scim/brake/holds/{hold}`: with those it is about.
pub(in crate::web) fn show_hold(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization = &call.organization()?.id;
    let id = call.parameter("hold");
    let found = app
        .store
        .read(|conn| hold::find(conn, organization, id, call.now))?
        .ok_or_else(Problem::not_found)?;
    whole(app, &found)
}

/// `POST .../scim/brake/holds/{hold}/decision`
pub(in crate::web) fn decide(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["decision"])?;
    let decision: Decision = body
        .required_text("decision")?
        .parse()
        .map_err(|expected: String| Problem::field("decision", expected))?;
    let organization = call.organization()?.clone();
    let id = call.parameter("hold").to_owned();
    let (by, now) = (call.author()?, call.now);
    let decided = app
        .store
        .write(move |tx| hold::decide(tx, &organization, &id, decision, &by, now))?;
    whole(app, &decided)
}

fn whole(app: &App, hold: &Hold) -> Result<Response, Problem> {
    let people = app.store.read(|conn| hold::people(conn, &hold.id))?;
    let mut value = serde_json::to_value(hold)
        .map_err(|e| Problem::new(500, "internal", format!("writing the answer: {e}")))?;
    if let Some(object) = value.as_object_mut() {
        object.insert("named".to_owned(), json!(people));
    }
    answer(200, &value)
}
