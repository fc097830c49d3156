//! `portcullis user`

use clap::Subcommand;
use rusqlite::Connection;
use serde_json::Value;

use super::local_user::LocalUserCommand;
use super::timeline::Timeline;
use super::user_push::UserPushCommand;
use super::{CliError, Global, ListArgs, filtered, output};
use crate::clock::{self, Timestamp};
use crate::directory::deprovisioning::{self, Report};
use crate::directory::slug::Slug;
use crate::directory::{DirectoryError, Page, PageRequest, organization, past, user};
use crate::observe::audit::{self, Author};

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// List the users of an organization
    List {
        /// The organization's slug
        #[arg(long)]
        org: Slug,
        #[command(flatten)]
        page: ListArgs,
        /// Only those that a SCIM filter matches, such as 'userName eq "ann@acme.com"'
        #[arg(long, conflicts_with = "prefix")]
        filter: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a user, their level and where it comes from
    Show {
        /// Their id
        id: String,
        /// As they were then, such as 2026-03-03T12:00:00Z; from the audit log
        #[arg(long, value_name = "TIME", value_parser = super::audit::time)]
        at: Option<Timestamp>,
        /// Print the user as a SCIM client reads them
        #[arg(long, conflicts_with = "at")]
        scim: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// What happened to a user and what they did, newest first; from the audit log
    Timeline(Timeline),
    /// Who was switched off or deleted, what ended with them, and how long it took
    Deprovisioned {
        /// The organization's slug
        #[arg(long)]
        org: Slug,
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
    #[command(flatten)]
    Push(UserPushCommand),
    #[command(flatten)]
    Local(LocalUserCommand),
    /// Let a user sign in again
    Activate {
        /// Their id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Keep a user out, from their next request on
    Deactivate {
        /// Their id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl UserCommand {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let now = clock::now();
        let store = global.open()?;
        match self {
            Self::Local(command) => command.run(&store),
            Self::Push(command) => command.run(&store),
            Self::List {
                org,
                page,
                filter,
                json,
            } => {
                let page = store.read(|conn| {
                    let organization = organization::find(conn, org.as_str())?;
                    let page = match &filter {
                        Some(filter) => filtered::users(conn, &organization, filter, &page)?,
                        None => user::list(conn, &organization.id, &page.request())?,
                    };
                    let items = page
                        .items
                        .iter()
                        .map(|u| user::view(conn, u, now).map(as_json))
                        .collect::<Result<Vec<_>, _>>()?;
                    Ok::<_, CliError>(Page {
                        items,
                        total: page.total,
                        next: page.next,
                    })
                })?;
                if json {
                    return output::json(&page);
                }
                let rows: Vec<Vec<String>> = page
                    .items
                    .iter()
                    .map(|u| {
                        let active = u.get("active").and_then(Value::as_bool).unwrap_or(false);
                        let state = if active { "active" } else { "inactive" };
                        vec![
                            text(u, "id"),
                            text(u, "level"),
                            text(u, "origin"),
                            state.to_owned(),
                            text(u, "userName"),
                        ]
                    })
                    .collect();
                output::table(&["ID", "LEVEL", "ORIGIN", "STATE", "USERNAME"], &rows)?;
                page.next.map_or(Ok(()), |next| {
                    output::note(&format!("more: --after {next}"));
                    Ok(())
                })
            }
            Self::Show { id, scim: true, .. } => {
                let shown = store.read(|conn| filtered::as_scim_user(conn, &id))?;
                output::json(&shown)
            }
            Self::Show {
                id,
                at: Some(at),
                json,
                ..
            } => {
                let value = store.read(|conn| as_of(conn, &id, at, now))?;
                show(&value, json)
            }
            Self::Show {
                id, json, at: None, ..
            } => {
                let value = store.read(|conn| {
                    let found = user::find(conn, &id)?
                        .ok_or_else(|| DirectoryError::not_found("user", id.clone()))?;
                    user::view(conn, &found, now).map(as_json)
                })?;
                show(&value, json)
            }
            Self::Timeline(timeline) => timeline.run(&store),
            Self::Deprovisioned {
                org,
                limit,
                after,
                json,
            } => {
                let request = PageRequest {
                    limit: usize::from(limit),
                    after,
                    prefix: None,
                };
                let report = store.read(|conn| {
                    let organization = organization::find(conn, org.as_str())?;
                    deprovisioning::report(conn, &organization.id, &request)
                })?;
                show_report(&report, json)
            }
            Self::Activate { id, json } => set_active(&store, id, true, json),
            Self::Deactivate { id, json } => set_active(&store, id, false, json),
        }
    }
}

fn as_of(
    conn: &Connection,
    id: &str,
    at: Timestamp,
    now: Timestamp,
) -> Result<Value, DirectoryError> {
    let organization = organization_of(conn, id)?;
    let past = past::at(conn, &organization, at, now)?;
    let person = past.user(id)?;
    Ok(person
        .ok_or_else(|| DirectoryError::not_found("user", id))?
        .view(at))
}

/// The organization of a user; of one who is gone since, the log still knows it.
pub(super) fn organization_of(conn: &Connection, id: &str) -> Result<String, DirectoryError> {
    if let Some(found) = user::find(conn, id)? {
        return Ok(found.organization_id);
    }
    audit::organization_of(conn, id)?.ok_or_else(|| DirectoryError::not_found("user", id))
}

fn set_active(
    store: &crate::store::Store,
    id: String,
    active: bool,
    json: bool,
) -> Result<(), CliError> {
    let now = clock::now();
    let value = store.write(move |tx| {
        let missing = || DirectoryError::not_found("user", id.clone());
        user::find(tx, &id)?.ok_or_else(missing)?;
        user::set_active(tx, &id, active, &Author::command_line(), now)?;
        let found = user::find(tx, &id)?.ok_or_else(missing)?;
        user::view(tx, &found, now).map(as_json)
    })?;
    show(&value, json)
}

fn show_report(report: &Report, json: bool) -> Result<(), CliError> {
    if json {
        return output::json(report);
    }
    let rows: Vec<Vec<String>> = report.items.iter().map(|line| line.cells()).collect();
    let head = ["AT", "WHAT", "VIA", "TOOK", "ENDED", "USERNAME"];
    output::table(&head, &rows)?;
    if let (Some(p50), Some(p99)) = (report.p50_ms, report.p99_ms) {
        output::line(&format!(
            "Of the last {}, half took {p50} ms at most, 99 of 100 took {p99} ms at most.",
            report.count
        ))?;
    }
    if let Some(next) = &report.next {
        output::note(&format!("more: --after {next}"));
    }
    Ok(())
}

pub(super) fn show(value: &Value, json: bool) -> Result<(), CliError> {
    if json {
        return output::json(value);
    }
    let active = value
        .get("active")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let mut rows = vec![
        (
            "User",
            format!("{} ({})", text(value, "userName"), text(value, "id")),
        ),
        ("Name", text(value, "displayName")),
        ("E-mail", text(value, "email")),
        ("Origin", text(value, "origin")),
        (
            "State",
            if active { "active" } else { "inactive" }.to_owned(),
        ),
        ("Level", text(value, "level")),
    ];
    for source in value
        .get("levels")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let from = match source.pointer("/group/displayName").and_then(Value::as_str) {
            Some(group) => format!("the group {group}"),
            None => match source.get("from").and_then(Value::as_str) {
                Some("direct") => "a direct grant".to_owned(),
                _ => "the organization's default".to_owned(),
            },
        };
        rows.push(("", format!("{} from {from}", text(source, "level"))));
    }
    output::fields(&rows)
}

pub(super) fn as_json(view: user::View) -> Value {
    serde_json::to_value(view).unwrap_or_default()
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or("-")
        .to_owned()
}
