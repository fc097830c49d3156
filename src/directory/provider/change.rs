//! Changing a provider: one change, one line of the audit log.

use rusqlite::{Connection, params};
use serde_json::json;

use super::completion::{Completion, complete};
use super::{Provider, State, checked_name, facts, find, told};
use crate::access::session;
use crate::clock::Timestamp;
use crate::directory::domain::{self, DomainState, EmailDomain};
use crate::directory::{DirectoryError, enforcement};
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
    /// On (`Active`) or off (`Disabled`).
    pub state: Option<State>,
    /// The domains and the state in which new ones start.
    pub domains: Option<(Vec<EmailDomain>, DomainState)>,
}

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
    }
    if let Some(on) = change.idp_initiated {
        tx.prepare_cached("UPDATE providers SET idp_initiated = ?2 WHERE id = ?1")?
            .execute(params![id, on])?;
    }
    if let Some(on) = change.jit {
        tx.prepare_cached("UPDATE providers SET jit = ?2 WHERE id = ?1")?
            .execute(params![id, on])?;
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
