//! A response as XML that nobody vouches for. It must be refused, whatever it is.

#![no_main]

mod okta;

use data_encoding::BASE64;
use libfuzzer_sys::fuzz_target;
use portcullis::saml::response::open;

fuzz_target!(|input: &[u8]| {
    let refusal = open(&BASE64.encode(input), &okta::TRUST, &[])
        .expect_err("nothing here is signed with the provider's key");
    assert!(!refusal.code.is_empty() && !refusal.expected.is_empty());
    // As it came, too: the form value itself is a stranger's.
    if let Ok(text) = std::str::from_utf8(input) {
        open(text, &okta::TRUST, &[]).expect_err("nor here");
    }
});
