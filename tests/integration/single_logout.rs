//! Single logout that the identity provider starts, as its page sends a browser through it; by POST
//! in [`posted`]. What follows when somebody signs out here is in [`by_person`].

mod by_person;
mod posted;

use data_encoding::BASE64;
use portcullis::clock;
use portcullis::saml::certificate::Certificate;
use portcullis::saml::redirect::{self, Field};
use portcullis::saml::signing::SigningKey;
use serde_json::{Value, json};

use crate::app::{PUBLIC, Tenant, TestApp};
use crate::browser::Browser;
use crate::http::{Answer, Ask};
use crate::saml::fixture::{IDP, ISSUER};

const SERVICE: &str = "https://acme.okta.com/app/acme_1/exkdemo/slo/saml";
const ANSWERS: &str = "https://acme.okta.com/app/acme_1/exkdemo/slo/saml/callback";

struct Signer {
    key: SigningKey,
    certificate: Certificate,
}

fn signer() -> Signer {
    let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
        .unwrap();
    let made = rcgen::CertificateParams::default()
        .self_signed(&pair)
        .unwrap();
    let certificate = Certificate::parse(made.der()).unwrap();
    let key = SigningKey::from_pkcs8(&pair.serialize_der(), &certificate.der).unwrap();
    Signer { key, certificate }
}

/// The simulated Okta's metadata with a logout service, whose key it is that logouts are signed by.
fn metadata(signer: &Signer) -> String {
    let key = format!(
        "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data><ds:X509Certificate>{}\
         </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
         <md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
         Location=\"{SERVICE}\" ResponseLocation=\"{ANSWERS}\"/>\
         <md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         Location=\"{SERVICE}/post\" ResponseLocation=\"{ANSWERS}/post\"/><md:NameIDFormat>",
        BASE64.encode(&signer.certificate.der)
    );
    IDP.metadata().replacen("<md:NameIDFormat>", &key, 1)
}

/// What a LogoutRequest says.
struct Logout {
    id: &'static str,
    issuer: &'static str,
    destination: String,
    times: String,
    name_id: &'static str,
    attributes: &'static str,
    indexes: Vec<&'static str>,
}

fn at(seconds: i64) -> String {
    let now = clock::now().millis();
    portcullis::clock::Timestamp::from_millis(now + seconds * 1000).to_string()
}

impl Logout {
    fn of(tenant: &Tenant, id: &'static str, name_id: &'static str) -> Self {
        Self {
            id,
            issuer: ISSUER,
            destination: format!("{PUBLIC}/saml/{}/slo", tenant.provider),
            times: format!("IssueInstant=\"{}\" NotOnOrAfter=\"{}\"", at(0), at(120)),
            name_id,
            attributes: "",
            indexes: Vec::new(),
        }
    }

    fn xml(&self) -> String {
        let each = |index: &&str| format!("<p:SessionIndex>{index}</p:SessionIndex>");
        let indexes: String = self.indexes.iter().map(each).collect();
        format!(
            "<p:LogoutRequest xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{}\" Version=\"2.0\" {} \
             Destination=\"{}\"><a:Issuer>{}</a:Issuer><a:NameID{}>{}</a:NameID>{indexes}\
             </p:LogoutRequest>",
            self.id, self.times, self.destination, self.issuer, self.attributes, self.name_id,
        )
    }

    fn path(&self, tenant: &Tenant, key: Option<&SigningKey>) -> String {
        let slo = format!("/saml/{}/slo", tenant.provider);
        redirect::url(&slo, Field::Request, &self.xml(), "back & forth", key).unwrap()
    }
}

/// As in a hidden frame of the identity provider's page: no cookie comes with it.
fn framed(app: &TestApp, path: &str) -> Answer {
    app.ask(
        Ask::get(path)
            .header("Sec-Fetch-Site", "cross-site")
            .header("Sec-Fetch-Dest", "iframe"),
    )
}

fn code(app: &TestApp, tenant: &Tenant) -> Value {
    app.newest_trace(tenant)["code"].clone()
}

