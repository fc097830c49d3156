//! Which keys and algorithms sign a response that is accepted, and which don't.

use bergshamra_dsig::{DsigContext, sign::sign_owned};
use bergshamra_keys::{KeysManager, loader::load_pem_auto};
use data_encoding::BASE64;
use portcullis::demo::identity_provider::{Algorithm, ResponseSpec};
use portcullis::saml::certificate::{Certificate, CertificateError};
use portcullis::saml::response::{Refusal, SignIn, Trust, open};
use rcgen::{KeyPair, RsaKeySize};

use super::fixture::*;

const MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#";
const MORE_2007: &str = "http://www.w3.org/2007/05/xmldsig-more#";

/// The Response for Ann, signed by `pair` with this SignatureMethod.
fn signed(pair: &KeyPair, method: &str) -> (String, Certificate) {
    let certificate = rcgen::CertificateParams::default()
        .self_signed(pair)
        .unwrap();
    let mut keys = KeysManager::new();
    keys.add_key(load_pem_auto(pair.serialize_pem().as_bytes(), None).unwrap());
    let template = IDP
        .signature_template(spec().response_id, Algorithm::Sha256)
        .replace(&format!("{MORE}rsa-sha256"), method);
    // Its KeyInfo names another certificate.
    let (template, _) = template.split_once("<ds:KeyInfo>").unwrap();
    let template = format!("{template}</ds:Signature>");
    let unsigned = issue(&ResponseSpec {
        sign_response: false,
        sign_assertion: false,
        ..spec()
    });
    let with = unsigned.replacen("</saml2:Issuer>", &format!("</saml2:Issuer>{template}"), 1);
    let xml = sign_owned(&DsigContext::new(keys), with).unwrap();
    (xml, Certificate::parse(certificate.der()).unwrap())
}

fn verified(xml: &str, trust: &Trust) -> Result<SignIn, Refusal> {
    open(&BASE64.encode(xml.as_bytes()), trust, &[])?.check(&expectation(), NOW)
}

#[test]
fn every_key_with_every_algorithm_of_its_kind() {
    let rsa = |size| KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).unwrap();
    let curve = |curve| KeyPair::generate_for(curve).unwrap();
    let rsa_methods = [
        format!("{MORE}rsa-sha256"),
        format!("{MORE}rsa-sha384"),
        format!("{MORE}rsa-sha512"),
        format!("{MORE_2007}sha256-rsa-MGF1"),
        format!("{MORE_2007}sha384-rsa-MGF1"),
        format!("{MORE_2007}sha512-rsa-MGF1"),
    ];
    let cases = [
        (rsa(RsaKeySize::_2048), rsa_methods.to_vec()),
        (rsa(RsaKeySize::_3072), rsa_methods.to_vec()),
        (rsa(RsaKeySize::_4096), rsa_methods.to_vec()),
        (
            curve(&rcgen::PKCS_ECDSA_P256_SHA256),
            vec![format!("{MORE}ecdsa-sha256")],
        ),
        (
            curve(&rcgen::PKCS_ECDSA_P384_SHA384),
            vec![format!("{MORE}ecdsa-sha384")],
        ),
        (
            curve(&rcgen::PKCS_ECDSA_P521_SHA512),
            vec![format!("{MORE}ecdsa-sha512")],
        ),
    ];
    for (pair, methods) in &cases {
        for method in methods {
            let (xml, certificate) = signed(pair, method);
            let trust = Trust::new(&[certificate]);
            let accepted = verified(&xml, &trust).unwrap();
            assert_eq!(accepted.name_id, PERSON, "{method}");
            let changed = xml.replace(PERSON, "mallory@acme.com");
            assert_eq!(
                verified(&changed, &trust).unwrap_err().code,
                "signature-invalid"
            );
            assert_eq!(
                verified(&xml, &TRUST).unwrap_err().code,
                "signature-invalid",
                "{method} by a key that isn't pinned"
            );
        }
    }
}

