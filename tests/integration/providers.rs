//! Setting up a provider: metadata by paste, by address and by hand, and each mistake told in
//! words that name the field.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::app::{Tenant, TestApp};
use crate::browser::Browser;
use crate::saml::fixture::{IDP, IMPOSTOR, ISSUER, SSO};

/// Serves what the function says for a path, as whole raw answers, for as long as the test runs.
fn listener(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n > 0) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            let _ = stream.write_all(&answer(path));
        }
    });
    address
}

/// Counts who connects, and says nothing.
fn knocked() -> (Arc<AtomicU32>, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicU32::new(0));
    let knocks = Arc::clone(&count);
    thread::spawn(move || {
        for _ in listener.incoming() {
            knocks.fetch_add(1, Ordering::Relaxed);
        }
    });
    (count, port)
}

fn ok(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn redirect(to: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    .into_bytes()
}

/// A draft of acme, and what a PATCH of it answers.
struct Draft<'a> {
    app: &'a TestApp,
    path: String,
}

impl<'a> Draft<'a> {
    fn new(app: &'a TestApp, acme: &Tenant, domain: &str) -> Self {
        let id = app.draft(&acme.slug, domain);
        Self {
            app,
            path: format!("{}/providers/{id}", acme.base),
        }
    }

    fn show(&self) -> Value {
        self.app
            .as_operator("GET", &self.path, &Value::Null)
            .expect(200)
            .json()
    }

    #[track_caller]
    fn complete(&self, body: &Value) -> Value {
        self.app
            .as_operator("PATCH", &self.path, body)
            .expect(200)
            .json()
    }

