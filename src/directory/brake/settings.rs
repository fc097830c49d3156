//! How many people's access may go within which time before an admin is asked.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::directory::organization::Organization;
use crate::directory::{DirectoryError, millis};
use crate::observe::audit::{self, Author, Entry};
use crate::store::StoreError;

/// The longest window there is; nothing older is remembered.
pub const LONGEST_WINDOW: Duration = Duration::from_secs(120 * 60);

const SHORTEST_WINDOW: Duration = Duration::from_secs(60);

/// The brake of one organization. It holds what is over the share and over the number of people,
/// both: five of twelve people are a share, and thirty of three thousand are a number, without
/// either being a catastrophe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Whether anything is held at all.
    pub armed: bool,
    /// Percent of the active people, 1 to 100.
    pub share: i64,
    /// People, 1 to 1,000,000.
    pub people: i64,
    /// Within this time.
    #[serde(rename = "window_s", serialize_with = "seconds")]
    pub window: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            armed: true,
            share: 20,
            people: 10,
            window: Duration::from_secs(600),
        }
    }
}

fn seconds<S: serde::Serializer>(window: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(window.as_secs())
}

/// What is to be changed; `None` keeps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Whether anything is held at all.
    pub armed: Option<bool>,
    /// Percent of the active people.
    pub share: Option<i64>,
    /// People.
    pub people: Option<i64>,
    /// Within this time.
    pub window: Option<Duration>,
}

impl Settings {
    /// Those of an organization.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn of(conn: &Connection, organization_id: &str) -> Result<Self, StoreError> {
        Ok(conn
            .prepare_cached(
                "SELECT armed, share, people, window_ms FROM brakes WHERE organization_id = ?1",
            )?
            .query_row([organization_id], |row| {
                let window: i64 = row.get(3)?;
                Ok(Self {
                    armed: row.get(0)?,
                    share: row.get(1)?,
                    people: row.get(2)?,
                    window: Duration::from_millis(window.unsigned_abs()),
                })
            })
            .optional()?
            .unwrap_or_default())
    }

    /// Whether so many of so many active people may lose their access within the window.
    pub(super) const fn lets(&self, taken: i64, active: i64) -> bool {
        taken <= self.people || taken.saturating_mul(100) <= self.share.saturating_mul(active)
    }
}

/// Changes them and returns them as they are then.
///
/// # Errors
/// [`DirectoryError::Invalid`] names what is out of its range.
pub fn change(
    tx: &Connection,
    organization: &Organization,
    wanted: &Wanted,
    by: &Author,
    now: Timestamp,
) -> Result<Settings, DirectoryError> {
    let before = Settings::of(tx, &organization.id)?;
    let after = Settings {
        armed: wanted.armed.unwrap_or(before.armed),
        share: wanted.share.unwrap_or(before.share),
        people: wanted.people.unwrap_or(before.people),
        window: wanted.window.unwrap_or(before.window),
    };
    if !(1..=100).contains(&after.share) {
        return Err(DirectoryError::invalid(
            "share",
            "expected 1 to 100 percent",
        ));
    }
    if !(1..=1_000_000).contains(&after.people) {
        return Err(DirectoryError::invalid("people", "expected 1 to 1000000"));
    }
    if !(SHORTEST_WINDOW..=LONGEST_WINDOW).contains(&after.window) {
        return Err(DirectoryError::invalid(
            "window",
            "expected 1 minute to 2 hours (60 to 7200 seconds)",
        ));
    }
    if before == after {
        return Ok(after);
    }
    tx.prepare_cached(
        "INSERT INTO brakes (organization_id, armed, share, people, window_ms)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (organization_id) DO UPDATE SET armed = excluded.armed, share = excluded.share,
             people = excluded.people, window_ms = excluded.window_ms",
    )?
    .execute(params![
        organization.id,
        after.armed,
        after.share,
        after.people,
        millis(after.window)
    ])?;
    let entry = Entry {
        action: "brake.changed",
        organization_id: Some(&organization.id),
        target: audit::Target {
            kind: "organization",
            id: Some(&organization.id),
            name: &organization.name,
        },
        detail: audit::detail([("before", facts(&before)), ("after", facts(&after))]),
    };
    audit::record(tx, by, &entry, now)?;
    Ok(after)
}

fn facts(settings: &Settings) -> Value {
    json!(settings)
}