/// One kind of signature under the name of another, by the right key.
#[test]
fn an_algorithm_under_another_name() {
    let pair = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let names = [
        format!("{MORE}rsa-sha256"),
        format!("{MORE}rsa-sha512"),
        format!("{MORE_2007}sha256-rsa-MGF1"),
        format!("{MORE}ecdsa-sha256"),
    ];
    for made in &names[..3] {
        let (xml, certificate) = signed(&pair, made);
        let trust = Trust::new(&[certificate]);
        for name in names.iter().filter(|name| *name != made) {
            let relabelled = xml.replace(made, name);
            let refusal = verified(&relabelled, &trust).unwrap_err();
            assert_eq!(refusal.code, "signature-invalid", "{made} as {name}");
        }
        // With its parameters left to the sender, PSS is not taken at all.
        let open_pss = xml.replace(made, &format!("{MORE_2007}rsa-pss"));
        assert_eq!(
            verified(&open_pss, &trust).unwrap_err().code,
            "signature-algorithm-not-allowed"
        );
    }
}

/// Made once with libxmlsec1, since no library here signs so; the key is gone.
#[test]
fn sha1_only_where_it_is_allowed() {
    let certificate = Certificate::parse(include_bytes!("../../fixtures/saml/sha1.pem")).unwrap();
    let trust = |allowed| Trust::new(std::slice::from_ref(&certificate)).with_sha1(allowed);
    for (xml, code) in [
        (
            include_str!("../../fixtures/saml/sha1-both.xml"),
            "signature-algorithm-not-allowed",
        ),
        (
            include_str!("../../fixtures/saml/sha1-signature.xml"),
            "signature-algorithm-not-allowed",
        ),
        (
            include_str!("../../fixtures/saml/sha1-digest.xml"),
            "digest-algorithm-not-allowed",
        ),
    ] {
        assert_eq!(verified(xml, &trust(false)).unwrap_err().code, code);
        let accepted = verified(xml, &trust(true)).unwrap();
        assert_eq!(accepted.name_id, PERSON);
        assert!(
            accepted.checks.iter().any(|c| c.code == "sha1-allowed"),
            "the trace says that SHA-1 was let through"
        );
        let changed = xml.replace(PERSON, "mallory@acme.com");
        let refusal = verified(&changed, &trust(true)).unwrap_err();
        assert_eq!(refusal.code, "signature-invalid");
    }
    let strong = verified(&issue(&spec()), &TRUST).unwrap();
    assert!(!strong.checks.iter().any(|c| c.code == "sha1-allowed"));
}

/// What SHA-1 being allowed doesn't allow.
#[test]
fn sha1_allowed_allows_nothing_else() {
    let lenient = Trust::new(&[certificate(&IDP)]).with_sha1(true);
    let xml = issue(&spec());
    for weak in [
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1",
    ] {
        let relabelled = xml.replace(&format!("{MORE}rsa-sha256"), weak);
        let refusal = verified(&relabelled, &lenient).unwrap_err();
        assert_eq!(refusal.code, "signature-algorithm-not-allowed", "{weak}");
    }
    let md5 = xml.replace(
        "http://www.w3.org/2001/04/xmlenc#sha256",
        &format!("{MORE}md5"),
    );
    assert_eq!(
        verified(&md5, &lenient).unwrap_err().code,
        "digest-algorithm-not-allowed"
    );
}

#[test]
fn rsa_keys_outside_the_bounds_are_refused_when_they_are_loaded() {
    for (pem, bits) in [
        (
            include_bytes!("../../fixtures/saml/rsa-1024.pem").as_slice(),
            1024,
        ),
        (include_bytes!("../../fixtures/saml/rsa-2047.pem"), 2047),
        (include_bytes!("../../fixtures/saml/rsa-4104.pem"), 4104),
    ] {
        let error = Certificate::parse(pem).unwrap_err();
        let expected = match bits {
            4104 => CertificateError::KeyTooBig(bits),
            _ => CertificateError::KeyTooSmall(bits),
        };
        assert_eq!(error, expected);
        let message = error.to_string();
        assert!(message.contains(&format!("{bits} bits")), "{message}");
        assert!(message.contains("2048 to 4096 bits"), "{message}");
    }
}
