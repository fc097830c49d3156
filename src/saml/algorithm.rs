//! The algorithms a response may use. What isn't here is refused before any cryptography runs,
//! in the envelope and in decrypted plaintext alike.

/// Enveloped signature transform, XML Signature section 6.6.4.
pub(super) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// Exclusive canonicalization without comments.
pub(super) const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// EncryptedData holds one element.
pub(super) const ENCRYPTED_ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";
/// A RetrievalMethod that points at an EncryptedKey.
pub(super) const ENCRYPTED_KEY: &str = "http://www.w3.org/2001/04/xmlenc#EncryptedKey";

/// SignatureMethod: no MAC and nothing with parameters. RSA-PSS by the names that fix hash, mask
/// and salt (RFC 9231 section 2.3.10); `#rsa-pss`, which takes them as parameters, stays out,
/// because a sender could then choose a weak hash or no salt.
const SIGNATURES: &[&str] = &[
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
    "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1",
    "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
];

/// RSA with SHA-1. Collisions can be bought, so it is taken only from a provider for which an
/// operator allows it, until a date.
pub(super) const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
/// SHA-1 as a digest, with the same condition.
pub(super) const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";

/// Which hashes a signature may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Hashes {
    /// SHA-256, SHA-384 and SHA-512.
    #[default]
    Strong,
    /// SHA-1 as well.
    WithSha1,
}

impl Hashes {
    /// For the trace: what is taken.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Strong => "RSA, RSA-PSS or ECDSA, with SHA-256, SHA-384 or SHA-512",
            Self::WithSha1 => {
                "RSA, RSA-PSS or ECDSA, with SHA-256, SHA-384 or SHA-512; RSA with SHA-1 as well, \
                 which an operator allows at present"
            }
        }
    }

    /// Whether a SignatureMethod may be used.
    pub(super) fn allow_signature(self, uri: &str) -> bool {
        SIGNATURES.contains(&uri) || (self == Self::WithSha1 && uri == RSA_SHA1)
    }

    /// Whether the DigestMethod of a Reference may be used.
    pub(super) fn allow_digest(self, uri: &str) -> bool {
        DIGESTS.contains(&uri) || (self == Self::WithSha1 && uri == SHA1)
    }
}

/// DigestMethod of a Reference.
const DIGESTS: &[&str] = &[
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
];

/// EncryptionMethod of EncryptedKey. RSA 1.5 is the Bleichenbacher oracle and stays out.
pub(super) const KEY_TRANSPORTS: &[&str] = &[
    "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
    "http://www.w3.org/2009/xmlenc11#rsa-oaep",
];

/// DigestMethod inside RSA-OAEP. SHA-1 is the default there and safe in that place.
pub(super) const OAEP_DIGESTS: &[&str] = &[
    SHA1,
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
];

/// What a mask is generated with where none is named: always SHA-1, whatever the digest is
/// (XML Encryption 1.1 section 5.5.2).
pub(super) const OAEP_DEFAULT_MASK: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha1";

/// Mask generation functions of RSA-OAEP, XML Encryption 1.1 section 5.5.2.
pub(super) const OAEP_MASKS: &[&str] = &[
    "http://www.w3.org/2009/xmlenc11#mgf1sha1",
    "http://www.w3.org/2009/xmlenc11#mgf1sha256",
    "http://www.w3.org/2009/xmlenc11#mgf1sha384",
    "http://www.w3.org/2009/xmlenc11#mgf1sha512",
];
