//! Links that are copied to a person: to join, or to set another password.
//!
//! Nobody is sent anything: whoever invites has the link in hand and passes it on as they like. A
//! link is 256 random bits, of which the hash is stored; it opens one thing, once, for one user.

use std::time::Duration;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use super::secret::{self, Secret};
use super::{maybe_time, time};
use crate::clock::Timestamp;
use crate::store::{StoreError, id};

/// Links that are kept of one user, whatever became of them.
const MOST: i64 = 50;

/// How long a link is kept after it stopped working.
const KEPT: Duration = Duration::from_secs(30 * 86_400);

/// Characters of a presented token that are looked at.
const LONGEST: usize = 128;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The first password.
    Join,
    /// Another password.
    Reset,
}

impl Kind {
    /// The word in the database, the API and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Reset => "reset",
        }
    }

    /// The kind of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Join, Self::Reset]
            .into_iter()
            .find(|kind| kind.word() == word)
    }

    /// How long such a link works.
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::Join => Duration::from_secs(7 * 86_400),
            Self::Reset => Duration::from_secs(86_400),
        }
    }
}

impl ToSql for Kind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.word().into())
    }
}

impl FromSql for Kind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::from_word(value.as_str()?).ok_or(FromSqlError::InvalidType)
    }
}

/// A link, without the secret itself.
#[derive(Clone, Debug, Serialize)]
pub struct Invitation {
    /// Names it without opening anything.
    pub id: String,
    /// What it is for.
    pub kind: Kind,
    /// For whom.
    #[serde(skip)]
    pub user_id: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it stops working by itself.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// When it was revoked: by somebody, or by a newer one.
    pub revoked_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, kind, user_id, created_by, created_at, expires_at, used_at, revoked_at";

/// Makes a link in place of those of its kind that still work. The secret is not to be had again.
pub fn create(
    tx: &Connection,
    user_id: &str,
    kind: Kind,
    created_by: &str,
    now: Timestamp,
) -> Result<(Invitation, Secret), StoreError> {
    tx.prepare_cached(
        "UPDATE invitations SET revoked_at = ?3
         WHERE user_id = ?1 AND kind = ?2 AND used_at IS NULL AND revoked_at IS NULL",
    )?
    .execute(params![user_id, kind, now.millis()])?;
    tx.prepare_cached(
        "DELETE FROM invitations WHERE id IN
             (SELECT id FROM invitations WHERE user_id = ?1
              ORDER BY created_at DESC, id DESC LIMIT -1 OFFSET ?2)",
    )?
    .execute(params![user_id, MOST - 1])?;
    let secret = Secret::generate("");
    let made = Invitation {
        id: id::new(now),
        kind,
        user_id: user_id.to_owned(),
        created_by: created_by.to_owned(),
        created_at: now,
        expires_at: now.plus(kind.lifetime()),
        used_at: None,
        revoked_at: None,
    };
    tx.prepare_cached(
        "INSERT INTO invitations (id, token_hash, kind, user_id, created_by, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        made.id,
        secret.hash(),
        kind,
        user_id,
        created_by,
        now.millis(),
        made.expires_at.millis()
    ])?;
    Ok((made, secret))
}

/// The link of a presented token, if it works now. Looking uses nothing up.
pub fn find_open(
    conn: &Connection,
    presented: &str,
    now: Timestamp,
) -> Result<Option<Invitation>, StoreError> {
    if presented.len() > LONGEST {
        return Ok(None);
    }
    Ok(conn
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM invitations
             WHERE token_hash = ?1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > ?2"
        ))?
        .query_row(params![secret::hash(presented), now.millis()], read)
        .optional()?)
}

/// Uses a link up, and with it every other one of the same user. False if it no longer works.
pub fn take(tx: &Connection, invitation: &Invitation, now: Timestamp) -> Result<bool, StoreError> {
    let taken = tx
        .prepare_cached(
            "UPDATE invitations SET used_at = ?2
             WHERE id = ?1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > ?2",
        )?
        .execute(params![invitation.id, now.millis()])?;
    if taken == 0 {
        return Ok(false);
    }
    revoke_of_user(tx, &invitation.user_id, now)?;
    Ok(true)
}