#[test]
fn the_identity_provider_ends_all_sessions_of_a_name_and_hears_so() {
    let (app, acme) = TestApp::acme();
    let signer = signer();
    app.set_provider(&acme, &json!({ "metadata_xml": metadata(&signer) }));
    let mut browsers = [Browser::new(&app), Browser::new(&app)];
    for browser in &mut browsers {
        browser.sign_in(&acme, "ann@acme.com");
    }
    let mut other = Browser::new(&app);
    other.sign_in(&acme, "bob@acme.com");
    let path = Logout::of(&acme, "_l1", "ann@acme.com").path(&acme, Some(&signer.key));
    let answer = framed(&app, &path).expect(303);
    assert!(browsers.iter_mut().all(|b| b.session().is_none()));
    assert!(other.session().is_some());
    let (to, query) = answer.location().split_once('?').unwrap();
    assert_eq!(to, ANSWERS);
    let message = redirect::parse(query).unwrap();
    assert_eq!(message.field, Field::Response);
    assert_eq!(message.relay_state.as_deref(), Some("back & forth"));
    assert!(message.xml.contains("InResponseTo=\"_l1\"") && message.xml.contains("status:Success"));
    let ours = app.ask(Ask::get(format!("/saml/{}/metadata", acme.provider)));
    let ours = ours.expect(200).text();
    assert!(ours.contains(&format!("Location=\"{PUBLIC}/saml/{}/slo\"", acme.provider)));
    let (_, rest) = ours.split_once("X509Certificate>").unwrap();
    let key = Certificate::parse(rest.split_once('<').unwrap().0.as_bytes()).unwrap();
    assert_eq!(message.verify(&[key]), Ok(()));
    // Twice is once too many.
    other.sign_in(&acme, "ann@acme.com");
    framed(&app, &path).expect(403);
    assert_eq!(code(&app, &acme), "logout-replayed");
    assert!(other.session().is_some());
}

#[test]
fn a_session_index_ends_that_session_alone() {
    let (app, acme) = TestApp::acme();
    let signer = signer();
    app.set_provider(&acme, &json!({ "metadata_xml": metadata(&signer) }));
    let (mut first, mut second) = (Browser::new(&app), Browser::new(&app));
    first.sign_in(&acme, "ann@acme.com");
    second.sign_in(&acme, "ann@acme.com");
    app.force("UPDATE sessions SET session_index = 'one' WHERE token_hash = (SELECT token_hash FROM sessions WHERE user_id IS NOT NULL ORDER BY id LIMIT 1)");
    let logout = Logout {
        indexes: vec!["one"],
        ..Logout::of(&acme, "_l2", "ann@acme.com")
    };
    framed(&app, &logout.path(&acme, Some(&signer.key))).expect(303);
    assert!(first.session().is_none());
    assert!(second.session().is_some());
}

/// Gives the two oldest sessions these names at the identity provider.
fn name_sessions(app: &TestApp, first: Option<&str>, second: Option<&str>) {
    for (number, index) in [first, second].into_iter().enumerate() {
        let value = index.map_or_else(|| "NULL".to_owned(), |index| format!("'{index}'"));
        app.force(&format!(
            "UPDATE sessions SET session_index = {value} WHERE id = (SELECT id FROM sessions \
             WHERE user_id IS NOT NULL ORDER BY id LIMIT 1 OFFSET {number})"
        ));
    }
}

/// An acme whose provider has a logout service, and two browsers of Ann's.
fn two_browsers(app: &TestApp, tenant: &Tenant) -> (Signer, [String; 2]) {
    let signer = signer();
    app.set_provider(tenant, &json!({ "metadata_xml": metadata(&signer) }));
    let browsers = [(), ()].map(|()| {
        let mut browser = Browser::new(app);
        browser.sign_in(tenant, "ann@acme.com");
        browser.cookies()
    });
    (signer, browsers)
}

