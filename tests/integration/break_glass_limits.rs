//! From where, when and with what a break-glass account opens; and drills, which prove it.

use data_encoding::BASE32_NOPAD;
use portcullis::clock;
use serde_json::{Value, json};

use crate::app::{ACCOUNT, PASSWORD, TestApp};
use crate::cli::Shell;
use crate::http::{Answer, Ask};
use crate::one_time_code;

const ACCOUNTS: &str = "/api/v1/break-glass-accounts";

fn own() -> String {
    format!("{ACCOUNTS}/{}", ACCOUNT.to_uppercase())
}

fn try_in(app: &TestApp, address: &str, fields: &[(&str, &str)]) -> Answer {
    let mut form = vec![("username", ACCOUNT)];
    form.extend(fields);
    let ask = Ask::new("POST", "/break-glass").form(&form);
    app.ask(ask.header("X-Forwarded-For", address))
}

/// Why the newest sign-in was refused, as the trace has it.
fn reason(app: &TestApp) -> Value {
    app.settle();
    app.sql("SELECT code FROM traces WHERE kind = 'break-glass' ORDER BY id DESC LIMIT 1")
}

/// What a refused page says.
fn notice(answer: &Answer) -> String {
    let page = answer.text();
    let (_, notice) = page.split_once("role=\"alert\">").unwrap();
    notice.split('<').next().unwrap().to_owned()
}

#[test]
fn opens_to_its_networks_only_and_says_so_to_nobody() {
    let app = TestApp::start();
    let body = json!({ "networks": ["10.1.2.3/8", "::ffff:192.0.2.0/120", "2001:db8::/32"] });
    let changed = app.as_operator("PATCH", &own(), &body).expect(200).json();
    assert_eq!(
        changed["networks"],
        json!(["10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"])
    );
    // The only account, and we come from 127.0.0.1.
    assert_eq!(changed["warnings"].as_array().unwrap().len(), 2);
    for address in ["10.9.9.9", "192.0.2.1", "::ffff:10.0.0.1", "2001:db8:9::1"] {
        try_in(&app, address, &[("password", PASSWORD)]).expect(303);
    }
    let inside = try_in(&app, "10.0.0.1", &[("password", "wrong")]).expect(403);
    assert_eq!(reason(&app), "wrong-password");
    let outside = try_in(&app, "198.51.100.1", &[("password", PASSWORD)]).expect(403);
    assert_eq!(reason(&app), "network-not-allowed");
    assert_eq!(notice(&inside), notice(&outside));
    // Who guesses from outside waits as anybody does, and keeps nobody inside waiting.
    let mut throttled = 0;
    for number in 1..=20 {
        let address = format!("198.51.100.{number}");
        let answer = try_in(&app, &address, &[("password", PASSWORD)]);
        throttled += usize::from(answer.status == 429);
    }
    assert!(throttled >= 10, "{throttled}");
    try_in(&app, "10.0.0.1", &[("password", PASSWORD)]).expect(303);
    // What can't be read lets nobody in.
    app.force("UPDATE operators SET networks = 'everything'; DELETE FROM throttles");
    try_in(&app, "10.0.0.1", &[("password", PASSWORD)]).expect(403);
}

#[test]
fn an_account_that_needs_arming_opens_for_some_hours() {
    let app = TestApp::start();
    let body = json!({ "needs_arming": true });
    let changed = app.as_operator("PATCH", &own(), &body).expect(200).json();
    assert_eq!(
        (&changed["armed"], &changed["needs_arming"]),
        (&json!(false), &json!(true))
    );
    assert!(
        changed["warnings"][0]
            .as_str()
            .unwrap()
            .contains("break-glass arm")
    );
    try_in(&app, "10.0.0.1", &[("password", PASSWORD)]).expect(403);
    assert_eq!(reason(&app), "not-armed");
    // There is no address to arm at.
    app.as_operator("POST", &format!("{}/arm", own()), &json!({ "hours": 1 }))
        .expect(404);
    let later = clock::now().millis() + 3_600_000;
    app.force(&format!("UPDATE operators SET armed_until = {later}"));
    try_in(&app, "10.0.0.1", &[("password", PASSWORD)]).expect(303);
    app.force("UPDATE operators SET armed_until = armed_until - 3600001");
    try_in(&app, "10.0.0.1", &[("password", PASSWORD)]).expect(403);
    assert_eq!(reason(&app), "not-armed");
}

