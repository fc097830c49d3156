//! `portcullis user`

use clap::Subcommand;
use serde_json::Value;

use super::{CliError, Global, ListArgs, output};
use crate::clock;
use crate::directory::slug::Slug;
use crate::directory::{DirectoryError, Page, organization, user};
use crate::observe::audit::Author;

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
            Self::Show { id, json } => {
                let value = store.read(|conn| {
                    let found = user::find(conn, &id)?
                        .ok_or_else(|| DirectoryError::not_found("user", id.clone()))?;
                    user::view(conn, &found, now).map(as_json)
                })?;
                show(&value, json)
            }
            Self::Activate { id, json } => set_active(&store, id, true, json),
            Self::Deactivate { id, json } => set_active(&store, id, false, json),
        }
    }
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
