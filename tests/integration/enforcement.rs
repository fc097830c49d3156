//! Requiring single sign-on, deleting a provider, and the way back in when everybody is out.

use portcullis::access::session::{self, Method, NewSession, Subject};
use portcullis::clock;
use portcullis::directory::{enforcement, user};
use portcullis::store::StoreError;
use serde_json::{Value, json};

use crate::app::{ACCOUNT, PASSWORD, Tenant, TestApp};
use crate::browser::Browser;
use crate::http::{Answer, Ask};
use crate::people::{SECRET, joined, login};
use crate::saml::fixture::{IDP, IMPOSTOR};

const DAY: i64 = 24 * 3600 * 1000;

/// A drill of the break-glass account some days ago.
fn drill(app: &TestApp, days_ago: i64, passed: bool) {
    let at = clock::now().millis() - days_ago * DAY;
    let passed = i64::from(passed);
    app.force(&format!(
        "UPDATE operators SET password_changed_at = 0;
         INSERT INTO drills (id, operator_id, operator_name, at, passed, detail)
         SELECT 'drill {at} {passed} ' || id, id, name, {at}, {passed}, '{{}}' FROM operators"
    ));
}

fn path(acme: &Tenant) -> String {
    format!("{}/providers/{}", acme.base, acme.provider)
}

fn enforce(app: &TestApp, acme: &Tenant, on: bool) -> Answer {
    app.as_operator("PATCH", &path(acme), &json!({ "enforced": on }))
}

/// A local user, as an invitation makes one.
fn local(app: &TestApp, name: &str) -> String {
    app.force(&format!(
        "INSERT INTO users (id, organization_id, user_name, user_name_key, email, email_key, origin,
             resource, created_at, updated_at)
         SELECT 'local-{name}', id, '{name}', '{name}', '{name}', '{name}', 'local', '{{}}', 0, 0
         FROM organizations WHERE slug = 'acme'"
    ));
    format!("local-{name}")
}

/// A session as a password opens one; its cookie.
fn password_session(app: &TestApp, user: &str) -> String {
    let new = NewSession {
        subject: Subject::User(user.to_owned()),
        provider_id: None,
        method: Method::Password,
        name_id: None,
        name_space: portcullis::saml::name_id::NameSpace::default(),
        session_index: None,
        not_on_or_after: None,
        client: "127.0.0.1".to_owned(),
        user_agent: "test".to_owned(),
    };
    let value = app
        .store
        .write(move |tx| {
            let value = session::open(tx, new, clock::now())?;
            Ok::<_, StoreError>(value.expose().to_owned())
        })
        .unwrap();
    format!("__Host-portcullis={value}")
}

/// Whether a password of this user is refused.
fn is_enforced(app: &TestApp, id: &str) -> bool {
    app.store
        .read(|conn| enforcement::is_enforced(conn, &user::find(conn, id)?.unwrap()))
        .unwrap()
}

