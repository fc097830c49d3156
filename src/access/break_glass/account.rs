//! The accounts: what they are, making them, finding them.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::Map;

use super::drill::{self, Last};
use super::{BreakGlassError, MOST, Networks, SHORTEST_PASSWORD, name_key, record, usable};
use crate::access::password::Gate;
use crate::access::secret::Secret;
use crate::access::{maybe_time, time};
use crate::clock::Timestamp;
use crate::observe::audit::Author;
use crate::store::{Store, StoreError, id, random};

/// A break-glass account.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Names the account in sessions.
    pub id: String,
    /// What is typed to sign in, without case.
    pub name: String,
    /// Since when it can't sign in.
    pub disabled_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its password was last set.
    pub password_changed_at: Timestamp,
    /// When it last signed in.
    pub last_used_at: Option<Timestamp>,
    /// From where it may sign in.
    pub networks: Networks,
    /// Whether it opens only while it is armed.
    pub needs_arming: bool,
    /// Until when it is armed.
    pub armed_until: Option<Timestamp>,
    /// Whether it takes a code besides the password.
    pub second_factor: bool,
}

/// An account as the API and `--json` show it.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the names say it; Operator has the words")]
pub struct View {
    pub id: String,
    pub username: String,
    pub state: &'static str,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
    pub password_changed_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    /// Whether the password was used since it was set, and so should be another one.
    pub password_used: bool,
    pub networks: Vec<String>,
    pub needs_arming: bool,
    pub armed_until: Option<Timestamp>,
    /// Whether it needs no arming, or is armed now.
    pub armed: bool,
    pub second_factor: bool,
    pub last_drill: Option<Last>,
}

impl Operator {
    /// Whether a sign-in isn't kept out for want of arming.
    pub fn is_armed(&self, now: Timestamp) -> bool {
        !self.needs_arming || self.armed_until.is_some_and(|until| until > now)
    }

    /// Whether its password was used since it was set.
    pub fn password_used(&self) -> bool {
        self.last_used_at
            .is_some_and(|used| used >= self.password_changed_at)
    }
}

/// The account as it is shown.
pub fn view(conn: &Connection, operator: &Operator, now: Timestamp) -> Result<View, StoreError> {
    Ok(View {
        id: operator.id.clone(),
        username: operator.name.clone(),
        state: match operator.disabled_at {
            Some(_) => "disabled",
            None => "enabled",
        },
        created_at: operator.created_at,
        disabled_at: operator.disabled_at,
        password_changed_at: operator.password_changed_at,
        last_used_at: operator.last_used_at,
        password_used: operator.password_used(),
        networks: operator.networks.shown(),
        needs_arming: operator.needs_arming,
        armed_until: operator.armed_until,
        armed: operator.is_armed(now),
        second_factor: operator.second_factor,
        last_drill: drill::last_of(conn, &operator.id)?,
    })
}

/// Makes an account with the given password, or with a generated one that is returned.
pub fn create(
    store: &Store,
    gate: &Gate,
    name: &str,
    password: Option<Secret>,
    by: &Author,
    now: Timestamp,
) -> Result<(Operator, Option<Secret>), BreakGlassError> {
    let name = name.trim().to_owned();
    if !usable(&name) {
        return Err(BreakGlassError::Name);
    }
    let (password, generated) = chosen_or_generated(password)?;
    let hash = gate.hash(&password)?;
    let by = by.clone();
    let operator = store.write(move |tx| insert(tx, &name, &hash, &by, now))?;
    Ok((operator, generated))
}

/// On the first start, when there's no account at all, makes one, so that an appliance is never
/// without a way in. Without a `name` it is `break-glass` and four random characters: who guesses
/// at an account keeps its owner waiting, and a name that nobody knows can't be guessed at.
/// Returns its name, and its password if that was generated.
pub fn first_start(
    store: &Store,
    gate: &Gate,
    name: Option<&str>,
    password_from: Option<Secret>,
    by: &Author,
    now: Timestamp,
) -> Result<Option<(String, Option<Secret>)>, BreakGlassError> {
    if store.read(any)? {
        return Ok(None);
    }
    let name = match name {
        Some(name) => name.trim().to_owned(),
        None => {
            let suffix: String = id::base32(&random::bytes::<3>()).chars().take(4).collect();
            format!("break-glass-{suffix}")
        }
    };
    if !usable(&name) {
        return Err(BreakGlassError::Name);
    }
    let (password, generated) = chosen_or_generated(password_from)?;
    let hash = gate.hash(&password)?;
    let by = by.clone();
    let made = store.write(move |tx| {
        // Looked at again: the command line may have made one meanwhile.
        if any(tx)? {
            return Ok(None);
        }
        insert(tx, &name, &hash, &by, now).map(Some)
    })?;
    Ok(made.map(|operator| (operator.name, generated)))
}

