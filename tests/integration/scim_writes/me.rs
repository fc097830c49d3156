//! `/Me`: RFC 7644 section 3.11.

use serde_json::{Value, json};

use crate::app::{TestApp, user};
use crate::http::Ask;

#[test]
fn a_users_token_reads_its_owner() {
    let (app, acme) = TestApp::acme();
    let id = app.push_user(&acme, "ann@acme.com");
    let session = app.session(&id);
    let token = |scopes: &[&str]| {
        let asked = json!({ "name": "t", "scopes": scopes });
        let ask = Ask::new("POST", "/api/v1/account/tokens").json(&asked);
        let made = app.ask(ask.with(&session)).expect(201).json();
        made["token"].as_str().unwrap().to_owned()
    };
    let (reads, audits) = (token(&["read"]), token(&["audit"]));
    let me = |method: &str, query: &str| {
        Ask::new(method, format!("/scim/v2/acme/Me{query}")).bearer(&reads)
    };
    let shown = app.ask(me("GET", "")).expect(200);
    let own = app.scim(&acme, "GET", &format!("/Users/{id}"), &Value::Null);
    assert_eq!(shown.json(), own.json());
    assert_eq!(shown.header("etag"), own.header("etag"));
    assert_eq!(
        shown.location(),
        format!("https://door.test/scim/v2/acme/Users/{id}")
    );
    let less = app.ask(me("GET", "?attributes=userName")).expect(200);
    assert_eq!(less.location(), shown.location());
    assert!(less.json().get("emails").is_none());
    let tag = shown.header("etag").unwrap();
    app.ask(me("GET", "").header("If-None-Match", tag))
        .expect(304);

    let before = app.contents();
    let body = user("ann@acme.com");
    for method in ["PUT", "PATCH", "DELETE"] {
        let refused = app.ask(me(method, "").scim(&body)).expect(403).json();
        let detail = refused["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("identity provider"), "{detail}");
    }
    assert_eq!(app.contents(), before);
    let refused = Ask::get("/scim/v2/acme/Me").bearer(&audits);
    let detail = app.ask(refused).expect(403).json()["detail"].to_string();
    assert!(detail.contains("`read`"), "{detail}");
    // It opens nothing else here, and nobody else's.
    app.ask(Ask::get("/scim/v2/acme/Users").bearer(&reads))
        .expect(401);
    app.tenant("other", "other.com");
    app.ask(Ask::get("/scim/v2/other/Me").bearer(&reads))
        .expect(403);
    // It ends with its owner.
    app.scim(&acme, "DELETE", &format!("/Users/{id}"), &Value::Null)
        .expect(204);
    app.ask(me("GET", "")).expect(401);
}

#[test]
fn an_organization_is_nobody() {
    let (app, acme) = TestApp::acme();
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        let answer = app.scim(&acme, method, "/Me", &Value::Null).expect(501);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("stands for an organization"), "{detail}");
    }
}
