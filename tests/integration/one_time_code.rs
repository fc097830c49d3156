//! An authenticator application (RFC 6238), written here once more.

use aws_lc_rs::hmac;
use portcullis::clock;

/// The code of this secret now.
pub(crate) fn now(secret: &[u8]) -> String {
    at(secret, clock::now().millis() / 30_000)
}

/// The code of a step of thirty seconds.
pub(crate) fn at(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = usize::from(bytes[19] & 0x0f);
    let number = u32::from_be_bytes(bytes[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}
