//! Somebody signs out here: their session is over at once, the identity provider is asked to
//! follow, and the page says what it answered.

use data_encoding::BASE64;
use portcullis::saml::redirect::{self, Field, Message};
use portcullis::saml::signing::SigningKey;
use serde_json::{Value, json};

use super::posted::{hidden, ours, sealed};
use super::{SERVICE, Signer, at, code, metadata, signer};
use crate::app::{PUBLIC, Tenant, TestApp};
use crate::browser::Browser;
use crate::http::{Answer, Ask};
use crate::saml::fixture::{IDP, ISSUER};

const SUCCESS: &str = "<p:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>";

/// A LogoutResponse.
struct Reply {
    id: &'static str,
    issuer: &'static str,
    destination: String,
    issued: String,
    to: String,
    status: String,
}

impl Reply {
    fn to(tenant: &Tenant, request: &str) -> Self {
        Self {
            id: "_a",
            issuer: ISSUER,
            destination: format!("{PUBLIC}/saml/{}/slo", tenant.provider),
            issued: at(0),
            to: request.to_owned(),
            status: SUCCESS.to_owned(),
        }
    }

    fn xml(&self) -> String {
        format!(
            "<p:LogoutResponse xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{}\" Version=\"2.0\" \
             IssueInstant=\"{}\" Destination=\"{}\" InResponseTo=\"{}\"><a:Issuer>{}</a:Issuer>\
             <p:Status>{}</p:Status></p:LogoutResponse>",
            self.id, self.issued, self.destination, self.to, self.issuer, self.status,
        )
    }

    fn path(&self, tenant: &Tenant, relay_state: &str, key: Option<&SigningKey>) -> String {
        let slo = format!("/saml/{}/slo", tenant.provider);
        redirect::url(&slo, Field::Response, &self.xml(), relay_state, key).unwrap()
    }
}

/// What a sign-out says to the identity provider by the page's link.
struct Asked {
    message: Message,
    relay_state: String,
    id: String,
}

#[track_caller]
fn sign_out(browser: &mut Browser<'_>) -> Answer {
    browser.send(Ask::new("POST", "/logout").header("Sec-Fetch-Site", "same-origin"))
}

#[track_caller]
fn asked(answer: &Answer) -> Asked {
    let page = answer.text();
    assert!(page.contains("You are signed out here."), "{page}");
    let (_, rest) = page.split_once("onward\" href=\"").expect(&page);
    let url = rest.split_once('"').unwrap().0.replace("&amp;", "&");
    let (to, query) = url.split_once('?').unwrap();
    assert_eq!(to, SERVICE);
    let message = redirect::parse(query).unwrap();
    assert_eq!(message.field, Field::Request);
    let relay_state = message.relay_state.clone().unwrap();
    let id = id_of(&message.xml);
    Asked {
        message,
        relay_state,
        id,
    }
}

