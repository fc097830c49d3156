//! Lists by a SCIM filter, and a user or a group as SCIM shows it: the same search and the same
//! resource that an identity provider gets.

use rusqlite::Connection;
use serde_json::Value;

use super::{CliError, ListArgs};
use crate::directory::addresses::PublicUrl;
use crate::directory::group::{self, Group};
use crate::directory::organization::{self, Organization};
use crate::directory::user::{self, User};
use crate::directory::{DirectoryError, Page, provisioning};
use crate::scim::query::ListQuery;
use crate::scim::render::{self, Meta};
use crate::scim::schema::{GROUP, ResourceType, USER};
use crate::scim::{ScimError, filter};

/// A page of the users that a filter matches. Its `next` is a place in the list, counted from 1, as
/// SCIM counts.
pub(super) fn users(
    conn: &Connection,
    organization: &Organization,
    filter: &str,
    page: &ListArgs,
) -> Result<Page<User>, CliError> {
    let query = query(filter, page, &USER)?;
    let (total, found) = provisioning::list_users(conn, organization, &query)?;
    let items = found
        .iter()
        .map(|found| user::find_in(conn, &organization.id, &found.id))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(paged(&query, total, items))
}

/// A page of the groups that a filter matches.
pub(super) fn groups(
    conn: &Connection,
    organization: &Organization,
    filter: &str,
    page: &ListArgs,
) -> Result<Page<Group>, CliError> {
    let query = query(filter, page, &GROUP)?;
    let (total, found) = provisioning::list_groups(conn, organization, &query, false)?;
    let items = found
        .iter()
        .map(|found| group::find_in(conn, &organization.id, &found.id))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(paged(&query, total, items))
}

fn query(filter: &str, page: &ListArgs, kind: &ResourceType) -> Result<ListQuery, CliError> {
    let start_index = match &page.after {
        None => 1,
        Some(after) => after.parse().ok().filter(|at| *at > 0).ok_or_else(|| {
            CliError::other("--after: with --filter, expected the `next` of the page before")
        })?,
    };
    let named = |error: ScimError| CliError::other(format!("--filter: {}", error.detail));
    let query = ListQuery {
        filter: Some(filter::parse(filter).map_err(named)?),
        start_index,
        count: usize::from(page.limit),
        ..ListQuery::default()
    };
    query.resolve(kind).map_err(named)
}

fn paged<T>(query: &ListQuery, total: usize, items: Vec<T>) -> Page<T> {
    let next = query.start_index.saturating_add(items.len());
    Page {
        next: (!items.is_empty() && next <= total).then(|| next.to_string()),
        total: i64::try_from(total).ok(),
        items,
    }
}

/// A user as a SCIM client reads them.
pub(super) fn as_scim_user(conn: &Connection, id: &str) -> Result<Value, CliError> {
    let found = user::find(conn, id)?.ok_or_else(|| DirectoryError::not_found("user", id))?;
    let organization = organization::find_by_id(conn, &found.organization_id)?;
    let user = provisioning::read_user(conn, &organization, id)?;
    let shown = render::User {
        resource: &user.resource,
        id: &user.id,
        user_name: &user.user_name,
        external_id: user.external_id.as_deref(),
        active: user.active,
        groups: &user.groups,
        meta: Meta {
            created: user.created_at,
            last_modified: user.updated_at,
            version: user.version,
        },
    };
    let base = PublicUrl::load(conn)?.scim(&organization.slug);
    Ok(render::user(&shown, &base))
}

/// A group as a SCIM client reads it, members and all.
pub(super) fn as_scim_group(conn: &Connection, id: &str) -> Result<Value, CliError> {
    let found = group::find(conn, id)?.ok_or_else(|| DirectoryError::not_found("group", id))?;
    let organization = organization::find_by_id(conn, &found.organization_id)?;
    let group = provisioning::read_group(conn, &organization, id, true)?;
    let shown = render::Group {
        resource: &group.resource,
        id: &group.id,
        display_name: &group.display_name,
        external_id: group.external_id.as_deref(),
        members: group.members.as_deref(),
        meta: Meta {
            created: group.created_at,
            last_modified: group.updated_at,
            version: group.version,
        },
    };
    let base = PublicUrl::load(conn)?.scim(&organization.slug);
    Ok(render::group(&shown, &base))
}
