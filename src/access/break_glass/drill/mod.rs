//! Drills: proof that an account opens, made before it is needed.
//!
//! A drill does what a sign-in does, at the same gate and against the same rows, except that the
//! session it opens is ended at once. It is run on the machine itself, so it takes nobody's turn
//! at the throttle; what came of each check is kept.

mod checks;

use std::net::IpAddr;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::account::password_hash;
use super::{BreakGlassError, Operator, find, record};
use crate::access::password::Gate;
use crate::access::secret::{self, Secret};
use crate::access::session::{self, NewSession, Subject};
use crate::access::time;
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author};
use crate::observe::event::{self, Event};
use crate::saml::name_id::NameSpace;
use crate::store::{Store, StoreError, id};

/// Drills that are kept; beyond them the oldest go.
const KEPT: i64 = 1_000;

/// Drills that a list shows.
pub const LISTED: i64 = 200;

/// What a drill signs in with.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The password.
    pub password: Secret,
    /// A code of the authenticator application.
    pub code: Option<String>,
    /// An address that has to be allowed.
    pub from: Option<IpAddr>,
}

/// One thing that has to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// A stable word: `enabled`, `password`, `second-factor`, `networks`, `armed`, `session`.
    pub check: &'static str,
    /// Whether it held.
    pub passed: bool,
    /// What was found, and what to do if it didn't hold.
    pub note: String,
}

/// What came of a drill.
#[derive(Clone, Debug, Serialize)]
pub struct Drill {
    /// Names it.
    pub id: String,
    /// The account, as it was called then.
    pub account: String,
    /// When it was run.
    pub at: Timestamp,
    /// Whether every check held.
    pub passed: bool,
    /// Each check.
    pub checks: Vec<Check>,
}

/// The newest drill of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Last {
    /// When it was run.
    pub at: Timestamp,
    /// Whether every check held.
    pub passed: bool,
}

/// A drill as it was kept.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "as in Drill")]
pub struct Kept {
    pub id: String,
    pub account: String,
    pub at: Timestamp,
    pub passed: bool,
    pub checks: Value,
}

/// Runs a drill and keeps what came of it.
///
/// # Errors
/// [`BreakGlassError::Unknown`], a full gate, or the database; then nothing is kept. A check that
/// didn't hold is a result.
pub fn run(
    store: &Store,
    gate: &Gate,
    name: &str,
    attempt: Attempt,
    by: &Author,
    now: Timestamp,
) -> Result<Drill, BreakGlassError> {
    let (operator, hash) = store.read(|conn| {
        let operator = find(conn, name)?;
        let hash = password_hash(conn, &operator.id)?;
        Ok::<_, BreakGlassError>((operator, hash))
    })?;
    let mut checks = vec![
        checks::enabled(&operator),
        checks::password(gate.verify(&attempt.password, Some(&hash)))?,
        checks::networks(&operator, attempt.from),
        checks::armed(&operator, now),
    ];
    let so_far = checks.iter().all(|check| check.passed);
    let (checked, opened) = {
        let operator = operator.clone();
        let code = attempt.code;
        store.write(move |tx| {
            let checked = checks::second_factor(tx, &operator, code.as_deref(), now)?;
            let opened = if so_far && checked.passed {
                Some(open(tx, &operator, now)?)
            } else {
                None
            };
            Ok::<_, BreakGlassError>((checked, opened))
        })?
    };
    checks.insert(2, checked);
    let found = match &opened {
        Some(token) => store
            .read(|conn| session::find(conn, &secret::hash(token.expose()), now))?
            .is_some_and(|session| session.subject == Subject::Operator(operator.id.clone())),
        None => false,
    };
    let by = by.clone();
    store.write(move |tx| {
        let ended = match &opened {
            Some(token) => session::end(tx, &token.hash())?,
            None => false,
        };
        checks.push(checks::session(opened.is_some(), found, ended));
        keep(tx, &operator, checks, &by, now)
    })
}

fn open(tx: &Connection, operator: &Operator, now: Timestamp) -> Result<Secret, StoreError> {
    let session = NewSession {
        subject: Subject::Operator(operator.id.clone()),
        provider_id: None,
        method: session::Method::BreakGlass,
        name_id: None,
        name_space: NameSpace::default(),
        session_index: None,
        not_on_or_after: None,
        client: "drill".to_owned(),
        user_agent: "portcullis break-glass drill".to_owned(),
    };
    session::open(tx, session, now)
}

fn keep(
    tx: &Connection,
    operator: &Operator,
    checks: Vec<Check>,
    by: &Author,
    now: Timestamp,
) -> Result<Drill, BreakGlassError> {
    let passed = checks.iter().all(|check| check.passed);
    let drill = Drill {
        id: id::new(now),
        account: operator.name.clone(),
        at: now,
        passed,
        checks,
    };
    tx.prepare_cached(
        "INSERT INTO drills (id, operator_id, operator_name, at, passed, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        drill.id,
        operator.id,
        operator.name,
        now.millis(),
        passed,
        json!({ "checks": drill.checks }).to_string()
    ])?;
    tx.prepare_cached(
        "DELETE FROM drills WHERE id IN
             (SELECT id FROM drills ORDER BY at DESC, id DESC LIMIT -1 OFFSET ?1)",
    )?
    .execute([KEPT])?;
    let failed: Vec<&str> = drill
        .checks
        .iter()
        .filter(|check| !check.passed)
        .map(|check| check.check)
        .collect();
    let told = audit::detail([("passed", json!(passed)), ("failed", json!(failed))]);
    record(tx, "break-glass.drilled", operator, told, by, now)?;
    let event = Event {
        kind: event::BREAK_GLASS_DRILLED,
        organization_id: None,
        data: audit::detail([
            ("account", json!(operator.name)),
            ("passed", json!(passed)),
            ("failed", json!(failed)),
        ]),
    };
    event::append(tx, &event, now)?;
    Ok(drill)
}

