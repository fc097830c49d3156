//! The SQLite file: opening, migrating, one writer thread, a few readers.
//!
//! SQLite allows one writer at a time whatever we do, so the writers queue here rather than on a
//! lock inside SQLite: one thread owns the only writing connection and commits the waiting changes
//! together. That turns one fsync per change into one per batch, which is what makes
//! `synchronous=FULL` affordable (about a hundred times the changes per second of a commit each).
//! Reads go to a small capped pool, since more readers than processors only lengthen the tail.
//!
//! Other processes (the command line, a backup) open the same file with their own `Store`; a busy
//! timeout and `BEGIN IMMEDIATE` let them take turns.

pub mod budget;
mod error;
pub mod id;
mod migrate;
mod open;
pub mod random;
mod readers;
#[cfg(test)]
pub(crate) mod scratch;
pub mod setting;
mod writer;

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

pub use self::error::{OpenError, StoreError};
use self::readers::Readers;
use self::writer::Writer;

/// An empty database in memory with the schema of today, to hold others to.
///
/// # Errors
/// [`StoreError`] if SQLite can't make one.
pub fn pristine() -> Result<Connection, StoreError> {
    let mut conn = Connection::open_in_memory()?;
    migrate::run(&mut conn)?;
    Ok(conn)
}

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Reading connections, at least one.
    pub readers: usize,
    /// Changes that may wait for the writer; one more is answered [`StoreError::Busy`].
    pub queue: usize,
    /// Whether an absent file is created.
    pub create: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 3,
            queue: 4096,
            create: true,
        }
    }
}

/// A handle on the open file; clones share it. When the last one goes, waiting changes are
/// finished and the write-ahead log is folded into the file.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

// Fields drop in this order: an idle reader must not hold up the writer's last checkpoint.
struct Shared {
    readers: Readers,
    writer: Writer,
}

impl Store {
    /// Opens the file, creating it if it's absent and `options.create`, and migrates it.
    ///
    /// # Errors
    /// [`OpenError`] says what stands in the way. A file that is refused has not been written to.
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let writing = open::writing(path, options.create)?;
        let readers = (0..options.readers.max(1))
            .map(|_| open::reading(path))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            shared: Arc::new(Shared {
                readers: Readers::new(readers),
                writer: Writer::start(writing, options.queue)?,
            }),
        })
    }

    /// Runs one change on the writer thread and returns once it is on disk. If `change` returns an
    /// error or panics, its own statements are undone and nobody else's.
    ///
    /// Changes must not wait for anything, must not begin or end transactions, and must not call
    /// `write` themselves.
    ///
    /// # Errors
    /// What `change` returned, or the [`StoreError`] that kept it from being done.
    pub fn write<T, E>(
        &self,
        change: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.shared.writer.write(change)
    }

    /// Hands over a change that nobody waits for, such as "last seen". It is dropped when the
    /// queue is full or the store is closed, and a failure is logged.
    pub fn write_later(
        &self,
        change: impl FnOnce(&Connection) -> Result<(), StoreError> + Send + 'static,
    ) {
        self.shared.writer.write_later(change);
    }

    /// Reads from one consistent snapshot. Writing through the connection fails.
    ///
    /// # Errors
    /// What `query` returned, or [`StoreError::Busy`] when no reader came free in time.
    pub fn read<T, E>(&self, query: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        self.shared.readers.read(query)
    }

    /// Finishes the waiting changes and closes the file; later calls on any clone are answered
    /// [`StoreError::Stopped`].
    pub fn close(&self) {
        self.shared.readers.close();
        self.shared.writer.close();
    }
}
