//! SCIM through the whole appliance: what Okta was seen to send, and what must hold whoever sends.

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};

use crate::app::{ACCOUNT, Tenant, TestApp, user};
use crate::browser::Browser;
use crate::http::Ask;
use crate::scim_wire::{okta, runner};

/// Sends a recorded request to the organization's endpoint.
fn wire<'a>(
    app: &'a TestApp,
    tenant: &'a Tenant,
) -> impl FnMut(&runner::Request) -> Result<runner::Answer, String> + 'a {
    |request| {
        let answer = app.send(&Ask {
            method: request.method.clone(),
            path: format!("/scim/v2/{}{}", tenant.slug, request.path_and_query),
            headers: request.headers.clone(),
            body: request.body.clone(),
        })?;
        Ok(runner::Answer {
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
        })
    }
}

#[test]
fn oktas_recorded_sequences() {
    let (app, acme) = TestApp::acme();
    let profiles = ["any", "okta-aiw", "okta-oin", "unique-id-email"];
    let outcome = okta().play(&profiles, &acme.token, &mut wire(&app, &acme));
    assert!(outcome.failed.is_empty(), "{:#?}", outcome.failed);
    assert_eq!(outcome.passed.len(), 68);
}

#[test]
fn the_recorded_sequences_of_others() {
    let (app, acme) = TestApp::acme();
    let text = include_str!("../fixtures/scim-cases/other-providers.json");
    let suite = runner::Suite::parse(text).unwrap();
    let outcome = suite.play(&[], &acme.token, &mut wire(&app, &acme));
    assert!(outcome.failed.is_empty(), "{:#?}", outcome.failed);
    assert_eq!(outcome.passed.len(), 16);
}

#[test]
fn oktas_own_suite_on_a_fresh_directory() {
    let (app, acme) = TestApp::acme();
    let mut send = wire(&app, &acme);
    okta()
        .play_named("spec/r1-users-endpoint", &acme.token, "fresh01", &mut send)
        .unwrap();
}

fn patch(operations: Value) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": operations,
    })
}

fn total(app: &TestApp, tenant: &Tenant, path: &str) -> u64 {
    let list = app
        .scim(tenant, "GET", path, &Value::Null)
        .expect(200)
        .json();
    list["totalResults"].as_u64().unwrap()
}

#[test]
fn of_creates_at_the_same_moment_one_wins() {
    let (app, acme) = TestApp::acme();
    for (path, body) in [
        ("/Users", user("twin@acme.com")),
        (
            "/Groups",
            json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Twins" }),
        ),
    ] {
        let together = Barrier::new(4);
        let mut statuses: Vec<u16> = thread::scope(|scope| {
            let attempts: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        together.wait();
                        let answer = app.scim(&acme, "POST", path, &body);
                        if answer.status == 409 {
                            assert_eq!(answer.json()["scimType"], "uniqueness");
                        }
                        answer.status
                    })
                })
                .collect();
            attempts.into_iter().map(|a| a.join().unwrap()).collect()
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409]);
        assert_eq!(total(&app, &acme, path), 1);
    }
}

#[test]
fn what_a_put_leaves_out_stays() {
    let (app, acme) = TestApp::acme();
    let id = app.push_user(&acme, "ann@acme.com");
    let path = format!("/Users/{id}");
    app.scim(
        &acme,
        "PATCH",
        &path,
        &patch(json!([{ "op": "replace", "value": { "active": false } }])),
    )
    .expect(200);
    let mut without = user("ann@acme.com");
    without.as_object_mut().unwrap().remove("active");
    let shown = app.scim(&acme, "PUT", &path, &without).expect(200).json();
    assert_eq!(shown["active"], false);

    let group = app.push_group(&acme, "Ops", &[&id]);
    let path = format!("/Groups/{group}");
    let renamed = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Operations" });
    let shown = app.scim(&acme, "PUT", &path, &renamed).expect(200).json();
    assert_eq!(shown["displayName"], "Operations");
    assert_eq!(shown["members"][0]["value"], json!(id));
    let emptied = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Operations", "members": [] });
    app.scim(&acme, "PUT", &path, &emptied).expect(200);
    assert_eq!(app.sql("SELECT count(*) FROM members"), 0);
}

