//! Each check of the profile with a validly signed response that fails it and nothing else.

use std::time::Duration;

use portcullis::demo::identity_provider::{Algorithm, ResponseSpec};
use portcullis::saml::advice::{self, Screens};
use portcullis::saml::response::{Expectation, Refusal};

use super::fixture::*;

/// A response for `spec()` with `from` replaced by `to` before the assertion is signed.
fn odd(from: &str, to: &str) -> String {
    let unsigned = issue(&ResponseSpec {
        sign_response: false,
        sign_assertion: false,
        ..spec()
    });
    let start = unsigned.find("<saml2:Assertion").unwrap();
    let end = unsigned.find("</saml2p:Response>").unwrap();
    let assertion = &unsigned[start..end];
    assert!(assertion.contains(from), "{from}");
    let template = IDP.signature_template(spec().assertion_id, Algorithm::Sha256);
    let changed = assertion
        .replacen("</saml2:Issuer>", &format!("</saml2:Issuer>{template}"), 1)
        .replacen(from, to, 1);
    let signed = IDP.sign(changed).unwrap();
    format!("{}{signed}{}", &unsigned[..start], &unsigned[end..])
}

#[track_caller]
fn refused(xml: &str, code: &str) -> Refusal {
    let refusal = sign_in(xml).unwrap_err();
    assert_eq!(refusal.code, code, "{}", refusal.got);
    refusal
}

/// The opening tag of an unsigned Response changed.
fn envelope(from: &str, to: &str) -> String {
    let xml = issue(&ResponseSpec {
        sign_response: false,
        ..spec()
    });
    let end = xml.find("<saml2:Assertion").unwrap();
    assert!(xml[..end].contains(from), "{from}");
    format!("{}{}", xml[..end].replacen(from, to, 1), &xml[end..])
}

#[test]
fn version() {
    refused(&odd("Version=\"2.0\"", "Version=\"1.1\""), "version");
    refused(&odd(" Version=\"2.0\"", ""), "version");
    refused(&envelope(" Version=\"2.0\"", " Version=\"1.1\""), "version");
}

fn advised(refusal: &Refusal) -> &'static str {
    advice::of(refusal.code, Screens::Okta).unwrap()
}

#[test]
fn status() {
    let failed = envelope(
        "<saml2p:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>",
        "<saml2p:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\">\
         <saml2p:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:AuthnFailed\"/>\
         </saml2p:StatusCode><saml2p:StatusMessage>not\u{85}assigned</saml2p:StatusMessage>",
    );
    let refusal = refused(&failed, "status-authn-failed");
    assert_eq!(refusal.got, "Responder: AuthnFailed: not\u{FFFD}assigned");
    assert!(advised(&refusal).contains("System Log"));
    // Without an assertion, as identity providers send it.
    let start = failed.find("<saml2:Assertion").unwrap();
    let bare = format!("{}</saml2p:Response>", &failed[..start]);
    refused(&bare, "status-authn-failed");
    let long = failed.replace("not\u{85}assigned", &"x".repeat(10_000));
    assert!(refused(&long, "status-authn-failed").got.len() < 300);
    refused(
        &envelope("<saml2p:Status>", "<saml2p:Status/><saml2p:Status>"),
        "status-not-success",
    );
}

#[test]
fn issuer() {
    let refusal = refused(
        &odd(ISSUER, "http://www.okta.com/exkother"),
        "issuer-mismatch",
    );
    assert_eq!(
        (refusal.expected.as_str(), refusal.got.as_str()),
        (ISSUER, "http://www.okta.com/exkother")
    );
    refused(&odd(&format!(">{ISSUER}<"), "><"), "issuer-missing");
    refused(
        &envelope(ISSUER, "http://www.okta.com/exkother"),
        "issuer-mismatch",
    );
}

#[test]
fn destination_and_recipient() {
    let refusal = refused(
        &envelope(
            &format!("Destination=\"{ACS}\""),
            "Destination=\"https://other.example/acs\"",
        ),
        "destination-mismatch",
    );
    assert!(advised(&refusal).contains("Use this for Recipient URL and Destination URL"));
    // Not signed and absent: nothing was claimed.
    assert!(sign_in(&envelope(&format!(" Destination=\"{ACS}\""), "")).is_ok());
    let unsigned = issue(&ResponseSpec {
        sign_response: false,
        ..spec()
    });
    let template = IDP.signature_template(spec().response_id, Algorithm::Sha256);
    let without = unsigned
        .replacen("</saml2:Issuer>", &format!("</saml2:Issuer>{template}"), 1)
        .replacen(&format!(" Destination=\"{ACS}\""), "", 1);
    refused(&IDP.sign(without).unwrap(), "destination-missing");
    refused(
        &odd(
            &format!("Recipient=\"{ACS}\""),
            "Recipient=\"https://other.example/acs\"",
        ),
        "recipient-mismatch",
    );
    refused(
        &odd(&format!(" Recipient=\"{ACS}\""), ""),
        "recipient-missing",
    );
}

