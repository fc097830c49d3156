//! `portcullis trace show --raw`, `replay` and `bundle`: what is done with the response that is
//! kept with a sign-in's trace.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::trace::find;
use super::{CliError, output};
use crate::clock;
use crate::directory::addresses::PublicUrl;
use crate::directory::kept_document::{self, NOT_KEPT, Purpose};
use crate::directory::replay::{self, Change, Replay, Row, Side, Verdict};
use crate::directory::{DirectoryError, trace_bundle};
use crate::observe::audit::Author;
use crate::observe::trace::Trace;
use crate::observe::trace::document::Document;
use crate::store::Store;

pub(super) fn raw(store: &Store, reference: &str, as_json: bool) -> Result<(), CliError> {
    let trace = find(store, reference)?;
    let document = kept(store, &trace, Purpose::Raw)?;
    if as_json {
        return output::json(&json!({
            "reference": trace.reference,
            "form": document.form(),
            "bytes": document.text().len(),
            "document": document.text(),
        }));
    }
    output::document(document.text())
}

pub(super) fn bundle(store: &Store, reference: &str, file: Option<&Path>) -> Result<(), CliError> {
    let trace = find(store, reference)?;
    let (by, now) = (Author::command_line(), clock::now());
    let document = kept_document::read(store, &trace, Purpose::Bundle, &by, now)?;
    let bundle = store.read(|conn| {
        let public = PublicUrl::load(conn)?;
        trace_bundle::of(conn, &trace, document.as_ref(), &public, now)
    })?;
    let Some(path) = file else {
        return output::json(&bundle);
    };
    fs::write(path, format!("{bundle:#}\n")).map_err(|source| CliError::File {
        path: path.display().to_string(),
        source,
    })?;
    output::line(&format!(
        "Wrote {}: the checks, the provider's configuration and how the response is built, with \
         nobody in it.",
        path.display()
    ))
}

pub(super) fn replay(store: &Store, reference: &str, as_json: bool) -> Result<(), CliError> {
    let trace = find(store, reference)?;
    let document = kept(store, &trace, Purpose::Replay)?;
    let replayed = store
        .read(|conn| replay::of(conn, &trace, &document, &PublicUrl::load(conn)?))
        .map_err(|error| match error {
            DirectoryError::NotFound { .. } => CliError::other(
                "the provider of this sign-in is gone; there is nothing to verify against",
            ),
            other => other.into(),
        })?;
    if as_json {
        output::json(&replayed)?;
    } else {
        show(&replayed)?;
    }
    match replayed.verdict {
        Verdict::Accepted => Ok(()),
        Verdict::Refused => Err(CliError::other(format!(
            "it would be refused today: {}",
            replayed.after.code
        ))),
        Verdict::Undecided => Err(CliError::other(format!(
            "a replay can't say: it failed at {}, which is true once",
            replayed.after.code
        ))),
    }
}

fn kept(store: &Store, trace: &Trace, purpose: Purpose) -> Result<Document, CliError> {
    kept_document::read(store, trace, purpose, &Author::command_line(), clock::now())?
        .ok_or_else(|| CliError::other(NOT_KEPT))
}

fn show(replay: &Replay) -> Result<(), CliError> {
    let end = |end: &replay::End| match end.code.as_str() {
        "ok" => end.outcome.clone(),
        code => format!("{} ({code})", end.outcome),
    };
    output::fields(&[
        ("Reference", replay.reference.clone()),
        ("Clock", replay.clock.to_string()),
        ("Then", end(&replay.before)),
        ("Today", end(&replay.after)),
    ])?;
    if !replay.fix.is_empty() {
        output::line(&format!("To do      {}", replay.fix))?;
    }
    output::line("")?;
    let rows: Vec<Vec<String>> = replay
        .checks
        .iter()
        .map(|row| {
            vec![
                row.name.clone(),
                mark(row.before.as_ref()),
                mark(today(row)),
                words(row.change).to_owned(),
            ]
        })
        .collect();
    output::table(&["CHECK", "THEN", "TODAY", "CHANGE"], &rows)?;
    for row in replay.checks.iter().filter(|row| is_news(row.change)) {
        output::line("")?;
        output::line(&row.name)?;
        for (when, side) in [("then", row.before.as_ref()), ("today", row.after.as_ref())] {
            if let Some(side) = side {
                output::line(&format!("  {when:5}  expected  {}", side.expected))?;
                output::line(&format!("         got       {}", side.got))?;
            }
        }
    }
    output::line("")?;
    output::line("Not repeated:")?;
    for one in &replay.not_repeated {
        output::line(&format!("  {}: {}", one.name, one.why))?;
    }
    Ok(())
}

/// What is not repeated has no result today.
fn today(row: &Row) -> Option<&Side> {
    let repeated = row.change != Change::NotRepeated;
    row.after.as_ref().filter(|_| repeated)
}

fn mark(side: Option<&Side>) -> String {
    match side {
        None => "-".to_owned(),
        Some(side) if side.passed => "✓".to_owned(),
        Some(side) => format!("✗ {}", side.code),
    }
}

const fn is_news(change: Change) -> bool {
    matches!(
        change,
        Change::PassesNow | Change::FailsNow | Change::FailsOtherwise
    )
}

const fn words(change: Change) -> &'static str {
    match change {
        Change::Same => "",
        Change::PassesNow => "passes now",
        Change::FailsNow => "fails now",
        Change::FailsOtherwise => "fails for another reason",
        Change::ReachedNow => "reached now",
        Change::NotReached => "not reached",
        Change::NotRepeated => "not repeated",
    }
}
