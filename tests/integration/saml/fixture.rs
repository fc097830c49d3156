//! One identity provider, one impostor and one service provider for all tests of this binary:
//! RSA keys are slow to make.

use std::sync::LazyLock;
use std::time::Duration;

use data_encoding::BASE64;
use portcullis::clock::Timestamp;
use portcullis::demo::identity_provider::{Cipher, Encryption, IdentityProvider, ResponseSpec};
use portcullis::saml::certificate::Certificate;
use portcullis::saml::mapping::Mapping;
use portcullis::saml::response::{
    DecryptionKey, Expectation, Opened, Refusal, SignIn, Trust, open,
};

pub(crate) const ISSUER: &str = "http://www.okta.com/exkdemo";
pub(crate) const SSO: &str = "https://acme.okta.com/app/acme_1/exkdemo/sso/saml";
pub(crate) const ACS: &str = "https://door.example/saml/abc/acs";
pub(crate) const AUDIENCE: &str = "https://door.example/saml/abc/metadata";
pub(crate) const REQUEST: &str = "_000102030405060708090a0b0c0d0e0f";
pub(crate) const PERSON: &str = "ann@acme.com";
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_429_230_456);

pub(crate) static IDP: LazyLock<IdentityProvider> =
    LazyLock::new(|| IdentityProvider::generate(ISSUER, SSO).unwrap());
/// Same names, other key.
pub(crate) static IMPOSTOR: LazyLock<IdentityProvider> =
    LazyLock::new(|| IdentityProvider::generate(ISSUER, SSO).unwrap());

/// The service provider's encryption key pair.
pub(crate) struct Recipient {
    pub(crate) certificate: Vec<u8>,
    pub(crate) pkcs8: Vec<u8>,
}

pub(crate) static RECIPIENT: LazyLock<Recipient> = LazyLock::new(recipient);

pub(crate) fn recipient() -> Recipient {
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
        .unwrap();
    let certificate = rcgen::CertificateParams::default()
        .self_signed(&key)
        .unwrap();
    Recipient {
        certificate: certificate.der().to_vec(),
        pkcs8: key.serialize_der(),
    }
}

pub(crate) static TRUST: LazyLock<Trust> = LazyLock::new(|| Trust::new(&[certificate(&IDP)]));
pub(crate) static KEYS: LazyLock<Vec<DecryptionKey>> =
    LazyLock::new(|| vec![DecryptionKey::from_pkcs8(&RECIPIENT.pkcs8).unwrap()]);

pub(crate) fn certificate(idp: &IdentityProvider) -> Certificate {
    Certificate::parse(idp.certificate()).unwrap()
}

/// A solicited response for Ann, both signed.
pub(crate) fn spec() -> ResponseSpec<'static> {
    ResponseSpec {
        attributes: vec![
            ("firstName", vec!["Ann"]),
            ("lastName", vec!["O'Neil <&>"]),
            ("email", vec![PERSON]),
            ("groups", vec!["ops", "dev"]),
        ],
        in_response_to: Some(REQUEST),
        ..ResponseSpec::new(ACS, AUDIENCE, PERSON, NOW)
    }
}

pub(crate) fn encryption(cipher: Cipher) -> Option<Encryption<'static>> {
    Some(Encryption {
        certificate: &RECIPIENT.certificate,
        cipher,
    })
}

pub(crate) fn issue(spec: &ResponseSpec<'_>) -> String {
    IDP.issue(spec).unwrap()
}

pub(crate) fn domains() -> &'static [String] {
    static DOMAINS: LazyLock<Vec<String>> = LazyLock::new(|| vec!["ACME.com".to_owned()]);
    &DOMAINS
}

static MAPPING: LazyLock<Mapping> = LazyLock::new(Mapping::default);

pub(crate) fn expectation() -> Expectation<'static> {
    Expectation {
        issuer: ISSUER,
        acs_url: ACS,
        audience: AUDIENCE,
        in_response_to: Some(REQUEST),
        allow_unsolicited: false,
        domains: domains(),
        skew: Duration::from_secs(180),
        mapping: &MAPPING,
        authentication: Default::default(),
    }
}

pub(crate) fn open_xml(xml: &str) -> Result<Opened, Refusal> {
    open(&BASE64.encode(xml.as_bytes()), &TRUST, &KEYS)
}

/// The whole way, with what a well configured provider expects.
pub(crate) fn sign_in(xml: &str) -> Result<SignIn, Refusal> {
    open_xml(xml)?.check(&expectation(), NOW)
}

/// The response of `spec`, signed as a whole, without AuthnInstant, which the schema requires.
pub(crate) fn without_authn_instant(spec: &ResponseSpec<'_>) -> String {
    let unsigned = issue(&ResponseSpec {
        sign_response: false,
        sign_assertion: false,
        ..spec.clone()
    });
    let instant = format!(" AuthnInstant=\"{}\"", spec.authn_instant);
    assert!(unsigned.contains(&instant));
    let template = IDP.signature_template(spec.response_id, spec.algorithm);
    let (head, rest) = unsigned.split_once("</saml2:Issuer>").unwrap();
    let template = format!("{head}</saml2:Issuer>{template}{rest}");
    IDP.sign(template.replace(&instant, "")).unwrap()
}
