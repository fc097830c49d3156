//! Traces of an organization's exchanges.

use super::super::login::query_value;
use super::super::route::Call;
use super::super::{App, Problem};
use super::{json as answer, page_request};
use crate::edge::Response;
use crate::observe::trace;

/// `GET .../traces`
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let request = page_request(call.request)?;
    let organization = call.organization()?;
    let kind = query_value(call.request, "kind");
    let outcome = query_value(call.request, "outcome");
    let page = app.store.read(|conn| {
        trace::page(
            conn,
            &organization.id,
            kind.as_deref(),
            outcome.as_deref(),
            request.after.as_deref(),
            request.limit,
        )
    })?;
    answer(200, &page)
}

/// `GET .../traces/{reference}`
pub(in crate::web) fn show(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization = call.organization()?;
    let reference = call.parameter("reference");
    let found = app
        .store
        .read(|conn| trace::find(conn, reference))?
        .filter(|trace| trace.organization_id.as_deref() == Some(&organization.id))
        .ok_or_else(Problem::not_found)?;
    answer(200, &found)
}
