//! Identity providers of an organization.

use std::time::Duration;

use serde_json::json;

use super::super::route::Call;
use super::super::{App, Problem};
use super::{Body, json as answer, provider_attributes, provider_requests};
use crate::directory::domain::{DomainState, EmailDomain};
use crate::directory::provider::{
    self, BindingsChange, Change, Completion, Kind, LogoutChange, Provider, State,
};
use crate::directory::sha1::Sha1Until;
use crate::directory::{DirectoryError, metadata_poll, metadata_source, provider_deletion};
use crate::edge::Response;
use crate::outbound::Reach;
use crate::saml::certificate::Certificate;

/// `GET .../providers`
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization = call.organization()?;
    let items = app.store.read(|conn| {
        provider::list(conn, &organization.id)?
            .iter()
            .map(|p| provider::view(conn, p, &app.public, call.now))
            .collect::<Result<Vec<_>, DirectoryError>>()
    })?;
    answer(
        200,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}

/// `POST .../providers`
pub(in crate::web) fn add(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["kind", "name", "domains"])?;
    let kind: Kind = body.required_text("kind")?.parse()?;
    let name = body.text("name")?.map(str::to_owned);
    let domains = domains(&body)?.ok_or_else(|| Problem::field("domains", "is missing"))?;
    let state = new_domain_state(call)?;
    let organization = call.organization()?.clone();
    let (by, now) = (call.author()?, call.now);
    let public = app.public.clone();
    let view = app.store.write(move |tx| {
        let made = provider::add(
            tx,
            &organization,
            kind,
            name.as_deref(),
            &domains,
            state,
            &by,
            now,
        )?;
        provider::view(tx, &made, &public, now)
    })?;
    answer(201, &view)
}

/// `GET .../providers/{provider}`
pub(in crate::web) fn show(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization = call.organization()?;
    let view = app.store.read(|conn| {
        let found = provider::find_in(conn, &organization.id, call.parameter("provider"))?;
        provider::view(conn, &found, &app.public, call.now)
    })?;
    answer(200, &view)
}

/// `PATCH .../providers/{provider}`
pub(in crate::web) fn change(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let known = [
        [
            "name",
            "metadata_xml",
            "metadata_url",
            "sso_url",
            "issuer",
            "certificate",
            "request_binding",
            "sign_requests",
            "logout_url",
            "unsigned_logout_requests",
            "unsigned_logout_responses",
            "idp_initiated",
            "jit",
            "enforced",
            "sha1_until",
            "state",
            "domains",
            "skew_seconds",
            "mapping",
            "group_levels",
            "groups_mapped_only",
        ]
        .as_slice(),
        &provider_requests::MEMBERS,
    ]
    .concat();
    let body = Body::read(call.request, &known)?;
    let id = call.parameter("provider").to_owned();
    let organization_id = call.organization()?.id.clone();
    // Before anything is fetched from anywhere: is it theirs?
    let found = app
        .store
        .read(|conn| provider::find_in(conn, &organization_id, &id))?;
    let state = match body.text("state")? {
        None => None,
        Some("active") => Some(State::Active),
        Some("disabled") => Some(State::Disabled),
        Some(_) => return Err(Problem::field("state", "expected active or disabled")),
    };
    let new_domains = match domains(&body)? {
        None => None,
        Some(domains) => Some((domains, new_domain_state(call)?)),
    };
    let change = Change {
        name: body.text("name")?.map(str::to_owned),
        completion: completion(app, call, &body, &found)?,
        bindings: BindingsChange {
            request_binding: body.text("request_binding")?.map(str::parse).transpose()?,
            sign_requests: body.flag("sign_requests")?,
        },
        requests: provider_requests::change(&body)?,
        logout: LogoutChange {
            url: body.text("logout_url")?.map(str::to_owned),
            unsigned_requests: body.flag("unsigned_logout_requests")?,
            unsigned_responses: body.flag("unsigned_logout_responses")?,
        },
        idp_initiated: body.flag("idp_initiated")?,
        jit: body.flag("jit")?,
        enforced: body.flag("enforced")?,
        sha1_until: sha1_until(call, &body)?,
        state,
        domains: new_domains,
        skew: body
            .number("skew_seconds")?
            .map(|seconds| {
                u64::try_from(seconds)
                    .map(Duration::from_secs)
                    .map_err(|_| Problem::field("skew_seconds", "expected 0 to 600"))
            })
            .transpose()?,
        names: provider_attributes::names(&body)?,
        group_levels: provider_attributes::levels(&body)?,
        groups_mapped_only: body.flag("groups_mapped_only")?,
    };
    let operators = match body.text("metadata_url")? {
        Some(url) if call.may_operate()? => Some(url.to_owned()),
        _ => None,
    };
    let (by, now) = (call.author()?, call.now);
    let public = app.public.clone();
    let view = app.store.write(move |tx| {
        provider::find_in(tx, &organization_id, &id)?;
        if let Some(url) = &operators {
            metadata_poll::given_by_operator(tx, &id, url)?;
        }
        let changed = provider::change(tx, &id, &change, &by, now)?;
        provider::view(tx, &changed, &public, now)
    })?;
    answer(200, &view)
}