#[test]
fn a_deactivation_ends_sessions_at_the_next_request() {
    let (app, acme) = TestApp::acme();
    let mut inactive = user("ann@acme.com");
    inactive["active"] = json!(false);
    let ways: [(&str, Value); 5] = [
        ("PUT", inactive),
        (
            "PATCH",
            patch(json!([{ "op": "replace", "value": { "active": false } }])),
        ),
        (
            "PATCH",
            patch(json!([{ "op": "replace", "path": "active", "value": false }])),
        ),
        (
            "PATCH",
            patch(json!([{ "op": "Replace", "path": "active", "value": "False" }])),
        ),
        ("DELETE", Value::Null),
    ];
    let id = app.push_user(&acme, "ann@acme.com");
    let path = format!("/Users/{id}");
    for (method, body) in ways {
        app.scim(&acme, "PUT", &path, &user("ann@acme.com"))
            .expect(200);
        let (one, two) = (app.session(&id), app.session(&id));
        assert!(app.who(&one).is_some() && app.who(&two).is_some());
        let answer = app.scim(&acme, method, &path, &body);
        assert!(answer.status < 300, "{method}: {}", answer.text());
        assert!(app.who(&one).is_none(), "{method} {body}");
        assert!(app.who(&two).is_none(), "{method} {body}");
        assert_eq!(
            app.sql("SELECT count(*) FROM sessions WHERE user_id IS NOT NULL"),
            0
        );
        // Switching the person on again brings no session back.
        if method != "DELETE" {
            app.scim(&acme, "PUT", &path, &user("ann@acme.com"))
                .expect(200);
            assert!(app.who(&one).is_none());
        }
    }
    app.scim(&acme, "GET", &path, &Value::Null).expect(404);
}

