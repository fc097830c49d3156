//! Identity providers of an organization: draft until complete, then active.

mod attributes;
mod bindings;
mod change;
mod completion;
mod logout;
mod requests;
mod view;

use std::time::Duration;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::DirectoryError;
use super::domain::{self, DomainState, EmailDomain};
use super::organization::Organization;
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry};
use crate::saml::mapping::Mapping;
use crate::store::id;

pub(in crate::directory) use self::attributes::is_group_name;
pub use self::attributes::{
    AttributeNames, GroupRules, LONGEST_GROUP, LevelChange, MOST_GROUP_LEVELS, NamesChange,
};
pub use self::bindings::{Binding, Bindings, BindingsChange, bindings};
pub use self::change::{Change, MOST_SKEW, change};
pub use self::completion::{Completion, certificates};
pub use self::logout::{Logout, LogoutChange, logout};
pub use self::requests::{LoginHint, Requests, RequestsChange, requests};
pub use self::view::{View, view};
pub use super::provider_kind::Kind;

/// How far a provider is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Something is missing; nobody can sign in.
    Draft,
    /// In use.
    Active,
    /// Complete, but switched off.
    Disabled,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

/// A provider as stored.
#[derive(Clone, Debug)]
pub struct Provider {
    /// 20 base32 characters.
    pub id: String,
    /// Its organization.
    pub organization_id: String,
    /// The product.
    pub kind: Kind,
    /// Its name on screen.
    pub name: String,
    /// How far it is.
    pub state: State,
    /// The identity provider's entity ID.
    pub issuer: Option<String>,
    /// Its HTTP-Redirect SingleSignOnService.
    pub sso_url: Option<String>,
    /// Where its metadata was fetched.
    pub metadata_url: Option<String>,
    /// Whether a response nobody asked for is trusted.
    pub idp_initiated: bool,
    /// Whether a person without an account gets one at sign-in.
    pub jit: bool,
    /// Whether people of its domains may use no password ([`super::enforcement`]).
    pub enforced: bool,
    /// How far its clock may be off.
    pub skew: Duration,
    /// Until when an operator takes its SHA-1 signatures ([`super::sha1`]).
    pub sha1_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The last accepted sign-in.
    pub last_sign_in_at: Option<Timestamp>,
    /// Attribute names that aren't its kind's.
    pub attribute_names: AttributeNames,
    /// What values of its groups attribute become.
    pub groups: GroupRules,
}

impl Provider {
    /// Whether a SHA-1 signature of it is good enough at `now`.
    pub fn takes_sha1(&self, now: Timestamp) -> bool {
        self.sha1_until.is_some_and(|until| now < until)
    }

    /// Which attributes say who somebody is.
    ///
    /// # Errors
    /// Where the stored names can't be any.
    pub fn mapping(&self) -> Result<Mapping, DirectoryError> {
        self.attribute_names.mapping(self.kind)
    }
}

const COLUMNS: &str = "id, organization_id, kind, name, state, issuer, sso_url, metadata_url, \
                       idp_initiated, jit, skew_ms, created_at, last_sign_in_at, enforced, \
                       attribute_names, group_levels, groups_mapped, sha1_until";

/// Most providers of one organization.
pub const MAX_PROVIDERS: i64 = 200;

