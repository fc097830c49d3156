//! Signatures, certificates and encryption.

use portcullis::demo::identity_provider::{Cipher, ResponseSpec};

use super::scene::ANN;
use super::{Misconfiguration, row};
use crate::saml::fixture::{IMPOSTOR, recipient};

const GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";

pub(super) const ROWS: &[Misconfiguration] = &[
    row(
        "the certificate of before",
        "certificate-unknown",
        &[
            ("okta", "\"SAML Signing Certificates\""),
            ("entra", "\"App Federation Metadata Url\""),
            ("google", "\"Download metadata\""),
            ("keycloak", "\"Signing certificate\""),
        ],
        |scene| scene.document(|started| IMPOSTOR.issue(&started.spec(ANN)).unwrap()),
    ),
    row(
        "something changes pages on their way",
        "signature-invalid",
        &[
            ("okta", "compare the active certificate"),
            ("entra", "\"Thumbprint\""),
            ("google", "\"Manage certificates\""),
            ("saml", "fingerprint"),
        ],
        |scene| scene.afterwards(">Ann<", ">Anne<"),
    ),
    row(
        "nothing is signed",
        "signature-missing",
        &[
            ("okta", "\"Assertion Signature\""),
            ("entra", "\"Signing Option\""),
            ("google", "\"Signed response\""),
            ("keycloak", "Sign documents"),
        ],
        |scene| scene.answer(|spec| (spec.sign_response, spec.sign_assertion) = (false, false)),
    ),
    row(
        "signature by SHA-1",
        "signature-algorithm-not-allowed",
        &[
            ("okta", "\"Signature Algorithm\""),
            ("entra", "\"Signing Algorithm\""),
            ("google", "Certificates"),
            ("adfs", "secure hash algorithm"),
        ],
        |scene| {
            scene.afterwards(
                "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            )
        },
    ),
    row(
        "digest by SHA-1",
        "digest-algorithm-not-allowed",
        &[("okta", "\"Digest Algorithm\"")],
        |scene| {
            scene.afterwards(
                "http://www.w3.org/2001/04/xmlenc#sha256",
                "http://www.w3.org/2000/09/xmldsig#sha1",
            )
        },
    ),
    row(
        "inclusive canonicalization",
        "canonicalization-not-allowed",
        &[("saml", "exclusive canonicalization")],
        |scene| {
            scene.afterwards(
                "CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"",
                "CanonicalizationMethod \
                 Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"",
            )
        },
    ),
    row(
        "no certificate is stored",
        "provider-without-certificate",
        &[
            ("okta", "\"View IdP metadata\""),
            ("entra", "\"App Federation Metadata Url\""),
            ("google", "\"Download metadata\""),
        ],
        |scene| {
            scene.app.force("DELETE FROM provider_certificates");
            scene.answer(|_| ())
        },
    ),
    row(
        "encrypted to a key of before",
        "decryption-failed",
        &[
            ("okta", "\"Encryption Certificate\""),
            ("entra", "\"Token encryption\""),
            ("google", "certificate for encryption"),
            ("shibboleth", "\"Encrypt assertions\""),
        ],
        |scene| {
            let old = recipient().certificate;
            scene.post(&scene.encrypted(&old, Cipher::Aes256Gcm, true, true))
        },
    ),
    row(
        "encrypted to our signing certificate",
        "decryption-failed",
        &[("okta", "\"Encryption Certificate\"")],
        |scene| {
            let wrong = scene.our_certificate("signing");
            scene.post(&scene.encrypted(&wrong, Cipher::Aes256Gcm, true, true))
        },
    ),
    row(
        "encrypted, and neither part signed",
        "decryption-failed",
        &[("okta", "what is inside isn't signed")],
        |scene| {
            let ours = scene.our_certificate("encryption");
            scene.post(&scene.encrypted(&ours, Cipher::Aes256Gcm, false, false))
        },
    ),
    row(
        "AES-CBC, and only the assertion signed",
        "encryption-not-authentic",
        &[
            ("okta", "\"Response\" to \"Signed\""),
            ("entra", "\"Sign SAML response and assertion\""),
            ("google", "tick \"Signed response\""),
            ("keycloak", "\"Sign response\""),
        ],
        |scene| {
            let ours = scene.our_certificate("encryption");
            scene.post(&scene.encrypted(&ours, Cipher::Aes256Cbc, false, true))
        },
    ),
    row(
        "a cipher of 64-bit blocks",
        "encryption-algorithm-not-allowed",
        &[
            ("okta", "\"Encryption Algorithm\""),
            ("adfs", "\"Encryption algorithm\""),
        ],
        |scene| {
            let ours = scene.our_certificate("encryption");
            let xml = scene.encrypted(&ours, Cipher::Aes256Gcm, false, true);
            assert!(xml.contains(GCM));
            scene.post(&xml.replace(GCM, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"))
        },
    ),
    row(
        "key transport by RSA 1.5",
        "key-transport-not-allowed",
        &[
            ("okta", "\"Key Transport Algorithm\""),
            ("pingfederate", "\"Key transport algorithm\""),
        ],
        |scene| {
            let ours = scene.our_certificate("encryption");
            let xml = scene.encrypted(&ours, Cipher::Aes256Gcm, false, true);
            let oaep = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
            assert!(xml.contains(oaep));
            scene.post(&xml.replace(oaep, "http://www.w3.org/2001/04/xmlenc#rsa-1_5"))
        },
    ),
    row(
        "the encrypted key was left out",
        "encryption-structure",
        &[("saml", "leave its encryption off")],
        |scene| {
            let ours = scene.our_certificate("encryption");
            let xml = scene.encrypted(&ours, Cipher::Aes256Gcm, false, true);
            let start = xml.find("<xenc:EncryptedKey").unwrap();
            let end = "</xenc:EncryptedKey>";
            let rest = xml.find(end).unwrap() + end.len();
            scene.post(&format!("{}{}", &xml[..start], &xml[rest..]))
        },
    ),
    row(
        "two assertions in one response",
        "assertion-several",
        &[("saml", "report it with this trace")],
        |scene| {
            scene.document(|started| {
                use crate::saml::fixture::IDP;
                let issue = |id| {
                    IDP.issue(&ResponseSpec {
                        sign_response: false,
                        assertion_id: id,
                        ..started.spec(ANN)
                    })
                    .unwrap()
                };
                let (one, two) = (issue("_one"), issue("_two"));
                let from = two.find("<saml2:Assertion").unwrap();
                let to = two.find("</saml2p:Response>").unwrap();
                one.replacen("</saml2p:Response>", &two[from..], 1)
                    .replacen(&two[to..], "</saml2p:Response>", 1)
            })
        },
    ),
];
