//! `portcullis provider`

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::error::read_file;
use super::{CliError, Global, output};
use crate::clock::{self, Timestamp};
use crate::directory::addresses::PublicUrl;
use crate::directory::domain::{DomainState, EmailDomain};
use crate::directory::provider::{
    self, Binding, BindingsChange, Change, Completion, Kind, LevelChange, NamesChange, Provider,
    State,
};
use crate::directory::provider_deletion::{self, Preview};
use crate::directory::provider_kind::Here;
use crate::directory::slug::Slug;
use crate::directory::{DirectoryError, Level, enforcement, metadata_source, organization};
use crate::observe::audit::Author;
use crate::outbound::Reach;
use crate::saml::certificate::Certificate;
use crate::saml::mapping::Fact;
use crate::saml::metadata;
use crate::store::Store;

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

#[derive(Debug, Args)]
pub(super) struct Set {
    /// Its id
    id: String,
    /// The identity provider's metadata in a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["metadata_url", "sso_url", "issuer", "certificate_file"])]
    metadata_file: Option<PathBuf>,
    /// The identity provider's Metadata URL (https, or http on this machine)
    #[arg(long, value_name = "URL", conflicts_with_all = ["sso_url", "issuer", "certificate_file"])]
    metadata_url: Option<String>,
    /// Without metadata: the Sign on URL
    #[arg(
        long,
        value_name = "URL",
        requires = "issuer",
        requires = "certificate_file"
    )]
    sso_url: Option<String>,
    /// Without metadata: the Issuer
    #[arg(long, requires = "sso_url")]
    issuer: Option<String>,
    /// Without metadata: the signing certificate in a file (PEM)
    #[arg(long, value_name = "FILE", requires = "sso_url")]
    certificate_file: Option<PathBuf>,
    /// Trust responses that nobody asked for [default: false]
    #[arg(long, value_name = "BOOL")]
    idp_initiated: Option<bool>,
    /// How requests go to the identity provider: redirect or post [default: what its metadata
    /// offers, redirect first]
    #[arg(long, value_name = "BINDING")]
    request_binding: Option<Binding>,
    /// Sign requests [default: what its metadata wants]
    #[arg(long, value_name = "BOOL")]
    sign_requests: Option<bool>,
    /// Make users at their first sign-in [default: true]
    #[arg(long, value_name = "BOOL")]
    jit: Option<bool>,
    /// How many seconds its clock may be off, 0 to 600
    #[arg(long, value_name = "SECONDS")]
    skew: Option<u64>,
    /// The attributes that say what is known of a person: email, firstName, lastName, displayName
    /// or groups, and names in the order in which they are tried. NameID stands for the NameID,
    /// where that is an address. Without names: those of its kind. May be given several times
    #[arg(long = "map", value_name = "FACT=NAME[,NAME]")]
    maps: Vec<MapArgument>,
    /// Take groups from this attribute at each sign-in; empty: take none, and remove those that
    /// came from it [default: none]
    #[arg(long, value_name = "NAME")]
    groups_attribute: Option<String>,
    /// The level of a group that comes from the attribute; without a level: viewer. May be given
    /// several times
    #[arg(long = "group-level", value_name = "VALUE=LEVEL")]
    group_levels: Vec<LevelArgument>,
    /// Take only groups that have a level [default: false]
    #[arg(long, value_name = "BOOL")]
    groups_mapped_only: Option<bool>,
    /// Require SSO: people of its domains can use no password. Refused until somebody has signed in
    /// through it and a break-glass drill has passed within 90 days [default: false]
    #[arg(long, value_name = "BOOL")]
    enforce: Option<bool>,
    /// Its name on screen
    #[arg(long)]
    name: Option<String>,
    /// Replace its domains; may be given several times
    #[arg(long = "domain", value_name = "DOMAIN")]
    domains: Vec<EmailDomain>,
    /// Switch it on or off
    #[arg(long, value_name = "STATE", value_parser = ["active", "disabled"])]
    state: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// `email=mail,NameID`
#[derive(Clone, Debug)]
struct MapArgument(NamesChange);

