//! Sign-in by SAML through the whole appliance, as a browser goes through it.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use portcullis::demo::identity_provider::{Cipher, Encryption, ResponseSpec};
use portcullis::saml::certificate::Certificate;
use portcullis::saml::metadata;
use portcullis::store::StoreError;
use portcullis::{clock, saml};
use serde_json::{Value, json};

use crate::app::{ACCOUNT, PUBLIC, Tenant, TestApp, user};
use crate::browser::{Browser, Started, started};
use crate::http::{Answer, Ask};
use crate::saml::attacks::{AES_256, Attack, Workshop, documents};
use crate::saml::fixture::{IDP, IMPOSTOR, ISSUER, SSO};

const SESSION: &str = "__Host-portcullis";
const SIGN_IN: &str = "__Host-portcullis-sign-in";

/// The certificate that our metadata offers for encryption.
fn encryption_certificate(app: &TestApp, tenant: &Tenant) -> Vec<u8> {
    let path = format!("/saml/{}/metadata", tenant.provider);
    let xml = app.ask(Ask::get(path)).expect(200).text();
    let (_, rest) = xml.split_once("use=\"encryption\"").unwrap();
    let (_, rest) = rest.split_once("X509Certificate>").unwrap();
    let (base64, _) = rest.split_once('<').unwrap();
    Certificate::parse(base64.as_bytes()).unwrap().der
}

/// The reference number of a page that says no.
#[track_caller]
fn reference(answer: &Answer) -> String {
    let text = answer.text();
    let found = text
        .split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-'))
        .find(|word| word.len() == 9 && word.as_bytes()[4] == b'-')
        .unwrap_or_else(|| panic!("no reference in {text}"));
    found.to_owned()
}

/// The trace under the page's reference, as an operator reads it.
#[track_caller]
fn trace(app: &TestApp, tenant: &Tenant, answer: &Answer) -> Value {
    let path = format!("{}/traces/{}", tenant.base, reference(answer));
    app.as_operator("GET", &path, &Value::Null)
        .expect(200)
        .json()
}

/// That the sign-in was refused for this reason, told no stranger why, and opened nothing.
#[track_caller]
fn refused(app: &TestApp, tenant: &Tenant, answer: &Answer, code: &str) -> Value {
    assert!((400..500).contains(&answer.status), "{}", answer.text());
    assert!(
        !answer
            .all("set-cookie")
            .any(|c| c.starts_with(&format!("{SESSION}="))),
        "{code}: a session"
    );
    let trace = trace(app, tenant, answer);
    assert_eq!(trace["code"], code, "{trace}");
    assert_eq!(
        (&trace["outcome"], &trace["kind"]),
        (&json!("refused"), &json!("saml"))
    );
    assert!(trace["detail"]["expected"].is_string() && trace["detail"]["got"].is_string());
    trace
}

#[test]
fn signed_in_every_way_a_provider_signs() {
    let (app, acme) = TestApp::acme();
    let certificate = encryption_certificate(&app, &acme);
    for (response, assertion, cipher) in [
        (true, true, None),
        (true, false, None),
        (false, true, None),
        (false, true, Some(Cipher::Aes256Gcm)),
        (true, true, Some(Cipher::Aes256Gcm)),
        (true, false, Some(Cipher::Aes256Cbc)),
    ] {
        let mut browser = Browser::new(&app);
        let started = browser.start(&acme);
        assert_eq!(
            started.request.acs_url,
            format!("{PUBLIC}/saml/{}/acs", acme.provider)
        );
        assert_eq!(
            started.request.issuer,
            format!("{PUBLIC}/saml/{}/metadata", acme.provider)
        );
        let spec = ResponseSpec {
            sign_response: response,
            sign_assertion: assertion,
            encryption: cipher.map(|cipher| Encryption {
                certificate: &certificate,
                cipher,
            }),
            ..started.spec("ann@acme.com")
        };
        let answer = browser.answer(&started, &spec).expect(303);
        assert_eq!(answer.location(), "/console/acme");
        let session = browser.session().unwrap();
        assert_eq!(session["user"]["userName"], "ann@acme.com");
        assert_eq!(session["user"]["displayName"], "Ann Other");
        assert_eq!(session["user"]["origin"], "saml");
        assert_eq!(session["organization"]["slug"], "acme");
        assert_eq!(session["provider"]["id"], json!(acme.provider));
        assert_eq!(session["level"], "viewer");
        assert!(browser.get("/").expect(200).text().contains("ann@acme.com"));
    }
    let trace = app.newest_trace(&acme);
    assert_eq!(
        (&trace["code"], &trace["outcome"]),
        (&json!("ok"), &json!("accepted"))
    );
    assert!(
        trace["detail"]["checks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|c| c["passed"] == true)
    );
    assert_eq!(app.sql("SELECT count(*) FROM users"), 1);
}

#[test]
fn e_mail_first() {
    let (app, acme) = TestApp::acme();
    let mut browser = Browser::new(&app);
    let ask = |fields: &[(&str, &str)]| Ask::new("POST", "/login").form(fields);
    let to = browser
        .send(ask(&[
            ("email", " Ann@ACME.com "),
            ("return_to", "/console/acme"),
        ]))
        .expect(303);
    let start = format!("/saml/{}/login?return_to=", acme.provider);
    assert!(to.location().starts_with(&start), "{}", to.location());
    let started = browser.start_at(to.location());
    let answer = browser
        .answer(&started, &started.spec("ann@acme.com"))
        .expect(303);
    assert_eq!(answer.location(), "/console/acme");
    let page = browser.send(ask(&[("email", "eve@<b>evil.example")]));
    assert!(
        page.status == 400 && !page.text().contains("<b>"),
        "{}",
        page.text()
    );
    // No provider answers for this address: whoever has it has a password, or is nobody.
    let page = browser
        .send(ask(&[("email", "eve@unknown.example")]))
        .expect(200);
    assert!(page.text().contains("eve@unknown.example"));
    assert!(page.text().contains("action=\"/login/password\""));
    browser.send(ask(&[("email", "")])).expect(400);
    browser.send(ask(&[])).expect(400);
    browser
        .send(Ask::new("POST", "/login").json(&json!({})))
        .expect(415);
    // A provider that is switched off, or not set up, is nobody's way in.
    app.set_provider(&acme, &json!({ "state": "disabled" }));
    let page = browser.send(ask(&[("email", "ann@acme.com")])).expect(200);
    assert!(page.text().contains("action=\"/login/password\""));
    browser
        .get(&format!("/saml/{}/login", acme.provider))
        .expect(409);
    let draft = app.draft("acme", "later.example");
    browser.get(&format!("/saml/{draft}/login")).expect(409);
    browser
        .send(Ask::new("POST", format!("/saml/{draft}/acs")).form(&[]))
        .expect(409);
    browser.get(&format!("/saml/{draft}/metadata")).expect(200);
}

/// The answer has been read and verified by what held a moment ago, and waits for its turn to write.
#[test]
fn what_is_taken_away_meanwhile_lets_nobody_in() {
    for (change, status, traced) in [
        (
            "UPDATE providers SET state = 'disabled'",
            409,
            "SELECT count(*) FROM traces WHERE kind = 'saml'",
        ),
        (
            "DELETE FROM provider_certificates",
            403,
            "SELECT count(*) FROM traces WHERE code = 'certificate-unknown'",
        ),
        (
            "DELETE FROM domains",
            403,
            "SELECT count(*) FROM traces WHERE code = 'email-domain'",
        ),
    ] {
        let (app, acme) = TestApp::acme();
        app.push_user(&acme, "ann@acme.com");
        let mut browser = Browser::new(&app);
        let started = browser.start_at(&format!("/saml/{}/login", acme.provider));
        let spec = started.spec("ann@acme.com");
        let (begun, writing) = mpsc::channel();
        let store = &app.store;
        thread::scope(|scope| {
            scope.spawn(move || {
                store.write(move |tx| {
                    begun.send(()).unwrap();
                    thread::sleep(Duration::from_millis(700));
                    tx.execute(change, [])?;
                    Ok::<_, StoreError>(())
                })
            });
            writing.recv().unwrap();
            browser.answer(&started, &spec).expect(status);
        });
        assert!(browser.session().is_none());
        let opened = app.sql("SELECT count(*) FROM sessions WHERE user_id IS NOT NULL");
        assert_eq!(opened, 0, "{change}");
        assert_eq!(app.sql(traced), i64::from(status == 403), "{change}");
    }
}

#[test]
fn cookies_are_for_this_host_over_tls_only() {
    let (app, acme) = TestApp::acme();
    let mut browser = Browser::new(&app);
    let start = browser
        .get(&format!("/saml/{}/login", acme.provider))
        .expect(303);
    let cookie = start.header("set-cookie").unwrap().to_owned();
    assert!(cookie.starts_with(&format!("{SIGN_IN}=")));
    for flag in ["Path=/", "Secure", "HttpOnly", "SameSite=None"] {
        assert!(cookie.split("; ").any(|part| part == flag), "{cookie}");
    }
    let started = started(start.location());
    let answer = browser
        .answer(&started, &started.spec("ann@acme.com"))
        .expect(303);
    let of = |name: &str| {
        let prefix = format!("{name}=");
        answer
            .all("set-cookie")
            .find(|c| c.starts_with(&prefix))
            .unwrap()
            .to_owned()
    };
    let session = of(SESSION);
    for flag in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
        assert!(session.split("; ").any(|part| part == flag), "{session}");
    }
    assert!(!session.contains("Domain"));
    let value = browser.cookie(SESSION).unwrap();
    assert!(value.len() >= 43, "256 bits");
    assert!(!app.contents().contains(value), "only its hash is kept");
}

