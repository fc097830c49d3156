//! Break-glass accounts: the way in when the identity provider is down or misconfigured.
//!
//! Such an account is no user. It belongs to no organization, SCIM never sees it, no assertion is
//! ever matched to it. It signs in with a password, for an hour, and whatever it does is recorded.

mod sign_in;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value, json};

pub use self::sign_in::{SignInError, sign_in};
use super::password::{Gate, GateError};
use super::secret::Secret;
use super::session;
use super::throttle::{self, Key};
use super::{maybe_time, time};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry};
use crate::store::{Store, StoreError, id};

/// The account made on the first start.
pub const FIRST_NAME: &str = "break-glass";

/// Characters of a password that somebody chose.
pub const SHORTEST_PASSWORD: usize = 12;

const LONGEST_NAME: usize = 64;

/// Accounts that a list shows and that there can be.
const MOST: i64 = 100;

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
}

/// Why an account was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum BreakGlassError {
    /// Not usable as a name.
    #[error("a break-glass name has 1 to {LONGEST_NAME} characters without spaces or controls")]
    Name,
    /// A chosen password that is too short.
    #[error("a break-glass password has at least {SHORTEST_PASSWORD} characters")]
    TooShort,
    /// The name is in use.
    #[error("there is a break-glass account of that name already")]
    Taken,
    /// There are as many accounts as there can be.
    #[error("there are {MOST} break-glass accounts already")]
    TooMany,
    /// No account has this name.
    #[error("there is no break-glass account of that name")]
    Unknown,
    /// Disabling it would leave no way in.
    #[error("this is the last enabled break-glass account")]
    Last,
    /// The password couldn't be hashed.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for BreakGlassError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
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

/// Sets another password, given or generated, and ends the account's sessions.
pub fn reset_password(
    store: &Store,
    gate: &Gate,
    name: &str,
    password: Option<Secret>,
    by: &Author,
    now: Timestamp,
) -> Result<(Operator, Option<Secret>), BreakGlassError> {
    let (password, generated) = chosen_or_generated(password)?;
    let hash = gate.hash(&password)?;
    let key = name_key(name);
    let by = by.clone();
    let operator = store.write(move |tx| {
        let changed = tx
            .prepare_cached(
                "UPDATE operators SET password_hash = ?2, password_changed_at = ?3
                 WHERE name_key = ?1",
            )?
            .execute(params![key, hash, now.millis()])?;
        if changed == 0 {
            return Err(BreakGlassError::Unknown);
        }
        let operator = by_key(tx, &key)?;
        let ended = session::end_of_operator(tx, &operator.id)?;
        let detail = audit::detail([("ended", json!({ "sessions": ended }))]);
        told(
            tx,
            "break-glass.password-reset",
            &operator,
            detail,
            &by,
            now,
        )?;
        // Whoever was kept out by someone's guesses at the old password starts afresh.
        throttle::cleared(tx, &Key::account(&key))?;
        Ok(operator)
    })?;
    Ok((operator, generated))
}

/// All accounts, by name.
pub fn list(conn: &Connection) -> Result<Vec<Operator>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, name, disabled_at, created_at, password_changed_at, last_used_at
         FROM operators ORDER BY name_key LIMIT ?1",
    )?;
    let rows = statement.query_map([MOST], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The account of a session, if it's still enabled.
pub fn find_enabled(conn: &Connection, id: &str) -> Result<Option<Operator>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT id, name, disabled_at, created_at, password_changed_at, last_used_at
             FROM operators WHERE id = ?1 AND disabled_at IS NULL",
        )?
        .query_row([id], read)
        .optional()?)
}

