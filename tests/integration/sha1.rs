//! SHA-1 for one provider: who may allow it, for how long, and who is told.

use std::time::Duration;

use portcullis::clock;
use portcullis::demo::identity_provider::{Algorithm, ResponseSpec};
use serde_json::{Value, json};

use crate::app::{Tenant, TestApp};
use crate::browser::{Browser, Started};
use crate::http::{Answer, Ask};
use crate::saml::fixture::IDP;

/// Ann's answer with a SHA-1 digest, by the right key.
fn weak(started: &Started) -> String {
    let spec = ResponseSpec {
        sign_response: false,
        sign_assertion: false,
        ..started.spec("ann@acme.com")
    };
    let template = IDP
        .signature_template(spec.response_id, Algorithm::Sha256)
        .replace(
            "http://www.w3.org/2001/04/xmlenc#sha256",
            "http://www.w3.org/2000/09/xmldsig#sha1",
        );
    let unsigned = IDP.issue(&spec).unwrap();
    let with = unsigned.replacen("</saml2:Issuer>", &format!("</saml2:Issuer>{template}"), 1);
    IDP.sign(with).unwrap()
}

#[track_caller]
fn sign_in(app: &TestApp, acme: &Tenant) -> Answer {
    let mut browser = Browser::new(app);
    let started = browser.start(acme);
    browser.post(
        &started.request.acs_url,
        &weak(&started),
        Some(&started.relay_state),
    )
}

/// A day so many days from now.
fn day(days: u64) -> String {
    let at = clock::now().plus(Duration::from_secs(days * 86_400));
    at.to_string().chars().take(10).collect()
}

#[test]
fn until_a_day_and_no_longer() {
    let (app, acme) = TestApp::acme();
    sign_in(&app, &acme).expect(403);
    assert_eq!(
        app.newest_trace(&acme)["code"],
        "digest-algorithm-not-allowed"
    );

    let until = day(30);
    let set = app.set_provider(&acme, &json!({ "sha1_until": until }));
    assert_eq!(set["sha1_until"], format!("{until}T00:00:00.000Z"));
    sign_in(&app, &acme).expect(303);
    let trace = app.newest_trace(&acme);
    let checks = trace["detail"]["checks"].as_array().unwrap();
    assert!(
        checks
            .iter()
            .any(|c| c["code"] == "sha1-allowed" && c["passed"] == true),
        "{trace}"
    );

    // The day comes, and nobody had to do anything.
    app.force("UPDATE providers SET sha1_until = 1000");
    sign_in(&app, &acme).expect(403);
    assert_eq!(
        app.newest_trace(&acme)["code"],
        "digest-algorithm-not-allowed"
    );
    let path = format!("{}/providers/{}", acme.base, acme.provider);
    let shown = app.as_operator("GET", &path, &Value::Null).expect(200);
    assert_eq!(shown.json()["sha1_until"], Value::Null);
}

#[test]
fn an_operators_decision_alone() {
    let (app, acme) = TestApp::acme();
    let (_, admin) = app.person(&acme, "admin");
    let path = format!("{}/providers/{}", acme.base, acme.provider);
    let ask = |until: &str| {
        Ask::new("PATCH", &path)
            .with(&admin)
            .json(&json!({ "sha1_until": until }))
    };
    app.ask(ask(&day(30))).expect(403);
    app.ask(ask("none")).expect(403);
    assert_eq!(app.sql("SELECT sha1_until FROM providers"), Value::Null);
    for wrong in [day(0), day(400), "soon".to_owned(), "2020-01-01".to_owned()] {
        let body = json!({ "sha1_until": wrong });
        let answer = app.as_operator("PATCH", &path, &body).expect(400);
        assert!(answer.text().contains("sha1_until"), "{}", answer.text());
    }
}

#[test]
fn by_the_command_line_and_in_the_audit_log() {
    let (app, acme) = TestApp::acme();
    let until = day(90);
    let set = |value: &str| {
        let arguments = [
            "provider",
            "set",
            &acme.provider,
            "--allow-sha1-until",
            value,
        ];
        app.portcullis(&arguments)
    };
    assert_eq!(set(&until)["sha1_until"], format!("{until}T00:00:00.000Z"));
    assert_eq!(set("none")["sha1_until"], Value::Null);
    let told = app.text(
        "SELECT group_concat(detail) FROM (SELECT detail FROM audit
         WHERE action = 'provider.changed' ORDER BY seq DESC LIMIT 2)",
    );
    assert_eq!(told.matches("sha1_until").count(), 4, "{told}");
    assert!(told.contains(&until), "{told}");
}
