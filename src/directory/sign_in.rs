//! From a verified assertion to a user: the link, then userName, then a verified e-mail address,
//! else made now where the provider allows it (design rule 4). Never across organizations, never
//! onto a break-glass account (those are no users), never onto an inactive user.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Map, Value, json};

use super::domain::{self, Domain, DomainState, EmailDomain};
use super::provider::{self, Provider};
use super::user::{self, User};
use super::{DirectoryError, fold, way_in};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, AuthorKind};
use crate::saml::response::SignIn;
use crate::store::id;

const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/// What a verified assertion says about a person.
#[derive(Clone, Debug)]
pub struct Person {
    /// The NameID's value.
    pub name_id: String,
    /// Whether the NameID is another one at each sign-in (SAML core section 8.3.8), so that it
    /// identifies nobody.
    pub transient: bool,
    /// The address, where the provider's mapping finds one.
    pub email: Option<String>,
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// The name on screen.
    pub display_name: Option<String>,
}

/// Why a verified person gets no session.
#[derive(Debug, thiserror::Error)]
pub enum NotAdmitted {
    /// The user was switched off.
    #[error("the user is not active")]
    Inactive,
    /// Two users have this address, so neither is meant.
    #[error("several users have this e-mail address")]
    Ambiguous,
    /// The user that matches has an address in a domain this provider doesn't speak for.
    #[error("the matching user belongs to another domain")]
    ForeignUser,
    /// There is no user, and the provider makes none.
    #[error("no user matches, and this provider makes none at sign-in")]
    Unknown,
    /// Nothing in the assertion identifies anybody for longer than this sign-in.
    #[error("a transient NameID without an email attribute identifies nobody")]
    Unidentified,
    /// The database said no.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl From<rusqlite::Error> for NotAdmitted {
    fn from(error: rusqlite::Error) -> Self {
        Self::Directory(error.into())
    }
}

impl Person {
    /// Who a verified response says that it is about.
    pub fn of(verified: &SignIn) -> Self {
        Self {
            name_id: verified.name_id.clone(),
            transient: verified.name_space.format.as_deref() == Some(TRANSIENT),
            email: verified.email.clone(),
            first_name: verified.first_name.clone(),
            last_name: verified.last_name.clone(),
            display_name: verified.display_name.clone(),
        }
    }
}

impl NotAdmitted {
    /// The stable code for traces; [`crate::saml::advice`] has what to do about it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Inactive => "user-inactive",
            Self::Ambiguous => "user-ambiguous",
            Self::ForeignUser => "user-foreign-domain",
            Self::Unknown => "user-unknown",
            Self::Unidentified => "user-unidentified",
            Self::Directory(_) => "internal",
        }
    }
}

/// How the user was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// By (provider, NameID).
    Link,
    /// By userName equal to the NameID.
    UserName,
    /// By a verified primary address.
    Email,
    /// Made now.
    Made,
}

impl Match {
    /// The word for traces.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Link => "found by link",
            Self::UserName => "found by userName",
            Self::Email => "found by e-mail",
            Self::Made => "made at sign-in",
        }
    }
}

