//! The brake on SCIM, by every road by which a client takes access, and the answers to it.

use std::sync::Barrier;
use std::thread;

use portcullis::clock;
use portcullis::demo::identity_provider::IdentityProvider;
use portcullis::directory::brake;
use portcullis::store::StoreError;
use serde_json::{Value, json};

use crate::app::{Tenant, TestApp, user};
use crate::browser::Browser;
use crate::http::{Answer, Ask};
use crate::people::joined;

const NOTHING: Value = Value::Null;

fn patch(operations: Value) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": operations,
    })
}

/// So many people, past the endpoint; their ids.
fn people(app: &TestApp, count: usize) -> Vec<String> {
    app.force(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO users (id, organization_id, user_name, user_name_key, origin, resource,
             created_at, updated_at)
         SELECT 'u' || i, (SELECT id FROM organizations WHERE slug = 'acme'), 'p' || i || '@acme.com',
             'p' || i || '@acme.com', 'scim',
             '{{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"p' || i || '@acme.com\"}}',
             0, 0
         FROM n"
    ));
    (1..=count).map(|n| format!("u{n}")).collect()
}

fn name(id: &str) -> String {
    format!("{}@acme.com", id.replace('u', "p"))
}

fn deactivate(app: &TestApp, acme: &Tenant, id: &str) -> Answer {
    let off = patch(json!([{ "op": "replace", "value": { "active": false } }]));
    app.scim(acme, "PATCH", &format!("/Users/{id}"), &off)
}

fn show(app: &TestApp, acme: &Tenant) -> Value {
    let path = format!("{}/scim/brake", acme.base);
    app.as_operator("GET", &path, &NOTHING).expect(200).json()
}

fn decide(app: &TestApp, acme: &Tenant, hold: &Value, decision: &str) -> Answer {
    let id = hold["id"].as_str().unwrap();
    let path = format!("{}/scim/brake/holds/{id}/decision", acme.base);
    app.as_operator("POST", &path, &json!({ "decision": decision }))
}