#[test]
fn an_answer_belongs_to_the_browser_that_asked() {
    let (app, acme) = TestApp::acme();
    let (mut victim, mut other) = (Browser::new(&app), Browser::new(&app));
    let mine = other.start(&acme);
    let theirs = victim.start(&acme);
    // Login CSRF: an attacker's own response, posted into the victim's browser.
    let answer = victim.answer(&mine, &mine.spec("mallory@acme.com"));
    refused(&app, &acme, &answer, "in-response-to-unknown");
    // Nor without the cookie.
    let mut bare = Browser::new(&app);
    let answer = bare.answer(&theirs, &theirs.spec("ann@acme.com"));
    let trace = refused(&app, &acme, &answer, "in-response-to-unknown");
    assert!(
        trace["detail"]["fix"]
            .as_str()
            .is_some_and(|fix| !fix.is_empty())
    );
    assert_eq!(
        app.sql("SELECT count(*) FROM sessions WHERE user_id IS NOT NULL"),
        0
    );
    assert_eq!(app.sql("SELECT count(*) FROM users"), 0);
    // The refusals used nothing up.
    victim
        .answer(&theirs, &theirs.spec("ann@acme.com"))
        .expect(303);
    assert!(victim.session().is_some());
}

#[test]
fn two_tabs_of_one_browser_both_finish() {
    let (app, acme) = TestApp::acme();
    let mut browser = Browser::new(&app);
    let (one, two) = (browser.start(&acme), browser.start(&acme));
    browser.answer(&two, &two.spec("ann@acme.com")).expect(303);
    let first = browser.cookie(SESSION).unwrap().to_owned();
    browser.answer(&one, &one.spec("ann@acme.com")).expect(303);
    assert!(browser.session().is_some());
    // The later one replaced the session that the earlier one had opened.
    assert!(app.who(&format!("{SESSION}={first}")).is_none());
    // The cookie that stays opens nothing by itself, and each request still counts once.
    let again = browser.answer(&one, &one.spec("ann@acme.com"));
    refused(&app, &acme, &again, "in-response-to-unknown");
    let three = browser.start(&acme);
    let mut other = Browser::new(&app);
    let answer = other.answer(&three, &three.spec("ann@acme.com"));
    refused(&app, &acme, &answer, "in-response-to-unknown");
    browser
        .send(Ask::new("POST", "/logout").form(&[]))
        .expect(303);
    assert_eq!(browser.cookies(), "", "signing out leaves no cookie");
}

