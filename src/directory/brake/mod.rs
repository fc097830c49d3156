//! The brake on SCIM: a client that takes access from very many people, or from the last admin, is
//! stopped until somebody says yes or no.
//!
//! One wrong filter at the identity provider, one unassigned group, and a whole company is switched
//! off within a minute: each request is in order by itself. So the brake looks at what a burst adds
//! up to. It is asked in the closure of the change it is about, where the writer thread lets nobody
//! come in between; what it says no to is rolled back with the rest, and the [`hold`] that an admin
//! answers is written in a change of its own.
//!
//! It is about SCIM only: what people do in the console, by the command line or the API is not
//! braked and doesn't count, and break-glass accounts are in no directory. Considered and left: to
//! queue what was held and to do it after a yes. Identity providers come back by themselves, and
//! what they send then is of then.

mod answer;
pub mod hold;
mod last_admin;
pub mod settings;

use rusqlite::{Connection, OptionalExtension, params};

pub use self::answer::{Answer, HELD, REFUSED, answer};
pub use self::hold::{Decision, Hold, Person, Reason};
pub use self::settings::Settings;
use super::organization::Organization;
use super::provisioning::ProvisioningError;
use crate::clock::Timestamp;
use crate::observe::audit::{Author, Via};
use crate::store::StoreError;

/// The grain of counting, in milliseconds.
const SLOT: i64 = 10_000;

/// People of one request that are named.
const MOST_NAMED: usize = 100;

/// How a person's access goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The user is switched off.
    Deactivation,
    /// The user is removed.
    Deletion,
    /// The user leaves a group that made them an admin, or the group goes.
    Removal,
}

impl Change {
    /// As the database and the API have it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Deactivation => "deactivation",
            Self::Deletion => "deletion",
            Self::Removal => "removal",
        }
    }
}

/// A change that was not made.
#[derive(Clone, Debug)]
pub struct Braked {
    /// Why.
    pub reason: Reason,
    /// What it would have been.
    pub change: Change,
    /// Whose access it would have taken, by id and userName; at most a hundred.
    pub people: Vec<(String, String)>,
    /// Whose access was taken before, within the window.
    pub passed: i64,
    /// Of how many active people.
    pub active: i64,
    /// The limits that count.
    pub settings: Settings,
}

/// Asks whether a client may take this person's access. To be called before it does.
///
/// # Errors
/// [`ProvisioningError::Braked`] if it may not.
pub(super) fn access_goes(
    tx: &Connection,
    organization: &Organization,
    user_id: &str,
    change: Change,
    by: &Author,
    now: Timestamp,
) -> Result<(), ProvisioningError> {
    let Some(token) = token(by) else {
        return Ok(());
    };
    let settings = Settings::of(tx, &organization.id)?;
    let name: Option<String> = tx
        .prepare_cached("SELECT user_name FROM users WHERE id = ?1 AND active")?
        .query_row([user_id], |row| row.get(0))
        .optional()?;
    // Who is off already loses nothing more.
    let Some(name) = name.filter(|_| settings.armed) else {
        return Ok(());
    };
    let braked = |reason, passed, active| Braked {
        reason,
        change,
        people: vec![(user_id.to_owned(), name)],
        passed,
        active,
        settings,
    };
    let (passed, active) = counted(tx, &organization.id, user_id, &settings, now)?;
    if last_admin::is_kept(tx, &organization.id)?
        && last_admin::is_admin(tx, user_id)?
        && !last_admin::is_another(tx, &organization.id, Some(user_id))?
        && !hold::is_allowed(tx, &organization.id, token, Reason::LastAdmin, now)?
    {
        return Err(braked(Reason::LastAdmin, passed, active).into());
    }
    let passes = match hold::standing(tx, &organization.id, token, Reason::Share, now)? {
        // What passes with an admin's word doesn't count towards the next question.
        hold::Standing::Allowed => return Ok(()),
        hold::Standing::Open => false,
        hold::Standing::Refused(hold) => {
            !hold::names(tx, &hold, user_id)? && settings.lets(passed + 1, active)
        }
        hold::Standing::None => settings.lets(passed + 1, active),
    };
    if !passes {
        return Err(braked(Reason::Share, passed, active).into());
    }
    count(tx, &organization.id, user_id, now)?;
    Ok(())
}

