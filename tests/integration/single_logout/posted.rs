//! LogoutRequests by HTTP-POST, as Okta's page sends them from a hidden frame, and unsigned ones.

use data_encoding::BASE64;
use portcullis::clock;
use portcullis::demo::identity_provider::{Algorithm, IdentityProvider};
use portcullis::saml::certificate::Certificate;
use portcullis::saml::logout::{Expected, Verdict, open_posted};
use portcullis::saml::redirect::Field;
use portcullis::saml::response::Trust;
use serde_json::{Value, json};

use super::{ANSWERS, Logout, code, framed, metadata, name_sessions, signer};
use crate::app::{PUBLIC, Tenant, TestApp};
use crate::browser::Browser;
use crate::http::{Answer, Ask};
use crate::saml::attacks::logout::{Desk, documents};
use crate::saml::fixture::{IDP, IMPOSTOR};

/// Right after the Issuer, where the schema wants it.
pub(super) fn sealed(idp: &IdentityProvider, id: &str, xml: &str) -> String {
    let signature = idp.signature_template(id, Algorithm::Sha256);
    let after = "</a:Issuer>";
    idp.sign(xml.replacen(after, &format!("{after}{signature}"), 1))
        .unwrap()
}

fn slo(tenant: &Tenant) -> String {
    format!("/saml/{}/slo", tenant.provider)
}

/// As a page of the identity provider posts it in a frame: no cookie comes with it.
fn posted(app: &TestApp, tenant: &Tenant, fields: &[(&str, &str)]) -> Answer {
    app.ask(
        Ask::new("POST", slo(tenant))
            .form(fields)
            .header("Origin", "https://acme.okta.com")
            .header("Sec-Fetch-Site", "cross-site")
            .header("Sec-Fetch-Dest", "iframe"),
    )
}

fn request(app: &TestApp, tenant: &Tenant, xml: &str) -> Answer {
    let value = BASE64.encode(xml.as_bytes());
    posted(app, tenant, &[("SAMLRequest", &value)])
}

/// Our signing certificate, out of our metadata.
pub(super) fn ours(app: &TestApp, tenant: &Tenant) -> Certificate {
    let page = app.ask(Ask::get(format!("/saml/{}/metadata", tenant.provider)));
    let text = page.expect(200).text();
    let (_, rest) = text.split_once("X509Certificate>").unwrap();
    Certificate::parse(rest.split_once('<').unwrap().0.as_bytes()).unwrap()
}

/// The value of a hidden field of a page.
pub(super) fn hidden(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(rest.split_once('"').unwrap().0.to_owned())
}

#[test]
fn a_posted_request_is_answered_by_a_page_that_the_provider_may_frame() {
    let (app, acme) = TestApp::acme();
    app.set_provider(&acme, &json!({ "metadata_xml": metadata(&signer()) }));
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "ann@acme.com");
    let xml = sealed(&IDP, "_q1", &Logout::of(&acme, "_q1", "ann@acme.com").xml());
    let value = BASE64.encode(xml.as_bytes());
    let fields = [("SAMLRequest", value.as_str()), ("RelayState", "a & b")];
    let answer = posted(&app, &acme, &fields).expect(200);
    assert!(browser.session().is_none());
    let policy = answer.header("content-security-policy").unwrap();
    assert!(
        policy.contains("frame-ancestors https://acme.okta.com"),
        "{policy}"
    );
    assert!(policy.contains("form-action 'self' https:;"), "{policy}");
    assert_eq!(answer.header("x-frame-options"), None);
    let page = answer.text();
    assert!(
        page.contains(&format!("action=\"{ANSWERS}/post\"")),
        "{page}"
    );
    assert_eq!(hidden(&page, "RelayState").as_deref(), Some("a &amp; b"));
    let response = hidden(&page, "SAMLResponse").unwrap();
    let trust = Trust::new(&[ours(&app, &acme)]);
    let message = open_posted(Field::Response, &response, None, &trust).unwrap();
    assert!(message.is_signed());
    let destination = format!("{ANSWERS}/post");
    let expected = Expected {
        issuer: &format!("{PUBLIC}/saml/{}/metadata", acme.provider),
        slo_url: &destination,
        skew: std::time::Duration::from_secs(5),
        allow_unsigned: false,
    };
    let read = message.response(&expected, clock::now()).unwrap();
    assert_eq!(
        (read.verdict, read.in_response_to.as_str()),
        (Verdict::Everywhere, "_q1")
    );
    let trace = app.newest_trace(&acme);
    assert_eq!(
        (&trace["code"], &trace["detail"]["ended"]),
        (&json!("ok"), &json!(1))
    );
    assert!(
        trace["detail"]["checks"][0]["got"]
            .as_str()
            .unwrap()
            .contains("LogoutRequest signed")
    );
    // Twice is once too many; and the page that says so may be framed, too.
    let again = posted(&app, &acme, &fields).expect(403);
    assert_eq!(code(&app, &acme), "logout-replayed");
    assert_eq!(again.header("x-frame-options"), None);
    // Nobody may frame anything else.
    let elsewhere = app.ask(Ask::get("/login"));
    assert_eq!(elsewhere.header("x-frame-options"), Some("DENY"));
}

