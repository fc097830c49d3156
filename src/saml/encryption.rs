//! Opens an EncryptedAssertion (SAML core section 2.3.4, XML Encryption sections 3.4 and 3.5).
//!
//! The structure is read here and only the primitives are the library's: its `decrypt` takes the
//! first EncryptedData of a document and whatever algorithm that names, and finds an EncryptedKey
//! beside its EncryptedData, as OpenSAML writes it, only through a RetrievalMethod. Here all
//! algorithms are checked before any key is touched, and the key may stand inside or beside.
//!
//! Everything after that is one [`Reason::DecryptionFailed`], whatever went wrong: an attacker
//! who could tell a wrong padding from wrong XML could read somebody else's assertion. What
//! exactly failed stays in the trace. The work is the same too, as far as can be: an EncryptedKey
//! that doesn't open goes on as a key that fits nothing ([`DecryptionKey`]), and in place of a
//! plaintext that can't be read a decoy is verified ([`Sealed::decoy`]).
//!
//! AES-CBC says nothing about who made a ciphertext, so it is opened under a signature only.

use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_xml::nodeset::NodeSet;
use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::saml::algorithm::{
    ENCRYPTED_ELEMENT, ENCRYPTED_KEY, KEY_TRANSPORTS, OAEP_DEFAULT_MASK, OAEP_DIGESTS, OAEP_MASKS,
    SHA1,
};
use crate::saml::content_cipher::ContentCipher;
use crate::saml::decryption_key::{DecryptionKey, WrappedKey, padding};
use crate::saml::refusal::{Problem, Reason};
use crate::saml::xml::{self, ASSERTION, DSIG, Element, Single, XENC, XENC11, escape};

/// What is expected of what is encrypted.
pub(super) const LAYOUT: &str = "one EncryptedData with its EncryptedKey";
pub(super) const ALGORITHMS: &str = "AES-GCM or AES-CBC, the key by RSA-OAEP";
pub(super) const KEY: &str = "a key to decrypt with";
/// One per recipient; each may cost an RSA operation for each of our keys.
const MAX_ENCRYPTED_KEYS: usize = 4;

const DECOY_START: &str = concat!(
    r#"<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="decoy" Version="2.0">"#,
    r#"<a:Issuer>decoy</a:Issuer><s:Signature xmlns:s="http://www.w3.org/2000/09/xmldsig#">"#,
    r#"<s:SignedInfo><s:CanonicalizationMethod "#,
    r#"Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><s:SignatureMethod "#,
    r#"Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>"#,
    r##"<s:Reference URI="#decoy"><s:Transforms><s:Transform "##,
    r#"Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><s:Transform "#,
    r#"Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></s:Transforms><s:DigestMethod "#,
    r#"Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><s:DigestValue>"#,
    r#"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</s:DigestValue></s:Reference>"#,
    r#"</s:SignedInfo><s:SignatureValue>AAAA</s:SignatureValue></s:Signature>"#,
    r#"<a:Subject/><a:AttributeStatement>"#,
);
const DECOY_END: &str = "</a:AttributeStatement></a:Assertion>";

/// The parts of an EncryptedAssertion or EncryptedID, with allowed algorithms only.
pub(super) struct Sealed<'d> {
    around: Element<'d>,
    algorithm: &'d str,
    cipher: ContentCipher,
    ciphertext: Vec<u8>,
    wrapped: Vec<WrappedKey>,
}

/// The one public answer to everything that happens after decrypting.
pub(super) fn failed(detail: impl Into<String>) -> Problem {
    Problem::new(
        Reason::DecryptionFailed,
        "one signed Assertion, encrypted to the certificate in our metadata",
        detail,
    )
}

impl<'d> Sealed<'d> {
    /// Reads the element around EncryptedData. No key is touched.
    pub(super) fn read(encrypted: Element<'d>) -> Result<Self, Problem> {
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
        let cipher = named_algorithm(data);
        Ok(Self {
            around: encrypted,
            algorithm: cipher,
            cipher: ContentCipher::of(cipher)
                .ok_or_else(|| not_allowed(Reason::EncryptionAlgorithmNotAllowed, cipher))?,
            ciphertext: cipher_value(data)?,
            wrapped: encrypted_keys
                .into_iter()
                .map(wrapped_key)
                .collect::<Result<_, _>>()?,
        })
    }

    /// How many wrapped keys it has.
    pub(super) fn keys(&self) -> usize {
        self.wrapped.len()
    }

    /// The content cipher as the document names it.
    pub(super) fn algorithm(&self) -> &str {
        self.algorithm
    }

    /// Whether the ciphertext can be changed and still opens.
    pub(super) fn is_malleable(&self) -> bool {
        self.cipher.is_malleable()
    }

