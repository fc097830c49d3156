//! Sessions, passwords, second factors, invitations, tokens, throttles, break-glass accounts, key pairs.
//!
//! A subject is only an id here: who a user is, whether they are active and what they may do is
//! asked of the directory, one floor up, which ends sessions when a user goes.
//!
//! Whatever is presented to be let in (a session cookie, a token) is 256 random bits and is looked
//! up by its SHA-256 in an index. That lookup needs no constant time: what its timing could tell
//! is a part of the hash of a guess, from which nobody gets to another value's preimage. Where two
//! secrets are compared in memory, as a password's hash is, it's done in constant time.

pub mod api_token;
pub mod break_glass;
pub mod followed_logout;
pub mod invitation;
pub mod key;
pub mod local_password;
pub mod logout_request;
pub mod new_password;
pub mod password;
pub mod second_factor;
pub mod secret;
pub mod session;
pub mod sign_in_request;
pub mod throttle;
pub mod token;
pub mod wrong_tokens;

use rusqlite::Row;
use rusqlite::types::Type;

use crate::clock::Timestamp;

fn time(row: &Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

fn maybe_time(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row
        .get::<_, Option<i64>>(column)?
        .map(Timestamp::from_millis))
}

/// For a value that the schema's own checks rule out.
fn impossible(what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, what.into())
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
