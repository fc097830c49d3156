//! Names for rows.

use data_encoding::{Encoding, Specification};
use std::sync::LazyLock;
use uuid::Builder;

use super::random;
use crate::clock::Timestamp;

/// A UUID of version 7 (RFC 9562 section 5.7): rows made together lie together.
pub fn new(now: Timestamp) -> String {
    let millis = u64::try_from(now.millis()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &random::bytes())
        .into_uuid()
        .hyphenated()
        .to_string()
}

/// 20 characters of `a-z2-7`, 100 random bits: a provider's id stands in addresses that people
/// paste into their identity provider, so it is short, of one case, and tells nothing.
pub fn provider() -> String {
    let mut text = base32(&random::bytes::<13>());
    text.truncate(20);
    text
}

/// Lower-case base32 (RFC 4648 section 6) without padding.
pub fn base32(bytes: &[u8]) -> String {
    static LOWER: LazyLock<Encoding> = LazyLock::new(|| {
        let mut specification = Specification::new();
        specification
            .symbols
            .push_str("abcdefghijklmnopqrstuvwxyz234567");
        // A constant alphabet of 32 distinct symbols is always accepted.
        specification
            .encoding()
            .unwrap_or(data_encoding::BASE32_NOPAD)
    });
    LOWER.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_carry_their_time_and_differ() {
        let now = Timestamp::from_millis(0x0123_4567_89ab);
        let id = new(now);
        assert!(id.starts_with("01234567-89ab-7"), "{id}");
        assert_ne!(id, new(now));
        assert!(new(now) < new(Timestamp::from_millis(now.millis() + 1)));
    }

    #[test]
    fn provider_ids_are_twenty_base32_characters() {
        let id = provider();
        assert_eq!(id.len(), 20);
        assert!(id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7')));
        assert_ne!(id, provider());
    }
}
