//! The response behind a sign-in: kept sealed, read by the organization's admins alone, verified
//! again later, and told to support with nobody in it.

use std::process::Output;

use data_encoding::BASE64;
use portcullis::demo::identity_provider::{Cipher, Encryption, ResponseSpec};
use portcullis::saml::certificate::Certificate;
use serde_json::{Value, json};

use crate::app::{PUBLIC, Tenant, TestApp};
use crate::browser::Browser;
use crate::cli::executable;
use crate::http::{Answer, Ask};
use crate::saml::fixture::{IDP, IMPOSTOR};

const NOTHING: Value = Value::Null;

/// An appliance whose command line knows its public address.
fn acme() -> (TestApp, Tenant) {
    let (app, acme) = TestApp::acme();
    app.force(&format!(
        "INSERT INTO settings (name, value) VALUES ('public_url', '{PUBLIC}')"
    ));
    (app, acme)
}

/// Signs in with a response that is changed by `change`; the answer and the XML that was posted.
fn sign_in(
    app: &TestApp,
    acme: &Tenant,
    change: impl FnOnce(&mut ResponseSpec<'_>),
) -> (Answer, String) {
    let mut browser = Browser::new(app);
    let started = browser.start(acme);
    let mut spec = started.spec("ann.marker@acme.com");
    change(&mut spec);
    let xml = IDP.issue(&spec).unwrap();
    let answer = browser.post(&started.request.acs_url, &xml, Some(&started.relay_state));
    (answer, xml)
}

fn newest(app: &TestApp, acme: &Tenant) -> Value {
    let reference = app.newest_trace(acme)["reference"].clone();
    let path = format!("{}/traces/{}", acme.base, reference.as_str().unwrap());
    app.as_operator("GET", &path, &NOTHING).expect(200).json()
}

fn reference(app: &TestApp, acme: &Tenant) -> String {
    newest(app, acme)["reference"].as_str().unwrap().to_owned()
}

fn ask(app: &TestApp, acme: &Tenant, method: &str, what: &str) -> Answer {
    let path = format!("{}/traces/{}/{what}", acme.base, reference(app, acme));
    app.as_operator(method, &path, &NOTHING)
}

/// The row of a check in a replay.
fn row<'v>(replay: &'v Value, check: &str) -> &'v Value {
    let rows = replay["checks"].as_array().unwrap();
    let found = rows.iter().find(|row| row["check"] == check);
    found.unwrap_or_else(|| panic!("no {check} in {replay}"))
}

fn run(app: &TestApp, arguments: &[&str]) -> Output {
    std::process::Command::new(executable())
        .args(arguments)
        .arg("--data")
        .arg(app.file())
        .env_clear()
        .output()
        .unwrap()
}

fn audited(app: &TestApp, action: &str) -> i64 {
    let query = format!(
        "SELECT CAST(count(*) AS TEXT) FROM audit WHERE action = '{action}'
         AND target_kind = 'trace' AND organization_id IS NOT NULL"
    );
    app.text(&query).parse().unwrap()
}

/// The certificate that our metadata offers for encryption; a test is over before it matters that
/// it is never given back.
fn encryption_certificate(app: &TestApp, tenant: &Tenant) -> &'static [u8] {
    let path = format!("/saml/{}/metadata", tenant.provider);
    let xml = app.ask(Ask::get(path)).expect(200).text();
    let (_, rest) = xml.split_once("use=\"encryption\"").unwrap();
    let (_, rest) = rest.split_once("X509Certificate>").unwrap();
    let (base64, _) = rest.split_once('<').unwrap();
    let certificate = Certificate::parse(base64.as_bytes()).unwrap();
    Box::leak(certificate.der.into_boxed_slice())
}

