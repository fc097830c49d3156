//! What stands beside a stored user only to be found by.

use std::collections::BTreeSet;

use rusqlite::Connection;
use serde_json::Value;

use super::Provisioned;
use crate::directory::fold;
use crate::directory::organization::Organization;
use crate::scim::user::UserDraft;

/// The key of the resource's own `displayName`. The column `display_name` is another thing: it has
/// a name for everybody.
pub(super) fn display_name_key(draft: &UserDraft) -> Option<String> {
    draft
        .resource
        .get("displayName")
        .and_then(Value::as_str)
        .map(fold)
}

/// Puts a user's addresses but the primary one, which has a column, in place of those before.
pub(super) fn keep_addresses(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    draft: &UserDraft,
) -> Provisioned<()> {
    let primary = draft.email.as_deref().map(fold);
    let others: BTreeSet<String> = draft
        .resource
        .get("emails")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|email| email.get("value").and_then(Value::as_str))
        .map(fold)
        .filter(|address| Some(address) != primary.as_ref())
        .collect();
    tx.prepare_cached("DELETE FROM other_addresses WHERE user_id = ?1")?
        .execute([id])?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO other_addresses (user_id, organization_id, email_key) VALUES (?1, ?2, ?3)",
    )?;
    for address in &others {
        insert.execute([id, &organization.id, address])?;
    }
    Ok(())
}
