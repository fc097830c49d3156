//! What the brake held, and an admin's yes or no to it.
//!
//! A hold is a question about one client and one reason. While it stands open, the client takes
//! nobody's access for that reason, however slowly it tries. A yes lets it go on for an hour, a no
//! refuses the people it was about for an hour; then the brake is armed anew. A question that nobody
//! answers stays, and goes when its requests have stopped for a day.

mod decision;
mod keep;
mod reason;
mod standing;

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

pub(super) use self::decision::prune;
pub use self::decision::{ANSWER_COUNTS, Decision, decide};
pub(super) use self::keep::{Held, keep};
pub use self::reason::Reason;
pub(super) use self::standing::{Standing, is_allowed, names, standing};
use crate::clock::Timestamp;
use crate::observe::audit;
use crate::store::StoreError;

/// Without requests for so long, an open question goes.
pub const QUIET: Duration = Duration::from_secs(86_400);

/// People whom one hold names; more requests are only counted.
const MOST_PEOPLE: i64 = 1_000;

/// Holds in one list.
const MOST_LISTED: i64 = 100;

/// A question.
#[derive(Clone, Debug, Serialize)]
pub struct Hold {
    /// UUIDv7.
    pub id: String,
    /// Why.
    pub reason: Reason,
    /// `open`, `allowed`, `refused` or `closed`.
    pub state: String,
    /// Whether the answer counts now.
    pub in_force: bool,
    /// Whose requests.
    pub token: Token,
    /// The address of the first request.
    pub client: Option<String>,
    /// Since when.
    pub opened_at: Timestamp,
    /// The latest request that was held.
    pub last_at: Timestamp,
    /// How many requests were held.
    pub attempts: i64,
    /// How many people they were about, as far as they are named.
    pub people: i64,
    /// Whose access had been taken before, within the window.
    pub passed: i64,
    /// Of so many active people.
    pub active: i64,
    /// When it was answered or closed.
    pub decided_at: Option<Timestamp>,
    /// By whom.
    pub decided_by: Option<String>,
    /// How long the answer counts.
    pub until: Option<Timestamp>,
}

/// The token of a hold, by the name it had.
#[derive(Clone, Debug, Serialize)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Somebody whose access a held request would take.
#[derive(Clone, Debug, Serialize)]
pub struct Person {
    /// The user's id.
    pub id: String,
    /// The userName of then.
    #[serde(rename = "userName")]
    pub user_name: String,
    /// The name to show, if the user is still there.
    #[serde(rename = "displayName")]
    pub display_name: Option<String>,
    /// `deactivation`, `deletion` or `removal`.
    pub change: String,
    /// When it was first asked for.
    pub at: Timestamp,
}

/// One hold; another organization's is not found.
///
/// # Errors
/// [`StoreError`].
pub fn find(
    conn: &Connection,
    organization_id: &str,
    hold_id: &str,
    now: Timestamp,
) -> Result<Option<Hold>, StoreError> {
    Ok(conn
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM brake_holds WHERE id = ?1 AND organization_id = ?2"
        ))?
        .query_row([hold_id, organization_id], |row| from_row(row, now))
        .optional()?)
}

/// The latest holds of an organization, newest first; at most a hundred.
///
/// # Errors
/// [`StoreError`].
pub fn list(
    conn: &Connection,
    organization_id: &str,
    now: Timestamp,
) -> Result<Vec<Hold>, StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM brake_holds WHERE organization_id = ?1
         ORDER BY state = 'open' DESC, opened_at DESC, rowid DESC LIMIT ?2"
    ))?;
    let rows = statement.query_map(params![organization_id, MOST_LISTED], |row| {
        from_row(row, now)
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Those whom a hold names, in the order they were asked for; at most a thousand.
///
/// # Errors
/// [`StoreError`].
pub fn people(conn: &Connection, hold_id: &str) -> Result<Vec<Person>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT h.user_id, h.user_name, u.display_name, h.change, h.at
         FROM brake_held h LEFT JOIN users u ON u.id = h.user_id
         WHERE h.hold_id = ?1 ORDER BY h.at, h.user_id",
    )?;
    let rows = statement.query_map([hold_id], |row| {
        Ok(Person {
            id: row.get(0)?,
            user_name: row.get(1)?,
            display_name: row.get(2)?,
            change: row.get(3)?,
            at: Timestamp::from_millis(row.get(4)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// An open hold as whoever looks at the console is told of it.
#[derive(Clone, Debug)]
pub struct Open {
    /// The organization's name in addresses.
    pub slug: String,
    /// Its name on screen.
    pub organization: String,
    /// The hold.
    pub hold: Hold,
}

/// The open holds of one organization or of all; at most a hundred.
///
/// # Errors
/// [`StoreError`].
pub fn open_ones(
    conn: &Connection,
    organization_id: Option<&str>,
    now: Timestamp,
) -> Result<Vec<Open>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT h.*, o.slug, o.name FROM brake_holds h INDEXED BY brake_holds_open
         JOIN organizations o ON o.id = h.organization_id
         WHERE h.state = 'open' AND h.organization_id = coalesce(?1, h.organization_id)
             AND h.last_at > ?2
         ORDER BY h.opened_at DESC LIMIT ?3",
    )?;
    let since = now.minus(QUIET).millis();
    let rows = statement.query_map(params![organization_id, since, MOST_LISTED], |row| {
        Ok(Open {
            slug: row.get("slug")?,
            organization: row.get("name")?,
            hold: from_row(row, now)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const COLUMNS: &str = "id, reason, state, token_id, token_name, client, opened_at, last_at, \
                       attempts, people, passed, active, decided_at, decided_by, until";

fn from_row(row: &Row<'_>, now: Timestamp) -> rusqlite::Result<Hold> {
    let time = |name: &str| -> rusqlite::Result<Option<Timestamp>> {
        Ok(row.get::<_, Option<i64>>(name)?.map(Timestamp::from_millis))
    };
    let until = time("until")?;
    let state: String = row.get("state")?;
    Ok(Hold {
        id: row.get("id")?,
        reason: row.get("reason")?,
        in_force: matches!(state.as_str(), "allowed" | "refused")
            && until.is_some_and(|until| until > now),
        state,
        token: Token {
            id: row.get("token_id")?,
            name: row.get("token_name")?,
        },
        client: row.get("client")?,
        opened_at: Timestamp::from_millis(row.get("opened_at")?),
        last_at: Timestamp::from_millis(row.get("last_at")?),
        attempts: row.get("attempts")?,
        people: row.get("people")?,
        passed: row.get("passed")?,
        active: row.get("active")?,
        decided_at: time("decided_at")?,
        decided_by: row.get("decided_by")?,
        until,
    })
}

fn target<'a>(id: &'a str, token_name: &'a str) -> audit::Target<'a> {
    audit::Target {
        kind: "hold",
        id: Some(id),
        name: token_name,
    }
}
