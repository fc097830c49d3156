//! E-mail domains: which provider speaks for which addresses.

use std::fmt;
use std::str::FromStr;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::json;

use super::domain_proof::Challenge;
use super::{DirectoryError, Page, PageRequest, enforcement};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry, Target};
use crate::store::{id, random};

/// A domain as it stands behind the `@`: lower-case A-labels (RFC 5890), at least two of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EmailDomain(String);

impl EmailDomain {
    /// The text of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The domain of an e-mail address, or `None` where the text is none.
    pub fn of_address(address: &str) -> Option<Self> {
        let (local, domain) = address.rsplit_once('@')?;
        if local.is_empty() || local.contains(char::is_whitespace) {
            return None;
        }
        domain.parse().ok()
    }
}

impl FromStr for EmailDomain {
    type Err = DirectoryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lower = text.trim().trim_start_matches('@').to_ascii_lowercase();
        let label = |l: &str| {
            (1..=63).contains(&l.len())
                && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !l.starts_with('-')
                && !l.ends_with('-')
        };
        if lower.len() <= 253 && lower.contains('.') && lower.split('.').all(label) {
            Ok(Self(lower))
        } else {
            Err(DirectoryError::invalid(
                "domain",
                "expected the part of your e-mail addresses after the @, such as `acme.com` \
                 (an international name in its xn-- form)",
            ))
        }
    }
}

impl fmt::Display for EmailDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a domain counts for sign-in yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DomainState {
    /// It counts.
    Active,
    /// It waits for a proof or for an operator's approval.
    Pending,
}

impl FromStr for DomainState {
    type Err = DirectoryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "active" => Ok(Self::Active),
            "pending" => Ok(Self::Pending),
            _ => Err(DirectoryError::invalid(
                "state",
                "expected active or pending",
            )),
        }
    }
}

impl DomainState {
    const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
        }
    }
}

/// A domain of a provider, as shown.
#[derive(Clone, Debug, Serialize)]
pub struct Domain {
    /// The domain.
    pub domain: String,
    /// Whether it counts.
    pub state: DomainState,
    /// Where it doesn't: the DNS record that would prove it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
}

/// Gives `domains` to the provider, and only those; a domain that another organization or another
/// provider has is a conflict.
pub fn assign(
    tx: &Connection,
    organization_id: &str,
    provider_id: &str,
    domains: &[EmailDomain],
    state: DomainState,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    if domains.is_empty() || domains.len() > 100 {
        return Err(DirectoryError::invalid(
            "domains",
            "expected 1 to 100 domains",
        ));
    }
    let kept: Vec<String> = of_provider(tx, provider_id)?
        .into_iter()
        .map(|d| d.domain)
        .collect();
    for gone in kept
        .iter()
        .filter(|k| !domains.iter().any(|d| d.as_str() == k.as_str()))
    {
        tx.prepare_cached("DELETE FROM domains WHERE domain = ?1")?
            .execute([gone])?;
    }
    if state == DomainState::Active {
        // An operator who names a domain approves it; a claim that waits does not stand in the way.
        for domain in domains {
            tx.prepare_cached(
                "DELETE FROM domains
                 WHERE domain = ?1 AND state = 'pending' AND provider_id IS NOT ?2",
            )?
            .execute([domain.as_str(), provider_id])?;
        }
        tx.prepare_cached("UPDATE domains SET state = 'active' WHERE provider_id = ?1")?
            .execute([provider_id])?;
    }
    for domain in domains
        .iter()
        .filter(|d| !kept.iter().any(|k| k == d.as_str()))
    {
        not_taken(tx, organization_id, domain)?;
        tx.prepare_cached(
            "INSERT INTO domains
                 (domain, organization_id, provider_id, state, created_at, challenge)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            domain.as_str(),
            organization_id,
            provider_id,
            state.word(),
            now.millis(),
            id::base32(&random::bytes::<20>())
        ])?;
    }
    Ok(())
}

