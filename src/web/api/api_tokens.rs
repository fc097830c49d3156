//! API tokens: one's own, an organization's, the appliance's.

use serde_json::Value;

use super::super::route::Call;
use super::super::signed_in::Who;
use super::super::{App, Problem};
use super::{Body, json as answer, page_request};
use crate::access::api_token::{self, List, NewToken, Owner, Scope, Scopes};
use crate::clock::Timestamp;
use crate::directory::Page;
use crate::edge::Response;

/// `GET /api/v1/account/tokens`
pub(in crate::web) fn own(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    list(app, call, &List::Of(oneself(call)?))
}

/// `POST /api/v1/account/tokens`
pub(in crate::web) fn create_own(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    create(app, call, oneself(call)?)
}

/// `DELETE /api/v1/account/tokens/{token}`
pub(in crate::web) fn revoke_own(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    revoke(app, call, List::Of(oneself(call)?))
}

/// `GET .../api-tokens`
pub(in crate::web) fn of_organization(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    list(app, call, &List::Of(asked(call)?))
}

/// `POST .../api-tokens`
pub(in crate::web) fn create_for_organization(
    app: &App,
    call: &Call<'_>,
) -> Result<Response, Problem> {
    create(app, call, asked(call)?)
}

/// `DELETE .../api-tokens/{token}`
pub(in crate::web) fn revoke_of_organization(
    app: &App,
    call: &Call<'_>,
) -> Result<Response, Problem> {
    revoke(app, call, List::Of(asked(call)?))
}

/// `GET /api/v1/api-tokens`: the appliance's own and those of the break-glass accounts.
pub(in crate::web) fn of_operators(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    list(app, call, &List::Operators)
}

/// `POST /api/v1/api-tokens`: makes one of the appliance's own.
pub(in crate::web) fn create_for_appliance(
    app: &App,
    call: &Call<'_>,
) -> Result<Response, Problem> {
    create(app, call, Owner::Appliance)
}

/// `DELETE /api/v1/api-tokens/{token}`
pub(in crate::web) fn revoke_of_operators(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    revoke(app, call, List::Operators)
}

/// Whoever is signed in, as the owner of tokens.
fn oneself(call: &Call<'_>) -> Result<Owner, Problem> {
    match &call.signed_in()?.who {
        Who::User { user, .. } => Ok(Owner::User {
            id: user.id.clone(),
            organization_id: user.organization_id.clone(),
        }),
        Who::Operator { id, .. } => Ok(Owner::Operator(id.clone())),
        Who::Token { .. } => Err(Problem::in_person()),
    }
}

/// The organization in the address, as the owner of tokens.
fn asked(call: &Call<'_>) -> Result<Owner, Problem> {
    Ok(Owner::Organization(call.organization()?.id.clone()))
}

fn list(app: &App, call: &Call<'_>, which: &List) -> Result<Response, Problem> {
    let page = page_request(call.request)?;
    let (mut items, total) = app
        .store
        .read(|conn| api_token::list(conn, which, page.after.as_deref(), page.limit + 1))?;
    let more = items.len() > page.limit;
    items.truncate(page.limit);
    let next = items.last().filter(|_| more).map(|token| token.id.clone());
    answer(
        200,
        &Page {
            items,
            total: Some(total),
            next,
        },
    )
}

/// The only answer that ever holds the token.
fn create(app: &App, call: &Call<'_>, owner: Owner) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["name", "scopes", "expires_at"])?;
    let new = NewToken {
        owner,
        name: body.text("name")?.unwrap_or("API token").to_owned(),
        scopes: scopes(&body)?,
        expires_at: body.text("expires_at")?.map(time).transpose()?,
    };
    let (by, now) = (call.author()?, call.now);
    let (made, secret) = app
        .store
        .write(move |tx| api_token::create(tx, &new, &by, now))?;
    let mut value =
        serde_json::to_value(&made).map_err(|e| Problem::new(500, "internal", e.to_string()))?;
    if let Some(object) = value.as_object_mut() {
        object.insert("token".into(), Value::from(secret.expose()));
    }
    answer(201, &value)
}

fn scopes(body: &Body) -> Result<Scopes, Problem> {
    let words = body
        .texts("scopes")?
        .ok_or_else(|| Problem::field("scopes", "is missing: a list such as [\"read\"]"))?;
    words
        .into_iter()
        .map(|word| {
            Scope::parse(word).ok_or_else(|| {
                let known = Scope::ALL.map(Scope::word).join(", ");
                Problem::field("scopes", format!("expected words out of {known}"))
            })
        })
        .collect()
}

fn time(text: &str) -> Result<Timestamp, Problem> {
    Timestamp::parse(text)
        .ok_or_else(|| Problem::field("expires_at", "expected a time such as 2030-01-31T00:00:00Z"))
}

fn revoke(app: &App, call: &Call<'_>, among: List) -> Result<Response, Problem> {
    let id = call.parameter("token").to_owned();
    let (by, now) = (call.author()?, call.now);
    let found = app
        .store
        .write(move |tx| api_token::revoke(tx, &id, &among, &by, now))?;
    if found {
        Ok(Response::new(204))
    } else {
        Err(Problem::not_found())
    }
}
