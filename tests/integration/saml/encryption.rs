//! Encrypted assertions and NameIDs as other programs make them: every cipher and key transport,
//! the key inside and beside, several recipients, old keys of ours.

use bergshamra_crypto::cipher;
use bergshamra_crypto::keytransport::{OaepParams, from_uri_with_params};
use bergshamra_keys::loader::load_x509_cert_der;
use data_encoding::BASE64;
use portcullis::demo::identity_provider::{Cipher, ResponseSpec};
use portcullis::saml::advice::{self, Screens};
use portcullis::saml::response::{DecryptionKey, Refusal, SignIn, open};

use super::fixture::*;

const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#";

/// How something is encrypted.
#[derive(Clone)]
pub(crate) struct Sealing<'a> {
    pub(crate) cipher: String,
    pub(crate) transport: String,
    pub(crate) digest: Option<String>,
    pub(crate) mask: Option<String>,
    pub(crate) label: Option<Vec<u8>>,
    /// DER of one or more recipients' certificates.
    pub(crate) recipients: Vec<&'a [u8]>,
    pub(crate) beside: bool,
}

impl Sealing<'_> {
    pub(crate) fn usual() -> Self {
        Self {
            cipher: format!("{XENC11}aes256-gcm"),
            transport: format!("{XENC}rsa-oaep-mgf1p"),
            digest: None,
            mask: None,
            label: None,
            recipients: vec![&RECIPIENT.certificate],
            beside: false,
        }
    }

    /// `plaintext` inside `{assertion namespace}around`.
    pub(crate) fn seal(&self, around: &str, plaintext: &str) -> String {
        let cipher = cipher::from_uri(&self.cipher).unwrap();
        let content_key: Vec<u8> = (1..).take(cipher.key_size()).collect();
        let sealed = cipher.encrypt(&content_key, plaintext.as_bytes()).unwrap();
        let keys: String = self
            .recipients
            .iter()
            .map(|recipient| self.encrypted_key(recipient, &content_key))
            .collect();
        let (inside, beside) = if self.beside {
            (String::new(), keys)
        } else {
            (keys, String::new())
        };
        format!(
            "<saml2:{around} xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
             xmlns:e=\"{XENC}\" xmlns:d=\"{DSIG}\"><e:EncryptedData Type=\"{XENC}Element\">\
             <e:EncryptionMethod Algorithm=\"{}\"/><d:KeyInfo>{inside}</d:KeyInfo><e:CipherData>\
             <e:CipherValue>{}</e:CipherValue></e:CipherData></e:EncryptedData>{beside}\
             </saml2:{around}>",
            self.cipher,
            BASE64.encode(&sealed),
        )
    }

    fn encrypted_key(&self, recipient: &[u8], content_key: &[u8]) -> String {
        let parameters = OaepParams {
            digest_uri: self.digest.clone(),
            // The library takes the digest's where none is named; the standard says SHA-1.
            mgf_uri: Some(self.mask.clone().unwrap_or(format!("{XENC11}mgf1sha1"))),
            oaep_params: self.label.clone(),
        };
        let key = load_x509_cert_der(recipient).unwrap();
        let key = key.software_key().unwrap().unwrap();
        let wrapped = from_uri_with_params(&self.transport, parameters)
            .unwrap()
            .encrypt(&key, content_key)
            .unwrap();
        let parameter = |value: &Option<String>, open: &str| {
            let uri = value.as_deref()?;
            Some(format!("<{open} Algorithm=\"{uri}\"/>"))
        };
        let label = self
            .label
            .as_ref()
            .map(|label| format!("<e:OAEPparams>{}</e:OAEPparams>", BASE64.encode(label)));
        let parameters: String = [
            label,
            parameter(&self.digest, "d:DigestMethod"),
            parameter(&self.mask, &format!("m:MGF xmlns:m=\"{XENC11}\"")),
        ]
        .into_iter()
        .flatten()
        .collect();
        format!(
            "<e:EncryptedKey><e:EncryptionMethod Algorithm=\"{}\">{parameters}\
             </e:EncryptionMethod><e:CipherData><e:CipherValue>{}</e:CipherValue></e:CipherData>\
             </e:EncryptedKey>",
            self.transport,
            BASE64.encode(&wrapped),
        )
    }
}

