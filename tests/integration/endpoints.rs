//! Every address of the appliance in one table, asked by everybody there is. A route without a row
//! does not build, and neither does a row without a route.

mod who;

use std::cell::Cell;
use std::collections::BTreeSet;

use data_encoding::BASE64;
use portcullis::clock;
use portcullis::saml::certificate::fingerprint;
use portcullis::web::ROUTES;
use serde_json::{Value, json};

use crate::app::{Tenant, TestApp, user};
use crate::browser::Browser;
use crate::http::{Answer, Ask};
use crate::one_time_code;
use crate::saml::fixture::{IDP, IMPOSTOR, ISSUER, SSO};
use who::*;

struct Row {
    method: &'static str,
    pattern: &'static str,
    expected: Expected,
    /// Makes what is asked for and returns a request that would succeed.
    ask: fn(&World) -> Ask,
}

const fn row(
    method: &'static str,
    pattern: &'static str,
    expected: Expected,
    ask: fn(&World) -> Ask,
) -> Row {
    Row {
        method,
        pattern,
        expected,
        ask,
    }
}

const ORG: &str = "/api/v1/organizations/acme";

/// The secret of every second factor here.
const FACTOR: &[u8] = b"twenty bytes of text";

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row("GET",  "/", PORTAL, |_| Ask::get("/")),
    row("GET",  "/login", all(200), |_| Ask::get("/login")),
    row("POST", "/login", all(303), |_| Ask::new("POST", "/login").form(&[("email", "ann@acme.com")])),
    row("GET",  "/login/password", all(200), |_| Ask::get("/login/password")),
    row("POST", "/login/password", all(403), |w| Ask::new("POST", "/login/password").form(&[("email", &w.fresh("u")), ("password", "wrong")])),
    row("POST", "/login/code", all(403), |_| Ask::new("POST", "/login/code").form(&[("code", "123456")])),
    row("GET",  "/join/{token}", all(404), |_| Ask::get("/join/guessed")),
    row("POST", "/join/{token}", all(404), |_| Ask::new("POST", "/join/guessed").form(&[("password", "kettle lantern moss"), ("again", "kettle lantern moss")])),
    row("GET",  "/account", PORTAL, |_| Ask::get("/account")),
    row("POST", "/logout", all(303), |_| Ask::new("POST", "/logout").form(&[])),
    row("GET",  "/break-glass", all(200), |_| Ask::get("/break-glass")),
    row("POST", "/break-glass", all(403), |w| Ask::new("POST", "/break-glass").form(&[("username", &w.fresh("u")), ("password", "wrong")])),
    row("GET",  "/step-up", STEP_UP, |_| Ask::get("/step-up")),
    row("POST", "/step-up", PROVED, |_| Ask::new("POST", "/step-up").form(&[("password", "wrong")])),
    row("GET",  "/step-up/done", all(200), |_| Ask::get("/step-up/done")),
    row("GET",  "/static/{*}", all(200), |_| Ask::get("/static/theme.js")),
    row("GET",  "/console", all(200), |_| Ask::get("/console")),
    row("GET",  "/console/{*}", all(200), |_| Ask::get("/console/acme/users")),
    row("GET",  "/favicon.ico", all(200), |_| Ask::get("/favicon.ico")),
    row("GET",  "/healthz", all(200), |_| Ask::get("/healthz")),
    row("GET",  "/readyz", all(200), |_| Ask::get("/readyz")),
    row("GET",  "/metrics", operators(200), |_| Ask::get("/metrics")),
    row("GET",  "/ca.pem", all(404), |_| Ask::get("/ca.pem")),

    row("GET",  "/saml/{provider}/login", all(303), |w| Ask::get(format!("/saml/{}/login", w.acme.provider))),
    row("GET",  "/saml/{provider}/metadata", all(200), |w| Ask::get(format!("/saml/{}/metadata", w.acme.provider))),
    row("GET",  "/saml/{provider}/slo", all(403), |w| Ask::get(format!("/saml/{}/slo", w.acme.provider))),
    row("POST", "/saml/{provider}/slo", all(403), |w| Ask::new("POST", format!("/saml/{}/slo", w.acme.provider)).form(&[("SAMLRequest", "")])),
    row("POST", "/saml/{provider}/acs", all(303), World::sign_in),

    row("GET",    "/api/v1/session", signed_in(200), |_| Ask::get("/api/v1/session")),
    row("DELETE", "/api/v1/session", signed_in(204), |_| Ask::new("DELETE", "/api/v1/session")),
    // Everybody here comes from an identity provider, so that most of this is refused to them;
    // tests/integration/people.rs is about those for whom it is not.
    row("GET",    "/api/v1/account", own(200), |_| Ask::get("/api/v1/account")),
    row("PATCH",  "/api/v1/account", own(409), |_| Ask::new("PATCH", "/api/v1/account").json(&json!({ "displayName": "Me" }))),
    row("POST",   "/api/v1/account/password", own(409), |_| Ask::new("POST", "/api/v1/account/password").json(&json!({ "current": "x", "new": "kettle lantern moss" }))),
    row("POST",   "/api/v1/account/second-factor", own(409), |_| Ask::new("POST", "/api/v1/account/second-factor")),
    row("POST",   "/api/v1/account/second-factor/confirm", own(409), |_| Ask::new("POST", "/api/v1/account/second-factor/confirm").json(&json!({ "code": "123456" }))),
    row("DELETE", "/api/v1/account/second-factor", own(400), |_| Ask::new("DELETE", "/api/v1/account/second-factor").json(&json!({ "code": "123456" }))),
    row("GET",    "/api/v1/account/sessions", own(200), |_| Ask::get("/api/v1/account/sessions")),
    row("DELETE", "/api/v1/account/sessions", own(204), |_| Ask::new("DELETE", "/api/v1/account/sessions")),
    row("DELETE", "/api/v1/account/sessions/{session}", own(404), |_| Ask::new("DELETE", "/api/v1/account/sessions/somebodys")),
    row("GET",    "/api/v1/domains", operators(200), |_| Ask::get("/api/v1/domains?state=pending")),
    row("PATCH",  "/api/v1/domains/{domain}", operators(200), |w| Ask::new("PATCH", format!("/api/v1/domains/{}", w.claimed())).json(&json!({ "state": "active" }))),
    row("DELETE", "/api/v1/domains/{domain}", operators(204), |w| Ask::new("DELETE", format!("/api/v1/domains/{}", w.claimed()))),
    row("GET",    "/api/v1/provider-kinds", signed_in(200), |_| Ask::get("/api/v1/provider-kinds")),
    row("GET",    "/api/v1/findings", signed_in(200), |_| Ask::get("/api/v1/findings")),
    row("GET",    "/api/v1/keys", operators(200), |_| Ask::get("/api/v1/keys")),
    row("POST",   "/api/v1/keys", operators(201), World::roll),
    row("GET",    "/api/v1/step-up", operators(200), |_| Ask::get("/api/v1/step-up")),
    row("PATCH",  "/api/v1/step-up", operators(200), |_| Ask::new("PATCH", "/api/v1/step-up").json(&json!({ "minutes": 30 }))),
    row("GET",    "/api/v1/notices", signed_in(200), |_| Ask::get("/api/v1/notices")),
    row("GET",    "/api/v1/break-glass-accounts", operators(200), |_| Ask::get("/api/v1/break-glass-accounts")),
    row("POST",   "/api/v1/break-glass-accounts", operators(201), |w| Ask::new("POST", "/api/v1/break-glass-accounts").json(&json!({ "username": w.fresh("z"), "password": "a password of its own" }))),
    row("PATCH",  "/api/v1/break-glass-accounts/{name}", operators(200), |w| Ask::new("PATCH", w.account()).json(&json!({ "networks": ["10.0.0.0/8"], "needs_arming": true }))),
    row("POST",   "/api/v1/break-glass-accounts/{name}/second-factor", operators(201), |w| Ask::new("POST", format!("{}/second-factor", w.account()))),
    row("POST",   "/api/v1/break-glass-accounts/{name}/second-factor/confirm", operators(200), |w| Ask::new("POST", format!("{}/second-factor/confirm", w.account())).json(&json!({ "code": one_time_code::now(FACTOR) }))),
    row("DELETE", "/api/v1/break-glass-accounts/{name}/second-factor", operators(204), |w| Ask::new("DELETE", format!("{}/second-factor", w.account()))),
    row("GET",    "/api/v1/drills", operators(200), |_| Ask::get("/api/v1/drills")),
    row("GET",    "/api/v1/webhooks", operators(200), |_| Ask::get("/api/v1/webhooks")),
    row("POST",   "/api/v1/webhooks", operators(201), |_| Ask::new("POST", "/api/v1/webhooks").json(&json!({ "url": "https://hooks.example/x", "kinds": ["break-glass.used"] }))),
    row("POST",   "/api/v1/webhooks/{webhook}/test", operators(202), |w| Ask::new("POST", format!("{}/test", w.webhook()))),
    row("DELETE", "/api/v1/webhooks/{webhook}", operators(204), |w| Ask::new("DELETE", w.webhook())),
    row("GET",    "/api/v1/organizations", signed_in(200), |_| Ask::get("/api/v1/organizations")),
    row("POST",   "/api/v1/organizations", operators(201), |w| Ask::new("POST", "/api/v1/organizations").json(&json!({ "slug": w.fresh("o"), "name": "New" }))),
    row("GET",    "/api/v1/organizations/{org}", readers(), |_| Ask::get(ORG)),
    row("PATCH",  "/api/v1/organizations/{org}", admins(200), |w| Ask::new("PATCH", ORG).json(&json!({ "name": w.fresh("Acme") }))),
    row("GET",    "/api/v1/organizations/{org}/providers", readers(), |_| Ask::get(format!("{ORG}/providers"))),
    row("POST",   "/api/v1/organizations/{org}/providers", admins(201), |w| Ask::new("POST", format!("{ORG}/providers")).json(&json!({ "kind": "okta", "domains": [w.domain()] }))),
    row("GET",    "/api/v1/organizations/{org}/providers/{provider}", readers(), |w| Ask::get(format!("{ORG}/providers/{}", w.acme.provider))),
    row("PATCH",  "/api/v1/organizations/{org}/providers/{provider}", admins(200), |w| Ask::new("PATCH", format!("{ORG}/providers/{}", w.draft())).json(&json!({ "metadata_xml": IDP.metadata(), "jit": false, "idp_initiated": true }))),
    row("DELETE", "/api/v1/organizations/{org}/providers/{provider}", admins(204), |w| Ask::new("DELETE", format!("{ORG}/providers/{}", w.draft()))),
    row("GET",    "/api/v1/organizations/{org}/providers/{provider}/deletion", admins(200), |w| Ask::get(format!("{ORG}/providers/{}/deletion", w.acme.provider))),
    row("POST",   "/api/v1/organizations/{org}/domains/{domain}/verify", admins(200), |_| Ask::new("POST", format!("{ORG}/domains/acme.com/verify"))),
    row("GET",    "/api/v1/organizations/{org}/providers/{provider}/certificates", readers(), |w| Ask::get(format!("{ORG}/providers/{}/certificates", w.acme.provider))),
    row("POST",   "/api/v1/organizations/{org}/providers/{provider}/certificates", admins(201), |w| Ask::new("POST", format!("{ORG}/providers/{}/certificates", w.with_metadata())).json(&json!({ "certificate": BASE64.encode(IMPOSTOR.certificate()) }))),
    row("DELETE", "/api/v1/organizations/{org}/providers/{provider}/certificates/{fingerprint}", admins(204), World::without_certificate),
    row("GET",    "/api/v1/organizations/{org}/providers/{provider}/metadata", readers(), |w| Ask::get(format!("{ORG}/providers/{}/metadata", w.acme.provider))),
    row("PATCH",  "/api/v1/organizations/{org}/providers/{provider}/metadata", admins(200), |w| Ask::new("PATCH", format!("{ORG}/providers/{}/metadata", w.acme.provider)).json(&json!({ "mode": "ask" }))),
    row("POST",   "/api/v1/organizations/{org}/providers/{provider}/metadata/refresh", admins(409), |w| Ask::new("POST", format!("{ORG}/providers/{}/metadata/refresh", w.acme.provider)).json(&json!({}))),
    row("PATCH",  "/api/v1/organizations/{org}/providers/{provider}/metadata/additions/{fingerprint}", admins(404), |w| Ask::new("PATCH", format!("{ORG}/providers/{}/metadata/additions/ab", w.acme.provider)).json(&json!({ "state": "refused" }))),
    row("POST",   "/api/v1/organizations/{org}/providers/{provider}/tests", admins(201), |w| Ask::new("POST", format!("{ORG}/providers/{}/tests", w.with_metadata()))),
    row("GET",    "/api/v1/organizations/{org}/providers/{provider}/tests/{test}", admins(200), World::provider_test),
    row("GET",    "/api/v1/organizations/{org}/scim/tokens", admins(200), |_| Ask::get(format!("{ORG}/scim/tokens"))),
    row("POST",   "/api/v1/organizations/{org}/scim/tokens", admins(201), |_| Ask::new("POST", format!("{ORG}/scim/tokens")).json(&json!({ "name": "Okta" }))),
    row("DELETE", "/api/v1/organizations/{org}/scim/tokens/{token}", admins(204), |w| Ask::new("DELETE", format!("{ORG}/scim/tokens/{}", w.token()))),
    row("GET",    "/api/v1/organizations/{org}/api-tokens", admins(200), |_| Ask::get(format!("{ORG}/api-tokens"))),
    row("POST",   "/api/v1/organizations/{org}/api-tokens", admins(201), |_| Ask::new("POST", format!("{ORG}/api-tokens")).json(&json!({ "name": "CI", "scopes": ["read"] }))),
    row("DELETE", "/api/v1/organizations/{org}/api-tokens/{token}", admins(204), |w| Ask::new("DELETE", format!("{ORG}/api-tokens/{}", w.api_token(&format!("{ORG}/api-tokens"))))),
    row("GET",    "/api/v1/api-tokens", operators(200), |_| Ask::get("/api/v1/api-tokens")),
    row("POST",   "/api/v1/api-tokens", ONLY_OPERATOR, |_| Ask::new("POST", "/api/v1/api-tokens").json(&json!({ "name": "CI", "scopes": ["operate"] }))),
    row("DELETE", "/api/v1/api-tokens/{token}", operators(204), |w| Ask::new("DELETE", format!("/api/v1/api-tokens/{}", w.api_token("/api/v1/api-tokens")))),
    row("GET",    "/api/v1/account/tokens", signed_in(200), |_| Ask::get("/api/v1/account/tokens")),
    row("POST",   "/api/v1/account/tokens", signed_in(201), |_| Ask::new("POST", "/api/v1/account/tokens").json(&json!({ "name": "mine", "scopes": ["read"] }))),
    row("DELETE", "/api/v1/account/tokens/{token}", signed_in(404), |w| Ask::new("DELETE", format!("/api/v1/account/tokens/{}", w.api_token("/api/v1/api-tokens")))),
    row("GET",    "/api/v1/organizations/{org}/groups", readers(), |_| Ask::get(format!("{ORG}/groups"))),
    row("GET",    "/api/v1/organizations/{org}/groups/{group}", readers(), |w| Ask::get(format!("{ORG}/groups/{}", w.group()))),
    row("PATCH",  "/api/v1/organizations/{org}/groups/{group}", admins(200), |w| Ask::new("PATCH", format!("{ORG}/groups/{}", w.group())).json(&json!({ "level": "runner" }))),
    row("GET",    "/api/v1/organizations/{org}/groups/{group}/members", readers(), |w| Ask::get(format!("{ORG}/groups/{}/members", w.group()))),
    row("GET",    "/api/v1/organizations/{org}/groups/{group}/level-change", admins(200), |w| Ask::get(format!("{ORG}/groups/{}/level-change?level=viewer", w.group()))),
    row("GET",    "/api/v1/organizations/{org}/sessions", editors(), |_| Ask::get(format!("{ORG}/sessions"))),
    row("DELETE", "/api/v1/organizations/{org}/sessions", admins(200), |_| Ask::new("DELETE", format!("{ORG}/sessions"))),
    row("DELETE", "/api/v1/organizations/{org}/sessions/{session}", admins(204), |w| Ask::new("DELETE", format!("{ORG}/sessions/{}", w.session()))),
    row("GET",    "/api/v1/organizations/{org}/users/{user}/sessions", editors(), |w| Ask::get(format!("{ORG}/users/{}/sessions", w.user()))),
    row("DELETE", "/api/v1/organizations/{org}/users/{user}/sessions", admins(200), |w| Ask::new("DELETE", format!("{ORG}/users/{}/sessions", w.user()))),
    row("GET",    "/api/v1/organizations/{org}/deprovisioning", editors(), |_| Ask::get(format!("{ORG}/deprovisioning"))),
    row("GET",    "/api/v1/organizations/{org}/users", readers(), |_| Ask::get(format!("{ORG}/users"))),
    row("GET",    "/api/v1/organizations/{org}/users/{user}", readers(), |w| Ask::get(format!("{ORG}/users/{}", w.user()))),
    row("PATCH",  "/api/v1/organizations/{org}/users/{user}", admins(200), |w| Ask::new("PATCH", format!("{ORG}/users/{}", w.user())).json(&json!({ "active": false }))),
    row("POST",   "/api/v1/organizations/{org}/users", levels(403, 403, 201, 201, 201), |w| Ask::new("POST", format!("{ORG}/users")).json(&json!({ "email": format!("{}@local.example", w.fresh("l")) }))),
    row("DELETE", "/api/v1/organizations/{org}/users/{user}", admins(204), |w| Ask::new("DELETE", format!("{ORG}/users/{}", w.local_user().0))),
    row("DELETE", "/api/v1/organizations/{org}/users/{user}/second-factor", levels(403, 403, 204, 204, 204), |w| Ask::new("DELETE", format!("{ORG}/users/{}/second-factor", w.with_second_factor()))),
    row("GET",    "/api/v1/organizations/{org}/users/{user}/invitations", readers(), |w| Ask::get(format!("{ORG}/users/{}/invitations", w.user()))),
    row("POST",   "/api/v1/organizations/{org}/users/{user}/invitations", levels(403, 403, 201, 201, 201), |w| Ask::new("POST", format!("{ORG}/users/{}/invitations", w.local_user().0)).json(&json!({ "kind": "join" }))),
    row("DELETE", "/api/v1/organizations/{org}/users/{user}/invitations/{invitation}", levels(403, 403, 204, 204, 204), |w| { let (user, link) = w.local_user(); Ask::new("DELETE", format!("{ORG}/users/{user}/invitations/{link}")) }),
    row("GET",    "/api/v1/organizations/{org}/users/{user}/timeline", editors(), |w| Ask::get(format!("{ORG}/users/{}/timeline", w.user()))),
    row("GET",    "/api/v1/organizations/{org}/levels", editors(), |_| Ask::get(format!("{ORG}/levels?level=admin"))),
    row("GET",    "/api/v1/organizations/{org}/audit", editors(), |_| Ask::get(format!("{ORG}/audit"))),
    row("GET",    "/api/v1/organizations/{org}/audit/export", editors(), |_| Ask::get(format!("{ORG}/audit/export?format=ocsf"))),
    row("GET",    "/api/v1/audit", operators(200), |_| Ask::get("/api/v1/audit")),
    row("GET",    "/api/v1/audit/export", operators(200), |_| Ask::get("/api/v1/audit/export")),
    row("GET",    "/api/v1/audit/verify", operators(200), |_| Ask::get("/api/v1/audit/verify")),
    row("GET",    "/api/v1/audit/checkpoint", operators(200), |_| Ask::get("/api/v1/audit/checkpoint")),
    row("GET",    "/api/v1/audit/retention", operators(200), |_| Ask::get("/api/v1/audit/retention")),
    row("PATCH",  "/api/v1/audit/retention", operators(200), |_| Ask::new("PATCH", "/api/v1/audit/retention").json(&json!({ "days": 400 }))),
    row("GET",    "/api/v1/organizations/{org}/traces", editors(), |_| Ask::get(format!("{ORG}/traces"))),
    row("GET",    "/api/v1/organizations/{org}/traces/{reference}", editors(), |w| Ask::get(format!("{ORG}/traces/{}", w.reference))),
    row("GET",    "/api/v1/organizations/{org}/traces/{reference}/document", admins(200), |w| Ask::get(format!("{ORG}/traces/{}/document", w.reference))),
    row("GET",    "/api/v1/organizations/{org}/traces/{reference}/bundle", admins(200), |w| Ask::get(format!("{ORG}/traces/{}/bundle", w.reference))),
    row("POST",   "/api/v1/organizations/{org}/traces/{reference}/replay", admins(200), |w| Ask::new("POST", format!("{ORG}/traces/{}/replay", w.reference))),

    row("GET",    "/api/v1/trace-retention", operators(200), |_| Ask::get("/api/v1/trace-retention")),
    row("PATCH",  "/api/v1/trace-retention", operators(200), |_| Ask::new("PATCH", "/api/v1/trace-retention").json(&json!({ "days": 31 }))),
    row("GET",    "/api/v1/organizations/{org}/scim/brake", editors(), |_| Ask::get(format!("{ORG}/scim/brake"))),
    row("PATCH",  "/api/v1/organizations/{org}/scim/brake", admins(200), |_| Ask::new("PATCH", format!("{ORG}/scim/brake")).json(&json!({ "share": 30 }))),
    row("GET",    "/api/v1/organizations/{org}/scim/brake/holds/{hold}", editors(), |w| Ask::get(w.hold())),
    row("POST",   "/api/v1/organizations/{org}/scim/brake/holds/{hold}/decision", admins(200), |w| Ask::new("POST", format!("{}/decision", w.hold())).json(&json!({ "decision": "refuse" }))),

    row("GET",    "/scim/v2/{org}/Users", scim(200), |_| Ask::get("/scim/v2/acme/Users")),
    row("POST",   "/scim/v2/{org}/Users", scim(201), |w| Ask::new("POST", "/scim/v2/acme/Users").scim(&user(&w.fresh("p")))),
    row("GET",    "/scim/v2/{org}/Users/{id}", scim(200), |w| Ask::get(format!("/scim/v2/acme/Users/{}", w.user()))),
    row("PUT",    "/scim/v2/{org}/Users/{id}", scim(200), |w| Ask::new("PUT", format!("/scim/v2/acme/Users/{}", w.user())).scim(&user(&w.fresh("p")))),
    row("PATCH",  "/scim/v2/{org}/Users/{id}", scim(200), |w| Ask::new("PATCH", format!("/scim/v2/acme/Users/{}", w.user())).scim(&deactivation())),
    row("DELETE", "/scim/v2/{org}/Users/{id}", scim(204), |w| Ask::new("DELETE", format!("/scim/v2/acme/Users/{}", w.user()))),
    row("GET",    "/scim/v2/{org}/Groups", scim(200), |_| Ask::get("/scim/v2/acme/Groups")),
    row("POST",   "/scim/v2/{org}/Groups", scim(201), |w| Ask::new("POST", "/scim/v2/acme/Groups").scim(&w.renamed())),
    row("GET",    "/scim/v2/{org}/Groups/{id}", scim(200), |w| Ask::get(format!("/scim/v2/acme/Groups/{}", w.group()))),
    row("PUT",    "/scim/v2/{org}/Groups/{id}", scim(200), |w| Ask::new("PUT", format!("/scim/v2/acme/Groups/{}", w.group())).scim(&w.renamed())),
    row("PATCH",  "/scim/v2/{org}/Groups/{id}", scim(200), |w| Ask::new("PATCH", format!("/scim/v2/acme/Groups/{}", w.group())).scim(&w.renaming())),
    row("DELETE", "/scim/v2/{org}/Groups/{id}", scim(204), |w| Ask::new("DELETE", format!("/scim/v2/acme/Groups/{}", w.group()))),
    row("GET",    "/scim/v2/{org}", scim(200), |_| Ask::get("/scim/v2/acme")),
    row("POST",   "/scim/v2/{org}/.search", scim(200), |_| Ask::new("POST", "/scim/v2/acme/.search").scim(&search())),
    row("POST",   "/scim/v2/{org}/Users/.search", scim(200), |_| Ask::new("POST", "/scim/v2/acme/Users/.search").scim(&search())),
    row("POST",   "/scim/v2/{org}/Groups/.search", scim(200), |_| Ask::new("POST", "/scim/v2/acme/Groups/.search").scim(&search())),
    row("POST",   "/scim/v2/{org}/Bulk", scim(200), |w| Ask::new("POST", "/scim/v2/acme/Bulk").scim(&w.bulk())),
    row("GET",    "/scim/v2/{org}/Me", ME, |_| Ask::get("/scim/v2/acme/Me")),
    row("PUT",    "/scim/v2/{org}/Me", ME, |w| Ask::new("PUT", "/scim/v2/acme/Me").scim(&user(&w.fresh("p")))),
    row("PATCH",  "/scim/v2/{org}/Me", ME, |_| Ask::new("PATCH", "/scim/v2/acme/Me").scim(&deactivation())),
    row("DELETE", "/scim/v2/{org}/Me", ME, |_| Ask::new("DELETE", "/scim/v2/acme/Me")),
    row("GET",    "/scim/v2/{org}/ServiceProviderConfig", scim(200), |_| Ask::get("/scim/v2/acme/ServiceProviderConfig")),
    row("GET",    "/scim/v2/{org}/ResourceTypes", scim(200), |_| Ask::get("/scim/v2/acme/ResourceTypes")),
    row("GET",    "/scim/v2/{org}/ResourceTypes/{id}", scim(200), |_| Ask::get("/scim/v2/acme/ResourceTypes/User")),
    row("GET",    "/scim/v2/{org}/Schemas", scim(200), |_| Ask::get("/scim/v2/acme/Schemas")),
    row("GET",    "/scim/v2/{org}/Schemas/{id}", scim(200), |_| Ask::get("/scim/v2/acme/Schemas/urn:ietf:params:scim:schemas:core:2.0:User")),
];

