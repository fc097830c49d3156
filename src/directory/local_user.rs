//! Local users: people whom no identity provider answers for. They are invited by a link and sign
//! in with a password.
//!
//! SCIM sees them like all others. How they get in is in [`super::way_in`].

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Map, Value, json};

use super::domain::{self, EmailDomain};
use super::error::is_unique_violation;
use super::user::{self, Origin, User};
use super::{DirectoryError, Level, fold, group, provisioned, way_in};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author};
use crate::store::id;

/// Characters of a name.
const LONGEST_NAME: usize = 200;

/// Bytes of an address (RFC 5321 section 4.5.3.1.3, less the angle brackets).
const LONGEST_ADDRESS: usize = 254;

/// A local user to be.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The name to sign in with, beside the address.
    pub user_name: String,
    /// The address.
    pub email: String,
    /// The name to show.
    pub display_name: Option<String>,
    /// A level of their own; without one they get the organization's default.
    pub level: Option<Level>,
}

impl Draft {
    /// From what was typed; without a userName it is the address.
    pub fn new(
        user_name: Option<&str>,
        email: &str,
        display_name: Option<&str>,
        level: Option<Level>,
    ) -> Result<Self, DirectoryError> {
        let email = address(email)?;
        let user_name = match user_name {
            Some(name) => named("userName", name)?,
            None => email.clone(),
        };
        Ok(Self {
            user_name,
            email,
            display_name: display_name
                .map(|name| named("displayName", name))
                .transpose()?,
            level,
        })
    }
}

/// What can be changed of a local user; `None` keeps.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The address.
    pub email: Option<String>,
    /// The name to show.
    pub display_name: Option<String>,
}

impl Change {
    /// From what was typed.
    pub fn new(email: Option<&str>, display_name: Option<&str>) -> Result<Self, DirectoryError> {
        Ok(Self {
            email: email.map(address).transpose()?,
            display_name: display_name
                .map(|name| named("displayName", name))
                .transpose()?,
        })
    }
}

/// Makes a local user, who can't sign in before they have used an invitation.
pub fn create(
    tx: &Connection,
    organization_id: &str,
    draft: &Draft,
    by: &Author,
    now: Timestamp,
) -> Result<User, DirectoryError> {
    let id = id::new(now);
    for name in [&draft.email, &draft.user_name] {
        check_free(tx, organization_id, &id, name)?;
    }
    tx.prepare_cached(
        "INSERT INTO users (id, organization_id, user_name, user_name_key, email, email_key,
             email_verified, display_name, active, origin, resource, created_at, updated_at,
             display_name_key)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, 'local', ?9, ?10, ?10, ?11)",
    )?
    .execute(params![
        id,
        organization_id,
        draft.user_name,
        fold(&draft.user_name),
        draft.email,
        fold(&draft.email),
        is_verified(tx, organization_id, &draft.email)?,
        draft.display_name,
        resource(draft).to_string(),
        now.millis(),
        draft.display_name.as_deref().map(fold)
    ])
    .map_err(|error| taken(error, &draft.user_name))?;
    match draft.level {
        Some(level) => grant(tx, &id, Some(level))?,
        None => {
            user::grant_default(tx, &id, organization_id)?;
        }
    }
    let made = user::find_in(tx, organization_id, &id)?;
    let mut facts = user::facts(&made);
    facts.insert("level".into(), json!(user::level(tx, &id)?));
    let detail = audit::detail([("after", Value::Object(facts))]);
    user::told(tx, "user.created", &made, detail, by, now)?;
    Ok(made)
}

