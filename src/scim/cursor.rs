//! Cursors, RFC 9865: a place in a list, handed to the client and taken back.
//!
//! A cursor names the last resource that was shown, not a number of resources, so that a page
//! neither repeats nor skips any when others are made or deleted meanwhile. Nothing is kept here
//! between two pages. A cursor is bound by its tag to the list it was made for (organization,
//! endpoint, filter, order) and ends after [`LIFETIME`].

use std::time::Duration;

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;

use crate::clock::Timestamp;

use super::error::ScimError;
use super::sort::Key;

/// How long a cursor holds, the `cursorTimeout` of RFC 9865 section 4.
pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Longest cursor we read, in bytes; the longest that we make are half of it.
pub const MAX_LENGTH: usize = 4096;

const FORM: u8 = 1;
const TAG: usize = 16;

/// A place in a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Which resource type, where a list shows one after the other; otherwise 0.
    pub part: u8,
    /// The sort key of the resource.
    pub key: Key,
    /// Its id, which decides among equal keys.
    pub id: String,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Whether the page lies before the place instead of behind it.
    pub backward: bool,
    /// The place, which itself is not on the page.
    pub position: Position,
}

/// Makes and opens the cursors of one list.
pub struct Seal {
    key: hmac::Key,
}

impl Seal {
    /// `secret` is the appliance's own. `list` says which list it is, each part apart.
    pub fn new(secret: &[u8; 32], list: &[&str]) -> Self {
        let outer = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let mut context = hmac::Context::with_key(&outer);
        for part in list {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, context.sign().as_ref()),
        }
    }

    /// The cursor as text, of characters that need no escaping in an address.
    pub fn seal(&self, cursor: &Cursor, now: Timestamp) -> String {
        let mut bytes = vec![FORM, u8::from(cursor.backward), cursor.position.part];
        bytes.extend(now.plus(LIFETIME).millis().to_be_bytes());
        let key: &[u8] = match &cursor.position.key {
            Key::Missing => &[0],
            Key::Integer(value) => &[&[1], &value.to_be_bytes()[..]].concat(),
            Key::Text(text) => &[&[2], text.as_bytes()].concat(),
        };
        bytes.extend(u16::try_from(key.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend(key);
        bytes.extend(cursor.position.id.as_bytes());
        let tag = hmac::sign(&self.key, &bytes);
        bytes.extend(tag.as_ref().iter().take(TAG));
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// Reads a cursor back. 400 `invalidCursor` if it isn't one of this list, 400 `expiredCursor`
    /// if it is too old; RFC 9865 section 2.1.
    pub fn open(&self, text: &str, now: Timestamp) -> Result<Cursor, ScimError> {
        let bytes = (text.len() <= MAX_LENGTH)
            .then(|| BASE64URL_NOPAD.decode(text.as_bytes()).ok())
            .flatten()
            .ok_or_else(invalid)?;
        let (payload, tag) = bytes
            .len()
            .checked_sub(TAG)
            .and_then(|at| bytes.split_at_checked(at))
            .ok_or_else(invalid)?;
        let whole = hmac::sign(&self.key, payload);
        let own = whole.as_ref().get(..TAG).unwrap_or_default();
        if aws_lc_rs::constant_time::verify_slices_are_equal(own, tag).is_err() {
            return Err(invalid());
        }
        let (cursor, expires) = read(payload).ok_or_else(invalid)?;
        if expires <= now {
            return Err(ScimError::expired_cursor(format!(
                "The cursor is older than {} hours; start again with an empty `cursor`.",
                LIFETIME.as_secs() / 3600
            )));
        }
        Ok(cursor)
    }
}

fn read(payload: &[u8]) -> Option<(Cursor, Timestamp)> {
    let (&[form, backward, part], rest) = payload.split_first_chunk()?;
    if form != FORM {
        return None;
    }
    let (expires, rest) = rest.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (key, id) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let key = match key.split_first()? {
        (0, []) => Key::Missing,
        (1, value) => Key::Integer(i64::from_be_bytes(value.try_into().ok()?)),
        (2, text) => Key::Text(String::from_utf8(text.to_vec()).ok()?),
        _ => return None,
    };
    let position = Position {
        part,
        key,
        id: String::from_utf8(id.to_vec()).ok()?,
    };
    let cursor = Cursor {
        backward: backward == 1,
        position,
    };
    let expires = Timestamp::from_millis(i64::from_be_bytes(*expires));
    Some((cursor, expires))
}

fn invalid() -> ScimError {
    ScimError::invalid_cursor(
        "The cursor is not one of this list: send `nextCursor` or `previousCursor` of the last \
         page unchanged, with the same filter and order, or start again with an empty `cursor`.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn cursor(key: Key) -> Cursor {
        Cursor {
            backward: false,
            position: Position {
                part: 1,
                key,
                id: "0190-é".into(),
            },
        }
    }

    #[test]
    fn comes_back_as_it_went() {
        let seal = Seal::new(&[7; 32], &["acme", "Users"]);
        for key in [
            Key::Missing,
            Key::Integer(-5),
            Key::Text(String::new()),
            Key::Text("é".repeat(crate::scim::sort::MAX_KEY / 2)),
        ] {
            let cursor = cursor(key);
            let text = seal.seal(&cursor, NOW);
            assert!(text.len() <= MAX_LENGTH / 2);
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
            assert!(text.chars().all(plain), "RFC 9865 section 2");
            assert_eq!(seal.open(&text, NOW), Ok(cursor));
        }
    }

    #[test]
    fn belongs_to_its_list() {
        let text = Seal::new(&[7; 32], &["acme", "Users"]).seal(&cursor(Key::Missing), NOW);
        for other in [
            Seal::new(&[7; 32], &["acme", "Groups"]),
            Seal::new(&[7; 32], &["acmeU", "sers"]),
            Seal::new(&[8; 32], &["acme", "Users"]),
        ] {
            let refused = other.open(&text, NOW).unwrap_err();
            assert_eq!(refused.scim_type, Some("invalidCursor"));
        }
    }

    #[test]
    fn is_refused_when_altered_or_old() {
        let seal = Seal::new(&[7; 32], &["acme"]);
        let text = seal.seal(&cursor(Key::Text("key".into())), NOW);
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            let altered = BASE64URL_NOPAD.encode(&altered);
            assert!(seal.open(&altered, NOW).is_err(), "byte {at}");
        }
        for text in [
            "",
            "a",
            "no cursor",
            &"A".repeat(MAX_LENGTH + 1),
            &text[1..],
        ] {
            let refused = seal.open(text, NOW).unwrap_err();
            assert_eq!(refused.scim_type, Some("invalidCursor"));
        }
        assert!(
            seal.open(&text, NOW.plus(LIFETIME - Duration::from_millis(1)))
                .is_ok()
        );
        let old = seal.open(&text, NOW.plus(LIFETIME)).unwrap_err();
        assert_eq!(old.scim_type, Some("expiredCursor"));
    }
}