const _: () = who::one_row_each(TABLE);

fn search() -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "count": 1 })
}

fn deactivation() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "value": { "active": false } }],
    })
}

/// An appliance with somebody of every kind.
struct World {
    app: TestApp,
    acme: Tenant,
    other: Tenant,
    admin: String,
    /// The user ids and group ids of viewer, runner, editor, admin and the other admin.
    people: Vec<String>,
    revoked: String,
    expired: String,
    expired_session: String,
    ended_session: String,
    /// An admin who was switched off, and a break-glass account that was.
    gone: (String, String),
    api: ApiTokens,
    reference: String,
    number: Cell<u32>,
}

impl World {
    fn new() -> Self {
        let (app, acme) = TestApp::acme();
        let other = app.tenant("other", "other.com");
        let mut people = Vec::new();
        for level in ["viewer", "runner", "editor", "admin"] {
            people.push(app.person(&acme, level).0);
        }
        let admin = app.session(&people[3]);
        people.push(app.person(&other, "admin").0);
        let (revoked, expired) = (app.scim_token("acme"), app.scim_token("acme"));
        for (token, change) in [(&revoked, "revoked_at = 1"), (&expired, "expires_at = 1")] {
            let hash = hash_of(token);
            app.force(&format!(
                "UPDATE tokens SET {change} WHERE hash = x'{hash}'"
            ));
        }
        let (expired_session, ended_session) = (app.session(&people[3]), app.session(&people[3]));
        let hash = hash_of(expired_session.split_once('=').unwrap().1);
        app.force(&format!(
            "UPDATE sessions SET expires_at = 1 WHERE token_hash = x'{hash}'"
        ));
        app.ask(Ask::new("DELETE", "/api/v1/session").with(&ended_session))
            .expect(204);
        let api = ApiTokens::make(&app, &people);
        let gone = (app.push_user(&acme, "gone@acme.com"), "off".to_owned());
        let group = app.push_group(&acme, "gone", &[&gone.0]);
        app.set_level(&acme, &group, "admin");
        app.force(&format!(
            "UPDATE users SET active = 0, active_shown = 0 WHERE id = '{}';
             INSERT INTO operators (id, name, name_key, password_hash, disabled_at, created_at,
                 password_changed_at) VALUES ('off', 'off', 'off', '', 1, 0, 0)",
            gone.0
        ));
        let mut browser = Browser::new(&app);
        browser.sign_in(&acme, "traced@acme.com");
        let reference = app.newest_trace(&acme)["reference"]
            .as_str()
            .unwrap()
            .to_owned();
        Self {
            app,
            acme,
            other,
            admin,
            people,
            revoked,
            expired,
            expired_session,
            ended_session,
            gone,
            api,
            reference,
            number: Cell::new(0),
        }
    }