#[test]
fn it_is_refused_until_both_proofs_are_there() {
    let (app, acme) = TestApp::acme();
    let refused = |words: &[&str], not: &[&str]| {
        let before = app.contents();
        let problem = enforce(&app, &acme, true).expect(409).json();
        assert_eq!(problem["field"], "enforced");
        let detail = problem["detail"].as_str().unwrap().to_owned();
        for word in words {
            assert!(detail.contains(word), "{detail}");
        }
        for word in not {
            assert!(!detail.contains(word), "{detail}");
        }
        assert_eq!(app.contents(), before);
    };
    let (sign_in, a_drill) = ("sign in once", "portcullis break-glass drill");
    refused(&[sign_in, a_drill], &[]);
    drill(&app, 91, true);
    drill(&app, 1, false);
    refused(&[sign_in, a_drill], &[]);
    Browser::new(&app).sign_in(&acme, "ann@acme.com");
    refused(&[a_drill], &[sign_in]);
    // Of an account that is disabled since, or gone.
    let now = clock::now().millis();
    app.force(&format!(
        "INSERT INTO operators (id, name, name_key, password_hash, disabled_at, created_at,
             password_changed_at) VALUES ('off', 'off', 'off', '', 1, 0, 0);
         INSERT INTO drills (id, operator_id, operator_name, at, passed, detail)
         VALUES ('1', 'off', 'off', {now}, 1, '{{}}'), ('2', 'gone', 'gone', {now}, 1, '{{}}')"
    ));
    refused(&[a_drill], &[sign_in]);
    drill(&app, 89, true);
    app.force("UPDATE providers SET last_sign_in_at = NULL");
    refused(&[sign_in], &[a_drill]);
    Browser::new(&app).sign_in(&acme, "ann@acme.com");
    app.set_provider(&acme, &json!({ "state": "disabled" }));
    refused(&["not active"], &[sign_in, a_drill]);
    app.set_provider(&acme, &json!({ "state": "active" }));

    let shown = app.as_operator("GET", &path(&acme), &Value::Null).json();
    assert_eq!(shown["enforced"], false);
    assert_eq!(shown["enforcement"]["ready"], true);
    assert_eq!(shown["enforcement"]["missing"], json!([]));
    let shown = enforce(&app, &acme, true).expect(200).json();
    assert_eq!(shown["enforced"], true);
    let warning = shown["enforcement"]["warning"].as_str().unwrap();
    assert!(
        warning
            .contains("prevents users with an address in acme.com from signing in any other way"),
        "{warning}"
    );
    // Once on, it stays on when the drill grows old, and can be switched off at any time.
    app.force("DELETE FROM drills");
    app.set_provider(&acme, &json!({ "name": "renamed", "enforced": true }));
    enforce(&app, &acme, false).expect(200);
    enforce(&app, &acme, true).expect(409);
}

#[test]
fn another_identity_provider_must_prove_itself_anew() {
    let (app, acme) = TestApp::acme();
    Browser::new(&app).sign_in(&acme, "ann@acme.com");
    drill(&app, 1, true);
    let elsewhere = IMPOSTOR.metadata().replace("exkdemo", "exkother");
    let shown = app.set_provider(&acme, &json!({ "metadata_xml": elsewhere }));
    assert_eq!(shown["enforcement"]["missing"][0]["condition"], "sign-in");
    enforce(&app, &acme, true).expect(409);
}

fn prove(app: &TestApp, acme: &Tenant) {
    Browser::new(app).sign_in(acme, "prover@acme.com");
    drill(app, 1, true);
}

#[test]
fn password_sessions_of_its_domains_end_at_once() {
    let (app, acme) = TestApp::acme();
    prove(&app, &acme);
    let [ann, eve, named] = ["ann@acme.com", "eve@elsewhere.com", "jdoe"].map(|n| local(&app, n));
    app.force(
        "UPDATE users SET email = 'J.Doe@ACME.com', email_key = 'j.doe@acme.com' WHERE user_name = 'jdoe'",
    );
    let password = [&ann, &eve, &named].map(|id| password_session(&app, id));
    let by_okta = app.session(&ann);
    for cookie in &password {
        assert!(app.who(cookie).is_some());
    }
    enforce(&app, &acme, true).expect(200);
    let alive = password.each_ref().map(|cookie| app.who(cookie).is_some());
    assert_eq!(alive, [false, true, false]);
    assert!(
        app.who(&by_okta).is_some(),
        "who came by the provider stays"
    );
    assert!(app.who(app.operator()).is_some(), "break-glass is exempt");
    assert_eq!(
        app.sql("SELECT count(*) FROM sessions WHERE method = 'password'"),
        1
    );
    assert!(is_enforced(&app, &ann) && is_enforced(&app, &named) && !is_enforced(&app, &eve));
    let ended = app.text(
        "SELECT detail FROM audit WHERE action = 'provider.changed' ORDER BY seq DESC LIMIT 1",
    );
    let ended: Value = serde_json::from_str(&ended).unwrap();
    assert_eq!(ended["ended"]["password_sessions"], 2);
    assert_eq!(ended["after"]["enforced"], true);

    // A password that was being checked at that moment opens nothing either.
    let late = password_session(&app, &ann);
    assert!(app.who(&late).is_none());
    // Nor does one of somebody who gets an address of the domain afterwards.
    app.force("UPDATE users SET email = 'eve@acme.com', email_key = 'eve@acme.com' WHERE id = 'local-eve@elsewhere.com'");
    assert!(app.who(&password[1]).is_none());

    // A provider that lets nobody in keeps nobody out.
    app.set_provider(&acme, &json!({ "state": "disabled" }));
    assert!(!is_enforced(&app, &ann));
    let cookie = password_session(&app, &ann);
    assert!(app.who(&cookie).is_some());
    app.set_provider(&acme, &json!({ "state": "active" }));
    assert!(app.who(&cookie).is_none());
}

