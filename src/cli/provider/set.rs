//! `portcullis provider set`

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use super::super::error::read_file;
use super::super::{CliError, Global, output};
use super::requests::Requests;
use super::show::show;
use crate::clock::Timestamp;
use crate::directory::domain::{DomainState, EmailDomain};
use crate::directory::provider::{
    self, Binding, BindingsChange, Change, Completion, LevelChange, LogoutChange, NamesChange,
    Provider, State,
};
use crate::directory::sha1::Sha1Until;
use crate::directory::{Level, enforcement, metadata_poll, metadata_source};
use crate::observe::audit::Author;
use crate::outbound::Reach;
use crate::saml::certificate::Certificate;
use crate::saml::mapping::Fact;
use crate::saml::metadata;
use crate::store::Store;

#[derive(Debug, Args)]
pub(in crate::cli) struct Set {
    /// Its id
    id: String,
    /// The identity provider's metadata in a file. Entered again, metadata of the same issuer adds
    /// certificates and removes none; of another one it replaces all
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
    #[command(flatten)]
    requests: Requests,
    /// Where the identity provider takes logout messages, by either binding; empty: where its
    /// metadata says [default: that]
    #[arg(long, value_name = "URL")]
    logout_url: Option<String>,
    /// Follow LogoutRequests without a signature: whoever knows a person's NameID can then sign
    /// that person out [default: false]
    #[arg(long, value_name = "BOOL")]
    unsigned_logout_requests: Option<bool>,
    /// Believe LogoutResponses without a signature [default: false]
    #[arg(long, value_name = "BOOL")]
    unsigned_logout_responses: Option<bool>,
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
    /// Take signatures with SHA-1, which can be forged, until the start of a day in UTC at most a
    /// year ahead: 2027-03-01, or none to end it now
    #[arg(long, value_name = "DATE")]
    allow_sha1_until: Option<Sha1Until>,
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

impl Set {
    pub(super) fn run(self, global: &Global, now: Timestamp) -> Result<(), CliError> {
        let store = global.open()?;
        let id = self.id.clone();
        let found = store.read(|conn| provider::find(conn, &id))?;
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
            completion: self.completion(&store, &found, now)?,
            name: self.name,
            bindings: BindingsChange {
                request_binding: self.request_binding,
                sign_requests: self.sign_requests,
            },
            requests: self.requests.change(),
            logout: LogoutChange {
                url: self.logout_url,
                unsigned_requests: self.unsigned_logout_requests,
                unsigned_responses: self.unsigned_logout_responses,
            },
            idp_initiated: self.idp_initiated,
            jit: self.jit,
            enforced: self.enforce,
            sha1_until: self.allow_sha1_until,
            state: self.state.map(|state| match state.as_str() {
                "disabled" => State::Disabled,
                _ => State::Active,
            }),
            domains: (!self.domains.is_empty()).then_some((self.domains, DomainState::Active)),
        };
        let by = Author::command_line();
        let operators = self.metadata_url;
        let changed = store.write(move |tx| {
            if let Some(url) = &operators {
                metadata_poll::given_by_operator(tx, &id, url)?;
            }
            provider::change(tx, &id, &change, &by, now)
        })?;
        if self.enforce == Some(true) {
            let readiness = store.read(|conn| enforcement::readiness(conn, &changed, now))?;
            output::note(&format!("Warning: {}", readiness.warning));
        }
        // Scripts read no warnings, and some take any word on standard error for a failure.
        if self.idp_initiated == Some(true) && !self.json {
            output::note(
                "Warning: a response that nobody asked for is bound to no browser. Whoever has one \
                 of their own can have somebody else's browser post it, and a stolen one opens a \
                 session for about two minutes. The tile in the identity provider's portal works \
                 without this option.",
            );
        }
        show(&store, &changed, now, self.json)
    }

    fn completion(
        &self,
        store: &Store,
        provider: &Provider,
        now: Timestamp,
    ) -> Result<Option<Completion>, CliError> {
        let read = |document: &[u8], option| {
            store.read(|conn| metadata_poll::read(conn, provider, document, option, now))
        };
        if let Some(path) = &self.metadata_file {
            let document = read_file(path, metadata::MAX_SIZE as u64)?;
            let parsed = read(&document, "--metadata-file")?;
            return Ok(Some(Completion::from_metadata(parsed, None)));
        }
        if let Some(url) = &self.metadata_url {
            let document = metadata_source::fetch(url, Reach::Anywhere)?;
            let parsed = read(&document, "--metadata-url")?;
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
