//! Who is signed in, or whose token it is.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::super::route::Call;
use super::super::signed_in::{TokenOwner, Who};
use super::super::{App, Problem, cookie, login};
use super::json as answer;
use crate::directory::organization::Organization;
use crate::directory::user::{self, User};
use crate::directory::{Level, Levels, provider};
use crate::edge::Response;

/// `GET /api/v1/session`
pub(in crate::web) fn show(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let signed_in = call.signed_in()?;
    let value = match &signed_in.who {
        Who::Operator { id, name } => {
            let session = signed_in.session()?;
            let mut value = of_operator(Some((id, name)), session.expires_at);
            set(
                &mut value,
                "authenticated_at",
                json!(session.authenticated_at),
            );
            value
        }
        Who::User {
            user,
            organization,
            levels,
        } => {
            let session = signed_in.session()?;
            app.store.read(|conn| {
                let mut value = of_user(conn, user, organization, *levels)?;
                if let Some(id) = &session.provider_id {
                    let provider = provider::find(conn, id)?;
                    set(
                        &mut value,
                        "provider",
                        json!({ "id": provider.id, "name": provider.name }),
                    );
                }
                set(&mut value, "expires_at", json!(session.expires_at));
                set(
                    &mut value,
                    "authenticated_at",
                    json!(session.authenticated_at),
                );
                Ok::<_, Problem>(value)
            })?
        }
        Who::Token { token, owner } => {
            let mut value = match owner {
                TokenOwner::User {
                    user,
                    organization,
                    levels,
                } => app
                    .store
                    .read(|conn| of_user(conn, user, organization, *levels))?,
                TokenOwner::Organization(organization) => of_organization(organization),
                TokenOwner::Operator { id, name } => {
                    of_operator(Some((id, name)), token.expires_at)
                }
                TokenOwner::Appliance => of_operator(None, token.expires_at),
            };
            set(&mut value, "expires_at", json!(token.expires_at));
            set(
                &mut value,
                "token",
                json!({
                    "id": token.id,
                    "name": token.name,
                    "scopes": token.scopes.words(),
                    "expires_at": token.expires_at,
                }),
            );
            value
        }
    };
    answer(200, &value)
}

fn set(value: &mut Value, name: &str, to: Value) {
    if let Some(object) = value.as_object_mut() {
        object.insert(name.to_owned(), to);
    }
}

fn of_operator(operator: Option<(&String, &String)>, expires_at: crate::clock::Timestamp) -> Value {
    json!({
        "user": null,
        "operator": operator.map(|(id, name)| json!({ "id": id, "name": name })),
        "organization": null,
        "level": "operator",
        "levels": ["operator"],
        "groups": [],
        "provider": null,
        "token": null,
        "expires_at": expires_at,
    })
}

/// An organization's own token does what its admins may.
fn of_organization(organization: &Organization) -> Value {
    json!({
        "user": null,
        "operator": null,
        "organization": named(organization),
        "level": Level::Admin,
        "levels": [Level::Admin],
        "groups": [],
        "provider": null,
        "token": null,
        "expires_at": null,
    })
}

fn of_user(
    conn: &Connection,
    user: &User,
    organization: &Organization,
    levels: Levels,
) -> Result<Value, Problem> {
    let groups: Vec<Value> = user::levels(conn, &user.id)?
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
    Ok(json!({
        "user": {
            "id": user.id,
            "userName": user.user_name,
            "email": user.email,
            "displayName": user.display_name,
            "origin": user.origin,
        },
        "operator": null,
        "organization": named(organization),
        "level": levels.highest(),
        "levels": Level::ALL.into_iter().rev().filter(|l| levels.contains(*l)).collect::<Vec<_>>(),
        "groups": groups,
        "provider": null,
        "token": null,
        "expires_at": null,
    }))
}

fn named(organization: &Organization) -> Value {
    json!({
        "id": organization.id,
        "slug": organization.slug,
        "name": organization.name,
    })
}

/// `DELETE /api/v1/session`
pub(in crate::web) fn end(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    login::sign_out_of(app, call, &[cookie::SESSION, cookie::OPERATOR])?;
    Ok(Response::new(204)
        .header("Set-Cookie", cookie::remove(cookie::SESSION))
        .header("Set-Cookie", cookie::remove(cookie::SIGN_IN))
        .header("Set-Cookie", cookie::remove(cookie::OPERATOR)))
}