#[test]
fn the_answer_goes_where_there_is_an_address() {
    let (app, acme) = TestApp::acme();
    let both = metadata(&signer());
    let (before, rest) = both.split_once("<md:SingleLogoutService").unwrap();
    let (_, after) = rest.split_once("/><md:SingleLogoutService").unwrap();
    let only_post = format!("{before}<md:SingleLogoutService{after}");
    let (_, none) = rest.split_once("/><md:NameIDFormat>").unwrap();
    let none = format!("{before}<md:NameIDFormat>{none}");
    for (metadata, wanted) in [(only_post, "SAMLResponse"), (none, "names no address")] {
        app.set_provider(&acme, &json!({ "metadata_xml": metadata }));
        let id = if wanted == "SAMLResponse" {
            "_w1"
        } else {
            "_w2"
        };
        let xml = sealed(&IDP, id, &Logout::of(&acme, id, "ann@acme.com").xml());
        let page = request(&app, &acme, &xml).expect(200).text();
        assert!(page.contains(wanted), "{page}");
    }
}

#[test]
fn forged_posts_end_nothing() {
    let (app, acme) = TestApp::acme();
    app.set_provider(&acme, &json!({ "metadata_xml": metadata(&signer()) }));
    let rival = app.tenant("rival", "rival.example");
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "ann@acme.com");
    let plain = Logout::of(&acme, "_q2", "ann@acme.com").xml();
    let good = sealed(&IDP, "_q2", &plain);
    let made = |logout: Logout| sealed(&IDP, "_q2", &logout.xml());
    let base = || Logout::of(&acme, "_q2", "ann@acme.com");
    let old = format!("IssueInstant=\"{}\"", super::at(-3600));
    for (xml, wanted) in [
        (plain.clone(), "logout-unsigned"),
        (sealed(&IMPOSTOR, "_q2", &plain), "certificate-unknown"),
        (good.replace("ann@", "bob@"), "signature-invalid"),
        (
            made(Logout {
                destination: format!("{PUBLIC}/saml/{}/slo", rival.provider),
                ..base()
            }),
            "logout-destination-mismatch",
        ),
        (
            made(Logout {
                issuer: "https://other.example",
                ..base()
            }),
            "logout-issuer-mismatch",
        ),
        (
            made(Logout {
                times: old,
                ..base()
            }),
            "logout-expired",
        ),
        ("<a/>".to_owned(), "logout-malformed"),
        ("<a".to_owned(), "xml-malformed"),
    ] {
        let answer = request(&app, &acme, &xml).expect(403);
        assert!(!answer.text().contains(wanted), "told a stranger: {wanted}");
        assert_eq!(code(&app, &acme), wanted);
        assert!(browser.session().is_some(), "{wanted}");
    }
    let value = BASE64.encode(good.as_bytes());
    for fields in [
        vec![],
        vec![("SAMLRequest", "")],
        vec![
            ("SAMLRequest", value.as_str()),
            ("SAMLResponse", value.as_str()),
        ],
        vec![
            ("SAMLRequest", value.as_str()),
            ("SAMLRequest", value.as_str()),
        ],
    ] {
        posted(&app, &acme, &fields).expect(403);
        assert_eq!(code(&app, &acme), "logout-form-malformed");
    }
    posted(&app, &acme, &[("SAMLResponse", &value)]).expect(403);
    assert_eq!(code(&app, &acme), "logout-malformed");
    // What was signed for one provider ends nothing at another, though the same key signs for it.
    request(&app, &rival, &good).expect(403);
    assert_eq!(code(&app, &rival), "logout-destination-mismatch");
    assert!(browser.session().is_some());
    request(&app, &acme, &good).expect(200);
    assert!(browser.session().is_none());
}