/// `DELETE .../providers/{provider}`
pub(in crate::web) fn delete(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization_id = call.organization()?.id.clone();
    let id = call.parameter("provider").to_owned();
    let (by, now) = (call.author()?, call.now);
    app.store.write(move |tx| {
        provider::find_in(tx, &organization_id, &id)?;
        provider_deletion::delete(tx, &id, &by, now)
    })?;
    Ok(Response::new(204))
}

/// `GET .../providers/{provider}/deletion`: who would lose their way in, and what would end.
pub(in crate::web) fn deletion(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization = call.organization()?;
    let asker = call.signed_in()?.user_id();
    let preview = app.store.read(|conn| {
        let found = provider::find_in(conn, &organization.id, call.parameter("provider"))?;
        provider_deletion::preview(conn, &found, asker, call.now)
    })?;
    answer(200, &preview)
}

/// Exactly one of the three ways to complete a provider, or none.
fn completion(
    app: &App,
    call: &Call<'_>,
    body: &Body,
    provider: &Provider,
) -> Result<Option<Completion>, Problem> {
    let read = |document: &[u8], field| {
        app.store
            .read(|conn| metadata_poll::read(conn, provider, document, field, call.now))
    };
    let xml = body.text("metadata_xml")?;
    let url = body.text("metadata_url")?;
    let by_hand = (
        body.text("sso_url")?,
        body.text("issuer")?,
        body.text("certificate")?,
    );
    match (xml, url, by_hand) {
        (None, None, (None, None, None)) => Ok(None),
        (Some(xml), None, (None, None, None)) => {
            let parsed = read(xml.as_bytes(), "metadata_xml")?;
            Ok(Some(Completion::from_metadata(parsed, None)))
        }
        (None, Some(url), (None, None, None)) => {
            let document = metadata_source::fetch(url, reach(call)?)?;
            let parsed = read(&document, "metadata_url")?;
            Ok(Some(Completion::from_metadata(
                parsed,
                Some(url.trim().to_owned()),
            )))
        }
        (None, None, (sso_url, issuer, certificate)) => {
            let missing = |name| {
                Problem::field(
                    name,
                    "is missing: Sign on URL, Issuer and Certificate belong together",
                )
            };
            let certificate = certificate.ok_or_else(|| missing("certificate"))?;
            let certificate = Certificate::parse(certificate.as_bytes())
                .map_err(|e| Problem::field("certificate", e.to_string()))?;
            Ok(Some(Completion::by_hand(
                sso_url.ok_or_else(|| missing("sso_url"))?,
                issuer.ok_or_else(|| missing("issuer"))?,
                certificate,
            )?))
        }
        _ => Err(Problem::new(
            400,
            "invalid",
            "Send one of metadata_xml, metadata_url, or sso_url with issuer and certificate.",
        )),
    }
}

/// How far the appliance goes to fetch what this caller asks for.
fn reach(call: &Call<'_>) -> Result<Reach, Problem> {
    if call.may_operate()? {
        return Ok(Reach::Anywhere);
    }
    Ok(metadata_source::reach_of(call.organization()?))
}

/// An organization's own admin doesn't weaken what its sign-ins rest on.
fn sha1_until(call: &Call<'_>, body: &Body) -> Result<Option<Sha1Until>, Problem> {
    let Some(text) = body.text("sha1_until")? else {
        return Ok(None);
    };
    if !call.may_operate()? {
        return Err(Problem::new(
            403,
            "forbidden",
            "Only an operator can set `sha1_until`.",
        ));
    }
    Ok(Some(text.parse()?))
}

fn domains(body: &Body) -> Result<Option<Vec<EmailDomain>>, Problem> {
    body.texts("domains")?
        .map(|texts| {
            let mut domains: Vec<EmailDomain> = Vec::new();
            for text in texts {
                let domain = text.parse::<EmailDomain>().map_err(|e| match e {
                    DirectoryError::Invalid { detail, .. } => Problem::field("domains", detail),
                    other => other.into(),
                })?;
                if !domains.contains(&domain) {
                    domains.push(domain);
                }
            }
            Ok(domains)
        })
        .transpose()
}

/// A domain that an operator adds counts at once; one that an organization's own admin adds waits
/// for approval, or admins could claim each other's people.
fn new_domain_state(call: &Call<'_>) -> Result<DomainState, Problem> {
    Ok(if call.may_operate()? {
        DomainState::Active
    } else {
        DomainState::Pending
    })
}
