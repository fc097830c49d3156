//! The identity provider says no by itself.

use super::scene::{Scene, Seen};
use super::{Misconfiguration, row};

pub(super) const ROWS: &[Misconfiguration] = &[
    row(
        "the person couldn't sign in there",
        "status-authn-failed",
        &[
            ("okta", "\"Authentication policy\""),
            ("entra", "\"Sign-in logs\""),
            ("google", "\"SAML log events\""),
            ("adfs", "\"event log\""),
        ],
        |scene| says(scene, "Responder", "AuthnFailed"),
    ),
    row(
        "nobody may be asked for a password",
        "status-no-passive",
        &[("google", "IsPassive")],
        |scene| says(scene, "Responder", "NoPassive"),
    ),
    row(
        "the person isn't assigned",
        "status-request-denied",
        &[
            ("okta", "\"Assignments\""),
            ("entra", "\"Assignment required?\""),
            ("google", "\"User access\""),
            ("jumpcloud", "user access"),
        ],
        |scene| says(scene, "Responder", "RequestDenied"),
    ),
    row(
        "a format of NameID that isn't there",
        "status-name-id-policy",
        &[
            ("okta", "\"Name ID format\""),
            ("entra", "\"Name identifier format\""),
            ("google", "\"Name ID format\""),
        ],
        |scene| says(scene, "Requester", "InvalidNameIDPolicy"),
    ),
    row(
        "a way of signing in that isn't there",
        "status-authn-context",
        &[
            ("okta", "\"Authentication context class\""),
            ("entra", "\"Conditional Access\""),
            ("google", "\"2-Step Verification\""),
            ("pingfederate", "\"Authentication context\""),
        ],
        |scene| says(scene, "Requester", "NoAuthnContext"),
    ),
    row(
        "our request isn't known there",
        "status-requester",
        &[
            ("okta", "\"Signed Requests\""),
            ("entra", "\"Require verification certificates\""),
            ("google", "\"SAML log events\""),
            ("keycloak", "signed requests"),
        ],
        |scene| says(scene, "Requester", "UnsupportedBinding"),
    ),
    row(
        "the identity provider is broken",
        "status-not-success",
        &[
            ("okta", "\"System Log\""),
            ("entra", "AADSTS"),
            ("google", "Audit and investigation"),
            ("shibboleth", "\"event log\""),
        ],
        |scene| says(scene, "Responder", "ResourceNotRecognized"),
    ),
];

/// A response with these codes instead of Success and with no assertion, as they are sent.
fn says(scene: &Scene, top: &str, detail: &str) -> Seen {
    const STATUS: &str = "urn:oasis:names:tc:SAML:2.0:status:";
    scene.document(|started| {
        format!(
            "<p:Response xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_no\" Version=\"2.0\" \
             IssueInstant=\"2026-01-01T00:00:00Z\" Destination=\"{}\" InResponseTo=\"{}\"><p:Status>\
             <p:StatusCode Value=\"{STATUS}{top}\"><p:StatusCode Value=\"{STATUS}{detail}\"/>\
             </p:StatusCode></p:Status></p:Response>",
            started.request.acs_url, started.request.id
        )
    })
}
