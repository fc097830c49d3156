//! Makes responses that can't be decrypted, or have the wrong thing inside, in every way that an
//! attacker could want to tell apart.

use data_encoding::BASE64;
use portcullis::demo::identity_provider::{Cipher, ResponseSpec};

use super::encryption::{Sealing, name_id, sign_around, with_subject_of};
use super::fixture::*;

const ASSERTION_END: &str = "</saml2:Assertion>";

/// Responses of one layout that fail, in the ways that an attacker could want to tell apart. Which
/// layout it is, is everybody's to see; only within one is there something to find out.
pub(crate) struct Family {
    /// The first of the kinds depend on what only our key knows; so many. The plaintext of the others
    /// is whoever encrypted it's own.
    pub(crate) of_secrets: usize,
    /// What is wrong, and the form value.
    pub(crate) kinds: Vec<(&'static str, String)>,
}

impl Family {
    fn new(of_secrets: usize, kinds: Vec<(&'static str, String)>) -> Self {
        let kinds = kinds
            .into_iter()
            .map(|(kind, xml)| (kind, BASE64.encode(xml.as_bytes())))
            .collect();
        Self { of_secrets, kinds }
    }
}

/// All of them.
pub(crate) fn families(certificate: &[u8], spec: &ResponseSpec<'_>) -> [Family; 3] {
    [
        assertions_alone(certificate, spec),
        assertions_under_a_signature(certificate, spec),
        name_ids(certificate, spec),
    ]
}

/// AES-GCM under an unsigned Response, where anybody may vary the ciphertext.
pub(crate) fn assertions_alone(certificate: &[u8], spec: &ResponseSpec<'_>) -> Family {
    let parts = Parts::new(spec);
    let sealing = sealing(Cipher::Aes256Gcm, certificate);
    let assertion = parts.assertion();
    let sealed = |plaintext: &str| parts.around(&sealing.seal("EncryptedAssertion", plaintext));
    let genuine = sealed(assertion);
    let kinds = vec![
        (
            "wrong key",
            parts.around(&for_another(&sealing, "EncryptedAssertion", assertion)),
        ),
        ("wrong padding of the key", changed(&genuine, 0, flip(30))),
        (
            "key of another length",
            genuine.replace("aes256-gcm", "aes128-gcm"),
        ),
        ("wrong tag", changed(&genuine, 1, flip(450))),
        ("plaintext is not XML", sealed(&text(assertion))),
        (
            "plaintext is not an Assertion",
            sealed(&assertion.replace(":Assertion", ":Advice")),
        ),
        ("plaintext is not signed", sealed(&unsigned(assertion))),
        ("signed by another key", sealed(&forged(spec))),
        (
            "changed after signing",
            sealed(&assertion.replace("@acme.com", "@acme.org")),
        ),
    ];
    Family::new(4, kinds)
}

/// AES-CBC, which is opened under a signed Response only: each of these is signed as it is.
pub(crate) fn assertions_under_a_signature(certificate: &[u8], spec: &ResponseSpec<'_>) -> Family {
    let parts = Parts::new(spec);
    let sealing = sealing(Cipher::Aes256Cbc, certificate);
    let assertion = parts.assertion();
    let signed = |sealed: &str| sign_around(&parts.around(sealed), spec.response_id);
    let sealed = |plaintext: &str| signed(&sealing.seal("EncryptedAssertion", plaintext));
    let genuine = sealing.seal("EncryptedAssertion", assertion);
    let kinds = vec![
        (
            "wrong key",
            signed(&for_another(&sealing, "EncryptedAssertion", assertion)),
        ),
        (
            "wrong padding of the key",
            signed(&changed(&genuine, 0, flip(30))),
        ),
        (
            "key of another length",
            signed(&genuine.replace("aes256-cbc", "aes128-cbc")),
        ),
        (
            "wrong padding",
            signed(&changed(&genuine, 1, |bytes| bad_padding(bytes))),
        ),
        (
            "not whole blocks",
            signed(&changed(&genuine, 1, not_whole_blocks)),
        ),
        ("a block changed", signed(&changed(&genuine, 1, flip(450)))),
        ("plaintext is not XML", sealed(&text(assertion))),
        (
            "plaintext is not an Assertion",
            sealed(&assertion.replace(":Assertion", ":Advice")),
        ),
        ("signed by another key", sealed(&forged(spec))),
        (
            "changed after signing",
            sealed(&assertion.replace("@acme.com", "@acme.org")),
        ),
    ];
    Family::new(6, kinds)
}

/// An EncryptedID in a signed assertion: each of these is signed as it is.
pub(crate) fn name_ids(certificate: &[u8], spec: &ResponseSpec<'_>) -> Family {
    let gcm = sealing(Cipher::Aes256Gcm, certificate);
    let cbc = sealing(Cipher::Aes256Cbc, certificate);
    let name = name_id(PERSON);
    let (by_gcm, by_cbc) = (
        gcm.seal("EncryptedID", &name),
        cbc.seal("EncryptedID", &name),
    );
    let kinds = vec![
        ("GCM: wrong key", for_another(&gcm, "EncryptedID", &name)),
        (
            "GCM: wrong padding of the key",
            changed(&by_gcm, 0, flip(30)),
        ),
        (
            "GCM: key of another length",
            by_gcm.replace("aes256-gcm", "aes128-gcm"),
        ),
        ("GCM: wrong tag", changed(&by_gcm, 1, flip(30))),
        ("CBC: wrong key", for_another(&cbc, "EncryptedID", &name)),
        (
            "CBC: wrong padding of the key",
            changed(&by_cbc, 0, flip(30)),
        ),
        (
            "CBC: wrong padding",
            changed(&by_cbc, 1, |bytes| bad_padding(bytes)),
        ),
        (
            "CBC: not whole blocks",
            changed(&by_cbc, 1, not_whole_blocks),
        ),
        (
            "GCM: plaintext is not XML",
            gcm.seal("EncryptedID", &text(&name)),
        ),
        (
            "CBC: plaintext is not XML",
            cbc.seal("EncryptedID", &text(&name)),
        ),
        (
            "plaintext is not a NameID",
            gcm.seal("EncryptedID", &name.replace(":NameID", ":BaseID")),
        ),
    ];
    let kinds = kinds
        .into_iter()
        .map(|(kind, sealed)| (kind, with_subject_of(spec, &sealed)))
        .collect();
    Family::new(8, kinds)
}

fn sealing(cipher: Cipher, certificate: &[u8]) -> Sealing<'_> {
    Sealing {
        cipher: cipher.uri().to_owned(),
        recipients: vec![certificate],
        ..Sealing::usual()
    }
}

/// To a key that isn't ours. A wrapped key that is a larger number than our modulus is no ciphertext of
/// ours at all and is refused sooner. Both numbers are everybody's to see, so there is nothing to find
/// out, and such a one is none of these.
fn for_another(ours: &Sealing<'_>, around: &str, plaintext: &str) -> String {
    let other = recipient();
    let theirs = Sealing {
        recipients: vec![&other.certificate],
        ..ours.clone()
    };
    loop {
        let sealed = theirs.seal(around, plaintext);
        let mut wrapped = Vec::new();
        changed(&sealed, 0, |bytes| wrapped.clone_from(bytes));
        if wrapped.as_slice() < modulus(ours.recipients[0]) {
            return sealed;
        }
    }
}

/// The 256 bytes of an RSA key's modulus, behind their tag, length and sign in the certificate.
fn modulus(certificate: &[u8]) -> &[u8] {
    let head = [0x02, 0x82, 0x01, 0x01, 0x00];
    let at = certificate
        .windows(5)
        .position(|five| five == head)
        .unwrap()
        + head.len();
    &certificate[at..at + 256]
}

/// An unsigned Response, taken apart at its assertion, which is signed.
struct Parts {
    xml: String,
    start: usize,
    end: usize,
}

impl Parts {
    fn new(spec: &ResponseSpec<'_>) -> Self {
        let xml = IDP
            .issue(&ResponseSpec {
                sign_response: false,
                ..spec.clone()
            })
            .unwrap();
        let start = xml.find("<saml2:Assertion").unwrap();
        let end = xml.find(ASSERTION_END).unwrap() + ASSERTION_END.len();
        Self { xml, start, end }
    }