fn id_of(xml: &str) -> String {
    let (_, rest) = xml.split_once(" ID=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

fn setting() -> (TestApp, Tenant, Signer) {
    let (app, acme) = TestApp::acme();
    let signer = signer();
    let set = app.set_provider(&acme, &json!({ "metadata_xml": metadata(&signer) }));
    assert_eq!(set["logout_url"], SERVICE);
    (app, acme, signer)
}

#[test]
fn signed_out_here_first_and_everywhere_when_the_provider_says_so() {
    let (app, acme, signer) = setting();
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "ann@acme.com");
    app.force(
        "UPDATE sessions SET name_id_format = 'urn:f', name_qualifier = 'urn:i', \
         sp_name_qualifier = 'urn:s', session_index = 'at <home>' WHERE user_id IS NOT NULL",
    );
    let answer = sign_out(&mut browser).expect(200);
    assert!(answer.text().contains("/static/continue.js"));
    assert!(browser.session().is_none());
    let asked = asked(&answer);
    assert_eq!(asked.message.verify(&[ours(&app, &acme)]), Ok(()));
    assert!(asked.relay_state.len() <= 80);
    let xml = &asked.message.xml;
    for wanted in [
        "<saml:NameID NameQualifier=\"urn:i\" SPNameQualifier=\"urn:s\" Format=\"urn:f\">\
         ann@acme.com</saml:NameID><samlp:SessionIndex>at &lt;home&gt;</samlp:SessionIndex>",
        &format!("Destination=\"{SERVICE}\""),
        &format!(
            "<saml:Issuer>{PUBLIC}/saml/{}/metadata</saml:Issuer>",
            acme.provider
        ),
        "NotOnOrAfter=\"",
    ] {
        assert!(xml.contains(wanted), "{wanted} in {xml}");
    }
    assert_eq!(code(&app, &acme), "ok");
    let reply = Reply::to(&acme, &asked.id).path(&acme, &asked.relay_state, Some(&signer.key));
    let page = browser.follow(&reply).expect(200).text();
    assert!(page.contains("Signed out everywhere"), "{page}");
    assert!(browser.cookie("__Host-portcullis-sign-out").is_none());
    let told = app.text(
        "SELECT action || ' ' || actor_kind || ' ' || detail FROM audit ORDER BY seq DESC LIMIT 1",
    );
    assert!(told.contains("user.logout-answered provider"), "{told}");
    assert!(told.contains("everywhere"), "{told}");
    // An answer is heard once.
    let page = browser.follow(&reply).expect(403).text();
    assert!(page.contains("Not confirmed"), "{page}");
    assert_eq!(code(&app, &acme), "logout-unasked");
}

#[test]
fn by_post_there_and_back() {
    let (app, acme, _) = setting();
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "ann@acme.com");
    app.set_provider(&acme, &json!({ "request_binding": "post" }));
    let answer = sign_out(&mut browser).expect(200);
    let policy = answer.header("content-security-policy").unwrap().to_owned();
    assert!(policy.contains("form-action 'self' https:;"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    let page = answer.text();
    assert!(
        page.contains(&format!("action=\"{SERVICE}/post\"")),
        "{page}"
    );
    let relay_state = hidden(&page, "RelayState").unwrap();
    let value = hidden(&page, "SAMLRequest").unwrap();
    let xml = String::from_utf8(BASE64.decode(value.as_bytes()).unwrap()).unwrap();
    let places: Vec<_> = ["</saml:Issuer>", "<ds:Signature", "<saml:NameID"]
        .map(|part| xml.find(part).unwrap())
        .to_vec();
    assert!(places.is_sorted(), "{xml}");
    let reply = Reply::to(&acme, &id_of(&xml));
    let slo = reply.destination.clone();
    let value = BASE64.encode(sealed(&IDP, "_a", &reply.xml()).as_bytes());
    let fields = [
        ("SAMLResponse", value.as_str()),
        ("RelayState", relay_state.as_str()),
    ];
    let page = browser.post_across_sites(&slo, &fields).expect(200).text();
    assert!(page.contains("Signed out everywhere"), "{page}");
}

#[test]
fn what_was_not_confirmed_is_not_claimed() {
    let (app, acme, signer) = setting();
    let nested = |top: &str, second: &str| {
        let of = |word: &str| format!("urn:oasis:names:tc:SAML:2.0:status:{word}");
        format!(
            "<p:StatusCode Value=\"{}\"><p:StatusCode Value=\"{}\"/></p:StatusCode>",
            of(top),
            of(second)
        )
    };
    for (status, words, wanted) in [
        (
            nested("Success", "PartialLogout"),
            "not everywhere",
            "logout-partial",
        ),
        (
            nested("Responder", "PartialLogout"),
            "not everywhere",
            "logout-partial",
        ),
        (
            nested("Responder", "AuthnFailed"),
            "did not confirm",
            "logout-not-confirmed",
        ),
    ] {
        let mut browser = Browser::new(&app);
        browser.sign_in(&acme, "ann@acme.com");
        let asked = asked(&sign_out(&mut browser).expect(200));
        let reply = Reply {
            status,
            ..Reply::to(&acme, &asked.id)
        };
        let path = reply.path(&acme, &asked.relay_state, Some(&signer.key));
        let page = browser.follow(&path).expect(200).text();
        assert!(page.contains(words), "{page}");
        let trace = app.newest_trace(&acme);
        assert_eq!(trace["code"], wanted);
        assert!(
            page.contains(trace["reference"].as_str().unwrap()),
            "{page}"
        );
        assert!(
            // Okta's is called System Log.
            trace["detail"]["fix"]
                .as_str()
                .unwrap()
                .to_lowercase()
                .contains("log"),
            "{trace}"
        );
        assert!(browser.session().is_none());
    }
}

#[test]
fn answers_that_are_not_believed() {
    let (app, acme, signer) = setting();
    let rival = app.tenant("rival", "rival.example");
    app.set_provider(&rival, &json!({ "metadata_xml": metadata(&signer) }));
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "ann@acme.com");
    let asked = asked(&sign_out(&mut browser).expect(200));
    let reply = || Reply::to(&acme, &asked.id);
    let signed = |reply: Reply| reply.path(&acme, &asked.relay_state, Some(&signer.key));
    let good = signed(reply());
    for (path, wanted) in [
        (
            reply().path(&acme, &asked.relay_state, None),
            "logout-response-unsigned",
        ),
        (
            reply().path(&acme, &asked.relay_state, Some(&super::signer().key)),
            "logout-signature-invalid",
        ),
        (
            signed(Reply {
                issuer: "https://other.example",
                ..reply()
            }),
            "logout-issuer-mismatch",
        ),
        (
            signed(Reply {
                destination: format!("{PUBLIC}/saml/{}/slo", rival.provider),
                ..reply()
            }),
            "logout-destination-mismatch",
        ),
        (
            signed(Reply {
                issued: at(-3600),
                ..reply()
            }),
            "logout-expired",
        ),
        (
            signed(Reply {
                to: "_other".to_owned(),
                ..reply()
            }),
            "logout-unasked",
        ),
        (
            signed(Reply {
                to: String::new(),
                ..reply()
            }),
            "logout-incomplete",
        ),
        (
            reply().path(&acme, "another", Some(&signer.key)),
            "logout-unasked",
        ),
    ] {
        let page = browser.follow(&path).expect(403).text();
        assert!(
            page.contains("is not known") || page.contains("could not be followed"),
            "{page}"
        );
        assert_eq!(code(&app, &acme), wanted);
    }
    // Another browser, with and without a sign-out of its own.
    let mut other = Browser::new(&app);
    other.follow(&good).expect(403);
    assert_eq!(code(&app, &acme), "logout-unasked");
    other.sign_in(&acme, "bob@acme.com");
    sign_out(&mut other).expect(200);
    other.follow(&good).expect(403);
    assert_eq!(code(&app, &acme), "logout-unasked");
    // Another provider that answers for this one, with its own address and the same key.
    let foreign = Reply::to(&rival, &asked.id);
    let path = foreign.path(&rival, &asked.relay_state, Some(&signer.key));
    browser.follow(&path).expect(403);
    assert_eq!(code(&app, &rival), "logout-unasked");
    // None of them used the request up.
    let page = browser.follow(&good).expect(200).text();
    assert!(page.contains("Signed out everywhere"), "{page}");
}

#[test]
fn a_late_answer_is_none_and_an_unsigned_one_where_it_is_allowed() {
    let (app, acme, _) = setting();
    let set = app.set_provider(&acme, &json!({ "unsigned_logout_responses": true }));
    assert_eq!(set["unsigned_logout_responses"], true);
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "ann@acme.com");
    let first = asked(&sign_out(&mut browser).expect(200));
    app.force("UPDATE logout_requests SET expires_at = 1");
    let reply = |to: &str| Reply::to(&acme, to).path(&acme, "", None);
    browser.follow(&reply(&first.id)).expect(403);
    assert_eq!(code(&app, &acme), "logout-unasked");
    browser.sign_in(&acme, "ann@acme.com");
    let second = asked(&sign_out(&mut browser).expect(200));
    let page = browser.follow(&reply(&second.id)).expect(200).text();
    assert!(page.contains("Signed out everywhere"), "{page}");
    let trace = app.newest_trace(&acme);
    assert_eq!(
        trace["detail"]["checks"][0]["code"],
        "logout-unsigned-allowed"
    );
}

