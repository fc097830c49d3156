//! `portcullis user`

use clap::Subcommand;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{CliError, Global, ListArgs, output};
use crate::access::invitation::{Invitation, Kind};
use crate::clock::{self, Timestamp};
use crate::directory::addresses::PublicUrl;
use crate::directory::deprovisioning::{self, Report};
use crate::directory::local_user::{self, Change, Draft};
use crate::directory::slug::Slug;
use crate::directory::user::{self, User};
use crate::directory::{DirectoryError, Level, Page, PageRequest, organization, past, way_in};
use crate::observe::audit::{self, Author};
use crate::store::Store;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// List the users of an organization
    List {
        /// The organization's slug
        #[arg(long)]
        org: Slug,
        #[command(flatten)]
        page: ListArgs,
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
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
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
    /// Make a local user and the link with which they join; it is shown this once
    Invite {
        /// The organization's slug
        #[arg(long)]
        org: Slug,
        /// Their e-mail address
        #[arg(long)]
        email: String,
        /// What they sign in with beside the address [default: the address]
        #[arg(long)]
        user_name: Option<String>,
        /// Their name on screen
        #[arg(long)]
        name: Option<String>,
        /// A level of their own: admin, editor, runner or viewer [default: the organization's]
        #[arg(long)]
        level: Option<Level>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a link with which a local user sets another password; it is shown this once
    ResetLink {
        /// Their id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a new link to join, in place of the one before; it is shown this once
    JoinLink {
        /// Their id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change a user: their own level; of a local user also name and address
    Set {
        /// Their id
        id: String,
        /// Their name on screen
        #[arg(long)]
        name: Option<String>,
        /// Their e-mail address
        #[arg(long)]
        email: Option<String>,
        /// The level they have directly: admin, editor, runner or viewer
        #[arg(long, conflicts_with = "no_level")]
        level: Option<Level>,
        /// Take the level away that they have directly
        #[arg(long)]
        no_level: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a user's second factor away, when device and recovery codes are lost
    RemoveSecondFactor {
        /// Their id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a local user and everything of theirs
    Delete {
        /// Their id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
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
            Self::List { org, page, json } => {
                let page = store.read(|conn| {
                    let organization = organization::find(conn, org.as_str())?;
                    let page = user::list(conn, &organization.id, &page.request())?;
                    let items = page
                        .items
                        .iter()
                        .map(|u| user::view(conn, u, now).map(as_json))
                        .collect::<Result<Vec<_>, _>>()?;
                    Ok::<_, DirectoryError>(Page {
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
            Self::Show {
                id,
                at: Some(at),
                json,
            } => {
                let value = store.read(|conn| as_of(conn, &id, at, now))?;
                show(&value, json)
            }
            Self::Show { id, json, at: None } => {
                let value = store.read(|conn| {
                    let found = user::find(conn, &id)?
                        .ok_or_else(|| DirectoryError::not_found("user", id.clone()))?;
                    user::view(conn, &found, now).map(as_json)
                })?;
                show(&value, json)
            }
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
            Self::Invite {
                org,
                email,
                user_name,
                name,
                level,
                json,
            } => {
                let draft = Draft::new(user_name.as_deref(), &email, name.as_deref(), level)?;
                let (view, made, url) = store.write(move |tx| {
                    let by = Author::command_line();
                    let organization = organization::find(tx, org.as_str())?;
                    let user = local_user::create(tx, &organization.id, &draft, &by, now)?;
                    let (made, link) = way_in::invite(tx, &user, Kind::Join, &by, now)?;
                    let url = PublicUrl::load(tx)?.join(link.expose());
                    let view = user::view(tx, &user, now).map(as_json)?;
                    Ok::<_, DirectoryError>((view, made, url))
                })?;
                if json {
                    let mut view = view;
                    if let Some(object) = view.as_object_mut() {
                        object.insert("invitation".into(), link_json(&made, &url));
                    }
                    return output::json(&view);
                }
                show(&view, false)?;
                show_link(&made, &url)
            }
            Self::ResetLink { id, json } => link(&store, id, Kind::Reset, json),
            Self::JoinLink { id, json } => link(&store, id, Kind::Join, json),
            Self::Set {
                id,
                name,
                email,
                level,
                no_level,
                json,
            } => {
                if name.is_none() && email.is_none() && level.is_none() && !no_level {
                    return Err(CliError::other(
                        "nothing to change: give --name, --email, --level or --no-level",
                    ));
                }
                let change = Change::new(email.as_deref(), name.as_deref())?;
                let value = store.write(move |tx| {
                    let by = Author::command_line();
                    let mut found = known(tx, &id)?;
                    if level.is_some() || no_level {
                        local_user::set_level(tx, &found, level, &by, now)?;
                    }
                    if change.email.is_some() || change.display_name.is_some() {
                        found = local_user::change(tx, &found, &change, &by, now)?;
                    }
                    user::view(tx, &found, now).map(as_json)
                })?;
                show(&value, json)
            }
            Self::RemoveSecondFactor { id, json } => {
                let of = id.clone();
                let removed = store.write(move |tx| {
                    let found = known(tx, &of)?;
                    way_in::remove_second_factor(tx, &found, &Author::command_line(), now)
                })?;
                if !removed {
                    return Err(CliError::other("this user has no second factor"));
                }
                if json {
                    output::json(&json!({ "id": id, "second_factor": null }))
                } else {
                    output::line(&format!("Removed the second factor of {id}."))
                }
            }
            Self::Delete { id, json } => {
                let of = id.clone();
                store.write(move |tx| {
                    let found = known(tx, &of)?;
                    local_user::delete(tx, &found, &Author::command_line(), now)
                })?;
                if json {
                    output::json(&json!({ "id": id, "deleted": true }))
                } else {
                    output::line(&format!("Deleted {id}."))
                }
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
    let missing = || DirectoryError::not_found("user", id);
    let organization = match user::find(conn, id)? {
        Some(found) => found.organization_id,
        // Gone since; the log still knows where they were.
        None => audit::organization_of(conn, id)?.ok_or_else(missing)?,
    };
    let past = past::at(conn, &organization, at, now)?;
    Ok(past.user(id)?.ok_or_else(missing)?.view(at))
}

fn known(conn: &Connection, id: &str) -> Result<User, DirectoryError> {
    user::find(conn, id)?.ok_or_else(|| DirectoryError::not_found("user", id))
}

fn link(store: &Store, id: String, kind: Kind, json: bool) -> Result<(), CliError> {
    let now = clock::now();
    let (made, url) = store.write(move |tx| {
        let found = known(tx, &id)?;
        let by = Author::command_line();
        let (made, link) = way_in::invite(tx, &found, kind, &by, now)?;
        let url = PublicUrl::load(tx)?.join(link.expose());
        Ok::<_, DirectoryError>((made, url))
    })?;
    if json {
        return output::json(&link_json(&made, &url));
    }
    show_link(&made, &url)
}

fn link_json(made: &Invitation, url: &str) -> Value {
    let mut value = serde_json::to_value(made).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.insert("url".into(), url.into());
    }
    value
}

fn show_link(made: &Invitation, url: &str) -> Result<(), CliError> {
    output::fields(&[
        ("Link (shown this once)", url.to_owned()),
        ("Works until", made.expires_at.to_string()),
    ])
}

fn set_active(store: &Store, id: String, active: bool, json: bool) -> Result<(), CliError> {
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

fn show(value: &Value, json: bool) -> Result<(), CliError> {
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

fn as_json(view: user::View) -> Value {
    serde_json::to_value(view).unwrap_or_default()
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or("-")
        .to_owned()
}
