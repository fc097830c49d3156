//! `portcullis provider metadata` and `portcullis provider refresh`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::error::read_file;
use crate::cli::{CliError, Global, output};
use crate::clock::Timestamp;
use crate::directory::metadata_poll::{self, Difference, Mode};
use crate::directory::provider::{self, Provider};
use crate::observe::audit::Author;
use crate::saml::certificate::{self, Certificate};
use crate::store::Store;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum MetadataCommand {
    /// Show how it is followed, what the last look brought and what waits
    Show {
        /// The provider's id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change how it is followed
    Set {
        /// The provider's id
        id: String,
        /// off; ask: a published certificate waits for your word; automatic: it is pinned (https or
        /// --metadata-dir only)
        #[arg(long, value_name = "MODE")]
        mode: Option<Mode>,
        /// The metadata must be signed with the key of this certificate (PEM)
        #[arg(long, value_name = "FILE")]
        metadata_certificate_file: Option<PathBuf>,
        /// The metadata need not be signed any more
        #[arg(long, conflicts_with = "metadata_certificate_file")]
        no_metadata_certificate: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Pin a certificate that waits
    Accept(Word),
    /// Refuse a certificate that waits; it isn't asked about again while it is published
    Refuse(Word),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Word {
    /// The provider's id
    id: String,
    /// The certificate's SHA-256
    fingerprint: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Refresh {
    /// The provider's id
    id: String,
    /// Change nothing; say what differs
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl MetadataCommand {
    pub(in crate::cli) fn run(self, global: &Global, now: Timestamp) -> Result<(), CliError> {
        let store = global.open()?;
        match self {
            Self::Show { id, json } => show(&store, &find(&store, &id)?, json),
            Self::Set {
                id,
                mode,
                metadata_certificate_file,
                no_metadata_certificate,
                json,
            } => {
                let trust = match metadata_certificate_file {
                    Some(path) => {
                        let given = read_file(&path, certificate::MAX_SIZE as u64)?;
                        Some(Some(Certificate::parse(&given).map_err(|e| {
                            CliError::other(format!("--metadata-certificate-file: {e}"))
                        })?))
                    }
                    None => no_metadata_certificate.then_some(None),
                };
                let found = find(&store, &id)?;
                let its = found.clone();
                let by = Author::command_line();
                store.write(move |tx| {
                    let trust = trust.as_ref().map(Option::as_ref);
                    metadata_poll::set(tx, &its, mode, trust, &by, now)
                })?;
                show(&store, &found, json)
            }
            Self::Accept(word) => word.give(&store, true, now),
            Self::Refuse(word) => word.give(&store, false, now),
        }
    }
}

impl Word {
    fn give(self, store: &Store, accept: bool, now: Timestamp) -> Result<(), CliError> {
        let found = find(store, &self.id)?;
        let its = found.clone();
        let fingerprint = self.fingerprint.trim().to_ascii_lowercase();
        let by = Author::command_line();
        store.write(move |tx| metadata_poll::decide(tx, &its, &fingerprint, accept, &by, now))?;
        show(store, &found, self.json)
    }
}

impl Refresh {
    pub(in crate::cli) fn run(self, global: &Global, now: Timestamp) -> Result<(), CliError> {
        let store = global.open()?;
        let found = find(&store, &self.id)?;
        if self.dry_run {
            let document = metadata_poll::fetch(&store, &found)?.0?;
            let (_, differences) =
                store.read(|conn| metadata_poll::compare(conn, &found, &document, now))?;
            if self.json {
                return output::json(&json!({ "differences": differences }));
            }
            return list(&differences);
        }
        metadata_poll::look(&store, &found, &Author::command_line(), now)?;
        let watch = store.read(|conn| metadata_poll::watch(conn, &found))?;
        show(&store, &found, self.json)?;
        match watch.failure {
            Some(failure) => Err(CliError::other(failure)),
            None => Ok(()),
        }
    }
}

fn find(store: &Store, id: &str) -> Result<Provider, CliError> {
    Ok(store.read(|conn| provider::find(conn, id))?)
}

fn show(store: &Store, provider: &Provider, json: bool) -> Result<(), CliError> {
    let watch = store.read(|conn| metadata_poll::watch(conn, provider))?;
    if json {
        return output::json(&watch);
    }
    let none = || "-".to_owned();
    output::fields(&[
        ("Mode", format!("{:?}", watch.mode).to_lowercase()),
        ("Metadata URL", watch.url.unwrap_or_else(none)),
        ("Signed with", watch.trust.unwrap_or_else(none)),
        (
            "Looked at",
            watch.looked_at.map_or_else(none, |at| at.to_string()),
        ),
        ("Failure", watch.failure.unwrap_or_else(none)),
    ])?;
    list(&watch.differences)?;
    for addition in &watch.additions {
        let state = if addition.refused_at.is_some() {
            "refused"
        } else {
            "waits"
        };
        output::line(&format!("{state}: {}", addition.fingerprint))?;
    }
    Ok(())
}

fn list(differences: &[Difference]) -> Result<(), CliError> {
    let rows: Vec<Vec<String>> = differences
        .iter()
        .map(|it| {
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
            vec![it.what.clone(), text(&it.here), text(&it.published)]
        })
        .collect();
    if rows.is_empty() {
        return output::line("What is published is what is here.");
    }
    output::table(&["WHAT", "HERE", "PUBLISHED"], &rows)
}