    /// The plaintext as a document whose root is `{assertion namespace}local`. `Err` says what
    /// went wrong, for the trace alone.
    ///
    /// Each of our keys is tried on each wrapped key, to the end, also after one has opened: how
    /// long it takes says nothing about which of them did, or whether any.
    pub(super) fn open(
        &self,
        keys: &[DecryptionKey],
        local: &str,
    ) -> Result<Zeroizing<String>, &'static str> {
        let mut opened = None;
        for wrapped in &self.wrapped {
            for key in keys {
                let content_key = key.content_key(wrapped, self.cipher.key_length());
                let plaintext = self.cipher.open(&content_key, &self.ciphertext);
                opened = opened.or(plaintext);
            }
        }
        let plaintext = opened.ok_or("no key opens it, or the ciphertext was changed")?;
        let text = std::str::from_utf8(&plaintext).map_err(|_| "the plaintext is no text")?;
        standalone(self.around, text, local).ok_or("the plaintext is not the one element")
    }

    /// Text like an Assertion of about the length that the plaintext has, with a signature that
    /// doesn't hold. Where decrypting fails, this is verified instead, so that it takes as long as
    /// if there had been a plaintext.
    pub(super) fn decoy(&self) -> String {
        let attribute = "<a:Attribute Name=\"decoy\"><a:AttributeValue>decoy</a:AttributeValue>\
                         </a:Attribute>";
        let frame = DECOY_START.len() + DECOY_END.len();
        let rest = self.ciphertext.len().saturating_sub(frame);
        let filling = attribute.repeat(rest / attribute.len());
        format!("{DECOY_START}{filling}{DECOY_END}")
    }
}

/// The NameID inside an EncryptedID (SAML core section 2.2.4), as a document of its own. The
/// EncryptedID must be signed: whatever is encrypted in it, nobody else put it there.
pub(super) fn name_id(
    encrypted_id: Element<'_>,
    keys: &[DecryptionKey],
) -> Result<Zeroizing<String>, Problem> {
    let sealed = Sealed::read(encrypted_id)?;
    demand_key(keys, "an encrypted NameID")?;
    sealed.open(keys, "NameID").map_err(failed)
}

/// Refuses what is encrypted where there is no key at all.
pub(super) fn demand_key(keys: &[DecryptionKey], got: &str) -> Result<(), Problem> {
    if keys.is_empty() {
        return Err(Problem::new(Reason::DecryptionKeyMissing, KEY, got));
    }
    Ok(())
}

fn wrapped_key(element: Element<'_>) -> Result<WrappedKey, Problem> {
    let reason = Reason::KeyTransportNotAllowed;
    let transport = named_algorithm(element);
    if !KEY_TRANSPORTS.contains(&transport) {
        return Err(not_allowed(reason, transport));
    }
    let (mut digest, mut mask, mut label) = (SHA1, OAEP_DEFAULT_MASK, None);
    let method = element.single(XENC, "EncryptionMethod").one();
    for parameter in method.into_iter().flat_map(Element::children) {
        let algorithm = parameter.attribute("Algorithm").unwrap_or("");
        if parameter.is(DSIG, "DigestMethod") && OAEP_DIGESTS.contains(&algorithm) {
            digest = algorithm;
        } else if parameter.is(XENC11, "MGF") && OAEP_MASKS.contains(&algorithm) {
            mask = algorithm;
        } else if parameter.is(XENC, "OAEPparams") {
            label = Some(base64(&parameter.text())?);
        } else if algorithm.is_empty() {
            return Err(not_allowed(reason, parameter.local_name()));
        } else {
            return Err(not_allowed(reason, algorithm));
        }
    }
    let padding = padding(digest, mask).ok_or_else(|| {
        let got = format!("RSA-OAEP with the digest {digest} and the mask {mask}");
        not_allowed(reason, &got)
    })?;
    Ok(WrappedKey {
        padding,
        label,
        ciphertext: cipher_value(element)?,
    })
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

/// The algorithm of the only EncryptionMethod.
fn named_algorithm(element: Element<'_>) -> &str {
    element
        .single(XENC, "EncryptionMethod")
        .one()
        .and_then(|m| m.attribute("Algorithm"))
        .unwrap_or("none")
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
    Problem::new(Reason::EncryptionStructure, LAYOUT, got)
}

fn not_allowed(reason: Reason, got: &str) -> Problem {
    let expected = match reason {
        Reason::KeyTransportNotAllowed => "RSA-OAEP with the same hash for digest and mask",
        _ => "AES-GCM or AES-CBC with 128 or 256 bits",
    };
    Problem::new(reason, expected, got)
}

/// The plaintext as a document whose root is the wanted element. Most identity providers encrypt such
/// a document; those that rely on namespaces declared around the EncryptedData (XML Encryption
/// section 4.3.3) get them back, for which the plaintext is parsed inside an element that
/// declares them and then canonicalized with all of them.
fn standalone(encrypted: Element<'_>, plaintext: &str, local: &str) -> Option<Zeroizing<String>> {
    if let Ok(document) = xml::parse(plaintext)
        && let Some(root) = Element::root(&document)
    {
        return root
            .is(ASSERTION, local)
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
    let wanted = root.single(ASSERTION, local).one()?;
    if root.local_name() != "w" || root.children().count() != 1 {
        return None;
    }
    let prefixes: Vec<&str> = namespaces.iter().map(|(prefix, _)| *prefix).collect();
    let nodes = NodeSet::tree_without_comments(wanted.id(), &document);
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