/// A response whose assertion, signed or not, is sealed; the Response signed around it or not.
pub(crate) fn response(sealing: &Sealing<'_>, sign_response: bool, sign_assertion: bool) -> String {
    let plain = issue(&ResponseSpec {
        sign_response: false,
        sign_assertion,
        ..spec()
    });
    let start = plain.find("<saml2:Assertion").unwrap();
    let end = plain.find("</saml2:Assertion>").unwrap() + "</saml2:Assertion>".len();
    let sealed = sealing.seal("EncryptedAssertion", &plain[start..end]);
    let response = format!("{}{sealed}{}", &plain[..start], &plain[end..]);
    if sign_response {
        sign_around(&response, spec().response_id)
    } else {
        response
    }
}

/// A response signed as a whole, under its ID.
pub(crate) fn sign_around(response: &str, id: &str) -> String {
    use portcullis::demo::identity_provider::Algorithm;
    let template = IDP.signature_template(id, Algorithm::Sha256);
    let with = response.replacen("</saml2:Issuer>", &format!("</saml2:Issuer>{template}"), 1);
    IDP.sign(with).unwrap()
}

fn with_keys(xml: &str, keys: &[DecryptionKey]) -> Result<SignIn, Refusal> {
    open(&BASE64.encode(xml.as_bytes()), &TRUST, keys)?.check(&expectation(), NOW)
}

#[test]
fn every_cipher_and_key_transport() {
    let hashes = [
        (
            Some(format!("{DSIG}sha1")),
            Some(format!("{XENC11}mgf1sha1")),
        ),
        (None, None),
        (
            Some(format!("{XENC}sha256")),
            Some(format!("{XENC11}mgf1sha256")),
        ),
        (
            Some(format!("{MORE}sha384")),
            Some(format!("{XENC11}mgf1sha384")),
        ),
        (
            Some(format!("{XENC}sha512")),
            Some(format!("{XENC11}mgf1sha512")),
        ),
    ];
    for cipher in [
        format!("{XENC11}aes128-gcm"),
        format!("{XENC11}aes256-gcm"),
        format!("{XENC}aes128-cbc"),
        format!("{XENC}aes256-cbc"),
    ] {
        for (digest, mask) in &hashes {
            for beside in [false, true] {
                let sealing = Sealing {
                    cipher: cipher.clone(),
                    transport: match mask {
                        Some(_) => format!("{XENC11}rsa-oaep"),
                        None => format!("{XENC}rsa-oaep-mgf1p"),
                    },
                    digest: digest.clone(),
                    mask: mask.clone(),
                    label: beside.then(|| b"label".to_vec()),
                    beside,
                    ..Sealing::usual()
                };
                let xml = response(&sealing, true, false);
                assert_eq!(
                    sign_in(&xml).unwrap().name_id,
                    PERSON,
                    "{cipher} {digest:?}"
                );
            }
        }
    }
}

/// Nothing but a signature around it says that a CBC ciphertext is what the provider encrypted.
#[test]
fn cbc_under_a_signed_response_only() {
    for bits in ["128", "256"] {
        let sealing = Sealing {
            cipher: format!("{XENC}aes{bits}-cbc"),
            ..Sealing::usual()
        };
        let refusal = sign_in(&response(&sealing, false, true)).unwrap_err();
        assert_eq!(refusal.code, "encryption-not-authentic");
        let advised = advice::of(refusal.code, Screens::Okta).unwrap();
        assert!(advised.contains("\"Response\" to \"Signed\""));
        // Said before any key is looked for.
        let without = with_keys(&response(&sealing, false, true), &[]).unwrap_err();
        assert_eq!(without.code, "encryption-not-authentic");
        assert_eq!(
            sign_in(&response(&sealing, true, true)).unwrap().name_id,
            PERSON
        );
    }
}

