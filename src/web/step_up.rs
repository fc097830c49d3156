//! Proving again who one is, before what can't be taken back easily (docs/adr/0012).
//!
//! A route says that it wants a recent sign-in (`Guard::Recent`); a session that is older is told so,
//! with the address that makes it recent. Whom an identity provider vouched for goes there with
//! ForceAuthn and must come back as the same person, to the same session, with an AuthnInstant that
//! isn't before the request. Whoever has a password gives it again, and the code with it.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::Connection;
use serde_json::json;

use super::login::{form_values, query_value};
use super::password::{bad, not_in, with_wait};
use super::route::Call;
use super::signed_in::{self, SignedIn, Who};
use super::template::page;
use super::{App, Problem, break_glass, cookie, return_to, switch};
use crate::access::secret::{self, Secret};
use crate::access::session::{self, Again, Method, Session, Subject};
use crate::access::sign_in_request::Pending;
use crate::access::step_up;
use crate::clock::Timestamp;
use crate::directory::user::User;
use crate::directory::{local_step_up, provider};
use crate::edge::Response;
use crate::observe::audit::Author;
use crate::saml::response::SignIn;
use crate::store::StoreError;

/// What whoever asks has to do first, if their sign-in is too old. A token never signed in; what it
/// may do is bounded by its scopes and its end.
pub(super) fn demanded(
    conn: &Connection,
    signed_in: &SignedIn,
    now: Timestamp,
) -> Result<Option<Problem>, Problem> {
    let Ok(session) = signed_in.session() else {
        return Ok(None);
    };
    if !step_up::is_due(conn, session, now)? {
        return Ok(None);
    }
    Ok(address(conn, session)?.map(Problem::step_up))
}

/// Where this session becomes recent; `None` where its identity provider can't do that.
fn address(conn: &Connection, session: &Session) -> Result<Option<String>, Problem> {
    Ok(match (session.method, &session.provider_id) {
        _ if matches!(session.subject, Subject::Operator(_)) => Some("/step-up".to_owned()),
        (Method::Saml, Some(id)) => {
            let provider = provider::find(conn, id)?;
            let can = provider::requests(conn, &provider)?.step_up;
            can.then(|| format!("/saml/{id}/login?step_up=1"))
        }
        (Method::Saml, None) => None,
        (Method::Password | Method::BreakGlass, _) => Some("/step-up".to_owned()),
    })
}

/// The id of the browser's session, where the start of a sign-in with this provider was asked to
/// step it up. Whoever has no session of the provider simply signs in.
///
/// # Errors
/// 403 where another site's page led here: it is nobody's business but ours to ask for this.
pub(super) fn of_browser(
    app: &App,
    call: &Call<'_>,
    provider_id: &str,
) -> Result<Option<String>, Problem> {
    if query_value(call.request, "step_up").is_none() {
        return Ok(None);
    }
    if switch::is_from_elsewhere(call.request) {
        return Err(Problem::new(
            403,
            "cross-origin",
            "Another site's page asked for this. Start it from the console.",
        ));
    }
    let Some(value) = cookie::read(call.request, cookie::SESSION) else {
        return Ok(None);
    };
    let found = app
        .store
        .read(|conn| signed_in::of_cookie(conn, value, call.now))?;
    let Some(found) = found else {
        return Ok(None);
    };
    let session = found.session()?;
    let its = session.provider_id.as_deref() == Some(provider_id);
    Ok(its.then(|| session.id.clone()))
}

/// Why an answer that was good doesn't step a session up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotSteppedUp {
    /// The session that was to be stepped up is over, or another one took its place.
    SessionOver,
    /// The browser has another session now.
    OtherSession,
    /// Somebody else signed in.
    OtherPerson,
}

impl NotSteppedUp {
    /// The stable code for traces.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::SessionOver => "step-up-session-over",
            Self::OtherSession => "step-up-other-session",
            Self::OtherPerson => "step-up-other-person",
        }
    }

    /// What was expected, and what came.
    pub(super) const fn compared(self) -> (&'static str, &'static str) {
        match self {
            Self::SessionOver => ("the session that asked", "it is over"),
            Self::OtherSession => ("the session that asked", "another session's cookie"),
            Self::OtherPerson => ("the owner of the session", "another person"),
        }
    }
}

