//! What requests to a provider ask for: chosen, sent, and held against the answer.

use std::io::Read;

use data_encoding::BASE64;
use flate2::read::DeflateDecoder;
use portcullis::demo::identity_provider::ResponseSpec;
use serde_json::{Value, json};

use crate::app::{Tenant, TestApp};
use crate::browser::Browser;
use crate::http::{Answer, Ask};

const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
const MFA: &str = "https://refeds.org/profile/mfa";
const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const ANN: &str = "ann@acme.com";

/// The AuthnRequest in a redirect.
fn request(location: &str) -> String {
    let (_, query) = location.split_once('?').unwrap();
    let value = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "SAMLRequest")
        .unwrap()
        .1;
    let deflated = BASE64.decode(value.as_bytes()).unwrap();
    let mut xml = String::new();
    DeflateDecoder::new(&*deflated)
        .read_to_string(&mut xml)
        .unwrap();
    xml
}

fn login(app: &TestApp, acme: &Tenant) -> String {
    let path = format!("/saml/{}/login", acme.provider);
    let answer = app.ask(Ask::get(path)).expect(303);
    request(answer.location())
}

#[track_caller]
fn set(app: &TestApp, acme: &Tenant, body: &Value) -> Answer {
    let path = format!("{}/providers/{}", acme.base, acme.provider);
    app.as_operator("PATCH", &path, body)
}

#[track_caller]
fn wrong(app: &TestApp, acme: &Tenant, body: Value, status: u16, field: &str) {
    let answer = set(app, acme, &body).expect(status).json();
    assert_eq!(answer["field"], field, "{answer}");
}

#[test]
fn nothing_is_asked_for_until_somebody_says_so() {
    let (app, acme) = TestApp::acme();
    let xml = login(&app, &acme);
    for word in [
        "ForceAuthn",
        "NameIDPolicy",
        "RequestedAuthnContext",
        "Subject",
    ] {
        assert!(!xml.contains(word), "{xml}");
    }
    let shown = app.set_provider(
        &acme,
        &json!({
            "force_authn": true,
            "authn_contexts": [MFA, PASSWORD],
            "authn_comparison": "minimum",
            "name_id_format": EMAIL,
        }),
    );
    assert_eq!(shown["authn_contexts"], json!([MFA, PASSWORD]));
    assert_eq!(shown["name_id_format"], EMAIL);
    let xml = login(&app, &acme);
    assert!(xml.contains(" ForceAuthn=\"true\""), "{xml}");
    assert!(xml.contains(&format!("<samlp:NameIDPolicy Format=\"{EMAIL}\"/>")));
    assert!(xml.contains("<samlp:RequestedAuthnContext Comparison=\"minimum\">"));
    // What isn't named stays.
    app.set_provider(&acme, &json!({ "name": "Okta" }));
    assert_eq!(login(&app, &acme).matches("ClassRef>").count(), 4);
    let nothing = json!({ "force_authn": false, "authn_contexts": [], "name_id_format": "" });
    let shown = app.set_provider(&acme, &nothing);
    assert_eq!(shown["name_id_format"], Value::Null);
    let xml = login(&app, &acme);
    assert!(!xml.contains("ForceAuthn") && !xml.contains("Requested") && !xml.contains("Policy"));
    let told = app.text(
        "SELECT detail FROM audit WHERE action = 'provider.changed' ORDER BY seq DESC LIMIT 1",
    );
    assert!(told.contains("authn_contexts"), "{told}");
}

