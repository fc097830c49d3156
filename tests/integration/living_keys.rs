//! Keys and metadata that live: certificates that an identity provider changes while people sign
//! in, metadata that is followed, ends that are warned about, and our own keys changed with an
//! overlap.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use portcullis::clock::{self, Timestamp};
use portcullis::demo::identity_provider::{
    Algorithm, Cipher, Encryption, IdentityProvider, ResponseSpec,
};
use portcullis::directory::metadata_poll::{self, Mode, Way};
use portcullis::directory::{DirectoryError, expiry, key_roll, provider};
use portcullis::observe::audit::Author;
use portcullis::saml::certificate::Certificate;
use serde_json::{Value, json};

use crate::app::{Tenant, TestApp};
use crate::browser::Browser;
use crate::http::Ask;
use crate::saml::fixture::{IDP, IMPOSTOR, ISSUER};

const DAY: Duration = Duration::from_secs(86_400);

/// Serves a document that the test may change.
fn published(document: String) -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/metadata", listener.local_addr().unwrap());
    let shared = Arc::new(Mutex::new(document));
    let served = Arc::clone(&shared);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let body = served.lock().unwrap().clone();
            let length = body.len();
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    (url, shared)
}

/// The metadata of one identity provider with the certificates of both.
fn both() -> String {
    let other = IMPOSTOR.metadata();
    let start = other.find("<md:KeyDescriptor").unwrap();
    let end = other.find("</md:KeyDescriptor>").unwrap() + "</md:KeyDescriptor>".len();
    IDP.metadata().replacen(
        "<md:KeyDescriptor",
        &format!("{}<md:KeyDescriptor", &other[start..end]),
        1,
    )
}

fn fingerprint(idp: &IdentityProvider) -> String {
    Certificate::parse(idp.certificate()).unwrap().fingerprint()
}

/// The status with which a response signed by `idp` is answered.
fn sign_in(app: &TestApp, acme: &Tenant, idp: &IdentityProvider) -> u16 {
    let mut browser = Browser::new(app);
    let started = browser.start(acme);
    let xml = idp.issue(&started.spec("ann@acme.com")).unwrap();
    let answer = browser.post(&started.request.acs_url, &xml, Some(&started.relay_state));
    answer.status
}

fn its(acme: &Tenant, path: &str) -> String {
    format!("{}/providers/{}{path}", acme.base, acme.provider)
}

fn take(app: &TestApp, acme: &Tenant, document: &str, now: Timestamp) -> (Vec<String>, bool) {
    let (id, document) = (acme.provider.clone(), document.as_bytes().to_vec());
    app.store
        .write(move |tx| {
            let found = provider::find(tx, &id)?;
            metadata_poll::take(
                tx,
                &found,
                Ok(document),
                Way::Folder,
                &Author::appliance(),
                now,
            )
        })
        .unwrap()
}

fn set(app: &TestApp, acme: &Tenant, mode: Option<Mode>, trust: Option<Certificate>) {
    let (id, by) = (acme.provider.clone(), Author::command_line());
    app.store
        .write(move |tx| {
            let found = provider::find(tx, &id)?;
            let trust = trust.as_ref().map(Some);
            metadata_poll::set(tx, &found, mode, trust, &by, clock::now())
        })
        .unwrap();
}

