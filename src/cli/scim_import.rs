//! `portcullis scim import`
//!
//! One thread reads and checks lines, the writer writes them in batches; neither holds more than a
//! few batches, however long the file is.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::progress::Progress;
use super::{CliError, Global, output};
use crate::clock;
use crate::directory::fold;
use crate::directory::organization::{self, Organization};
use crate::directory::provisioning::import::{self, Outcome};
use crate::directory::slug::Slug;
use crate::observe::audit::Author;
use crate::scim::lines::{Line, MAX_LINE};
use crate::store::{Store, StoreError};

/// Lines in one commit: enough to share an fsync, few enough that a server beside us waits no
/// longer for the file than it waits for a batch of its own.
const BATCH: usize = 256;

/// Bytes in one commit, beyond the line that reaches it.
const BATCH_BYTES: u64 = 1 << 20;

/// How long the file is left to others after each commit. SQLite queues nobody, so who asks again
/// at once takes it from a server that waits.
const PAUSE: Duration = Duration::from_millis(5);

/// Refused lines in the JSON summary; standard error names them all.
const MOST_LISTED: usize = 1_000;

/// How often a batch is tried again while another process holds the file; each try waits for 5 s.
const TRIES: usize = 12;

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The lines, as `scim export` writes them; - is standard input
    file: PathBuf,
    /// The organization's slug
    #[arg(long)]
    org: Slug,
    /// Change nothing; say what would become of the lines
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Import {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let store = global.open()?;
        let organization = store
            .read(|conn| organization::find(conn, self.org.as_str()).map_err(CliError::from))?;
        let (source, length) = open(&self.file)?;
        let progress = Progress::of_bytes(length);
        let mut summary = Summary {
            dry_run: self.dry_run,
            ..Summary::default()
        };
        let mut coming = Coming::default();
        for piece in pieces(source) {
            let piece = piece.map_err(|source| CliError::File {
                path: self.file.display().to_string(),
                source,
            })?;
            let mut refused = piece.refused;
            let (numbers, lines): (Vec<u64>, Vec<Line>) = piece.lines.into_iter().unzip();
            let kinds: Vec<bool> = lines.iter().map(|l| matches!(l, Line::User(_))).collect();
            let done = if self.dry_run {
                foreseen(&store, &organization, &lines, &mut coming)?
            } else {
                written(&store, &organization, lines).map_err(|error| summary.stopped(&error))?
            };
            for ((number, is_user), result) in numbers.into_iter().zip(kinds).zip(done) {
                match result {
                    Ok(outcome) if is_user => summary.users.count(outcome),
                    Ok(outcome) => summary.groups.count(outcome),
                    Err(error) => refused.push((number, error.detail)),
                }
            }
            refused.sort_unstable();
            for (number, reason) in refused {
                summary.refuse(number, reason, &progress);
            }
            summary.lines = summary.lines.max(piece.last);
            progress.advance(piece.bytes);
        }
        drop(progress);
        summary.show(&organization, self.json)
    }
}

fn written(
    store: &Store,
    organization: &Organization,
    lines: Vec<Line>,
) -> Result<Vec<import::Result>, StoreError> {
    let lines = Arc::new(lines);
    let mut tries = 0;
    loop {
        let (organization, lines) = (organization.clone(), Arc::clone(&lines));
        let now = clock::now();
        let done = store.write(move |tx| {
            import::batch(tx, &organization, &lines, &Author::command_line(), now)
        });
        tries += 1;
        match done {
            Err(StoreError::Busy) if tries < TRIES => {}
            done => {
                thread::sleep(PAUSE);
                return done;
            }
        }
    }
}

/// The userNames of lines that a dry run has seen, by hash: a name takes 8 bytes here, and that two
/// of a million share one of 2^64 need not be reckoned with.
#[derive(Default)]
struct Coming {
    seen: std::collections::HashSet<u64>,
    hasher: std::hash::RandomState,
}

impl Coming {
    fn hash(&self, folded: &str) -> u64 {
        use std::hash::BuildHasher as _;
        self.hasher.hash_one(folded)
    }
}

fn foreseen(
    store: &Store,
    organization: &Organization,
    lines: &[Line],
    coming: &mut Coming,
) -> Result<Vec<import::Result>, CliError> {
    lines
        .iter()
        .map(|line| {
            let is_coming = |name: &str| coming.seen.contains(&coming.hash(name));
            let found = store.read(|conn| import::foresee(conn, organization, line, is_coming))?;
            if let Line::User(draft) = line {
                let name = coming.hash(&fold(&draft.user_name));
                coming.seen.insert(name);
            }
            Ok(found)
        })
        .collect()
}

// ---- reading

type Source = Box<dyn BufRead + Send>;

