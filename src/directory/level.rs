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
