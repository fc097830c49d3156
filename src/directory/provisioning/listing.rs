//! Lists: a filter, a page, and how many there are in all.

use rusqlite::{Connection, Row, params, params_from_iter};

use super::members::members_of;
use super::users::groups_of;
use super::{GROUP_COLUMNS, Provisioned, ScimGroup, ScimUser, USER_COLUMNS, group_row, user_row};
use crate::directory::domain::EmailDomain;
use crate::directory::fold;
use crate::directory::organization::Organization;
use crate::directory::scim_filter::{self, Resources};
use crate::scim::error::ScimError;
use crate::scim::query::ListQuery;

/// Members that one page of groups shows in all: as many as one group may have.
const MOST_MEMBERS_LISTED: i64 = crate::scim::group::MAX_MEMBERS as i64;

/// A page of users in the order of their ids, which is the order they were made in; and how many
/// there are in all.
pub fn list_users(
    conn: &Connection,
    organization: &Organization,
    query: &ListQuery,
) -> Provisioned<(usize, Vec<ScimUser>)> {
    let (total, mut page) = list(
        conn,
        organization,
        query,
        "users",
        USER_COLUMNS,
        organization.users,
        user_row,
    )?;
    // Okta with "Unique identifier field for users" set to email asks for userName eq "<email>".
    // Where Application username is something else, nobody would match, the POST that follows
    // would be a 409, and the person would be stuck.
    let by_email = query.filter.as_ref().and_then(scim_filter::bare_user_name);
    if let (0, Some(address)) = (total, by_email)
        && EmailDomain::of_address(address).is_some()
    {
        let mut statement = conn.prepare_cached(&format!(
            "SELECT {USER_COLUMNS} FROM users
             WHERE organization_id = ?1 AND email_key = ?2 LIMIT 2"
        ))?;
        let found = statement
            .query_map(params![organization.id, fold(address)], user_row)?
            .collect::<Result<Vec<_>, _>>()?;
        if found.len() == 1 {
            let mut page = found;
            let shown = query.start_index == 1 && query.count > 0;
            page.truncate(usize::from(shown));
            return with_groups(conn, 1, page);
        }
        page.clear();
    }
    with_groups(conn, total, page)
}

fn with_groups(
    conn: &Connection,
    total: usize,
    mut page: Vec<ScimUser>,
) -> Provisioned<(usize, Vec<ScimUser>)> {
    for user in &mut page {
        user.groups = groups_of(conn, &user.id)?;
    }
    Ok((total, page))
}

/// A page of groups in the order of their ids, and how many there are in all. The members are
/// read only where the client wants them.
pub fn list_groups(
    conn: &Connection,
    organization: &Organization,
    query: &ListQuery,
    with_members: bool,
) -> Provisioned<(usize, Vec<ScimGroup>)> {
    let (total, mut page) = list(
        conn,
        organization,
        query,
        "groups",
        GROUP_COLUMNS,
        organization.groups,
        group_row,
    )?;
    if with_members {
        let all: i64 = page.iter().map(|group| group.member_count).sum();
        if all > MOST_MEMBERS_LISTED {
            return Err(ScimError::too_many(format!(
                "These {} groups have {all} members, and one page shows {MOST_MEMBERS_LISTED}: \
                 lower `count`, or send excludedAttributes=members",
                page.len()
            ))
            .into());
        }
        for group in &mut page {
            group.members = Some(members_of(conn, &group.id)?);
        }
    }
    Ok((total, page))
}

fn list<T>(
    conn: &Connection,
    organization: &Organization,
    query: &ListQuery,
    table: &'static str,
    columns: &'static str,
    all: i64,
    row: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Provisioned<(usize, Vec<T>)> {
    let resources = if table == "users" {
        Resources::Users
    } else {
        Resources::Groups
    };
    let condition = query
        .filter
        .as_ref()
        .map(|f| scim_filter::compile(f, resources))
        .transpose()?;
    let mut parameters = vec![rusqlite::types::Value::Text(organization.id.clone())];
    let mut clause = "organization_id = ?".to_owned();
    let total: i64 = match condition {
        None => all,
        Some(condition) => {
            clause = format!("{clause} AND {}", condition.sql);
            parameters.extend(condition.parameters);
            conn.prepare_cached(&format!("SELECT count(*) FROM {table} WHERE {clause}"))?
                .query_row(params_from_iter(&parameters), |row| row.get(0))?
        }
    };
    let total = usize::try_from(total).unwrap_or(0);
    if query.count == 0 || total == 0 {
        return Ok((total, Vec::new()));
    }
    parameters.push(rusqlite::types::Value::Integer(
        i64::try_from(query.count).unwrap_or(0),
    ));
    let skip = query.start_index.saturating_sub(1);
    parameters.push(rusqlite::types::Value::Integer(
        i64::try_from(skip).unwrap_or(i64::MAX),
    ));
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {columns} FROM {table} WHERE {clause} ORDER BY id LIMIT ? OFFSET ?"
    ))?;
    let page = statement
        .query_map(params_from_iter(&parameters), row)?
        .collect::<Result<Vec<_>, _>>()?;
    Ok((total, page))
}
