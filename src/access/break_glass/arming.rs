//! Armed windows: an account that needs arming opens for some hours only, after somebody on the
//! machine itself has said so. There is no route for it: who could arm from afar would not need to
//! be near.

use std::time::Duration;

use rusqlite::{Connection, params};
use serde_json::json;

use super::change::forget_guesses;
use super::{BreakGlassError, Operator, find, record};
use crate::access::session;
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author};
use crate::observe::event::{self, Event};

/// Hours that an account can be armed for.
pub const MOST_HOURS: u64 = 72;

/// Opens an account that needs arming for 1 to [`MOST_HOURS`] hours from now, and announces it.
/// What others have guessed at its password until now keeps nobody waiting any more.
pub fn arm(
    tx: &Connection,
    name: &str,
    hours: u64,
    by: &Author,
    now: Timestamp,
) -> Result<Operator, BreakGlassError> {
    if !(1..=MOST_HOURS).contains(&hours) {
        return Err(BreakGlassError::Hours);
    }
    let operator = find(tx, name)?;
    if operator.disabled_at.is_some() {
        return Err(BreakGlassError::Disabled);
    }
    if !operator.needs_arming {
        return Err(BreakGlassError::NeedsNoArming);
    }
    let until = now.plus(Duration::from_secs(hours * 3_600));
    tx.prepare_cached("UPDATE operators SET armed_until = ?2 WHERE id = ?1")?
        .execute(params![operator.id, until.millis()])?;
    forget_guesses(tx, name)?;
    let detail = audit::detail([("until", json!(until))]);
    record(tx, "break-glass.armed", &operator, detail, by, now)?;
    let event = Event {
        kind: event::BREAK_GLASS_ARMED,
        organization_id: None,
        data: audit::detail([("account", json!(operator.name)), ("until", json!(until))]),
    };
    event::append(tx, &event, now)?;
    find(tx, name)
}

/// Closes it again at once, and ends its sessions.
pub fn disarm(
    tx: &Connection,
    name: &str,
    by: &Author,
    now: Timestamp,
) -> Result<Operator, BreakGlassError> {
    let operator = find(tx, name)?;
    if !operator.needs_arming {
        return Err(BreakGlassError::NeedsNoArming);
    }
    tx.prepare_cached("UPDATE operators SET armed_until = NULL WHERE id = ?1")?
        .execute([&operator.id])?;
    let ended = session::end_of_operator(tx, &operator.id)?;
    let detail = audit::detail([("ended", json!({ "sessions": ended }))]);
    record(tx, "break-glass.disarmed", &operator, detail, by, now)?;
    find(tx, name)
}
