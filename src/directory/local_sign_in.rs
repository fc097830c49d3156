//! A local user's sign-in.
//!
//! The order is the break-glass account's: the throttle, so that guessing is slow; then the gate,
//! so that guessing takes no memory; then one answer for every reason to refuse, at the same cost.
//! An address that nobody has, one that several have, a user who is switched off or must use their
//! identity provider, and a wrong password can't be told apart from outside.

use std::net::IpAddr;
use std::time::Duration;

use rusqlite::{Connection, params};
use serde_json::json;

use super::user::{self, User};
use super::{DirectoryError, fold, local_user, way_in};
use crate::access::local_password::{self, HalfWay, Stored};
use crate::access::password::{Gate, GateError};
use crate::access::second_factor::{self, Checked};
use crate::access::secret::Secret;
use crate::access::session::{self, NewSession, Subject};
use crate::access::throttle::{self, Key, ThrottleError};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, AuthorKind, Entry, Via};
use crate::saml::name_id::NameSpace;
use crate::store::{Store, StoreError};

/// The browser that signs in.
#[derive(Clone, Debug)]
pub struct Browser {
    /// Its address.
    pub client: IpAddr,
    /// Its `User-Agent`.
    pub user_agent: String,
    /// The hash of the session cookie it had before, which ends.
    pub replaces: Option<[u8; 32]>,
}

/// What somebody gives to be let in.
#[derive(Debug)]
pub struct Given<'a> {
    /// Their address or userName.
    pub name: &'a str,
    /// Their password.
    pub password: &'a Secret,
    /// The code of the second factor, where it is given in the same step.
    pub code: Option<&'a str>,
}

/// What came of a right password.
#[derive(Debug)]
pub enum Outcome {
    /// A session; the secret is the cookie's value.
    In(Secret),
    /// The code of the second factor has to follow, with this note.
    CodeWanted(Secret),
}

/// Why a sign-in failed.
#[derive(Debug, thiserror::Error)]
pub enum LocalSignInError {
    /// Too many failures lately, of this account or from this address.
    #[error("too many failed attempts; try again in {} s", retry_after.as_secs())]
    Throttled {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Too many sign-ins at once: 503 with Retry-After.
    #[error("too many sign-ins at once; try again shortly")]
    Busy,
    /// Whatever was wrong: nobody is told what.
    #[error("address or password is wrong")]
    Refused,
    /// The directory or the database.
    #[error(transparent)]
    Directory(DirectoryError),
}

impl From<StoreError> for LocalSignInError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Busy,
            error => Self::Directory(error.into()),
        }
    }
}

impl From<DirectoryError> for LocalSignInError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Store(error) => error.into(),
            error => Self::Directory(error),
        }
    }
}

impl From<ThrottleError> for LocalSignInError {
    fn from(error: ThrottleError) -> Self {
        match error {
            ThrottleError::Throttled { retry_after } => Self::Throttled { retry_after },
            ThrottleError::Store(error) => error.into(),
        }
    }
}

