//! A whole organization, piece by piece in the order of ids. Each piece begins after the one
//! before, found by its key: that costs as much at the end as at the beginning.

use rusqlite::{Connection, Row, params};

use super::{GROUP_COLUMNS, Provisioned, ScimGroup, ScimUser, USER_COLUMNS, group_row, user_row};
use crate::directory::organization::Organization;

/// At most `limit` users with an id after `after`, without their groups.
pub fn users_after(
    conn: &Connection,
    organization: &Organization,
    after: &str,
    limit: usize,
) -> Provisioned<Vec<ScimUser>> {
    let from = format!("SELECT {USER_COLUMNS} FROM users");
    rows_after(conn, &from, organization, after, limit, user_row)
}

/// At most `limit` groups with an id after `after`, without their members.
pub fn groups_after(
    conn: &Connection,
    organization: &Organization,
    after: &str,
    limit: usize,
) -> Provisioned<Vec<ScimGroup>> {
    let from = format!("SELECT {GROUP_COLUMNS} FROM groups");
    rows_after(conn, &from, organization, after, limit, group_row)
}

fn rows_after<T>(
    conn: &Connection,
    from: &str,
    organization: &Organization,
    after: &str,
    limit: usize,
    row: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Provisioned<Vec<T>> {
    let mut statement = conn.prepare_cached(&format!(
        "{from} WHERE organization_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
    ))?;
    Ok(statement
        .query_map(params![organization.id, after, limit as i64], row)?
        .collect::<Result<_, _>>()?)
}

/// At most `limit` members of a group, id and userName, with an id after `after` and none beyond
/// `last`.
pub fn members_after(
    conn: &Connection,
    group_id: &str,
    after: &str,
    last: &str,
    limit: usize,
) -> Provisioned<Vec<(String, String)>> {
    let mut statement = conn.prepare_cached(
        "SELECT u.id, u.user_name FROM members m JOIN users u ON u.id = m.user_id
         WHERE m.group_id = ?1 AND m.user_id > ?2 AND m.user_id <= ?3
         ORDER BY m.user_id LIMIT ?4",
    )?;
    Ok(statement
        .query_map(params![group_id, after, last, limit as i64], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?)
}
