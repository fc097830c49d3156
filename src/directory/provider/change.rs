//! Changing a provider: one change, one line of the audit log.

use std::time::Duration;

use rusqlite::{Connection, params};
use serde_json::json;

use super::attributes::{GroupRules, LevelChange, NamesChange};
use super::bindings::{self, BindingsChange};
use super::completion::{Completion, complete};
use super::logout::{self, LogoutChange};
use super::{Provider, State, checked_name, facts, find, told};
use crate::access::session;
use crate::clock::Timestamp;
use crate::directory::domain::{self, DomainState, EmailDomain};
use crate::directory::sha1::Sha1Until;
use crate::directory::{DirectoryError, attribute_groups, enforcement, millis};
use crate::observe::audit::{self, Author};

/// What can be changed of a provider; `None` keeps.
#[derive(Debug, Default)]
pub struct Change {
    /// The name on screen.
    pub name: Option<String>,
    /// Keys and addresses; makes a draft active.
    pub completion: Option<Completion>,
    /// Whether a response nobody asked for is trusted.
    pub idp_initiated: Option<bool>,
    /// Whether a person without an account gets one at sign-in.
    pub jit: Option<bool>,
    /// Whether people of its domains may use no password.
    pub enforced: Option<bool>,
    /// Until when SHA-1 signatures are taken. For operators.
    pub sha1_until: Option<Sha1Until>,
    /// On (`Active`) or off (`Disabled`).
    pub state: Option<State>,
    /// The domains and the state in which new ones start.
    pub domains: Option<(Vec<EmailDomain>, DomainState)>,
    /// How far its clock may be off, at most [`MOST_SKEW`].
    pub skew: Option<Duration>,
    /// How requests go to it.
    pub bindings: BindingsChange,
    /// How single logout is done with it.
    pub logout: LogoutChange,
    /// Names of attributes.
    pub names: Vec<NamesChange>,
    /// Levels of values of the groups attribute.
    pub group_levels: Vec<LevelChange>,
    /// Whether only values with a level make groups.
    pub groups_mapped_only: Option<bool>,
}

/// The most that the clock of an identity provider may be off. Beyond it a response would stay
/// usable for longer than anybody takes to sign in.
pub const MOST_SKEW: Duration = Duration::from_secs(600);

/// Changes one and returns it as it is then.
pub fn change(
    tx: &Connection,
    id: &str,
    change: &Change,
    by: &Author,
    now: Timestamp,
) -> Result<Provider, DirectoryError> {
    let before = find(tx, id)?;
    let facts_before = facts(tx, &before)?;
    if let Some(name) = &change.name {
        tx.prepare_cached("UPDATE providers SET name = ?2 WHERE id = ?1")?
            .execute(params![id, checked_name(name)?])?;
    }
    if let Some(completion) = &change.completion {
        complete(tx, &before, completion, now)?;
        if completion.is_of_another(&before) {
            attribute_groups::remove_all(tx, &before, by, now)?;
        }
    }
    if let Some(skew) = change.skew {
        if skew > MOST_SKEW {
            return Err(DirectoryError::invalid(
                "skew_seconds",
                "expected 0 to 600; a clock that is off by more has to be set right",
            ));
        }
        tx.prepare_cached("UPDATE providers SET skew_ms = ?2 WHERE id = ?1")?
            .execute(params![id, millis(skew)])?;
    }
    change_attributes(tx, &before, change, by, now)?;
    bindings::choose(tx, id, change.bindings)?;
    logout::choose(tx, id, &change.logout)?;
    if let Some(on) = change.idp_initiated {
        tx.prepare_cached("UPDATE providers SET idp_initiated = ?2 WHERE id = ?1")?
            .execute(params![id, on])?;
    }
    if let Some(on) = change.jit {
        tx.prepare_cached("UPDATE providers SET jit = ?2 WHERE id = ?1")?
            .execute(params![id, on])?;
    }
    if let Some(until) = change.sha1_until {
        let until = until.checked(now)?.map(Timestamp::millis);
        tx.prepare_cached("UPDATE providers SET sha1_until = ?2 WHERE id = ?1")?
            .execute(params![id, until])?;
    }
    if let Some((domains, state)) = &change.domains {
        domain::assign(tx, &before.organization_id, id, domains, *state, now)?;
    }
    if let Some(state) = change.state {
        if find(tx, id)?.state == State::Draft {
            return Err(DirectoryError::conflict(
                "state",
                "the provider is a draft: give it the metadata of the identity provider first",
            ));
        }
        tx.prepare_cached("UPDATE providers SET state = ?2 WHERE id = ?1")?
            .execute(params![id, state.word()])?;
        if state == State::Disabled {
            session::end_of_provider(tx, id)?;
        }
    }
    if let Some(on) = change.enforced {
        if on && !before.enforced {
            enforcement::demand_ready(tx, &find(tx, id)?, now)?;
        }
        tx.prepare_cached("UPDATE providers SET enforced = ?2 WHERE id = ?1")?
            .execute(params![id, on])?;
    }
    let after = find(tx, id)?;
    if let Some(mut detail) = audit::changes(&facts_before, &facts(tx, &after)?) {
        if after.enforced {
            let ended = enforcement::end_password_sessions(tx, &after.organization_id)?;
            detail.insert("ended".into(), json!({ "password_sessions": ended }));
        }
        told(tx, "provider.changed", &after, detail, by, now)?;
    }
    Ok(after)
}

fn change_attributes(
    tx: &Connection,
    before: &Provider,
    change: &Change,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    if change.names.is_empty()
        && change.group_levels.is_empty()
        && change.groups_mapped_only.is_none()
    {
        return Ok(());
    }
    let names = before.attribute_names.clone().with(&change.names)?;
    names.mapping(before.kind)?;
    let rules = GroupRules {
        mapped_only: change
            .groups_mapped_only
            .unwrap_or(before.groups.mapped_only),
        ..before.groups.clone().with(&change.group_levels)?
    };
    tx.prepare_cached(
        "UPDATE providers SET attribute_names = ?2, group_levels = ?3, groups_mapped = ?4
         WHERE id = ?1",
    )?
    .execute(params![
        before.id,
        json!(names).to_string(),
        json!(rules.levels).to_string(),
        rules.mapped_only
    ])?;
    attribute_groups::rules_changed(tx, &find(tx, &before.id)?, &change.group_levels, by, now)
}
