//! Whose session a request carries. Read anew on every request: what was taken from a person a
//! moment ago is gone now.

use std::net::IpAddr;

use rusqlite::Connection;

use super::{App, Problem, cookie};
use crate::access::break_glass;
use crate::access::secret;
use crate::access::session::{self, Session, Subject};
use crate::clock::Timestamp;
use crate::directory::Level;
use crate::directory::organization::{self, Organization};
use crate::directory::user::{self, User};
use crate::edge::Request;
use crate::observe::audit::{Author, AuthorKind, Via};

/// A live session and whose it is.
pub(super) struct SignedIn {
    pub(super) session: Session,
    pub(super) who: Who,
}

/// Whose.
pub(super) enum Who {
    /// An active user's.
    User {
        user: Box<User>,
        organization: Box<Organization>,
        level: Option<Level>,
    },
    /// A break-glass account's.
    Operator { id: String, name: String },
}

impl SignedIn {
    /// For the audit log.
    pub(super) fn author(&self, client: IpAddr) -> Author {
        let (kind, id, name) = match &self.who {
            Who::User { user, .. } => (AuthorKind::User, &user.id, &user.user_name),
            Who::Operator { id, name } => (AuthorKind::Operator, id, name),
        };
        Author {
            kind,
            id: Some(id.clone()),
            name: name.clone(),
            client: Some(client),
            via: Via::Session,
        }
    }

    /// Adds to the audit log that its owner signed out.
    pub(super) fn tell_sign_out(
        &self,
        tx: &Connection,
        by: &Author,
        now: Timestamp,
    ) -> Result<(), Problem> {
        match &self.who {
            Who::User { user, .. } => user::signed_out(tx, user, by, now)?,
            Who::Operator { id, .. } => {
                if let Some(operator) = break_glass::find_enabled(tx, id)? {
                    break_glass::signed_out(tx, &operator, by, now)?;
                }
            }
        }
        Ok(())
    }
}

/// The session of the request, if it is alive and its subject may still come in. Where a browser
/// has both, the operator's counts: it was opened on purpose and lasts an hour.
pub(super) fn find(
    conn: &Connection,
    request: &Request,
    now: Timestamp,
) -> Result<Option<SignedIn>, Problem> {
    for name in [cookie::OPERATOR, cookie::SESSION] {
        if let Some(value) = cookie::read(request, name)
            && let Some(found) = of_cookie(conn, value, now)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The live session behind one cookie's value.
pub(super) fn of_cookie(
    conn: &Connection,
    value: &str,
    now: Timestamp,
) -> Result<Option<SignedIn>, Problem> {
    let Some(session) = session::find(conn, &secret::hash(value), now)? else {
        return Ok(None);
    };
    let who = match &session.subject {
        Subject::User(id) => {
            let Some(user) = user::find(conn, id)?.filter(|user| user.active) else {
                return Ok(None);
            };
            let organization = organization::find_by_id(conn, &user.organization_id)?;
            let level = user::level(conn, id)?;
            Who::User {
                user: Box::new(user),
                organization: Box::new(organization),
                level,
            }
        }
        Subject::Operator(id) => {
            let Some(operator) = break_glass::find_enabled(conn, id)? else {
                return Ok(None);
            };
            Who::Operator {
                id: operator.id,
                name: operator.name,
            }
        }
    };
    Ok(Some(SignedIn { session, who }))
}

/// Notes that the session was used, for its idle limit.
pub(super) fn touch(app: &App, signed_in: &SignedIn, now: Timestamp) {
    session::touch(&app.store, &signed_in.session, now);
}
