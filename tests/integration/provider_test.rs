//! A test of a provider: a whole sign-in is checked, and nobody is let in.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use portcullis::demo::identity_provider::ResponseSpec;
use serde_json::{Value, json};

use crate::app::{PUBLIC, Tenant, TestApp};
use crate::browser::{Browser, Started};
use crate::cli::executable;
use crate::http::Ask;
use crate::saml::fixture::{IDP, IMPOSTOR};

const NOTHING: Value = Value::Null;
const SESSION: &str = "__Host-portcullis";

fn begin(app: &TestApp, acme: &Tenant) -> Value {
    let path = format!("{}/providers/{}/tests", acme.base, acme.provider);
    app.as_operator("POST", &path, &json!({}))
        .expect(201)
        .json()
}

fn progress(app: &TestApp, acme: &Tenant, test: &Value) -> Value {
    let path = format!(
        "{}/providers/{}/tests/{}",
        acme.base,
        acme.provider,
        test["id"].as_str().unwrap()
    );
    app.as_operator("GET", &path, &NOTHING).expect(200).json()
}

fn path_of(test: &Value) -> &str {
    test["url"].as_str().unwrap().strip_prefix(PUBLIC).unwrap()
}

/// What must not change, whatever comes of a test; but that an assertion was used.
fn contents(app: &TestApp) -> String {
    let text = app.contents();
    let (head, rest) = text.split_once("seen_assertions\n").unwrap();
    let (_, tail) = rest.split_once("brakes\n").unwrap();
    format!("{head}{tail}")
}