    fn assertion(&self) -> &str {
        &self.xml[self.start..self.end]
    }

    fn around(&self, sealed: &str) -> String {
        format!(
            "{}{sealed}{}",
            &self.xml[..self.start],
            &self.xml[self.end..]
        )
    }
}

/// The assertion as somebody else signs it.
fn forged(spec: &ResponseSpec<'_>) -> String {
    let xml = IMPOSTOR
        .issue(&ResponseSpec {
            sign_response: false,
            ..spec.clone()
        })
        .unwrap();
    let start = xml.find("<saml2:Assertion").unwrap();
    let end = xml.find(ASSERTION_END).unwrap() + ASSERTION_END.len();
    xml[start..end].to_owned()
}

/// As long, since the length is everybody's to see, and no XML.
fn text(instead: &str) -> String {
    "not XML ".repeat(instead.len() / 8)
}

/// The bytes of the nth CipherValue changed.
fn changed(xml: &str, nth: usize, mut change: impl FnMut(&mut Vec<u8>)) -> String {
    let (mut at, tag) = xml.match_indices("<e:CipherValue>").nth(nth).unwrap();
    at += tag.len();
    let end = at + xml[at..].find('<').unwrap();
    let mut bytes = BASE64.decode(&xml.as_bytes()[at..end]).unwrap();
    change(&mut bytes);
    format!("{}{}{}", &xml[..at], BASE64.encode(&bytes), &xml[end..])
}

fn flip(at: usize) -> impl Fn(&mut Vec<u8>) {
    move |bytes| bytes[at] ^= 1
}

/// What the last byte of the block before the last one becomes goes into the length of the padding,
/// which is at most 16.
fn bad_padding(bytes: &mut [u8]) {
    let at = bytes.len() - 17;
    bytes[at] ^= 0x80;
}

fn not_whole_blocks(bytes: &mut Vec<u8>) {
    bytes.pop();
}

/// Without its signature and as long as before, since the length is everybody's to see.
fn unsigned(assertion: &str) -> String {
    let start = assertion.find("<ds:Signature ").unwrap();
    let end = assertion.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let filling = " ".repeat(end - start);
    format!("{}{filling}{}", &assertion[..start], &assertion[end..])
}