/// The hash and its mask's must be the same; where no mask is named it is SHA-1's.
#[test]
fn mixed_hashes_are_named() {
    for (transport, digest, mask) in [
        (
            format!("{XENC}rsa-oaep-mgf1p"),
            format!("{XENC}sha256"),
            None,
        ),
        (format!("{XENC11}rsa-oaep"), format!("{XENC}sha256"), None),
        (
            format!("{XENC11}rsa-oaep"),
            format!("{DSIG}sha1"),
            Some(format!("{XENC11}mgf1sha256")),
        ),
    ] {
        let right = response(&Sealing::usual(), true, false);
        let mask = mask.map_or(String::new(), |mask| {
            format!("<m:MGF xmlns:m=\"{XENC11}\" Algorithm=\"{mask}\"/>")
        });
        let xml = right
            .replace(
                "#rsa-oaep-mgf1p\">",
                &format!("#rsa-oaep-mgf1p\"><d:DigestMethod Algorithm=\"{digest}\"/>{mask}"),
            )
            .replace(&format!("{XENC}rsa-oaep-mgf1p"), &transport);
        let start = xml.find("<ds:Signature ").unwrap();
        let end = xml.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
        let unsigned = format!("{}{}", &xml[..start], &xml[end..]);
        let refusal = sign_in(&sign_around(&unsigned, spec().response_id)).unwrap_err();
        assert_eq!(refusal.code, "key-transport-not-allowed");
        assert!(refusal.got.contains(&digest), "{}", refusal.got);
    }
}

#[test]
fn one_of_several_recipients_and_an_old_key_of_ours() {
    let other = recipient();
    let sealing = Sealing {
        recipients: vec![
            &other.certificate,
            &other.certificate,
            &RECIPIENT.certificate,
        ],
        ..Sealing::usual()
    };
    for beside in [false, true] {
        let sealing = Sealing {
            beside,
            ..sealing.clone()
        };
        assert_eq!(
            sign_in(&response(&sealing, false, true)).unwrap().name_id,
            PERSON
        );
    }
    // After a roll-over the provider still encrypts to the old one.
    let keys = [
        DecryptionKey::from_pkcs8(&recipient().pkcs8).unwrap(),
        DecryptionKey::from_pkcs8(&RECIPIENT.pkcs8).unwrap(),
    ];
    let xml = response(&Sealing::usual(), false, true);
    assert_eq!(with_keys(&xml, &keys).unwrap().name_id, PERSON);
    assert_eq!(
        with_keys(&xml, &keys[..1]).unwrap_err().code,
        "decryption-failed"
    );
}

/// A signed assertion whose Subject has `subject` in place of the NameID.
fn with_subject(subject: &str) -> String {
    with_subject_of(&spec(), subject)
}

pub(crate) fn with_subject_of(spec: &ResponseSpec<'_>, subject: &str) -> String {
    use portcullis::demo::identity_provider::Algorithm;
    let unsigned = unsigned_with_subject(spec, subject);
    let at = unsigned.find("<saml2:Assertion").unwrap();
    let (head, rest) = unsigned.split_at(at);
    let template = IDP.signature_template(spec.assertion_id, Algorithm::Sha256);
    let with = rest.replacen("</saml2:Issuer>", &format!("</saml2:Issuer>{template}"), 1);
    IDP.sign(format!("{head}{with}")).unwrap()
}

fn unsigned_with_subject(spec: &ResponseSpec<'_>, subject: &str) -> String {
    let plain = issue(&ResponseSpec {
        sign_response: false,
        sign_assertion: false,
        ..spec.clone()
    });
    let start = plain.find("<saml2:NameID").unwrap();
    let end = plain.find("</saml2:NameID>").unwrap() + "</saml2:NameID>".len();
    format!("{}{subject}{}", &plain[..start], &plain[end..])
}

pub(crate) fn name_id(value: &str) -> String {
    format!(
        "<saml2:NameID xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
         Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">{value}</saml2:NameID>"
    )
}

