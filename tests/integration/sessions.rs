//! Sessions: who is in, putting them out, and how long they last.

use serde_json::{Value, json};

use crate::app::{Tenant, TestApp};
use crate::browser::Browser;
use crate::http::{Answer, Ask};

fn list(app: &TestApp, acme: &Tenant, query: &str) -> Value {
    let path = format!("{}/sessions{query}", acme.base);
    app.as_operator("GET", &path, &Value::Null)
        .expect(200)
        .json()
}

#[test]
fn a_session_shows_what_it_was_opened_with() {
    let (app, acme) = TestApp::acme();
    let mut browser = Browser::new(&app);
    let started = browser.start(&acme);
    let request = started.request.id.clone();
    browser
        .answer(&started, &started.spec("ann@acme.com"))
        .expect(303);
    let shown = list(&app, &acme, "");
    let items = shown["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    let session = &items[0];
    assert_eq!(session["user"]["userName"], "ann@acme.com");
    assert_eq!(session["method"], "saml");
    assert_eq!(session["provider"]["id"], json!(acme.provider));
    assert_eq!(session["name_id"], "ann@acme.com");
    // The identity provider in these tests names its session after the request.
    assert_eq!(session["session_index"], json!(request));
    assert_eq!(session["current"], false);
    let text = shown.to_string();
    let cookie = browser.cookie("__Host-portcullis").unwrap();
    assert!(!text.contains(cookie), "the secret is nobody's to see");
}

#[test]
fn a_new_sign_in_ends_the_session_before() {
    let (app, acme) = TestApp::acme();
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "ann@acme.com");
    let old = browser.cookies();
    browser.sign_in(&acme, "ann@acme.com");
    assert_ne!(browser.cookies(), old);
    assert!(app.who(&old).is_none());
    assert!(browser.session().is_some());
    assert_eq!(list(&app, &acme, "")["items"].as_array().unwrap().len(), 1);
}

#[test]
fn sessions_are_ended_one_by_one_of_a_user_and_of_all() {
    let (app, acme) = TestApp::acme();
    let other = app.tenant("other", "other.com");
    let (admin, admins) = app.person(&acme, "admin");
    let ann = app.push_user(&acme, "ann@acme.com");
    let cookies: Vec<String> = (0..3).map(|_| app.session(&ann)).collect();
    let stranger = app.session(&app.push_user(&other, "eve@other.com"));
    let as_admin = |method: &str, path: &str| -> Answer {
        app.ask(Ask::new(method, format!("{}{path}", acme.base)).with(&admins))
    };

    let shown = as_admin("GET", &format!("/users/{ann}/sessions"))
        .expect(200)
        .json();
    assert_eq!(shown["total"], 3);
    assert_eq!(
        as_admin("GET", &format!("/sessions?user={ann}")).json(),
        shown
    );
    let all = as_admin("GET", "/sessions").expect(200).json();
    assert_eq!(all["items"].as_array().unwrap().len(), 4);
    let current: Vec<&Value> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|session| session["current"] == true)
        .collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["user"]["id"], json!(admin));

    let alive = || cookies.iter().filter(|c| app.who(c).is_some()).count();
    let newest = shown["items"][0]["id"].as_str().unwrap();
    as_admin("DELETE", &format!("/sessions/{newest}")).expect(204);
    assert_eq!(alive(), 2);
    as_admin("DELETE", &format!("/sessions/{newest}")).expect(404);

    // What belongs to another organization, or to an operator, is not there.
    for cookie in [&stranger, app.operator()] {
        let value = cookie.split_once('=').unwrap().1;
        let hash = data_encoding::HEXUPPER.encode(&portcullis::access::secret::hash(value));
        let id = app.text(&format!(
            "SELECT id FROM sessions WHERE token_hash = x'{hash}'"
        ));
        as_admin("DELETE", &format!("/sessions/{id}")).expect(404);
        assert!(app.who(cookie).is_some());
    }
    as_admin("GET", "/sessions?user=nobody").expect(404);

    let ended = as_admin("DELETE", &format!("/users/{ann}/sessions")).expect(200);
    assert_eq!(ended.json()["ended"], 2);
    assert_eq!(alive(), 0);

    let ended = as_admin("DELETE", "/sessions").expect(200).json();
    assert_eq!(ended["ended"], 1);
    assert!(app.who(&admins).is_none(), "whoever asks is out, too");
    assert!(app.who(&stranger).is_some());
    assert!(app.who(app.operator()).is_some());
    let lines = app.sql("SELECT count(*) FROM audit WHERE action = 'session.ended'");
    assert_eq!(lines, 3);
}

