//! Bulk requests: RFC 7644 section 3.7.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::patch;
use crate::app::{Tenant, TestApp, user};
use crate::http::Ask;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[track_caller]
fn bulk(
    app: &TestApp,
    tenant: &Tenant,
    fail_on_errors: Option<u64>,
    operations: Value,
) -> Vec<Value> {
    let mut message = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": operations,
    });
    if let Some(most) = fail_on_errors {
        message["failOnErrors"] = json!(most);
    }
    let answer = app
        .scim(tenant, "POST", "/Bulk", &message)
        .expect(200)
        .json();
    assert_eq!(
        answer["schemas"],
        json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"])
    );
    answer["Operations"].as_array().unwrap().clone()
}

fn statuses(outcomes: &[Value]) -> Vec<&str> {
    outcomes
        .iter()
        .map(|outcome| outcome["status"].as_str().unwrap())
        .collect()
}

fn creation(name: &str) -> Value {
    json!({ "method": "POST", "path": "/Users", "bulkId": name, "data": user(name) })
}

fn managed(name: &str, manager: &str) -> Value {
    let mut creation = creation(name);
    creation["data"][ENTERPRISE] = json!({ "manager": { "value": format!("bulkId:{manager}") } });
    creation
}

fn group(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    json!({ "method": "POST", "path": "/Groups", "bulkId": name,
        "data": { "displayName": name, "members": members } })
}

