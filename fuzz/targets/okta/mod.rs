//! One identity provider with a key of its own for each run.

#![allow(dead_code, reason = "each target uses its part of it")]

use std::sync::LazyLock;
use std::time::Duration;

use data_encoding::BASE64;
use portcullis::clock::Timestamp;
use portcullis::demo::identity_provider::{IdentityProvider, ResponseSpec};
use portcullis::saml::certificate::Certificate;
use portcullis::saml::mapping::Mapping;
use portcullis::saml::response::{DecryptionKey, Expectation, Refusal, SignIn, Trust, open};

const ISSUER: &str = "http://www.okta.com/exkfuzz";
const ACS: &str = "https://door.example/saml/abc/acs";
const AUDIENCE: &str = "https://door.example/saml/abc/metadata";
const REQUEST: &str = "_000102030405060708090a0b0c0d0e0f";
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

pub(crate) static OKTA: LazyLock<IdentityProvider> = LazyLock::new(|| {
    IdentityProvider::generate(ISSUER, "https://acme.okta.com/app/acme_1/exkfuzz/sso/saml").unwrap()
});

pub(crate) static TRUST: LazyLock<Trust> =
    LazyLock::new(|| Trust::new(&[Certificate::parse(OKTA.certificate()).unwrap()]));

/// Whom responses are encrypted for: certificate and key.
pub(crate) static RECIPIENT: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let size = rcgen::RsaKeySize::_2048;
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).unwrap();
    let certificate = rcgen::CertificateParams::default()
        .self_signed(&key)
        .unwrap();
    (certificate.der().to_vec(), key.serialize_der())
});

static KEYS: LazyLock<[DecryptionKey; 1]> =
    LazyLock::new(|| [DecryptionKey::from_pkcs8(&RECIPIENT.1).unwrap()]);

/// A response as it should be.
pub(crate) static SIGNED: LazyLock<String> = LazyLock::new(|| OKTA.issue(&spec()).unwrap());

pub(crate) static SAYS: LazyLock<String> =
    LazyLock::new(|| what_it_says(&sign_in(SIGNED.as_bytes()).unwrap()));

pub(crate) fn spec() -> ResponseSpec<'static> {
    ResponseSpec {
        attributes: vec![
            ("email", vec!["ann@acme.com"]),
            ("firstName", vec!["Ann"]),
            ("groups", vec!["ops", "dev"]),
        ],
        in_response_to: Some(REQUEST),
        ..ResponseSpec::new(ACS, AUDIENCE, "ann@acme.com", NOW)
    }
}

pub(crate) fn sign_in(xml: &[u8]) -> Result<SignIn, Refusal> {
    let domains = ["acme.com".to_owned()];
    let expectation = Expectation {
        issuer: ISSUER,
        acs_url: ACS,
        audience: AUDIENCE,
        in_response_to: Some(REQUEST),
        allow_unsolicited: false,
        domains: &domains,
        skew: Duration::from_secs(180),
        mapping: &Mapping::default(),
        authentication: Default::default(),
    };
    open(&BASE64.encode(xml), &TRUST, &*KEYS)?.check(&expectation, NOW)
}

/// Everything but the list of checks, which quotes what the envelope says.
pub(crate) fn what_it_says(sign_in: &SignIn) -> String {
    let bare = SignIn {
        checks: Vec::new(),
        ..sign_in.clone()
    };
    format!("{bare:?}")
}
