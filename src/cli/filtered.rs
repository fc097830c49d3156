//! Lists by a SCIM filter, and a user or a group as SCIM shows it: the same search and the same
//! resource that an identity provider gets.

use rusqlite::Connection;
use serde_json::Value;

use super::{CliError, ListArgs};
use crate::directory::addresses::PublicUrl;
use crate::directory::group::{self, Group};
use crate::directory::organization::{self, Organization};
use crate::directory::provisioning::{self, Listed, Part, ScimResource};
use crate::directory::scim_filter::Resources;
use crate::directory::user::{self, User};
use crate::directory::{DirectoryError, Page};
use crate::scim::query::ListQuery;
use crate::scim::{ScimError, filter};

/// A page of the users that a filter matches. Its `next` is a place in the list, counted from 1, as
/// SCIM counts.
pub(super) fn users(
    conn: &Connection,
    organization: &Organization,
    filter: &str,
    page: &ListArgs,
) -> Result<Page<User>, CliError> {
    let start = start(page)?;
    let listed = listed(conn, organization, filter, (start, page), Resources::Users)?;
    let items = listed
        .resources
        .iter()
        .map(|found| user::find_in(conn, &organization.id, id(found)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(paged(start, listed.total, items))
}

/// A page of the groups that a filter matches.
pub(super) fn groups(
    conn: &Connection,
    organization: &Organization,
    filter: &str,
    page: &ListArgs,
) -> Result<Page<Group>, CliError> {
    let start = start(page)?;
    let listed = listed(conn, organization, filter, (start, page), Resources::Groups)?;
    let items = listed
        .resources
        .iter()
        .map(|found| group::find_in(conn, &organization.id, id(found)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(paged(start, listed.total, items))
}

fn start(page: &ListArgs) -> Result<usize, CliError> {
    let Some(after) = &page.after else {
        return Ok(1);
    };
    after.parse().ok().filter(|at| *at > 0).ok_or_else(|| {
        CliError::other("--after: with --filter, expected the `next` of the page before")
    })
}

fn listed(
    conn: &Connection,
    organization: &Organization,
    filter: &str,
    (start, page): (usize, &ListArgs),
    resources: Resources,
) -> Result<Listed, CliError> {
    let named = |error: ScimError| CliError::other(format!("--filter: {}", error.detail));
    let query = ListQuery {
        filter: Some(filter::parse(filter).map_err(named)?),
        ..ListQuery::default()
    };
    let part = Part {
        resources,
        query: query.resolve(resources.kind()).map_err(named)?,
        with_members: false,
    };
    let base = PublicUrl::load(conn)?.scim(&organization.slug);
    let page = provisioning::Page::Index {
        skip: start - 1,
        count: usize::from(page.limit),
    };
    Ok(provisioning::list(
        conn,
        organization,
        &[part],
        &page,
        &base,
    )?)
}

fn id(resource: &ScimResource) -> &str {
    match resource {
        ScimResource::User(user) => &user.id,
        ScimResource::Group(group) => &group.id,
    }
}

fn paged<T>(start: usize, total: usize, items: Vec<T>) -> Page<T> {
    let next = start.saturating_add(items.len());
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
    let base = PublicUrl::load(conn)?.scim(&organization.slug);
    Ok(provisioning::read_user(conn, &organization, id)?.shown(&base))
}

/// A group as a SCIM client reads it, members and all.
pub(super) fn as_scim_group(conn: &Connection, id: &str) -> Result<Value, CliError> {
    let found = group::find(conn, id)?.ok_or_else(|| DirectoryError::not_found("group", id))?;
    let organization = organization::find_by_id(conn, &found.organization_id)?;
    let base = PublicUrl::load(conn)?.scim(&organization.slug);
    Ok(provisioning::read_group(conn, &organization, id, true)?.shown(&base))
}
