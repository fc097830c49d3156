//! Members who can't be members: groups, people of nowhere, people of another organization.

use serde_json::{Value, json};

use super::patch;
use crate::app::{Tenant, TestApp};

#[test]
fn a_group_is_no_member() {
    let (app, acme) = TestApp::acme();
    let ann = app.push_user(&acme, "ann@acme.com");
    let inner = app.push_group(&acme, "Inner", &[&ann]);
    let outer = app.push_group(&acme, "Outer", &[]);
    let before = app.contents();
    let add = |members: Value| patch(json!([{ "op": "add", "path": "members", "value": members }]));
    let path = format!("/Groups/{outer}");
    for (method, path, body) in [
        (
            "POST",
            "/Groups",
            json!({ "displayName": "New", "members": [{ "value": inner }] }),
        ),
        (
            "POST",
            "/Groups",
            json!({ "displayName": "New", "members": [{ "value": inner, "type": "Group" }] }),
        ),
        (
            "PUT",
            &path,
            json!({ "displayName": "Outer", "members": [{ "value": ann }, { "value": inner }] }),
        ),
        ("PATCH", &path, add(json!([{ "value": inner }]))),
        ("PATCH", &path, add(json!([{ "value": outer }]))),
    ] {
        let error = app.scim(&acme, method, path, &body).expect(400).json();
        assert_eq!(error["scimType"], "invalidValue");
        let detail = error["detail"].as_str().unwrap();
        assert!(detail.contains("can't be a member of a group"), "{detail}");
    }
    assert_eq!(app.contents(), before);
}

/// Ways to name members: method, path and body, and whether the group has only those then.
fn ways(group: &str, members: &Value) -> [(&'static str, String, Value, bool); 4] {
    let path = format!("/Groups/{group}");
    let to = |op: &str| patch(json!([{ "op": op, "path": "members", "value": members }]));
    let whole = |name: &str| json!({ "displayName": name, "members": members });
    [
        ("PATCH", path.clone(), to("add"), false),
        ("PATCH", path.clone(), to("replace"), true),
        ("PUT", path, whole("Ops"), true),
        ("POST", "/Groups".to_owned(), whole("New"), true),
    ]
}

fn members(app: &TestApp, acme: &Tenant, group: &str) -> Vec<String> {
    let shown = app
        .scim(acme, "GET", &format!("/Groups/{group}"), &Value::Null)
        .expect(200)
        .json();
    let members = shown["members"].as_array().unwrap().iter();
    let mut ids: Vec<String> = members
        .map(|member| member["value"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

const NOTE: &str = "a member who isn't here was left out, as this organization has it";

/// What was forgiven in the newest exchange.
fn newest_notes(app: &TestApp, acme: &Tenant) -> Value {
    app.settle();
    let path = format!("{}/traces?kind=scim&limit=1", acme.base);
    let list = app
        .as_operator("GET", &path, &Value::Null)
        .expect(200)
        .json();
    list["items"][0]["detail"]["notes"].clone()
}

#[test]
fn members_who_arent_here_are_refused_or_left_out() {
    let (app, acme) = TestApp::acme();
    let [ann, ben] = ["ann@acme.com", "ben@acme.com"].map(|name| app.push_user(&acme, name));
    let ops = app.push_group(&acme, "Ops", &[&ben]);
    app.as_operator(
        "POST",
        "/api/v1/organizations",
        &json!({ "slug": "globex" }),
    )
    .expect(201);
    let globex = Tenant {
        token: app.scim_token("globex"),
        base: "/api/v1/organizations/globex".to_owned(),
        provider: String::new(),
        slug: "globex".to_owned(),
    };
    let stranger = app.push_user(&globex, "eve@globex.com");
    let wanted = json!([{ "value": "nobody" }, { "value": ann }, { "value": stranger },
        { "value": "no\u{0}body" }]);
    let before = app.contents();
    for (method, path, body, _) in ways(&ops, &wanted) {
        let error = app.scim(&acme, method, &path, &body).expect(400).json();
        let detail = error["detail"].as_str().unwrap();
        assert!(detail.contains("there is no user"), "{detail}");
    }
    assert_eq!(app.contents(), before);

    let set = app
        .as_operator(
            "PATCH",
            &acme.base,
            &json!({ "skip_unknown_members": true }),
        )
        .expect(200)
        .json();
    assert_eq!(set["skip_unknown_members"], true);
    let with_ben = json!({ "displayName": "Ops", "members": [{ "value": ben }] });
    for (method, path, body, only) in ways(&ops, &wanted) {
        let answer = app.scim(&acme, method, &path, &body);
        assert!([200, 201].contains(&answer.status), "{method} {path}");
        let group = answer.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(newest_notes(&app, &acme), json!([NOTE]), "{method} {path}");
        let both = [ann.clone(), ben.clone()];
        let expected = if only { &both[..1] } else { &both };
        assert_eq!(members(&app, &acme, &group), expected, "{method} {path}");
        app.scim(&acme, "PUT", &format!("/Groups/{ops}"), &with_ben)
            .expect(200);
        if group != ops {
            app.scim(&acme, "DELETE", &format!("/Groups/{group}"), &Value::Null)
                .expect(204);
        }
    }
    // A group is none all the same, whoever else is named.
    let inner = app.push_group(&acme, "Inner", &[]);
    for (method, path, body, _) in ways(&ops, &json!([{ "value": "nobody" }, { "value": inner }])) {
        let error = app.scim(&acme, method, &path, &body).expect(400).json();
        let detail = error["detail"].as_str().unwrap();
        assert!(detail.contains("can't be a member of a group"), "{detail}");
    }
    let none = json!({ "displayName": "Ops", "members": [{ "value": "nobody" }] });
    app.scim(&acme, "PUT", &format!("/Groups/{ops}"), &none)
        .expect(200);
    assert!(members(&app, &acme, &ops).is_empty());
}

#[test]
fn the_command_line_says_what_becomes_of_them() {
    let (app, acme) = TestApp::acme();
    let group = app.push_group(&acme, "Ops", &[]);
    let add = patch(json!([{ "op": "add", "path": "members", "value": [{ "value": "nobody" }] }]));
    for (word, status) in [("true", 200), ("false", 400)] {
        let set = app.portcullis(&["org", "set", "acme", "--skip-unknown-members", word]);
        assert_eq!(set["skip_unknown_members"].to_string(), word);
        app.scim(&acme, "PATCH", &format!("/Groups/{group}"), &add)
            .expect(status);
    }
}
