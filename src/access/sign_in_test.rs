//! Sign-ins that somebody asked for to see whether a provider works: a link that starts one, once
//! answered over. They let nobody in; who answers one says so ([`crate::directory::trial`]).
//!
//! A link can be opened again until it is answered, since the first try may end on a page of the
//! identity provider's.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use super::secret::Secret;
use super::{maybe_time, time};
use crate::clock::Timestamp;
use crate::store::{StoreError, id};

/// How long a test may wait for its answer.
pub const LONGEST: Duration = Duration::from_secs(30 * 60);

/// Tests of one provider that are kept; the oldest go first.
const MOST_OF_PROVIDER: i64 = 20;

/// How long the outcome of a test can be asked for after its time.
const KEPT: Duration = Duration::from_secs(3600);

/// A test.
#[derive(Clone, Debug, Serialize)]
pub struct Test {
    /// UUIDv7.
    pub id: String,
    /// The provider that is tried.
    #[serde(rename = "provider")]
    pub provider_id: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its link ends.
    pub expires_at: Timestamp,
    /// When somebody last opened the link.
    pub started_at: Option<Timestamp>,
    /// The trace of the answer, once there is one.
    pub reference: Option<String>,
}

const COLUMNS: &str = "id, provider_id, created_at, expires_at, started_at, reference";

/// Makes a test and the token for its link, which is not to be had again.
///
/// # Errors
/// [`StoreError`].
pub fn create(
    conn: &Connection,
    provider_id: &str,
    lasts: Duration,
    now: Timestamp,
) -> Result<(Test, Secret), StoreError> {
    let token = Secret::generate("");
    let test = Test {
        id: id::new(now),
        provider_id: provider_id.to_owned(),
        created_at: now,
        expires_at: now.plus(lasts.min(LONGEST)),
        started_at: None,
        reference: None,
    };
    conn.prepare_cached(
        "INSERT INTO sign_in_tests (id, hash, provider_id, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        test.id,
        token.hash(),
        provider_id,
        now.millis(),
        test.expires_at.millis()
    ])?;
    conn.prepare_cached(
        "DELETE FROM sign_in_tests WHERE provider_id = ?1 AND id NOT IN
             (SELECT id FROM sign_in_tests WHERE provider_id = ?1
              ORDER BY created_at DESC, id DESC LIMIT ?2)",
    )?
    .execute(params![provider_id, MOST_OF_PROVIDER])?;
    Ok((test, token))
}

/// The test of this provider that a link with this token starts, if it waits still.
///
/// # Errors
/// [`StoreError`].
pub fn of_token(
    conn: &Connection,
    provider_id: &str,
    hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Test>, StoreError> {
    Ok(conn
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sign_in_tests
             WHERE hash = ?1 AND provider_id = ?2 AND expires_at > ?3 AND reference IS NULL"
        ))?
        .query_row(params![hash, provider_id, now.millis()], read)
        .optional()?)
}

/// The test of this provider and id.
///
/// # Errors
/// [`StoreError`].
pub fn find(conn: &Connection, provider_id: &str, id: &str) -> Result<Option<Test>, StoreError> {
    Ok(conn
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sign_in_tests WHERE id = ?1 AND provider_id = ?2"
        ))?
        .query_row([id, provider_id], read)
        .optional()?)
}

/// Notes that its link was opened.
///
/// # Errors
/// [`StoreError`].
pub fn started(conn: &Connection, id: &str, now: Timestamp) -> Result<(), StoreError> {
    conn.prepare_cached("UPDATE sign_in_tests SET started_at = ?2 WHERE id = ?1")?
        .execute(params![id, now.millis()])?;
    Ok(())
}

/// Notes the trace of its answer; the first one counts.
///
/// # Errors
/// [`StoreError`].
pub fn answered(conn: &Connection, id: &str, reference: &str) -> Result<(), StoreError> {
    conn.prepare_cached(
        "UPDATE sign_in_tests SET reference = ?2 WHERE id = ?1 AND reference IS NULL",
    )?
    .execute([id, reference])?;
    Ok(())
}

/// Ends a test that nobody waits for any more; what was begun for it ends, too.
///
/// # Errors
/// [`StoreError`].
pub fn cancel(conn: &Connection, id: &str) -> Result<(), StoreError> {
    conn.prepare_cached("DELETE FROM sign_in_tests WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

/// Removes tests whose time has long been over; returns how many.
///
/// # Errors
/// [`StoreError`].
pub fn prune(conn: &Connection, now: Timestamp) -> Result<usize, StoreError> {
    Ok(conn
        .prepare_cached("DELETE FROM sign_in_tests WHERE expires_at <= ?1")?
        .execute([now.minus(KEPT).millis()])?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Test> {
    Ok(Test {
        id: row.get("id")?,
        provider_id: row.get("provider_id")?,
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
        started_at: maybe_time(row, "started_at")?,
        reference: row.get("reference")?,
    })
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
             VALUES ('p', 'o', 'okta', 'P', 'draft', 0), ('q', 'o', 'okta', 'Q', 'active', 0);",
        )
        .unwrap();
        conn
    }

    #[test]
    fn a_link_counts_for_its_provider_until_it_is_answered_or_over() {
        let conn = connection();
        let (test, token) = create(&conn, "p", LONGEST * 2, NOW).unwrap();
        assert_eq!(test.expires_at, NOW.plus(LONGEST));
        let by = |provider, token: &Secret, now| {
            let found = of_token(&conn, provider, &token.hash(), now).unwrap();
            found.map(|test| test.id)
        };
        assert_eq!(by("p", &token, NOW), Some(test.id.clone()));
        assert_eq!(by("q", &token, NOW), None);
        assert_eq!(by("p", &Secret::generate(""), NOW), None);
        assert_eq!(by("p", &token, test.expires_at), None);
        started(&conn, &test.id, NOW).unwrap();
        answered(&conn, &test.id, "AAAA-AAAA").unwrap();
        answered(&conn, &test.id, "BBBB-BBBB").unwrap();
        assert_eq!(by("p", &token, NOW), None);
        let over = find(&conn, "p", &test.id).unwrap().unwrap();
        assert_eq!(over.started_at, Some(NOW));
        assert_eq!(over.reference.as_deref(), Some("AAAA-AAAA"));
        assert!(find(&conn, "q", &test.id).unwrap().is_none());
        assert_eq!(prune(&conn, test.expires_at).unwrap(), 0);
        assert_eq!(prune(&conn, test.expires_at.plus(KEPT)).unwrap(), 1);
    }

    #[test]
    fn a_provider_has_so_many() {
        let conn = connection();
        let (other, _) = create(&conn, "q", LONGEST, NOW).unwrap();
        let made: Vec<_> = (0..MOST_OF_PROVIDER + 1)
            .map(|n| {
                let at = NOW.plus(Duration::from_millis(n.unsigned_abs()));
                create(&conn, "p", LONGEST, at).unwrap().0
            })
            .collect();
        assert!(find(&conn, "p", &made[0].id).unwrap().is_none());
        assert!(find(&conn, "p", &made[1].id).unwrap().is_some());
        assert!(find(&conn, "q", &other.id).unwrap().is_some());
        cancel(&conn, &made[1].id).unwrap();
        assert!(find(&conn, "p", &made[1].id).unwrap().is_none());
    }
}
