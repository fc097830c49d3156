//! The own account: profile, password, second factor and sessions of whoever is signed in.

use serde_json::{Value, json};

use super::super::route::Call;
use super::super::signed_in::Who;
use super::super::{App, Problem, join, qr_code};
use super::{Body, json as answer};
use crate::access::second_factor::{self, Checked, SecondFactorError};
use crate::access::secret::Secret;
use crate::access::session::Session;
use crate::access::{local_password, new_password, throttle};
use crate::directory::local_sign_in::{self, LocalSignInError};
use crate::directory::local_user::{self, Change};
use crate::directory::organization::Organization;
use crate::directory::user::{self, User};
use crate::directory::{DirectoryError, provider, sessions, way_in};
use crate::edge::Response;

/// Who asks, as a user; a break-glass account has none of this.
fn own<'c>(call: &'c Call<'_>) -> Result<(&'c User, &'c Organization, &'c Session), Problem> {
    let signed_in = call.signed_in()?;
    match &signed_in.who {
        Who::User {
            user, organization, ..
        } => Ok((user, organization, signed_in.session()?)),
        Who::Operator { .. } => Err(Problem::new(
            404,
            "no-account",
            "A break-glass account has no profile; it is changed on the machine itself, with \
             `portcullis break-glass`.",
        )),
        Who::Token { .. } => Err(Problem::in_person()),
    }
}

/// `GET /api/v1/account`
pub(in crate::web) fn show(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let (user, organization, _) = own(call)?;
    let shown = app
        .store
        .read(|conn| shown(conn, user, organization).map_err(Problem::from))?;
    answer(200, &shown)
}

fn shown(
    conn: &rusqlite::Connection,
    user: &User,
    organization: &Organization,
) -> Result<Value, DirectoryError> {
    let password = local_password::find(conn, &user.id)?;
    let second_factor = second_factor::status(conn, &user.id)?;
    Ok(json!({
        "id": user.id,
        "userName": user.user_name,
        "email": user.email,
        "displayName": user.display_name,
        "origin": user.origin,
        "organization": {
            "id": organization.id,
            "slug": organization.slug,
            "name": organization.name,
        },
        "level": user::level(conn, &user.id)?,
        "levels": user::levels(conn, &user.id)?,
        "password": password.map(|stored| json!({ "changed_at": stored.changed_at })),
        "password_refused": way_in::no_password(conn, user)?,
        "second_factor": second_factor.map(|status| json!({
            "confirmed_at": status.confirmed_at,
            "recovery_codes_left": status.recovery_codes_left,
        })),
    }))
}

/// `PATCH /api/v1/account`
pub(in crate::web) fn change(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["displayName"])?;
    let (user, organization, _) = own(call)?;
    let change = Change::new(None, Some(body.required_text("displayName")?))?;
    let (user, organization) = (user.clone(), organization.clone());
    let (by, now) = (call.author()?, call.now);
    let shown = app.store.write(move |tx| {
        let changed = local_user::change(tx, &user, &change, &by, now)?;
        Ok::<_, Problem>(shown(tx, &changed, &organization)?)
    })?;
    answer(200, &shown)
}

/// `POST /api/v1/account/password`: ends the other sessions.
pub(in crate::web) fn set_password(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["current", "new"])?;
    let (user, organization, session) = own(call)?;
    let current = Secret::new(body.required_text("current")?);
    let chosen = Secret::new(body.required_text("new")?);
    may_use_password(app, user, "current")?;
    new_password::check(&chosen, &join::names(user, organization))
        .map_err(|reason| Problem::field("new", reason.to_string()))?;
    prove(app, call, user, &current, "current")?;
    let hash = app.gate.hash(&chosen)?;
    let (user, session) = (user.clone(), session.id.clone());
    let (by, now) = (call.author()?, call.now);
    app.store.write(move |tx| {
        way_in::set_password(tx, &user, &hash, Some(&session), &by, now)?;
        Ok::<_, Problem>(())
    })?;
    Ok(Response::new(204))
}

/// `POST /api/v1/account/second-factor`: offers a secret, which counts once it is confirmed.
pub(in crate::web) fn begin_second_factor(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let (user, organization, _) = own(call)?;
    may_use_password(app, user, "second_factor")?;
    let (id, now) = (user.id.clone(), call.now);
    let offer = app
        .store
        .write(move |tx| second_factor::begin(tx, &id, now))
        .map_err(not_set_up)?;
    let account = user.email.as_deref().unwrap_or(&user.user_name);
    let uri = offer.uri(&organization.name, account);
    answer(
        200,
        &json!({
            "secret": offer.secret.expose(),
            "uri": uri.expose(),
            "qr_svg": qr_code::svg(uri.expose()),
        }),
    )
}

/// `POST /api/v1/account/second-factor/confirm`: the only answer that ever holds the recovery codes.
pub(in crate::web) fn confirm_second_factor(
    app: &App,
    call: &Call<'_>,
) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["code"])?;
    let (user, _, _) = own(call)?;
    let code = body.required_text("code")?.to_owned();
    let (user, by, now) = (user.clone(), call.author()?, call.now);
    let codes = app
        .store
        .write(move |tx| {
            let codes = second_factor::confirm(tx, &user.id, &code, now)?;
            user::told(
                tx,
                "user.second-factor-set",
                &user,
                serde_json::Map::new(),
                &by,
                now,
            )
            .map_err(|error| match error {
                DirectoryError::Store(error) => SecondFactorError::Store(error),
                _ => SecondFactorError::NotBegun,
            })?;
            Ok(codes)
        })
        .map_err(not_set_up)?;
    let codes: Vec<&str> = codes.iter().map(Secret::expose).collect();
    answer(200, &json!({ "recovery_codes": codes }))
}

