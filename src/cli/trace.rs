//! `portcullis trace`

use clap::Subcommand;
use serde_json::json;

use super::{CliError, Global, output};
use crate::directory::slug::Slug;
use crate::directory::{DirectoryError, organization};
use crate::observe::trace::{self, Filter, Outcome};

#[derive(Debug, Subcommand)]
pub(super) enum TraceCommand {
    /// List the newest traces
    List {
        /// Only those of this organization; without it, break-glass sign-ins, too
        #[arg(long, value_name = "SLUG")]
        org: Option<Slug>,
        /// At most this many (1 to 200)
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
        limit: u16,
        /// Go on after this: the `next` of the page before
        #[arg(long)]
        after: Option<String>,
        /// Only accepted or only refused ones
        #[arg(long, value_parser = ["accepted", "refused"])]
        outcome: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the trace with a reference number: each check, what was expected, what came
    Show {
        /// The reference number of a failed sign-in's page
        reference: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl TraceCommand {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let store = global.open()?;
        match self {
            Self::List {
                org,
                limit,
                after,
                outcome,
                json: as_json,
            } => {
                let outcome = outcome.as_deref().and_then(Outcome::parse);
                let items = store.read(|conn| {
                    let organization = org
                        .as_ref()
                        .map(|slug| organization::find(conn, slug.as_str()))
                        .transpose()?;
                    let filter = Filter {
                        organization_id: organization.as_ref().map(|o| o.id.as_str()),
                        outcome,
                        ..Filter::default()
                    };
                    let limit = usize::from(limit);
                    Ok::<_, DirectoryError>(trace::search(conn, &filter, after.as_deref(), limit)?)
                })?;
                if as_json {
                    let next = items.last().map(|t| t.reference.clone());
                    let next = next.filter(|_| items.len() == usize::from(limit));
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
                output::table(&["REFERENCE", "TIME", "CHECK", "SUMMARY"], &rows)
            }
            Self::Show {
                reference,
                json: as_json,
            } => {
                let found = store
                    .read(|conn| trace::find(conn, &reference))?
                    .ok_or_else(|| CliError::other(format!("there is no trace {reference}")))?;
                if as_json {
                    return output::json(&found);
                }
                let part = |key: &str| {
                    let text = found.detail.get(key).and_then(|v| v.as_str());
                    text.filter(|text| !text.is_empty()).map(str::to_owned)
                };
                let mut rows = vec![
                    ("Reference", found.reference.clone()),
                    ("Time", found.at.to_string()),
                    ("Outcome", found.outcome.as_str().to_owned()),
                    ("Check", found.code.clone()),
                    ("Summary", found.summary.clone()),
                ];
                for (name, key) in [("Expected", "expected"), ("Got", "got"), ("To do", "fix")] {
                    rows.extend(part(key).map(|text| (name, text)));
                }
                output::fields(&rows)?;
                for check in found
                    .detail
                    .get("checks")
                    .and_then(|c| c.as_array())
                    .into_iter()
                    .flatten()
                {
                    let text = |key: &str| {
                        check
                            .get(key)
                            .and_then(|v| v.as_str())
                            .unwrap_or_default()
                            .to_owned()
                    };
                    let passed = check
                        .get("passed")
                        .and_then(|v| v.as_bool())
                        .unwrap_or(false);
                    let mark = if passed { "✓" } else { "✗" };
                    output::line(&format!("  {mark} {}: {}", text("code"), text("got")))?;
                }
                Ok(())
            }
        }
    }
}
