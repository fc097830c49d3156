//! A certificate authority of the appliance's own, for sites without one.
//!
//! A browser is told once to trust the authority; the leaf it signs can then be short-lived and
//! follow the names under which the appliance is reached. Nothing is stored here: keys and
//! certificates come and go as DER, the time is an argument.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use thiserror::Error;
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

use crate::clock::Timestamp;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Ten years: replacing it means touching every client.
const AUTHORITY_LIFE: Duration = Duration::from_secs(3652 * 24 * 60 * 60);
/// Browsers and Apple's platforms refuse leaves of more than 398 days.
const LEAF_LIFE: Duration = Duration::from_secs(397 * 24 * 60 * 60);

/// A certificate can't be made.
#[derive(Debug, Error)]
pub enum SelfSignedError {
    /// What was kept as an authority isn't one.
    #[error("the local certificate authority cannot be read")]
    Authority,
    /// A host that can't be in a certificate.
    #[error("{0:?} is neither a host name nor an address")]
    Host(String),
    /// A certificate for nothing.
    #[error("a certificate needs at least one host")]
    NoHost,
    /// The library refused.
    #[error("cannot make a certificate")]
    Make(#[from] rcgen::Error),
}

/// A local certificate authority.
pub struct Authority {
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// Its key, PKCS#8 DER.
    pub key: Zeroizing<Vec<u8>>,
}

/// A certificate for the listener.
pub struct Leaf {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Its key, PKCS#8 DER.
    pub key: Zeroizing<Vec<u8>>,
}

impl Authority {
    /// A new authority (ECDSA P-256) that may sign leaves only, valid for ten years. `name` is
    /// what a browser's list of authorities shows.
    pub fn generate(name: &str, now: Timestamp) -> Result<Self, SelfSignedError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params(name, now, AUTHORITY_LIFE);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(Self {
            certificate: params.self_signed(&key)?.der().to_vec(),
            key: Zeroizing::new(key.serialize_der()),
        })
    }

    /// A new key and a certificate for these host names and addresses, valid for 397 days and
    /// never longer than the authority.
    pub fn issue(&self, hosts: &[String], now: Timestamp) -> Result<Leaf, SelfSignedError> {
        let (name, ends) = self.read()?;
        let first = hosts.first().ok_or(SelfSignedError::NoHost)?;
        let mut params = params("Portcullis", now, LEAF_LIFE);
        params.not_after = params.not_after.min(ends);
        if first.len() <= 64 {
            params.distinguished_name = common_name(first);
        }
        params.subject_alt_names = hosts
            .iter()
            .map(|host| alternative_name(host))
            .collect::<Result<_, _>>()?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;

        let pkcs8 = PrivatePkcs8KeyDer::from(self.key.as_slice());
        let signer = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8, &PKCS_ECDSA_P256_SHA256)
            .map_err(|_| SelfSignedError::Authority)?;
        let mut issuer = CertificateParams::default();
        issuer.distinguished_name = common_name(&name);
        issuer.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = params.signed_by(&key, &Issuer::new(issuer, signer))?;
        Ok(Leaf {
            certificate: certificate.der().to_vec(),
            key: Zeroizing::new(key.serialize_der()),
        })
    }

    /// The name that leaves have to give as their issuer, and the end of the validity. The name
    /// is the single common name that `generate` wrote, so writing it anew gives the same bytes.
    fn read(&self) -> Result<(String, time::OffsetDateTime), SelfSignedError> {
        let (rest, certificate) =
            X509Certificate::from_der(&self.certificate).map_err(|_| SelfSignedError::Authority)?;
        let mut names = certificate.subject().iter_attributes();
        let (Some(name), None) = (names.next(), names.next()) else {
            return Err(SelfSignedError::Authority);
        };
        let name = name.as_str().map_err(|_| SelfSignedError::Authority)?;
        if !rest.is_empty() || !certificate.is_ca() {
            return Err(SelfSignedError::Authority);
        }
        Ok((
            name.to_owned(),
            certificate.validity().not_after.to_datetime(),
        ))
    }
}

