//! Opens an EncryptedAssertion (SAML core section 2.3.4, XML Encryption sections 3.4 and 3.5).
//!
//! The structure is read here and only the primitives are the library's: its `decrypt` takes the
//! first EncryptedData of a document and whatever algorithm that names, and finds an EncryptedKey
//! beside its EncryptedData, as OpenSAML writes it, only through a RetrievalMethod. Here all
//! algorithms are checked before any key is touched, and the key may stand inside or beside.
//!
//! Everything after that is one [`Reason::DecryptionFailed`], whatever went wrong: an attacker
//! who could tell a wrong padding from wrong XML could read somebody else's assertion. What
//! exactly failed stays in the trace.

use std::fmt;

use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_crypto::cipher;
use bergshamra_crypto::keytransport::{OaepParams, from_uri_with_params};
use bergshamra_keys::Key;
use bergshamra_keys::loader::load_pem_auto;
use bergshamra_xml::nodeset::NodeSet;
use data_encoding::BASE64;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::saml::algorithm::{
    CIPHERS, ENCRYPTED_ELEMENT, ENCRYPTED_KEY, KEY_TRANSPORTS, OAEP_DIGESTS, OAEP_MASKS,
};
use crate::saml::refusal::{Problem, Reason};
use crate::saml::xml::{self, ASSERTION, DSIG, Element, Single, XENC, XENC11, escape};

/// One per recipient; each may cost an RSA operation for each of our keys.
const MAX_ENCRYPTED_KEYS: usize = 4;

/// A private key that assertions are encrypted to. `Debug` shows nothing of it.
pub struct DecryptionKey(Key);

/// The key is not a PKCS#8 RSA private key.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the decryption key is not an RSA private key in PKCS#8 DER")]
pub struct DecryptionKeyError;

impl DecryptionKey {
    /// Reads an RSA private key from PKCS#8 DER.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, DecryptionKeyError> {
        // The key loader speaks PEM only.
        let mut pem = Zeroizing::new(String::from("-----BEGIN PRIVATE KEY-----\n"));
        let base64 = Zeroizing::new(BASE64.encode(der));
        for line in base64.as_bytes().chunks(64) {
            pem.push_str(std::str::from_utf8(line).unwrap_or_default());
            pem.push('\n');
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        let key = load_pem_auto(pem.as_bytes(), None).map_err(|_| DecryptionKeyError)?;
        if key.algorithm_name() != "RSA" || !key.has_private_key() {
            return Err(DecryptionKeyError);
        }
        Ok(Self(key))
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecryptionKey(..)")
    }
}

/// The Assertion inside `encrypted`, as a document of its own.
pub(super) fn decrypt(
    encrypted: Element<'_>,
    keys: &[DecryptionKey],
) -> Result<Zeroizing<String>, Problem> {
    let sealed = Sealed::read(encrypted)?;
    if keys.is_empty() {
        let got = "an encrypted assertion";
        return Err(Problem::new(
            Reason::DecryptionKeyMissing,
            "a key to decrypt with",
            got,
        ));
    }
    let plaintext = sealed
        .open(keys)
        .ok_or_else(|| failed("no key opens it, or the ciphertext was changed"))?;
    let text = std::str::from_utf8(&plaintext).map_err(|_| failed("the plaintext is no text"))?;
    standalone(encrypted, text).ok_or_else(|| failed("the plaintext is not one Assertion"))
}

/// The one public answer to everything that happens after decrypting.
pub(super) fn failed(detail: &str) -> Problem {
    Problem::new(
        Reason::DecryptionFailed,
        "one signed Assertion, encrypted to the certificate in our metadata",
        detail,
    )
}

/// The parts of an EncryptedAssertion, with allowed algorithms only.
struct Sealed {
    cipher: &'static str,
    ciphertext: Vec<u8>,
    wrapped: Vec<WrappedKey>,
}

struct WrappedKey {
    transport: &'static str,
    parameters: OaepParams,
    ciphertext: Vec<u8>,
}

