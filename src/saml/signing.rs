//! Signs what we send: RSA with SHA-256, which every identity provider of the last ten years reads.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use bergshamra_dsig::{DsigContext, sign::sign_owned};
use bergshamra_keys::KeysManager;
use bergshamra_keys::loader::load_pem_auto;
use data_encoding::BASE64;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::saml::algorithm::{ENVELOPED, EXCLUSIVE_C14N};
use crate::saml::xml::escape;

/// SignatureMethod and SigAlg of everything we sign (RFC 9231 section 2.3.2).
pub const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// The service provider's signing key with its certificate. It prints as its name alone.
pub struct SigningKey {
    detached: KeyPair,
    enveloped: DsigContext,
    certificate: String,
}

/// A key that can't be read, or a signature that could not be made. Says nothing of the key.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SigningError {
    /// No RSA key in PKCS#8.
    #[error("the service provider's signing key is no RSA key in PKCS#8")]
    Key,
    /// The library refused.
    #[error("signing with the service provider's key failed")]
    Failed,
}

impl SigningKey {
    /// From PKCS#8 in DER, and the certificate (DER) that receivers know the key by.
    pub fn from_pkcs8(der: &[u8], certificate: &[u8]) -> Result<Self, SigningError> {
        let detached = KeyPair::from_pkcs8(der).map_err(|_| SigningError::Key)?;
        // The library's loader speaks PEM only.
        let mut pem = Zeroizing::new(String::from("-----BEGIN PRIVATE KEY-----\n"));
        let base64 = Zeroizing::new(BASE64.encode(der));
        for line in base64.as_bytes().chunks(64) {
            pem.push_str(std::str::from_utf8(line).unwrap_or_default());
            pem.push('\n');
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        let mut keys = KeysManager::new();
        keys.add_key(load_pem_auto(pem.as_bytes(), None).map_err(|_| SigningError::Key)?);
        Ok(Self {
            detached,
            enveloped: DsigContext::new(keys),
            certificate: BASE64.encode(certificate),
        })
    }

    /// The signature of these very octets (SAML bindings section 3.4.4.1).
    pub(super) fn over(&self, octets: &[u8]) -> Result<Vec<u8>, SigningError> {
        let mut signature = vec![0; self.detached.public_modulus_len()];
        self.detached
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                octets,
                &mut signature,
            )
            .map_err(|_| SigningError::Failed)?;
        Ok(signature)
    }

    /// What stands in a message right after its Issuer, where the schema wants the Signature (SAML
    /// core section 3.2.1), until [`Self::fill`] fills it. `id` is the message's ID.
    pub(super) fn template(&self, id: &str) -> String {
        format!(
            concat!(
                r#"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>"#,
                r#"<ds:CanonicalizationMethod Algorithm="{c14n}"/>"#,
                r#"<ds:SignatureMethod Algorithm="{method}"/>"#,
                r##"<ds:Reference URI="#{id}"><ds:Transforms>"##,
                r#"<ds:Transform Algorithm="{enveloped}"/><ds:Transform Algorithm="{c14n}"/>"#,
                r#"</ds:Transforms><ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue>"#,
                r#"</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue>"#,
                r#"</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}"#,
                r#"</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"#,
            ),
            c14n = EXCLUSIVE_C14N,
            method = RSA_SHA256,
            id = escape(id),
            enveloped = ENVELOPED,
            digest = SHA256,
            certificate = self.certificate,
        )
    }

    /// Fills the one template in a message.
    pub(super) fn fill(&self, message: String) -> Result<String, SigningError> {
        sign_owned(&self.enveloped, message).map_err(|_| SigningError::Failed)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}
