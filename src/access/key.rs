//! Key pairs of the appliance itself. The newest active row of a kind is the one in use; older
//! active ones stay usable while a new one is made known.

use std::fmt;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params};
use zeroize::Zeroizing;

use super::time;
use crate::clock::Timestamp;
use crate::store::{StoreError, id};

/// What a key pair is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Signs what we send to identity providers.
    SamlSigning,
    /// Opens assertions encrypted for us.
    SamlEncryption,
    /// Issues our own TLS certificates.
    TlsCa,
    /// Serves TLS.
    TlsLeaf,
}

impl Kind {
    /// Its word in the database, the API and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SamlSigning => "saml-signing",
            Self::SamlEncryption => "saml-encryption",
            Self::TlsCa => "tls-ca",
            Self::TlsLeaf => "tls-leaf",
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
        let text = value.as_str()?;
        [
            Self::SamlSigning,
            Self::SamlEncryption,
            Self::TlsCa,
            Self::TlsLeaf,
        ]
        .into_iter()
        .find(|kind| kind.word() == text)
        .ok_or(FromSqlError::InvalidType)
    }
}

/// A key pair and its certificate. The private key doesn't print and is wiped when dropped.
#[derive(Clone)]
pub struct Key {
    /// Names the key.
    pub id: String,
    /// What it is for.
    pub kind: Kind,
    /// The certificate in DER.
    pub certificate: Vec<u8>,
    /// The private key, PKCS#8 in DER.
    pub private_key: Zeroizing<Vec<u8>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its certificate ends.
    pub not_after: Timestamp,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// The key in use for a purpose.
pub fn newest_active(conn: &Connection, kind: Kind) -> Result<Option<Key>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT id, kind, certificate, private_key, created_at, not_after
             FROM keys WHERE kind = ?1 AND state = 'active'
             ORDER BY created_at DESC, id DESC LIMIT 1",
        )?
        .query_row([kind], read)
        .optional()?)
}

/// The key of this kind in use at `now`: the newest whose time has begun.
pub fn in_use(conn: &Connection, kind: Kind, now: Timestamp) -> Result<Option<Key>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT id, kind, certificate, private_key, created_at, not_after
             FROM keys WHERE kind = ?1 AND state = 'active'
                 AND coalesce(begins_at, created_at) <= ?2
             ORDER BY coalesce(begins_at, created_at) DESC, id DESC LIMIT 1",
        )?
        .query_row(params![kind, now.millis()], read)
        .optional()?)
}

/// Says when a key begins and when it is taken out of use; `None` leaves that as it is.
pub fn schedule(
    conn: &Connection,
    id: &str,
    begins_at: Option<Timestamp>,
    retires_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "UPDATE keys SET begins_at = coalesce(?2, begins_at),
             retires_at = coalesce(?3, retires_at) WHERE id = ?1",
    )?
    .execute(params![
        id,
        begins_at.map(Timestamp::millis),
        retires_at.map(Timestamp::millis)
    ])?;
    Ok(())
}

/// When a key begins and is taken out of use, where that was said.
pub fn scheduled(
    conn: &Connection,
    id: &str,
) -> Result<(Option<Timestamp>, Option<Timestamp>), StoreError> {
    Ok(conn
        .prepare_cached("SELECT begins_at, retires_at FROM keys WHERE id = ?1")?
        .query_row([id], |row| {
            Ok((
                super::maybe_time(row, "begins_at")?,
                super::maybe_time(row, "retires_at")?,
            ))
        })?)
}

/// All keys that may still be met, newest first: what an older metadata document told an identity
/// provider to encrypt for.
pub fn active(conn: &Connection, kind: Kind) -> Result<Vec<Key>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, kind, certificate, private_key, created_at, not_after
         FROM keys WHERE kind = ?1 AND state = 'active'
         ORDER BY created_at DESC, id DESC LIMIT 10",
    )?;
    let rows = statement.query_map([kind], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Adds an active key, which is then the newest.
pub fn insert(
    conn: &Connection,
    kind: Kind,
    certificate: Vec<u8>,
    private_key: Zeroizing<Vec<u8>>,
    not_after: Timestamp,
    now: Timestamp,
) -> Result<Key, StoreError> {
    let key = Key {
        id: id::new(now),
        kind,
        certificate,
        private_key,
        created_at: now,
        not_after,
    };
    conn.prepare_cached(
        "INSERT INTO keys (id, kind, certificate, private_key, state, created_at, not_after)
         VALUES (?1, ?2, ?3, ?4, 'active', ?5, ?6)",
    )?
    .execute(params![
        key.id,
        kind,
        key.certificate,
        key.private_key.as_slice(),
        now.millis(),
        not_after.millis(),
    ])?;
    Ok(key)
}

/// Takes a key out of use; false if there is none such in use.
pub fn retire(conn: &Connection, id: &str) -> Result<bool, StoreError> {
    let retired = conn
        .prepare_cached("UPDATE keys SET state = 'retired' WHERE id = ?1 AND state = 'active'")?
        .execute([id])?;
    Ok(retired > 0)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Key> {
    Ok(Key {
        id: row.get("id")?,
        kind: row.get("kind")?,
        certificate: row.get("certificate")?,
        private_key: Zeroizing::new(row.get("private_key")?),
        created_at: time(row, "created_at")?,
        not_after: time(row, "not_after")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::scratch;

    #[test]
    fn the_newest_active_key_is_in_use() {
        let conn = scratch::connection();
        let make = |at, kind| {
            let now = Timestamp::from_millis(at);
            insert(&conn, kind, vec![1], Zeroizing::new(vec![42, 43]), now, now).unwrap()
        };
        let old = make(1000, Kind::SamlSigning);
        let new = make(2000, Kind::SamlSigning);
        make(3000, Kind::TlsCa);
        let in_use = || {
            newest_active(&conn, Kind::SamlSigning)
                .unwrap()
                .map(|key| key.id)
        };
        assert_eq!(in_use(), Some(new.id.clone()));
        assert_eq!(active(&conn, Kind::SamlSigning).unwrap().len(), 2);
        assert!(retire(&conn, &new.id).unwrap());
        assert!(!retire(&conn, &new.id).unwrap());
        assert_eq!(in_use(), Some(old.id.clone()));
        let shown = format!("{old:?}");
        assert!(
            !shown.contains("42, 43") && !shown.contains("private"),
            "{shown}"
        );
    }
}
