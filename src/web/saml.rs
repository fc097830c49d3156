//! The service provider's addresses but the ACS: where a sign-in starts, and our metadata.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::login::query_value;
use super::route::Call;
use super::template::message;
use super::{App, Problem, cookie, return_to, switch};
use crate::access::secret::{self, Secret};
use crate::access::sign_in_request::{self, Start};
use crate::directory::provider::{self, Provider, State};
use crate::edge::Response;
use crate::saml::metadata::{ServiceProvider, service_provider};
use crate::saml::request::{self, AuthnRequest};
use crate::store::random;

/// `GET /saml/{provider}/login`: remembers an AuthnRequest for this browser and sends it on to
/// the identity provider by HTTP-Redirect (SAML bindings section 3.4).
pub(super) fn start(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let provider_id = call.parameter("provider").to_owned();
    let provider = app.store.read(|conn| provider::find(conn, &provider_id))?;
    let Some(sso_url) = provider
        .sso_url
        .clone()
        .filter(|_| provider.state == State::Active)
    else {
        return Ok(not_active(&provider));
    };
    let wanted = query_value(call.request, "return_to");
    let return_to = return_to::own_path(wanted.as_deref()).to_owned();
    if let Some(question) = switch::question(app, call, &provider, &return_to)? {
        return Ok(question);
    }
    // Two tabs of one browser share the cookie, so that both sign-ins can finish.
    let known = cookie::read(call.request, cookie::SIGN_IN).filter(|v| v.len() >= 40);
    let browser = known.map_or_else(|| Secret::generate(""), Secret::new);
    let browser_hash = secret::hash(browser.expose());
    let session_hash = cookie::read(call.request, cookie::SESSION).map(secret::hash);
    let client = call.request.client.address;
    let id = request::id(random::bytes());
    let now = call.now;
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
            };
            Ok::<_, Problem>(sign_in_request::create(tx, &start, now)?)
        })?
    };
    let url = AuthnRequest {
        id: &id,
        issue_instant: now,
        destination: &sso_url,
        acs_url: &app.public.acs(&provider_id),
        issuer: &app.public.entity_id(&provider_id),
    }
    .redirect_url(&pending.relay_state);
    Ok(Response::new(303).header("Location", url).header(
        "Set-Cookie",
        cookie::sign_in(browser.expose(), sign_in_request::LIFETIME),
    ))
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
    app.store.read(|conn| provider::find(conn, id))?;
    let keys = app.service_keys()?;
    let xml = service_provider(&ServiceProvider {
        entity_id: &app.public.entity_id(id),
        acs_url: &app.public.acs(id),
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
