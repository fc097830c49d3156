//! Databases for tests, gone when the test is.

use std::fs;
use std::ops::Deref;
use std::path::PathBuf;

use rusqlite::Connection;

use super::{Options, Store, id, migrate, random};

/// A migrated database in memory.
pub(crate) fn connection() -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    conn.pragma_update(None, "foreign_keys", true).unwrap();
    migrate::run(&mut conn).unwrap();
    super::budget::install(&mut conn).unwrap();
    conn
}

/// A store in a directory of its own.
pub(crate) fn store() -> Scratch {
    let directory =
        std::env::temp_dir().join(format!("portcullis-{}", id::base32(&random::bytes::<10>())));
    fs::create_dir(&directory).unwrap();
    let store = Store::open(&directory.join("test.db"), Options::default()).unwrap();
    Scratch { store, directory }
}

pub(crate) struct Scratch {
    store: Store,
    directory: PathBuf,
}

impl Deref for Scratch {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.store.close();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