fn failure(app: &TestApp, acme: &Tenant) -> String {
    let shown = app.as_operator("GET", &its(acme, "/metadata"), &Value::Null);
    let shown = shown.expect(200).json();
    shown["failure"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn nobody_is_locked_out_while_certificates_change() {
    let (app, acme) = TestApp::acme();
    let (url, document) = published(IDP.metadata());
    app.set_provider(&acme, &json!({ "metadata_url": url }));
    assert_eq!(sign_in(&app, &acme, &IDP), 303);
    let refresh = |body: Value| {
        let answer = app.as_operator("POST", &its(&acme, "/metadata/refresh"), &body);
        answer.expect(200).json()
    };

    // The next certificate is published beside the present one; it waits for an admin.
    *document.lock().unwrap() = both();
    let new = fingerprint(&IMPOSTOR);
    let dry = refresh(json!({ "dry_run": true }));
    assert_eq!(dry["differences"][0]["published"], json!(new));
    assert_eq!(app.sql("SELECT count(*) FROM metadata_additions"), json!(0));
    let shown = refresh(json!({}));
    assert_eq!(shown["additions"][0]["fingerprint"], json!(new));
    assert_eq!(sign_in(&app, &acme, &IMPOSTOR), 403);
    assert_eq!(sign_in(&app, &acme, &IDP), 303);
    let findings = app
        .as_operator("GET", "/api/v1/findings", &Value::Null)
        .expect(200)
        .json();
    assert_eq!(findings["items"][0]["code"], "certificate-waiting");
    let told = "SELECT count(*) FROM events WHERE kind = 'provider.certificate-waiting'";
    refresh(json!({}));
    assert_eq!(
        app.text(&told.replace("count(*)", "CAST(count(*) AS TEXT)")),
        "1"
    );

    let word = its(&acme, &format!("/metadata/additions/{new}"));
    app.as_operator("PATCH", &word, &json!({ "state": "accepted" }))
        .expect(200);
    assert_eq!(sign_in(&app, &acme, &IMPOSTOR), 303);

    // The old one is no longer published: it stays until somebody takes it away.
    *document.lock().unwrap() = IMPOSTOR.metadata();
    refresh(json!({}));
    assert_eq!(sign_in(&app, &acme, &IDP), 303);
    let old = its(&acme, &format!("/certificates/{}", fingerprint(&IDP)));
    app.as_operator("DELETE", &old, &Value::Null).expect(204);
    assert_eq!(sign_in(&app, &acme, &IDP), 403);
    assert_eq!(sign_in(&app, &acme, &IMPOSTOR), 303);
    let list = app.as_operator("GET", &its(&acme, "/certificates"), &Value::Null);
    let list = list.expect(200).json();
    assert!(list["items"][0]["last_used_at"].is_string(), "{list}");
    let last = its(&acme, &format!("/certificates/{new}"));
    app.as_operator("DELETE", &last, &Value::Null).expect(409);
    // Automatic is for https alone.
    app.as_operator(
        "PATCH",
        &its(&acme, "/metadata"),
        &json!({ "mode": "automatic" }),
    )
    .expect(409);
}

#[test]
fn a_refused_certificate_is_not_asked_about_again() {
    let (app, acme) = TestApp::acme();
    let now = clock::now();
    assert_eq!(
        take(&app, &acme, &both(), now),
        (vec![fingerprint(&IMPOSTOR)], false)
    );
    let word = its(
        &acme,
        &format!("/metadata/additions/{}", fingerprint(&IMPOSTOR)),
    );
    app.as_operator("PATCH", &word, &json!({ "state": "refused" }))
        .expect(200);
    set(&app, &acme, Some(Mode::Automatic), None);
    assert_eq!(take(&app, &acme, &both(), now).0, Vec::<String>::new());
    assert_eq!(sign_in(&app, &acme, &IMPOSTOR), 403);
}

#[test]
fn a_document_that_is_not_believed_changes_nothing() {
    let (app, acme) = TestApp::acme();
    set(&app, &acme, Some(Mode::Automatic), None);
    let now = clock::now();
    let elsewhere = both().replace(ISSUER, "http://www.okta.com/other");
    let expired = both().replacen(
        "<md:EntityDescriptor",
        "<md:EntityDescriptor validUntil=\"2020-01-01T00:00:00Z\"",
        1,
    );
    for (document, words) in [
        (elsewhere.as_str(), "another identity provider"),
        (expired.as_str(), "expired"),
        ("<md:EntityDescriptor", "XML"),
        ("", "nothing was given"),
    ] {
        assert_eq!(take(&app, &acme, document, now).0, Vec::<String>::new());
        let failure = failure(&app, &acme);
        assert!(failure.contains(words), "{failure}");
        assert_eq!(sign_in(&app, &acme, &IDP), 303);
        assert_eq!(sign_in(&app, &acme, &IMPOSTOR), 403);
    }
    let findings = app
        .as_operator("GET", "/api/v1/findings", &Value::Null)
        .expect(200)
        .json();
    assert_eq!(findings["items"][0]["code"], "metadata-unusable");

    // A good one is pinned without a question.
    assert_eq!(
        take(&app, &acme, &both(), now),
        (vec![fingerprint(&IMPOSTOR)], true)
    );
    assert_eq!(failure(&app, &acme), "");
    assert_eq!(sign_in(&app, &acme, &IMPOSTOR), 303);
}

/// The document signed by `signer`, as a whole.
fn signed(document: &str, signer: &IdentityProvider) -> String {
    let template = signer.signature_template("m1", Algorithm::Sha256);
    let with_id = document.replacen("<md:EntityDescriptor", "<md:EntityDescriptor ID=\"m1\"", 1);
    let at = with_id.find("<md:IDPSSODescriptor").unwrap();
    let (head, rest) = with_id.split_at(at);
    signer.sign(format!("{head}{template}{rest}")).unwrap()
}

#[test]
fn a_pinned_key_must_have_signed_the_metadata() {
    let (app, acme) = TestApp::acme();
    let trust = Certificate::parse(IDP.certificate()).unwrap();
    set(&app, &acme, Some(Mode::Automatic), Some(trust));
    let now = clock::now();
    let good = signed(&both(), &IDP);
    let changed = good.replacen(
        "WantAuthnRequestsSigned=\"false\"",
        "WantAuthnRequestsSigned=\"true\"",
        1,
    );
    assert_ne!(changed, good);
    // A signature that holds, below another root.
    let wrapped = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}</md:EntitiesDescriptor>",
        good.split_once("?>")
            .map_or(good.as_str(), |(_, rest)| rest)
    );
    for document in [both(), signed(&both(), &IMPOSTOR), changed, wrapped] {
        assert_eq!(take(&app, &acme, &document, now).0, Vec::<String>::new());
        let failure = failure(&app, &acme);
        assert!(failure.contains("not signed with the key"), "{failure}");
    }
    assert_eq!(sign_in(&app, &acme, &IMPOSTOR), 403);
    assert_eq!(
        take(&app, &acme, &good, now).0,
        vec![fingerprint(&IMPOSTOR)],
        "{}",
        failure(&app, &acme)
    );
    assert_eq!(sign_in(&app, &acme, &IMPOSTOR), 303);
}

