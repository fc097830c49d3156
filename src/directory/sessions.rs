//! The sessions of an organization's people: who is in, and putting them out.

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use serde_json::json;

use super::organization::Organization;
use super::provider;
use super::user::{self, User};
use super::{DirectoryError, Page, PageRequest, session_limits};
use crate::access::session::{self, Session, Subject};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry, Target};

/// A session as the API and the command line show it.
#[derive(Debug, Serialize)]
pub struct View {
    id: String,
    /// Whether it's the one that asks.
    current: bool,
    user: Owner,
    method: &'static str,
    provider: Option<ProviderName>,
    name_id: Option<String>,
    session_index: Option<String>,
    client: String,
    user_agent: String,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    expires_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct Owner {
    id: String,
    #[serde(rename = "userName")]
    user_name: String,
}

#[derive(Debug, Serialize)]
struct ProviderName {
    id: String,
    name: String,
}

/// The sessions of a user that are not over, newest first; at most 100.
pub fn of_user(
    conn: &Connection,
    user: &User,
    now: Timestamp,
) -> Result<Vec<Session>, DirectoryError> {
    let limits = session_limits::standing(conn, &user.id, &user.organization_id)?.limits;
    Ok(session::of_user(conn, &user.id, now)?
        .into_iter()
        .filter_map(|session| session.within(limits, now))
        .collect())
}

/// The same, as shown; `current` is the session that asks, by id.
pub fn views_of_user(
    conn: &Connection,
    user: &User,
    current: Option<&str>,
    now: Timestamp,
) -> Result<Vec<View>, DirectoryError> {
    of_user(conn, user, now)?
        .into_iter()
        .map(|session| view(conn, session, user, current))
        .collect()
}

/// A page of an organization's sessions that are not over, newest first. A page may hold fewer
/// than asked for and still have a `next`.
pub fn list(
    conn: &Connection,
    organization: &Organization,
    request: &PageRequest,
    current: Option<&str>,
    now: Timestamp,
) -> Result<Page<View>, DirectoryError> {
    let found = session::of_organization(
        conn,
        &organization.id,
        request.after.as_deref(),
        request.limit + 1,
        now,
    )?;
    let page = request.page(found, None, |session| session.id.clone());
    let mut items = Vec::new();
    for session in page.items {
        let Subject::User(id) = &session.subject else {
            continue;
        };
        let Some(owner) = user::find(conn, id)? else {
            continue;
        };
        let limits = session_limits::standing(conn, id, &organization.id)?.limits;
        if let Some(session) = session.within(limits, now) {
            items.push(view(conn, session, &owner, current)?);
        }
    }
    Ok(Page {
        items,
        total: None,
        next: page.next,
    })
}

fn view(
    conn: &Connection,
    session: Session,
    owner: &User,
    current: Option<&str>,
) -> Result<View, DirectoryError> {
    let provider = session
        .provider_id
        .as_deref()
        .map(|id| provider::find(conn, id))
        .transpose()?
        .map(|provider| ProviderName {
            id: provider.id,
            name: provider.name,
        });
    Ok(View {
        current: current == Some(session.id.as_str()),
        id: session.id,
        user: Owner {
            id: owner.id.clone(),
            user_name: owner.user_name.clone(),
        },
        method: session.method.word(),
        provider,
        name_id: session.name_id,
        session_index: session.session_index,
        client: session.client,
        user_agent: session.user_agent,
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
    })
}

/// Ends one session of an organization's user, from its next request on.
pub fn end(
    tx: &Connection,
    organization_id: &str,
    id: &str,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let missing = || DirectoryError::not_found("session", id);
    let owner: Option<String> = tx
        .prepare_cached("SELECT user_id FROM sessions WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?
        .flatten();
    let owner =
        user::find_in(tx, organization_id, &owner.ok_or_else(missing)?).map_err(|_| missing())?;
    session::end_by_id(tx, id)?;
    told(tx, &owner, Some(id), 1, by, now)
}

/// Ends all sessions of a user; returns how many there were.
pub fn end_of_user(
    tx: &Connection,
    user: &User,
    by: &Author,
    now: Timestamp,
) -> Result<usize, DirectoryError> {
    let ended = session::end_of_user(tx, &user.id)?;
    if ended > 0 {
        told(tx, user, None, ended, by, now)?;
    }
    Ok(ended)
}

/// Ends all sessions of an organization's users; returns how many there were.
pub fn end_of_organization(
    tx: &Connection,
    organization: &Organization,
    by: &Author,
    now: Timestamp,
) -> Result<usize, DirectoryError> {
    let ended = session::end_of_organization(tx, &organization.id)?;
    audit::record(
        tx,
        by,
        &Entry {
            action: "session.ended",
            organization_id: Some(&organization.id),
            target: Target {
                kind: "organization",
                id: Some(&organization.id),
                name: &organization.slug,
            },
            detail: audit::detail([("sessions", json!(ended))]),
        },
        now,
    )?;
    Ok(ended)
}

fn told(
    tx: &Connection,
    owner: &User,
    session: Option<&str>,
    ended: usize,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    audit::record(
        tx,
        by,
        &Entry {
            action: "session.ended",
            organization_id: Some(&owner.organization_id),
            target: Target {
                kind: "user",
                id: Some(&owner.id),
                name: &owner.user_name,
            },
            detail: audit::detail([("session", json!(session)), ("sessions", json!(ended))]),
        },
        now,
    )?;
    Ok(())
}
