//! The one thread that writes.
//!
//! A batch is `BEGIN IMMEDIATE`, a savepoint around each job, `COMMIT`. It takes jobs until the
//! queue is empty or the batch is full; nobody is answered before the `COMMIT` has returned, so an
//! answer means that the change is on disk.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle, ThreadId};

use rusqlite::Connection;

use super::{OpenError, StoreError};

/// Jobs in one commit: enough to share an fsync, few enough that the first doesn't wait long for
/// the last.
const BATCH: usize = 256;

pub(super) struct Writer {
    queue: RwLock<Option<SyncSender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    thread_id: ThreadId,
}

impl Writer {
    pub(super) fn start(conn: Connection, queue: usize) -> Result<Self, OpenError> {
        let path = conn.path().unwrap_or_default().into();
        let (sender, receiver) = sync_channel(queue.max(1));
        let thread = thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || work(conn, &receiver))
            .map_err(|source| OpenError::Io { path, source })?;
        Ok(Self {
            thread_id: thread.thread().id(),
            queue: RwLock::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
        })
    }

    pub(super) fn write<T, E>(
        &self,
        change: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if thread::current().id() == self.thread_id {
            return Err(StoreError::Nested.into());
        }
        let (answer, answered) = sync_channel(1);
        self.enqueue(Box::new(Awaited {
            change: Some(change),
            result: None,
            answer,
        }))?;
        // No deadline: the queue ahead is bounded and its jobs don't wait, and giving up here
        // would leave the caller not knowing whether the change was made.
        answered
            .recv()
            .unwrap_or_else(|_| Err(StoreError::Stopped.into()))
    }

    pub(super) fn write_later(
        &self,
        change: impl FnOnce(&Connection) -> Result<(), StoreError> + Send + 'static,
    ) {
        if self.enqueue(Box::new(Unawaited(Some(change)))).is_err() {
            tracing::debug!("a minor change was dropped: the database is busy or closed");
        }
    }

    /// Lets the waiting jobs finish, then ends the thread.
    pub(super) fn close(&self) {
        drop(
            self.queue
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // The last handle on a store may be dropped by a job, on the writer's own thread.
        if let Some(thread) = thread
            && thread::current().id() != self.thread_id
            && thread.join().is_err()
        {
            tracing::error!("the writer thread panicked");
        }
    }

    fn enqueue(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = queue.as_ref() else {
            return Err(StoreError::Stopped);
        };
        sender.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Stopped,
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

trait Job: Send {
    /// Does the work; false asks for it to be undone.
    fn run(&mut self, conn: &Connection) -> bool;
    /// Answers whoever waits, now that it's known whether the batch was kept.
    fn settle(self: Box<Self>, kept: Result<(), &Failure>);
}

struct Awaited<F, T, E> {
    change: Option<F>,
    result: Option<Result<T, E>>,
    answer: SyncSender<Result<T, E>>,
}

impl<F, T, E> Job for Awaited<F, T, E>
where
    F: FnOnce(&Connection) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, conn: &Connection) -> bool {
        let Some(change) = self.change.take() else {
            return false;
        };
        let result = caught(|| change(conn)).unwrap_or_else(|panicked| Err(panicked.into()));
        self.result.insert(result).is_ok()
    }

    fn settle(self: Box<Self>, kept: Result<(), &Failure>) {
        let result = match (self.result, kept) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(failure)) => Err(failure.to_error().into()),
            (Some(done), Ok(())) => done,
            (None, Ok(())) => Err(StoreError::Stopped.into()),
        };
        // Whoever asked has gone; there's nobody left to tell.
        let _ = self.answer.send(result);
    }
}

struct Unawaited<F>(Option<F>);

impl<F> Job for Unawaited<F>
where
    F: FnOnce(&Connection) -> Result<(), StoreError> + Send,
{
    fn run(&mut self, conn: &Connection) -> bool {
        let Some(change) = self.0.take() else {
            return false;
        };
        let result = caught(|| change(conn)).unwrap_or_else(Err);
        if let Err(error) = &result {
            tracing::warn!(%error, "a minor change failed");
        }
        result.is_ok()
    }

    fn settle(self: Box<Self>, _: Result<(), &Failure>) {}
}

fn caught<R>(work: impl FnOnce() -> R) -> Result<R, StoreError> {
    // The connection is the only thing shared with other jobs, and the savepoint restores it.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload: Box<dyn Any + Send>| {
        // A payload may panic in turn when it is dropped.
        std::mem::forget(payload);
        StoreError::Panicked
    })
}

/// Why a batch was not kept.
enum Failure {
    Busy,
    Sqlite(Arc<rusqlite::Error>),
}

impl Failure {
    fn new(error: rusqlite::Error) -> Self {
        match StoreError::from(error) {
            StoreError::Sqlite(error) => Self::Sqlite(Arc::new(error)),
            _ => Self::Busy,
        }
    }

    fn to_error(&self) -> StoreError {
        match self {
            Self::Busy => StoreError::Busy,
            Self::Sqlite(error) => StoreError::NotCommitted(Arc::clone(error)),
        }
    }
}

fn work(conn: Connection, queue: &Receiver<Box<dyn Job>>) {
    // Receiving fails once every sender is gone and the queue is empty: the orderly end.
    while let Ok(first) = queue.recv() {
        let mut jobs = Vec::with_capacity(16);
        let kept = batch(&conn, first, queue, &mut jobs);
        if kept.is_err() {
            undo(&conn);
        }
        for job in jobs {
            job.settle(kept.as_ref().copied());
        }
    }
    // Only tidiness: the log is as durable as the file, and the next start reads it.
    if let Err(error) = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        tracing::debug!(%error, "the last checkpoint was not made");
    }
}

/// Runs `first` and what else is waiting; every job taken from the queue is in `jobs` afterwards.
fn batch(
    conn: &Connection,
    first: Box<dyn Job>,
    queue: &Receiver<Box<dyn Job>>,
    jobs: &mut Vec<Box<dyn Job>>,
) -> Result<(), Failure> {
    if let Err(error) = statement(conn, "BEGIN IMMEDIATE") {
        // Another process holds the lock. Those who queued up meanwhile have waited as long, and
        // each waiting once more in turn would take minutes.
        jobs.push(first);
        jobs.extend(queue.try_iter().take(BATCH - 1));
        return Err(Failure::new(error));
    }
    let mut next = Some(first);
    while let Some(mut job) = next {
        let done = one(conn, job.as_mut());
        jobs.push(job);
        done?;
        next = if jobs.len() < BATCH {
            queue.try_recv().ok()
        } else {
            None
        };
    }
    statement(conn, "COMMIT").map_err(Failure::new)
}

fn one(conn: &Connection, job: &mut dyn Job) -> Result<(), Failure> {
    statement(conn, "SAVEPOINT job").map_err(Failure::new)?;
    let keep = job.run(conn);
    // On some errors (disk full, I/O) SQLite drops the whole transaction by itself, and with it
    // the earlier jobs of the batch. ROLLBACK TO and RELEASE then fail, and so must the batch.
    if !keep {
        statement(conn, "ROLLBACK TO job").map_err(Failure::new)?;
    }
    statement(conn, "RELEASE job").map_err(Failure::new)
}

fn undo(conn: &Connection) {
    if !conn.is_autocommit()
        && let Err(error) = statement(conn, "ROLLBACK")
    {
        tracing::error!(%error, "a batch could not be rolled back");
    }
}

fn statement(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute([]).map(|_| ())
}