impl Sealed {
    fn read(encrypted: Element<'_>) -> Result<Self, Problem> {
        let Single::One(data) = encrypted.single(XENC, "EncryptedData") else {
            return Err(structure("not exactly one EncryptedData"));
        };
        let mut encrypted_keys: Vec<_> = encrypted.named(XENC, "EncryptedKey").collect();
        if encrypted.children().count() != encrypted_keys.len() + 1 {
            return Err(structure("other elements beside EncryptedData"));
        }
        if !matches!(data.attribute("Type"), None | Some(ENCRYPTED_ELEMENT)) {
            return Err(structure("EncryptedData is not of the type Element"));
        }
        match data.single(DSIG, "KeyInfo") {
            Single::One(info) => {
                check_retrieval(info, &encrypted_keys)?;
                encrypted_keys.extend(info.named(XENC, "EncryptedKey"));
            }
            Single::None => {}
            Single::Several => return Err(structure("several KeyInfo")),
        }
        if encrypted_keys.is_empty() || encrypted_keys.len() > MAX_ENCRYPTED_KEYS {
            let got = format!("{} EncryptedKey elements", encrypted_keys.len());
            return Err(structure(&got));
        }
        Ok(Self {
            cipher: allowed(data, CIPHERS, Reason::EncryptionAlgorithmNotAllowed)?,
            ciphertext: cipher_value(data)?,
            wrapped: encrypted_keys
                .into_iter()
                .map(WrappedKey::read)
                .collect::<Result<_, _>>()?,
        })
    }

    /// Tries each of our keys on each wrapped key.
    fn open(&self, keys: &[DecryptionKey]) -> Option<Zeroizing<Vec<u8>>> {
        let cipher = cipher::from_uri(self.cipher).ok()?;
        self.wrapped
            .iter()
            .flat_map(|wrapped| keys.iter().map(move |key| wrapped.open(key)))
            .flatten()
            .find_map(|content_key| cipher.decrypt(&content_key, &self.ciphertext).ok())
            .map(Zeroizing::new)
    }
}

impl WrappedKey {
    fn read(element: Element<'_>) -> Result<Self, Problem> {
        let reason = Reason::KeyTransportNotAllowed;
        let transport = allowed(element, KEY_TRANSPORTS, reason)?;
        let mut parameters = OaepParams::default();
        let method = element.single(XENC, "EncryptionMethod").one();
        for parameter in method.into_iter().flat_map(Element::children) {
            let algorithm = parameter.attribute("Algorithm").unwrap_or("");
            if parameter.is(DSIG, "DigestMethod") {
                if !OAEP_DIGESTS.contains(&algorithm) {
                    return Err(not_allowed(reason, algorithm));
                }
                parameters.digest_uri = Some(algorithm.to_owned());
            } else if parameter.is(XENC11, "MGF") {
                if !OAEP_MASKS.contains(&algorithm) {
                    return Err(not_allowed(reason, algorithm));
                }
                parameters.mgf_uri = Some(algorithm.to_owned());
            } else if parameter.is(XENC, "OAEPparams") {
                parameters.oaep_params = Some(base64(&parameter.text())?);
            } else {
                return Err(not_allowed(reason, parameter.local_name()));
            }
        }
        Ok(Self {
            transport,
            parameters,
            ciphertext: cipher_value(element)?,
        })
    }

    fn open(&self, key: &DecryptionKey) -> Option<Zeroizing<Vec<u8>>> {
        let transport = from_uri_with_params(self.transport, self.parameters.clone()).ok()?;
        let private = key.0.software_key().ok()??;
        let opened = transport.decrypt(&private, &self.ciphertext).ok()?;
        Some(Zeroizing::new(opened))
    }
}

/// A RetrievalMethod may only point at an EncryptedKey beside the EncryptedData.
fn check_retrieval(info: Element<'_>, beside: &[Element<'_>]) -> Result<(), Problem> {
    for method in info.named(DSIG, "RetrievalMethod") {
        let target = method
            .attribute("URI")
            .and_then(|uri| uri.strip_prefix('#'));
        let known = target.is_some_and(|id| beside.iter().any(|k| k.attribute("Id") == Some(id)));
        let right_type = matches!(method.attribute("Type"), None | Some(ENCRYPTED_KEY));
        if !known || !right_type || method.children().next().is_some() {
            return Err(structure("a RetrievalMethod that points elsewhere"));
        }
    }
    Ok(())
}