#[test]
fn a_refused_change_ends_no_session() {
    let (app, acme) = TestApp::acme();
    let id = app.push_user(&acme, "ann@acme.com");
    app.push_user(&acme, "bob@acme.com");
    let session = app.session(&id);
    let path = format!("/Users/{id}");
    let mut taken = user("BOB@acme.com");
    taken["active"] = json!(false);
    app.scim(&acme, "PUT", &path, &taken).expect(409);
    let half = patch(json!([
        { "op": "replace", "path": "active", "value": false },
        { "op": "replace", "path": "nonsense", "value": 1 },
    ]));
    app.scim(&acme, "PATCH", &path, &half).expect(400);
    assert!(app.who(&session).is_some());
    let shown = app
        .scim(&acme, "GET", &path, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(shown["active"], true);
    assert_eq!(shown["userName"], "ann@acme.com");
}

#[test]
fn break_glass_accounts_are_no_users() {
    let (app, acme) = TestApp::acme();
    assert_eq!(total(&app, &acme, "/Users"), 0);
    for filter in [
        format!("userName eq \"{ACCOUNT}\""),
        format!(
            "externalId eq \"{ACCOUNT}\" or userName eq \"{}\"",
            ACCOUNT.to_lowercase()
        ),
        "active eq true".to_owned(),
    ] {
        let query = form_urlencoded::byte_serialize(filter.as_bytes()).collect::<String>();
        assert_eq!(total(&app, &acme, &format!("/Users?filter={query}")), 0);
    }
    let operator = app.sql("SELECT id FROM operators");
    let id = operator.as_str().unwrap();
    app.scim(&acme, "GET", &format!("/Users/{id}"), &Value::Null)
        .expect(404);
    app.scim(&acme, "DELETE", &format!("/Users/{id}"), &Value::Null)
        .expect(404);
    app.scim(
        &acme,
        "POST",
        "/Groups",
        &json!({ "displayName": "In", "members": [{ "value": id }] }),
    )
    .expect(400);
    // A user may bear the account's name; it stays somebody else.
    let twin = app.push_user(&acme, ACCOUNT);
    assert_ne!(twin, id);
    app.scim(&acme, "DELETE", &format!("/Users/{twin}"), &Value::Null)
        .expect(204);
    assert!(app.who(app.operator()).is_some());
}

#[test]
fn members_inherit_a_new_groups_level_at_the_next_request() {
    let (app, acme) = TestApp::acme();
    let id = app.push_user(&acme, "ann@acme.com");
    let session = app.session(&id);
    let level = || app.who(&session).unwrap()["level"].clone();
    assert_eq!(level(), "viewer");
    let group = app.push_group(&acme, "Everyone", &[&id]);
    assert_eq!(level(), "admin", "the default of a new group");
    app.set_level(&acme, &group, "runner");
    assert_eq!(level(), "runner");
    app.as_operator(
        "PATCH",
        &acme.base,
        &json!({ "default_group_level": "editor" }),
    )
    .expect(200);
    let other = app.push_group(&acme, "Editors", &[]);
    let path = format!("/Groups/{other}");
    app.scim(
        &acme,
        "PATCH",
        &path,
        &patch(
            json!([{ "op": "add", "path": "members", "value": [{ "value": id, "display": "x" }] }]),
        ),
    )
    .expect(200);
    assert_eq!(level(), "editor");
    app.scim(
        &acme,
        "PATCH",
        &path,
        &patch(json!([{ "op": "remove", "path": format!("members[value eq \"{id}\"]") }])),
    )
    .expect(200);
    assert_eq!(level(), "runner");
    app.scim(&acme, "DELETE", &format!("/Groups/{group}"), &Value::Null)
        .expect(204);
    assert_eq!(level(), "viewer");
    // What Okta says of a group never sets its level.
    let renamed =
        json!({ "displayName": "Editors", "members": [{ "value": id }], "level": "admin" });
    app.scim(&acme, "PUT", &path, &renamed).expect(200);
    assert_eq!(level(), "editor");
}

#[test]
fn another_organizations_ids_are_not_found() {
    let (app, acme) = TestApp::acme();
    let other = app.tenant("other", "other.com");
    let (theirs, own) = (
        app.push_user(&other, "eve@other.com"),
        app.push_user(&acme, "ann@acme.com"),
    );
    let (their_group, own_group) = (
        app.push_group(&other, "Ops", &[&theirs]),
        app.push_group(&acme, "Ops", &[&own]),
    );
    let before = app.contents();
    let rename = patch(json!([{ "op": "replace", "value": { "displayName": "Mine" } }]));
    let group = json!({ "displayName": "Mine", "members": [] });
    for (method, path, body) in [
        ("GET", format!("/Users/{theirs}"), Value::Null),
        ("PUT", format!("/Users/{theirs}"), user("ann@acme.com")),
        (
            "PATCH",
            format!("/Users/{theirs}"),
            patch(json!([{ "op": "replace", "value": { "active": false } }])),
        ),
        ("DELETE", format!("/Users/{theirs}"), Value::Null),
        ("GET", format!("/Groups/{their_group}"), Value::Null),
        ("PUT", format!("/Groups/{their_group}"), group),
        ("PATCH", format!("/Groups/{their_group}"), rename),
        ("DELETE", format!("/Groups/{their_group}"), Value::Null),
    ] {
        let answer = app.scim(&acme, method, &path, &body).expect(404);
        assert_eq!(answer.json()["status"], "404", "{method} {path}");
    }
    // Nor can their people be made members here.
    let members =
        json!({ "displayName": "Ops", "members": [{ "value": own }, { "value": theirs }] });
    for (method, path, body) in [
        ("PUT", format!("/Groups/{own_group}"), members.clone()),
        (
            "POST",
            "/Groups".to_owned(),
            json!({ "displayName": "New", "members": [{ "value": theirs }] }),
        ),
        (
            "PATCH",
            format!("/Groups/{own_group}"),
            patch(json!([{ "op": "add", "path": "members", "value": [{ "value": theirs }] }])),
        ),
        (
            "PATCH",
            format!("/Groups/{own_group}"),
            patch(json!([{ "op": "replace", "path": "members", "value": [{ "value": theirs }] }])),
        ),
    ] {
        let answer = app.scim(&acme, method, &path, &body).expect(400).json();
        assert!(
            answer["detail"].as_str().unwrap().contains(&theirs),
            "{answer}"
        );
    }
    assert_eq!(app.contents(), before);
    // The same userName may live in both.
    app.push_user(&acme, "eve@other.com");
}

#[test]
fn tokens_in_every_form_okta_sends() {
    let (app, acme) = TestApp::acme();
    let token = &acme.token;
    let ask = |value: &str| {
        let ask = Ask::get("/scim/v2/acme/Users?startIndex=1&count=2");
        app.ask(ask.header("Authorization", value))
    };
    for form in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("BEARER  {token}"),
        token.clone(),
        format!("Bearer Bearer {token}"),
        format!("Bearer bearer {token} "),
    ] {
        ask(&form).expect(200);
    }
    for form in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer Bearer".to_owned(),
        format!("Basic {token}"),
        format!("Bearer {token}x"),
        format!("Bearer {}", &token[1..]),
        format!("Bearer {}", token.to_uppercase()),
        format!("Bearer Bearer Bearer {token}"),
        format!("Bearer {}", "x".repeat(5000)),
    ] {
        let refused = ask(&form).expect(401);
        assert!(refused.header("www-authenticate").is_some(), "{form}");
        assert_eq!(refused.json()["status"], "401");
        assert!(!refused.text().contains(token.as_str()));
    }
    app.ask(Ask::get(format!(
        "/scim/v2/acme/Users?access_token={token}"
    )))
    .expect(401);
}

