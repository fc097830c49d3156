//! Resources as JSON, for answers and for what looks into them.

use serde_json::Value;

use super::{ScimGroup, ScimUser};
use crate::scim::render::{self, Meta};

impl ScimUser {
    /// The user as SCIM shows it. `base` is the address of the organization's SCIM endpoint.
    pub fn shown(&self, base: &str) -> Value {
        let shown = render::User {
            resource: &self.resource,
            id: &self.id,
            user_name: &self.user_name,
            external_id: self.external_id.as_deref(),
            active: self.active,
            groups: &self.groups,
            meta: Meta {
                created: self.created_at,
                last_modified: self.updated_at,
                version: self.version,
            },
        };
        render::user(&shown, base)
    }
}

impl ScimGroup {
    /// The group as SCIM shows it. `base` is the address of the organization's SCIM endpoint.
    pub fn shown(&self, base: &str) -> Value {
        render::group(&self.as_rendered(), base)
    }

    /// The group, ready to be rendered.
    pub fn as_rendered(&self) -> render::Group<'_> {
        render::Group {
            resource: &self.resource,
            id: &self.id,
            display_name: &self.display_name,
            external_id: self.external_id.as_deref(),
            members: self.members.as_deref(),
            meta: Meta {
                created: self.created_at,
                last_modified: self.updated_at,
                version: self.version,
            },
        }
    }
}
