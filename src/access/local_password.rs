//! The passwords of local users, as stored, and the step between a right password and the code of
//! the second factor.

use std::time::Duration;

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use rusqlite::{Connection, OptionalExtension, params};

use super::secret::Secret;
use super::time;
use crate::clock::Timestamp;
use crate::store::{StoreError, random};

/// How long the code may follow the password.
pub const CODE_WITHIN: Duration = Duration::from_secs(5 * 60);

/// A stored password.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    /// The Argon2id PHC string.
    pub hash: String,
    /// When it was set.
    pub changed_at: Timestamp,
}

/// The password of a user, if they have one.
pub fn find(conn: &Connection, user_id: &str) -> Result<Option<Stored>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT hash, changed_at FROM passwords WHERE user_id = ?1")?
        .query_row([user_id], |row| {
            Ok(Stored {
                hash: row.get("hash")?,
                changed_at: time(row, "changed_at")?,
            })
        })
        .optional()?)
}

/// Sets a password, of which `hash` is the Argon2id PHC string.
pub fn set(tx: &Connection, user_id: &str, hash: &str, now: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO passwords (user_id, hash, changed_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash,
             changed_at = excluded.changed_at",
    )?
    .execute(params![user_id, hash, now.millis()])?;
    Ok(())
}

/// Takes a user's password away; false if there was none.
pub fn remove(tx: &Connection, user_id: &str) -> Result<bool, StoreError> {
    let removed = tx
        .prepare_cached("DELETE FROM passwords WHERE user_id = ?1")?
        .execute([user_id])?;
    Ok(removed > 0)
}

/// Signs the note that somebody gave the right password and still has to give a code. The key
/// lives as long as the process, so nothing has to be kept or cleared away; after a restart one
/// begins with the password again.
pub struct HalfWay(hmac::Key);

impl HalfWay {
    /// With a fresh key.
    pub fn new() -> Self {
        let key = zeroize::Zeroizing::new(random::bytes::<32>());
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()))
    }

    /// The note for a user whose password is this one.
    pub fn note(&self, user_id: &str, password: &Stored, now: Timestamp) -> Secret {
        let until = now.plus(CODE_WITHIN).millis();
        let said = format!("{user_id}.{}.{until}", password.changed_at.millis());
        let tag = BASE64URL_NOPAD.encode(hmac::sign(&self.0, said.as_bytes()).as_ref());
        Secret::new(format!("{said}.{tag}"))
    }

    /// The user a note is for and when the password it is about was set; `None` if it is not ours
    /// or too old.
    pub fn read(&self, note: &str, now: Timestamp) -> Option<(String, Timestamp)> {
        let (said, tag) = note.rsplit_once('.')?;
        let tag = BASE64URL_NOPAD.decode(tag.as_bytes()).ok()?;
        hmac::verify(&self.0, said.as_bytes(), &tag).ok()?;
        let mut parts = said.split('.');
        let user_id = parts.next()?.to_owned();
        let changed_at = Timestamp::from_millis(parts.next()?.parse().ok()?);
        let until = Timestamp::from_millis(parts.next()?.parse().ok()?);
        (until > now).then_some((user_id, changed_at))
    }
}

impl Default for HalfWay {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[test]
    fn a_note_counts_for_five_minutes_and_only_as_it_was_written() {
        let ours = HalfWay::new();
        let password = Stored {
            hash: String::new(),
            changed_at: NOW,
        };
        let note = ours.note("u-1", &password, NOW);
        let read = |note: &str, now| ours.read(note, now);
        assert_eq!(read(note.expose(), NOW), Some(("u-1".to_owned(), NOW)));
        assert_eq!(read(note.expose(), NOW.plus(CODE_WITHIN)), None);
        assert_eq!(HalfWay::new().read(note.expose(), NOW), None);
        let other = note.expose().replacen("u-1", "u-2", 1);
        for wrong in [other.as_str(), "", ".", "...", "u-1"] {
            assert_eq!(read(wrong, NOW), None, "{wrong}");
        }
    }
}
