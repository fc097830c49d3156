//! Tokens with which scripts use the API (RFC 6750).
//!
//! A token belongs to a user, to an organization, to a break-glass account or to the appliance. It
//! never does more than its scopes name, and never more than its owner may at that moment; what
//! that is, the directory says on each request. It always ends by itself, and it makes no others:
//! whoever finds one has what it may do, until somebody revokes it, and nothing that stays after.

mod presented;
mod scopes;
mod stored;

use std::time::Duration;

use serde::Serialize;
use serde_json::json;

pub use self::presented::{Presented, presented};
pub use self::scopes::{Scope, Scopes};
pub use self::stored::{List, find_active, list, note_use, revoke};
use super::secret::Secret;
use crate::clock::Timestamp;
use crate::observe::audit::Author;
use crate::store::StoreError;

/// What every API token starts with.
pub const PREFIX: &str = "ptc_api_";

/// How long a token lives unless something else is asked for.
pub const DEFAULT_LIFE: Duration = Duration::from_secs(90 * 86_400);

/// How long it lives at most: a year, whichever it is.
pub const LONGEST_LIFE: Duration = Duration::from_secs(366 * 86_400);

/// Live tokens of one owner at most.
pub const MOST_LIVE: usize = 50;

/// An API token, without the secret itself.
#[derive(Clone, Debug)]
pub struct ApiToken {
    /// Names the token without letting anyone in.
    pub id: String,
    /// Whose it is.
    pub owner: Owner,
    /// What its maker called it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working by itself.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// The address it was last used from.
    pub last_used_from: Option<String>,
}

/// Whose a token is, by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A user's. It ends with them.
    User {
        /// The user.
        id: String,
        /// Their organization.
        organization_id: String,
    },
    /// An organization's own, tied to nobody in it.
    Organization(String),
    /// A break-glass account's. It rests while the account is disabled.
    Operator(String),
    /// The appliance's own, tied to no account.
    Appliance,
}

impl Owner {
    /// The word in the API.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::User { .. } => "user",
            Self::Organization(_) => "organization",
            Self::Operator(_) => "operator",
            Self::Appliance => "appliance",
        }
    }

    /// The owner's id; the appliance has none.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::User { id, .. } | Self::Organization(id) | Self::Operator(id) => Some(id),
            Self::Appliance => None,
        }
    }

    /// The organization it is of, if it is of one.
    pub fn organization_id(&self) -> Option<&str> {
        match self {
            Self::User {
                organization_id: id,
                ..
            }
            | Self::Organization(id) => Some(id),
            Self::Operator(_) | Self::Appliance => None,
        }
    }

    /// Whether `operate` could ever be of use to it.
    const fn may_operate(&self) -> bool {
        matches!(self, Self::Operator(_) | Self::Appliance)
    }
}

/// What a token is made with.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Whose it will be.
    pub owner: Owner,
    /// What to call it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it stops working; after [`DEFAULT_LIFE`] if not said.
    pub expires_at: Option<Timestamp>,
}

/// Why a token was not made.
#[derive(Debug, thiserror::Error)]
pub enum ApiTokenError {
    /// A value can't be taken as it is.
    #[error("{field}: {detail}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What was expected.
        detail: String,
    },
    /// The owner has [`MOST_LIVE`] that work.
    #[error("there are {MOST_LIVE} tokens that work already; revoke one that is not needed first")]
    TooMany,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for ApiTokenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Makes a token. The secret is not to be had again.
///
/// # Errors
/// [`ApiTokenError`]; nothing was made.
pub fn create(
    tx: &rusqlite::Connection,
    new: &NewToken,
    by: &Author,
    now: Timestamp,
) -> Result<(ApiToken, Secret), ApiTokenError> {
    let name = checked_name(&new.name)?;
    if new.scopes.is_empty() {
        let words = Scope::ALL.map(Scope::word).join(", ");
        return Err(invalid(
            "scopes",
            format!("expected one or more of {words}"),
        ));
    }
    if new.scopes.contains(Scope::Operate) && !new.owner.may_operate() {
        return Err(invalid(
            "scopes",
            "`operate` is for the operator's tokens only; leave it out",
        ));
    }
    let expires_at = checked_end(new.expires_at, now)?;
    if stored::live(tx, &new.owner, now)? >= MOST_LIVE {
        return Err(ApiTokenError::TooMany);
    }
    stored::forget(tx, &new.owner, now)?;
    let secret = Secret::generate(PREFIX);
    let token = ApiToken {
        id: crate::store::id::new(now),
        owner: new.owner.clone(),
        name: name.to_owned(),
        scopes: new.scopes,
        created_at: now,
        expires_at,
        revoked_at: None,
        last_used_at: None,
        last_used_from: None,
    };
    stored::insert(tx, &token, &secret, by, now)?;
    Ok((token, secret))
}

fn invalid(field: &'static str, detail: impl Into<String>) -> ApiTokenError {
    ApiTokenError::Invalid {
        field,
        detail: detail.into(),
    }
}

fn checked_name(name: &str) -> Result<&str, ApiTokenError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(invalid("name", "expected 1 to 100 characters"));
    }
    Ok(name)
}

fn checked_end(at: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, ApiTokenError> {
    match at {
        None => Ok(now.plus(DEFAULT_LIFE)),
        Some(at) if at > now && at <= now.plus(LONGEST_LIFE) => Ok(at),
        Some(_) => Err(invalid(
            "expires_at",
            format!(
                "expected a time to come, {} at the latest (366 days from now)",
                now.plus(LONGEST_LIFE)
            ),
        )),
    }
}

impl Serialize for ApiToken {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json!({
            "id": self.id,
            "name": self.name,
            "scopes": self.scopes.words(),
            "owner": { "kind": self.owner.word(), "id": self.owner.id() },
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "revoked_at": self.revoked_at,
            "last_used_at": self.last_used_at,
            "last_used_from": self.last_used_from,
        })
        .serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
