//! The attack documents in a file, valid now, for other implementations to read
//! (`tests/peers/test_attacks.py`).

use portcullis::clock;
use portcullis::demo::identity_provider::{Cipher, Encryption, ResponseSpec};
use portcullis::saml::response::open;
use serde_json::json;

use super::attacks::{AES_128, Workshop, documents};
use super::fixture::*;

#[test]
#[ignore = "writes the file that PORTCULLIS_ATTACKS names"]
fn written() {
    let file = std::env::var("PORTCULLIS_ATTACKS").unwrap();
    let now = clock::now();
    let spec = ResponseSpec {
        issue_instant: now,
        not_before: now.minus(std::time::Duration::from_secs(300)),
        not_on_or_after: now.plus(std::time::Duration::from_secs(300)),
        ..spec()
    };
    let judged = |xml: &str| {
        open(&data_encoding::BASE64.encode(xml.as_bytes()), &TRUST, &KEYS)
            .and_then(|opened| opened.check(&expectation(), now))
            .map_or_else(|refusal| refusal.code.to_owned(), |in_| in_.name_id)
    };
    let workshop = Workshop {
        idp: &IDP,
        impostor: &IMPOSTOR,
        recipient: &RECIPIENT.certificate,
        // samael decrypts AES with 128 bits only.
        ciphers: AES_128,
        spec: spec.clone(),
    };
    let attacks: Vec<_> = documents(&workshop)
        .iter()
        .map(|attack| {
            json!({
                "name": attack.name,
                "code": judged(&attack.xml),
                "xml": attack.xml,
                // Whom the identity provider vouched for, if for anybody.
                "signed": match attack.xml.contains(".evil.example<") {
                    true => format!("{PERSON}.evil.example"),
                    false => PERSON.to_owned(),
                },
                "encrypted": kind(&attack.xml),
            })
        })
        .collect();
    let valid = |sign_response, sign_assertion| {
        let spec = ResponseSpec {
            sign_response,
            sign_assertion,
            ..spec.clone()
        };
        IDP.issue(&spec).unwrap()
    };
    let encrypted_valid: serde_json::Map<_, _> = [Cipher::Aes128Gcm, Cipher::Aes128Cbc]
        .into_iter()
        .flat_map(|cipher| [true, false].map(|sign_response| (cipher, sign_response)))
        .map(|(cipher, sign_response)| {
            let spec = ResponseSpec {
                sign_response,
                encryption: Some(Encryption {
                    certificate: &RECIPIENT.certificate,
                    cipher,
                }),
                ..spec.clone()
            };
            let xml = IDP.issue(&spec).unwrap();
            (kind(&xml).unwrap(), json!(xml))
        })
        .collect();
    let index = json!({
        "metadata": IDP.metadata(),
        "issuer": ISSUER,
        "acs": ACS,
        "audience": AUDIENCE,
        "request": REQUEST,
        "person": PERSON,
        // PKCS#8 of the key that the documents are encrypted to; made a moment ago.
        "recipient": data_encoding::BASE64.encode(&RECIPIENT.pkcs8),
        "encrypted_valid": encrypted_valid,
        "valid": { "twice": valid(true, true), "once": valid(false, true) },
        "attacks": attacks,
    });
    std::fs::write(file, index.to_string()).unwrap();
}

/// How a document is encrypted, if it is: a peer that can't read a good one of the same kind says
/// nothing about the attack by refusing it.
fn kind(xml: &str) -> Option<String> {
    let (before, _) = xml.split_once("EncryptedAssertion")?;
    let cipher = match xml.contains(Cipher::Aes128Cbc.uri()) {
        true => "CBC",
        false => "GCM",
    };
    let signed = match before.contains("<ds:Signature ") {
        true => "signed",
        false => "unsigned",
    };
    Some(format!("AES-128-{cipher} in a Response that is {signed}"))
}
