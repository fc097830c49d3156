//! LogoutRequests that went to an identity provider and wait for its answer.
//!
//! A request belongs to the browser that signed out (by a cookie, of which the hash is kept) and
//! is answered once. Its answer opens and ends nothing: the session was over before the request
//! left. What it decides is what the person is told, and nobody else may tell them.
//!
//! One is made where somebody's session ends by their own wish, so nobody makes one without having
//! signed in; of one person the latest [`MOST_OF_USER`] wait.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::secret::Secret;
use crate::clock::Timestamp;
use crate::store::StoreError;

/// How long an identity provider may take, its own question to the person included.
pub const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Requests of one user; the oldest go first.
const MOST_OF_USER: i64 = 20;

/// What a request is made of.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The LogoutRequest's ID.
    pub id: &'a str,
    /// The provider that is to answer.
    pub provider_id: &'a str,
    /// Who signed out.
    pub user_id: &'a str,
    /// SHA-256 of the browser's sign-out cookie.
    pub browser_hash: &'a [u8; 32],
}

/// Keeps a request; returns the opaque handle to send as RelayState, within the 80 bytes of SAML
/// bindings section 3.4.3.
pub fn create(conn: &Connection, start: &Start<'_>, now: Timestamp) -> Result<String, StoreError> {
    let relay_state = Secret::generate("").expose().to_owned();
    conn.prepare_cached(
        "DELETE FROM logout_requests WHERE id IN
             (SELECT id FROM logout_requests WHERE user_id = ?1
              ORDER BY created_at DESC LIMIT -1 OFFSET ?2)",
    )?
    .execute(params![start.user_id, MOST_OF_USER - 1])?;
    conn.prepare_cached(
        "INSERT INTO logout_requests
             (id, relay_state, provider_id, user_id, browser_hash, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        start.id,
        relay_state,
        start.provider_id,
        start.user_id,
        start.browser_hash,
        now.millis(),
        now.plus(LIFETIME).millis(),
    ])?;
    Ok(relay_state)
}

/// Takes out the request with this ID, if it waits for an answer of this provider to this browser;
/// returns whose session it was about. Another browser gets nothing and takes nothing away, nor
/// does an answer with another RelayState than was sent along; one without any is taken, as some
/// products leave it out.
pub fn take(
    conn: &Connection,
    id: &str,
    provider_id: &str,
    browser_hash: &[u8; 32],
    relay_state: Option<&str>,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    Ok(conn
        .prepare_cached(
            "DELETE FROM logout_requests
             WHERE id = ?1 AND provider_id = ?2 AND browser_hash = ?3 AND expires_at > ?4
                 AND relay_state = coalesce(?5, relay_state)
             RETURNING user_id",
        )?
        .query_row(
            params![id, provider_id, browser_hash, now.millis(), relay_state],
            |row| row.get(0),
        )
        .optional()?)
}

/// Removes those that were not answered in time; returns how many.
pub fn prune(conn: &Connection, now: Timestamp) -> Result<usize, StoreError> {
    Ok(conn
        .prepare_cached("DELETE FROM logout_requests WHERE expires_at <= ?1")?
        .execute([now.millis()])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::scratch;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
    const BROWSER: &[u8; 32] = &[1; 32];

    fn connection() -> Connection {
        let conn = scratch::connection();
        conn.execute_batch(
            "INSERT INTO organizations (id, slug, name, created_at) VALUES ('o', 'o', 'O', 0);
             INSERT INTO providers (id, organization_id, kind, name, state, created_at)
             VALUES ('p', 'o', 'okta', 'P', 'active', 0), ('q', 'o', 'okta', 'Q', 'active', 0);
             INSERT INTO users (id, organization_id, user_name, user_name_key, active, origin,
                 resource, created_at, updated_at)
             VALUES ('u', 'o', 'ann', 'ann', 1, 'saml', '{}', 0, 0);",
        )
        .unwrap();
        conn
    }

    fn started(conn: &Connection, id: &str, now: Timestamp) -> String {
        let start = Start {
            id,
            provider_id: "p",
            user_id: "u",
            browser_hash: BROWSER,
        };
        create(conn, &start, now).unwrap()
    }

    #[test]
    fn it_is_answered_once_by_its_provider_to_its_browser_in_time() {
        let conn = connection();
        let relay = started(&conn, "_1", NOW);
        assert!(relay.len() <= 80);
        let taken = |id, provider, browser: &[u8; 32], relay: Option<&str>, now| {
            take(&conn, id, provider, browser, relay, now).unwrap()
        };
        assert_eq!(taken("_2", "p", BROWSER, None, NOW), None);
        assert_eq!(taken("_1", "q", BROWSER, None, NOW), None);
        assert_eq!(taken("_1", "p", &[2; 32], None, NOW), None);
        assert_eq!(taken("_1", "p", BROWSER, Some("another"), NOW), None);
        assert_eq!(taken("_1", "p", BROWSER, None, NOW.plus(LIFETIME)), None);
        assert_eq!(
            taken("_1", "p", BROWSER, Some(&relay), NOW).as_deref(),
            Some("u")
        );
        assert_eq!(taken("_1", "p", BROWSER, Some(&relay), NOW), None);
        started(&conn, "_3", NOW);
        assert_eq!(taken("_3", "p", BROWSER, None, NOW).as_deref(), Some("u"));
        started(&conn, "_4", NOW);
        assert_eq!(prune(&conn, NOW).unwrap(), 0);
        assert_eq!(prune(&conn, NOW.plus(LIFETIME)).unwrap(), 1);
    }

    #[test]
    fn one_person_waits_for_so_many() {
        let conn = connection();
        for n in 0..MOST_OF_USER + 5 {
            let id = format!("_{n}");
            started(
                &conn,
                &id,
                NOW.plus(Duration::from_millis(n.unsigned_abs())),
            );
        }
        let left: i64 = conn
            .query_row("SELECT count(*) FROM logout_requests", [], |row| row.get(0))
            .unwrap();
        assert_eq!(left, MOST_OF_USER);
        assert_eq!(take(&conn, "_4", "p", BROWSER, None, NOW).unwrap(), None);
        assert!(
            take(&conn, "_5", "p", BROWSER, None, NOW)
                .unwrap()
                .is_some()
        );
    }
}
