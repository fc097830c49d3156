//! Local users: invited, joined, signed in, with a second factor, reset, switched off.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use portcullis::clock;
use serde_json::{Value, json};

use crate::app::{PUBLIC, Tenant, TestApp};
use crate::browser::Browser;
use crate::http::{Answer, Ask};

pub(crate) const SECRET: &str = "kettle lantern moss";
const OTHER: &str = "purple tram on rails";

/// A tenant without a provider for the people's domain.
fn world() -> (TestApp, Tenant) {
    TestApp::acme()
}

#[track_caller]
fn invite(app: &TestApp, acme: &Tenant, body: &Value) -> (String, String) {
    let made = app
        .as_operator("POST", &format!("{}/users", acme.base), body)
        .expect(201)
        .json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&made["id"]), path_of(&made["invitation"]))
}

/// The path of a link as it was shown.
fn path_of(invitation: &Value) -> String {
    let url = invitation["url"].as_str().unwrap();
    url.strip_prefix(PUBLIC).unwrap().to_owned()
}

#[track_caller]
fn link(app: &TestApp, acme: &Tenant, user: &str, kind: &str) -> Answer {
    let path = format!("{}/users/{user}/invitations", acme.base);
    app.as_operator("POST", &path, &json!({ "kind": kind }))
}

fn join(path: &str, password: &str) -> Ask {
    Ask::new("POST", path).form(&[("password", password), ("again", password)])
}

pub(crate) fn login(email: &str, password: &str) -> Ask {
    Ask::new("POST", "/login/password").form(&[("email", email), ("password", password)])
}

fn from(ask: Ask, address: &str) -> Ask {
    ask.header("X-Forwarded-For", address)
}

fn notice(answer: &Answer) -> String {
    let page = answer.text();
    let (_, rest) = page.split_once("role=\"alert\">").expect("a notice");
    rest.split('<').next().unwrap().to_owned()
}

/// Somebody who has joined, and their browser.
pub(crate) fn joined<'a>(app: &'a TestApp, acme: &Tenant, email: &str) -> (String, Browser<'a>) {
    let (id, path) = invite(app, acme, &json!({ "email": email }));
    let mut browser = Browser::new(app);
    assert_eq!(
        browser.send(join(&path, SECRET)).expect(303).location(),
        "/"
    );
    (id, browser)
}

