//! `portcullis step-up`

use std::str::FromStr;

use clap::Subcommand;
use serde_json::json;

use super::{CliError, Global, output};
use crate::access::step_up::{self, MINUTES};
use crate::clock;
use crate::observe::audit::Author;

#[derive(Debug, Subcommand)]
pub(super) enum StepUp {
    /// Show how old a sign-in may be for dangerous actions
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Set it
    Set {
        /// Minutes, 1 to 1440; off: as old as the session
        #[arg(long, value_name = "MINUTES")]
        within: Within,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl StepUp {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let store = global.open()?;
        let json = match self {
            Self::Show { json } => json,
            Self::Set { within, json } => {
                let now = clock::now();
                store.write(move |tx| step_up::set(tx, within.0, &Author::command_line(), now))?;
                json
            }
        };
        let minutes = store.read(step_up::minutes)?;
        if json {
            return output::json(&json!({ "minutes": minutes }));
        }
        output::line(&match minutes {
            Some(minutes) => {
                format!("Dangerous actions need a sign-in of the last {minutes} minutes.")
            }
            None => "Dangerous actions need no recent sign-in.".to_owned(),
        })
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Within(Option<u32>);

impl FromStr for Within {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self(None));
        }
        text.parse()
            .ok()
            .filter(|minutes| MINUTES.contains(minutes))
            .map(|minutes| Self(Some(minutes)))
            .ok_or("expected minutes from 1 to 1440, or off")
    }
}
