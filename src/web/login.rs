//! Sign-in by e-mail first, and sign-out. A domain with a provider leads there, any other address
//! to the password.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::route::Call;
use super::slo::{self, Farewell};
use super::template::{escape, page};
use super::{App, Problem, cookie, password, return_to, saml, security_headers, signed_in};
use crate::access::secret::{self, Secret};
use crate::access::session;
use crate::directory::domain::EmailDomain;
use crate::directory::provider;
use crate::edge::{Request, Response};

/// `GET /login`
pub(super) fn form(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let wanted = query_value(call.request, "return_to");
    let return_to = return_to::own_path(wanted.as_deref());
    shown(app, 200, "", return_to, "")
}

/// `POST /login`: from the address's domain to its provider, else to the password.
pub(super) fn choose_provider(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let form = form_values(call.request)?;
    let email = form.value("email").unwrap_or_default().trim().to_owned();
    let return_to = return_to::own_path(form.value("return_to"));
    let Some(domain) = EmailDomain::of_address(&email) else {
        return again(
            app,
            400,
            &email,
            return_to,
            "Enter your work e-mail address, such as you@acme.com.",
        );
    };
    match app.store.read(|conn| provider::of_domain(conn, &domain))? {
        Some(provider) => {
            Ok(Response::new(303).header("Location", saml::start_path(&provider.id, return_to)))
        }
        // Whether somebody has this address or nobody does: the same page comes next.
        None => Ok(password::shown(200, &email, return_to, "")),
    }
}

fn again(
    app: &App,
    status: u16,
    email: &str,
    return_to: &str,
    text: &str,
) -> Result<Response, Problem> {
    let notice = format!(
        "<p class=\"notice bad\" role=\"alert\">{}</p>",
        escape(text)
    );
    shown(app, status, email, return_to, &notice)
}

fn shown(
    app: &App,
    status: u16,
    email: &str,
    return_to: &str,
    notice: &str,
) -> Result<Response, Problem> {
    let targets = app.store.read(provider::loopback_origins)?;
    let encoded = utf8_percent_encode(return_to, NON_ALPHANUMERIC).to_string();
    let values = [
        ("email", email),
        ("notice", notice),
        ("return_to", return_to),
        ("return_to_encoded", &encoded),
    ];
    let policy = security_headers::sign_in_policy(&targets);
    Ok(page(status, "login.html", &values).header("Content-Security-Policy", policy))
}

/// `POST /logout`: ends the sessions of this browser, the user's and the operator's. Then the
/// browser goes on to the identity provider, where there is one that takes it.
pub(super) fn sign_out(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let known = cookie::read(call.request, cookie::SIGN_OUT).filter(|v| v.len() >= 40);
    let browser = known.map_or_else(|| Secret::generate(""), Secret::new);
    let names = [cookie::SESSION, cookie::OPERATOR];
    let farewell = end_and(app, call, &names, Some(secret::hash(browser.expose())))?;
    let answer = match farewell {
        Some(farewell) => slo::leave(app, &farewell, &browser, call.now),
        None => Response::new(303).header("Location", "/login"),
    };
    Ok(answer
        .header("Set-Cookie", cookie::remove(cookie::SESSION))
        .header("Set-Cookie", cookie::remove(cookie::SIGN_IN))
        .header("Set-Cookie", cookie::remove(cookie::OPERATOR)))
}

/// Ends the live sessions that the request's cookies of these names hold, at their owner's wish,
/// here alone.
pub(super) fn sign_out_of(app: &App, call: &Call<'_>, names: &[&str]) -> Result<(), Problem> {
    end_and(app, call, names, None).map(drop)
}

/// [`sign_out_of`], and in the same change what is needed to ask the identity provider to do the
/// same, for the browser with this cookie's hash.
fn end_and(
    app: &App,
    call: &Call<'_>,
    names: &[&str],
    browser: Option<[u8; 32]>,
) -> Result<Option<Farewell>, Problem> {
    let values: Vec<String> = names
        .iter()
        .filter_map(|name| cookie::read(call.request, name))
        .map(str::to_owned)
        .collect();
    if values.is_empty() {
        return Ok(None);
    }
    let (now, address) = (call.now, call.request.client.address);
    app.store.write(move |tx| {
        let mut farewell = None;
        for value in &values {
            if let Some(found) = signed_in::of_cookie(tx, value, now)? {
                found.tell_sign_out(tx, &found.author(address), now)?;
                if let (Some(browser), Ok(session)) = (&browser, found.session()) {
                    farewell = farewell.or(slo::prepare(tx, session, browser, now)?);
                }
            }
            session::end(tx, &secret::hash(value))?;
        }
        Ok::<_, Problem>(farewell)
    })
}

/// Ends the sessions that the request's cookies of these names hold.
pub(super) fn end_sessions(app: &App, request: &Request, names: &[&str]) -> Result<(), Problem> {
    let hashes: Vec<[u8; 32]> = names
        .iter()
        .filter_map(|name| cookie::read(request, name))
        .map(secret::hash)
        .collect();
    if hashes.is_empty() {
        return Ok(());
    }
    app.store.write(move |tx| {
        for hash in &hashes {
            session::end(tx, hash)?;
        }
        Ok::<_, Problem>(())
    })
}

/// The values of a form.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// The value of a field that stands there once; twice is no value, as nobody can say which.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(key, _)| key == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}

/// Reads `application/x-www-form-urlencoded`, at most 32 fields.
pub(super) fn form_values(request: &Request) -> Result<Form, Problem> {
    let content_type = request.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Problem::new(
            415,
            "unsupported-media-type",
            "Expected a form (application/x-www-form-urlencoded).",
        ));
    }
    let fields: Vec<_> = form_urlencoded::parse(&request.body)
        .take(32)
        .map(|(k, v)| (k.into(), v.into()))
        .collect();
    Ok(Form(fields))
}

/// A value of the query, percent-decoded.
pub(super) fn query_value(request: &Request, name: &str) -> Option<String> {
    let query = request.query.as_deref()?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
