//! Why something is held.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::{Serialize, Serializer};

/// Why something is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Too many people.
    Share,
    /// Nobody could administer the organization any more.
    LastAdmin,
}

impl Reason {
    /// As the database and the API have it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::LastAdmin => "last-admin",
        }
    }
}

impl ToSql for Reason {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.word().into())
    }
}

impl FromSql for Reason {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "share" => Ok(Self::Share),
            "last-admin" => Ok(Self::LastAdmin),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}