fn named(app: &TestApp, acme: &Tenant, hold: &Value) -> Vec<String> {
    let id = hold["id"].as_str().unwrap();
    let path = format!("{}/scim/brake/holds/{id}", acme.base);
    let whole = app.as_operator("GET", &path, &NOTHING).expect(200).json();
    let mut names: Vec<String> = whole["named"]
        .as_array()
        .unwrap()
        .iter()
        .map(|person| person["userName"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn active(app: &TestApp) -> Value {
    app.sql("SELECT count(*) FROM users WHERE active")
}

type Road = fn(&TestApp, &Tenant, &str) -> (u16, Answer);

/// Every way in which a client takes one person's access; the status of that one operation.
const ROADS: [(&str, Road); 5] = [
    ("PUT", |app, acme, id| {
        let mut whole = user(&name(id));
        whole["active"] = json!(false);
        let answer = app.scim(acme, "PUT", &format!("/Users/{id}"), &whole);
        (answer.status, answer)
    }),
    ("PATCH", |app, acme, id| {
        let answer = deactivate(app, acme, id);
        (answer.status, answer)
    }),
    ("PATCH by path", |app, acme, id| {
        let off = patch(json!([{ "op": "Replace", "path": "active", "value": "False" }]));
        let answer = app.scim(acme, "PATCH", &format!("/Users/{id}"), &off);
        (answer.status, answer)
    }),
    ("DELETE", |app, acme, id| {
        let answer = app.scim(acme, "DELETE", &format!("/Users/{id}"), &NOTHING);
        (answer.status, answer)
    }),
    ("Bulk", |app, acme, id| {
        let bulk = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [{ "method": "DELETE", "path": format!("/Users/{id}") }],
        });
        let answer = app.scim(acme, "POST", "/Bulk", &bulk).expect(200);
        let status = answer.json()["Operations"][0]["status"].clone();
        let status = status.as_str().unwrap().parse().unwrap();
        (status, answer)
    }),
];

#[test]
fn a_burst_is_held_by_every_road() {
    for (road, take) in ROADS {
        let (app, acme) = TestApp::acme();
        let ids = people(&app, 40);
        for id in &ids[..10] {
            let (status, answer) = take(&app, &acme, id);
            assert!(status < 300, "{road}: {}", answer.text());
        }
        assert_eq!(active(&app), 30, "{road}");
        for id in [&ids[10], &ids[11], &ids[10]] {
            let session = app.session(id);
            let (status, answer) = take(&app, &acme, id);
            assert_eq!(status, 429, "{road}: {}", answer.text());
            assert!(app.who(&session).is_some(), "{road}");
            assert_eq!(answer.header("retry-after"), Some("300"), "{road}");
            let mut error = answer.json();
            if road == "Bulk" {
                error = error["Operations"][0]["response"].take();
            }
            assert_eq!(error["status"], "429");
            let detail = error["detail"].as_str().unwrap();
            assert!(detail.contains("11 of 40 active people"), "{detail}");
            assert!(
                detail.contains("/console/organizations/acme/brake"),
                "{detail}"
            );
            let told = detail.ends_with(" Ask again in 300 seconds.");
            assert_eq!(told, road == "Bulk", "{detail}");
        }
        assert_eq!(active(&app), 30, "{road}");
        let held = show(&app, &acme);
        let hold = &held["items"][0];
        assert_eq!(held["total"], 1, "{road}");
        assert_eq!(hold["state"], "open");
        assert_eq!(hold["reason"], "share");
        assert_eq!((&hold["attempts"], &hold["people"]), (&json!(3), &json!(2)));
        assert_eq!((&hold["passed"], &hold["active"]), (&json!(10), &json!(40)));
        assert_eq!(hold["token"]["name"], "Okta");
        assert_eq!(named(&app, &acme, hold), ["p11@acme.com", "p12@acme.com"]);
        // Its trace has a code of its own, and is among what was refused.
        app.settle();
        let path = format!("{}/traces?code=brake-held&outcome=refused", acme.base);
        let traces = app.as_operator("GET", &path, &NOTHING).expect(200).json();
        assert_eq!(traces["items"].as_array().unwrap().len(), 3, "{road}");
        // Whoever is not about access is not held up.
        app.push_user(&acme, "new@acme.com");
    }
}

#[test]
fn what_opens_is_told_to_everybody_who_should_know() {
    let (app, acme) = TestApp::acme();
    let (_, admin) = app.person(&acme, "admin");
    let (_, viewer) = app.person(&acme, "viewer");
    let hook = json!({ "url": "https://hooks.example/x", "kinds": ["scim.held"] });
    app.as_operator("POST", "/api/v1/webhooks", &hook)
        .expect(201);
    let ids = people(&app, 20);
    for id in &ids[..11] {
        deactivate(&app, &acme, id);
    }
    deactivate(&app, &acme, &ids[11]);
    assert_eq!(
        app.sql("SELECT count(*) FROM events WHERE kind = 'scim.held'"),
        1
    );
    assert_eq!(app.sql("SELECT count(*) FROM deliveries"), 1);
    let told = app.text("SELECT data FROM events WHERE kind = 'scim.held'");
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["organization"], &told["token"]),
        (&json!("acme"), &json!("Okta"))
    );
    assert!(!told.to_string().contains("@acme.com"), "{told}");
    assert_eq!(
        app.sql("SELECT count(*) FROM audit WHERE action = 'brake.held'"),
        1
    );
    let notices = |cookie: &str| {
        let list = app
            .ask(Ask::get("/api/v1/notices").with(cookie))
            .expect(200);
        list.json()["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|notice| notice["kind"] == "brake-held")
            .cloned()
            .collect::<Vec<_>>()
    };
    for who in [admin.as_str(), app.operator()] {
        let shown = notices(who);
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0]["href"], "/console/organizations/acme/brake");
    }
    assert!(notices(&viewer).is_empty());
    let other = app.tenant("other", "other.com");
    let (_, foreign) = app.person(&other, "admin");
    assert!(notices(&foreign).is_empty());
}

/// Moves everything the brake remembers into the past.
fn later(app: &TestApp, minutes: i64) {
    let (slots, millis) = (minutes * 6, minutes * 60_000);
    app.force(&format!(
        "UPDATE brake_takings SET slot = slot - {slots};
         UPDATE brake_slots SET slot = slot - {slots};
         UPDATE brake_holds SET opened_at = opened_at - {millis}, last_at = last_at - {millis},
             until = until - {millis}"
    ));
}

