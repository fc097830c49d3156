//! The service provider's addresses but the ACS: where a sign-in starts, and our metadata.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::login::query_value;
use super::onward::{self, Form};
use super::route::Call;
use super::template::message;
use super::{App, Problem, cookie, return_to, security_headers, sign_in_test, step_up, switch};
use crate::access::secret::{self, Secret};
use crate::access::sign_in_request::{self, Start};
use crate::directory::DirectoryError;
use crate::directory::domain::{self, EmailDomain};
use crate::directory::provider::{self, Binding, LoginHint, Provider, Requests, State};
use crate::edge::Response;
use crate::saml::metadata::{ServiceProvider, service_provider};
use crate::saml::request::{self, AuthnRequest};
use crate::saml::signing::SigningError;
use crate::store::random;

/// `GET /saml/{provider}/login`: remembers an AuthnRequest for this browser and sends it on to
/// the identity provider by the provider's binding (SAML bindings sections 3.4 and 3.5).
pub(super) fn start(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let provider_id = call.parameter("provider").to_owned();
    let (provider, bindings, requests) = app.store.read(|conn| {
        let found = provider::find(conn, &provider_id)?;
        let requests = provider::requests(conn, &found)?;
        let bindings = provider::bindings(conn, &provider_id)?;
        Ok::<_, DirectoryError>((found, bindings, requests))
    })?;
    let test = match query_value(call.request, "test") {
        None => None,
        Some(token) => match sign_in_test::begun(app, call, &provider, &token)? {
            Some(test) => Some(test),
            None => return Ok(sign_in_test::over()),
        },
    };
    let Some(destination) = bindings
        .destination(&provider)
        .filter(|_| provider.state == State::Active || test.is_some())
    else {
        return Ok(not_active(&provider));
    };
    let wanted = query_value(call.request, "return_to");
    let return_to = return_to::own_path(wanted.as_deref()).to_owned();
    // Nobody is signed in by a test, so that nobody's session is in its way.
    if test.is_none()
        && let Some(question) = switch::question(app, call, &provider, &return_to)?
    {
        return Ok(question);
    }
    let step_up = match test {
        None => step_up::of_browser(app, call, &provider_id)?,
        Some(_) => None,
    };
    let hint = login_hint(app, call, &provider, &requests)?;
    let mut asked = requests.asked(hint.as_deref());
    asked.force_authn |= step_up.is_some();
    // Two tabs of one browser share the cookie, so that both sign-ins can finish.
    let known = cookie::read(call.request, cookie::SIGN_IN).filter(|v| v.len() >= 40);
    let browser = known.map_or_else(|| Secret::generate(""), Secret::new);
    let browser_hash = secret::hash(browser.expose());
    let session_hash = cookie::read(call.request, cookie::SESSION).map(secret::hash);
    let client = call.request.client.address;
    let id = request::id(random::bytes());
    let (now, force_authn) = (call.now, asked.force_authn);
    let pending = {
        let (id, provider_id) = (id.clone(), provider_id.clone());
        app.store.write(move |tx| {
            let start = Start {
                id: &id,
                provider_id: &provider_id,
                browser_hash: &browser_hash,
                session_hash,
                client,
                return_to: &return_to,
                test: test.as_deref(),
                force_authn,
                step_up: step_up.as_deref(),
            };
            Ok::<_, Problem>(sign_in_request::create(tx, &start, now)?)
        })?
    };
    let request = AuthnRequest {
        id: &id,
        issue_instant: now,
        destination,
        acs_url: &app.public.acs(&provider_id),
        issuer: &app.public.entity_id(&provider_id),
        asked,
    };
    let hint = hint
        .as_deref()
        .and_then(|h| Some((requests.login_hint.parameter()?, h)));
    let key = match bindings.sign_requests {
        true => Some(&app.service_keys()?.signing),
        false => None,
    };
    let on_the_way = match bindings.request_binding {
        Binding::Redirect => {
            let url = request.redirect_url(&pending.relay_state, key);
            Response::new(303).header("Location", with_hint(&url.map_err(not_signed)?, hint))
        }
        Binding::Post => {
            let value = request.form_value(key).map_err(not_signed)?;
            let action = with_hint(destination, hint);
            posting(&provider, &action, &value, &pending.relay_state)
        }
    };
    Ok(on_the_way.header(
        "Set-Cookie",
        cookie::sign_in(browser.expose(), sign_in_request::LIFETIME),
    ))
}

