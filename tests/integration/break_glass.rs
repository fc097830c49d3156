//! The way in when the identity provider is down.

use portcullis::access::break_glass;
use portcullis::clock;
use portcullis::observe::audit::Author;
use serde_json::{Value, json};

use crate::app::{ACCOUNT, PASSWORD, TestApp};
use crate::browser::Browser;
use crate::http::{Answer, Ask};

const OPERATOR: &str = "__Host-portcullis-operator";

fn form(name: &str, password: &str) -> Ask {
    Ask::new("POST", "/break-glass").form(&[("username", name), ("password", password)])
}

/// From an address of its own, as a trusted proxy would name it.
fn from(app: &TestApp, address: &str, name: &str, password: &str) -> Answer {
    app.ask(form(name, password).header("X-Forwarded-For", address))
}

fn wait(answer: &Answer) -> u64 {
    answer.header("retry-after").unwrap().parse().unwrap()
}

#[test]
fn opens_the_console_for_an_hour_with_a_cookie_of_its_own() {
    let app = TestApp::start();
    let mut browser = Browser::new(&app);
    assert_eq!(browser.get("/").expect(303).location(), "/login");
    let name = format!(" {} ", ACCOUNT.to_uppercase());
    let answer = browser.send(form(&name, PASSWORD)).expect(303);
    assert_eq!(answer.location(), "/console");
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with(&format!("{OPERATOR}=")));
    for flag in [
        "Path=/",
        "Secure",
        "HttpOnly",
        "SameSite=Lax",
        "Max-Age=3600",
    ] {
        assert!(cookie.split("; ").any(|part| part == flag), "{cookie}");
    }
    let session = browser.session().unwrap();
    assert_eq!(session["operator"]["name"], ACCOUNT);
    assert_eq!(
        (&session["user"], &session["level"]),
        (&Value::Null, &json!("operator"))
    );
    assert_eq!(browser.get("/").expect(303).location(), "/console");
    assert!(!app.contents().contains(browser.cookie(OPERATOR).unwrap()));
    // An hour in all, however busy.
    app.force("UPDATE sessions SET expires_at = expires_at - 3590000");
    assert!(browser.session().is_some());
    app.force("UPDATE sessions SET expires_at = expires_at - 20000");
    assert!(browser.session().is_none());
}

#[test]
fn a_sign_in_is_refused_in_one_way_whatever_was_wrong() {
    let app = TestApp::start();
    let mut pages = Vec::new();
    for (name, password) in [
        (ACCOUNT, "wrong"),
        (ACCOUNT, ""),
        ("nobody", PASSWORD),
        ("", ""),
        ("<script>", "x"),
    ] {
        let answer = app.ask(form(name, password)).expect(403);
        assert!(answer.header("set-cookie").is_none());
        assert!(!answer.text().contains("<script>"));
        let page = answer.text();
        assert!(!page.contains(PASSWORD));
        let (_, notice) = page.split_once("role=\"alert\">").unwrap();
        pages.push(notice.split('<').next().unwrap().to_owned());
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "{pages:?}");
    let long = "x".repeat(12_000);
    app.ask(form(ACCOUNT, &long)).expect(403);
}

#[test]
fn guessing_at_an_account_waits_longer_and_longer_but_never_for_ever() {
    let app = TestApp::start();
    // From many addresses, so that the account is what counts.
    let mut number = 0;
    let mut guess = |app: &TestApp| {
        number += 1;
        from(app, &format!("198.51.100.{number}"), "ADA", "wrong")
    };
    for _ in 0..5 {
        guess(&app).expect(403);
    }
    let first = guess(&app);
    let first = match first.status {
        403 => guess(&app),
        _ => first,
    };
    let first = wait(&first.expect(429));
    assert!((1..=10).contains(&first), "{first}");
    // While it waits, the right password doesn't count either, from anywhere.
    from(&app, "203.0.113.1", ACCOUNT, PASSWORD).expect(429);
    let mut longest = first;
    for _ in 0..12 {
        app.force("UPDATE throttles SET next_at = 0");
        guess(&app).expect(403);
        let waiting = guess(&app).expect(429);
        let now = wait(&waiting);
        // What is told is what is left of it, and a busy machine answers late.
        assert!(now + 5 >= longest, "{now} after {longest}");
        longest = longest.max(now);
    }
    assert!(longest > first && longest <= 60, "{longest}");
    // When the wait is over, the right password opens at once and everything is forgotten.
    app.force("UPDATE throttles SET next_at = 0");
    from(&app, "203.0.113.1", ACCOUNT, PASSWORD).expect(303);
    for _ in 0..5 {
        guess(&app).expect(403);
    }
}

