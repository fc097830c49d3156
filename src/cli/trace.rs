//! `portcullis trace`

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::audit::time;
use super::{CliError, Global, output, trace_document};
use crate::clock::{self, Timestamp};
use crate::directory::slug::Slug;
use crate::directory::{DirectoryError, organization};
use crate::observe::audit::Author;
use crate::observe::trace::retention::{self, Wanted};
use crate::observe::trace::{self, Filter, Kind, Outcome, Trace, bundle, document};
use crate::store::Store;

/// Traces that an export reads at once.
const STEP: usize = 200;

#[derive(Debug, Subcommand)]
pub(super) enum TraceCommand {
    /// List the newest traces
    List {
        #[command(flatten)]
        wanted: Box<Which>,
        /// At most this many (1 to 200)
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
        limit: u16,
        /// Go on after this: the `next` of the page before
        #[arg(long)]
        after: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the trace with a reference number: each check, what was expected, what came
    Show {
        /// The reference number of a failed sign-in's page
        reference: String,
        /// Print the response itself, as it came; it is kept sealed, and reading it is audited
        #[arg(long)]
        raw: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Verify the response of a sign-in again: today's configuration, the clock of then
    ///
    /// Says which checks change and what to do. Nobody is signed in by it. What is true once only
    /// (the request ID, that the assertion was not used before) is named, not repeated. Ends with 0
    /// if the response would be accepted today, else with 1.
    Replay {
        /// The reference number
        reference: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Put a trace together for support, as one JSON file with nobody in it
    Bundle {
        /// The reference number
        reference: String,
        /// The file to write [default: standard output]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Write traces as JSON lines, newest first
    Export {
        #[command(flatten)]
        wanted: Box<Which>,
        /// Leave out everything that says who anybody is, for somebody outside
        #[arg(long)]
        redacted: bool,
        /// The file to write [default: standard output]
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Show or change how many traces are kept and for how long
    Retention {
        /// Days, at most 3650 [default: 30]
        #[arg(long)]
        days: Option<i64>,
        /// Accepted exchanges, at least 1000 [default: 50000]
        #[arg(long, value_name = "NUMBER")]
        accepted: Option<i64>,
        /// Refused exchanges, at least 1000 [default: 100000]
        #[arg(long, value_name = "NUMBER")]
        refused: Option<i64>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Which traces.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Only those of this organization; without it, break-glass sign-ins, too
    #[arg(long, value_name = "SLUG")]
    org: Option<Slug>,
    /// Only of this kind
    #[arg(long, value_parser = ["saml", "scim", "break-glass"])]
    kind: Option<String>,
    /// Only accepted or only refused ones
    #[arg(long, value_parser = ["accepted", "refused"])]
    outcome: Option<String>,
    /// Only with this code, such as uniqueness or brake-held
    #[arg(long)]
    code: Option<String>,
    /// Only those asked by this method
    #[arg(long, ignore_case = true, value_parser = ["GET", "POST", "PUT", "PATCH", "DELETE"])]
    method: Option<String>,
    /// Only those answered with this status
    #[arg(long, value_parser = clap::value_parser!(u16).range(100..=599))]
    status: Option<u16>,
    /// Only those about the user or group of this id
    #[arg(long, value_name = "ID")]
    resource: Option<String>,
    /// Only those asked with the token of this id
    #[arg(long, value_name = "ID")]
    token: Option<String>,
    /// Only from this time on, such as 2026-03-03T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,
}

impl Which {
    fn page(
        &self,
        store: &Store,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Trace>, CliError> {
        let method = self.method.as_deref().map(str::to_ascii_uppercase);
        let found = store.read(|conn| {
            let organization = self
                .org
                .as_ref()
                .map(|slug| organization::find(conn, slug.as_str()))
                .transpose()?;
            let filter = Filter {
                organization_id: organization.as_ref().map(|o| o.id.as_str()),
                kind: self.kind.as_deref().and_then(Kind::parse),
                outcome: self.outcome.as_deref().and_then(Outcome::parse),
                code: self.code.as_deref(),
                method: method.as_deref(),
                status: self.status,
                resource: self.resource.as_deref(),
                token: self.token.as_deref(),
                since: self.since,
            };
            Ok::<_, DirectoryError>(trace::search(conn, &filter, after, limit)?)
        })?;
        Ok(found)
    }
}

impl TraceCommand {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let store = global.open()?;
        match self {
            Self::List {
                wanted,
                limit,
                after,
                json,
            } => list(&store, &wanted, after.as_deref(), usize::from(limit), json),
            Self::Show {
                reference,
                raw: true,
                json,
            } => trace_document::raw(&store, &reference, json),
            Self::Show {
                reference, json, ..
            } => show(&store, &reference, json),
            Self::Replay { reference, json } => trace_document::replay(&store, &reference, json),
            Self::Bundle { reference, output } => {
                trace_document::bundle(&store, &reference, output.as_deref())
            }
            Self::Export {
                wanted,
                redacted,
                output,
            } => export(&store, &wanted, redacted, output),
            Self::Retention {
                days,
                accepted,
                refused,
                json,
            } => {
                let wanted = Wanted {
                    days,
                    accepted,
                    refused,
                };
                keep(&store, wanted, json)
            }
        }
    }
}

fn list(
    store: &Store,
    wanted: &Which,
    after: Option<&str>,
    limit: usize,
    as_json: bool,
) -> Result<(), CliError> {
    let items = wanted.page(store, after, limit)?;
    let next = items.last().map(|t| t.reference.clone());
    let next = next.filter(|_| items.len() == limit);
    if as_json {
        return output::json(&json!({ "items": items, "next": next }));
    }
    let rows: Vec<Vec<String>> = items
        .iter()
        .map(|t| {
            vec![
                t.reference.clone(),
                t.at.to_string(),
                t.code.clone(),
                t.summary.clone(),
            ]
        })
        .collect();
    output::table(&["REFERENCE", "TIME", "CHECK", "SUMMARY"], &rows)?;
    match next {
        Some(next) => output::line(&format!("More: --after {next}")),
        None => Ok(()),
    }
}

fn show(store: &Store, reference: &str, as_json: bool) -> Result<(), CliError> {
    let found = find(store, reference)?;
    let kept = store.read(|conn| document::size(conn, &found))?;
    if as_json {
        let mut value = json!(found);
        if let Some(object) = value.as_object_mut() {
            let kept = kept.map(|bytes| json!({ "bytes": bytes }));
            object.insert("document".to_owned(), json!(kept));
        }
        return output::json(&value);
    }
    let part = |key: &str| {
        let text = match found.detail.get(key)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(text).filter(|text| !text.is_empty())
    };
    let mut rows = vec![
        ("Reference", found.reference.clone()),
        ("Time", found.at.to_string()),
        ("Outcome", found.outcome.as_str().to_owned()),
        ("Check", found.code.clone()),
        ("Summary", found.summary.clone()),
    ];
    for (name, key) in [
        ("Expected", "expected"),
        ("Got", "got"),
        ("To do", "fix"),
        ("Detail", "detail"),
        ("Query", "query"),
        ("Client", "client"),
        ("Token", "token"),
        ("Headers", "headers"),
        ("Body", "body"),
        ("Forgiven", "notes"),
        ("Changed", "changes"),
        ("Not done", "undone"),
        ("Took ms", "took_ms"),
    ] {
        rows.extend(part(key).map(|text| (name, text)));
    }
    if let Some(bytes) = kept {
        rows.push((
            "Response",
            format!("{bytes} bytes, kept sealed (--raw shows it)"),
        ));
    }
    output::fields(&rows)?;
    let checks = found.detail.get("checks").and_then(Value::as_array);
    for check in checks.into_iter().flatten() {
        output::line(&check_line(check))?;
    }
    Ok(())
}

/// One check on a line; of one that failed, what was expected, too.
pub(super) fn check_line(check: &Value) -> String {
    let text =
        |key: &str| output::printable(check.get(key).and_then(Value::as_str).unwrap_or_default());
    let (code, name, got) = (text("code"), text("name"), text("got"));
    let passed = check.get("passed").and_then(Value::as_bool) == Some(true);
    let what = match (name.as_str(), code.as_str()) {
        ("", code) => code.to_owned(),
        (name, code) if !passed && !code.is_empty() => format!("{name} ({code})"),
        (name, _) => name.to_owned(),
    };
    match passed {
        true => format!("  ✓ {what}: {got}"),
        false => format!("  ✗ {what}: {got} (expected: {})", text("expected")),
    }
}

/// The trace of a reference.
pub(super) fn find(store: &Store, reference: &str) -> Result<Trace, CliError> {
    store
        .read(|conn| trace::find(conn, reference))?
        .ok_or_else(|| {
            CliError::other(format!(
                "there is no trace {reference} here; `portcullis trace list` shows the newest"
            ))
        })
}

fn export(
    store: &Store,
    wanted: &Which,
    redacted: bool,
    file: Option<PathBuf>,
) -> Result<(), CliError> {
    let mut out: Box<dyn Write> = match &file {
        None => Box::new(io::stdout().lock()),
        Some(path) => Box::new(BufWriter::new(File::create(path).map_err(|source| {
            CliError::File {
                path: path.display().to_string(),
                source,
            }
        })?)),
    };
    let mut after: Option<String> = None;
    let mut written = 0_usize;
    loop {
        let page = wanted.page(store, after.as_deref(), STEP)?;
        written += page.len();
        for trace in &page {
            let line = if redacted {
                bundle::without_people(trace)
            } else {
                json!(trace)
            };
            writeln!(out, "{line}")?;
        }
        match page.last() {
            Some(last) if page.len() == STEP => after = Some(last.reference.clone()),
            _ => break,
        }
    }
    out.flush()?;
    match file {
        Some(path) => output::line(&format!("Traces written to {}: {written}", path.display())),
        None => Ok(()),
    }
}

fn keep(store: &Store, wanted: Wanted, as_json: bool) -> Result<(), CliError> {
    if let Some((field, expected)) = wanted.wrong() {
        return Err(DirectoryError::invalid(field, expected).into());
    }
    let kept = store
        .write(move |tx| retention::change(tx, &wanted, &Author::command_line(), clock::now()))?;
    if as_json {
        return output::json(&kept);
    }
    output::line(&format!(
        "Traces are kept for {} days: at most {} of what was accepted and {} of what was refused.",
        kept.days, kept.accepted, kept.refused
    ))
}
