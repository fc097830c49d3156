//! What must be accepted.

use super::encryption::sign_around;
use super::fixture::*;
use portcullis::clock::Timestamp;
use portcullis::demo::identity_provider::{Algorithm, Cipher, ResponseSpec, encrypted};
use portcullis::saml::request::AuthnRequest;
use portcullis::saml::response::{DecryptionKey, Expectation, SignIn, Trust, open};

#[track_caller]
fn is_ann(sign_in: &SignIn) {
    assert_eq!(sign_in.name_id, PERSON);
    assert_eq!(sign_in.email.as_deref(), Some(PERSON));
    assert_eq!(sign_in.first_name.as_deref(), Some("Ann"));
    assert_eq!(sign_in.last_name.as_deref(), Some("O'Neil <&>"));
    assert_eq!(sign_in.session_index.as_deref(), Some(REQUEST));
    assert_eq!(sign_in.assertion_id, spec().assertion_id);
    assert_eq!(
        sign_in.attributes[3],
        ("groups".into(), vec!["ops".into(), "dev".into()])
    );
    assert_eq!(
        sign_in.replay_until,
        NOW.plus(std::time::Duration::from_secs(480))
    );
    assert!(sign_in.checks.iter().all(|c| c.passed));
}

#[test]
fn signed_in_every_way() {
    for (sign_response, sign_assertion) in [(true, true), (true, false), (false, true)] {
        for cipher in [None, Some(Cipher::Aes256Gcm), Some(Cipher::Aes256Cbc)] {
            if cipher == Some(Cipher::Aes256Cbc) && !sign_response {
                continue;
            }
            let xml = issue(&ResponseSpec {
                sign_response,
                sign_assertion,
                encryption: cipher.and_then(encryption),
                ..spec()
            });
            is_ann(&sign_in(&xml).unwrap());
        }
    }
}

/// Okta declares xs and xsi in each value.
#[test]
fn hundreds_of_groups() {
    let names: Vec<_> = (0..500)
        .map(|n| format!("Group {n} of the company"))
        .collect();
    let mut spec = spec();
    spec.attributes[3].1 = names.iter().map(String::as_str).collect();
    for cipher in [None, Some(Cipher::Aes256Gcm)] {
        spec.encryption = cipher.and_then(encryption);
        let xml = issue(&spec);
        assert!(cipher.is_some() || xml.matches("xmlns:xsi=").count() > 500);
        let sign_in = sign_in(&xml).unwrap();
        assert_eq!(sign_in.attributes[3], ("groups".into(), names.clone()));
    }
}

#[test]
fn every_hash() {
    for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
        is_ann(
            &sign_in(&issue(&ResponseSpec {
                algorithm,
                ..spec()
            }))
            .unwrap(),
        );
    }
}

#[test]
fn any_of_several_pinned_certificates() {
    let both = Trust::new(&[certificate(&IMPOSTOR), certificate(&IDP)]);
    for idp in [&*IDP, &*IMPOSTOR] {
        let xml = idp.issue(&spec()).unwrap();
        let value = data_encoding::BASE64.encode(xml.as_bytes());
        let opened = open(&value, &both, &[]).unwrap();
        assert_eq!(opened.in_response_to(), Some(REQUEST));
        is_ann(&opened.check(&expectation(), NOW).unwrap());
    }
}

#[test]
fn any_of_several_decryption_keys() {
    let keys = [
        DecryptionKey::from_pkcs8(&recipient().pkcs8).unwrap(),
        DecryptionKey::from_pkcs8(&RECIPIENT.pkcs8).unwrap(),
    ];
    let xml = issue(&ResponseSpec {
        encryption: encryption(Cipher::Aes256Gcm),
        ..spec()
    });
    let value = data_encoding::BASE64.encode(xml.as_bytes());
    is_ann(
        &open(&value, &TRUST, &keys)
            .unwrap()
            .check(&expectation(), NOW)
            .unwrap(),
    );
    assert_eq!(format!("{:?}", keys[0]), "DecryptionKey(..)");
    assert!(DecryptionKey::from_pkcs8(b"no key").is_err());
}

