//! `portcullis user`, as far as it is about local users and levels of single users.

use clap::Subcommand;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::user::{as_json, show};
use super::{CliError, output};
use crate::access::invitation::{self, Invitation, Kind};
use crate::clock::{self, Timestamp};
use crate::directory::addresses::PublicUrl;
use crate::directory::local_user::{self, Change, Draft};
use crate::directory::slug::Slug;
use crate::directory::user::{self, User};
use crate::directory::{DirectoryError, Level, organization, provisioning, way_in};
use crate::observe::audit::Author;
use crate::store::Store;

#[derive(Debug, Subcommand)]
pub(super) enum LocalUserCommand {
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
    /// List the links that were made for a user, newest first, and what became of them
    Links {
        /// Their id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a link: whoever opens it from now on is refused
    RevokeLink {
        /// The user's id
        id: String,
        /// The link's id, as `user links` shows it
        link: String,
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
    /// Remove a user and everything of theirs
    ///
    /// Of one whom an identity provider pushes, --pushed is needed: it may push them again.
    Delete {
        /// Their id
        id: String,
        /// Also one whom an identity provider answers for
        #[arg(long)]
        pushed: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl LocalUserCommand {
    pub(super) fn run(self, store: &Store) -> Result<(), CliError> {
        let now = clock::now();
        match self {
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
            Self::ResetLink { id, json } => link(store, id, Kind::Reset, json),
            Self::JoinLink { id, json } => link(store, id, Kind::Join, json),
            Self::Links { id, json } => links(store, &id, now, json),
            Self::RevokeLink { id, link, json } => {
                let revoked = link.clone();
                store.write(move |tx| {
                    let found = known(tx, &id)?;
                    let by = Author::command_line();
                    way_in::revoke_invitation(tx, &found, &link, &by, now)
                })?;
                if json {
                    output::json(&json!({ "id": revoked, "revoked": true }))
                } else {
                    output::line(&format!("Revoked {revoked}."))
                }
            }
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
            Self::Delete { id, pushed, json } => {
                let of = id.clone();
                store.write(move |tx| {
                    let (found, by) = (known(tx, &of)?, Author::command_line());
                    if pushed && !way_in::is_on_their_own(&found) {
                        let own = organization::find_by_id(tx, &found.organization_id)?;
                        provisioning::delete_user(tx, &own, &of, &by, now)?;
                        return Ok(());
                    }
                    Ok::<_, CliError>(local_user::delete(tx, &found, &by, now)?)
                })?;
                if json {
                    output::json(&json!({ "id": id, "deleted": true }))
                } else {
                    output::line(&format!("Deleted {id}."))
                }
            }
        }
    }
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

fn links(store: &Store, id: &str, now: Timestamp, json: bool) -> Result<(), CliError> {
    let links = store.read(|conn| {
        let found = known(conn, id)?;
        Ok::<_, DirectoryError>(invitation::of_user(conn, &found.id)?)
    })?;
    if json {
        return output::json(&json!({ "items": links }));
    }
    let rows: Vec<Vec<String>> = links
        .into_iter()
        .map(|link| {
            let state = match (link.used_at, link.revoked_at) {
                (Some(_), _) => "used",
                (None, Some(_)) => "revoked",
                (None, None) if link.expires_at <= now => "expired",
                (None, None) => "open",
            };
            let until = link.expires_at.to_string();
            let kind = link.kind.word().to_owned();
            vec![link.id, kind, state.to_owned(), until, link.created_by]
        })
        .collect();
    output::table(&["ID", "KIND", "STATE", "WORKS UNTIL", "MADE BY"], &rows)
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
