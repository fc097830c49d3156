use std::sync::LazyLock;
use std::time::Duration;

use data_encoding::BASE64;

use super::*;
use crate::clock::Timestamp;
use crate::saml::name_id::NameSpace;
use crate::saml::signing::SigningKey;
use crate::saml::xml::{Element, PROTOCOL, parse};

const NOW: Timestamp = Timestamp::from_millis(1_795_429_230_000);
const SLO: &str = "https://door.example/saml/abc/slo";
const ISSUER: &str = "http://www.okta.com/exkdemo";

static IDP: LazyLock<(SigningKey, Certificate)> = LazyLock::new(own_key);

fn trust() -> Trust {
    Trust::new(std::slice::from_ref(&IDP.1))
}

fn expected() -> Expected<'static> {
    Expected {
        issuer: ISSUER,
        slo_url: SLO,
        skew: Duration::from_secs(60),
        allow_unsigned: false,
    }
}

const REQUEST: &str = r#"<p:LogoutRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="_l" Version="2.0" IssueInstant="2026-11-23T10:20:30Z" Destination="https://door.example/saml/abc/slo"><a:Issuer>http://www.okta.com/exkdemo</a:Issuer><a:NameID Format="f">ann@acme.com</a:NameID><p:SessionIndex>one</p:SessionIndex><p:SessionIndex>two</p:SessionIndex></p:LogoutRequest>"#;
const RESPONSE: &str = r#"<p:LogoutResponse xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" Version="2.0" IssueInstant="2026-11-23T10:20:30Z" Destination="https://door.example/saml/abc/slo" InResponseTo="_q"><a:Issuer>http://www.okta.com/exkdemo</a:Issuer><p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status></p:LogoutResponse>"#;

fn signed(xml: &str) -> String {
    let id = if xml.contains("_l") { "_l" } else { "_r" };
    let after = "</a:Issuer>";
    let signature = format!("{after}{}", IDP.0.template(id));
    IDP.0.fill(xml.replacen(after, &signature, 1)).unwrap()
}

fn post(field: Field, xml: &str) -> Result<Message, Refusal> {
    open_posted(field, &BASE64.encode(xml.as_bytes()), Some("r"), &trust())
}

fn request(xml: &str) -> Result<LogoutRequest, Refusal> {
    post(Field::Request, xml)?.request(&expected(), &[], NOW)
}

fn response(xml: &str) -> Result<LogoutResponse, Refusal> {
    post(Field::Response, xml)?.response(&expected(), NOW)
}

fn lenient(xml: &str) -> Result<LogoutRequest, Refusal> {
    let allowed = Expected {
        allow_unsigned: true,
        ..expected()
    };
    post(Field::Request, xml)?.request(&allowed, &[], NOW)
}

#[test]
fn a_posted_request_says_whose_sessions_and_which() {
    let read = request(&signed(REQUEST)).unwrap();
    assert_eq!(
        (read.id.as_str(), read.name_id.as_str()),
        ("_l", "ann@acme.com")
    );
    assert_eq!(read.name_space.format.as_deref(), Some("f"));
    assert_eq!(read.session_indexes, ["one", "two"]);
    assert_eq!(read.replay_until, NOW.plus(Duration::from_secs(360)));
    let codes: Vec<_> = read.checks.iter().map(|c| (c.code, c.passed)).collect();
    let wanted = [
        "signature",
        "logout-issuer",
        "logout-destination",
        "logout-time",
        "logout-subject",
    ];
    assert_eq!(codes, wanted.map(|code| (code, true)));
    assert_eq!(read.checks[0].got, "LogoutRequest signed with rsa-sha256");
}