    /// A session of its own for one of the people.
    fn signed_in(&self, person: usize) -> Option<Credentials> {
        Some(("Cookie", self.app.session(&self.people[person])))
    }

    fn ask(&self, who: usize, ask: Ask) -> Answer {
        self.app.ask(match EVERYBODY[who].credentials(self) {
            Some((name, value)) => ask.header(name, &value),
            None => ask,
        })
    }

    /// An address that nobody has asked from yet, so that no throttle has anything against it.
    fn address(&self) -> String {
        self.number.set(self.number.get() + 1);
        let [_, a, b, c] = self.number.get().to_be_bytes();
        format!("10.{a}.{b}.{c}")
    }

    fn fresh(&self, prefix: &str) -> String {
        self.number.set(self.number.get() + 1);
        format!("{prefix}{}", self.number.get())
    }

    fn domain(&self) -> String {
        format!("{}.example", self.fresh("d"))
    }

    /// A test that was begun.
    fn provider_test(&self) -> Ask {
        let path = format!("{ORG}/providers/{}/tests", self.acme.provider);
        let begun = self
            .app
            .as_operator("POST", &path, &Value::Null)
            .expect(201);
        Ask::get(format!("{path}/{}", begun.json()["id"].as_str().unwrap()))
    }

    /// A domain that the admin has added and that waits for approval.
    fn claimed(&self) -> String {
        let domain = self.domain();
        let body = json!({ "kind": "okta", "domains": [domain] });
        // Another row ends the sessions of everybody.
        let admin = self.app.session(&self.people[3]);
        let ask = Ask::new("POST", format!("{ORG}/providers")).with(&admin);
        self.app.ask(ask.json(&body)).expect(201);
        domain
    }

