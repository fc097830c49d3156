//! E-mail domains of all organizations, for operators: what an organization's admin has added
//! counts once one of them approves it.

use super::super::login::query_value;
use super::super::route::Call;
use super::super::{App, Problem};
use super::{Body, json as answer, page_request};
use crate::directory::domain::{self, DomainState, EmailDomain};
use crate::edge::Response;

/// `GET /api/v1/domains?state=`: those that wait, or those that count.
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let state = match query_value(call.request, "state") {
        None => DomainState::Pending,
        Some(text) => text.parse()?,
    };
    let request = page_request(call.request)?;
    answer(
        200,
        &app.store.read(|conn| domain::list(conn, state, &request))?,
    )
}

/// `PATCH /api/v1/domains/{domain}`
pub(in crate::web) fn approve(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["state"])?;
    if body.required_text("state")? != "active" {
        return Err(Problem::field(
            "state",
            "expected active; to refuse a domain that waits, DELETE it",
        ));
    }
    let domain = named(call)?;
    let (by, now) = (call.author()?, call.now);
    let approved = app
        .store
        .write(move |tx| domain::approve(tx, &domain, &by, now))?;
    answer(200, &approved)
}

/// `DELETE /api/v1/domains/{domain}`
pub(in crate::web) fn refuse(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let domain = named(call)?;
    let (by, now) = (call.author()?, call.now);
    app.store
        .write(move |tx| domain::refuse(tx, &domain, &by, now))?;
    Ok(Response::new(204))
}

/// The domain in the address; what can't be one isn't there.
fn named(call: &Call<'_>) -> Result<EmailDomain, Problem> {
    call.parameter("domain")
        .parse()
        .map_err(|_| Problem::not_found())
}
