//! `active` removed: RFC 7644 section 3.5.2.2 makes it unassigned, and who has none has no access.

use serde_json::{Value, json};

use super::{ask, patch};
use crate::app::{Directory, Tenant, TestApp, user};

fn change(app: &TestApp, acme: &Tenant, id: &str, operations: Value) -> Value {
    app.scim(acme, "PATCH", &format!("/Users/{id}"), &patch(operations))
        .expect(200)
        .json()
}

fn found(app: &TestApp, acme: &Tenant, filter: &str) -> Vec<String> {
    let filter: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    let path = format!("/Users?sortBy=userName&filter={filter}");
    let list = app
        .scim(acme, "GET", &path, &Value::Null)
        .expect(200)
        .json();
    let users = list["Resources"].as_array().unwrap().iter();
    users
        .map(|user| user["userName"].as_str().unwrap()[..3].to_owned())
        .collect()
}

#[test]
fn who_has_no_active_has_no_access() {
    let (app, acme) = TestApp::acme();
    let [ann, off, _] =
        ["ann@acme.com", "off@acme.com", "on1@acme.com"].map(|name| app.push_user(&acme, name));
    change(
        &app,
        &acme,
        &off,
        json!([{ "op": "replace", "path": "active", "value": false }]),
    );
    let session = app.session(&ann);
    assert!(app.who(&session).is_some());

    let gone = change(
        &app,
        &acme,
        &ann,
        json!([{ "op": "remove", "path": "active" }]),
    );
    assert!(gone.get("active").is_none(), "{gone}");
    assert!(app.who(&session).is_none());
    let shown = app.as_operator("GET", &format!("{}/users/{ann}", acme.base), &Value::Null);
    assert_eq!(shown.expect(200).json()["active"], false);
    for (filter, who) in [
        ("active eq true", &["on1"][..]),
        ("active eq false", &["off"]),
        ("active ne true", &["ann", "off"]),
        ("active ne false", &["ann", "on1"]),
        ("active pr", &["off", "on1"]),
        ("not (active pr)", &["ann"]),
        ("active eq null", &["ann"]),
        ("active ne null", &["off", "on1"]),
    ] {
        assert_eq!(found(&app, &acme, filter), who, "{filter}");
    }

    // Once more changes nothing, nor does a PUT of what is shown.
    let path = format!("/Users/{ann}");
    let again = change(
        &app,
        &acme,
        &ann,
        json!([{ "op": "remove", "path": "active" }]),
    );
    assert_eq!(again["meta"], gone["meta"]);
    let put = app.scim(&acme, "PUT", &path, &gone).expect(200).json();
    assert_eq!(put, gone);
    // Other attributes change without it, and `false` is something else.
    let titled = change(
        &app,
        &acme,
        &ann,
        json!([{ "op": "add", "path": "title", "value": "x" }]),
    );
    assert!(titled.get("active").is_none());
    let off = json!([{ "op": "replace", "path": "active", "value": false }]);
    let told = change(&app, &acme, &ann, off);
    assert_eq!(told["active"], false);
    assert_ne!(told["meta"]["version"], titled["meta"]["version"]);
    let gone = change(
        &app,
        &acme,
        &ann,
        json!([{ "op": "remove", "path": "active" }]),
    );
    assert!(gone.get("active").is_none());
    // An admin can let them in again.
    let on = json!({ "active": true });
    app.as_operator("PATCH", &format!("{}/users/{ann}", acme.base), &on)
        .expect(200);
    let shown = app
        .scim(&acme, "GET", &path, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(shown["active"], true);
}

#[test]
fn an_export_says_that_they_may_not_sign_in() {
    let (app, acme) = TestApp::acme();
    let ann = app.push_user(&acme, "ann@acme.com");
    change(
        &app,
        &acme,
        &ann,
        json!([{ "op": "remove", "path": "active" }]),
    );
    let directory = Directory::new();
    let file = directory.file("acme.jsonl");
    let file = file.to_str().unwrap();
    app.portcullis(&["scim", "export", "--org", "acme", "--output", file]);
    let line: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(line["active"], false);
}

#[test]
fn null_says_nothing_of_access() {
    let (app, acme) = TestApp::acme();
    let ann = app.push_user(&acme, "ann@acme.com");
    let path = format!("/Users/{ann}");
    for operation in [
        json!({ "op": "replace", "path": "active", "value": null }),
        json!({ "op": "replace", "value": { "active": null, "title": "x" } }),
        json!({ "op": "add", "value": { "active": null } }),
        json!({ "op": "replace", "path": "active", "value": "" }),
    ] {
        for before in [
            json!({ "op": "remove", "path": "active" }),
            json!({ "op": "replace",
            "path": "active", "value": false }),
        ] {
            for operations in [json!([operation]), json!([before, operation])] {
                let body = patch(operations);
                let answer = ask(&app, &acme, ("PATCH", &path), &[], &body).expect(400);
                let detail = answer.json()["detail"].as_str().unwrap().to_owned();
                assert!(
                    detail.starts_with("`active` can't be null or empty"),
                    "{detail}"
                );
            }
        }
    }
    // In a whole user it is as if left out: RFC 7643 section 2.5.
    let mut whole = user("ann@acme.com");
    whole["active"] = Value::Null;
    let shown = app.scim(&acme, "PUT", &path, &whole).expect(200).json();
    assert_eq!(shown["active"], true);
}
