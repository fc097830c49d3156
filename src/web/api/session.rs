//! Who is signed in.

use serde_json::{Value, json};

use super::super::route::Call;
use super::super::signed_in::Who;
use super::super::{App, Problem, cookie, login};
use super::json as answer;
use crate::directory::{provider, user};
use crate::edge::Response;

/// `GET /api/v1/session`
pub(in crate::web) fn show(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let signed_in = call.signed_in()?;
    let session = &signed_in.session;
    let expires_at = session.expires_at;
    match &signed_in.who {
        Who::Operator { id, name } => answer(
            200,
            &json!({
                "user": null,
                "operator": { "id": id, "name": name },
                "organization": null,
                "level": "operator",
                "groups": [],
                "provider": null,
                "expires_at": expires_at,
            }),
        ),
        Who::User {
            user,
            organization,
            level,
        } => {
            let (levels, provider) = app.store.read(|conn| {
                let levels = user::levels(conn, &user.id)?;
                let provider = session
                    .provider_id
                    .as_deref()
                    .map(|id| provider::find(conn, id))
                    .transpose()?;
                Ok::<_, Problem>((levels, provider))
            })?;
            let groups: Vec<Value> = levels
                .iter()
                .filter_map(|source| {
                    let group = source.group.as_ref()?;
                    Some(json!({
                        "id": group.id,
                        "displayName": group.display_name,
                        "level": source.level,
                    }))
                })
                .collect();
            answer(
                200,
                &json!({
                    "user": {
                        "id": user.id,
                        "userName": user.user_name,
                        "email": user.email,
                        "displayName": user.display_name,
                        "origin": user.origin,
                    },
                    "operator": null,
                    "organization": {
                        "id": organization.id,
                        "slug": organization.slug,
                        "name": organization.name,
                    },
                    "level": level,
                    "groups": groups,
                    "provider": provider.map(|p| json!({ "id": p.id, "name": p.name })),
                    "expires_at": expires_at,
                }),
            )
        }
    }
}

/// `DELETE /api/v1/session`
pub(in crate::web) fn end(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    login::sign_out_of(app, call, &[cookie::SESSION, cookie::OPERATOR])?;
    Ok(Response::new(204)
        .header("Set-Cookie", cookie::remove(cookie::SESSION))
        .header("Set-Cookie", cookie::remove(cookie::OPERATOR)))
}
