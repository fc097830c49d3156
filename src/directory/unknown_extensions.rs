//! What an organization does with SCIM schema extensions that nobody here knows.

use std::fmt;
use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;

use super::DirectoryError;

/// Kept as they came, or refused with the URN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownExtensions {
    /// Kept and shown again: nothing a provider sends is lost.
    #[default]
    Keep,
    /// 400 `invalidValue`, for those who want to know of every attribute that is pushed.
    Refuse,
}

impl UnknownExtensions {
    /// The word used in the database, the API and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Refuse => "refuse",
        }
    }
}

impl fmt::Display for UnknownExtensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for UnknownExtensions {
    type Err = DirectoryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "keep" => Ok(Self::Keep),
            "refuse" => Ok(Self::Refuse),
            _ => Err(DirectoryError::invalid(
                "unknown_extensions",
                "expected keep or refuse",
            )),
        }
    }
}

impl ToSql for UnknownExtensions {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.word().into())
    }
}

impl FromSql for UnknownExtensions {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value
            .as_str()?
            .parse()
            .map_err(|e: DirectoryError| FromSqlError::Other(Box::new(e)))
    }
}
