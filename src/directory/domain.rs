//! E-mail domains: which provider speaks for which addresses.

use std::fmt;
use std::str::FromStr;

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::DirectoryError;
use crate::clock::Timestamp;

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
    /// It waits for an operator's approval.
    Pending,
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
        let taken: Option<()> = tx
            .prepare_cached("SELECT 1 FROM domains WHERE domain = ?1")?
            .query_row([domain.as_str()], |_| Ok(()))
            .optional()?;
        if taken.is_some() {
            return Err(DirectoryError::conflict(
                "domains",
                format!("{domain} already belongs to a provider; remove it there first"),
            ));
        }
        tx.prepare_cached(
            "INSERT INTO domains (domain, organization_id, provider_id, state, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            domain.as_str(),
            organization_id,
            provider_id,
            state.word(),
            now.millis()
        ])?;
    }
    Ok(())
}

/// The domains of one provider, in order.
pub fn of_provider(conn: &Connection, provider_id: &str) -> Result<Vec<Domain>, DirectoryError> {
    let mut statement = conn.prepare_cached(
        "SELECT domain, state FROM domains WHERE provider_id = ?1 ORDER BY domain",
    )?;
    let rows = statement.query_map([provider_id], |row| {
        let state = if row.get_ref(1)?.as_str()? == "active" {
            DomainState::Active
        } else {
            DomainState::Pending
        };
        Ok(Domain {
            domain: row.get(0)?,
            state,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
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
