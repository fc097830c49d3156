//! How a provider's published metadata is followed.

use serde_json::json;

use super::super::route::Call;
use super::super::{App, Problem};
use super::{Body, json as answer};
use crate::directory::metadata_poll::{self, Mode};
use crate::directory::provider::{self, Provider};
use crate::edge::Response;
use crate::saml::certificate::Certificate;

/// `GET .../metadata`
pub(in crate::web) fn show(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let found = find(app, call)?;
    let watch = app.store.read(|conn| metadata_poll::watch(conn, &found))?;
    answer(200, &watch)
}

/// `PATCH .../metadata`: the mode, or the certificate that must have signed it; an empty one takes
/// it away.
pub(in crate::web) fn change(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["mode", "trust_certificate"])?;
    let mode: Option<Mode> = body.text("mode")?.map(str::parse).transpose()?;
    let trust = match body.text("trust_certificate")? {
        None => None,
        Some("") => Some(None),
        Some(text) => {
            Some(Some(Certificate::parse(text.as_bytes()).map_err(|e| {
                Problem::field("trust_certificate", e.to_string())
            })?))
        }
    };
    let found = find(app, call)?;
    let (by, now) = (call.author()?, call.now);
    let watch = app.store.write(move |tx| {
        let trust = trust.as_ref().map(Option::as_ref);
        metadata_poll::set(tx, &found, mode, trust, &by, now)?;
        metadata_poll::watch(tx, &found)
    })?;
    answer(200, &watch)
}

/// `POST .../metadata/refresh`: looks now; with `dry_run` it changes nothing and says what differs.
pub(in crate::web) fn refresh(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["dry_run"])?;
    let found = find(app, call)?;
    if body.flag("dry_run")? == Some(true) {
        let document = metadata_poll::fetch(&app.store, &found)?.0?;
        let compared = app
            .store
            .read(|conn| metadata_poll::compare(conn, &found, &document, call.now))?;
        return answer(200, &json!({ "differences": compared.1 }));
    }
    metadata_poll::look(&app.store, &found, &call.author()?, call.now)?;
    let watch = app.store.read(|conn| metadata_poll::watch(conn, &found))?;
    answer(200, &watch)
}

/// `PATCH .../metadata/additions/{fingerprint}`: an admin's word on a certificate that waits.
pub(in crate::web) fn decide(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["state"])?;
    let accept = match body.required_text("state")? {
        "accepted" => true,
        "refused" => false,
        _ => return Err(Problem::field("state", "expected accepted or refused")),
    };
    let found = find(app, call)?;
    let fingerprint = call.parameter("fingerprint").to_owned();
    let (by, now) = (call.author()?, call.now);
    let watch = app.store.write(move |tx| {
        metadata_poll::decide(tx, &found, &fingerprint, accept, &by, now)?;
        metadata_poll::watch(tx, &found)
    })?;
    answer(200, &watch)
}

fn find(app: &App, call: &Call<'_>) -> Result<Provider, Problem> {
    let organization = call.organization()?;
    let id = call.parameter("provider");
    Ok(app
        .store
        .read(|conn| provider::find_in(conn, &organization.id, id))?)
}
