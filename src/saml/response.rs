//! From the form value of the ACS to a verified assertion. `saml`'s module doc has the whole way.

use data_encoding::BASE64;
use uppsala::Document;

pub use crate::saml::decryption_key::{DecryptionKey, DecryptionKeyError};
pub use crate::saml::profile::{Authentication, Expectation, Groups, SignIn};
pub use crate::saml::refusal::{Check, Refusal};
pub use crate::saml::signature::Trust;

use crate::clock::Timestamp;
use crate::saml::assertion::Assertion;
use crate::saml::encryption::{self, Sealed};
use crate::saml::envelope::{Envelope, check_status};
use crate::saml::refusal::{Ledger, Problem, Reason};
use crate::saml::signature::{self, Signed};
use crate::saml::xml::{ASSERTION, DSIG, Element, PROTOCOL, XmlError};
use crate::saml::{html, profile, shape, xml};

/// Largest response as XML, in bytes.
pub const MAX_XML: usize = 256 * 1024;
/// What is expected of the form value and of what is in it.
const FORM: &str = "base64 of at most 256 KiB of XML";
const AUTHENTIC: &str = "AES-GCM, or a signature on the Response";
const WELL_FORMED: &str = "well-formed XML without a DOCTYPE";
/// Largest form value: the base64 of [`MAX_XML`] with line breaks.
pub const MAX_FORM_VALUE: usize = MAX_XML / 3 * 4 + MAX_XML / 16;

/// A response whose signatures hold. Not yet compared with any expectation: that is
/// [`Opened::check`].
#[derive(Debug)]
pub struct Opened {
    envelope: Envelope,
    assertion: Assertion,
    ledger: Ledger,
}

impl Opened {
    /// The SHA-256 of the pinned certificate that verified the innermost signature, where that is
    /// known.
    pub fn certificate(&self) -> Option<&str> {
        self.ledger.certificate()
    }

    /// The request that the assertion answers, from the signed SubjectConfirmationData; `None`
    /// if sign-in was started at the identity provider.
    pub fn in_response_to(&self) -> Option<&str> {
        let first = self.assertion.confirmations.first()?;
        first.in_response_to.as_deref()
    }

    /// Every check of the Web Browser SSO profile, at the time `now`.
    pub fn check(self, expected: &Expectation<'_>, now: Timestamp) -> Result<SignIn, Refusal> {
        let mut ledger = self.ledger;
        let sign_in = profile::check(&self.envelope, &self.assertion, expected, now, &mut ledger)?;
        Ok(SignIn {
            checks: ledger.into_checks(),
            ..sign_in
        })
    }
}

/// Opens the value of the form field `SAMLResponse`: decodes, verifies with `trust` alone, and
/// decrypts with one of `keys` where the assertion is encrypted.
pub fn open(form_value: &str, trust: &Trust, keys: &[DecryptionKey]) -> Result<Opened, Refusal> {
    let mut ledger = Ledger::default();
    let text = decoded(form_value).map_err(|problem| ledger.refuse_for(&problem))?;
    ledger.pass("form", FORM, format!("{} bytes", text.len()));
    let document = parsed(&text).map_err(|problem| ledger.refuse_for(&problem))?;
    ledger.pass("xml", WELL_FORMED, "well-formed XML");
    let response = Element::root(&document).filter(|root| root.is(PROTOCOL, "Response"));
    let Some(response) = response else {
        let got = Element::root(&document).map_or("", Element::local_name);
        return Err(ledger.refuse(Reason::RootNotResponse, "a SAML 2.0 Response", got));
    };
    ledger.pass("response", "a SAML 2.0 Response", "Response");
    check_status(response, &mut ledger)?;
    let signatures = laid_out(trust, &document, &mut ledger);
    let signatures = signatures.map_err(|problem| ledger.refuse_for(&problem))?;
    let signed = signature::verify(trust, &document, &text, &signatures);
    let signed = signed.map_err(|problem| ledger.refuse_for(&problem))?;
    let opened = match &signed {
        None => open_unsigned(response, trust, keys, &mut ledger),
        Some(signed) => open_signed(response, signed, trust, keys, &mut ledger),
    };
    let (envelope, assertion) = opened.map_err(|problem| ledger.refuse_for(&problem))?;
    Ok(Opened {
        envelope,
        assertion,
        ledger,
    })
}