/// Signs in with address (or userName) and password, and the code in the same step where it is
/// given already.
///
/// # Errors
/// [`LocalSignInError`], of which only `Refused` says anything about the password.
pub fn sign_in(
    store: &Store,
    gate: &Gate,
    half_way: &HalfWay,
    given: &Given<'_>,
    browser: Browser,
    now: Timestamp,
) -> Result<Outcome, LocalSignInError> {
    let Given { password, code, .. } = given;
    let typed = given.name.trim().to_owned();
    let both = [account(&typed), Key::address(browser.client)];

    let (reserved, name) = (both.clone(), typed.clone());
    let found = store.write(move |tx| {
        throttle::attempt(tx, &reserved, now)?;
        candidate(tx, &name)
    })?;

    if let Err(error) = verified(gate, password, found.usable.as_ref()) {
        match error {
            // Nothing was learnt about the password, so nothing is held against anyone.
            LocalSignInError::Busy => {
                store.write(move |tx| throttle::given_back(tx, &both, now))?;
            }
            _ => refused(store, found.user, browser.client, now),
        }
        return Err(error);
    }
    let (Some(user), Some(stored)) = (found.user, found.usable) else {
        return Err(LocalSignInError::Refused);
    };

    let wanted = store.read(|conn| second_factor::is_confirmed(conn, &user.id))?;
    if wanted && code.is_none() {
        // The code has attempts of its own; the account's others stay counted.
        store.write(move |tx| throttle::given_back(tx, &both, now))?;
        return Ok(Outcome::CodeWanted(half_way.note(&user.id, &stored, now)));
    }
    let (known, client) = (user.clone(), browser.client);
    let code = code.map(str::to_owned);
    let outcome = store.write(move |tx| {
        // The gate takes its time: the user may have been switched off or got another password.
        if candidate(tx, &typed)?.usable != Some(stored) {
            return Err(LocalSignInError::Refused);
        }
        let confirmed = second_factor::is_confirmed(tx, &user.id)?;
        if confirmed {
            let code = code.as_deref().unwrap_or_default();
            if second_factor::check(tx, &user.id, code, now)? == Checked::Wrong {
                return Err(LocalSignInError::Refused);
            }
        }
        let [account, address] = &both;
        throttle::cleared(tx, account)?;
        throttle::given_back(tx, std::slice::from_ref(address), now)?;
        open(tx, &user, confirmed, browser, now)
    });
    if matches!(outcome, Err(LocalSignInError::Refused)) {
        refused(store, Some(known), client, now);
    }
    outcome.map(Outcome::In)
}

/// The second step of a sign-in: the code that follows a right password.
///
/// # Errors
/// [`LocalSignInError`]; `Refused` for a wrong code and for a note that doesn't count any more.
pub fn give_code(
    store: &Store,
    half_way: &HalfWay,
    note: &str,
    code: &str,
    browser: Browser,
    now: Timestamp,
) -> Result<Secret, LocalSignInError> {
    let (user_id, changed_at) = half_way.read(note, now).ok_or(LocalSignInError::Refused)?;
    let code = code.to_owned();
    let client = browser.client;
    let both = [
        Key::account(&format!("code {user_id}")),
        Key::address(client),
    ];
    // A wrong code is an outcome and no error, so that its attempt stays counted.
    let outcome = store.write(move |tx| {
        throttle::attempt(tx, &both, now)?;
        let Some(user) = user::find(tx, &user_id)? else {
            return Ok(Err(None));
        };
        let same =
            local_password::find(tx, &user_id)?.map(|stored| stored.changed_at) == Some(changed_at);
        if !same || way_in::no_password(tx, &user)?.is_some() {
            return Ok(Err(Some(user)));
        }
        if second_factor::check(tx, &user_id, &code, now)? == Checked::Wrong {
            return Ok(Err(Some(user)));
        }
        let [account, address] = &both;
        throttle::cleared(tx, account)?;
        throttle::given_back(tx, std::slice::from_ref(address), now)?;
        open(tx, &user, true, browser, now).map(Ok)
    })?;
    outcome.map_err(|user| {
        refused(store, user, client, now);
        LocalSignInError::Refused
    })
}

/// Whether this is the user's password: for what they must prove once more while signed in. Counts
/// like an attempt to sign in.
///
/// # Errors
/// [`LocalSignInError`]; `Refused` if it is not.
pub fn prove(
    store: &Store,
    gate: &Gate,
    user: &User,
    password: &Secret,
    client: IpAddr,
    now: Timestamp,
) -> Result<(), LocalSignInError> {
    let both = [account(&user.user_name), Key::address(client)];
    let (reserved, id) = (both.clone(), user.id.clone());
    let stored = store.write(move |tx| {
        throttle::attempt(tx, &reserved, now)?;
        Ok::<_, LocalSignInError>(local_password::find(tx, &id)?)
    })?;
    let outcome = verified(gate, password, stored.as_ref());
    if matches!(outcome, Ok(()) | Err(LocalSignInError::Busy)) {
        store.write(move |tx| throttle::given_back(tx, &both, now))?;
    }
    outcome
}