/// Finds or makes the user, keeps the link, and notes the sign-in.
pub fn admit(
    tx: &Connection,
    provider: &Provider,
    person: &Person,
    by: &Author,
    now: Timestamp,
) -> Result<(User, Match), NotAdmitted> {
    let (found, how) = match known(tx, provider, person)? {
        Some(found) => found,
        None if provider.jit => (make(tx, provider, person, by, now)?, Match::Made),
        None => return Err(NotAdmitted::Unknown),
    };
    if !found.active {
        return Err(NotAdmitted::Inactive);
    }
    if !person.transient && how != Match::Link {
        tx.prepare_cached(
            "INSERT INTO links (provider_id, name_id, user_id, created_at) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![provider.id, person.name_id, found.id, now.millis()])?;
        if way_in::is_on_their_own(&found) {
            way_in::handed_over(tx, &found, by, now)?;
        }
    }
    tx.prepare_cached("UPDATE users SET last_sign_in_at = ?2, unmanaged_at = NULL WHERE id = ?1")?
        .execute(params![found.id, now.millis()])?;
    tx.prepare_cached("UPDATE providers SET last_sign_in_at = ?2 WHERE id = ?1")?
        .execute(params![provider.id, now.millis()])?;
    // It is the person who signs in; the provider vouches for them.
    let person = Author {
        kind: AuthorKind::User,
        id: Some(found.id.clone()),
        name: found.user_name.clone(),
        ..by.clone()
    };
    let detail = audit::detail([
        ("method", json!("saml")),
        (
            "provider",
            json!({ "id": provider.id, "name": provider.name }),
        ),
        ("match", json!(how.word())),
    ]);
    user::told(tx, "user.signed-in", &found, detail, &person, now)?;
    Ok((found, how))
}

/// Whom [`admit`] would let in, and how they would be found; changes nothing. `None` stands for a
/// user who would be made.
///
/// # Errors
/// What [`admit`] would refuse with.
pub fn foresee(
    conn: &Connection,
    provider: &Provider,
    person: &Person,
) -> Result<(Option<User>, Match), NotAdmitted> {
    match known(conn, provider, person)? {
        Some((found, _)) if !found.active => Err(NotAdmitted::Inactive),
        Some((found, how)) => Ok((Some(found), how)),
        None if !provider.jit => Err(NotAdmitted::Unknown),
        None if is_taken(conn, provider, name_to_make(person))? => Err(NotAdmitted::Ambiguous),
        None => Ok((None, Match::Made)),
    }
}

fn known(
    conn: &Connection,
    provider: &Provider,
    person: &Person,
) -> Result<Option<(User, Match)>, NotAdmitted> {
    let domains = domain::of_provider(conn, &provider.id)?;
    let only = provider::list(conn, &provider.organization_id)?.len() == 1;
    find(conn, provider, person, &|user| owns(user, &domains, only))
}

/// Whether the provider may speak for this user: all their addresses are in its domains. Who has
/// none at all belongs to the organization's only provider, and to no one where it has several.
fn owns(user: &User, domains: &[Domain], only_provider: bool) -> bool {
    let mut addresses = [user.email.as_deref(), Some(user.user_name.as_str())]
        .into_iter()
        .flatten()
        .filter_map(EmailDomain::of_address)
        .peekable();
    if addresses.peek().is_none() {
        return only_provider;
    }
    addresses.all(|address| {
        domains
            .iter()
            .any(|own| own.state == DomainState::Active && own.domain == address.as_str())
    })
}

fn find(
    tx: &Connection,
    provider: &Provider,
    person: &Person,
    owns: &dyn Fn(&User) -> bool,
) -> Result<Option<(User, Match)>, NotAdmitted> {
    if !person.transient {
        let linked: Option<String> = tx
            .prepare_cached("SELECT user_id FROM links WHERE provider_id = ?1 AND name_id = ?2")?
            .query_row([&provider.id, &person.name_id], |row| row.get(0))
            .optional()?;
        if let Some(user) = linked.map(|id| user::find(tx, &id)).transpose()?.flatten() {
            // The address may have moved to another provider's domain since the link was made.
            if !owns(&user) {
                return Err(NotAdmitted::ForeignUser);
            }
            return Ok(Some((user, Match::Link)));
        }
        let named: Option<String> = tx
            .prepare_cached(
                "SELECT id FROM users WHERE organization_id = ?1 AND user_name_key = ?2",
            )?
            .query_row([&provider.organization_id, &fold(&person.name_id)], |row| {
                row.get(0)
            })
            .optional()?;
        if let Some(user) = named.map(|id| user::find(tx, &id)).transpose()?.flatten() {
            if !owns(&user) {
                return Err(NotAdmitted::ForeignUser);
            }
            return Ok(Some((user, Match::UserName)));
        }
    }
    let Some(email) = &person.email else {
        return if person.transient {
            Err(NotAdmitted::Unidentified)
        } else {
            Ok(None)
        };
    };
    let ids = tx
        .prepare_cached(
            "SELECT id FROM users
             WHERE organization_id = ?1 AND email_key = ?2 AND email_verified = 1 LIMIT 2",
        )?
        .query_map([&provider.organization_id, &fold(email)], |row| {
            row.get::<_, String>(0)
        })?
        .collect::<Result<Vec<_>, _>>()?;
    match ids.as_slice() {
        [] => Ok(None),
        [only] => match user::find(tx, only)? {
            Some(user) if !owns(&user) => Err(NotAdmitted::ForeignUser),
            found => Ok(found.map(|user| (user, Match::Email))),
        },
        _ => Err(NotAdmitted::Ambiguous),
    }
}

/// The userName of somebody who is made at sign-in.
fn name_to_make(person: &Person) -> &str {
    match (&person.email, person.transient) {
        (Some(email), true) => email,
        _ => &person.name_id,
    }
}

fn is_taken(
    conn: &Connection,
    provider: &Provider,
    user_name: &str,
) -> Result<bool, rusqlite::Error> {
    conn.prepare_cached("SELECT 1 FROM users WHERE organization_id = ?1 AND user_name_key = ?2")?
        .exists([&provider.organization_id, &fold(user_name)])
}

/// Makes a user from the assertion, with the organization's default level.
fn make(
    tx: &Connection,
    provider: &Provider,
    person: &Person,
    by: &Author,
    now: Timestamp,
) -> Result<User, NotAdmitted> {
    let email = person.email.clone();
    let user_name = name_to_make(person).to_owned();
    let full_name = [person.first_name.as_deref(), person.last_name.as_deref()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let display_name = match &person.display_name {
        Some(name) => name.clone(),
        None if full_name.is_empty() => user_name.clone(),
        None => full_name,
    };
    if is_taken(tx, provider, &user_name)? {
        return Err(NotAdmitted::Ambiguous);
    }
    let id = id::new(now);
    tx.prepare_cached(
        "INSERT INTO users (id, organization_id, user_name, user_name_key, email, email_key,
             email_verified, display_name, active, origin, resource, created_at, updated_at,
             display_name_key)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, 1, 'saml', ?8, ?9, ?9, ?10)",
    )?
    .execute(params![
        id,
        provider.organization_id,
        user_name,
        fold(&user_name),
        email,
        email.as_deref().map(fold),
        display_name,
        Value::Object(resource(
            &user_name,
            &display_name,
            email.as_deref(),
            person
        ))
        .to_string(),
        now.millis(),
        fold(&display_name)
    ])?;
    let level = user::grant_default(tx, &id, &provider.organization_id)?;
    let made = user::find(tx, &id)?.ok_or_else(|| DirectoryError::not_found("user", id))?;
    let mut facts = user::facts(&made);
    facts.insert("level".into(), json!(level));
    let detail = audit::detail([("after", Value::Object(facts))]);
    user::told(tx, "user.created", &made, detail, by, now)?;
    Ok(made)
}

/// What a SCIM client reads of a user made at sign-in.
fn resource(
    user_name: &str,
    display_name: &str,
    email: Option<&str>,
    person: &Person,
) -> Map<String, Value> {
    let mut resource = Map::new();
    resource.insert(
        "schemas".into(),
        json!(["urn:ietf:params:scim:schemas:core:2.0:User"]),
    );
    resource.insert("userName".into(), user_name.into());
    let mut name = Map::new();
    if let Some(given) = &person.first_name {
        name.insert("givenName".into(), given.as_str().into());
    }
    if let Some(family) = &person.last_name {
        name.insert("familyName".into(), family.as_str().into());
    }
    if !name.is_empty() {
        resource.insert("name".into(), Value::Object(name));
    }
    resource.insert("displayName".into(), display_name.into());
    if let Some(email) = email {
        resource.insert(
            "emails".into(),
            json!([{ "value": email, "primary": true }]),
        );
    }
    resource
}
