//! An identity provider's metadata, pasted or fetched.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::clock::Timestamp;
use portcullis::saml::metadata::{is_sign_on_url, parse_idp};

fuzz_target!(|input: &[u8]| {
    let Ok(metadata) = parse_idp(input, Timestamp::from_millis(1_800_000_000_000)) else {
        return;
    };
    assert!(!metadata.entity_id.is_empty());
    assert!(!metadata.certificates.is_empty(), "nothing could verify");
    assert!(is_sign_on_url(&metadata.sso_url), "{}", metadata.sso_url);
});
