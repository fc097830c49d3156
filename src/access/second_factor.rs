//! A second factor: time-based one-time passwords (RFC 6238) and recovery codes.
//!
//! A user's and a break-glass account's are the same; the subject is an id here. SHA-1, six digits
//! and thirty seconds are what every authenticator application takes; HMAC's strength does not
//! rest on the collisions of SHA-1 (RFC 6238 section 1.2 leaves it the default).
//!
//! Six digits are guessed in a million attempts, so whoever asks [`check`] has asked the throttle
//! before.

use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::{Connection, OptionalExtension, params};
use zeroize::Zeroizing;

use super::secret::{self, Secret};
use super::{maybe_time, time};
use crate::clock::Timestamp;
use crate::store::{StoreError, id, random};

/// Seconds that one code lasts.
const STEP: i64 = 30;

/// Steps before and after the present one that count too: clocks and thumbs are slow.
const SKEW: i64 = 1;

/// Recovery codes made at once.
pub const RECOVERY_CODES: usize = 10;

/// How long an offered secret can be confirmed.
const OFFER: Duration = Duration::from_secs(3600);

/// Characters of a presented code that are looked at.
const LONGEST: usize = 64;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A secret that its owner still has to confirm with a first code.
#[derive(Debug)]
pub struct Offer {
    /// In base32, to be typed.
    pub secret: Secret,
}

impl Offer {
    /// The `otpauth` URI that authenticator applications read from a QR code. It holds the secret.
    pub fn uri(&self, issuer: &str, account: &str) -> Secret {
        let issuer = utf8_percent_encode(issuer, UNRESERVED);
        let account = utf8_percent_encode(account, UNRESERVED);
        Secret::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}",
            self.secret.expose()
        ))
    }
}

/// Why a second factor was not set up.
#[derive(Debug, thiserror::Error)]
pub enum SecondFactorError {
    /// There is one already.
    #[error("there is a second factor already; remove it first")]
    Already,
    /// Nothing was offered, or too long ago.
    #[error("begin first: nothing was offered in the last hour")]
    NotBegun,
    /// The code is not the application's.
    #[error("the code is wrong; use the newest one and check that the device's clock is right")]
    Wrong,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for SecondFactorError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What came of a presented code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It is right, and used up.
    Passed,
    /// It is wrong, used before, or there is nothing confirmed that it could be right for.
    Wrong,
}

/// A confirmed second factor, as shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Since when.
    pub confirmed_at: Timestamp,
    /// Recovery codes that are not used yet.
    pub recovery_codes_left: i64,
}

/// Offers a new secret, in place of one that was offered before and not confirmed.
///
/// # Errors
/// [`SecondFactorError::Already`] while one is confirmed.
pub fn begin(
    tx: &Connection,
    subject_id: &str,
    now: Timestamp,
) -> Result<Offer, SecondFactorError> {
    if is_confirmed(tx, subject_id)? {
        return Err(SecondFactorError::Already);
    }
    // As long as the hash, as RFC 4226 section 4 recommends.
    let bytes = Zeroizing::new(random::bytes::<20>());
    tx.prepare_cached(
        "INSERT INTO second_factors (subject_id, secret, created_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (subject_id) DO UPDATE SET secret = excluded.secret, last_step = 0,
             created_at = excluded.created_at",
    )?
    .execute(params![subject_id, bytes.as_slice(), now.millis()])?;
    Ok(Offer {
        secret: Secret::new(BASE32_NOPAD.encode(bytes.as_slice())),
    })
}

