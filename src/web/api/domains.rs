//! E-mail domains: what an organization's admin has added counts once a DNS record proves it, or
//! once an operator, who sees those of all organizations, approves it.

use serde_json::json;

use super::super::login::query_value;
use super::super::route::Call;
use super::super::{App, Problem};
use super::{Body, json as answer, page_request};
use crate::directory::domain::{self, DomainState, EmailDomain};
use crate::directory::domain_proof;
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

/// `POST .../domains/{domain}/verify`: looks for the DNS record that proves a domain of the
/// organization; where it is there, the domain counts.
pub(in crate::web) fn verify(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let domain = named(call)?;
    let organization_id = call.organization()?.id.as_str();
    let challenge = app
        .store
        .read(|conn| domain_proof::challenge(conn, &domain, Some(organization_id)))?;
    if let Some(challenge) = challenge {
        challenge.look_up(&app.resolvers())?;
        let (name, by, now) = (domain.clone(), call.author()?, call.now);
        app.store
            .write(move |tx| domain_proof::proved(tx, &name, &challenge, &by, now))?;
    }
    answer(
        200,
        &json!({ "domain": domain, "state": DomainState::Active }),
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