    fn draft(&self) -> String {
        self.app.draft("acme", &self.domain())
    }

    /// A provider that has its metadata.
    fn with_metadata(&self) -> String {
        let id = self.draft();
        let body = json!({ "metadata_xml": IDP.metadata() });
        self.app
            .as_operator("PATCH", &format!("{ORG}/providers/{id}"), &body)
            .expect(200);
        id
    }

    /// Takes away the second certificate of a provider.
    fn without_certificate(&self) -> Ask {
        let path = format!("{ORG}/providers/{}/certificates", self.with_metadata());
        let body = json!({ "certificate": BASE64.encode(IMPOSTOR.certificate()) });
        self.app.as_operator("POST", &path, &body).expect(201);
        let second = fingerprint(IMPOSTOR.certificate());
        Ask::new("DELETE", format!("{path}/{second}"))
    }

    /// One more session of the operator; a subject has at most a hundred, of which the oldest ends,
    /// and that must not be the one by which everything here is made.
    fn one_more_operator(&self) -> String {
        let (_, token) = self.app.operator().split_once('=').unwrap();
        let (hash, now) = (hash_of(token), clock::now().millis());
        self.app.force(&format!(
            "UPDATE sessions SET created_at = {now} WHERE token_hash = x'{hash}'"
        ));
        self.app.new_operator_session()
    }