#[test]
fn a_pinned_key_must_have_signed_the_metadata_that_somebody_enters() {
    let (app, acme) = TestApp::acme();
    let trust = Certificate::parse(IDP.certificate()).unwrap();
    set(&app, &acme, None, Some(trust));
    let good = signed(&both(), &IDP);
    let (url, document) = published(both());
    let file = app.file().with_file_name("entered.xml");
    let file = file.to_str().unwrap();
    let by_api = |body: Value| app.as_operator("PATCH", &its(&acme, ""), &body);
    let by_command = |option: &str, value: &str| {
        std::process::Command::new(crate::cli::executable())
            .args(["provider", "set", &acme.provider, option, value, "--json"])
            .arg("--data")
            .arg(app.file())
            .env_clear()
            .output()
            .unwrap()
    };
    let off = format!(
        "provider metadata set {} --no-metadata-certificate",
        acme.provider
    );
    for refused in [both(), signed(&both(), &IMPOSTOR)] {
        for (field, value) in [("metadata_xml", &refused), ("metadata_url", &url)] {
            document.lock().unwrap().clone_from(&refused);
            let problem = by_api(json!({ field: value })).expect(400).json();
            assert_eq!(problem["field"], field, "{problem}");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("not signed with the key"), "{detail}");
            assert!(detail.contains(&off), "{detail}");
        }
        std::fs::write(file, &refused).unwrap();
        for (option, value) in [("--metadata-file", file), ("--metadata-url", url.as_str())] {
            let output = by_command(option, value);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{said}");
            assert!(said.contains(option) && said.contains(&off), "{said}");
        }
    }
    assert_eq!(sign_in(&app, &acme, &IMPOSTOR), 403);

    // What the key has signed is taken on every way, and all of it once the key is taken away.
    document.lock().unwrap().clone_from(&good);
    std::fs::write(file, &good).unwrap();
    by_api(json!({ "metadata_xml": good })).expect(200);
    by_api(json!({ "metadata_url": url })).expect(200);
    assert!(by_command("--metadata-file", file).status.success());
    assert!(by_command("--metadata-url", &url).status.success());
    assert_eq!(sign_in(&app, &acme, &IMPOSTOR), 303);
    app.portcullis(&[
        "provider",
        "metadata",
        "set",
        &acme.provider,
        "--no-metadata-certificate",
    ]);
    by_api(json!({ "metadata_xml": both() })).expect(200);
}

