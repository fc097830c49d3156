//! How long the audit log keeps its lines.

use serde_json::{Value, json};

use super::super::route::Call;
use super::super::{App, Problem};
use super::{Body, json as answer};
use crate::edge::Response;
use crate::observe::audit::retention;

/// `GET /api/v1/audit/retention`; null is for good.
pub(in crate::web) fn show(app: &App, _: &Call<'_>) -> Result<Response, Problem> {
    let days = app.store.read(retention::days)?;
    answer(200, &json!({ "days": days }))
}

/// `PATCH /api/v1/audit/retention`. What is too old goes within the day; the rest can still be
/// checked.
pub(in crate::web) fn change(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["days"])?;
    let days = match body.0.get("days") {
        None => return Err(Problem::field("days", "is missing")),
        Some(Value::Null) => None,
        Some(value) => Some(checked(value)?),
    };
    let (by, now) = (call.author()?, call.now);
    app.store
        .write(move |tx| retention::keep(tx, days, &by, now))?;
    show(app, call)
}

fn checked(value: &Value) -> Result<u32, Problem> {
    value
        .as_u64()
        .and_then(|days| u32::try_from(days).ok())
        .filter(|days| retention::DAYS.contains(days))
        .ok_or_else(|| {
            let (least, most) = (retention::DAYS.start(), retention::DAYS.end());
            let detail = format!("expected days from {least} to {most}, or null for good");
            Problem::field("days", detail)
        })
}
