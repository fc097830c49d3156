//! Organizations, domains, providers, users, groups and levels: the rules and their SQL.
//!
//! Every function here takes a connection and runs inside the caller's closure on the writer
//! thread or on a reader (design: one change is one closure). What it refuses it says with the
//! field, what was expected and what to do.

pub mod addresses;
pub mod attribute_groups;
pub mod authority;
pub mod brake;
pub mod certificate_news;
pub mod certificates;
pub mod cursor_key;
pub mod deprovisioning;
pub mod deprovisioning_histogram;
pub mod domain;
pub mod domain_proof;
pub mod enforcement;
mod error;
pub mod expiry;
pub mod findings;
pub mod group;
pub mod kept_document;
pub mod key_roll;
pub mod level;
pub mod level_change;
pub mod local_sign_in;
pub mod local_step_up;
pub mod local_user;
pub mod metadata_poll;
pub mod metadata_source;
pub mod organization;
pub mod past;
pub mod provider;
pub mod provider_deletion;
mod provider_findings;
pub mod provider_kind;
pub mod provider_test;
mod provisioned;
pub mod provisioning;
pub mod replay;
pub mod scim_filter;
pub mod service_keys;
pub mod session_limits;
pub mod sessions;
pub mod sha1;
pub mod sign_in;
pub mod slug;
pub mod trace_bundle;
pub mod trial;
pub mod unknown_extensions;
pub mod user;
pub mod way_in;

pub use authority::{Action, Actor, Decision, Need, Target, may, may_grant};
pub use error::DirectoryError;
pub use level::{Level, Levels};
pub use unknown_extensions::UnknownExtensions;

/// A page of a list: `total` rows exist, `next` is where the next page starts.
#[derive(Debug, serde::Serialize)]
pub struct Page<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// How many rows the whole list has; of a search, `None`: counting would cost a scan.
    pub total: Option<i64>,
    /// Pass as `after` for the next page; `None` at the end.
    pub next: Option<String>,
}

/// Which page of a list is wanted.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// At most this many rows (1 to 200).
    pub limit: usize,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// Only rows whose name starts with this, without case.
    pub prefix: Option<String>,
}

impl PageRequest {
    /// The most rows a page holds.
    pub const MOST: usize = 200;

    /// The first page of ordinary size.
    pub const fn first() -> Self {
        Self {
            limit: 50,
            after: None,
            prefix: None,
        }
    }

    /// The inclusive lower and exclusive upper bound of names that start with the prefix; the
    /// whole range without one. The upper bound is the prefix followed by the highest code point.
    pub(crate) fn key_range(&self) -> (String, String) {
        let low = self.prefix.as_deref().map(fold).unwrap_or_default();
        let high = format!("{low}\u{10FFFF}");
        (low, high)
    }

    /// Cuts the one row fetched too many into `next`.
    pub(crate) fn page<T>(
        &self,
        mut items: Vec<T>,
        total: Option<i64>,
        key: impl Fn(&T) -> String,
    ) -> Page<T> {
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let next = if more { items.last().map(key) } else { None };
        Page { items, total, next }
    }
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The key that names are compared by where case does not count (RFC 7643 section 2.2 leaves
/// `userName` case-insensitive): Unicode lower case of the text.
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}