/// Opens a session for somebody who has proved who they are.
pub fn open(
    tx: &Connection,
    user: &User,
    second_factor: bool,
    browser: Browser,
    now: Timestamp,
) -> Result<Secret, LocalSignInError> {
    if let Some(old) = &browser.replaces {
        session::end(tx, old)?;
    }
    tx.prepare_cached("UPDATE users SET last_sign_in_at = ?2 WHERE id = ?1")
        .and_then(|mut statement| statement.execute(params![user.id, now.millis()]))
        .map_err(StoreError::from)?;
    let detail = audit::detail([
        ("method", json!("password")),
        ("second_factor", json!(second_factor)),
    ]);
    let by = person(user, browser.client);
    user::told(tx, "user.signed-in", user, detail, &by, now)?;
    let new = NewSession {
        subject: Subject::User(user.id.clone()),
        provider_id: None,
        method: session::Method::Password,
        name_id: None,
        name_space: NameSpace::default(),
        session_index: None,
        not_on_or_after: None,
        client: browser.client.to_string(),
        user_agent: browser.user_agent,
    };
    Ok(session::open(tx, new, now)?)
}

/// A user at a page, as the audit log names them.
pub fn person(user: &User, client: IpAddr) -> Author {
    Author {
        kind: AuthorKind::User,
        id: Some(user.id.clone()),
        name: user.user_name.clone(),
        client: Some(client),
        via: Via::Page,
    }
}

/// Names of local users never meet those of break-glass accounts, which hold no space.
fn account(typed: &str) -> Key {
    Key::account(&format!("user {}", fold(typed)))
}

struct Candidate {
    /// Whom the name means, if it means one.
    user: Option<User>,
    /// Their password, if it counts now.
    usable: Option<Stored>,
}

fn candidate(conn: &Connection, typed: &str) -> Result<Candidate, LocalSignInError> {
    let nobody = Candidate {
        user: None,
        usable: None,
    };
    let found = local_user::by_name(conn, typed)?;
    let mut local = found.iter().filter(|(_, local)| *local);
    let (Some((id, _)), None) = (local.next(), local.next()) else {
        return Ok(nobody);
    };
    let Some(user) = user::find(conn, id)? else {
        return Ok(nobody);
    };
    let usable = match way_in::no_password(conn, &user)? {
        None => local_password::find(conn, id)?,
        Some(_) => None,
    };
    Ok(Candidate {
        user: Some(user),
        usable,
    })
}

fn verified(
    gate: &Gate,
    password: &Secret,
    stored: Option<&Stored>,
) -> Result<(), LocalSignInError> {
    match gate.verify(password, stored.map(|stored| stored.hash.as_str())) {
        Ok(true) => Ok(()),
        Ok(false) => Err(LocalSignInError::Refused),
        Err(GateError::Busy) => Err(LocalSignInError::Busy),
        Err(error) => {
            tracing::error!(%error, "a local user's password could not be verified");
            Err(LocalSignInError::Refused)
        }
    }
}

/// Tells the audit log, where the name means somebody. Not waited for: how long an answer takes
/// must not say whether it does.
fn refused(store: &Store, user: Option<User>, client: IpAddr, now: Timestamp) {
    let Some(user) = user else { return };
    let by = Author {
        kind: AuthorKind::Visitor,
        id: None,
        name: "somebody at the sign-in page".to_owned(),
        client: Some(client),
        via: Via::Page,
    };
    store.write_later(move |tx| {
        let entry = Entry {
            action: "user.sign-in-refused",
            organization_id: Some(&user.organization_id),
            target: audit::Target {
                kind: "user",
                id: Some(&user.id),
                name: &user.user_name,
            },
            detail: audit::detail([("method", json!("password"))]),
        };
        audit::record(tx, &by, &entry, now).map(|_| ())
    });
}
