//! `portcullis session`

use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use super::{CliError, Global, output};
use crate::clock;
use crate::directory::slug::Slug;
use crate::directory::{DirectoryError, Page, PageRequest, organization, sessions, user};
use crate::observe::audit::Author;

#[derive(Debug, Subcommand)]
pub(super) enum SessionCommand {
    /// List who is signed in, newest first
    List {
        /// The organization's slug
        #[arg(long)]
        org: Slug,
        /// Only this user's, by id
        #[arg(long, value_name = "ID")]
        user: Option<String>,
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
    /// End a session, all of a user's, or all of the organization, from the next request on
    End(End),
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["id", "user", "all"]))]
pub(super) struct End {
    /// The session's id
    id: Option<String>,
    /// The organization's slug
    #[arg(long)]
    org: Slug,
    /// Every session of this user, by id
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Every session of the organization's users
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl SessionCommand {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        match self {
            Self::List {
                org,
                user,
                limit,
                after,
                json,
            } => {
                let request = PageRequest {
                    limit: usize::from(limit),
                    after,
                    prefix: None,
                };
                list(global, &org, user.as_deref(), &request, json)
            }
            Self::End(end) => end.run(global),
        }
    }
}

fn list(
    global: &Global,
    org: &Slug,
    user: Option<&str>,
    request: &PageRequest,
    json: bool,
) -> Result<(), CliError> {
    let now = clock::now();
    let page = global.open()?.read(|conn| {
        let organization = organization::find(conn, org.as_str())?;
        match user {
            None => sessions::list(conn, &organization, request, None, now),
            Some(id) => {
                let owner = user::find_in(conn, &organization.id, id)?;
                Ok::<_, DirectoryError>(Page {
                    items: sessions::views_of_user(conn, &owner, None, now)?,
                    total: None,
                    next: None,
                })
            }
        }
    })?;
    if json {
        return output::json(&page);
    }
    let rows: Vec<Vec<String>> = page
        .items
        .iter()
        .map(|session| {
            let value = serde_json::to_value(session).unwrap_or_default();
            let text = |pointer: &str| {
                let found = value.pointer(pointer).and_then(Value::as_str);
                found.unwrap_or("-").to_owned()
            };
            vec![
                text("/id"),
                text("/method"),
                text("/last_seen_at"),
                text("/client"),
                text("/user/userName"),
            ]
        })
        .collect();
    output::table(&["ID", "BY", "LAST SEEN", "FROM", "USERNAME"], &rows)?;
    if let Some(next) = page.next {
        output::note(&format!("more: --after {next}"));
    }
    Ok(())
}

impl End {
    fn run(self, global: &Global) -> Result<(), CliError> {
        let now = clock::now();
        let Self {
            id,
            org,
            user,
            json,
            ..
        } = self;
        let ended = global.open()?.write(move |tx| {
            let by = Author::command_line();
            let organization = organization::find(tx, org.as_str())?;
            match (id, user) {
                (Some(id), _) => {
                    sessions::end(tx, &organization.id, &id, &by, now)?;
                    Ok::<_, DirectoryError>(1)
                }
                (None, Some(user)) => {
                    let owner = user::find_in(tx, &organization.id, &user)?;
                    sessions::end_of_user(tx, &owner, &by, now)
                }
                (None, None) => sessions::end_of_organization(tx, &organization, &by, now),
            }
        })?;
        if json {
            output::json(&json!({ "ended": ended }))
        } else {
            output::line(&format!("Ended {ended}."))
        }
    }
}
