//! `portcullis demo`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::{CliError, Global};

/// The whole product on this machine alone: the appliance with a temporary database, and a
/// simulated Okta.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// End after the story instead of leaving both running to click through
    #[arg(long)]
    once: bool,
    /// In place of the global one, to hide it: the story has a database of its own
    #[arg(long, hide = true, value_name = "FILE")]
    data: Option<PathBuf>,
}

impl Demo {
    pub(super) fn run(&self, _global: &Global) -> Result<(), CliError> {
        // The global option's default comes here, too, so the value doesn't say who gave it.
        let given = |argument: OsString| {
            let text = argument.to_string_lossy();
            text == "--data" || text.starts_with("--data=")
        };
        if self.data.is_some() && std::env::args_os().any(given) {
            return Err(CliError::other(
                "the demo has a database of its own, which is gone when it ends: leave --data out",
            ));
        }
        crate::demo::play(self.once).map_err(|e| CliError::other(e.to_string()))
    }
}