/// The algorithm of the only EncryptionMethod, if it is on the list.
fn allowed(
    element: Element<'_>,
    list: &[&'static str],
    reason: Reason,
) -> Result<&'static str, Problem> {
    let named = element
        .single(XENC, "EncryptionMethod")
        .one()
        .and_then(|m| m.attribute("Algorithm"))
        .unwrap_or("none");
    list.iter()
        .find(|uri| **uri == named)
        .copied()
        .ok_or_else(|| not_allowed(reason, named))
}

fn cipher_value(element: Element<'_>) -> Result<Vec<u8>, Problem> {
    let value = element
        .single(XENC, "CipherData")
        .one()
        .and_then(|data| data.single(XENC, "CipherValue").one())
        .ok_or_else(|| structure("not exactly one CipherValue"))?;
    base64(&value.text())
}

fn base64(text: &str) -> Result<Vec<u8>, Problem> {
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    BASE64
        .decode(compact.as_bytes())
        .map_err(|_| structure("a value that is not base64"))
}

fn structure(got: &str) -> Problem {
    let expected = "one EncryptedData with its EncryptedKey";
    Problem::new(Reason::EncryptionStructure, expected, got)
}

fn not_allowed(reason: Reason, got: &str) -> Problem {
    let expected = match reason {
        Reason::KeyTransportNotAllowed => "RSA-OAEP",
        _ => "AES-GCM or AES-CBC with 128 or 256 bits",
    };
    Problem::new(reason, expected, got)
}

/// The plaintext as a document whose root is the Assertion. Most identity providers encrypt such
/// a document; those that rely on namespaces declared around the EncryptedData (XML Encryption
/// section 4.3.3) get them back, for which the plaintext is parsed inside an element that
/// declares them and then canonicalized with all of them.
fn standalone(encrypted: Element<'_>, plaintext: &str) -> Option<Zeroizing<String>> {
    if let Ok(document) = xml::parse(plaintext)
        && let Some(root) = Element::root(&document)
    {
        return root
            .is(ASSERTION, "Assertion")
            .then(|| Zeroizing::new(plaintext.to_owned()));
    }
    let namespaces = namespaces_in_scope(encrypted);
    let mut wrapped = Zeroizing::new(String::from("<w"));
    for (prefix, uri) in &namespaces {
        let colon = if prefix.is_empty() { "" } else { ":" };
        wrapped.push_str(&format!(" xmlns{colon}{prefix}=\"{}\"", escape(uri)));
    }
    wrapped.push('>');
    wrapped.push_str(plaintext);
    wrapped.push_str("</w>");
    let document = xml::parse(&wrapped).ok()?;
    let root = Element::root(&document)?;
    let assertion = root.single(ASSERTION, "Assertion").one()?;
    if root.local_name() != "w" || root.children().count() != 1 {
        return None;
    }
    let prefixes: Vec<&str> = namespaces.iter().map(|(prefix, _)| *prefix).collect();
    let nodes = NodeSet::tree_without_comments(assertion.id(), &document);
    let bytes = canonicalize_doc(&document, C14nMode::Exclusive, Some(&nodes), &prefixes).ok()?;
    String::from_utf8(bytes).ok().map(Zeroizing::new)
}

/// Innermost declaration first, each prefix once.
fn namespaces_in_scope(element: Element<'_>) -> Vec<(&str, &str)> {
    let mut found: Vec<(&str, &str)> = Vec::new();
    let mut here = Some(element);
    while let Some(current) = here {
        for (prefix, uri) in current.declared_namespaces() {
            if !found.iter().any(|(known, _)| *known == prefix) {
                found.push((prefix, uri));
            }
        }
        here = current.parent();
    }
    found.retain(|(prefix, _)| *prefix != "xml");
    found
}
