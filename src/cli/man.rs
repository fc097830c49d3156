//! `portcullis man`

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::{Args, CommandFactory as _};

use super::{Cli, CliError};

#[derive(Debug, Args)]
pub(super) struct Man {
    /// Write one page per command into this directory instead of the main page to standard output
    #[arg(long, value_name = "DIRECTORY")]
    output: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let command = Cli::command();
        match &self.output {
            Some(directory) => {
                clap_mangen::generate_to(command, directory).map_err(|source| CliError::File {
                    path: directory.display().to_string(),
                    source,
                })
            }
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(command).render(&mut page)?;
                Ok(io::stdout().lock().write_all(&page)?)
            }
        }
    }
}
