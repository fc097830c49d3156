//! Switching somebody off: everything that lets them in ends in the same change, at the very next
//! request, whoever asks how often; and the log says how long it took.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::app::{Tenant, TestApp, user};
use crate::http::Ask;

/// Two sessions, an API token and a pending link, beside some that are over.
fn equip(app: &TestApp, id: &str) -> [String; 2] {
    let hash = |name: &str| {
        let hash = portcullis::access::secret::hash(&format!("{name} of {id}"));
        data_encoding::HEXUPPER.encode(&hash)
    };
    let later = portcullis::clock::now().millis() + 3_600_000;
    for (name, revoked) in [("token", "NULL"), ("revoked token", "5")] {
        app.force(&format!(
            "INSERT INTO tokens (id, hash, kind, organization_id, user_id, name, created_at,
                 expires_at, revoked_at)
             SELECT '{name} of {id}', x'{}', 'api', organization_id, id, 't', 0, {later}, {revoked}
             FROM users WHERE id = '{id}'",
            hash(name)
        ));
    }
    for (name, used, expires) in [
        ("link", "NULL", later),
        ("used link", "5", later),
        ("expired link", "NULL", 5),
    ] {
        app.force(&format!(
            "INSERT INTO invitations (id, token_hash, kind, user_id, created_by, created_at,
                 expires_at, used_at)
             VALUES ('{name} of {id}', x'{}', 'reset', '{id}', 'Ada', 0, {expires}, {used})",
            hash(name)
        ));
    }
    [app.session(id), app.session(id)]
}

/// Tokens and links of a user that would still open something.
fn left(app: &TestApp, id: &str) -> (i64, i64) {
    let now = portcullis::clock::now().millis();
    let id = id.to_owned();
    app.store
        .read(move |conn| {
            let count = |query: &str| -> Result<i64, portcullis::store::StoreError> {
                Ok(conn.query_row(query, rusqlite::params![id, now], |row| row.get(0))?)
            };
            Ok::<_, portcullis::store::StoreError>((
                count(
                    "SELECT count(*) FROM tokens
                     WHERE user_id = ?1 AND revoked_at IS NULL AND expires_at > ?2",
                )?,
                count(
                    "SELECT count(*) FROM invitations WHERE user_id = ?1 AND used_at IS NULL
                         AND revoked_at IS NULL AND expires_at > ?2",
                )?,
            ))
        })
        .unwrap()
}

fn patch(active: bool) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "value": { "active": active } }],
    })
}

fn report(app: &TestApp, acme: &Tenant, query: &str) -> Value {
    let path = format!("{}/deprovisioning{query}", acme.base);
    app.as_operator("GET", &path, &Value::Null)
        .expect(200)
        .json()
}

type Way = fn(&TestApp, &Tenant, &str, bool);

/// Every way to switch somebody off (and on).
const WAYS: [(&str, &str, Way); 6] = [
    ("PATCH", "scim", |app, acme, id, active| {
        app.scim(acme, "PATCH", &format!("/Users/{id}"), &patch(active))
            .expect(200);
    }),
    ("removal", "scim", |app, acme, id, active| {
        let mut operation = json!({ "op": "remove", "path": "active" });
        if active {
            operation = json!({ "op": "add", "path": "active", "value": true });
        }
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [operation],
        });
        app.scim(acme, "PATCH", &format!("/Users/{id}"), &body)
            .expect(200);
    }),
    ("PUT", "scim", |app, acme, id, active| {
        let mut whole = user("put@acme.com");
        whole["active"] = json!(active);
        app.scim(acme, "PUT", &format!("/Users/{id}"), &whole)
            .expect(200);
    }),
    ("operator", "session", |app, acme, id, active| {
        let path = format!("{}/users/{id}", acme.base);
        app.as_operator("PATCH", &path, &json!({ "active": active }))
            .expect(200);
    }),
    ("admin", "session", |app, acme, id, active| {
        let admin = app.push_user(acme, &format!("admin-{active}@acme.com"));
        let group = app.push_group(acme, &format!("admins {active}"), &[&admin]);
        app.set_level(acme, &group, "admin");
        let ask = Ask::new("PATCH", format!("{}/users/{id}", acme.base));
        let cookie = app.session(&admin);
        app.ask(ask.with(&cookie).json(&json!({ "active": active })))
            .expect(200);
    }),
    ("command line", "cli", |app, _, id, active| {
        let word = if active { "activate" } else { "deactivate" };
        app.portcullis(&["user", word, id]);
    }),
];