/// Login CSRF: a provider of somebody else's, to which another site leads the browser.
#[test]
fn another_sites_link_replaces_no_session_without_a_question() {
    let (app, acme) = TestApp::acme();
    let other = app.tenant("other", "other.com");
    let start = |tenant: &Tenant| {
        let id = &tenant.provider;
        format!("/saml/{id}/login?return_to=%2Fconsole%2Facme")
    };
    let mut browser = Browser::new(&app);
    // Nobody is signed in: a link or a tile leads straight on.
    let started = self::started(browser.follow(&start(&acme)).expect(303).location());
    browser
        .answer(&started, &started.spec("ann@acme.com"))
        .expect(303);
    // Nor is there a question where the session is of the same provider.
    browser.follow(&start(&acme)).expect(303);
    let waiting = app.sql("SELECT count(*) FROM sign_in_requests");
    let page = browser.follow(&start(&other)).expect(200);
    let text = page.text();
    assert!(text.contains("ann@acme.com"), "{text}");
    let on = format!("href=\"/saml/{}/login?return_to=", other.provider);
    assert!(text.contains(&on) && text.contains("href=\"/\""), "{text}");
    assert!(page.header("set-cookie").is_none());
    assert_eq!(app.sql("SELECT count(*) FROM sign_in_requests"), waiting);
    assert!(browser.session().is_some());
    // A sibling is another site as well.
    let sibling = Ask::get(start(&other)).header("Sec-Fetch-Site", "same-site");
    browser.send(sibling).expect(200);
    // From our own page, typed, or from a browser that doesn't say: as before.
    for site in [Some("same-origin"), Some("none"), None] {
        let ask = Ask::get(start(&other));
        let ask = match site {
            Some(site) => ask.header("Sec-Fetch-Site", site),
            None => ask,
        };
        browser.send(ask).expect(303);
    }
    // What nobody sees begins nothing: neither with a session nor, as browsers send it, without.
    for destination in ["iframe", "image", "empty", "object"] {
        let hidden = || {
            Ask::get(start(&other))
                .header("Sec-Fetch-Site", "cross-site")
                .header("Sec-Fetch-Dest", destination)
        };
        browser.send(hidden()).expect(403);
        app.ask(hidden()).expect(403);
    }
    // A session that is over is no reason to ask.
    app.force("UPDATE sessions SET expires_at = 1 WHERE user_id IS NOT NULL");
    browser.follow(&start(&other)).expect(303);
}

/// The tile posts a response nobody asked for, and our own redirect is still the other site's.
#[test]
fn a_tile_asks_only_where_somebody_elses_provider_answers() {
    let (app, acme) = TestApp::acme();
    let other = app.tenant("other", "other.com");
    let mut browser = Browser::new(&app);
    let mut tile = |tenant: &Tenant, name: &str| {
        let mut unused = Browser::new(&app);
        let started = unused.start(tenant);
        let spec = ResponseSpec {
            in_response_to: None,
            ..started.spec(name)
        };
        let xml = IDP.issue(&spec).unwrap();
        let to = browser
            .post(&started.request.acs_url, &xml, None)
            .expect(303);
        let answer = browser.follow(to.location());
        if answer.status != 303 {
            return answer;
        }
        let started = self::started(answer.location());
        browser.answer(&started, &started.spec(name))
    };
    assert_eq!(tile(&acme, "ann@acme.com").expect(303).location(), "/");
    assert_eq!(tile(&acme, "ann@acme.com").expect(303).location(), "/");
    let page = tile(&other, "eve@other.com").expect(200);
    assert!(page.text().contains("ann@acme.com"));
    assert_eq!(
        browser.session().unwrap()["user"]["userName"],
        "ann@acme.com"
    );
}

/// Refusals of one address fill neither the traces of others nor the table of waiting sign-ins.
#[test]
fn a_flood_of_refused_answers_is_counted() {
    let (app, acme) = TestApp::acme();
    let mut browser = Browser::new(&app);
    let started = browser.start(&acme);
    let post = |from: &str| {
        let path = format!("/saml/{}/acs", acme.provider);
        let ask = Ask::new("POST", path).form(&[("SAMLResponse", "bm90aGluZw==")]);
        app.ask(ask.header("X-Forwarded-For", from))
    };
    let mut last = None;
    for _ in 0..130 {
        last = Some(post("198.51.100.7").expect(403));
    }
    assert_eq!(app.sql("SELECT count(*) FROM traces"), 101);
    let counted = trace(&app, &acme, &last.unwrap());
    assert_eq!(counted["detail"]["more"]["count"], 30, "{counted}");
    assert_eq!(counted["detail"]["more"]["from"], "198.51.100.7");
    assert!(
        counted["summary"]
            .as_str()
            .unwrap()
            .starts_with("and 30 more"),
        "{counted}"
    );
    let elsewhere = trace(&app, &acme, &post("198.51.100.8"));
    assert!(elsewhere["detail"].get("more").is_none());
    // Who signs in is traced whatever else comes from there.
    browser
        .answer(&started, &started.spec("ann@acme.com"))
        .expect(303);
    assert_eq!(app.newest_trace(&acme)["code"], "ok");
}

#[test]
fn a_request_and_a_response_count_once() {
    let (app, acme) = TestApp::acme();
    let mut browser = Browser::new(&app);
    let first = browser.start(&acme);
    let cookies = browser.cookies();
    let xml = IDP.issue(&first.spec("ann@acme.com")).unwrap();
    let value = data_encoding::BASE64.encode(xml.as_bytes());
    let post = |fields: &[(&str, &str)]| {
        let path = format!("/saml/{}/acs", acme.provider);
        app.ask(Ask::new("POST", path).with(&cookies).form(fields))
    };
    let fields = [
        ("SAMLResponse", value.as_str()),
        ("RelayState", &first.relay_state),
    ];
    post(&fields).expect(303);
    let again = post(&fields);
    refused(&app, &acme, &again, "in-response-to-unknown");
    // Where responses are trusted that nobody asked for, the assertion's ID is what counts once.
    app.set_provider(&acme, &json!({ "idp_initiated": true }));
    let spec = ResponseSpec {
        in_response_to: None,
        ..first.spec("ann@acme.com")
    };
    let replayed =
        Browser::new(&app).post(&first.request.acs_url, &IDP.issue(&spec).unwrap(), None);
    refused(&app, &acme, &replayed, "replayed");
    assert_eq!(
        app.sql("SELECT count(*) FROM sessions WHERE user_id IS NOT NULL"),
        1
    );
}

