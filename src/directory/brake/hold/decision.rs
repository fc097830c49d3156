//! The end of a question: an admin's answer, or nobody's.

use std::time::Duration;

use rusqlite::{Connection, params};
use serde_json::json;

use super::{Hold, QUIET, find, target};
use crate::clock::Timestamp;
use crate::directory::DirectoryError;
use crate::directory::organization::Organization;
use crate::observe::audit::{self, Author, Entry};
use crate::store::StoreError;

/// How long an answer counts.
pub const ANSWER_COUNTS: Duration = Duration::from_secs(3600);

/// How long answered and closed ones are kept.
const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// Rows that one [`prune`] removes or closes.
const PRUNED_AT_ONCE: i64 = 50;

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

/// Closes what was not asked for within a day, and removes what is long over.
pub(in super::super) fn prune(tx: &Connection, now: Timestamp) -> Result<usize, StoreError> {
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