/// OpenSAML's way: the EncryptedKey stands beside the EncryptedData.
#[test]
fn encrypted_key_as_a_sibling() {
    for retrieval in [true, false] {
        let plain = ResponseSpec {
            sign_response: false,
            ..spec()
        };
        let inside = issue(&ResponseSpec {
            encryption: encryption(Cipher::Aes256Gcm),
            ..plain
        });
        let xml = sibling_key(&inside, retrieval, "#key");
        is_ann(&sign_in(&xml).unwrap());
        assert_eq!(
            sign_in(&sibling_key(&inside, true, "#other"))
                .unwrap_err()
                .code,
            "encryption-structure"
        );
    }
}

pub(crate) fn sibling_key(xml: &str, retrieval: bool, uri: &str) -> String {
    let start = xml.find("<xenc:EncryptedKey>").unwrap();
    let end = xml.find("</xenc:EncryptedKey>").unwrap() + "</xenc:EncryptedKey>".len();
    let key = xml[start..end].replace(
        "<xenc:EncryptedKey>",
        "<xenc:EncryptedKey xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"key\">",
    );
    let pointer = if retrieval {
        format!(
            "<ds:RetrievalMethod Type=\"http://www.w3.org/2001/04/xmlenc#EncryptedKey\" URI=\"{uri}\"/>"
        )
    } else {
        "<ds:KeyName>us</ds:KeyName>".to_owned()
    };
    let mut moved = format!("{}{pointer}{}", &xml[..start], &xml[end..]);
    let at = moved.find("</saml2:EncryptedAssertion>").unwrap();
    moved.insert_str(at, &key);
    moved
}