#[test]
fn a_domain_that_joins_an_enforced_provider_is_enforced() {
    let (app, acme) = TestApp::acme();
    prove(&app, &acme);
    let eve = local(&app, "eve@second.com");
    let cookie = password_session(&app, &eve);
    enforce(&app, &acme, true).expect(200);
    assert!(app.who(&cookie).is_some());
    app.set_provider(&acme, &json!({ "domains": ["acme.com", "second.com"] }));
    assert!(app.who(&cookie).is_none());
    assert_eq!(
        app.sql("SELECT count(*) FROM sessions WHERE method = 'password'"),
        0
    );
}

#[test]
fn a_domain_that_is_approved_later_is_enforced_from_then_on() {
    let (app, acme) = TestApp::acme();
    prove(&app, &acme);
    let (_, admin) = app.person(&acme, "admin");
    let eve = local(&app, "eve@second.com");
    let cookie = password_session(&app, &eve);
    enforce(&app, &acme, true).expect(200);
    let both = json!({ "domains": ["acme.com", "second.com"] });
    app.ask(Ask::new("PATCH", path(&acme)).with(&admin).json(&both))
        .expect(200);
    assert!(app.who(&cookie).is_some(), "it waits for approval");
    let domain = "/api/v1/domains/second.com";
    app.as_operator("PATCH", domain, &json!({ "state": "active" }))
        .expect(200);
    assert!(app.who(&cookie).is_none());
    let line = app.text("SELECT detail FROM audit WHERE action = 'domain.approved'");
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["ended"], json!({ "password_sessions": 1 }));
    app.set_provider(&acme, &json!({ "state": "disabled" }));
    assert!(app.who(&cookie).is_none(), "what ended stays ended");
}

#[test]
fn another_organizations_users_are_not_concerned() {
    let (app, acme) = TestApp::acme();
    app.tenant("other", "other.com");
    prove(&app, &acme);
    let guest = local(&app, "guest@acme.com");
    app.force("UPDATE users SET organization_id = (SELECT id FROM organizations WHERE slug = 'other') WHERE origin = 'local'");
    enforce(&app, &acme, true).expect(200);
    assert!(!is_enforced(&app, &guest));
}

#[test]
fn the_command_line_requires_sso() {
    let (app, acme) = TestApp::acme();
    prove(&app, &acme);
    let shown = app.portcullis(&["provider", "set", &acme.provider, "--enforce", "true"]);
    assert_eq!(shown["enforced"], true);
    let shown = app.portcullis(&["provider", "set", &acme.provider, "--enforce", "false"]);
    assert_eq!(shown["enforced"], false);
}

fn deletion(app: &TestApp, acme: &Tenant, cookie: &str) -> Value {
    let ask = Ask::get(format!("{}/deletion", path(acme))).with(cookie);
    app.ask(ask).expect(200).json()
}

