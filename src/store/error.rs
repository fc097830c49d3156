//! What can go wrong when opening the file, and afterwards.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::ErrorCode;

/// Why the file wasn't opened. Each is worded for the person who gave the path.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No such file, and it was not to be created.
    #[error("there is no database at {0}")]
    Missing(PathBuf),
    /// The directory that should hold the file doesn't exist.
    #[error("the directory {0} does not exist; create it first")]
    DirectoryMissing(PathBuf),
    /// The path names a directory, a device or a pipe.
    #[error("{0} is not a regular file; name the database file itself")]
    NotAFile(PathBuf),
    /// The content is not SQLite's, or damaged beyond reading.
    #[error("{0} is not a SQLite database, or it is damaged; it was left as it is")]
    NotADatabase(PathBuf),
    /// A SQLite database of another program.
    #[error("{0} is the database of another program; it was left as it is")]
    Foreign(PathBuf),
    /// Written by a newer version of this program.
    #[error(
        "{path} was written by a newer version of Portcullis (schema {found}, this one knows \
         {known}); it was left as it is"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest schema version this program knows.
        known: i64,
    },
    /// The file, its directory or its disk can't be written.
    #[error(
        "{0} cannot be written: check the permissions of the file and of its directory, and \
             whether the disk is mounted read-only"
    )]
    ReadOnly(PathBuf),
    /// The file system has no shared memory, so that there can be no write-ahead log.
    #[error("{0} is on a file system without shared memory (a network disk?); use a local disk")]
    NoWriteAheadLog(PathBuf),
    /// Another process kept the file locked for too long.
    #[error("{0} is locked by another process")]
    Locked(PathBuf),
    /// The operating system refused something else.
    #[error("{path} cannot be opened")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite refused something else.
    #[error("{path} cannot be opened")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

/// Why a read or a change wasn't done.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The queue or the readers are all taken, or another process holds the file. Worth another
    /// try: an HTTP answer is 503 with Retry-After.
    #[error("the database is busy")]
    Busy,
    /// The store has been closed.
    #[error("the database is closed")]
    Stopped,
    /// The change panicked; it was undone.
    #[error("a change to the database panicked and was undone")]
    Panicked,
    /// A change called `write` from inside the writer, which would wait for itself.
    #[error("a change to the database tried to start another one")]
    Nested,
    /// The batch that held this change was not committed; nothing of it was kept.
    #[error("the change could not be committed")]
    NotCommitted(#[source] Arc<rusqlite::Error>),
    /// SQLite refused a statement.
    #[error("the database refused a statement")]
    Sqlite(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Sqlite(error),
        }
    }
}