/// A user's links, newest first, whatever became of them.
pub fn of_user(conn: &Connection, user_id: &str) -> Result<Vec<Invitation>, StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM invitations WHERE user_id = ?1
         ORDER BY created_at DESC, id DESC LIMIT ?2"
    ))?;
    let rows = statement.query_map(params![user_id, MOST], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Revokes one of a user's links. False if the user has no such link; one that was used or revoked
/// before stays as it was.
pub fn revoke(
    tx: &Connection,
    user_id: &str,
    id: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let found = tx
        .prepare_cached(
            "UPDATE invitations
             SET revoked_at = CASE WHEN used_at IS NULL THEN coalesce(revoked_at, ?3) END
             WHERE id = ?1 AND user_id = ?2",
        )?
        .execute(params![id, user_id, now.millis()])?;
    Ok(found > 0)
}

/// Revokes all of a user's links that still work; returns how many.
pub fn revoke_of_user(tx: &Connection, user_id: &str, now: Timestamp) -> Result<usize, StoreError> {
    Ok(tx
        .prepare_cached(
            "UPDATE invitations SET revoked_at = ?2
             WHERE user_id = ?1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > ?2",
        )?
        .execute(params![user_id, now.millis()])?)
}

/// Removes links that stopped working long ago; returns how many.
pub fn prune(tx: &Connection, now: Timestamp) -> Result<usize, StoreError> {
    Ok(tx
        .prepare_cached("DELETE FROM invitations WHERE expires_at < ?1")?
        .execute([now.minus(KEPT).millis()])?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Invitation> {
    Ok(Invitation {
        id: row.get("id")?,
        kind: row.get("kind")?,
        user_id: row.get("user_id")?,
        created_by: row.get("created_by")?,
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
        used_at: maybe_time(row, "used_at")?,
        revoked_at: maybe_time(row, "revoked_at")?,
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
             INSERT INTO users (id, organization_id, user_name, user_name_key, origin, resource,
                 created_at, updated_at)
             VALUES ('u', 'o', 'u', 'u', 'local', '{}', 0, 0),
                    ('v', 'o', 'v', 'v', 'local', '{}', 0, 0);",
        )
        .unwrap();
        conn
    }

    fn works(conn: &Connection, link: &Secret, now: Timestamp) -> bool {
        find_open(conn, link.expose(), now).unwrap().is_some()
    }

    #[test]
    fn a_link_works_once_until_it_expires() {
        let conn = connection();
        for (kind, days) in [(Kind::Join, 7), (Kind::Reset, 1)] {
            let (made, link) = create(&conn, "u", kind, "Ada", NOW).unwrap();
            let end = NOW.plus(Duration::from_secs(days * 86_400));
            assert_eq!(made.expires_at, end);
            assert!(works(&conn, &link, end.minus(Duration::from_millis(1))));
            assert!(!works(&conn, &link, end));
            assert!(!take(&conn, &made, end).unwrap());
            assert!(take(&conn, &made, NOW).unwrap());
            assert!(!take(&conn, &made, NOW).unwrap());
            assert!(!works(&conn, &link, NOW));
        }
        assert!(
            find_open(&conn, &"x".repeat(10_000), NOW)
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_newer_link_takes_the_place_of_its_kind_and_use_of_all() {
        let conn = connection();
        let (_, first) = create(&conn, "u", Kind::Join, "Ada", NOW).unwrap();
        let (reset, other) = create(&conn, "u", Kind::Reset, "Ada", NOW).unwrap();
        let (_, foreign) = create(&conn, "v", Kind::Join, "Ada", NOW).unwrap();
        assert!(works(&conn, &first, NOW) && works(&conn, &other, NOW));
        let (_, second) = create(&conn, "u", Kind::Join, "Ada", NOW).unwrap();
        assert!(!works(&conn, &first, NOW) && works(&conn, &second, NOW));
        assert!(take(&conn, &reset, NOW).unwrap());
        assert!(!works(&conn, &second, NOW) && works(&conn, &foreign, NOW));
    }

    #[test]
    fn links_are_revoked_by_their_user_and_pruned() {
        let conn = connection();
        let (made, link) = create(&conn, "u", Kind::Join, "Ada", NOW).unwrap();
        assert!(!revoke(&conn, "v", &made.id, NOW).unwrap());
        assert!(works(&conn, &link, NOW));
        assert!(revoke(&conn, "u", &made.id, NOW).unwrap());
        assert!(revoke(&conn, "u", &made.id, NOW).unwrap());
        assert!(!works(&conn, &link, NOW));
        for _ in 0..60 {
            create(&conn, "u", Kind::Join, "Ada", NOW).unwrap();
        }
        assert_eq!(of_user(&conn, "u").unwrap().len(), 50);
        assert_eq!(revoke_of_user(&conn, "u", NOW).unwrap(), 1);
        assert_eq!(prune(&conn, NOW).unwrap(), 0);
        let later = NOW.plus(Duration::from_secs(38 * 86_400));
        assert_eq!(prune(&conn, later).unwrap(), 50);
    }
}