#[test]
fn where_nobody_is_to_be_asked_signing_out_ends_here() {
    let (app, acme) = TestApp::acme();
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "ann@acme.com");
    assert_eq!(sign_out(&mut browser).expect(303).location(), "/login");
    assert!(browser.session().is_none());
    // Nobody signed in.
    assert_eq!(sign_out(&mut browser).expect(303).location(), "/login");
    // A script can't be sent anywhere.
    app.set_provider(&acme, &json!({ "metadata_xml": metadata(&signer()) }));
    browser.sign_in(&acme, "ann@acme.com");
    browser
        .send(Ask::new("DELETE", "/api/v1/session"))
        .expect(204);
    assert!(browser.session().is_none());
    let waiting = || app.sql("SELECT count(*) FROM logout_requests");
    assert_eq!(waiting(), 0);
    // A session that was over before is over.
    browser.sign_in(&acme, "ann@acme.com");
    app.force("UPDATE sessions SET expires_at = 1 WHERE user_id IS NOT NULL");
    sign_out(&mut browser).expect(303);
    assert_eq!(waiting(), 0);
}

#[test]
fn the_address_can_be_typed_and_taken_back() {
    let (app, acme) = TestApp::acme();
    let typed = "https://acme.okta.com/typed";
    let set = app.set_provider(&acme, &json!({ "logout_url": typed }));
    assert_eq!(set["logout_url"], typed);
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "ann@acme.com");
    let page = sign_out(&mut browser).expect(200).text();
    assert!(
        page.contains(&format!("href=\"{typed}?SAMLRequest=")),
        "{page}"
    );
    let set = app.set_provider(&acme, &json!({ "logout_url": "" }));
    assert_eq!(set["logout_url"], Value::Null);
    let path = format!("{}/providers/{}", acme.base, acme.provider);
    for wrong in ["http://acme.okta.com/slo", "javascript:alert(1)", "x"] {
        let answer = app.as_operator("PATCH", &path, &json!({ "logout_url": wrong }));
        assert!(answer.expect(400).text().contains("logout_url"), "{wrong}");
    }
    let told = app.portcullis(&[
        "provider",
        "set",
        &acme.provider,
        "--logout-url",
        typed,
        "--unsigned-logout-requests",
        "true",
        "--unsigned-logout-responses",
        "true",
    ]);
    assert_eq!(told["logout_url"], typed);
    assert_eq!(told["unsigned_logout_requests"], true);
    assert_eq!(told["unsigned_logout_responses"], true);
}
