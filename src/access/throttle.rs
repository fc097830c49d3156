//! Waits that grow with failed attempts, per account and per address.
//!
//! The first failures are free. Each one after that doubles the wait before the next attempt, up
//! to a cap, and a quiet [`DECAY`] forgets one failure. So guessing is slow and nobody is locked
//! out for good. While someone keeps guessing at an account its owner has to be lucky to get an
//! attempt in; for break-glass that is why further accounts, whose names nobody knows, can be made
//! on the command line at any time.
//!
//! An attempt is recorded as failed *before* the password is looked at ([`attempt`]), in one step
//! with the check, and given back if it succeeds. Many guesses at once can't slip through between
//! a check and the record of its failure.

use std::net::IpAddr;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use rusqlite::{Connection, OptionalExtension, params};

use super::millis;
use crate::clock::Timestamp;
use crate::observe::subscriber;
use crate::store::StoreError;

/// A quiet time this long forgets one failure.
pub const DECAY: Duration = Duration::from_secs(10 * 60);

/// Failures counted at most: after this many quiet [`DECAY`]s anything is forgotten.
const MOST_FAILURES: i64 = 36;

/// Rows kept; beyond them the longest untouched go first.
const MOST_ROWS: i64 = 50_000;

/// Bytes of a name that stand in a key as they are.
const LONGEST_NAME: usize = 128;

struct Policy {
    free: i64,
    cap: Duration,
}

const ACCOUNT: Policy = Policy {
    free: 5,
    cap: Duration::from_secs(60),
};

/// An address may be a whole office behind one router, so more is free; and since nobody is kept
/// from another address, the cap is higher.
const ADDRESS: Policy = Policy {
    free: 20,
    cap: Duration::from_secs(300),
};

/// What failures are counted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// An account, known or not, by its case-folded name.
    pub fn account(name_key: &str) -> Self {
        if name_key.len() <= LONGEST_NAME {
            return Self(format!("account:{name_key}"));
        }
        let hash = digest(&SHA256, name_key.as_bytes());
        Self(format!("account:sha256:{}", HEXLOWER.encode(hash.as_ref())))
    }

    /// An account, as tried from a network that it doesn't open to: waits just as long, but keeps
    /// nobody waiting who comes from one that it opens to.
    pub fn account_from_outside(name_key: &str) -> Self {
        let Self(key) = Self::account(name_key);
        Self(format!("outside-{key}"))
    }

    /// An address; of IPv6 its /64, which is what one subscriber has.
    pub fn address(ip: IpAddr) -> Self {
        Self(format!("address:{}", subscriber::of(ip)))
    }

    fn policy(&self) -> &'static Policy {
        if self.0.starts_with("address:") {
            &ADDRESS
        } else {
            &ACCOUNT
        }
    }
}

/// Why an attempt doesn't count now.
#[derive(Debug, thiserror::Error)]
pub enum ThrottleError {
    /// Too many failures lately.
    #[error("too many failed attempts; the next one counts in {} s", retry_after.as_secs())]
    Throttled {
        /// How long until an attempt counts again, in whole seconds, at least one.
        retry_after: Duration,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether an attempt counts now for all the keys.
pub fn check(conn: &Connection, keys: &[Key], now: Timestamp) -> Result<(), ThrottleError> {
    let mut longest = Duration::ZERO;
    for key in keys {
        if let Some(row) = find(conn, key)? {
            longest = longest.max(row.next_at.since(now).min(key.policy().cap));
        }
    }
    if longest.is_zero() {
        return Ok(());
    }
    Err(ThrottleError::Throttled {
        retry_after: Duration::from_secs(longest.as_millis().div_ceil(1000) as u64),
    })
}

/// Checks, and counts the attempt as failed until it proves otherwise. Run it in one change.
pub fn attempt(conn: &Connection, keys: &[Key], now: Timestamp) -> Result<(), ThrottleError> {
    check(conn, keys, now)?;
    failed(conn, keys, now)?;
    Ok(())
}

/// Counts a failure for each key.
pub fn failed(conn: &Connection, keys: &[Key], now: Timestamp) -> Result<(), StoreError> {
    for key in keys {
        let failures = find(conn, key)?.map_or(0, |row| row.failures(now));
        put(conn, key, (failures + 1).min(MOST_FAILURES), now)?;
    }
    bound(conn)
}

/// Takes back one counted failure of each key: the attempt succeeded, or wasn't looked at.
pub fn given_back(conn: &Connection, keys: &[Key], now: Timestamp) -> Result<(), StoreError> {
    for key in keys {
        if let Some(row) = find(conn, key)? {
            put(conn, key, (row.failures(now) - 1).max(0), now)?;
        }
    }
    Ok(())
}

/// Forgets all failures of a key.
pub fn cleared(conn: &Connection, key: &Key) -> Result<(), StoreError> {
    conn.prepare_cached("DELETE FROM throttles WHERE key = ?1")?
        .execute([&key.0])?;
    Ok(())
}

/// Removes what has been forgotten anyway; returns how many rows went.
pub fn prune(conn: &Connection, now: Timestamp) -> Result<usize, StoreError> {
    let forgotten = now.minus(DECAY.saturating_mul(MOST_FAILURES as u32));
    Ok(conn
        .prepare_cached("DELETE FROM throttles WHERE updated_at < ?1")?
        .execute([forgotten.millis()])?)
}

struct Row {
    failures: i64,
    next_at: Timestamp,
    updated_at: Timestamp,
}

impl Row {
    fn failures(&self, now: Timestamp) -> i64 {
        let quiet = millis(now.since(self.updated_at)) / millis(DECAY);
        (self.failures - quiet).max(0)
    }
}

fn find(conn: &Connection, key: &Key) -> Result<Option<Row>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT failures, next_at, updated_at FROM throttles WHERE key = ?1")?
        .query_row([&key.0], |row| {
            Ok(Row {
                failures: row.get(0)?,
                next_at: super::time(row, "next_at")?,
                updated_at: super::time(row, "updated_at")?,
            })
        })
        .optional()?)
}