#[test]
fn the_metric_counts_each_of_them_once() {
    let (app, acme) = TestApp::acme();
    let count = || {
        let answer = app
            .ask(Ask::get("/metrics").with(app.operator()))
            .expect(200);
        let text = answer.text().to_owned();
        let line = text
            .lines()
            .find_map(|l| l.strip_prefix("portcullis_deprovisioning_duration_seconds_count "));
        line.unwrap().parse::<u32>().unwrap()
    };
    assert_eq!(count(), 0);
    for (name, _, switch) in WAYS {
        let id = app.push_user(&acme, &format!("{name}-m@acme.com").replace(' ', "-"));
        switch(&app, &acme, &id, false);
    }
    assert_eq!(count() as usize, WAYS.len());
    assert_eq!(count() as usize, WAYS.len());
}

#[test]
fn every_way_ends_everything_and_none_brings_it_back() {
    let (app, acme) = TestApp::acme();
    for (name, via, switch) in WAYS {
        let id = app.push_user(&acme, &format!("{name}@acme.com").replace(' ', "-"));
        let cookies = equip(&app, &id);
        assert_eq!(left(&app, &id), (1, 1), "{name}");
        switch(&app, &acme, &id, false);
        for cookie in &cookies {
            assert!(app.who(cookie).is_none(), "{name}");
        }
        assert_eq!(left(&app, &id), (0, 0), "{name}");
        let line = report(&app, &acme, "?limit=1")["items"][0].clone();
        assert_eq!(line["user"]["id"], json!(id), "{name}");
        assert_eq!(line["what"], "deactivated", "{name}");
        assert_eq!(line["via"], json!(via), "{name}");
        assert_eq!(
            line["ended"],
            json!({ "sessions": 2, "tokens": 1, "invitations": 1 }),
            "{name}"
        );
        assert!(line["took_ms"].as_i64().unwrap() < 10_000, "{name}: {line}");

        switch(&app, &acme, &id, true);
        for cookie in &cookies {
            assert!(app.who(cookie).is_none(), "{name}: back again");
        }
        assert_eq!(left(&app, &id), (0, 0), "{name}: back again");
        assert!(app.who(&app.session(&id)).is_some(), "{name}: a new one");
    }
}

#[test]
fn who_is_deleted_leaves_nothing_but_a_line() {
    let (app, acme) = TestApp::acme();
    let id = app.push_user(&acme, "gone@acme.com");
    let [cookie, _] = equip(&app, &id);
    app.scim(&acme, "DELETE", &format!("/Users/{id}"), &Value::Null)
        .expect(204);
    assert!(app.who(&cookie).is_none());
    assert_eq!(
        app.sql("SELECT count(*) FROM sessions WHERE user_id IS NOT NULL"),
        0
    );
    assert_eq!(app.sql("SELECT count(*) FROM tokens WHERE kind = 'api'"), 0);
    assert_eq!(app.sql("SELECT count(*) FROM invitations"), 0);
    let line = report(&app, &acme, "")["items"][0].clone();
    assert_eq!(line["what"], "deleted");
    assert_eq!(
        line["ended"],
        json!({ "sessions": 2, "tokens": 1, "invitations": 1 })
    );
    assert_eq!(line["user"]["userName"], "gone@acme.com");
}

