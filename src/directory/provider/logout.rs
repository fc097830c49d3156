//! Single logout with an identity provider (SAML profiles section 4.4): where it takes its
//! messages, and which unsigned ones of it are taken.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Binding, Provider, origin};
use crate::directory::DirectoryError;
use crate::saml::metadata::{self, IdpMetadata};

/// How single logout is done with one provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logout {
    redirect: Option<Service>,
    post: Option<Service>,
    chosen: Option<String>,
    /// Whether its LogoutRequests are followed without a signature.
    pub unsigned_requests: bool,
    /// Whether its LogoutResponses are believed without a signature.
    pub unsigned_responses: bool,
}

/// One SingleLogoutService: where requests go, and where answers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Service {
    requests: String,
    answers: String,
}

impl Logout {
    /// Where our LogoutRequests go and how: by the binding of other requests where it is offered,
    /// else by the other one. `None`: it has no single logout.
    pub fn requests(&self, preferred: Binding) -> Option<(Binding, &str)> {
        let (binding, requests, _) = self.service(preferred)?;
        Some((binding, requests))
    }

    /// Where our answers go, to a request that came by the binding `by`, and how.
    pub fn answers(&self, by: Binding) -> Option<(Binding, &str)> {
        let (binding, _, answers) = self.service(by)?;
        Some((binding, answers))
    }

    fn service(&self, preferred: Binding) -> Option<(Binding, &str, &str)> {
        if let Some(url) = &self.chosen {
            return Some((preferred, url, url));
        }
        let (redirect, post) = (
            self.redirect.as_ref().map(|s| (Binding::Redirect, s)),
            self.post.as_ref().map(|s| (Binding::Post, s)),
        );
        let (binding, service) = match preferred {
            Binding::Redirect => redirect.or(post),
            Binding::Post => post.or(redirect),
        }?;
        Some((binding, &service.requests, &service.answers))
    }

    /// The origins of the provider's own pages, which may put our logout into a frame. Each once.
    pub fn origins(&self, provider: &Provider) -> Vec<String> {
        let services = self.redirect.iter().chain(&self.post);
        let addresses = services.flat_map(|s| [s.requests.as_str(), s.answers.as_str()]);
        let all = addresses
            .chain(self.chosen.as_deref())
            .chain(provider.sso_url.as_deref());
        let mut origins: Vec<String> = all.filter_map(origin).collect();
        origins.sort();
        origins.dedup();
        origins
    }
}

/// What can be chosen; `None` keeps.
#[derive(Clone, Debug, Default)]
pub struct LogoutChange {
    /// Where the provider takes logout messages, by either binding; empty: where its metadata says.
    pub url: Option<String>,
    /// Whether its LogoutRequests are followed without a signature.
    pub unsigned_requests: Option<bool>,
    /// Whether its LogoutResponses are believed without a signature.
    pub unsigned_responses: Option<bool>,
}

/// What an identity provider's metadata says of this.
#[derive(Debug, Default)]
pub(super) struct OfferedLogout {
    redirect: Option<Service>,
    post: Option<Service>,
}

impl OfferedLogout {
    pub(super) fn of(metadata: &IdpMetadata) -> Self {
        let service = |requests: &Option<String>, answers: &Option<String>| {
            let requests = requests.clone()?;
            let answers = answers.clone().unwrap_or_else(|| requests.clone());
            Some(Service { requests, answers })
        };
        Self {
            redirect: service(&metadata.slo_url, &metadata.slo_answer_url),
            post: service(&metadata.slo_post_url, &metadata.slo_post_answer_url),
        }
    }
}

/// Reads what holds for a provider.
pub fn logout(conn: &Connection, provider_id: &str) -> Result<Logout, DirectoryError> {
    let service = |requests: Option<String>, answers: Option<String>| {
        let requests = requests?;
        let answers = answers.unwrap_or_else(|| requests.clone());
        Some(Service { requests, answers })
    };
    let found = conn
        .prepare_cached(
            "SELECT redirect_url, redirect_answer_url, post_url, post_answer_url, chosen_url,
                 unsigned_requests, unsigned_responses
             FROM provider_logouts WHERE provider_id = ?1",
        )?
        .query_row([provider_id], |row| {
            Ok(Logout {
                redirect: service(row.get(0)?, row.get(1)?),
                post: service(row.get(2)?, row.get(3)?),
                chosen: row.get(4)?,
                unsigned_requests: row.get(5)?,
                unsigned_responses: row.get(6)?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// Keeps what the identity provider says; what was chosen stays.
pub(super) fn offer(
    tx: &Connection,
    id: &str,
    offered: &OfferedLogout,
) -> Result<(), DirectoryError> {
    let (redirect, post) = (offered.redirect.as_ref(), offered.post.as_ref());
    tx.prepare_cached(
        "INSERT INTO provider_logouts (provider_id, redirect_url, redirect_answer_url, post_url,
             post_answer_url)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (provider_id) DO UPDATE SET redirect_url = excluded.redirect_url,
             redirect_answer_url = excluded.redirect_answer_url, post_url = excluded.post_url,
             post_answer_url = excluded.post_answer_url",
    )?
    .execute(params![
        id,
        redirect.map(|s| &s.requests),
        redirect.map(|s| &s.answers),
        post.map(|s| &s.requests),
        post.map(|s| &s.answers),
    ])?;
    Ok(())
}

/// Keeps what was chosen.
///
/// # Errors
/// Where the address is none that a browser may be sent to.
pub(super) fn choose(
    tx: &Connection,
    id: &str,
    change: &LogoutChange,
) -> Result<(), DirectoryError> {
    let url = change.url.as_deref().map(str::trim);
    if url.is_some_and(|url| !url.is_empty() && !metadata::is_sign_on_url(url)) {
        return Err(DirectoryError::invalid(
            "logout_url",
            "expected the identity provider's Single Logout URL: an https address (http only to \
             this machine), or nothing for what its metadata says",
        ));
    }
    if let Some(url) = url {
        tx.prepare_cached(
            "INSERT INTO provider_logouts (provider_id, chosen_url) VALUES (?1, nullif(?2, ''))
             ON CONFLICT (provider_id) DO UPDATE SET chosen_url = excluded.chosen_url",
        )?
        .execute(params![id, url])?;
    }
    if change.unsigned_requests.is_some() || change.unsigned_responses.is_some() {
        tx.prepare_cached(
            "INSERT INTO provider_logouts (provider_id, unsigned_requests, unsigned_responses)
             VALUES (?1, coalesce(?2, 0), coalesce(?3, 0))
             ON CONFLICT (provider_id) DO UPDATE SET
                 unsigned_requests = coalesce(?2, unsigned_requests),
                 unsigned_responses = coalesce(?3, unsigned_responses)",
        )?
        .execute(params![
            id,
            change.unsigned_requests,
            change.unsigned_responses
        ])?;
    }
    Ok(())
}
