//! Elements of validly signed documents copied, moved, exchanged, wrapped and removed, as in
//! signature wrapping: if a document is still taken, it still says the same.
//!
//! Input: a byte chooses the document (responses signed and encrypted in six ways, signed metadata,
//! a signed query), then four bytes are an edit: what, which element, where, and how its copy is
//! changed. The numbers of elements are counted anew after each edit.

#![no_main]

mod okta;

use std::ops::Range;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use okta::{NOW, OKTA, RECIPIENT, spec};
use portcullis::demo::identity_provider::{Algorithm, Cipher, Encryption, ResponseSpec};
use portcullis::saml::certificate::Certificate;
use portcullis::saml::metadata::{IdpMetadata, parse_signed_idp};
use portcullis::saml::redirect::{self, Field};
use portcullis::saml::signing::SigningKey;

const MOST_EDITS: usize = 8;
const LONGEST: usize = 200_000;

const PERSON: &str = "ann@acme.com";
const MALLORY: &str = "eve@acme.com";

/// What an element is put into.
const WRAPS: [(&str, &str); 8] = [
    (
        "<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
        "</ds:Object>",
    ),
    (
        "<saml2p:Extensions xmlns:saml2p=\"urn:oasis:names:tc:SAML:2.0:protocol\">",
        "</saml2p:Extensions>",
    ),
    (
        "<saml2:Advice xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\">",
        "</saml2:Advice>",
    ),
    (
        "<saml2:Assertion xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"x\" \
         Version=\"2.0\" IssueInstant=\"2027-01-15T08:00:00Z\">",
        "</saml2:Assertion>",
    ),
    ("<x xmlns=\"\">", "</x>"),
    ("<!--", "-->"),
    ("<![CDATA[", "]]>"),
    (
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
        "</ds:Signature>",
    ),
];

const PIECES: [&str; 8] = [
    "<!---->",
    "<?x?>",
    " ID=\"id30406758004720386186391475\"",
    " xmlns:saml2=\"urn:x\"",
    " xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    "<saml2:NameID xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\">eve@acme.com</saml2:NameID>",
    " URI=\"\"",
    "eve@acme.com",
];

static RESPONSES: LazyLock<[String; 6]> = LazyLock::new(|| {
    let issue = |sign_response, sign_assertion, cipher: Option<Cipher>| {
        let encryption = cipher.map(|cipher| Encryption {
            certificate: &RECIPIENT.0,
            cipher,
        });
        let spec = ResponseSpec {
            sign_response,
            sign_assertion,
            encryption,
            ..spec()
        };
        OKTA.issue(&spec).unwrap()
    };
    [
        issue(true, true, None),
        issue(false, true, None),
        issue(true, false, None),
        issue(false, true, Some(Cipher::Aes256Gcm)),
        issue(true, true, Some(Cipher::Aes256Cbc)),
        issue(true, false, Some(Cipher::Aes256Gcm)),
    ]
});

static TRUST: LazyLock<Certificate> =
    LazyLock::new(|| Certificate::parse(OKTA.certificate()).unwrap());

static METADATA: LazyLock<String> = LazyLock::new(|| {
    let template = OKTA.signature_template("m1", Algorithm::Sha256);
    let with_id =
        OKTA.metadata()
            .replacen("<md:EntityDescriptor", "<md:EntityDescriptor ID=\"m1\"", 1);
    let (head, rest) = with_id.split_at(with_id.find("<md:IDPSSODescriptor").unwrap());
    OKTA.sign(format!("{head}{template}{rest}")).unwrap()
});

static PUBLISHED: LazyLock<IdpMetadata> =
    LazyLock::new(|| parse_signed_idp(METADATA.as_bytes(), &TRUST, NOW).unwrap());

const STATE: &str = "state of 12";
const REQUEST: &str = "<saml2p:LogoutRequest ID=\"_1\">ann@acme.com</saml2p:LogoutRequest>";

/// The key of a signed query, and the query.
static QUERY: LazyLock<(Certificate, String)> = LazyLock::new(|| {
    let (certificate, key) = &*RECIPIENT;
    let key = SigningKey::from_pkcs8(key, certificate).unwrap();
    let url = redirect::url("https://x", Field::Request, REQUEST, STATE, Some(&key)).unwrap();
    let (_, query) = url.split_once('?').unwrap();
    (Certificate::parse(certificate).unwrap(), query.to_owned())
});

/// Each document as it was made is taken; else nothing would be proved by what isn't.
static ALL_ARE_TAKEN: LazyLock<()> = LazyLock::new(|| {
    for response in &*RESPONSES {
        let accepted = okta::sign_in(response.as_bytes()).expect("a good response");
        assert_eq!(okta::what_it_says(&accepted), *okta::SAYS);
    }
    assert!(!PUBLISHED.certificates.is_empty());
    let (certificate, query) = &*QUERY;
    let message = redirect::parse(query).expect("a good query");
    let verdict = message.verify(std::slice::from_ref(certificate));
    verdict.expect("signed with its key");
});

fuzz_target!(|input: &[u8]| {
    LazyLock::force(&ALL_ARE_TAKEN);
    let Some((&which, edits)) = input.split_first() else {
        return;
    };
    let edits = edits.chunks_exact(4).take(MOST_EDITS);
    match usize::from(which % 8) {
        6 => {
            let document = edited(&METADATA, edits);
            if let Ok(read) = parse_signed_idp(document.as_bytes(), &TRUST, NOW) {
                assert_eq!(read, *PUBLISHED);
            }
        }
        7 => {
            let (certificate, query) = &*QUERY;
            let query = shuffled(query, edits);
            if let Ok(message) = redirect::parse(&query)
                && message.verify(std::slice::from_ref(certificate)).is_ok()
            {
                assert_eq!((message.field, &*message.xml), (Field::Request, REQUEST));
                assert_eq!(message.relay_state.as_deref(), Some(STATE));
            }
        }
        at => {
            let response = edited(&RESPONSES[at], edits);
            if let Ok(accepted) = okta::sign_in(response.as_bytes()) {
                assert_eq!(okta::what_it_says(&accepted), *okta::SAYS);
            }
        }
    }
});