#[test]
fn sessions_are_found_by_name_index_and_qualifiers() {
    let persistent = " Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\"";
    // The sessions' names, what the request says, and which sessions are left.
    type Case = (
        [Option<&'static str>; 2],
        &'static [&'static str],
        &'static str,
        [bool; 2],
    );
    let cases: [Case; 8] = [
        ([Some("a"), Some("b")], &["b"], "", [true, false]),
        ([Some("a"), Some("b")], &["a", "b", "c"], "", [false, false]),
        ([Some("a"), Some("b")], &[], "", [false, false]),
        ([Some("a"), Some("b")], &["c"], "", [true, true]),
        // Which one it is can't be told, so it ends as well.
        ([None, Some("b")], &["c"], "", [false, true]),
        ([Some("a"), Some("b")], &[], persistent, [true, true]),
        (
            [Some("a"), Some("b")],
            &[],
            " NameQualifier=\"x\"",
            [false, false],
        ),
        (
            [Some("a"), Some("b")],
            &[],
            " SPNameQualifier=\"x\"",
            [false, false],
        ),
    ];
    for ([first, second], indexes, attributes, left) in cases {
        let (app, acme) = TestApp::acme();
        let (signer, browsers) = two_browsers(&app, &acme);
        app.force(
            "UPDATE sessions SET name_id_format = \
             'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress' WHERE user_id IS NOT NULL",
        );
        name_sessions(&app, first, second);
        let logout = Logout {
            indexes: indexes.to_vec(),
            attributes,
            ..Logout::of(&acme, "_l5", "ann@acme.com")
        };
        let answer = framed(&app, &logout.path(&acme, Some(&signer.key))).expect(303);
        assert_eq!(said(&answer), "status:Success");
        let alive = browsers
            .each_ref()
            .map(|cookies| app.who(cookies).is_some());
        assert_eq!(alive, left, "{first:?} {second:?} {indexes:?} {attributes}");
    }
}

/// The last word of the answer's status.
fn said(answer: &Answer) -> String {
    let (_, query) = answer.location().split_once('?').unwrap();
    let xml = redirect::parse(query).unwrap().xml;
    let (_, last) = xml.rsplit_once("SAML:2.0:").unwrap();
    last.split_once('"').unwrap().0.to_owned()
}

#[test]
fn a_session_that_does_not_end_is_told() {
    let (app, acme) = TestApp::acme();
    let (signer, browsers) = two_browsers(&app, &acme);
    name_sessions(&app, Some("one"), Some("two"));
    let stuck = |index: &str| {
        app.force(&format!(
            "CREATE TRIGGER stuck_{index} BEFORE DELETE ON sessions \
             WHEN old.session_index = '{index}' BEGIN SELECT RAISE(ABORT, 'stuck'); END"
        ));
    };
    stuck("two");
    let logout = |id| Logout::of(&acme, id, "ann@acme.com").path(&acme, Some(&signer.key));
    let answer = framed(&app, &logout("_p1")).expect(303);
    assert_eq!(said(&answer), "status:PartialLogout");
    assert!(app.who(&browsers[0]).is_none() && app.who(&browsers[1]).is_some());
    let trace = app.newest_trace(&acme);
    assert_eq!(trace["detail"]["kept"], 1, "{trace}");
    let answer = framed(&app, &logout("_p2")).expect(303);
    assert_eq!(said(&answer), "status:Responder");
    app.force("DROP TRIGGER stuck_two");
    let answer = framed(&app, &logout("_p3")).expect(303);
    assert_eq!(said(&answer), "status:Success");
    assert!(app.who(&browsers[1]).is_none());
}