/// All accounts, by name.
pub fn list(conn: &Connection) -> Result<Vec<Operator>, StoreError> {
    let mut statement =
        conn.prepare_cached(&format!("{COLUMNS} ORDER BY name_key LIMIT {MOST}"))?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The account of this name, however it is typed.
///
/// # Errors
/// [`BreakGlassError::Unknown`].
pub fn find(conn: &Connection, name: &str) -> Result<Operator, BreakGlassError> {
    by_key(conn, &name_key(name))?.ok_or(BreakGlassError::Unknown)
}

/// The account of a session, if it's still enabled.
pub fn find_enabled(conn: &Connection, id: &str) -> Result<Option<Operator>, StoreError> {
    Ok(conn
        .prepare_cached(&format!("{COLUMNS} WHERE id = ?1 AND disabled_at IS NULL"))?
        .query_row([id], read)
        .optional()?)
}

pub(super) fn by_key(conn: &Connection, key: &str) -> Result<Option<Operator>, StoreError> {
    Ok(conn
        .prepare_cached(&format!("{COLUMNS} WHERE name_key = ?1"))?
        .query_row([key], read)
        .optional()?)
}

/// The stored hash of an account's password.
pub(super) fn password_hash(conn: &Connection, id: &str) -> Result<String, StoreError> {
    Ok(conn
        .prepare_cached("SELECT password_hash FROM operators WHERE id = ?1")?
        .query_row([id], |row| row.get(0))?)
}

fn insert(
    conn: &Connection,
    name: &str,
    hash: &str,
    by: &Author,
    now: Timestamp,
) -> Result<Operator, BreakGlassError> {
    let count: i64 = conn
        .prepare_cached("SELECT count(*) FROM operators")?
        .query_row([], |row| row.get(0))?;
    if count >= MOST {
        return Err(BreakGlassError::TooMany);
    }
    let key = name_key(name);
    let made = conn
        .prepare_cached(
            "INSERT INTO operators
                 (id, name, name_key, password_hash, created_at, password_changed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (name_key) DO NOTHING",
        )?
        .execute(params![id::new(now), name, key, hash, now.millis()])?;
    if made == 0 {
        return Err(BreakGlassError::Taken);
    }
    let operator = find(conn, name)?;
    record(conn, "break-glass.created", &operator, Map::new(), by, now)?;
    Ok(operator)
}

pub(super) fn chosen_or_generated(
    chosen: Option<Secret>,
) -> Result<(Secret, Option<Secret>), BreakGlassError> {
    match chosen {
        Some(chosen) if chosen.expose().chars().count() < SHORTEST_PASSWORD => {
            Err(BreakGlassError::TooShort)
        }
        Some(chosen) => Ok((chosen, None)),
        None => {
            let generated = Secret::password();
            Ok((generated.clone(), Some(generated)))
        }
    }
}

fn any(conn: &Connection) -> Result<bool, BreakGlassError> {
    Ok(conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM operators)")?
        .query_row([], |row| row.get(0))?)
}

const COLUMNS: &str = "SELECT id, name, disabled_at, created_at, password_changed_at, last_used_at,
    networks, needs_arming, armed_until,
    EXISTS (SELECT 1 FROM second_factors
        WHERE subject_id = operators.id AND confirmed_at IS NOT NULL) AS second_factor
    FROM operators";

fn read(row: &Row<'_>) -> rusqlite::Result<Operator> {
    let networks: String = row.get("networks")?;
    Ok(Operator {
        id: row.get("id")?,
        name: row.get("name")?,
        disabled_at: maybe_time(row, "disabled_at")?,
        created_at: time(row, "created_at")?,
        password_changed_at: time(row, "password_changed_at")?,
        last_used_at: maybe_time(row, "last_used_at")?,
        networks: Networks::of_column(&networks),
        needs_arming: row.get("needs_arming")?,
        armed_until: maybe_time(row, "armed_until")?,
        second_factor: row.get("second_factor")?,
    })
}