#[test]
fn what_cannot_be_asked_for_is_refused_by_its_field() {
    let (app, acme) = TestApp::acme();
    let many: Vec<String> = (0..11).map(|n| format!("urn:x:{n}")).collect();
    let long = format!("urn:{}", "x".repeat(252));
    for contexts in [
        json!(many),
        json!(["no uri"]),
        json!([MFA, MFA]),
        json!([long]),
    ] {
        wrong(
            &app,
            &acme,
            json!({ "authn_contexts": contexts }),
            400,
            "authn_contexts",
        );
    }
    let body = json!({ "authn_comparison": "strong" });
    wrong(&app, &acme, body, 400, "authn_comparison");
    wrong(
        &app,
        &acme,
        json!({ "name_id_format": "email" }),
        400,
        "name_id_format",
    );
    wrong(
        &app,
        &acme,
        json!({ "login_hint": "header" }),
        400,
        "login_hint",
    );
    // Ten are taken.
    set(&app, &acme, &json!({ "authn_contexts": many[..10] })).expect(200);
    // An answer that nobody asked for can't be a new sign-in on request.
    app.set_provider(&acme, &json!({ "force_authn": true }));
    wrong(
        &app,
        &acme,
        json!({ "idp_initiated": true }),
        409,
        "force_authn",
    );
    let both = json!({ "idp_initiated": true, "force_authn": false });
    set(&app, &acme, &both).expect(200);
    wrong(
        &app,
        &acme,
        json!({ "force_authn": true }),
        409,
        "force_authn",
    );
}

#[test]
fn a_forced_sign_in_is_a_new_one() {
    let (app, acme) = TestApp::acme();
    app.set_provider(&acme, &json!({ "force_authn": true }));
    let mut browser = Browser::new(&app);
    let started = browser.start(&acme);
    assert!(started.request.force_authn);
    let hour = std::time::Duration::from_secs(3600);
    let old = ResponseSpec {
        authn_instant: portcullis::clock::now().minus(hour),
        ..started.spec(ANN)
    };
    let page = browser.answer(&started, &old).expect(403);
    assert_eq!(app.newest_trace(&acme)["code"], "authn-instant-old");
    assert!(!page.text().contains("AuthnInstant"));
    browser.answer(&started, &started.spec(ANN)).expect(303);
}

#[test]
fn an_exact_class_is_checked() {
    let (app, acme) = TestApp::acme();
    app.set_provider(&acme, &json!({ "authn_contexts": [MFA] }));
    let mut browser = Browser::new(&app);
    let started = browser.start(&acme);
    browser.answer(&started, &started.spec(ANN)).expect(403);
    let trace = app.newest_trace(&acme);
    assert_eq!(trace["code"], "authn-context-mismatch");
    assert_eq!(trace["detail"]["expected"], MFA);
    assert_eq!(trace["detail"]["got"], PASSWORD);
    assert!(trace["detail"]["fix"].as_str().unwrap().contains("classes"));
    let strong = ResponseSpec {
        authn_context: MFA,
        ..started.spec(ANN)
    };
    browser.answer(&started, &strong).expect(303);
    // What is stronger than what, only the identity provider knows.
    app.set_provider(&acme, &json!({ "authn_comparison": "minimum" }));
    browser.sign_in(&acme, ANN);
    let trace = app.newest_trace(&acme);
    let checks = trace["detail"]["checks"].as_array().unwrap();
    let check = checks
        .iter()
        .find(|c| c["code"] == "authn-context")
        .unwrap();
    assert!(
        check["expected"]
            .as_str()
            .unwrap()
            .contains("only the identity provider")
    );
}