#[test]
fn what_was_off_already_leaves_no_second_line() {
    let (app, acme) = TestApp::acme();
    let id = app.push_user(&acme, "off@acme.com");
    for _ in 0..3 {
        let path = format!("/Users/{id}");
        app.scim(&acme, "PATCH", &path, &patch(false)).expect(200);
    }
    assert_eq!(report(&app, &acme, "")["count"], 1);
}

#[test]
fn the_report_has_pages_and_figures() {
    let (app, acme) = TestApp::acme();
    let other = app.tenant("other", "other.com");
    assert_eq!(report(&app, &acme, "")["p50_ms"], Value::Null);
    for number in 0..5 {
        let id = app.push_user(&acme, &format!("p{number}@acme.com"));
        let way = if number % 2 == 0 { "PATCH" } else { "DELETE" };
        let body = if number % 2 == 0 {
            patch(false)
        } else {
            Value::Null
        };
        app.scim(&acme, way, &format!("/Users/{id}"), &body);
    }
    let stranger = app.push_user(&other, "p@other.com");
    app.scim(
        &other,
        "PATCH",
        &format!("/Users/{stranger}"),
        &patch(false),
    );
    let all = report(&app, &acme, "");
    assert_eq!((&all["count"], &all["next"]), (&json!(5), &Value::Null));
    assert!(all["p50_ms"].as_i64().unwrap() <= all["p99_ms"].as_i64().unwrap());
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = report(&app, &acme, &format!("?limit=2{after}"));
        assert_eq!(page["count"], 5);
        seen.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        after = format!("&after={next}");
    }
    assert_eq!(json!(seen), all["items"]);
    let path = format!("{}/deprovisioning?after=x", acme.base);
    let problem = app.as_operator("GET", &path, &Value::Null).expect(400);
    assert_eq!(problem.json()["field"], "after");
    // The same by the command line.
    let shown = app.portcullis(&["user", "deprovisioned", "--org", "acme"]);
    assert_eq!(shown, all);
}

/// What is asked while the change is made, as one person.
const API: &str = "/api/v1/session";
const CONSOLE: &str = "/api/v1/organizations/acme/users";
const TOKENS: &str = "/api/v1/organizations/acme/scim/tokens";

struct Scene {
    user: String,
    group: String,
    session: String,
    cookie: String,
}

/// Everything by which somebody may lose rights, and what they are refused from then on.
type Change = fn(&TestApp, &Tenant, &Scene);
const CHANGES: [(&str, &[&str], Change); 8] = [
    (
        "deactivated by SCIM",
        &[API, "/", CONSOLE],
        |app, acme, scene| {
            let path = format!("/Users/{}", scene.user);
            app.scim(acme, "PATCH", &path, &patch(false)).expect(200);
        },
    ),
    (
        "deactivated in the console",
        &[API, "/", CONSOLE],
        |app, acme, scene| {
            let path = format!("{}/users/{}", acme.base, scene.user);
            app.as_operator("PATCH", &path, &json!({ "active": false }))
                .expect(200);
        },
    ),
    ("deleted", &[API, "/", CONSOLE], |app, acme, scene| {
        app.scim(
            acme,
            "DELETE",
            &format!("/Users/{}", scene.user),
            &Value::Null,
        )
        .expect(204);
    }),
    ("lowered", &[TOKENS], |app, acme, scene| {
        app.set_level(acme, &scene.group, "viewer");
    }),
    (
        "lowered, of what they have directly",
        &[TOKENS],
        |app, acme, scene| {
            let path = format!("{}/users/{}", acme.base, scene.user);
            app.set_level(acme, &scene.group, "viewer");
            app.as_operator("PATCH", &path, &json!({ "level": "admin" }))
                .expect(200);
            app.ask(Ask::get(TOKENS).with(&scene.cookie)).expect(200);
            app.as_operator("PATCH", &path, &json!({ "level": null }))
                .expect(200);
        },
    ),
    ("moved out of the group", &[TOKENS], |app, acme, scene| {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{
                "op": "remove", "path": format!("members[value eq \"{}\"]", scene.user),
            }],
        });
        app.scim(acme, "PATCH", &format!("/Groups/{}", scene.group), &body)
            .expect(200);
    }),
    ("the group deleted", &[TOKENS], |app, acme, scene| {
        app.scim(
            acme,
            "DELETE",
            &format!("/Groups/{}", scene.group),
            &Value::Null,
        )
        .expect(204);
    }),
    (
        "the session revoked",
        &[API, "/", CONSOLE],
        |app, acme, scene| {
            let path = format!("{}/sessions/{}", acme.base, scene.session);
            app.as_operator("DELETE", &path, &Value::Null).expect(204);
        },
    ),
];