    /// The words for what can't be taken, which names the field and changes nothing.
    #[track_caller]
    fn refuse(&self, body: &Value, field: &str) -> String {
        let before = self.app.contents();
        let problem = self
            .app
            .as_operator("PATCH", &self.path, body)
            .expect(400)
            .json();
        assert_eq!(problem["field"], field, "{problem}");
        assert_eq!(self.app.contents(), before);
        problem["detail"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_draft_becomes_active_by_each_way() {
    let (app, acme) = TestApp::acme();
    let address = listener(|path| match path {
        "/metadata" => ok(&IDP.metadata()),
        "/moved" => redirect("/metadata"),
        _ => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
    });
    let certificate = BASE64.encode(IDP.certificate());
    for (number, body) in [
        json!({ "metadata_xml": IDP.metadata() }),
        json!({ "metadata_url": format!("http://{address}/metadata") }),
        json!({ "metadata_url": format!(" http://localhost:{}/moved ", address.port()) }),
        json!({ "sso_url": SSO, "issuer": ISSUER, "certificate": certificate }),
        json!({ "sso_url": SSO, "issuer": ISSUER, "certificate": pem(&certificate) }),
    ]
    .iter()
    .enumerate()
    {
        let draft = Draft::new(&app, &acme, &format!("d{number}.example"));
        let shown = draft.show();
        assert_eq!(
            (&shown["state"], &shown["missing"]),
            (&json!("draft"), &json!(["metadata"]))
        );
        let shown = draft.complete(body);
        assert_eq!(
            (&shown["state"], &shown["missing"]),
            (&json!("active"), &json!([]))
        );
        assert_eq!(
            (&shown["issuer"], &shown["sso_url"]),
            (&json!(ISSUER), &json!(SSO))
        );
        assert_eq!(shown["certificates"].as_array().unwrap().len(), 1);
        assert_eq!(shown["certificates"][0]["expired"], false);
        assert_eq!(
            shown["idp_metadata_url"].is_string(),
            body.get("metadata_url").is_some()
        );
        let tenant = Tenant {
            provider: shown["id"].as_str().unwrap().to_owned(),
            ..acme.clone()
        };
        let name = format!("ann@d{number}.example");
        let mut browser = Browser::new(&app);
        browser.sign_in(&tenant, &name);
        assert_eq!(browser.session().unwrap()["user"]["userName"], json!(name));
    }
}

fn pem(base64: &str) -> String {
    let lines: Vec<_> = base64
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

#[test]
fn each_mistake_with_metadata_has_its_own_words() {
    let (app, acme) = TestApp::acme();
    let draft = Draft::new(&app, &acme, "later.example");
    let good = IDP.metadata();
    let cut = |start: &str, end: &str| {
        let from = good.find(start).unwrap();
        let to = from + good[from..].find(end).unwrap() + end.len();
        format!("{}{}", &good[..from], &good[to..])
    };
    let descriptor = {
        let from = good.find("<md:IDPSSODescriptor").unwrap();
        let end = "</md:IDPSSODescriptor>";
        let to = good.find(end).unwrap() + end.len();
        &good[from..to]
    };
    let own = app
        .ask(crate::http::Ask::get(format!(
            "/saml/{}/metadata",
            acme.provider
        )))
        .text();
    let expired = good.replacen(
        "entityID",
        "validUntil=\"2020-01-01T00:00:00Z\" entityID",
        1,
    );
    let two = good.replacen(descriptor, &descriptor.repeat(2), 1);
    let no_binding = good
        .replace("HTTP-Redirect", "HTTP-Artifact")
        .replace("HTTP-POST", "PAOS");
    let mut told = Vec::new();
    for (document, word) in [
        (
            cut("<md:KeyDescriptor", "</md:KeyDescriptor>"),
            "signing certificate",
        ),
        (expired, "expired"),
        (two, "more than one IDPSSODescriptor"),
        (no_binding, "HTTP-Redirect"),
        (
            "<!DOCTYPE html><html><head></head><body>Sign in</body></html>".to_owned(),
            "web page",
        ),
        (
            "https://acme.okta.com/app/exk/sso/saml/metadata".to_owned(),
            "address",
        ),
        (
            pem(&BASE64.encode(IDP.certificate())),
            "certificate, not metadata",
        ),
        (good[..good.len() / 2].to_owned(), "complete XML"),
        (own, "service provider"),
        (String::new(), "nothing was given"),
        ("   \n".to_owned(), "nothing was given"),
        ("<a/>".to_owned(), "EntityDescriptor"),
        (
            good.replacen("<md:Entity", "<!DOCTYPE x><md:Entity", 1),
            "DOCTYPE",
        ),
        ("<".to_owned() + &"x".repeat(1 << 20), "1 MiB"),
    ] {
        let detail = draft.refuse(&json!({ "metadata_xml": document }), "metadata_xml");
        assert!(detail.contains(word), "{word}: {detail}");
        told.push(detail);
    }
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), 13, "each mistake has words of its own");
    assert_eq!(draft.show()["state"], "draft");
}

#[test]
fn an_address_is_fetched_with_care() {
    let (app, acme) = TestApp::acme();
    let draft = Draft::new(&app, &acme, "later.example");
    let address = listener(|path| match path {
        "/https" => redirect("https://localhost:1/metadata"),
        "/file" => redirect("file:///etc/passwd"),
        "/abroad" => redirect("http://198.51.100.7/metadata"),
        "/loop" => redirect("/loop"),
        "/nowhere" => {
            b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec()
        }
        "/large" => ok(&" ".repeat((1 << 20) + 1)),
        "/page" => ok("<html><body>Sign in</body></html>"),
        "/half" => {
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n<md:".to_vec()
        }
        "/error" => b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
        "/nonsense" => b"220 smtp ready\r\n".to_vec(),
        _ => Vec::new(),
    });
    for (path, word) in [
        ("/https", "another scheme"),
        ("/file", "no address"),
        ("/abroad", "expected https"),
        ("/loop", "more than 3 times"),
        ("/nowhere", "nowhere"),
        ("/large", "1 MiB"),
        ("/page", "web page"),
        ("/half", "reading"),
        ("/error", "500"),
        ("/nonsense", "could not fetch"),
        ("/closed", "could not fetch"),
    ] {
        let url = format!("http://{address}{path}");
        let detail = draft.refuse(&json!({ "metadata_url": url }), "metadata_url");
        assert!(detail.contains(word), "{path}: {detail}");
    }
    for url in [
        "http://acme.okta.com/metadata",
        "http://127.0.0.1.evil.example/",
        "http://user@evil.example/",
        "http://10.0.0.1/metadata",
        "ftp://localhost/",
        "file:///etc/passwd",
        "/metadata",
        "",
    ] {
        draft.refuse(&json!({ "metadata_url": url }), "metadata_url");
    }
    // What listens on this machine is not for an organization's admin to ask.
    let (_, admin) = app.person(&acme, "admin");
    let url = format!("http://{address}/page");
    let ask = crate::http::Ask::new("PATCH", draft.path.as_str()).with(&admin);
    let problem = app
        .ask(ask.json(&json!({ "metadata_url": url })))
        .expect(400)
        .json();
    assert_eq!(problem["field"], "metadata_url");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("expected https"),
        "{problem}"
    );
    // Nor is it, or a neighbour, by https and whatever else names it.
    let (knocks, port) = knocked();
    let refuse = |url: &str| {
        let ask = crate::http::Ask::new("PATCH", draft.path.as_str()).with(&admin);
        let problem = app
            .ask(ask.json(&json!({ "metadata_url": url })))
            .expect(400)
            .json();
        assert_eq!(problem["field"], "metadata_url", "{url}");
        problem["detail"].as_str().unwrap().to_owned()
    };
    let own = ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"];
    let neighbours = ["10.0.0.1", "192.168.1.1", "169.254.169.254", "[fd00::1]"];
    for host in own.into_iter().chain(neighbours) {
        let detail = refuse(&format!("https://{host}:{port}/metadata"));
        assert!(detail.contains("is not on the internet"), "{detail}");
        assert!(
            detail.contains("org set SLUG --internal-metadata true"),
            "{detail}"
        );
        assert!(!detail.contains("169.254.169.254") || host == "169.254.169.254");
    }
    // An operator may open the site's networks to them, but never this machine.
    app.force("UPDATE organizations SET internal_metadata = 1");
    for host in own.into_iter().chain(["169.254.169.254"]) {
        let detail = refuse(&format!("https://{host}:{port}/metadata"));
        assert!(detail.contains("is not on the internet"), "{detail}");
        assert!(!detail.contains("--internal-metadata"), "{detail}");
    }
    assert_eq!(knocks.load(Ordering::Relaxed), 0);
    // Who runs the appliance may ask anybody.
    let url = format!("https://127.0.0.1:{port}/metadata");
    let detail = draft.refuse(&json!({ "metadata_url": url }), "metadata_url");
    assert!(detail.contains("could not fetch"), "{detail}");
    assert_eq!(knocks.load(Ordering::Relaxed), 1);
    assert_eq!(draft.show()["state"], "draft");
}

#[test]
fn values_by_hand_belong_together_and_are_looked_at() {
    let (app, acme) = TestApp::acme();
    let draft = Draft::new(&app, &acme, "later.example");
    let certificate = BASE64.encode(IDP.certificate());
    let hand = |sso: &str, issuer: &str, certificate: &str| json!({ "sso_url": sso, "issuer": issuer, "certificate": certificate });
    for (body, field) in [
        (json!({ "sso_url": SSO }), "certificate"),
        (json!({ "certificate": certificate }), "sso_url"),
        (
            json!({ "certificate": certificate, "sso_url": SSO }),
            "issuer",
        ),
        (
            hand("http://acme.okta.com/sso", ISSUER, &certificate),
            "sso_url",
        ),
        (hand("javascript:alert(1)", ISSUER, &certificate), "sso_url"),
        (hand("", ISSUER, &certificate), "sso_url"),
        // An origin becomes a part of the sign-in page's policy.
        (
            hand("http://localhost:1;sandbox/", ISSUER, &certificate),
            "sso_url",
        ),
        (
            hand("http://localhost:1,sandbox/", ISSUER, &certificate),
            "sso_url",
        ),
        (
            hand("http://[::1];sandbox/", ISSUER, &certificate),
            "sso_url",
        ),
        (
            hand("http://user@localhost/", ISSUER, &certificate),
            "sso_url",
        ),
        (hand(SSO, " ", &certificate), "issuer"),
        (hand(SSO, ISSUER, ""), "certificate"),
        (hand(SSO, ISSUER, "no certificate"), "certificate"),
        (hand(SSO, ISSUER, &certificate[..400]), "certificate"),
        (
            hand(SSO, ISSUER, &format!("{0}{0}", pem(&certificate))),
            "certificate",
        ),
        (hand(SSO, ISSUER, &IDP.metadata()), "certificate"),
        (
            hand(
                SSO,
                ISSUER,
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
            ),
            "certificate",
        ),
    ] {
        draft.refuse(&body, field);
    }
    let both = json!({ "metadata_xml": IDP.metadata(), "sso_url": SSO, "issuer": ISSUER, "certificate": certificate });
    app.as_operator("PATCH", &draft.path, &both).expect(400);
    let state = app
        .as_operator("PATCH", &draft.path, &json!({ "state": "active" }))
        .expect(409);
    assert_eq!(state.json()["field"], "state");
}

#[test]
fn a_rotated_key_is_added_and_another_providers_replaces() {
    let (app, acme) = TestApp::acme();
    let certificates = |shown: &Value| shown["certificates"].as_array().unwrap().len();
    let pasted = json!({ "sso_url": SSO, "issuer": ISSUER, "certificate": BASE64.encode(IMPOSTOR.certificate()) });
    let shown = app.set_provider(&acme, &pasted);
    assert_eq!(certificates(&shown), 2, "pasted before the rotation");
    let shown = app.set_provider(&acme, &json!({ "metadata_xml": IDP.metadata() }));
    assert_eq!(certificates(&shown), 2, "what was pasted stays");
    let elsewhere = IMPOSTOR
        .metadata()
        .replace(ISSUER, "http://www.okta.com/exkother");
    let shown = app.set_provider(&acme, &json!({ "metadata_xml": elsewhere }));
    assert_eq!(
        certificates(&shown),
        1,
        "the keys of the one before are not trusted any more"
    );
    let mut browser = Browser::new(&app);
    let started = browser.start(&acme);
    let answer = browser.answer(&started, &started.spec("ann@acme.com"));
    assert!(answer.status >= 400 && browser.session().is_none());
}

#[test]
fn a_domain_an_admin_adds_waits_for_an_operator() {
    let (app, acme) = TestApp::acme();
    let (_, admin) = app.person(&acme, "admin");
    let body = json!({ "kind": "okta", "domains": ["claimed.example"] });
    let path = format!("{}/providers", acme.base);
    let ask = |method: &str, path: &str, body: &Value| {
        app.ask(crate::http::Ask::new(method, path).with(&admin).json(body))
    };
    let made = ask("POST", &path, &body).expect(201).json();
    assert_eq!(made["domains"][0]["state"], "pending");
    let its = format!("{path}/{}", made["id"].as_str().unwrap());
    let shown = ask("PATCH", &its, &json!({ "metadata_xml": IDP.metadata() }))
        .expect(200)
        .json();
    assert_eq!(shown["missing"], json!(["domain"]));
    let tenant = Tenant {
        provider: made["id"].as_str().unwrap().to_owned(),
        ..acme.clone()
    };
    let mut browser = Browser::new(&app);
    let started = browser.start(&tenant);
    let answer = browser.answer(&started, &started.spec("eve@claimed.example"));
    assert!(answer.status >= 400 && browser.session().is_none());
    let form = [("email", "eve@claimed.example")];
    // The claimed domain leads to no provider; what comes is the page for everybody else.
    let page = app
        .ask(crate::http::Ask::new("POST", "/login").form(&form))
        .expect(200);
    assert!(page.text().contains("action=\"/login/password\""));
    // Operators see what waits, and let it count or not.
    let listed = app
        .as_operator("GET", "/api/v1/domains", &Value::Null)
        .expect(200)
        .json();
    assert_eq!(listed["items"][0]["domain"], "claimed.example");
    assert_eq!(listed["items"][0]["state"], "pending");
    assert_eq!(listed["items"][0]["organization"]["slug"], "acme");
    assert_eq!(listed["items"][0]["provider"]["id"], json!(tenant.provider));
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&listed["total"], &listed["next"]),
        (&json!(1), &Value::Null)
    );
    let approve = |domain: &str| {
        let path = format!("/api/v1/domains/{domain}");
        app.as_operator("PATCH", &path, &json!({ "state": "active" }))
    };
    assert_eq!(
        approve("Claimed.Example").expect(200).json()["state"],
        "active"
    );
    approve("claimed.example").expect(200);
    assert_eq!(
        app.sql("SELECT count(*) FROM audit WHERE action = 'domain.approved'"),
        1
    );
    approve("unknown.example").expect(404);
    approve("nonsense").expect(404);
    app.ask(crate::http::Ask::new("POST", "/login").form(&form))
        .expect(303);
    let refuse = |domain: &str| {
        app.as_operator("DELETE", &format!("/api/v1/domains/{domain}"), &Value::Null)
    };
    let problem = refuse("claimed.example").expect(409).json();
    assert_eq!(problem["field"], "domain");
    // What was claimed without being theirs stands in nobody's way.
    let claim = json!({ "domains": ["claimed.example", "other.example"] });
    ask("PATCH", &its, &claim).expect(200);
    let rival = app.tenant("rival", "rival.example");
    let (_, its_admin) = app.person(&rival, "admin");
    let wanted = json!({ "domains": ["rival.example", "other.example"] });
    let path = format!("{}/providers/{}", rival.base, rival.provider);
    let add = || {
        let ask = crate::http::Ask::new("PATCH", path.as_str()).with(&its_admin);
        app.ask(ask.json(&wanted))
    };
    add().expect(409);
    refuse("other.example").expect(204);
    refuse("other.example").expect(404);
    let added = add().expect(200).json();
    assert_eq!(added["domains"][0]["domain"], "other.example");
    assert_eq!(added["domains"][0]["state"], "pending");
    // A domain that an active provider has can't be taken by naming it.
    let taken = ask("PATCH", &its, &json!({ "domains": ["acme.com"] }));
    assert_eq!(taken.expect(409).json()["field"], "domains");
}

