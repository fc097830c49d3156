//! What the brake held, and an admin's yes or no to it.
//!
//! A hold is a question about one client and one reason. While it stands open, the client takes
//! nobody's access for that reason, however slowly it tries. A yes lets it go on for an hour, a no
//! refuses the people it was about for an hour; then the brake is armed anew. A question that nobody
//! answers stays, and goes when its requests have stopped for a day.

use std::time::Duration;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Serialize, Serializer};
use serde_json::json;

use super::Braked;
use crate::clock::Timestamp;
use crate::directory::DirectoryError;
use crate::directory::organization::Organization;
use crate::observe::audit::{self, Author, Entry};
use crate::observe::event::{self, Event};
use crate::store::{StoreError, id};

/// How long an answer counts.
pub const ANSWER_COUNTS: Duration = Duration::from_secs(3600);

/// Without requests for so long, an open question goes.
pub const QUIET: Duration = Duration::from_secs(86_400);

/// How long answered and closed ones are kept.
const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// People whom one hold names; more requests are only counted.
const MOST_PEOPLE: i64 = 1_000;

/// Holds in one list.
const MOST_LISTED: i64 = 100;

/// Rows that one [`prune`] removes or closes.
const PRUNED_AT_ONCE: i64 = 50;

/// Why something is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Too many people.
    Share,
    /// Nobody could administer the organization any more.
    LastAdmin,
}

impl Reason {
    /// As the database and the API have it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::LastAdmin => "last-admin",
        }
    }
}

impl ToSql for Reason {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.word().into())
    }
}

impl FromSql for Reason {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "share" => Ok(Self::Share),
            "last-admin" => Ok(Self::LastAdmin),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// What an admin says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The client may go on.
    Allow,
    /// What is held stays undone.
    Refuse,
}

impl std::str::FromStr for Decision {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "allow" => Ok(Self::Allow),
            "refuse" => Ok(Self::Refuse),
            _ => Err("expected allow or refuse".to_owned()),
        }
    }
}

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

/// What holds for a client and a reason now.
pub(super) enum Standing {
    /// Nothing: the limits decide.
    None,
    /// A question is open.
    Open,
    /// An admin said yes.
    Allowed,
    /// An admin said no, to this hold.
    Refused(String),
}

pub(super) fn standing(
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

pub(super) fn is_allowed(
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
pub(super) fn names(conn: &Connection, hold_id: &str, user_id: &str) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM brake_held WHERE hold_id = ?1 AND user_id = ?2
             UNION ALL SELECT 1 FROM brake_holds WHERE id = ?1 AND people >= ?3 LIMIT 1",
        )?
        .exists(params![hold_id, user_id, MOST_PEOPLE])?)
}

/// What came of writing down that a request was held.
#[derive(Clone, Copy, Debug)]
pub(super) enum Held {
    /// It waits for an admin's answer.
    Waiting,
    /// An admin said no, until then.
    Refused(Timestamp),
    /// The answer came between: it may be asked again at once.
    Answered,
}

/// Writes down that a request was held: opens the question, or adds to the one that is there. In a
/// change of its own, since the one that was held is rolled back.
pub(super) fn keep(
    tx: &Connection,
    organization: &Organization,
    braked: &Braked,
    by: &Author,
    now: Timestamp,
) -> Result<Held, StoreError> {
    let token_id = by.id.as_deref().unwrap_or_default();
    let held = match standing(tx, &organization.id, token_id, braked.reason, now)? {
        Standing::Allowed => return Ok(Held::Answered),
        Standing::Refused(hold) => {
            let until = find(tx, &organization.id, &hold, now)?.and_then(|hold| hold.until);
            add(tx, &hold, braked, now)?;
            return Ok(Held::Refused(until.unwrap_or(now)));
        }
        Standing::Open => tx
            .prepare_cached(
                "SELECT id FROM brake_holds
                 WHERE organization_id = ?1 AND token_id = ?2 AND reason = ?3 AND state = 'open'",
            )?
            .query_row(params![organization.id, token_id, braked.reason], |row| {
                row.get(0)
            })?,
        Standing::None => open(tx, organization, braked, (token_id, by), now)?,
    };
    add(tx, &held, braked, now)?;
    Ok(Held::Waiting)
}

fn open(
    tx: &Connection,
    organization: &Organization,
    braked: &Braked,
    (token_id, by): (&str, &Author),
    now: Timestamp,
) -> Result<String, StoreError> {
    // One that nobody asked for within a day, and that housekeeping hasn't met yet.
    tx.prepare_cached(
        "UPDATE brake_holds SET state = 'closed', decided_at = ?4
         WHERE organization_id = ?1 AND token_id = ?2 AND reason = ?3 AND state = 'open'",
    )?
    .execute(params![
        organization.id,
        token_id,
        braked.reason,
        now.millis()
    ])?;
    let hold = id::new(now);
    tx.prepare_cached(
        "INSERT INTO brake_holds (id, organization_id, token_id, token_name, client, reason, state,
             opened_at, last_at, attempts, people, passed, active)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'open', ?7, ?7, 0, 0, ?8, ?9)",
    )?
    .execute(params![
        hold,
        organization.id,
        token_id,
        by.name,
        by.client.map(|address| address.to_string()),
        braked.reason,
        now.millis(),
        braked.passed,
        braked.active
    ])?;
    let facts = || {
        audit::detail([
            ("reason", json!(braked.reason)),
            ("passed", json!(braked.passed)),
            ("active", json!(braked.active)),
            ("limits", json!(braked.settings)),
        ])
    };
    let entry = Entry {
        action: "brake.held",
        organization_id: Some(&organization.id),
        target: target(&hold, by.name.as_str()),
        detail: facts(),
    };
    audit::record(tx, by, &entry, now)?;
    let mut data = facts();
    data.insert("hold".into(), json!(hold));
    data.insert("organization".into(), json!(organization.slug));
    data.insert("token".into(), json!(by.name));
    let told = Event {
        kind: event::SCIM_HELD,
        organization_id: Some(&organization.id),
        data,
    };
    event::append(tx, &told, now)?;
    tracing::warn!(
        organization = %organization.slug,
        reason = braked.reason.word(),
        token = %by.name,
        hold = %hold,
        passed = braked.passed,
        active = braked.active,
        "the brake holds SCIM changes until an admin answers"
    );
    Ok(hold)
}

