//! The SCIM 2.0 protocol (RFC 7643 and 7644), as a service provider speaks it.
//!
//! Pure: bytes in, values out. No HTTP, no SQL, no clock, no randomness: the directory decides what
//! exists, this room decides what a request means and what an answer looks like.
//!
//! Two rules run through it. What isn't understood is an error, never a silent success: an unknown
//! PATCH path, an unknown filter operator, a sort order nobody applied. And what well-known clients
//! get wrong is forgiven on purpose, in [`forgive`] alone, each time with a note for the trace.

mod apart;
pub mod bulk;
pub mod cursor;
pub mod discovery;
pub mod error;
pub mod etag;
pub mod filter;
pub mod forgive;
pub mod group;
mod json;
pub mod lines;
mod matching;
pub mod page;
pub mod patch;
pub mod path;
pub mod projection;
pub mod query;
pub mod render;
pub mod schema;
pub mod search_request;
pub mod sort;
pub mod user;
mod validate;
pub mod whole_group;

pub use bulk::Bulk;
pub use error::ScimError;
pub use etag::Conditions;
pub use filter::Filter;
pub use group::GroupDraft;
pub use patch::{GroupChange, Patch};
pub use query::ListQuery;
pub use user::{Active, UserDraft};

#[cfg(test)]
mod mutation_tests;
