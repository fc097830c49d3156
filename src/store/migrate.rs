//! Numbered, append-only migrations. `user_version` is how many of them a file has had; each runs
//! in one transaction with its number, so a crash leaves a file between two of them, never inside
//! one. Their sum is `schema.sql`, which a test holds them to.

use rusqlite::{Connection, TransactionBehavior};

/// `Ptcl`: how `file(1)` and the next start know the file for ours.
pub(super) const APPLICATION_ID: i32 = i32::from_be_bytes(*b"Ptcl");

const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_first.sql")];

/// The `user_version` of a file that has had them all.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Runs what the file hasn't had yet.
pub(super) fn run(conn: &mut Connection) -> rusqlite::Result<()> {
    loop {
        // Most starts find nothing to do, and shouldn't wait for anyone's lock to find that out.
        if version(conn)? >= newest() {
            return Ok(());
        }
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Read again under the lock: another process may have been faster.
        let version = version(&tx)?;
        let Some(migration) = usize::try_from(version)
            .ok()
            .and_then(|at| MIGRATIONS.get(at))
        else {
            return Ok(());
        };
        tx.execute_batch(migration)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", version + 1)?;
        tx.commit()?;
    }
}

pub(super) fn version(conn: &Connection) -> rusqlite::Result<i64> {
    conn.pragma_query_value(None, "user_version", |row| row.get(0))
}
