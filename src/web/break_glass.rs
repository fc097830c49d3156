//! The operator's sign-in: one form, with a field for a code that most accounts don't need. A
//! second page after a right password would tell a stranger that it was right.

use super::login::form_values;
use super::route::Call;
use super::template::{escape, page};
use super::{App, Problem, cookie, login};
use crate::access::break_glass::{self, Credentials, SignInError};
use crate::access::secret::Secret;
use crate::access::session;
use crate::edge::Response;
use crate::observe::trace::{self, About, Kind, Outcome, Record};

/// `GET /break-glass`
pub(super) fn form(_: &App, _: &Call<'_>) -> Result<Response, Problem> {
    Ok(page(
        200,
        "break-glass.html",
        &[("name", ""), ("notice", "")],
    ))
}

/// `POST /break-glass`
pub(super) fn sign_in(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let form = form_values(call.request)?;
    let name = form.value("username").unwrap_or_default().trim().to_owned();
    let password = Secret::new(form.value("password").unwrap_or_default());
    let credentials = credentials(call, &name, password, form.value("code"));
    attempt(app, call, credentials, "/console", |status, text| {
        again(status, &name, text)
    })
}

/// What somebody at this browser gives to be let in.
pub(super) fn credentials(
    call: &Call<'_>,
    name: &str,
    password: Secret,
    code: Option<&str>,
) -> Credentials {
    Credentials {
        name: name.to_owned(),
        password,
        code: code.map(Secret::new),
        client: call.request.client.address.to_canonical(),
        user_agent: call
            .request
            .header("user-agent")
            .unwrap_or_default()
            .to_owned(),
    }
}

/// Opens a session in place of the one that the browser has and goes on `to`, or shows the page
/// `again`.
pub(super) fn attempt(
    app: &App,
    call: &Call<'_>,
    credentials: Credentials,
    to: &str,
    again: impl Fn(u16, &str) -> Response,
) -> Result<Response, Problem> {
    let address = credentials.client;
    match break_glass::sign_in(&app.store, &app.gate, credentials, call.now) {
        Ok((operator, session)) => {
            login::end_sessions(app, call.request, &[cookie::OPERATOR])?;
            tracing::warn!(account = %operator.name, client = %address, "break-glass account used");
            record(
                app,
                call,
                Outcome::Accepted,
                "ok",
                &format!("{} signed in", operator.name),
            );
            Ok(Response::new(303).header("Location", to).header(
                "Set-Cookie",
                cookie::session(
                    cookie::OPERATOR,
                    session.expose(),
                    session::OPERATOR.absolute,
                ),
            ))
        }
        Err(SignInError::Refused(refusal)) => {
            let (code, summary) = (refusal.code(), refusal.summary());
            tracing::warn!(client = %address, reason = code, "break-glass sign-in refused");
            record(app, call, Outcome::Refused, code, &summary);
            Ok(again(
                403,
                "That doesn't open the door. Check account, password and code; whoever runs this \
                 Portcullis finds the reason with portcullis trace list.",
            ))
        }
        Err(SignInError::Throttled { retry_after }) => {
            tracing::warn!(client = %address, "break-glass sign-in throttled");
            let seconds = retry_after.as_secs().max(1);
            let text = format!("Too many attempts. Try again in {seconds} s.");
            Ok(again(429, &text).header("Retry-After", seconds.to_string()))
        }
        Err(SignInError::Busy) => {
            let text = "Too many people are signing in. Try again in a moment.";
            Ok(again(503, text).header("Retry-After", "3"))
        }
        Err(SignInError::Store(error)) => Err(error.into()),
    }
}

fn again(status: u16, name: &str, text: &str) -> Response {
    let notice = format!(
        "<p class=\"notice bad\" role=\"alert\">{}</p>",
        escape(text)
    );
    page(
        status,
        "break-glass.html",
        &[("name", name), ("notice", &notice)],
    )
}

fn record(app: &App, call: &Call<'_>, outcome: Outcome, code: &'static str, summary: &str) {
    let record = Record {
        kind: Kind::BreakGlass,
        organization_id: None,
        provider_id: None,
        outcome,
        code: code.to_owned(),
        about: About::default(),
        summary: summary.to_owned(),
        detail: serde_json::json!({ "client": call.request.client.address.to_string() }),
    };
    let now = call.now;
    app.store
        .write_later(move |tx| trace::write(tx, &record, now).map(|_| ()));
}