/// The id at the end of an outcome's location.
fn id(outcome: &Value) -> &str {
    outcome["location"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
}

#[track_caller]
fn read(app: &TestApp, tenant: &Tenant, path: &str) -> Value {
    app.scim(tenant, "GET", path, &Value::Null)
        .expect(200)
        .json()
}

#[test]
fn everything_in_one_request() {
    let (app, acme) = TestApp::acme();
    let old = app.push_user(&acme, "old@acme.com");
    let (kept, member) = (
        app.push_user(&acme, "kept@acme.com"),
        app.push_user(&acme, "member@acme.com"),
    );
    let path = format!("/Users/{kept}");
    let version = read(&app, &acme, &path)["meta"]["version"].clone();
    let outcomes = bulk(
        &app,
        &acme,
        None,
        json!([
            group("ops", &["bulkId:ann@acme.com", &member]),
            managed("ann@acme.com", "bob@acme.com"),
            creation("bob@acme.com"),
            { "method": "PATCH", "path": path, "version": version,
              "data": patch(json!([{ "op": "replace", "path": "title", "value": "t" }])) },
            { "method": "PUT", "path": "/Users/bulkId:bob@acme.com", "data": user("rob@acme.com") },
            { "method": "DELETE", "path": format!("/Users/{old}") },
            { "method": "PATCH", "path": "/Groups/bulkId:ops",
              "data": [{ "op": "remove", "path": "members[value eq \"bulkId:ann@acme.com\"]" }] },
        ]),
    );
    assert_eq!(
        statuses(&outcomes),
        ["201", "201", "201", "200", "200", "204", "200"],
        "{outcomes:#?}"
    );
    let methods: Vec<&str> = outcomes
        .iter()
        .map(|o| o["method"].as_str().unwrap())
        .collect();
    assert_eq!(
        methods,
        ["POST", "POST", "POST", "PATCH", "PUT", "DELETE", "PATCH"]
    );
    assert_eq!(outcomes[1]["bulkId"], "ann@acme.com");
    assert!(outcomes[3].get("bulkId").is_none());
    let (ops, ann, bob) = (id(&outcomes[0]), id(&outcomes[1]), id(&outcomes[2]));
    let shown = read(&app, &acme, &format!("/Groups/{ops}"));
    assert_eq!(shown["members"].as_array().unwrap().len(), 1);
    assert_eq!(shown["members"][0]["value"], json!(member));
    assert_eq!(shown["meta"]["location"], outcomes[0]["location"]);
    assert_eq!(shown["meta"]["version"], outcomes[6]["version"]);
    let shown = read(&app, &acme, &format!("/Users/{ann}"));
    assert_eq!(shown[ENTERPRISE]["manager"]["value"], json!(bob));
    assert_eq!(
        read(&app, &acme, &format!("/Users/{bob}"))["userName"],
        "rob@acme.com"
    );
    assert_eq!(read(&app, &acme, &path)["title"], "t");
    app.scim(&acme, "GET", &format!("/Users/{old}"), &Value::Null)
        .expect(404);
}

#[test]
fn circles_are_closed_or_not_begun() {
    let (app, acme) = TestApp::acme();
    let outcomes = bulk(
        &app,
        &acme,
        None,
        json!([
            managed("a@acme.com", "b@acme.com"),
            managed("b@acme.com", "c@acme.com"),
            managed("c@acme.com", "a@acme.com"),
            managed("self@acme.com", "self@acme.com"),
        ]),
    );
    assert_eq!(statuses(&outcomes), ["201"; 4]);
    for (at, manager) in [(0, 1), (1, 2), (2, 0), (3, 3)] {
        let shown = read(&app, &acme, &format!("/Users/{}", id(&outcomes[at])));
        assert_eq!(
            shown[ENTERPRISE]["manager"]["value"],
            json!(id(&outcomes[manager]))
        );
    }
    let before = app.sql("SELECT count(*) FROM users");
    let lines = app.sql("SELECT count(*) FROM audit");
    // One is taken already: none of the circle is made, nor who refers to it; others are.
    let outcomes = bulk(
        &app,
        &acme,
        None,
        json!([
            managed("x@acme.com", "a@acme.com"),
            managed("a@acme.com", "x@acme.com"),
            managed("y@acme.com", "x@acme.com"),
            group("g", &["bulkId:y@acme.com"]),
            { "method": "PUT", "path": "/Users/bulkId:x@acme.com", "data": user("z@acme.com") },
            creation("other@acme.com"),
        ]),
    );
    assert_eq!(
        statuses(&outcomes),
        ["409", "409", "409", "409", "409", "201"]
    );
    let kinds: Vec<&Value> = outcomes
        .iter()
        .map(|o| &o["response"]["scimType"])
        .collect();
    assert_eq!(kinds[1], "uniqueness");
    for at in [0, 2, 3, 4] {
        assert_eq!(kinds[at], "invalidValue");
    }
    assert!(outcomes[0].get("location").is_none());
    assert_eq!(
        app.sql("SELECT count(*) FROM users").as_i64(),
        before.as_i64().map(|n| n + 1)
    );
    assert_eq!(
        app.sql("SELECT count(*) FROM audit").as_i64(),
        lines.as_i64().map(|n| n + 1)
    );
}

#[test]
fn each_operation_is_atomic_by_itself() {
    let (app, acme) = TestApp::acme();
    let ann = app.push_user(&acme, "ann@acme.com");
    let ops = app.push_group(&acme, "Ops", &[&ann]);
    let session = app.session(&ann);
    let path = format!("/Users/{ann}");
    let outcomes = bulk(
        &app,
        &acme,
        None,
        json!([
            { "method": "PATCH", "path": format!("/Groups/{ops}"), "data": patch(json!([
                { "op": "remove", "path": "members" },
                { "op": "add", "path": "members", "value": [{ "value": "nobody" }] },
            ])) },
            { "method": "PATCH", "path": path, "data": patch(json!([
                { "op": "replace", "path": "active", "value": false },
                { "op": "replace", "path": "nonsense", "value": 1 },
            ])) },
            { "method": "PUT", "path": path, "version": "W/\"77\"", "data": user("new@acme.com") },
            { "method": "DELETE", "path": "/Users/nobody" },
            { "method": "DELETE", "path": "/Users/" },
            creation("ANN@acme.com"),
            creation("new@acme.com"),
            "no operation",
        ]),
    );
    assert_eq!(
        statuses(&outcomes),
        ["400", "400", "412", "404", "400", "409", "201", "400"],
        "{outcomes:#?}"
    );
    for outcome in outcomes.iter().filter(|outcome| outcome["status"] != "201") {
        assert_eq!(outcome["response"]["status"], outcome["status"]);
        assert_eq!(
            outcome["response"]["schemas"][0],
            "urn:ietf:params:scim:api:messages:2.0:Error"
        );
        assert!(
            outcome["response"]["detail"]
                .as_str()
                .is_some_and(|d| !d.is_empty())
        );
    }
    assert_eq!(
        outcomes[0]["location"],
        json!(format!("https://door.test/scim/v2/acme/Groups/{ops}"))
    );
    assert!(outcomes[5].get("location").is_none());
    assert!(app.who(&session).is_some());
    let shown = read(&app, &acme, &format!("/Groups/{ops}"));
    assert_eq!(shown["members"][0]["value"], json!(ann));
    assert_eq!(shown["meta"]["version"], "W/\"1\"");
}

#[test]
fn after_so_many_errors_the_rest_is_left_undone() {
    let (app, acme) = TestApp::acme();
    let gone = || json!({ "method": "DELETE", "path": "/Users/nobody" });
    let operations = |names: [&str; 3]| {
        json!([
            gone(),
            creation(names[0]),
            gone(),
            creation(names[1]),
            gone(),
            creation(names[2])
        ])
    };
    let outcomes = bulk(&app, &acme, Some(2), operations(["a", "b", "c"]));
    assert_eq!(statuses(&outcomes), ["404", "201", "404"]);
    let outcomes = bulk(&app, &acme, Some(1), operations(["d", "e", "f"]));
    assert_eq!(statuses(&outcomes), ["404"]);
    let outcomes = bulk(&app, &acme, Some(4), operations(["g", "h", "i"]));
    assert_eq!(
        statuses(&outcomes),
        ["404", "201", "404", "201", "404", "201"]
    );
    assert_eq!(app.sql("SELECT count(*) FROM users"), 4);
    // Over the border of a part, too.
    let many: Vec<Value> = (0..100)
        .map(|n| {
            if n % 20 == 19 {
                gone()
            } else {
                creation(&format!("u{n}"))
            }
        })
        .collect();
    let outcomes = bulk(&app, &acme, Some(3), json!(many));
    assert_eq!(outcomes.len(), 60);
}

#[test]
fn bounds_are_told_and_kept() {
    let (app, acme) = TestApp::acme();
    let config = read(&app, &acme, "/ServiceProviderConfig")["bulk"].clone();
    assert_eq!(config["supported"], true);
    let most = config["maxOperations"].as_u64().unwrap();
    let largest = config["maxPayloadSize"].as_u64().unwrap();
    let message = |count: u64| {
        let operations: Vec<Value> = (0..count)
            .map(|_| json!({ "method": "DELETE", "path": "/Users/nobody" }))
            .collect();
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations })
    };
    let done = app
        .scim(&acme, "POST", "/Bulk", &message(most))
        .expect(200)
        .json();
    assert_eq!(done["Operations"].as_array().unwrap().len() as u64, most);
    let error = app
        .scim(&acme, "POST", "/Bulk", &message(most + 1))
        .expect(413)
        .json();
    assert!(error["detail"].as_str().unwrap().contains("maxOperations"));
    let padded = |length: u64| {
        let mut text = message(1).to_string();
        text.push_str(&" ".repeat(usize::try_from(length).unwrap() - text.len()));
        let ask = Ask::new("POST", "/scim/v2/acme/Bulk").bearer(&acme.token);
        app.send(&ask.body("application/scim+json", text))
    };
    assert_eq!(padded(largest).unwrap().status, 200);
    // Whoever sends more may find the connection closed before the answer is read.
    if let Ok(refused) = padded(largest + 1) {
        assert_eq!(refused.status, 413);
        assert_eq!(refused.json()["status"], "413");
    }
}

