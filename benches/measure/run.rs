//! Running something often enough, alone or from many threads, and saying what it cost.

use std::fmt;
use std::fs;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// `cargo bench` measures in full. `cargo test --benches` only wants to know that the benchmarks
/// still work, and gets a twentieth of it.
pub(crate) fn in_full() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// A duration, or a twentieth of it where nobody reads the figures.
pub(crate) fn wall(full: Duration) -> Duration {
    if in_full() { full } else { full / 20 }
}

/// A number of things, or a twentieth of it.
pub(crate) fn scale(full: usize) -> usize {
    if in_full() { full } else { full / 20 }
}

/// The time on a processor that one call takes, on this thread alone. Time on a processor, not on
/// the clock: other programs may be running.
pub(crate) fn cpu_per_call(mut call: impl FnMut()) -> Duration {
    for _ in 0..10 {
        call();
    }
    let enough = wall(Duration::from_secs(1));
    let before = this_thread();
    let mut calls = 0;
    loop {
        for _ in 0..50 {
            call();
        }
        calls += 50;
        let spent = this_thread().saturating_sub(before);
        if spent >= enough {
            return spent / calls;
        }
    }
}

/// What came of many calls at once.
pub(crate) struct Figures {
    per_second: f64,
    cpu_per_call: Duration,
    p50: Duration,
    p99: Duration,
    pub(crate) calls: usize,
}

impl Figures {
    pub(crate) fn per_second(&self) -> f64 {
        self.per_second
    }

    pub(crate) fn cpu_per_call(&self) -> Duration {
        self.cpu_per_call
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>8.0}/s   p50 {:>7.2} ms   p99 {:>7.2} ms   processor {:>5} µs each",
            self.per_second,
            self.p50.as_secs_f64() * 1e3,
            self.p99.as_secs_f64() * 1e3,
            self.cpu_per_call.as_micros(),
        )
    }
}

/// Calls from `threads` threads at once until each has `enough` of it. A call is told the number
/// of its thread and its own, and says whether there is one more to make.
pub(crate) fn at_once(
    threads: usize,
    enough: Duration,
    call: impl Fn(usize, usize) -> bool + Sync,
) -> Figures {
    let line = Barrier::new(threads + 1);
    let (mut times, elapsed, spent) = thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                let (line, call) = (&line, &call);
                scope.spawn(move || {
                    let mut times = Vec::new();
                    line.wait();
                    let end = Instant::now() + enough;
                    loop {
                        let start = Instant::now();
                        if start >= end || !call(thread, times.len()) {
                            return times;
                        }
                        times.push(start.elapsed());
                    }
                })
            })
            .collect();
        let before = this_process();
        line.wait();
        let start = Instant::now();
        let times: Vec<_> = running
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        let spent = this_process().saturating_sub(before);
        (times, start.elapsed(), spent)
    });
    assert!(!times.is_empty(), "nothing was measured");
    times.sort_unstable();
    Figures {
        per_second: times.len() as f64 / elapsed.as_secs_f64(),
        cpu_per_call: spent / u32::try_from(times.len()).unwrap(),
        p50: times[times.len() / 2],
        p99: times[times.len() * 99 / 100],
        calls: times.len(),
    }
}

fn this_thread() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = text.split(' ').next().unwrap().parse().unwrap();
    Duration::from_nanos(nanoseconds)
}

/// User and system time of all threads, in steps of Linux's 10 ms (proc(5), `/proc/pid/stat`).
fn this_process() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = text.rsplit_once(')').unwrap();
    let ticks: u64 = fields
        .split_ascii_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().unwrap())
        .sum();
    Duration::from_millis(ticks * 10)
}