#[test]
fn attack_documents_end_nothing() {
    let (app, acme) = TestApp::acme();
    app.set_provider(&acme, &json!({ "metadata_xml": metadata(&signer()) }));
    let mut mallory = Browser::new(&app);
    mallory.sign_in(&acme, "mallory@acme.com");
    let victim = mallory.cookies();
    let plain = Logout::of(&acme, "_good", "ann@acme.com").xml();
    let attacks = documents(&Desk {
        idp: &IDP,
        impostor: &IMPOSTOR,
        request: &plain,
        id: "_good",
        name: "ann@acme.com",
        victim: "mallory@acme.com",
    });
    assert!(attacks.len() >= 20, "{}", attacks.len());
    for attack in attacks {
        let status = request(&app, &acme, &attack.xml).status;
        let got = (status, code(&app, &acme));
        assert_eq!(got, (403, json!(attack.code)), "{}", attack.name);
        assert!(app.who(&victim).is_some(), "{}", attack.name);
    }
    // A comment cuts no name short: what is signed is read whole, and is nobody's.
    let cut = plain.replace("ann@acme.com", "mallory@acme.com<!-- -->.evil.example");
    request(&app, &acme, &sealed(&IDP, "_good", &cut)).expect(200);
    assert_eq!(app.newest_trace(&acme)["detail"]["ended"], 0);
    assert!(app.who(&victim).is_some());
}

#[test]
fn an_admin_lets_one_provider_go_without_signatures() {
    let (app, acme) = TestApp::acme();
    let signer = signer();
    app.set_provider(&acme, &json!({ "metadata_xml": metadata(&signer) }));
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "ann@acme.com");
    name_sessions(&app, Some("one"), None);
    let unsigned = |id| Logout::of(&acme, id, "ann@acme.com").path(&acme, None);
    framed(&app, &unsigned("_u1")).expect(403);
    assert_eq!(code(&app, &acme), "logout-unsigned");
    let set = app.set_provider(&acme, &json!({ "unsigned_logout_requests": true }));
    assert_eq!(set["unsigned_logout_requests"], true);
    assert_eq!(set["unsigned_logout_responses"], false);
    // A wrong signature is worse than none.
    let by_other = Logout::of(&acme, "_u2", "ann@acme.com");
    framed(&app, &by_other.path(&acme, Some(&super::signer().key))).expect(403);
    assert_eq!(code(&app, &acme), "logout-signature-invalid");
    assert!(browser.session().is_some());
    framed(&app, &unsigned("_u3")).expect(303);
    assert!(browser.session().is_none());
    let trace = app.newest_trace(&acme);
    let checks = trace["detail"]["checks"].as_array().unwrap();
    let of = |code: &str| checks.iter().any(|c| c["code"] == code);
    assert!(of("logout-unsigned-allowed") && !of("signature"), "{trace}");
    // By POST as well, and once.
    browser.sign_in(&acme, "ann@acme.com");
    let xml = Logout::of(&acme, "_u4", "ann@acme.com").xml();
    request(&app, &acme, &xml).expect(200);
    assert!(browser.session().is_none());
    request(&app, &acme, &xml).expect(403);
    assert_eq!(code(&app, &acme), "logout-replayed");
    let told = app.text(
        "SELECT detail FROM audit WHERE action = 'provider.changed' ORDER BY seq DESC LIMIT 1",
    );
    assert!(told.contains("unsigned_logout_requests"), "{told}");
    let other = app.tenant("rival", "rival.example");
    let path = format!("{}/providers/{}", other.base, other.provider);
    let shown = app
        .as_operator("GET", &path, &Value::Null)
        .expect(200)
        .json();
    assert_eq!(shown["unsigned_logout_requests"], false);
}

/// Where no signature is asked for, anybody can make them.
#[test]
fn unsigned_requests_about_nobody_take_no_room() {
    let (app, acme) = TestApp::acme();
    app.set_provider(&acme, &json!({ "metadata_xml": metadata(&signer()) }));
    app.set_provider(&acme, &json!({ "unsigned_logout_requests": true }));
    for number in 0..110 {
        let id = format!("_n{number}").leak();
        let path = Logout::of(&acme, id, "nobody@acme.com").path(&acme, None);
        framed(&app, &path).expect(303);
    }
    let kept = app.sql("SELECT count(*) FROM traces WHERE kind = 'saml'");
    assert_eq!(kept, 101);
    assert_eq!(app.sql("SELECT count(*) FROM seen_assertions"), 0);
}