/// Disables an account and ends its sessions. The last enabled one stays unless `force`.
pub fn disable(
    conn: &Connection,
    name: &str,
    force: bool,
    by: &Author,
    now: Timestamp,
) -> Result<Operator, BreakGlassError> {
    let key = name_key(name);
    let operator = by_key(conn, &key)?;
    let others: bool = conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM operators WHERE disabled_at IS NULL AND id <> ?1)",
        )?
        .query_row([&operator.id], |row| row.get(0))?;
    if operator.disabled_at.is_none() && !others && !force {
        return Err(BreakGlassError::Last);
    }
    conn.prepare_cached(
        "UPDATE operators SET disabled_at = coalesce(disabled_at, ?2) WHERE id = ?1",
    )?
    .execute(params![operator.id, now.millis()])?;
    let ended = session::end_of_operator(conn, &operator.id)?;
    if operator.disabled_at.is_none() || ended > 0 {
        let detail = audit::detail([
            ("forced", json!(force)),
            ("ended", json!({ "sessions": ended })),
        ]);
        told(conn, "break-glass.disabled", &operator, detail, by, now)?;
    }
    by_key(conn, &key)
}

/// Lets a disabled account sign in again.
pub fn enable(
    conn: &Connection,
    name: &str,
    by: &Author,
    now: Timestamp,
) -> Result<Operator, BreakGlassError> {
    let key = name_key(name);
    let changed = conn
        .prepare_cached(
            "UPDATE operators SET disabled_at = NULL
             WHERE name_key = ?1 AND disabled_at IS NOT NULL",
        )?
        .execute([&key])?;
    let operator = by_key(conn, &key)?;
    if changed > 0 {
        told(conn, "break-glass.enabled", &operator, Map::new(), by, now)?;
    }
    Ok(operator)
}

/// On the first start, when there's no account at all, makes one called [`FIRST_NAME`], so that
/// an appliance is never without a way in. Returns its name, and its password if that was
/// generated.
pub fn first_start(
    store: &Store,
    gate: &Gate,
    password_from: Option<Secret>,
    by: &Author,
    now: Timestamp,
) -> Result<Option<(String, Option<Secret>)>, BreakGlassError> {
    if store.read(any)? {
        return Ok(None);
    }
    let (password, generated) = chosen_or_generated(password_from)?;
    let hash = gate.hash(&password)?;
    let by = by.clone();
    let made = store.write(move |tx| {
        // Looked at again: the command line may have made one meanwhile.
        if any(tx)? {
            return Ok(None);
        }
        insert(tx, FIRST_NAME, &hash, &by, now).map(Some)
    })?;
    Ok(made.map(|operator| (operator.name, generated)))
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
    let operator = by_key(conn, &key)?;
    told(conn, "break-glass.created", &operator, Map::new(), by, now)?;
    Ok(operator)
}

/// Adds a line about an account to the audit log.
fn told(
    conn: &Connection,
    action: &'static str,
    operator: &Operator,
    detail: Map<String, Value>,
    by: &Author,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entry = Entry {
        action,
        organization_id: None,
        target: audit::Target {
            kind: "break-glass-account",
            id: Some(&operator.id),
            name: &operator.name,
        },
        detail,
    };
    audit::record(conn, by, &entry, now).map(|_| ())
}

/// Tells that the owner of a session signed out.
pub fn signed_out(
    conn: &Connection,
    operator: &Operator,
    by: &Author,
    now: Timestamp,
) -> Result<(), StoreError> {
    told(
        conn,
        "break-glass.signed-out",
        operator,
        Map::new(),
        by,
        now,
    )
}

fn any(conn: &Connection) -> Result<bool, BreakGlassError> {
    Ok(conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM operators)")?
        .query_row([], |row| row.get(0))?)
}

