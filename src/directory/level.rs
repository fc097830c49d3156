//! Permission levels: additive, the highest wins.

use std::fmt;
use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::{Deserialize, Serialize};

use super::DirectoryError;

/// A permission level; the order is the order of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Reads users, groups and providers.
    Viewer,
    /// Uses applications that name the level.
    Runner,
    /// Invites and changes local users, reads traces.
    Editor,
    /// Everything within its organization.
    Admin,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Runner, Self::Editor, Self::Admin];

    /// One bit each, lowest first, so that a set of levels is a sum; [`BIT`] is the same in SQL.
    pub(crate) const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// The word used in the database, the API and on screen.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Runner => "runner",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }
}

/// [`Level::bit`] of the column `level`, for SQL.
pub(crate) const BIT: &str = "CASE level WHEN 'admin' THEN 8 WHEN 'editor' THEN 4 \
                              WHEN 'runner' THEN 2 ELSE 1 END";

/// The levels that reach one user by all ways together. What any of them allows is allowed: who is
/// a viewer by one way and a runner by another reads and runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels(u8);

impl Levels {
    /// No level at all.
    pub const NONE: Self = Self(0);

    /// From the bits that [`Level::bit`] and its like in SQL make.
    pub(crate) fn from_bits(bits: i64) -> Self {
        Self(u8::try_from(bits & 0b1111).unwrap_or(0))
    }

    /// With one more.
    #[must_use]
    pub const fn with(self, level: Level) -> Self {
        Self(self.0 | level.bit())
    }

    /// Whether this level is one of them.
    pub const fn contains(self, level: Level) -> bool {
        self.0 & level.bit() != 0
    }

    /// Whether one of them is at least this level.
    pub fn reaches(self, level: Level) -> bool {
        self.highest() >= Some(level)
    }

    /// The highest: the one that is shown as the user's level.
    pub fn highest(self) -> Option<Level> {
        Level::ALL
            .into_iter()
            .rev()
            .find(|level| self.contains(*level))
    }

    /// These and every level whose rights they bring along: an editor may do what a runner and a
    /// viewer may, but a runner does not read the directory.
    #[must_use]
    pub const fn with_included(self) -> Self {
        if self.contains(Level::Admin) {
            Self(0b1111)
        } else if self.contains(Level::Editor) {
            Self(0b0111)
        } else {
            self
        }
    }

    /// Whether something in these is not in `other`.
    pub const fn exceeds(self, other: Self) -> bool {
        self.0 & !other.0 != 0
    }
}

impl From<Level> for Levels {
    fn from(level: Level) -> Self {
        Self::NONE.with(level)
    }
}

impl FromIterator<Level> for Levels {
    fn from_iter<I: IntoIterator<Item = Level>>(levels: I) -> Self {
        levels.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Level {
    type Err = DirectoryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|level| level.word() == text)
            .ok_or_else(|| {
                DirectoryError::invalid("level", "expected admin, editor, runner or viewer")
            })
    }
}

impl ToSql for Level {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.word().into())
    }
}

impl FromSql for Level {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value
            .as_str()?
            .parse()
            .map_err(|e: DirectoryError| FromSqlError::Other(Box::new(e)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_add_up() {
        use Level::{Admin, Editor, Runner, Viewer};
        let both = Levels::from_iter([Viewer, Runner]);
        assert_eq!(both.highest(), Some(Runner));
        assert!(both.contains(Viewer) && !both.contains(Admin));
        assert_eq!(Levels::NONE.highest(), None);
        assert!(!Levels::NONE.reaches(Viewer));
        assert!(Levels::from(Editor).reaches(Runner));
        for level in Level::ALL {
            assert_eq!(Levels::from_bits(level.bit().into()), level.into());
        }
        let included = |level| Levels::from(level).with_included();
        assert!(included(Admin).exceeds(included(Editor)));
        assert!(!included(Editor).exceeds(included(Admin)));
        // A runner is no better viewer: each has what the other lacks.
        assert!(included(Runner).exceeds(included(Viewer)));
        assert!(included(Viewer).exceeds(included(Runner)));
    }
}
