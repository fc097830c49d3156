//! `portcullis break-glass drill` and `drills`

use std::io::IsTerminal as _;
use std::net::IpAddr;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::{CliError, Global, output, prompt};
use super::{gate, password_in};
use crate::access::break_glass;
use crate::access::break_glass::drill::{self, Attempt};
use crate::clock::{self, Timestamp};
use crate::observe::audit::Author;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Run {
    /// The account
    name: String,
    /// Take the password from the first line of this file instead of asking for it
    #[arg(
        long,
        env = "PORTCULLIS_BREAK_GLASS_PASSWORD_FILE",
        value_name = "FILE"
    )]
    password_file: Option<PathBuf>,
    /// A code of the authenticator application, where the account has a second factor
    #[arg(long)]
    code: Option<String>,
    /// An address that the account has to open to
    #[arg(long, value_name = "ADDRESS")]
    from: Option<IpAddr>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Run {
    pub(super) fn run(self, global: &Global, by: &Author, now: Timestamp) -> Result<(), CliError> {
        let store = global.open()?;
        // Before anything is asked for.
        let operator = store.read(|conn| break_glass::find(conn, &self.name))?;
        let password = match &self.password_file {
            Some(file) => password_in(file)?,
            None => prompt::secret(&format!("Password of {}: ", operator.name))?,
        };
        let code = match self.code {
            None if operator.second_factor && std::io::stdin().is_terminal() => {
                Some(prompt::secret("Code: ")?.expose().to_owned())
            }
            given => given,
        };
        // Typing takes its time, and a code lasts half a minute.
        let now = if self.password_file.is_some() {
            now
        } else {
            clock::now()
        };
        let attempt = Attempt {
            password,
            code,
            from: self.from,
        };
        let drill = drill::run(&store, &gate(), &operator.name, attempt, by, now)?;
        if self.json {
            output::json(&drill)?;
        } else {
            for check in &drill.checks {
                let mark = if check.passed { "✓" } else { "✗" };
                output::line(&format!("{mark} {:13}  {}", check.check, check.note))?;
            }
        }
        if drill.passed {
            return Ok(());
        }
        Err(CliError::other(format!(
            "the drill failed: {} would not have opened",
            drill.account
        )))
    }
}

pub(super) fn list(global: &Global, json: bool) -> Result<(), CliError> {
    let drills = global.open()?.read(drill::list)?;
    if json {
        return output::json(&json!({ "items": drills }));
    }
    let rows: Vec<Vec<String>> = drills
        .iter()
        .map(|drill| {
            let failed: Vec<&str> = drill
                .checks
                .as_array()
                .into_iter()
                .flatten()
                .filter(|check| check.get("passed").and_then(Value::as_bool) == Some(false))
                .filter_map(|check| check.get("check").and_then(Value::as_str))
                .collect();
            let came = if drill.passed {
                "passed".to_owned()
            } else {
                format!("FAILED: {}", failed.join(", "))
            };
            vec![drill.at.to_string(), drill.account.clone(), came]
        })
        .collect();
    output::table(&["AT", "ACCOUNT", "RESULT"], &rows)
}
