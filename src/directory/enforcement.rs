//! Requiring single sign-on: people with an address in an enforced provider's domains use no
//! password, neither at the sign-in nor to set another.
//!
//! It holds while the provider is active: one that is switched off or deleted lets nobody in, and
//! must not keep anybody out. Break-glass accounts are no users and so never concerned; they are
//! also why it may be switched on at all, and so a proof that one opens is asked for.

use std::time::Duration;

use rusqlite::{Connection, params};
use serde::Serialize;

use super::domain::{self, EmailDomain};
use super::provider::{Provider, State};
use super::user::User;
use super::{DirectoryError, user};
use crate::access::break_glass::drill;
use crate::access::session::{self, Method};
use crate::clock::Timestamp;

/// How long a passed break-glass drill counts as proof.
pub const PROOF_LASTS: Duration = Duration::from_secs(90 * 24 * 3600);

/// Whether the user must come by an identity provider: the domain of their userName or address
/// belongs to an active provider of their organization that requires it.
pub fn is_enforced(conn: &Connection, user: &User) -> Result<bool, DirectoryError> {
    let mut enforced = conn.prepare_cached(
        "SELECT 1 FROM domains d JOIN providers p ON p.id = d.provider_id
         WHERE d.domain = ?1 AND d.state = 'active' AND p.organization_id = ?2
             AND p.state = 'active' AND p.enforced = 1",
    )?;
    for domain in domains(user) {
        if enforced.exists(params![domain.as_str(), user.organization_id])? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn domains(user: &User) -> impl Iterator<Item = EmailDomain> + '_ {
    [Some(user.user_name.as_str()), user.email.as_deref()]
        .into_iter()
        .flatten()
        .filter_map(EmailDomain::of_address)
}

/// What enforcement means for a provider, and whether it can be switched on.
#[derive(Debug, Serialize)]
pub struct Readiness {
    /// Whether nothing is missing.
    pub ready: bool,
    /// What has to be done first.
    pub missing: Vec<Missing>,
    /// What it does to people, to be shown before.
    pub warning: String,
}

/// Something that has to be done before.
#[derive(Debug, Serialize)]
pub struct Missing {
    /// `active`, `domain`, `sign-in` or `drill`.
    pub condition: &'static str,
    /// What and how.
    pub detail: String,
}

/// Whether enforcement can be switched on, and what is missing.
pub fn readiness(
    conn: &Connection,
    provider: &Provider,
    now: Timestamp,
) -> Result<Readiness, DirectoryError> {
    let domains = domain::active_of_provider(conn, &provider.id)?;
    let mut missing = Vec::new();
    let mut lacks = |condition: &'static str, detail: String| {
        missing.push(Missing { condition, detail });
    };
    if provider.state != State::Active {
        let detail = "the provider is not active: give it its metadata, or switch it on";
        lacks("active", detail.into());
    }
    if domains.is_empty() {
        let detail = "none of its domains counts yet: an operator must approve one";
        lacks("domain", detail.into());
    }
    if provider.last_sign_in_at.is_none() {
        let detail = "nobody has signed in through it yet: sign in once with an account of the \
                      identity provider";
        lacks("sign-in", detail.into());
    }
    if !drill::passed_within(conn, PROOF_LASTS, now)? {
        let detail = "no drill of a break-glass account has passed within 90 days: run \
                      `portcullis break-glass drill NAME` on the machine";
        lacks("drill", detail.into());
    }
    Ok(Readiness {
        ready: missing.is_empty(),
        missing,
        warning: warning(&domains),
    })
}

fn warning(domains: &[String]) -> String {
    let whom = match domains {
        [] => "of the provider's domains".to_owned(),
        [one] => format!("in {one}"),
        [first, second] => format!("in {first} or {second}"),
        [first, others @ ..] => format!("in {first} or {} other domains", others.len()),
    };
    format!(
        "Requiring SSO prevents users with an address {whom} from signing in any other way, such \
         as with a username and password. Their password sessions end at once. Break-glass \
         accounts are exempt."
    )
}

/// Refuses unless enforcement can be switched on.
pub(super) fn demand_ready(
    conn: &Connection,
    provider: &Provider,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let readiness = readiness(conn, provider, now)?;
    if readiness.ready {
        return Ok(());
    }
    let details: Vec<&str> = readiness
        .missing
        .iter()
        .map(|missing| missing.detail.as_str())
        .collect();
    Err(DirectoryError::conflict("enforced", details.join("; ")))
}

/// Ends the password sessions of an organization's people who may have none now; returns how many.
pub(super) fn end_password_sessions(
    tx: &Connection,
    organization_id: &str,
) -> Result<usize, DirectoryError> {
    let ids = tx
        .prepare_cached(
            "SELECT s.id, s.user_id FROM sessions s CROSS JOIN users u ON u.id = s.user_id
             WHERE s.method = ?1 AND u.organization_id = ?2",
        )?
        .query_map([Method::Password.word(), organization_id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<Vec<(String, String)>, _>>()?;
    let mut ended = 0;
    for (session, owner) in ids {
        if let Some(owner) = user::find(tx, &owner)?
            && is_enforced(tx, &owner)?
        {
            ended += usize::from(session::end_by_id(tx, &session)?);
        }
    }
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warning_names_the_domains() {
        let named = |domains: &[&str]| {
            warning(&domains.iter().map(|d| (*d).to_owned()).collect::<Vec<_>>())
        };
        assert!(named(&[]).contains("address of the provider's domains from"));
        assert!(named(&["acme.com"]).contains("address in acme.com from"));
        assert!(named(&["a.com", "b.com"]).contains("in a.com or b.com from"));
        assert!(named(&["a.com", "b.com", "c.com"]).contains("in a.com or 2 other domains from"));
    }
}
