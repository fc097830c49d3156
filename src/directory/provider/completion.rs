//! What an identity provider says of itself: whose responses to trust, with which keys, and where
//! to send people.

use rusqlite::{Connection, params};

use super::Provider;
use super::bindings::{Offered, offer};
use super::logout::{self, OfferedLogout};
use crate::access::session;
use crate::clock::Timestamp;
use crate::directory::certificate_news::Word;
use crate::directory::{DirectoryError, certificates, metadata_poll};
use crate::saml::certificate::Certificate;
use crate::saml::metadata::IdpMetadata;

/// Which keys to trust and where to send people.
#[derive(Debug)]
pub struct Completion {
    issuer: String,
    sso_url: String,
    metadata_url: Option<String>,
    certificates: Vec<Certificate>,
    word: Word,
    offered: Offered,
    logout: OfferedLogout,
}

impl Completion {
    /// From metadata, uploaded or fetched from `url`.
    pub fn from_metadata(metadata: IdpMetadata, url: Option<String>) -> Self {
        Self {
            logout: OfferedLogout::of(&metadata),
            issuer: metadata.entity_id,
            sso_url: metadata.sso_url,
            metadata_url: url,
            certificates: metadata.certificates,
            word: Word::Metadata,
            offered: Offered {
                takes_redirects: metadata.takes_redirects,
                sso_post_url: metadata.sso_post_url,
                wants_signed: metadata.want_authn_requests_signed,
            },
        }
    }

    /// Whether it is another identity provider than the one that this provider has by now.
    pub(super) fn is_of_another(&self, provider: &Provider) -> bool {
        let known = provider.issuer.as_ref();
        known.is_some_and(|issuer| *issuer != self.issuer)
    }

    /// From the three values typed by hand (Okta: Sign on URL, Issuer, Certificate).
    pub fn by_hand(
        sso_url: &str,
        issuer: &str,
        certificate: Certificate,
    ) -> Result<Self, DirectoryError> {
        let issuer = issuer.trim();
        if issuer.is_empty() || issuer.len() > 1024 || issuer.chars().any(char::is_control) {
            return Err(DirectoryError::invalid(
                "issuer",
                "expected the Issuer from Okta's More Details, such as http://www.okta.com/exk...",
            ));
        }
        let sso_url = sso_url.trim();
        if !crate::saml::metadata::is_sign_on_url(sso_url) {
            return Err(DirectoryError::invalid(
                "sso_url",
                "expected the Sign on URL from Okta's More Details: an https address (http only \
                 to this machine)",
            ));
        }
        Ok(Self {
            issuer: issuer.to_owned(),
            sso_url: sso_url.to_owned(),
            metadata_url: None,
            certificates: vec![certificate],
            word: Word::ByHand,
            offered: Offered::UNSAID,
            logout: OfferedLogout::default(),
        })
    }
}

pub(super) fn complete(
    tx: &Connection,
    provider: &Provider,
    completion: &Completion,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    // The issuer of another identity provider means other keys too: the old ones must not stay
    // trusted. The same one may be in the middle of a rotation, so its certificates come beside
    // those that are here, and none goes.
    if completion.is_of_another(provider) {
        tx.prepare_cached("DELETE FROM provider_certificates WHERE provider_id = ?1")?
            .execute([&provider.id])?;
        // What the old one called somebody says nothing about whom the new one calls so, nor
        // whether anybody can sign in through it.
        session::end_of_provider(tx, &provider.id)?;
        tx.prepare_cached("DELETE FROM metadata_additions WHERE provider_id = ?1")?
            .execute([&provider.id])?;
        tx.prepare_cached("DELETE FROM links WHERE provider_id = ?1")?
            .execute([&provider.id])?;
        tx.prepare_cached("UPDATE providers SET last_sign_in_at = NULL WHERE id = ?1")?
            .execute([&provider.id])?;
    }
    for certificate in &completion.certificates {
        certificates::keep(tx, provider, certificate, completion.word, now)?;
    }
    let published = (completion.word == Word::Metadata).then_some(&completion.certificates[..]);
    metadata_poll::entered(tx, &provider.id, published)?;
    tx.prepare_cached(
        "UPDATE providers SET issuer = ?2, sso_url = ?3, metadata_url = ?4,
             state = CASE state WHEN 'draft' THEN 'active' ELSE state END
         WHERE id = ?1",
    )?
    .execute(params![
        provider.id,
        completion.issuer,
        completion.sso_url,
        completion.metadata_url
    ])?;
    offer(tx, &provider.id, &completion.offered)?;
    logout::offer(tx, &provider.id, &completion.logout)
}

/// The pinned signing certificates, DER.
pub fn certificates(conn: &Connection, id: &str) -> Result<Vec<Certificate>, DirectoryError> {
    let mut statement = conn.prepare_cached(
        "SELECT der FROM provider_certificates WHERE provider_id = ?1 ORDER BY created_at",
    )?;
    let ders = statement
        .query_map([id], |row| row.get::<_, Vec<u8>>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    ders.iter()
        .map(|der| {
            Certificate::parse(der)
                .map_err(|e| DirectoryError::invalid("certificate", e.to_string()))
        })
        .collect()
}