/// Makes the session that asked recent, and gives it another cookie's value. `presented` is the
/// session cookie that came with the answer, if one did.
pub(super) fn settle(
    tx: &Connection,
    pending: &Pending,
    presented: Option<[u8; 32]>,
    (user, verified): (&User, &SignIn),
    by: &Author,
    now: Timestamp,
) -> Result<Result<(Secret, Session), NotSteppedUp>, StoreError> {
    let Some(hash) = pending.session_hash else {
        return Ok(Err(NotSteppedUp::SessionOver));
    };
    if presented.is_some_and(|presented| presented != hash) {
        return Ok(Err(NotSteppedUp::OtherSession));
    }
    let Some(session) = session::find(tx, &hash, now)? else {
        return Ok(Err(NotSteppedUp::SessionOver));
    };
    if pending.step_up.as_deref() != Some(session.id.as_str()) {
        return Ok(Err(NotSteppedUp::OtherSession));
    }
    if session.provider_id.as_deref() != Some(pending.provider_id.as_str()) {
        return Ok(Err(NotSteppedUp::OtherSession));
    }
    if session.subject != Subject::User(user.id.clone()) {
        return Ok(Err(NotSteppedUp::OtherPerson));
    }
    let again = Again {
        // That it isn't older than the request has been checked; whose clock is off doesn't matter.
        authenticated_at: now,
        name: Some((verified.name_id.clone(), verified.name_space.clone())),
        session_index: verified.session_index.clone(),
        not_on_or_after: verified.session_not_on_or_after,
    };
    let Some(token) = session::proved_again(tx, &hash, &again)? else {
        return Ok(Err(NotSteppedUp::SessionOver));
    };
    let detail = json!({ "method": "saml", "session": session.id });
    local_step_up::told(tx, user, detail, by, now)?;
    Ok(Ok((token, session)))
}

/// `GET /step-up`: the password once more; or the way to the identity provider.
pub(super) fn form(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let wanted = query_value(call.request, "return_to");
    let to = return_to::own_path(wanted.as_deref());
    let Some(signed_in) = find(app, call)? else {
        return Ok(Response::new(303).header("Location", "/login"));
    };
    let session = signed_in.session()?;
    match app.store.read(|conn| address(conn, session))? {
        Some(address) if address != "/step-up" => {
            let to = utf8_percent_encode(to, NON_ALPHANUMERIC);
            Ok(Response::new(303).header("Location", format!("{address}&return_to={to}")))
        }
        Some(_) => Ok(shown(200, &signed_in, to, "")),
        None => Ok(Response::new(303).header("Location", to)),
    }
}

/// `POST /step-up`
pub(super) fn prove(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let form = form_values(call.request)?;
    let to = return_to::own_path(form.value("return_to"));
    let password = Secret::new(form.value("password").unwrap_or_default());
    let code = form.value("code").filter(|code| !code.trim().is_empty());
    let Some(signed_in) = find(app, call)? else {
        return Ok(Response::new(303).header("Location", "/login"));
    };
    let again = |status, text: &str| shown(status, &signed_in, to, &bad(text));
    match &signed_in.who {
        Who::Operator { name, .. } => {
            let credentials = break_glass::credentials(call, name, password, code);
            break_glass::attempt(app, call, credentials, to, again)
        }
        Who::User { user, .. } if signed_in.session()?.method == Method::Password => {
            let Some(hash) = cookie::read(call.request, cookie::SESSION).map(secret::hash) else {
                return Err(Problem::sign_in_first());
            };
            let client = call.request.client.address;
            let given = (&password, code);
            let (store, gate) = (&app.store, &app.gate);
            match local_step_up::prove(store, gate, user, given, hash, client, call.now) {
                Ok(token) => {
                    let left = signed_in.session()?.expires_at.since(call.now);
                    let cookie = cookie::session(cookie::SESSION, token.expose(), left);
                    Ok(Response::new(303)
                        .header("Location", to)
                        .header("Set-Cookie", cookie))
                }
                Err(error) => {
                    let refusal = "That isn't your password, or the code is wrong or was used.";
                    let (status, text, wait) = not_in(error, refusal)?;
                    Ok(with_wait(again(status, &text), wait))
                }
            }
        }
        Who::User { .. } | Who::Token { .. } => Err(Problem::new(
            409,
            "conflict",
            "You signed in through your identity provider, so no password is asked for here.",
        )),
    }
}

/// `GET /step-up/done`: the window that was opened for it tells the console's and goes.
pub(super) fn done(_: &App, _: &Call<'_>) -> Result<Response, Problem> {
    Ok(page(200, "stepped-up.html", &[]))
}

fn find(app: &App, call: &Call<'_>) -> Result<Option<SignedIn>, Problem> {
    app.store
        .read(|conn| signed_in::find(conn, call.request, call.now))
}

fn shown(status: u16, signed_in: &SignedIn, to: &str, notice: &str) -> Response {
    let (name, kind) = match &signed_in.who {
        Who::Operator { name, .. } => (name.as_str(), "break-glass"),
        Who::User { user, .. } => (user.user_name.as_str(), "ordinary"),
        Who::Token { .. } => ("", "ordinary"),
    };
    let values = [
        ("name", name),
        ("kind", kind),
        ("return_to", to),
        ("notice", notice),
    ];
    page(status, "step-up.html", &values)
}