#[test]
fn at_the_same_moment_one_response_opens_one_session() {
    let (app, acme) = TestApp::acme();
    let mut browser = Browser::new(&app);
    let started = browser.start(&acme);
    let cookies = browser.cookies();
    let xml = IDP.issue(&started.spec("ann@acme.com")).unwrap();
    let value = data_encoding::BASE64.encode(xml.as_bytes());
    let path = format!("/saml/{}/acs", acme.provider);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let posts: Vec<_> = (0..4)
            .map(|_| {
                let ask = Ask::new("POST", path.as_str()).with(&cookies).form(&[
                    ("SAMLResponse", &value),
                    ("RelayState", &started.relay_state),
                ]);
                scope.spawn(|| app.ask(ask).status)
            })
            .collect();
        posts.into_iter().map(|p| p.join().unwrap()).collect()
    });
    assert_eq!(
        statuses.iter().filter(|s| **s == 303).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        app.sql("SELECT count(*) FROM sessions WHERE user_id IS NOT NULL"),
        1
    );
}

#[test]
fn what_came_too_late_is_refused() {
    let (app, acme) = TestApp::acme();
    let mut browser = Browser::new(&app);
    let late = browser.start(&acme);
    app.force("UPDATE sign_in_requests SET expires_at = 1");
    let answer = browser.answer(&late, &late.spec("ann@acme.com"));
    refused(&app, &acme, &answer, "in-response-to-unknown");
    let now = clock::now();
    let minutes = |n: u64| Duration::from_secs(60 * n);
    let cases = [
        (now.minus(minutes(20)), now.minus(minutes(10)), "expired"),
        (
            now.plus(minutes(10)),
            now.plus(minutes(20)),
            "not-yet-valid",
        ),
    ];
    for (not_before, not_on_or_after, code) in cases {
        let mut browser = Browser::new(&app);
        let started = browser.start(&acme);
        let spec = ResponseSpec {
            not_before,
            not_on_or_after,
            ..started.spec("ann@acme.com")
        };
        let answer = browser.answer(&started, &spec);
        refused(&app, &acme, &answer, code);
        // The request is not used up by a refused answer.
        browser
            .answer(&started, &started.spec("ann@acme.com"))
            .expect(303);
    }
}

#[test]
fn a_response_nobody_asked_for_starts_a_sign_in_of_our_own() {
    let (app, acme) = TestApp::acme();
    let mut browser = Browser::new(&app);
    let mut other = Browser::new(&app);
    let unused = other.start(&acme);
    let unsolicited = ResponseSpec {
        in_response_to: None,
        ..unused.spec("ann@acme.com")
    };
    let xml = IDP.issue(&unsolicited).unwrap();
    for relay_state in [None, Some(""), Some("https://evil.example/")] {
        let answer = browser
            .post(&unused.request.acs_url, &xml, relay_state)
            .expect(303);
        let path = format!("/saml/{}/login", acme.provider);
        assert!(
            answer.location().starts_with(&path),
            "{}",
            answer.location()
        );
        assert!(browser.session().is_none());
        let started = browser.start_at(answer.location());
        let answer = browser
            .answer(&started, &started.spec("ann@acme.com"))
            .expect(303);
        assert_eq!(answer.location(), "/");
        assert!(browser.session().is_some());
        browser = Browser::new(&app);
    }
    // Even so it must be the provider's own.
    let forged = IMPOSTOR.issue(&unsolicited).unwrap();
    let answer = browser.post(&unused.request.acs_url, &forged, None);
    refused(&app, &acme, &answer, "certificate-unknown");

    app.set_provider(&acme, &json!({ "idp_initiated": true }));
    let answer = browser
        .post(&unused.request.acs_url, &xml, Some("https://evil.example/"))
        .expect(303);
    assert_eq!(answer.location(), "/", "RelayState is no address");
    assert!(browser.session().is_some());
}

#[test]
fn the_way_back_is_our_own_and_not_in_the_relay_state() {
    let (app, acme) = TestApp::acme();
    for (wanted, expected) in [
        ("/console/acme?tab=users", "/console/acme?tab=users"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ] {
        let mut browser = Browser::new(&app);
        let to: String = form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
        let started = browser.start_at(&format!("/saml/{}/login?return_to={to}", acme.provider));
        assert_eq!(started.relay_state.len(), 43);
        assert!(
            started.relay_state.len() <= 80,
            "SAML bindings section 3.4.3"
        );
        assert!(!started.relay_state.contains("console"));
        let answer = browser
            .answer(&started, &started.spec("ann@acme.com"))
            .expect(303);
        assert_eq!(answer.location(), expected);
    }
}

#[test]
fn who_is_not_known_and_not_made() {
    let (app, acme) = TestApp::acme();
    app.set_provider(&acme, &json!({ "jit": false }));
    let mut browser = Browser::new(&app);
    let started = browser.start(&acme);
    let answer = browser.answer(&started, &started.spec("ann@acme.com"));
    refused(&app, &acme, &answer, "user-unknown");
    assert_eq!(app.sql("SELECT count(*) FROM users"), 0);
    app.push_user(&acme, "ann@acme.com");
    browser
        .answer(&started, &started.spec("ann@acme.com"))
        .expect(303);
    assert_eq!(browser.session().unwrap()["user"]["origin"], "scim");
}

#[test]
fn an_inactive_user_stays_out() {
    let (app, acme) = TestApp::acme();
    let id = app.push_user(&acme, "ann@acme.com");
    let path = format!("{}/users/{id}", acme.base);
    let set = |active: bool| {
        app.as_operator("PATCH", &path, &json!({ "active": active }))
            .expect(200);
    };
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "ann@acme.com");
    set(false);
    assert!(browser.session().is_none());
    for name in ["ann@acme.com", "ANN@acme.com"] {
        let started = browser.start(&acme);
        let answer = browser.answer(&started, &started.spec(name));
        refused(&app, &acme, &answer, "user-inactive");
    }
    // By the address alone it is the same person, who isn't made a second time.
    let started = browser.start(&acme);
    let spec = ResponseSpec {
        attributes: vec![("email", vec!["Ann@acme.com"])],
        ..started.spec("jdoe")
    };
    let answer = browser.answer(&started, &spec);
    refused(&app, &acme, &answer, "user-inactive");
    assert_eq!(app.sql("SELECT count(*) FROM users"), 1);
    set(true);
    browser.sign_in(&acme, "ann@acme.com");
    assert!(browser.session().is_some());
}

