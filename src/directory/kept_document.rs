//! Reading the response that is kept with a trace. Each reading is a line of the audit log, since
//! more is told by it than a trace may tell.

use super::DirectoryError;
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry};
use crate::observe::trace::Trace;
use crate::observe::trace::document::{self, Document};
use crate::store::Store;

/// What is said where there is none.
pub const NOT_KEPT: &str = "No response is kept with this trace. They are kept of sign-ins through \
                            an identity provider, up to 128 KiB each, unless the organization \
                            wants none; and go before their trace where there are many.";

/// What a document is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be seen as it is.
    Raw,
    /// To be told to somebody outside, redacted.
    Bundle,
    /// To be verified again.
    Replay,
}

impl Purpose {
    const fn action(self) -> &'static str {
        match self {
            Self::Raw => "trace.document-read",
            Self::Bundle => "trace.bundled",
            Self::Replay => "trace.replayed",
        }
    }
}

/// The document of a trace, `None` where none is kept; that it was read is in the audit log then.
///
/// # Errors
/// [`DirectoryError`], when the database says no; nothing is given out unaudited.
pub fn read(
    store: &Store,
    trace: &Trace,
    purpose: Purpose,
    by: &Author,
    now: Timestamp,
) -> Result<Option<Document>, DirectoryError> {
    let (trace, by) = (trace.clone(), by.clone());
    store.write(move |tx| {
        let found = document::open(tx, &trace)?;
        // A bundle is made without one, too.
        if found.is_some() || purpose == Purpose::Bundle {
            let entry = Entry {
                action: purpose.action(),
                organization_id: trace.organization_id.as_deref(),
                target: audit::Target {
                    kind: "trace",
                    id: Some(&trace.reference),
                    name: &trace.reference,
                },
                detail: audit::detail([]),
            };
            audit::record(tx, &by, &entry, now)?;
        }
        Ok(found)
    })
}