#[test]
fn a_typed_address_is_handed_on_where_that_is_wanted() {
    let (app, acme) = TestApp::acme();
    let typed = |email: &str| {
        let form = [("email", email), ("return_to", "/console/acme")];
        let answer = app.ask(Ask::new("POST", "/login").form(&form)).expect(303);
        answer.location().to_owned()
    };
    let start = typed("ann+x@acme.com");
    assert!(!start.contains("hint"), "{start}");
    for (way, parameter) in [("login_hint", "login_hint"), ("LoginHint", "LoginHint")] {
        app.set_provider(&acme, &json!({ "login_hint": way, "sign_requests": true }));
        let start = typed("ann+x@acme.com");
        let to = app.ask(Ask::get(&start)).expect(303);
        let expected = format!("&{parameter}=ann%2Bx%40acme%2Ecom");
        assert!(to.location().ends_with(&expected), "{}", to.location());
        assert!(!request(to.location()).contains("ann+x"));
    }
    // By POST it stands in the address of the form.
    app.set_provider(
        &acme,
        &json!({ "request_binding": "post", "sign_requests": false }),
    );
    let page = app.ask(Ask::get(typed(ANN))).expect(200).text();
    assert!(
        page.contains("/sso/saml?LoginHint=ann%40acme%2Ecom\""),
        "{page}"
    );
    app.set_provider(
        &acme,
        &json!({ "login_hint": "subject", "request_binding": "redirect" }),
    );
    let to = app.ask(Ask::get(typed(ANN))).expect(303);
    assert!(!to.location().contains("ann%40acme"));
    assert!(request(to.location()).contains("<saml:Subject><saml:NameID>ann@acme.com<"));
    // Nobody typed these here.
    let path = |hint: &str| format!("/saml/{}/login?login_hint={hint}", acme.provider);
    for hint in [
        "eve%40other.com",
        "ann",
        "a%0Ab%40acme.com",
        &format!("{}%40acme.com", "a".repeat(250)),
    ] {
        let to = app.ask(Ask::get(path(hint))).expect(303);
        assert!(!request(to.location()).contains("Subject"), "{hint}");
    }
    let foreign = Ask::get(path("ann%40acme.com"))
        .header("Sec-Fetch-Site", "cross-site")
        .header("Sec-Fetch-Dest", "document");
    let to = app.ask(foreign).expect(303);
    assert!(!request(to.location()).contains("Subject"));
}

#[test]
fn entra_gets_no_subject() {
    let (app, acme) = TestApp::acme();
    for kind in ["entra", "google"] {
        let body = json!({ "kind": kind, "domains": [format!("{kind}.example")] });
        let path = format!("{}/providers", acme.base);
        let made = app.as_operator("POST", &path, &body).expect(201).json();
        let path = format!("{path}/{}", made["id"].as_str().unwrap());
        let body = json!({ "login_hint": "subject" });
        let refused = app.as_operator("PATCH", &path, &body).expect(400).json();
        assert_eq!(refused["field"], "login_hint");
        // Google isn't known to sign people in again; Entra is.
        assert_eq!(made["step_up"], kind == "entra");
    }
}

#[test]
fn a_sign_in_that_nobody_asked_for_carries_its_warning() {
    let (app, acme) = TestApp::acme();
    app.set_provider(&acme, &json!({ "idp_initiated": true }));
    let mut browser = Browser::new(&app);
    let started = browser.start(&acme);
    let unsolicited = ResponseSpec {
        in_response_to: None,
        ..started.spec(ANN)
    };
    browser.answer(&started, &unsolicited).expect(303);
    let warnings = &app.newest_trace(&acme)["detail"]["warnings"];
    assert!(
        warnings[0].as_str().unwrap().contains("Nobody here asked"),
        "{warnings}"
    );
    browser.sign_in(&acme, ANN);
    assert_eq!(app.newest_trace(&acme)["detail"]["warnings"], json!([]));
}

#[test]
fn by_the_command_line() {
    let (app, acme) = TestApp::acme();
    let set = |options: &[&str]| {
        let mut arguments = vec!["provider", "set", acme.provider.as_str()];
        arguments.extend(options);
        app.portcullis(&arguments)
    };
    let shown = set(&[
        "--force-authn",
        "true",
        "--authn-context",
        MFA,
        "--authn-context",
        PASSWORD,
        "--authn-comparison",
        "better",
        "--name-id-format",
        EMAIL,
        "--login-hint",
        "LoginHint",
        "--step-up",
        "false",
    ]);
    assert_eq!(shown["authn_contexts"], json!([MFA, PASSWORD]));
    assert_eq!(shown["authn_comparison"], "better");
    assert_eq!(shown["login_hint"], "LoginHint");
    assert_eq!(
        (&shown["force_authn"], &shown["step_up"]),
        (&json!(true), &json!(false))
    );
    let shown = set(&["--authn-context", "none", "--name-id-format", "none"]);
    assert_eq!(
        (&shown["authn_contexts"], &shown["name_id_format"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!(shown["force_authn"], true);
}