#[test]
fn the_sign_in_page_may_send_people_to_a_provider_on_this_machine() {
    let (app, acme) = TestApp::acme();
    let policy = || {
        let page = app.ask(crate::http::Ask::get("/login")).expect(200);
        let policy = page.header("content-security-policy").unwrap();
        policy.to_owned()
    };
    let before = policy();
    assert!(before.contains("form-action 'self' https:;"), "{before}");
    let certificate = BASE64.encode(IDP.certificate());
    let hand = json!({ "sso_url": "http://127.0.0.1:9/sso", "issuer": ISSUER, "certificate": certificate });
    app.set_provider(&acme, &hand);
    assert!(
        policy().contains("form-action 'self' https: http://127.0.0.1:9;"),
        "{}",
        policy()
    );
    app.set_provider(&acme, &json!({ "state": "disabled" }));
    assert_eq!(policy(), before);
}

#[test]
fn an_organization_has_two_hundred_at_most() {
    let (app, acme) = TestApp::acme();
    app.force(
        "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 199)
         INSERT INTO providers (id, organization_id, kind, name, state, created_at, skew_ms)
         SELECT 'p' || i, organization_id, kind, 'p' || i, 'draft', i, 0 FROM providers, n",
    );
    let path = format!("{}/providers", acme.base);
    let add = |domain: &str| {
        let body = json!({ "kind": "okta", "domains": [domain] });
        app.as_operator("POST", &path, &body)
    };
    add("last.example").expect(201);
    let refused = add("more.example").expect(409).json();
    assert_eq!(refused["code"], "conflict");
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("200 providers")
    );
    let listed = app
        .as_operator("GET", &path, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 200);
}
