//! LogoutRequests that were followed, for as long as they hold: an assertion that was on its way at
//! that moment must not open again what they ended (SAML core section 3.7.3.1).
//!
//! Only what was issued before the request is meant, by the identity provider's own clock: whoever
//! signs in again a moment later has an assertion of later. Unsigned requests aren't kept, or
//! whoever knows a name could keep its owner out.

use rusqlite::{Connection, params};

use crate::clock::Timestamp;
use crate::store::StoreError;

/// Stands for a request that names no SessionIndex, and so means all; no SessionIndex is empty.
const ALL: &str = "";

/// A request that was followed.
#[derive(Clone, Copy, Debug)]
pub struct Followed<'a> {
    /// Whose it was.
    pub provider_id: &'a str,
    /// Who signed out.
    pub name_id: &'a str,
    /// Which sessions; none means all.
    pub session_indexes: &'a [String],
    /// When the identity provider made it.
    pub issued_at: Timestamp,
    /// Until when it holds.
    pub until: Timestamp,
}

/// Keeps a request.
pub fn keep(conn: &Connection, followed: &Followed<'_>) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached(
        "INSERT INTO followed_logouts (provider_id, name_id, session_index, issued_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (provider_id, name_id, session_index) DO UPDATE SET
             issued_at = max(issued_at, excluded.issued_at),
             expires_at = max(expires_at, excluded.expires_at)",
    )?;
    let indexes = followed.session_indexes.iter().map(String::as_str);
    let all = followed.session_indexes.is_empty().then_some(ALL);
    for index in indexes.chain(all) {
        statement.execute(params![
            followed.provider_id,
            followed.name_id,
            index,
            followed.issued_at.millis(),
            followed.until.millis(),
        ])?;
    }
    Ok(())
}

/// Whether a request that still holds is about an assertion of this provider, with this NameID and
/// SessionIndex, made at `issued_at`.
pub fn covers(
    conn: &Connection,
    provider_id: &str,
    name_id: &str,
    session_index: Option<&str>,
    issued_at: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM followed_logouts
             WHERE provider_id = ?1 AND name_id = ?2 AND session_index IN ('', ?3)
                 AND issued_at > ?4 AND expires_at > ?5",
        )?
        .exists(params![
            provider_id,
            name_id,
            session_index,
            issued_at.millis(),
            now.millis()
        ])?)
}

/// Removes those that hold no more; returns how many.
pub fn prune(conn: &Connection, now: Timestamp) -> Result<usize, StoreError> {
    Ok(conn
        .prepare_cached("DELETE FROM followed_logouts WHERE expires_at <= ?1")?
        .execute([now.millis()])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::scratch;

    #[test]
    fn what_was_made_before_and_named_is_covered() {
        let conn = scratch::connection();
        conn.execute_batch(
            "INSERT INTO organizations (id, slug, name, created_at) VALUES ('o', 'o', 'O', 0);
             INSERT INTO providers (id, organization_id, kind, name, state, created_at)
             VALUES ('p', 'o', 'okta', 'P', 'active', 0), ('q', 'o', 'okta', 'Q', 'active', 0);",
        )
        .unwrap();
        let at = Timestamp::from_millis;
        let followed = |name_id, session_indexes| {
            let followed = Followed {
                provider_id: "p",
                name_id,
                session_indexes,
                issued_at: at(1000),
                until: at(9000),
            };
            keep(&conn, &followed).unwrap();
        };
        let both = ["one".to_owned(), "two".to_owned()];
        followed("ann", &both);
        followed("bob", &[]);
        followed("bob", &[]);
        let covered = |provider, name, index, issued, now| {
            covers(&conn, provider, name, index, at(issued), at(now)).unwrap()
        };
        assert!(covered("p", "ann", Some("two"), 999, 2000));
        assert!(covered("p", "bob", None, 999, 2000));
        assert!(covered("p", "bob", Some("any"), 999, 8999));
        for (provider, name, index, issued, now) in [
            ("q", "ann", Some("two"), 999, 2000),
            ("p", "eve", Some("two"), 999, 2000),
            ("p", "ann", Some("three"), 999, 2000),
            ("p", "ann", None, 999, 2000),
            ("p", "ann", Some("two"), 1000, 2000),
            ("p", "bob", None, 999, 9000),
        ] {
            assert!(
                !covered(provider, name, index, issued, now),
                "{name} {index:?}"
            );
        }
        assert_eq!(prune(&conn, at(8999)).unwrap(), 0);
        assert_eq!(prune(&conn, at(9000)).unwrap(), 3);
    }
}
