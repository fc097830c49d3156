//! Changing an account: its password, whether it is enabled, from where and when it opens.

use rusqlite::{Connection, params};
use serde_json::json;

use super::account::chosen_or_generated;
use super::{BreakGlassError, Networks, Operator, find, list, name_key, record};
use crate::access::password::Gate;
use crate::access::secret::Secret;
use crate::access::session;
use crate::access::throttle::{self, Key};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author};
use crate::store::{Store, StoreError};

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
    let (name, by) = (name.to_owned(), by.clone());
    let operator = store.write(move |tx| {
        let operator = find(tx, &name)?;
        tx.prepare_cached(
            "UPDATE operators SET password_hash = ?2, password_changed_at = ?3 WHERE id = ?1",
        )?
        .execute(params![operator.id, hash, now.millis()])?;
        let ended = session::end_of_operator(tx, &operator.id)?;
        forget_guesses(tx, &name)?;
        let detail = audit::detail([("ended", json!({ "sessions": ended }))]);
        record(
            tx,
            "break-glass.password-reset",
            &operator,
            detail,
            &by,
            now,
        )?;
        find(tx, &name)
    })?;
    Ok((operator, generated))
}

/// Whoever was kept out by someone's guesses starts afresh.
pub(super) fn forget_guesses(tx: &Connection, name: &str) -> Result<(), StoreError> {
    let key = name_key(name);
    throttle::cleared(tx, &Key::account(&key))?;
    throttle::cleared(tx, &Key::account_from_outside(&key))
}

/// Disables an account and ends its sessions. The last enabled one stays unless `force`.
pub fn disable(
    tx: &Connection,
    name: &str,
    force: bool,
    by: &Author,
    now: Timestamp,
) -> Result<Operator, BreakGlassError> {
    let operator = find(tx, name)?;
    if operator.disabled_at.is_some() {
        return Ok(operator);
    }
    let others: bool = tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM operators WHERE disabled_at IS NULL AND id <> ?1)",
        )?
        .query_row([&operator.id], |row| row.get(0))?;
    if !others && !force {
        return Err(BreakGlassError::Last);
    }
    tx.prepare_cached("UPDATE operators SET disabled_at = ?2, armed_until = NULL WHERE id = ?1")?
        .execute(params![operator.id, now.millis()])?;
    let ended = session::end_of_operator(tx, &operator.id)?;
    let detail = audit::detail([
        ("forced", json!(force)),
        ("ended", json!({ "sessions": ended })),
    ]);
    record(tx, "break-glass.disabled", &operator, detail, by, now)?;
    find(tx, name)
}

/// Lets a disabled account sign in again.
pub fn enable(
    tx: &Connection,
    name: &str,
    by: &Author,
    now: Timestamp,
) -> Result<Operator, BreakGlassError> {
    let operator = find(tx, name)?;
    if operator.disabled_at.is_none() {
        return Ok(operator);
    }
    tx.prepare_cached("UPDATE operators SET disabled_at = NULL WHERE id = ?1")?
        .execute([&operator.id])?;
    record(
        tx,
        "break-glass.enabled",
        &operator,
        audit::detail([]),
        by,
        now,
    )?;
    find(tx, name)
}

/// What to change; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// From where the account may sign in.
    pub networks: Option<Networks>,
    /// Whether it opens only while it is armed.
    pub needs_arming: Option<bool>,
}

/// Changes from where and when an account opens. An account that has come to need arming is not
/// armed, and its sessions go on: they end within the hour.
pub fn change(
    tx: &Connection,
    name: &str,
    change: &Change,
    by: &Author,
    now: Timestamp,
) -> Result<Operator, BreakGlassError> {
    let before = find(tx, name)?;
    let networks = change.networks.as_ref().unwrap_or(&before.networks);
    let needs_arming = change.needs_arming.unwrap_or(before.needs_arming);
    if *networks == before.networks && needs_arming == before.needs_arming {
        return Ok(before);
    }
    if change.networks.is_some() {
        tx.prepare_cached("UPDATE operators SET networks = ?2 WHERE id = ?1")?
            .execute(params![before.id, networks.column()])?;
    }
    if needs_arming != before.needs_arming {
        tx.prepare_cached(
            "UPDATE operators SET needs_arming = ?2, armed_until = NULL WHERE id = ?1",
        )?
        .execute(params![before.id, needs_arming])?;
    }
    let state = |networks: &Networks, needs_arming: bool| json!({ "networks": networks.shown(), "needs_arming": needs_arming });
    let detail = audit::detail([
        ("before", state(&before.networks, before.needs_arming)),
        ("after", state(networks, needs_arming)),
    ]);
    record(tx, "break-glass.changed", &before, detail, by, now)?;
    find(tx, name)
}

/// What to think about after a change, when no account is left that opens at any time and from
/// anywhere.
pub fn warnings(conn: &Connection) -> Result<Vec<String>, StoreError> {
    let enabled: Vec<Operator> = list(conn)?
        .into_iter()
        .filter(|operator| operator.disabled_at.is_none())
        .collect();
    let all = |held: fn(&Operator) -> bool| enabled.iter().all(held);
    let text = if enabled.is_empty() {
        "No break-glass account is enabled: when the identity provider is down, nobody gets in."
    } else if all(|o| o.needs_arming) {
        "Every enabled break-glass account needs arming: nobody gets in before somebody on this \
         machine runs `portcullis break-glass arm`."
    } else if all(|o| !o.networks.is_anywhere()) {
        "Every enabled break-glass account is limited to networks: make sure that you reach one of \
         them when the identity provider is down."
    } else if all(|o| o.needs_arming || !o.networks.is_anywhere()) {
        "Every enabled break-glass account needs arming or is limited to networks: make sure that \
         you reach this machine or one of them when the identity provider is down."
    } else {
        return Ok(Vec::new());
    };
    Ok(vec![text.to_owned()])
}