impl FromStr for MapArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (fact, names) = text
            .split_once('=')
            .ok_or("expected a fact, = and attribute names, such as email=mail,NameID")?;
        let fact = fact.parse::<Fact>().map_err(|e| e.to_string())?;
        let names = match names {
            "" => None,
            names => Some(names.split(',').map(|n| n.trim().to_owned()).collect()),
        };
        Ok(Self((fact, names)))
    }
}

/// `staff=editor`. A value may have a = in it, as a distinguished name has; a level has none.
#[derive(Clone, Debug)]
struct LevelArgument(LevelChange);

impl FromStr for LevelArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (value, level) = text
            .rsplit_once('=')
            .ok_or("expected a value, = and a level, such as staff=editor")?;
        let level = match level {
            "" => None,
            word => Some(word.parse::<Level>().map_err(|e| e.to_string())?),
        };
        Ok(Self((value.to_owned(), level)))
    }
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

impl Set {
    fn run(self, global: &Global, now: Timestamp) -> Result<(), CliError> {
        let store = global.open()?;
        let id = self.id.clone();
        store.read(|conn| provider::find(conn, &id))?;
        let mut names: Vec<NamesChange> = self.maps.iter().map(|map| map.0.clone()).collect();
        if let Some(name) = &self.groups_attribute {
            let named = (!name.is_empty()).then(|| vec![name.clone()]);
            names.push((Fact::Groups, named));
        }
        let change = Change {
            skew: self.skew.map(Duration::from_secs),
            names,
            group_levels: self.group_levels.iter().map(|l| l.0.clone()).collect(),
            groups_mapped_only: self.groups_mapped_only,
            completion: self.completion(now)?,
            name: self.name,
            bindings: BindingsChange {
                request_binding: self.request_binding,
                sign_requests: self.sign_requests,
            },
            idp_initiated: self.idp_initiated,
            jit: self.jit,
            enforced: self.enforce,
            state: self.state.map(|state| match state.as_str() {
                "disabled" => State::Disabled,
                _ => State::Active,
            }),
            domains: (!self.domains.is_empty()).then_some((self.domains, DomainState::Active)),
        };
        let by = Author::command_line();
        let changed = store.write(move |tx| provider::change(tx, &id, &change, &by, now))?;
        if self.enforce == Some(true) {
            let readiness = store.read(|conn| enforcement::readiness(conn, &changed, now))?;
            output::note(&format!("Warning: {}", readiness.warning));
        }
        if self.idp_initiated == Some(true) {
            output::note(
                "Warning: a response that nobody asked for is bound to no browser. Whoever has one \
                 of their own can have somebody else's browser post it, and a stolen one opens a \
                 session for about two minutes. The tile in the identity provider's portal works \
                 without this option.",
            );
        }
        show(&store, &changed, now, self.json)
    }

    fn completion(&self, now: Timestamp) -> Result<Option<Completion>, CliError> {
        if let Some(path) = &self.metadata_file {
            let document = read_file(path, metadata::MAX_SIZE as u64)?;
            let parsed = metadata::parse_idp(&document, now)
                .map_err(|e| CliError::other(format!("--metadata-file: {e}")))?;
            return Ok(Some(Completion::from_metadata(parsed, None)));
        }
        if let Some(url) = &self.metadata_url {
            let document = metadata_source::fetch(url, Reach::Anywhere)?;
            let parsed = metadata::parse_idp(&document, now)
                .map_err(|e| CliError::other(format!("--metadata-url: {e}")))?;
            return Ok(Some(Completion::from_metadata(
                parsed,
                Some(url.trim().to_owned()),
            )));
        }
        let (Some(sso_url), Some(issuer), Some(path)) =
            (&self.sso_url, &self.issuer, &self.certificate_file)
        else {
            return Ok(None);
        };
        let certificate = Certificate::parse(&read_file(path, 64 * 1024)?)
            .map_err(|e| CliError::other(format!("--certificate-file: {e}")))?;
        Ok(Some(Completion::by_hand(sso_url, issuer, certificate)?))
    }
}

