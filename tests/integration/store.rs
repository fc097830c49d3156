//! The store through its front door: what it refuses to open, and what an answered change means.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use portcullis::store::{OpenError, Options, Store, StoreError, setting};
use rusqlite::{Connection, OpenFlags};

struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let path = std::env::temp_dir().join(format!(
            "portcullis-store-{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        ));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open(path: &Path) -> Result<Store, OpenError> {
    Store::open(path, Options::default())
}

fn value(store: &Store, name: &'static str) -> Option<String> {
    store.read(|conn| setting::read(conn, name)).unwrap()
}

fn schema(conn: &Connection) -> Vec<(String, String, String, Option<String>)> {
    conn.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")
        .unwrap()
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

#[test]
fn the_migrations_add_up_to_the_schema() {
    let directory = Directory::new();
    let path = directory.file("a.db");
    open(&path).unwrap().close();
    let migrated = Connection::open(&path).unwrap();
    let whole = Connection::open_in_memory().unwrap();
    whole
        .execute_batch(include_str!("../../schema.sql"))
        .unwrap();
    assert_eq!(schema(&migrated), schema(&whole));
}

#[test]
fn a_new_file_is_private_marked_and_alone_after_closing() {
    let directory = Directory::new();
    let path = directory.file("new?#%41 ü.db");
    fs::write(&path, b"").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    for _ in 0..2 {
        let store = open(&path).unwrap();
        store.write(|tx| setting::write(tx, "a", "1")).unwrap();
        for name in directory.names() {
            let mode = fs::metadata(directory.file(&name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        store.close();
        assert_eq!(directory.names(), ["new?#%41 ü.db"]);
        assert!(matches!(
            store.write(|tx| setting::write(tx, "a", "2")),
            Err(StoreError::Stopped)
        ));
        assert!(matches!(
            store.read(|conn| setting::read(conn, "a")),
            Err(StoreError::Stopped)
        ));
    }
    let header = fs::read(&path).unwrap();
    assert_eq!(&header[68..72], b"Ptcl");
    let other = directory.file("created.db");
    drop(open(&other).unwrap());
    assert_eq!(
        fs::metadata(&other).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

/// Asserts that opening fails as expected, and leaves the bytes of the file and the names beside
/// it as they were.
#[track_caller]
fn refused(directory: &Directory, path: &Path, expected: fn(&OpenError) -> bool, says: &str) {
    let before = fs::read(path).unwrap_or_default();
    let modified = fs::metadata(path).and_then(|found| found.modified()).ok();
    let names = directory.names();
    let error = open(path).err().expect("should have been refused");
    assert!(expected(&error), "{error:?}");
    assert!(error.to_string().contains(says), "{error}");
    assert_eq!(fs::read(path).unwrap_or_default(), before);
    assert_eq!(
        fs::metadata(path).and_then(|found| found.modified()).ok(),
        modified
    );
    assert_eq!(directory.names(), names);
}

#[test]
fn refuses_what_is_not_a_database() {
    let directory = Directory::new();
    let path = directory.file("a.db");
    let not = |error: &OpenError| matches!(error, OpenError::NotADatabase(_));
    for content in [
        b"hello".to_vec(),
        b"x".to_vec(),
        vec![0; 100],
        vec![0; 8192],
        b"-----BEGIN CERTIFICATE-----\n".repeat(300),
        b"SQLite format 3\0".to_vec(),
        [b"SQLite format 3\0".to_vec(), vec![0xff; 8192]].concat(),
    ] {
        fs::write(&path, content).unwrap();
        refused(&directory, &path, not, "not a SQLite database");
    }
}

#[test]
fn refuses_the_database_of_another_program() {
    for mode in ["DELETE", "WAL"] {
        let directory = Directory::new();
        let path = directory.file("a.db");
        let conn = Connection::open(&path).unwrap();
        conn.pragma_update(None, "journal_mode", mode).unwrap();
        conn.execute_batch("CREATE TABLE notes (text TEXT)")
            .unwrap();
        let foreign = |error: &OpenError| matches!(error, OpenError::Foreign(_));
        refused(&directory, &path, foreign, "another program");
        drop(conn);
        refused(&directory, &path, foreign, "another program");
    }
}

#[test]
fn refuses_a_newer_schema() {
    let directory = Directory::new();
    let path = directory.file("a.db");
    drop(open(&path).unwrap());
    let conn = Connection::open(&path).unwrap();
    conn.pragma_update(None, "user_version", 9999).unwrap();
    drop(conn);
    let newer = |error: &OpenError| matches!(error, OpenError::Newer { found: 9999, .. });
    refused(&directory, &path, newer, "schema 9999");
}

#[test]
fn refuses_what_cannot_be_written() {
    let directory = Directory::new();
    let path = directory.file("a.db");
    drop(open(&path).unwrap());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    let read_only = |error: &OpenError| matches!(error, OpenError::ReadOnly(_));
    refused(&directory, &path, read_only, "cannot be written");
    // The kernel's own tree takes no new files, whoever asks.
    assert!(open(Path::new("/proc/portcullis.db")).is_err());
}

#[test]
fn refuses_missing_places_and_directories() {
    let directory = Directory::new();
    let missing = |error: &OpenError| matches!(error, OpenError::DirectoryMissing(_));
    refused(
        &directory,
        &directory.file("no/a.db"),
        missing,
        "does not exist",
    );
    let not_a_file = |error: &OpenError| matches!(error, OpenError::NotAFile(_));
    refused(
        &directory,
        &directory.0.clone(),
        not_a_file,
        "not a regular file",
    );
    assert!(matches!(
        open(Path::new("/dev/null")),
        Err(OpenError::NotAFile(_))
    ));
    let options = Options {
        create: false,
        ..Options::default()
    };
    assert!(matches!(
        Store::open(&directory.file("a.db"), options),
        Err(OpenError::Missing(_))
    ));
    assert!(directory.names().is_empty());
}

#[test]
fn a_database_without_tables_or_owner_is_taken() {
    let directory = Directory::new();
    let path = directory.file("a.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("VACUUM")
        .unwrap();
    open(&path).unwrap();
}

#[test]
fn sixty_four_threads_share_commits_and_lose_nothing() {
    let directory = Directory::new();
    let path = directory.file("a.db");
    let store = open(&path).unwrap();
    let start = Arc::new(Barrier::new(64));
    let threads: Vec<_> = (0..64)
        .map(|thread| {
            let (store, start) = (store.clone(), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                for n in 0..25 {
                    let name = format!("{thread}-{n}");
                    store
                        .write(move |tx| setting::write(tx, &name, "x"))
                        .unwrap();
                    // What was answered is there for every reader.
                    let name = format!("{thread}-{n}");
                    let found = store.read(|conn| setting::read(conn, &name)).unwrap();
                    assert!(found.is_some());
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    store.close();
    let conn = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let count: i64 = conn
        .query_row("SELECT count(*) FROM settings", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 64 * 25);
}

/// Holds the writer with one job while others queue up behind it, so that they share a batch.
fn together<R: Send + 'static>(
    store: &Store,
    jobs: Vec<Box<dyn FnOnce(Store) -> R + Send>>,
) -> Vec<R> {
    let (go, wait) = mpsc::channel::<()>();
    let (started, running) = mpsc::channel::<()>();
    let holder = {
        let store = store.clone();
        thread::spawn(move || {
            store.write::<(), StoreError>(move |_| {
                started.send(()).unwrap();
                wait.recv().unwrap();
                Ok(())
            })
        })
    };
    running.recv().unwrap();
    let threads: Vec<_> = jobs
        .into_iter()
        .map(|job| {
            let store = store.clone();
            let thread = thread::spawn(move || job(store));
            thread::sleep(std::time::Duration::from_millis(20));
            thread
        })
        .collect();
    go.send(()).unwrap();
    let results = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    // Its own fate is that of the batch, which the caller looks at.
    let _ = holder.join().unwrap();
    results
}

type Outcome = Result<(), StoreError>;

#[test]
fn an_error_or_panic_undoes_only_its_own_job() {
    let directory = Directory::new();
    let store = open(&directory.file("a.db")).unwrap();
    let results = together::<Outcome>(
        &store,
        vec![
            Box::new(|store| store.write(|tx| setting::write(tx, "before", "1"))),
            Box::new(|store| {
                store.write(|tx| {
                    setting::write(tx, "failed", "1")?;
                    tx.execute("INSERT INTO nowhere VALUES (1)", [])?;
                    Ok(())
                })
            }),
            Box::new(|store| {
                store.write(|tx| {
                    setting::write(tx, "panicked", "1")?;
                    panic!("as told")
                })
            }),
            Box::new(|store| {
                let inner = store.clone();
                store.write(move |_| inner.write(|tx| setting::write(tx, "nested", "1")))
            }),
            Box::new(|store| store.write(|tx| setting::write(tx, "after", "1"))),
        ],
    );
    assert!(results[0].is_ok() && results[4].is_ok());
    assert!(matches!(results[1], Err(StoreError::Sqlite(_))));
    assert!(matches!(results[2], Err(StoreError::Panicked)));
    assert!(matches!(results[3], Err(StoreError::Nested)));
    assert!(value(&store, "before").is_some() && value(&store, "after").is_some());
    for name in ["failed", "panicked", "nested"] {
        assert_eq!(value(&store, name), None, "{name}");
    }
}

#[test]
fn a_failed_commit_answers_everyone_in_the_batch() {
    let directory = Directory::new();
    let store = open(&directory.file("a.db")).unwrap();
    let results = together::<Outcome>(
        &store,
        vec![
            Box::new(|store| store.write(|tx| setting::write(tx, "innocent", "1"))),
            Box::new(|store| {
                store.write(|tx| {
                    tx.execute_batch(
                        "PRAGMA defer_foreign_keys = ON;
                         INSERT INTO grants (user_id, level, source) VALUES ('nobody', 'viewer', 'direct');",
                    )?;
                    Ok(())
                })
            }),
        ],
    );
    for result in results {
        assert!(matches!(result, Err(StoreError::NotCommitted(_))));
    }
    assert_eq!(value(&store, "innocent"), None);
    store.write(|tx| setting::write(tx, "next", "1")).unwrap();
}

#[test]
fn a_job_that_ends_the_transaction_fails_the_batch_and_not_the_store() {
    let directory = Directory::new();
    let store = open(&directory.file("a.db")).unwrap();
    let result = store.write::<(), StoreError>(|tx| {
        setting::write(tx, "lost", "1")?;
        Ok(tx.execute_batch("ROLLBACK")?)
    });
    assert!(matches!(result, Err(StoreError::NotCommitted(_))));
    assert_eq!(value(&store, "lost"), None);
    store.write(|tx| setting::write(tx, "next", "1")).unwrap();
}

#[test]
fn a_full_queue_is_busy() {
    let directory = Directory::new();
    let options = Options {
        queue: 2,
        ..Options::default()
    };
    let store = Store::open(&directory.file("a.db"), options).unwrap();
    let mut jobs: Vec<Box<dyn FnOnce(Store) -> Outcome + Send>> = Vec::new();
    for _ in 0..4 {
        jobs.push(Box::new(|store| store.write(|_| Ok(()))));
    }
    let results = together(&store, jobs);
    assert!(results[0].is_ok() && results[1].is_ok());
    assert!(matches!(results[2], Err(StoreError::Busy)));
    assert!(matches!(results[3], Err(StoreError::Busy)));
}

#[test]
fn two_stores_share_one_file() {
    let directory = Directory::new();
    let path = directory.file("a.db");
    let start = Arc::new(Barrier::new(4));
    // Opened at once, so that creating and migrating race as well.
    let threads: Vec<_> = (0..4)
        .map(|number| {
            let (path, start) = (path.clone(), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                let store = open(&path).unwrap();
                for n in 0..50 {
                    let name = format!("{number}-{n}");
                    store
                        .write(move |tx| setting::write(tx, &name, "x"))
                        .unwrap();
                }
                store
            })
        })
        .collect();
    let stores: Vec<Store> = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    for store in &stores {
        let count: i64 = store
            .read::<_, StoreError>(|conn| {
                Ok(conn.query_row("SELECT count(*) FROM settings", [], |row| row.get(0))?)
            })
            .unwrap();
        assert_eq!(count, 200);
    }
}

#[test]
fn another_process_writing_is_waited_for() {
    let directory = Directory::new();
    let path = directory.file("a.db");
    let store = open(&path).unwrap();
    // Another connection with its own locks, as the command line has.
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("BEGIN IMMEDIATE; INSERT INTO settings VALUES ('other', '1')")
        .unwrap();
    let waiting = {
        let store = store.clone();
        thread::spawn(move || store.write(|tx| setting::write(tx, "own", "1")))
    };
    thread::sleep(std::time::Duration::from_millis(200));
    other.execute_batch("COMMIT").unwrap();
    waiting.join().unwrap().unwrap();
    assert!(value(&store, "other").is_some() && value(&store, "own").is_some());
}

#[test]
fn readers_cannot_write_and_see_one_snapshot() {
    let directory = Directory::new();
    let store = open(&directory.file("a.db")).unwrap();
    assert!(matches!(
        store.read(|conn| setting::write(conn, "a", "1")),
        Err(StoreError::Sqlite(_))
    ));
    store
        .read::<(), StoreError>(|conn| {
            assert_eq!(setting::read(conn, "a")?, None);
            store.write(|tx| setting::write(tx, "a", "1"))?;
            assert_eq!(setting::read(conn, "a")?, None);
            Ok(())
        })
        .unwrap();
    assert_eq!(value(&store, "a").as_deref(), Some("1"));
}

#[test]
fn closing_finishes_what_was_queued() {
    let directory = Directory::new();
    let path = directory.file("a.db");
    let store = open(&path).unwrap();
    for n in 0..100 {
        store.write_later(move |tx| setting::write(tx, &n.to_string(), "x"));
    }
    drop(store);
    let store = open(&path).unwrap();
    assert_eq!(value(&store, "99").as_deref(), Some("x"));
}

#[test]
fn the_file_is_a_sound_database() {
    let directory = Directory::new();
    let path = directory.file("a.db");
    drop(open(&path).unwrap());
    let conn = Connection::open(&path).unwrap();
    let verdict: String = conn
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
}

#[test]
fn an_answered_change_survives_without_closing() {
    let directory = Directory::new();
    let store = open(&directory.file("a.db")).unwrap();
    store.write(|tx| setting::write(tx, "a", "1")).unwrap();
    // The files as a dead process leaves them: the change is in the log only.
    fs::copy(directory.file("a.db"), directory.file("b.db")).unwrap();
    fs::copy(directory.file("a.db-wal"), directory.file("b.db-wal")).unwrap();
    let other = open(&directory.file("b.db")).unwrap();
    assert_eq!(value(&other, "a").as_deref(), Some("1"));
}