/// The longest address there is (RFC 5321 section 4.5.3.1.3, less the brackets).
const LONGEST_ADDRESS: usize = 254;

/// The address that the person typed on our sign-in page, where the provider wants it. The page hands
/// it on in the query, where anybody can put one: so one of another site's link counts for nothing,
/// nor does one outside of the provider's domains.
fn login_hint(
    app: &App,
    call: &Call<'_>,
    provider: &Provider,
    requests: &Requests,
) -> Result<Option<String>, Problem> {
    if requests.login_hint == LoginHint::None || switch::is_from_elsewhere(call.request) {
        return Ok(None);
    }
    let Some(typed) = query_value(call.request, "login_hint") else {
        return Ok(None);
    };
    let plain = typed.len() <= LONGEST_ADDRESS && !typed.chars().any(char::is_control);
    let Some(domain) = EmailDomain::of_address(&typed).filter(|_| plain) else {
        return Ok(None);
    };
    let domains = app
        .store
        .read(|conn| domain::of_provider(conn, &provider.id))?;
    let its = domains.iter().any(|own| own.domain == domain.as_str());
    Ok(its.then_some(typed))
}

/// The parameter stands in the address alone, not in Destination, and behind what is signed: the
/// signature covers the SAML parameters only (SAML bindings section 3.4.4.1).
fn with_hint(url: &str, hint: Option<(&str, &str)>) -> String {
    let Some((name, value)) = hint else {
        return url.to_owned();
    };
    let (base, fragment) = match url.split_once('#') {
        Some((base, fragment)) => (base, format!("#{fragment}")),
        None => (url, String::new()),
    };
    let separator = if base.contains('?') { '&' } else { '?' };
    let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
    format!("{base}{separator}{name}={value}{fragment}")
}

fn not_signed(error: SigningError) -> Problem {
    DirectoryError::Keys(error.to_string()).into()
}

/// The page that posts a request to the identity provider.
fn posting(provider: &Provider, destination: &str, value: &str, relay_state: &str) -> Response {
    let form = Form {
        destination,
        field: "SAMLRequest",
        value,
        relay_state,
    };
    let policy = security_headers::posting_policy(provider::origin(destination).as_deref());
    let title = "Going on to your identity provider";
    onward::by_form(title, &provider.name, &form).header("Content-Security-Policy", policy)
}

/// The address where a sign-in with this provider starts, on the way to a path of ours.
pub(super) fn start_path(provider_id: &str, return_to: &str) -> String {
    let to = utf8_percent_encode(return_to, NON_ALPHANUMERIC);
    format!("/saml/{provider_id}/login?return_to={to}")
}

/// `GET /saml/{provider}/metadata`; a draft has one, too, as it is what the identity provider is
/// set up with.
pub(super) fn metadata(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let id = call.parameter("provider");
    let bindings = app.store.read(|conn| {
        provider::find(conn, id)?;
        provider::bindings(conn, id)
    })?;
    let keys = app.service_keys()?;
    let xml = service_provider(&ServiceProvider {
        entity_id: &app.public.entity_id(id),
        acs_url: &app.public.acs(id),
        slo_url: &app.public.slo(id),
        signs_requests: bindings.sign_requests,
        signing_certificates: &keys.signing_certificates,
        encryption_certificates: &keys.encryption_certificates,
    });
    Ok(Response::new(200).body("application/samlmetadata+xml", xml.into_bytes()))
}

/// A page for a provider that nobody can sign in through now.
pub(super) fn not_active(provider: &Provider) -> Response {
    let text = match provider.state {
        State::Disabled => "This way to sign in is switched off.",
        _ => "This way to sign in isn't set up yet: the identity provider's metadata is missing.",
    };
    message(409, "Not open yet", text, "/login", "Back to the sign-in")
}
