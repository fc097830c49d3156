//! What people paste as metadata, and what they are told.

use data_encoding::BASE64;
use portcullis::clock::Timestamp;
use portcullis::saml::metadata::{
    IdpMetadata, MAX_SIZE, MetadataError as E, ServiceProvider, is_sign_on_url, parse_idp,
    service_provider,
};

use super::fixture::*;

fn parse(text: &str) -> Result<IdpMetadata, E> {
    parse_idp(text.as_bytes(), NOW)
}

fn okta() -> String {
    IDP.metadata()
}

fn change(from: &str, to: &str) -> Result<IdpMetadata, E> {
    assert!(okta().contains(from), "{from}");
    parse(&okta().replacen(from, to, 1))
}

fn key_descriptor() -> String {
    let text = okta();
    let start = text.find("<md:KeyDescriptor").unwrap();
    let end = text.find("</md:KeyDescriptor>").unwrap() + "</md:KeyDescriptor>".len();
    text[start..end].to_owned()
}

fn descriptor() -> String {
    let text = okta();
    let start = text.find("<md:IDPSSODescriptor").unwrap();
    let end = text.find("</md:IDPSSODescriptor>").unwrap() + "</md:IDPSSODescriptor>".len();
    text[start..end].to_owned()
}

fn federation(entities: &str) -> String {
    format!("<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{entities}</md:EntitiesDescriptor>")
        .replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "")
}

#[test]
fn okta_metadata() {
    let read = parse(&okta()).unwrap();
    assert_eq!(
        (read.entity_id.as_str(), read.sso_url.as_str()),
        (ISSUER, SSO)
    );
    assert_eq!(read.certificates, [certificate(&IDP)]);
    assert_eq!(
        (read.slo_url, read.want_authn_requests_signed),
        (None, false)
    );
    // A byte order mark, as ADFS and Entra write it.
    assert!(parse(&format!("\u{FEFF}{}", okta())).is_ok());
    assert!(parse(&federation(&okta())).is_ok());
}

#[test]
fn certificates() {
    let ours = key_descriptor();
    let theirs = ours.replace(
        &IDP.metadata()[IDP.metadata().find("<ds:X509Certificate>").unwrap()
            ..IDP.metadata().find("</ds:X509Certificate>").unwrap()],
        &format!(
            "<ds:X509Certificate>{}",
            BASE64.encode(IMPOSTOR.certificate())
        ),
    );
    let both = [certificate(&IDP), certificate(&IMPOSTOR)];
    assert_eq!(
        change(&ours, &format!("{ours}{theirs}{ours}"))
            .unwrap()
            .certificates,
        both
    );
    let unspecified = theirs.replace(" use=\"signing\"", "");
    assert_eq!(
        change(&ours, &format!("{ours}{unspecified}"))
            .unwrap()
            .certificates,
        both
    );
    let encryption = theirs.replace("use=\"signing\"", "use=\"encryption\"");
    assert_eq!(
        change(&ours, &format!("{ours}{encryption}"))
            .unwrap()
            .certificates,
        both[..1]
    );
    assert_eq!(change(&ours, &encryption), Err(E::NoSigningCertificate));
    assert_eq!(change(&ours, ""), Err(E::NoSigningCertificate));
    assert!(matches!(
        change("<ds:X509Certificate>", "<ds:X509Certificate>!"),
        Err(E::BadCertificate(_))
    ));
}