/// Turns the offered secret on with a first code and returns the recovery codes, which are not to
/// be had again.
///
/// # Errors
/// [`SecondFactorError`]; nothing is changed then.
pub fn confirm(
    tx: &Connection,
    subject_id: &str,
    code: &str,
    now: Timestamp,
) -> Result<Vec<Secret>, SecondFactorError> {
    let stored = find(tx, subject_id)?.ok_or(SecondFactorError::NotBegun)?;
    if stored.confirmed_at.is_some() {
        return Err(SecondFactorError::Already);
    }
    if now.since(stored.created_at) > OFFER {
        return Err(SecondFactorError::NotBegun);
    }
    let step = digits(&plain(code))
        .and_then(|digits| matching_step(&stored, &digits, now))
        .ok_or(SecondFactorError::Wrong)?;
    tx.prepare_cached(
        "UPDATE second_factors SET confirmed_at = ?2, last_step = ?3 WHERE subject_id = ?1",
    )?
    .execute(params![subject_id, now.millis(), step])?;
    tx.prepare_cached("DELETE FROM recovery_codes WHERE subject_id = ?1")?
        .execute([subject_id])?;
    let codes: Vec<Secret> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
    for code in &codes {
        tx.prepare_cached("INSERT INTO recovery_codes (subject_id, code_hash) VALUES (?1, ?2)")?
            .execute(params![subject_id, secret::hash(&plain(code.expose()))])?;
    }
    Ok(codes)
}

/// Uses up a code of the application or a recovery code. To be run in a change, as it writes.
///
/// # Errors
/// [`StoreError`], which says nothing about the code.
pub fn check(
    tx: &Connection,
    subject_id: &str,
    code: &str,
    now: Timestamp,
) -> Result<Checked, StoreError> {
    let Some(stored) = find(tx, subject_id)?.filter(|stored| stored.confirmed_at.is_some()) else {
        return Ok(Checked::Wrong);
    };
    let code = plain(code);
    let used = match digits(&code) {
        Some(digits) => match matching_step(&stored, &digits, now) {
            // No step counts twice (RFC 6238 section 5.2), nor one before a step that counted.
            Some(step) => tx
                .prepare_cached(
                    "UPDATE second_factors SET last_step = ?2
                     WHERE subject_id = ?1 AND last_step < ?2",
                )?
                .execute(params![subject_id, step])?,
            None => 0,
        },
        None => tx
            .prepare_cached(
                "UPDATE recovery_codes SET used_at = ?3
                 WHERE subject_id = ?1 AND code_hash = ?2 AND used_at IS NULL",
            )?
            .execute(params![subject_id, secret::hash(&code), now.millis()])?,
    };
    Ok(if used > 0 {
        Checked::Passed
    } else {
        Checked::Wrong
    })
}

/// Whether a code is asked for at sign-in.
pub fn is_confirmed(conn: &Connection, subject_id: &str) -> Result<bool, StoreError> {
    Ok(find(conn, subject_id)?.is_some_and(|stored| stored.confirmed_at.is_some()))
}

/// The confirmed second factor as shown to its owner; `None` without one.
pub fn status(conn: &Connection, subject_id: &str) -> Result<Option<Status>, StoreError> {
    let Some(confirmed_at) = find(conn, subject_id)?.and_then(|stored| stored.confirmed_at) else {
        return Ok(None);
    };
    let recovery_codes_left = conn
        .prepare_cached(
            "SELECT count(*) FROM recovery_codes WHERE subject_id = ?1 AND used_at IS NULL",
        )?
        .query_row([subject_id], |row| row.get(0))?;
    Ok(Some(Status {
        confirmed_at,
        recovery_codes_left,
    }))
}

/// Takes a second factor away, confirmed or only offered, with its recovery codes. False if there
/// was none.
pub fn remove(tx: &Connection, subject_id: &str) -> Result<bool, StoreError> {
    let removed = tx
        .prepare_cached("DELETE FROM second_factors WHERE subject_id = ?1")?
        .execute([subject_id])?;
    Ok(removed > 0)
}

struct Stored {
    secret: Zeroizing<Vec<u8>>,
    confirmed_at: Option<Timestamp>,
    last_step: i64,
    created_at: Timestamp,
}

