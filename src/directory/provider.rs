//! Identity providers of an organization: draft until complete, then active.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::addresses::PublicUrl;
use super::domain::{self, Domain, DomainState, EmailDomain};
use super::enforcement::{self, Readiness};
use super::organization::Organization;
use super::sha1::Sha1Until;
use super::{DirectoryError, organization};
use crate::access::session;
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry};
use crate::saml::certificate::Certificate;
use crate::saml::metadata::IdpMetadata;
use crate::store::id;

/// The identity provider products we have steps for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Okta.
    Okta,
    /// Any other SAML 2.0 identity provider.
    Saml,
}

impl std::str::FromStr for Kind {
    type Err = DirectoryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "okta" => Ok(Self::Okta),
            "saml" => Ok(Self::Saml),
            _ => Err(DirectoryError::invalid("kind", "expected okta or saml")),
        }
    }
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Okta => "okta",
            Self::Saml => "saml",
        }
    }
}

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
}

impl Provider {
    /// Whether a SHA-1 signature of it is good enough at `now`.
    pub fn takes_sha1(&self, now: Timestamp) -> bool {
        self.sha1_until.is_some_and(|until| now < until)
    }
}

const COLUMNS: &str = "id, organization_id, kind, name, state, issuer, sso_url, metadata_url, \
                       idp_initiated, jit, skew_ms, created_at, last_sign_in_at, enforced, \
                       sha1_until";

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
    let id = id::provider();
    tx.prepare_cached(
        "INSERT INTO providers (id, organization_id, kind, name, state, created_at)
         VALUES (?1, ?2, ?3, ?4, 'draft', ?5)",
    )?
    .execute(params![
        id,
        organization.id,
        kind.word(),
        name,
        now.millis()
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
         ORDER BY created_at, id LIMIT 200"
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

fn origin(url: &str) -> Option<String> {
    let uri: ureq::http::Uri = url.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}

/// Which keys to trust and where to send people.
#[derive(Debug)]
pub struct Completion {
    issuer: String,
    sso_url: String,
    metadata_url: Option<String>,
    certificates: Vec<Certificate>,
    source: &'static str,
}

impl Completion {
    /// From metadata, uploaded or fetched from `url`.
    pub fn from_metadata(metadata: IdpMetadata, url: Option<String>) -> Self {
        Self {
            issuer: metadata.entity_id,
            sso_url: metadata.sso_url,
            metadata_url: url,
            certificates: metadata.certificates,
            source: "metadata",
        }
    }

    /// From the three values typed by hand (Okta: Sign on URL, Issuer, Certificate).
    pub fn by_hand(
        sso_url: &str,
        issuer: &str,
        certificate: Certificate,
    ) -> Result<Self, DirectoryError> {
        let issuer = issuer.trim();
        if issuer.is_empty() || issuer.len() > 1024 || issuer.chars().any(char::is_control) {
            return Err(DirectoryError::invalid(
                "issuer",
                "expected the Issuer from Okta's More Details, such as http://www.okta.com/exk...",
            ));
        }
        let sso_url = sso_url.trim();
        if !crate::saml::metadata::is_sign_on_url(sso_url) {
            return Err(DirectoryError::invalid(
                "sso_url",
                "expected the Sign on URL from Okta's More Details: an https address (http only \
                 to this machine)",
            ));
        }
        Ok(Self {
            issuer: issuer.to_owned(),
            sso_url: sso_url.to_owned(),
            metadata_url: None,
            certificates: vec![certificate],
            source: "manual",
        })
    }
}

/// What can be changed of a provider; `None` keeps.
#[derive(Debug, Default)]
pub struct Change {
    /// The name on screen.
    pub name: Option<String>,
    /// Keys and addresses; makes a draft active.
    pub completion: Option<Completion>,
    /// Whether a response nobody asked for is trusted.
    pub idp_initiated: Option<bool>,
    /// Whether a person without an account gets one at sign-in.
    pub jit: Option<bool>,
    /// Whether people of its domains may use no password.
    pub enforced: Option<bool>,
    /// Until when SHA-1 signatures are taken. For operators.
    pub sha1_until: Option<Sha1Until>,
    /// On (`Active`) or off (`Disabled`).
    pub state: Option<State>,
    /// The domains and the state in which new ones start.
    pub domains: Option<(Vec<EmailDomain>, DomainState)>,
}

/// Changes one and returns it as it is then.
pub fn change(
    tx: &Connection,
    id: &str,
    change: &Change,
    by: &Author,
    now: Timestamp,
) -> Result<Provider, DirectoryError> {
    let before = find(tx, id)?;
    let facts_before = facts(tx, &before)?;
    if let Some(name) = &change.name {
        tx.prepare_cached("UPDATE providers SET name = ?2 WHERE id = ?1")?
            .execute(params![id, checked_name(name)?])?;
    }
    if let Some(completion) = &change.completion {
        complete(tx, &before, completion, now)?;
    }
    if let Some(on) = change.idp_initiated {
        tx.prepare_cached("UPDATE providers SET idp_initiated = ?2 WHERE id = ?1")?
            .execute(params![id, on])?;
    }
    if let Some(on) = change.jit {
        tx.prepare_cached("UPDATE providers SET jit = ?2 WHERE id = ?1")?
            .execute(params![id, on])?;
    }
    if let Some(until) = change.sha1_until {
        let until = until.checked(now)?.map(Timestamp::millis);
        tx.prepare_cached("UPDATE providers SET sha1_until = ?2 WHERE id = ?1")?
            .execute(params![id, until])?;
    }
    if let Some((domains, state)) = &change.domains {
        domain::assign(tx, &before.organization_id, id, domains, *state, now)?;
    }
    if let Some(state) = change.state {
        if find(tx, id)?.state == State::Draft {
            return Err(DirectoryError::conflict(
                "state",
                "the provider is a draft: give it the metadata of the identity provider first",
            ));
        }
        tx.prepare_cached("UPDATE providers SET state = ?2 WHERE id = ?1")?
            .execute(params![id, state.word()])?;
        if state == State::Disabled {
            session::end_of_provider(tx, id)?;
        }
    }
    if let Some(on) = change.enforced {
        if on && !before.enforced {
            enforcement::demand_ready(tx, &find(tx, id)?, now)?;
        }
        tx.prepare_cached("UPDATE providers SET enforced = ?2 WHERE id = ?1")?
            .execute(params![id, on])?;
    }
    let after = find(tx, id)?;
    if let Some(mut detail) = audit::changes(&facts_before, &facts(tx, &after)?) {
        if after.enforced {
            let ended = enforcement::end_password_sessions(tx, &after.organization_id)?;
            detail.insert("ended".into(), json!({ "password_sessions": ended }));
        }
        told(tx, "provider.changed", &after, detail, by, now)?;
    }
    Ok(after)
}

/// What the audit log says of a provider.
pub(super) fn facts(
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
    Ok(audit::detail([
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
        ("domains", json!(domain::of_provider(conn, &provider.id)?)),
    ]))
}

pub(super) fn told(
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

fn complete(
    tx: &Connection,
    provider: &Provider,
    completion: &Completion,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    // The issuer or the sign-on address of another identity provider means other keys too: the
    // old ones must not stay trusted. The same identity provider may be rotating, so what comes
    // from its metadata replaces what came from there, and pasted certificates stay.
    let same = provider.issuer.as_deref() == Some(completion.issuer.as_str());
    if !same && provider.issuer.is_some() {
        // What the old one called somebody says nothing about whom the new one calls so, nor
        // whether anybody can sign in through it.
        session::end_of_provider(tx, &provider.id)?;
        tx.prepare_cached("DELETE FROM links WHERE provider_id = ?1")?
            .execute([&provider.id])?;
        tx.prepare_cached("UPDATE providers SET last_sign_in_at = NULL WHERE id = ?1")?
            .execute([&provider.id])?;
    }
    let forget = if same && completion.source == "metadata" {
        "DELETE FROM provider_certificates WHERE provider_id = ?1 AND source = 'metadata'"
    } else if same {
        "DELETE FROM provider_certificates WHERE provider_id = ?1 AND 0"
    } else {
        "DELETE FROM provider_certificates WHERE provider_id = ?1"
    };
    tx.prepare_cached(forget)?.execute([&provider.id])?;
    for certificate in &completion.certificates {
        tx.prepare_cached(
            "INSERT INTO provider_certificates
                 (provider_id, fingerprint, der, source, not_after, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (provider_id, fingerprint) DO UPDATE SET source = excluded.source",
        )?
        .execute(params![
            provider.id,
            certificate.fingerprint(),
            certificate.der,
            completion.source,
            certificate.not_after().millis(),
            now.millis()
        ])?;
    }
    tx.prepare_cached(
        "UPDATE providers SET issuer = ?2, sso_url = ?3, metadata_url = ?4,
             state = CASE state WHEN 'draft' THEN 'active' ELSE state END
         WHERE id = ?1",
    )?
    .execute(params![
        provider.id,
        completion.issuer,
        completion.sso_url,
        completion.metadata_url
    ])?;
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

/// The pinned signing certificates, DER.
pub fn certificates(conn: &Connection, id: &str) -> Result<Vec<Certificate>, DirectoryError> {
    let mut statement = conn.prepare_cached(
        "SELECT der FROM provider_certificates WHERE provider_id = ?1 ORDER BY created_at",
    )?;
    let ders = statement
        .query_map([id], |row| row.get::<_, Vec<u8>>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    ders.iter()
        .map(|der| {
            Certificate::parse(der)
                .map_err(|e| DirectoryError::invalid("certificate", e.to_string()))
        })
        .collect()
}

/// A certificate as shown.
#[derive(Debug, Serialize)]
pub struct CertificateView {
    fingerprint: String,
    subject: String,
    not_after: Timestamp,
    expired: bool,
}

/// A provider as the API and the command line show it.
#[derive(Debug, Serialize)]
pub struct View {
    id: String,
    organization: String,
    kind: Kind,
    name: String,
    state: State,
    domains: Vec<Domain>,
    acs_url: String,
    entity_id: String,
    login_url: String,
    metadata_url: String,
    issuer: Option<String>,
    sso_url: Option<String>,
    idp_metadata_url: Option<String>,
    certificates: Vec<CertificateView>,
    idp_initiated: bool,
    jit: bool,
    enforced: bool,
    sha1_until: Option<Timestamp>,
    enforcement: Readiness,
    missing: Vec<&'static str>,
    people: i64,
    last_sign_in_at: Option<Timestamp>,
    created_at: Timestamp,
}

/// Reads what is shown of a provider.
pub fn view(
    conn: &Connection,
    provider: &Provider,
    public: &PublicUrl,
    now: Timestamp,
) -> Result<View, DirectoryError> {
    let domains = domain::of_provider(conn, &provider.id)?;
    let mut missing = Vec::new();
    if provider.state == State::Draft {
        missing.push("metadata");
    }
    if domains.iter().all(|d| d.state == DomainState::Pending) {
        missing.push("domain");
    }
    let people = conn
        .prepare_cached("SELECT link_count FROM providers WHERE id = ?1")?
        .query_row([&provider.id], |row| row.get(0))?;
    let certificates = certificates(conn, &provider.id)?
        .iter()
        .map(|c| CertificateView {
            fingerprint: c.fingerprint(),
            subject: c.subject().to_owned(),
            not_after: c.not_after(),
            expired: c.not_after() < now,
        })
        .collect();
    Ok(View {
        id: provider.id.clone(),
        organization: organization::find_by_id(conn, &provider.organization_id)?.slug,
        kind: provider.kind,
        name: provider.name.clone(),
        state: provider.state,
        domains,
        acs_url: public.acs(&provider.id),
        entity_id: public.entity_id(&provider.id),
        login_url: public.login(&provider.id),
        metadata_url: public.entity_id(&provider.id),
        issuer: provider.issuer.clone(),
        sso_url: provider.sso_url.clone(),
        idp_metadata_url: provider.metadata_url.clone(),
        certificates,
        idp_initiated: provider.idp_initiated,
        jit: provider.jit,
        enforced: provider.enforced,
        sha1_until: provider.sha1_until.filter(|_| provider.takes_sha1(now)),
        enforcement: enforcement::readiness(conn, provider, now)?,
        missing,
        people,
        last_sign_in_at: provider.last_sign_in_at,
        created_at: provider.created_at,
    })
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
    let kind = if row.get_ref(2)?.as_str()? == "okta" {
        Kind::Okta
    } else {
        Kind::Saml
    };
    let state = match row.get_ref(4)?.as_str()? {
        "active" => State::Active,
        "disabled" => State::Disabled,
        _ => State::Draft,
    };
    Ok(Provider {
        id: row.get(0)?,
        organization_id: row.get(1)?,
        kind,
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
        sha1_until: row.get::<_, Option<i64>>(14)?.map(Timestamp::from_millis),
    })
}
