//! A capped pool of connections that only read.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::StoreError;

/// A point read takes microseconds; who waits this long meets a server that is overwhelmed.
const WAIT: Duration = Duration::from_secs(2);

pub(super) struct Readers {
    pool: Mutex<Pool>,
    freed: Condvar,
    wait: Duration,
}

struct Pool {
    idle: Vec<Connection>,
    closed: bool,
}

impl Readers {
    pub(super) fn new(idle: Vec<Connection>) -> Self {
        Self {
            pool: Mutex::new(Pool {
                idle,
                closed: false,
            }),
            freed: Condvar::new(),
            wait: WAIT,
        }
    }

    pub(super) fn read<T, E>(&self, query: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let lent = self.lend()?;
        let conn = lent.conn.as_ref().ok_or(StoreError::Stopped)?;
        let _snapshot = Snapshot::begin(conn)?;
        query(conn)
    }

    /// Closes the idle connections; those in use close when they come back.
    pub(super) fn close(&self) {
        let mut pool = self.lock();
        pool.closed = true;
        pool.idle.clear();
        drop(pool);
        self.freed.notify_all();
    }

    fn lend(&self) -> Result<Lent<'_>, StoreError> {
        let deadline = Instant::now() + self.wait;
        let mut pool = self.lock();
        loop {
            if pool.closed {
                return Err(StoreError::Stopped);
            }
            if let Some(conn) = pool.idle.pop() {
                return Ok(Lent {
                    readers: self,
                    conn: Some(conn),
                });
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(StoreError::Busy);
            }
            pool = self
                .freed
                .wait_timeout(pool, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One consistent view. The statements that begin and end it are kept compiled, which rusqlite's
/// own transactions are not.
struct Snapshot<'a>(&'a Connection);

impl<'a> Snapshot<'a> {
    /// Deferred: the view is taken by the first statement that reads and held to the last.
    fn begin(conn: &'a Connection) -> Result<Self, StoreError> {
        conn.prepare_cached("BEGIN DEFERRED")?.execute([])?;
        Ok(Self(conn))
    }
}

impl Drop for Snapshot<'_> {
    /// Ends it, also when the query failed or panicked.
    fn drop(&mut self) {
        let ended = self
            .0
            .prepare_cached("ROLLBACK")
            .and_then(|mut statement| statement.execute([]));
        if let Err(error) = ended {
            tracing::error!(%error, "a read could not be ended");
        }
    }
}

struct Lent<'a> {
    readers: &'a Readers,
    conn: Option<Connection>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut pool = self.readers.lock();
        if let Some(conn) = self.conn.take()
            && !pool.closed
        {
            pool.idle.push(conn);
        }
        drop(pool);
        self.readers.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_when_no_reader_comes_free_in_time() {
        let mut readers = Readers::new(vec![Connection::open_in_memory().unwrap()]);
        readers.wait = Duration::from_millis(20);
        let inner = readers
            .read::<_, StoreError>(|_| Ok(readers.read::<(), StoreError>(|_| Ok(())).unwrap_err()));
        assert!(matches!(inner, Ok(StoreError::Busy)));
        assert!(readers.read::<(), StoreError>(|_| Ok(())).is_ok());
    }

    #[test]
    fn a_panic_gives_the_reader_back() {
        let readers = Readers::new(vec![Connection::open_in_memory().unwrap()]);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _ = readers.read::<(), StoreError>(|_| panic!("as told"));
        }));
        assert!(panicked.is_err());
        assert!(readers.read::<(), StoreError>(|_| Ok(())).is_ok());
        readers.close();
        assert!(matches!(
            readers.read::<(), StoreError>(|_| Ok(())),
            Err(StoreError::Stopped)
        ));
    }
}