/// Makes a draft with its domains.
#[expect(clippy::too_many_arguments, reason = "each is one fact of the draft")]
pub fn add(
    tx: &Connection,
    organization: &Organization,
    kind: Kind,
    name: Option<&str>,
    domains: &[EmailDomain],
    state: DomainState,
    by: &Author,
    now: Timestamp,
) -> Result<Provider, DirectoryError> {
    let name = match name {
        Some(name) => checked_name(name)?.to_owned(),
        None => format!("{}-{}", organization.slug, kind.word()),
    };
    let many: bool = tx
        .prepare_cached(
            "SELECT count(*) >= ?2 FROM (SELECT 1 FROM providers WHERE organization_id = ?1 LIMIT ?2)",
        )?
        .query_row(params![organization.id, MAX_PROVIDERS], |row| row.get(0))?;
    if many {
        let detail = format!(
            "{} has {MAX_PROVIDERS} providers, as many as an organization may have: delete one first",
            organization.slug
        );
        return Err(DirectoryError::conflict("providers", detail));
    }
    let id = id::provider();
    tx.prepare_cached(
        "INSERT INTO providers (id, organization_id, kind, name, state, created_at, skew_ms)
         VALUES (?1, ?2, ?3, ?4, 'draft', ?5, ?6)",
    )?
    .execute(params![
        id,
        organization.id,
        kind,
        name,
        now.millis(),
        i64::from(kind.preset().skew_seconds) * 1000
    ])?;
    domain::assign(tx, &organization.id, &id, domains, state, now)?;
    let made = find(tx, &id)?;
    let detail = audit::detail([("after", Value::Object(facts(tx, &made)?))]);
    told(tx, "provider.added", &made, detail, by, now)?;
    Ok(made)
}

/// Finds one by id.
pub fn find(conn: &Connection, id: &str) -> Result<Provider, DirectoryError> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM providers WHERE id = ?1"))?
        .query_row([id], from_row)
        .optional()?
        .ok_or_else(|| DirectoryError::not_found("provider", id))
}

/// Finds one by id within an organization; another organization's is not found.
pub fn find_in(
    conn: &Connection,
    organization_id: &str,
    id: &str,
) -> Result<Provider, DirectoryError> {
    find(conn, id).and_then(|found| {
        if found.organization_id == organization_id {
            Ok(found)
        } else {
            Err(DirectoryError::not_found("provider", id))
        }
    })
}

/// The providers of an organization in the order they were made, at most 200.
pub fn list(conn: &Connection, organization_id: &str) -> Result<Vec<Provider>, DirectoryError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM providers WHERE organization_id = ?1
         ORDER BY created_at, id LIMIT {MAX_PROVIDERS}"
    ))?;
    Ok(statement
        .query_map([organization_id], from_row)?
        .collect::<Result<_, _>>()?)
}

/// The active provider that speaks for a domain.
pub fn of_domain(
    conn: &Connection,
    domain: &EmailDomain,
) -> Result<Option<Provider>, DirectoryError> {
    let id: Option<String> = conn
        .prepare_cached(
            "SELECT p.id FROM domains d JOIN providers p ON p.id = d.provider_id
             WHERE d.domain = ?1 AND d.state = 'active' AND p.state = 'active'",
        )?
        .query_row([domain.as_str()], |row| row.get(0))
        .optional()?;
    id.map(|id| find(conn, &id)).transpose()
}

/// The origins of active providers reached by plain http, which are on this machine: what the
/// sign-in page may send people to beyond https. At most 20; there are some in development only.
pub fn loopback_origins(conn: &Connection) -> Result<Vec<String>, DirectoryError> {
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT sso_url FROM providers
         WHERE state = 'active' AND sso_url >= 'http://' AND sso_url < 'http:0' LIMIT 20",
    )?;
    let urls = statement
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(urls.iter().filter_map(|url| origin(url)).collect())
}

/// Scheme, host and port of an address.
pub fn origin(url: &str) -> Option<String> {
    let uri: ureq::http::Uri = url.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}