#[test]
fn a_yes_lets_the_burst_pass_for_an_hour() {
    let (app, acme) = TestApp::acme();
    let ids = people(&app, 80);
    for id in &ids[..17] {
        deactivate(&app, &acme, id);
    }
    assert_eq!(active(&app), 64);
    let hold = show(&app, &acme)["items"][0].clone();
    let decided = decide(&app, &acme, &hold, "allow").expect(200).json();
    assert_eq!(
        (&decided["state"], &decided["in_force"]),
        (&json!("allowed"), &json!(true))
    );
    for id in &ids[16..40] {
        deactivate(&app, &acme, id).expect(200);
    }
    assert_eq!(
        app.sql("SELECT count(*) FROM audit WHERE action = 'brake.allowed'"),
        1
    );
    // Then it is armed anew, and begins from nothing.
    later(&app, 61);
    for id in &ids[40..50] {
        deactivate(&app, &acme, id).expect(200);
    }
    deactivate(&app, &acme, &ids[50]).expect(429);
    let holds = show(&app, &acme);
    assert_eq!(holds["total"], 2);
    assert_eq!(holds["items"][0]["state"], "open");
    assert_eq!(holds["items"][1]["in_force"], false);
    // One that is over isn't answered any more.
    decide(&app, &acme, &holds["items"][1], "refuse").expect(409);
    decide(&app, &acme, &holds["items"][0], "perhaps").expect(400);
    decide(&app, &acme, &json!({ "id": "unknown" }), "allow").expect(404);
}

#[test]
fn a_no_refuses_the_burst_for_an_hour() {
    let (app, acme) = TestApp::acme();
    let ids = people(&app, 40);
    for id in &ids[..13] {
        deactivate(&app, &acme, id);
    }
    let hold = show(&app, &acme)["items"][0].clone();
    assert_eq!(hold["people"], 3);
    decide(&app, &acme, &hold, "refuse").expect(200);
    // Those it was about, and more of the same.
    for id in &ids[10..14] {
        let answer = deactivate(&app, &acme, id).expect(403);
        assert_eq!(answer.header("retry-after"), None);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("An administrator refused it"), "{detail}");
    }
    assert_eq!(app.newest_trace(&acme)["code"], "brake-refused");
    assert_eq!(active(&app), 30);
    let (_, in_bulk) = ROADS[4].1(&app, &acme, &ids[10]);
    assert_eq!(in_bulk.header("retry-after"), None);
    let refused = &in_bulk.json()["Operations"][0];
    assert_eq!(refused["status"], "403");
    let detail = refused["response"]["detail"].as_str().unwrap();
    assert!(!detail.contains("Ask again"), "{detail}");
    // When the window is past, another person may go, those that were refused may not.
    later(&app, 20);
    deactivate(&app, &acme, &ids[20]).expect(200);
    deactivate(&app, &acme, &ids[10]).expect(403);
    // Whoever said no may still say yes, and the other way round.
    decide(&app, &acme, &hold, "allow").expect(200);
    deactivate(&app, &acme, &ids[10]).expect(200);
    decide(&app, &acme, &hold, "refuse").expect(200);
    deactivate(&app, &acme, &ids[11]).expect(403);
    later(&app, 61);
    deactivate(&app, &acme, &ids[11]).expect(200);
}

#[test]
fn a_no_to_more_people_than_it_names_is_about_everybody() {
    let (app, acme) = TestApp::acme();
    let ids = people(&app, 40);
    for id in &ids[..11] {
        deactivate(&app, &acme, id);
    }
    let hold = show(&app, &acme)["items"][0].clone();
    // As after a thousand others.
    app.force("UPDATE brake_holds SET people = 1000");
    decide(&app, &acme, &hold, "refuse").expect(200);
    later(&app, 20);
    // Within the limits by now, but they may have been among those it couldn't name.
    deactivate(&app, &acme, &ids[20]).expect(403);
    later(&app, 41);
    deactivate(&app, &acme, &ids[20]).expect(200);
}