#[test]
fn what_came_is_kept_sealed_for_the_admins_alone() {
    let (app, acme) = acme();
    let other = app.tenant("other", "other.com");
    let certificate = encryption_certificate(&app, &acme);
    for encrypted in [false, true] {
        for good in [true, false] {
            let (answer, xml) = sign_in(&app, &acme, |spec| {
                if !good {
                    spec.audience = "https://elsewhere";
                }
                spec.encryption = encrypted.then_some(Encryption {
                    certificate,
                    cipher: Cipher::Aes256Gcm,
                });
            });
            answer.expect(if good { 303 } else { 403 });
            assert_eq!(newest(&app, &acme)["document"]["bytes"], xml.len());
            let read = ask(&app, &acme, "GET", "document").expect(200).json();
            // As it was received, encrypted where it was.
            assert_eq!(read["document"], xml);
            assert_eq!(read["form"], "xml");
        }
    }
    assert_eq!(audited(&app, "trace.document-read"), 4);
    let plain = "SELECT CAST(count(*) AS TEXT) FROM trace_documents
                 WHERE instr(CAST(sealed AS TEXT), 'Response') > 0";
    assert_eq!(app.text(plain), "0");

    let reference = reference(&app, &acme);
    let path = format!("{}/traces/{reference}/document", acme.base);
    for (level, status) in [
        ("viewer", 403),
        ("runner", 403),
        ("editor", 403),
        ("admin", 200),
    ] {
        let (_, cookie) = app.person(&acme, level);
        app.ask(Ask::get(&path).with(&cookie)).expect(status);
    }
    let (_, theirs) = app.person(&other, "admin");
    app.ask(Ask::get(&path).with(&theirs)).expect(404);
    let elsewhere = format!("{}/traces/{reference}", other.base);
    for (method, what) in [("GET", "document"), ("GET", "bundle"), ("POST", "replay")] {
        let ask = Ask::new(method, format!("{elsewhere}/{what}")).with(&theirs);
        app.ask(ask).expect(404);
    }
    assert_eq!(audited(&app, "trace.document-read"), 5);
}

#[test]
fn what_is_no_xml_is_kept_as_it_came() {
    let (app, acme) = acme();
    let mut browser = Browser::new(&app);
    let path = format!("/saml/{}/acs", acme.provider);
    let form = [("SAMLResponse", "<html>an error page</html>")];
    browser.send(Ask::new("POST", path).form(&form)).expect(403);
    let read = ask(&app, &acme, "GET", "document").expect(200).json();
    assert_eq!(
        (&read["form"], &read["document"]),
        (&json!("value"), &json!("<html>an error page</html>"))
    );
    let bundle = ask(&app, &acme, "GET", "bundle").expect(200).json();
    assert!(bundle["document"]["left_out"].is_string(), "{bundle}");
}

#[test]
fn an_organization_that_wants_none_has_none() {
    let (app, acme) = acme();
    sign_in(&app, &acme, |_| {}).0.expect(303);
    assert!(newest(&app, &acme)["document"].is_object());
    let changed = app
        .as_operator("PATCH", &acme.base, &json!({ "keep_documents": false }))
        .expect(200)
        .json();
    assert_eq!(changed["keep_documents"], false);
    assert!(newest(&app, &acme)["document"].is_null(), "forgotten");
    sign_in(&app, &acme, |_| {}).0.expect(303);
    sign_in(&app, &acme, |spec| spec.audience = "https://elsewhere")
        .0
        .expect(403);
    assert_eq!(app.sql("SELECT count(*) FROM trace_documents"), 0);
    for (method, what) in [("GET", "document"), ("POST", "replay")] {
        let answer = ask(&app, &acme, method, what).expect(404).json();
        assert!(answer["code"] == "document-not-kept", "{answer}");
    }
    assert_eq!(audited(&app, "trace.document-read"), 0);
    // A bundle needs none.
    let bundle = ask(&app, &acme, "GET", "bundle").expect(200).json();
    assert_eq!(bundle["document"], NOTHING);
    let shown = app.portcullis(&["org", "set", "acme", "--keep-documents", "true"]);
    assert_eq!(shown["keep_documents"], true);
    sign_in(&app, &acme, |_| {}).0.expect(303);
    assert!(newest(&app, &acme)["document"].is_object());
}

#[test]
fn one_address_does_not_fill_the_room_of_refusals() {
    let (app, acme) = acme();
    for _ in 0..25 {
        sign_in(&app, &acme, |spec| spec.audience = "https://elsewhere")
            .0
            .expect(403);
    }
    assert_eq!(
        app.sql("SELECT count(*) FROM traces WHERE kind = 'saml'"),
        25
    );
    assert_eq!(app.sql("SELECT count(*) FROM trace_documents"), 20);
}

