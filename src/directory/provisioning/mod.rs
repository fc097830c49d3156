//! What a SCIM client does to the directory: each call is one change, applied whole or not at all.

mod bulk;
mod groups;
pub mod import;
mod listing;
mod members;
mod searched;
mod shown;
mod users;
mod walk;

use rusqlite::Row;
use serde_json::{Map, Value};

pub use bulk::{Attempt, Step, apply};
pub use groups::{create_group, delete_group, group_meets, patch_group, read_group, replace_group};
pub use listing::{Listed, Page, Part, ScimResource, list};
pub use users::{
    MOST_GROUPS_SHOWN, create_user, delete_user, patch_user, read_user, replace_user, user_meets,
};
pub use walk::{groups_after, members_after, users_after};

use super::DirectoryError;
use super::brake::Braked;
use super::error::is_unique_violation;
use crate::clock::Timestamp;
use crate::scim::error::{ScimError, shown};
use crate::scim::etag;
use crate::scim::group::MAX_MEMBERS;
use crate::scim::user::Active;
use crate::store::StoreError;

/// Why a push was not done.
#[derive(Debug, thiserror::Error)]
pub enum ProvisioningError {
    /// The client is told this.
    #[error("{0}")]
    Scim(ScimError),
    /// The brake held it; [`super::brake::hold::keep`] has to be told.
    #[error("held by the brake: {}", .0.why())]
    Braked(Box<Braked>),
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ScimError> for ProvisioningError {
    fn from(error: ScimError) -> Self {
        Self::Scim(error)
    }
}

impl From<Braked> for ProvisioningError {
    fn from(braked: Braked) -> Self {
        Self::Braked(Box::new(braked))
    }
}

impl From<rusqlite::Error> for ProvisioningError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<DirectoryError> for ProvisioningError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Store(error) => Self::Store(error),
            other => Self::Scim(ScimError::invalid_value(other.to_string())),
        }
    }
}

type Provisioned<T> = Result<T, ProvisioningError>;

/// What came of a push.
#[derive(Debug)]
pub struct Outcome<T> {
    /// The resource as it is now.
    pub value: T,
    /// What was forgiven on the way, see [`crate::scim::forgive`].
    pub notes: Vec<&'static str>,
    /// Whether anything is different from before.
    pub changed: bool,
}

impl<T> Outcome<T> {
    fn map<U>(self, value: impl FnOnce(T) -> U) -> Outcome<U> {
        Outcome {
            value: value(self.value),
            notes: self.notes,
            changed: self.changed,
        }
    }
}

/// A user as SCIM shows it.
#[derive(Debug)]
pub struct ScimUser {
    /// SCIM's `id`.
    pub id: String,
    /// The resource as received.
    pub resource: Map<String, Value>,
    /// Whether the user may sign in.
    pub active: Active,
    /// The name, case and all.
    pub user_name: String,
    /// The client's own id.
    pub external_id: Option<String>,
    /// The groups, by id and name; the first [`MOST_GROUPS_SHOWN`] of them.
    pub groups: Vec<(String, String)>,
    /// Counts changes.
    pub version: i64,
    /// `meta.created`.
    pub created_at: Timestamp,
    /// `meta.lastModified`.
    pub updated_at: Timestamp,
}

/// A group as SCIM shows it.
#[derive(Debug)]
pub struct ScimGroup {
    /// SCIM's `id`.
    pub id: String,
    /// The name, case and all.
    pub display_name: String,
    /// The resource as received.
    pub resource: Map<String, Value>,
    /// The client's own id.
    pub external_id: Option<String>,
    /// The members, by user id and userName, where they were asked for.
    pub members: Option<Vec<(String, String)>>,
    /// How many members there are.
    pub member_count: i64,
    /// Counts changes.
    pub version: i64,
    /// `meta.created`.
    pub created_at: Timestamp,
    /// `meta.lastModified`.
    pub updated_at: Timestamp,
}

impl ScimUser {
    /// The entity tag.
    pub fn tag(&self) -> String {
        etag::of_user(self.version, &self.groups)
    }
}

impl ScimGroup {
    /// The entity tag.
    pub fn tag(&self) -> String {
        etag::of_group(self.version)
    }
}

/// Most members of a group, and of all groups that one page shows: as many as a request may name.
pub(super) const MOST_MEMBERS: i64 = MAX_MEMBERS as i64;

const USER_COLUMNS: &str =
    "id, resource, active_shown, external_id, version, created_at, updated_at, user_name";
const GROUP_COLUMNS: &str =
    "id, display_name, resource, external_id, version, created_at, updated_at, member_count";

fn user_row(row: &Row<'_>) -> rusqlite::Result<ScimUser> {
    Ok(ScimUser {
        id: row.get(0)?,
        resource: parsed(row.get_ref(1)?.as_str()?),
        active: active(row.get(2)?),
        user_name: row.get(7)?,
        external_id: row.get(3)?,
        groups: Vec::new(),
        version: row.get(4)?,
        created_at: Timestamp::from_millis(row.get(5)?),
        updated_at: Timestamp::from_millis(row.get(6)?),
    })
}

/// What stands in the column `active_shown`.
fn active(shown: Option<bool>) -> Active {
    shown.map_or(Active::Unassigned, Active::Given)
}

fn group_row(row: &Row<'_>) -> rusqlite::Result<ScimGroup> {
    Ok(ScimGroup {
        id: row.get(0)?,
        display_name: row.get(1)?,
        resource: parsed(row.get_ref(2)?.as_str()?),
        external_id: row.get(3)?,
        members: None,
        member_count: row.get(7)?,
        version: row.get(4)?,
        created_at: Timestamp::from_millis(row.get(5)?),
        updated_at: Timestamp::from_millis(row.get(6)?),
    })
}

fn stored(resource: &Map<String, Value>) -> String {
    serde_json::to_string(resource).unwrap_or_else(|_| "{}".to_owned())
}

fn parsed(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

fn no_such(what: &str, id: &str) -> ScimError {
    ScimError::not_found(format!("there is no {what} {} here", shown(id)))
}

fn taken(error: rusqlite::Error, attribute: &str, value: &str) -> ProvisioningError {
    if is_unique_violation(&error) {
        let shown: String = value.chars().take(256).collect();
        ScimError::uniqueness(format!(
            "{attribute} `{shown}` is already taken (compared without case)"
        ))
        .into()
    } else {
        error.into()
    }
}