#[test]
fn what_must_be_said_is_said() {
    let code = |xml: String| request(&signed(&xml)).unwrap_err().code;
    let without = |part: &str| code(REQUEST.replace(part, ""));
    let with = |from: &str, to: &str| code(REQUEST.replace(from, to));
    assert_eq!(
        without(r#" IssueInstant="2026-11-23T10:20:30Z""#),
        "logout-incomplete"
    );
    assert_eq!(
        without(&format!(" Destination=\"{SLO}\"")),
        "logout-destination-mismatch"
    );
    assert_eq!(with(">ann@acme.com<", "> <"), "logout-incomplete");
    assert_eq!(with("a:NameID", "a:BaseID"), "logout-incomplete");
    assert_eq!(
        with(r#"Format="f""#, &format!("Format=\"{}\"", "f".repeat(1025))),
        "logout-incomplete"
    );
    assert_eq!(with("exkdemo", "exkother"), "logout-issuer-mismatch");
    assert_eq!(with("abc/slo", "abd/slo"), "logout-destination-mismatch");
    assert_eq!(
        with(r#"Version="2.0""#, r#"Version="1.1""#),
        "logout-malformed"
    );
    assert_eq!(with("10:20:30Z", "10:14:29Z"), "logout-expired");
    assert_eq!(with("10:20:30Z", "10:21:31Z"), "logout-expired");
    let ends = r#" NotOnOrAfter="2026-11-23T10:19:30Z" Destination"#;
    assert_eq!(with(" Destination", ends), "logout-expired");
    let indexes = "<p:SessionIndex>x</p:SessionIndex>".repeat(63);
    let many = format!("{indexes}</p:LogoutRequest>");
    assert_eq!(with("</p:LogoutRequest>", &many), "logout-incomplete");
    let twice = "</a:NameID><a:NameID>bob@acme.com</a:NameID>";
    assert_eq!(with("</a:NameID>", twice), "logout-incomplete");
}

#[test]
fn only_what_was_signed_is_read() {
    let good = signed(REQUEST);
    let refused = |xml: &str| request(xml).unwrap_err().code;
    assert_eq!(refused(REQUEST), "logout-unsigned");
    assert_eq!(refused(&good.replace("ann@", "bob@")), "signature-invalid");
    let between = good.replace("ann@acme.com", "ann@acme.com<!-- x -->.evil");
    assert_eq!(refused(&between), "signature-invalid");
    // Comments are no part of what is signed, and none of what is read.
    let comment = good.replace("ann@acme.com", "ann@<!-- x -->acme.com");
    assert_eq!(request(&comment).unwrap().name_id, "ann@acme.com");
    // Leave to go without a signature is none to come with a wrong one.
    assert_eq!(lenient(REQUEST).unwrap().name_id, "ann@acme.com");
    let wrong = lenient(&good.replace("ann@", "bob@")).unwrap_err();
    assert_eq!(wrong.code, "signature-invalid");
    // The field's name says what it is.
    let as_response = post(Field::Response, &good).unwrap();
    let refusal = as_response.response(&expected(), NOW).unwrap_err();
    assert_eq!(refusal.code, "logout-malformed");
}

#[test]
fn an_unsigned_request_decrypts_nothing() {
    let sealed = REQUEST.replace(
        "<a:NameID Format=\"f\">ann@acme.com</a:NameID>",
        "<a:EncryptedID/>",
    );
    assert_eq!(
        lenient(&sealed).unwrap_err().code,
        "logout-name-id-encrypted"
    );
}

#[test]
fn forms_that_are_none() {
    let open = |value: &str, relay: Option<&str>| {
        open_posted(Field::Request, value, relay, &trust())
            .unwrap_err()
            .code
    };
    assert_eq!(open("", None), "logout-form-malformed");
    assert_eq!(open("%%%", None), "logout-form-malformed");
    assert_eq!(open(REQUEST, None), "logout-form-malformed");
    assert_eq!(open(&"A".repeat(400_000), None), "logout-form-malformed");
    let good = BASE64.encode(signed(REQUEST).as_bytes());
    assert_eq!(
        open(&good, Some(&"r".repeat(1025))),
        "logout-form-malformed"
    );
    let other = BASE64.encode(b"<a/>");
    assert_eq!(open(&other, None), "logout-malformed");
    let dtd = BASE64.encode(format!("<!DOCTYPE a>{REQUEST}").as_bytes());
    assert_eq!(open(&dtd, None), "xml-doctype");
}

#[test]
fn what_the_identity_provider_says_came_of_it() {
    let verdict = |xml: &str| response(&signed(xml)).unwrap().verdict;
    assert_eq!(verdict(RESPONSE), Verdict::Everywhere);
    assert_eq!(response(&signed(RESPONSE)).unwrap().in_response_to, "_q");
    let partial = r#":Success"><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:PartialLogout"/></p:StatusCode>"#;
    let partly = RESPONSE.replace(r#":Success"/>"#, partial);
    assert_eq!(verdict(&partly), Verdict::Partly);
    assert_eq!(
        verdict(&partly.replace(":Success", ":Responder")),
        Verdict::Partly
    );
    let failed = RESPONSE.replace(
        r#":Success"/>"#,
        r#":Responder"><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"/></p:StatusCode><p:StatusMessage>invalid signature</p:StatusMessage>"#,
    );
    assert_eq!(
        verdict(&failed),
        Verdict::No("Responder: AuthnFailed: invalid signature".to_owned())
    );
    let refused = |xml: &str| response(&signed(xml)).unwrap_err().code;
    assert_eq!(
        refused(&RESPONSE.replace(" InResponseTo=\"_q\"", "")),
        "logout-incomplete"
    );
    assert_eq!(
        refused(&RESPONSE.replace("p:Status>", "p:Other>")),
        "logout-incomplete"
    );
    assert_eq!(
        refused(&RESPONSE.replace("abc/slo", "abd/slo")),
        "logout-destination-mismatch"
    );
    assert_eq!(
        refused(&RESPONSE.replace("exkdemo", "exkother")),
        "logout-issuer-mismatch"
    );
    assert_eq!(
        refused(&RESPONSE.replace("10:20:30Z", "10:10:30Z")),
        "logout-expired"
    );
    assert_eq!(
        response(RESPONSE).unwrap_err().code,
        "logout-response-unsigned"
    );
}

fn own_key() -> (SigningKey, Certificate) {
    let size = rcgen::RsaKeySize::_2048;
    let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).unwrap();
    let made = rcgen::CertificateParams::default().self_signed(&pair);
    let certificate = Certificate::parse(made.unwrap().der()).unwrap();
    let key = SigningKey::from_pkcs8(&pair.serialize_der(), &certificate.der).unwrap();
    (key, certificate)
}

#[test]
fn what_we_say_is_read_again_by_either_binding() {
    let (key, certificate) = own_key();
    let space = NameSpace {
        format: Some("f".to_owned()),
        name_qualifier: Some("idp".to_owned()),
        sp_name_qualifier: Some("sp & co".to_owned()),
    };
    let ours = NewLogoutRequest {
        id: "_ours",
        issue_instant: NOW,
        not_on_or_after: NOW.plus(Duration::from_secs(300)),
        destination: SLO,
        issuer: ISSUER,
        name_id: "ann & co",
        name_space: &space,
        session_index: Some("<one>"),
    };
    let pinned = [certificate];
    let url = ours.redirect_url("relay", &key).unwrap();
    let (_, query) = url.split_once('?').unwrap();
    let redirected = open_redirected(query, &pinned, false).unwrap();
    assert_eq!(redirected.relay_state.as_deref(), Some("relay"));
    let value = ours.form_value(&key).unwrap();
    let posted = open_posted(Field::Request, &value, None, &Trust::new(&pinned)).unwrap();
    for message in [redirected, posted] {
        let read = message.request(&expected(), &[], NOW).unwrap();
        assert_eq!(
            (read.id.as_str(), read.name_id.as_str()),
            ("_ours", "ann & co")
        );
        assert_eq!(
            (&read.name_space, read.session_indexes.as_slice()),
            (&space, &["<one>".to_owned()][..])
        );
    }
    // The schema fixes the order of the children (SAML core section 3.7.1).
    let xml = String::from_utf8(BASE64.decode(value.as_bytes()).unwrap()).unwrap();
    let document = parse(&xml).unwrap();
    let root = Element::root(&document).unwrap();
    assert!(root.is(PROTOCOL, "LogoutRequest"));
    let children: Vec<_> = root.children().map(Element::local_name).collect();
    assert_eq!(children, ["Issuer", "Signature", "NameID", "SessionIndex"]);
}

#[test]
fn our_answers_say_what_came_of_it() {
    let (key, certificate) = own_key();
    let pinned = [certificate];
    for (outcome, verdict) in [
        (Outcome::Done, Verdict::Everywhere),
        (Outcome::Partial, Verdict::Partly),
        (Outcome::Failed, Verdict::No("Responder".to_owned())),
    ] {
        let ours = NewLogoutResponse {
            id: "_ours",
            in_response_to: "_theirs",
            issue_instant: NOW,
            destination: SLO,
            issuer: ISSUER,
            outcome,
        };
        let url = ours.redirect_url("", &key).unwrap();
        let (_, query) = url.split_once('?').unwrap();
        let redirected = open_redirected(query, &pinned, false).unwrap();
        let value = ours.form_value(&key).unwrap();
        let posted = open_posted(Field::Response, &value, None, &Trust::new(&pinned)).unwrap();
        for message in [redirected, posted] {
            let read = message.response(&expected(), NOW).unwrap();
            assert_eq!(
                (&read.verdict, read.in_response_to.as_str()),
                (&verdict, "_theirs")
            );
        }
    }
}
