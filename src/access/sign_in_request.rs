//! AuthnRequests that wait for their response, and assertions that have been used.
//!
//! A request belongs to the browser that started it (by a cookie, of which the hash is kept) and
//! is answered once. So a response can't be played again, and one that an attacker obtained for
//! their own account can't be put into someone else's browser.
//!
//! Anyone can start a sign-in, so what waits is bounded twice: of one address only the latest
//! [`MOST_OF_CLIENT`] wait, and of all of them the latest [`MOST`]. One address can't crowd out
//! another's; an office behind one address would have to begin thousands of sign-ins while one of
//! them is being finished.

use std::net::IpAddr;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::secret::Secret;
use super::time;
use crate::clock::Timestamp;
use crate::observe::subscriber;
use crate::store::StoreError;

/// How long a sign-in at the identity provider may take, second factor and all.
pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Requests kept by [`prune`]; the oldest go first.
const MOST: i64 = 100_000;

/// Requests of one address; the oldest go first.
const MOST_OF_CLIENT: i64 = 4_000;

/// What a request is made of.
#[derive(Clone, Debug)]
pub struct Start<'a> {
    /// The AuthnRequest's ID.
    pub id: &'a str,
    /// The provider that is to answer.
    pub provider_id: &'a str,
    /// SHA-256 of the browser's sign-in cookie.
    pub browser_hash: &'a [u8; 32],
    /// SHA-256 of the session cookie that the browser has, if it has one. The answer comes as a
    /// POST from another site, to which browsers don't add that cookie.
    pub session_hash: Option<[u8; 32]>,
    /// Where the browser is.
    pub client: IpAddr,
    /// Where it wants to go.
    pub return_to: &'a str,
    /// The test that it is made for; nobody is signed in by its answer.
    pub test: Option<&'a str>,
    /// Whether the person is to sign in anew.
    pub force_authn: bool,
    /// The id of the session whose owner is to sign in again, where there is one.
    pub step_up: Option<&'a str>,
}

/// A request that waits for its response.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The AuthnRequest's ID, which the response names as InResponseTo.
    pub id: String,
    /// The opaque handle sent as RelayState: within the 80 bytes of SAML bindings section 3.4.3.
    pub relay_state: String,
    /// The provider that is to answer.
    pub provider_id: String,
    /// The session of this browser that the new one replaces.
    pub session_hash: Option<[u8; 32]>,
    /// Where the browser wanted to go.
    pub return_to: String,
    /// The test that it was made for.
    pub test: Option<String>,
    /// Whether the person was to sign in anew.
    pub force_authn: bool,
    /// The id of the session whose owner was to sign in again.
    pub step_up: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it is too late to answer it.
    pub expires_at: Timestamp,
}

/// Keeps a request. What it costs doesn't depend on how many wait.
pub fn create(conn: &Connection, start: &Start<'_>, now: Timestamp) -> Result<Pending, StoreError> {
    let pending = Pending {
        id: start.id.to_owned(),
        relay_state: Secret::generate("").expose().to_owned(),
        provider_id: start.provider_id.to_owned(),
        session_hash: start.session_hash,
        return_to: start.return_to.to_owned(),
        test: start.test.map(str::to_owned),
        force_authn: start.force_authn,
        step_up: start.step_up.map(str::to_owned),
        created_at: now,
        expires_at: now.plus(LIFETIME),
    };
    let client = subscriber::of(start.client);
    let number: i64 = conn
        .prepare_cached(
            "INSERT INTO sign_in_requests
                 (id, relay_state, provider_id, browser_hash, session_hash, client, number,
                  return_to, created_at, expires_at, force_authn, step_up, test_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6,
                 (SELECT coalesce(max(number), 0) + 1 FROM sign_in_requests WHERE client = ?6),
                 ?7, ?8, ?9, ?10, ?11, ?12)
             RETURNING number",
        )?
        .query_row(
            params![
                pending.id,
                pending.relay_state,
                pending.provider_id,
                start.browser_hash,
                start.session_hash,
                client,
                pending.return_to,
                now.millis(),
                pending.expires_at.millis(),
                pending.force_authn,
                pending.step_up,
                pending.test,
            ],
            |row| row.get(0),
        )?;
    conn.prepare_cached("DELETE FROM sign_in_requests WHERE client = ?1 AND number <= ?2")?
        .execute(params![client, number - MOST_OF_CLIENT])?;
    Ok(pending)
}

