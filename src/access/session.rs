//! Sessions: who carries the cookie, since when, and until when.
//!
//! The row is read on every request, so that ending a session counts at the next one. Whether the
//! subject is still active is not known here; whoever finds a session asks the directory.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::secret::Secret;
use super::{impossible, millis, time};
use crate::clock::Timestamp;
use crate::saml::name_id::NameSpace;
use crate::store::{Store, StoreError, id};

/// How long a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Without a request.
    pub idle: Duration,
    /// In all.
    pub absolute: Duration,
}

/// A user's session: a working day, and never beyond the next one.
pub const USER: Limits = Limits {
    idle: Duration::from_secs(8 * 3600),
    absolute: Duration::from_secs(24 * 3600),
};

/// A break-glass session: as long as an emergency repair, idle or not.
pub const OPERATOR: Limits = Limits {
    idle: Duration::from_secs(3600),
    absolute: Duration::from_secs(3600),
};

/// "Last seen" is written once in this long.
const GRANULARITY: Duration = Duration::from_secs(60);

/// Sessions of one subject; the oldest ends when one more is opened.
const MOST: i64 = 100;

/// Characters of a `User-Agent` that are kept.
const LONGEST_USER_AGENT: usize = 256;

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A user of an organization, by id.
    User(String),
    /// An operator, signed in by break-glass, by id.
    Operator(String),
}

/// A session that is within its limits.
#[derive(Clone, Debug)]
pub struct Session {
    /// Names the session without letting anyone in.
    pub id: String,
    /// Whose it is.
    pub subject: Subject,
    /// The provider that vouched for the user.
    pub provider_id: Option<String>,
    /// How its owner signed in.
    pub method: Method,
    /// The NameID it used.
    pub name_id: Option<String>,
    /// Among which names that is one.
    pub name_space: NameSpace,
    /// The identity provider's own name for the session (SAML core 2.7.2).
    pub session_index: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
    /// The address at sign-in.
    pub client: String,
    /// The browser at sign-in.
    pub user_agent: String,
}

impl Session {
    /// This session under limits that may be stricter than its own, or `None` if by them it's over.
    pub fn within(mut self, limits: Limits, now: Timestamp) -> Option<Self> {
        self.expires_at = self.expires_at.min(self.created_at.plus(limits.absolute));
        let alive = self.expires_at > now && self.last_seen_at.plus(limits.idle) > now;
        alive.then_some(self)
    }
}

/// How the owner of a session signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// An identity provider vouched for them.
    Saml,
    /// A local user's password.
    Password,
    /// A break-glass account's password.
    BreakGlass,
}

impl Method {
    /// The word in the database and the API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Saml => "saml",
            Self::Password => "password",
            Self::BreakGlass => "break-glass",
        }
    }

    fn from_word(word: &str) -> Self {
        match word {
            "saml" => Self::Saml,
            "password" => Self::Password,
            _ => Self::BreakGlass,
        }
    }
}

/// What a session is opened with.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Whose it is.
    pub subject: Subject,
    /// The provider that vouched for the user.
    pub provider_id: Option<String>,
    /// How its owner signed in.
    pub method: Method,
    /// The NameID it used.
    pub name_id: Option<String>,
    /// Among which names that is one.
    pub name_space: NameSpace,
    /// The identity provider's own name for the session.
    pub session_index: Option<String>,
    /// `SessionNotOnOrAfter`: a limit earlier than ours counts.
    pub not_on_or_after: Option<Timestamp>,
    /// The address of the browser.
    pub client: String,
    /// Its `User-Agent`.
    pub user_agent: String,
}

/// Opens a session and returns the cookie's value, of which only the hash is stored.
pub fn open(conn: &Connection, new: NewSession, now: Timestamp) -> Result<Secret, StoreError> {
    let (user, operator, limits) = match &new.subject {
        Subject::User(user) => (Some(user), None, USER),
        Subject::Operator(operator) => (None, Some(operator), OPERATOR),
    };
    let expires_at = now.plus(limits.absolute);
    let expires_at = new
        .not_on_or_after
        .map_or(expires_at, |at| at.min(expires_at));
    let user_agent: String = new.user_agent.chars().take(LONGEST_USER_AGENT).collect();
    conn.prepare_cached(
        "DELETE FROM sessions WHERE token_hash IN
             (SELECT token_hash FROM sessions WHERE user_id = ?1 OR operator_id = ?2
              ORDER BY created_at DESC LIMIT -1 OFFSET ?3)",
    )?
    .execute(params![user, operator, MOST - 1])?;
    let token = Secret::generate("");
    conn.prepare_cached(
        "INSERT INTO sessions (token_hash, id, user_id, operator_id, provider_id, method, name_id,
             name_id_format, name_qualifier, sp_name_qualifier, session_index, client, user_agent,
             created_at, last_seen_at, idle_ms, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?14, ?15, ?16, ?8, ?9, ?10, ?11, ?11, ?12, ?13)",
    )?
    .execute(params![
        token.hash(),
        id::new(now),
        user,
        operator,
        new.provider_id,
        new.method.word(),
        new.name_id,
        new.session_index,
        new.client,
        user_agent,
        now.millis(),
        millis(limits.idle),
        expires_at.millis(),
        new.name_space.format,
        new.name_space.name_qualifier,
        new.name_space.sp_name_qualifier,
    ])?;
    Ok(token)
}

