//! `portcullis keys`

use clap::Subcommand;
use serde_json::json;

use super::{CliError, Global, output};
use crate::clock;
use crate::directory::key_roll;
use crate::observe::audit::Author;

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Show the SAML key pairs and when they end
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make the next key pair; it stands in our metadata beside the present one
    Roll {
        /// Which
        #[arg(value_parser = ["saml-signing", "saml-encryption"])]
        kind: String,
        /// saml-signing alone: days until the new key signs (0: at once, at most 365) [default: 14]
        #[arg(long, value_name = "DAYS")]
        switch_days: Option<u16>,
        /// Days that the old key stays after that (at most 365) [default: 30]
        #[arg(long, value_name = "DAYS")]
        keep_days: Option<u16>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Keys {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let now = clock::now();
        let store = global.open()?;
        let (json, steps) = match self {
            Self::List { json } => (json, None),
            Self::Roll {
                kind,
                switch_days,
                keep_days,
                json,
            } => {
                let kind = key_roll::kind(&kind)?;
                let by = Author::command_line();
                key_roll::roll(&store, kind, switch_days, keep_days, &by, now)?;
                (json, Some(key_roll::steps(kind)))
            }
        };
        let keys = store.read(|conn| key_roll::list(conn, now))?;
        if json {
            return output::json(&json!({ "items": keys, "steps": steps }));
        }
        let time = |at: Option<clock::Timestamp>| at.map_or("-".to_owned(), |at| at.to_string());
        if keys.is_empty() {
            output::line("No key pair yet; each is made when it is first needed.")?;
        }
        for key in &keys {
            output::fields(&[
                ("Kind", format!("{}, {}", key.kind, key.state)),
                ("Ends", key.not_after.to_string()),
                ("Begins", time(key.begins_at)),
                ("Retires", time(key.retires_at)),
                ("SHA-256", key.fingerprint.clone()),
            ])?;
            output::line("")?;
        }
        for step in steps.unwrap_or_default() {
            output::line(step)?;
        }
        Ok(())
    }
}
