//! `portcullis provider test`: a link to open, and what came of it, as it comes. The server does
//! the work; here the file is looked at.

use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use super::super::trace::check_line;
use super::super::{CliError, Global, output};
use crate::access::sign_in_test;
use crate::clock;
use crate::directory::addresses::PublicUrl;
use crate::directory::provider_test::{self, Progress};
use crate::directory::{DirectoryError, provider};
use crate::observe::audit::Author;
use crate::observe::trace::{Outcome, Trace};
use crate::store::{Store, StoreError};

/// How often it is looked whether there is news.
const LOOKED: Duration = Duration::from_millis(250);

/// How often a busy database is asked again before that is a failure.
const PATIENCE: u32 = 20;

#[derive(Debug, Args)]
pub(in crate::cli) struct Test {
    /// Its id; a draft or a disabled provider can be tried, too
    id: String,
    /// Seconds to wait (1 to 1800)
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u16).range(1..=1800))]
    timeout: u16,
    /// Print a JSON object a line: what to open, that it was opened, what came of it
    #[arg(long)]
    json: bool,
}

impl Test {
    /// Ends well only if the sign-in would have been accepted.
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let store = global.open()?;
        let wait = Duration::from_secs(u64::from(self.timeout));
        let id = self.id.clone();
        let begun = store.write(move |tx| {
            let found = provider::find(tx, &id)?;
            let public = PublicUrl::load(tx)?;
            let by = Author::command_line();
            provider_test::begin(tx, &found, &public, wait, &by, clock::now())
        })?;
        self.say(
            json!({ "event": "open", "url": begun.url, "expires_at": begun.test.expires_at }),
            &format!(
                "Open this in a browser and sign in. It checks everything and lets nobody in.\n\n  \
                 {}\n\nWaiting for somebody to open it...",
                begun.url
            ),
        )?;
        match self.follow(&store, &begun.test.id, wait)? {
            Some(trace) => self.tell(&trace),
            None => {
                let test = begun.test.id;
                store.write(move |tx| sign_in_test::cancel(tx, &test))?;
                self.say_json(json!({ "event": "over" }))?;
                Err(CliError::other(format!(
                    "nobody finished a sign-in within {} s; the link is void",
                    self.timeout
                )))
            }
        }
    }

    /// Waits for the trace of the answer; `None` when the time is over.
    fn follow(&self, store: &Store, test: &str, wait: Duration) -> Result<Option<Trace>, CliError> {
        let began = Instant::now();
        let mut opened = None;
        let mut busy = 0;
        loop {
            let now = clock::now();
            let looked = store.read(|conn| provider_test::progress(conn, &self.id, test, now));
            match looked {
                Ok(Progress {
                    trace: Some(trace), ..
                }) => return Ok(Some(trace)),
                Ok(progress) => {
                    busy = 0;
                    let started = progress.test.started_at;
                    if started != opened {
                        opened = started;
                        self.say(
                            json!({ "event": "opened", "at": started }),
                            "Opened. Waiting for the identity provider's answer...",
                        )?;
                    }
                }
                Err(DirectoryError::Store(StoreError::Busy)) if busy < PATIENCE => busy += 1,
                Err(error) => return Err(error.into()),
            }
            if began.elapsed() >= wait {
                return Ok(None);
            }
            thread::sleep(LOOKED.min(wait));
        }
    }

    fn tell(&self, trace: &Trace) -> Result<(), CliError> {
        let accepted = trace.outcome == Outcome::Accepted;
        let part = |name: &str| trace.detail.get(name).cloned().unwrap_or_default();
        self.say_json(json!({
            "event": "answered",
            "accepted": accepted,
            "reference": trace.reference,
            "code": trace.code,
            "fix": part("fix"),
            "checks": part("checks"),
        }))?;
        if !self.json {
            output::line("")?;
            for check in part("checks").as_array().into_iter().flatten() {
                output::line(&check_line(check))?;
            }
            output::line("")?;
            let reference = &trace.reference;
            if accepted {
                output::line(&format!(
                    "Every check passed; nobody was signed in. Reference {reference}."
                ))?;
            } else {
                output::line(&format!(
                    "Refused at {}. Reference {reference}.",
                    trace.code
                ))?;
                if let Some(fix) = part("fix").as_str().filter(|fix| !fix.is_empty()) {
                    output::line(&format!("To do: {fix}"))?;
                }
            }
        }
        match accepted {
            true => Ok(()),
            false => Err(CliError::other(format!(
                "the sign-in would be refused: {}",
                trace.code
            ))),
        }
    }

    fn say(&self, event: Value, words: &str) -> Result<(), CliError> {
        match self.json {
            true => output::json(&event),
            false => output::line(words),
        }
    }

    fn say_json(&self, event: Value) -> Result<(), CliError> {
        match self.json {
            true => output::json(&event),
            false => Ok(()),
        }
    }
}