#[test]
fn metadata_that_is_entered_again_adds_and_never_removes() {
    let (app, acme) = TestApp::acme();
    let now = clock::now();
    let (old, new) = (fingerprint(&IDP), fingerprint(&IMPOSTOR));
    assert_eq!(sign_in(&app, &acme, &IDP), 303);
    // One that waits for a word has it with the metadata that somebody enters.
    assert_eq!(take(&app, &acme, &both(), now).0, vec![new.clone()]);
    let shown = app.set_provider(&acme, &json!({ "metadata_xml": IMPOSTOR.metadata() }));
    let watch = || {
        let watch = app.as_operator("GET", &its(&acme, "/metadata"), &Value::Null);
        watch.expect(200).json()
    };
    let gone = |fingerprint: &str| json!([{ "what": "certificate", "here": fingerprint, "published": null }]);
    assert_eq!(watch()["additions"], json!([]));
    assert_eq!(watch()["differences"], gone(&old), "no longer published");
    let of = |shown: &Value, fingerprint: &str| {
        let all = shown["certificates"].as_array().unwrap().iter();
        let mut its = all.filter(|it| it["fingerprint"] == fingerprint).cloned();
        its.next().unwrap()
    };
    let (first, second) = (of(&shown, &old), of(&shown, &new));
    assert!(first["last_used_at"].is_string(), "{first}");
    assert_eq!(second["source"], "metadata");
    assert_eq!(sign_in(&app, &acme, &IDP), 303);
    assert_eq!(sign_in(&app, &acme, &IMPOSTOR), 303);

    // What is here keeps where it came from and when it was used, whatever names it again.
    let typed = json!({
        "sso_url": "https://acme.okta.com/sso",
        "issuer": ISSUER,
        "certificate": data_encoding::BASE64.encode(IMPOSTOR.certificate()),
    });
    let shown = app.set_provider(&acme, &typed);
    assert_eq!(of(&shown, &new)["source"], "metadata");
    assert!(of(&shown, &new)["first_used_at"].is_string());
    assert_eq!(watch()["differences"], json!([]), "nothing is published");
    let shown = app.set_provider(&acme, &json!({ "metadata_xml": IDP.metadata() }));
    assert_eq!(watch()["differences"], gone(&new));
    assert!(of(&shown, &new)["last_used_at"].is_string());

    // What isn't wanted any more is taken away by hand.
    let path = its(&acme, &format!("/certificates/{new}"));
    app.as_operator("DELETE", &path, &Value::Null).expect(204);
    assert_eq!(sign_in(&app, &acme, &IMPOSTOR), 403);
}