#[test]
fn a_question_that_nobody_answers_stays_for_as_long_as_it_is_asked() {
    let (app, acme) = TestApp::acme();
    let ids = people(&app, 40);
    for id in &ids[..11] {
        deactivate(&app, &acme, id);
    }
    // Its burst can't seep through a window at a time.
    for _ in 0..3 {
        later(&app, 600);
        deactivate(&app, &acme, &ids[12]).expect(429);
    }
    let hold = show(&app, &acme)["items"][0].clone();
    assert_eq!(hold["attempts"], 4);
    // Without requests for a day it goes by itself.
    later(&app, 24 * 60 + 1);
    let now = clock::now();
    app.store
        .write(move |tx| {
            while brake::prune(tx, now)? > 0 {}
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert_eq!(show(&app, &acme)["items"][0]["state"], "closed");
    assert_eq!(
        app.sql("SELECT count(*) FROM audit WHERE action = 'brake.closed'"),
        1
    );
    assert_eq!(app.sql("SELECT count(*) FROM brake_takings"), 0);
    assert_eq!(app.sql("SELECT count(*) FROM brake_slots"), 0);
    deactivate(&app, &acme, &ids[12]).expect(200);
}

#[test]
fn who_comes_back_does_not_count_and_nobody_counts_twice() {
    let (app, acme) = TestApp::acme();
    let ids = people(&app, 40);
    let on = patch(json!([{ "op": "replace", "value": { "active": true } }]));
    for _ in 0..4 {
        for id in &ids[..9] {
            deactivate(&app, &acme, id).expect(200);
            deactivate(&app, &acme, id).expect(200);
        }
        for id in &ids[..9] {
            app.scim(&acme, "PATCH", &format!("/Users/{id}"), &on)
                .expect(200);
        }
    }
    assert_eq!(
        app.sql("SELECT coalesce(sum(people), 0) FROM brake_slots"),
        0
    );
    for id in &ids[..10] {
        deactivate(&app, &acme, id).expect(200);
    }
    // Who is off already loses nothing by being deleted, and who is let in by hand is back, too.
    app.scim(&acme, "DELETE", &format!("/Users/{}", ids[0]), &NOTHING)
        .expect(204);
    deactivate(&app, &acme, &ids[10]).expect(429);
    assert_eq!(show(&app, &acme)["items"][0]["passed"], 10);
}

#[test]
fn what_people_do_themselves_is_not_braked() {
    let (app, acme) = TestApp::acme();
    let ids = people(&app, 40);
    for id in &ids[..15] {
        let path = format!("{}/users/{id}", acme.base);
        app.as_operator("PATCH", &path, &json!({ "active": false }))
            .expect(200);
    }
    for id in &ids[15..20] {
        app.portcullis(&["user", "deactivate", id]);
    }
    // Nor does it count: ten may still go by SCIM.
    for id in &ids[20..30] {
        deactivate(&app, &acme, id).expect(200);
    }
    deactivate(&app, &acme, &ids[30]).expect(429);
    assert_eq!(active(&app), 10);
}

#[test]
fn few_people_or_a_small_share_pass() {
    let (app, acme) = TestApp::acme();
    // All of ten people are not over ten.
    for id in people(&app, 10) {
        deactivate(&app, &acme, &id).expect(200);
    }
    let (app, acme) = TestApp::acme();
    let ids = people(&app, 1_000);
    for id in &ids[..200] {
        deactivate(&app, &acme, id).expect(200);
    }
    deactivate(&app, &acme, &ids[200]).expect(429);
}

#[test]
fn limits_are_an_organizations_own() {
    let (app, acme) = TestApp::acme();
    let path = format!("{}/scim/brake", acme.base);
    let settings = show(&app, &acme)["settings"].clone();
    assert_eq!(
        settings,
        json!({ "armed": true, "share": 20, "people": 10, "window_s": 600 })
    );
    for (wrong, field) in [
        (json!({ "share": 0 }), "share"),
        (json!({ "share": 101 }), "share"),
        (json!({ "people": 0 }), "people"),
        (json!({ "people": 1_000_001 }), "people"),
        (json!({ "window_s": 59 }), "window"),
        (json!({ "window_s": 7_201 }), "window"),
        (json!({ "window_s": -1 }), "window"),
        (json!({ "window_s": "long" }), "window_s"),
        (json!({ "armed": 1 }), "armed"),
    ] {
        let problem = app.as_operator("PATCH", &path, &wrong).expect(400).json();
        assert_eq!(problem["field"], field, "{wrong}");
    }
    let tight = json!({ "share": 1, "people": 2, "window_s": 60 });
    app.as_operator("PATCH", &path, &tight).expect(200);
    assert_eq!(
        app.sql("SELECT count(*) FROM audit WHERE action = 'brake.changed'"),
        1
    );
    let ids = people(&app, 40);
    deactivate(&app, &acme, &ids[0]).expect(200);
    deactivate(&app, &acme, &ids[1]).expect(200);
    deactivate(&app, &acme, &ids[2]).expect(429);
    app.as_operator("PATCH", &path, &json!({ "armed": false }))
        .expect(200);
    deactivate(&app, &acme, &ids[2]).expect(200);
    // The same by the command line.
    let set = app.portcullis(&[
        "scim", "brake", "set", "--org", "acme", "--armed", "true", "--people", "3", "--window",
        "5m",
    ]);
    assert_eq!(
        set["settings"],
        json!({ "armed": true, "share": 1, "people": 3, "window_s": 300 })
    );
}

#[test]
fn the_command_line_answers_too() {
    let (app, acme) = TestApp::acme();
    let ids = people(&app, 40);
    for id in &ids[..12] {
        deactivate(&app, &acme, id);
    }
    let shown = app.portcullis(&["scim", "brake", "show", "--org", "acme"]);
    assert_eq!(shown["items"][0]["named"][0]["userName"], "p11@acme.com");
    let refused = app.portcullis(&["scim", "brake", "refuse", "--org", "acme"]);
    assert_eq!(refused["state"], "refused");
    deactivate(&app, &acme, &ids[11]).expect(403);
    let id = refused["id"].as_str().unwrap();
    let allowed = app.portcullis(&["scim", "brake", "allow", id, "--org", "acme"]);
    assert_eq!(allowed["decided_by"], "the command line");
    deactivate(&app, &acme, &ids[11]).expect(200);
}

fn somebody_signed_in(app: &TestApp, acme: &Tenant) {
    let mut browser = Browser::new(app);
    browser.sign_in(acme, "early@acme.com").expect(303);
}

/// Nobody has come in and nobody can: what was set up can be undone.
#[test]
fn before_anybody_has_signed_in_admins_come_and_go() {
    for (road, take) in LAST {
        let (app, acme) = TestApp::acme();
        // Somebody of another organization, and somebody who was invited only.
        let other = app.tenant("other", "other.com");
        let mut browser = Browser::new(&app);
        browser.sign_in(&other, "ann@other.com").expect(303);
        joined(&app, &other, "bob@local.example");
        let invited = json!({ "email": "cat@local.example" });
        app.as_operator("POST", &format!("{}/users", acme.base), &invited)
            .expect(201);
        let boss = app.push_user(&acme, "boss@acme.com");
        let group = app.push_group(&acme, "Bosses", &[&boss]);
        assert!(take(&app, &acme, &boss, &group) < 300, "{road}");
    }
}

/// What was here before the last admin is to go.
type Past = fn(&TestApp, &Tenant);
const PASTS: [(&str, Past); 5] = [
    ("somebody signed in", somebody_signed_in),
    ("and the provider is gone", |app, acme| {
        somebody_signed_in(app, acme);
        let provider = format!("{}/providers/{}", acme.base, acme.provider);
        app.as_operator("DELETE", &provider, &NOTHING).expect(204);
    }),
    ("and the provider is another's now", |app, acme| {
        somebody_signed_in(app, acme);
        let other = IdentityProvider::generate("urn:other", "https://other.example/sso").unwrap();
        app.set_provider(acme, &json!({ "metadata_xml": other.metadata() }));
    }),
    ("and the person is gone", |app, acme| {
        somebody_signed_in(app, acme);
        let all = app.scim(acme, "GET", "/Users", &NOTHING).expect(200).json();
        for found in all["Resources"].as_array().unwrap() {
            let path = format!("/Users/{}", found["id"].as_str().unwrap());
            app.scim(acme, "DELETE", &path, &NOTHING).expect(204);
        }
    }),
    ("somebody has a password", |app, acme| {
        joined(app, acme, "ann@local.example");
    }),
];

#[test]
fn once_anybody_could_come_in_the_last_admin_stays() {
    for (past, happened) in PASTS {
        let (app, acme) = TestApp::acme();
        happened(&app, &acme);
        // Pushed by whatever pushes next.
        let acme = Tenant {
            token: app.scim_token("acme"),
            ..acme
        };
        let boss = app.push_user(&acme, "boss@acme.com");
        let group = app.push_group(&acme, "Bosses", &[&boss]);
        app.set_level(&acme, &group, "admin");
        let path = format!("/Users/{boss}");
        let gone = app.scim(&acme, "DELETE", &path, &NOTHING);
        assert_eq!(gone.status, 429, "{past}");
        let gone = app.scim(&acme, "DELETE", &format!("/Groups/{group}"), &NOTHING);
        assert_eq!(gone.status, 429, "{past}");
    }
}

/// Who has a password needs no sign-in through a provider to be the one who administers.
#[test]
fn a_local_admin_is_kept_too() {
    let (app, acme) = TestApp::acme();
    let (id, _) = joined(&app, &acme, "ann@local.example");
    let path = format!("{}/users/{id}", acme.base);
    app.as_operator("PATCH", &path, &json!({ "level": "admin" }))
        .expect(200);
    deactivate(&app, &acme, &id).expect(429);
    app.scim(&acme, "DELETE", &format!("/Users/{id}"), &NOTHING)
        .expect(429);
}

/// Ways in which the last admin goes; the status of what was asked.
type LastRoad = fn(&TestApp, &Tenant, &str, &str) -> u16;
const LAST: [(&str, LastRoad); 8] = [
    ("deactivated", |app, acme, id, _| {
        deactivate(app, acme, id).status
    }),
    ("put", |app, acme, id, _| {
        let mut whole = user("boss@acme.com");
        whole["active"] = json!(false);
        app.scim(acme, "PUT", &format!("/Users/{id}"), &whole)
            .status
    }),
    ("active removed", |app, acme, id, _| {
        let gone = patch(json!([{ "op": "remove", "path": "active" }]));
        app.scim(acme, "PATCH", &format!("/Users/{id}"), &gone)
            .status
    }),
    ("deleted", |app, acme, id, _| {
        app.scim(acme, "DELETE", &format!("/Users/{id}"), &NOTHING)
            .status
    }),
    ("removed", |app, acme, id, group| {
        let path = format!("members[value eq \"{id}\"]");
        let gone = patch(json!([{ "op": "remove", "path": path }]));
        app.scim(acme, "PATCH", &format!("/Groups/{group}"), &gone)
            .status
    }),
    ("emptied", |app, acme, _, group| {
        let empty = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": "Bosses", "members": [],
        });
        app.scim(acme, "PUT", &format!("/Groups/{group}"), &empty)
            .status
    }),
    ("group deleted", |app, acme, _, group| {
        app.scim(acme, "DELETE", &format!("/Groups/{group}"), &NOTHING)
            .status
    }),
    ("by bulk", |app, acme, _, group| {
        let bulk = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [{ "method": "DELETE", "path": format!("/Groups/{group}") }],
        });
        let answer = app.scim(acme, "POST", "/Bulk", &bulk).expect(200).json();
        answer["Operations"][0]["status"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    }),
];

