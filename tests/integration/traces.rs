//! Every SCIM exchange leaves a trace, without secrets; what was refused can be found; both for a
//! set time and number.

use serde_json::{Value, json};

use crate::app::{Tenant, TestApp, user};
use crate::cli::Shell;
use crate::http::Ask;

const NOTHING: Value = Value::Null;

fn traces(app: &TestApp, acme: &Tenant, query: &str) -> Vec<Value> {
    app.settle();
    let path = format!("{}/traces?{query}", acme.base);
    let list = app.as_operator("GET", &path, &NOTHING).expect(200).json();
    list["items"].as_array().unwrap().clone()
}

fn newest(app: &TestApp, acme: &Tenant) -> Value {
    traces(app, acme, "kind=scim&limit=1").remove(0)
}

fn patch(operations: Value) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": operations,
    })
}

#[test]
fn an_accepted_exchange_is_told_whole() {
    let (app, acme) = TestApp::acme();
    let ask = Ask::new("POST", "/scim/v2/acme/Users")
        .bearer(&acme.token)
        .header("User-Agent", "Okta SCIM Client 1.0.0")
        .header("Cookie", "a=never-kept")
        .scim(&user("ann@acme.com"));
    let made = app.ask(ask).expect(201).json();
    let trace = newest(&app, &acme);
    assert_eq!(trace["outcome"], "accepted");
    assert_eq!(trace["code"], "ok");
    assert_eq!(trace["method"], "POST");
    assert_eq!(trace["status"], 201);
    assert_eq!(trace["resource"], made["id"]);
    let detail = &trace["detail"];
    assert_eq!(detail["path"], "/scim/v2/acme/Users");
    assert_eq!(detail["headers"]["user-agent"], "Okta SCIM Client 1.0.0");
    assert_eq!(detail["token"]["name"], "Okta");
    assert_eq!(detail["token"]["id"], trace["token"]);
    assert_eq!(detail["body"]["userName"], "ann@acme.com");
    assert_eq!(detail["body"]["password"], "[redacted]");
    assert_eq!(detail["changes"][0]["action"], "user.created");
    assert_eq!(detail["changed"], true);
    assert!(detail["took_ms"].as_u64().is_some());
    assert!(
        !detail["notes"].as_array().unwrap().is_empty(),
        "a password was forgiven"
    );
    let text = app.text("SELECT group_concat(detail || summary) FROM traces");
    for secret in ["never kept", "never-kept", acme.token.as_str(), "Bearer"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn changes_are_named_and_members_counted() {
    let (app, acme) = TestApp::acme();
    let ann = app.push_user(&acme, "ann@acme.com");
    let ben = app.push_user(&acme, "ben@acme.com");
    let group = app.push_group(&acme, "Ops", &[&ann, &ben]);
    assert_eq!(newest(&app, &acme)["detail"]["changes"][0]["added"], 2);
    let session = app.session(&ann);
    assert!(app.who(&session).is_some());
    let off = patch(json!([
        { "op": "replace", "path": "active", "value": false },
        { "op": "replace", "path": "title", "value": "Gone" },
    ]));
    app.scim(&acme, "PATCH", &format!("/Users/{ann}"), &off)
        .expect(200);
    let changes = newest(&app, &acme)["detail"]["changes"].clone();
    assert_eq!(changes[0]["action"], "user.changed");
    assert_eq!(changes[0]["attributes"], json!(["title"]));
    assert_eq!(changes[1]["action"], "user.deactivated");
    assert_eq!(changes[1]["ended"]["sessions"], 1);
    let gone = patch(json!([{ "op": "remove", "path": format!("members[value eq \"{ben}\"]") }]));
    app.scim(&acme, "PATCH", &format!("/Groups/{group}"), &gone)
        .expect(200);
    let trace = newest(&app, &acme);
    assert_eq!(trace["detail"]["changes"][0]["removed"], 1);
    assert_eq!(trace["resource"], json!(group));
    // What changed nothing says so.
    app.scim(&acme, "PATCH", &format!("/Users/{ann}"), &off)
        .expect(200);
    let detail = newest(&app, &acme)["detail"].clone();
    assert_eq!(
        (&detail["changed"], &detail["changes"]),
        (&json!(false), &NOTHING)
    );
}

#[test]
fn a_look_that_finds_nothing_is_ordinary() {
    let (app, acme) = TestApp::acme();
    app.scim(&acme, "GET", "/Users/nobody", &NOTHING)
        .expect(404);
    app.scim(&acme, "GET", "/Users?filter=userName+eq+%22x%22", &NOTHING)
        .expect(200);
    let found = traces(&app, &acme, "kind=scim");
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|trace| trace["outcome"] == "accepted"));
    assert_eq!(found[1]["code"], "not-found");
    assert_eq!(found[0]["detail"]["query"], "filter=userName+eq+%22x%22");
    // To change what isn't there is refused.
    app.scim(&acme, "DELETE", "/Users/nobody", &NOTHING)
        .expect(404);
    let refused = traces(&app, &acme, "outcome=refused");
    assert_eq!((refused.len(), &refused[0]["status"]), (1, &json!(404)));
}

