//! X.509 certificates of identity providers, as people paste them: PEM, the bare base64 of an
//! Okta page or of metadata, or DER.
//!
//! A certificate here is a container for a pinned key. Its issuer, its chain and its dates play no
//! part in verifying: SAML metadata section 2.4.1.1 leaves that to agreement, and an identity
//! provider's ten-year certificate that ran out last night must not lock everybody out. The dates
//! are shown and warned about.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use bergshamra_keys::loader::load_x509_cert_der;
use data_encoding::{BASE64, HEXLOWER};
use thiserror::Error;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::clock::Timestamp;

/// Largest text taken as one certificate, in bytes.
pub const MAX_SIZE: usize = 64 * 1024;
/// Smallest RSA modulus (NIST SP 800-131A: fewer bits are disallowed for signatures).
pub const MIN_RSA_BITS: usize = 2048;
/// Largest RSA modulus. Verifying costs the square of it, at the wish of whoever sends a response.
pub const MAX_RSA_BITS: usize = 4096;

/// A certificate with a key that signatures can be verified with.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The DER encoding.
    pub der: Vec<u8>,
    subject: String,
    not_before: Timestamp,
    not_after: Timestamp,
}

/// Why a text is no usable certificate. The messages are for the person who pasted it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateError {
    /// Nothing but white space.
    #[error("nothing was given; paste the whole certificate")]
    Empty,
    /// More than [`MAX_SIZE`].
    #[error("this is too long for a certificate (more than 64 KiB); paste one certificate only")]
    TooBig,
    /// A PEM private key. Never kept, never shown.
    #[error(
        "this is a private key, not a certificate; keep it secret and paste the certificate \
         (it begins with -----BEGIN CERTIFICATE-----)"
    )]
    PrivateKey,
    /// A PEM block of another kind.
    #[error(
        "this is a PEM block of the kind {0:?}; a certificate begins with -----BEGIN CERTIFICATE-----"
    )]
    OtherPem(String),
    /// `-----BEGIN` without its `-----END`.
    #[error("the certificate is cut off: the line -----END CERTIFICATE----- is missing")]
    Truncated,
    /// Several PEM blocks.
    #[error("there is more than one certificate in the text; add them one at a time")]
    Several,
    /// Metadata pasted in the certificate's field.
    #[error("this is XML; paste it as metadata, or paste only the text inside X509Certificate")]
    Xml,
    /// Characters outside base64.
    #[error(
        "this is not base64; copy the certificate again, from BEGIN to END and without changes"
    )]
    NotBase64,
    /// Base64 of something else, or cut off.
    #[error("this is not an X.509 certificate, or it is cut off; copy it again as a whole")]
    NotCertificate,
    /// Neither RSA nor an elliptic curve that SAML uses.
    #[error(
        "the certificate's key cannot be used for SAML signatures; RSA (2048 to 4096 bits) and EC P-256, P-384, P-521 can"
    )]
    UnsupportedKey,
    /// RSA below [`MIN_RSA_BITS`]; holds the bits.
    #[error(
        "the certificate's RSA key has {0} bits, which can be broken; have the identity provider make one of 2048 to 4096 bits"
    )]
    KeyTooSmall(usize),
    /// RSA above [`MAX_RSA_BITS`]; holds the bits.
    #[error(
        "the certificate's RSA key has {0} bits, and checking its signatures would take too long; have the identity provider make one of 2048 to 4096 bits"
    )]
    KeyTooBig(usize),
}

impl Certificate {
    /// Reads PEM, bare base64 with or without line breaks, or DER.
    pub fn parse(input: &[u8]) -> Result<Self, CertificateError> {
        if input.len() > MAX_SIZE {
            return Err(CertificateError::TooBig);
        }
        // A DER SEQUENCE starts with 0x30, which is "0": no PEM or certificate's base64 ("MI")
        // starts so.
        if input.first() == Some(&0x30) {
            return Self::from_der(input);
        }
        let text = std::str::from_utf8(input).map_err(|_| CertificateError::NotCertificate)?;
        let text = text.trim_start_matches('\u{FEFF}').trim();
        if text.is_empty() {
            return Err(CertificateError::Empty);
        }
        if text.starts_with('<') {
            return Err(CertificateError::Xml);
        }
        let base64 = if text.contains("-----BEGIN ") {
            pem_body(text)?
        } else {
            text
        };
        let compact: String = base64
            .chars()
            .filter(|c| !c.is_ascii_whitespace())
            .collect();
        let der = BASE64
            .decode(compact.as_bytes())
            .map_err(|_| CertificateError::NotBase64)?;
        Self::from_der(&der)
    }

    fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let (rest, parsed) =
            X509Certificate::from_der(der).map_err(|_| CertificateError::NotCertificate)?;
        if !rest.is_empty() {
            return Err(CertificateError::NotCertificate);
        }
        // The size first: the library doesn't load small keys, and wouldn't say why.
        let bits = rsa_bits(&parsed);
        match bits {
            Some(bits) if bits < MIN_RSA_BITS => return Err(CertificateError::KeyTooSmall(bits)),
            Some(bits) if bits > MAX_RSA_BITS => return Err(CertificateError::KeyTooBig(bits)),
            _ => {}
        }
        let key = load_x509_cert_der(der).map_err(|_| CertificateError::UnsupportedKey)?;
        match key.algorithm_name() {
            "RSA" if bits.is_some() => {}
            "EC-P256" | "EC-P384" | "EC-P521" => {}
            _ => return Err(CertificateError::UnsupportedKey),
        }
        let at = |time: x509_parser::time::ASN1Time| {
            Timestamp::from_millis(time.timestamp().saturating_mul(1000))
        };
        Ok(Self {
            der: der.to_vec(),
            subject: parsed.subject().to_string(),
            not_before: at(parsed.validity().not_before),
            not_after: at(parsed.validity().not_after),
        })
    }

    /// SHA-256 of the DER encoding in lower-case hex.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.der)
    }

    /// The subject's distinguished name.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// From when the certificate says it is valid.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Until when the certificate says it is valid.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, {})", self.fingerprint(), self.subject)
    }
}

/// SHA-256 of some DER in lower-case hex.
pub fn fingerprint(der: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, der).as_ref())
}

/// The size of an RSA key. The modulus counts, so that a key that is too small is named when it is
/// pasted and not at the first sign-in.
fn rsa_bits(certificate: &X509Certificate<'_>) -> Option<usize> {
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => {
            // A zero may stand in front, which keeps the number positive in DER.
            let mut modulus = key.modulus.iter().skip_while(|byte| **byte == 0);
            let unused = usize::try_from(modulus.next()?.leading_zeros()).ok()?;
            Some((modulus.count() + 1) * 8 - unused)
        }
        _ => None,
    }
}

/// What stands between BEGIN and END of the only PEM block.
fn pem_body(text: &str) -> Result<&str, CertificateError> {
    let (_, from_label) = text
        .split_once("-----BEGIN ")
        .ok_or(CertificateError::Truncated)?;
    let (label, body) = from_label
        .split_once("-----")
        .ok_or(CertificateError::Truncated)?;
    if label.contains("PRIVATE KEY") {
        return Err(CertificateError::PrivateKey);
    }
    if !matches!(
        label,
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE"
    ) {
        return Err(CertificateError::OtherPem(label.chars().take(40).collect()));
    }
    let (body, rest) = body
        .split_once("-----END ")
        .ok_or(CertificateError::Truncated)?;
    if rest.contains("-----BEGIN ") {
        return Err(CertificateError::Several);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem() -> String {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let parameters = rcgen::CertificateParams::new(vec!["idp.example".to_owned()]).unwrap();
        parameters.self_signed(&key).unwrap().pem()
    }

    #[test]
    fn every_way_of_pasting() {
        let pem = pem();
        let certificate = Certificate::parse(pem.as_bytes()).unwrap();
        let bare: String = pem.lines().filter(|l| !l.starts_with("---")).collect();
        let crlf = format!("\u{FEFF}\r\n  {}\r\n\r\n", pem.replace('\n', "\r\n"));
        for text in [bare.as_bytes(), crlf.as_bytes(), &certificate.der] {
            assert_eq!(Certificate::parse(text).unwrap(), certificate);
        }
        assert_eq!(certificate.fingerprint().len(), 64);
        assert!(certificate.not_before() < certificate.not_after());
        assert!(certificate.subject().contains("CN="));
    }

    #[test]
    fn every_mistake_has_its_message() {
        use CertificateError as E;
        let pem = pem();
        let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let (start, _) = pem.split_at(200);
        let bare: String = pem.lines().filter(|l| !l.starts_with("---")).collect();
        for (text, error) in [
            (" \n".to_owned(), E::Empty),
            ("A".repeat(MAX_SIZE + 1), E::TooBig),
            (key, E::PrivateKey),
            (
                pem.replace("CERTIFICATE", "PUBLIC KEY"),
                E::OtherPem("PUBLIC KEY".into()),
            ),
            (start.to_owned(), E::Truncated),
            (format!("{pem}{pem}"), E::Several),
            ("<md:EntityDescriptor/>".to_owned(), E::Xml),
            (format!("{bare}!"), E::NotBase64),
            (bare.chars().take(200).collect(), E::NotCertificate),
            ("Y2F0".to_owned(), E::NotCertificate),
        ] {
            assert_eq!(Certificate::parse(text.as_bytes()), Err(error));
        }
        assert_eq!(
            Certificate::parse(&[0x30, 0x03, 1, 2, 3]),
            Err(E::NotCertificate)
        );
        assert_eq!(Certificate::parse(&[0xFF, 0xFE]), Err(E::NotCertificate));
        let ed25519 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let ed25519 = rcgen::CertificateParams::default()
            .self_signed(&ed25519)
            .unwrap();
        assert_eq!(Certificate::parse(ed25519.der()), Err(E::UnsupportedKey));
    }
}