/// Drills, newest first.
pub fn list(conn: &Connection) -> Result<Vec<Kept>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, operator_name, at, passed, detail FROM drills ORDER BY at DESC, id DESC
         LIMIT ?1",
    )?;
    let rows = statement.query_map([LISTED], |row| {
        let detail: String = row.get("detail")?;
        let mut detail: Value = serde_json::from_str(&detail).unwrap_or_default();
        Ok(Kept {
            id: row.get("id")?,
            account: row.get("operator_name")?,
            at: time(row, "at")?,
            passed: row.get("passed")?,
            checks: detail
                .get_mut("checks")
                .map(Value::take)
                .unwrap_or_else(|| json!([])),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The newest drill of an account.
pub fn last_of(conn: &Connection, operator_id: &str) -> Result<Option<Last>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT at, passed FROM drills WHERE operator_id = ?1 ORDER BY at DESC, id DESC LIMIT 1",
        )?
        .query_row([operator_id], |row| {
            Ok(Last {
                at: time(row, "at")?,
                passed: row.get("passed")?,
            })
        })
        .optional()?)
}

/// Whether a drill has passed within this long that still proves something: its account is still
/// enabled and has the same password.
pub fn passed_within(
    conn: &Connection,
    within: Duration,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM drills
                 JOIN operators ON operators.id = drills.operator_id
                 WHERE drills.passed = 1 AND drills.at > ?1
                     AND operators.disabled_at IS NULL
                     AND operators.password_changed_at <= drills.at)",
        )?
        .query_row([now.minus(within).millis()], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::break_glass::{Change, Networks, arm, change, create, disable};
    use crate::access::password::GateLimits;
    use crate::store::scratch;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
    const WEEK: Duration = Duration::from_secs(7 * 86_400);
    const PASSWORD: &str = "correct horse";

    fn drill(store: &Store, password: &str, from: Option<&str>) -> Drill {
        let gate = Gate::new(GateLimits::default());
        let attempt = Attempt {
            password: Secret::new(password),
            code: None,
            from: from.map(|text| text.parse().unwrap()),
        };
        run(store, &gate, "A", attempt, &Author::command_line(), NOW).unwrap()
    }

    fn failed(drill: &Drill) -> Vec<&'static str> {
        let failed = drill.checks.iter().filter(|check| !check.passed);
        failed.map(|check| check.check).collect()
    }

    #[test]
    fn a_drill_says_what_would_keep_out() {
        let (store, gate) = (scratch::store(), Gate::new(GateLimits::default()));
        let by = Author::command_line();
        create(&store, &gate, "a", Some(Secret::new(PASSWORD)), &by, NOW).unwrap();
        let first = drill(&store, PASSWORD, None);
        assert!(first.passed, "{first:?}");
        let words: Vec<_> = first.checks.iter().map(|check| check.check).collect();
        let all = [
            "enabled",
            "password",
            "second-factor",
            "networks",
            "armed",
            "session",
        ];
        assert_eq!(words, all);
        assert_eq!(
            failed(&drill(&store, "wrong", None)),
            ["password", "session"]
        );
        let by_then = by.clone();
        store
            .write(move |tx| {
                let limited = Change {
                    networks: Some(Networks::parse(["10.0.0.0/8"])?),
                    needs_arming: Some(true),
                };
                change(tx, "a", &limited, &by_then, NOW)
            })
            .unwrap();
        let outside = drill(&store, PASSWORD, Some("192.0.2.1"));
        assert_eq!(failed(&outside), ["networks", "armed", "session"]);
        let by_then = by.clone();
        store
            .write(move |tx| arm(tx, "a", 1, &by_then, NOW))
            .unwrap();
        assert!(drill(&store, PASSWORD, Some("::ffff:10.0.0.1")).passed);
        store
            .write(move |tx| {
                tx.execute("UPDATE operators SET networks = 'x'", [])?;
                disable(tx, "a", true, &by, NOW)
            })
            .unwrap();
        let last = drill(&store, PASSWORD, None);
        assert_eq!(failed(&last), ["enabled", "networks", "armed", "session"]);
        let sessions: i64 = store
            .read::<_, StoreError>(|conn| {
                Ok(conn.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0))?)
            })
            .unwrap();
        assert_eq!(sessions, 0);
        let kept = store.read(list).unwrap();
        assert_eq!(kept.len(), 5);
        assert_eq!(kept.iter().filter(|drill| drill.passed).count(), 2);
    }

    #[test]
    fn a_drill_proves_something_for_a_while() {
        let (store, gate) = (scratch::store(), Gate::new(GateLimits::default()));
        let by = Author::command_line();
        create(&store, &gate, "a", Some(Secret::new(PASSWORD)), &by, NOW).unwrap();
        let proven = |at| store.read(|conn| passed_within(conn, WEEK, at)).unwrap();
        drill(&store, "wrong", None);
        assert!(!proven(NOW));
        drill(&store, PASSWORD, None);
        assert!(proven(NOW));
        assert!(proven(NOW.plus(WEEK).minus(Duration::from_millis(1))));
        assert!(!proven(NOW.plus(WEEK)));
        let force = |sql: &'static str| {
            store
                .write::<_, StoreError>(move |tx| Ok(tx.execute_batch(sql)?))
                .unwrap();
        };
        force("UPDATE operators SET disabled_at = 1");
        assert!(!proven(NOW));
        force("UPDATE operators SET disabled_at = NULL, password_changed_at = created_at + 1");
        assert!(!proven(NOW));
    }
}