    /// A change of a key while none is under way.
    fn roll(&self) -> Ask {
        self.app
            .force("DELETE FROM keys WHERE kind = 'saml-signing' AND begins_at IS NOT NULL");
        Ask::new("POST", "/api/v1/keys").json(&json!({ "kind": "saml-signing" }))
    }

    fn user(&self) -> String {
        self.app
            .push_user(&self.acme, &format!("{}@acme.com", self.fresh("p")))
    }

    /// An invited user and the id of the link.
    fn local_user(&self) -> (String, String) {
        let body = json!({ "email": format!("{}@local.example", self.fresh("l")) });
        let made = self
            .app
            .as_operator("POST", &format!("{ORG}/users"), &body)
            .expect(201)
            .json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&made["id"]), text(&made["invitation"]["id"]))
    }

    fn with_second_factor(&self) -> String {
        let (id, _) = self.local_user();
        self.app.force(&format!(
            "INSERT INTO second_factors (subject_id, secret, confirmed_at, created_at)
             VALUES ('{id}', x'00', 1, 1)"
        ));
        id
    }

    /// The id of somebody's session.
    fn session(&self) -> String {
        let user = self.user();
        self.app.session(&user);
        let path = format!("{ORG}/users/{user}/sessions");
        let list = self.app.as_operator("GET", &path, &Value::Null).json();
        list["items"][0]["id"].as_str().unwrap().to_owned()
    }

    fn group(&self) -> String {
        self.app.push_group(&self.acme, &self.fresh("g"), &[])
    }

    fn token(&self) -> String {
        let path = format!("{ORG}/scim/tokens");
        let made = self
            .app
            .as_operator("POST", &path, &json!({ "name": "to be revoked" }));
        made.json()["id"].as_str().unwrap().to_owned()
    }

    /// An API token to be revoked, made at this address by the operator.
    fn api_token(&self, path: &str) -> String {
        // Only so many may work at a time.
        self.app.force(
            "UPDATE tokens SET revoked_at = 1 WHERE kind = 'api' AND name = 'to be revoked'",
        );
        let asked = json!({ "name": "to be revoked", "scopes": ["read"] });
        let made = self.app.as_operator("POST", path, &asked).expect(201);
        made.json()["id"].as_str().unwrap().to_owned()
    }

    /// The address of a break-glass account that is offered a second factor; past the rule that a
    /// password has to be hashed first.
    fn account(&self) -> String {
        let name = self.fresh("z");
        let secret = data_encoding::HEXUPPER.encode(FACTOR);
        let now = portcullis::clock::now().millis();
        self.app.force(&format!(
            "INSERT INTO operators
                 (id, name, name_key, password_hash, created_at, password_changed_at)
             VALUES ('{name}', '{name}', '{name}', '', {now}, {now});
             INSERT INTO second_factors (subject_id, secret, created_at)
             VALUES ('{name}', x'{secret}', {now})"
        ));
        format!("/api/v1/break-glass-accounts/{name}")
    }

    fn webhook(&self) -> String {
        let id = self.fresh("w");
        self.app.force(&format!(
            "INSERT INTO webhooks (id, url, secret, kinds, created_at)
             VALUES ('{id}', 'https://hooks.example/', x'00', '', 0)"
        ));
        format!("/api/v1/webhooks/{id}")
    }

    /// The address of something that the brake holds.
    fn hold(&self) -> String {
        let id = self.fresh("h");
        let now = portcullis::clock::now().millis();
        self.app.force(&format!(
            "INSERT INTO brake_holds (id, organization_id, token_id, token_name, reason, state,
                 opened_at, last_at, attempts, people, passed, active)
             SELECT '{id}', id, '{id}', 'Okta', 'share', 'open', {now}, {now}, 1, 0, 10, 40
             FROM organizations WHERE slug = 'acme'"
        ));
        format!("{ORG}/scim/brake/holds/{id}")
    }

    fn renamed(&self) -> Value {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": self.fresh("g"),
            "members": [],
        })
    }

    fn renaming(&self) -> Value {
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "replace", "value": { "displayName": self.fresh("g") } }],
        })
    }

    fn bulk(&self) -> Value {
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [
                { "method": "POST", "path": "/Users", "bulkId": "a", "data": user(&self.fresh("p")) },
            ],
        })
    }

    /// The identity provider's POST that ends a sign-in begun in some other browser: refused, but
    /// to everybody alike. One that begins nothing is sent on to our own start.
    fn sign_in(&self) -> Ask {
        let path = format!("/saml/{}/acs", self.acme.provider);
        let number = self.fresh("id");
        let acs = format!("{}{path}", crate::app::PUBLIC);
        let audience = format!(
            "{}/saml/{}/metadata",
            crate::app::PUBLIC,
            self.acme.provider
        );
        let now = portcullis::clock::now();
        let mut spec = portcullis::demo::identity_provider::ResponseSpec::new(
            &acs,
            &audience,
            "ann@acme.com",
            now,
        );
        spec.assertion_id = &number;
        let xml = IDP.issue(&spec).unwrap();
        let value = data_encoding::BASE64.encode(xml.as_bytes());
        Ask::new("POST", path).form(&[("SAMLResponse", &value)])
    }
}

