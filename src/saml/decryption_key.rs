//! Our private keys for encrypted assertions, and the one thing done with them: opening an
//! EncryptedKey that RSA-OAEP wrapped (XML Encryption 1.1 section 5.5.2).
//!
//! An EncryptedKey that doesn't open gives a content key all the same: one that nobody can guess,
//! made out of a secret of our own and the ciphertext (implicit rejection). What follows is then
//! the same work as with a right key, and ends at the same place. Nobody learns from the answer or
//! from its time whether a padding was right, which is what Manger's and Bleichenbacher's attacks
//! need to know.

use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepAlgorithm, OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use thiserror::Error;
use zeroize::Zeroizing;

/// A private key that assertions are encrypted to. `Debug` shows nothing of it.
pub struct DecryptionKey {
    key: OaepPrivateDecryptingKey,
    rejection: hmac::Key,
}

/// The key is not a PKCS#8 RSA private key of at least 2048 bits.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the decryption key is not an RSA private key of at least 2048 bits in PKCS#8 DER")]
pub struct DecryptionKeyError;

impl DecryptionKey {
    /// Reads an RSA private key from PKCS#8 DER.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, DecryptionKeyError> {
        let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| DecryptionKeyError)?;
        let key = OaepPrivateDecryptingKey::new(key).map_err(|_| DecryptionKeyError)?;
        let rejection = hmac::Key::new(hmac::HMAC_SHA256, der);
        Ok(Self { key, rejection })
    }

    /// The content key of `length` bytes, at most 32, that `wrapped` holds; one that opens nothing
    /// if it holds none.
    pub(super) fn content_key(&self, wrapped: &WrappedKey, length: usize) -> Zeroizing<Vec<u8>> {
        let mut substitute = Zeroizing::new(self.substitute(&wrapped.ciphertext));
        substitute.truncate(length);
        let mut room = Zeroizing::new(vec![0; self.key.min_output_size()]);
        let label = wrapped.label.as_deref();
        match self
            .key
            .decrypt(wrapped.padding, &wrapped.ciphertext, &mut room, label)
        {
            Ok(opened) if opened.len() == length => Zeroizing::new(opened.to_vec()),
            _ => substitute,
        }
    }

    fn substitute(&self, ciphertext: &[u8]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.rejection);
        context.update(b"implicit rejection of an EncryptedKey\0");
        context.update(ciphertext);
        context.sign().as_ref().to_vec()
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecryptionKey(..)")
    }
}

/// An EncryptedKey whose algorithms are allowed.
pub(super) struct WrappedKey {
    pub(super) padding: &'static OaepAlgorithm,
    /// OAEPparams.
    pub(super) label: Option<Vec<u8>>,
    pub(super) ciphertext: Vec<u8>,
}

/// RSA-OAEP with these names of its hash and of its mask's, where it is known. They must be the
/// same: the library has no others, and to put the padding together here would need the bare RSA
/// operation, which it rightly doesn't give.
pub(super) fn padding(digest: &str, mask: &str) -> Option<&'static OaepAlgorithm> {
    let digest = digest.rsplit('#').next().unwrap_or("");
    let mask = mask.rsplit('#').next().unwrap_or("");
    match (digest, mask) {
        ("sha1", "mgf1sha1") => Some(&OAEP_SHA1_MGF1SHA1),
        ("sha256", "mgf1sha256") => Some(&OAEP_SHA256_MGF1SHA256),
        ("sha384", "mgf1sha384") => Some(&OAEP_SHA384_MGF1SHA384),
        ("sha512", "mgf1sha512") => Some(&OAEP_SHA512_MGF1SHA512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_open_gives_a_key_that_stays_secret() {
        let pair =
            rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
                .unwrap();
        let key = DecryptionKey::from_pkcs8(&pair.serialize_der()).unwrap();
        let wrapped = |byte, length| WrappedKey {
            padding: &OAEP_SHA1_MGF1SHA1,
            label: None,
            ciphertext: vec![byte; length],
        };
        let one = key.content_key(&wrapped(1, 256), 32);
        assert_eq!(one.len(), 32);
        // The same again for the same ciphertext, or a second try would tell.
        assert_eq!(key.content_key(&wrapped(1, 256), 32), one);
        assert_ne!(key.content_key(&wrapped(2, 256), 32), one);
        assert_eq!(key.content_key(&wrapped(1, 3), 16).len(), 16);
        assert!(DecryptionKey::from_pkcs8(b"no key").is_err());
    }
}