/// Asks whether a client may have people leave a group. To be called after they have.
///
/// # Errors
/// [`ProvisioningError::Braked`] if with them the last active admin went.
pub(super) fn members_left<'a>(
    tx: &Connection,
    organization: &Organization,
    group_id: &str,
    left: impl IntoIterator<Item = &'a String>,
    by: &Author,
    now: Timestamp,
) -> Result<(), ProvisioningError> {
    let mut left = left.into_iter().peekable();
    let (Some(token), Some(_)) = (token(by), left.peek()) else {
        return Ok(());
    };
    let settings = Settings::of(tx, &organization.id)?;
    if !settings.armed
        || !last_admin::is_kept(tx, &organization.id)?
        || !last_admin::makes_admins(tx, group_id)?
        || last_admin::is_another(tx, &organization.id, None)?
    {
        return Ok(());
    }
    let people = last_admin::active(tx, left, MOST_NAMED)?;
    if people.is_empty() || hold::is_allowed(tx, &organization.id, token, Reason::LastAdmin, now)? {
        return Ok(());
    }
    let (passed, active) = counted(tx, &organization.id, "", &settings, now)?;
    Err(Braked {
        reason: Reason::LastAdmin,
        change: Change::Removal,
        people,
        passed,
        active,
        settings,
    }
    .into())
}

/// The token by which a client of SCIM pushes; nobody else is braked.
fn token(by: &Author) -> Option<&str> {
    by.id.as_deref().filter(|_| by.via == Via::Scim)
}

/// How many others lost their access within the window, and how many people were active before all
/// of them did.
fn counted(
    conn: &Connection,
    organization_id: &str,
    user_id: &str,
    settings: &Settings,
    now: Timestamp,
) -> Result<(i64, i64), StoreError> {
    let since = slot(now.minus(settings.window));
    let sum: i64 = conn
        .prepare_cached(
            "SELECT coalesce(sum(people), 0) FROM brake_slots
             WHERE organization_id = ?1 AND slot >= ?2",
        )?
        .query_row(params![organization_id, since], |row| row.get(0))?;
    let before: bool = conn
        .prepare_cached(
            "SELECT 1 FROM brake_takings WHERE organization_id = ?1 AND user_id = ?2 AND slot >= ?3",
        )?
        .exists(params![organization_id, user_id, since])?;
    let active: i64 = conn
        .prepare_cached("SELECT active_count FROM organizations WHERE id = ?1")?
        .query_row([organization_id], |row| row.get(0))?;
    let others = sum - i64::from(before);
    Ok((others, active + others))
}

fn count(
    tx: &Connection,
    organization_id: &str,
    user_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM brake_takings WHERE organization_id = ?1 AND user_id = ?2")?
        .execute([organization_id, user_id])?;
    tx.prepare_cached(
        "INSERT INTO brake_takings (organization_id, user_id, slot) VALUES (?1, ?2, ?3)",
    )?
    .execute(params![organization_id, user_id, slot(now)])?;
    Ok(())
}

const fn slot(at: Timestamp) -> i64 {
    at.millis() / SLOT
}

/// Rows that one [`prune`] removes, so that other changes don't wait long.
const PRUNED_AT_ONCE: i64 = 5_000;

/// Forgets what no window reaches any more, closes holds that nobody asks for, and removes old ones;
/// returns how many rows there were. To be called again while it is not zero.
///
/// # Errors
/// [`StoreError`].
pub fn prune(tx: &Connection, now: Timestamp) -> Result<usize, StoreError> {
    let takings = tx
        .prepare_cached(
            "DELETE FROM brake_takings WHERE (organization_id, user_id) IN
                 (SELECT organization_id, user_id FROM brake_takings WHERE slot < ?1 LIMIT ?2)",
        )?
        .execute(params![
            slot(now.minus(settings::LONGEST_WINDOW)),
            PRUNED_AT_ONCE
        ])?;
    Ok(takings + hold::prune(tx, now)?)
}

#[cfg(test)]
mod tests;