#[test]
fn a_second_factor_is_asked_for_and_a_right_password_is_not_given_away() {
    let app = TestApp::start();
    let begun = app
        .as_operator("POST", &format!("{}/second-factor", own()), &Value::Null)
        .expect(201)
        .json();
    assert!(
        begun["uri"]
            .as_str()
            .unwrap()
            .starts_with("otpauth://totp/Portcullis:Ada?")
    );
    assert!(begun["qr_svg"].as_str().unwrap().starts_with("<svg"));
    let secret = BASE32_NOPAD
        .decode(begun["secret"].as_str().unwrap().as_bytes())
        .unwrap();
    // Offered only: the password is enough.
    try_in(&app, "10.0.0.1", &[("password", PASSWORD)]).expect(303);
    let step = clock::now().millis() / 30_000;
    let confirm = format!("{}/second-factor/confirm", own());
    let code = one_time_code::at(&secret, step - 1);
    let confirmed = app
        .as_operator("POST", &confirm, &json!({ "code": code }))
        .expect(200)
        .json();
    let recovery = confirmed["recovery_codes"][0].as_str().unwrap();
    let listed = app
        .as_operator("GET", ACCOUNTS, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(listed["items"][0]["second_factor"], true);
    app.as_operator("POST", &format!("{}/second-factor", own()), &Value::Null)
        .expect(409);

    let wrong = try_in(&app, "10.0.0.1", &[("password", "wrong")]).expect(403);
    let without = try_in(&app, "10.0.0.1", &[("password", PASSWORD)]).expect(403);
    assert_eq!(reason(&app), "wrong-code");
    let wrong_code = try_in(&app, "10.0.0.1", &[("password", PASSWORD), ("code", "abc")]);
    assert_eq!(notice(&wrong), notice(&without));
    assert_eq!(notice(&wrong), notice(&wrong_code.expect(403)));
    let code = one_time_code::at(&secret, step);
    let both = [("password", PASSWORD), ("code", code.as_str())];
    try_in(&app, "10.0.0.1", &both).expect(303);
    try_in(&app, "10.0.0.1", &both).expect(403);
    assert_eq!(reason(&app), "wrong-code", "a code counts once");
    try_in(
        &app,
        "10.0.0.1",
        &[("password", PASSWORD), ("code", recovery)],
    )
    .expect(303);
    try_in(
        &app,
        "10.0.0.1",
        &[("password", PASSWORD), ("code", recovery)],
    )
    .expect(403);
    app.settle();
    assert_eq!(
        app.sql("SELECT count(*) FROM audit WHERE action = 'break-glass.code-refused'"),
        4
    );
    app.as_operator("DELETE", &format!("{}/second-factor", own()), &Value::Null)
        .expect(204);
    try_in(&app, "10.0.0.1", &[("password", PASSWORD)]).expect(303);
}

#[test]
fn the_last_account_is_not_disabled_from_afar() {
    let app = TestApp::start();
    let refused = app
        .as_operator("PATCH", &own(), &json!({ "disabled": true }))
        .expect(409);
    assert_eq!(refused.json()["field"], "disabled");
    let made = json!({ "username": "second-door" });
    let made = app.as_operator("POST", ACCOUNTS, &made).expect(201).json();
    assert!(made["password"].as_str().unwrap().len() >= 25);
    let again = json!({ "username": "SECOND-door" });
    let again = app.as_operator("POST", ACCOUNTS, &again).expect(409).json();
    assert_eq!(again["field"], "username");
    let second = format!("{ACCOUNTS}/second-door");
    let off = app
        .as_operator("PATCH", &second, &json!({ "disabled": true }))
        .expect(200);
    assert_eq!(off.json()["state"], "disabled");
    let on = app
        .as_operator("PATCH", &second, &json!({ "disabled": false }))
        .expect(200);
    assert_eq!(on.json()["state"], "enabled");
    app.as_operator(
        "PATCH",
        &format!("{ACCOUNTS}/nobody"),
        &json!({ "disabled": true }),
    )
    .expect(404);
    let listed = app.as_operator("GET", ACCOUNTS, &Value::Null).text();
    assert!(!listed.contains("argon2") && !listed.contains(made["password"].as_str().unwrap()));
}

#[test]
fn the_command_line_limits_arms_and_drills() {
    let shell = Shell::new();
    let file = shell.write("password", PASSWORD);
    shell.json(&[
        "break-glass",
        "create",
        "ada",
        "--password-file",
        &file,
        "--json",
    ]);
    let drill = |more: &[&str]| {
        let mut arguments = vec![
            "break-glass",
            "drill",
            "ADA",
            "--password-file",
            &file,
            "--json",
        ];
        arguments.extend(more);
        let output = shell.run(&arguments);
        let drill: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.success(), drill["passed"] == true);
        drill
    };
    let failed = |drill: &Value| -> Vec<String> {
        let checks = drill["checks"].as_array().unwrap().iter();
        let failed = checks.filter(|check| check["passed"] == false);
        failed
            .map(|check| check["check"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(failed(&drill(&[])), [""; 0]);

    let set = shell.json(&[
        "break-glass",
        "set",
        "ada",
        "--network",
        "10.0.0.0/8,192.0.2.7",
        "--needs-arming",
        "true",
        "--json",
    ]);
    assert_eq!(set["networks"], json!(["10.0.0.0/8", "192.0.2.7/32"]));
    assert_eq!(set["warnings"].as_array().unwrap().len(), 1);
    assert_eq!(
        failed(&drill(&["--from", "198.51.100.1"])),
        ["networks", "armed", "session"]
    );
    for hours in ["0", "73"] {
        shell.fail(&["break-glass", "arm", "ada", "--hours", hours], 2);
    }
    let armed = shell.json(&["break-glass", "arm", "ada", "--hours", "72", "--json"]);
    assert_eq!(armed["armed"], true);
    assert_eq!(failed(&drill(&["--from", "10.1.1.1"])), [""; 0]);
    let closed = shell.json(&["break-glass", "disarm", "ada", "--json"]);
    assert_eq!(
        (&closed["armed"], &closed["armed_until"]),
        (&json!(false), &Value::Null)
    );
    let set = shell.json(&[
        "break-glass",
        "set",
        "ada",
        "--any-network",
        "--needs-arming",
        "false",
        "--json",
    ]);
    assert_eq!(
        (&set["networks"], &set["warnings"]),
        (&json!([]), &json!([]))
    );
    shell.fail(&["break-glass", "arm", "ada", "--hours", "1"], 1);
    shell.fail(&["break-glass", "set", "ada"], 1);
    shell.fail(&["break-glass", "set", "ada", "--network", "office"], 1);
    shell.fail(
        &["break-glass", "drill", "bob", "--password-file", &file],
        1,
    );

    let begun = shell.json(&["break-glass", "second-factor", "begin", "ada", "--json"]);
    let secret = BASE32_NOPAD
        .decode(begun["secret"].as_str().unwrap().as_bytes())
        .unwrap();
    shell.fail(
        &["break-glass", "second-factor", "confirm", "ada", "abc"],
        1,
    );
    let step = clock::now().millis() / 30_000;
    let code = one_time_code::at(&secret, step - 1);
    let codes = shell.json(&[
        "break-glass",
        "second-factor",
        "confirm",
        "ada",
        &code,
        "--json",
    ]);
    let recovery = codes["recovery_codes"][0].as_str().unwrap();
    assert_eq!(failed(&drill(&[])), ["second-factor", "session"]);
    assert_eq!(
        failed(&drill(&["--code", recovery])),
        ["second-factor", "session"]
    );
    assert_eq!(
        failed(&drill(&["--code", &one_time_code::at(&secret, step)])),
        [""; 0]
    );
    shell.json(&["break-glass", "second-factor", "remove", "ada", "--json"]);

    let wrong = shell.write("wrong", "not the password");
    let said = shell.run(&["break-glass", "drill", "ada", "--password-file", &wrong]);
    assert_eq!(said.status.code(), Some(1));
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(
        said.contains("✗ password") && said.contains("✓ enabled"),
        "{said}"
    );
    let drills = shell.json(&["break-glass", "drills", "--json"]);
    let drills = drills["items"].as_array().unwrap();
    assert_eq!(drills.len(), 7);
    assert_eq!(drills[0]["passed"], false);
    assert_eq!(
        drills
            .iter()
            .filter(|drill| drill["passed"] == true)
            .count(),
        3
    );
    let listed = shell.json(&["break-glass", "list", "--json"]);
    assert_eq!(listed["items"][0]["last_drill"]["passed"], false);
}
