//! Every attack document and every broken form value is refused, with its own code.

use data_encoding::BASE64;
use portcullis::demo::identity_provider::ResponseSpec;
use portcullis::saml::response::{MAX_FORM_VALUE, MAX_XML, Refusal, Trust, open};

use super::attacks::{AES_256, Workshop, documents};
use super::fixture::*;

fn workshop() -> Workshop<'static> {
    Workshop {
        idp: &IDP,
        impostor: &IMPOSTOR,
        recipient: &RECIPIENT.certificate,
        ciphers: AES_256,
        spec: spec(),
    }
}

#[test]
fn attacks() {
    let documents = documents(&workshop());
    let mut wrong = Vec::new();
    println!("{:<60} refused with", "attack");
    for attack in &documents {
        match sign_in(&attack.xml) {
            Ok(accepted) => {
                wrong.push(format!("{}: ACCEPTED as {}", attack.name, accepted.name_id))
            }
            Err(refusal) => {
                println!("{:<60} {}", attack.name, refusal.code);
                if refusal.code != attack.code {
                    wrong.push(format!(
                        "{}: {} instead of {} ({})",
                        attack.name, refusal.code, attack.code, refusal.got
                    ));
                }
                check_refusal(&refusal);
            }
        }
    }
    let unsigned = documents
        .iter()
        .filter(|a| a.xml.contains("<ds:SignatureValue></ds:SignatureValue>"));
    for attack in unsigned {
        println!("the library would not sign: {}", attack.name);
    }
    println!("{} documents", documents.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What every refusal promises.
fn check_refusal(refusal: &Refusal) {
    let last = refusal.checks.last().unwrap();
    assert!(!last.passed && last.code == refusal.code);
    for text in refusal.checks.iter().flat_map(|c| [&c.expected, &c.got]) {
        assert!(
            text.chars().count() <= 201 && !text.chars().any(char::is_control),
            "{text}"
        );
    }
    assert!(
        refusal
            .code
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    );
    assert_eq!(
        refusal.to_string(),
        format!("the SAML response was refused: {}", refusal.code)
    );
}

#[test]
fn a_provider_without_certificates_refuses_everything() {
    let nobody = Trust::new(&[]);
    for sign_response in [true, false] {
        for sign_assertion in [true, false] {
            let xml = issue(&ResponseSpec {
                sign_response,
                sign_assertion,
                ..spec()
            });
            let refusal = open(&BASE64.encode(xml.as_bytes()), &nobody, &KEYS).unwrap_err();
            assert_eq!(refusal.code, "provider-without-certificate");
        }
    }
    for attack in documents(&workshop()) {
        assert!(
            open(&BASE64.encode(attack.xml.as_bytes()), &nobody, &KEYS).is_err(),
            "{}",
            attack.name
        );
    }
}

#[test]
fn without_our_key_nothing_is_decrypted() {
    use portcullis::demo::identity_provider::Cipher;
    let xml = issue(&ResponseSpec {
        encryption: encryption(Cipher::Aes256Gcm),
        ..spec()
    });
    let refusal = open(&BASE64.encode(xml.as_bytes()), &TRUST, &[]).unwrap_err();
    assert_eq!(refusal.code, "decryption-key-missing");
    let other =
        [portcullis::saml::response::DecryptionKey::from_pkcs8(&recipient().pkcs8).unwrap()];
    let refusal = open(&BASE64.encode(xml.as_bytes()), &TRUST, &other).unwrap_err();
    assert_eq!(refusal.code, "decryption-failed");
}

#[test]
fn form_values() {
    let code = |value: &str| {
        let refusal = open(value, &TRUST, &KEYS).unwrap_err();
        check_refusal(&refusal);
        refusal.code
    };
    let xml = issue(&spec());
    assert_eq!(code(""), "response-empty");
    assert_eq!(code(" \r\n"), "response-empty");
    assert_eq!(
        code("<!DOCTYPE html><html><body>Bad gateway</body></html>"),
        "response-is-html"
    );
    assert_eq!(
        code(&BASE64.encode(b"<html><body>Sign in</body></html>")),
        "response-is-html"
    );
    assert_eq!(code(&xml), "response-not-base64");
    assert_eq!(code("%%%"), "response-not-base64");
    assert_eq!(
        code(
            &BASE64
                .encode(xml.as_bytes())
                .replace('+', " ")
                .replace('=', "%3D")
                .replace('/', "%2F")
        ),
        "response-not-base64"
    );
    assert_eq!(
        code(&BASE64.encode(&[0xFF, 0xFE, 0x3C])),
        "response-not-utf8"
    );
    assert_eq!(code(&"A".repeat(MAX_FORM_VALUE + 1)), "response-too-big");
    assert_eq!(
        code(&BASE64.encode(&vec![b' '; MAX_XML + 1])),
        "response-too-big"
    );
    assert_eq!(code(&BASE64.encode(b"hello")), "xml-malformed");
    assert_eq!(code(&BASE64.encode(b" ")), "xml-malformed");
    // Exactly at the bound it is still read.
    let padded = format!("{xml}{}", " ".repeat(MAX_XML - xml.len()));
    assert!(open(&BASE64.encode(padded.as_bytes()), &TRUST, &KEYS).is_ok());
}

/// Within the size bound, nothing may take long. Comments are not signed, so those are accepted.
#[test]
fn large_documents_are_quick() {
    let base = issue(&spec());
    let fill = |unit: &str| unit.repeat((MAX_XML - base.len()) / unit.len());
    let many_namespaces: String = (0..240)
        .map(|n| format!(" xmlns:a{n}=\"urn:a\""))
        .collect::<Vec<_>>()
        .chunks(60)
        .map(|c| format!("<a{}>", c.concat()))
        .collect();
    let nested = format!(
        "{many_namespaces}{}{}",
        "<b/>".repeat(50_000),
        "</a>".repeat(4)
    );
    for (name, added) in [
        ("elements", fill("<a/>")),
        ("attributes", fill("<a b='c' d='e' f='g'/>")),
        ("text", fill("x&amp;")),
        ("comments", fill("<!---->")),
        ("namespaces in scope", nested),
        ("open quotes", fill("<a b='>'/>")),
    ] {
        let xml = base.replacen("<saml2:Subject>", &format!("<saml2:Subject>{added}"), 1);
        let start = std::time::Instant::now();
        let code = sign_in(&xml).map_or_else(|refusal| refusal.code, |_| "accepted");
        println!("{name:<20} {:>9.1?} {}", start.elapsed(), code);
        assert!(start.elapsed().as_secs() < 5, "{name}");
    }
}
