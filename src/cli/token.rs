//! `portcullis token`

use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use super::{CliError, Global, output};
use crate::access::api_token::{self, ApiToken, ApiTokenError, List, NewToken, Owner, Scope};
use crate::clock::{self, Timestamp};
use crate::directory::organization;
use crate::directory::slug::Slug;
use crate::observe::audit::Author;

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token of an organization or of the appliance; it is shown this once
    Create(Create),
    /// List tokens, newest first; without --org and --operator, all of them
    List(ListTokens),
    /// Revoke a token, whosever it is; it stops working at the next request
    Revoke {
        /// Its id
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("owner").required(true).args(["org", "operator"]))]
pub(super) struct Create {
    /// The slug of the organization it belongs to
    #[arg(long)]
    org: Option<Slug>,
    /// It belongs to the appliance, and reaches every organization
    #[arg(long)]
    operator: bool,
    /// What to call it
    #[arg(long, default_value = "API token")]
    name: String,
    /// What it may be used for: read, audit, users, admin; with --operator also operate.
    /// Give it once for each
    #[arg(long = "scope", required = true, value_name = "SCOPE", value_parser = scope)]
    scopes: Vec<Scope>,
    /// How long it works, such as 30d or 12h, at most 366d
    #[arg(long, default_value = "90d", value_name = "TIME", value_parser = life)]
    expires: Duration,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ListTokens {
    /// Only those of this organization and of its users
    #[arg(long, conflicts_with = "operator")]
    org: Option<Slug>,
    /// Only those of the appliance and of the break-glass accounts
    #[arg(long)]
    operator: bool,
    /// At most this many (1 to 200)
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
    /// Go on after this: the `next` of the page before
    #[arg(long)]
    after: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn scope(word: &str) -> Result<Scope, String> {
    Scope::parse(word)
        .ok_or_else(|| format!("expected one of {}", Scope::ALL.map(Scope::word).join(", ")))
}

fn life(text: &str) -> Result<Duration, String> {
    let seconds = match text.split_at_checked(text.len().saturating_sub(1)) {
        Some((number, "d")) => number.parse::<u32>().ok().map(|n| u64::from(n) * 86_400),
        Some((number, "h")) => number.parse::<u32>().ok().map(|n| u64::from(n) * 3600),
        _ => None,
    };
    seconds
        .map(Duration::from_secs)
        .filter(|life| !life.is_zero() && *life <= api_token::LONGEST_LIFE)
        .ok_or_else(|| "expected days or hours, such as 30d or 12h, at most 366d".to_owned())
}

impl TokenCommand {
    pub(super) fn run(self, global: &Global) -> Result<(), CliError> {
        match self {
            Self::Create(create) => create.run(global),
            Self::List(list) => list.run(global),
            Self::Revoke { id, json } => revoke(global, id, json),
        }
    }
}

impl Create {
    fn run(self, global: &Global) -> Result<(), CliError> {
        let store = global.open()?;
        let now = clock::now();
        let owner = match &self.org {
            Some(org) => Owner::Organization(
                store
                    .read(|conn| organization::find(conn, org.as_str()))?
                    .id,
            ),
            None => Owner::Appliance,
        };
        let new = NewToken {
            owner,
            name: self.name,
            scopes: self.scopes.into_iter().collect(),
            expires_at: Some(now.plus(self.expires)),
        };
        let (made, secret) =
            store.write(move |tx| api_token::create(tx, &new, &Author::command_line(), now))?;
        if self.json {
            let mut value = as_json(&made);
            if let Some(object) = value.as_object_mut() {
                object.insert("token".into(), secret.expose().into());
            }
            return output::json(&value);
        }
        output::fields(&[
            ("Token (shown this once)", secret.expose().to_owned()),
            ("Id", made.id),
            ("Scopes", made.scopes.to_string()),
            ("Expires", made.expires_at.to_string()),
        ])
    }
}

impl ListTokens {
    fn run(self, global: &Global) -> Result<(), CliError> {
        let store = global.open()?;
        let now = clock::now();
        let which = match &self.org {
            Some(org) => List::Organization(
                store
                    .read(|conn| organization::find(conn, org.as_str()))?
                    .id,
            ),
            None if self.operator => List::Operators,
            None => List::All,
        };
        let limit = usize::from(self.limit);
        let (mut tokens, total) =
            store.read(|conn| api_token::list(conn, &which, self.after.as_deref(), limit + 1))?;
        let more = tokens.len() > limit;
        tokens.truncate(limit);
        let next = tokens.last().filter(|_| more).map(|token| token.id.clone());
        if self.json {
            let items: Vec<Value> = tokens.iter().map(as_json).collect();
            return output::json(&json!({ "items": items, "total": total, "next": next }));
        }
        let rows: Vec<Vec<String>> = tokens
            .iter()
            .map(|token| {
                let used = token
                    .last_used_at
                    .map_or_else(|| "never".to_owned(), |at| at.to_string());
                vec![
                    token.id.clone(),
                    state(token, now).to_owned(),
                    token.owner.word().to_owned(),
                    token.expires_at.to_string(),
                    used,
                    token.scopes.to_string(),
                    token.name.clone(),
                ]
            })
            .collect();
        let head = [
            "ID",
            "STATE",
            "OWNER",
            "EXPIRES",
            "LAST USED",
            "SCOPES",
            "NAME",
        ];
        output::table(&head, &rows)?;
        if let Some(next) = next {
            output::note(&format!("more: --after {next}"));
        }
        Ok(())
    }
}

fn revoke(global: &Global, id: String, json: bool) -> Result<(), CliError> {
    let store = global.open()?;
    let now = clock::now();
    let revoked = id.clone();
    let found = store.write(move |tx| {
        let by = Author::command_line();
        Ok::<_, ApiTokenError>(api_token::revoke(tx, &revoked, &List::All, &by, now)?)
    })?;
    if !found {
        return Err(CliError::other(format!("there is no API token `{id}`")));
    }
    if json {
        output::json(&json!({ "id": id, "revoked": true }))
    } else {
        output::line(&format!("Revoked {id}."))
    }
}

fn state(token: &ApiToken, now: Timestamp) -> &'static str {
    if token.revoked_at.is_some() {
        "revoked"
    } else if token.expires_at <= now {
        "expired"
    } else {
        "active"
    }
}

fn as_json(token: &ApiToken) -> Value {
    serde_json::to_value(token).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_token_lives() {
        let days = |n: u64| Ok(Duration::from_secs(n * 86_400));
        assert_eq!(life("30d"), days(30));
        assert_eq!(life("48h"), days(2));
        assert_eq!(life("366d"), days(366));
        for wrong in [
            "",
            "d",
            "0d",
            "-1d",
            "367d",
            "30",
            "30m",
            "1.5d",
            "4294967296d",
            "é",
        ] {
            assert!(life(wrong).is_err(), "{wrong:?}");
        }
    }
}