/// A certificate as people and their tools take it (RFC 7468 section 5.1).
pub fn pem(der: &[u8]) -> String {
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let encoded = data_encoding::BASE64.encode(der);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = tail;
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

fn params(name: &str, now: Timestamp, life: Duration) -> CertificateParams {
    // A day back, for clients whose clocks are behind; the whole stays within `life`.
    let begin = now.minus(DAY);
    let mut params = CertificateParams::default();
    params.not_before = begin.to_offset();
    params.not_after = begin.plus(life).to_offset();
    params.distinguished_name = common_name(name);
    params
}

fn common_name(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// A DNS name or an address, an IPv6 one with brackets or without.
fn alternative_name(host: &str) -> Result<SanType, SelfSignedError> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let wrong = || SelfSignedError::Host(host.to_owned());
    rustls::pki_types::DnsName::try_from(host).map_err(|_| wrong())?;
    Ok(SanType::DnsName(host.try_into().map_err(|_| wrong())?))
}

/// Without the keys.
impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

/// Without the keys.
impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaf").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-24T10:20:30Z").unwrap()
    }

    #[test]
    fn a_leaf_is_signed_by_its_authority_and_short_lived() {
        let made = Authority::generate("Portcullis at vault", now()).unwrap();
        let kept = Authority {
            certificate: made.certificate.clone(),
            key: made.key.clone(),
        };
        let hosts = ["login.example", "127.0.0.1", "[::1]"].map(str::to_owned);
        let leaf = kept.issue(&hosts, now()).unwrap();
        let (_, authority) = X509Certificate::from_der(&made.certificate).unwrap();
        let (_, leaf) = X509Certificate::from_der(&leaf.certificate).unwrap();
        assert_eq!(leaf.issuer().as_raw(), authority.subject().as_raw());
        let names = leaf.subject_alternative_name().unwrap().unwrap();
        assert_eq!(names.value.general_names.len(), 3);
        let days = |certificate: &X509Certificate<'_>| {
            let validity = certificate.validity();
            (validity.not_after.timestamp() - validity.not_before.timestamp()) / 86400
        };
        assert_eq!(days(&leaf), 397);
        assert_eq!(days(&authority), 3652);
        assert!(leaf.validity().not_before.timestamp() < now().millis() / 1000);
        assert!(!leaf.is_ca());
    }

    #[test]
    fn a_leaf_does_not_outlive_its_authority() {
        let authority = Authority::generate("a", now()).unwrap();
        let late = now().plus(DAY * 3600);
        let leaf = authority.issue(&["a.example".to_owned()], late).unwrap();
        let (_, authority) = X509Certificate::from_der(&authority.certificate).unwrap();
        let (_, leaf) = X509Certificate::from_der(&leaf.certificate).unwrap();
        assert_eq!(leaf.validity().not_after, authority.validity().not_after);
    }

    #[test]
    fn what_is_no_host_or_no_authority() {
        let authority = Authority::generate("a", now()).unwrap();
        for host in ["", "a b", "http://a", "a/b", "\u{e4}.example", "a..b"] {
            let refused = authority.issue(&[host.to_owned()], now());
            assert!(matches!(refused, Err(SelfSignedError::Host(_))), "{host}");
        }
        let none = authority.issue(&[], now());
        assert!(matches!(none, Err(SelfSignedError::NoHost)));
        let leaf = authority.issue(&["a".to_owned()], now()).unwrap();
        for certificate in [leaf.certificate, b"junk".to_vec()] {
            let wrong = Authority {
                certificate,
                key: authority.key.clone(),
            };
            let refused = wrong.issue(&["a".to_owned()], now());
            assert!(matches!(refused, Err(SelfSignedError::Authority)));
        }
    }
}