#[test]
fn what_was_refused_is_found_by_what_it_was() {
    let (app, acme) = TestApp::acme();
    let ann = app.push_user(&acme, "ann@acme.com");
    app.scim(&acme, "POST", "/Users", &user("ANN@acme.com"))
        .expect(409);
    app.scim(&acme, "GET", "/Users?filter=nonsense", &NOTHING)
        .expect(400);
    app.scim(&acme, "PUT", &format!("/Users/{ann}"), &json!({}))
        .expect(400);
    app.scim(
        &acme,
        "PUT",
        &format!("/Users/{ann}"),
        &user("ann@acme.com"),
    )
    .expect(200);
    let count = |query: &str| traces(&app, &acme, query).len();
    assert_eq!(count("outcome=refused"), 3);
    assert_eq!(count("outcome=refused&status=409"), 1);
    assert_eq!(count("outcome=refused&code=uniqueness"), 1);
    assert_eq!(count("method=put"), 2);
    assert_eq!(count(&format!("resource={ann}")), 3);
    assert_eq!(count("outcome=refused&method=GET&kind=scim"), 1);
    assert_eq!(count("token=unknown"), 0);
    assert_eq!(count("since=2020-01-01T00:00:00Z"), 5);
    assert_eq!(count("since=2100-01-01T00:00:00Z"), 0);
    // By pages.
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("{}/traces?limit=2{after}", acme.base);
        let page = app.as_operator("GET", &path, &NOTHING).expect(200).json();
        seen.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        after = format!("&after={next}");
    }
    assert_eq!(json!(seen), json!(traces(&app, &acme, "limit=200")));
    for (query, field) in [
        ("status=abc", "status"),
        ("status=99", "status"),
        ("method=TRACE", "method"),
        ("kind=x", "kind"),
        ("outcome=x", "outcome"),
        ("since=yesterday", "since"),
    ] {
        let path = format!("{}/traces?{query}", acme.base);
        let problem = app.as_operator("GET", &path, &NOTHING).expect(400).json();
        assert_eq!(problem["field"], field);
    }
    let long = format!("{}/traces?code={}", acme.base, "x".repeat(600));
    app.as_operator("GET", &long, &NOTHING).expect(400);
    // The same by the command line.
    let listed = app.portcullis(&[
        "trace",
        "list",
        "--org",
        "acme",
        "--outcome",
        "refused",
        "--method",
        "put",
        "--status",
        "400",
    ]);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[test]
fn an_id_of_control_characters_is_not_repeated() {
    let (app, acme) = TestApp::acme();
    let answer = app.scim(&acme, "GET", "/Users/%1b%5b2J%0aState", &Value::Null);
    let detail = answer.expect(404).json()["detail"].clone();
    assert_eq!(detail, "there is no User \u{fffd}[2J\u{fffd}State here");
}