#[test]
fn a_deletion_is_foretold_and_takes_what_belongs_to_the_provider() {
    let (app, acme) = TestApp::acme();
    prove(&app, &acme);
    let (_, admin) = app.person(&acme, "admin");
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "ann@acme.com");
    let pushed = app.push_user(&acme, "pushed@acme.com");
    let gone = app.push_user(&acme, "gone@acme.com");
    let body = json!({ "active": false });
    app.as_operator("PATCH", &format!("{}/users/{gone}", acme.base), &body)
        .expect(200);
    let ann = local(&app, "local@acme.com");
    let eve = local(&app, "eve@elsewhere.com");
    for id in [&ann, &eve] {
        app.force(&format!(
            "INSERT INTO passwords (user_id, hash, changed_at) VALUES ('{id}', '', 0)"
        ));
    }
    enforce(&app, &acme, true).expect(200);

    let shown = deletion(&app, &acme, &admin);
    // prover, the admin, ann, pushed and local; not gone, who is inactive, nor eve.
    assert_eq!(shown["people"], 5);
    assert_eq!(shown["you"], true);
    assert_eq!(shown["enforced"], true);
    assert_eq!(shown["scim_tokens"], 1);
    assert_eq!(shown["sessions"], 2);
    let ways = shown["other_ways_in"].to_string();
    assert!(ways.contains("1 of them have"), "{ways}");
    assert!(ways.contains("break-glass"), "{ways}");
    assert_eq!(deletion(&app, &acme, app.operator())["you"], false);
    let by_shell = app.portcullis(&["provider", "delete", &acme.provider, "--preview"]);
    assert_eq!(by_shell["people"], 5);

    app.as_operator("DELETE", &path(&acme), &Value::Null)
        .expect(204);
    assert!(browser.session().is_none(), "its sessions end");
    app.scim(&acme, "GET", "/Users", &Value::Null).expect(401);
    assert!(app.who(&admin).is_some(), "others stay");
    let view = |id: &str| {
        let path = format!("{}/users/{id}", acme.base);
        app.as_operator("GET", &path, &Value::Null)
            .expect(200)
            .json()
    };
    assert!(view(&pushed)["unmanaged_at"].is_string());
    assert!(view(&gone)["unmanaged_at"].is_string());
    assert!(view(&eve)["unmanaged_at"].is_null());
    assert!(
        view(&ann)["unmanaged_at"].is_null(),
        "a local user was managed by nobody"
    );
    assert!(
        !is_enforced(&app, &ann),
        "its people may use passwords again"
    );
    let links = format!("{}/users/{pushed}/invitations", acme.base);
    app.as_operator("POST", &links, &json!({ "kind": "join" }))
        .expect(201);

    // Another provider takes the domain, and its people come in again as who they were.
    let provider = app.draft("acme", "acme.com");
    let again = Tenant {
        provider,
        ..acme.clone()
    };
    app.set_provider(&again, &json!({ "metadata_xml": IDP.metadata() }));
    browser.sign_in(&again, "pushed@acme.com");
    let who = browser.session().unwrap();
    assert_eq!(who["user"]["id"], json!(pushed));
    assert!(view(&pushed)["unmanaged_at"].is_null());
    assert!(view(&gone)["unmanaged_at"].is_string());
    let line = app.text("SELECT detail FROM audit WHERE action = 'provider.deleted'");
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        line["ended"],
        json!({ "sessions": 2, "scim_tokens": 1, "unmanaged": 5 }),
    );
}