fn edited<'a>(original: &str, edits: impl Iterator<Item = &'a [u8]>) -> String {
    let mut xml = original.to_owned();
    for edit in edits {
        let elements = elements(&xml);
        let &[what, which, place, how] = edit else {
            break;
        };
        let pick = |n: u8| {
            elements
                .get(usize::from(n) % elements.len().max(1))
                .cloned()
        };
        let (Some(one), Some(other)) = (pick(which), pick(place)) else {
            break;
        };
        if xml.len() > LONGEST {
            break;
        }
        let copy = changed(&xml[one.clone()], how);
        // Behind the start tag; no attribute of these documents has such a mark in it.
        let inside = other.start + xml[other.clone()].find('>').map_or(0, |at| at + 1);
        match what % 10 {
            0 => xml.insert_str(other.start, &copy),
            1 => xml.insert_str(other.end, &copy),
            2 => xml.insert_str(inside, &copy),
            3 => xml.replace_range(one, ""),
            4 => xml.replace_range(other, &copy),
            5 => {
                let (open, close) = WRAPS[usize::from(how % 8)];
                let inner = xml[one.clone()].to_owned();
                xml.replace_range(one, &format!("{open}{inner}{close}"));
            }
            6 => {
                let (first, second) = match one.start < other.start {
                    true => (one, other),
                    false => (other, one),
                };
                if first.end <= second.start {
                    let moved = xml[first.clone()].to_owned();
                    let back = xml[second.clone()].to_owned();
                    xml.replace_range(second, &moved);
                    xml.replace_range(first, &back);
                }
            }
            7 => {
                // The original stays whole inside a changed copy of one that holds it.
                let whole = xml[other.clone()].to_owned();
                let evil = changed(&whole, how | 1);
                let at = evil.find('>').map_or(0, |at| at + 1);
                let (head, tail) = evil.split_at(at);
                xml.replace_range(other, &format!("{head}{whole}{tail}"));
            }
            8 => xml.insert_str(inside.saturating_sub(1), PIECES[usize::from(how % 8)]),
            _ => xml.insert_str(inside, PIECES[usize::from(how % 8)]),
        }
    }
    xml
}

fn elements(xml: &str) -> Vec<Range<usize>> {
    let Ok(document) = uppsala::parse(xml) else {
        return Vec::new();
    };
    document
        .descendants(document.root())
        .into_iter()
        .filter(|&id| document.element(id).is_some())
        .filter_map(|id| document.node_range(id))
        .collect()
}

/// A copy with another person in it, under other IDs, without its signature.
fn changed(element: &str, how: u8) -> String {
    let mut copy = element.to_owned();
    if how & 1 != 0 {
        copy = copy.replace(PERSON, MALLORY);
    }
    if how & 2 != 0 {
        copy = copy.replace(" ID=\"id", " ID=\"new");
    }
    if how & 4 != 0
        && let (Some(from), Some(to)) = (copy.find("<ds:Signature "), copy.find("</ds:Signature>"))
        && from < to
    {
        copy.replace_range(from..to + "</ds:Signature>".len(), "");
    }
    if how & 8 != 0 {
        copy = copy
            .replace("saml2:", "s:")
            .replace("xmlns:saml2=", "xmlns:s=");
    }
    copy
}

/// Parameters of a query doubled, moved, renamed, spelled otherwise.
fn shuffled<'a>(original: &str, edits: impl Iterator<Item = &'a [u8]>) -> String {
    const OTHER: [&str; 8] = [
        "RelayState=evil",
        "SAMLRequest=",
        "SAMLResponse=fZA%3D",
        "SigAlg=http%3A%2F%2Fwww.w3.org%2F2000%2F09%2Fxmldsig%23rsa-sha1",
        "Signature=AAAA",
        "SAMLEncoding=urn%3Aoasis%3Anames%3Atc%3ASAML%3A2.0%3Abindings%3AURL-Encoding%3ADEFLATE",
        "relaystate=evil",
        "RelayState=",
    ];
    let mut parameters: Vec<String> = original.split('&').map(str::to_owned).collect();
    for edit in edits {
        let &[what, which, place, how] = edit else {
            break;
        };
        let pick = |n: u8| usize::from(n) % parameters.len().max(1);
        let (one, other) = (pick(which), pick(place));
        let Some(parameter) = parameters.get(one).cloned() else {
            break;
        };
        let other_text = OTHER[usize::from(how % 8)].to_owned();
        match what % 8 {
            0 => parameters.insert(other, parameter),
            1 => parameters.swap(one, other),
            2 => drop(parameters.remove(one)),
            3 => parameters.insert(other, other_text),
            4 => parameters[one] = other_text,
            5 => parameters[one] = parameter.replace("%2B", "+").replace('%', "%25"),
            6 => parameters[one] = parameter.to_ascii_lowercase(),
            _ => {
                let at = usize::from(place) % (parameter.len() + 1);
                if parameter.is_char_boundary(at) {
                    parameters[one].insert(at, char::from(how % 128));
                }
            }
        }
    }
    parameters.join("&")
}
