//! A logout message out of a form. With `signed:` before it, an identity provider that is trusted
//! signs it first; without, nobody vouches for it. The field is a request's unless the text says
//! LogoutResponse.

#![no_main]

mod okta;

use std::time::Duration;

use data_encoding::BASE64;
use libfuzzer_sys::{Corpus, fuzz_target};
use portcullis::saml::logout::{Expected, open_posted};
use portcullis::saml::redirect::Field;

fuzz_target!(|input: &str| -> Corpus {
    let (wanted, text) = match input.strip_prefix("signed:") {
        Some(text) => (true, text),
        None => (false, input),
    };
    let field = match text.contains("LogoutResponse") {
        true => Field::Response,
        false => Field::Request,
    };
    let xml = if wanted {
        let template = okta::OKTA.signature_template("_l", okta::spec().algorithm);
        let placed = text.replacen("</a:Issuer>", &format!("</a:Issuer>{template}"), 1);
        match okta::OKTA.sign(placed) {
            Ok(signed) => signed,
            Err(_) => return Corpus::Reject,
        }
    } else {
        text.to_owned()
    };
    let Ok(message) = open_posted(field, &BASE64.encode(xml.as_bytes()), None, &okta::TRUST) else {
        return Corpus::Keep;
    };
    let signed = message.is_signed();
    assert!(!signed || wanted, "nobody signed this");
    let expected = Expected {
        issuer: "http://www.okta.com/exkfuzz",
        slo_url: "https://door.example/saml/abc/slo",
        skew: Duration::from_secs(180),
        allow_unsigned: !wanted,
    };
    if field == Field::Response {
        if let Ok(read) = message.response(&expected, okta::NOW) {
            assert!(!read.in_response_to.is_empty() && read.in_response_to.len() <= 1024);
            assert!(read.checks.iter().all(|check| check.passed));
        }
    } else if let Ok(read) = message.request(&expected, &[], okta::NOW) {
        for text in [&read.id, &read.name_id]
            .into_iter()
            .chain(&read.session_indexes)
        {
            assert!(!text.is_empty() && text.len() <= 1024);
        }
        assert!(read.session_indexes.len() <= 64);
        assert!(read.replay_until > okta::NOW);
        assert!(read.checks.iter().all(|check| check.passed));
    }
    Corpus::Keep
});