#[test]
fn the_list_has_pages() {
    let (app, acme) = TestApp::acme();
    let ann = app.push_user(&acme, "ann@acme.com");
    for _ in 0..5 {
        app.session(&ann);
    }
    let all = list(&app, &acme, "");
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = list(&app, &acme, &format!("?limit=2{after}"));
        seen.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        after = format!("&after={next}");
    }
    assert_eq!(seen.len(), 5);
    assert_eq!(json!(seen), all["items"]);
    for bad in ["?limit=0", "?limit=201", "?limit=x"] {
        let path = format!("{}/sessions{bad}", acme.base);
        app.as_operator("GET", &path, &Value::Null).expect(400);
    }
}

fn set_limits(app: &TestApp, acme: &Tenant, limits: &Value) -> Answer {
    app.as_operator("PATCH", &acme.base, &json!({ "session_limits": limits }))
}

#[test]
fn the_limits_of_a_level_bind_at_the_next_request() {
    let (app, acme) = TestApp::acme();
    let (admin, admins) = app.person(&acme, "admin");
    let (_, viewers) = app.person(&acme, "viewer");
    let age = |what: &str, seconds: u64| {
        app.force(&format!(
            "UPDATE sessions SET {what} = {what} - {} WHERE user_id IS NOT NULL",
            seconds * 1000
        ));
    };
    age("last_seen_at", 1_000);
    assert!(app.who(&admins).is_some() && app.who(&viewers).is_some());
    // Both were seen just now: once more, without a request in between.
    app.settle();
    age("last_seen_at", 1_000);
    let shown = set_limits(&app, &acme, &json!({ "admin": { "idle_s": 900 } })).expect(200);
    assert_eq!(
        shown.json()["session_limits"],
        json!({
            "viewer": { "idle_s": 28_800, "absolute_s": 86_400 },
            "runner": { "idle_s": 28_800, "absolute_s": 86_400 },
            "editor": { "idle_s": 28_800, "absolute_s": 86_400 },
            "admin": { "idle_s": 900, "absolute_s": 86_400 },
        })
    );
    assert!(app.who(&admins).is_none());
    assert!(app.who(&viewers).is_some());
    let view = |id: &str| {
        let path = format!("{}/users/{id}", acme.base);
        app.as_operator("GET", &path, &Value::Null).json()
    };
    assert_eq!(view(&admin)["sessions"], 0, "what is over is not shown");
    assert_eq!(list(&app, &acme, "")["items"].as_array().unwrap().len(), 1);

    // In all, however busy.
    set_limits(&app, &acme, &json!({ "viewer": { "absolute_s": 3600 } })).expect(200);
    let before = app.who(&viewers).unwrap();
    age("created_at", 3_500);
    let end = |who: &Value| who["expires_at"].as_str().unwrap().to_owned();
    let after = app.who(&viewers).unwrap();
    assert!(end(&after) < end(&before), "{after}");
    age("created_at", 100);
    assert!(app.who(&viewers).is_none());

    // The limit of the level one has now counts.
    let ann = app.push_user(&acme, "ann@acme.com");
    set_limits(&app, &acme, &json!({ "viewer": null })).expect(200);
    let cookie = app.session(&ann);
    age("last_seen_at", 1_000);
    assert!(app.who(&cookie).is_some());
    app.settle();
    age("last_seen_at", 1_000);
    let group = app.push_group(&acme, "raised", &[&ann]);
    assert!(app.who(&cookie).is_none(), "an admin's 900 s count now");
    app.set_level(&acme, &group, "runner");
    assert!(app.who(&cookie).is_some(), "and a runner's again");
}