#[test]
fn subject() {
    refused(
        &odd(&format!(">{PERSON}</saml2:NameID>"), "> </saml2:NameID>"),
        "name-id-missing",
    );
    let whole = issue(&spec());
    let start = whole.find("<saml2:Subject>").unwrap();
    let end = whole.find("</saml2:Subject>").unwrap() + "</saml2:Subject>".len();
    refused(&odd(&whole[start..end], ""), "subject-missing");
    let name = "n".repeat(2000);
    refused(
        &issue(&ResponseSpec {
            name_id: &name,
            ..spec()
        }),
        "name-id-too-long",
    );
    refused(
        &odd("cm:bearer", "cm:holder-of-key"),
        "subject-confirmation-missing",
    );
    let data = "<saml2:SubjectConfirmationData";
    refused(
        &odd(
            data,
            "<saml2:SubjectConfirmationData/><saml2:SubjectConfirmationData",
        ),
        "assertion-structure",
    );
    let window = format!("NotOnOrAfter=\"{}\" Recipient", spec().not_on_or_after);
    refused(&odd(&window, "Recipient"), "confirmation-expiry-missing");
    refused(
        &odd(&window, "NotOnOrAfter=\"yesterday\" Recipient"),
        "time-malformed",
    );
    refused(
        &odd(&window, "NotOnOrAfter=\"2026-11-23T10:00:00Z\" Recipient"),
        "expired",
    );
    refused(
        &odd(
            &window,
            &format!("NotBefore=\"2026-11-23T11:00:00Z\" {window}"),
        ),
        "not-yet-valid",
    );
    // One good confirmation is enough, wherever it stands.
    let bad = "<saml2:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"/>";
    assert!(sign_in(&odd("</saml2:NameID>", &format!("</saml2:NameID>{bad}"))).is_ok());
}

#[test]
fn audience() {
    let refusal = refused(&odd(AUDIENCE, "https://other.example"), "audience-mismatch");
    assert!(advised(&refusal).contains("Audience URI (SP Entity ID)"));
    let restriction = format!(
        "<saml2:AudienceRestriction><saml2:Audience>{AUDIENCE}</saml2:Audience></saml2:AudienceRestriction>"
    );
    refused(&odd(&restriction, ""), "audience-missing");
    refused(
        &odd(
            &restriction,
            &format!("{restriction}<saml2:AudienceRestriction/>"),
        ),
        "audience-mismatch",
    );
    let other = restriction.replace(AUDIENCE, "https://other.example");
    refused(
        &odd(&restriction, &format!("{restriction}{other}")),
        "audience-mismatch",
    );
    let two = restriction.replace(
        "<saml2:Audience>",
        "<saml2:Audience>https://other.example</saml2:Audience><saml2:Audience>",
    );
    assert!(sign_in(&odd(&restriction, &two)).is_ok());
    assert!(
        sign_in(&odd(
            &restriction,
            &format!("<saml2:OneTimeUse/>{restriction}")
        ))
        .is_ok()
    );
    refused(
        &odd(
            &restriction,
            &format!("{restriction}<x:y xmlns:x=\"urn:x\"/>"),
        ),
        "condition-unknown",
    );
}

/// Five minutes either way, three of skew.
#[test]
fn time() {
    let xml = issue(&spec());
    let at = |minutes: i64, millis: i64| {
        let now =
            portcullis::clock::Timestamp::from_millis(NOW.millis() + minutes * 60_000 + millis);
        open_xml(&xml)
            .unwrap()
            .check(&expectation(), now)
            .map_err(|r| r.code)
    };
    assert!(at(8, -1).is_ok());
    assert_eq!(at(8, 0).unwrap_err(), "expired");
    assert!(at(-8, 0).is_ok());
    assert_eq!(at(-8, -1).unwrap_err(), "not-yet-valid");
    let none = Expectation {
        skew: Duration::ZERO,
        ..expectation()
    };
    let late = NOW.plus(Duration::from_secs(300));
    assert_eq!(
        open_xml(&xml).unwrap().check(&none, late).unwrap_err().code,
        "expired"
    );
}

