//! Writing down that a request was held.

use rusqlite::{Connection, params};
use serde_json::json;

use super::{MOST_PEOPLE, Standing, find, standing, target};
use crate::clock::Timestamp;
use crate::directory::brake::Braked;
use crate::directory::organization::Organization;
use crate::observe::audit::{self, Author, Entry};
use crate::observe::event::{self, Event};
use crate::store::{StoreError, id};

/// What came of writing down that a request was held.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Held {
    /// It waits for an admin's answer.
    Waiting,
    /// An admin said no, until then.
    Refused(Timestamp),
    /// The answer came between: it may be asked again at once.
    Answered,
}

/// Writes down that a request was held: opens the question, or adds to the one that is there. In a
/// change of its own, since the one that was held is rolled back.
pub(in super::super) fn keep(
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
