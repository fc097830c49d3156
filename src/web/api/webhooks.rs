//! Webhooks: where the appliance's events are sent to.

use serde_json::json;

use super::super::route::Call;
use super::super::{App, Problem};
use super::{Body, json as answer};
use crate::edge::Response;
use crate::observe::webhook::{self, Address, Kinds, WebhookError};

/// `GET /api/v1/webhooks`
pub(in crate::web) fn list(app: &App, _: &Call<'_>) -> Result<Response, Problem> {
    let items = app.store.read(webhook::list)?;
    answer(
        200,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}

/// `POST /api/v1/webhooks`: the only answer that ever holds the signing secret.
pub(in crate::web) fn create(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["url", "kinds"])?;
    let address: Address = body.required_text("url")?.parse()?;
    let kinds = Kinds::of(body.texts("kinds")?.unwrap_or_default())?;
    let (by, now) = (call.author()?, call.now);
    let (made, secret) = app
        .store
        .write(move |tx| webhook::add(tx, &address, &kinds, &by, now))?;
    let mut value =
        serde_json::to_value(made).map_err(|e| Problem::new(500, "internal", e.to_string()))?;
    if let Some(object) = value.as_object_mut() {
        object.insert("secret".into(), secret.as_str().into());
    }
    answer(201, &value)
}

/// `POST /api/v1/webhooks/{webhook}/test`: queues an event for this one alone. What came of it is
/// in the list soon after.
pub(in crate::web) fn test(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let (id, by, now) = (
        call.parameter("webhook").to_owned(),
        call.author()?,
        call.now,
    );
    let event = app
        .store
        .write(move |tx| webhook::test(tx, &id, &by, now))?;
    answer(202, &json!({ "event": event }))
}

/// `DELETE /api/v1/webhooks/{webhook}`
pub(in crate::web) fn delete(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let (id, by, now) = (
        call.parameter("webhook").to_owned(),
        call.author()?,
        call.now,
    );
    app.store
        .write(move |tx| webhook::delete(tx, &id, &by, now))?;
    Ok(Response::new(204))
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        let text = error.to_string();
        match error {
            WebhookError::Address(_) => Self::field("url", text),
            WebhookError::Kind { .. } => Self::field("kinds", text),
            WebhookError::TooMany => Self {
                field: Some("url"),
                ..Self::new(409, "conflict", text)
            },
            WebhookError::Unknown => Self::new(404, "not-found", text),
            WebhookError::Store(error) => error.into(),
        }
    }
}
