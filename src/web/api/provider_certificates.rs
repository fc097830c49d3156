//! The pinned certificates of a provider.

use serde_json::json;

use super::super::route::Call;
use super::super::{App, Problem};
use super::{Body, json as answer};
use crate::directory::{certificates, provider};
use crate::edge::Response;
use crate::saml::certificate::Certificate;

/// `GET .../certificates`
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization = call.organization()?;
    let items = app.store.read(|conn| {
        let found = provider::find_in(conn, &organization.id, call.parameter("provider"))?;
        certificates::list(conn, &found.id, call.now)
    })?;
    answer(
        200,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}

/// `POST .../certificates`: lays one in beside the others.
pub(in crate::web) fn add(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["certificate"])?;
    let certificate = Certificate::parse(body.required_text("certificate")?.as_bytes())
        .map_err(|e| Problem::field("certificate", e.to_string()))?;
    let organization_id = call.organization()?.id.clone();
    let id = call.parameter("provider").to_owned();
    let (by, now) = (call.author()?, call.now);
    let items = app.store.write(move |tx| {
        let found = provider::find_in(tx, &organization_id, &id)?;
        certificates::add(tx, &found, &certificate, &by, now)?;
        certificates::list(tx, &id, now)
    })?;
    answer(
        201,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}

/// `DELETE .../certificates/{fingerprint}`
pub(in crate::web) fn remove(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization_id = call.organization()?.id.clone();
    let id = call.parameter("provider").to_owned();
    let fingerprint = call.parameter("fingerprint").to_owned();
    let (by, now) = (call.author()?, call.now);
    app.store.write(move |tx| {
        let found = provider::find_in(tx, &organization_id, &id)?;
        certificates::remove(tx, &found, &fingerprint, &by, now)
    })?;
    Ok(Response::new(204))
}
