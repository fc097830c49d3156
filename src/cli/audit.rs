//! `portcullis audit`

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use data_encoding::HEXLOWER_PERMISSIVE;
use serde_json::{Value, json};

use super::output::{self, printable};
use super::{CliError, Global};
use crate::clock::{self, Timestamp};
use crate::directory::slug::Slug;
use crate::directory::{DirectoryError, Level, organization, past};
use crate::observe::audit::export::{self, Format};
use crate::observe::audit::{self, ACTIONS, Author, Filter, retention};
use crate::store::{Store, StoreError};

/// Lines that are read at once.
const STEP: usize = 500;

/// Characters of one line of a checkpoint file.
const LONGEST_LINE: u64 = 1 << 20;

/// Checkpoints in one file.
const MOST_CHECKPOINTS: usize = 1_000_000;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// List the newest lines of the log
    List(List),
    /// Print the log, oldest line first, for other programs
    Export {
        /// Only the lines of this organization
        #[arg(long, value_name = "SLUG")]
        org: Option<Slug>,
        /// jsonl, cef or ocsf
        #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
        format: Format,
        /// Only lines after the one with this number
        #[arg(long, value_name = "SEQ", default_value_t = 0)]
        after: i64,
        /// The same as --format jsonl
        #[arg(long, conflicts_with = "format")]
        json: bool,
    },
    /// Check that no line was changed, taken out, put in, moved or cut off
    Verify {
        /// Hold the log to the checkpoints, or to the exported lines, in this file
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print how far the log is, to be kept where nobody who can change the log can change it
    Checkpoint {
        /// Print JSON, which it does anyway
        #[arg(long)]
        json: bool,
    },
    /// Remove the oldest lines; the rest can still be checked
    Prune {
        /// Lines older than this, such as 400d [default: what `audit retention` says]
        #[arg(long, value_name = "DAYS", value_parser = days)]
        older_than: Option<u32>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show or set how long lines are kept
    Retention {
        /// Such as 400d, or forever
        #[arg(long, value_name = "DAYS", value_parser = days_or_forever)]
        keep: Option<Keep>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the words for what happens
    Actions {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Who had a level at some time
    Who {
        /// The organization's slug
        #[arg(long)]
        org: Slug,
        /// admin, editor, runner or viewer
        #[arg(long)]
        level: Level,
        /// Such as 2026-03-03T12:00:00Z [default: now]
        #[arg(long, value_name = "TIME", value_parser = time)]
        at: Option<Timestamp>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only the lines of this organization
    #[arg(long, value_name = "SLUG")]
    org: Option<Slug>,
    /// Only what was done by whoever has this id, or this name
    #[arg(long, value_name = "ID")]
    actor: Option<String>,
    /// Only what was done to whatever has this id, or this name
    #[arg(long, value_name = "ID")]
    target: Option<String>,
    /// Only this, such as user.deactivated
    #[arg(long, value_name = "WORD", value_parser = action)]
    action: Option<String>,
    /// From this time on
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Timestamp>,
    /// At most this many (1 to 200)
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
    /// Go on after this: the `next` of the page before
    #[arg(long, value_name = "SEQ")]
    after: Option<i64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// For how long; `None` is for good.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keep(Option<u32>);

pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "expected a time such as 2026-03-03T12:00:00Z".to_owned())
}

fn action(text: &str) -> Result<String, String> {
    if ACTIONS.iter().any(|(word, _)| *word == text) {
        return Ok(text.to_owned());
    }
    let words: Vec<&str> = ACTIONS.iter().map(|(word, _)| *word).collect();
    Err(format!("expected one of {}", words.join(", ")))
}

fn days(text: &str) -> Result<u32, String> {
    text.strip_suffix('d')
        .and_then(|number| number.parse().ok())
        .filter(|days| retention::DAYS.contains(days))
        .ok_or_else(|| "expected days from 1d to 36500d, such as 400d".to_owned())
}

fn days_or_forever(text: &str) -> Result<Keep, String> {
    if text == "forever" {
        return Ok(Keep(None));
    }
    days(text)
        .map(|days| Keep(Some(days)))
        .map_err(|_| "expected days such as 400d, or forever".to_owned())
}

impl AuditCommand {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let open = || global.open();
        match self {
            Self::Actions { json } => actions(json),
            Self::List(list) => list.run(&open()?),
            Self::Export {
                org, format, after, ..
            } => export(&open()?, org.as_ref(), format, after),
            Self::Verify { checkpoint, json } => verify(&open()?, checkpoint.as_deref(), json),
            Self::Checkpoint { .. } => {
                let now = clock::now();
                output::json(&open()?.read(|conn| audit::checkpoint(conn, now))?)
            }
            Self::Prune { older_than, json } => prune(&open()?, older_than, json),
            Self::Retention { keep, json } => keep_for(&open()?, keep, json),
            Self::Who {
                org,
                level,
                at,
                json,
            } => who(&open()?, &org, level, at, json),
        }
    }
}

impl List {
    fn run(self, store: &Store) -> Result<(), CliError> {
        let limit = usize::from(self.limit);
        let lines = store.read(|conn| {
            let organization = self
                .org
                .as_ref()
                .map(|slug| organization::find(conn, slug.as_str()))
                .transpose()?;
            let filter = Filter {
                organization_id: organization.as_ref().map(|o| o.id.as_str()),
                actor: self.actor.as_deref(),
                target: self.target.as_deref(),
                action: self.action.as_deref(),
                from: self.from,
                to: self.to,
            };
            Ok::<_, DirectoryError>(audit::search(conn, &filter, self.after, limit)?)
        })?;
        let next = lines
            .last()
            .filter(|_| lines.len() == limit)
            .map(|line| line.row.seq.to_string());
        if self.json {
            let items: Vec<Value> = lines.iter().map(audit::Line::view).collect();
            return output::json(&json!({ "items": items, "next": next }));
        }
        let rows: Vec<Vec<String>> = lines
            .iter()
            .map(|line| {
                let row = &line.row;
                vec![
                    row.seq.to_string(),
                    Timestamp::from_millis(row.at).to_string(),
                    row.action.clone(),
                    printable(&row.target_name),
                    format!("{} ({})", printable(&row.actor_name), row.via),
                ]
            })
            .collect();
        output::table(&["LINE", "TIME", "ACTION", "TARGET", "BY"], &rows)?;
        if let Some(next) = next {
            output::note(&format!("more: --after {next}"));
        }
        Ok(())
    }
}

fn actions(json: bool) -> Result<(), CliError> {
    if json {
        let items: Vec<Value> = ACTIONS
            .iter()
            .map(|(word, said)| json!({ "action": word, "means": said }))
            .collect();
        return output::json(&json!({ "items": items }));
    }
    let rows: Vec<Vec<String>> = ACTIONS
        .iter()
        .map(|(word, said)| vec![(*word).to_owned(), (*said).to_owned()])
        .collect();
    output::table(&["ACTION", "MEANS"], &rows)
}

fn export(
    store: &Store,
    org: Option<&Slug>,
    format: Format,
    mut after: i64,
) -> Result<(), CliError> {
    let organization = org
        .map(|slug| store.read(|conn| organization::find(conn, slug.as_str())))
        .transpose()?;
    let id = organization.as_ref().map(|o| o.id.as_str());
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    loop {
        // A page at a time, so that the log may grow meanwhile.
        let page = store.read(|conn| export::page(conn, id, after, STEP))?;
        for line in &page {
            writeln!(out, "{}", line.render(format))?;
            after = line.line.row.seq;
        }
        if page.len() < STEP {
            return Ok(out.flush()?);
        }
    }
}

fn verify(store: &Store, checkpoint: Option<&Path>, json: bool) -> Result<(), CliError> {
    let checkpoints = checkpoint
        .map(checkpoints_in)
        .transpose()?
        .unwrap_or_default();
    let report = store.read(|conn| audit::verify(conn, &checkpoints))?;
    if json {
        output::json(&report)?;
    } else if report.ok {
        output::line(&format!(
            "{} lines, nothing wrong; the last is {} with the hash {}",
            report.checked,
            report.last_seq.unwrap_or(0),
            report.hash
        ))?;
    } else {
        for found in &report.problems {
            match found.seq {
                Some(seq) => output::line(&format!("line {seq}: {}", found.problem))?,
                None => output::line(&found.problem)?,
            }
        }
    }
    if report.ok {
        Ok(())
    } else {
        Err(CliError::other(format!(
            "the audit log is not what was written: {} problems in {} lines",
            report.problems_total, report.checked
        )))
    }
}

/// The numbers and hashes in a file of JSON lines: checkpoints, or an export.
fn checkpoints_in(path: &Path) -> Result<Vec<(i64, Vec<u8>)>, CliError> {
    let failed = |source| CliError::File {
        path: path.display().to_string(),
        source,
    };
    let mut reader = BufReader::new(File::open(path).map_err(failed)?);
    let mut found = Vec::new();
    loop {
        let mut line = String::new();
        let read = reader
            .by_ref()
            .take(LONGEST_LINE)
            .read_line(&mut line)
            .map_err(failed)?;
        if read == 0 {
            break;
        }
        if line.trim().is_empty() {
            continue;
        }
        let number = found.len() + 1;
        let wrong = || {
            CliError::other(format!(
                "{}: line {number} is neither a checkpoint nor an exported line: expected JSON \
                 with seq and hash",
                path.display()
            ))
        };
        let value: Value = serde_json::from_str(&line).map_err(|_| wrong())?;
        let seq = value.get("seq").and_then(Value::as_i64).ok_or_else(wrong)?;
        let hash = value
            .get("hash")
            .and_then(Value::as_str)
            .ok_or_else(wrong)?;
        let hash = HEXLOWER_PERMISSIVE
            .decode(hash.as_bytes())
            .map_err(|_| wrong())?;
        found.push((seq, hash));
        if found.len() > MOST_CHECKPOINTS {
            return Err(CliError::other(format!(
                "{}: more than {MOST_CHECKPOINTS} lines; the last ones are enough",
                path.display()
            )));
        }
    }
    if found.is_empty() {
        return Err(CliError::other(format!(
            "{}: there is no checkpoint in it",
            path.display()
        )));
    }
    Ok(found)
}

fn prune(store: &Store, older_than: Option<u32>, json: bool) -> Result<(), CliError> {
    let now = clock::now();
    let days = match older_than {
        Some(days) => days,
        None => store.read(retention::days)?.ok_or_else(|| {
            CliError::other(
                "lines are kept for good: say --older-than 400d, or set `audit retention --keep`",
            )
        })?,
    };
    let limit = now.minus(Duration::from_secs(86_400) * days);
    let mut removed = 0;
    loop {
        let gone = store
            .write(move |tx| retention::prune(tx, limit, &Author::command_line(), clock::now()))?;
        removed += gone;
        if gone == 0 {
            break;
        }
    }
    if json {
        return output::json(&json!({ "removed": removed, "older_than": limit }));
    }
    output::line(&format!("Removed {removed} lines older than {limit}."))
}

fn keep_for(store: &Store, keep: Option<Keep>, json: bool) -> Result<(), CliError> {
    if let Some(Keep(days)) = keep {
        store.write(move |tx| {
            retention::keep(tx, days, &Author::command_line(), clock::now())?;
            Ok::<_, StoreError>(())
        })?;
    }
    let days = store.read(retention::days)?;
    if json {
        return output::json(&json!({ "days": days }));
    }
    output::line(&match days {
        Some(days) => format!("Lines are kept for {days} days."),
        None => "Lines are kept for good.".to_owned(),
    })
}

fn who(
    store: &Store,
    org: &Slug,
    level: Level,
    at: Option<Timestamp>,
    json: bool,
) -> Result<(), CliError> {
    let now = clock::now();
    let at = at.unwrap_or(now);
    let people = store.read(|conn| {
        let organization = organization::find(conn, org.as_str())?;
        let past = past::at(conn, &organization.id, at, now)?;
        past.of_level(Some(level))?
            .iter()
            .filter_map(|id| past.user(id).transpose())
            .collect::<Result<Vec<_>, DirectoryError>>()
    })?;
    if json {
        let items: Vec<Value> = people.iter().map(|person| person.view(at)).collect();
        return output::json(
            &json!({ "at": at, "level": level, "total": items.len(), "items": items }),
        );
    }
    let rows: Vec<Vec<String>> = people
        .iter()
        .map(|person| {
            let from = person.levels.first().map_or_else(String::new, |source| {
                source.group.as_ref().map_or_else(
                    || source.from.to_owned(),
                    |group| format!("the group {}", printable(&group.display_name)),
                )
            });
            let state = if person.active { "active" } else { "inactive" };
            vec![
                person.id.clone(),
                state.to_owned(),
                printable(&person.user_name),
                from,
            ]
        })
        .collect();
    output::table(&["ID", "STATE", "USERNAME", "FROM"], &rows)
}
