//! TLS for the listener: rustls with aws-lc-rs, chosen explicitly so that no other crate's choice
//! of a process-wide provider matters, and a certificate that can be exchanged while serving.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys, ServerConfig};
use thiserror::Error;

/// A certificate or key that can't be used. Nothing of a key is ever in the message.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The file isn't there or isn't ours to read.
    #[error("cannot read {}", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file isn't PEM.
    #[error("{} is not valid PEM", .file.display())]
    Pem {
        /// The file.
        file: PathBuf,
    },
    /// PEM, but no `BEGIN CERTIFICATE`.
    #[error("{} has no certificate in it", .file.display())]
    NoCertificate {
        /// The file.
        file: PathBuf,
    },
    /// PEM, but no private key.
    #[error("{} has no private key in it", .file.display())]
    NoKey {
        /// The file.
        file: PathBuf,
    },
    /// The key is under a passphrase.
    #[error("the private key in {} is encrypted; an unattended server needs it in the clear", .file.display())]
    EncryptedKey {
        /// The file.
        file: PathBuf,
    },
    /// The key is of another certificate.
    #[error("the private key in {} does not belong to the first certificate in {}", .key.display(), .certificate.display())]
    Mismatch {
        /// The certificates' file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// The certificate or the key is of a kind that isn't supported, or damaged.
    #[error("the certificate in {} with the key in {} cannot be used", .certificate.display(), .key.display())]
    Unusable {
        /// The certificates' file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What the TLS library said.
        source: Error,
    },
    /// A certificate and key in DER can't be used.
    #[error("the certificate with its key cannot be used")]
    Der(#[source] Error),
    /// The TLS library can't be set up.
    #[error("TLS cannot be set up")]
    Setup(#[source] Error),
}

/// The configuration of the listener: TLS 1.2 and 1.3, `http/1.1` as the only protocol, no client
/// certificates, sessions resumed by tickets under a key that only this process knows.
pub fn server_config(
    certificate: Arc<ReloadingCertificate>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Setup)?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ticketer = aws_lc_rs::Ticketer::new().map_err(TlsError::Setup)?;
    Ok(Arc::new(config))
}

/// The certificate in use. New connections get the one that was set last; old ones go on.
pub struct ReloadingCertificate {
    current: RwLock<Arc<CertifiedKey>>,
}

impl ReloadingCertificate {
    /// Begins with this one.
    pub fn new(certificate: CertifiedKey) -> Self {
        Self {
            current: RwLock::new(Arc::new(certificate)),
        }
    }

    /// Uses another one from the next handshake on.
    pub fn replace(&self, certificate: CertifiedKey) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(certificate);
    }

    /// The leaf in use, DER.
    pub fn leaf(&self) -> Option<Vec<u8>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.cert.first().map(|der| der.to_vec())
    }
}

impl ResolvesServerCert for ReloadingCertificate {
    /// One certificate for every name: a client that asks by address or with no name at all is
    /// served as well.
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current))
    }
}

impl fmt::Debug for ReloadingCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReloadingCertificate")
            .finish_non_exhaustive()
    }
}

/// A certificate chain, leaf first, and the leaf's PKCS#8 key, all in DER.
pub fn from_der(chain: Vec<Vec<u8>>, key: &[u8]) -> Result<CertifiedKey, TlsError> {
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    let key = PrivatePkcs8KeyDer::from(key.to_vec());
    CertifiedKey::from_der(chain, key.into(), &aws_lc_rs::default_provider()).map_err(TlsError::Der)
}

/// A certificate chain and its key from PEM files; the key may be PKCS#8, PKCS#1 or SEC 1.
pub fn load_pem_files(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let chain = CertificateDer::pem_slice_iter(&read(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| TlsError::Pem {
            file: certificate.to_owned(),
        })?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate {
            file: certificate.to_owned(),
        });
    }
    let private = private_key(key)?;
    let provider = aws_lc_rs::default_provider();
    CertifiedKey::from_der(chain, private, &provider).map_err(|source| match source {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::Mismatch {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        },
        source => TlsError::Unusable {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            source,
        },
    })
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let text = zeroize::Zeroizing::new(read(file)?);
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        let encrypted = text
            .windows(9)
            .any(|window| window == b"ENCRYPTED".as_slice());
        let file = file.to_owned();
        match error {
            _ if encrypted => TlsError::EncryptedKey { file },
            pem::Error::NoItemsFound => TlsError::NoKey { file },
            _ => TlsError::Pem { file },
        }
    })
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|source| TlsError::Read {
        file: file.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::edge::self_signed::{Authority, Leaf};

    fn pem(label: &str, der: &[u8]) -> String {
        let text = data_encoding::BASE64.encode(der);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    }

    fn leaf() -> Leaf {
        let now = Timestamp::from_millis(1_800_000_000_000);
        let authority = Authority::generate("test", now).unwrap();
        authority.issue(&["localhost".to_owned()], now).unwrap()
    }

    /// A directory of its own, removed at the end.
    struct Files(PathBuf);

    impl Files {
        fn new(name: &str) -> Self {
            let at = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
            std::fs::create_dir_all(&at).unwrap();
            Self(at)
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            let file = self.0.join(name);
            std::fs::write(&file, text).unwrap();
            file
        }
    }

    impl Drop for Files {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn files_that_fit_are_loaded() {
        let files = Files::new("edge-tls-good");
        let leaf = leaf();
        let certificate = files.write("c.pem", &pem("CERTIFICATE", &leaf.certificate));
        let key = files.write("k.pem", &pem("PRIVATE KEY", &leaf.key));
        let loaded = load_pem_files(&certificate, &key).unwrap();
        assert_eq!(loaded.cert.len(), 1);
        let both = format!(
            "{}{}",
            pem("PRIVATE KEY", &leaf.key),
            pem("CERTIFICATE", &leaf.certificate)
        );
        let both = files.write("both.pem", &both);
        assert!(load_pem_files(&both, &both).is_ok());
    }

    #[test]
    fn every_mistake_names_its_file() {
        let files = Files::new("edge-tls-bad");
        let (one, other) = (leaf(), leaf());
        let certificate = files.write("c.pem", &pem("CERTIFICATE", &one.certificate));
        let key = files.write("k.pem", &pem("PRIVATE KEY", &one.key));
        let foreign = files.write("foreign.pem", &pem("PRIVATE KEY", &other.key));
        let encrypted = files.write("enc.pem", &pem("ENCRYPTED PRIVATE KEY", &one.key));
        let broken = files.write("broken.pem", "-----BEGIN CERTIFICATE-----\n!\n");
        let missing = files.0.join("missing.pem");
        let message = |certificate: &Path, key: &Path| {
            load_pem_files(certificate, key).unwrap_err().to_string()
        };
        assert!(message(&missing, &key).contains("missing.pem"));
        assert!(message(&key, &key).contains("k.pem has no certificate"));
        assert!(message(&certificate, &certificate).contains("c.pem has no private key"));
        assert!(message(&certificate, &encrypted).contains("enc.pem is encrypted"));
        assert!(message(&certificate, &foreign).contains("foreign.pem does not belong"));
        assert!(message(&broken, &key).contains("broken.pem is not valid PEM"));
    }
}