#[test]
fn others_come_in_between() {
    let (app, acme) = TestApp::acme();
    let ann = app.push_user(&acme, "ann@acme.com");
    let operations: Vec<Value> = (0..1_000)
        .map(|n| creation(&format!("u{n}@acme.com")))
        .collect();
    let done = AtomicBool::new(false);
    let (slowest, others) = std::thread::scope(|scope| {
        let (app, acme, done) = (&app, &acme, &done);
        let other = scope.spawn(move || {
            let (mut slowest, mut count) = (Duration::ZERO, 0);
            while !done.load(Ordering::Relaxed) {
                let title = patch(
                    json!([{ "op": "replace", "path": "title", "value": count.to_string() }]),
                );
                let start = Instant::now();
                app.scim(acme, "PATCH", &format!("/Users/{ann}"), &title)
                    .expect(200);
                slowest = slowest.max(start.elapsed());
                count += 1;
            }
            (slowest, count)
        });
        let outcomes = bulk(app, acme, None, json!(operations));
        done.store(true, Ordering::Relaxed);
        assert!(outcomes.iter().all(|outcome| outcome["status"] == "201"));
        other.join().unwrap()
    });
    println!("{others} changes during the bulk request, the slowest in {slowest:?}");
    assert!(others >= 10, "{others}");
}
