//! `portcullis provider`

mod certificate;
mod metadata;
mod requests;
mod set;
mod show;
mod test;

use clap::Subcommand;
use serde_json::json;

use self::set::Set;
use self::show::{show, show_deletion, text, view};
use super::{CliError, Global, output};
use crate::clock;
use crate::directory::addresses::PublicUrl;
use crate::directory::domain::{DomainState, EmailDomain};
use crate::directory::provider::{self, Kind};
use crate::directory::provider_deletion;
use crate::directory::slug::Slug;
use crate::directory::{DirectoryError, organization};
use crate::observe::audit::Author;

#[derive(Debug, Subcommand)]
pub(super) enum ProviderCommand {
    /// Add a provider; prints what to type into the identity provider
    Add {
        /// The organization's slug
        #[arg(long)]
        org: Slug,
        /// The product: okta, entra, google, onelogin, jumpcloud, keycloak, adfs, pingfederate,
        /// shibboleth, or saml for any other
        #[arg(long, default_value = "okta")]
        kind: Kind,
        /// The domain of your e-mail addresses; may be given several times
        #[arg(long = "domain", required = true, value_name = "DOMAIN")]
        domains: Vec<EmailDomain>,
        /// Its name on screen [default: the slug and the product]
        #[arg(long)]
        name: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the providers of an organization
    List {
        /// The organization's slug
        #[arg(long)]
        org: Slug,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a provider and what is missing
    Show {
        /// Its id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a provider what the identity provider says of itself, or change it
    Set(Box<Set>),
    /// Its pinned certificates: several, so that the next one is here before it is needed
    #[command(subcommand)]
    Certificate(certificate::CertificateCommand),
    /// How its published metadata is followed, and what waits for a word
    #[command(subcommand)]
    Metadata(metadata::MetadataCommand),
    /// Look at its metadata URL now
    Refresh(metadata::Refresh),
    /// Try it: prints a link, waits for a sign-in by it and says how each check went
    Test(test::Test),
    /// Delete a provider: nobody signs in through it any more, its sessions end, its people stay
    Delete {
        /// Its id
        id: String,
        /// Change nothing; say who would lose their way in and what would end
        #[arg(long)]
        preview: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl ProviderCommand {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let now = clock::now();
        match self {
            Self::Add {
                org,
                kind,
                domains,
                name,
                json,
            } => {
                let store = global.open()?;
                let made = store.write(move |tx| {
                    let organization = organization::find(tx, org.as_str())?;
                    let name = name.as_deref();
                    provider::add(
                        tx,
                        &organization,
                        kind,
                        name,
                        &domains,
                        DomainState::Active,
                        &Author::command_line(),
                        now,
                    )
                })?;
                show(&store, &made, now, json)
            }
            Self::List { org, json } => {
                let values = global.open()?.read(|conn| {
                    let organization = organization::find(conn, org.as_str())?;
                    let public = PublicUrl::load(conn)?;
                    provider::list(conn, &organization.id)?
                        .iter()
                        .map(|p| view(conn, p, &public, now))
                        .collect::<Result<Vec<_>, DirectoryError>>()
                })?;
                if json {
                    return output::json(&json!({ "items": values }));
                }
                let rows: Vec<Vec<String>> = values
                    .iter()
                    .map(|v| {
                        ["id", "kind", "state", "name"]
                            .iter()
                            .map(|key| text(v, key))
                            .collect()
                    })
                    .collect();
                output::table(&["ID", "KIND", "STATE", "NAME"], &rows)
            }
            Self::Show { id, json } => {
                let store = global.open()?;
                let found = store.read(|conn| provider::find(conn, &id))?;
                show(&store, &found, now, json)
            }
            Self::Certificate(command) => command.run(global, now),
            Self::Metadata(command) => command.run(global, now),
            Self::Refresh(refresh) => refresh.run(global, now),
            Self::Test(test) => test.run(global),
            Self::Set(set) => set.run(global, now),
            Self::Delete {
                id,
                preview: true,
                json,
            } => {
                let preview = global.open()?.read(|conn| {
                    let found = provider::find(conn, &id)?;
                    provider_deletion::preview(conn, &found, None, now)
                })?;
                show_deletion(&preview, json)
            }
            Self::Delete { id, json, .. } => {
                let deleted = id.clone();
                let ended = global.open()?.write(move |tx| {
                    provider_deletion::delete(tx, &deleted, &Author::command_line(), now)
                })?;
                if json {
                    return output::json(&json!({ "id": id, "deleted": true, "ended": ended }));
                }
                output::line(&format!(
                    "Deleted provider {id}: {} sessions ended, {} SCIM tokens were revoked; its \
                     people stay.",
                    ended.sessions, ended.scim_tokens
                ))
            }
        }
    }
}