fn put(conn: &Connection, key: &Key, failures: i64, now: Timestamp) -> Result<(), StoreError> {
    let next_at = now.plus(wait(key.policy(), failures));
    conn.prepare_cached(
        "INSERT INTO throttles (key, failures, next_at, updated_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (key) DO UPDATE SET failures = excluded.failures,
             next_at = excluded.next_at, updated_at = excluded.updated_at",
    )?
    .execute(params![key.0, failures, next_at.millis(), now.millis()])?;
    Ok(())
}

/// Nothing while failures are free, then 1, 2, 4, ... seconds up to the cap.
fn wait(policy: &Policy, failures: i64) -> Duration {
    let Ok(doublings) = u32::try_from(failures - policy.free) else {
        return Duration::ZERO;
    };
    let seconds = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
    Duration::from_secs(seconds).min(policy.cap)
}

fn bound(conn: &Connection) -> Result<(), StoreError> {
    let rows: i64 = conn
        .prepare_cached("SELECT count(*) FROM throttles")?
        .query_row([], |row| row.get(0))?;
    if rows > MOST_ROWS {
        conn.prepare_cached(
            "DELETE FROM throttles WHERE key IN
                 (SELECT key FROM throttles ORDER BY updated_at LIMIT ?1)",
        )?
        .execute([rows - MOST_ROWS + MOST_ROWS / 50])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::scratch;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn retry_after(conn: &Connection, keys: &[Key], now: Timestamp) -> u64 {
        match check(conn, keys, now) {
            Ok(()) => 0,
            Err(ThrottleError::Throttled { retry_after }) => retry_after.as_secs(),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn waits_grow_to_a_cap_and_decay() {
        let conn = scratch::connection();
        let key = [Key::account("root")];
        let mut now = NOW;
        let mut waits = Vec::new();
        for _ in 0..40 {
            attempt(&conn, &key, now).unwrap();
            let wait = retry_after(&conn, &key, now);
            waits.push(wait);
            now = now.plus(Duration::from_secs(wait));
        }
        assert_eq!(waits[..13], [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(waits[39], 60);
        // From the most failures to one below the free ones.
        let quiet = now.plus(DECAY * 32);
        attempt(&conn, &key, quiet).unwrap();
        assert_eq!(retry_after(&conn, &key, quiet), 1);
        assert_eq!(prune(&conn, quiet).unwrap(), 0);
        assert_eq!(prune(&conn, quiet.plus(DECAY * 37)).unwrap(), 1);
    }

    #[test]
    fn the_longest_wait_counts_and_success_clears() {
        let conn = scratch::connection();
        let account = Key::account("root");
        let address = Key::address("192.0.2.1".parse().unwrap());
        let both = [account.clone(), address.clone()];
        for _ in 0..7 {
            failed(&conn, &both, NOW).unwrap();
        }
        assert_eq!(retry_after(&conn, &both, NOW), 4);
        assert_eq!(retry_after(&conn, &[address], NOW), 0);
        assert!(attempt(&conn, &both, NOW).is_err());
        given_back(&conn, &both, NOW).unwrap();
        assert_eq!(retry_after(&conn, &both, NOW), 2);
        cleared(&conn, &account).unwrap();
        assert_eq!(retry_after(&conn, &both, NOW), 0);
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let conn = scratch::connection();
        let key = [Key::account("root")];
        for _ in 0..36 {
            failed(&conn, &key, NOW).unwrap();
        }
        let before = NOW.minus(Duration::from_secs(365 * 86_400));
        assert!(retry_after(&conn, &key, before) <= 60);
    }

    #[test]
    fn one_subscriber_is_one_key() {
        let key = |text: &str| Key::address(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2:3::4"), key("2001:db8:1:2:ffff::1"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert!(Key::account(&"x".repeat(100_000)).0.len() < 100);
    }

    #[test]
    fn the_table_is_bounded() {
        let conn = scratch::connection();
        conn.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
             INSERT INTO throttles SELECT 'address:' || i, 1, 0, i FROM n",
            [MOST_ROWS],
        )
        .unwrap();
        let key = [Key::account("root")];
        failed(&conn, &key, NOW).unwrap();
        let rows: i64 = conn
            .query_row("SELECT count(*) FROM throttles", [], |row| row.get(0))
            .unwrap();
        assert!(rows <= MOST_ROWS);
        assert!(find(&conn, &key[0]).unwrap().is_some());
    }
}
