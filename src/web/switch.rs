//! The question before another site's link signs a browser in as somebody else.
//!
//! Anybody can send a browser to the start of a sign-in, and a provider of theirs may answer by
//! itself: whoever followed the link would go on in the sender's account and not notice (login
//! CSRF). Where nobody is signed in, or the provider is the one that the session is from, that is
//! what a tile in the identity provider's portal does, and it goes on. Where it would replace a
//! session from elsewhere, the person is asked first.
//!
//! What isn't a page of its own (a frame, an image, a script's request) can't be seen by anyone,
//! and browsers send it without the session's cookie, so whether there is a session can't be known.
//! That is refused.
//!
//! A browser that doesn't say where a request comes from (`Sec-Fetch-Site`) is not asked.

use super::route::Call;
use super::signed_in::{self, Who};
use super::template::page;
use super::{App, Problem, cookie, saml};
use crate::directory::provider::Provider;
use crate::edge::{Request, Response};

/// The page that asks, if this start has to be asked about.
pub(super) fn question(
    app: &App,
    call: &Call<'_>,
    provider: &Provider,
    return_to: &str,
) -> Result<Option<Response>, Problem> {
    if !is_from_elsewhere(call.request) {
        return Ok(None);
    }
    if is_embedded(call.request) {
        return Err(Problem::new(
            403,
            "cross-origin",
            "Another site's page asked for this sign-in without showing it. Open the address in a \
             window of its own.",
        ));
    }
    let Some(value) = cookie::read(call.request, cookie::SESSION) else {
        return Ok(None);
    };
    let found = app
        .store
        .read(|conn| signed_in::of_cookie(conn, value, call.now))?;
    let Some(signed_in) = found else {
        return Ok(None);
    };
    if signed_in.session()?.provider_id.as_deref() == Some(provider.id.as_str()) {
        return Ok(None);
    }
    let name = match &signed_in.who {
        Who::User { user, .. } => &user.user_name,
        Who::Operator { name, .. } => name,
        // A cookie is never a token.
        Who::Token { .. } => return Ok(None),
    };
    let values = [
        ("name", name.as_str()),
        ("provider", &provider.name),
        ("continue_url", &saml::start_path(&provider.id, return_to)),
    ];
    Ok(Some(page(200, "switch.html", &values)))
}

/// Whether another origin's page, a sibling's too, led here.
pub(super) fn is_from_elsewhere(request: &Request) -> bool {
    matches!(
        request.header("sec-fetch-site"),
        Some(site) if !matches!(site, "same-origin" | "none")
    )
}

fn is_embedded(request: &Request) -> bool {
    request
        .header("sec-fetch-dest")
        .is_some_and(|destination| destination != "document")
}
