//! Traces of an organization's exchanges, and how long all are kept.

use serde_json::json;

use super::super::login::query_value;
use super::super::route::Call;
use super::super::{App, Problem};
use super::audit::time;
use super::{Body, json as answer, page_request};
use crate::directory::Page;
use crate::edge::Response;
use crate::observe::trace::retention::{self, Wanted};
use crate::observe::trace::{self, Filter, Kind, Outcome, Trace, document};

/// `GET .../traces`
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let request = page_request(call.request)?;
    let organization = call.organization()?;
    let text = |name: &'static str| match query_value(call.request, name) {
        Some(text) if text.len() > 512 => Err(Problem::field(name, "is too long")),
        other => Ok(other.filter(|text| !text.is_empty())),
    };
    let kind = text("kind")?
        .map(|word| {
            Kind::parse(&word)
                .ok_or_else(|| Problem::field("kind", "expected saml, scim or break-glass"))
        })
        .transpose()?;
    let outcome = text("outcome")?
        .map(|word| {
            Outcome::parse(&word)
                .ok_or_else(|| Problem::field("outcome", "expected accepted or refused"))
        })
        .transpose()?;
    let status = text("status")?
        .map(|number| {
            let status = number.parse().ok();
            status
                .filter(|status| (100..=599).contains(status))
                .ok_or_else(|| Problem::field("status", "expected a status such as 409"))
        })
        .transpose()?;
    let method = text("method")?.map(|method| method.to_ascii_uppercase());
    if method
        .as_deref()
        .is_some_and(|method| !["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].contains(&method))
    {
        return Err(Problem::field(
            "method",
            "expected GET, POST, PUT, PATCH or DELETE",
        ));
    }
    let (code, resource, token) = (text("code")?, text("resource")?, text("token")?);
    let filter = Filter {
        organization_id: Some(&organization.id),
        kind,
        outcome,
        code: code.as_deref(),
        method: method.as_deref(),
        status,
        resource: resource.as_deref(),
        token: token.as_deref(),
        since: time(call, "since")?,
    };
    // What was gathered is not to be looked for in vain.
    app.traces.flush();
    let items = app
        .store
        .read(|conn| trace::search(conn, &filter, request.after.as_deref(), request.limit))?;
    let full = items.len() == request.limit;
    let next = items
        .last()
        .filter(|_| full)
        .map(|trace| trace.reference.clone());
    let page = Page {
        items,
        total: None,
        next,
    };
    answer(200, &page)
}

/// `GET .../traces/{reference}`, with how large the response is that is kept with it.
pub(in crate::web) fn show(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let found = of_organization(app, call)?;
    let bytes = app.store.read(|conn| document::size(conn, &found))?;
    let mut value = json!(found);
    if let Some(object) = value.as_object_mut() {
        let kept = bytes.map(|bytes| json!({ "bytes": bytes }));
        object.insert("document".to_owned(), json!(kept));
    }
    answer(200, &value)
}

/// The trace in the address, which must be of the organization in the address.
pub(super) fn of_organization(app: &App, call: &Call<'_>) -> Result<Trace, Problem> {
    let organization = call.organization()?;
    let reference = call.parameter("reference");
    app.store
        .read(|conn| trace::find(conn, reference))?
        .filter(|trace| trace.organization_id.as_deref() == Some(&organization.id))
        .ok_or_else(Problem::not_found)
}

/// `GET /api/v1/trace-retention`
pub(in crate::web) fn retention(app: &App, _: &Call<'_>) -> Result<Response, Problem> {
    answer(200, &app.store.read(retention::read)?)
}

/// `PATCH /api/v1/trace-retention`
pub(in crate::web) fn change_retention(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["days", "accepted", "refused"])?;
    let wanted = Wanted {
        days: body.number("days")?,
        accepted: body.number("accepted")?,
        refused: body.number("refused")?,
    };
    if let Some((field, expected)) = wanted.wrong() {
        return Err(Problem::field(field, expected));
    }
    let (by, now) = (call.author()?, call.now);
    let changed = app
        .store
        .write(move |tx| retention::change(tx, &wanted, &by, now))?;
    answer(200, &changed)
}
