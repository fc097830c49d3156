//! `portcullis webhook`

use clap::Subcommand;
use serde_json::json;

use super::{CliError, Global, output};
use crate::clock;
use crate::observe::audit::Author;
use crate::observe::webhook::{self, Address, Kinds};

#[derive(Debug, Subcommand)]
pub(super) enum WebhookCommand {
    /// Send events to an address; its signing secret is shown this once
    Add {
        /// https, or http to this machine
        url: String,
        /// Only events of this kind, such as break-glass.used; may be given several times
        #[arg(long, value_name = "KIND", value_delimiter = ',')]
        kind: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the webhooks and how their deliveries went
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Delete a webhook and what waits to be sent to it
    Delete {
        /// Its id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Send it a test now, once
    Test {
        /// Its id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl WebhookCommand {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let now = clock::now();
        let by = Author::command_line();
        match self {
            Self::Add { url, kind, json } => {
                let address: Address = url.parse()?;
                let kinds = Kinds::of(kind.iter().map(String::as_str))?;
                let (made, secret) = global
                    .open_or_create()?
                    .write(move |tx| webhook::add(tx, &address, &kinds, &by, now))?;
                if json {
                    return output::json(&json!({
                        "id": made.id,
                        "url": made.url,
                        "kinds": made.kinds,
                        "secret": secret.as_str(),
                    }));
                }
                output::fields(&[
                    ("Webhook", made.id),
                    ("Secret (shown this once)", secret.as_str().to_owned()),
                ])
            }
            Self::List { json } => {
                let all = global.open()?.read(webhook::list)?;
                if json {
                    return output::json(&json!({ "items": all }));
                }
                let rows: Vec<Vec<String>> = all
                    .into_iter()
                    .map(|hook| {
                        let kinds = match hook.kinds.as_slice() {
                            [] => "all".to_owned(),
                            some => some.join(","),
                        };
                        let arrived = hook
                            .last_delivered_at
                            .map_or_else(|| "never".to_owned(), |at| at.to_string());
                        let error = hook.last_error.unwrap_or_else(|| "-".to_owned());
                        let waiting = hook.pending.to_string();
                        vec![hook.id, kinds, waiting, arrived, error, hook.url]
                    })
                    .collect();
                output::table(
                    &["ID", "KINDS", "WAITING", "LAST ARRIVED", "ERROR", "ADDRESS"],
                    &rows,
                )
            }
            Self::Delete { id, json } => {
                let gone = global
                    .open()?
                    .write(move |tx| webhook::delete(tx, &id, &by, now))?;
                if json {
                    return output::json(&json!({ "id": gone.id, "deleted": true }));
                }
                output::line(&format!("{}: deleted", gone.id))
            }
            Self::Test { id, json } => {
                let store = global.open()?;
                let event = store.write(move |tx| webhook::test_once(tx, &id, &by, now))?;
                let wrong = webhook::try_once(&store, &event)?;
                if json {
                    output::json(&json!({
                        "event": event,
                        "delivered": wrong.is_none(),
                        "error": wrong,
                    }))?;
                }
                match wrong {
                    None if json => Ok(()),
                    None => output::line("delivered"),
                    Some(error) => Err(CliError::other(format!("not delivered: {error}"))),
                }
            }
        }
    }
}