/// Takes a request out, if it waits still and this browser started it. Another browser gets
/// nothing and takes nothing away. One that was made for a test is none: no sign-in uses it.
pub fn take(
    conn: &Connection,
    id: &str,
    browser_hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Pending>, StoreError> {
    Ok(conn
        .prepare_cached(&format!(
            "DELETE FROM sign_in_requests
             WHERE id = ?1 AND browser_hash = ?2 AND expires_at > ?3 AND test_id IS NULL
             RETURNING {COLUMNS}"
        ))?
        .query_row(params![id, browser_hash, now.millis()], read)
        .optional()?)
}

/// The request that was made for a test of this provider in this browser, by its handle or by its
/// ID: an answer that can't be read has a handle only.
pub fn of_test(
    conn: &Connection,
    provider_id: &str,
    relay_state: Option<&str>,
    id: Option<&str>,
    browser_hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Pending>, StoreError> {
    Ok(conn
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sign_in_requests
             WHERE (relay_state = ?1 OR id = ?2) AND browser_hash = ?3 AND expires_at > ?4
                 AND provider_id = ?5 AND test_id IS NOT NULL
             LIMIT 1"
        ))?
        .query_row(
            params![relay_state, id, browser_hash, now.millis(), provider_id],
            read,
        )
        .optional()?)
}

/// Ends the requests that were made for a test; false if there were none any more.
pub fn end_of_test(conn: &Connection, test: &str) -> Result<bool, StoreError> {
    let gone = conn
        .prepare_cached("DELETE FROM sign_in_requests WHERE test_id = ?1")?
        .execute([test])?;
    Ok(gone > 0)
}

const COLUMNS: &str = "id, relay_state, provider_id, session_hash, return_to, created_at, \
                       expires_at, test_id, force_authn, step_up";

fn read(row: &Row<'_>) -> rusqlite::Result<Pending> {
    Ok(Pending {
        id: row.get("id")?,
        relay_state: row.get("relay_state")?,
        provider_id: row.get("provider_id")?,
        session_hash: row.get("session_hash")?,
        return_to: row.get("return_to")?,
        test: row.get("test_id")?,
        force_authn: row.get("force_authn")?,
        step_up: row.get("step_up")?,
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
    })
}

