//! The second factor of an account: see [`crate::access::second_factor`] for what it is.

use rusqlite::Connection;

use super::{BreakGlassError, Operator, find, record};
use crate::access::second_factor::{self, Offer};
use crate::access::secret::Secret;
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author};

/// Offers a secret for an authenticator application. It counts once it is confirmed.
pub fn begin_second_factor(
    tx: &Connection,
    name: &str,
    now: Timestamp,
) -> Result<(Operator, Offer), BreakGlassError> {
    let operator = find(tx, name)?;
    let offer = second_factor::begin(tx, &operator.id, now)?;
    Ok((operator, offer))
}

/// Confirms the offered secret with its first code. Returns the recovery codes, shown this once.
pub fn confirm_second_factor(
    tx: &Connection,
    name: &str,
    code: &str,
    by: &Author,
    now: Timestamp,
) -> Result<Vec<Secret>, BreakGlassError> {
    let operator = find(tx, name)?;
    let codes = second_factor::confirm(tx, &operator.id, code, now)?;
    let detail = audit::detail([]);
    record(
        tx,
        "break-glass.second-factor-added",
        &operator,
        detail,
        by,
        now,
    )?;
    Ok(codes)
}

/// Takes the second factor away: the password is enough again.
pub fn remove_second_factor(
    tx: &Connection,
    name: &str,
    by: &Author,
    now: Timestamp,
) -> Result<Operator, BreakGlassError> {
    let operator = find(tx, name)?;
    let removed = second_factor::remove(tx, &operator.id)?;
    if removed && operator.second_factor {
        let detail = audit::detail([]);
        record(
            tx,
            "break-glass.second-factor-removed",
            &operator,
            detail,
            by,
            now,
        )?;
    }
    find(tx, name)
}