fn signed_in_as(
    app: &TestApp,
    acme: &Tenant,
    name_id: &str,
    email: Option<&str>,
) -> Result<String, Answer> {
    let mut browser = Browser::new(app);
    let started = browser.start(acme);
    let mut spec = started.spec(name_id);
    spec.attributes = email
        .into_iter()
        .map(|email| ("email", vec![email]))
        .collect();
    let answer = browser.answer(&started, &spec);
    if answer.status != 303 {
        return Err(answer);
    }
    let session = browser.session().unwrap();
    Ok(session["user"]["id"].as_str().unwrap().to_owned())
}

#[test]
fn the_order_of_matching() {
    let (app, acme) = TestApp::acme();
    let mut by_name = user("jdoe");
    by_name["emails"][0]["value"] = json!("john@acme.com");
    let made = app
        .scim(&acme, "POST", "/Users", &by_name)
        .expect(201)
        .json();
    let jdoe = made["id"].as_str().unwrap();
    let ann = app.push_user(&acme, "ann@acme.com");
    let id = |name, email| {
        signed_in_as(&app, &acme, name, email)
            .map_err(|a| a.text())
            .unwrap()
    };
    // userName without case, before the address of somebody else.
    assert_eq!(id("JDoe", Some("ann@acme.com")), jdoe);
    // A verified address, without case.
    assert_eq!(id("00uann", Some("ANN@acme.com")), ann);
    // The link that this left goes before userName and address.
    let mut later = user("00uann");
    later["emails"][0]["value"] = json!("later@acme.com");
    let later = app.scim(&acme, "POST", "/Users", &later).expect(201).json();
    let later = later["id"].as_str().unwrap();
    assert_eq!(id("00uann", Some("john@acme.com")), ann);
    assert_ne!(
        id("00UANN", Some("nobody@acme.com")),
        ann,
        "a NameID is compared with its case"
    );
    assert_eq!(id("00UANN", Some("nobody@acme.com")), later);
    // Nobody: made, once.
    let new = id("new@acme.com", None);
    assert_eq!(id("new@acme.com", Some("new@acme.com")), new);
    let shown = app
        .as_operator("GET", &format!("{}/users/{new}", acme.base), &Value::Null)
        .json();
    assert_eq!(
        (&shown["origin"], &shown["level"]),
        (&json!("saml"), &json!("viewer"))
    );
    assert_eq!(app.sql("SELECT count(*) FROM users"), 4);
    // Two of one address: neither.
    let mut twin = user("twin");
    twin["emails"][0]["value"] = json!("john@acme.com");
    app.scim(&acme, "POST", "/Users", &twin).expect(201);
    let answer = signed_in_as(&app, &acme, "john", Some("john@acme.com")).unwrap_err();
    refused(&app, &acme, &answer, "user-ambiguous");
}

#[test]
fn a_name_given_to_somebody_else_opens_no_old_account() {
    let (app, acme) = TestApp::acme();
    let alice = app.push_user(&acme, "alice.smith@acme.com");
    let sign_in = |name| {
        signed_in_as(&app, &acme, name, None)
            .map_err(|a| a.text())
            .unwrap()
    };
    assert_eq!(sign_in("alice.smith@acme.com"), alice);
    let renamed = user("alice.jones@acme.com");
    app.scim(&acme, "PUT", &format!("/Users/{alice}"), &renamed)
        .expect(200);
    let newcomer = app.push_user(&acme, "alice.smith@acme.com");
    assert_eq!(sign_in("alice.smith@acme.com"), newcomer);
    assert_eq!(sign_in("alice.jones@acme.com"), alice);
}

#[test]
fn okta_pushes_who_signed_in_first() {
    let (app, acme) = TestApp::acme();
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "ann@acme.com");
    let query = "/Users?filter=userName%20eq%20%22ann%40acme.com%22&startIndex=1&count=100";
    let list = app
        .scim(&acme, "GET", query, &Value::Null)
        .expect(200)
        .json();
    let id = list["Resources"][0]["id"].as_str().unwrap();
    app.scim(&acme, "PUT", &format!("/Users/{id}"), &user("ann@acme.com"))
        .expect(200);
    let session = browser.session().unwrap();
    assert_eq!(session["user"]["id"], id);
    assert_eq!(session["user"]["origin"], "scim");
}

#[test]
fn a_transient_name_identifies_by_the_address_or_not_at_all() {
    let (app, acme) = TestApp::acme();
    let ann = app.push_user(&acme, "ann@acme.com");
    let transient = |name_id: &str, email: Option<&str>| {
        let mut browser = Browser::new(&app);
        let started = browser.start(&acme);
        let spec = ResponseSpec {
            sign_response: false,
            sign_assertion: false,
            attributes: email
                .into_iter()
                .map(|email| ("email", vec![email]))
                .collect(),
            ..started.spec(name_id)
        };
        let unsigned = IDP.issue(&spec).unwrap().replace(
            "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
            "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
        );
        let template = IDP.signature_template(spec.response_id, spec.algorithm);
        let signed = unsigned.replacen("</saml2:Issuer>", &format!("</saml2:Issuer>{template}"), 1);
        let xml = IDP.sign(signed).unwrap();
        let answer = browser.post(&started.request.acs_url, &xml, Some(&started.relay_state));
        (answer, browser.session())
    };
    let (_, session) = transient("_a1b2c3", Some("ann@acme.com"));
    assert_eq!(session.unwrap()["user"]["id"], json!(ann));
    assert_eq!(app.sql("SELECT count(*) FROM links"), 0);
    let (_, session) = transient("_d4e5f6", Some("new@acme.com"));
    assert_eq!(session.unwrap()["user"]["userName"], "new@acme.com");
    let (_, session) = transient("_g7h8i9", Some("new@acme.com"));
    assert_eq!(session.unwrap()["user"]["userName"], "new@acme.com");
    assert_eq!(app.sql("SELECT count(*) FROM users"), 2);
    // A transient name that looks like somebody is nobody.
    let (answer, session) = transient("ann@acme.com", None);
    assert!(session.is_none());
    refused(&app, &acme, &answer, "user-unidentified");
}

