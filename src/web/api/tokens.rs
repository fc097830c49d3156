//! SCIM tokens of an organization.

use serde_json::{Value, json};

use super::super::route::Call;
use super::super::{App, Problem};
use super::{Body, json as answer};
use crate::access::token::{self, ScimToken};
use crate::clock::Timestamp;
use crate::directory::{DirectoryError, provider};
use crate::edge::Response;

fn shown(token: &ScimToken) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "provider_id": token.provider_id,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "last_used_at": token.last_used_at,
        "last_used_from": token.last_used_from,
    })
}

/// `GET .../scim/tokens`
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization = call.organization()?;
    let tokens = app.store.read(|conn| token::list(conn, &organization.id))?;
    let items: Vec<Value> = tokens.iter().map(shown).collect();
    answer(
        200,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}

/// `POST .../scim/tokens`: the only answer that ever holds the token.
pub(in crate::web) fn create(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["name", "expires_at", "provider_id"])?;
    let name = body.text("name")?.unwrap_or("SCIM token").trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Problem::field("name", "expected 1 to 100 characters"));
    }
    let now = call.now;
    let expires_at = body
        .text("expires_at")?
        .map(|text| {
            Timestamp::parse(text)
                .filter(|at| *at > now)
                .ok_or_else(|| {
                    Problem::field(
                        "expires_at",
                        "expected a time to come, such as 2030-01-31T00:00:00Z",
                    )
                })
        })
        .transpose()?;
    let organization = call.organization()?;
    let id = organization.id.clone();
    let by = call.author()?;
    let asked = body.text("provider_id")?.map(str::to_owned);
    let (made, secret) = app.store.write(move |tx| {
        let provider = provider::of_token(tx, &id, asked.as_deref())?;
        let made = token::create(tx, &id, provider.as_deref(), &name, expires_at, &by, now)?;
        Ok::<_, DirectoryError>(made)
    })?;
    let mut value = shown(&made);
    if let Some(object) = value.as_object_mut() {
        object.insert(
            "endpoint".into(),
            app.public.scim(&organization.slug).into(),
        );
        object.insert("token".into(), secret.expose().into());
    }
    answer(201, &value)
}

/// `DELETE .../scim/tokens/{token}`
pub(in crate::web) fn revoke(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization_id = call.organization()?.id.clone();
    let id = call.parameter("token").to_owned();
    let (by, now) = (call.author()?, call.now);
    let found = app
        .store
        .write(move |tx| token::revoke(tx, &organization_id, &id, &by, now))?;
    if found {
        Ok(Response::new(204))
    } else {
        Err(Problem::not_found())
    }
}
