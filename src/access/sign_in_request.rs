//! AuthnRequests that wait for their response, and assertions that have been used.
//!
//! A request belongs to the browser that started it (by a cookie, of which the hash is kept) and
//! is answered once. So a response can't be played again, and one that an attacker obtained for
//! their own account can't be put into someone else's browser.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::secret::Secret;
use super::time;
use crate::clock::Timestamp;
use crate::store::StoreError;

/// How long a sign-in at the identity provider may take, second factor and all.
pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Requests kept by [`prune`]. Anyone can start one; the oldest go first.
const MOST: i64 = 100_000;

/// A request that waits for its response.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The AuthnRequest's ID, which the response names as InResponseTo.
    pub id: String,
    /// The opaque handle sent as RelayState: within the 80 bytes of SAML bindings section 3.4.3.
    pub relay_state: String,
    /// The provider that is to answer.
    pub provider_id: String,
    /// Where the browser wanted to go.
    pub return_to: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it is too late to answer it.
    pub expires_at: Timestamp,
}

/// Keeps a request with the hash of the browser's sign-in cookie.
pub fn create(
    conn: &Connection,
    id: &str,
    provider_id: &str,
    browser_hash: &[u8; 32],
    return_to: &str,
    now: Timestamp,
) -> Result<Pending, StoreError> {
    let pending = Pending {
        id: id.to_owned(),
        relay_state: Secret::generate("").expose().to_owned(),
        provider_id: provider_id.to_owned(),
        return_to: return_to.to_owned(),
        created_at: now,
        expires_at: now.plus(LIFETIME),
    };
    conn.prepare_cached(
        "INSERT INTO sign_in_requests
             (id, relay_state, provider_id, browser_hash, return_to, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        pending.id,
        pending.relay_state,
        provider_id,
        browser_hash,
        return_to,
        now.millis(),
        pending.expires_at.millis(),
    ])?;
    Ok(pending)
}

/// Takes a request out, if it waits still and this browser started it. Another browser gets
/// nothing and takes nothing away.
pub fn take(
    conn: &Connection,
    id: &str,
    browser_hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Pending>, StoreError> {
    Ok(conn
        .prepare_cached(
            "DELETE FROM sign_in_requests
             WHERE id = ?1 AND browser_hash = ?2 AND expires_at > ?3
             RETURNING id, relay_state, provider_id, return_to, created_at, expires_at",
        )?
        .query_row(params![id, browser_hash, now.millis()], |row| {
            Ok(Pending {
                id: row.get("id")?,
                relay_state: row.get("relay_state")?,
                provider_id: row.get("provider_id")?,
                return_to: row.get("return_to")?,
                created_at: time(row, "created_at")?,
                expires_at: time(row, "expires_at")?,
            })
        })
        .optional()?)
}

/// Whether a request with this handle waits for an answer to this browser.
pub fn waits(
    conn: &Connection,
    relay_state: &str,
    browser_hash: &[u8; 32],
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM sign_in_requests
             WHERE relay_state = ?1 AND browser_hash = ?2 AND expires_at > ?3",
        )?
        .exists(params![relay_state, browser_hash, now.millis()])?)
}

/// Notes that a provider's assertion was used; true if it had been before (SAML profiles section
/// 4.1.4.5). `expires` is when the assertion would be refused for its age anyway.
pub fn assertion_seen(
    conn: &Connection,
    provider_id: &str,
    assertion_id: &str,
    expires: Timestamp,
) -> Result<bool, StoreError> {
    let new = conn
        .prepare_cached(
            "INSERT INTO seen_assertions (provider_id, assertion_id, expires_at)
             VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![provider_id, assertion_id, expires.millis()])?;
    Ok(new == 0)
}

/// Removes what nobody can use any more; returns how many rows went.
pub fn prune(conn: &Connection, now: Timestamp) -> Result<usize, StoreError> {
    let late = conn
        .prepare_cached("DELETE FROM sign_in_requests WHERE expires_at <= ?1")?
        .execute([now.millis()])?;
    let many = conn
        .prepare_cached(
            "DELETE FROM sign_in_requests WHERE id IN
                 (SELECT id FROM sign_in_requests ORDER BY expires_at DESC LIMIT -1 OFFSET ?1)",
        )?
        .execute([MOST])?;
    let seen = conn
        .prepare_cached("DELETE FROM seen_assertions WHERE expires_at <= ?1")?
        .execute([now.millis()])?;
    Ok(late + many + seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::scratch;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn connection() -> Connection {
        let conn = scratch::connection();
        conn.execute_batch(
            "INSERT INTO organizations (id, slug, name, created_at) VALUES ('o', 'o', 'O', 0);
             INSERT INTO providers (id, organization_id, kind, name, state, created_at)
             VALUES ('p', 'o', 'okta', 'P', 'active', 0), ('q', 'o', 'okta', 'Q', 'active', 0);",
        )
        .unwrap();
        conn
    }

    #[test]
    fn a_request_is_answered_once_and_by_its_own_browser() {
        let conn = connection();
        let pending = create(&conn, "_1", "p", &[1; 32], "/x", NOW).unwrap();
        assert!(pending.relay_state.len() <= 80);
        assert!(take(&conn, "_1", &[2; 32], NOW).unwrap().is_none());
        assert!(take(&conn, "_2", &[1; 32], NOW).unwrap().is_none());
        let taken = take(&conn, "_1", &[1; 32], NOW).unwrap().unwrap();
        assert_eq!(
            (taken.provider_id.as_str(), taken.return_to.as_str()),
            ("p", "/x")
        );
        assert_eq!(taken.relay_state, pending.relay_state);
        assert!(take(&conn, "_1", &[1; 32], NOW).unwrap().is_none());
    }

    #[test]
    fn a_late_answer_is_none() {
        let conn = connection();
        let pending = create(&conn, "_1", "p", &[1; 32], "/", NOW).unwrap();
        assert!(
            take(&conn, "_1", &[1; 32], pending.expires_at)
                .unwrap()
                .is_none()
        );
        assert_eq!(prune(&conn, NOW).unwrap(), 0);
        assert_eq!(prune(&conn, pending.expires_at).unwrap(), 1);
    }

    #[test]
    fn a_replayed_assertion_is_seen() {
        let conn = connection();
        let expires = NOW.plus(LIFETIME);
        assert!(!assertion_seen(&conn, "p", "_a", expires).unwrap());
        assert!(assertion_seen(&conn, "p", "_a", expires).unwrap());
        assert!(!assertion_seen(&conn, "q", "_a", expires).unwrap());
        assert_eq!(prune(&conn, NOW).unwrap(), 0);
        assert!(assertion_seen(&conn, "p", "_a", expires).unwrap());
        assert_eq!(prune(&conn, expires).unwrap(), 2);
    }
}