#[test]
fn an_encrypted_name_id() {
    for (cipher, beside) in [
        (format!("{XENC11}aes128-gcm"), false),
        (format!("{XENC}aes256-cbc"), true),
    ] {
        let sealing = Sealing {
            cipher,
            beside,
            ..Sealing::usual()
        };
        let xml = with_subject(&sealing.seal("EncryptedID", &name_id(PERSON)));
        let accepted = sign_in(&xml).unwrap();
        assert_eq!(accepted.name_id, PERSON);
        assert_eq!(
            accepted.name_space.format.as_deref(),
            Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
        );
        assert_eq!(
            with_keys(&xml, &[]).unwrap_err().code,
            "decryption-key-missing"
        );
    }
    // Both at once: the name inside the encryption counts for the one encrypted assertion too.
    let inner = with_subject(&Sealing::usual().seal("EncryptedID", &name_id(PERSON)));
    let start = inner.find("<saml2:Assertion").unwrap();
    let end = inner.find("</saml2:Assertion>").unwrap() + "</saml2:Assertion>".len();
    let sealed = Sealing::usual().seal("EncryptedAssertion", &inner[start..end]);
    let xml = format!("{}{sealed}{}", &inner[..start], &inner[end..]);
    assert_eq!(sign_in(&xml).unwrap().name_id, PERSON);
}

#[test]
fn an_encrypted_name_id_that_is_none() {
    let sealing = Sealing::usual();
    for (inside, code) in [
        (
            "<saml2:BaseID xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>",
            "decryption-failed",
        ),
        ("ann@acme.com", "decryption-failed"),
        ("<NameID>ann@acme.com</NameID>", "decryption-failed"),
        (&format!("{0}{0}", name_id(PERSON)), "decryption-failed"),
        (&name_id(" "), "name-id-missing"),
    ] {
        let xml = with_subject(&sealing.seal("EncryptedID", inside));
        assert_eq!(sign_in(&xml).unwrap_err().code, code, "{inside}");
    }
    let sealed = sealing.seal("EncryptedID", &name_id(PERSON));
    let two = with_subject(&format!("{sealed}{sealed}"));
    assert_eq!(sign_in(&two).unwrap_err().code, "assertion-structure");
    // Exchanged after signing, for a name that anybody could encrypt to our public key.
    let xml = with_subject(&sealed);
    let forged = sealing.seal("EncryptedID", &name_id("mallory@acme.com"));
    let start = xml.find("<saml2:EncryptedID").unwrap();
    let end = xml.find("</saml2:EncryptedID>").unwrap() + "</saml2:EncryptedID>".len();
    let swapped = format!("{}{forged}{}", &xml[..start], &xml[end..]);
    assert_eq!(sign_in(&swapped).unwrap_err().code, "signature-invalid");
}

/// The signature that a CBC ciphertext must stand under may be the assertion's, and nothing is
/// decrypted before one holds.
#[test]
fn an_encrypted_name_id_by_cbc_under_a_signature_only() {
    let sealing = Sealing {
        cipher: format!("{XENC}aes256-cbc"),
        ..Sealing::usual()
    };
    let sealed = sealing.seal("EncryptedID", &name_id(PERSON));
    let unsigned = unsigned_with_subject(&spec(), &sealed);
    let around = sign_around(&unsigned, spec().response_id);
    for xml in [&with_subject(&sealed), &around] {
        assert_eq!(sign_in(xml).unwrap().name_id, PERSON);
    }
    let other = sealing.seal("EncryptedID", &name_id(PERSON));
    let start = unsigned.find("<saml2:Assertion").unwrap();
    let end = unsigned.find("</saml2:Assertion>").unwrap() + "</saml2:Assertion>".len();
    let inside = Sealing::usual().seal("EncryptedAssertion", &unsigned[start..end]);
    for (xml, code) in [
        (unsigned.clone(), "signature-missing"),
        (
            with_subject(&sealed).replace(&sealed, &other),
            "signature-invalid",
        ),
        (around.replace(&sealed, &other), "signature-invalid"),
        // Encrypted by anybody.
        (
            format!("{}{inside}{}", &unsigned[..start], &unsigned[end..]),
            "decryption-failed",
        ),
    ] {
        assert_eq!(sign_in(&xml).unwrap_err().code, code);
        if code != "decryption-failed" {
            // Said before any key is looked for.
            assert_eq!(with_keys(&xml, &[]).unwrap_err().code, code);
        }
    }
}

/// The simulated Okta's own way, which differs in its layout.
#[test]
fn the_demo_encrypts_so_that_it_is_accepted() {
    for cipher in [Cipher::Aes256Gcm, Cipher::Aes256Cbc] {
        let xml = issue(&ResponseSpec {
            encryption: encryption(cipher),
            ..spec()
        });
        assert_eq!(sign_in(&xml).unwrap().name_id, PERSON);
    }
}