/// The XML in a form value. Bare base64 by the rules; line breaks are allowed, since MIME-minded
/// producers put them in.
pub(super) fn decoded(form_value: &str) -> Result<String, Problem> {
    let problem = |reason, got: &str| Err(Problem::new(reason, FORM, got));
    if form_value.len() > MAX_FORM_VALUE {
        return problem(
            Reason::ResponseTooBig,
            &format!("{} characters", form_value.len()),
        );
    }
    let trimmed = form_value.trim();
    if trimmed.is_empty() {
        return problem(Reason::ResponseEmpty, "nothing");
    }
    if html::is_page(trimmed) {
        return problem(Reason::ResponseIsHtml, "a web page");
    }
    if trimmed.starts_with('<') {
        return problem(Reason::ResponseNotBase64, "XML that is not encoded");
    }
    let compact: String = trimmed
        .chars()
        .filter(|c| !matches!(c, '\r' | '\n'))
        .collect();
    let Ok(bytes) = BASE64.decode(compact.as_bytes()) else {
        return problem(Reason::ResponseNotBase64, "something else");
    };
    if bytes.len() > MAX_XML {
        return problem(Reason::ResponseTooBig, &format!("{} bytes", bytes.len()));
    }
    match String::from_utf8(bytes) {
        Err(_) => problem(Reason::ResponseNotUtf8, "other bytes"),
        Ok(text) if html::is_page(&text) => problem(Reason::ResponseIsHtml, "a web page"),
        Ok(text) => Ok(text),
    }
}

fn parsed(text: &str) -> Result<Document<'_>, Problem> {
    xml::parse(text).map_err(|error| match error {
        XmlError::Doctype => Problem::new(Reason::XmlDoctype, WELL_FORMED, "a DOCTYPE"),
        other => Problem::new(Reason::XmlMalformed, WELL_FORMED, other.to_string()),
    })
}

/// The layout, before any signature is looked at; the signatures that are to be verified.
fn laid_out<'d>(
    trust: &Trust,
    document: &'d Document<'d>,
    ledger: &mut Ledger,
) -> Result<Vec<Element<'d>>, Problem> {
    let signatures = shape::signatures(document, trust.hashes())?;
    let got = match signatures.len() {
        0 => "no signature that can be seen".to_owned(),
        1 => "one signature, in what it signs".to_owned(),
        more => format!("{more} signatures, each in what it signs"),
    };
    ledger.pass("layout", shape::LAYOUT, got);
    if !signatures.is_empty() {
        ledger.pass(
            "algorithms",
            trust.hashes().words(),
            algorithms(&signatures),
        );
    }
    let got = format!("{} stored", trust.stored());
    if trust.stored() > 0 {
        ledger.pass("certificates", signature::PINNED, got);
    }
    Ok(signatures)
}

