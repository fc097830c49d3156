//! What the directory refuses, in words for the person who asked.

use crate::store::StoreError;

/// A refusal; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// There is no such thing in the place that was asked.
    #[error("there is no {what} `{key}` here")]
    NotFound {
        /// The kind of thing: "organization", "user".
        what: &'static str,
        /// What it was looked up by.
        key: String,
    },
    /// A value can't be taken as it is.
    #[error("{field}: {detail}")]
    Invalid {
        /// The field as the caller named it.
        field: &'static str,
        /// What was expected and what to do.
        detail: String,
    },
    /// The value is taken by something else.
    #[error("{field}: {detail}")]
    Conflict {
        /// The field as the caller named it.
        field: &'static str,
        /// By what it is taken.
        detail: String,
    },
    /// Making keys or certificates failed.
    #[error("making a key pair: {0}")]
    Keys(String),
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for DirectoryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl DirectoryError {
    pub(crate) fn not_found(what: &'static str, key: impl Into<String>) -> Self {
        Self::NotFound {
            what,
            key: bounded(&key.into()),
        }
    }

    pub(crate) fn invalid(field: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid {
            field,
            detail: detail.into(),
        }
    }

    pub(crate) fn conflict(field: &'static str, detail: impl Into<String>) -> Self {
        Self::Conflict {
            field,
            detail: detail.into(),
        }
    }
}

/// Echoed input stays short, whatever was sent.
fn bounded(key: &str) -> String {
    key.chars().take(80).collect()
}

/// Whether `error` is a UNIQUE constraint's: somebody was there first.
pub(crate) fn is_unique_violation(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error().map(|e| e.extended_code),
        Some(rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
    )
}
