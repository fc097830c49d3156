//! Somebody signs out here: their identity provider is asked to sign them out there, too (SAML
//! profiles section 4.4.3.1). Our session is over before the request leaves, whatever becomes of it.

use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;

use super::super::onward::Form;
use super::super::{App, Problem, cookie, security_headers};
use super::pages;
use crate::access::logout_request::{self, Start};
use crate::access::secret::Secret;
use crate::access::session::{Session, Subject};
use crate::clock::Timestamp;
use crate::directory::DirectoryError;
use crate::directory::provider::{self, Binding, Provider, State};
use crate::edge::Response;
use crate::observe::trace::{self, About, Kind, Outcome, Record};
use crate::saml::logout::NewLogoutRequest;
use crate::saml::name_id::NameSpace;
use crate::saml::request;
use crate::store::random;

/// How long our request may be followed: a redirect takes seconds, clocks differ by minutes.
const USABLE: Duration = Duration::from_secs(300);

/// What has to be said to an identity provider, and how.
pub(in crate::web) struct Farewell {
    provider: Provider,
    binding: Binding,
    destination: String,
    id: String,
    relay_state: String,
    name_id: String,
    name_space: NameSpace,
    session_index: Option<String>,
}

/// Keeps the request that follows the end of `session`, in the same change, for the browser with
/// this cookie's hash. `None` where nobody is to be asked: the session is of no provider, or of one
/// without a single logout address.
pub(in crate::web) fn prepare(
    tx: &Connection,
    session: &Session,
    browser_hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Farewell>, Problem> {
    let (Some(provider_id), Some(name_id), Subject::User(user_id)) =
        (&session.provider_id, &session.name_id, &session.subject)
    else {
        return Ok(None);
    };
    let provider = provider::find(tx, provider_id)?;
    let preferred = provider::bindings(tx, provider_id)?.request_binding;
    let logout = provider::logout(tx, provider_id)?;
    let Some((binding, destination)) = logout
        .requests(preferred)
        .filter(|_| provider.state == State::Active)
    else {
        return Ok(None);
    };
    let id = request::id(random::bytes());
    let start = Start {
        id: &id,
        provider_id,
        user_id,
        browser_hash,
    };
    let relay_state = logout_request::create(tx, &start, now)?;
    let record = Record {
        kind: Kind::Saml,
        organization_id: Some(provider.organization_id.clone()),
        provider_id: Some(provider.id.clone()),
        outcome: Outcome::Accepted,
        code: "ok".to_owned(),
        about: About {
            resource: Some(user_id.clone()),
            ..About::default()
        },
        summary: format!("{name_id} signed out here; the identity provider is asked to follow"),
        detail: json!({
            "request": id,
            "binding": binding,
            "destination": destination,
            "session_index": session.session_index,
        }),
    };
    trace::write(tx, &record, now)?;
    Ok(Some(Farewell {
        binding,
        destination: destination.to_owned(),
        id,
        relay_state,
        name_id: name_id.clone(),
        name_space: session.name_space.clone(),
        session_index: session.session_index.clone(),
        provider,
    }))
}

/// The page that says that the session here is over and goes on to the identity provider. It is no
/// redirect, since browsers apply the `form-action` of the page with the sign-out button to the
/// redirects that follow, and this one tells the truth where the identity provider never answers.
pub(in crate::web) fn leave(
    app: &App,
    farewell: &Farewell,
    browser: &Secret,
    now: Timestamp,
) -> Response {
    match way(app, farewell, now) {
        Ok(page) => page.header(
            "Set-Cookie",
            cookie::sign_out(browser.expose(), logout_request::LIFETIME),
        ),
        Err(error) => {
            tracing::error!(provider = %farewell.provider.id, error = %error, "no LogoutRequest");
            pages::not_asked(&farewell.provider)
        }
    }
}

fn way(app: &App, farewell: &Farewell, now: Timestamp) -> Result<Response, DirectoryError> {
    let keys = app.service_keys()?;
    let request = NewLogoutRequest {
        id: &farewell.id,
        issue_instant: now,
        not_on_or_after: now.plus(USABLE),
        destination: &farewell.destination,
        issuer: &app.public.entity_id(&farewell.provider.id),
        name_id: &farewell.name_id,
        name_space: &farewell.name_space,
        session_index: farewell.session_index.as_deref(),
    };
    let failed = |e: crate::saml::signing::SigningError| DirectoryError::Keys(e.to_string());
    match farewell.binding {
        Binding::Redirect => {
            let url = request.redirect_url(&farewell.relay_state, &keys.signing);
            Ok(pages::going_on_by_link(
                &farewell.provider,
                &url.map_err(failed)?,
            ))
        }
        Binding::Post => {
            let value = request.form_value(&keys.signing).map_err(failed)?;
            let (to, relay) = (&farewell.destination, &farewell.relay_state);
            let policy = security_headers::posting_policy(provider::origin(to).as_deref());
            let request = Form {
                destination: to,
                field: "SAMLRequest",
                value: &value,
                relay_state: relay,
            };
            let page = pages::going_on_by_form(&farewell.provider, &request);
            Ok(page.header("Content-Security-Policy", policy))
        }
    }
}