#[test]
fn what_was_on_its_way_opens_nothing_any_more() {
    let (app, acme) = TestApp::acme();
    let signer = signer();
    let set = json!({ "metadata_xml": metadata(&signer), "unsigned_logout_requests": true });
    app.set_provider(&acme, &set);
    let mut browser = Browser::new(&app);
    let started = browser.start(&acme);
    let made = started.spec("ann@acme.com");
    std::thread::sleep(std::time::Duration::from_millis(2));
    let logout = |id| Logout::of(&acme, id, "ann@acme.com");
    framed(&app, &logout("_o1").path(&acme, Some(&signer.key))).expect(303);
    browser.answer(&started, &made).expect(403);
    assert_eq!(code(&app, &acme), "signed-out-meanwhile");
    assert!(browser.session().is_none());
    // Whoever signs in again has a later one.
    std::thread::sleep(std::time::Duration::from_millis(2));
    browser.sign_in(&acme, "ann@acme.com");
    // What anybody could have sent keeps nobody out.
    let started = browser.start(&acme);
    let made = started.spec("ann@acme.com");
    std::thread::sleep(std::time::Duration::from_millis(2));
    framed(&app, &logout("_o2").path(&acme, None)).expect(303);
    assert!(browser.session().is_none());
    browser.answer(&started, &made).expect(303);
    assert!(browser.session().is_some());
}

#[test]
fn forged_logouts_end_nothing() {
    let (app, acme) = TestApp::acme();
    let (signer, stranger) = (signer(), signer());
    app.set_provider(&acme, &json!({ "metadata_xml": metadata(&signer) }));
    let rival = app.tenant("rival", "rival.example");
    app.set_provider(&rival, &json!({ "metadata_xml": metadata(&stranger) }));
    let mut browser = Browser::new(&app);
    browser.sign_in(&acme, "ann@acme.com");
    let logout = || Logout::of(&acme, "_l3", "ann@acme.com");
    let signed = |logout: Logout| logout.path(&acme, Some(&signer.key));
    let good = signed(logout());
    let elsewhere = format!("{PUBLIC}/saml/{}/slo", rival.provider);
    let old = format!("IssueInstant=\"{}\"", at(-3600));
    let future = format!("IssueInstant=\"{}\"", at(3600));
    for (path, wanted) in [
        (logout().path(&acme, None), "logout-unsigned"),
        // The other provider's own key, too.
        (
            logout().path(&acme, Some(&stranger.key)),
            "logout-signature-invalid",
        ),
        (
            signed(Logout {
                destination: elsewhere,
                ..logout()
            }),
            "logout-destination-mismatch",
        ),
        (
            signed(Logout {
                issuer: "https://other.example",
                ..logout()
            }),
            "logout-issuer-mismatch",
        ),
        (
            signed(Logout {
                times: old,
                ..logout()
            }),
            "logout-expired",
        ),
        (
            signed(Logout {
                times: future,
                ..logout()
            }),
            "logout-expired",
        ),
        (
            signed(Logout {
                times: String::new(),
                ..logout()
            }),
            "logout-incomplete",
        ),
        (
            signed(Logout {
                name_id: "",
                ..logout()
            }),
            "logout-incomplete",
        ),
        (
            good.replace("rsa-sha256", "rsa-sha512"),
            "logout-signature-invalid",
        ),
        (
            good.replace(
                "2001%2F04%2Fxmldsig-more%23rsa-sha256",
                "2000%2F09%2Fxmldsig%23rsa-sha1",
            ),
            "logout-algorithm-not-allowed",
        ),
        (format!("{good}&RelayState=x"), "logout-query-malformed"),
        (good.replace("forth", "fifth"), "logout-signature-invalid"),
        (
            good.replace("SAMLRequest", "SAMLResponse"),
            "logout-signature-invalid",
        ),
    ] {
        let answer = framed(&app, &path).expect(403);
        assert!(!answer.text().contains(wanted), "told a stranger: {wanted}");
        assert_eq!(code(&app, &acme), wanted);
        assert!(browser.session().is_some(), "{wanted}");
    }
    // What was signed for one provider ends nothing at another.
    let (_, query) = good.split_once('?').unwrap();
    framed(&app, &format!("/saml/{}/slo?{query}", rival.provider)).expect(403);
    assert!(browser.session().is_some());
    framed(&app, &good).expect(303);
    assert!(browser.session().is_none());
}