#[test]
fn each_certificate_that_comes_is_announced() {
    let (app, acme) = TestApp::acme();
    let beta = app.tenant("beta", "beta.com");
    let (_, admin) = app.person(&acme, "admin");
    let (_, foreign) = app.person(&beta, "admin");
    let new = fingerprint(&IMPOSTOR);
    let told = || {
        app.text(&format!(
            "SELECT coalesce(group_concat(data ->> 'by'), '') FROM
                 (SELECT data FROM events WHERE kind = 'provider.certificate-added'
                      AND data ->> 'provider' = '{}' ORDER BY at, id)",
            acme.provider
        ))
    };
    let notices = |cookie: &str| {
        let shown = app.ask(Ask::get("/api/v1/notices").with(cookie));
        let shown = shown.expect(200).json();
        let all = shown["items"].as_array().unwrap().iter();
        let pinned = all.filter(|it| it["kind"] == "certificate-pinned");
        pinned.cloned().collect::<Vec<_>>()
    };
    let remove = || {
        let path = its(&acme, &format!("/certificates/{new}"));
        app.as_operator("DELETE", &path, &Value::Null).expect(204);
    };
    assert_eq!(told(), "metadata");
    let laid = json!({ "certificate": data_encoding::BASE64.encode(IMPOSTOR.certificate()) });
    app.as_operator("POST", &its(&acme, "/certificates"), &laid)
        .expect(201);
    assert_eq!(told(), "metadata,laid-in");
    remove();
    take(&app, &acme, &both(), clock::now());
    assert_eq!(told(), "metadata,laid-in", "it waits");
    let word = its(&acme, &format!("/metadata/additions/{new}"));
    app.as_operator("PATCH", &word, &json!({ "state": "accepted" }))
        .expect(200);
    assert_eq!(told(), "metadata,laid-in,accepted");
    assert_eq!(notices(&admin), Vec::<Value>::new());
    remove();

    // Nobody was asked about this one, so the console says it, to whom it may concern.
    set(&app, &acme, Some(Mode::Automatic), None);
    take(&app, &acme, &both(), clock::now());
    assert_eq!(told(), "metadata,laid-in,accepted,automatic");
    for cookie in [&admin, app.operator()] {
        let shown = notices(cookie);
        assert_eq!(shown.len(), 1);
        assert!(shown[0]["text"].as_str().unwrap().contains(&new));
    }
    assert_eq!(notices(&foreign), Vec::<Value>::new());
    remove();
    assert_eq!(notices(&admin), Vec::<Value>::new());
}

#[test]
fn the_certificate_in_use_counts_and_not_the_last_to_end() {
    let (app, acme) = TestApp::acme();
    let laid = json!({ "certificate": data_encoding::BASE64.encode(IMPOSTOR.certificate()) });
    app.as_operator("POST", &its(&acme, "/certificates"), &laid)
        .expect(201);
    let now = clock::now();
    let ends = |idp: &IdentityProvider, days: u32| {
        app.force(&format!(
            "UPDATE provider_certificates SET not_after = {} WHERE fingerprint = '{}'",
            now.plus(days * DAY).millis(),
            fingerprint(idp)
        ));
    };
    ends(&IDP, 20);
    ends(&IMPOSTOR, 400);
    let left = || {
        let of_provider = |it: &expiry::InUse| it.used_for == expiry::Use::Provider;
        let in_use = app.store.read(|conn| expiry::in_use(conn, now)).unwrap();
        let its: Vec<i64> = in_use
            .iter()
            .filter(|it| of_provider(it))
            .map(|it| it.days_left(now))
            .collect();
        its
    };
    assert_eq!(left(), [400], "without any use");
    assert_eq!(sign_in(&app, &acme, &IDP), 303);
    assert_eq!(left(), [20]);
    assert_eq!(sign_in(&app, &acme, &IMPOSTOR), 303);
    assert_eq!(left(), [400], "the next one has taken over");
}