fn view(
    conn: &rusqlite::Connection,
    provider: &Provider,
    public: &PublicUrl,
    now: Timestamp,
) -> Result<Value, DirectoryError> {
    let view = provider::view(conn, provider, public, now)?;
    Ok(serde_json::to_value(view).unwrap_or_default())
}

fn show(store: &Store, provider: &Provider, now: Timestamp, json: bool) -> Result<(), CliError> {
    let value = store.read(|conn| view(conn, provider, &PublicUrl::load(conn)?, now))?;
    if json {
        return output::json(&value);
    }
    let preset = provider.kind.preset();
    let required = if provider.enforced { "yes" } else { "no" };
    output::fields(&[
        (
            "Provider",
            format!("{} ({})", text(&value, "name"), text(&value, "id")),
        ),
        ("Product", preset.name.to_owned()),
        ("State", text(&value, "state")),
        ("Require SSO", required.to_owned()),
        (preset.labels.acs_url, text(&value, "acs_url")),
        (preset.labels.entity_id, text(&value, "entity_id")),
        ("Sign-in starts at", text(&value, "login_url")),
        ("Clock may be off", format!("{} s", provider.skew.as_secs())),
    ])?;
    output::line("")?;
    output::line("Taken from these attributes:")?;
    let mapping = provider.mapping()?;
    for fact in Fact::ALL {
        let names = match mapping.names(fact) {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        output::line(&format!("  {fact}: {names}"))?;
    }
    for (group, level) in &provider.groups.levels {
        output::line(&format!("  level of {group}: {level}"))?;
    }
    if provider.state == State::Draft {
        connect(provider, &value)?;
    }
    Ok(())
}

/// What to do in the product, as the console shows it.
fn connect(provider: &Provider, shown: &Value) -> Result<(), CliError> {
    let preset = provider.kind.preset();
    let filled = |line: &str| {
        let mut line = line.replace("**", "");
        for key in ["acs_url", "entity_id", "login_url", "metadata_url"] {
            line = line.replace(&format!("{{{key}}}"), &text(shown, key));
        }
        line
    };
    for (number, step) in (1..).zip(preset.steps) {
        output::line("")?;
        output::line(&format!("{number}. {}", step.title))?;
        for paragraph in step.text {
            output::line(&format!("   {}", filled(paragraph)))?;
        }
        if let Some(form) = &step.form {
            output::line(&format!("   {}", form.caption))?;
            for row in form.rows {
                output::line(&format!("     {}: {}", row.label, filled(row.value)))?;
            }
        }
        if let Some(table) = &step.table {
            output::line(&format!("   {}", table.caption))?;
            for cells in table.rows {
                output::line(&format!("     {}", cells.join(" | ")))?;
            }
        }
        if step.here == Some(Here::Metadata) {
            let way = match preset.metadata.url {
                Some(_) => "--metadata-url URL",
                None => "--metadata-file FILE",
            };
            output::line(&format!("   portcullis provider set {} {way}", provider.id))?;
        }
        if step.here == Some(Here::Test) {
            output::line(&format!("   Open {}", text(shown, "login_url")))?;
        }
    }
    output::line("")?;
    output::line("Worth knowing:")?;
    for trap in preset.traps {
        output::line(&format!("- {trap}"))?;
    }
    Ok(())
}

fn show_deletion(preview: &Preview, json: bool) -> Result<(), CliError> {
    if json {
        return output::json(preview);
    }
    let enforced = if preview.enforced {
        ", and may use no other way at present"
    } else {
        ""
    };
    output::line(&format!(
        "{} people sign in through it{enforced}.",
        preview.people
    ))?;
    output::line(&format!(
        "{} sessions would end, {} SCIM tokens would be revoked.",
        preview.sessions, preview.scim_tokens
    ))?;
    if preview.other_ways_in.is_empty() {
        return output::line("There would be no other way in.");
    }
    output::line("What would let people in afterwards:")?;
    for way in &preview.other_ways_in {
        output::line(&format!("  {way}"))?;
    }
    Ok(())
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or("-")
        .to_owned()
}
