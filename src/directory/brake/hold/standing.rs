//! What holds for a client and a reason now: what the brake asks in each change.

use rusqlite::{Connection, OptionalExtension, params};

use super::{MOST_PEOPLE, QUIET, Reason};
use crate::clock::Timestamp;
use crate::store::StoreError;

/// What holds for a client and a reason now.
pub(in super::super) enum Standing {
    /// Nothing: the limits decide.
    None,
    /// A question is open.
    Open,
    /// An admin said yes.
    Allowed,
    /// An admin said no, to this hold.
    Refused(String),
}

pub(in super::super) fn standing(
    conn: &Connection,
    organization_id: &str,
    token_id: &str,
    reason: Reason,
    now: Timestamp,
) -> Result<Standing, StoreError> {
    let newest = conn
        .prepare_cached(
            "SELECT id, state, last_at, until FROM brake_holds
             WHERE organization_id = ?1 AND token_id = ?2 AND reason = ?3
             ORDER BY opened_at DESC, rowid DESC LIMIT 1",
        )?
        .query_row(params![organization_id, token_id, reason], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, Option<i64>>(3)?,
            ))
        })
        .optional()?;
    let Some((id, state, last_at, until)) = newest else {
        return Ok(Standing::None);
    };
    let counts = until.is_some_and(|until| until > now.millis());
    Ok(match state.as_str() {
        "open" if last_at > now.minus(QUIET).millis() => Standing::Open,
        "allowed" if counts => Standing::Allowed,
        "refused" if counts => Standing::Refused(id),
        _ => Standing::None,
    })
}

pub(in super::super) fn is_allowed(
    conn: &Connection,
    organization_id: &str,
    token_id: &str,
    reason: Reason,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(matches!(
        standing(conn, organization_id, token_id, reason, now)?,
        Standing::Allowed
    ))
}

/// Whether a hold is about this person. One that is about more people than it could name is about
/// everybody: who the others were, nobody knows.
pub(in super::super) fn names(
    conn: &Connection,
    hold_id: &str,
    user_id: &str,
) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM brake_held WHERE hold_id = ?1 AND user_id = ?2
             UNION ALL SELECT 1 FROM brake_holds WHERE id = ?1 AND people >= ?3 LIMIT 1",
        )?
        .exists(params![hold_id, user_id, MOST_PEOPLE])?)
}
