//! `portcullis scim`

use clap::Subcommand;
use serde_json::{Value, json};

use super::brake::Brake;
use super::scim_export::Export;
use super::scim_import::Import;
use super::{CliError, Global, output};
use crate::access::token::{self, ScimToken};
use crate::clock::{self, Timestamp};
use crate::directory::addresses::PublicUrl;
use crate::directory::slug::Slug;
use crate::directory::{DirectoryError, organization, provider};
use crate::observe::audit::Author;

#[derive(Debug, Subcommand)]
pub(super) enum Scim {
    /// The tokens that identity providers push with
    #[command(subcommand)]
    Token(Token),
    /// What holds a client that takes access from too many people, or from the last admin
    #[command(subcommand)]
    Brake(Brake),
    /// Say where an identity provider pushes to, and what to fill into its form
    Endpoint {
        /// The organization's slug
        #[arg(long)]
        org: Slug,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write users and groups as SCIM, one resource a line
    Export(Export),
    /// Read users and groups, as `scim export` writes them
    Import(Import),
}

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Make a token; it is shown this once
    Create {
        /// The organization's slug
        #[arg(long)]
        org: Slug,
        /// What to call it
        #[arg(long, default_value = "SCIM token")]
        name: String,
        /// The provider it's for; it is revoked when that goes [default: the only one]
        #[arg(long, value_name = "ID")]
        provider: Option<String>,
        /// When it stops working, such as 2030-01-31T00:00:00Z [default: never]
        #[arg(long, value_name = "TIME", value_parser = time)]
        expires_at: Option<Timestamp>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the tokens of an organization
    List {
        /// The organization's slug
        #[arg(long)]
        org: Slug,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token; it stops working at the next request
    Revoke {
        /// Its id
        id: String,
        /// The organization's slug
        #[arg(long)]
        org: Slug,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text)
        .filter(|at| *at > clock::now())
        .ok_or_else(|| "expected a time to come, such as 2030-01-31T00:00:00Z".to_owned())
}

impl Scim {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        let command = match self {
            Self::Token(command) => command,
            Self::Brake(command) => return command.run(global),
            Self::Endpoint { org, json } => return endpoint(global, &org, json),
            Self::Export(command) => return command.run(global),
            Self::Import(command) => return command.run(global),
        };
        let store = global.open()?;
        let (by, now) = (Author::command_line(), clock::now());
        match command {
            Token::Create {
                org,
                name,
                provider,
                expires_at,
                json,
            } => {
                let (made, secret, endpoint) = store.write(move |tx| {
                    let organization = organization::find(tx, org.as_str())?;
                    let provider = provider::of_token(tx, &organization.id, provider.as_deref())?;
                    let (made, secret) = token::create(
                        tx,
                        &organization.id,
                        provider.as_deref(),
                        name.trim(),
                        expires_at,
                        &by,
                        now,
                    )?;
                    let endpoint = PublicUrl::load(tx)?.scim(&organization.slug);
                    Ok::<_, DirectoryError>((made, secret, endpoint))
                })?;
                if json {
                    return output::json(&json!({
                        "id": made.id,
                        "endpoint": endpoint,
                        "token": secret.expose(),
                        "name": made.name,
                        "provider_id": made.provider_id,
                        "expires_at": made.expires_at,
                    }));
                }
                output::fields(&[
                    ("SCIM connector base URL", endpoint),
                    ("Token (shown this once)", secret.expose().to_owned()),
                ])
            }
            Token::List { org, json } => {
                let tokens = store.read(|conn| {
                    let organization = organization::find(conn, org.as_str())?;
                    Ok::<_, DirectoryError>(token::list(conn, &organization.id)?)
                })?;
                if json {
                    let items: Vec<Value> = tokens.iter().map(as_json).collect();
                    return output::json(&json!({ "items": items }));
                }
                let rows: Vec<Vec<String>> = tokens
                    .iter()
                    .map(|t| {
                        let used = t
                            .last_used_at
                            .map_or_else(|| "never".to_owned(), |at| at.to_string());
                        vec![t.id.clone(), state(t, now).to_owned(), used, t.name.clone()]
                    })
                    .collect();
                output::table(&["ID", "STATE", "LAST USED", "NAME"], &rows)
            }
            Token::Revoke { id, org, json } => {
                let revoked = id.clone();
                let found = store.write(move |tx| {
                    let organization = organization::find(tx, org.as_str())?;
                    let found = token::revoke(tx, &organization.id, &revoked, &by, now)?;
                    Ok::<_, DirectoryError>(found)
                })?;
                if !found {
                    return Err(CliError::other(format!(
                        "there is no SCIM token `{id}` here"
                    )));
                }
                if json {
                    output::json(&json!({ "id": id, "revoked": true }))
                } else {
                    output::line(&format!("Revoked {id}."))
                }
            }
        }
    }
}

fn endpoint(global: &Global, org: &Slug, json: bool) -> Result<(), CliError> {
    let store = global.open()?;
    let now = clock::now();
    let (organization, endpoint, tokens) = store.read(|conn| {
        let organization = organization::find(conn, org.as_str())?;
        let endpoint = PublicUrl::load(conn)?.scim(&organization.slug);
        let tokens = token::list(conn, &organization.id)?;
        Ok::<_, DirectoryError>((organization, endpoint, tokens))
    })?;
    let active = tokens.iter().filter(|t| state(t, now) == "active");
    let used = tokens.iter().filter_map(|t| t.last_used_at).max();
    let active = active.count();
    if json {
        return output::json(&json!({
            "organization": organization.slug,
            "endpoint": endpoint,
            "authentication": "bearer",
            "unique_identifier": "userName",
            "active_tokens": active,
            "last_used_at": used,
            "users": organization.users,
            "groups": organization.groups,
            "default_group_level": organization.default_group_level,
            "default_user_level": organization.default_user_level,
        }));
    }
    let tokens = match active {
        0 => format!("none: make one with `portcullis scim token create --org {org}`"),
        n => format!("{n} active"),
    };
    output::fields(&[
        ("SCIM connector base URL", endpoint),
        ("Unique identifier field for users", "email".to_owned()),
        (
            "Authentication mode",
            "HTTP Header, with a token as the bearer".to_owned(),
        ),
        ("Tokens", tokens),
        (
            "Last used",
            used.map_or_else(|| "never".to_owned(), |at| at.to_string()),
        ),
        ("Users", organization.users.to_string()),
        ("Groups", organization.groups.to_string()),
        (
            "A new group gets",
            organization.default_group_level.to_string(),
        ),
        (
            "A new user gets",
            organization.default_user_level.to_string(),
        ),
    ])
}

fn state(token: &ScimToken, now: Timestamp) -> &'static str {
    match (token.revoked_at, token.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(end)) if end <= now => "expired",
        _ => "active",
    }
}

fn as_json(token: &ScimToken) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "provider_id": token.provider_id,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "last_used_at": token.last_used_at,
        "last_used_from": token.last_used_from,
    })
}
