//! The links with which a user sets a password.

use serde_json::{Value, json};

use super::super::route::Call;
use super::super::{App, Problem};
use super::users::changeable;
use super::{Body, json as answer};
use crate::access::invitation::{self, Invitation, Kind};
use crate::access::secret::Secret;
use crate::directory::{user, way_in};
use crate::edge::Response;

/// The only answer that ever holds a link.
pub(super) fn with_link(app: &App, made: &Invitation, link: &Secret) -> Result<Value, Problem> {
    let mut value =
        serde_json::to_value(made).map_err(|e| Problem::new(500, "internal", e.to_string()))?;
    if let Some(object) = value.as_object_mut() {
        object.insert("url".into(), app.public.join(link.expose()).into());
    }
    Ok(value)
}

/// `GET .../users/{user}/invitations`
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization = call.organization()?;
    let items = app.store.read(|conn| {
        let found = user::find_in(conn, &organization.id, call.parameter("user"))?;
        Ok::<_, Problem>(invitation::of_user(conn, &found.id)?)
    })?;
    answer(
        200,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}

/// `POST .../users/{user}/invitations`
pub(in crate::web) fn create(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["kind"])?;
    let kind = Kind::from_word(body.required_text("kind")?)
        .ok_or_else(|| Problem::field("kind", "expected join or reset"))?;
    let organization_id = call.organization()?.id.clone();
    let id = call.parameter("user").to_owned();
    let (actor, by, now) = (call.signed_in()?.actor(), call.author()?, call.now);
    let (made, link) = app.store.write(move |tx| {
        let found = changeable(tx, &actor, &organization_id, &id)?;
        Ok::<_, Problem>(way_in::invite(tx, &found, kind, &by, now)?)
    })?;
    answer(201, &with_link(app, &made, &link)?)
}

/// `DELETE .../users/{user}/invitations/{invitation}`
pub(in crate::web) fn revoke(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization_id = call.organization()?.id.clone();
    let id = call.parameter("user").to_owned();
    let link = call.parameter("invitation").to_owned();
    let (actor, by, now) = (call.signed_in()?.actor(), call.author()?, call.now);
    app.store.write(move |tx| {
        let found = changeable(tx, &actor, &organization_id, &id)?;
        Ok::<_, Problem>(way_in::revoke_invitation(tx, &found, &link, &by, now)?)
    })?;
    Ok(Response::new(204))
}
