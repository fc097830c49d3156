//! Traces of an organization's exchanges.

use super::super::login::query_value;
use super::super::route::Call;
use super::super::{App, Problem};
use super::{json as answer, page_request};
use crate::directory::Page;
use crate::edge::Response;
use crate::observe::trace::{self, Filter, Kind, Outcome};

/// `GET .../traces`
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let request = page_request(call.request)?;
    let organization = call.organization()?;
    let kind = query_value(call.request, "kind")
        .map(|word| {
            Kind::parse(&word).ok_or_else(|| Problem::field("kind", "expected saml or scim"))
        })
        .transpose()?;
    let outcome = query_value(call.request, "outcome")
        .map(|word| {
            Outcome::parse(&word)
                .ok_or_else(|| Problem::field("outcome", "expected accepted or refused"))
        })
        .transpose()?;
    let filter = Filter {
        organization_id: Some(&organization.id),
        kind,
        outcome,
    };
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
