//! Makes documents that a service provider must refuse: every attack class of signature wrapping,
//! reference and transform abuse, XML tricks and encryption tricks that is known from other
//! implementations, and validly signed documents that are odd.
//!
//! Stands alone (no fixture), so that another test can post the same documents to a server.

mod encryption;
mod keys;
pub(crate) mod logout;
mod oddities;
mod published;
mod references;
mod wrapping;
mod xml_tricks;

use bergshamra_dsig::{DsigContext, sign::sign_owned};
use bergshamra_keys::{KeysManager, loader::load_hmac_key};
use portcullis::demo::identity_provider::{
    Algorithm, Cipher, Encryption, IdentityProvider, ResponseSpec, encrypted,
};

/// Whom an attacker would like to be. In the provider's domain, so that no domain check hides
/// that a signature check is missing.
pub(crate) const MALLORY: &str = "mallory@acme.com";

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const EXC: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const RESPONSE_END: &str = "</saml2p:Response>";
const ASSERTION_END: &str = "</saml2:Assertion>";
const SIGNATURE_END: &str = "</ds:Signature>";

/// A document to be refused, with the code it must be refused with.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) code: &'static str,
    pub(crate) xml: String,
}

/// What the documents are made from.
pub(crate) struct Workshop<'a> {
    /// The provider's own identity provider; its key signs the odd documents.
    pub(crate) idp: &'a IdentityProvider,
    /// An attacker's, with the same names and another key.
    pub(crate) impostor: &'a IdentityProvider,
    /// DER of the service provider's encryption certificate.
    pub(crate) recipient: &'a [u8],
    /// What it is encrypted with.
    pub(crate) ciphers: Ciphers,
    /// A response that would be accepted.
    pub(crate) spec: ResponseSpec<'a>,
}

/// AES with one length of key.
#[derive(Clone, Copy)]
pub(crate) struct Ciphers {
    gcm: Cipher,
    cbc: Cipher,
    /// GCM with a key of another length.
    other: Cipher,
}

pub(crate) const AES_128: Ciphers = Ciphers {
    gcm: Cipher::Aes128Gcm,
    cbc: Cipher::Aes128Cbc,
    other: Cipher::Aes256Gcm,
};
pub(crate) const AES_256: Ciphers = Ciphers {
    gcm: Cipher::Aes256Gcm,
    cbc: Cipher::Aes256Cbc,
    other: Cipher::Aes128Gcm,
};

/// Every attack document.
pub(crate) fn documents(workshop: &Workshop<'_>) -> Vec<Attack> {
    let mut list = List(Vec::new());
    workshop.wrapping(&mut list);
    workshop.references(&mut list);
    workshop.keys(&mut list);
    workshop.oddities(&mut list);
    workshop.xml_tricks(&mut list);
    workshop.encryption(&mut list);
    workshop.published(&mut list);
    list.0
}

struct List(Vec<Attack>);

impl List {
    fn add(&mut self, name: &'static str, code: &'static str, xml: String) {
        self.0.push(Attack { name, code, xml });
    }
}

fn between<'x>(xml: &'x str, start: &str, end: &str) -> &'x str {
    let from = xml.find(start).unwrap();
    let to = from + xml[from..].find(end).unwrap() + end.len();
    &xml[from..to]
}

fn assertion_of(xml: &str) -> &str {
    between(xml, "<saml2:Assertion", ASSERTION_END)
}

fn signature_of(xml: &str) -> &str {
    between(xml, "<ds:Signature ", SIGNATURE_END)
}

/// `added` in front of the last `end`.
fn before(xml: &str, end: &str, added: &str) -> String {
    let at = xml.rfind(end).unwrap();
    format!("{}{added}{}", &xml[..at], &xml[at..])
}

fn after(xml: &str, what: &str, added: &str) -> String {
    let at = xml.find(what).unwrap() + what.len();
    format!("{}{added}{}", &xml[..at], &xml[at..])
}

fn without(xml: &str, part: &str) -> String {
    assert!(xml.contains(part));
    xml.replacen(part, "", 1)
}

impl Workshop<'_> {
    fn issue(&self, sign_response: bool, sign_assertion: bool) -> String {
        let spec = ResponseSpec {
            sign_response,
            sign_assertion,
            ..self.spec.clone()
        };
        self.idp.issue(&spec).unwrap()
    }

    fn id(&self) -> &str {
        self.spec.assertion_id
    }

    /// The assertion under another ID, for Mallory, without a signature.
    fn evil(&self, assertion: &str) -> String {
        let bare = match assertion.contains("<ds:Signature ") {
            true => without(assertion, signature_of(assertion)),
            false => assertion.to_owned(),
        };
        bare.replace(self.id(), "evil")
            .replace(self.spec.name_id, MALLORY)
    }

    /// An unsigned response with an empty signature in its assertion, changed by `change`, then
    /// signed with the real key if the library can.
    fn signed_oddly(&self, change: impl Fn(&str) -> String) -> String {
        let unsigned = self.issue(false, false);
        let template = self.idp.signature_template(self.id(), Algorithm::Sha256);
        let assertion = after(assertion_of(&unsigned), "</saml2:Issuer>", &template);
        let changed = change(&assertion);
        let signed = self.idp.sign(changed.clone()).unwrap_or(changed);
        unsigned.replace(assertion_of(&unsigned), &signed)
    }

    fn encrypt(&self, plaintext: &str) -> String {
        let encryption = Encryption {
            certificate: self.recipient,
            cipher: self.ciphers.gcm,
        };
        encrypted(plaintext, &encryption).unwrap()
    }

    /// An unsigned response whose encrypted assertion has `plaintext`.
    fn sealed(&self, plaintext: &str) -> String {
        let outer = self.issue(false, false);
        outer.replace(assertion_of(&outer), &self.encrypt(plaintext))
    }
}