fn hash_of(secret: &str) -> String {
    data_encoding::HEXUPPER.encode(&portcullis::access::secret::hash(secret))
}

#[test]
fn the_table_and_the_routes_are_the_same() {
    let names = |pairs: Vec<(&'static str, &'static str)>| -> BTreeSet<String> {
        pairs.iter().map(|(m, p)| format!("{m} {p}")).collect()
    };
    let routes = names(ROUTES.iter().map(|r| (r.method, r.pattern)).collect());
    let rows = names(TABLE.iter().map(|r| (r.method, r.pattern)).collect());
    let without_row: Vec<_> = routes.difference(&rows).collect();
    let without_route: Vec<_> = rows.difference(&routes).collect();
    assert!(
        without_row.is_empty(),
        "give these routes a row: {without_row:?}"
    );
    assert!(
        without_route.is_empty(),
        "these rows have no route: {without_route:?}"
    );
    assert_eq!(ROUTES.len(), TABLE.len(), "a route or a row stands twice");
}

#[test]
fn everybody_at_every_address() {
    let world = World::new();
    let mut wrong = Vec::new();
    for row in TABLE {
        for who in EVERYBODY {
            let name = who.name;
            let expected = who.expected(row);
            let ask = (row.ask)(&world).header("X-Forwarded-For", &world.address());
            assert_eq!(ask.method, row.method, "{}", row.pattern);
            // The actor's own session is opened before, so that it isn't a change.
            let credentials = who.credentials(&world);
            let changes = row.method != "GET";
            let before = if changes {
                world.app.contents()
            } else {
                String::new()
            };
            let path = ask.path.clone();
            let answer = world.app.ask(match credentials {
                Some((name, value)) => ask.header(name, &value),
                None => ask,
            });
            if answer.status != expected {
                wrong.push(format!(
                    "{} {path} as {name}: {} instead of {}: {}",
                    row.method,
                    answer.status,
                    expected,
                    answer.text().chars().take(300).collect::<String>()
                ));
            }
            if changes && answer.status >= 400 && world.app.contents() != before {
                wrong.push(format!(
                    "{} {path} as {name} was refused and changed something",
                    row.method
                ));
            }
            if answer.header("content-security-policy").is_none() {
                wrong.push(format!(
                    "{} {path} as {name}: no Content-Security-Policy",
                    row.method
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_admin_of_another_organization_learns_nothing() {
    let world = World::new();
    let real = world.ask(FOREIGN, Ask::get(ORG)).expect(404);
    let made_up = world
        .ask(FOREIGN, Ask::get("/api/v1/organizations/nothing"))
        .expect(404);
    assert_eq!(real.body, made_up.body);
    // What is one's own is found only under one's own organization.
    let own = "/api/v1/organizations/other";
    for path in [
        format!("{own}/users/{}", world.people[0]),
        format!("{own}/providers/{}", world.acme.provider),
        format!("{own}/groups/{}", world.group()),
        format!("{own}/groups/{}/members", world.group()),
        format!("{own}/traces/{}", world.reference),
    ] {
        world.ask(FOREIGN, Ask::get(path)).expect(404);
    }
    let before = world.app.contents();
    let cookie = world.app.session(&world.people[4]);
    let before_and_session = world.app.contents();
    assert_ne!(before, before_and_session);
    for ask in [
        Ask::new("PATCH", format!("{own}/users/{}", world.people[0]))
            .json(&json!({ "active": false })),
        Ask::new("PATCH", format!("{own}/providers/{}", world.acme.provider))
            .json(&json!({ "name": "mine" })),
        Ask::new("DELETE", format!("{own}/providers/{}", world.acme.provider)),
    ] {
        world.app.ask(ask.with(&cookie)).expect(404);
    }
    assert_eq!(world.app.contents(), before_and_session);
    let list = world.ask(FOREIGN, Ask::get("/api/v1/organizations")).json();
    assert_eq!(list["total"], 1);
    assert_eq!(list["items"][0]["slug"], "other");
}

#[test]
fn other_sites_change_nothing() {
    let world = World::new();
    let cookie = world.app.new_operator_session();
    for row in TABLE.iter().filter(|row| row.method != "GET") {
        let scim = row.pattern.starts_with("/scim/");
        if scim || row.pattern.ends_with("/acs") {
            continue;
        }
        for (name, value) in [
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
            ("Origin", "https://evil.example"),
            ("Origin", "null"),
        ] {
            let ask = (row.ask)(&world).with(&cookie).header(name, value);
            let before = world.app.contents();
            let path = ask.path.clone();
            let answer = world.app.ask(ask);
            assert_eq!(answer.status, 403, "{} {path} {name}: {value}", row.method);
            assert_eq!(world.app.contents(), before, "{} {path}", row.method);
        }
    }
    let path = format!("{ORG}/scim/tokens");
    for (name, value) in [
        ("Sec-Fetch-Site", "same-origin"),
        ("Origin", crate::app::PUBLIC),
    ] {
        let ask = Ask::new("POST", path.as_str()).json(&json!({ "name": "own page" }));
        world
            .app
            .ask(ask.with(&cookie).header(name, value))
            .expect(201);
    }
}

/// What changes something by JSON, with its path.
fn with_json_body(world: &World) -> Vec<(&'static Row, Ask)> {
    TABLE
        .iter()
        .filter(|row| row.pattern.starts_with("/api/"))
        .map(|row| (row, (row.ask)(world)))
        .filter(|(_, ask)| !ask.body.is_empty())
        .collect()
}

#[test]
fn json_is_read_strictly() {
    let world = World::new();
    let asks = with_json_body(&world);
    assert!(asks.len() >= 7);
    for (row, ask) in asks {
        let mut unknown: Value = serde_json::from_slice(&ask.body).unwrap();
        unknown["surprise"] = json!(1);
        let operator = |body: &[u8], content_type: &str| {
            let ask = Ask::new(row.method, ask.path.as_str()).body(content_type, body);
            world.app.ask(ask.with(world.app.operator()))
        };
        let json_type = "application/json";
        let refused = operator(unknown.to_string().as_bytes(), json_type).expect(400);
        let problem = refused.json();
        assert_eq!(problem["code"], "unknown-member", "{}", row.pattern);
        assert!(problem["detail"].as_str().unwrap().contains("surprise"));
        for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
            operator(&ask.body, content_type).expect(415);
        }
        for broken in ["", "{", "[]", "null", "\"x\"", "{\"level\":", "\u{feff}{}"] {
            let problem = operator(broken.as_bytes(), json_type).expect(400);
            assert_eq!(
                problem.header("content-type"),
                Some("application/problem+json"),
                "{} {broken}",
                row.pattern
            );
        }
        operator(b"\xff\xfe", json_type).expect(400);
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        operator(format!("{{\"name\":{deep}}}").as_bytes(), json_type).expect(400);
    }
}

#[test]
fn wrong_values_name_their_field() {
    let world = World::new();
    let (providers, provider) = (
        format!("{ORG}/providers"),
        format!("{ORG}/providers/{}", world.acme.provider),
    );
    let user = format!("{ORG}/users/{}", world.user());
    let group = format!("{ORG}/groups/{}", world.group());
    let tokens = format!("{ORG}/scim/tokens");
    let claimed = format!("/api/v1/domains/{}", world.claimed());
    let organizations = "/api/v1/organizations".to_owned();
    let users = format!("{ORG}/users");
    let local = format!("{ORG}/users/{}", world.local_user().0);
    let invitations = format!("{local}/invitations");
    let (accounts, account) = ("/api/v1/break-glass-accounts".to_owned(), world.account());
    let webhooks = "/api/v1/webhooks".to_owned();
    let retention = "/api/v1/audit/retention".to_owned();
    let long = "x".repeat(101);
    #[rustfmt::skip]
    let cases = [
        ("POST", &organizations, json!({ "name": "no slug" }), "slug"),
        ("POST", &organizations, json!({ "slug": "Big" }), "slug"),
        ("POST", &organizations, json!({ "slug": "a_b" }), "slug"),
        ("POST", &organizations, json!({ "slug": "" }), "slug"),
        ("POST", &organizations, json!({ "slug": "x".repeat(64) }), "slug"),
        ("POST", &organizations, json!({ "slug": 7 }), "slug"),
        ("POST", &organizations, json!({ "slug": "good", "name": "" }), "name"),
        ("PATCH", &ORG.to_owned(), json!({ "name": long }), "name"),
        ("PATCH", &ORG.to_owned(), json!({ "default_group_level": "owner" }), "default_group_level"),
        ("PATCH", &ORG.to_owned(), json!({ "default_user_level": "operator" }), "default_user_level"),
        ("PATCH", &ORG.to_owned(), json!({ "unknown_extensions": "lose" }), "unknown_extensions"),
        ("PATCH", &ORG.to_owned(), json!({ "unknown_extensions": true }), "unknown_extensions"),
        ("POST", &providers, json!({ "kind": "ldap", "domains": ["a.example"] }), "kind"),
        ("POST", &providers, json!({ "kind": "okta" }), "domains"),
        ("POST", &providers, json!({ "kind": "okta", "domains": [] }), "domains"),
        ("POST", &providers, json!({ "kind": "okta", "domains": ["no domain"] }), "domains"),
        ("POST", &providers, json!({ "kind": "okta", "domains": "a.example" }), "domains"),
        ("POST", &providers, json!({ "kind": "okta", "domains": ["a.example"], "name": "\n" }), "name"),
        ("PATCH", &provider, json!({ "state": "draft" }), "state"),
        ("PATCH", &provider, json!({ "jit": "yes" }), "jit"),
        ("PATCH", &provider, json!({ "idp_initiated": 1 }), "idp_initiated"),
        ("PATCH", &provider, json!({ "sso_url": SSO, "issuer": ISSUER }), "certificate"),
        ("PATCH", &user, json!({}), "active"),
        ("PATCH", &user, json!({ "active": "no" }), "active"),
        ("PATCH", &ORG.to_owned(), json!({ "local_sign_in": "off" }), "local_sign_in"),
        ("PATCH", &user, json!({ "level": "root" }), "level"),
        ("PATCH", &user, json!({ "level": 3 }), "level"),
        ("PATCH", &local, json!({ "email": "ann" }), "email"),
        ("PATCH", &local, json!({ "displayName": "" }), "displayName"),
        ("POST", &users, json!({}), "email"),
        ("POST", &users, json!({ "email": "ann@acme" }), "email"),
        ("POST", &users, json!({ "email": "a b@acme.com" }), "email"),
        ("POST", &users, json!({ "email": format!("{}@acme.com", "a".repeat(300)) }), "email"),
        ("POST", &users, json!({ "email": "a@l.example", "userName": "x".repeat(201) }), "userName"),
        ("POST", &users, json!({ "email": "a@l.example", "displayName": "a\nb" }), "displayName"),
        ("POST", &users, json!({ "email": "a@l.example", "level": "owner" }), "level"),
        ("POST", &invitations, json!({ "kind": "party" }), "kind"),
        ("POST", &invitations, json!({}), "kind"),
        ("PATCH", &group, json!({ "level": "root" }), "level"),
        ("PATCH", &group, json!({}), "level"),
        ("PATCH", &claimed, json!({}), "state"),
        ("PATCH", &claimed, json!({ "state": "pending" }), "state"),
        ("POST", &accounts, json!({}), "username"),
        ("POST", &accounts, json!({ "username": "a b" }), "username"),
        ("POST", &accounts, json!({ "username": "x".repeat(65) }), "username"),
        ("POST", &accounts, json!({ "username": "z", "password": "short" }), "password"),
        ("POST", &accounts, json!({ "username": "z", "password": "x".repeat(1025) }), "password"),
        ("PATCH", &account, json!({ "networks": "10.0.0.0/8" }), "networks"),
        ("PATCH", &account, json!({ "networks": ["10.0.0.0/33"] }), "networks"),
        ("PATCH", &account, json!({ "networks": (0..33).map(|n| format!("10.0.{n}.0/24")).collect::<Vec<_>>() }), "networks"),
        ("PATCH", &account, json!({ "needs_arming": 1 }), "needs_arming"),
        ("PATCH", &account, json!({ "disabled": "no" }), "disabled"),
        ("POST", &format!("{account}/second-factor/confirm"), json!({}), "code"),
        ("POST", &format!("{account}/second-factor/confirm"), json!({ "code": "no code" }), "code"),
        ("POST", &format!("{account}/second-factor/confirm"), json!({ "code": "1".repeat(1025) }), "code"),
        ("PATCH", &retention, json!({}), "days"),
        ("PATCH", &retention, json!({ "days": 0 }), "days"),
        ("PATCH", &retention, json!({ "days": 36_501 }), "days"),
        ("PATCH", &retention, json!({ "days": "400d" }), "days"),
        ("POST", &webhooks, json!({}), "url"),
        ("POST", &webhooks, json!({ "url": "http://hooks.example/" }), "url"),
        ("POST", &webhooks, json!({ "url": "https://a:b@hooks.example/" }), "url"),
        ("POST", &webhooks, json!({ "url": format!("https://hooks.example/{}", "x".repeat(2048)) }), "url"),
        ("POST", &webhooks, json!({ "url": "https://hooks.example/", "kinds": ["user.created"] }), "kinds"),
        ("POST", &tokens, json!({ "name": "" }), "name"),
        ("POST", &tokens, json!({ "name": "t", "expires_at": "2001-01-01T00:00:00Z" }), "expires_at"),
        ("POST", &tokens, json!({ "name": "t", "expires_at": "tomorrow" }), "expires_at"),
    ];
    let before = world.app.contents();
    for (method, path, body, field) in cases {
        let problem = world.app.as_operator(method, path, &body);
        assert_eq!(
            problem.status,
            400,
            "{method} {path} {body}: {}",
            problem.text()
        );
        let problem = problem.json();
        assert_eq!(problem["field"], field, "{body}: {problem}");
        assert_eq!(problem["status"], 400);
        assert!(problem["detail"].as_str().is_some_and(|d| !d.is_empty()));
    }
    assert_eq!(world.app.contents(), before);
    for (path, field) in [
        ("users?limit=0", "limit"),
        ("users?limit=201", "limit"),
        ("groups?limit=x", "limit"),
        ("traces?kind=smtp", "kind"),
        ("traces?outcome=maybe", "outcome"),
        ("../../domains?state=refused", "state"),
        ("../../domains?limit=0", "limit"),
        ("../../audit/verify?seq=1", "hash"),
        ("../../audit/verify?hash=00", "seq"),
        ("../../audit/verify?seq=1&hash=00", "hash"),
    ] {
        let path = match path.strip_prefix("../../") {
            Some(path) => format!("/api/v1/{path}"),
            None => format!("{ORG}/{path}"),
        };
        let problem = world
            .app
            .as_operator("GET", &path, &Value::Null)
            .expect(400)
            .json();
        assert_eq!(problem["field"], field);
    }
    let taken = json!({ "slug": "acme", "name": "again" });
    let problem = world
        .app
        .as_operator("POST", &organizations, &taken)
        .expect(409)
        .json();
    assert_eq!(
        (problem["code"].as_str(), problem["field"].as_str()),
        (Some("conflict"), Some("slug"))
    );
    let taken = json!({ "kind": "okta", "domains": ["other.com"] });
    let problem = world
        .app
        .as_operator("POST", &providers, &taken)
        .expect(409)
        .json();
    assert_eq!(problem["field"], "domains");
}

#[test]
fn nothing_is_said_in_the_readers_own_format() {
    let world = World::new();
    let scim = Some("application/scim+json");
    let problem = Some("application/problem+json");
    let html = Some("text/html; charset=utf-8");
    let token = &world.acme.token;
    for (method, path, status, content_type) in [
        ("GET", "/nothing", 404, html),
        ("POST", "/nothing", 404, html),
        ("GET", "/static/nothing.js", 404, html),
        ("GET", "/saml/nothing/login", 404, html),
        ("GET", "/saml/nothing/slo", 404, html),
        ("DELETE", "/login", 405, html),
        ("GET", "/logout", 405, html),
        ("GET", "/api/v1/nothing", 404, problem),
        ("GET", "/api/v2/session", 404, problem),
        ("PUT", "/api/v1/session", 405, problem),
        ("PROPFIND", "/api/v1/session", 405, problem),
        ("GET", "/api/v1/organizations/acme/users/", 404, problem),
        ("GET", "/scim/", 404, scim),
        ("GET", "/scim/v1/acme/Users", 404, scim),
        ("GET", "/scim/v2", 404, scim),
        ("GET", "/scim/v2/acme/users", 404, scim),
        ("GET", "/scim/v2/acme/Users/a/b", 404, scim),
        ("GET", "/scim/v2/acme/Me", 501, scim),
        ("POST", "/scim/v2/acme/Me", 405, scim),
        ("GET", "/scim/v2/acme/Bulk", 405, scim),
        ("POST", "/scim/v2/acme/Users/.search", 400, scim),
        ("PATCH", "/scim/v2/acme/Users", 405, scim),
        ("POST", "/scim/v2/acme/ServiceProviderConfig", 405, scim),
        ("PURGE", "/scim/v2/acme/Groups", 405, scim),
        ("OPTIONS", "/scim/v2/acme/Users", 405, scim),
        ("GET", "/scim/v2/acme/Users/nobody", 404, scim),
        ("GET", "/scim/v2/acme/Schemas/urn:x", 404, scim),
        ("GET", "/scim/v2/nothing/Users", 403, scim),
    ] {
        let answer = world.app.ask(Ask::new(method, path).bearer(token));
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert_eq!(
            answer.header("content-type"),
            content_type,
            "{method} {path}"
        );
        if content_type == scim {
            let body = answer.json();
            assert_eq!(body["status"], status.to_string(), "{method} {path}");
            assert_eq!(
                body["schemas"][0],
                "urn:ietf:params:scim:api:messages:2.0:Error"
            );
        }
        if content_type == problem {
            assert_eq!(answer.json()["status"], status, "{method} {path}");
        }
        assert_eq!(
            answer.header("allow").is_some(),
            status == 405,
            "{method} {path}"
        );
    }
}

#[test]
fn methods_that_are_allowed_are_named() {
    let world = World::new();
    for (method, path, allowed) in [
        ("DELETE", "/login", vec!["GET", "HEAD", "POST"]),
        ("PUT", "/api/v1/session", vec!["DELETE", "GET", "HEAD"]),
        (
            "POST",
            "/scim/v2/acme/Users/x",
            vec!["DELETE", "GET", "HEAD", "PATCH", "PUT"],
        ),
        ("GET", "/logout", vec!["POST"]),
        ("HEAD", "/logout", vec!["POST"]),
    ] {
        let answer = world.app.ask(Ask::new(method, path)).expect(405);
        let mut named: Vec<_> = answer.header("allow").unwrap().split(", ").collect();
        named.sort_unstable();
        assert_eq!(named, allowed, "{method} {path}");
    }
}

#[test]
fn head_is_get_without_the_body() {
    let world = World::new();
    for row in TABLE.iter().filter(|row| row.method == "GET") {
        let token = row.pattern.starts_with("/scim/");
        let credentials = |ask: Ask| match token {
            true => ask.bearer(&world.acme.token),
            false => ask.with(&world.admin),
        };
        let ask = credentials((row.ask)(&world));
        let get = world.app.ask(ask.clone());
        let head = world.app.ask(Ask {
            method: "HEAD".into(),
            ..ask
        });
        assert_eq!(head.status, get.status, "{}", row.pattern);
        assert!(head.body.is_empty(), "{}", row.pattern);
        assert_eq!(
            head.header("content-type"),
            get.header("content-type"),
            "{}",
            row.pattern
        );
        if get.status == 200 && !row.pattern.starts_with("/saml") {
            assert_eq!(
                head.header("content-length"),
                get.header("content-length"),
                "{}",
                row.pattern
            );
        }
    }
}
