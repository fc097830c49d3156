//! The appliance's own SAML key pairs.

use serde_json::json;

use super::super::route::Call;
use super::super::{App, Problem};
use super::{Body, json as answer};
use crate::directory::key_roll;
use crate::edge::Response;

/// `GET /api/v1/keys`: certificates and dates, never a private key.
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let items = app.store.read(|conn| key_roll::list(conn, call.now))?;
    answer(
        200,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}

/// `POST /api/v1/keys`: makes the next key pair of a kind; answers with all there are and what to
/// do at the identity providers.
pub(in crate::web) fn roll(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["kind"])?;
    let kind = key_roll::kind(body.required_text("kind")?)?;
    let (switch, keep) = (key_roll::SWITCH_DAYS, key_roll::KEEP_DAYS);
    key_roll::roll(&app.store, kind, switch, keep, &call.author()?, call.now)?;
    let items = app.store.read(|conn| key_roll::list(conn, call.now))?;
    answer(
        201,
        &json!({ "items": items, "steps": key_roll::steps(kind) }),
    )
}