/// Whose a domain of another organization is, is nobody's business but the operators'.
fn not_taken(
    tx: &Connection,
    organization_id: &str,
    domain: &EmailDomain,
) -> Result<(), DirectoryError> {
    let holder: Option<(bool, Option<String>)> = tx
        .prepare_cached(
            "SELECT d.organization_id = ?2, p.name
             FROM domains d LEFT JOIN providers p ON p.id = d.provider_id WHERE d.domain = ?1",
        )?
        .query_row([domain.as_str(), organization_id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let detail = match holder {
        None => return Ok(()),
        Some((true, name)) => format!(
            "{domain} already belongs to the provider {}; remove it there first",
            name.unwrap_or_default()
        ),
        Some((false, _)) => format!(
            "{domain} is taken. If it is yours, ask whoever runs this Portcullis: an operator can \
             give it to you"
        ),
    };
    Err(DirectoryError::conflict("domains", detail))
}

/// The names of the domains whose people sign in through a provider.
pub fn active_of_provider(
    conn: &Connection,
    provider_id: &str,
) -> Result<Vec<String>, DirectoryError> {
    let active = of_provider(conn, provider_id)?
        .into_iter()
        .filter(|domain| domain.state == DomainState::Active)
        .map(|domain| domain.domain);
    Ok(active.collect())
}

/// The domains of one provider, in order.
pub fn of_provider(conn: &Connection, provider_id: &str) -> Result<Vec<Domain>, DirectoryError> {
    let mut statement = conn.prepare_cached(
        "SELECT domain, state, challenge FROM domains WHERE provider_id = ?1 ORDER BY domain",
    )?;
    let rows = statement.query_map([provider_id], |row| {
        let (domain, state): (String, _) = (row.get(0)?, state(row.get_ref(1)?.as_str()?));
        let challenge = row.get_ref(2)?.as_str()?;
        Ok(Domain {
            challenge: (state == DomainState::Pending).then(|| Challenge::new(&domain, challenge)),
            domain,
            state,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A domain with those who have it, as operators see it.
#[derive(Clone, Debug, Serialize)]
pub struct Claim {
    /// The domain.
    pub domain: String,
    /// Whether it counts.
    pub state: DomainState,
    /// Whose it is.
    pub organization: Holder,
    /// The provider that speaks for it.
    pub provider: Option<ProviderName>,
    /// Since when.
    pub created_at: Timestamp,
}

/// An organization as a claim names it.
#[derive(Clone, Debug, Serialize)]
pub struct Holder {
    /// Its id.
    #[serde(skip)]
    pub id: String,
    /// Its name in addresses.
    pub slug: String,
    /// Its name on screen.
    pub name: String,
}

/// A provider as a claim names it.
#[derive(Clone, Debug, Serialize)]
pub struct ProviderName {
    /// Its id.
    pub id: String,
    /// Its name on screen.
    pub name: String,
}

const CLAIM: &str = "SELECT d.domain, d.state, o.id, o.slug, o.name, p.id, p.name, d.created_at
                     FROM domains d JOIN organizations o ON o.id = d.organization_id
                     LEFT JOIN providers p ON p.id = d.provider_id";

/// The domains of all organizations in one state, by name. Those that wait are few and are counted.
pub fn list(
    conn: &Connection,
    state: DomainState,
    request: &PageRequest,
) -> Result<Page<Claim>, DirectoryError> {
    let total = if state == DomainState::Pending && request.prefix.is_none() {
        let count = conn.prepare_cached("SELECT count(*) FROM domains WHERE state = 'pending'");
        Some(count?.query_row([], |row| row.get(0))?)
    } else {
        None
    };
    let (low, high) = request.key_range();
    let mut statement = conn.prepare_cached(&format!(
        "{CLAIM} WHERE d.state = ?1 AND d.domain >= ?2 AND d.domain < ?3 AND d.domain > ?4
         ORDER BY d.domain LIMIT ?5"
    ))?;
    let claims = statement
        .query_map(
            params![
                state.word(),
                low,
                high,
                request.after.as_deref().unwrap_or(""),
                request.limit as i64 + 1
            ],
            claim,
        )?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(request.page(claims, total, |claim| claim.domain.clone()))
}

/// Lets a domain count that an organization's admin has added. One that counts already stays as it
/// is. Where its provider requires SSO, that holds for the domain from here on.
pub fn approve(
    tx: &Connection,
    domain: &EmailDomain,
    by: &Author,
    now: Timestamp,
) -> Result<Claim, DirectoryError> {
    count(tx, domain, "domain.approved", by, now)
}

/// Lets a domain that waits count, for the reason that `action` names.
pub(super) fn count(
    tx: &Connection,
    domain: &EmailDomain,
    action: &'static str,
    by: &Author,
    now: Timestamp,
) -> Result<Claim, DirectoryError> {
    let before = find(tx, domain)?;
    if before.state == DomainState::Pending {
        tx.prepare_cached("UPDATE domains SET state = 'active' WHERE domain = ?1")?
            .execute([domain.as_str()])?;
        let ended = enforcement::end_password_sessions(tx, &before.organization.id)?;
        told(tx, action, &before, ended, by, now)?;
    }
    find(tx, domain)
}

/// Takes a domain away that waits for approval, so that whose it really is can add it.
pub fn refuse(
    tx: &Connection,
    domain: &EmailDomain,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let before = find(tx, domain)?;
    if before.state == DomainState::Active {
        return Err(DirectoryError::conflict(
            "domain",
            format!("{domain} counts already; take it from its provider instead"),
        ));
    }
    tx.prepare_cached("DELETE FROM domains WHERE domain = ?1")?
        .execute([domain.as_str()])?;
    told(tx, "domain.refused", &before, 0, by, now)
}

/// One domain with those who have it.
pub fn find(conn: &Connection, domain: &EmailDomain) -> Result<Claim, DirectoryError> {
    conn.prepare_cached(&format!("{CLAIM} WHERE d.domain = ?1"))?
        .query_row([domain.as_str()], claim)
        .optional()?
        .ok_or_else(|| DirectoryError::not_found("domain", domain.as_str()))
}

fn claim(row: &Row<'_>) -> rusqlite::Result<Claim> {
    let provider: Option<String> = row.get(5)?;
    Ok(Claim {
        domain: row.get(0)?,
        state: state(row.get_ref(1)?.as_str()?),
        organization: Holder {
            id: row.get(2)?,
            slug: row.get(3)?,
            name: row.get(4)?,
        },
        provider: match provider {
            Some(id) => Some(ProviderName {
                id,
                name: row.get(6)?,
            }),
            None => None,
        },
        created_at: Timestamp::from_millis(row.get(7)?),
    })
}

pub(super) fn state(word: &str) -> DomainState {
    if word == "active" {
        DomainState::Active
    } else {
        DomainState::Pending
    }
}

fn told(
    tx: &Connection,
    action: &'static str,
    claim: &Claim,
    password_sessions: usize,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let provider = claim.provider.as_ref().map(|provider| &provider.id);
    let mut detail = audit::detail([("provider", json!(provider))]);
    if password_sessions > 0 {
        let ended = json!({ "password_sessions": password_sessions });
        detail.insert("ended".to_owned(), ended);
    }
    let entry = Entry {
        action,
        organization_id: Some(&claim.organization.id),
        target: Target {
            kind: "domain",
            id: None,
            name: &claim.domain,
        },
        detail,
    };
    audit::record(tx, by, &entry, now)?;
    Ok(())
}

/// Whether addresses in this domain belong to the organization: an active domain of its own.
pub fn is_own(
    conn: &Connection,
    organization_id: &str,
    domain: &EmailDomain,
) -> Result<bool, DirectoryError> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM domains
             WHERE domain = ?1 AND organization_id = ?2 AND state = 'active'",
        )?
        .exists(params![domain.as_str(), organization_id])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_and_addresses() {
        assert_eq!(
            "@Acme.COM".parse::<EmailDomain>().unwrap().as_str(),
            "acme.com"
        );
        for bad in ["acme", "", "a..b", "-a.b", "acme.com/x", "a@b.c", "ü.de"] {
            assert!(bad.parse::<EmailDomain>().is_err(), "{bad}");
        }
        assert_eq!(
            EmailDomain::of_address("a@b@Acme.com").unwrap().as_str(),
            "acme.com"
        );
        assert!(EmailDomain::of_address("@acme.com").is_none());
        assert!(EmailDomain::of_address("jdoe").is_none());
    }
}