#[test]
fn a_replay_says_what_a_change_has_done() {
    let (app, acme) = acme();
    sign_in(&app, &acme, |spec| {
        spec.name_id = "ann.marker@branch.example";
        spec.attributes.clear();
    })
    .0
    .expect(403);
    let before = app.contents();
    let replay = ask(&app, &acme, "POST", "replay").expect(200).json();
    assert_eq!(replay["verdict"], "refused");
    assert_eq!(replay["after"]["code"], "email-domain");
    assert_eq!(row(&replay, "email-domain")["change"], "same");
    assert_eq!(row(&replay, "in-response-to")["change"], "not-repeated");
    assert!(!replay["fix"].as_str().unwrap().is_empty());

    app.set_provider(&acme, &json!({ "domains": ["acme.com", "branch.example"] }));
    let replay = ask(&app, &acme, "POST", "replay").expect(200).json();
    assert_eq!(replay["verdict"], "accepted");
    assert_eq!(
        (&replay["before"]["code"], &replay["after"]["code"]),
        (&json!("email-domain"), &json!("ok"))
    );
    let domain = row(&replay, "email-domain");
    assert_eq!(domain["change"], "passes-now");
    assert_eq!(
        (&domain["before"]["passed"], &domain["after"]["passed"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(row(&replay, "user")["change"], "reached-now");
    assert!(
        row(&replay, "user")["after"]["got"]
            .as_str()
            .unwrap()
            .contains("would be made")
    );

    // Nobody came of it: nothing but the domain and the settings is other than before.
    app.set_provider(&acme, &json!({ "domains": ["acme.com"] }));
    assert_eq!(app.contents(), before);
    assert_eq!(
        app.sql("SELECT count(*) FROM traces WHERE kind = 'saml'"),
        1
    );
    assert_eq!(audited(&app, "trace.replayed"), 2);
}

#[test]
fn a_replay_finds_what_would_stop_a_sign_in_that_worked() {
    let (app, acme) = acme();
    sign_in(&app, &acme, |_| {}).0.expect(303);
    let replay = || ask(&app, &acme, "POST", "replay").expect(200).json();
    let same = replay();
    assert_eq!(same["verdict"], "accepted", "{same}");
    assert_eq!(row(&same, "user")["change"], "same");
    assert!(
        same["checks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["change"] == "same" || row["change"] == "not-repeated"),
        "{same}"
    );

    // The certificate goes.
    app.trust_only(&acme, &IMPOSTOR);
    let stopped = replay();
    assert_eq!(stopped["verdict"], "refused");
    assert_eq!(row(&stopped, "signature")["change"], "fails-now");
    assert_eq!(row(&stopped, "audience")["change"], "not-reached");
    app.set_provider(&acme, &json!({ "metadata_xml": IDP.metadata() }));
    assert_eq!(replay()["verdict"], "accepted");

    // The user is switched off.
    app.force("UPDATE users SET active = 0, active_shown = 0");
    let stopped = replay();
    assert_eq!(stopped["after"]["code"], "user-inactive");
    assert_eq!(row(&stopped, "user")["change"], "fails-now");
    app.force("UPDATE users SET active = 1, active_shown = 1");

    // The clock is the one of then; had it been another, this would have expired.
    app.force("UPDATE traces SET at = at + 864000000");
    assert_eq!(
        row(&replay(), "subject-confirmation")["change"],
        "fails-now"
    );
    app.force("UPDATE traces SET at = at - 864000000");

    app.set_provider(&acme, &json!({ "state": "disabled" }));
    let stopped = replay();
    assert_eq!(stopped["after"]["code"], "provider-not-active");
}

#[test]
fn what_is_true_once_is_left_undecided() {
    let (app, acme) = acme();
    let mut browser = Browser::new(&app);
    let started = browser.start(&acme);
    let xml = IDP.issue(&started.spec("ann.marker@acme.com")).unwrap();
    // Another browser brings it.
    let mut other = Browser::new(&app);
    other
        .post(&started.request.acs_url, &xml, Some(&started.relay_state))
        .expect(403);
    let replay = ask(&app, &acme, "POST", "replay").expect(200).json();
    assert_eq!(replay["verdict"], "undecided", "{replay}");
    assert_eq!(replay["after"]["code"], "in-response-to-unknown");
    assert_eq!(row(&replay, "in-response-to")["change"], "not-repeated");
    assert_eq!(replay["not_repeated"].as_array().unwrap().len(), 6);
    let reference = reference(&app, &acme);
    let output = run(&app, &["trace", "replay", &reference]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_command_line_reads_bundles_and_replays() {
    let (app, acme) = acme();
    let (_, xml) = sign_in(&app, &acme, |spec| spec.audience = "https://elsewhere");
    let reference = reference(&app, &acme);
    let text = |output: &Output| String::from_utf8(output.stdout.clone()).unwrap();

    let raw = run(&app, &["trace", "show", &reference, "--raw"]);
    assert!(raw.status.success());
    assert_eq!(text(&raw).trim_end(), xml);
    let shown = text(&run(&app, &["trace", "show", &reference]));
    assert!(shown.contains("kept sealed"), "{shown}");
    assert!(
        shown.contains("✗ Audience (audience-mismatch): https://elsewhere"),
        "{shown}"
    );

    let refused = run(&app, &["trace", "replay", &reference]);
    assert_eq!(refused.status.code(), Some(1));
    let told = text(&refused);
    assert!(
        told.contains("audience") && told.contains("Not repeated"),
        "{told}"
    );
    let json: Value = {
        let output = run(&app, &["trace", "replay", &reference, "--json"]);
        assert_eq!(output.status.code(), Some(1));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!(json["verdict"], "refused");

    sign_in(&app, &acme, |_| {}).0.expect(303);
    let good = self::reference(&app, &acme);
    let accepted = app.portcullis(&["trace", "replay", &good]);
    assert_eq!(accepted["verdict"], "accepted");

    let file = app.file().with_file_name("bundle.json");
    let made = run(
        &app,
        &["trace", "bundle", &reference, "-o", file.to_str().unwrap()],
    );
    assert!(made.status.success());
    let bundle: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(bundle["trace"]["reference"], reference);
    assert_eq!(audited(&app, "trace.bundled"), 1);
    let none = run(&app, &["trace", "show", "0000-0000", "--raw"]);
    assert_eq!(none.status.code(), Some(1));
}

#[test]
fn nobody_is_in_a_bundle() {
    let (app, acme) = acme();
    let certificate = encryption_certificate(&app, &acme);
    let words = [
        "annmarker",
        "acme.com",
        "zebra",
        "wolpertinger",
        "platypus",
        "secretgroup",
        "kumquat",
    ];
    let mut tried = 0;
    let mut try_one = |app: &TestApp, change: &dyn Fn(&mut ResponseSpec<'_>)| {
        sign_in(app, &acme, |spec| {
            spec.name_id = "AnnMarker@acme.com";
            spec.attributes = vec![
                ("email", vec!["annmarker@acme.com"]),
                ("firstName", vec!["Zebra"]),
                ("lastName", vec!["Wolpertinger & <Sons>"]),
                ("displayName", vec!["Zebra Wolpertinger"]),
                ("groups", vec!["secretgroup", "Secretgroup Admins"]),
                ("phone", vec!["platypus"]),
            ];
            change(spec);
        });
        let bundle = ask(app, &acme, "GET", "bundle").expect(200).json();
        let text = bundle.to_string().to_lowercase();
        for word in words {
            assert!(!text.contains(word), "{word} in {bundle:#}");
        }
        // Neither keys nor signatures.
        let xml = bundle["document"]["redacted"].as_str().unwrap();
        assert!(xml.contains("SignatureValue>xxxx"), "{xml}");
        assert!(!text.contains(&BASE64.encode(IDP.certificate())[..40].to_lowercase()));
        tried += 1;
        bundle
    };
    let accepted = try_one(&app, &|_| {});
    let checks = accepted["trace"]["detail"]["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| {
        check["code"] == "audience"
            && check["got"]
                .as_str()
                .is_some_and(|got| got.contains(PUBLIC))
    }));
    assert!(
        checks
            .iter()
            .all(|check| check["code"] != "name-id" || check["got"].is_null())
    );
    let xml = accepted["document"]["redacted"].as_str().unwrap();
    for kept in [
        "rsa-sha256",
        "InResponseTo=\"",
        "NotOnOrAfter=\"20",
        "<saml2:Audience>https://door.test/",
        "Name=\"firstName\"",
        ">xxxxxxxxx@xxxx.xxx<",
    ] {
        let kept = kept.replace("saml2:", prefix_of(xml));
        assert!(xml.contains(&kept), "{kept} in {xml}");
    }
    assert_eq!(accepted["provider"]["kind"], "okta");
    assert_eq!(
        accepted["provider"]["acs_url"],
        format!("{PUBLIC}/saml/{}/acs", acme.provider)
    );

    // Whatever fails, and wherever the sender puts somebody's name.
    try_one(&app, &|spec| spec.audience = "annmarker@acme.com");
    try_one(&app, &|spec| spec.audience = "https://x/annmarker/y");
    try_one(&app, &|spec| spec.audience = "https://x?u=kumquat");
    try_one(&app, &|spec| {
        spec.acs_url = "https://kumquat.example/annmarker@acme.com"
    });
    try_one(&app, &|spec| spec.assertion_id = "annmarker");
    try_one(&app, &|spec| spec.in_response_to = Some("_annmarker"));
    try_one(&app, &|spec| spec.name_id = "annmarker@kumquat.example");
    try_one(&app, &|spec| {
        spec.encryption = Some(Encryption {
            certificate,
            cipher: Cipher::Aes256Gcm,
        });
    });
    app.force("UPDATE users SET active = 0, active_shown = 0");
    try_one(&app, &|_| {});
    assert_eq!(tried, 10);
}

/// The prefix that the document has for assertions.
fn prefix_of(xml: &str) -> &str {
    let (head, _) = xml.split_once("Audience>").unwrap();
    head.rsplit_once('<').unwrap().1
}