#[test]
fn each_threshold_is_announced_once() {
    let (app, acme) = TestApp::acme();
    let end = clock::now().plus(400 * DAY);
    app.force(&format!(
        "UPDATE provider_certificates SET not_after = {}",
        end.millis()
    ));
    let announced = |before: Duration| {
        let now = end.minus(before);
        let announced = app
            .store
            .write(move |tx| expiry::announce(tx, now))
            .unwrap();
        announced.iter().map(|(_, days)| *days).collect::<Vec<_>>()
    };
    assert_eq!(announced(61 * DAY), Vec::<i64>::new());
    for days in [60, 30, 14, 3, 0] {
        assert_eq!(announced(days * DAY), [i64::from(days)]);
        assert_eq!(announced(days * DAY), Vec::<i64>::new(), "once");
    }
    let told =
        app.text("SELECT CAST(count(*) AS TEXT) FROM events WHERE kind = 'certificate.expiring'");
    assert_eq!(told, "5");
    // It is past its end, and lets people in all the same.
    app.force("UPDATE provider_certificates SET not_after = 1000");
    assert_eq!(sign_in(&app, &acme, &IDP), 303);
    let findings = app
        .as_operator("GET", "/api/v1/findings", &Value::Null)
        .expect(200)
        .json();
    assert_eq!(findings["items"][0]["code"], "provider-certificate-ending");
    assert_eq!(findings["items"][0]["severity"], "serious");
    let metrics = app
        .as_operator("GET", "/metrics", &Value::Null)
        .expect(200)
        .text();
    let line = format!(
        "portcullis_certificate_days_left{{used_for=\"provider\",id=\"{}\"}} -",
        acme.provider
    );
    assert!(metrics.contains(&line), "{metrics}");
}

/// The certificates of one purpose in our metadata, in their order.
fn offered(app: &TestApp, acme: &Tenant, purpose: &str) -> Vec<Vec<u8>> {
    let path = format!("/saml/{}/metadata", acme.provider);
    let xml = app.ask(Ask::get(path)).expect(200).text();
    let mark = format!("use=\"{purpose}\"");
    let each = xml.split(&mark).skip(1);
    each.map(|rest| {
        let (_, rest) = rest.split_once("X509Certificate>").unwrap();
        let (base64, _) = rest.split_once('<').unwrap();
        Certificate::parse(base64.as_bytes()).unwrap().der
    })
    .collect()
}

#[test]
fn our_own_keys_change_with_an_overlap() {
    let (app, acme) = TestApp::acme();
    let encrypted_to = |certificate: &[u8]| {
        let mut browser = Browser::new(&app);
        let started = browser.start(&acme);
        let spec = ResponseSpec {
            encryption: Some(Encryption {
                certificate,
                cipher: Cipher::Aes256Gcm,
            }),
            ..started.spec("ann@acme.com")
        };
        browser.answer(&started, &spec).status
    };
    let old = offered(&app, &acme, "encryption");
    assert_eq!((old.len(), encrypted_to(&old[0])), (1, 303));

    let roll = |kind| app.as_operator("POST", "/api/v1/keys", &json!({ "kind": kind }));
    let made = roll("saml-encryption").expect(201).json();
    assert!(
        made["steps"][1]
            .as_str()
            .unwrap()
            .contains("Encryption Certificate")
    );
    assert!(!made.to_string().contains("PRIVATE"));
    let now = offered(&app, &acme, "encryption");
    assert_eq!((now.len(), &now[1]), (2, &old[0]), "the new one first");
    assert_eq!((encrypted_to(&old[0]), encrypted_to(&now[0])), (303, 303));
    roll("saml-encryption").expect(409);
    roll("tls-ca").expect(400);

    // The next signing key is known for two weeks before it signs.
    let signing = offered(&app, &acme, "signing");
    let refused = |body: Value, field: &str| {
        let problem = app.as_operator("POST", "/api/v1/keys", &body);
        assert_eq!(problem.expect(400).json()["field"], field, "{body}");
    };
    for (member, wrong) in [
        ("switch_days", json!(366)),
        ("switch_days", json!(-1)),
        ("switch_days", json!("14")),
        ("keep_days", json!(366)),
        ("keep_days", json!(65_537)),
        ("keep_days", json!(1.5)),
    ] {
        refused(json!({ "kind": "saml-signing", member: wrong }), member);
    }
    // An encryption key has no switch.
    let both = json!({ "kind": "saml-encryption", "switch_days": 1 });
    refused(both, "switch_days");
    roll("saml-signing").expect(201);
    let both = offered(&app, &acme, "signing");
    assert_eq!(
        (both.len(), &both[0]),
        (2, &signing[0]),
        "the present one first"
    );

    let retire = |days: u32| {
        let at = clock::now().plus(days * DAY);
        app.store
            .write(move |tx| key_roll::retire_due(tx, at))
            .unwrap()
    };
    assert_eq!(retire(29), 0);
    assert_eq!(retire(31), 1, "the encryption key");
    assert_eq!((encrypted_to(&old[0]), encrypted_to(&now[0])), (403, 303));
    assert_eq!(offered(&app, &acme, "encryption"), [now[0].clone()]);
    assert_eq!(retire(45), 1, "the signing key");
    assert_eq!(offered(&app, &acme, "signing").len(), 1);
}

