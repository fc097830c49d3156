//! Asking for a secret at the terminal.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::CliError;
use crate::access::secret::Secret;

/// Bytes of a line that are read.
const LONGEST: u64 = 4_096;

/// A line from standard input. At a terminal it is asked for, and not shown while it is typed.
pub(super) fn secret(label: &str) -> Result<Secret, CliError> {
    let stdin = io::stdin();
    let quiet = if stdin.is_terminal() {
        let mut err = io::stderr().lock();
        write!(err, "{label}")?;
        err.flush()?;
        Some(Quiet::begin()?)
    } else {
        None
    };
    let mut line = Zeroizing::new(String::new());
    stdin.lock().take(LONGEST).read_line(&mut line)?;
    if quiet.is_some() {
        writeln!(io::stderr().lock())?;
    }
    drop(quiet);
    let line = line.trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        return Err(CliError::other("standard input: expected a line"));
    }
    Ok(Secret::new(line))
}

/// A terminal that doesn't show what is typed, until this is dropped.
struct Quiet(rustix::termios::Termios);

impl Quiet {
    fn begin() -> Result<Self, CliError> {
        let before = tcgetattr(io::stdin()).map_err(io::Error::from)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent).map_err(io::Error::from)?;
        Ok(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
