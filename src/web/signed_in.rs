//! Whose session or token a request carries. Read anew on every request: what was taken from a
//! person a moment ago is gone now.

use std::net::IpAddr;

use rusqlite::Connection;

use super::{App, Problem, cookie};
use crate::access::api_token::{self, ApiToken, Owner};
use crate::access::break_glass;
use crate::access::secret;
use crate::access::session::{self, Method, Session, Subject};
use crate::clock::Timestamp;
use crate::directory::organization::{self, Organization};
use crate::directory::user::{self, User};
use crate::directory::{Actor, Levels, enforcement, session_limits};
use crate::edge::Request;
use crate::observe::audit::{Author, AuthorKind, Via};

/// Who asks, and by what.
pub(super) struct SignedIn {
    /// The live session; a token has none.
    session: Option<Session>,
    pub(super) who: Who,
}

/// Whose.
pub(super) enum Who {
    /// An active user's session.
    User {
        user: Box<User>,
        organization: Box<Organization>,
        /// The levels that reach them by all ways together.
        levels: Levels,
    },
    /// A break-glass account's session.
    Operator { id: String, name: String },
    /// A program with an API token.
    Token {
        token: Box<ApiToken>,
        owner: TokenOwner,
    },
}

/// Whose token it is, as they are now.
pub(super) enum TokenOwner {
    /// An active user.
    User {
        user: Box<User>,
        organization: Box<Organization>,
        /// The levels that reach them by all ways together.
        levels: Levels,
    },
    /// An organization itself.
    Organization(Box<Organization>),
    /// A break-glass account that is not disabled.
    Operator { id: String, name: String },
    /// The appliance itself.
    Appliance,
}

impl SignedIn {
    /// The user's id, be it in person or by a token of theirs; an operator is none.
    pub(super) fn user_id(&self) -> Option<&str> {
        match &self.who {
            Who::User { user, .. }
            | Who::Token {
                owner: TokenOwner::User { user, .. },
                ..
            } => Some(&user.id),
            Who::Operator { .. } | Who::Token { .. } => None,
        }
    }

    /// The session, where somebody has signed in.
    pub(super) fn session(&self) -> Result<&Session, Problem> {
        self.session.as_ref().ok_or_else(Problem::in_person)
    }

    /// The organization that they are of; an operator is of none.
    pub(super) fn organization(&self) -> Option<&Organization> {
        match &self.who {
            Who::User { organization, .. }
            | Who::Token {
                owner:
                    TokenOwner::User { organization, .. } | TokenOwner::Organization(organization),
                ..
            } => Some(organization),
            Who::Operator { .. }
            | Who::Token {
                owner: TokenOwner::Operator { .. } | TokenOwner::Appliance,
                ..
            } => None,
        }
    }

    /// For [`crate::directory::may`].
    pub(super) fn actor(&self) -> Actor {
        match &self.who {
            Who::Operator { id, .. } => Actor::Operator { id: id.clone() },
            Who::User { user, levels, .. } => member(user, *levels),
            Who::Token { token, owner } => {
                let owner = match owner {
                    TokenOwner::User { user, levels, .. } => member(user, *levels),
                    TokenOwner::Organization(organization) => Actor::Organization {
                        id: organization.id.clone(),
                    },
                    TokenOwner::Operator { id, .. } => Actor::Operator { id: id.clone() },
                    TokenOwner::Appliance => Actor::Operator {
                        id: token.id.clone(),
                    },
                };
                Actor::Token {
                    owner: Box::new(owner),
                    scopes: token.scopes,
                }
            }
        }
    }

    /// For the audit log. A person's token is named behind the person; any other is its own author.
    pub(super) fn author(&self, client: IpAddr) -> Author {
        let (kind, id, name, via) = match &self.who {
            Who::User { user, .. } => {
                let name = user.user_name.clone();
                (AuthorKind::User, &user.id, name, Via::Session)
            }
            Who::Operator { id, name } => (AuthorKind::Operator, id, name.clone(), Via::Session),
            Who::Token { token, owner } => {
                let of = |name: &str| format!("{name} (API token {})", token.id);
                let (kind, id, name) = match owner {
                    TokenOwner::User { user, .. } => {
                        (AuthorKind::User, &user.id, of(&user.user_name))
                    }
                    TokenOwner::Operator { id, name } => (AuthorKind::Operator, id, of(name)),
                    TokenOwner::Organization(_) | TokenOwner::Appliance => {
                        (AuthorKind::Token, &token.id, token.name.clone())
                    }
                };
                (kind, id, name, Via::ApiToken)
            }
        };
        Author {
            kind,
            id: Some(id.clone()),
            name,
            client: Some(client),
            via,
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
            // It never signed in.
            Who::Token { .. } => {}
        }
        Ok(())
    }
}

fn member(user: &User, levels: Levels) -> Actor {
    Actor::User {
        id: user.id.clone(),
        organization_id: user.organization_id.clone(),
        levels,
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
    match &session.subject {
        Subject::User(id) => {
            let Some(user) = user::find(conn, id)?.filter(|user| user.active) else {
                return Ok(None);
            };
            // Ended when enforcement began; one that was opened at that very moment, or whose owner
            // got an address of an enforced domain since, counts no more either.
            if session.method == Method::Password && enforcement::is_enforced(conn, &user)? {
                return Ok(None);
            }
            let organization = organization::find_by_id(conn, &user.organization_id)?;
            let standing = session_limits::standing(conn, id, &organization.id)?;
            let Some(session) = session.within(standing.limits, now) else {
                return Ok(None);
            };
            let who = Who::User {
                user: Box::new(user),
                organization: Box::new(organization),
                levels: standing.levels,
            };
            Ok(Some(SignedIn {
                session: Some(session),
                who,
            }))
        }
        Subject::Operator(id) => {
            let Some(operator) = break_glass::find_enabled(conn, id)? else {
                return Ok(None);
            };
            let who = Who::Operator {
                id: operator.id,
                name: operator.name,
            };
            Ok(Some(SignedIn {
                session: Some(session),
                who,
            }))
        }
    }
}

/// The API token of this text, if it works and its owner may still come in.
pub(super) fn of_token(
    conn: &Connection,
    presented: &str,
    now: Timestamp,
) -> Result<Option<SignedIn>, Problem> {
    let Some(token) = api_token::find_active(conn, presented, now)? else {
        return Ok(None);
    };
    let owner = match &token.owner {
        Owner::User { id, .. } => match user::find(conn, id)?.filter(|user| user.active) {
            Some(user) => Some(TokenOwner::User {
                organization: Box::new(organization::find_by_id(conn, &user.organization_id)?),
                levels: user::reached(conn, id)?,
                user: Box::new(user),
            }),
            None => None,
        },
        Owner::Organization(id) => Some(TokenOwner::Organization(Box::new(
            organization::find_by_id(conn, id)?,
        ))),
        Owner::Operator(id) => {
            break_glass::find_enabled(conn, id)?.map(|operator| TokenOwner::Operator {
                id: operator.id,
                name: operator.name,
            })
        }
        Owner::Appliance => Some(TokenOwner::Appliance),
    };
    Ok(owner.map(|owner| SignedIn {
        session: None,
        who: Who::Token {
            token: Box::new(token),
            owner,
        },
    }))
}

/// Notes that the session or token was used.
pub(super) fn touch(app: &App, signed_in: &SignedIn, client: IpAddr, now: Timestamp) {
    if let Some(session) = &signed_in.session {
        session::touch(&app.store, session, now);
    }
    if let Who::Token { token, .. } = &signed_in.who {
        api_token::note_use(&app.store, token, client, now);
    }
}