#[test]
fn guessing_from_an_address_waits_whatever_the_name() {
    let app = TestApp::start();
    let mut refused = 0;
    let throttled = loop {
        let answer = from(&app, "198.51.100.7", &format!("name{refused}"), "wrong");
        if answer.status == 429 {
            break answer;
        }
        answer.expect(403);
        refused += 1;
        assert!(refused < 40);
    };
    assert!((20..=21).contains(&refused), "{refused}");
    assert!(wait(&throttled) >= 1);
    // The account itself is open from elsewhere.
    from(&app, "198.51.100.8", ACCOUNT, PASSWORD).expect(303);
}

#[test]
fn disabling_an_account_or_its_password_ends_its_sessions() {
    let app = TestApp::start();
    let session = app.new_operator_session();
    assert!(app.who(&session).is_some());
    app.store
        .write(|tx| break_glass::disable(tx, ACCOUNT, true, &Author::command_line(), clock::now()))
        .unwrap();
    assert!(app.who(&session).is_none());
    app.ask(Ask::get("/api/v1/organizations").with(&session))
        .expect(401);
    app.ask(form(ACCOUNT, PASSWORD)).expect(403);
    app.store
        .write(|tx| break_glass::enable(tx, ACCOUNT, &Author::command_line(), clock::now()))
        .unwrap();
    assert!(
        app.who(&session).is_none(),
        "enabling brings no session back"
    );
    app.ask(form(ACCOUNT, PASSWORD)).expect(303);
}

#[test]
fn a_user_of_the_same_name_is_somebody_else() {
    let (app, acme) = TestApp::acme();
    app.push_user(&acme, "ada@acme.com");
    let mut named = crate::app::user(ACCOUNT);
    named["emails"][0]["value"] = json!("ada2@acme.com");
    app.scim(&acme, "POST", "/Users", &named).expect(201);
    let mut browser = Browser::new(&app);
    browser.send(form(ACCOUNT, PASSWORD)).expect(303);
    assert_eq!(browser.session().unwrap()["user"], Value::Null);
    // Deactivating every user leaves the operator in.
    app.force("UPDATE users SET active = 0, active_shown = 0");
    assert!(browser.session().is_some());
    let users = browser
        .get(&format!("{}/users", acme.base))
        .expect(200)
        .json();
    assert_eq!(users["total"], 2);
}

#[test]
fn it_stands_before_the_users_session_in_this_browser() {
    let (app, acme) = TestApp::acme();
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "ann@acme.com");
    let user = browser.cookies();
    browser.send(form(ACCOUNT, PASSWORD)).expect(303);
    assert_eq!(browser.session().unwrap()["level"], "operator");
    assert!(app.who(&user).is_some(), "the user's own session goes on");
    let operator = format!("{OPERATOR}={}", browser.cookie(OPERATOR).unwrap());
    assert!(app.who(&operator).is_some());
    browser.send(form(ACCOUNT, PASSWORD)).expect(303);
    assert!(
        app.who(&operator).is_none(),
        "a new sign-in ends the one before"
    );
    browser
        .send(Ask::new("POST", "/logout").form(&[]))
        .expect(303);
    assert!(browser.session().is_none());
    assert!(app.who(&user).is_none());
    assert_eq!(browser.cookie(OPERATOR), None);
}

#[test]
fn it_works_with_every_provider_gone() {
    let (app, acme) = TestApp::acme();
    app.set_provider(&acme, &json!({ "state": "disabled" }));
    let mut browser = Browser::new(&app);
    browser.send(form(ACCOUNT, PASSWORD)).expect(303);
    let body = json!({ "state": "active" });
    let path = format!("{}/providers/{}", acme.base, acme.provider);
    browser
        .send(Ask::new("PATCH", path).json(&body))
        .expect(200);
    browser.get("/console/acme").expect(200);
    app.settle();
    assert_eq!(
        app.sql("SELECT count(*) FROM traces WHERE kind = 'break-glass' AND outcome = 'accepted'"),
        1
    );
}
