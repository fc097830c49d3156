//! Dangerous actions need a recent sign-in, by HTTP as the console does it.

use std::time::Duration;

use portcullis::clock;
use portcullis::demo::identity_provider::ResponseSpec;
use portcullis::web::{Guard, ROUTES};
use serde_json::{Value, json};

use crate::app::{PASSWORD, Tenant, TestApp};
use crate::browser::{Browser, Started};
use crate::http::{Answer, Ask};
use crate::one_time_code;
use crate::people::{SECRET, joined};

/// The secret of the second factor here.
const FACTOR: &[u8] = b"twenty bytes of text";

const SESSION: &str = "__Host-portcullis";
const ANN: &str = "ann@acme.com";

/// Makes the sign-in of every user's session two hours old.
fn age(app: &TestApp) {
    app.force(
        "UPDATE sessions SET authenticated_at = authenticated_at - 7200000
         WHERE user_id IS NOT NULL",
    );
}

/// The same with operators.
fn age_operators(app: &TestApp) {
    app.force(
        "UPDATE sessions SET authenticated_at = authenticated_at - 7200000
         WHERE operator_id IS NOT NULL",
    );
}

/// An admin of acme who has signed in through its provider, two hours ago.
fn admin<'a>(app: &'a TestApp, acme: &Tenant) -> Browser<'a> {
    let id = app.push_user(acme, ANN);
    let group = app.push_group(acme, "admins", &[&id]);
    app.set_level(acme, &group, "admin");
    let mut browser = Browser::new(app);
    browser.sign_in(acme, ANN);
    age(app);
    browser
}

/// Something dangerous.
fn rename(acme: &Tenant) -> Ask {
    let path = format!("{}/providers/{}", acme.base, acme.provider);
    Ask::new("PATCH", path).json(&json!({ "name": "Renamed" }))
}

/// That the action waits for a recent sign-in; its address.
#[track_caller]
fn demanded(answer: &Answer) -> String {
    assert_eq!(answer.status, 403, "{}", answer.text());
    let problem = answer.json();
    assert_eq!(problem["code"], "step-up-required", "{problem}");
    problem["address"].as_str().unwrap().to_owned()
}

fn start(browser: &mut Browser<'_>, acme: &Tenant) -> Started {
    let address = demanded(&browser.send(rename(acme)));
    let expected = format!("/saml/{}/login?step_up=1", acme.provider);
    assert_eq!(address, expected);
    browser.start_at(&format!("{address}&return_to=%2Fconsole%2Facme"))
}

#[track_caller]
fn refused(app: &TestApp, acme: &Tenant, answer: &Answer, code: &str) {
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert!(answer.all("set-cookie").next().is_none(), "{code}");
    assert_eq!(app.newest_trace(acme)["code"], code);
}

