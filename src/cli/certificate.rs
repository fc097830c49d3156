//! The certificate the listener shows, by the way `--tls` names: made here and kept in the
//! database, or read from files.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate};

use super::CliError;
use crate::access::key::{self, Kind};
use crate::clock::Timestamp;
use crate::directory::addresses::PublicUrl;
use crate::edge::self_signed::Authority;
use crate::edge::tls::{self, ReloadingCertificate};
use crate::store::{Store, StoreError};

/// A leaf is made anew when it has less than this left.
const RENEWED_BEFORE: Duration = Duration::from_secs(30 * 86_400);

/// Where the certificate comes from, and what is needed to look after it.
pub(super) enum Source {
    /// A local CA and a leaf in the database.
    SelfSigned {
        /// For these names.
        hosts: Vec<String>,
    },
    /// Two PEM files.
    Files {
        /// The chain, leaf first.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
    },
}

/// A certificate in use that is looked after while the appliance runs.
pub(super) struct Kept {
    source: Source,
    /// What the listener shows.
    pub(super) shown: Arc<ReloadingCertificate>,
    version: Version,
    /// Files that could not be used; they are told of once.
    refused: Option<Version>,
}

/// What would differ if the certificate had changed: the leaf, or which files these are, their times
/// and sizes.
#[derive(Clone, PartialEq, Eq)]
enum Version {
    Leaf(Vec<u8>),
    Files([Option<(u64, SystemTime, u64)>; 2]),
}

impl Source {
    /// The names a self-signed leaf is for: the public URL's host if there is one, and this machine.
    pub(super) fn self_signed(public: Option<&PublicUrl>) -> Self {
        let mut hosts: Vec<String> = ["localhost", "127.0.0.1", "::1"]
            .into_iter()
            .map(str::to_owned)
            .collect();
        let own = public.map(PublicUrl::host);
        if let Some(own) = own.filter(|own| !hosts.iter().any(|host| host == own)) {
            hosts.insert(0, own.to_owned());
        }
        Self::SelfSigned { hosts }
    }

    /// Loads it, making what is missing.
    pub(super) fn load(self, store: &Store, now: Timestamp) -> Result<Kept, CliError> {
        let failed = |e: tls::TlsError| CliError::other(e.to_string());
        let (certified, version) = match &self {
            Self::SelfSigned { hosts } => {
                let (chain, key) = ensure(store, hosts, now)?;
                let version = Version::Leaf(chain.clone());
                let certified = tls::from_der(vec![chain], &key).map_err(failed)?;
                (certified, version)
            }
            Self::Files { certificate, key } => {
                let version = files_version(certificate, key);
                let certified = tls::load_pem_files(certificate, key).map_err(failed)?;
                (certified, version)
            }
        };
        Ok(Kept {
            source: self,
            shown: Arc::new(ReloadingCertificate::new(certified)),
            version,
            refused: None,
        })
    }
}

impl Kept {
    /// Whether there are files to look at, which costs next to nothing.
    pub(super) fn is_of_files(&self) -> bool {
        matches!(self.source, Source::Files { .. })
    }

    /// Renews or reloads the certificate if it is time. New files that can't be used leave the
    /// old certificate in place; the log says why, once.
    pub(super) fn look_after(&mut self, store: &Store, now: Timestamp) {
        let result = match &self.source {
            Source::SelfSigned { hosts } => ensure(store, hosts, now).and_then(|(chain, key)| {
                let version = Version::Leaf(chain.clone());
                let certified =
                    tls::from_der(vec![chain], &key).map_err(|e| CliError::other(e.to_string()))?;
                Ok((version, certified))
            }),
            Source::Files { certificate, key } => {
                // Taken before the files are read: what is changed meanwhile is a change again.
                let version = files_version(certificate, key);
                if version == self.version || self.refused.as_ref() == Some(&version) {
                    return;
                }
                self.refused = Some(version.clone());
                tls::load_pem_files(certificate, key)
                    .map(|certified| (version, certified))
                    .map_err(|e| CliError::other(e.to_string()))
            }
        };
        match result {
            Ok((version, _)) if version == self.version => {}
            Ok((version, certified)) => {
                self.shown.replace(certified);
                self.version = version;
                self.refused = None;
                tracing::info!("TLS certificate replaced");
            }
            Err(error) => {
                tracing::error!(%error, "TLS certificate not replaced, the one before stays in use");
            }
        }
    }
}

fn files_version(certificate: &Path, key: &Path) -> Version {
    let stamp = |path: &Path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.ino(), metadata.modified().ok()?, metadata.len()))
    };
    Version::Files([stamp(certificate), stamp(key)])
}

type LeafAndKey = (Vec<u8>, zeroize::Zeroizing<Vec<u8>>);

/// The leaf in the database if it still serves these names, else a new one.
fn ensure(store: &Store, hosts: &[String], now: Timestamp) -> Result<LeafAndKey, CliError> {
    let failed = |e: crate::edge::self_signed::SelfSignedError| CliError::other(e.to_string());
    let (ca, leaf) = store.read(|conn| {
        let ca = key::newest_active(conn, Kind::TlsCa)?;
        let leaf = key::newest_active(conn, Kind::TlsLeaf)?;
        Ok::<_, StoreError>((ca, leaf))
    })?;
    let soon = now.plus(RENEWED_BEFORE);
    let (authority, new_authority) = match ca.filter(|ca| ca.not_after > soon) {
        Some(ca) => (
            Authority {
                certificate: ca.certificate,
                key: ca.private_key,
            },
            false,
        ),
        None => (
            Authority::generate("Portcullis local CA", now).map_err(failed)?,
            true,
        ),
    };
    if let Some(leaf) = leaf
        && !new_authority
        && leaf.not_after > soon
        && covers(&leaf.certificate, hosts)
    {
        return Ok((leaf.certificate, leaf.private_key));
    }
    let leaf = authority.issue(hosts, now).map_err(failed)?;
    let kept = (leaf.certificate.clone(), leaf.key.clone());
    let until = |der: &[u8]| {
        X509Certificate::from_der(der)
            .map(|(_, c)| Timestamp::from_millis(c.validity().not_after.timestamp() * 1000))
            .map_err(|e| CliError::other(format!("reading our own certificate: {e}")))
    };
    let (ca_until, leaf_until) = (until(&authority.certificate)?, until(&leaf.certificate)?);
    store.write(move |tx| {
        let mut replaced = key::active(tx, Kind::TlsLeaf)?;
        if new_authority {
            replaced.extend(key::active(tx, Kind::TlsCa)?);
            key::insert(
                tx,
                Kind::TlsCa,
                authority.certificate,
                authority.key,
                ca_until,
                now,
            )?;
        }
        for old in replaced {
            key::retire(tx, &old.id)?;
        }
        key::insert(
            tx,
            Kind::TlsLeaf,
            leaf.certificate,
            leaf.key,
            leaf_until,
            now,
        )?;
        Ok::<_, StoreError>(())
    })?;
    Ok(kept)
}

/// Whether the leaf names every host.
fn covers(leaf: &[u8], hosts: &[String]) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(leaf) else {
        return false;
    };
    let names: Vec<String> = certificate
        .extensions()
        .iter()
        .filter_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
            _ => None,
        })
        .flatten()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        })
        .collect();
    hosts.iter().all(|host| names.contains(host))
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    <[u8; 16]>::try_from(bytes)
        .ok()
        .map(|sixteen| std::net::Ipv6Addr::from(sixteen).to_string())
}
