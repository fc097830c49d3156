//! Large groups: what one request may cost while all others wait.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::patch;
use crate::app::TestApp;

/// So many people, past the endpoint.
fn people(app: &TestApp, count: usize) {
    app.force(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO users (id, organization_id, user_name, user_name_key, origin, resource,
             created_at, updated_at)
         SELECT 'u' || i, (SELECT id FROM organizations WHERE slug = 'acme'), 'p' || i, 'p' || i,
             'scim', '{{}}', 0, 0
         FROM n"
    ));
}

fn members(count: usize) -> Value {
    let members = (1..=count).map(|n| json!({ "value": format!("u{n}") }));
    Value::Array(members.collect())
}

/// With a statement for each member it took longer by the square of their number: twenty seconds
/// for these, half an hour for a hundred thousand.
#[test]
fn members_who_go_and_come_back_hold_nobody_up() {
    let (app, acme) = TestApp::acme();
    let count = 20_000;
    people(&app, count);
    let group = json!({ "displayName": "All", "members": members(count) });
    let group = app.scim(&acme, "POST", "/Groups", &group).expect(201);
    let path = format!("/Groups/{}", group.json()["id"].as_str().unwrap());
    let begun = Instant::now();
    let back = patch(json!([
        { "op": "replace", "path": "members", "value": members(1) },
        { "op": "replace", "path": "members", "value": members(count) },
    ]));
    let answer = app.scim(&acme, "PATCH", &path, &back).expect(204);
    assert_eq!(answer.header("etag"), Some("W/\"1\""));
    assert!(begun.elapsed() < Duration::from_secs(8));
    assert_eq!(
        app.sql("SELECT member_count FROM groups"),
        i64::try_from(count).unwrap()
    );
}

#[test]
fn an_id_is_not_cut_short() {
    let (app, acme) = TestApp::acme();
    people(&app, 2);
    let group = json!({ "displayName": "All", "members": members(1) });
    let group = app.scim(&acme, "POST", "/Groups", &group).expect(201);
    let path = format!("/Groups/{}", group.json()["id"].as_str().unwrap());
    let other = |op: &str, id: &str| {
        let members = json!([{ "value": id }]);
        let operation = json!({ "op": op, "path": "members", "value": members });
        app.scim(&acme, "PATCH", &path, &patch(json!([operation])))
    };
    for id in ["u2\0", "u2\0x", "\0", "u2 ", "U2", "u2\"", "u2\\u0000"] {
        let refused = other("add", id).expect(400).json();
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.starts_with("members: there is no user"), "{detail}");
        other("remove", &id.replace('2', "1")).expect(200);
        let left = app.sql("SELECT group_concat(user_id) FROM members");
        assert_eq!(left, "u1", "{id:?}");
    }
}
