//! Verifies a signature over plain octets, as HTTP-Redirect has them: with the same algorithms as
//! [`crate::saml::algorithm`] allows in documents, and any key that a certificate may have.
//!
//! An ECDSA signature is two numbers. Under these algorithms' names (RFC 9231 section 2.3.6) they
//! stand side by side, each as long as the curve's order. The signing calls of Java, .NET's older
//! ones and OpenSSL give them as DER instead, and whoever signs a query, where no XML Signature
//! library is at hand, passes on what the call gave. So both are taken: they say the same two
//! numbers, and which one it is nobody relies on. A message is used once by its ID, not by its
//! signature.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::saml::algorithm::RSA_SHA1;
use crate::saml::certificate::Certificate;

/// Whether `signature` is by the certificate's key, over `octets`, with this algorithm. Whether the
/// algorithm is allowed the caller has asked.
pub(super) fn holds(
    certificate: &Certificate,
    algorithm: &str,
    octets: &[u8],
    signature: &[u8],
) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(&certificate.der) else {
        return false;
    };
    let info = parsed.public_key();
    let key = &info.subject_public_key.data;
    let verifies = |algorithm: &'static dyn VerificationAlgorithm, signature: &[u8]| {
        let key = UnparsedPublicKey::new(algorithm, key);
        key.verify(octets, signature).is_ok()
    };
    match info.parsed() {
        Ok(PublicKey::RSA(_)) => rsa(algorithm).is_some_and(|its| verifies(its, signature)),
        // 0x04, then both coordinates.
        Ok(PublicKey::EC(point)) => {
            let size = point.data().len() / 2;
            let Some(its) = ecdsa(algorithm, size) else {
                return false;
            };
            let as_der = (signature.len() == 2 * size).then(|| der_of(signature, size));
            as_der.is_some_and(|der| verifies(its, &der)) || verifies(its, signature)
        }
        _ => false,
    }
}