#[test]
fn pasted_something_else() {
    assert_eq!(parse(" \n"), Err(E::Empty));
    assert_eq!(parse(&" ".repeat(MAX_SIZE + 1)), Err(E::TooBig));
    assert_eq!(parse_idp(&[0xFF, 0xFE, b'<', 0], NOW), Err(E::NotUtf8));
    for page in [
        "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Acme - Sign In</title>",
        "<html><body>okta</body></html>",
        "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"/>",
    ] {
        let error = parse(page).unwrap_err();
        assert_eq!(error, E::HtmlPage);
        assert!(error.to_string().contains("web page, not metadata"));
    }
    assert_eq!(
        parse("https://acme.okta.com/app/exk1/sso/saml/metadata"),
        Err(E::Address)
    );
    assert_eq!(
        parse(&BASE64.encode(IDP.certificate())),
        Err(E::CertificatePasted)
    );
    assert!(matches!(parse("{\"a\":1}"), Err(E::NotXml(_))));
    assert!(matches!(parse(&okta()[..900]), Err(E::NotXml(_))));
    assert_eq!(
        parse(&okta().replacen("?>", "?><!DOCTYPE x>", 1)),
        Err(E::Doctype)
    );
    assert_eq!(parse("<a/>"), Err(E::WrongRoot("a".into())));
    let ours = service_provider(&ServiceProvider {
        slo_url: "https://door.example/saml/abc/slo",
        signs_requests: false,
        entity_id: AUDIENCE,
        acs_url: ACS,
        signing_certificates: &[IDP.certificate().to_vec()],
        encryption_certificates: std::slice::from_ref(&RECIPIENT.certificate),
    });
    assert_eq!(parse(&ours), Err(E::ServiceProvider));
}

#[test]
fn not_one_identity_provider() {
    assert_eq!(
        parse(&federation(&format!("{0}{0}", okta()))),
        Err(E::SeveralProviders)
    );
    assert_eq!(parse(&federation("")), Err(E::NoIdentityProvider));
    assert_eq!(
        change(&descriptor(), &format!("{0}{0}", descriptor())),
        Err(E::SeveralDescriptors)
    );
    assert_eq!(change(&descriptor(), ""), Err(E::NoIdentityProvider));
    assert_eq!(
        change("SAML:2.0:protocol", "SAML:1.1:protocol"),
        Err(E::NoIdentityProvider)
    );
    assert_eq!(change(ISSUER, " "), Err(E::NoEntityId));
    assert_eq!(change(ISSUER, &"x".repeat(1025)), Err(E::NoEntityId));
}

#[test]
fn valid_until() {
    let until = |at: &str| change("entityID=", &format!("validUntil=\"{at}\" entityID="));
    assert!(until("2026-11-24T00:00:00Z").is_ok());
    let past = "2026-11-23T00:00:00Z";
    assert_eq!(
        until(past),
        Err(E::Expired(Timestamp::parse(past).unwrap()))
    );
    assert_eq!(until("soon"), Err(E::BadValidUntil("soon".into())));
    let outer = federation(&okta()).replacen(
        "<md:EntitiesDescriptor",
        &format!("<md:EntitiesDescriptor validUntil=\"{past}\""),
        1,
    );
    assert!(matches!(parse(&outer), Err(E::Expired(_))));
}

#[test]
fn sign_on_addresses() {
    let neither = okta()
        .replace("bindings:HTTP-Redirect", "bindings:SOAP")
        .replace("bindings:HTTP-POST", "bindings:PAOS");
    assert_eq!(parse(&neither), Err(E::NoRedirectSso));
    let only_post = change("bindings:HTTP-Redirect", "bindings:SOAP").unwrap();
    assert!(!only_post.takes_redirects);
    assert_eq!(only_post.sso_post_url, Some(only_post.sso_url));
    assert!(parse(&okta()).unwrap().takes_redirects);
    let insecure = okta().replace(SSO, "http://acme.example/sso");
    assert_eq!(
        parse(&insecure),
        Err(E::InsecureSso("http://acme.example/sso".into()))
    );
    for good in [
        "https://a/",
        "https://a.example?x=1",
        "http://localhost:8080/x",
        "http://127.0.0.1/",
        "http://[::1]:1/",
    ] {
        assert!(is_sign_on_url(good), "{good}");
    }
    for bad in [
        "",
        "https://",
        "http://a/",
        "javascript:alert(1)",
        "javascript://localhost/%0aalert(1)",
        "http://localhost@evil.example/",
        "http://localhost.evil.example/",
        "http://127.0.0.1.evil.example",
        "https://a b/",
        "https://a/\r\nX: y",
        "ftp://localhost/",
        "//a/",
        "https://:1/",
        "http://[::2]/",
        "http://localhost\\@evil.example/",
    ] {
        assert!(!is_sign_on_url(bad), "{bad}");
    }
    assert!(!is_sign_on_url(&format!("https://a/{}", "x".repeat(2048))));
}
