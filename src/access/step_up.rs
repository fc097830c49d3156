//! How old a sign-in may be for what can't be taken back easily. The setting alone: which actions
//! these are the routes say, and how somebody proves again who they are, the rooms above.

use std::ops::RangeInclusive;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;

use super::session::Session;
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry, Target};
use crate::store::{StoreError, setting};

/// Minutes that can be chosen. A day is the longest that a session lasts.
pub const MINUTES: RangeInclusive<u32> = 1..=1_440;

/// Unless somebody chose otherwise: as long as one sitting at the console, so that whoever has just
/// signed in isn't asked, and whoever finds the browser after lunch is.
pub const ORDINARY: u32 = 30;

const SETTING: &str = "step_up_minutes";

/// How many minutes old a sign-in may be; `None` is as old as the session.
pub fn minutes(conn: &Connection) -> Result<Option<u32>, StoreError> {
    Ok(match setting::read(conn, SETTING)?.as_deref() {
        Some("off") => None,
        Some(text) => Some(text.parse().unwrap_or(ORDINARY)),
        None => Some(ORDINARY),
    })
}

/// Sets how many minutes old a sign-in may be; `None` is as old as the session.
///
/// The caller has checked that they are within [`MINUTES`].
pub fn set(
    tx: &Connection,
    wanted: Option<u32>,
    by: &Author,
    now: Timestamp,
) -> Result<(), StoreError> {
    let before = minutes(tx)?;
    if before == wanted {
        return Ok(());
    }
    let text = wanted.map_or_else(|| "off".to_owned(), |minutes| minutes.to_string());
    setting::write(tx, SETTING, &text)?;
    let entry = Entry {
        action: "appliance.changed",
        organization_id: None,
        target: Target {
            kind: "appliance",
            id: None,
            name: "step-up",
        },
        detail: audit::detail([
            ("before", json!({ "step_up_minutes": before })),
            ("after", json!({ "step_up_minutes": wanted })),
        ]),
    };
    audit::record(tx, by, &entry, now)?;
    Ok(())
}

/// Whether the owner of a session has to prove again who they are, at `now`.
pub fn is_due(conn: &Connection, session: &Session, now: Timestamp) -> Result<bool, StoreError> {
    Ok(minutes(conn)?.is_some_and(|minutes| {
        let within = Duration::from_secs(u64::from(minutes) * 60);
        now >= session.authenticated_at.plus(within)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::scratch;

    #[test]
    fn on_unless_switched_off() {
        let conn = scratch::connection();
        assert_eq!(minutes(&conn).unwrap(), Some(ORDINARY));
        let by = Author::command_line();
        let now = Timestamp::from_millis(1_800_000_000_000);
        set(&conn, None, &by, now).unwrap();
        assert_eq!(minutes(&conn).unwrap(), None);
        set(&conn, Some(5), &by, now).unwrap();
        assert_eq!(minutes(&conn).unwrap(), Some(5));
    }
}
