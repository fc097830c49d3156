//! `portcullis provider certificate`

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use crate::cli::error::read_file;
use crate::cli::{CliError, Global, output};
use crate::clock::Timestamp;
use crate::directory::{certificates, provider};
use crate::observe::audit::Author;
use crate::saml::certificate::{self, Certificate};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CertificateCommand {
    /// Pin one beside the others, before the identity provider signs with it
    Add {
        /// The provider's id
        id: String,
        /// The certificate (PEM)
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List them: where each came from, when it ends, when it last verified a sign-in
    List {
        /// The provider's id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take one away: what is signed with it is refused from then on
    Remove {
        /// The provider's id
        id: String,
        /// Its SHA-256, as the list shows it
        fingerprint: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl CertificateCommand {
    pub(in crate::cli) fn run(self, global: &Global, now: Timestamp) -> Result<(), CliError> {
        let store = global.open()?;
        let by = Author::command_line();
        let (id, json) = match self {
            Self::Add { id, file, json } => {
                let given = read_file(&file, certificate::MAX_SIZE as u64)?;
                let parsed = Certificate::parse(&given)
                    .map_err(|e| CliError::other(format!("--file: {e}")))?;
                let its = id.clone();
                store.write(move |tx| {
                    certificates::add(tx, &provider::find(tx, &its)?, &parsed, &by, now)
                })?;
                (id, json)
            }
            Self::List { id, json } => (id, json),
            Self::Remove {
                id,
                fingerprint,
                json,
            } => {
                let its = id.clone();
                store.write(move |tx| {
                    certificates::remove(tx, &provider::find(tx, &its)?, &fingerprint, &by, now)
                })?;
                (id, json)
            }
        };
        let items = store.read(|conn| {
            provider::find(conn, &id)?;
            certificates::list(conn, &id, now)
        })?;
        if json {
            return output::json(&json!({ "items": items }));
        }
        let rows: Vec<Vec<String>> = items
            .iter()
            .map(|it| {
                let used = it
                    .last_used_at
                    .map_or("never".to_owned(), |at| at.to_string());
                let end = it.not_after.to_string();
                vec![it.source.clone(), end, used, it.fingerprint.clone()]
            })
            .collect();
        output::table(&["SOURCE", "ENDS", "LAST USED", "SHA-256"], &rows)
    }
}
