//! What an identity provider that is trusted may sign: anything. The input takes the place of an
//! assertion's content, or of its Subject alone, and is signed.

#![no_main]

mod okta;

use libfuzzer_sys::{Corpus, fuzz_target};
use portcullis::demo::identity_provider::ResponseSpec;

fuzz_target!(|input: &str| -> Corpus {
    let unsigned = okta::OKTA
        .issue(&ResponseSpec {
            sign_response: false,
            sign_assertion: false,
            ..okta::spec()
        })
        .unwrap();
    let (kept, until) = match input.strip_prefix("subject:") {
        Some(_) => ("<saml2:Subject>", "<saml2:Conditions"),
        None => ("<saml2:Subject>", "</saml2:Assertion>"),
    };
    let content = input.strip_prefix("subject:").unwrap_or(input);
    let start = unsigned.find(kept).unwrap();
    let end = unsigned.find(until).unwrap();
    let signature = okta::OKTA.signature_template(okta::spec().response_id, okta::spec().algorithm);
    let body = format!("{}{content}{}", &unsigned[..start], &unsigned[end..]);
    let template = body.replacen("</saml2:Issuer>", &format!("</saml2:Issuer>{signature}"), 1);
    let Ok(signed) = okta::OKTA.sign(template) else {
        return Corpus::Reject;
    };
    if let Ok(accepted) = okta::sign_in(signed.as_bytes()) {
        assert!(!accepted.name_id.is_empty());
        assert!(accepted.checks.iter().all(|check| check.passed));
    }
    Corpus::Keep
});
