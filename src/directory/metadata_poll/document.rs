//! What a published document says beside what is here.

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::directory::DirectoryError;
use crate::directory::provider::{self, Provider};
use crate::saml::certificate::Certificate;
use crate::saml::metadata::{self, IdpMetadata, MetadataError};

/// Something that is published otherwise than it is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// `certificate`, `sso_url` or `entity_id`.
    pub what: String,
    /// What is here; `None`: nothing.
    pub here: Option<String>,
    /// What is published; `None`: no longer.
    pub published: Option<String>,
}

/// The metadata in a document that somebody enters in `field`. Where a key is pinned for the
/// provider's metadata, it must be signed with that, whatever way it came.
///
/// # Errors
/// Of `field`, in words, when it can't be believed.
pub fn read(
    conn: &Connection,
    provider: &Provider,
    document: &[u8],
    field: &'static str,
    now: Timestamp,
) -> Result<IdpMetadata, DirectoryError> {
    parse(conn, &provider.id, document, now)?.map_err(|error| {
        let detail = match error {
            MetadataError::NotSigned(_) => format!(
                "{error}, or take the key away first (\"Published metadata\" in the console, or \
                 portcullis provider metadata set {} --no-metadata-certificate)",
                provider.id
            ),
            _ => provider.kind.without_metadata(&error),
        };
        DirectoryError::invalid(field, detail)
    })
}

/// What a document says beside what is here; nothing is changed.
///
/// # Errors
/// In words, when it can't be believed: broken, expired, not signed as it must be, or of another
/// identity provider.
pub fn compare(
    conn: &Connection,
    provider: &Provider,
    document: &[u8],
    now: Timestamp,
) -> Result<(IdpMetadata, Vec<Difference>), DirectoryError> {
    let refused = |detail: String| DirectoryError::invalid("metadata", detail);
    let issuer = provider.issuer.as_deref().ok_or_else(|| {
        refused(format!(
            "the provider is a draft; load its metadata first: portcullis provider set {} \
             --metadata-url URL",
            provider.id
        ))
    })?;
    let published =
        parse(conn, &provider.id, document, now)?.map_err(|error| refused(error.to_string()))?;
    if published.entity_id != issuer {
        return Err(refused(format!(
            "it is of another identity provider: its entityID is {} instead of {issuer}; if that is \
             right, load it yourself: portcullis provider set {} --metadata-url URL",
            published.entity_id, provider.id
        )));
    }
    let mut differences = Vec::new();
    if provider.sso_url.as_ref() != Some(&published.sso_url) {
        differences.push(Difference {
            what: "sso_url".to_owned(),
            here: provider.sso_url.clone(),
            published: Some(published.sso_url.clone()),
        });
    }
    let pinned = provider::certificates(conn, &provider.id)?;
    for new in published
        .certificates
        .iter()
        .filter(|it| !pinned.contains(it))
    {
        differences.push(Difference {
            what: "certificate".to_owned(),
            here: None,
            published: Some(new.fingerprint()),
        });
    }
    differences.extend(unpublished(&pinned, &published.certificates));
    Ok((published, differences))
}

/// What is pinned here and not in the document.
pub(super) fn unpublished<'a>(
    pinned: &'a [Certificate],
    published: &'a [Certificate],
) -> impl Iterator<Item = Difference> + 'a {
    pinned
        .iter()
        .filter(|it| !published.contains(it))
        .map(|gone| Difference {
            what: "certificate".to_owned(),
            here: Some(gone.fingerprint()),
            published: None,
        })
}

fn parse(
    conn: &Connection,
    provider_id: &str,
    document: &[u8],
    now: Timestamp,
) -> Result<Result<IdpMetadata, MetadataError>, DirectoryError> {
    Ok(match trust(conn, provider_id)? {
        Some(key) => metadata::parse_signed_idp(document, &key, now),
        None => metadata::parse_idp(document, now),
    })
}

pub(super) fn trust(
    conn: &Connection,
    provider_id: &str,
) -> Result<Option<Certificate>, DirectoryError> {
    let der: Option<Vec<u8>> = conn
        .prepare_cached("SELECT trust FROM metadata_watches WHERE provider_id = ?1")?
        .query_row([provider_id], |row| row.get(0))
        .optional()?
        .flatten();
    der.map(|der| Certificate::parse(&der))
        .transpose()
        .map_err(|e| DirectoryError::invalid("metadata_certificate", e.to_string()))
}
