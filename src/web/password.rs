//! A local user's sign-in pages: the password, then the code of the second factor where there is
//! one. Who types an address that nobody has sees the same pages.

use super::login::{form_values, query_value};
use super::route::Call;
use super::template::{escape, page};
use super::{App, Problem, cookie, return_to};
use crate::access::local_password::CODE_WITHIN;
use crate::access::secret::{self, Secret};
use crate::access::session;
use crate::directory::local_sign_in::{self, Browser, Given, LocalSignInError, Outcome};
use crate::edge::Response;

/// `GET /login/password`
pub(super) fn form(_: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let wanted = query_value(call.request, "return_to");
    Ok(shown(200, "", return_to::own_path(wanted.as_deref()), ""))
}

/// The page, with what was typed before.
pub(super) fn shown(status: u16, email: &str, return_to: &str, notice: &str) -> Response {
    let values = [
        ("email", email),
        ("return_to", return_to),
        ("notice", notice),
    ];
    page(status, "password.html", &values)
}

/// `POST /login/password`
pub(super) fn sign_in(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let form = form_values(call.request)?;
    let email = form.value("email").unwrap_or_default().trim().to_owned();
    let password = Secret::new(form.value("password").unwrap_or_default());
    let code = form.value("code").filter(|code| !code.trim().is_empty());
    let return_to = return_to::own_path(form.value("return_to"));
    let outcome = local_sign_in::sign_in(
        &app.store,
        &app.gate,
        &app.half_way,
        &Given {
            name: &email,
            password: &password,
            code,
        },
        browser(call),
        call.now,
    );
    match outcome {
        Ok(Outcome::In(session)) => Ok(welcome(&session, return_to)),
        Ok(Outcome::CodeWanted(note)) => {
            let cookie = cookie::session(cookie::HALF_WAY, note.expose(), CODE_WITHIN);
            Ok(code_page(200, return_to, "").header("Set-Cookie", cookie))
        }
        Err(error) => not_in(error, "That address and password don't open the door.").map(
            |(status, notice, wait)| {
                with_wait(shown(status, &email, return_to, &bad(&notice)), wait)
            },
        ),
    }
}

/// `POST /login/code`
pub(super) fn give_code(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let form = form_values(call.request)?;
    let return_to = return_to::own_path(form.value("return_to"));
    let code = form.value("code").unwrap_or_default();
    let note = cookie::read(call.request, cookie::HALF_WAY).unwrap_or_default();
    if app.half_way.read(note, call.now).is_none() {
        let notice = bad("That took too long. Begin with your password again.");
        return Ok(shown(403, "", return_to, &notice));
    }
    let outcome = local_sign_in::give_code(
        &app.store,
        &app.half_way,
        note,
        code,
        browser(call),
        call.now,
    );
    match outcome {
        Ok(session) => Ok(welcome(&session, return_to)
            .header("Set-Cookie", cookie::remove(cookie::HALF_WAY))),
        Err(error) => not_in(
            error,
            "That code is wrong, or was used before. Wait for the next one, or use a recovery code.",
        )
        .map(|(status, notice, wait)| with_wait(code_page(status, return_to, &bad(&notice)), wait)),
    }
}

/// What is known of the browser that signs in.
pub(super) fn browser(call: &Call<'_>) -> Browser {
    Browser {
        client: call.request.client.address,
        user_agent: call
            .request
            .header("user-agent")
            .unwrap_or_default()
            .to_owned(),
        replaces: cookie::read(call.request, cookie::SESSION).map(secret::hash),
    }
}

/// On the way with a new session.
pub(super) fn welcome(session: &Secret, to: &str) -> Response {
    let lifetime = session::USER.absolute;
    Response::new(303).header("Location", to).header(
        "Set-Cookie",
        cookie::session(cookie::SESSION, session.expose(), lifetime),
    )
}

/// A notice of something that went wrong.
pub(super) fn bad(text: &str) -> String {
    format!(
        "<p class=\"notice bad\" role=\"alert\">{}</p>",
        escape(text)
    )
}

/// With how long to wait, in seconds.
pub(super) fn with_wait(response: Response, wait: Option<u64>) -> Response {
    match wait {
        Some(seconds) => response.header("Retry-After", seconds.to_string()),
        None => response,
    }
}

/// Status, text and wait for a page; what went wrong here is a problem instead.
pub(super) fn not_in(
    error: LocalSignInError,
    refusal: &str,
) -> Result<(u16, String, Option<u64>), Problem> {
    match error {
        LocalSignInError::Refused => Ok((403, refusal.to_owned(), None)),
        LocalSignInError::Throttled { retry_after } => {
            let seconds = retry_after.as_secs().max(1);
            let text = format!("Too many attempts. Try again in {seconds} s.");
            Ok((429, text, Some(seconds)))
        }
        LocalSignInError::Busy => {
            let text = "Too many people are signing in. Try again in a moment.";
            Ok((503, text.to_owned(), Some(3)))
        }
        LocalSignInError::Directory(error) => Err(error.into()),
    }
}

fn code_page(status: u16, return_to: &str, notice: &str) -> Response {
    let values = [("return_to", return_to), ("notice", notice)];
    page(status, "code.html", &values)
}
