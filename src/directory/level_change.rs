//! What a group's members would gain and lose if its level were another.
//!
//! A member keeps what other groups and direct grants give, so each member's levels are computed
//! before and after. One pass over the group's members by index, whatever their number; only the
//! first of each list are kept.

use std::fmt;

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::group::Group;
use super::level::BIT;
use super::{DirectoryError, Level, Levels};

/// People named in each list.
const MOST_NAMED: usize = 100;

/// Who gains and who loses.
#[derive(Debug, Serialize)]
pub struct Preview {
    /// The first who could do more.
    pub gains: Vec<Changed>,
    /// How many could.
    pub gains_total: usize,
    /// The first who could do less. Where a viewer becomes a runner, the same person is in both.
    pub loses: Vec<Changed>,
    /// How many could.
    pub loses_total: usize,
    /// Whether the person who asks is among those who lose.
    pub you: bool,
}

/// One person's level before and after.
#[derive(Debug, Serialize)]
pub struct Changed {
    id: String,
    #[serde(rename = "userName")]
    user_name: String,
    from: Option<Level>,
    to: Option<Level>,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |level: Option<Level>| level.map_or("nothing", Level::word);
        let (from, to) = (word(self.from), word(self.to));
        write!(f, "{}: {from} to {to}", self.user_name)
    }
}

/// What would change if the group's level were `to`; `asker` is the user who wants to know.
pub fn preview(
    conn: &Connection,
    group: &Group,
    to: Level,
    asker: Option<&str>,
) -> Result<Preview, DirectoryError> {
    let mut preview = Preview {
        gains: Vec::new(),
        gains_total: 0,
        loses: Vec::new(),
        loses_total: 0,
        you: false,
    };
    if to == group.level {
        return Ok(preview);
    }
    let mut members = conn.prepare_cached(&format!(
        "SELECT m.user_id,
             (SELECT coalesce(sum(DISTINCT {BIT}), 0)
              FROM (SELECT level FROM grants WHERE user_id = m.user_id
                    UNION ALL
                    SELECT g.level FROM members o JOIN groups g ON g.id = o.group_id
                    WHERE o.user_id = m.user_id AND o.group_id <> ?1))
         FROM members m WHERE m.group_id = ?1 ORDER BY m.user_id"
    ))?;
    let mut rows = members.query([&group.id])?;
    while let Some(row) = rows.next()? {
        let others = Levels::from_bits(row.get(1)?);
        let (before, after) = (others.with(group.level), others.with(to));
        let (may_now, may_then) = (before.with_included(), after.with_included());
        let (gains, loses) = (may_then.exceeds(may_now), may_now.exceeds(may_then));
        if !gains && !loses {
            continue;
        }
        let id = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        preview.gains_total += usize::from(gains);
        preview.loses_total += usize::from(loses);
        preview.you |= loses && asker == Some(id);
        if gains && preview.gains.len() < MOST_NAMED {
            preview.gains.push(changed(conn, id, before, after)?);
        }
        if loses && preview.loses.len() < MOST_NAMED {
            preview.loses.push(changed(conn, id, before, after)?);
        }
    }
    Ok(preview)
}

fn changed(
    conn: &Connection,
    id: &str,
    before: Levels,
    after: Levels,
) -> Result<Changed, DirectoryError> {
    let user_name: Option<String> = conn
        .prepare_cached("SELECT user_name FROM users WHERE id = ?1")?
        .query_row(params![id], |row| row.get(0))
        .optional()?;
    Ok(Changed {
        id: id.to_owned(),
        user_name: user_name.unwrap_or_default(),
        from: before.highest(),
        to: after.highest(),
    })
}