/// What the audit log says of a provider.
pub(in crate::directory) fn facts(
    conn: &Connection,
    provider: &Provider,
) -> Result<Map<String, Value>, DirectoryError> {
    let fingerprints = conn
        .prepare_cached(
            "SELECT fingerprint FROM provider_certificates WHERE provider_id = ?1
             ORDER BY fingerprint",
        )?
        .query_map([&provider.id], |row| row.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    let domains: Vec<Value> = domain::of_provider(conn, &provider.id)?
        .iter()
        .map(|each| json!({ "domain": each.domain, "state": each.state }))
        .collect();
    let bindings = bindings(conn, &provider.id)?;
    let requests = requests(conn, provider)?;
    let logout = logout(conn, &provider.id)?;
    let logout_url = logout
        .requests(bindings.request_binding)
        .map(|(_, url)| url);
    Ok(audit::detail([
        ("force_authn", json!(requests.force_authn)),
        ("authn_contexts", json!(requests.contexts)),
        ("authn_comparison", json!(requests.comparison)),
        ("name_id_format", json!(requests.name_id_format)),
        ("login_hint", json!(requests.login_hint)),
        ("step_up", json!(requests.step_up)),
        ("logout_url", json!(logout_url)),
        ("unsigned_logout_requests", json!(logout.unsigned_requests)),
        (
            "unsigned_logout_responses",
            json!(logout.unsigned_responses),
        ),
        ("request_binding", json!(bindings.request_binding)),
        ("sign_requests", json!(bindings.sign_requests)),
        ("name", json!(provider.name)),
        ("kind", json!(provider.kind)),
        ("state", json!(provider.state)),
        ("issuer", json!(provider.issuer)),
        ("sso_url", json!(provider.sso_url)),
        ("metadata_url", json!(provider.metadata_url)),
        ("certificates", json!(fingerprints)),
        ("idp_initiated", json!(provider.idp_initiated)),
        ("jit", json!(provider.jit)),
        ("enforced", json!(provider.enforced)),
        ("sha1_until", json!(provider.sha1_until)),
        ("skew_seconds", json!(provider.skew.as_secs())),
        ("mapping", json!(provider.attribute_names)),
        ("group_levels", json!(provider.groups.levels)),
        ("groups_mapped_only", json!(provider.groups.mapped_only)),
        ("domains", json!(domains)),
    ]))
}

pub(in crate::directory) fn told(
    tx: &Connection,
    action: &'static str,
    provider: &Provider,
    detail: Map<String, Value>,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let entry = Entry {
        action,
        organization_id: Some(&provider.organization_id),
        target: audit::Target {
            kind: "provider",
            id: Some(&provider.id),
            name: &provider.name,
        },
        detail,
    };
    audit::record(tx, by, &entry, now)?;
    Ok(())
}

/// The provider that a SCIM token is made for: the one that was asked for, else the only one.
pub fn of_token(
    conn: &Connection,
    organization_id: &str,
    asked: Option<&str>,
) -> Result<Option<String>, DirectoryError> {
    if let Some(id) = asked {
        let found = find_in(conn, organization_id, id).map_err(|error| match error {
            DirectoryError::NotFound { .. } => {
                DirectoryError::invalid("provider_id", "this organization has no such provider")
            }
            other => other,
        })?;
        return Ok(Some(found.id));
    }
    let mut all = list(conn, organization_id)?;
    Ok(if all.len() == 1 { all.pop() } else { None }.map(|only| only.id))
}

fn checked_name(name: &str) -> Result<&str, DirectoryError> {
    let trimmed = name.trim();
    if trimmed.is_empty() || trimmed.chars().count() > 100 || trimmed.chars().any(char::is_control)
    {
        return Err(DirectoryError::invalid(
            "name",
            "expected 1 to 100 characters",
        ));
    }
    Ok(trimmed)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Provider> {
    let skew: i64 = row.get(10)?;
    let state = match row.get_ref(4)?.as_str()? {
        "active" => State::Active,
        "disabled" => State::Disabled,
        _ => State::Draft,
    };
    Ok(Provider {
        id: row.get(0)?,
        organization_id: row.get(1)?,
        kind: row.get(2)?,
        name: row.get(3)?,
        state,
        issuer: row.get(5)?,
        sso_url: row.get(6)?,
        metadata_url: row.get(7)?,
        idp_initiated: row.get(8)?,
        jit: row.get(9)?,
        skew: Duration::from_millis(u64::try_from(skew).unwrap_or(0)),
        created_at: Timestamp::from_millis(row.get(11)?),
        last_sign_in_at: row.get::<_, Option<i64>>(12)?.map(Timestamp::from_millis),
        enforced: row.get(13)?,
        attribute_names: from_json(14, row)?,
        groups: GroupRules {
            levels: from_json(15, row)?,
            mapped_only: row.get(16)?,
        },
        sha1_until: row.get::<_, Option<i64>>(17)?.map(Timestamp::from_millis),
    })
}

fn from_json<T: DeserializeOwned>(column: usize, row: &Row<'_>) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}
