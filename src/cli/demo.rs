//! `portcullis demo`

use clap::Args;

use super::{CliError, Global};

/// The whole product on this machine alone: the appliance with a temporary database, and a
/// simulated Okta.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// End after the story instead of leaving both running to click through
    #[arg(long)]
    once: bool,
}

impl Demo {
    pub(super) fn run(&self, _global: &Global) -> Result<(), CliError> {
        crate::demo::play(self.once).map_err(|e| CliError::other(e.to_string()))
    }
}