#[test]
fn a_tokens_end_counts_at_the_next_request() {
    let (app, acme) = TestApp::acme();
    let path = format!("{}/scim/tokens", acme.base);
    let tokens = || app.as_operator("GET", &path, &Value::Null).expect(200);
    assert_eq!(tokens().json()["items"][0]["last_used_at"], Value::Null);
    assert_eq!(total(&app, &acme, "/Users"), 0);
    app.settle();
    let shown = tokens().json()["items"][0].clone();
    assert!(shown["last_used_at"].is_string(), "{shown}");
    assert_eq!(shown["last_used_from"], "127.0.0.1");
    assert!(
        !tokens().text().contains(&acme.token),
        "a token is shown once"
    );
    let refused = || app.scim(&acme, "GET", "/Users", &Value::Null).expect(401);
    app.force("UPDATE tokens SET expires_at = 1");
    refused();
    app.force("UPDATE tokens SET expires_at = NULL");
    assert_eq!(total(&app, &acme, "/Users"), 0);
    let id = shown["id"].as_str().unwrap();
    app.as_operator("DELETE", &format!("{path}/{id}"), &Value::Null)
        .expect(204);
    let answer = refused().json();
    assert!(answer["detail"].as_str().unwrap().contains("revoked"));
    assert!(tokens().json()["items"][0]["revoked_at"].is_string());
    app.as_operator("DELETE", &format!("{path}/nothing"), &Value::Null)
        .expect(404);
}

#[test]
fn a_token_on_another_organizations_path_is_refused_and_traced() {
    let (app, acme) = TestApp::acme();
    let other = app.tenant("other", "other.com");
    let before = app.contents();
    let ask = Ask::new("POST", "/scim/v2/other/Users").bearer(&acme.token);
    app.ask(ask.scim(&user("eve@other.com"))).expect(403);
    let nowhere = Ask::get("/scim/v2/nothing/Users").bearer(&acme.token);
    app.ask(nowhere).expect(403);
    assert_eq!(app.contents(), before);
    let trace = app.newest_trace(&acme);
    assert_eq!(trace["code"], "token-of-another-organization");
    assert_eq!(app.newest_trace(&other), Value::Null);
}

