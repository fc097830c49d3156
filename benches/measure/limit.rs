//! What the disk and SQLite give at best: the limits that durable writes are held against. Written
//! without the store, so that a mistake there doesn't lower its own limit.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, params};

use super::run::{Figures, at_once};

/// About what a pushed user takes.
const ROW: &str = include_str!("user.json");

/// One row for each commit, from one thread.
pub(crate) fn autocommit(file: &Path, enough: Duration) -> Figures {
    let conn = std::sync::Mutex::new(opened(file));
    at_once(1, enough, |_, number| {
        insert(&conn.lock().unwrap(), number as i64);
        true
    })
}

/// One row for each job from `threads` threads, one thread committing whatever waits, as one
/// transaction: nothing but the inserts.
pub(crate) fn group_commit(file: &Path, threads: usize, enough: Duration) -> Figures {
    let conn = opened(file);
    let (queue, waiting) = sync_channel(4096);
    let writer = thread::spawn(move || commit_together(&conn, &waiting));
    let figures = at_once(threads, enough, |thread, number| {
        let (answer, answered) = sync_channel(1);
        let key = ((number as i64) << 16) | thread as i64;
        queue.send((key, answer)).unwrap();
        answered.recv().unwrap();
        true
    });
    drop(queue);
    writer.join().unwrap();
    figures
}

fn commit_together(conn: &Connection, waiting: &Receiver<(i64, SyncSender<()>)>) {
    while let Ok(first) = waiting.recv() {
        let mut batch = vec![first];
        conn.execute_batch("BEGIN IMMEDIATE").unwrap();
        insert(conn, batch[0].0);
        while batch.len() < 256
            && let Ok(next) = waiting.try_recv()
        {
            insert(conn, next.0);
            batch.push(next);
        }
        conn.execute_batch("COMMIT").unwrap();
        for (_, answer) in batch {
            let _ = answer.send(());
        }
    }
}

/// With the settings of the store's writer.
fn opened(file: &Path) -> Connection {
    let conn = Connection::open(file).unwrap();
    configure(&conn);
    conn.execute_batch("CREATE TABLE rows (key INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")
        .unwrap();
    conn
}

pub(super) fn configure(conn: &Connection) {
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
        .unwrap();
    for (name, value) in [
        ("synchronous", "FULL"),
        ("temp_store", "MEMORY"),
        ("cache_size", "-16000"),
        ("wal_autocheckpoint", "4000"),
    ] {
        conn.pragma_update(None, name, value).unwrap();
    }
}

fn insert(conn: &Connection, key: i64) {
    conn.prepare_cached("INSERT INTO rows (key, text) VALUES (?1, ?2)")
        .unwrap()
        .execute(params![key, ROW])
        .unwrap();
}