#[test]
fn a_token_that_worked_once_leaves_a_trace_and_one_that_is_made_up_does_not() {
    let (app, acme) = TestApp::acme();
    app.force("UPDATE tokens SET revoked_at = 1 WHERE kind = 'scim'");
    app.scim(&acme, "GET", "/Users", &NOTHING).expect(401);
    let ask = Ask::get("/scim/v2/acme/Users").bearer("ptc_scim_made-up");
    app.ask(ask).expect(401);
    app.ask(Ask::get("/scim/v2/acme/Users")).expect(401);
    let refused = traces(&app, &acme, "outcome=refused");
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["code"], "token-refused");
    assert_eq!(refused[0]["detail"]["token"]["name"], "Okta");
}

/// The only refused exchange, and that it can be found by its status.
fn only_refused(app: &TestApp, acme: &Tenant, status: u16) -> Value {
    let refused = traces(app, acme, "outcome=refused");
    assert_eq!(refused.len(), 1, "{refused:?}");
    let found = traces(app, acme, &format!("status={status}"));
    assert_eq!(found, refused);
    let trace = refused.into_iter().next().unwrap();
    assert_eq!(trace["status"], status);
    assert_eq!(trace["detail"]["token"]["name"], "Okta");
    assert_eq!(trace["token"], trace["detail"]["token"]["id"]);
    trace
}

#[test]
fn an_address_that_is_no_endpoint_leaves_a_trace() {
    for path in [
        "/scim/v2/acme/People",
        "/scim/v2/other/Users/a/b",
        "/scim/acme",
    ] {
        let (app, acme) = TestApp::acme();
        let body = |token: &str| {
            let ask = Ask::get(path).bearer(token);
            app.ask(ask).expect(404).json()
        };
        let known = body(&acme.token);
        assert_eq!(
            body("ptc_scim_made-up"),
            known,
            "nobody learns whether it works"
        );
        app.ask(Ask::get(path)).expect(404);
        let trace = only_refused(&app, &acme, 404);
        assert_eq!(trace["code"], "not-found");
        assert_eq!(trace["detail"]["path"], path);
    }
}

#[test]
fn a_method_that_is_not_taken_leaves_a_trace() {
    let (app, acme) = TestApp::acme();
    app.scim(&acme, "PATCH", "/Users", &patch(json!([])))
        .expect(405);
    app.ask(Ask::new("PATCH", "/scim/v2/acme/Users"))
        .expect(405);
    let trace = only_refused(&app, &acme, 405);
    assert_eq!(trace["code"], "method-not-allowed");
    assert_eq!(trace["method"], "PATCH");
}

#[test]
fn a_body_that_is_too_large_leaves_a_trace() {
    let (app, acme) = TestApp::acme();
    let send = |token: &str| {
        let ask = Ask::new("POST", "/scim/v2/acme/Users").bearer(token);
        let large = ask.body("application/scim+json", vec![b' '; (1 << 20) + 1]);
        // The connection may be closed before the answer is read.
        if let Ok(answer) = app.send(&large) {
            answer.expect(413);
        }
    };
    send(&acme.token);
    send("ptc_scim_made-up");
    let trace = only_refused(&app, &acme, 413);
    assert_eq!(trace["code"], "request-refused");
    let detail = trace["detail"]["detail"].as_str().unwrap();
    assert!(detail.contains("1048576 bytes"), "{detail}");
    assert_eq!(trace["detail"]["path"], "/scim/v2/acme/Users");
}

#[test]
fn an_organization_that_asks_who_it_is_leaves_a_trace() {
    let (app, acme) = TestApp::acme();
    app.scim(&acme, "GET", "/Me", &NOTHING).expect(501);
    app.ask(Ask::get("/scim/v2/acme/Me").bearer("ptc_scim_made-up"))
        .expect(401);
    let trace = only_refused(&app, &acme, 501);
    assert_eq!(trace["code"], "not-supported");
}

