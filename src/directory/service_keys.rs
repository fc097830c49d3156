//! The service provider's own key pairs: one to sign, one to decrypt with. RSA-2048, because
//! every identity provider reads it; made once, kept in the database, the same for all providers.

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use rusqlite::Connection;
use zeroize::Zeroizing;

use super::DirectoryError;
use crate::access::key::{self, Key, Kind};
use crate::clock::Timestamp;
use crate::store::Store;

pub(super) const YEARS: std::time::Duration = std::time::Duration::from_secs(10 * 365 * 24 * 3600);

/// The key pair of this kind, made now if there is none. Making one takes about 100 ms, so it
/// happens outside the writer's transaction; of two made at once the first one stored counts.
pub fn ensure(store: &Store, kind: Kind, now: Timestamp) -> Result<Key, DirectoryError> {
    if let Some(found) = store.read(move |conn| current(conn, kind, now))? {
        return Ok(found);
    }
    let (certificate, private_key) = generate(now)?;
    store.write(move |tx| match current(tx, kind, now)? {
        Some(found) => Ok(found),
        None => Ok(key::insert(
            tx,
            kind,
            certificate,
            private_key,
            now.plus(YEARS),
            now,
        )?),
    })
}

/// The key pair of this kind in use.
pub fn current(
    conn: &Connection,
    kind: Kind,
    now: Timestamp,
) -> Result<Option<Key>, DirectoryError> {
    // With a clock that went back, a key that is still to come is better than another one.
    match key::in_use(conn, kind, now)? {
        Some(found) => Ok(Some(found)),
        None => Ok(key::newest_active(conn, kind)?),
    }
}

pub(super) fn generate(now: Timestamp) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), DirectoryError> {
    let failed = |e: rcgen::Error| DirectoryError::Keys(e.to_string());
    let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map_err(failed)?;
    let mut params = CertificateParams::new(Vec::new()).map_err(failed)?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "Portcullis service provider");
    params.distinguished_name = name;
    params.not_before = now.minus(std::time::Duration::from_secs(3600)).to_offset();
    params.not_after = now.plus(YEARS).to_offset();
    let certificate = params.self_signed(&pair).map_err(failed)?;
    Ok((
        certificate.der().to_vec(),
        Zeroizing::new(pair.serialize_der()),
    ))
}
