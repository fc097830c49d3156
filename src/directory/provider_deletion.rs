//! Deleting an identity provider: who loses their way in, said before; what ends with it, done in
//! one transaction.
//!
//! Its people stay and are marked as managed by nobody. They come in again by whichever provider
//! gets their domain, or by a password. Nobody can lock everybody out: break-glass accounts belong
//! to no provider.

use rusqlite::{Connection, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::DirectoryError;
use super::provider::{self, Provider, State};
use super::{attribute_groups, domain};
use crate::access::{session, token};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author};

/// What would be lost.
#[derive(Debug, Serialize)]
pub struct Preview {
    /// Active users who come in through it.
    pub people: i64,
    /// Whether the person who asks is one of them.
    pub you: bool,
    /// Whether it's the only way these people may use at present.
    pub enforced: bool,
    /// SCIM tokens that would be revoked.
    pub scim_tokens: usize,
    /// Sessions that would end.
    pub sessions: i64,
    /// Groups that its attribute has made, which would go.
    pub groups: i64,
    /// How people could come in afterwards, in words.
    pub other_ways_in: Vec<String>,
}

/// The users of organization ?1 whom provider ?2 answers for: whom it has signed in, whose address
/// is in its domains, and whoever was pushed, where it's the only provider.
const ANSWERED_FOR: &str = "u.organization_id = ?1 AND (
    EXISTS (SELECT 1 FROM links l WHERE l.user_id = u.id AND l.provider_id = ?2)
    OR substr(u.user_name_key, length(rtrim(u.user_name_key, replace(u.user_name_key, '@', ''))) + 1)
        IN (SELECT domain FROM domains WHERE provider_id = ?2 AND state = 'active')
    OR substr(u.email_key, length(rtrim(u.email_key, replace(u.email_key, '@', ''))) + 1)
        IN (SELECT domain FROM domains WHERE provider_id = ?2 AND state = 'active')
    OR u.origin = 'scim' AND NOT EXISTS
        (SELECT 1 FROM providers p WHERE p.organization_id = ?1 AND p.id <> ?2))";

/// What deleting the provider would take away; `asker` is the user who wants to know.
pub fn preview(
    conn: &Connection,
    provider: &Provider,
    asker: Option<&str>,
    now: Timestamp,
) -> Result<Preview, DirectoryError> {
    let in_use = provider.state == State::Active;
    let (people, with_password, you): (i64, i64, bool) = conn
        .prepare_cached(&format!(
            "SELECT count(*), coalesce(sum(EXISTS (SELECT 1 FROM passwords w WHERE w.user_id = u.id)), 0),
                 coalesce(max(u.id = ?3), 0)
             FROM users u WHERE u.active = 1 AND {ANSWERED_FOR}"
        ))?
        .query_row(
            params![provider.organization_id, provider.id, asker.unwrap_or("")],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
    let sessions = conn
        .prepare_cached(
            "SELECT count(*) FROM sessions
             WHERE provider_id = ?1 AND expires_at > ?2 AND last_seen_at + idle_ms > ?2",
        )?
        .query_row(params![provider.id, now.millis()], |row| row.get(0))?;
    Ok(Preview {
        people: if in_use { people } else { 0 },
        you: in_use && you,
        enforced: in_use && provider.enforced,
        scim_tokens: tokens(conn, provider)?.len(),
        sessions,
        groups: attribute_groups::count(conn, provider)?,
        other_ways_in: other_ways_in(conn, provider, with_password)?,
    })
}

fn other_ways_in(
    conn: &Connection,
    provider: &Provider,
    with_password: i64,
) -> Result<Vec<String>, DirectoryError> {
    let mut ways = Vec::new();
    for other in provider::list(conn, &provider.organization_id)? {
        if other.id == provider.id || other.state != State::Active {
            continue;
        }
        let domains: Vec<String> = domain::of_provider(conn, &other.id)?
            .into_iter()
            .take(5)
            .map(|domain| domain.domain)
            .collect();
        ways.push(format!(
            "the provider {}, for addresses in {}",
            other.name,
            domains.join(", ")
        ));
    }
    let local_sign_in: bool = conn
        .prepare_cached("SELECT local_sign_in FROM organizations WHERE id = ?1")?
        .query_row([&provider.organization_id], |row| row.get(0))?;
    if local_sign_in && with_password > 0 {
        ways.push(format!(
            "a password here, which {with_password} of them have"
        ));
    }
    let operators: bool = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM operators WHERE disabled_at IS NULL)")?
        .query_row([], |row| row.get(0))?;
    if operators {
        ways.push("a break-glass account, for whoever runs this Portcullis".to_owned());
    }
    Ok(ways)
}

/// The SCIM tokens that go with the provider: those made for it, and with an organization's last
/// provider all of them.
fn tokens(conn: &Connection, provider: &Provider) -> Result<Vec<String>, DirectoryError> {
    let mut statement = conn.prepare_cached(
        "SELECT id FROM tokens
         WHERE organization_id = ?1 AND kind = 'scim' AND revoked_at IS NULL
             AND (provider_id = ?2 OR NOT EXISTS
                 (SELECT 1 FROM providers p WHERE p.organization_id = ?1 AND p.id <> ?2))",
    )?;
    let ids = statement.query_map([&provider.organization_id, &provider.id], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// What went with a provider.
#[derive(Debug, Serialize)]
pub struct Deleted {
    /// Sessions that ended.
    pub sessions: usize,
    /// SCIM tokens that were revoked.
    pub scim_tokens: usize,
    /// Users whom no identity provider answers for any more.
    pub unmanaged: usize,
}

/// Deletes a provider: its sessions end, its SCIM tokens are revoked, its links, its domains and the
/// groups that its attribute made go; its people stay.
pub fn delete(
    tx: &Connection,
    id: &str,
    by: &Author,
    now: Timestamp,
) -> Result<Deleted, DirectoryError> {
    let provider = provider::find(tx, id)?;
    let before = provider::facts(tx, &provider)?;
    let unmanaged = tx
        .prepare_cached(&format!(
            "UPDATE users AS u SET unmanaged_at = ?3
             WHERE u.unmanaged_at IS NULL AND u.origin <> 'local' AND {ANSWERED_FOR}
                 AND NOT EXISTS (SELECT 1 FROM links o
                                 WHERE o.user_id = u.id AND o.provider_id <> ?2)"
        ))?
        .execute(params![provider.organization_id, id, now.millis()])?;
    let sessions = session::end_of_provider(tx, id)?;
    let tokens = tokens(tx, &provider)?;
    for token in &tokens {
        token::revoke(tx, &provider.organization_id, token, by, now)?;
    }
    attribute_groups::remove_all(tx, &provider, by, now)?;
    tx.prepare_cached("DELETE FROM domains WHERE provider_id = ?1")?
        .execute([id])?;
    tx.prepare_cached("DELETE FROM providers WHERE id = ?1")?
        .execute([id])?;
    let deleted = Deleted {
        sessions,
        scim_tokens: tokens.len(),
        unmanaged,
    };
    let detail = audit::detail([("before", Value::Object(before)), ("ended", json!(deleted))]);
    provider::told(tx, "provider.deleted", &provider, detail, by, now)?;
    Ok(deleted)
}