fn by_key(conn: &Connection, key: &str) -> Result<Operator, BreakGlassError> {
    conn.prepare_cached(
        "SELECT id, name, disabled_at, created_at, password_changed_at, last_used_at
         FROM operators WHERE name_key = ?1",
    )?
    .query_row([key], read)
    .optional()?
    .ok_or(BreakGlassError::Unknown)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Operator> {
    Ok(Operator {
        id: row.get("id")?,
        name: row.get("name")?,
        disabled_at: maybe_time(row, "disabled_at")?,
        created_at: time(row, "created_at")?,
        password_changed_at: time(row, "password_changed_at")?,
        last_used_at: maybe_time(row, "last_used_at")?,
    })
}

fn chosen_or_generated(
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

fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

fn usable(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.chars().count())
        && !name.chars().any(|c| c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::access::password::GateLimits;
    use crate::store::scratch;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    fn by() -> Author {
        Author::command_line()
    }

    fn gate() -> Gate {
        Gate::new(GateLimits::default())
    }

    fn try_in(
        store: &Store,
        gate: &Gate,
        name: &str,
        password: &str,
    ) -> Result<(Operator, Secret), SignInError> {
        sign_in(
            store,
            gate,
            name,
            &Secret::new(password),
            CLIENT,
            "test",
            NOW,
        )
    }

    #[test]
    fn a_new_password_ends_sessions() {
        let (store, gate) = (scratch::store(), gate());
        create(
            &store,
            &gate,
            "a",
            Some(Secret::new("correct horse")),
            &by(),
            NOW,
        )
        .unwrap();
        let (_, token) = try_in(&store, &gate, "a", "correct horse").unwrap();
        reset_password(&store, &gate, "A", None, &by(), NOW).unwrap();
        let found = store
            .read(|conn| session::find(conn, &token.hash(), NOW))
            .unwrap();
        assert!(found.is_none());
        assert!(matches!(
            try_in(&store, &gate, "a", "correct horse"),
            Err(SignInError::Refused)
        ));
        assert!(matches!(
            reset_password(&store, &gate, "b", None, &by(), NOW),
            Err(BreakGlassError::Unknown)
        ));
    }

    #[test]
    fn the_last_enabled_account_stays() {
        let (store, gate) = (scratch::store(), gate());
        create(&store, &gate, "a", None, &by(), NOW).unwrap();
        create(
            &store,
            &gate,
            "b",
            Some(Secret::new("correct horse")),
            &by(),
            NOW,
        )
        .unwrap();
        let (operator, token) = try_in(&store, &gate, "b", "correct horse").unwrap();
        store
            .write(|tx| disable(tx, "b", false, &by(), NOW))
            .unwrap();
        let found = store
            .read(|conn| session::find(conn, &token.hash(), NOW))
            .unwrap();
        assert!(found.is_none());
        let id = operator.id;
        assert!(
            store
                .read(|conn| find_enabled(conn, &id))
                .unwrap()
                .is_none()
        );
        let last = store.write(|tx| disable(tx, "a", false, &by(), NOW));
        assert!(matches!(last, Err(BreakGlassError::Last)));
        assert!(store.write(|tx| disable(tx, "a", true, &by(), NOW)).is_ok());
        assert!(
            store
                .write(|tx| enable(tx, "b", &by(), NOW))
                .unwrap()
                .disabled_at
                .is_none()
        );
        assert_eq!(store.read(list).unwrap().len(), 2);
    }

    #[test]
    fn names_and_passwords_have_bounds() {
        let (store, gate) = (scratch::store(), gate());
        for name in ["", " ", "a b", "a\nb", &"x".repeat(65)] {
            let made = create(&store, &gate, name, None, &by(), NOW);
            assert!(matches!(made, Err(BreakGlassError::Name)), "{name:?}");
        }
        let short = create(
            &store,
            &gate,
            "a",
            Some(Secret::new("eleven char")),
            &by(),
            NOW,
        );
        assert!(matches!(short, Err(BreakGlassError::TooShort)));
    }

    #[test]
    fn the_first_start_makes_one_account() {
        let (store, gate) = (scratch::store(), gate());
        let (name, password) = first_start(&store, &gate, None, &by(), NOW)
            .unwrap()
            .unwrap();
        assert_eq!(name, FIRST_NAME);
        assert!(try_in(&store, &gate, &name, password.unwrap().expose()).is_ok());
        assert!(
            first_start(&store, &gate, None, &by(), NOW)
                .unwrap()
                .is_none()
        );

        let store = scratch::store();
        let given = Some(Secret::new("given by a file"));
        let (name, password) = first_start(&store, &gate, given, &by(), NOW)
            .unwrap()
            .unwrap();
        assert!(password.is_none());
        assert!(try_in(&store, &gate, &name, "given by a file").is_ok());
    }
}
