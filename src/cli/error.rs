//! What a command ends with when it can't do what it was told.

use std::io;

use crate::access::api_token::ApiTokenError;
use crate::access::break_glass::BreakGlassError;
use crate::directory::DirectoryError;
use crate::directory::provisioning::ProvisioningError;
use crate::observe::webhook::WebhookError;
use crate::scim::ScimError;
use crate::store::{OpenError, StoreError};

/// A command's failure, in words for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The database file can't be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory said no.
    #[error("{0}{hint}", hint = hint(.0))]
    Directory(#[from] DirectoryError),
    /// An API token can't be made.
    #[error(transparent)]
    ApiToken(#[from] ApiTokenError),
    /// A break-glass account can't be made or changed.
    #[error(transparent)]
    BreakGlass(#[from] BreakGlassError),
    /// A webhook can't be made or found.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// A file can't be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Standard output is gone.
    #[error("writing the output: {0}")]
    Output(#[from] io::Error),
    /// Anything else that is said in one sentence.
    #[error("{0}")]
    Other(String),
}

impl From<ProvisioningError> for CliError {
    fn from(error: ProvisioningError) -> Self {
        match error {
            ProvisioningError::Scim(refused) => refused.into(),
            // The brake holds clients of SCIM only; this program isn't one.
            held @ ProvisioningError::Braked(_) => Self::other(held.to_string()),
            ProvisioningError::Store(error) => error.into(),
        }
    }
}

/// The sentence without the HTTP status, which means nothing at a terminal.
impl From<ScimError> for CliError {
    fn from(refused: ScimError) -> Self {
        Self::other(refused.detail)
    }
}

/// Where to look for what isn't there.
fn hint(error: &DirectoryError) -> &'static str {
    let DirectoryError::NotFound { what, .. } = error else {
        return "";
    };
    match *what {
        "organization" => "; `portcullis org list` shows those there are",
        "provider" => "; `portcullis provider list --org SLUG` shows those there are",
        "user" => "; `portcullis user list --org SLUG` shows those there are",
        "group" => "; `portcullis group list --org SLUG` shows those there are",
        _ => "",
    }
}

impl CliError {
    pub(super) fn other(text: impl Into<String>) -> Self {
        Self::Other(text.into())
    }

    /// `portcullis user list | head` is no failure.
    pub(super) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(e) if e.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Reads a file of at most `most` bytes.
pub(super) fn read_file(path: &std::path::Path, most: u64) -> Result<Vec<u8>, CliError> {
    use std::io::Read as _;
    let failed = |source| CliError::File {
        path: path.display().to_string(),
        source,
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut content = Vec::new();
    file.take(most + 1)
        .read_to_end(&mut content)
        .map_err(failed)?;
    if content.len() as u64 > most {
        return Err(CliError::other(format!(
            "{}: larger than {most} bytes",
            path.display()
        )));
    }
    Ok(content)
}
