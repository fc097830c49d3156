//! From places to resources: as many as one page may show.

use rusqlite::Connection;

use super::page::Found;
use super::{Asked, Listed, Page, Provisioned, Resources, ScimResource, read_group, read_user};
use crate::scim::cursor::Cursor;
use crate::scim::error::ScimError;

impl Listed {
    /// Reads the groups' members, for a list that is to show them. In the same view of the database
    /// as the list.
    pub fn read_members(&mut self, conn: &Connection) -> Provisioned<()> {
        for resource in &mut self.resources {
            if let ScimResource::Group(group) = resource {
                group.read_members(conn)?;
            }
        }
        Ok(())
    }
}

impl Asked<'_> {
    /// The resources of the places. Where members are to be shown, the page ends before it has too
    /// many, as a server may (RFC 7644 section 3.4.2.4, RFC 9865 section 2): the next one begins
    /// behind the last that is shown.
    pub(super) fn load(
        &self,
        mut found: Found,
        page: &Page,
        with_members: bool,
    ) -> Provisioned<Listed> {
        let (conn, organization) = (self.conn, self.organization);
        let backward = page.is_backward();
        // A page before a place ends there, so it loses what is farthest from it.
        if backward {
            found.places.reverse();
        }
        let mut resources = Vec::with_capacity(found.places.len());
        let mut members = 0;
        for place in &found.places {
            resources.push(match place.resources {
                Resources::Users => ScimResource::User(read_user(conn, organization, &place.id)?),
                Resources::Groups => {
                    let group = read_group(conn, organization, &place.id, false)?;
                    if with_members && members + group.member_count > self.limits.members {
                        break;
                    }
                    members += group.member_count;
                    ScimResource::Group(group)
                }
            });
        }
        if let Some(left_out) = found.places.get(resources.len()) {
            let last = found.places.get(resources.len().wrapping_sub(1));
            let position = last.ok_or_else(|| self.too_large(&left_out.id))?.position();
            let cursor = Some(Cursor { backward, position });
            match page {
                Page::Cursor { .. } if backward => found.previous = cursor,
                Page::Cursor { .. } => found.next = cursor,
                Page::Index { .. } => {}
            }
        }
        if backward {
            resources.reverse();
        }
        Ok(Listed {
            total: found.total,
            resources,
            next: found.next,
            previous: found.previous,
            notes: Vec::new(),
            members: if with_members { members } else { 0 },
        })
    }

    fn too_large(&self, id: &str) -> ScimError {
        ScimError::too_many(format!(
            "The group {id} has more than {} members, which one page shows: take some out of it, \
             or send excludedAttributes=members.",
            self.limits.members
        ))
    }
}