/// Changes a local user's address or name. What an identity provider wrote is changed there.
pub fn change(
    tx: &Connection,
    before: &User,
    change: &Change,
    by: &Author,
    now: Timestamp,
) -> Result<User, DirectoryError> {
    if before.origin != Origin::Local {
        let field = if change.email.is_some() {
            "email"
        } else {
            "displayName"
        };
        return Err(DirectoryError::conflict(
            field,
            "this comes from the identity provider; change it there",
        ));
    }
    let email = change.email.as_deref().or(before.email.as_deref());
    let display_name = change
        .display_name
        .as_deref()
        .or(before.display_name.as_deref());
    if let Some(email) = &change.email {
        check_free(tx, &before.organization_id, &before.id, email)?;
    }
    let stored: String = tx
        .prepare_cached("SELECT resource FROM users WHERE id = ?1")?
        .query_row([&before.id], |row| row.get(0))?;
    let mut resource = serde_json::from_str(&stored).unwrap_or_else(|_| Map::new());
    write_names(&mut resource, email, display_name);
    let verified = match email {
        Some(email) => is_verified(tx, &before.organization_id, email)?,
        None => false,
    };
    tx.prepare_cached(
        "UPDATE users SET email = ?2, email_key = ?3, email_verified = ?4, display_name = ?5,
             resource = ?6, version = version + 1, updated_at = ?7, display_name_key = ?8
         WHERE id = ?1",
    )?
    .execute(params![
        before.id,
        email,
        email.map(fold),
        verified,
        display_name,
        Value::Object(resource).to_string(),
        now.millis(),
        display_name.map(fold)
    ])?;
    let after = user::find_in(tx, &before.organization_id, &before.id)?;
    if let Some(detail) = audit::changes(&user::facts(before), &user::facts(&after)) {
        user::told(tx, "user.changed", &after, detail, by, now)?;
    }
    Ok(after)
}

/// Sets the level that one user has directly, whoever made the user; `None` takes it away, and
/// what comes from the organization's default and from groups stays.
pub fn set_level(
    tx: &Connection,
    user: &User,
    level: Option<Level>,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let before: Option<Level> = tx
        .prepare_cached("SELECT level FROM grants WHERE user_id = ?1 AND source = 'direct'")?
        .query_row([&user.id], |row| row.get(0))
        .optional()?;
    if before == level {
        return Ok(());
    }
    grant(tx, &user.id, level)?;
    let detail = audit::detail([
        ("before", json!({ "direct": before })),
        ("after", json!({ "direct": level })),
    ]);
    user::told(tx, "user.level-changed", user, detail, by, now)
}

/// Removes a user for whom no identity provider answers, and everything of theirs.
pub fn delete(
    tx: &Connection,
    user: &User,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    if !way_in::is_on_their_own(user) {
        return Err(DirectoryError::conflict(
            "user",
            "this user comes from the identity provider: remove them there, or switch them off \
             here",
        ));
    }
    let ended = user::end_access(tx, &user.id, now)?;
    provisioned::user_deleted(tx, &user.organization_id, &user.id, &ended, by, now)?;
    group::left_by(tx, &user.id, now)?;
    tx.prepare_cached("DELETE FROM users WHERE id = ?1")?
        .execute([&user.id])?;
    Ok(())
}

fn grant(tx: &Connection, user_id: &str, level: Option<Level>) -> Result<(), DirectoryError> {
    match level {
        Some(level) => tx
            .prepare_cached(
                "INSERT INTO grants (user_id, source, level) VALUES (?1, 'direct', ?2)
                 ON CONFLICT (user_id, source) DO UPDATE SET level = excluded.level",
            )?
            .execute(params![user_id, level])?,
        None => tx
            .prepare_cached("DELETE FROM grants WHERE user_id = ?1 AND source = 'direct'")?
            .execute([user_id])?,
    };
    Ok(())
}

