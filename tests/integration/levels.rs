//! Levels: they add up over every way they come, and a change of a group's says before who gains
//! and who loses.

use std::time::Instant;

use serde_json::{Value, json};

use crate::app::{Tenant, TestApp};
use crate::http::Ask;

fn preview(app: &TestApp, acme: &Tenant, group: &str, level: &str) -> Value {
    let path = format!("{}/groups/{group}/level-change?level={level}", acme.base);
    app.as_operator("GET", &path, &Value::Null)
        .expect(200)
        .json()
}

/// A user with exactly these direct levels.
fn member(app: &TestApp, acme: &Tenant, name: &str, direct: Option<&str>) -> String {
    let id = app.push_user(acme, &format!("{name}@acme.com"));
    app.force(&format!("DELETE FROM grants WHERE user_id = '{id}'"));
    if let Some(level) = direct {
        app.force(&format!(
            "INSERT INTO grants (user_id, source, level) VALUES ('{id}', 'direct', '{level}')"
        ));
    }
    id
}

#[test]
fn who_runs_by_a_group_and_views_by_default_may_do_both() {
    let (app, acme) = TestApp::acme();
    let ann = app.push_user(&acme, "ann@acme.com");
    let cookie = app.session(&ann);
    let reads = || {
        let ask = Ask::get(format!("{}/users", acme.base)).with(&cookie);
        app.ask(ask).status
    };
    assert_eq!(reads(), 200, "a viewer by default");
    let group = app.push_group(&acme, "runners", &[&ann]);
    app.set_level(&acme, &group, "runner");
    let who = app.who(&cookie).unwrap();
    assert_eq!(who["level"], "runner", "the highest is shown");
    assert_eq!(reads(), 200, "and the viewer's right stays");
    let portal = app.ask(Ask::get("/").with(&cookie)).expect(200).text();
    assert!(portal.contains("Open the console"));
    app.force(&format!("DELETE FROM grants WHERE user_id = '{ann}'"));
    assert_eq!(reads(), 403, "a runner alone");
    let portal = app.ask(Ask::get("/").with(&cookie)).expect(200).text();
    assert!(!portal.contains("Open the console"));
}

#[test]
fn a_change_of_level_names_who_gains_and_who_loses() {
    let (app, acme) = TestApp::acme();
    let plain = member(&app, &acme, "plain", None);
    let viewer = member(&app, &acme, "viewer", Some("viewer"));
    let editor = member(&app, &acme, "editor", Some("editor"));
    let admin = member(&app, &acme, "admin", Some("admin"));
    let elsewhere = member(&app, &acme, "elsewhere", None);
    let other = app.push_group(&acme, "other", &[&elsewhere]);
    app.set_level(&acme, &other, "editor");
    let all = [&plain, &viewer, &editor, &admin, &elsewhere].map(String::as_str);
    let group = app.push_group(&acme, "group", &all);
    app.set_level(&acme, &group, "viewer");

    let names = |shown: &Value, list: &str| -> Vec<String> {
        let mut names: Vec<String> = shown[list]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| {
                let level = |key: &str| p[key].as_str().unwrap_or("none").to_owned();
                let name = p["userName"]
                    .as_str()
                    .unwrap()
                    .trim_end_matches("@acme.com");
                format!("{name} {} {}", level("from"), level("to"))
            })
            .collect();
        names.sort_unstable();
        names
    };
    let none: [&str; 0] = [];

    let shown = preview(&app, &acme, &group, "viewer");
    assert_eq!(
        (&shown["gains_total"], &shown["loses_total"]),
        (&json!(0), &json!(0))
    );

    let shown = preview(&app, &acme, &group, "admin");
    let everybody_else = [
        "editor editor admin",
        "elsewhere editor admin",
        "plain viewer admin",
        "viewer viewer admin",
    ];
    assert_eq!(names(&shown, "gains"), everybody_else);
    assert_eq!(shown["gains_total"], 4);
    assert_eq!(names(&shown, "loses"), none);

    // A runner reads nothing: who has no other way to read gains and loses.
    let shown = preview(&app, &acme, &group, "runner");
    assert_eq!(
        names(&shown, "gains"),
        ["plain viewer runner", "viewer viewer runner"]
    );
    assert_eq!(names(&shown, "loses"), ["plain viewer runner"]);

    app.set_level(&acme, &group, "admin");
    let shown = preview(&app, &acme, &group, "editor");
    assert_eq!(
        names(&shown, "loses"),
        [
            "editor admin editor",
            "elsewhere admin editor",
            "plain admin editor",
            "viewer admin editor",
        ]
    );
    assert_eq!(names(&shown, "gains"), none);

    // Whether the person who asks is one of them.
    let path = format!("{}/groups/{group}/level-change?level=viewer", acme.base);
    let asks = |id: &str| {
        app.ask(Ask::get(&path).with(&app.session(id)))
            .expect(200)
            .json()
    };
    assert_eq!(asks(&plain)["you"], true);
    assert_eq!(asks(&admin)["you"], false, "an admin by another way, too");
    assert_eq!(preview(&app, &acme, &group, "viewer")["you"], false);

    // It says what then happens.
    app.set_level(&acme, &group, "viewer");
    let level = |id: &str| {
        let path = format!("{}/users/{id}", acme.base);
        app.as_operator("GET", &path, &Value::Null).json()["level"].clone()
    };
    assert_eq!(
        all.map(level),
        ["viewer", "viewer", "editor", "admin", "editor"].map(Value::from)
    );

    let shown = app.portcullis(&["group", "set", &group, "--level", "admin", "--preview"]);
    assert_eq!(shown["gains_total"], 4);
    assert_eq!(level(&plain), "viewer", "nothing was changed");

    for (query, status) in [("", 400), ("?level=owner", 400), ("?level=", 400)] {
        let path = format!("{}/groups/{group}/level-change{query}", acme.base);
        let problem = app.as_operator("GET", &path, &Value::Null).expect(status);
        assert_eq!(problem.json()["field"], "level");
    }
}

#[test]
fn a_preview_of_100_000_members_is_one_pass() {
    let (app, acme) = TestApp::acme();
    let group = app.push_group(&acme, "everyone", &[]);
    app.force(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
         INSERT INTO users (id, organization_id, user_name, user_name_key, origin, resource,
             created_at, updated_at)
         SELECT format('u%06d', i), (SELECT id FROM organizations WHERE slug = 'acme'),
             format('u%06d@acme.com', i), format('u%06d@acme.com', i), 'scim', '{{}}', 0, 0 FROM n;
         INSERT INTO grants (user_id, source, level)
         SELECT id, 'default', 'viewer' FROM users WHERE id LIKE 'u%';
         INSERT INTO members (group_id, user_id)
         SELECT '{group}', id FROM users WHERE id LIKE 'u%';"
    ));
    app.set_level(&acme, &group, "editor");
    let begin = Instant::now();
    let shown = preview(&app, &acme, &group, "viewer");
    let took = begin.elapsed();
    println!("100,000 members in {took:?}");
    assert_eq!(shown["loses_total"], 100_000);
    assert_eq!(shown["loses"].as_array().unwrap().len(), 100);
    assert_eq!(shown["loses"][0]["from"], "editor");
    assert_eq!(shown["gains_total"], 0);
    assert!(took.as_secs() < 10, "{took:?}");
}
