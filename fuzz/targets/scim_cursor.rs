//! A cursor as a client hands it back, with the right tag and without.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::clock::Timestamp;
use portcullis::scim::cursor::{Cursor, Position, Seal};
use portcullis::scim::sort::{Key, MAX_KEY};

fuzz_target!(|input: &[u8]| {
    let now = Timestamp::from_millis(1_800_000_000_000);
    let seal = Seal::new(&[7; 32], &["acme", "Users"]);
    // Nobody but us makes one.
    if let Ok(text) = std::str::from_utf8(input) {
        assert!(seal.open(text, now).is_err());
    }
    let [kind, backward, part, rest @ ..] = input else {
        return;
    };
    let text = String::from_utf8_lossy(rest);
    let (key, id) = text.split_at(text.find('\n').unwrap_or(0));
    if key.len() > MAX_KEY || id.len() > 256 {
        return;
    }
    let key = match kind % 3 {
        0 => Key::Missing,
        1 => Key::Integer(
            key.bytes()
                .fold(0, |sum, byte| (sum << 8) | i64::from(byte)),
        ),
        _ => Key::Text(key.to_owned()),
    };
    let cursor = Cursor {
        backward: backward % 2 == 1,
        position: Position {
            part: *part,
            key,
            id: id.to_owned(),
        },
    };
    let text = seal.seal(&cursor, now);
    assert_eq!(seal.open(&text, now), Ok(cursor));
    assert!(
        Seal::new(&[7; 32], &["acme", "Groups"])
            .open(&text, now)
            .is_err()
    );
});