fn rsa(uri: &str) -> Option<&'static dyn VerificationAlgorithm> {
    if uri == RSA_SHA1 {
        return Some(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY);
    }
    let (_, name) = uri.split_once("/xmldsig-more#")?;
    Some(match name {
        "rsa-sha256" => &RSA_PKCS1_2048_8192_SHA256,
        "rsa-sha384" => &RSA_PKCS1_2048_8192_SHA384,
        "rsa-sha512" => &RSA_PKCS1_2048_8192_SHA512,
        "sha256-rsa-MGF1" => &RSA_PSS_2048_8192_SHA256,
        "sha384-rsa-MGF1" => &RSA_PSS_2048_8192_SHA384,
        "sha512-rsa-MGF1" => &RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

/// The curve is the key's own: its coordinates have 32, 48 or 66 bytes.
fn ecdsa(uri: &str, size: usize) -> Option<&'static dyn VerificationAlgorithm> {
    let (_, name) = uri.split_once("/xmldsig-more#")?;
    Some(match (name, size) {
        ("ecdsa-sha256", 32) => &ECDSA_P256_SHA256_ASN1,
        ("ecdsa-sha384", 32) => &ECDSA_P256_SHA384_ASN1,
        ("ecdsa-sha512", 32) => &ECDSA_P256_SHA512_ASN1,
        ("ecdsa-sha256", 48) => &ECDSA_P384_SHA256_ASN1,
        ("ecdsa-sha384", 48) => &ECDSA_P384_SHA384_ASN1,
        ("ecdsa-sha512", 48) => &ECDSA_P384_SHA512_ASN1,
        ("ecdsa-sha256", 66) => &ECDSA_P521_SHA256_ASN1,
        ("ecdsa-sha384", 66) => &ECDSA_P521_SHA384_ASN1,
        ("ecdsa-sha512", 66) => &ECDSA_P521_SHA512_ASN1,
        _ => return None,
    })
}

/// Two numbers side by side as DER's sequence of two integers (X.690 sections 8.3 and 8.9).
fn der_of(fixed: &[u8], size: usize) -> Vec<u8> {
    let (r, s) = fixed.split_at(size.min(fixed.len()));
    let mut body = Vec::with_capacity(fixed.len() + 8);
    for number in [r, s] {
        let from = number.iter().position(|&b| b != 0).unwrap_or(number.len());
        let digits = number.get(from..).unwrap_or_default();
        // A first bit would be a sign, and zero has one digit.
        let padded = digits.first().is_none_or(|first| first & 0x80 != 0);
        body.push(0x02);
        body.push(length(digits.len() + usize::from(padded)));
        body.extend(padded.then_some(0));
        body.extend(digits);
    }
    let mut der = vec![0x30];
    // P-521's two are longer than 127 bytes together, never longer than 255.
    der.extend((body.len() > 127).then_some(0x81));
    der.push(length(body.len()));
    der.extend(body);
    der
}

fn length(of: usize) -> u8 {
    u8::try_from(of).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING,
        ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
        ECDSA_P521_SHA512_ASN1_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
        RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
    };

    use super::*;

    const OCTETS: &[u8] = b"SAMLRequest=x&SigAlg=y";
    const MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#";
    const MORE_2007: &str = "http://www.w3.org/2007/05/xmldsig-more#";

    fn certified(pair: &rcgen::KeyPair) -> Certificate {
        let made = rcgen::CertificateParams::default().self_signed(pair);
        Certificate::parse(made.unwrap().der()).unwrap()
    }

    fn check(certificate: &Certificate, uri: &str, signature: &[u8]) {
        assert!(holds(certificate, uri, OCTETS, signature), "{uri}");
        assert!(!holds(certificate, uri, b"other", signature), "{uri}");
        let mut changed = signature.to_vec();
        *changed.last_mut().unwrap() ^= 1;
        assert!(!holds(certificate, uri, OCTETS, &changed), "{uri}");
        assert!(!holds(certificate, uri, OCTETS, &[]), "{uri}");
        assert!(
            !holds(certificate, uri, OCTETS, &vec![0; signature.len()]),
            "{uri}"
        );
    }

    #[test]
    fn ecdsa_side_by_side_and_as_der() {
        type Case = (
            &'static rcgen::SignatureAlgorithm,
            [&'static EcdsaSigningAlgorithm; 2],
            &'static str,
        );
        let cases: [Case; 3] = [
            (
                &rcgen::PKCS_ECDSA_P256_SHA256,
                [
                    &ECDSA_P256_SHA256_FIXED_SIGNING,
                    &ECDSA_P256_SHA256_ASN1_SIGNING,
                ],
                "ecdsa-sha256",
            ),
            (
                &rcgen::PKCS_ECDSA_P384_SHA384,
                [
                    &ECDSA_P384_SHA384_FIXED_SIGNING,
                    &ECDSA_P384_SHA384_ASN1_SIGNING,
                ],
                "ecdsa-sha384",
            ),
            (
                &rcgen::PKCS_ECDSA_P521_SHA512,
                [
                    &ECDSA_P521_SHA512_FIXED_SIGNING,
                    &ECDSA_P521_SHA512_ASN1_SIGNING,
                ],
                "ecdsa-sha512",
            ),
        ];
        for (curve, forms, name) in cases {
            let pair = rcgen::KeyPair::generate_for(curve).unwrap();
            let certificate = certified(&pair);
            for form in forms {
                let key = EcdsaKeyPair::from_pkcs8(form, &pair.serialize_der()).unwrap();
                // Leading zeros and first bits come by chance.
                for _ in 0..40 {
                    let signature = key.sign(&SystemRandom::new(), OCTETS).unwrap();
                    check(&certificate, &format!("{MORE}{name}"), signature.as_ref());
                    let rsa = format!("{MORE}rsa-sha256");
                    assert!(!holds(&certificate, &rsa, OCTETS, signature.as_ref()));
                }
            }
        }
    }

    #[test]
    fn rsa_with_both_paddings() {
        let size = rcgen::RsaKeySize::_2048;
        let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).unwrap();
        let certificate = certified(&pair);
        let key = RsaKeyPair::from_pkcs8(&pair.serialize_der()).unwrap();
        let cases: [(&'static dyn RsaEncoding, String); 6] = [
            (&RSA_PKCS1_SHA256, format!("{MORE}rsa-sha256")),
            (&RSA_PKCS1_SHA384, format!("{MORE}rsa-sha384")),
            (&RSA_PKCS1_SHA512, format!("{MORE}rsa-sha512")),
            (&RSA_PSS_SHA256, format!("{MORE_2007}sha256-rsa-MGF1")),
            (&RSA_PSS_SHA384, format!("{MORE_2007}sha384-rsa-MGF1")),
            (&RSA_PSS_SHA512, format!("{MORE_2007}sha512-rsa-MGF1")),
        ];
        for (padding, uri) in &cases {
            let mut signature = vec![0; key.public_modulus_len()];
            let random = SystemRandom::new();
            key.sign(*padding, &random, OCTETS, &mut signature).unwrap();
            check(&certificate, uri, &signature);
            for (_, other) in cases.iter().filter(|(_, other)| other != uri) {
                assert!(
                    !holds(&certificate, other, OCTETS, &signature),
                    "{uri} as {other}"
                );
            }
            let ecdsa = format!("{MORE}ecdsa-sha256");
            assert!(!holds(&certificate, &ecdsa, OCTETS, &signature));
        }
    }

    #[test]
    fn numbers_as_der() {
        assert_eq!(
            der_of(&[0, 1, 0x80, 0], 2),
            [0x30, 8, 2, 1, 1, 2, 3, 0, 0x80, 0]
        );
        assert_eq!(der_of(&[0, 0, 0, 0], 2), [0x30, 6, 2, 1, 0, 2, 1, 0]);
        let long = der_of(&[0xFF; 132], 66);
        assert_eq!(long[..5], [0x30, 0x81, 138, 2, 67]);
        assert_eq!(long.len(), 3 + 138);
    }
}
