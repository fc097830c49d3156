//! `portcullis scim brake`

use std::time::Duration;

use clap::Subcommand;
use serde_json::{Value, json};

use super::{CliError, Global, output};
use crate::clock::{self, Timestamp};
use crate::directory::brake::settings::{self, Wanted};
use crate::directory::brake::{Decision, Hold, Person, Reason, Settings, hold};
use crate::directory::slug::Slug;
use crate::directory::{DirectoryError, organization};
use crate::observe::audit::Author;
use crate::store::Store;

/// Whom `show` names for each hold, in words.
const NAMED: usize = 20;

#[derive(Debug, Subcommand)]
pub(super) enum Brake {
    /// Show the limits, what is held, and whose access it would take
    Show {
        /// The organization's slug
        #[arg(long)]
        org: Slug,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let what is held pass, for an hour; the client comes back by itself
    Allow(Answer),
    /// Refuse what is held, for an hour
    Refuse(Answer),
    /// Change the limits: what is over the share and over the number of people is held
    Set {
        /// The organization's slug
        #[arg(long)]
        org: Slug,
        /// Whether anything is held at all
        #[arg(long, value_name = "BOOL")]
        armed: Option<bool>,
        /// Percent of the active people, 1 to 100 [default: 20]
        #[arg(long, value_name = "PERCENT")]
        share: Option<i64>,
        /// People, at least 1 [default: 10]
        #[arg(long, value_name = "NUMBER")]
        people: Option<i64>,
        /// Within this time, 1m to 2h [default: 10m]
        #[arg(long, value_name = "DURATION", value_parser = window)]
        window: Option<Duration>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Answer {
    /// The hold's id [default: the only open one]
    id: Option<String>,
    /// The organization's slug
    #[arg(long)]
    org: Slug,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn window(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a duration from 1m to 2h, such as 10m".to_owned();
    let (number, unit) = [("s", 1), ("m", 60), ("h", 3600)]
        .into_iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))
        .ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(number.saturating_mul(unit)))
}

impl Brake {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let store = global.open()?;
        match self {
            Self::Show { org, json } => show(&store, &org, json),
            Self::Allow(answer) => decide(&store, answer, Decision::Allow),
            Self::Refuse(answer) => decide(&store, answer, Decision::Refuse),
            Self::Set {
                org,
                armed,
                share,
                people,
                window,
                json,
            } => {
                let wanted = Wanted {
                    armed,
                    share,
                    people,
                    window,
                };
                let changed = store.write(move |tx| {
                    let organization = organization::find(tx, org.as_str())?;
                    let by = Author::command_line();
                    settings::change(tx, &organization, &wanted, &by, clock::now())
                })?;
                if json {
                    output::json(&json!({ "settings": changed }))
                } else {
                    output::line(&in_words(&changed))
                }
            }
        }
    }
}

fn show(store: &Store, org: &Slug, as_json: bool) -> Result<(), CliError> {
    let now = clock::now();
    let (settings, holds) = store.read(|conn| {
        let organization = organization::find(conn, org.as_str())?;
        let settings = Settings::of(conn, &organization.id)?;
        let holds = hold::list(conn, &organization.id, now)?
            .into_iter()
            .map(|hold| {
                let people = hold::people(conn, &hold.id)?;
                Ok((hold, people))
            })
            .collect::<Result<Vec<_>, DirectoryError>>()?;
        Ok::<_, DirectoryError>((settings, holds))
    })?;
    if as_json {
        let items: Vec<Value> = holds
            .iter()
            .map(|(hold, people)| whole(hold, people))
            .collect();
        return output::json(&json!({ "settings": settings, "items": items }));
    }
    output::line(&in_words(&settings))?;
    if holds.is_empty() {
        return output::line("Nothing was held.");
    }
    for (hold, people) in &holds {
        output::line("")?;
        described(hold, people)?;
    }
    Ok(())
}

fn decide(store: &Store, answer: Answer, decision: Decision) -> Result<(), CliError> {
    let now = clock::now();
    let Answer { id, org, json } = answer;
    let (hold, people) = store.write(move |tx| {
        let organization = organization::find(tx, org.as_str())?;
        let id = match id {
            Some(id) => id,
            None => only_open(&hold::list(tx, &organization.id, now)?)?,
        };
        let by = Author::command_line();
        let decided = hold::decide(tx, &organization, &id, decision, &by, now)?;
        let people = hold::people(tx, &decided.id)?;
        Ok::<_, DirectoryError>((decided, people))
    })?;
    if json {
        return output::json(&whole(&hold, &people));
    }
    described(&hold, &people)
}

fn only_open(holds: &[Hold]) -> Result<String, DirectoryError> {
    let mut open = holds.iter().filter(|hold| hold.state == "open");
    match (open.next(), open.next()) {
        (Some(only), None) => Ok(only.id.clone()),
        (None, _) => Err(DirectoryError::conflict(
            "id",
            "nothing is held that waits for an answer",
        )),
        _ => Err(DirectoryError::conflict(
            "id",
            "more than one is open: name it, `scim brake show` lists them",
        )),
    }
}

fn whole(hold: &Hold, people: &[Person]) -> Value {
    let mut value = json!(hold);
    if let Some(object) = value.as_object_mut() {
        object.insert("named".to_owned(), json!(people));
    }
    value
}

fn in_words(settings: &Settings) -> String {
    let minutes = settings.window.as_secs().div_ceil(60);
    let limits = format!(
        "over {} % of the active people and over {} people within {minutes} min, or the last admin",
        settings.share, settings.people
    );
    if settings.armed {
        format!("The brake holds {limits}.")
    } else {
        format!("The brake is off; armed it would hold {limits}.")
    }
}

fn described(hold: &Hold, people: &[Person]) -> Result<(), CliError> {
    let why = match hold.reason {
        Reason::Share => format!(
            "too many people: {} of {} active people had lost their access already",
            hold.passed, hold.active
        ),
        Reason::LastAdmin => "no active admin would be left".to_owned(),
    };
    let time = |at: Option<Timestamp>| at.map_or_else(String::new, |at| at.to_string());
    let mut rows = vec![
        ("Hold", hold.id.clone()),
        ("State", hold.state.clone()),
        ("Why", why),
        ("Token", format!("{} ({})", hold.token.name, hold.token.id)),
        ("Since", hold.opened_at.to_string()),
        (
            "Requests held",
            format!("{}, the last {}", hold.attempts, hold.last_at),
        ),
    ];
    if let Some(who) = &hold.decided_by {
        rows.push(("Answered", format!("{} by {who}", time(hold.decided_at))));
        rows.push(("Counts until", time(hold.until)));
    }
    rows.push(("People", hold.people.to_string()));
    output::fields(&rows)?;
    for person in people.iter().take(NAMED) {
        output::line(&format!(
            "  {}: {}",
            person.change,
            output::printable(&person.user_name)
        ))?;
    }
    if people.len() > NAMED {
        output::line(&format!("  and {} more, see --json", people.len() - NAMED))?;
    }
    Ok(())
}