/// Notes that this browser has another session now: the next of its sign-ins that is finished, in
/// another tab, replaces that one.
pub fn opened(
    conn: &Connection,
    browser_hash: &[u8; 32],
    session_hash: &[u8; 32],
) -> Result<(), StoreError> {
    conn.prepare_cached("UPDATE sign_in_requests SET session_hash = ?2 WHERE browser_hash = ?1")?
        .execute(params![browser_hash, session_hash])?;
    Ok(())
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

/// Forgets that it was used, where nothing came of it.
pub fn forget_assertion(
    conn: &Connection,
    provider_id: &str,
    assertion_id: &str,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "DELETE FROM seen_assertions WHERE provider_id = ?1 AND assertion_id = ?2",
    )?
    .execute([provider_id, assertion_id])?;
    Ok(())
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

    fn start<'a>(id: &'a str, browser_hash: &'a [u8; 32], client: &str) -> Start<'a> {
        Start {
            id,
            provider_id: "p",
            browser_hash,
            session_hash: None,
            client: client.parse().unwrap(),
            return_to: "/x",
            test: None,
            force_authn: false,
            step_up: None,
        }
    }

    #[test]
    fn a_request_is_answered_once_and_by_its_own_browser() {
        let conn = connection();
        let pending = create(&conn, &start("_1", &[1; 32], "192.0.2.1"), NOW).unwrap();
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
        let pending = create(&conn, &start("_1", &[1; 32], "192.0.2.1"), NOW).unwrap();
        assert!(
            take(&conn, "_1", &[1; 32], pending.expires_at)
                .unwrap()
                .is_none()
        );
        assert_eq!(prune(&conn, NOW).unwrap(), 0);
        assert_eq!(prune(&conn, pending.expires_at).unwrap(), 1);
    }

    #[test]
    fn what_was_made_for_a_test_signs_nobody_in() {
        let conn = connection();
        conn.execute_batch(
            "INSERT INTO sign_in_tests (id, hash, provider_id, created_at, expires_at)
             VALUES ('t', x'00', 'p', 0, 0)",
        )
        .unwrap();
        let made = Start {
            test: Some("t"),
            ..start("_1", &[1; 32], "192.0.2.1")
        };
        let pending = create(&conn, &made, NOW).unwrap();
        create(&conn, &start("_2", &[1; 32], "192.0.2.1"), NOW).unwrap();
        assert!(take(&conn, "_1", &[1; 32], NOW).unwrap().is_none());
        let handle = Some(pending.relay_state.as_str());
        let of = |provider, handle, id, browser| {
            let found = of_test(&conn, provider, handle, id, &[browser; 32], NOW).unwrap();
            found.and_then(|pending| pending.test)
        };
        assert_eq!(of("p", handle, None, 1).as_deref(), Some("t"));
        assert_eq!(of("p", None, Some("_1"), 1).as_deref(), Some("t"));
        assert_eq!(of("q", handle, None, 1), None);
        assert_eq!(of("p", handle, None, 2), None);
        assert_eq!(of("p", None, Some("_2"), 1), None);
        assert_eq!(of("p", None, None, 1), None);
        assert!(end_of_test(&conn, "t").unwrap());
        assert!(!end_of_test(&conn, "t").unwrap());
        assert!(take(&conn, "_2", &[1; 32], NOW).unwrap().is_some());
    }

    #[test]
    fn a_flood_from_one_address_crowds_out_itself_only() {
        let conn = connection();
        let of = |id: &str, browser, client: &str| {
            create(&conn, &start(id, &[browser; 32], client), NOW).unwrap();
        };
        of("_other", 1, "192.0.2.1");
        of("_neighbour", 2, "2001:db8:0:1::1");
        let flood = MOST_OF_CLIENT + 100;
        for n in 0..flood {
            of(&format!("_{n}"), 3, &format!("2001:db8::{:x}", n % 1000));
        }
        let rows: i64 = conn
            .query_row("SELECT count(*) FROM sign_in_requests", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(rows, MOST_OF_CLIENT + 2);
        let waits = |id: &str, browser| take(&conn, id, &[browser; 32], NOW).unwrap().is_some();
        assert!(waits("_other", 1) && waits("_neighbour", 2));
        assert!(!waits("_99", 3) && waits("_100", 3) && waits(&format!("_{}", flood - 1), 3));
        // Whichever of them were answered since, the oldest go.
        for n in 0..10 {
            of(&format!("_again{n}"), 3, "2001:db8::");
        }
        assert!(!waits("_101", 3) && waits("_200", 3) && waits("_again0", 3));
    }

    #[test]
    fn a_later_answer_replaces_the_session_that_an_earlier_one_opened() {
        let conn = connection();
        for (id, browser) in [("_1", 1), ("_2", 1), ("_3", 2)] {
            create(&conn, &start(id, &[browser; 32], "192.0.2.1"), NOW).unwrap();
        }
        let taken = |id, browser| take(&conn, id, &[browser; 32], NOW).unwrap().unwrap();
        assert_eq!(taken("_1", 1).session_hash, None);
        opened(&conn, &[1; 32], &[9; 32]).unwrap();
        assert_eq!(taken("_2", 1).session_hash, Some([9; 32]));
        assert_eq!(taken("_3", 2).session_hash, None);
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
