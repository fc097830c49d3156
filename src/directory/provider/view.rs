//! A provider as the API and the command line show it.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde::Serialize;

use super::{Binding, Kind, Provider, State, bindings, logout};
use crate::clock::Timestamp;
use crate::directory::addresses::PublicUrl;
use crate::directory::certificates::{self, Pinned};
use crate::directory::domain::{self, Domain, DomainState};
use crate::directory::enforcement::{self, Readiness};
use crate::directory::{DirectoryError, Level, organization};
use crate::saml::mapping::Fact;

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
    slo_url: String,
    issuer: Option<String>,
    sso_url: Option<String>,
    idp_metadata_url: Option<String>,
    certificates: Vec<Pinned>,
    request_binding: Binding,
    sign_requests: bool,
    logout_url: Option<String>,
    unsigned_logout_requests: bool,
    unsigned_logout_responses: bool,
    idp_initiated: bool,
    jit: bool,
    enforced: bool,
    sha1_until: Option<Timestamp>,
    enforcement: Readiness,
    skew_seconds: u64,
    mapping: BTreeMap<&'static str, Vec<String>>,
    mapping_changed: Vec<&'static str>,
    group_levels: BTreeMap<String, Level>,
    groups_mapped_only: bool,
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
    let mapping = provider.mapping()?;
    let bindings = bindings(conn, &provider.id)?;
    let logout = logout(conn, &provider.id)?;
    let logout_to = logout.requests(bindings.request_binding);
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
    let certificates = certificates::list(conn, &provider.id, now)?;
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
        slo_url: public.slo(&provider.id),
        issuer: provider.issuer.clone(),
        sso_url: provider.sso_url.clone(),
        idp_metadata_url: provider.metadata_url.clone(),
        certificates,
        request_binding: bindings.request_binding,
        sign_requests: bindings.sign_requests,
        logout_url: logout_to.map(|(_, url)| url.to_owned()),
        unsigned_logout_requests: logout.unsigned_requests,
        unsigned_logout_responses: logout.unsigned_responses,
        idp_initiated: provider.idp_initiated,
        jit: provider.jit,
        enforced: provider.enforced,
        sha1_until: provider.sha1_until.filter(|_| provider.takes_sha1(now)),
        enforcement: enforcement::readiness(conn, provider, now)?,
        skew_seconds: provider.skew.as_secs(),
        mapping: Fact::ALL
            .into_iter()
            .map(|fact| (fact.word(), mapping.names(fact).to_vec()))
            .collect(),
        mapping_changed: provider.attribute_names.changed(),
        group_levels: provider.groups.levels.clone(),
        groups_mapped_only: provider.groups.mapped_only,
        missing,
        people,
        last_sign_in_at: provider.last_sign_in_at,
        created_at: provider.created_at,
    })
}