#[test]
fn a_group_of_five_thousand() {
    let (app, acme) = TestApp::acme();
    app.force(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO users (id, organization_id, user_name, user_name_key, active, origin,
             resource, created_at, updated_at)
         SELECT 'u' || i, (SELECT id FROM organizations), 'u' || i, 'u' || i, 1, 'scim',
             json_object('userName', 'u' || i), 1, 1 FROM n",
    );
    let group = app.push_group(&acme, "All", &[]);
    let path = format!("/Groups/{group}");
    let members = |range: std::ops::RangeInclusive<u32>| -> Vec<Value> {
        range
            .map(|i| json!({ "value": format!("u{i}"), "display": format!("u{i}") }))
            .collect()
    };
    let put = |members: Vec<Value>| {
        app.scim(
            &acme,
            "PUT",
            &path,
            &json!({ "displayName": "All", "members": members }),
        )
        .expect(200)
        .json()
    };
    assert_eq!(
        put(members(1..=5000))["members"].as_array().unwrap().len(),
        5000
    );
    assert_eq!(
        put(members(2..=4999))["members"].as_array().unwrap().len(),
        4998
    );
    let shown = app
        .as_operator(
            "GET",
            &format!("{}/groups/{group}", acme.base),
            &Value::Null,
        )
        .json();
    assert_eq!(shown["members"], 4998);
    let lean = app
        .scim(
            &acme,
            "GET",
            &format!("{path}?excludedAttributes=members"),
            &Value::Null,
        )
        .expect(200)
        .json();
    assert!(lean.get("members").is_none());
    let page = app
        .scim(
            &acme,
            "GET",
            "/Users?startIndex=4901&count=100",
            &Value::Null,
        )
        .expect(200)
        .json();
    assert_eq!(
        (page["itemsPerPage"].as_u64(), page["totalResults"].as_u64()),
        (Some(100), Some(5000))
    );
    let past = app
        .scim(
            &acme,
            "GET",
            "/Users?startIndex=5001&count=100",
            &Value::Null,
        )
        .expect(200)
        .json();
    assert_eq!(past["itemsPerPage"], 0);
    // One who isn't there, at the end of a long list, leaves everything as it was.
    let mut wrong = members(1..=5000);
    wrong.push(json!({ "value": "u5001" }));
    app.scim(
        &acme,
        "PUT",
        &path,
        &json!({ "displayName": "All", "members": wrong }),
    )
    .expect(400);
    assert_eq!(app.sql("SELECT member_count FROM groups"), 4998);
}

#[test]
fn counters_are_right_after_deletes_and_cascades() {
    let (app, acme) = TestApp::acme();
    let ids: Vec<String> = (0..5)
        .map(|i| app.push_user(&acme, &format!("p{i}@acme.com")))
        .collect();
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (one, two) = (
        app.push_group(&acme, "One", &all),
        app.push_group(&acme, "Two", &all[..2]),
    );
    let counts = || {
        let organization = app
            .as_operator("GET", &acme.base, &Value::Null)
            .expect(200)
            .json();
        let members = |id: &str| {
            let path = format!("{}/groups/{id}", acme.base);
            app.as_operator("GET", &path, &Value::Null).json()["members"].clone()
        };
        assert_eq!(organization["users"], total(&app, &acme, "/Users"));
        assert_eq!(organization["groups"], total(&app, &acme, "/Groups"));
        let filtered = total(&app, &acme, "/Users?filter=active%20eq%20true");
        assert_eq!(organization["users"], filtered);
        json!([
            organization["users"],
            organization["groups"],
            members(&one),
            members(&two)
        ])
    };
    assert_eq!(counts(), json!([5, 2, 5, 2]));
    app.scim(&acme, "DELETE", &format!("/Users/{}", ids[0]), &Value::Null)
        .expect(204);
    assert_eq!(counts(), json!([4, 2, 4, 1]));
    app.scim(&acme, "DELETE", &format!("/Users/{}", ids[0]), &Value::Null)
        .expect(404);
    app.scim(&acme, "POST", "/Users", &user("P1@ACME.com"))
        .expect(409);
    assert_eq!(counts(), json!([4, 2, 4, 1]));
    app.scim(&acme, "DELETE", &format!("/Groups/{two}"), &Value::Null)
        .expect(204);
    assert_eq!(counts(), json!([4, 1, 4, null]));
    // Links go with their user, and so does the provider's count of them.
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "p1@acme.com");
    let people = || {
        let path = format!("{}/providers/{}", acme.base, acme.provider);
        app.as_operator("GET", &path, &Value::Null).json()["people"].clone()
    };
    assert_eq!(people(), 1);
    app.scim(&acme, "DELETE", &format!("/Users/{}", ids[1]), &Value::Null)
        .expect(204);
    assert_eq!(people(), 0);
    assert!(browser.session().is_none());
}

