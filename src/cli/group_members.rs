//! `portcullis group members`

use clap::Subcommand;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{CliError, ListArgs, output};
use crate::clock::{self, Timestamp};
use crate::directory::group::{self, Group};
use crate::directory::organization::{self, Organization};
use crate::directory::provisioning::{self, import};
use crate::directory::{DirectoryError, Page, user};
use crate::observe::audit::Author;
use crate::scim::lines::Member;
use crate::scim::patch::{PATCH_SCHEMA, Patch};
use crate::store::Store;

#[derive(Debug, Subcommand)]
pub(super) enum Members {
    /// List who is in a group
    List {
        /// The group's id
        id: String,
        #[command(flatten)]
        page: ListArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Put users into a group; who is in it already stays
    Add {
        /// The group's id
        id: String,
        /// The users, each by id or by userName
        #[arg(required = true, value_name = "USER")]
        users: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take users out of a group
    Remove {
        /// The group's id
        id: String,
        /// The users, each by id or by userName
        #[arg(required = true, value_name = "USER")]
        users: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Members {
    pub(super) fn run(self, store: &Store) -> Result<(), CliError> {
        match self {
            Self::List { id, page, json } => list(store, &id, &page, json),
            Self::Add { id, users, json } => {
                let changed = changed(store, id, users, |ids| {
                    let value: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
                    json!({ "op": "add", "path": "members", "value": value })
                })?;
                super::group::show(&changed, json)
            }
            Self::Remove { id, users, json } => {
                let changed = changed(store, id, users, |ids| {
                    let value: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
                    json!({ "op": "remove", "path": "members", "value": value })
                })?;
                super::group::show(&changed, json)
            }
        }
    }
}

fn list(store: &Store, id: &str, page: &ListArgs, json: bool) -> Result<(), CliError> {
    if page.prefix.is_some() {
        return Err(CliError::other(
            "--prefix: members are listed by id; leave it out",
        ));
    }
    let found = store.read(|conn| {
        group::find(conn, id)?.ok_or_else(|| DirectoryError::not_found("group", id))?;
        user::members(conn, id, &page.request())
    })?;
    if json {
        let items = found.items.iter().map(|user| {
            json!({
                "id": user.id,
                "userName": user.user_name,
                "displayName": user.display_name,
                "email": user.email,
                "active": user.active,
            })
        });
        return output::json(&Page {
            items: items.collect(),
            total: found.total,
            next: found.next,
        });
    }
    let rows: Vec<Vec<String>> = found
        .items
        .iter()
        .map(|user| {
            let state = if user.active { "active" } else { "inactive" };
            vec![user.id.clone(), state.to_owned(), user.user_name.clone()]
        })
        .collect();
    output::table(&["ID", "STATE", "USERNAME"], &rows)?;
    if let Some(next) = found.next {
        output::note(&format!("more: --after {next}"));
    }
    Ok(())
}

fn changed(
    store: &Store,
    id: String,
    users: Vec<String>,
    operation: fn(&[String]) -> Value,
) -> Result<Group, CliError> {
    let now = clock::now();
    store.write(move |tx| {
        let (organization, _) = of(tx, &id)?;
        let ids = ids(tx, &organization, &users)?;
        patched(tx, &organization, &id, &operation(&ids), now)
    })
}

/// A group and its organization.
pub(super) fn of(conn: &Connection, id: &str) -> Result<(Organization, Group), CliError> {
    let found = group::find(conn, id)?.ok_or_else(|| DirectoryError::not_found("group", id))?;
    let organization = organization::find_by_id(conn, &found.organization_id)?;
    Ok((organization, found))
}

/// Does one operation of a PATCH, so that the command line and an identity provider have the same
/// rules.
pub(super) fn patched(
    tx: &Connection,
    organization: &Organization,
    id: &str,
    operation: &Value,
    now: Timestamp,
) -> Result<Group, CliError> {
    let body = json!({ "schemas": [PATCH_SCHEMA], "Operations": [operation] });
    let patch = Patch::parse(body.to_string().as_bytes())?;
    let by = Author::command_line();
    provisioning::patch_group(tx, organization, id, &patch, &by, now)?;
    Ok(group::find_in(tx, &organization.id, id)?)
}

/// The ids of users who are given by id or by userName.
pub(super) fn ids(
    conn: &Connection,
    organization: &Organization,
    users: &[String],
) -> Result<Vec<String>, CliError> {
    users
        .iter()
        .map(|given| {
            let member = Member {
                id: Some(given.clone()),
                user_name: Some(given.clone()),
            };
            let found = import::find_member(conn, organization, &member)?;
            Ok(found.ok_or_else(|| DirectoryError::not_found("user", given.clone()))?)
        })
        .collect()
}
