//! The headers every response carries.

use crate::edge::{Request, Response};

/// Nothing inline, nothing from elsewhere, no frame around us.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// The policy for the sign-in page: its form's answer redirects to the identity provider, and
/// browsers apply `form-action` to the redirects that follow a form, too. `targets` are the origins
/// beyond https that are sent to: identity providers on this very machine.
pub(super) fn sign_in_policy(targets: &[String]) -> String {
    let more: String = targets.iter().map(|origin| format!(" {origin}")).collect();
    POLICY.replace(
        "form-action 'self'",
        &format!("form-action 'self' https:{more}"),
    )
}

/// The policy for a page that posts to an identity provider's `origin`. To https anywhere and back to
/// us as well, since browsers apply `form-action` to what the identity provider answers: a redirect
/// to where people sign in, or with a LogoutResponse to us.
pub(super) fn posting_policy(origin: Option<&str>) -> String {
    match origin {
        Some(https) if https.starts_with("https://") => sign_in_policy(&[]),
        Some(loopback) => sign_in_policy(&[loopback.to_owned()]),
        None => POLICY.replace("form-action 'self'", "form-action 'none'"),
    }
}

/// The policy for what the single logout service answers: the identity provider asks from a frame
/// of its own pages, so those `origins` may frame the answer, and nobody else. It may post to
/// `target`, where there is one.
pub(super) fn framed_policy(origins: &[String], target: Option<&str>) -> String {
    let ancestors = if origins.is_empty() {
        "'none'".to_owned()
    } else {
        origins.join(" ")
    };
    posting_policy(target).replace(
        "frame-ancestors 'none'",
        &format!("frame-ancestors {ancestors}"),
    )
}

/// Adds them. `strict_transport` is whether the public URL is https on a name that is not this
/// machine's own: HSTS for localhost would force https onto every port of it.
pub(super) fn add(response: Response, request: &Request, strict_transport: bool) -> Response {
    let response = if response.header_value("Content-Security-Policy").is_none() {
        response.header("Content-Security-Policy", POLICY)
    } else {
        response
    };
    // The older header knows no origins: where the policy lets somebody in, it is left out.
    let policy = response.header_value("Content-Security-Policy");
    let response = if policy.is_none_or(|policy| policy.contains("frame-ancestors 'none'")) {
        response.header("X-Frame-Options", "DENY")
    } else {
        response
    };
    let response = response
        .header("X-Content-Type-Options", "nosniff")
        .header("Referrer-Policy", "no-referrer")
        .header("Cross-Origin-Opener-Policy", "same-origin")
        .header("Cross-Origin-Resource-Policy", "same-origin")
        .header(
            "Permissions-Policy",
            "camera=(), geolocation=(), microphone=(), payment=()",
        );
    let response = if strict_transport && request.client.secure {
        response.header("Strict-Transport-Security", "max-age=31536000")
    } else {
        response
    };
    // Everything but the embedded files is somebody's; those say themselves how long they keep.
    if response.header_value("Cache-Control").is_none() {
        response.header("Cache-Control", "no-store")
    } else {
        response
    }
}