#[test]
fn how_long_keys_overlap_can_be_chosen() {
    let (app, acme) = TestApp::acme();
    let signing = offered(&app, &acme, "signing");
    let body = json!({ "kind": "saml-signing", "switch_days": 0, "keep_days": 2 });
    let made = app.as_operator("POST", "/api/v1/keys", &body);
    let made = made.expect(201).json();
    let time = |member: &str, state: &str| {
        let all = made["items"].as_array().unwrap().iter();
        let of = |it: &&Value| it["kind"] == "saml-signing" && it["state"] == state;
        let found = all.clone().find(of).unwrap();
        Timestamp::parse(found[member].as_str().unwrap()).unwrap()
    };
    // It signs at once, and the old one stays listed for two days.
    let (begins, retires) = (time("begins_at", "current"), time("retires_at", "old"));
    assert!(begins <= clock::now());
    assert_eq!(retires, begins.plus(2 * DAY));
    assert_ne!(offered(&app, &acme, "signing")[0], signing[0]);
}

#[test]
fn certificates_have_a_bound() {
    let (app, acme) = TestApp::acme();
    let id = acme.provider.clone();
    app.force(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 31)
         INSERT INTO provider_certificates (provider_id, fingerprint, der, source, not_after, created_at)
         SELECT '{id}', 'f' || i, (SELECT der FROM provider_certificates), 'manual', 0, 0 FROM n"
    ));
    let body = json!({ "certificate": data_encoding::BASE64.encode(IMPOSTOR.certificate()) });
    let problem = app.as_operator("POST", &its(&acme, "/certificates"), &body);
    let problem = problem.expect(409).json();
    assert!(
        problem["detail"].as_str().unwrap().contains("at most 32"),
        "{problem}"
    );
    let problem = app.as_operator("PATCH", &its(&acme, ""), &json!({ "metadata_xml": both() }));
    let problem = problem.expect(409).json();
    assert!(
        problem["detail"].as_str().unwrap().contains("at most 32"),
        "{problem}"
    );
    // What is followed is noted all the same, with the reason.
    set(&app, &acme, Some(Mode::Automatic), None);
    assert_eq!(take(&app, &acme, &both(), clock::now()), (vec![], true));
    assert!(failure(&app, &acme).contains("at most 32"));
    let by = Author::command_line();
    let refused = key_roll::roll(
        &app.store,
        key_roll::KINDS[0],
        Some(366),
        None,
        &by,
        clock::now(),
    );
    assert!(matches!(
        refused,
        Err(DirectoryError::Invalid {
            field: "switch_days",
            ..
        })
    ));
}