#[test]
fn an_old_sign_in_is_made_recent_at_the_identity_provider() {
    let (app, acme) = TestApp::acme();
    let mut browser = admin(&app, &acme);
    let before = browser.session().unwrap();
    let old = browser.cookie(SESSION).unwrap().to_owned();
    let id = app.text("SELECT id FROM sessions WHERE user_id IS NOT NULL");
    let expires = app.sql("SELECT expires_at FROM sessions WHERE user_id IS NOT NULL");

    let started = start(&mut browser, &acme);
    assert!(started.request.force_authn);
    let answer = browser.answer(&started, &started.spec(ANN)).expect(303);
    assert_eq!(answer.location(), "/console/acme");

    // The same session under another cookie; the old one is worth nothing.
    assert_ne!(browser.cookie(SESSION), Some(old.as_str()));
    assert!(app.who(&format!("{SESSION}={old}")).is_none());
    assert_eq!(
        app.text("SELECT id FROM sessions WHERE user_id IS NOT NULL"),
        id
    );
    assert_eq!(
        app.sql("SELECT expires_at FROM sessions WHERE user_id IS NOT NULL"),
        expires
    );
    let after = browser.session().unwrap();
    assert_eq!(after["user"], before["user"]);
    assert!(after["authenticated_at"].as_str() > before["authenticated_at"].as_str());
    browser.send(rename(&acme)).expect(200);
    let said = "SELECT count(*) FROM audit WHERE action = 'session.stepped-up'";
    assert_eq!(app.sql(said), 1);
    let trace = app.newest_trace(&acme);
    assert!(
        trace["summary"].as_str().unwrap().contains("proved again"),
        "{trace}"
    );
    let checks = trace["detail"]["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| check["code"] == "authn-instant"));
}

#[test]
fn an_answer_with_an_older_sign_in_is_refused() {
    let (app, acme) = TestApp::acme();
    let mut browser = admin(&app, &acme);
    let started = start(&mut browser, &acme);
    let ago = |seconds| clock::now().minus(Duration::from_secs(seconds));
    let at = |authn_instant| ResponseSpec {
        authn_instant,
        ..started.spec(ANN)
    };
    // Three minutes are the skew.
    let answer = browser.answer(&started, &at(ago(200)));
    refused(&app, &acme, &answer, "authn-instant-old");
    let soon = clock::now().plus(Duration::from_secs(200));
    let answer = browser.answer(&started, &at(soon));
    refused(&app, &acme, &answer, "not-yet-valid");
    demanded(&browser.send(rename(&acme)));
    // Nothing was used up by that.
    browser.answer(&started, &at(ago(100))).expect(303);
    browser.send(rename(&acme)).expect(200);
}

#[test]
fn an_answer_that_does_not_say_when_is_refused() {
    let (app, acme) = TestApp::acme();
    let mut browser = admin(&app, &acme);
    let started = start(&mut browser, &acme);
    let signed = crate::saml::fixture::without_authn_instant(&started.spec(ANN));
    let acs = started.request.acs_url.clone();
    let answer = browser.post(&acs, &signed, Some(&started.relay_state));
    refused(&app, &acme, &answer, "authn-instant-missing");
    // At a plain sign-in it is taken, and counts as long ago.
    let mut other = Browser::new(&app);
    let started = other.start(&acme);
    let signed = crate::saml::fixture::without_authn_instant(&started.spec(ANN));
    other
        .post(&acs, &signed, Some(&started.relay_state))
        .expect(303);
    demanded(&other.send(rename(&acme)));
}

#[test]
fn somebody_else_does_not_make_it_recent() {
    let (app, acme) = TestApp::acme();
    let mut browser = admin(&app, &acme);
    let users = app.sql("SELECT count(*) FROM users");
    let started = start(&mut browser, &acme);
    let answer = browser.answer(&started, &started.spec("eve@acme.com"));
    refused(&app, &acme, &answer, "step-up-other-person");
    assert_eq!(app.sql("SELECT count(*) FROM users"), users);
    assert_eq!(browser.session().unwrap()["user"]["userName"], ANN);
    demanded(&browser.send(rename(&acme)));
}

#[test]
fn an_answer_counts_once() {
    let (app, acme) = TestApp::acme();
    let mut browser = admin(&app, &acme);
    let started = start(&mut browser, &acme);
    let xml = crate::saml::fixture::IDP.issue(&started.spec(ANN)).unwrap();
    let acs = started.request.acs_url.clone();
    browser
        .post(&acs, &xml, Some(&started.relay_state))
        .expect(303);
    age(&app);
    let answer = browser.post(&acs, &xml, Some(&started.relay_state));
    refused(&app, &acme, &answer, "in-response-to-unknown");
    demanded(&browser.send(rename(&acme)));
}

#[test]
fn another_browser_or_session_gets_nothing_of_it() {
    let (app, acme) = TestApp::acme();
    let mut browser = admin(&app, &acme);
    let started = start(&mut browser, &acme);
    // Another browser did not ask.
    let mut other = Browser::new(&app);
    other.get(&format!("/saml/{}/login", acme.provider));
    let answer = other.answer(&started, &started.spec(ANN));
    refused(&app, &acme, &answer, "in-response-to-unknown");
    // A sign-in in another tab took the session's place.
    let tab = browser.start(&acme);
    browser.answer(&tab, &tab.spec(ANN)).expect(303);
    let answer = browser.answer(&started, &started.spec(ANN));
    refused(&app, &acme, &answer, "step-up-other-session");
    // The cookie of another session comes along: an identity provider on the same site.
    age(&app);
    let started = start(&mut browser, &acme);
    let mut second = Browser::new(&app);
    second.sign_in(&acme, ANN);
    let xml = crate::saml::fixture::IDP.issue(&started.spec(ANN)).unwrap();
    let value = data_encoding::BASE64.encode(xml.as_bytes());
    let cookies = format!(
        "{SESSION}={}; __Host-portcullis-sign-in={}",
        second.cookie(SESSION).unwrap(),
        browser.cookie("__Host-portcullis-sign-in").unwrap()
    );
    let path = format!("/saml/{}/acs", acme.provider);
    let post = Ask::new("POST", path).form(&[("SAMLResponse", &value)]);
    let answer = app.ask(post.with(&cookies));
    refused(&app, &acme, &answer, "step-up-other-session");
    // The session ended meanwhile.
    let started = start(&mut browser, &acme);
    app.force("DELETE FROM sessions WHERE user_id IS NOT NULL");
    let answer = browser.answer(&started, &started.spec(ANN));
    refused(&app, &acme, &answer, "step-up-session-over");
}

#[test]
fn another_site_does_not_start_it() {
    let (app, acme) = TestApp::acme();
    let mut browser = admin(&app, &acme);
    let path = format!("/saml/{}/login?step_up=1", acme.provider);
    browser.follow(&path).expect(403);
    // Without a session of this provider it is a plain sign-in.
    let started = Browser::new(&app).start_at(&path);
    assert!(!started.request.force_authn);
}

#[test]
fn the_age_counts_from_what_the_identity_provider_says() {
    let (app, acme) = TestApp::acme();
    drop(admin(&app, &acme));
    let mut browser = Browser::new(&app);
    let started = browser.start(&acme);
    let spec = ResponseSpec {
        authn_instant: clock::now().minus(Duration::from_secs(3600)),
        ..started.spec(ANN)
    };
    browser.answer(&started, &spec).expect(303);
    demanded(&browser.send(rename(&acme)));
}

#[test]
fn it_can_be_switched_off_for_all_and_for_one_provider() {
    let (app, acme) = TestApp::acme();
    let mut browser = admin(&app, &acme);
    app.set_provider(&acme, &json!({ "step_up": false }));
    browser.send(rename(&acme)).expect(200);
    app.set_provider(&acme, &json!({ "step_up": true }));
    demanded(&browser.send(rename(&acme)));
    let set = |minutes: Value| {
        app.ask(
            Ask::new("PATCH", "/api/v1/step-up")
                .with(&app.new_operator_session())
                .json(&json!({ "minutes": minutes })),
        )
    };
    assert_eq!(set(json!(180)).expect(200).json()["minutes"], 180);
    browser.send(rename(&acme)).expect(200);
    set(json!(119)).expect(200);
    demanded(&browser.send(rename(&acme)));
    set(Value::Null).expect(200);
    browser.send(rename(&acme)).expect(200);
    for wrong in [json!(0), json!(1441), json!("5"), json!(-1)] {
        assert_eq!(set(wrong).expect(400).json()["field"], "minutes");
    }
    let shown = app.portcullis(&["step-up", "set", "--within", "15"]);
    assert_eq!(shown["minutes"], 15);
    demanded(&browser.send(rename(&acme)));
    let shown = app.portcullis(&["step-up", "set", "--within", "off"]);
    assert_eq!(shown["minutes"], Value::Null);
}

#[test]
fn an_operator_gives_the_password_again() {
    let (app, acme) = TestApp::acme();
    age_operators(&app);
    let old = app.operator().to_owned();
    let ask = |ask: Ask, cookie: &str| app.ask(ask.with(cookie));
    assert_eq!(demanded(&ask(rename(&acme), &old)), "/step-up");
    let page = ask(Ask::get("/step-up?return_to=%2Fconsole%2Facme"), &old).expect(200);
    assert!(page.text().contains("value=\"/console/acme\""));
    let post = |password: &str, cookie: &str| {
        let form = [("password", password), ("return_to", "/console/acme")];
        ask(Ask::new("POST", "/step-up").form(&form), cookie)
    };
    post("wrong", &old).expect(403);
    demanded(&ask(rename(&acme), &old));
    // Another site's page has no business here.
    let form = [("password", PASSWORD)];
    let foreign = Ask::new("POST", "/step-up").form(&form);
    ask(foreign.header("Sec-Fetch-Site", "cross-site"), &old).expect(403);
    let answer = post(PASSWORD, &old).expect(303);
    assert_eq!(answer.location(), "/console/acme");
    let set = answer.all("set-cookie").next().unwrap().to_owned();
    let cookie = set.split(';').next().unwrap();
    assert!(app.who(&old).is_none());
    ask(rename(&acme), cookie).expect(200);
}

#[test]
fn a_token_signed_in_never_and_is_not_asked() {
    let (app, acme) = TestApp::acme();
    let made = app
        .as_operator(
            "POST",
            &format!("{}/api-tokens", acme.base),
            &json!({ "name": "CI", "scopes": ["admin"] }),
        )
        .expect(201)
        .json();
    age_operators(&app);
    let ask = rename(&acme).bearer(made["token"].as_str().unwrap());
    app.ask(ask).expect(200);
}

/// What only part of a route's work needs, beside the routes of [`every_dangerous_route`].
#[test]
fn making_admins_and_forgetting_need_a_recent_sign_in() {
    let (app, acme) = TestApp::acme();
    let mut browser = admin(&app, &acme);
    let user = app.push_user(&acme, "bob@acme.com");
    let group = app.push_group(&acme, "more", &[&user]);
    let group = format!("{}/groups/{group}", acme.base);
    let user = format!("{}/users/{user}", acme.base);
    let users = format!("{}/users", acme.base);
    app.as_operator(
        "PATCH",
        &acme.base,
        &json!({ "default_group_level": "viewer" }),
    )
    .expect(200);
    age(&app);
    let invited = json!({ "email": "new@local.example", "level": "admin" });
    let limits = json!({ "session_limits": { "admin": { "idle_s": 86400, "absolute_s": 86400 } } });
    for (method, path, body) in [
        ("PATCH", &group, json!({ "level": "admin" })),
        ("PATCH", &user, json!({ "level": "admin" })),
        ("POST", &users, invited),
        (
            "PATCH",
            &acme.base,
            json!({ "default_group_level": "admin" }),
        ),
        ("PATCH", &acme.base, limits),
        ("PATCH", &acme.base, json!({ "keep_documents": false })),
    ] {
        demanded(&browser.send(Ask::new(method, path).json(&body)));
    }
    for (path, body) in [
        (&group, json!({ "level": "editor" })),
        (&user, json!({ "level": "editor" })),
        (
            &acme.base,
            json!({ "name": "Acme", "default_group_level": "viewer", "keep_documents": true }),
        ),
    ] {
        browser
            .send(Ask::new("PATCH", path).json(&body))
            .expect(200);
    }
}

/// What lets an admin in without saying so: the default level, the address by which they are found,
/// and being switched on again.
#[test]
fn ways_to_an_admin_need_a_recent_sign_in() {
    let (app, acme) = TestApp::acme();
    let mut browser = admin(&app, &acme);
    let users = format!("{}/users", acme.base);
    let invite = |email: &str| Ask::new("POST", &users).json(&json!({ "email": email }));
    let invited = |answer: Answer| answer.expect(201).json()["id"].as_str().unwrap().to_owned();
    let viewer = json!({ "email": "viewer@local.example" });
    let viewer = invited(app.as_operator("POST", &users, &viewer));
    let made = json!({ "email": "other@local.example", "level": "admin" });
    let other = invited(app.as_operator("POST", &users, &made));
    let change = |id: &str, body: &Value| Ask::new("PATCH", format!("{users}/{id}")).json(body);
    let (address, on) = (
        json!({ "email": "own@acme.com" }),
        json!({ "active": true }),
    );
    demanded(&browser.send(change(&other, &address)));
    demanded(&browser.send(change(&other, &on)));
    browser
        .send(change(&other, &json!({ "active": false })))
        .expect(200);
    demanded(&browser.send(change(&other, &on)));
    browser.send(change(&viewer, &address)).expect(200);
    browser.send(change(&viewer, &on)).expect(200);
    demanded(&browser.send(invite("third@local.example")));
}

/// An editor makes no admin by saying nothing.
#[test]
fn an_editor_invites_nobody_to_a_default_above_their_own() {
    let (app, acme) = TestApp::acme();
    let id = app.push_user(&acme, ANN);
    let group = app.push_group(&acme, "editors", &[&id]);
    app.set_level(&acme, &group, "editor");
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, ANN);
    let users = format!("{}/users", acme.base);
    let mut invite = |email: &str| {
        let ask = Ask::new("POST", &users).json(&json!({ "email": email }));
        browser.send(ask)
    };
    invite("one@local.example").expect(201);
    let default = json!({ "default_user_level": "admin" });
    app.as_operator("PATCH", &acme.base, &default).expect(200);
    app.force("UPDATE grants SET level = 'viewer' WHERE source = 'default'");
    invite("two@local.example").expect(403);
}