/// The code that an authenticator shows now (RFC 6238).
fn totp(secret: &str) -> String {
    let secret = data_encoding::BASE32_NOPAD
        .decode(secret.as_bytes())
        .unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
    let step = clock::now().millis() / 30_000;
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let offset = usize::from(tag.as_ref()[19] & 15);
    let number = u32::from_be_bytes(tag.as_ref()[offset..offset + 4].try_into().unwrap());
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

#[test]
fn the_whole_road() {
    let (app, acme) = world();
    let body = json!({ "email": "Bob@Local.example", "displayName": "Bob", "level": "editor" });
    let (id, path) = invite(&app, &acme, &body);
    let shown = app
        .as_operator("GET", &format!("{}/users/{id}", acme.base), &Value::Null)
        .expect(200)
        .json();
    assert_eq!(
        (&shown["userName"], &shown["origin"], &shown["level"]),
        (
            &json!("Bob@Local.example"),
            &json!("local"),
            &json!("editor")
        )
    );

    // Join. Looking uses nothing up.
    let mut browser = Browser::new(&app);
    for _ in 0..3 {
        let page = browser.get(&path).expect(200).text();
        assert!(
            page.contains("Bob@Local.example") && page.contains("ACME"),
            "{page}"
        );
        assert!(!page.contains(path.strip_prefix("/join/").unwrap()));
    }
    browser.send(join(&path, SECRET)).expect(303);
    let session = browser.session().unwrap();
    assert_eq!(session["user"]["userName"], "Bob@Local.example");
    assert_eq!(session["level"], "editor");
    for again in [Ask::get(path.as_str()), join(&path, OTHER)] {
        app.ask(again).expect(404);
    }

    // Sign in.
    let mut browser = Browser::new(&app);
    let asked = Ask::new("POST", "/login").form(&[("email", "bob@local.example")]);
    let page = browser.send(asked).expect(200).text();
    assert!(page.contains("action=\"/login/password\"") && page.contains("bob@local.example"));
    let fields = [
        ("email", "bob@local.example"),
        ("password", SECRET),
        ("return_to", "/account"),
    ];
    let answer = browser.send(Ask::new("POST", "/login/password").form(&fields));
    assert_eq!(answer.expect(303).location(), "/account");
    let page = browser.get("/account").expect(200).text();
    assert!(page.contains("Bob") && !page.contains("{{"));

    // A second factor.
    let offer = browser
        .send(Ask::new("POST", "/api/v1/account/second-factor"))
        .expect(200)
        .json();
    let secret = offer["secret"].as_str().unwrap();
    assert!(
        offer["uri"]
            .as_str()
            .unwrap()
            .starts_with("otpauth://totp/ACME:")
    );
    assert!(offer["qr_svg"].as_str().unwrap().starts_with("<svg"));
    let confirm = |code: &str| {
        Ask::new("POST", "/api/v1/account/second-factor/confirm").json(&json!({ "code": code }))
    };
    let problem = browser.send(confirm("12345")).expect(400).json();
    assert_eq!(problem["field"], "code");
    let codes = browser.send(confirm(&totp(secret))).expect(200).json();
    let codes = codes["recovery_codes"].as_array().unwrap().clone();
    assert_eq!(codes.len(), 10);
    for code in &codes {
        assert!(!app.contents().contains(code.as_str().unwrap()));
    }

    // Password, then code; a code counts once.
    let mut browser = Browser::new(&app);
    let code = |code: &str| Ask::new("POST", "/login/code").form(&[("code", code)]);
    let page = browser.send(login("bob@local.example", SECRET)).expect(200);
    assert!(page.text().contains("action=\"/login/code\""));
    assert!(
        browser.session().is_none(),
        "the password alone opens nothing"
    );
    let half_way = browser.cookies();
    browser.send(code(&totp(secret))).expect(403);
    app.force("UPDATE second_factors SET last_step = 0");
    browser.send(code(&totp(secret))).expect(303);
    assert!(browser.session().is_some());
    app.ask(code(&totp(secret)).with(&half_way)).expect(403);
    let recovery = codes[0].as_str().unwrap();
    app.ask(code(recovery).with(&half_way)).expect(303);
    app.ask(code(recovery).with(&half_way)).expect(403);
    // In one step, as a script does it.
    let one_step = |code: &str| {
        let fields = [
            ("email", "bob@local.example"),
            ("password", SECRET),
            ("code", code),
        ];
        app.ask(Ask::new("POST", "/login/password").form(&fields))
    };
    one_step("000000").expect(403);
    one_step(codes[1].as_str().unwrap()).expect(303);
    let account = browser.get("/api/v1/account").expect(200).json();
    assert_eq!(account["second_factor"]["recovery_codes_left"], 8);

    // Reset: everybody who was in is out, and the second factor is asked for all the same.
    let reset = path_of(&link(&app, &acme, &id, "reset").expect(201).json());
    assert!(browser.session().is_some(), "making a link ends nothing");
    let mut elsewhere = Browser::new(&app);
    let page = elsewhere.send(join(&reset, OTHER)).expect(200).text();
    assert!(page.contains("Your password is set"));
    assert!(browser.session().is_none());
    app.ask(code(&totp(secret)).with(&half_way)).expect(403);
    app.ask(login("bob@local.example", SECRET)).expect(403);
    elsewhere
        .send(login("bob@local.example", OTHER))
        .expect(200);
    elsewhere.send(code(codes[2].as_str().unwrap())).expect(303);

    // Removed by whoever administers.
    let user = format!("{}/users/{id}", acme.base);
    let factor = format!("{user}/second-factor");
    app.as_operator("DELETE", &factor, &Value::Null).expect(204);
    app.as_operator("DELETE", &factor, &Value::Null).expect(404);
    let mut browser = Browser::new(&app);
    browser.send(login("bob@local.example", OTHER)).expect(303);

    // Switched off: at the next request, and no link or password opens again.
    let reset = path_of(&link(&app, &acme, &id, "reset").expect(201).json());
    app.as_operator("PATCH", &user, &json!({ "active": false }))
        .expect(200);
    assert!(browser.session().is_none());
    app.ask(login("bob@local.example", OTHER)).expect(403);
    app.ask(Ask::get(reset.as_str())).expect(404);
    app.ask(join(&reset, SECRET)).expect(404);
    link(&app, &acme, &id, "reset").expect(409);

    // Deleted, with everything.
    app.as_operator("DELETE", &user, &Value::Null).expect(204);
    for table in [
        "SELECT count(*) FROM passwords",
        "SELECT count(*) FROM invitations",
        "SELECT count(*) FROM second_factors",
        "SELECT count(*) FROM recovery_codes",
    ] {
        assert_eq!(app.sql(table), 0, "{table}");
    }
    app.settle();
    for (action, count) in [
        ("user.created", 1),
        ("invitation.created", 3),
        ("user.password-set", 2),
        ("user.second-factor-set", 1),
        ("user.second-factor-removed", 1),
        ("user.deleted", 1),
    ] {
        let found = app.store.read(|conn| {
            let sql = "SELECT count(*) FROM audit WHERE action = ?1";
            Ok::<i64, portcullis::store::StoreError>(conn.query_row(sql, [action], |r| r.get(0))?)
        });
        assert_eq!(found.unwrap(), count, "{action}");
    }
    let told = app.sql("SELECT group_concat(detail || target_name || actor_name) FROM audit");
    for hidden in [SECRET, OTHER, secret, recovery] {
        assert!(!told.as_str().unwrap().contains(hidden));
    }
}

#[test]
fn nobody_is_told_who_has_an_account() {
    let (app, acme) = world();
    joined(&app, &acme, "ann@local.example");
    let (off, _) = joined(&app, &acme, "off@local.example");
    app.as_operator(
        "PATCH",
        &format!("{}/users/{off}", acme.base),
        &json!({ "active": false }),
    )
    .expect(200);
    invite(&app, &acme, &json!({ "email": "waiting@local.example" }));
    app.push_user(&acme, "pushed@acme.com");
    let people = [
        "ann@local.example",
        "nobody@local.example",
        "off@local.example",
        "waiting@local.example",
        "pushed@acme.com",
        "no address",
        "",
    ];
    let mut pages = Vec::new();
    for (number, email) in people.iter().enumerate() {
        let address = format!("198.51.100.{number}");
        let began = Instant::now();
        let answer = app.ask(from(login(email, "wrong"), &address)).expect(403);
        let took = began.elapsed();
        assert!(answer.header("set-cookie").is_none());
        let page = answer.text();
        pages.push(match email.is_empty() {
            true => page.replace(
                "value=\"\" autocomplete=\"username\"",
                "value=\"X\" autocomplete=\"username\"",
            ),
            false => page.replace(&format!("value=\"{email}\""), "value=\"X\""),
        });
        // Each costs a hash. (How long one takes is the machine's; this is far below any.)
        assert!(took > Duration::from_millis(8), "{email}: {took:?}");
    }
    let whole = pages.len();
    pages.dedup();
    assert_eq!(pages.len(), 1, "{whole} pages");
    // The same page comes after any address that no provider answers for.
    let asked = |email: &str| {
        let page = app.ask(Ask::new("POST", "/login").form(&[("email", email)]));
        page.expect(200).text().replace(email, "X")
    };
    assert_eq!(asked("ann@local.example"), asked("nobody@local.example"));
    assert_eq!(asked("ann@local.example"), asked("eve@elsewhere.example"));
}

#[test]
fn guessing_at_a_password_waits_longer_whoever_asks() {
    let (app, acme) = world();
    joined(&app, &acme, "ann@local.example");
    for email in ["ann@local.example", "nobody@local.example"] {
        let guess = |number: usize| {
            let address = format!("198.51.{}.{}", number / 250, number % 250);
            app.ask(from(login(email, "wrong"), &address))
        };
        for number in 0..5 {
            guess(number).expect(403);
        }
        let waiting = (5..9).map(guess).find(|answer| answer.status == 429);
        assert!(waiting.unwrap().header("retry-after").is_some(), "{email}");
    }
    // While it waits the right password doesn't count, and afterwards it does.
    app.force("UPDATE throttles SET next_at = next_at + 50000");
    app.ask(from(login("ann@local.example", SECRET), "203.0.113.1"))
        .expect(429);
    app.force("UPDATE throttles SET next_at = 0");
    app.ask(from(login("ann@local.example", SECRET), "203.0.113.1"))
        .expect(303);
}

#[test]
fn guessing_at_codes_waits_too() {
    let (app, acme) = world();
    let (id, mut browser) = joined(&app, &acme, "ann@local.example");
    let offer = browser
        .send(Ask::new("POST", "/api/v1/account/second-factor"))
        .expect(200)
        .json();
    let secret = offer["secret"].as_str().unwrap().to_owned();
    let body = json!({ "code": totp(&secret) });
    browser
        .send(Ask::new("POST", "/api/v1/account/second-factor/confirm").json(&body))
        .expect(200);
    let mut half = Browser::new(&app);
    half.send(login("ann@local.example", SECRET)).expect(200);
    let cookie = half.cookies();
    let accepted = AtomicUsize::new(0);
    let looked_at = AtomicUsize::new(0);
    thread::scope(|scope| {
        for worker in 0..4 {
            let (app, cookie, accepted, looked_at) = (&app, &cookie, &accepted, &looked_at);
            scope.spawn(move || {
                for number in 0..250 {
                    let ask = Ask::new("POST", "/login/code")
                        .form(&[("code", &format!("{:06}", worker * 250 + number))])
                        .with(cookie);
                    match app
                        .ask(from(ask, &format!("10.1.{worker}.{number}")))
                        .status
                    {
                        303 => accepted.fetch_add(1, Ordering::Relaxed),
                        403 => looked_at.fetch_add(1, Ordering::Relaxed),
                        _ => 0,
                    };
                }
            });
        }
    });
    assert_eq!(accepted.load(Ordering::Relaxed), 0);
    assert!(looked_at.load(Ordering::Relaxed) < 20, "{looked_at:?}");
    // The password step does not give new attempts at the code.
    half.send(from(login("ann@local.example", SECRET), "10.2.0.1"))
        .expect(200);
    let again = Ask::new("POST", "/login/code").form(&[("code", "000000")]);
    half.send(from(again, "10.2.0.2")).expect(429);
    app.force("UPDATE throttles SET next_at = 0; UPDATE second_factors SET last_step = 0");
    let right = Ask::new("POST", "/login/code").form(&[("code", &totp(&secret))]);
    half.send(from(right, "10.2.0.3")).expect(303);
    assert_eq!(half.session().unwrap()["user"]["id"], id);
}

#[test]
fn ten_thousand_guesses_at_links_open_nothing() {
    let (app, acme) = world();
    let (_, path) = invite(&app, &acme, &json!({ "email": "ann@local.example" }));
    let real = path.strip_prefix("/join/").unwrap();
    let opened = AtomicUsize::new(0);
    thread::scope(|scope| {
        for worker in 0..8_usize {
            let (app, opened) = (&app, &opened);
            scope.spawn(move || {
                for number in 0..1250_usize {
                    // The real one with one character changed, others of the right shape, and junk.
                    let mut guess = real.as_bytes().to_vec();
                    let at = number % guess.len();
                    guess[at] = if guess[at] == b'A' { b'B' } else { b'A' };
                    let token = match number % 3 {
                        0 => String::from_utf8(guess).unwrap(),
                        1 => portcullis::access::secret::Secret::generate("")
                            .expose()
                            .to_owned(),
                        _ => "x".repeat(number % 500 + 1),
                    };
                    let address = format!("10.{worker}.0.{}", number % 13);
                    let path = format!("/join/{token}");
                    let ask = match number % 2 {
                        0 => Ask::get(path.as_str()),
                        _ => join(&path, SECRET),
                    };
                    let status = app.ask(from(ask, &address)).status;
                    if !matches!(status, 404 | 429) {
                        opened.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(opened.load(Ordering::Relaxed), 0);
    // Who guessed waits even for the real one; everybody else does not. A wait may just be over.
    let wrong = || from(Ask::get("/join/wrong"), "10.0.0.1");
    assert!((0..50).any(|_| app.ask(wrong()).status == 429));
    app.ask(from(Ask::get(path.as_str()), "10.0.0.1"))
        .expect(429);
    app.ask(from(Ask::get(path.as_str()), "192.0.2.1"))
        .expect(200);
    app.ask(from(join(&path, SECRET), "192.0.2.1")).expect(303);
    assert!(!app.contents().contains(real));
}

#[test]
fn what_may_be_chosen() {
    let (app, acme) = world();
    let (_, path) = invite(
        &app,
        &acme,
        &json!({ "email": "ann.miller@local.example", "displayName": "Ann Miller" }),
    );
    for (password, word) in [
        ("short", "at least 12"),
        (&"long enough ".repeat(20), "at most 128"),
        ("password1234", "tried first"),
        ("P@ssw0rd2024!", "tried first"),
        ("ann.miller2024", "your name"),
        ("aaaaaaaaaaaaaaa", "repeats"),
        ("kettle\u{7}lantern moss", "control"),
    ] {
        let answer = app.ask(join(&path, password)).expect(400);
        assert!(
            notice(&answer).contains(word),
            "{password}: {}",
            notice(&answer)
        );
        assert!(!answer.text().contains(password));
    }
    let different = Ask::new("POST", path.as_str()).form(&[("password", SECRET), ("again", OTHER)]);
    assert!(notice(&app.ask(different).expect(400)).contains("not the same"));
    app.ask(Ask::new("POST", path.as_str()).form(&[]))
        .expect(400);
    app.ask(Ask::new("POST", path.as_str()).json(&json!({})))
        .expect(415);
    // None of this used the link up.
    app.ask(join(&path, "größer übt Çelik das")).expect(303);
}

#[test]
fn links_are_replaced_revoked_and_of_their_kind() {
    let (app, acme) = world();
    let (id, first) = invite(&app, &acme, &json!({ "email": "ann@local.example" }));
    let invitations = format!("{}/users/{id}/invitations", acme.base);
    assert_eq!(
        link(&app, &acme, &id, "reset").expect(409).json()["field"],
        "kind"
    );
    let second = link(&app, &acme, &id, "join").expect(201).json();
    app.ask(Ask::get(first.as_str())).expect(404);
    app.ask(Ask::get(path_of(&second))).expect(200);
    let list = app
        .as_operator("GET", &invitations, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(list["total"], 2);
    assert!(list["items"][0]["url"].is_null() && list["items"][1]["revoked_at"].is_string());
    assert_eq!(list["items"][0]["created_by"], crate::app::ACCOUNT);
    let one = format!("{invitations}/{}", second["id"].as_str().unwrap());
    app.as_operator("DELETE", &one, &Value::Null).expect(204);
    app.ask(Ask::get(path_of(&second))).expect(404);
    app.as_operator("DELETE", &format!("{invitations}/x"), &Value::Null)
        .expect(404);
    let third = link(&app, &acme, &id, "join").expect(201).json();
    app.force("UPDATE invitations SET expires_at = 1");
    app.ask(Ask::get(path_of(&third))).expect(404);
    let fourth = link(&app, &acme, &id, "join").expect(201).json();
    app.ask(join(&path_of(&fourth), SECRET)).expect(303);
    assert_eq!(
        link(&app, &acme, &id, "join").expect(409).json()["field"],
        "kind"
    );
    // Nobody who comes from an identity provider gets one.
    let pushed = app.push_user(&acme, "pushed@acme.com");
    link(&app, &acme, &pushed, "join").expect(409);
    app.as_operator(
        "DELETE",
        &format!("{}/users/{pushed}", acme.base),
        &Value::Null,
    )
    .expect(409);
}

#[test]
fn local_sign_in_is_switched_off_and_on() {
    let (app, acme) = world();
    let (id, mut browser) = joined(&app, &acme, "ann@local.example");
    let (_, waiting) = invite(&app, &acme, &json!({ "email": "bob@local.example" }));
    let pushed = app.session(&app.push_user(&acme, "pushed@acme.com"));
    let switch = |on: bool| {
        let body = json!({ "local_sign_in": on });
        let changed = app
            .as_operator("PATCH", &acme.base, &body)
            .expect(200)
            .json();
        assert_eq!(changed["local_sign_in"], on);
    };
    switch(false);
    assert!(browser.session().is_none());
    assert!(app.who(&pushed).is_some(), "others stay");
    app.ask(login("ann@local.example", SECRET)).expect(403);
    app.ask(Ask::get(waiting.as_str())).expect(404);
    link(&app, &acme, &id, "reset").expect(409);
    switch(true);
    app.ask(login("ann@local.example", SECRET)).expect(303);
    app.ask(Ask::get(waiting.as_str())).expect(200);
}

#[test]
fn an_enforcing_provider_leaves_no_password() {
    let (app, acme) = world();
    let (id, _) = joined(&app, &acme, "ann@acme.com");
    app.ask(login("ann@acme.com", SECRET)).expect(303);
    app.force("UPDATE providers SET enforced = 1");
    app.ask(login("ann@acme.com", SECRET)).expect(403);
    let problem = link(&app, &acme, &id, "reset").expect(409).json();
    assert!(problem["detail"].as_str().unwrap().contains("enforced"));
    let mine = Browser::new(&app);
    drop(mine);
    let cookie = app.session(&id);
    let body = json!({ "current": SECRET, "new": OTHER });
    app.ask(
        Ask::new("POST", "/api/v1/account/password")
            .json(&body)
            .with(&cookie),
    )
    .expect(409);
    app.force("UPDATE providers SET enforced = 0");
    app.ask(login("ann@acme.com", SECRET)).expect(303);
}

#[test]
fn whom_an_identity_provider_takes_over_loses_the_password() {
    let (app, acme) = world();
    // By a push: Okta finds the userName and replaces what is there.
    let (pushed, mut browser) = joined(&app, &acme, "ann@acme.com");
    let reset = path_of(&link(&app, &acme, &pushed, "reset").expect(201).json());
    app.scim(&acme, "POST", "/Users", &crate::app::user("ann@acme.com"))
        .expect(409);
    app.ask(login("ann@acme.com", SECRET)).expect(303);
    let path = format!("/Users/{pushed}");
    let seen = app
        .scim(&acme, "GET", &path, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(seen["userName"], "ann@acme.com");
    assert_eq!(seen["emails"][0]["value"], "ann@acme.com");
    app.scim(&acme, "PUT", &path, &crate::app::user("ann@acme.com"))
        .expect(200);
    assert!(browser.session().is_none());
    app.ask(login("ann@acme.com", SECRET)).expect(403);
    app.ask(Ask::get(reset.as_str())).expect(404);
    // By a sign-in that the provider vouches for.
    let (linked, mut browser) = joined(&app, &acme, "bob@acme.com");
    let mut vouched = Browser::new(&app);
    vouched.sign_in(&acme, "bob@acme.com");
    assert_eq!(vouched.session().unwrap()["user"]["id"], linked);
    assert!(browser.session().is_none());
    app.ask(login("bob@acme.com", SECRET)).expect(403);
}

#[test]
fn one_address_means_one_person() {
    let (app, acme) = world();
    app.tenant("other", "other.com");
    let users = |slug: &str| format!("/api/v1/organizations/{slug}/users");
    let invite = |slug: &str, body: Value| app.as_operator("POST", &users(slug), &body);
    invite("acme", json!({ "email": "ann@local.example" })).expect(201);
    for (slug, body, field) in [
        ("acme", json!({ "email": "ANN@local.example" }), "email"),
        ("other", json!({ "email": "ann@local.example" }), "email"),
        (
            "other",
            json!({ "email": "x@local.example", "userName": "ann@LOCAL.example" }),
            "email",
        ),
        ("acme", json!({ "email": "eve@other.com" }), "email"),
        (
            "acme",
            json!({ "email": "y@local.example", "userName": "eve@other.com" }),
            "email",
        ),
    ] {
        let problem = invite(slug, body.clone()).expect(409).json();
        assert_eq!(problem["field"], field, "{body}");
    }
    app.push_user(&acme, "pushed@acme.com");
    let problem = invite(
        "acme",
        json!({ "email": "z@local.example", "userName": "pushed@acme.com" }),
    );
    assert_eq!(problem.expect(409).json()["field"], "userName");
    // Moving an address obeys the same.
    let (bob, _) = joined(&app, &acme, "bob@local.example");
    let path = format!("{}/users/{bob}", acme.base);
    app.as_operator("PATCH", &path, &json!({ "email": "ann@local.example" }))
        .expect(409);
    let moved = json!({ "email": "robert@local.example", "displayName": "Robert" });
    let view = app.as_operator("PATCH", &path, &moved).expect(200).json();
    assert_eq!(
        (&view["email"], &view["displayName"]),
        (&moved["email"], &moved["displayName"])
    );
    for name in ["bob@local.example", "robert@local.example"] {
        app.ask(login(name, SECRET)).expect(303);
    }
    let seen = app
        .scim(&acme, "GET", &format!("/Users/{bob}"), &Value::Null)
        .expect(200)
        .json();
    assert_eq!(seen["emails"][0]["value"], "robert@local.example");
    assert_eq!(seen["displayName"], "Robert");
}

#[test]
fn editors_invite_up_to_editors() {
    let (app, acme) = world();
    let editor = app.person(&acme, "editor").1;
    let admin = app.person(&acme, "admin").1;
    let users = format!("{}/users", acme.base);
    let ask = |cookie: &str, method: &str, path: &str, body: Value| {
        app.ask(Ask::new(method, path).json(&body).with(cookie))
    };
    let as_admin = json!({ "email": "a@local.example", "level": "admin" });
    ask(&editor, "POST", &users, as_admin.clone()).expect(403);
    let boss = ask(&admin, "POST", &users, as_admin).expect(201).json();
    let made = ask(
        &editor,
        "POST",
        &users,
        json!({ "email": "b@local.example", "level": "editor" }),
    )
    .expect(201)
    .json();
    let own = format!("{users}/{}", made["id"].as_str().unwrap());
    let boss = format!("{users}/{}", boss["id"].as_str().unwrap());
    ask(&editor, "PATCH", &own, json!({ "level": "admin" })).expect(403);
    let lower = ask(&editor, "PATCH", &own, json!({ "level": "runner" }))
        .expect(200)
        .json();
    assert_eq!(
        lower["levels"],
        json!([{ "level": "runner", "from": "direct" }])
    );
    // Nothing of an admin is an editor's to change, least of all the way in.
    for (method, path, body) in [
        ("PATCH", boss.clone(), json!({ "level": "viewer" })),
        ("PATCH", boss.clone(), json!({ "active": false })),
        (
            "PATCH",
            boss.clone(),
            json!({ "email": "mine@local.example" }),
        ),
        (
            "POST",
            format!("{boss}/invitations"),
            json!({ "kind": "join" }),
        ),
        ("DELETE", format!("{boss}/second-factor"), json!({})),
        ("DELETE", own.clone(), json!({})),
    ] {
        ask(&editor, method, &path, body).expect(403);
    }
    let raised = ask(&admin, "PATCH", &own, json!({ "level": "admin" }))
        .expect(200)
        .json();
    assert_eq!(raised["level"], "admin");
    let none = ask(&admin, "PATCH", &own, json!({ "level": null }))
        .expect(200)
        .json();
    assert_eq!(none["levels"], json!([]));
    ask(&admin, "DELETE", &own, json!({})).expect(204);
}

#[test]
fn the_own_account() {
    let (app, acme) = world();
    let (id, mut browser) = joined(&app, &acme, "ann@local.example");
    let mut second = Browser::new(&app);
    second.send(login("ann@local.example", SECRET)).expect(303);
    let foreign = app.session(&app.push_user(&acme, "pushed@acme.com"));

    let sessions = browser.get("/api/v1/account/sessions").expect(200).json();
    assert_eq!(sessions["total"], 2);
    let items = sessions["items"].as_array().unwrap();
    assert_eq!(items.iter().filter(|s| s["current"] == true).count(), 1);
    let other = items.iter().find(|s| s["current"] == false).unwrap();
    assert_eq!(other["method"], "password");
    let path = format!("/api/v1/account/sessions/{}", other["id"].as_str().unwrap());
    app.ask(Ask::new("DELETE", path.as_str()).with(&foreign))
        .expect(404);
    assert!(second.session().is_some());
    browser.send(Ask::new("DELETE", path.as_str())).expect(204);
    assert!(second.session().is_none() && browser.session().is_some());
    second.send(login("ann@local.example", SECRET)).expect(303);
    browser
        .send(Ask::new("DELETE", "/api/v1/account/sessions"))
        .expect(204);
    assert!(second.session().is_none() && browser.session().is_some());
    assert!(app.who(&foreign).is_some());

    let named = Ask::new("PATCH", "/api/v1/account").json(&json!({ "displayName": "Ann" }));
    assert_eq!(browser.send(named).expect(200).json()["displayName"], "Ann");

    let set = |current: &str, new: &str| {
        Ask::new("POST", "/api/v1/account/password")
            .json(&json!({ "current": current, "new": new }))
    };
    for (current, new, field) in [
        ("wrong", OTHER, "current"),
        (SECRET, "password1234", "new"),
        (SECRET, "short", "new"),
    ] {
        let problem = browser.send(set(current, new)).expect(400).json();
        assert_eq!(problem["field"], field, "{problem}");
    }
    second.send(login("ann@local.example", SECRET)).expect(303);
    browser.send(set(SECRET, OTHER)).expect(204);
    assert!(second.session().is_none(), "the other sessions ended");
    assert!(browser.session().is_some(), "this one goes on");
    app.ask(login("ann@local.example", SECRET)).expect(403);
    app.ask(login("ann@local.example", OTHER)).expect(303);

    // The second factor goes with the password or a code, and with nothing else.
    let factor = "/api/v1/account/second-factor";
    let offer = browser.send(Ask::new("POST", factor)).expect(200).json();
    let secret = offer["secret"].as_str().unwrap();
    let body = json!({ "code": totp(secret) });
    browser
        .send(Ask::new("POST", format!("{factor}/confirm")).json(&body))
        .expect(200);
    browser.send(Ask::new("POST", factor)).expect(409);
    let remove = |body: Value| Ask::new("DELETE", factor).json(&body);
    for (body, field) in [
        (json!({}), "password"),
        (json!({ "password": "wrong" }), "password"),
        (json!({ "code": "000000" }), "code"),
    ] {
        assert_eq!(
            browser.send(remove(body)).expect(400).json()["field"],
            field
        );
    }
    browser
        .send(remove(json!({ "password": OTHER })))
        .expect(204);
    browser
        .send(remove(json!({ "password": OTHER })))
        .expect(404);
    // Guessing at the own password waits like everywhere.
    let waits = (0..8).any(|_| browser.send(set("wrong", SECRET)).status == 429);
    assert!(waits);
    assert_eq!(
        app.sql("SELECT count(*) FROM users WHERE origin = 'local'"),
        1
    );
    assert!(!id.is_empty());
}