/// The session of a cookie's hash ([`super::secret::hash`]), unless it's over.
pub fn find(
    conn: &Connection,
    hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Session>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT id, user_id, operator_id, provider_id, method, name_id, name_id_format,
                 name_qualifier, sp_name_qualifier, session_index, client, user_agent, created_at,
                 last_seen_at, expires_at
             FROM sessions
             WHERE token_hash = ?1 AND expires_at > ?2 AND last_seen_at + idle_ms > ?2",
        )?
        .query_row(params![hash, now.millis()], read)
        .optional()?)
}

/// The sessions of a user that aren't over, newest first.
pub fn of_user(
    conn: &Connection,
    user_id: &str,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, user_id, operator_id, provider_id, method, name_id, name_id_format,
             name_qualifier, sp_name_qualifier, session_index, client, user_agent, created_at,
             last_seen_at, expires_at
         FROM sessions
         WHERE user_id = ?1 AND expires_at > ?2 AND last_seen_at + idle_ms > ?2
         ORDER BY created_at DESC, id DESC LIMIT ?3",
    )?;
    let rows = statement.query_map(params![user_id, now.millis(), MOST], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The sessions that a provider opened for a NameID and that aren't over.
pub fn of_name_id(
    conn: &Connection,
    provider_id: &str,
    name_id: &str,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, user_id, operator_id, provider_id, method, name_id, name_id_format,
             name_qualifier, sp_name_qualifier, session_index, client, user_agent, created_at,
             last_seen_at, expires_at
         FROM sessions WHERE provider_id = ?1 AND name_id = ?2 AND expires_at > ?3",
    )?;
    let rows = statement.query_map(params![provider_id, name_id, now.millis()], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The sessions of an organization's users that aren't over by their own limits, newest first,
/// after the one with this id.
pub fn of_organization(
    conn: &Connection,
    organization_id: &str,
    after: Option<&str>,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT s.id, s.user_id, s.operator_id, s.provider_id, s.method, s.name_id,
             s.name_id_format, s.name_qualifier, s.sp_name_qualifier, s.session_index,
             s.client, s.user_agent, s.created_at, s.last_seen_at, s.expires_at
         FROM sessions s CROSS JOIN users u ON u.id = s.user_id
         WHERE s.id < ?2 AND u.organization_id = ?1
             AND s.expires_at > ?3 AND s.last_seen_at + s.idle_ms > ?3
         ORDER BY s.id DESC LIMIT ?4",
    )?;
    // Ids are hexadecimal, so this is after all of them.
    let after = after.unwrap_or("g");
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![organization_id, after, now.millis(), limit], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Notes that a session was used, at most once a minute, without waiting for the disk.
pub fn touch(store: &Store, session: &Session, now: Timestamp) {
    if now.since(session.last_seen_at) < GRANULARITY {
        return;
    }
    let id = session.id.clone();
    store.write_later(move |tx| seen(tx, &id, now));
}

fn seen(conn: &Connection, id: &str, now: Timestamp) -> Result<(), StoreError> {
    conn.prepare_cached(
        "UPDATE sessions SET last_seen_at = ?2
         WHERE id = ?1 AND last_seen_at <= ?2 - ?3",
    )?
    .execute(params![id, now.millis(), millis(GRANULARITY)])?;
    Ok(())
}

/// Ends the session of a cookie's hash; false if there was none.
pub fn end(conn: &Connection, hash: &[u8; 32]) -> Result<bool, StoreError> {
    let ended = conn
        .prepare_cached("DELETE FROM sessions WHERE token_hash = ?1")?
        .execute([hash])?;
    Ok(ended > 0)
}

/// Ends a session by its id; false if there was none. Whose it is the caller has checked.
pub fn end_by_id(conn: &Connection, id: &str) -> Result<bool, StoreError> {
    let ended = conn
        .prepare_cached("DELETE FROM sessions WHERE id = ?1")?
        .execute([id])?;
    Ok(ended > 0)
}

/// Ends all sessions of a user; returns how many.
pub fn end_of_user(conn: &Connection, user_id: &str) -> Result<usize, StoreError> {
    Ok(conn
        .prepare_cached("DELETE FROM sessions WHERE user_id = ?1")?
        .execute([user_id])?)
}

/// Ends all sessions of a user but the one with this id; returns how many.
pub fn end_of_user_but(
    conn: &Connection,
    user_id: &str,
    but: Option<&str>,
) -> Result<usize, StoreError> {
    Ok(conn
        .prepare_cached("DELETE FROM sessions WHERE user_id = ?1 AND id IS NOT ?2")?
        .execute(params![user_id, but])?)
}

/// Ends one session of a user by its id; false if the user has no such session.
pub fn end_own(conn: &Connection, user_id: &str, id: &str) -> Result<bool, StoreError> {
    let ended = conn
        .prepare_cached("DELETE FROM sessions WHERE id = ?2 AND user_id = ?1")?
        .execute([user_id, id])?;
    Ok(ended > 0)
}

/// Ends the sessions that a user opened in one way; returns how many.
pub fn end_by_method(
    conn: &Connection,
    user_id: &str,
    method: Method,
) -> Result<usize, StoreError> {
    Ok(conn
        .prepare_cached("DELETE FROM sessions WHERE user_id = ?1 AND method = ?2")?
        .execute([user_id, method.word()])?)
}

/// Ends the sessions that people of an organization opened in one way; returns how many.
pub fn end_of_organization_by_method(
    conn: &Connection,
    organization_id: &str,
    method: Method,
) -> Result<usize, StoreError> {
    Ok(conn
        .prepare_cached(
            "DELETE FROM sessions WHERE method = ?2 AND user_id IN
                 (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
                  WHERE u.organization_id = ?1)",
        )?
        .execute([organization_id, method.word()])?)
}

/// Ends all sessions of an organization's users; returns how many.
pub fn end_of_organization(conn: &Connection, organization_id: &str) -> Result<usize, StoreError> {
    Ok(conn
        .prepare_cached(
            "DELETE FROM sessions WHERE user_id IN
                 (SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id
                  WHERE u.organization_id = ?1)",
        )?
        .execute([organization_id])?)
}

/// Ends all sessions of an operator; returns how many.
pub fn end_of_operator(conn: &Connection, operator_id: &str) -> Result<usize, StoreError> {
    Ok(conn
        .prepare_cached("DELETE FROM sessions WHERE operator_id = ?1")?
        .execute([operator_id])?)
}

/// Ends all sessions that a provider vouched for; returns how many.
pub fn end_of_provider(conn: &Connection, provider_id: &str) -> Result<usize, StoreError> {
    Ok(conn
        .prepare_cached("DELETE FROM sessions WHERE provider_id = ?1")?
        .execute([provider_id])?)
}

/// Removes sessions that are over by their absolute limit; returns how many.
pub fn prune(conn: &Connection, now: Timestamp) -> Result<usize, StoreError> {
    Ok(conn
        .prepare_cached("DELETE FROM sessions WHERE expires_at <= ?1")?
        .execute([now.millis()])?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Session> {
    let subject = match (row.get("user_id")?, row.get("operator_id")?) {
        (Some(user), None) => Subject::User(user),
        (None, Some(operator)) => Subject::Operator(operator),
        _ => return Err(impossible("a session of nobody")),
    };
    Ok(Session {
        id: row.get("id")?,
        subject,
        provider_id: row.get("provider_id")?,
        method: Method::from_word(row.get_ref("method")?.as_str()?),
        name_id: row.get("name_id")?,
        name_space: NameSpace {
            format: row.get("name_id_format")?,
            name_qualifier: row.get("name_qualifier")?,
            sp_name_qualifier: row.get("sp_name_qualifier")?,
        },
        session_index: row.get("session_index")?,
        created_at: time(row, "created_at")?,
        last_seen_at: time(row, "last_seen_at")?,
        expires_at: time(row, "expires_at")?,
        client: row.get("client")?,
        user_agent: row.get("user_agent")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::scratch;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
    const HOUR: Duration = Duration::from_secs(3600);

    fn connection() -> Connection {
        let conn = scratch::connection();
        conn.execute_batch(
            "INSERT INTO organizations (id, slug, name, created_at) VALUES ('o', 'o', 'O', 0);
             INSERT INTO users (id, organization_id, user_name, user_name_key, origin, resource,
                 created_at, updated_at) VALUES ('u', 'o', 'u', 'u', 'local', '{}', 0, 0);
             INSERT INTO operators (id, name, name_key, password_hash, created_at, password_changed_at)
                 VALUES ('p', 'p', 'p', '', 0, 0);",
        )
        .unwrap();
        conn
    }

    fn new(subject: Subject) -> NewSession {
        NewSession {
            subject,
            provider_id: None,
            method: Method::Saml,
            name_id: None,
            name_space: NameSpace::default(),
            session_index: None,
            not_on_or_after: None,
            client: "192.0.2.1".into(),
            user_agent: "é".repeat(1000),
        }
    }

    fn user() -> NewSession {
        new(Subject::User("u".into()))
    }

    #[test]
    fn a_user_session_ends_when_idle_and_absolutely() {
        let conn = connection();
        let hash = open(&conn, user(), NOW).unwrap().hash();
        let session = find(&conn, &hash, NOW).unwrap().unwrap();
        assert_eq!(session.subject, Subject::User("u".into()));
        assert_eq!(session.user_agent.chars().count(), LONGEST_USER_AGENT);
        let last = NOW.plus(USER.idle).minus(Duration::from_millis(1));
        assert!(find(&conn, &hash, last).unwrap().is_some());
        assert!(find(&conn, &hash, NOW.plus(USER.idle)).unwrap().is_none());
        for hours in [7, 14, 21] {
            seen(&conn, &session.id, NOW.plus(HOUR * hours)).unwrap();
        }
        assert!(find(&conn, &hash, NOW.plus(HOUR * 23)).unwrap().is_some());
        assert!(find(&conn, &hash, NOW.plus(HOUR * 24)).unwrap().is_none());
        assert_eq!(prune(&conn, NOW.plus(HOUR * 23)).unwrap(), 0);
        assert_eq!(prune(&conn, NOW.plus(HOUR * 24)).unwrap(), 1);
    }

    #[test]
    fn an_operator_session_lasts_an_hour() {
        let conn = connection();
        let hash = open(&conn, new(Subject::Operator("p".into())), NOW)
            .unwrap()
            .hash();
        assert!(find(&conn, &hash, NOW.plus(HOUR / 2)).unwrap().is_some());
        assert!(find(&conn, &hash, NOW.plus(HOUR)).unwrap().is_none());
    }

    #[test]
    fn the_identity_providers_limit_counts_if_earlier() {
        let conn = connection();
        for (given, expected) in [(HOUR, HOUR), (HOUR * 48, USER.absolute)] {
            let session = NewSession {
                not_on_or_after: Some(NOW.plus(given)),
                ..user()
            };
            let hash = open(&conn, session, NOW).unwrap().hash();
            let found = find(&conn, &hash, NOW).unwrap().unwrap();
            assert_eq!(found.expires_at, NOW.plus(expected));
        }
    }

    #[test]
    fn sessions_end_one_by_one_and_together() {
        let conn = connection();
        let first = open(&conn, user(), NOW).unwrap().hash();
        let second = open(&conn, user(), NOW.plus(HOUR)).unwrap().hash();
        open(&conn, user(), NOW.plus(HOUR * 2)).unwrap();
        let at = NOW.plus(HOUR * 2);
        let sessions = of_user(&conn, "u", at).unwrap();
        assert_eq!(sessions.len(), 3);
        assert_eq!(sessions[2].created_at, NOW);
        assert!(end(&conn, &first).unwrap());
        assert!(!end(&conn, &first).unwrap());
        assert!(find(&conn, &first, at).unwrap().is_none());
        let id = find(&conn, &second, at).unwrap().unwrap().id;
        assert!(end_by_id(&conn, &id).unwrap());
        assert_eq!(end_of_user(&conn, "u").unwrap(), 1);
        assert!(of_user(&conn, "u", at).unwrap().is_empty());
    }

    #[test]
    fn the_oldest_session_makes_room() {
        let conn = connection();
        let first = open(&conn, user(), NOW).unwrap().hash();
        for n in 1..=MOST {
            assert_eq!(find(&conn, &first, NOW).unwrap().is_some(), n <= MOST);
            open(&conn, user(), NOW.plus(Duration::from_millis(n as u64))).unwrap();
        }
        assert!(find(&conn, &first, NOW).unwrap().is_none());
        assert_eq!(of_user(&conn, "u", NOW).unwrap().len(), MOST as usize);
    }

    #[test]
    fn touching_waits_a_minute() {
        let store = scratch::store();
        let hash = store
            .write::<_, StoreError>(|tx| {
                tx.execute_batch(
                    "INSERT INTO operators (id, name, name_key, password_hash, created_at, password_changed_at)
                 VALUES ('p', 'p', 'p', '', 0, 0)",
                )?;
                Ok(open(tx, new(Subject::Operator("p".into())), NOW)?.hash())
            })
            .unwrap();
        let at = |now| {
            let session = store.read(|conn| find(conn, &hash, NOW)).unwrap().unwrap();
            touch(&store, &session, now);
            store.write::<(), StoreError>(|_| Ok(())).unwrap();
            store
                .read(|conn| find(conn, &hash, now))
                .unwrap()
                .unwrap()
                .last_seen_at
        };
        assert_eq!(at(NOW.plus(Duration::from_secs(59))), NOW);
        let later = NOW.plus(Duration::from_secs(61));
        assert_eq!(at(later), later);
    }
}
