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
/// do at the identity providers. `switch_days` and `keep_days` as on the command line.
pub(in crate::web) fn roll(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["kind", "switch_days", "keep_days"])?;
    let kind = key_roll::kind(body.required_text("kind")?)?;
    let (switch, keep) = (days(&body, "switch_days")?, days(&body, "keep_days")?);
    key_roll::roll(&app.store, kind, switch, keep, &call.author()?, call.now)?;
    let items = app.store.read(|conn| key_roll::list(conn, call.now))?;
    answer(
        201,
        &json!({ "items": items, "steps": key_roll::steps(kind) }),
    )
}

fn days(body: &Body, name: &'static str) -> Result<Option<u16>, Problem> {
    let wrong = || {
        let most = key_roll::MOST_DAYS;
        Problem::field(name, format!("expected 0 to {most} days"))
    };
    body.number(name)?
        .map(|days| u16::try_from(days).map_err(|_| wrong()))
        .transpose()
}