/// Each of them, with the session of an admin and of an operator whose sign-in is old: nothing of it
/// is done, whatever the request says.
#[test]
fn every_dangerous_route() {
    let (app, acme) = TestApp::acme();
    let browser = admin(&app, &acme);
    age_operators(&app);
    let contents = app.contents();
    let cookies = [browser.cookies(), app.operator().to_owned()];
    let mut tried = 0;
    for route in ROUTES {
        let Guard::Recent(_) = route.guard else {
            continue;
        };
        let of_organization = route.pattern.contains("{org}");
        let path = route
            .pattern
            .replace("{org}", "acme")
            .replace("{provider}", &acme.provider)
            .replace(['{', '}'], "");
        for (at, cookie) in cookies.iter().enumerate() {
            if at == 0 && !of_organization && !path.contains("/account/") {
                continue;
            }
            let answer = app.ask(Ask::new(route.method, &path).with(cookie).json(&json!({})));
            demanded(&answer);
            tried += 1;
        }
    }
    assert!(tried > 30, "{tried}");
    assert_eq!(app.contents(), contents);
}

#[test]
fn a_local_user_gives_password_and_code_again() {
    let (app, acme) = TestApp::acme();
    let (id, mut browser) = joined(&app, &acme, "ann@local.example");
    let tokens = |browser: &mut Browser<'_>| {
        let body = json!({ "name": "mine", "scopes": ["read"] });
        browser.send(Ask::new("POST", "/api/v1/account/tokens").json(&body))
    };
    tokens(&mut browser).expect(201);
    age(&app);
    assert_eq!(demanded(&tokens(&mut browser)), "/step-up");
    let page = browser.get("/step-up?return_to=%2F%2Fevil").expect(200);
    assert!(page.text().contains("name=\"return_to\" value=\"/\""));
    let prove = |password: &str, code: &str| {
        let form = [
            ("password", password),
            ("code", code),
            ("return_to", "/account"),
        ];
        Ask::new("POST", "/step-up").form(&form)
    };
    browser.send(prove("wrong", "")).expect(403);
    demanded(&tokens(&mut browser));
    let old = browser.cookie(SESSION).unwrap().to_owned();
    let done = browser.send(prove(SECRET, "")).expect(303);
    assert_eq!(done.location(), "/account");
    assert!(app.who(&format!("{SESSION}={old}")).is_none());
    tokens(&mut browser).expect(201);
    // With a second factor the password alone doesn't do.
    app.force(&format!(
        "INSERT INTO second_factors (subject_id, secret, confirmed_at, created_at)
         VALUES ('{id}', x'{}', 1, 1)",
        data_encoding::HEXLOWER.encode(FACTOR)
    ));
    age(&app);
    browser.send(prove(SECRET, "")).expect(403);
    browser.send(prove(SECRET, "000000")).expect(403);
    demanded(&tokens(&mut browser));
    app.force("DELETE FROM throttles");
    let code = one_time_code::now(FACTOR);
    browser.send(prove(SECRET, &code)).expect(303);
    tokens(&mut browser).expect(201);
    // The code was used by that.
    age(&app);
    app.force("DELETE FROM throttles");
    browser.send(prove(SECRET, &code)).expect(403);
    // Guessing is as slow as at the sign-in.
    let answers: Vec<u16> = (0..8)
        .map(|_| browser.send(prove("wrong", "")).status)
        .collect();
    assert!(answers.contains(&429), "{answers:?}");
}
