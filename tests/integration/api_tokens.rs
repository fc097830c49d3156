//! API tokens: what is done with one is what its scopes name and its owner may, at that moment.

mod command_line;
mod hammered;

use portcullis::access::api_token::MOST_LIVE;
use serde_json::{Value, json};

use crate::app::{ACCOUNT, Tenant, TestApp};
use crate::http::{Answer, Ask};

const OWN: &str = "/api/v1/account/tokens";
const APPLIANCE: &str = "/api/v1/api-tokens";
const OF_ACME: &str = "/api/v1/organizations/acme/api-tokens";
const USERS: &str = "/api/v1/organizations/acme/users";

/// Makes a token; its id and the token itself.
#[track_caller]
fn make(app: &TestApp, cookie: &str, path: &str, scopes: &[&str]) -> (String, String) {
    let asked = json!({ "name": "CI", "scopes": scopes });
    let ask = Ask::new("POST", path).json(&asked).with(cookie);
    let made = app.ask(ask).expect(201).json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

/// Somebody with this level by a group of their own; the user's id, the group's and a cookie.
fn member(app: &TestApp, acme: &Tenant, name: &str, level: &str) -> (String, String, String) {
    let user = app.push_user(acme, &format!("{name}@acme.com"));
    let group = app.push_group(acme, &format!("{name}'s"), &[&user]);
    app.set_level(acme, &group, level);
    let cookie = app.session(&user);
    (user, group, cookie)
}

#[track_caller]
fn get(app: &TestApp, token: &str, path: &str) -> Answer {
    app.ask(Ask::get(path).bearer(token))
}

fn code(answer: &Answer) -> String {
    answer.json()["code"].as_str().unwrap().to_owned()
}

#[test]
fn a_token_is_shown_once_and_says_whose_it_is() {
    let (app, acme) = TestApp::acme();
    let (user, _, cookie) = member(&app, &acme, "ann", "admin");
    let asked = json!({ "name": " nightly ", "scopes": ["users", "read", "read"] });
    let made = app
        .ask(Ask::new("POST", OWN).json(&asked).with(&cookie))
        .expect(201)
        .json();
    assert_eq!(made["name"], "nightly");
    assert_eq!(made["scopes"], json!(["read", "users"]));
    assert_eq!(made["owner"], json!({ "kind": "user", "id": user }));
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("ptc_api_"));
    assert!(!app.contents().contains(token));
    let list = app.ask(Ask::get(OWN).with(&cookie)).expect(200);
    assert!(!list.text().contains(token));
    let list = list.json();
    assert_eq!((&list["total"], &list["next"]), (&json!(1), &Value::Null));
    assert_eq!(list["items"][0]["id"], made["id"]);
    assert_eq!(list["items"][0]["last_used_at"], Value::Null);

    let who = get(&app, token, "/api/v1/session").expect(200).json();
    assert_eq!(who["user"]["userName"], "ann@acme.com");
    assert_eq!(
        (&who["level"], &who["organization"]["slug"]),
        (&json!("admin"), &json!("acme"))
    );
    assert_eq!(
        who["token"],
        json!({
            "id": made["id"],
            "name": "nightly",
            "scopes": ["read", "users"],
            "expires_at": made["expires_at"],
        })
    );
    assert_eq!(app.who(&cookie).unwrap()["token"], Value::Null);
    app.settle();
    let list = app.ask(Ask::get(OWN).with(&cookie)).json();
    assert_ne!(list["items"][0]["last_used_at"], Value::Null);
    assert_eq!(list["items"][0]["last_used_from"], "127.0.0.1");

    let (id, token) = make(&app, &cookie, OF_ACME, &["read"]);
    let who = get(&app, &token, "/api/v1/session").expect(200).json();
    assert_eq!(
        (&who["user"], &who["operator"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(who["organization"]["slug"], "acme");
    assert_eq!(who["token"]["id"], id);
    let (_, token) = make(&app, app.operator(), OWN, &["operate"]);
    let who = get(&app, &token, "/api/v1/session").expect(200).json();
    assert_eq!(who["operator"]["name"], ACCOUNT);
    let (_, token) = make(&app, app.operator(), APPLIANCE, &["operate"]);
    let who = get(&app, &token, "/api/v1/session").expect(200).json();
    assert_eq!(
        (&who["operator"], &who["level"]),
        (&Value::Null, &json!("operator"))
    );
    assert_eq!(who["token"]["scopes"], json!(["operate"]));
}

#[test]
fn where_there_is_a_token_it_counts() {
    let (app, acme) = TestApp::acme();
    let (_, _, admin) = member(&app, &acme, "ann", "admin");
    let (_, _, viewer) = member(&app, &acme, "vic", "viewer");
    let (_, token) = make(&app, &viewer, OWN, &["read", "admin"]);
    // The admin's cookie beside it adds nothing, and a wrong token takes it away.
    let both = Ask::get("/api/v1/session").with(&admin).bearer(&token);
    let who = app.ask(both).expect(200).json();
    assert_eq!(who["user"]["userName"], "vic@acme.com");
    let rename = Ask::new("PATCH", acme.base.as_str()).json(&json!({ "name": "Mine" }));
    app.ask(rename.with(&admin).bearer(&token)).expect(403);
    let wrong = format!("ptc_api_{}", "A".repeat(43));
    for header in [
        format!("Bearer {wrong}"),
        format!("Bearer {}", acme.token),
        format!("Bearer {token}x"),
        format!("Bearer Bearer {token}"),
        "Bearer".to_owned(),
    ] {
        let ask = Ask::get("/api/v1/session").with(&admin);
        let refused = app.ask(ask.header("Authorization", &header)).expect(401);
        assert_eq!(code(&refused), "token-refused", "{header}");
        assert_eq!(
            refused.header("www-authenticate"),
            Some("Bearer realm=\"API\", error=\"invalid_token\"")
        );
    }
    let twice = Ask::get("/api/v1/session").bearer(&token).bearer(&token);
    app.ask(twice).expect(401);
    let nobody = app.ask(Ask::get("/api/v1/session")).expect(401);
    assert_eq!(
        nobody.header("www-authenticate"),
        Some("Bearer realm=\"API\"")
    );
    // Another scheme is some proxy's; a browser may send it by itself, so the cookie's rules hold.
    let basic = |ask: Ask| ask.with(&admin).header("Authorization", "Basic eDp5");
    app.ask(basic(Ask::get("/api/v1/session"))).expect(200);
    let rename = Ask::new("PATCH", acme.base.as_str()).json(&json!({ "name": "Mine" }));
    let across = basic(rename).header("Sec-Fetch-Site", "cross-site");
    assert_eq!(code(&app.ask(across).expect(403)), "cross-origin");
    // No browser sends a token by itself, so where it comes from doesn't matter.
    let (_, token) = make(&app, &admin, OWN, &["admin"]);
    let rename = Ask::new("PATCH", acme.base.as_str()).json(&json!({ "name": "Ours" }));
    let across = rename
        .bearer(&token)
        .header("Origin", "https://elsewhere.example");
    app.ask(across.header("Sec-Fetch-Site", "cross-site"))
        .expect(200);
}

#[test]
fn outside_of_the_api_a_token_says_nothing() {
    let (app, acme) = TestApp::acme();
    let (_, _, admin) = member(&app, &acme, "ann", "admin");
    let (_, token) = make(&app, &admin, OWN, &["read", "admin"]);
    get(&app, &token, "/scim/v2/acme/Users").expect(401);
    get(&app, &acme.token, "/api/v1/session").expect(401);
    assert_eq!(get(&app, &token, "/").expect(303).location(), "/login");
    // It ends no session, its own having none and others' being none of its business.
    let end = Ask::new("DELETE", "/api/v1/session")
        .with(&admin)
        .bearer(&token);
    assert_eq!(code(&app.ask(end).expect(403)), "in-person");
    assert!(app.who(&admin).is_some());
}

#[test]
fn a_missing_scope_is_named() {
    let (app, acme) = TestApp::acme();
    let (_, _, admin) = member(&app, &acme, "ann", "admin");
    let (_, token) = make(&app, &admin, OWN, &["audit"]);
    let refused = get(&app, &token, USERS).expect(403);
    assert_eq!(code(&refused), "scope-missing");
    assert!(
        refused.json()["detail"]
            .as_str()
            .unwrap()
            .contains("`read`")
    );
    assert_eq!(
        refused.header("www-authenticate"),
        Some("Bearer realm=\"API\", error=\"insufficient_scope\", scope=\"read\"")
    );
    // Where the owner's level is what's missing, that is said.
    let (_, _, viewer) = member(&app, &acme, "vic", "viewer");
    let (_, token) = make(&app, &viewer, OWN, &["audit"]);
    let refused = get(&app, &token, &format!("{}/traces", acme.base)).expect(403);
    assert_eq!(code(&refused), "forbidden");
}

#[test]
fn a_token_makes_no_other() {
    let (app, acme) = TestApp::acme();
    let (_, _, admin) = member(&app, &acme, "ann", "admin");
    let every = ["read", "audit", "users", "admin"];
    let (id, of_acme) = make(&app, &admin, OF_ACME, &every);
    let (_, own) = make(&app, &admin, OWN, &every);
    let (_, operators) = make(&app, app.operator(), APPLIANCE, &["admin", "operate"]);
    let asked = json!({ "name": "another", "scopes": ["read"] });
    for token in [&of_acme, &own, &operators] {
        for path in [OF_ACME, OWN, APPLIANCE] {
            let refused = app.ask(Ask::new("POST", path).json(&asked).bearer(token));
            assert_eq!(code(&refused.expect(403)), "in-person", "{path}");
        }
    }
    // Listing and revoking are ordinary administration.
    get(&app, &own, OF_ACME).expect(200);
    get(&app, &operators, APPLIANCE).expect(200);
    let revoke = Ask::new("DELETE", format!("{OF_ACME}/{id}")).bearer(&own);
    app.ask(revoke).expect(204);
    get(&app, &of_acme, "/api/v1/session").expect(401);
}

#[test]
fn everybody_has_their_own() {
    let (app, acme) = TestApp::acme();
    let other = app.tenant("other", "other.com");
    let (_, _, ann) = member(&app, &acme, "ann", "admin");
    let (_, _, bob) = member(&app, &acme, "bob", "admin");
    let (_, eve) = app.person(&other, "admin");
    let (anns, anns_token) = make(&app, &ann, OWN, &["read"]);
    let (acmes, _) = make(&app, &ann, OF_ACME, &["read"]);
    let (operators, _) = make(&app, app.operator(), OWN, &["operate"]);
    let (appliances, _) = make(&app, app.operator(), APPLIANCE, &["operate"]);
    let ids = |cookie: &str, path: &str| -> Vec<String> {
        let list = app.ask(Ask::get(path).with(cookie)).expect(200).json();
        let items = list["items"].as_array().unwrap();
        // Those made within one millisecond are in no order.
        let mut ids: Vec<String> = items
            .iter()
            .map(|t| t["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&ann, OWN), [anns.as_str()]);
    assert!(ids(&bob, OWN).is_empty());
    assert_eq!(ids(&bob, OF_ACME), [acmes.as_str()]);
    assert_eq!(ids(app.operator(), OWN), [operators.as_str()]);
    let mut all = [appliances.clone(), operators];
    all.sort();
    assert_eq!(ids(app.operator(), APPLIANCE), all);
    let before = app.contents();
    let of_other = format!("{}/api-tokens", other.base);
    for (cookie, path, id) in [
        (&bob, OWN, &anns),
        (&bob, OF_ACME, &anns),
        (&ann, OWN, &acmes),
        (&ann, OF_ACME, &appliances),
        (&eve, OF_ACME, &acmes),
        (&eve, of_other.as_str(), &acmes),
        (&eve, of_other.as_str(), &appliances),
    ] {
        let revoke = Ask::new("DELETE", format!("{path}/{id}")).with(cookie);
        app.ask(revoke).expect(404);
    }
    assert_eq!(app.contents(), before);
    let revoke = Ask::new("DELETE", format!("{OWN}/{anns}")).with(&ann);
    app.ask(revoke.clone()).expect(204);
    app.ask(revoke).expect(204);
    get(&app, &anns_token, "/api/v1/session").expect(401);
    // A page of a long list.
    for _ in 0..3 {
        make(&app, &bob, OWN, &["read"]);
    }
    let first = app
        .ask(Ask::get(format!("{OWN}?limit=2")).with(&bob))
        .json();
    assert_eq!(first["total"], 3);
    let next = first["next"].as_str().unwrap();
    let rest = app
        .ask(Ask::get(format!("{OWN}?limit=2&after={next}")).with(&bob))
        .json();
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    assert_eq!(rest["next"], Value::Null);
}

#[test]
fn what_is_asked_for_has_bounds() {
    let (app, acme) = TestApp::acme();
    let (_, _, ann) = member(&app, &acme, "ann", "admin");
    let in_days = |days: u64| {
        let life = std::time::Duration::from_secs(days * 86_400);
        portcullis::clock::now().plus(life).to_string()
    };
    let before = app.contents();
    #[rustfmt::skip]
    let cases = [
        (json!({ "name": "x" }), "scopes"),
        (json!({ "name": "x", "scopes": [] }), "scopes"),
        (json!({ "name": "x", "scopes": "read" }), "scopes"),
        (json!({ "name": "x", "scopes": ["read", "write"] }), "scopes"),
        (json!({ "name": "x", "scopes": ["READ"] }), "scopes"),
        (json!({ "name": "x", "scopes": [1] }), "scopes"),
        (json!({ "name": "x", "scopes": ["operate"] }), "scopes"),
        (json!({ "name": "", "scopes": ["read"] }), "name"),
        (json!({ "name": "x".repeat(101), "scopes": ["read"] }), "name"),
        (json!({ "name": "a\u{0}b", "scopes": ["read"] }), "name"),
        (json!({ "name": "x", "scopes": ["read"], "expires_at": in_days(367) }), "expires_at"),
        (json!({ "name": "x", "scopes": ["read"], "expires_at": "2001-01-01T00:00:00Z" }), "expires_at"),
        (json!({ "name": "x", "scopes": ["read"], "expires_at": "30d" }), "expires_at"),
    ];
    for (asked, field) in cases {
        for path in [OWN, OF_ACME] {
            let refused = app.ask(Ask::new("POST", path).json(&asked).with(&ann));
            assert_eq!(refused.status, 400, "{asked}: {}", refused.text());
            assert_eq!(refused.json()["field"], field, "{asked}");
        }
    }
    assert_eq!(app.contents(), before);
    let asked = json!({ "scopes": ["read"], "expires_at": in_days(365) });
    app.ask(Ask::new("POST", OWN).json(&asked).with(&ann))
        .expect(201);
    for _ in 1..MOST_LIVE {
        make(&app, &ann, OWN, &["read"]);
    }
    let asked = json!({ "scopes": ["read"] });
    let one_more = || app.ask(Ask::new("POST", OWN).json(&asked).with(&ann));
    let refused = one_more().expect(409);
    assert_eq!(code(&refused), "too-many-tokens");
    assert!(
        refused.json()["detail"]
            .as_str()
            .unwrap()
            .contains("revoke one")
    );
    let list = app.ask(Ask::get(OWN).with(&ann)).json();
    let id = list["items"][0]["id"].as_str().unwrap();
    app.ask(Ask::new("DELETE", format!("{OWN}/{id}")).with(&ann))
        .expect(204);
    one_more().expect(201);
    for (query, field) in [("limit=0", "limit"), ("limit=201", "limit")] {
        let refused = app.ask(Ask::get(format!("{OWN}?{query}")).with(&ann));
        assert_eq!(refused.expect(400).json()["field"], field);
    }
}

#[test]
fn what_a_token_did_is_told_with_whose_it_is() {
    let (app, acme) = TestApp::acme();
    let (user, _, ann) = member(&app, &acme, "ann", "admin");
    let (anns, own) = make(&app, &ann, OWN, &["admin"]);
    let (acmes, of_acme) = make(&app, &ann, OF_ACME, &["admin"]);
    let rename = |name: &str, token: &str| {
        let ask = Ask::new("PATCH", acme.base.as_str()).json(&json!({ "name": name }));
        app.ask(ask.bearer(token)).expect(200);
    };
    rename("By Ann", &own);
    let line = "SELECT actor_kind || '|' || actor_id || '|' || actor_name || '|' || via \
                FROM audit WHERE action = 'organization.changed' ORDER BY seq DESC LIMIT 1";
    let name = format!("ann@acme.com (API token {anns})");
    assert_eq!(app.sql(line), format!("user|{user}|{name}|api-token"));
    rename("By Acme", &of_acme);
    assert_eq!(app.sql(line), format!("token|{acmes}|CI|api-token"));
    app.ask(Ask::new("DELETE", format!("{OF_ACME}/{acmes}")).with(&ann))
        .expect(204);
    let lines = "SELECT group_concat(action || ' ' || target_id, ', ') FROM
                     (SELECT * FROM audit WHERE target_kind = 'token' AND action LIKE 'token.%'
                      AND detail LIKE '%\"api\"%' ORDER BY seq)";
    assert_eq!(
        app.sql(lines),
        format!("token.created {anns}, token.created {acmes}, token.revoked {acmes}")
    );
    let all = app.sql("SELECT group_concat(detail || actor_name || target_name) FROM audit");
    assert!(!all.to_string().contains("ptc_api_"));
}

#[test]
fn the_organization_of_an_operators_token_may_be_any() {
    let (app, acme) = TestApp::acme();
    app.tenant("other", "other.com");
    let (_, token) = make(&app, app.operator(), APPLIANCE, &["read", "admin"]);
    get(&app, &token, USERS).expect(200);
    get(&app, &token, "/api/v1/organizations/other/users").expect(200);
    get(&app, &token, "/api/v1/organizations/nothing/users").expect(404);
    // Without `operate` it makes no organization, and a domain that it adds waits for approval.
    let made = json!({ "slug": "third" });
    let create = |token: &str| {
        app.ask(
            Ask::new("POST", "/api/v1/organizations")
                .json(&made)
                .bearer(token),
        )
    };
    assert_eq!(code(&create(&token).expect(403)), "scope-missing");
    let add = |token: &str, domain: &str| {
        let asked = json!({ "kind": "okta", "domains": [domain] });
        let ask = Ask::new("POST", format!("{}/providers", acme.base)).json(&asked);
        let added = app.ask(ask.bearer(token)).expect(201).json();
        added["domains"][0]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(add(&token, "one.example"), "pending");
    let (_, both) = make(&app, app.operator(), APPLIANCE, &["admin", "operate"]);
    assert_eq!(add(&both, "two.example"), "active");
    create(&both).expect(201);
}