fn scene(app: &TestApp, acme: &Tenant, number: usize) -> (Scene, String) {
    let user = app.push_user(acme, &format!("person{number}@acme.com"));
    let group = app.push_group(acme, &format!("group {number}"), &[&user]);
    app.set_level(acme, &group, "admin");
    let cookie = app.session(&user);
    let path = format!("{}/users/{user}/sessions", acme.base);
    let list = app.as_operator("GET", &path, &Value::Null).json();
    let session = list["items"][0]["id"].as_str().unwrap().to_owned();
    (
        Scene {
            user,
            group,
            session,
            cookie: cookie.clone(),
        },
        cookie,
    )
}

#[test]
fn the_very_next_request_is_refused() {
    let (app, acme) = TestApp::acme();
    for (number, (name, paths, change)) in CHANGES.into_iter().enumerate() {
        let (scene, cookie) = scene(&app, &acme, number);
        for path in paths {
            app.ask(Ask::get(*path).with(&cookie)).expect(200);
        }
        change(&app, &acme, &scene);
        for path in paths {
            let status = app.ask(Ask::get(*path).with(&cookie)).status;
            let expected = match *path {
                "/" => 303,
                TOKENS => 403,
                _ => 401,
            };
            assert_eq!(status, expected, "{name}: {path}");
        }
    }
}

#[test]
fn after_the_change_nobody_is_let_in_while_64_clients_hammer() {
    let (app, acme) = TestApp::acme();
    for (number, (name, paths, change)) in CHANGES.into_iter().enumerate() {
        let (scene, cookie) = scene(&app, &acme, number);
        let acknowledged = AtomicBool::new(false);
        let (before, after, wrong) = (
            AtomicUsize::new(0),
            AtomicUsize::new(0),
            AtomicUsize::new(0),
        );
        let (app, cookie) = (&app, cookie.as_str());
        thread::scope(|scope| {
            for client in 0..64 {
                let (acknowledged, before, after, wrong) = (&acknowledged, &before, &after, &wrong);
                scope.spawn(move || {
                    let mut refused = 0;
                    let begin = Instant::now();
                    for path in paths.iter().cycle().skip(client % paths.len()) {
                        // Read before asking: what is asked from here on comes after the change.
                        let late = acknowledged.load(Ordering::SeqCst);
                        let status = app.send(&Ask::get(*path).with(cookie)).map(|a| a.status);
                        match (late, status) {
                            (false, Ok(200)) => drop(before.fetch_add(1, Ordering::Relaxed)),
                            (true, Ok(200)) => drop(wrong.fetch_add(1, Ordering::Relaxed)),
                            (true, Ok(_)) => {
                                after.fetch_add(1, Ordering::Relaxed);
                                refused += 1;
                            }
                            _ => {}
                        }
                        if refused == 10 || begin.elapsed() > Duration::from_secs(60) {
                            break;
                        }
                    }
                });
            }
            while before.load(Ordering::Relaxed) < 200 {
                thread::sleep(Duration::from_millis(5));
            }
            change(app, &acme, &scene);
            acknowledged.store(true, Ordering::SeqCst);
        });
        let (before, after, wrong) = (before.into_inner(), after.into_inner(), wrong.into_inner());
        println!("{name}: {before} let in before, {after} refused after");
        assert_eq!(wrong, 0, "{name}: let in after the change was acknowledged");
        assert!(after >= 640, "{name}: {after} were asked after");
    }
}