#[test]
fn a_provider_speaks_for_its_domains_and_its_organization() {
    let (app, acme) = TestApp::acme();
    let other = app.tenant("other", "other.com");
    for (name, email) in [
        ("eve@other.com", None),
        ("ann@acme.com", Some("eve@other.com")),
        ("eve@acme.com.evil.example", None),
        ("eve@sub.acme.com", None),
        ("jdoe", None),
    ] {
        let answer = signed_in_as(&app, &acme, name, email).unwrap_err();
        let code = if name == "jdoe" {
            "email-missing"
        } else {
            "email-domain"
        };
        let trace = refused(&app, &acme, &answer, code);
        assert!(trace["organization"].is_string());
    }
    // A user of the same organization whose address is in another provider's domain.
    let second = app.draft("acme", "acme.example");
    let metadata = json!({ "metadata_xml": IMPOSTOR.metadata() });
    app.as_operator(
        "PATCH",
        &format!("{}/providers/{second}", acme.base),
        &metadata,
    )
    .expect(200);
    let mut elsewhere = user("boss");
    elsewhere["emails"][0]["value"] = json!("boss@acme.example");
    app.scim(&acme, "POST", "/Users", &elsewhere).expect(201);
    let answer = signed_in_as(&app, &acme, "boss", Some("x@acme.com")).unwrap_err();
    refused(&app, &acme, &answer, "user-foreign-domain");

    // A response for one provider, posted to another organization's: their audience is not ours.
    let mut browser = Browser::new(&app);
    let started = browser.start(&acme);
    let xml = IDP.issue(&started.spec("ann@acme.com")).unwrap();
    let acs = format!("/saml/{}/acs", other.provider);
    let answer = browser.post(&acs, &xml, Some(&started.relay_state));
    assert!(answer.status >= 400, "{}", answer.text());
    let trace = trace(&app, &other, &answer);
    assert!(
        ["destination-mismatch", "in-response-to-unknown"]
            .contains(&trace["code"].as_str().unwrap()),
        "{trace}"
    );
    // Nor when it is addressed right, but answers another provider's request.
    let theirs = browser.start(&other);
    let spec = ResponseSpec {
        acs_url: &theirs.request.acs_url,
        audience: &theirs.request.issuer,
        ..started.spec("eve@other.com")
    };
    let answer = browser.answer(&theirs, &spec);
    refused(&app, &other, &answer, "in-response-to-unknown");
    assert_eq!(
        app.sql("SELECT count(*) FROM sessions WHERE user_id IS NOT NULL"),
        0
    );
    // The same person in both organizations is two users.
    let mut one = Browser::new(&app);
    one.sign_in(&acme, "ann@acme.com");
    let mut two = Browser::new(&app);
    two.sign_in(&other, "ann@other.com");
    assert_eq!(two.session().unwrap()["organization"]["slug"], "other");
    two.get(&acme.base).expect(404);
}

#[test]
fn a_wrong_setting_is_named_by_the_trace() {
    let (app, acme) = TestApp::acme();
    let wrong = |change: &dyn Fn(&mut ResponseSpec<'_>), code: &str| {
        let mut browser = Browser::new(&app);
        let started = browser.start(&acme);
        let mut spec = started.spec("ann@acme.com");
        change(&mut spec);
        let answer = browser.answer(&started, &spec);
        assert!(
            !answer.text().contains("acme.com"),
            "nothing private on the page"
        );
        refused(&app, &acme, &answer, code)
    };
    let trace = wrong(
        &|spec| spec.audience = "https://door.test/typo",
        "audience-mismatch",
    );
    let expected = format!("{PUBLIC}/saml/{}/metadata", acme.provider);
    assert!(
        trace["detail"]["expected"]
            .as_str()
            .unwrap()
            .contains(&expected),
        "{trace}"
    );
    assert!(
        trace["detail"]["got"]
            .as_str()
            .unwrap()
            .contains("https://door.test/typo")
    );
    assert!(
        trace["detail"]["fix"]
            .as_str()
            .unwrap()
            .contains("Audience URI (SP Entity ID)")
    );
    let checks = trace["detail"]["checks"].as_array().unwrap();
    assert!(checks.iter().any(|c| c["passed"] == true), "{trace}");
    let trace = wrong(
        &|spec| spec.acs_url = "https://door.test/saml/typo/acs",
        "destination-mismatch",
    );
    assert!(
        trace["detail"]["fix"]
            .as_str()
            .unwrap()
            .contains("Single sign-on URL")
    );
    let trace = wrong(
        &|spec| (spec.sign_response, spec.sign_assertion) = (false, false),
        "signature-missing",
    );
    assert!(trace["detail"]["fix"].as_str().unwrap().contains("Signed"));
    // As typed by somebody who reads it from the telephone.
    let reference = trace["reference"]
        .as_str()
        .unwrap()
        .to_lowercase()
        .replace('-', "");
    let path = format!("{}/traces/{reference}", acme.base);
    app.as_operator("GET", &path, &Value::Null).expect(200);
}

#[test]
fn a_new_sign_in_ends_the_session_it_replaces() {
    let (app, acme) = TestApp::acme();
    let mut browser = Browser::new(&app);
    // A cookie that somebody planted is never taken over.
    let planted = browser.start(&acme);
    let answer = {
        let spec = planted.spec("ann@acme.com");
        let value = data_encoding::BASE64.encode(IDP.issue(&spec).unwrap().as_bytes());
        let cookies = format!("{}; {SESSION}=planted", browser.cookies());
        let ask = Ask::new("POST", format!("/saml/{}/acs", acme.provider)).with(&cookies);
        app.ask(ask.form(&[
            ("SAMLResponse", &value),
            ("RelayState", &planted.relay_state),
        ]))
    };
    let set = answer
        .expect(303)
        .all("set-cookie")
        .next()
        .unwrap()
        .to_owned();
    assert!(set.starts_with(&format!("{SESSION}=")) && !set.contains("planted"));
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "ann@acme.com");
    let first = browser.cookie(SESSION).unwrap().to_owned();
    browser.sign_in(&acme, "bob@acme.com");
    assert_ne!(browser.cookie(SESSION).unwrap(), first);
    assert_eq!(
        browser.session().unwrap()["user"]["userName"],
        "bob@acme.com"
    );
    assert!(app.who(&format!("{SESSION}={first}")).is_none());
}