#[test]
fn in_response_to() {
    let check = |xml: &str, pending, allow_unsolicited| {
        let expected = Expectation {
            in_response_to: pending,
            allow_unsolicited,
            ..expectation()
        };
        open_xml(xml)
            .unwrap()
            .check(&expected, NOW)
            .map(|_| ())
            .map_err(|r| r.code)
    };
    let solicited = issue(&spec());
    let unsolicited = issue(&ResponseSpec {
        in_response_to: None,
        ..spec()
    });
    for allow in [true, false] {
        assert_eq!(
            check(&solicited, Some("_other"), allow),
            Err("in-response-to-unknown")
        );
        assert_eq!(
            check(&solicited, None, allow),
            Err("in-response-to-unknown")
        );
    }
    assert_eq!(
        check(&unsolicited, None, false),
        Err("in-response-to-missing")
    );
    assert_eq!(
        check(&unsolicited, Some(REQUEST), false),
        Err("in-response-to-missing")
    );
    assert_eq!(check(&unsolicited, None, true), Ok(()));
    assert_eq!(check(&unsolicited, Some(REQUEST), true), Ok(()));
    let outer = format!(" InResponseTo=\"{REQUEST}\"");
    let differs = envelope(&outer, " InResponseTo=\"_other\"");
    assert_eq!(
        check(&differs, Some(REQUEST), false),
        Err("in-response-to-mismatch")
    );
    assert_eq!(
        check(&odd(&outer, ""), Some(REQUEST), true),
        Err("in-response-to-mismatch")
    );
    // Only the signed one counts where the Response doesn't say.
    assert_eq!(check(&envelope(&outer, ""), Some(REQUEST), false), Ok(()));
    assert_eq!(
        open_xml(&envelope(&outer, "")).unwrap().in_response_to(),
        Some(REQUEST)
    );
}

#[test]
fn session() {
    let whole = issue(&spec());
    let start = whole.find("<saml2:AuthnStatement").unwrap();
    let end = whole.find("</saml2:AuthnStatement>").unwrap() + "</saml2:AuthnStatement>".len();
    let statement = &whole[start..end];
    refused(&odd(statement, ""), "authn-statement-missing");
    let ends = |at: &str| {
        odd(
            "SessionIndex=",
            &format!("SessionNotOnOrAfter=\"{at}\" SessionIndex="),
        )
    };
    refused(&ends("2026-11-23T10:00:00Z"), "session-expired");
    refused(&ends("soon"), "time-malformed");
    let accepted = sign_in(&ends("2026-11-23T18:00:00Z")).unwrap();
    assert_eq!(
        accepted.session_not_on_or_after.unwrap().to_string(),
        "2026-11-23T18:00:00.000Z"
    );
}

#[test]
fn email() {
    let with = |name_id: &'static str, values: Vec<&'static str>| {
        let attributes = match values.is_empty() {
            true => Vec::new(),
            false => vec![("email", values)],
        };
        sign_in(&issue(&ResponseSpec {
            name_id,
            attributes,
            ..spec()
        }))
        .map_err(|r| r.code)
    };
    assert_eq!(with("ann", vec![]).unwrap_err(), "email-missing");
    assert_eq!(with("ann", vec![" "]).unwrap_err(), "email-missing");
    assert_eq!(
        with("ann", vec!["ann@other.example"]).unwrap_err(),
        "email-domain"
    );
    assert_eq!(
        with("ann", vec!["not an address"]).unwrap_err(),
        "email-domain"
    );
    assert_eq!(
        with("ann@other.example", vec!["ann@acme.com"]).unwrap_err(),
        "email-domain"
    );
    assert_eq!(
        with("ann@acme.com", vec!["ann@acme.com", "ann@other.example"]).unwrap_err(),
        "email-domain"
    );
    assert_eq!(
        with("ann@other.example@acme.com", vec![]).unwrap_err(),
        "email-domain"
    );
    // The NameID is the address where no attribute says one.
    assert_eq!(
        with("ann@acme.com", vec![]).unwrap().email.as_deref(),
        Some("ann@acme.com")
    );
    assert_eq!(with("ann", vec!["ann@acme.com"]).unwrap().name_id, "ann");
    let none = Expectation {
        domains: &[],
        ..expectation()
    };
    assert_eq!(
        open_xml(&issue(&spec()))
            .unwrap()
            .check(&none, NOW)
            .unwrap_err()
            .code,
        "email-domain"
    );
}
