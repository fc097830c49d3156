//! Require SSO: people in the domains of an enforcing provider sign in through it and by no
//! password.

use rusqlite::{Connection, OptionalExtension, params};

use super::DirectoryError;
use super::domain::EmailDomain;
use super::user::User;

/// Whether a provider of the user's organization enforces itself for their userName's or their
/// address's domain.
pub fn is_enforced(conn: &Connection, user: &User) -> Result<bool, DirectoryError> {
    let addresses = [Some(user.user_name.as_str()), user.email.as_deref()];
    for domain in addresses
        .into_iter()
        .flatten()
        .filter_map(EmailDomain::of_address)
    {
        let enforced: Option<bool> = conn
            .prepare_cached(
                "SELECT p.enforced FROM domains d JOIN providers p ON p.id = d.provider_id
                 WHERE d.domain = ?1 AND d.state = 'active' AND d.organization_id = ?2",
            )?
            .query_row(params![domain.as_str(), user.organization_id], |row| {
                row.get(0)
            })
            .optional()?;
        if enforced == Some(true) {
            return Ok(true);
        }
    }
    Ok(false)
}