/// `DELETE /api/v1/account/second-factor`, with the password or a code.
pub(in crate::web) fn remove_second_factor(
    app: &App,
    call: &Call<'_>,
) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["password", "code"])?;
    let (user, _, _) = own(call)?;
    let (by, now) = (call.author()?, call.now);
    match (body.text("password")?, body.text("code")?) {
        (Some(password), None) => prove(app, call, user, &Secret::new(password), "password")?,
        (None, Some(code)) => {
            let keys = [
                throttle::Key::account(&format!("code {}", user.id)),
                throttle::Key::address(call.request.client.address),
            ];
            let (id, code) = (user.id.clone(), code.to_owned());
            let checked = app.store.write(move |tx| {
                throttle::attempt(tx, &keys, now)?;
                let checked = second_factor::check(tx, &id, &code, now)?;
                if checked == Checked::Passed {
                    throttle::given_back(tx, &keys, now)?;
                }
                Ok::<_, LocalSignInError>(checked)
            });
            match checked {
                Ok(Checked::Passed) => {}
                Ok(Checked::Wrong) => return Err(Problem::field("code", "is wrong")),
                Err(error) => return Err(not_proved(error, "code")),
            }
        }
        _ => {
            return Err(Problem::field(
                "password",
                "give either your password or a code",
            ));
        }
    }
    let user = user.clone();
    let removed = app
        .store
        .write(move |tx| way_in::remove_second_factor(tx, &user, &by, now))?;
    if removed {
        Ok(Response::new(204))
    } else {
        Err(Problem::new(
            404,
            "not-found",
            "There is no second factor to remove.",
        ))
    }
}

/// `GET /api/v1/account/sessions`
pub(in crate::web) fn own_sessions(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let (user, _, current) = own(call)?;
    let items = app.store.read(|conn| {
        sessions::of_user(conn, user, call.now)?
            .iter()
            .map(|session| {
                let provider = session
                    .provider_id
                    .as_deref()
                    .map(|id| provider::find(conn, id))
                    .transpose()?;
                Ok(json!({
                    "id": session.id,
                    "current": session.id == current.id,
                    "method": session.method.word(),
                    "provider": provider.map(|p| json!({ "id": p.id, "name": p.name })),
                    "client": session.client,
                    "user_agent": session.user_agent,
                    "created_at": session.created_at,
                    "last_seen_at": session.last_seen_at,
                    "expires_at": session.expires_at,
                }))
            })
            .collect::<Result<Vec<Value>, Problem>>()
    })?;
    answer(
        200,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}

/// `DELETE /api/v1/account/sessions/{session}`
pub(in crate::web) fn end_session(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let (user, _, _) = own(call)?;
    let (user, id) = (user.clone(), call.parameter("session").to_owned());
    let (by, now) = (call.author()?, call.now);
    let ended = app
        .store
        .write(move |tx| way_in::end_own_session(tx, &user, &id, &by, now))?;
    if ended {
        Ok(Response::new(204))
    } else {
        Err(Problem::not_found())
    }
}

/// `DELETE /api/v1/account/sessions`: all but this one.
pub(in crate::web) fn end_other_sessions(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let (user, _, current) = own(call)?;
    let (user, current) = (user.clone(), current.id.clone());
    let (by, now) = (call.author()?, call.now);
    app.store
        .write(move |tx| way_in::end_other_sessions(tx, &user, &current, &by, now))?;
    Ok(Response::new(204))
}

/// A password that may be used now, or a conflict that says why there is none.
fn may_use_password(app: &App, user: &User, field: &'static str) -> Result<(), Problem> {
    app.store.read(|conn| {
        let refused = match local_password::find(conn, &user.id)? {
            None => Some("you sign in with your identity provider and have no password here"),
            Some(_) => way_in::no_password(conn, user)?,
        };
        match refused {
            Some(reason) => Err(DirectoryError::conflict(field, reason).into()),
            None => Ok(()),
        }
    })
}

fn prove(
    app: &App,
    call: &Call<'_>,
    user: &User,
    password: &Secret,
    field: &'static str,
) -> Result<(), Problem> {
    let client = call.request.client.address;
    local_sign_in::prove(&app.store, &app.gate, user, password, client, call.now)
        .map_err(|error| not_proved(error, field))
}

fn not_proved(error: LocalSignInError, field: &'static str) -> Problem {
    match error {
        LocalSignInError::Refused => Problem::field(field, "is wrong"),
        LocalSignInError::Throttled { retry_after } => Problem {
            retry_after: Some(retry_after),
            ..Problem::new(429, "throttled", error.to_string())
        },
        LocalSignInError::Busy => Problem {
            retry_after: Some(std::time::Duration::from_secs(3)),
            ..Problem::new(503, "busy", error.to_string())
        },
        LocalSignInError::Directory(error) => error.into(),
    }
}

fn not_set_up(error: SecondFactorError) -> Problem {
    match error {
        SecondFactorError::Store(error) => error.into(),
        SecondFactorError::Wrong => Problem::field("code", error.to_string()),
        other => DirectoryError::conflict("second_factor", other.to_string()).into(),
    }
}
