//! Verifies signatures with pinned keys and hands out the signed bytes, and nothing else.
//!
//! "See what is signed": after the library has said that a digest is right, the same element is
//! canonicalized once more, hashed, and compared with the digest that was verified. Those bytes
//! are parsed anew, and every value that identifies somebody is read from that second document.
//! Whatever the first document held besides is gone.

use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_crypto::digest::digest;
use bergshamra_dsig::DsigContext;
use bergshamra_dsig::verify::{VerifyResult, verify_all_document_with_source};
use bergshamra_keys::KeysManager;
use bergshamra_keys::loader::load_x509_cert_der;
use bergshamra_xml::nodeset::NodeSet;
use data_encoding::BASE64;
use uppsala::Document;

use crate::saml::algorithm::{Hashes, RSA_SHA1, SHA1};
use crate::saml::certificate::{Certificate, fingerprint};
use crate::saml::refusal::{Problem, Reason};
use crate::saml::xml::{DSIG, Element};

/// What is expected of a provider.
pub(super) const PINNED: &str = "a stored certificate";

/// The signing certificates of one provider. Only keys from here verify anything; certificates
/// and keys inside a response are never used, and a trust without certificates refuses all.
pub struct Trust {
    context: DsigContext,
    fingerprints: Vec<String>,
    hashes: Hashes,
}

impl Trust {
    /// Pins all of `certificates`: during a rollover there are several.
    pub fn new(certificates: &[Certificate]) -> Self {
        let mut keys = KeysManager::new();
        let mut fingerprints = Vec::new();
        for certificate in certificates {
            // `Certificate` has made sure that its key loads.
            if let Ok(key) = load_x509_cert_der(&certificate.der) {
                keys.add_key(key);
                fingerprints.push(certificate.fingerprint());
            }
        }
        Self {
            context: DsigContext::new(keys),
            fingerprints,
            hashes: Hashes::Strong,
        }
    }

    /// Takes RSA with SHA-1, and SHA-1 digests, too, if `allowed`: an operator's decision for one
    /// identity provider, which has an end.
    #[must_use]
    pub fn with_sha1(self, allowed: bool) -> Self {
        let hashes = if allowed {
            Hashes::WithSha1
        } else {
            Hashes::Strong
        };
        Self { hashes, ..self }
    }

    /// What its signatures may be made with.
    pub(super) fn hashes(&self) -> Hashes {
        self.hashes
    }

    /// How many certificates it has.
    pub(super) fn stored(&self) -> usize {
        self.fingerprints.len()
    }

    fn described(&self) -> String {
        format!(
            "a signature by the certificate with SHA-256 {}",
            self.fingerprints.join(" or ")
        )
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Trust").field(&self.fingerprints).finish()
    }
}

/// Bytes that were under a verified digest.
#[derive(Debug)]
pub(super) struct Signed {
    /// The canonical form of the signed element without its own Signature.
    pub(super) xml: String,
    /// For the trace: which elements were signed, and how.
    pub(super) summary: String,
    /// The SHA-256 of the pinned certificate that verified it, if the library says which.
    pub(super) certificate: Option<String>,
    /// Whether SHA-1 had a part in it.
    pub(super) sha1: bool,
}

/// Verifies every one of `signatures`, which must be all of `document` and have passed
/// [`crate::saml::shape`]. The outermost signed element is returned; `None` if nothing is signed.
pub(super) fn verify(
    trust: &Trust,
    document: &Document<'_>,
    source: &str,
    signatures: &[Element<'_>],
) -> Result<Option<Signed>, Problem> {
    if trust.fingerprints.is_empty() {
        let got = "a provider without certificates";
        return Err(Problem::new(
            Reason::ProviderWithoutCertificate,
            PINNED,
            got,
        ));
    }
    let Some(first) = signatures.first() else {
        return Ok(None);
    };
    let invalid = |got: &str| Problem::new(Reason::SignatureInvalid, trust.described(), got);
    let results = verify_all_document_with_source(&trust.context, document, Some(source))
        .map_err(|error| invalid(&error.to_string()))?;
    if results.len() != signatures.len() {
        return Err(invalid("another number of signatures than expected"));
    }
    for (result, signature) in results.iter().zip(signatures) {
        check_result(trust, result, *signature)?;
    }
    // A Response's signature is the one directly under the root, and covers the assertion too.
    let root = document.document_element();
    let outermost = signatures
        .iter()
        .find(|s| s.parent().map(Element::id) == root)
        .unwrap_or(first);
    let xml = signed_bytes(document, *outermost)
        .ok_or_else(|| invalid("recomputing the digest gave another value"))?;
    let summary: Vec<_> = signatures.iter().map(|s| described(*s)).collect();
    Ok(Some(Signed {
        xml,
        summary: summary.join("; "),
        certificate: results
            .first()
            .and_then(|result| verified_by(trust, result)),
        sha1: signatures.iter().any(|s| uses_sha1(*s)),
    }))
}

/// The pinned certificate whose key verified this. A document that verifies is signed by one
/// identity provider, so the first signature's is told.
fn verified_by(trust: &Trust, result: &VerifyResult) -> Option<String> {
    let VerifyResult::Valid { key_info, .. } = result else {
        return None;
    };
    let known = key_info.x509_chain.first().map(|der| fingerprint(der));
    known
        .filter(|it| trust.fingerprints.contains(it))
        .or_else(|| match trust.fingerprints.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        })
}