#[test]
fn a_large_body_is_shortened() {
    let (app, acme) = TestApp::acme();
    let members: Vec<Value> = (0..5_000)
        .map(|n| json!({ "value": format!("u{n}"), "display": "somebody" }))
        .collect();
    app.force(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4999)
         INSERT INTO users (id, organization_id, user_name, user_name_key, origin, resource,
             created_at, updated_at)
         SELECT 'u' || i, (SELECT id FROM organizations), 'p' || i, 'p' || i, 'scim', '{}', 0, 0 FROM n",
    );
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Everybody", "members": members,
    });
    app.scim(&acme, "POST", "/Groups", &body).expect(201);
    let detail = newest(&app, &acme)["detail"].clone();
    let kept = detail["body"]["members"].as_array().unwrap();
    assert_eq!(kept.last().unwrap(), "and 4990 more");
    assert_eq!(detail["changes"][0]["added"], 5_000);
    assert!(detail.to_string().len() < 8_192);
}

#[test]
fn how_many_are_kept_is_a_setting() {
    let (app, _) = TestApp::acme();
    let path = "/api/v1/trace-retention";
    let ordinary = app.as_operator("GET", path, &NOTHING).expect(200).json();
    assert_eq!(
        ordinary,
        json!({ "days": 30, "accepted": 50_000, "refused": 100_000 })
    );
    for (wrong, field) in [
        (json!({ "days": 0 }), "days"),
        (json!({ "accepted": 10 }), "accepted"),
        (json!({ "refused": 99_999_999 }), "refused"),
        (json!({ "days": "30" }), "days"),
    ] {
        let problem = app.as_operator("PATCH", path, &wrong).expect(400).json();
        assert_eq!(problem["field"], field);
    }
    app.as_operator("PATCH", path, &json!({ "days": 7 }))
        .expect(200);
    let set = app.portcullis(&["trace", "retention", "--accepted", "2000"]);
    assert_eq!(
        set,
        json!({ "days": 7, "accepted": 2_000, "refused": 100_000 })
    );
    let told = "SELECT count(*) FROM audit WHERE action = 'traces.retention-changed'";
    assert_eq!(app.sql(told), 2);
}

#[test]
fn a_bundle_for_outside_names_nobody() {
    let (app, acme) = TestApp::acme();
    let ann = app.push_user(&acme, "ann@acme.com");
    app.scim(&acme, "POST", "/Users", &user("ann@acme.com"))
        .expect(409);
    app.scim(
        &acme,
        "GET",
        "/Users?filter=userName+eq+%22ann%40acme.com%22",
        &NOTHING,
    )
    .expect(200);
    app.scim(
        &acme,
        "PUT",
        &format!("/Users/{ann}"),
        &user("anna@acme.com"),
    )
    .expect(200);
    traces(&app, &acme, "limit=1");
    let export = |more: &[&str]| {
        let output = std::process::Command::new(crate::cli::executable())
            .args(["trace", "export", "--org", "acme"])
            .args(more)
            .arg("--data")
            .arg(app.file())
            .env_clear()
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let whole = export(&[]);
    assert_eq!(whole.lines().count(), 4);
    assert!(whole.contains("ann@acme.com"));
    let bundle = export(&["--redacted"]);
    assert_eq!(bundle.lines().count(), 4);
    for person in ["ann", "acme", "127.0.0.1", ann.as_str()] {
        assert!(!bundle.contains(person), "{person}: {bundle}");
    }
    let refused: Value =
        serde_json::from_str(export(&["--redacted", "--outcome", "refused"]).trim()).unwrap();
    assert_eq!(refused["code"], "uniqueness");
    assert_eq!(refused["detail"]["path"], "/scim/v2/…/Users");
}

#[test]
fn what_was_gathered_is_written_before_the_end() {
    let shell = Shell::acme();
    let made = shell.json(&["scim", "token", "create", "--org", "acme", "--json"]);
    let token = made["token"].as_str().unwrap();
    let mut server = shell.serve(&["--tls", "off", "--public-url", "https://sso.acme.com"]);
    let client = server.client();
    for n in 0..20 {
        let ask = Ask::new("POST", "/scim/v2/acme/Users").bearer(token);
        let ask = ask.scim(&user(&format!("p{n}@acme.com")));
        client.send(&ask).unwrap().expect(201);
    }
    server.terminate();
    assert!(server.child.wait().unwrap().success());
    let listed = shell.json(&[
        "trace", "list", "--org", "acme", "--method", "POST", "--json",
    ]);
    assert_eq!(listed["items"].as_array().unwrap().len(), 20);
}