#[test]
fn the_last_admin_stays_until_somebody_says_yes() {
    for (road, take) in LAST {
        let (app, acme) = TestApp::acme();
        somebody_signed_in(&app, &acme);
        let boss = app.push_user(&acme, "boss@acme.com");
        let group = app.push_group(&acme, "Bosses", &[&boss]);
        app.set_level(&acme, &group, "admin");
        let session = app.session(&boss);
        let before = app.contents();
        assert_eq!(take(&app, &acme, &boss, &group), 429, "{road}");
        assert_eq!(app.who(&session).unwrap()["level"], "admin", "{road}");
        let held = show(&app, &acme);
        let hold = &held["items"][0];
        assert_eq!(hold["reason"], "last-admin", "{road}");
        assert_eq!(named(&app, &acme, hold), ["boss@acme.com"], "{road}");
        app.force("DELETE FROM brake_holds; DELETE FROM events WHERE kind = 'scim.held'");
        assert_eq!(app.contents(), before, "{road}: nothing else changed");
        // While there is another, it passes; one who is inactive is none.
        let other = app.push_user(&acme, "other@acme.com");
        let others = app.push_group(&acme, "Others", &[&other]);
        app.set_level(&acme, &others, "admin");
        app.force(&format!(
            "UPDATE users SET active = 0, active_shown = 0 WHERE id = '{other}'"
        ));
        assert_eq!(take(&app, &acme, &boss, &group), 429, "{road}");
        let hold = show(&app, &acme)["items"][0].clone();
        app.force(&format!(
            "UPDATE users SET active = 1, active_shown = 1 WHERE id = '{other}'"
        ));
        assert!(take(&app, &acme, &boss, &group) < 300, "{road}");
        // And so it does with a yes.
        decide(&app, &acme, &hold, "allow").expect(200);
        let gone = app.scim(&acme, "DELETE", &format!("/Groups/{others}"), &NOTHING);
        gone.expect(204);
    }
}