/// The last words of what the signatures name, each once: `rsa-sha256, sha256`.
fn algorithms(signatures: &[Element<'_>]) -> String {
    let mut named: Vec<&str> = Vec::new();
    let methods = signatures
        .iter()
        .flat_map(|signature| signature.subtree())
        .filter(|e| e.is(DSIG, "SignatureMethod") || e.is(DSIG, "DigestMethod"));
    for method in methods {
        let uri = method.attribute("Algorithm").unwrap_or("none");
        let name = uri.rsplit('#').next().unwrap_or(uri);
        if !named.contains(&name) {
            named.push(name);
        }
    }
    named.join(", ")
}

/// Something is signed: from here on only those bytes count, except for the envelope where just
/// the assertion is signed.
fn open_signed(
    response: Element<'_>,
    signed: &Signed,
    trust: &Trust,
    keys: &[DecryptionKey],
    ledger: &mut Ledger,
) -> Result<(Envelope, Assertion), Problem> {
    note_signature(signed, ledger);
    let document = parsed(&signed.xml)?;
    let read = |assertion, ledger: &mut Ledger| {
        let assertion = Assertion::read(assertion, keys)?;
        note_assertion(ledger);
        Ok::<_, Problem>(assertion)
    };
    let Some(root) = Element::root(&document) else {
        return Err(Problem::new(
            Reason::SignatureInvalid,
            "signed XML",
            "nothing",
        ));
    };
    if root.is(ASSERTION, "Assertion") {
        return Ok((Envelope::read(response, false), read(root, ledger)?));
    }
    let envelope = Envelope::read(root, true);
    if let Some(assertion) = root.single(ASSERTION, "Assertion").one() {
        return Ok((envelope, read(assertion, ledger)?));
    }
    let assertion = open_encrypted(root, true, trust, keys, ledger)?;
    Ok((envelope, assertion))
}

fn note_signature(signed: &Signed, ledger: &mut Ledger) {
    ledger.pass("signature", "the provider's certificate", &signed.summary);
    ledger.verified_by(signed.certificate.as_deref());
    if signed.sha1 {
        let wanted = "SHA-256; an operator allows SHA-1 for this provider at present";
        ledger.pass("sha1-allowed", wanted, "SHA-1, which can be forged");
    }
}

fn note_assertion(ledger: &mut Ledger) {
    let wanted = "each element at most once, and times in UTC";
    ledger.pass("assertion", wanted, "all read");
}

/// Nothing is signed that can be seen: only an encrypted assertion can still hold a signature.
fn open_unsigned(
    response: Element<'_>,
    trust: &Trust,
    keys: &[DecryptionKey],
    ledger: &mut Ledger,
) -> Result<(Envelope, Assertion), Problem> {
    if response
        .named(ASSERTION, "EncryptedAssertion")
        .next()
        .is_none()
    {
        return Err(unsigned());
    }
    let assertion = open_encrypted(response, false, trust, keys, ledger)?;
    Ok((Envelope::read(response, false), assertion))
}

fn open_encrypted(
    response: Element<'_>,
    response_signed: bool,
    trust: &Trust,
    keys: &[DecryptionKey],
    ledger: &mut Ledger,
) -> Result<Assertion, Problem> {
    let Some(encrypted) = response.single(ASSERTION, "EncryptedAssertion").one() else {
        return Err(Problem::new(
            Reason::AssertionMissing,
            "an assertion",
            "none",
        ));
    };
    let sealed = Sealed::read(encrypted)?;
    let got = format!("with {} EncryptedKey", sealed.keys());
    ledger.pass("encryption-layout", encryption::LAYOUT, got);
    ledger.pass(
        "encryption-algorithms",
        encryption::ALGORITHMS,
        sealed.algorithm(),
    );
    if sealed.is_malleable() && !response_signed {
        let got = "AES-CBC under an unsigned Response";
        return Err(Problem::new(Reason::EncryptionNotAuthentic, AUTHENTIC, got));
    }
    let got = match response_signed {
        true => "a signature on the Response",
        false => "AES-GCM",
    };
    ledger.pass("encryption-authentic", AUTHENTIC, got);
    encryption::demand_key(keys, "an encrypted assertion")?;
    ledger.pass(
        "decryption-key",
        encryption::KEY,
        format!("{} here", keys.len()),
    );
    let mut inside = ledger.clone();
    let opened = match sealed.open(keys, "Assertion") {
        Ok(plaintext) => {
            inside.pass("decryption", "our encryption key", "opened");
            open_plaintext(&plaintext, response_signed, trust, keys, &mut inside)
        }
        Err(detail) => Err(encryption::failed(detail)),
    };
    // All that fails from here on has one public face, because under an unsigned Response the
    // ciphertext is the sender's to vary; and what fails early waits for as long as a signature
    // that doesn't hold would have taken.
    match opened {
        Ok(assertion) => {
            *ledger = inside;
            Ok(assertion)
        }
        Err(problem) => {
            if !is_late(problem.reason) {
                let decoy = sealed.decoy();
                let checked = open_plaintext(&decoy, false, trust, &[], &mut inside);
                std::hint::black_box(checked.is_err());
            }
            let detail = match problem.reason {
                Reason::DecryptionFailed => problem.got,
                reason => format!("{}: {}", reason.code(), problem.got),
            };
            Err(encryption::failed(detail))
        }
    }
}

/// Whether this was found out by verifying a signature, which is most of the work.
fn is_late(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::SignatureInvalid | Reason::CertificateUnknown
    )
}

fn open_plaintext(
    plaintext: &str,
    response_signed: bool,
    trust: &Trust,
    keys: &[DecryptionKey],
    ledger: &mut Ledger,
) -> Result<Assertion, Problem> {
    let document = parsed(plaintext)?;
    let Some(root) = Element::root(&document).filter(|root| root.is(ASSERTION, "Assertion")) else {
        return Err(Problem::new(
            Reason::AssertionMissing,
            "an Assertion",
            "none",
        ));
    };
    let signatures = laid_out(trust, &document, ledger)?;
    let assertion = match signature::verify(trust, &document, plaintext, &signatures)? {
        Some(signed) => {
            note_signature(&signed, ledger);
            let document = parsed(&signed.xml)?;
            match Element::root(&document) {
                Some(root) => Assertion::read(root, keys)?,
                None => return Err(unsigned()),
            }
        }
        // The Response's signature covers the ciphertext.
        None if response_signed => Assertion::read(root, keys)?,
        None => return Err(unsigned()),
    };
    note_assertion(ledger);
    Ok(assertion)
}

fn unsigned() -> Problem {
    let expected = "a signature on the Response or on the Assertion";
    Problem::new(Reason::SignatureMissing, expected, "none")
}