fn find(conn: &Connection, subject_id: &str) -> Result<Option<Stored>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT secret, confirmed_at, last_step, created_at FROM second_factors
             WHERE subject_id = ?1",
        )?
        .query_row([subject_id], |row| {
            Ok(Stored {
                secret: Zeroizing::new(row.get("secret")?),
                confirmed_at: maybe_time(row, "confirmed_at")?,
                last_step: row.get("last_step")?,
                created_at: time(row, "created_at")?,
            })
        })
        .optional()?)
}

/// The step of a code, if it is one that still counts. All steps are compared, whichever matches.
fn matching_step(stored: &Stored, presented: &[u8; 6], now: Timestamp) -> Option<i64> {
    let present = now.millis().div_euclid(1000 * STEP);
    let mut matching = None;
    for step in present - SKEW..=present + SKEW {
        let same = verify_slices_are_equal(&code_at(&stored.secret, step), presented).is_ok();
        if same && step > stored.last_step {
            matching = Some(step);
        }
    }
    matching
}

/// HOTP of a step (RFC 4226 section 5.3): six digits.
fn code_at(secret: &[u8], step: i64) -> [u8; 6] {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = usize::from(bytes.last().copied().unwrap_or(0) & 0x0f);
    let mut number = bytes
        .iter()
        .skip(offset)
        .take(4)
        .fold(0_u32, |number, byte| number << 8 | u32::from(*byte))
        & 0x7fff_ffff;
    let mut code = [0; 6];
    for digit in code.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    code
}

/// A presented code without what people put between its characters, in lower case.
fn plain(code: &str) -> Zeroizing<String> {
    Zeroizing::new(
        code.chars()
            .take(LONGEST)
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| c.to_ascii_lowercase())
            .collect(),
    )
}

fn digits(code: &str) -> Option<[u8; 6]> {
    let digits: [u8; 6] = code.as_bytes().try_into().ok()?;
    digits.iter().all(u8::is_ascii_digit).then_some(digits)
}

