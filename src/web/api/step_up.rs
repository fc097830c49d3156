//! How old a sign-in may be for what can't be taken back easily.

use serde_json::{Value, json};

use super::super::route::Call;
use super::super::{App, Problem};
use super::{Body, json as answer};
use crate::access::step_up::{self, MINUTES};
use crate::edge::Response;

/// `GET /api/v1/step-up`; null is as old as the session.
pub(in crate::web) fn show(app: &App, _: &Call<'_>) -> Result<Response, Problem> {
    let minutes = app.store.read(step_up::minutes)?;
    answer(200, &json!({ "minutes": minutes }))
}

/// `PATCH /api/v1/step-up`. Counts at the next request.
pub(in crate::web) fn change(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["minutes"])?;
    let minutes = match body.0.get("minutes") {
        None => return Err(Problem::field("minutes", "is missing")),
        Some(Value::Null) => None,
        Some(value) => Some(checked(value)?),
    };
    let (by, now) = (call.author()?, call.now);
    app.store
        .write(move |tx| step_up::set(tx, minutes, &by, now))?;
    show(app, call)
}

fn checked(value: &Value) -> Result<u32, Problem> {
    value
        .as_u64()
        .and_then(|minutes| u32::try_from(minutes).ok())
        .filter(|minutes| MINUTES.contains(minutes))
        .ok_or_else(|| {
            let (least, most) = (MINUTES.start(), MINUTES.end());
            let detail = format!("expected minutes from {least} to {most}, or null to ask nobody");
            Problem::field("minutes", detail)
        })
}