#[test]
fn a_test_checks_everything_and_lets_nobody_in() {
    let (app, acme) = TestApp::acme();
    let before = contents(&app);
    let test = begin(&app, &acme);
    assert_eq!(progress(&app, &acme, &test)["state"], "waiting");
    let mut browser = Browser::new(&app);
    let started = browser.start_at(path_of(&test));
    assert_eq!(progress(&app, &acme, &test)["state"], "started");
    let page = browser
        .answer(&started, &started.spec("ann@acme.com"))
        .expect(200)
        .text();
    assert!(page.contains("The test passed"), "{page}");
    assert!(browser.cookie(SESSION).is_none());
    assert!(browser.session().is_none());

    let done = progress(&app, &acme, &test);
    assert_eq!(done["state"], "answered");
    assert_eq!(done["trace"]["outcome"], "accepted");
    assert_eq!(done["trace"]["detail"]["test"], test["id"]);
    let checks = done["trace"]["detail"]["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["passed"] == true));
    let last: Vec<_> = checks.iter().rev().take(2).map(|c| &c["code"]).collect();
    assert_eq!(last, ["replay", "user"]);
    assert_eq!(contents(&app), before, "nobody was made");
    assert_eq!(
        app.sql("SELECT count(*) FROM audit WHERE action = 'user.signed-in'"),
        0
    );

    // It is over: neither the link nor the response is good for anything more.
    browser.get(path_of(&test)).expect(410);
    let again = browser.answer(&started, &started.spec("ann@acme.com"));
    again.expect(403);
    assert!(browser.session().is_none());
    // What the test saw is no sign-in to whoever asks the provider.
    let shown = app.portcullis(&["provider", "show", &acme.provider]);
    assert_eq!(shown["last_sign_in_at"], NOTHING);
}

#[test]
fn what_fails_is_told_where_the_test_was_started_only() {
    let (app, acme) = TestApp::acme();
    type Change = fn(&mut ResponseSpec<'_>);
    let changes: [(&str, Change); 3] = [
        ("audience-mismatch", |spec| {
            spec.audience = "https://elsewhere"
        }),
        ("signature-missing", |spec| {
            spec.sign_response = false;
            spec.sign_assertion = false;
        }),
        ("email-domain", |spec| {
            spec.name_id = "ann@elsewhere.example"
        }),
    ];
    for (code, change) in changes {
        let test = begin(&app, &acme);
        let mut browser = Browser::new(&app);
        let started = browser.start_at(path_of(&test));
        let mut spec = started.spec("ann@acme.com");
        if code == "email-domain" {
            spec.attributes.clear();
        }
        change(&mut spec);
        let page = browser.answer(&started, &spec).expect(403).text();
        assert!(
            page.contains("The test failed") && !page.contains(code),
            "{page}"
        );
        let done = progress(&app, &acme, &test);
        assert_eq!(done["trace"]["code"], code);
        assert!(done["trace"]["detail"]["fix"].is_string());
        assert!(page.contains(done["reference"].as_str().unwrap()));
    }
    // Whoever would be refused for their own sake is.
    app.push_user(&acme, "off@acme.com");
    app.force("UPDATE users SET active = 0, active_shown = 0");
    let test = begin(&app, &acme);
    let mut browser = Browser::new(&app);
    let started = browser.start_at(path_of(&test));
    browser
        .answer(&started, &started.spec("off@acme.com"))
        .expect(403);
    assert_eq!(
        progress(&app, &acme, &test)["trace"]["code"],
        "user-inactive"
    );
}

#[test]
fn an_answer_to_a_test_is_good_for_no_sign_in() {
    let (app, acme) = TestApp::acme();
    app.set_provider(&acme, &json!({ "idp_initiated": true }));
    let answered = |browser: &mut Browser<'_>, started: &Started, state: Option<&str>| {
        let xml = IDP.issue(&started.spec("ann@acme.com")).unwrap();
        browser.post(&started.request.acs_url, &xml, state)
    };
    // Without its RelayState, and with that of a sign-in which waits in the same browser.
    for with_other in [false, true] {
        let test = begin(&app, &acme);
        let mut browser = Browser::new(&app);
        let started = browser.start_at(path_of(&test));
        let waits = browser.start(&acme);
        let state = with_other.then_some(waits.relay_state.as_str());
        let page = answered(&mut browser, &started, state).expect(200).text();
        assert!(page.contains("The test passed"), "{page}");
        assert!(browser.cookie(SESSION).is_none());
        // The sign-in that waits is none the worse for it.
        answered(&mut browser, &waits, Some(&waits.relay_state)).expect(303);
        assert!(browser.session().is_some());
    }
    // In another browser it is nobody's.
    let test = begin(&app, &acme);
    let started = Browser::new(&app).start_at(path_of(&test));
    let mut stranger = Browser::new(&app);
    answered(&mut stranger, &started, Some(&started.relay_state)).expect(403);
    assert!(stranger.session().is_none());
    assert_eq!(progress(&app, &acme, &test)["state"], "started");
}

#[test]
fn a_provider_that_is_not_active_can_be_tried() {
    let (app, acme) = TestApp::acme();
    app.set_provider(&acme, &json!({ "state": "disabled" }));
    let mut browser = Browser::new(&app);
    let login = format!("/saml/{}/login", acme.provider);
    browser.get(&login).expect(409);
    let test = begin(&app, &acme);
    let started = browser.start_at(path_of(&test));
    browser
        .answer(&started, &started.spec("ann@acme.com"))
        .expect(200);
    assert!(browser.session().is_none());
    assert_eq!(progress(&app, &acme, &test)["trace"]["outcome"], "accepted");
    browser.get(&login).expect(409);

    // A draft has nowhere to go, and says so before anybody waits.
    let draft = app.draft("acme", "draft.example");
    let path = format!("{}/providers/{draft}/tests", acme.base);
    let refused = app
        .as_operator("POST", &path, &json!({}))
        .expect(409)
        .json();
    assert!(
        refused["detail"].as_str().unwrap().contains("metadata"),
        "{refused}"
    );
}

#[test]
fn a_link_is_of_its_provider_and_ends() {
    let (app, acme) = TestApp::acme();
    let other = app.tenant("other", "other.com");
    let test = begin(&app, &acme);
    let token = path_of(&test).split_once("test=").unwrap().1.to_owned();
    let mut browser = Browser::new(&app);
    browser
        .get(&format!("/saml/{}/login?test={token}", other.provider))
        .expect(410);
    browser
        .get(&format!("/saml/{}/login?test=guessed", acme.provider))
        .expect(410);
    assert_eq!(app.sql("SELECT count(*) FROM sign_in_requests"), 0);
    let kept = app.text("SELECT hex(hash) FROM sign_in_tests");
    assert!(!kept.contains(&token));
    app.force("UPDATE sign_in_tests SET expires_at = 1");
    browser.get(path_of(&test)).expect(410);
    assert_eq!(progress(&app, &acme, &test)["state"], "over");
    // Another organization's admin has no part in it.
    let (_, theirs) = app.person(&other, "admin");
    let id = test["id"].as_str().unwrap();
    let path = format!("{}/providers/{}/tests/{id}", other.base, other.provider);
    app.ask(Ask::get(path).with(&theirs)).expect(404);
}

/// `portcullis provider test` beside the running server.
#[test]
fn the_command_line_waits_for_its_test() {
    let (app, acme) = TestApp::acme();
    app.force(&format!(
        "INSERT INTO settings (name, value) VALUES ('public_url', '{PUBLIC}')"
    ));
    for (good, json) in [(true, true), (false, true), (true, false), (false, false)] {
        let mut command = Command::new(executable());
        command.args([
            "provider",
            "test",
            &acme.provider,
            "--timeout",
            "60",
            "--data",
        ]);
        command.arg(app.file()).env_clear().stdout(Stdio::piped());
        if json {
            command.arg("--json");
        }
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut next = |wanted: &str| loop {
            let line = lines.next().unwrap().unwrap();
            if line.contains(wanted) {
                return line;
            }
        };
        let line = next(PUBLIC);
        let url = match json {
            true => serde_json::from_str::<Value>(&line).unwrap()["url"].clone(),
            false => json!(line.trim()),
        };
        let mut browser = Browser::new(&app);
        let started = browser.start_at(url.as_str().unwrap().strip_prefix(PUBLIC).unwrap());
        next(if json { "\"opened\"" } else { "Opened." });
        let mut spec = started.spec("ann@acme.com");
        if !good {
            spec.audience = "https://elsewhere";
        }
        browser.answer(&started, &spec);
        if json {
            let told: Value = serde_json::from_str(&next("\"answered\"")).unwrap();
            assert_eq!(told["accepted"], good, "{told}");
            assert!(told["checks"].as_array().unwrap().len() > 5);
        } else if good {
            next("✓ Audience");
            next("Every check passed");
        } else {
            next("✗ Audience (audience-mismatch): https://elsewhere (expected: ");
            next("To do:");
        }
        let code = child.wait().unwrap().code();
        assert_eq!(code, Some(i32::from(!good)));
        assert!(browser.session().is_none());
    }
}

#[test]
fn the_command_line_gives_up_in_time() {
    let (app, acme) = TestApp::acme();
    let arguments = [
        "provider",
        "test",
        &acme.provider,
        "--timeout",
        "1",
        "--json",
    ];
    let output = Command::new(executable())
        .args(arguments)
        .arg("--data")
        .arg(app.file())
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.ends_with("{\"event\":\"over\"}\n"), "{said}");
    assert_eq!(app.sql("SELECT count(*) FROM sign_in_tests"), 0);
    // Another identity provider's key is found out by a test as well.
    app.trust_only(&acme, &IMPOSTOR);
    let test = begin(&app, &acme);
    let mut browser = Browser::new(&app);
    let started = browser.start_at(path_of(&test));
    browser
        .answer(&started, &started.spec("ann@acme.com"))
        .expect(403);
    let code = progress(&app, &acme, &test)["trace"]["code"].clone();
    assert!(
        code.as_str().unwrap().starts_with("certificate") || code == "signature-invalid",
        "{code}"
    );
}