/// The plaintext uses a prefix that only the Response declares.
#[test]
fn plaintext_that_needs_the_namespaces_around_it() {
    let signed = issue(&ResponseSpec {
        sign_response: false,
        ..spec()
    });
    let start = signed.find("<saml2:Assertion").unwrap();
    let end = signed.find("</saml2:Assertion>").unwrap() + "</saml2:Assertion>".len();
    let bare = signed[start..end]
        .replace(" xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\"", "")
        .replace(" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"", "");
    assert!(!bare.contains("xmlns:saml2"));
    let sealed = encrypted(&bare, &encryption(Cipher::Aes256Gcm).unwrap()).unwrap();
    let xml = format!("{}{sealed}{}", &signed[..start], &signed[end..]);
    is_ann(&sign_in(&xml).unwrap());
}

#[test]
fn idp_initiated_where_allowed() {
    let xml = issue(&ResponseSpec {
        in_response_to: None,
        ..spec()
    });
    let allowed = Expectation {
        allow_unsolicited: true,
        in_response_to: None,
        ..expectation()
    };
    let opened = open_xml(&xml).unwrap();
    assert_eq!(opened.in_response_to(), None);
    assert_eq!(opened.check(&allowed, NOW).unwrap().name_id, PERSON);
}

#[test]
fn an_unsolicited_response_is_good_for_two_minutes() {
    let xml = issue(&ResponseSpec {
        in_response_to: None,
        ..spec()
    });
    let allowed = Expectation {
        allow_unsolicited: true,
        in_response_to: None,
        ..expectation()
    };
    let at = |seconds: u64| {
        let later = NOW.plus(std::time::Duration::from_secs(seconds));
        open_xml(&xml).unwrap().check(&allowed, later)
    };
    // Two minutes, not longer by the skew.
    assert!(at(119).is_ok());
    let late = at(120).unwrap_err();
    assert_eq!(late.code, "expired");
    assert!(late.expected.contains("answers no request"), "{late:?}");
    // It is the confirmation that holds which counts: another that answers a request helps nobody.
    let second = "<saml2:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
        <saml2:SubjectConfirmationData InResponseTo=\"_other\" Recipient=\"https://elsewhere.test\" \
        NotOnOrAfter=\"2100-01-01T00:00:00Z\"/></saml2:SubjectConfirmation></saml2:Subject>";
    let bare = issue(&ResponseSpec {
        in_response_to: None,
        sign_response: false,
        sign_assertion: false,
        ..spec()
    });
    let two = sign_around(
        &bare.replacen("</saml2:Subject>", second, 1),
        spec().response_id,
    );
    let check = |seconds: u64| {
        let later = NOW.plus(std::time::Duration::from_secs(seconds));
        open_xml(&two).unwrap().check(&allowed, later)
    };
    assert!(check(119).is_ok());
    assert_eq!(check(120).unwrap_err().code, "expired");
    // One that answers a request lasts as long as it says.
    let xml = issue(&spec());
    let later = NOW.plus(std::time::Duration::from_secs(300));
    assert!(open_xml(&xml).unwrap().check(&expectation(), later).is_ok());
}

/// A comment or CDATA section may stand in a NameID, but never cuts it short.
#[test]
fn comments_and_cdata_keep_the_whole_name() {
    let base = issue(&spec());
    for odd in [
        "ann@acme.com<!-- x -->",
        "ann@<!-- x -->acme.com",
        "ann@acme<![CDATA[.com]]>",
        "<![CDATA[ann@acme.com]]>",
    ] {
        let xml = base.replacen(
            &format!(">{PERSON}</saml2:NameID>"),
            &format!(">{odd}</saml2:NameID>"),
            1,
        );
        match sign_in(&xml) {
            Ok(accepted) => assert_eq!(accepted.name_id, PERSON, "{odd}"),
            Err(refusal) => assert_eq!(refusal.code, "signature-invalid", "{odd}"),
        }
    }
}

#[test]
fn line_breaks_in_the_form_value() {
    let xml = issue(&spec());
    let value = data_encoding::BASE64.encode(xml.as_bytes());
    let lines: Vec<_> = value
        .as_bytes()
        .chunks(76)
        .map(String::from_utf8_lossy)
        .collect();
    is_ann(
        &open(&lines.join("\r\n"), &TRUST, &[])
            .unwrap()
            .check(&expectation(), NOW)
            .unwrap(),
    );
}

#[test]
fn entra_claims_and_other_spellings() {
    let claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";
    let names = ["emailaddress", "givenname", "surname"].map(|n| format!("{claims}{n}"));
    let value = ResponseSpec {
        attributes: vec![
            (&names[0], vec!["", "ann@ACME.COM"]),
            (&names[1], vec!["Ann"]),
            (&names[2], vec![" "]),
            (&names[0], vec!["ann.second@acme.com"]),
        ],
        name_id: "opaque",
        ..spec()
    };
    let accepted = sign_in(&issue(&value)).unwrap();
    assert_eq!(accepted.email.as_deref(), Some("ann@ACME.COM"));
    assert_eq!(accepted.first_name.as_deref(), Some("Ann"));
    assert_eq!(accepted.last_name, None);
    assert_eq!(
        accepted.attributes[0].1,
        ["ann@ACME.COM", "ann.second@acme.com"]
    );
}

#[test]
fn a_request_reaches_the_identity_provider_whole() {
    let request = AuthnRequest {
        asked: Default::default(),
        id: REQUEST,
        issue_instant: Timestamp::from_millis(0),
        destination: SSO,
        acs_url: ACS,
        issuer: AUDIENCE,
    };
    let url = request.redirect_url("state", None).unwrap();
    let query = url.split_once('?').unwrap().1;
    let (_, value) = form_urlencoded::parse(query.as_bytes()).next().unwrap();
    let read = IDP.read_request(&value).unwrap();
    assert_eq!(
        (
            read.id.as_str(),
            read.acs_url.as_str(),
            read.issuer.as_str()
        ),
        (REQUEST, ACS, AUDIENCE)
    );
    assert!(IDP.read_request("!").is_err());
}

/// Not a benchmark: prints the cost so that a slowdown is seen.
#[test]
fn cost() {
    let value = data_encoding::BASE64.encode(issue(&spec()).as_bytes());
    let start = std::time::Instant::now();
    for _ in 0..50 {
        open(&value, &TRUST, &[])
            .unwrap()
            .check(&expectation(), NOW)
            .unwrap();
    }
    println!(
        "one verification: {:?} ({} bytes of base64)",
        start.elapsed() / 50,
        value.len()
    );
}
