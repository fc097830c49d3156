//! How long the sessions of each level last, where an organization wants less than the ordinary.
//!
//! A limit is compared when the session is used, not when it is opened: a lower one counts at the
//! next request of sessions that are already open, and so does the limit of a level that somebody
//! was raised to a moment ago. A session's own limits, set when it was opened, are never exceeded.

use std::time::Duration;

use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};

use super::level::BIT;
use super::organization::Organization;
use super::{DirectoryError, Level, Levels, millis};
use crate::access::session::{Limits, USER};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry, Target};

/// The shortest limit. "Last seen" is kept to the minute, so less would end sessions in use.
pub const SHORTEST: Duration = Duration::from_secs(300);

/// What a signed-in user has at this moment.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// The levels that reach them.
    pub levels: Levels,
    /// How long their sessions last; the highest level's limits count.
    pub limits: Limits,
}

/// Levels and limits of a user in one read. Who has no level is held to a viewer's limits.
pub fn standing(
    conn: &Connection,
    user_id: &str,
    organization_id: &str,
) -> Result<Standing, DirectoryError> {
    Ok(conn
        .prepare_cached(&format!(
            "SELECT reached.bits, l.idle_ms, l.absolute_ms
             FROM (SELECT coalesce(sum(DISTINCT {BIT}), 0) AS bits
                   FROM (SELECT level FROM grants WHERE user_id = ?1
                         UNION ALL
                         SELECT g.level FROM members m JOIN groups g ON g.id = m.group_id
                         WHERE m.user_id = ?1)) reached
             LEFT JOIN session_limits l ON l.organization_id = ?2
                 AND l.level = CASE WHEN reached.bits >= 8 THEN 'admin'
                                    WHEN reached.bits >= 4 THEN 'editor'
                                    WHEN reached.bits >= 2 THEN 'runner' ELSE 'viewer' END"
        ))?
        .query_row([user_id, organization_id], |row| {
            Ok(Standing {
                levels: Levels::from_bits(row.get(0)?),
                limits: Limits {
                    idle: lower(row.get(1)?, USER.idle),
                    absolute: lower(row.get(2)?, USER.absolute),
                },
            })
        })?)
}

fn lower(millis: Option<i64>, ordinary: Duration) -> Duration {
    millis
        .and_then(|millis| u64::try_from(millis).ok())
        .map_or(ordinary, |millis| {
            ordinary.min(Duration::from_millis(millis))
        })
}

/// The limits of every level, lowest level first; the ordinary ones where nothing was set.
pub fn of_organization(
    conn: &Connection,
    organization_id: &str,
) -> Result<[(Level, Limits); 4], DirectoryError> {
    let mut found = Level::ALL.map(|level| (level, USER));
    let mut statement = conn.prepare_cached(
        "SELECT level, idle_ms, absolute_ms FROM session_limits WHERE organization_id = ?1",
    )?;
    let mut rows = statement.query([organization_id])?;
    while let Some(row) = rows.next()? {
        let level: Level = row.get(0)?;
        let limits = Limits {
            idle: lower(row.get(1)?, USER.idle),
            absolute: lower(row.get(2)?, USER.absolute),
        };
        for (known, kept) in &mut found {
            if *known == level {
                *kept = limits;
            }
        }
    }
    Ok(found)
}

/// As the API and the command line show them, in seconds.
pub fn view(limits: &[(Level, Limits); 4]) -> Map<String, Value> {
    limits
        .iter()
        .map(|(level, limits)| {
            let seconds = json!({
                "idle_s": limits.idle.as_secs(),
                "absolute_s": limits.absolute.as_secs(),
            });
            (level.word().to_owned(), seconds)
        })
        .collect()
}

/// What becomes of one level's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The ordinary ones again.
    Ordinary(Level),
    /// These; `None` keeps what is.
    Set {
        /// The level.
        level: Level,
        /// Without a request.
        idle: Option<Duration>,
        /// In all.
        absolute: Option<Duration>,
    },
}

/// Changes limits; they count at the next request of every session.
pub fn change(
    tx: &Connection,
    organization: &Organization,
    changes: &[Change],
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let before = of_organization(tx, &organization.id)?;
    for change in changes {
        match *change {
            Change::Ordinary(level) => {
                tx.prepare_cached(
                    "DELETE FROM session_limits WHERE organization_id = ?1 AND level = ?2",
                )?
                .execute(params![organization.id, level])?;
            }
            Change::Set {
                level,
                idle,
                absolute,
            } => {
                let kept = of_organization(tx, &organization.id)?
                    .into_iter()
                    .find(|(known, _)| *known == level)
                    .map_or(USER, |(_, limits)| limits);
                let limits = checked(Limits {
                    idle: idle.unwrap_or(kept.idle.min(absolute.unwrap_or(kept.absolute))),
                    absolute: absolute.unwrap_or(kept.absolute),
                })?;
                tx.prepare_cached(
                    "INSERT INTO session_limits (organization_id, level, idle_ms, absolute_ms)
                     VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (organization_id, level) DO UPDATE
                         SET idle_ms = excluded.idle_ms, absolute_ms = excluded.absolute_ms",
                )?
                .execute(params![
                    organization.id,
                    level,
                    millis(limits.idle),
                    millis(limits.absolute)
                ])?;
            }
        }
    }
    let after = of_organization(tx, &organization.id)?;
    if before == after {
        return Ok(());
    }
    let detail = audit::detail([
        ("before", json!({ "session_limits": view(&before) })),
        ("after", json!({ "session_limits": view(&after) })),
    ]);
    audit::record(
        tx,
        by,
        &Entry {
            action: "organization.changed",
            organization_id: Some(&organization.id),
            target: Target {
                kind: "organization",
                id: Some(&organization.id),
                name: &organization.slug,
            },
            detail,
        },
        now,
    )?;
    Ok(())
}

/// A limit above the ordinary one would do nothing, so it is refused rather than kept.
fn checked(limits: Limits) -> Result<Limits, DirectoryError> {
    let within = |limit: Duration, most: Duration| (SHORTEST..=most).contains(&limit);
    let refuse = |what: &str, most: Duration| {
        Err(DirectoryError::invalid(
            "session_limits",
            format!(
                "{what} must be {} s to {} s",
                SHORTEST.as_secs(),
                most.as_secs()
            ),
        ))
    };
    if !within(limits.idle, USER.idle) {
        return refuse(
            "idle_s, how long a session lasts without a request,",
            USER.idle,
        );
    }
    if !within(limits.absolute, USER.absolute) {
        return refuse(
            "absolute_s, how long a session lasts in all,",
            USER.absolute,
        );
    }
    if limits.idle > limits.absolute {
        return Err(DirectoryError::invalid(
            "session_limits",
            "idle_s must not be more than absolute_s",
        ));
    }
    Ok(limits)
}
