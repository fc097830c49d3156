//! Whether an organization still has an admin who may sign in.
//!
//! Asked only where one may have gone. A person is an admin by a grant or by a group, and a group
//! may have a hundred thousand members, so that counting them all is out of the question: one who is
//! known is looked at first, and only when that one is none any more is another looked for.

use rusqlite::{Connection, OptionalExtension, params};

use crate::store::StoreError;

/// Whether the last admin is kept from going at all: once anybody of the organization has ever signed
/// in, by whatever way, or had a password to do it with. Before that nobody administers it, and a
/// client that tries out its connection, or a group that was pushed for a look, comes and goes freely.
///
/// The organization itself remembers it, as providers and people come and go.
pub(super) fn is_kept(conn: &Connection, organization_id: &str) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM organizations WHERE id = ?1 AND in_use")?
        .exists([organization_id])?)
}

/// Whether admin is among this person's levels, active or not.
pub(super) fn is_admin(conn: &Connection, user_id: &str) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM grants WHERE user_id = ?1 AND level = 'admin'
             UNION ALL
             SELECT 1 FROM members m JOIN groups g ON g.id = m.group_id
             WHERE m.user_id = ?1 AND g.level = 'admin' LIMIT 1",
        )?
        .exists([user_id])?)
}

/// Whether a group makes its members admins.
pub(super) fn makes_admins(conn: &Connection, group_id: &str) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM groups WHERE id = ?1 AND level = 'admin'")?
        .exists([group_id])?)
}

/// Whether there is an active admin, other than this person.
pub(super) fn is_another(
    tx: &Connection,
    organization_id: &str,
    but: Option<&str>,
) -> Result<bool, StoreError> {
    let but = but.unwrap_or_default();
    let known: Option<String> = tx
        .prepare_cached(
            "SELECT k.user_id FROM known_admins k JOIN users u ON u.id = k.user_id
             WHERE k.organization_id = ?1 AND u.organization_id = ?1 AND u.active
                 AND k.user_id <> ?2",
        )?
        .query_row([organization_id, but], |row| row.get(0))
        .optional()?;
    if let Some(known) = known
        && is_admin(tx, &known)?
    {
        return Ok(true);
    }
    let Some(found) = find(tx, organization_id, but)? else {
        return Ok(false);
    };
    tx.prepare_cached(
        "INSERT INTO known_admins (organization_id, user_id) VALUES (?1, ?2)
         ON CONFLICT (organization_id) DO UPDATE SET user_id = excluded.user_id",
    )?
    .execute([organization_id, &found])?;
    Ok(true)
}

/// One of them, the latest first: those who go are mostly taken in the order they came in, and one
/// who stays long need not be looked for again.
fn find(conn: &Connection, organization_id: &str, but: &str) -> Result<Option<String>, StoreError> {
    let by_group = conn
        .prepare_cached(
            "SELECT u.id FROM groups g INDEXED BY groups_of_admins
             CROSS JOIN members m ON m.group_id = g.id CROSS JOIN users u ON u.id = m.user_id
             WHERE g.organization_id = ?1 AND g.level = 'admin' AND g.member_count > 0
                 AND u.active AND u.id <> ?2
             ORDER BY g.rowid DESC, m.user_id DESC LIMIT 1",
        )?
        .query_row([organization_id, but], |row| row.get(0))
        .optional()?;
    if by_group.is_some() {
        return Ok(by_group);
    }
    Ok(conn
        .prepare_cached(
            "SELECT u.id FROM grants t INDEXED BY grants_of_admins
             CROSS JOIN users u ON u.id = t.user_id
             WHERE t.level = 'admin' AND u.organization_id = ?1 AND u.active AND u.id <> ?2
             ORDER BY t.user_id DESC LIMIT 1",
        )?
        .query_row([organization_id, but], |row| row.get(0))
        .optional()?)
}

/// Those of these people who are active, by id and userName; at most `most`.
pub(super) fn active<'a>(
    conn: &Connection,
    people: impl Iterator<Item = &'a String>,
    most: usize,
) -> Result<Vec<(String, String)>, StoreError> {
    let mut look = conn.prepare_cached("SELECT user_name FROM users WHERE id = ?1 AND active")?;
    let mut found = Vec::new();
    for id in people {
        let name: Option<String> = look.query_row(params![id], |row| row.get(0)).optional()?;
        if let Some(name) = name {
            found.push((id.clone(), name));
            if found.len() == most {
                break;
            }
        }
    }
    Ok(found)
}