fn open(path: &Path) -> Result<(Source, Option<u64>), CliError> {
    if path.as_os_str() == "-" {
        return Ok((Box::new(BufReader::new(io::stdin())), None));
    }
    let failed = |source| CliError::File {
        path: path.display().to_string(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    if found.is_dir() {
        return Err(failed(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    let length = found.is_file().then_some(found.len());
    Ok((Box::new(BufReader::with_capacity(1 << 16, file)), length))
}

/// What is written with one commit.
#[derive(Default)]
struct Piece {
    lines: Vec<(u64, Line)>,
    refused: Vec<(u64, String)>,
    bytes: u64,
    last: u64,
}

/// Reads and checks ahead. The thread ends with the source, or when nobody wants more.
fn pieces(source: Source) -> Receiver<io::Result<Piece>> {
    let (sender, receiver) = sync_channel(2);
    thread::spawn(move || {
        if let Err(error) = read_pieces(source, &sender) {
            let _ = sender.send(Err(error));
        }
    });
    receiver
}

fn read_pieces(mut source: Source, sender: &SyncSender<io::Result<Piece>>) -> io::Result<()> {
    let mut piece = Piece::default();
    let mut buffer = Vec::new();
    let mut number = 0;
    loop {
        let (length, whole) = read_line(&mut source, &mut buffer)?;
        if length > 0 {
            number += 1;
            piece.bytes += length;
            piece.last = number;
        }
        if !whole {
            let reason = format!("longer than {MAX_LINE} bytes");
            piece.refused.push((number, reason));
        } else if !buffer.trim_ascii().is_empty() {
            match Line::parse(&buffer) {
                Ok(line) => piece.lines.push((number, line)),
                Err(refused) => piece.refused.push((number, refused.detail)),
            }
        }
        let full = piece.lines.len() + piece.refused.len() >= BATCH || piece.bytes >= BATCH_BYTES;
        if (full || length == 0) && sender.send(Ok(std::mem::take(&mut piece))).is_err() {
            return Ok(());
        }
        if length == 0 {
            return Ok(());
        }
    }
}

/// Reads up to the line's end: how many bytes that were, and whether `line` holds them all. Of a
/// line that is too long the rest is read over.
fn read_line(source: &mut Source, line: &mut Vec<u8>) -> io::Result<(u64, bool)> {
    line.clear();
    line.shrink_to(1 << 20);
    let most = MAX_LINE as u64 + 1;
    let mut length = source.by_ref().take(most).read_until(b'\n', line)? as u64;
    if length < most || line.ends_with(b"\n") {
        return Ok((length, true));
    }
    line.clear();
    loop {
        let available = source.fill_buf()?;
        let (used, ended) = match available.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (available.len(), available.is_empty()),
        };
        source.consume(used);
        length += used as u64;
        if ended {
            return Ok((length, false));
        }
    }
}

// ---- what came of it

#[derive(Debug, Default, Serialize)]
struct Counts {
    created: u64,
    changed: u64,
    unchanged: u64,
}

impl Counts {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Created => self.created += 1,
            Outcome::Changed => self.changed += 1,
            Outcome::Unchanged => self.unchanged += 1,
        }
    }

    fn line(&self, dry_run: bool) -> String {
        let would = if dry_run { "would be " } else { "" };
        format!(
            "{} {would}created, {} {would}changed, {} as they were",
            self.created, self.changed, self.unchanged
        )
    }
}

#[derive(Debug, Default, Serialize)]
struct Summary {
    dry_run: bool,
    lines: u64,
    users: Counts,
    groups: Counts,
    refused: u64,
    errors: Vec<Refusal>,
}

#[derive(Debug, Serialize)]
struct Refusal {
    line: u64,
    reason: String,
}

impl Summary {
    fn refuse(&mut self, line: u64, reason: String, progress: &Progress) {
        progress.note(&format!("line {line}: {reason}"));
        self.refused += 1;
        if self.errors.len() < MOST_LISTED {
            self.errors.push(Refusal { line, reason });
        }
    }

    fn stopped(&self, error: &StoreError) -> CliError {
        CliError::other(format!(
            "{error}; the lines up to {} are done, run it again to go on",
            self.lines
        ))
    }

    fn show(&self, organization: &Organization, json: bool) -> Result<(), CliError> {
        if json {
            output::json(self)?;
        } else {
            output::fields(&[
                ("Lines", self.lines.to_string()),
                ("Users", self.users.line(self.dry_run)),
                ("Groups", self.groups.line(self.dry_run)),
                ("Refused", self.refused.to_string()),
            ])?;
            if self.groups.created > 0 {
                output::note(&format!(
                    "A new group gets the level {}; see `portcullis group set`.",
                    organization.default_group_level
                ));
            }
        }
        match self.refused {
            0 => Ok(()),
            1 => Err(CliError::other("one line was refused, see above")),
            n => Err(CliError::other(format!(
                "{n} lines were refused, see above"
            ))),
        }
    }
}
