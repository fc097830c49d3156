//! The attack documents in a file, valid now, for other implementations to read
//! (`tests/peers/test_attacks.py`).

use portcullis::clock;
use portcullis::demo::identity_provider::ResponseSpec;
use portcullis::saml::response::open;
use serde_json::json;

use super::attacks::{Workshop, documents};
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
                "encrypted": attack.xml.contains("EncryptedAssertion"),
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
    let index = json!({
        "metadata": IDP.metadata(),
        "issuer": ISSUER,
        "acs": ACS,
        "audience": AUDIENCE,
        "request": REQUEST,
        "person": PERSON,
        "valid": { "twice": valid(true, true), "once": valid(false, true) },
        "attacks": attacks,
    });
    std::fs::write(file, index.to_string()).unwrap();
}
