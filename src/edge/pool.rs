//! Threads for connections, made when needed and kept for a while.
//!
//! One thread per connection costs, while it is idle, its few touched pages of stack; in return
//! handlers are plain blocking code. There are never more threads than places in the registry.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Address space, of which only what is used becomes memory. What needs the most is the parsing
/// of nested XML in a SAML response, together with the frames of a TLS handshake below it: both
/// fit into a quarter of this in an optimised build, and unoptimised frames are several times as
/// large. A thousand of these are 1 GiB of address space, the default of 2 MiB or 8 MiB would
/// meet the limits that containers and strict overcommit set.
const STACK: usize = 1 << 20;

/// How long a thread waits for its next connection before it ends.
const REST: Duration = Duration::from_secs(10);

/// Threads that do one kind of job.
pub(super) struct Pool<J> {
    shared: Arc<Shared<J>>,
}

struct Shared<J> {
    work: Box<dyn Fn(J) + Send + Sync>,
    queue: Mutex<Queue<J>>,
    ready: Condvar,
}

struct Queue<J> {
    jobs: VecDeque<J>,
    /// Threads there are.
    threads: usize,
    /// Those of them that wait for a job.
    resting: usize,
}

impl<J: Send + 'static> Pool<J> {
    pub(super) fn new(work: impl Fn(J) + Send + Sync + 'static) -> Self {
        Self {
            shared: Arc::new(Shared {
                work: Box::new(work),
                queue: Mutex::new(Queue {
                    jobs: VecDeque::new(),
                    threads: 0,
                    resting: 0,
                }),
                ready: Condvar::new(),
            }),
        }
    }

    /// Has a job done by a thread that rests, or a new one. On an error no thread could be made:
    /// the job waits for one that becomes free, or is dropped if there are none at all.
    pub(super) fn run(&self, job: J) -> io::Result<()> {
        let mut queue = self.shared.queue();
        queue.jobs.push_back(job);
        if queue.resting >= queue.jobs.len() {
            self.shared.ready.notify_one();
            return Ok(());
        }
        queue.threads += 1;
        drop(queue);
        let shared = Arc::clone(&self.shared);
        let made = thread::Builder::new()
            .name("connection".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                while let Some(job) = shared.next() {
                    // A job that panics must not take its thread out of the count.
                    let _ = catch_unwind(AssertUnwindSafe(|| (shared.work)(job)));
                }
            });
        let Err(error) = made else { return Ok(()) };
        let mut queue = self.shared.queue();
        queue.threads -= 1;
        let nobody = queue.threads == 0;
        let abandoned = if nobody { queue.jobs.pop_back() } else { None };
        drop(queue);
        drop(abandoned);
        Err(error)
    }
}

impl<J> Shared<J> {
    fn next(&self) -> Option<J> {
        let mut queue = self.queue();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            queue.resting += 1;
            let (woken, rest) = self
                .ready
                .wait_timeout(queue, REST)
                .unwrap_or_else(PoisonError::into_inner);
            queue = woken;
            queue.resting -= 1;
            if rest.timed_out() && queue.jobs.is_empty() {
                queue.threads -= 1;
                return None;
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue<J>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn jobs_run_at_once_and_threads_are_used_again() {
        let (done, results) = mpsc::channel();
        let pool = Pool::new(move |release: mpsc::Receiver<()>| {
            release.recv().unwrap();
            done.send(thread::current().id()).unwrap();
        });
        let (first, wait) = mpsc::channel();
        pool.run(wait).unwrap();
        let (second, wait) = mpsc::channel();
        pool.run(wait).unwrap();
        second.send(()).unwrap();
        let free = results.recv().unwrap();
        while pool.shared.queue().resting == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        let (third, wait) = mpsc::channel();
        pool.run(wait).unwrap();
        third.send(()).unwrap();
        assert_eq!(results.recv().unwrap(), free);
        first.send(()).unwrap();
        assert_ne!(results.recv().unwrap(), free);
    }
}
