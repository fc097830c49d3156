//! What `GET /api/v1/findings` says of the rules of providers.

use portcullis::clock;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::http::Ask;

#[test]
fn what_weakens_sign_in_is_found() {
    let (app, acme) = TestApp::acme();
    let (_, admin) = app.person(&acme, "admin");
    let beta = app.tenant("beta", "beta.com");
    let (_, foreign) = app.person(&beta, "admin");
    let (_, viewer) = app.person(&acme, "viewer");
    let found = |cookie: &str| -> Vec<(String, String)> {
        let shown = app.ask(Ask::get("/api/v1/findings").with(cookie));
        let shown = shown.expect(200).json();
        let word = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
        let all = shown["items"].as_array().unwrap().iter();
        all.map(|it| {
            assert_eq!(it["subject"], json!(acme.provider));
            assert!(word(it, "text").contains("acme-okta"), "{it}");
            assert!(word(it, "fix").contains(&acme.provider), "{it}");
            (word(it, "code"), word(it, "severity"))
        })
        .collect()
    };
    assert_eq!(found(&admin), []);
    let day = &clock::now()
        .plus(std::time::Duration::from_secs(40 * 86_400))
        .to_string()[..10];
    let weak = [
        (
            "sha1_until",
            json!(day),
            json!("none"),
            "sha1-allowed",
            "warning",
        ),
        (
            "idp_initiated",
            json!(true),
            json!(false),
            "unsolicited-responses-trusted",
            "notice",
        ),
        (
            "unsigned_logout_requests",
            json!(true),
            json!(false),
            "unsigned-logout-requests",
            "notice",
        ),
        (
            "unsigned_logout_responses",
            json!(true),
            json!(false),
            "unsigned-logout-responses",
            "notice",
        ),
    ];
    let mut all = Vec::new();
    for (member, on, off, code, severity) in &weak {
        let expected = (String::from(*code), String::from(*severity));
        app.set_provider(&acme, &json!({ *member: on }));
        assert_eq!(found(&admin), std::slice::from_ref(&expected));
        app.set_provider(&acme, &json!({ *member: off }));
        assert_eq!(found(&admin), []);
        all.push(expected);
    }
    for (member, on, ..) in &weak {
        app.set_provider(&acme, &json!({ *member: on }));
    }
    assert_eq!(found(&admin), all);
    assert_eq!(found(app.operator()), all);
    assert_eq!(found(&foreign), []);
    assert_eq!(found(&viewer), []);

    // An end that is 50 days away is nothing for a banner, so an admin reads it here.
    let end = clock::now().plus(std::time::Duration::from_secs(50 * 86_400 + 60));
    app.force(&format!(
        "UPDATE provider_certificates SET not_after = {} WHERE provider_id = '{}'",
        end.millis(),
        acme.provider
    ));
    let ending = |cookie: &str| {
        let shown = app.ask(Ask::get("/api/v1/findings").with(cookie));
        let text = shown.expect(200).text();
        text.contains("provider-certificate-ending") && text.contains("ends in 50 days")
    };
    assert!(ending(&admin) && !ending(&foreign) && !ending(&viewer));
    app.force("UPDATE provider_certificates SET not_after = not_after + 86400000000");

    // Past its day the exception is none, and nobody signs in through a provider that is off.
    app.force("UPDATE providers SET sha1_until = 1000");
    assert_eq!(found(&admin), all[1..]);
    app.set_provider(&acme, &json!({ "state": "disabled" }));
    assert_eq!(found(&admin), []);
}
