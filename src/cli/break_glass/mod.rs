//! `portcullis break-glass`

mod drill;
mod second_factor;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::error::read_file;
use super::{CliError, Global, output};
use crate::access::break_glass::{self, BreakGlassError, Change, Networks, Operator};
use crate::access::password::{Gate, GateLimits};
use crate::access::secret::Secret;
use crate::clock::{self, Timestamp};
use crate::observe::audit::Author;
use crate::store::Store;

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
    /// Limit from where an account opens, and whether it has to be armed first
    Set(Set),
    /// Open an account that needs arming, for some hours
    Arm {
        /// Its name
        name: String,
        /// For how long from now (1 to 72)
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..=break_glass::MOST_HOURS))]
        hours: u64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Close an account that was armed, and end its sessions
    Disarm {
        /// Its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Prove that an account opens: does what a sign-in does, and keeps what came of it
    Drill(drill::Run),
    /// List the drills, newest first
    Drills {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// A code of an authenticator application besides the password
    #[command(subcommand)]
    SecondFactor(second_factor::SecondFactor),
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

#[derive(Debug, clap::Args)]
pub(super) struct Set {
    /// Its name
    name: String,
    /// Sign in from this network or address only; may be given several times, and replaces what was
    /// allowed before
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    network: Vec<String>,
    /// Sign in from anywhere
    #[arg(long, conflicts_with = "network")]
    any_network: bool,
    /// Whether it opens only for some hours after `break-glass arm` on this machine
    #[arg(long, value_name = "BOOL")]
    needs_arming: Option<bool>,
    /// Print JSON
    #[arg(long)]
    json: bool,
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

fn gate() -> Gate {
    Gate::new(GateLimits::default())
}

impl BreakGlass {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let now = clock::now();
        let by = Author::command_line();
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
            Self::List { json } => list(&global.open()?, now, json),
            Self::Set(set) => set.run(global, by, now),
            Self::Arm { name, hours, json } => {
                let store = global.open()?;
                let armed = store.write(move |tx| break_glass::arm(tx, &name, hours, &by, now))?;
                show(&store, &armed, now, json)
            }
            Self::Disarm { name, json } => {
                let store = global.open()?;
                let closed = store.write(move |tx| break_glass::disarm(tx, &name, &by, now))?;
                show(&store, &closed, now, json)
            }
            Self::Drill(drill) => drill.run(global, &by, now),
            Self::Drills { json } => drill::list(global, json),
            Self::SecondFactor(command) => command.run(global, by, now),
            Self::Disable { name, force, json } => {
                let store = global.open()?;
                let changed =
                    store.write(move |tx| break_glass::disable(tx, &name, force, &by, now))?;
                show(&store, &changed, now, json)
            }
            Self::Enable { name, json } => {
                let store = global.open()?;
                let changed = store.write(move |tx| break_glass::enable(tx, &name, &by, now))?;
                show(&store, &changed, now, json)
            }
        }
    }
}

impl Set {
    fn run(self, global: &Global, by: Author, now: Timestamp) -> Result<(), CliError> {
        let networks = match (self.any_network, self.network.as_slice()) {
            (true, _) => Some(Networks::anywhere()),
            (false, []) => None,
            (false, given) => Some(Networks::parse(given.iter().map(String::as_str))?),
        };
        if networks.is_none() && self.needs_arming.is_none() {
            return Err(CliError::other(
                "nothing to set: give --network CIDR, --any-network or --needs-arming true|false",
            ));
        }
        let wanted = Change {
            networks,
            needs_arming: self.needs_arming,
        };
        let name = self.name;
        let store = global.open()?;
        let (changed, warnings) = store.write(move |tx| {
            let changed = break_glass::change(tx, &name, &wanted, &by, now)?;
            Ok::<_, BreakGlassError>((changed, break_glass::warnings(tx)?))
        })?;
        let view = store.read(|conn| break_glass::view(conn, &changed, now))?;
        if self.json {
            let mut value =
                serde_json::to_value(view).map_err(|e| CliError::other(e.to_string()))?;
            if let Some(object) = value.as_object_mut() {
                object.insert("warnings".into(), warnings.into());
            }
            return output::json(&value);
        }
        let opens = match (changed.needs_arming, changed.is_armed(now)) {
            (false, _) => "at any time",
            (true, true) => "while it is armed, as it is now",
            (true, false) => "only after `portcullis break-glass arm`",
        };
        output::fields(&[
            ("Break-glass account", changed.name.clone()),
            ("Opens to", changed.networks.to_string()),
            ("Opens", opens.to_owned()),
        ])?;
        for warning in warnings {
            output::note(&format!("Mind: {warning}"));
        }
        Ok(())
    }
}

fn list(store: &Store, now: Timestamp, json: bool) -> Result<(), CliError> {
    let views = store.read(|conn| {
        break_glass::list(conn)?
            .iter()
            .map(|operator| break_glass::view(conn, operator, now))
            .collect::<Result<Vec<_>, _>>()
    })?;
    if json {
        return output::json(&json!({ "items": views }));
    }
    let rows: Vec<Vec<String>> = views
        .iter()
        .map(|view| {
            let networks = match view.networks.as_slice() {
                [] => "anywhere".to_owned(),
                some => some.join(","),
            };
            let armed = match (view.needs_arming, view.armed) {
                (false, _) => "not needed",
                (true, true) => "armed",
                (true, false) => "not armed",
            };
            let drilled = match view.last_drill {
                None => "never".to_owned(),
                Some(last) if last.passed => format!("passed {}", last.at),
                Some(last) => format!("FAILED {}", last.at),
            };
            let used = match view.last_used_at {
                None => "never".to_owned(),
                Some(at) if view.password_used => format!("{at}, reset its password"),
                Some(at) => at.to_string(),
            };
            vec![
                view.username.clone(),
                view.state.to_owned(),
                networks,
                armed.to_owned(),
                if view.second_factor { "yes" } else { "no" }.to_owned(),
                drilled,
                used,
            ]
        })
        .collect();
    output::table(
        &[
            "ACCOUNT",
            "STATE",
            "FROM",
            "ARMING",
            "CODE",
            "DRILL",
            "LAST USED",
        ],
        &rows,
    )
}

fn state(operator: &Operator, now: Timestamp) -> String {
    match (operator.disabled_at, operator.armed_until) {
        (Some(_), _) => "disabled".to_owned(),
        (None, Some(until)) if until > now => format!("armed until {until}"),
        (None, _) if operator.needs_arming => "enabled, not armed".to_owned(),
        (None, _) => "enabled".to_owned(),
    }
}

fn show(store: &Store, operator: &Operator, now: Timestamp, json: bool) -> Result<(), CliError> {
    if json {
        return output::json(&store.read(|conn| break_glass::view(conn, operator, now))?);
    }
    output::line(&format!("{}: {}", operator.name, state(operator, now)))
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

/// A JSON list of secrets, for the one answer that shows them.
fn exposed(secrets: &[Secret]) -> Value {
    secrets
        .iter()
        .map(|secret| json!(secret.expose()))
        .collect()
}