fn add(tx: &Connection, hold: &str, braked: &Braked, now: Timestamp) -> Result<(), StoreError> {
    let mut named: i64 = tx
        .prepare_cached("SELECT people FROM brake_holds WHERE id = ?1")?
        .query_row([hold], |row| row.get(0))?;
    let mut name = tx.prepare_cached(
        "INSERT INTO brake_held (hold_id, user_id, user_name, change, at)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
    )?;
    for (user_id, user_name) in &braked.people {
        if named < MOST_PEOPLE {
            let made = name.execute(params![
                hold,
                user_id,
                user_name,
                braked.change.word(),
                now.millis()
            ])?;
            named += i64::from(made > 0);
        }
    }
    tx.prepare_cached(
        "UPDATE brake_holds SET attempts = attempts + 1, last_at = max(last_at, ?2), people = ?3
         WHERE id = ?1",
    )?
    .execute(params![hold, now.millis(), named])?;
    Ok(())
}

/// Answers a hold. One that was answered may be answered otherwise while that counts.
///
/// # Errors
/// [`DirectoryError::NotFound`], or [`DirectoryError::Conflict`] if it is over.
pub fn decide(
    tx: &Connection,
    organization: &Organization,
    hold_id: &str,
    decision: Decision,
    by: &Author,
    now: Timestamp,
) -> Result<Hold, DirectoryError> {
    let hold = find(tx, &organization.id, hold_id, now)?
        .ok_or_else(|| DirectoryError::not_found("hold", hold_id))?;
    if hold.state != "open" && !hold.in_force {
        return Err(DirectoryError::conflict(
            "decision",
            "this question is over; what comes now is judged anew",
        ));
    }
    let (state, action) = match decision {
        Decision::Allow => ("allowed", "brake.allowed"),
        Decision::Refuse => ("refused", "brake.refused"),
    };
    tx.prepare_cached(
        "UPDATE brake_holds SET state = ?2, decided_at = ?3, decided_by = ?4, until = ?5
         WHERE id = ?1",
    )?
    .execute(params![
        hold.id,
        state,
        now.millis(),
        by.name,
        now.plus(ANSWER_COUNTS).millis()
    ])?;
    if decision == Decision::Allow {
        // Armed anew means from nothing: what passed before this question doesn't count again.
        tx.prepare_cached("DELETE FROM brake_takings WHERE organization_id = ?1")?
            .execute([&organization.id])?;
    }
    let entry = Entry {
        action,
        organization_id: Some(&organization.id),
        target: target(&hold.id, &hold.token.name),
        detail: audit::detail([
            ("reason", json!(hold.reason)),
            ("attempts", json!(hold.attempts)),
            ("people", json!(hold.people)),
            ("until", json!(now.plus(ANSWER_COUNTS))),
        ]),
    };
    audit::record(tx, by, &entry, now)?;
    find(tx, &organization.id, hold_id, now)?
        .ok_or_else(|| DirectoryError::not_found("hold", hold_id))
}

fn target<'a>(id: &'a str, token_name: &'a str) -> audit::Target<'a> {
    audit::Target {
        kind: "hold",
        id: Some(id),
        name: token_name,
    }
}

const COLUMNS: &str = "id, reason, state, token_id, token_name, client, opened_at, last_at, \
                       attempts, people, passed, active, decided_at, decided_by, until";

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

/// Closes what was not asked for within a day, and removes what is long over.
pub(super) fn prune(tx: &Connection, now: Timestamp) -> Result<usize, StoreError> {
    let quiet = tx
        .prepare_cached(
            "UPDATE brake_holds SET state = 'closed', decided_at = ?1 WHERE id IN
                 (SELECT id FROM brake_holds INDEXED BY brake_holds_open
                  WHERE state = 'open' AND last_at <= ?2 LIMIT ?3)
             RETURNING id, organization_id, token_name",
        )?
        .query_map(
            params![now.millis(), now.minus(QUIET).millis(), PRUNED_AT_ONCE],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?
        .collect::<Result<Vec<(String, String, String)>, _>>()?;
    for (hold, organization, token) in &quiet {
        let entry = Entry {
            action: "brake.closed",
            organization_id: Some(organization),
            target: target(hold, token),
            detail: serde_json::Map::new(),
        };
        audit::record(tx, &Author::appliance(), &entry, now)?;
    }
    let old = tx
        .prepare_cached(
            "DELETE FROM brake_holds WHERE id IN
                 (SELECT id FROM brake_holds WHERE state <> 'open' AND last_at < ?1 LIMIT ?2)",
        )?
        .execute(params![now.minus(KEPT).millis(), PRUNED_AT_ONCE])?;
    Ok(quiet.len() + old)
}

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