/// The library's word on one signature, tied to the element it was asked about.
fn check_result(
    trust: &Trust,
    result: &VerifyResult,
    signature: Element<'_>,
) -> Result<(), Problem> {
    let invalid = |got: &str| Problem::new(Reason::SignatureInvalid, trust.described(), got);
    match result {
        VerifyResult::Valid {
            signature_node,
            references,
            ..
        } => {
            let [reference] = references.as_slice() else {
                return Err(invalid("not exactly one reference"));
            };
            let covers_parent = *signature_node == signature.id()
                && reference.digest_verified
                && reference.resolved_node.is_some()
                && reference.resolved_node == signature.parent().map(Element::id);
            if !covers_parent {
                return Err(invalid("the signature covers another element"));
            }
            Ok(())
        }
        VerifyResult::Invalid { reason } => match unknown_certificate(trust, signature) {
            Some(other) => {
                let got = format!("a signature that names the certificate with SHA-256 {other}");
                Err(Problem::new(
                    Reason::CertificateUnknown,
                    trust.described(),
                    got,
                ))
            }
            None => Err(invalid(reason)),
        },
    }
}

/// The certificate that a failed signature names, if it isn't a pinned one. Only for telling the
/// administrator about a rollover; never trusted.
fn unknown_certificate(trust: &Trust, signature: Element<'_>) -> Option<String> {
    let text = signature
        .subtree()
        .find(|e| e.is(DSIG, "X509Certificate"))?
        .text();
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let named = fingerprint(&BASE64.decode(compact.as_bytes()).ok()?);
    (!trust.fingerprints.contains(&named)).then_some(named)
}

/// The parent of `signature` without it, canonicalized as its Reference says, if that hashes to
/// the DigestValue.
fn signed_bytes(document: &Document<'_>, signature: Element<'_>) -> Option<String> {
    let parent = signature.parent()?;
    let reference = signature
        .single(DSIG, "SignedInfo")
        .one()?
        .single(DSIG, "Reference")
        .one()?;
    let transforms = reference.single(DSIG, "Transforms").one()?;
    let prefixes: Vec<&str> = transforms
        .children()
        .last()?
        .children()
        .next()
        .and_then(|inclusive| inclusive.attribute("PrefixList"))
        .map(|list| list.split_ascii_whitespace().collect())
        .unwrap_or_default();
    let mut nodes = NodeSet::tree_without_comments(parent.id(), document);
    nodes.remove_id(signature.id());
    for below in document.descendants(signature.id()) {
        nodes.remove_id(below);
    }
    let bytes = canonicalize_doc(document, C14nMode::Exclusive, Some(&nodes), &prefixes).ok()?;
    let method = reference.single(DSIG, "DigestMethod").one()?;
    let computed = digest(method.attribute("Algorithm")?, &bytes).ok()?;
    let value = reference.single(DSIG, "DigestValue").one()?.text();
    let compact: String = value.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let claimed = BASE64.decode(compact.as_bytes()).ok()?;
    (!bytes.is_empty() && !claimed.is_empty() && computed == claimed)
        .then(|| String::from_utf8(bytes).ok())?
}

fn uses_sha1(signature: Element<'_>) -> bool {
    signature
        .subtree()
        .filter(|e| e.is(DSIG, "SignatureMethod") || e.is(DSIG, "DigestMethod"))
        .any(|e| matches!(e.attribute("Algorithm"), Some(RSA_SHA1 | SHA1)))
}

fn described(signature: Element<'_>) -> String {
    let what = signature.parent().map_or("", Element::local_name);
    let algorithm = signature
        .subtree()
        .find(|e| e.is(DSIG, "SignatureMethod"))
        .and_then(|m| m.attribute("Algorithm"))
        .and_then(|uri| uri.rsplit('#').next())
        .unwrap_or("");
    format!("{what} signed with {algorithm}")
}
