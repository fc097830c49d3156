//! How a local user gets in: the link, the password, the second factor, and the end of each.
//!
//! Once an identity provider takes a local user over, by a push or by a sign-in that it vouches for,
//! everything that whoever invited them could have set up beforehand ends ([`handed_over`]): an
//! account must not be prepared for somebody who then fills it with rights.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::user::{self, Origin, User};
use super::{DirectoryError, enforcement, organization};
use crate::access::invitation::{self, Invitation, Kind};
use crate::access::secret::Secret;
use crate::access::{local_password, second_factor, session};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author};

/// Makes a link with which a user sets a password. It is not to be had again.
pub fn invite(
    tx: &Connection,
    user: &User,
    kind: Kind,
    by: &Author,
    now: Timestamp,
) -> Result<(Invitation, Secret), DirectoryError> {
    let refused = |detail: &str| Err(DirectoryError::conflict("kind", detail));
    if let Some(reason) = no_password(tx, user)? {
        return refused(reason);
    }
    // Where the provider was deleted, a password may be the only way that is left.
    if !is_on_their_own(user) {
        return refused("this user signs in with their identity provider, not with a password");
    }
    match (kind, local_password::find(tx, &user.id)?.is_some()) {
        (Kind::Join, true) => {
            return refused("this user has a password already; make a link of the kind `reset`");
        }
        (Kind::Reset, false) => {
            return refused("this user has no password yet; make a link of the kind `join`");
        }
        _ => {}
    }
    let (made, link) = invitation::create(tx, &user.id, kind, &by.name, now)?;
    let detail = audit::detail([
        ("invitation", json!(made.id)),
        ("kind", json!(kind)),
        ("expires_at", json!(made.expires_at)),
    ]);
    user::told(tx, "invitation.created", user, detail, by, now)?;
    Ok((made, link))
}

/// Revokes one of a user's links.
pub fn revoke_invitation(
    tx: &Connection,
    user: &User,
    id: &str,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    if !invitation::revoke(tx, &user.id, id, now)? {
        return Err(DirectoryError::not_found("invitation", id));
    }
    let detail = audit::detail([("invitation", json!(id))]);
    user::told(tx, "invitation.revoked", user, detail, by, now)
}

/// Uses a link up: sets the password of which `hash` is the PHC string, and ends the user's
/// sessions. `None` if the link no longer works.
pub fn accept(
    tx: &Connection,
    invitation: &Invitation,
    hash: &str,
    by: &Author,
    now: Timestamp,
) -> Result<Option<User>, DirectoryError> {
    let Some(user) = user::find(tx, &invitation.user_id)? else {
        return Ok(None);
    };
    if no_password(tx, &user)?.is_some() || !invitation::take(tx, invitation, now)? {
        return Ok(None);
    }
    set_password(tx, &user, hash, None, by, now)?;
    Ok(Some(user))
}

/// Sets a user's password and ends their sessions but one: who knew the old one is out.
pub fn set_password(
    tx: &Connection,
    user: &User,
    hash: &str,
    but_session: Option<&str>,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let first = local_password::find(tx, &user.id)?.is_none();
    local_password::set(tx, &user.id, hash, now)?;
    let sessions = session::end_of_user_but(tx, &user.id, but_session)?;
    let detail = audit::detail([
        ("first", json!(first)),
        ("ended", json!({ "sessions": sessions })),
    ]);
    user::told(tx, "user.password-set", user, detail, by, now)
}

/// Takes a user's second factor away. False if there was none.
pub fn remove_second_factor(
    tx: &Connection,
    user: &User,
    by: &Author,
    now: Timestamp,
) -> Result<bool, DirectoryError> {
    let removed = second_factor::remove(tx, &user.id)?;
    if removed {
        user::told(tx, "user.second-factor-removed", user, Map::new(), by, now)?;
    }
    Ok(removed)
}

/// Ends one of the user's own sessions. False if there is no such session of theirs.
pub fn end_own_session(
    tx: &Connection,
    user: &User,
    id: &str,
    by: &Author,
    now: Timestamp,
) -> Result<bool, DirectoryError> {
    let ended = session::end_own(tx, &user.id, id)?;
    if ended {
        let detail = audit::detail([("session", json!(id)), ("sessions", json!(1))]);
        user::told(tx, "session.ended", user, detail, by, now)?;
    }
    Ok(ended)
}

/// Ends the user's sessions but the one with this id; returns how many there were.
pub fn end_other_sessions(
    tx: &Connection,
    user: &User,
    but: &str,
    by: &Author,
    now: Timestamp,
) -> Result<usize, DirectoryError> {
    let ended = session::end_of_user_but(tx, &user.id, Some(but))?;
    if ended > 0 {
        let detail = audit::detail([("session", Value::Null), ("sessions", json!(ended))]);
        user::told(tx, "session.ended", user, detail, by, now)?;
    }
    Ok(ended)
}

/// Why this user may use no password now, whatever it is; `None` if they may.
pub fn no_password(conn: &Connection, user: &User) -> Result<Option<&'static str>, DirectoryError> {
    if !user.active {
        return Ok(Some(
            "this user is switched off; let them sign in again first",
        ));
    }
    if !organization::find_by_id(conn, &user.organization_id)?.local_sign_in {
        return Ok(Some(
            "signing in with a password is switched off in this organization's settings",
        ));
    }
    if enforcement::is_enforced(conn, user)? {
        return Ok(Some(
            "people in this domain must sign in through their identity provider, which is enforced",
        ));
    }
    Ok(None)
}

/// Whether no identity provider answers for a user.
pub(crate) fn is_on_their_own(user: &User) -> bool {
    user.origin == Origin::Local || user.unmanaged_at.is_some()
}

/// Ends what let a user in by password, since an identity provider answers for them from now on:
/// password, second factor, links, and the sessions opened with them.
pub(crate) fn handed_over(
    tx: &Connection,
    user: &User,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let password = local_password::remove(tx, &user.id)?;
    let links = invitation::revoke_of_user(tx, &user.id, now)?;
    if !password && links == 0 {
        return Ok(());
    }
    second_factor::remove(tx, &user.id)?;
    let sessions = session::end_by_method(tx, &user.id, session::Method::Password)?;
    let ended = json!({ "password": password, "invitations": links, "sessions": sessions });
    let detail = audit::detail([("ended", ended)]);
    user::told(tx, "user.handed-over", user, detail, by, now)
}