/// Somebody signs in by what they typed alone, so it must mean one person on this appliance; and
/// an address in another organization's domain is not ours to give.
fn check_free(
    tx: &Connection,
    organization_id: &str,
    user_id: &str,
    name: &str,
) -> Result<(), DirectoryError> {
    if let Some(domain) = EmailDomain::of_address(name) {
        let foreign = tx
            .prepare_cached(
                "SELECT 1 FROM domains
                 WHERE domain = ?1 AND state = 'active' AND organization_id <> ?2",
            )?
            .exists([domain.as_str(), organization_id])?;
        if foreign {
            return Err(DirectoryError::conflict(
                "email",
                format!("addresses in {domain} belong to another organization"),
            ));
        }
    }
    let others = by_name(tx, name)?;
    if others.iter().any(|(id, local)| *local && id != user_id) {
        return Err(DirectoryError::conflict(
            "email",
            "another local user signs in with this address or name",
        ));
    }
    Ok(())
}

/// The users whom somebody may mean who types this to sign in, by id, and whether they are local
/// or have a password. At most ten.
pub(super) fn by_name(
    conn: &Connection,
    typed: &str,
) -> Result<Vec<(String, bool)>, DirectoryError> {
    // From the organizations to their users, as the indexes begin with the organization.
    let mut statement = conn.prepare_cached(
        "SELECT u.id, u.origin = 'local' OR EXISTS
             (SELECT 1 FROM passwords p WHERE p.user_id = u.id)
         FROM organizations o CROSS JOIN users u
             ON u.organization_id = o.id AND u.email_key = ?1
         UNION
         SELECT u.id, u.origin = 'local' OR EXISTS
             (SELECT 1 FROM passwords p WHERE p.user_id = u.id)
         FROM organizations o CROSS JOIN users u
             ON u.organization_id = o.id AND u.user_name_key = ?1
         ORDER BY 2 DESC LIMIT 10",
    )?;
    Ok(statement
        .query_map([fold(typed)], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?)
}

/// An address counts as verified where the organization owns its domain, as with SCIM.
fn is_verified(
    conn: &Connection,
    organization_id: &str,
    email: &str,
) -> Result<bool, DirectoryError> {
    match EmailDomain::of_address(email) {
        Some(domain) => domain::is_own(conn, organization_id, &domain),
        None => Ok(false),
    }
}

fn taken(error: rusqlite::Error, user_name: &str) -> DirectoryError {
    if is_unique_violation(&error) {
        let shown: String = user_name.chars().take(80).collect();
        DirectoryError::conflict(
            "userName",
            format!("there is already a user `{shown}` in this organization"),
        )
    } else {
        error.into()
    }
}

/// What a SCIM client reads of a local user.
fn resource(draft: &Draft) -> Value {
    let mut resource = Map::new();
    resource.insert(
        "schemas".into(),
        json!(["urn:ietf:params:scim:schemas:core:2.0:User"]),
    );
    resource.insert("userName".into(), draft.user_name.as_str().into());
    write_names(
        &mut resource,
        Some(&draft.email),
        draft.display_name.as_deref(),
    );
    Value::Object(resource)
}

fn write_names(resource: &mut Map<String, Value>, email: Option<&str>, display_name: Option<&str>) {
    if let Some(name) = display_name {
        resource.insert("displayName".into(), name.into());
    }
    if let Some(email) = email {
        resource.insert(
            "emails".into(),
            json!([{ "value": email, "primary": true }]),
        );
    }
}

fn address(text: &str) -> Result<String, DirectoryError> {
    let text = text.trim();
    let plausible = text.len() <= LONGEST_ADDRESS
        && EmailDomain::of_address(text).is_some()
        && !text.chars().any(char::is_control);
    if plausible {
        Ok(text.to_owned())
    } else {
        Err(DirectoryError::invalid(
            "email",
            "expected an e-mail address, such as ann@acme.com",
        ))
    }
}

fn named(field: &'static str, text: &str) -> Result<String, DirectoryError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST_NAME || text.chars().any(char::is_control)
    {
        return Err(DirectoryError::invalid(
            field,
            format!("expected 1 to {LONGEST_NAME} characters"),
        ));
    }
    Ok(text.to_owned())
}
