//! The bytes that are hashed.
//!
//! `hash(n) = SHA-256(hash(n-1) || row(n))`, with 32 zero bytes before the first row. A row is its
//! columns in the order of the schema: an integer as 8 bytes, big-endian; a text as its length in
//! 8 bytes and its UTF-8; an absent text as 8 bytes of ones. No two rows have the same bytes.

use aws_lc_rs::digest::{Context, SHA256};

/// A line of the log as it is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of the table audit in schema.sql")]
pub struct Row {
    pub seq: i64,
    pub at: i64,
    pub organization_id: Option<String>,
    pub actor_kind: String,
    pub actor_id: Option<String>,
    pub actor_name: String,
    pub client: Option<String>,
    pub via: String,
    pub action: String,
    pub target_kind: String,
    pub target_id: Option<String>,
    pub target_name: String,
    pub detail: String,
}

impl Row {
    /// The hash of this row after one whose hash is `before`.
    pub fn hash(&self, before: &[u8; 32]) -> [u8; 32] {
        let mut context = Context::new(&SHA256);
        context.update(before);
        context.update(&self.seq.to_be_bytes());
        context.update(&self.at.to_be_bytes());
        for text in [
            self.organization_id.as_deref(),
            Some(&self.actor_kind),
            self.actor_id.as_deref(),
            Some(&self.actor_name),
            self.client.as_deref(),
            Some(&self.via),
            Some(&self.action),
            Some(&self.target_kind),
            self.target_id.as_deref(),
            Some(&self.target_name),
            Some(&self.detail),
        ] {
            match text {
                Some(text) => {
                    context.update(&(text.len() as u64).to_be_bytes());
                    context.update(text.as_bytes());
                }
                None => context.update(&u64::MAX.to_be_bytes()),
            }
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        hash
    }
}