#[test]
fn signing_out_ends_the_session_itself() {
    let (app, acme) = TestApp::acme();
    for by_api in [false, true] {
        let mut browser = Browser::new(&app);
        browser.sign_in(&acme, "ann@acme.com");
        let old = browser.cookies();
        let mut elsewhere = Browser::new(&app);
        elsewhere.sign_in(&acme, "ann@acme.com");
        if by_api {
            browser
                .send(Ask::new("DELETE", "/api/v1/session"))
                .expect(204);
        } else {
            let answer = browser
                .send(Ask::new("POST", "/logout").form(&[]))
                .expect(303);
            assert_eq!(answer.location(), "/login");
        }
        assert_eq!(browser.cookie(SESSION), None);
        assert!(
            app.who(&old).is_none(),
            "the cookie that was kept opens nothing"
        );
        assert!(
            elsewhere.session().is_some(),
            "another browser's session is its own"
        );
        assert_eq!(browser.get("/").expect(303).location(), "/login");
    }
}

#[test]
fn sessions_end_by_themselves() {
    let (app, acme) = TestApp::acme();
    let id = app.push_user(&acme, "ann@acme.com");
    let hour = 3_600_000_i64;
    for (change, alive) in [
        (format!("last_seen_at = last_seen_at - {}", 7 * hour), true),
        (format!("last_seen_at = last_seen_at - {}", 9 * hour), false),
        (format!("expires_at = expires_at - {}", 23 * hour), true),
        (format!("expires_at = expires_at - {}", 25 * hour), false),
    ] {
        let session = app.session(&id);
        app.force(&format!(
            "UPDATE sessions SET {change} WHERE user_id IS NOT NULL"
        ));
        assert_eq!(app.who(&session).is_some(), alive, "{change}");
        app.force("DELETE FROM sessions WHERE user_id IS NOT NULL");
    }
    // Being used keeps it from idling away.
    let session = app.session(&id);
    app.force(&format!(
        "UPDATE sessions SET last_seen_at = last_seen_at - {}",
        7 * hour
    ));
    assert!(app.who(&session).is_some());
    app.settle();
    app.force(&format!(
        "UPDATE sessions SET last_seen_at = last_seen_at - {}",
        7 * hour
    ));
    assert!(app.who(&session).is_some());
}

#[test]
fn deleting_or_disabling_what_a_session_rests_on() {
    let (app, acme) = TestApp::acme();
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "ann@acme.com");
    let path = format!("{}/providers/{}", acme.base, acme.provider);
    app.set_provider(&acme, &json!({ "state": "disabled" }));
    assert!(browser.session().is_none(), "disabling ends its sessions");
    app.set_provider(&acme, &json!({ "state": "active" }));
    assert!(browser.session().is_none(), "enabling restores none");
    browser.sign_in(&acme, "ann@acme.com");
    app.as_operator("DELETE", &path, &Value::Null).expect(204);
    assert!(browser.session().is_none());
    assert_eq!(app.sql("SELECT count(*) FROM users"), 1, "its people stay");
    assert_eq!(app.sql("SELECT count(*) FROM domains"), 0);
    browser
        .get(&format!("/saml/{}/login", acme.provider))
        .expect(404);
}

#[test]
fn broken_forms_are_refused_in_words() {
    let (app, acme) = TestApp::acme();
    let path = format!("/saml/{}/acs", acme.provider);
    let post = |fields: &[(&str, &str)]| app.ask(Ask::new("POST", path.as_str()).form(fields));
    let html = data_encoding::BASE64.encode(b"<!doctype html><html></html>");
    for (value, code) in [
        ("", "response-empty"),
        ("!!!", "response-not-base64"),
        (&html, "response-is-html"),
        ("/////w==", "response-not-utf8"),
    ] {
        let answer = post(&[("SAMLResponse", value)]);
        refused(&app, &acme, &answer, code);
    }
    let answer = post(&[]);
    refused(&app, &acme, &answer, "response-empty");
    // Twice is no value: nobody can say which one counts.
    let answer = post(&[("SAMLResponse", "a"), ("SAMLResponse", "b")]);
    refused(&app, &acme, &answer, "response-empty");
    let huge = "A".repeat(600 << 10);
    let answer = post(&[("SAMLResponse", &huge)]);
    refused(&app, &acme, &answer, "response-too-big");
    app.ask(Ask::new("POST", path.as_str()).json(&json!({})))
        .expect(415);
    app.ask(Ask::new("POST", "/saml/unknown/acs").form(&[]))
        .expect(404);
    app.ask(Ask::get(path.as_str())).expect(405);
}

