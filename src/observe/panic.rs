//! Panics as lines of the log.
//!
//! A panic is a mistake in this program. The standard library's hook would print it to standard
//! error in a form of its own, between the lines of the log, with its payload: text made of
//! whatever was at hand, which may be anybody's. Here it's where it happened, in the log's own
//! form; the payload is told only where it is a text of the source, with nothing put into it.

use std::io::Write as _;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Whether there is a log to write to; commands other than the server have none.
static LOGGED: AtomicBool = AtomicBool::new(false);

/// From now on a panic is told in one line on standard error.
pub fn take_over() {
    std::panic::set_hook(Box::new(tell));
}

/// From now on that line is one of the log.
pub(super) fn to_log() {
    LOGGED.store(true, Ordering::Release);
}

fn tell(info: &PanicHookInfo<'_>) {
    let current = thread::current();
    let thread = current.name().unwrap_or("unnamed");
    let location = info
        .location()
        .map(|at| format!("{}:{}:{}", at.file(), at.line(), at.column()))
        .unwrap_or_default();
    let said = info.payload().downcast_ref::<&'static str>().copied();
    if LOGGED.load(Ordering::Acquire) {
        tracing::error!(thread, location, said, "panicked");
        return;
    }
    let said = said.map(|said| format!(": {said}")).unwrap_or_default();
    // There is nobody left to tell if this fails.
    let _ = writeln!(
        std::io::stderr(),
        "portcullis: panicked at {location} in thread {thread}{said}"
    );
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::super::log::{self, LogFormat};

    /// The hook is the whole process's, so what it says is looked at from outside: this test
    /// program runs one of the next three alone.
    fn said_by(test: &str) -> String {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--nocapture"])
            .arg(format!("observe::panic::tests::{test}"))
            .env_remove("RUST_BACKTRACE")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!text.contains("ann@acme.com"), "{text}");
        let of_hook: Vec<_> = text.lines().filter(|l| l.contains("panicked")).collect();
        assert_eq!(of_hook.len(), 1, "{text}");
        of_hook.concat()
    }

    #[test]
    fn where_and_in_which_thread_but_not_whose() {
        let line = said_by("a_panic_with_somebody_in_it_into_the_log");
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["message"], "panicked");
        assert_eq!(line["level"], "ERROR");
        assert_eq!(line["thread"], "edge-7");
        let location = line["location"].as_str().unwrap();
        assert!(location.starts_with("src/observe/panic.rs:"), "{location}");
        assert!(line.get("said").is_none(), "{line}");

        let line = said_by("a_panic_with_somebody_in_it_without_a_log");
        assert!(
            line.starts_with("portcullis: panicked at src/observe/panic.rs:"),
            "{line}"
        );
        assert!(line.ends_with("in thread edge-7"), "{line}");

        let line = said_by("a_panic_in_words_of_the_source");
        assert!(line.ends_with("in thread edge-7: no such thing"), "{line}");
    }

    fn panic_in_a_thread(panic: fn()) {
        super::take_over();
        let thread = std::thread::Builder::new().name("edge-7".into());
        assert!(thread.spawn(panic).unwrap().join().is_err());
    }

    #[test]
    #[ignore = "run by where_and_in_which_thread_but_not_whose"]
    fn a_panic_with_somebody_in_it_into_the_log() {
        log::init(LogFormat::Json).unwrap();
        panic_in_a_thread(|| {
            let name = String::from("ann@acme.com");
            panic!("no such user: {name}");
        });
    }

    #[test]
    #[ignore = "run by where_and_in_which_thread_but_not_whose"]
    fn a_panic_with_somebody_in_it_without_a_log() {
        panic_in_a_thread(|| {
            let users: Vec<String> = vec!["ann@acme.com".into()];
            users.iter().try_for_each(Err::<(), _>).unwrap();
        });
    }

    #[test]
    #[ignore = "run by where_and_in_which_thread_but_not_whose"]
    fn a_panic_in_words_of_the_source() {
        panic_in_a_thread(|| panic!("no such thing"));
    }
}
