//! `portcullis break-glass`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::error::read_file;
use super::{CliError, Global, output};
use crate::access::break_glass::{self, Operator};
use crate::access::password::{Gate, GateLimits};
use crate::access::secret::Secret;
use crate::clock;
use crate::observe::audit::Author;

#[derive(Debug, Subcommand)]
pub(super) enum BreakGlass {
    /// Make an account; a generated password is shown this once
    Create {
        /// Its name
        name: String,
        /// Take the password from the first line of this file instead of generating one
        #[arg(
            long,
            env = "PORTCULLIS_BREAK_GLASS_PASSWORD_FILE",
            value_name = "FILE"
        )]
        password_file: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give an account another password and end its sessions
    ResetPassword {
        /// Its name
        name: String,
        /// Take the password from the first line of this file instead of generating one
        #[arg(
            long,
            env = "PORTCULLIS_BREAK_GLASS_PASSWORD_FILE",
            value_name = "FILE"
        )]
        password_file: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the accounts
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Keep an account from signing in and end its sessions
    Disable {
        /// Its name
        name: String,
        /// Even if it is the last one that can sign in
        #[arg(long)]
        force: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let a disabled account sign in again
    Enable {
        /// Its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// The password in a file: its first line.
pub(super) fn password_in(file: &Path) -> Result<Secret, CliError> {
    let content = zeroize::Zeroizing::new(read_file(file, 4096)?);
    let text = std::str::from_utf8(&content)
        .map_err(|_| CliError::other(format!("{}: expected UTF-8 text", file.display())))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(CliError::other(format!(
            "{}: the first line is empty",
            file.display()
        )));
    }
    Ok(Secret::new(line))
}

impl BreakGlass {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let (by, now) = (Author::command_line(), clock::now());
        let gate = || Gate::new(GateLimits::default());
        match self {
            Self::Create {
                name,
                password_file,
                json,
            } => {
                let password = password_file.as_deref().map(password_in).transpose()?;
                let store = global.open_or_create()?;
                let (made, generated) =
                    break_glass::create(&store, &gate(), &name, password, &by, now)?;
                show_password(&made, generated.as_ref(), json)
            }
            Self::ResetPassword {
                name,
                password_file,
                json,
            } => {
                let password = password_file.as_deref().map(password_in).transpose()?;
                let store = global.open()?;
                let (changed, generated) =
                    break_glass::reset_password(&store, &gate(), &name, password, &by, now)?;
                show_password(&changed, generated.as_ref(), json)
            }
            Self::List { json } => {
                let all = global.open()?.read(break_glass::list)?;
                if json {
                    let items: Vec<Value> = all.iter().map(as_json).collect();
                    return output::json(&json!({ "items": items }));
                }
                let rows: Vec<Vec<String>> = all
                    .iter()
                    .map(|o| {
                        let used = o
                            .last_used_at
                            .map_or_else(|| "never".to_owned(), |at| at.to_string());
                        vec![o.name.clone(), state(o).to_owned(), used]
                    })
                    .collect();
                output::table(&["ACCOUNT", "STATE", "LAST USED"], &rows)
            }
            Self::Disable { name, force, json } => {
                let changed = global
                    .open()?
                    .write(move |tx| break_glass::disable(tx, &name, force, &by, now))?;
                show(&changed, json)
            }
            Self::Enable { name, json } => {
                let changed = global
                    .open()?
                    .write(move |tx| break_glass::enable(tx, &name, &by, now))?;
                show(&changed, json)
            }
        }
    }
}

fn state(operator: &Operator) -> &'static str {
    if operator.disabled_at.is_some() {
        "disabled"
    } else {
        "enabled"
    }
}

fn as_json(operator: &Operator) -> Value {
    json!({
        "id": operator.id,
        "username": operator.name,
        "state": state(operator),
        "created_at": operator.created_at,
        "password_changed_at": operator.password_changed_at,
        "last_used_at": operator.last_used_at,
    })
}

fn show(operator: &Operator, json: bool) -> Result<(), CliError> {
    if json {
        return output::json(&as_json(operator));
    }
    output::line(&format!("{}: {}", operator.name, state(operator)))
}

fn show_password(
    operator: &Operator,
    generated: Option<&Secret>,
    json: bool,
) -> Result<(), CliError> {
    if json {
        return output::json(&json!({
            "username": operator.name,
            "password": generated.map(Secret::expose),
        }));
    }
    let password = generated.map_or("as given", Secret::expose);
    output::fields(&[
        ("Break-glass account", operator.name.clone()),
        ("Password (shown this once)", password.to_owned()),
    ])
}