/// 80 random bits as four groups of four: too many to be found from a hash, few enough to type.
fn recovery_code() -> Secret {
    let bytes = Zeroizing::new(random::bytes::<10>());
    let letters = Zeroizing::new(id::base32(bytes.as_slice()));
    let mut text = Zeroizing::new(String::with_capacity(19));
    for (at, letter) in letters.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            text.push('-');
        }
        text.push(letter);
    }
    Secret::new(text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::scratch;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn after(seconds: u64) -> Timestamp {
        NOW.plus(Duration::from_secs(seconds))
    }

    fn code(offer: &Offer, now: Timestamp) -> String {
        let secret = BASE32_NOPAD
            .decode(offer.secret.expose().as_bytes())
            .unwrap();
        let code = code_at(&secret, now.millis() / 1000 / STEP);
        String::from_utf8(code.to_vec()).unwrap()
    }

    fn confirmed(conn: &Connection, subject: &str) -> (Offer, Vec<Secret>) {
        let offer = begin(conn, subject, NOW).unwrap();
        let codes = confirm(conn, subject, &code(&offer, NOW), NOW).unwrap();
        (offer, codes)
    }

    /// RFC 6238 appendix B, the rows of SHA-1; its codes have eight digits, ours the last six.
    #[test]
    fn the_codes_of_rfc_6238() {
        for (seconds, expected) in [
            (59_i64, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let code = code_at(b"12345678901234567890", seconds / STEP);
            assert_eq!(code, expected.as_bytes()[2..], "{seconds}");
        }
    }

    /// RFC 4226 appendix D.
    #[test]
    fn the_codes_of_rfc_4226() {
        let expected = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489",
        ];
        for (step, expected) in (0..).zip(expected) {
            let code = code_at(b"12345678901234567890", step);
            assert_eq!(code, expected.as_bytes(), "{step}");
        }
    }

    #[test]
    fn the_uri_names_issuer_and_account() {
        let offer = Offer {
            secret: Secret::new("ABC234"),
        };
        assert_eq!(
            offer.uri("Acme & Co", "ann@acme.com").expose(),
            "otpauth://totp/Acme%20%26%20Co:ann%40acme.com?secret=ABC234&issuer=Acme%20%26%20Co"
        );
        assert!(!format!("{offer:?}").contains("ABC234"));
    }

    #[test]
    fn an_offer_counts_once_confirmed_and_within_the_hour() {
        let conn = scratch::connection();
        assert!(matches!(
            confirm(&conn, "u", "000000", NOW),
            Err(SecondFactorError::NotBegun)
        ));
        let first = begin(&conn, "u", NOW).unwrap();
        let offer = begin(&conn, "u", NOW).unwrap();
        assert_eq!(
            check(&conn, "u", &code(&offer, NOW), NOW).unwrap(),
            Checked::Wrong
        );
        assert!(!is_confirmed(&conn, "u").unwrap());
        for wrong in [&code(&first, NOW), "", "12345", "1234567", "x"] {
            assert!(matches!(
                confirm(&conn, "u", wrong, NOW),
                Err(SecondFactorError::Wrong)
            ));
        }
        let late = after(3601);
        assert!(matches!(
            confirm(&conn, "u", &code(&offer, late), late),
            Err(SecondFactorError::NotBegun)
        ));
        let codes = confirm(&conn, "u", &code(&offer, NOW), NOW).unwrap();
        assert_eq!(codes.len(), RECOVERY_CODES);
        assert!(is_confirmed(&conn, "u").unwrap());
        assert!(matches!(
            begin(&conn, "u", NOW),
            Err(SecondFactorError::Already)
        ));
        assert!(remove(&conn, "u").unwrap());
        assert!(!remove(&conn, "u").unwrap());
        assert!(!is_confirmed(&conn, "u").unwrap());
        let left: i64 = conn
            .query_row("SELECT count(*) FROM recovery_codes", [], |row| row.get(0))
            .unwrap();
        assert_eq!(left, 0);
    }

    #[test]
    fn one_step_either_way_and_none_twice() {
        let conn = scratch::connection();
        let (offer, _) = confirmed(&conn, "u");
        let try_at = |made: Timestamp, used: Timestamp| {
            check(&conn, "u", &code(&offer, made), used).unwrap() == Checked::Passed
        };
        // Confirming used up the present step and with it those before.
        assert!(!try_at(NOW, NOW));
        assert!(!try_at(NOW.minus(Duration::from_secs(30)), NOW));
        assert!(try_at(after(30), NOW));
        assert!(!try_at(after(30), after(30)));
        assert!(!try_at(after(60), after(120)));
        assert!(!try_at(after(180), after(120)));
        assert!(try_at(after(90), after(120)));
        assert!(try_at(after(120), after(120)));
        assert!(!try_at(after(90), after(120)));
        let spaced = code(&offer, after(300));
        let spaced = format!(" {} {} ", &spaced[..3], &spaced[3..]);
        assert_eq!(
            check(&conn, "other", &spaced, after(300)).unwrap(),
            Checked::Wrong
        );
        assert_eq!(
            check(&conn, "u", &spaced, after(300)).unwrap(),
            Checked::Passed
        );
    }

    #[test]
    fn a_recovery_code_works_once_and_for_its_owner() {
        let conn = scratch::connection();
        let (_, codes) = confirmed(&conn, "u");
        confirmed(&conn, "other");
        let first = codes[0].expose();
        assert_eq!(first.len(), 19);
        assert_eq!(check(&conn, "other", first, NOW).unwrap(), Checked::Wrong);
        let typed = first.replace('-', " ").to_uppercase();
        assert_eq!(check(&conn, "u", &typed, NOW).unwrap(), Checked::Passed);
        assert_eq!(check(&conn, "u", first, NOW).unwrap(), Checked::Wrong);
        assert_eq!(
            status(&conn, "u").unwrap(),
            Some(Status {
                confirmed_at: NOW,
                recovery_codes_left: 9
            })
        );
        assert_eq!(
            check(&conn, "u", &"a".repeat(100_000), NOW).unwrap(),
            Checked::Wrong
        );
        assert_eq!(status(&conn, "nobody").unwrap(), None);
    }
}