/// The attacks with a request that waits in the browser that posts them.
#[test]
fn no_attack_document_opens_a_session() {
    let (app, acme) = TestApp::acme();
    let recipient = encryption_certificate(&app, &acme);
    let mut browser = Browser::new(&app);
    let started = browser.start(&acme);
    let make = |started: &Started| -> Vec<Attack> {
        documents(&Workshop {
            idp: &IDP,
            impostor: &IMPOSTOR,
            recipient: &recipient,
            ciphers: AES_256,
            spec: started.spec("ann@acme.com"),
        })
    };
    let attacks = make(&started);
    assert!(attacks.len() > 100, "{}", attacks.len());
    let mut wrong = Vec::new();
    for Attack { name, code, xml } in attacks {
        // Each is to have a trace of its own, beyond what one address gets.
        app.force("DELETE FROM trace_quotas");
        let answer = browser.post(&started.request.acs_url, &xml, Some(&started.relay_state));
        if answer
            .all("set-cookie")
            .any(|c| c.starts_with(&format!("{SESSION}=")))
        {
            wrong.push(format!("{name}: a session"));
        }
        if !(400..500).contains(&answer.status) {
            wrong.push(format!("{name}: {}", answer.status));
            continue;
        }
        let trace = trace(&app, &acme, &answer);
        if trace["code"] != code {
            wrong.push(format!(
                "{name}: traced as {} instead of {code}",
                trace["code"]
            ));
        }
        if app.ask(Ask::get("/healthz")).status != 200 {
            wrong.push(format!("{name}: no /healthz after it"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        app.sql("SELECT count(*) FROM sessions WHERE user_id IS NOT NULL"),
        0
    );
    assert_eq!(app.sql("SELECT count(*) FROM users"), 0);
    // The request still waits: no attack used it up.
    browser
        .answer(&started, &started.spec("ann@acme.com"))
        .expect(303);
    assert!(browser.session().is_some());
}

#[test]
fn a_break_glass_account_is_never_linked() {
    let (app, acme) = TestApp::acme();
    let mut browser = Browser::new(&app);
    let started = browser.start(&acme);
    let mut spec = started.spec(ACCOUNT);
    spec.attributes = vec![("email", vec!["ada@acme.com"])];
    browser.answer(&started, &spec).expect(303);
    let session = browser.session().unwrap();
    assert_eq!(session["operator"], Value::Null);
    assert_eq!(session["level"], "viewer");
    assert_eq!(session["user"]["userName"], ACCOUNT);
    browser
        .send(Ask::new("POST", "/api/v1/organizations").json(&json!({ "slug": "mine" })))
        .expect(403);
}

#[test]
fn our_metadata_says_what_okta_is_told() {
    let (app, acme) = TestApp::acme();
    let answer = app
        .ask(Ask::get(format!("/saml/{}/metadata", acme.provider)))
        .expect(200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/samlmetadata+xml")
    );
    let xml = answer.text();
    assert!(xml.contains(&format!(
        "entityID=\"{PUBLIC}/saml/{}/metadata\"",
        acme.provider
    )));
    assert!(xml.contains(&format!("Location=\"{PUBLIC}/saml/{}/acs\"", acme.provider)));
    assert!(!xml.contains("PRIVATE"));
    assert!(
        saml::metadata::parse_idp(xml.as_bytes(), clock::now()).is_err(),
        "pasted back by mistake"
    );
    let parsed = metadata::parse_idp(IDP.metadata().as_bytes(), clock::now()).unwrap();
    assert_eq!(
        (parsed.entity_id.as_str(), parsed.sso_url.as_str()),
        (ISSUER, SSO)
    );
}

/// What our metadata says the signing key is.
fn signing_certificate(app: &TestApp, tenant: &Tenant) -> Certificate {
    let path = format!("/saml/{}/metadata", tenant.provider);
    let xml = app.ask(Ask::get(path)).expect(200).text();
    let (_, rest) = xml.split_once("X509Certificate>").unwrap();
    Certificate::parse(rest.split_once('<').unwrap().0.as_bytes()).unwrap()
}

#[test]
fn signed_requests_by_redirect() {
    let (app, acme) = TestApp::acme();
    let metadata = format!("/saml/{}/metadata", acme.provider);
    let unsigned = app.ask(Ask::get(&metadata)).expect(200).text();
    assert!(unsigned.contains("AuthnRequestsSigned=\"false\""));
    let changed = app.set_provider(&acme, &json!({ "sign_requests": true }));
    assert_eq!(
        (&changed["request_binding"], &changed["sign_requests"]),
        (&json!("redirect"), &json!(true))
    );
    let signed = app.ask(Ask::get(&metadata)).expect(200).text();
    assert!(signed.contains("AuthnRequestsSigned=\"true\""));
    let pinned = [signing_certificate(&app, &acme)];
    let mut browser = Browser::new(&app);
    let start = format!("/saml/{}/login?return_to=%2Fconsole%2Facme", acme.provider);
    let answer = browser.get(&start).expect(303);
    let (_, query) = answer.location().split_once('?').unwrap();
    let message = saml::redirect::parse(query).unwrap();
    assert_eq!(message.verify(&pinned), Ok(()));
    let started = started(answer.location());
    let answer = browser.answer(&started, &started.spec("ann@acme.com"));
    assert_eq!(answer.expect(303).location(), "/console/acme");
}

#[test]
fn requests_by_post_go_by_a_page_that_posts() {
    let (app, acme) = TestApp::acme();
    app.set_provider(
        &acme,
        &json!({ "request_binding": "post", "sign_requests": true }),
    );
    let mut browser = Browser::new(&app);
    let answer = browser.get(&format!("/saml/{}/login", acme.provider));
    let policy = answer.header("content-security-policy").unwrap().to_owned();
    assert!(policy.contains("form-action 'self' https:;"), "{policy}");
    assert!(policy.contains("script-src 'self';"), "{policy}");
    let page = answer.expect(200).text();
    assert!(page.contains(&format!("action=\"{SSO}\"")), "{page}");
    assert!(page.contains("/static/continue.js") && page.contains("<button"));
    let hidden = |name: &str| {
        let (_, rest) = page
            .split_once(&format!("name=\"{name}\" value=\""))
            .unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    assert!(!hidden("RelayState").is_empty());
    let xml = data_encoding::BASE64
        .decode(hidden("SAMLRequest").as_bytes())
        .unwrap();
    let xml = String::from_utf8(xml).unwrap();
    let (issuer, signature) = (xml.find("</saml:Issuer>"), xml.find("<ds:Signature"));
    assert!(issuer < signature && signature.is_some(), "{xml}");
    let script = app.ask(Ask::get("/static/continue.js")).expect(200).text();
    assert!(script.contains("submit()"));
}

#[test]
fn the_metadata_says_how_requests_go_until_somebody_chooses() {
    let (app, acme) = TestApp::acme();
    let plain = IDP.metadata();
    let (redirect, _) = plain.split_once("<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\"").unwrap();
    let only_post = format!("{redirect}</md:IDPSSODescriptor></md:EntityDescriptor>").replace(
        "WantAuthnRequestsSigned=\"false\"",
        "WantAuthnRequestsSigned=\"true\"",
    );
    let said = |body: serde_json::Value| {
        let view = app.set_provider(&acme, &body);
        (
            view["request_binding"].as_str().unwrap().to_owned(),
            view["sign_requests"].as_bool().unwrap(),
        )
    };
    let is = |binding: &str, signed| (binding.to_owned(), signed);
    assert_eq!(said(json!({ "metadata_xml": only_post })), is("post", true));
    assert_eq!(said(json!({ "sign_requests": false })), is("post", false));
    assert_eq!(
        said(json!({ "metadata_xml": plain })),
        is("redirect", false)
    );
    assert_eq!(
        said(json!({ "request_binding": "post" })),
        is("post", false)
    );
    assert_eq!(said(json!({ "metadata_xml": plain })), is("post", false));
    let path = format!("{}/providers/{}", acme.base, acme.provider);
    let wrong = app.as_operator("PATCH", &path, &json!({ "request_binding": "soap" }));
    assert!(wrong.expect(400).text().contains("request_binding"));
}
