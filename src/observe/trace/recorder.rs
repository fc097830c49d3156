//! Traces of what was accepted, written in batches.
//!
//! An identity provider pushes thousands of people, and a change of its own for each trace would
//! make every push wait behind two. So these are gathered in memory and written together, at most a
//! fifth of a second later. What is refused isn't gathered: its reference may be read out at once.
//! A crash loses what was gathered, which is at most that fifth of a second of traces; the changes
//! themselves and their lines in the audit log are on disk before they are answered.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::json;

use super::{About, Kind, Outcome, Record, write};
use crate::clock::{self, Timestamp};
use crate::store::{Store, StoreError};

/// How long a trace waits for others.
const WAIT: Duration = Duration::from_millis(200);

/// So many are written without waiting longer.
const BATCH: usize = 64;

/// So many are gathered, at most; further ones are counted only. With 16 KB of detail each this is
/// 32 MB at the very worst, and there are so many only while the writer is far behind.
const MOST: usize = 2_048;

/// Gathers traces; its thread writes them.
pub struct Recorder {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    store: Store,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    records: Vec<(Record, Timestamp)>,
    dropped: u64,
    stopping: bool,
}

impl Recorder {
    /// A recorder for this store. Its thread rests until there is something to write.
    pub fn new(store: Store) -> Self {
        let shared = Arc::new(Shared {
            store,
            waiting: Mutex::default(),
            changed: Condvar::new(),
        });
        let working = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("traces".into())
            .spawn(move || working.work())
            .inspect_err(|error| tracing::error!(%error, "no thread for traces"))
            .ok();
        Self {
            shared,
            thread: Mutex::new(thread),
        }
    }

    /// Takes a trace; without room it is counted, and the count is traced.
    pub fn add(&self, record: Record, now: Timestamp) {
        let mut waiting = self.shared.waiting();
        if waiting.records.len() >= MOST {
            waiting.dropped += 1;
            return;
        }
        waiting.records.push((record, now));
        let enough = waiting.records.len();
        drop(waiting);
        if enough == 1 || enough == BATCH {
            self.shared.changed.notify_one();
        }
    }

    /// Writes what was gathered until now, so that whoever looks finds it.
    pub fn flush(&self) {
        let taken = self.shared.take();
        self.shared.write(taken);
    }

    /// Writes what was gathered and ends the thread. To be called before the store is closed.
    pub fn stop(&self) {
        self.shared.waiting().stopping = true;
        self.shared.changed.notify_one();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the thread of the traces panicked");
        }
        self.flush();
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        loop {
            let waiting = self
                .changed
                .wait_while(self.waiting(), |waiting| {
                    waiting.records.is_empty() && !waiting.stopping
                })
                .unwrap_or_else(PoisonError::into_inner);
            if waiting.stopping {
                return;
            }
            let (waiting, _) = self
                .changed
                .wait_timeout_while(waiting, WAIT, |waiting| {
                    waiting.records.len() < BATCH && !waiting.stopping
                })
                .unwrap_or_else(PoisonError::into_inner);
            drop(waiting);
            self.write(self.take());
        }
    }

    /// Those that wait, and one that tells how many were dropped.
    fn take(&self) -> Vec<(Record, Timestamp)> {
        let mut waiting = self.waiting();
        let mut taken = std::mem::take(&mut waiting.records);
        let dropped = std::mem::take(&mut waiting.dropped);
        drop(waiting);
        if dropped > 0 {
            tracing::warn!(
                dropped,
                "accepted exchanges were not traced: too many at once"
            );
            taken.push((not_traced(dropped), clock::now()));
        }
        taken
    }

    /// Writes in one change. Where that can't be had, they are counted as dropped.
    fn write(&self, records: Vec<(Record, Timestamp)>) {
        if records.is_empty() {
            return;
        }
        let count = records.len();
        let written = self.store.write(move |tx| {
            for (record, at) in &records {
                write(tx, record, *at)?;
            }
            Ok::<_, StoreError>(())
        });
        if let Err(error) = written {
            tracing::warn!(%error, count, "accepted exchanges were not traced");
            self.waiting().dropped += u64::try_from(count).unwrap_or(u64::MAX);
        }
    }
}

fn not_traced(count: u64) -> Record {
    Record {
        kind: Kind::Scim,
        organization_id: None,
        provider_id: None,
        outcome: Outcome::Accepted,
        code: "not-traced".to_owned(),
        about: About::default(),
        summary: format!("{count} accepted exchanges were not traced: too many at once"),
        detail: json!({ "count": count }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::trace;
    use crate::store::Options;

    fn record(n: usize) -> Record {
        Record {
            summary: n.to_string(),
            ..not_traced(0)
        }
    }

    fn store(name: &str) -> (Store, std::path::PathBuf) {
        let folder = std::env::temp_dir().join(format!("portcullis-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let store = Store::open(&folder.join("x.db"), Options::default()).unwrap();
        (store, folder)
    }

    #[test]
    fn what_is_gathered_gets_written() {
        let (store, folder) = store("recorder");
        let recorder = Recorder::new(store.clone());
        let now = clock::now();
        let count = || {
            store
                .read(|conn| trace::list(conn, None, None, 200))
                .unwrap()
                .len()
        };
        recorder.add(record(0), now);
        recorder.flush();
        assert_eq!(count(), 1);
        // By itself, before long.
        recorder.add(record(1), now);
        let began = std::time::Instant::now();
        while count() < 2 {
            assert!(began.elapsed() < Duration::from_secs(10));
            thread::sleep(Duration::from_millis(20));
        }
        // And at the end.
        for n in 2..150 {
            recorder.add(record(n), now);
        }
        recorder.stop();
        assert_eq!(count(), 150);
        store.close();
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let (store, folder) = store("recorder-full");
        let recorder = Recorder::new(store.clone());
        recorder.stop();
        let now = clock::now();
        for n in 0..MOST + 7 {
            recorder.add(record(n), now);
        }
        recorder.flush();
        let newest = store.read(|conn| trace::list(conn, None, None, 1)).unwrap();
        assert_eq!(newest[0].code, "not-traced");
        assert_eq!(newest[0].detail["count"], 7);
        store.close();
        std::fs::remove_dir_all(folder).unwrap();
    }
}
