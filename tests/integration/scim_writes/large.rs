//! Large groups: what one request may cost while all others wait.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use portcullis::scim::group::MAX_MEMBERS;

use super::patch;
use crate::app::{Tenant, TestApp};
use crate::http::Answer;

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

/// A group with one member less than it may have, and a neighbour with one.
fn almost_full(app: &TestApp, acme: &Tenant) -> (String, String) {
    let all = app.push_group(acme, "All", &[]);
    let neighbour = app.push_group(acme, "Neighbour", &[]);
    people(app, MAX_MEMBERS + 1);
    app.force(&format!(
        "INSERT INTO members (group_id, user_id) SELECT '{all}', id FROM users
             WHERE id LIKE 'u%' AND id NOT IN ('u{MAX_MEMBERS}', 'u{}');
         INSERT INTO members (group_id, user_id) VALUES ('{neighbour}', 'u1');",
        MAX_MEMBERS + 1
    ));
    (all, neighbour)
}

fn too_many(answer: &Answer) {
    assert_eq!(answer.json()["scimType"], "tooMany", "{}", answer.text());
}

/// A group that outgrew what one request may name could never be replaced or looked up again.
#[test]
fn no_road_leads_beyond_the_most_members_and_at_it_all_is_well() {
    let (app, acme) = TestApp::acme();
    let (all, neighbour) = almost_full(&app, &acme);
    let path = format!("/Groups/{all}");
    let last = MAX_MEMBERS + 1;
    let add = |op: &str, number: usize| {
        let members = json!([{ "value": format!("u{number}") }]);
        patch(json!([{ "op": op, "path": "members", "value": members }]))
    };
    app.scim(&acme, "PATCH", &path, &add("add", MAX_MEMBERS))
        .expect(204);
    let refused = app
        .scim(&acme, "PATCH", &path, &add("add", last))
        .expect(400);
    too_many(&refused);
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("would have 100001"), "{detail}");
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{ "method": "PATCH", "path": path, "data": add("add", last) }],
    });
    let bulk = app.scim(&acme, "POST", "/Bulk", &bulk).expect(200).json();
    assert_eq!(bulk["Operations"][0]["response"]["scimType"], "tooMany");
    let output = std::process::Command::new(crate::cli::executable())
        .args([
            "group",
            "members",
            "add",
            &all,
            &format!("u{last}"),
            "--data",
        ])
        .arg(app.file())
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("would have 100001"),
        "{said}"
    );
    assert_eq!(app.sql("SELECT max(member_count) FROM groups"), 100_000);
    // Nobody new, and somebody for somebody else.
    app.scim(&acme, "PATCH", &path, &add("add", 1)).expect(204);
    let swap = patch(json!([
        { "op": "add", "path": "members", "value": [{ "value": format!("u{last}") }] },
        { "op": "remove", "path": "members", "value": [{ "value": "u1" }] },
    ]));
    app.scim(&acme, "PATCH", &path, &swap).expect(204);

    // Okta's own look-up, and its repair: our own representation, put back.
    let filter = "filter=displayName%20eq%20%22All%22&startIndex=1&count=100";
    let found = app
        .scim(&acme, "GET", &format!("/Groups?{filter}"), &Value::Null)
        .expect(200)
        .json();
    let shown = &found["Resources"][0];
    assert_eq!(shown["members"].as_array().unwrap().len(), MAX_MEMBERS);
    let back = app.scim(&acme, "PUT", &path, shown).expect(200);
    assert_eq!(&back.json(), shown);
    let projected = app
        .scim(
            &acme,
            "GET",
            &format!("{path}?attributes=members.value"),
            &Value::Null,
        )
        .expect(200)
        .json();
    assert_eq!(projected["members"].as_array().unwrap().len(), MAX_MEMBERS);
    assert_eq!(projected["members"][0].as_object().unwrap().len(), 1);

    // One page has no room for both, two have.
    let list = |query: String| {
        app.scim(&acme, "GET", &format!("/Groups?{query}"), &Value::Null)
            .expect(200)
            .json()
    };
    let ids = |page: &Value| -> Vec<String> {
        let groups = page["Resources"].as_array().unwrap().iter();
        groups
            .map(|g| g["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = list("startIndex=1&count=100".into());
    assert_eq!(
        (&first["totalResults"], &first["itemsPerPage"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(ids(&first), [&*all]);
    assert_eq!(ids(&list("startIndex=2&count=100".into())), [&*neighbour]);
    let first = list("cursor=&count=100".into());
    assert_eq!(ids(&first), [&*all]);
    let second = list(format!(
        "count=100&cursor={}",
        first["nextCursor"].as_str().unwrap()
    ));
    assert_eq!(ids(&second), [&*neighbour]);
    assert_eq!(second.get("nextCursor"), None);
    let before = list(format!(
        "count=100&cursor={}",
        second["previousCursor"].as_str().unwrap()
    ));
    assert_eq!(ids(&before), [&*all]);
    assert_eq!(before.get("previousCursor"), None);
    let both = list("startIndex=1&count=100&excludedAttributes=members".into());
    assert_eq!(ids(&both), [all, neighbour]);
}

/// One that is too large all the same can be made smaller, step by step.
#[test]
fn who_leaves_a_group_that_is_too_large_may_leave() {
    let (app, acme) = TestApp::acme();
    people(&app, 3);
    let group = app.push_group(&acme, "All", &["u1", "u2"]);
    app.force("UPDATE groups SET member_count = member_count + 100000");
    let path = format!("/Groups/{group}");
    let change = |op: &str, id: &str| {
        let operation = json!({ "op": op, "path": "members", "value": [{ "value": id }] });
        app.scim(&acme, "PATCH", &path, &patch(json!([operation])))
    };
    too_many(&change("add", "u3").expect(400));
    change("remove", "u2").expect(204);
    too_many(&change("add", "u3").expect(400));
    let renamed = patch(json!([{ "op": "replace", "path": "displayName", "value": "Most" }]));
    app.scim(&acme, "PATCH", &path, &renamed).expect(204);
    change("remove", "u1").expect(204);
}
