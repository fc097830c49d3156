//! Looks before it leaps: a file is read, by a connection that can't write, until it is known to
//! be empty or ours. Only then is it opened for writing.
//!
//! All looking goes through SQLite and never through `std::fs::File`. Closing any descriptor of a
//! file drops the POSIX locks that this process holds on it, and another `Store` in this process
//! may hold some.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};

use super::{OpenError, budget, migrate};

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The smallest page of SQLite, and so its smallest file.
const SMALLEST: u64 = 512;

/// Statements kept compiled per connection; the program has fewer.
const STATEMENTS: usize = 256;

/// Opens the file for the writer thread, created and migrated.
pub(super) fn writing(path: &Path, create: bool) -> Result<Connection, OpenError> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => return Err(OpenError::NotAFile(path.to_owned())),
        // Checked apart from trying, since a privileged user is let through by the system, but
        // whoever took the write bits away meant something by it.
        Ok(found) if found.permissions().readonly() => {
            return Err(OpenError::ReadOnly(path.to_owned()));
        }
        Ok(found) if found.len() == 0 && !beside(path, "-wal").exists() => {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))
                .map_err(|source| refused_by_system(path, source))?;
        }
        // SQLite takes a file of one byte for an empty one, and would write over it.
        Ok(found) if (1..SMALLEST).contains(&found.len()) => {
            return Err(OpenError::NotADatabase(path.to_owned()));
        }
        Ok(_) => inspect(path)?,
        Err(source) if source.kind() == io::ErrorKind::NotFound && create => new_file(path)?,
        Err(source) if source.kind() == io::ErrorKind::NotFound => {
            return Err(OpenError::Missing(path.to_owned()));
        }
        Err(source) => return Err(refused_by_system(path, source)),
    }
    let refused = |source| refused_by_sqlite(path, source);
    let mut conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(refused)?;
    if conn.is_readonly(MAIN_DB).map_err(refused)? {
        return Err(OpenError::ReadOnly(path.to_owned()));
    }
    if use_write_ahead_log(&conn).map_err(refused)? != "wal" {
        return Err(OpenError::NoWriteAheadLog(path.to_owned()));
    }
    configure_writing(&conn).map_err(refused)?;
    migrate::run(&mut conn).map_err(refused)?;
    // Whatever another process did since the inspection, this is what will be worked with.
    judge(path, &conn)?;
    Ok(conn)
}

/// Opens one more connection that can only read.
pub(super) fn reading(path: &Path) -> Result<Connection, OpenError> {
    let open = || {
        let mut conn = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        conn.busy_timeout(BUSY_TIMEOUT)?;
        conn.pragma_update(None, "query_only", true)?;
        conn.pragma_update(None, "trusted_schema", false)?;
        conn.pragma_update(None, "temp_store", "MEMORY")?;
        conn.pragma_update(None, "cache_size", -16_000)?;
        keep_plans(&conn)?;
        budget::install(&mut conn)?;
        Ok(conn)
    };
    open().map_err(|source| refused_by_sqlite(path, source))
}

/// Created here rather than by SQLite, whose files anyone may read where the umask allows it. The
/// log and the shared memory take their mode from this file.
fn new_file(path: &Path) -> Result<(), OpenError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !directory.is_dir() {
        return Err(OpenError::DirectoryMissing(directory.to_owned()));
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        // Another process was faster, which is just as well.
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(refused_by_system(path, source)),
    }
}

fn inspect(path: &Path) -> Result<(), OpenError> {
    // Reading a WAL database makes its log and shared memory if they are absent, unless SQLite is
    // told that the file doesn't change. Without a log all there is stands in the file itself.
    let changing = beside(path, "-wal").exists();
    let uri = format!(
        "file:{}?mode=ro{}",
        percent_encode(path.as_os_str().as_bytes(), PATH),
        if changing { "" } else { "&immutable=1" }
    );
    let conn = Connection::open_with_flags(
        uri,
        OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI,
    )
    .map_err(|source| refused_by_sqlite(path, source))?;
    conn.busy_timeout(BUSY_TIMEOUT)
        .map_err(|source| refused_by_sqlite(path, source))?;
    judge(path, &conn)
}

fn judge(path: &Path, conn: &Connection) -> Result<(), OpenError> {
    let look = || {
        let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let version = migrate::version(conn)?;
        let used: bool =
            conn.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| {
                row.get(0)
            })?;
        Ok((application, version, used))
    };
    let (application, version, used) = look().map_err(|source| refused_by_sqlite(path, source))?;
    if application == migrate::APPLICATION_ID {
        if version > migrate::newest() {
            return Err(OpenError::Newer {
                path: path.to_owned(),
                found: version,
                known: migrate::newest(),
            });
        }
        return Ok(());
    }
    if used || application != 0 || version != 0 {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    Ok(())
}

fn configure_writing(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "cache_size", -16_000)?;
    // A checkpoint every 16 MB keeps the log short without an fsync of the file for every few
    // batches; after a burst the log is cut back to this size.
    conn.pragma_update(None, "journal_size_limit", 64 << 20)?;
    conn.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    keep_plans(conn)
}

/// Compiles each statement once. Without the stability guarantee SQLite looks at the values that
/// are bound when it plans around a partial index, and plans again at every execution.
fn keep_plans(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Asks for WAL and returns the mode that came of it. Changing the journal mode doesn't always
/// honour the busy timeout, so that two first starts at once could refuse each other.
fn use_write_ahead_log(conn: &Connection) -> rusqlite::Result<String> {
    conn.busy_timeout(BUSY_TIMEOUT)?;
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < deadline =>
            {
                thread::sleep(Duration::from_millis(10));
            }
            result => return result,
        }
    }
}

fn refused_by_system(path: &Path, source: io::Error) -> OpenError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            OpenError::DirectoryMissing(path.parent().map(PathBuf::from).unwrap_or(path))
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            OpenError::ReadOnly(path)
        }
        _ => OpenError::Io { path, source },
    }
}

fn refused_by_sqlite(path: &Path, source: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => OpenError::NotADatabase(path),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            OpenError::ReadOnly(path)
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked(path),
        _ => OpenError::Sqlite { path, source },
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// What may stand bare in the path of a `file:` URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_');