#[test]
fn a_limit_out_of_bounds_is_refused() {
    let (app, acme) = TestApp::acme();
    let before = app.contents();
    for (limits, word) in [
        (json!({ "admin": { "idle_s": 299 } }), "300 s to 28800 s"),
        (json!({ "admin": { "idle_s": 28_801 } }), "300 s to 28800 s"),
        (
            json!({ "admin": { "absolute_s": 86_401 } }),
            "300 s to 86400 s",
        ),
        (json!({ "admin": { "absolute_s": 0 } }), "300 s to"),
        (
            json!({ "admin": { "idle_s": 901, "absolute_s": 900 } }),
            "not be more than",
        ),
        (json!({ "admin": { "idle_s": -1 } }), "number of seconds"),
        (json!({ "admin": { "idle_s": "1h" } }), "number of seconds"),
        (json!({ "admin": { "idle": 900 } }), "there is no `idle`"),
        (json!({ "admin": 900 }), "expected idle_s"),
        (json!({ "owner": { "idle_s": 900 } }), "admin, editor"),
        (json!([]), "expected an object"),
        (
            json!({ "viewer": { "idle_s": 900 }, "admin": { "idle_s": u64::MAX } }),
            "300 s to 28800 s",
        ),
    ] {
        let problem = set_limits(&app, &acme, &limits).expect(400).json();
        assert_eq!(problem["field"], "session_limits", "{limits}: {problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(word), "{limits}: {detail}");
    }
    assert_eq!(app.contents(), before);
    // A shorter whole takes the idle limit with it.
    let shown = set_limits(&app, &acme, &json!({ "editor": { "absolute_s": 600 } })).expect(200);
    assert_eq!(
        shown.json()["session_limits"]["editor"],
        json!({ "idle_s": 600, "absolute_s": 600 })
    );
}

#[test]
fn the_command_line_lists_ends_and_limits() {
    let (app, acme) = TestApp::acme();
    let ann = app.push_user(&acme, "ann@acme.com");
    let cookies: Vec<String> = (0..3).map(|_| app.session(&ann)).collect();
    let listed = app.portcullis(&["session", "list", "--org", "acme"]);
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    let of_ann = app.portcullis(&["session", "list", "--org", "acme", "--user", &ann]);
    assert_eq!(of_ann["items"], listed["items"]);
    let newest = items[0]["id"].as_str().unwrap();
    let ended = app.portcullis(&["session", "end", newest, "--org", "acme"]);
    assert_eq!(ended, json!({ "ended": 1 }));
    let alive = cookies.iter().filter(|c| app.who(c).is_some()).count();
    assert_eq!(alive, 2);
    let ended = app.portcullis(&["session", "end", "--user", &ann, "--org", "acme"]);
    assert_eq!(ended, json!({ "ended": 2 }));
    app.session(&ann);
    let ended = app.portcullis(&["session", "end", "--all", "--org", "acme"]);
    assert_eq!(ended, json!({ "ended": 1 }));
    let shown = app.portcullis(&[
        "org",
        "set",
        "acme",
        "--session-idle",
        "admin=30m",
        "--session-absolute",
        "admin=2h",
        "--session-idle",
        "viewer=400s",
    ]);
    assert_eq!(
        shown["session_limits"]["admin"],
        json!({ "idle_s": 1800, "absolute_s": 7200 })
    );
    assert_eq!(shown["session_limits"]["viewer"]["idle_s"], 400);
    let shown = app.portcullis(&["org", "set", "acme", "--session-idle", "admin=ordinary"]);
    assert_eq!(shown["session_limits"]["admin"]["absolute_s"], 86_400);
    assert_eq!(shown["session_limits"]["viewer"]["idle_s"], 400);
    let by = app.sql(
        "SELECT count(*) FROM audit WHERE action IN ('session.ended', 'organization.changed')
             AND actor_name = 'the command line'",
    );
    assert_eq!(by, 5);
}