#[test]
fn nothing_secret_is_kept_or_shown() {
    let (app, acme) = TestApp::acme();
    let made = app
        .scim(&acme, "POST", "/Users", &user("ann@acme.com"))
        .expect(201);
    assert!(
        made.header("location")
            .unwrap()
            .ends_with(made.json()["id"].as_str().unwrap())
    );
    assert!(!made.text().contains("never kept"));
    let refused = json!({ "userName": "", "password": "never kept" });
    app.scim(&acme, "POST", "/Users", &refused).expect(400);
    app.settle();
    assert!(!app.contents().contains("never kept"));
    assert!(!app.contents().contains(&acme.token));
    let traces = app
        .as_operator("GET", &format!("{}/traces", acme.base), &Value::Null)
        .text();
    assert!(!traces.contains("never kept"));
}

#[test]
fn broken_bodies_are_scim_errors() {
    let (app, acme) = TestApp::acme();
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let deep = format!("{{\"userName\":\"a\",\"x\":{deep}}}");
    for body in ["", "{", "[]", "null", "\"x\"", "{}", "\u{0}", &deep] {
        for (method, path) in [("POST", "/Users"), ("POST", "/Groups")] {
            let ask = Ask::new(method, format!("/scim/v2/acme{path}"))
                .bearer(&acme.token)
                .body("application/scim+json", body);
            let answer = app.ask(ask);
            assert_eq!(answer.status, 400, "{method} {path} {body:.20}");
            assert_eq!(answer.json()["status"], "400");
        }
    }
    for media_type in ["application/json", "application/scim+json", "text/plain"] {
        let ask = Ask::new("POST", "/scim/v2/acme/Users")
            .bearer(&acme.token)
            .body(media_type, user(media_type).to_string());
        app.ask(ask).expect(201);
    }
    let large = Ask::new("POST", "/scim/v2/acme/Users")
        .bearer(&acme.token)
        .body("application/scim+json", vec![b' '; (32 << 20) + 1]);
    let answer = app.send(&large);
    if let Ok(answer) = answer {
        assert_eq!(answer.expect(413).json()["status"], "413");
    }
}

#[test]
fn one_request_keeps_nobody_else_waiting() {
    let (app, acme) = TestApp::acme();
    let ann = app.push_user(&acme, "ann@acme.com");
    let path = format!("/Users/{ann}");
    let named: Vec<u32> = (0..501).collect();
    let many = json!([{ "op": "remove", "path": "emails", "value": named }]);
    let answer = app.scim(&acme, "PATCH", &path, &patch(many)).expect(400);
    assert_eq!(answer.json()["scimType"], "tooMany");
    let one = json!({ "op": "replace", "path": "title", "value": "x" });
    let answer = app
        .scim(&acme, "PATCH", &path, &patch(json!(vec![one; 501])))
        .expect(400);
    assert_eq!(answer.json()["scimType"], "tooMany");
    app.push_group(&acme, "everyone", &[&ann]);
    app.force("UPDATE groups SET member_count = 100001");
    let answer = app.scim(&acme, "GET", "/Groups", &Value::Null).expect(400);
    assert_eq!(answer.json()["scimType"], "tooMany");
    let path = "/Groups?excludedAttributes=members";
    app.scim(&acme, "GET", path, &Value::Null).expect(200);
}