#[test]
fn scim_tokens_go_with_their_provider() {
    let (app, acme) = TestApp::acme();
    let make = |body: &Value| {
        let path = format!("{}/scim/tokens", acme.base);
        app.as_operator("POST", &path, body)
    };
    let works = |token: &Value| {
        let token = token["token"].as_str().unwrap();
        app.ask(Ask::get("/scim/v2/acme/Users").bearer(token))
            .status
            == 200
    };
    let only = make(&json!({})).expect(201).json();
    assert_eq!(only["provider_id"], json!(acme.provider), "the only one's");
    let second = Tenant {
        provider: app.draft("acme", "second.com"),
        ..acme.clone()
    };
    let nobodys = make(&json!({})).expect(201).json();
    assert_eq!(nobodys["provider_id"], Value::Null, "either could be meant");
    let its = make(&json!({ "provider_id": second.provider }))
        .expect(201)
        .json();
    let by_shell = app.portcullis(&[
        "scim",
        "token",
        "create",
        "--org",
        "acme",
        "--provider",
        &second.provider,
    ]);
    assert_eq!(by_shell["provider_id"], json!(second.provider));
    let foreign = app.tenant("other", "other.com").provider;
    for bad in [foreign.as_str(), "nothing", ""] {
        let problem = make(&json!({ "provider_id": bad })).expect(400).json();
        assert_eq!(problem["field"], "provider_id", "{problem}");
    }

    assert_eq!(deletion(&app, &second, app.operator())["scim_tokens"], 2);
    app.as_operator("DELETE", &path(&second), &Value::Null)
        .expect(204);
    assert!(!works(&its) && !works(&by_shell));
    assert!(works(&only) && works(&nobodys));
    assert_eq!(deletion(&app, &acme, app.operator())["scim_tokens"], 3);
    app.as_operator("DELETE", &path(&acme), &Value::Null)
        .expect(204);
    assert!(!works(&only) && !works(&nobodys), "with the last, all");
}

/// Whether an answer of the identity provider opens a session.
fn comes_in(app: &TestApp, acme: &Tenant, name: &str) -> bool {
    let mut browser = Browser::new(app);
    let started = browser.start(acme);
    let answer = browser.answer(&started, &started.spec(name));
    let opened = browser.session().is_some();
    assert_eq!(opened, answer.status == 303, "{}", answer.text());
    opened
}

#[test]
fn locked_out_and_back_in() {
    let (app, acme) = TestApp::acme();
    let people = ["ann@acme.com", "bob@acme.com", "cyd@acme.com"];
    for name in people {
        assert!(comes_in(&app, &acme, name));
    }
    let operator_before = app.operator().to_owned();
    let (dee, browser) = joined(&app, &acme, "dee@acme.com");
    let dees = browser.cookies();
    let types_the_password = || app.ask(login("dee@acme.com", SECRET)).status;
    assert_eq!(types_the_password(), 303);
    enforce(&app, &acme, true).expect(409);
    let password = app.file().with_file_name("password");
    std::fs::write(&password, PASSWORD).unwrap();
    let password = password.to_str().unwrap();
    let arguments = ["break-glass", "drill", ACCOUNT, "--password-file", password];
    assert_eq!(app.portcullis(&arguments)["passed"], true);
    enforce(&app, &acme, true).expect(200);
    assert!(app.who(&dees).is_none());

    // Somebody pastes the certificate of another application and takes the right one away.
    app.trust_only(&acme, &IMPOSTOR);
    app.as_operator("DELETE", &format!("{}/sessions", acme.base), &Value::Null)
        .expect(200);
    for name in people {
        assert!(!comes_in(&app, &acme, name), "{name}");
    }
    assert_eq!(types_the_password(), 403, "a password is no way in");
    let reset = format!("{}/users/{dee}/invitations", acme.base);
    let problem = app.as_operator("POST", &reset, &json!({ "kind": "reset" }));
    assert!(problem.expect(409).text().contains("identity provider"));
    let late = password_session(&app, &dee);
    assert!(app.who(&late).is_none());
    app.force("DELETE FROM sessions");
    assert!(app.who(&operator_before).is_none(), "nobody is left");

    // Break-glass opens, as the drill said it would.
    let form = [("username", ACCOUNT), ("password", PASSWORD)];
    let answer = app
        .ask(Ask::new("POST", "/break-glass").form(&form))
        .expect(303);
    let cookie = answer.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let shown = app
        .ask(Ask::get(path(&acme)).with(cookie))
        .expect(200)
        .json();
    assert_eq!(shown["enforced"], true);
    let fixed = json!({ "metadata_xml": IDP.metadata() });
    app.ask(Ask::new("PATCH", path(&acme)).with(cookie).json(&fixed))
        .expect(200);
    for name in people {
        assert!(comes_in(&app, &acme, name), "{name} is back");
    }
    assert_eq!(types_the_password(), 403, "SSO is still required");
}