#[test]
fn an_admin_by_grant_is_one_too() {
    let (app, acme) = TestApp::acme();
    somebody_signed_in(&app, &acme);
    let boss = app.push_user(&acme, "boss@acme.com");
    let next = app.push_user(&acme, "next@acme.com");
    let level = |id: &str, level: &str| {
        let path = format!("{}/users/{id}", acme.base);
        app.as_operator("PATCH", &path, &json!({ "level": level }))
            .expect(200);
    };
    level(&boss, "admin");
    deactivate(&app, &acme, &boss).expect(429);
    level(&next, "admin");
    deactivate(&app, &acme, &boss).expect(200);
    deactivate(&app, &acme, &next).expect(429);
    // Somebody of another organization is no help.
    let other = app.tenant("other", "other.com");
    app.person(&other, "admin");
    deactivate(&app, &acme, &next).expect(429);
    // Without an admin there is none to lose.
    level(&next, "editor");
    deactivate(&app, &acme, &next).expect(200);
}

#[test]
fn sixty_four_clients_at_once_do_not_get_past_it() {
    const CLIENTS: usize = 64;
    let (app, acme) = TestApp::acme();
    let ids = people(&app, 320);
    let together = Barrier::new(CLIENTS);
    let statuses: Vec<u16> = thread::scope(|scope| {
        let clients: Vec<_> = ids
            .chunks(ids.len() / CLIENTS)
            .map(|mine| {
                let (app, acme, together) = (&app, &acme, &together);
                scope.spawn(move || {
                    together.wait();
                    mine.iter()
                        .map(|id| deactivate(app, acme, id).status)
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect()
    });
    let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    // A fifth of 320.
    assert_eq!((count(200), count(429)), (64, 256));
    assert_eq!(active(&app), 256);
    let held = show(&app, &acme);
    assert_eq!(held["total"], 1);
    let hold = &held["items"][0];
    assert_eq!(
        (&hold["attempts"], &hold["people"]),
        (&json!(256), &json!(256))
    );
}

#[test]
fn an_admin_of_the_organization_answers_and_nobody_else() {
    let (app, acme) = TestApp::acme();
    let (_, admin) = app.person(&acme, "admin");
    let (_, editor) = app.person(&acme, "editor");
    let ids = people(&app, 40);
    for id in &ids[..12] {
        deactivate(&app, &acme, id);
    }
    let hold = show(&app, &acme)["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("{}/scim/brake/holds/{hold}/decision", acme.base);
    let ask = |cookie: &str| {
        let ask = Ask::new("POST", &path).with(cookie);
        app.ask(ask.json(&json!({ "decision": "allow" })))
    };
    ask(&editor).expect(403);
    // The client that is held can't answer itself.
    let ask_by_token = Ask::new("POST", &path).bearer(&acme.token);
    app.ask(ask_by_token.json(&json!({ "decision": "allow" })))
        .expect(401);
    deactivate(&app, &acme, &ids[11]).expect(429);
    ask(&admin).expect(200);
    deactivate(&app, &acme, &ids[11]).expect(200);
}
