//! Responses in the shape of each product: the templates of tests/fixtures/saml, filled in, signed
//! and encrypted as the product does it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use data_encoding::BASE64;
use portcullis::clock::{self, Timestamp};
use portcullis::demo::identity_provider::{Cipher, Encryption, encrypted};

use crate::app::TestApp;
use crate::browser::Started;
use crate::http::Ask;
use crate::saml::fixture::IDP;

/// The metadata of a product, with our key.
pub(crate) fn metadata(kind: &str) -> String {
    template(kind, "metadata.xml").replace("{certificate}", &certificate())
}

/// The response of a product to a request.
pub(crate) fn response(app: &TestApp, kind: &str, started: &Started, email: &str) -> String {
    let filled = filled(&template(kind, "response.xml"), started, email);
    seal(app, kind, &filled)
}

/// The same, after a change of what it says.
pub(crate) fn changed(
    app: &TestApp,
    kind: &str,
    started: &Started,
    email: &str,
    change: impl Fn(&str) -> String,
) -> String {
    let filled = filled(&template(kind, "response.xml"), started, email);
    let changed = change(&filled);
    assert_ne!(changed, filled);
    seal(app, kind, &changed)
}

fn template(kind: &str, name: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/tests/fixtures/saml/{kind}/{name}");
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn certificate() -> String {
    BASE64.encode(IDP.certificate())
}

fn filled(template: &str, started: &Started, email: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let mut text = template.to_owned();
    for (name, value) in [
        ("certificate", certificate().as_str()),
        ("acs_url", &started.request.acs_url),
        ("entity_id", &started.request.issuer),
        ("request_id", &started.request.id),
        ("email", email),
        ("response_id", &format!("_shape{number}r")),
        ("assertion_id", &format!("_shape{number}a")),
    ] {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    let now = clock::now();
    while let Some(at) = text.find("{now") {
        let end = at + text[at..].find('}').unwrap();
        let value = time(now, &text[at + 4..end]);
        text.replace_range(at..=end, &value.to_string());
    }
    text
}

/// `+300`, `-300` or nothing, in seconds from now.
fn time(now: Timestamp, shift: &str) -> Timestamp {
    let seconds = |text: &str| Duration::from_secs(text.parse().unwrap());
    match shift.split_at_checked(1) {
        Some(("+", text)) => now.plus(seconds(text)),
        Some(("-", text)) => now.minus(seconds(text)),
        _ => now,
    }
}

/// Signs what has an empty Signature, the assertion before the response around it; Shibboleth
/// encrypts in between.
fn seal(app: &TestApp, kind: &str, filled: &str) -> String {
    let assertion_at = filled.find("Assertion ").unwrap();
    let first = signature(filled).unwrap();
    if first.0 > assertion_at {
        return IDP.sign(filled.to_owned()).unwrap();
    }
    let (start, end) = first;
    let outer = &filled[start..end];
    let mut inner = format!("{}{}", &filled[..start], &filled[end..]);
    if signature(&inner).is_some() {
        inner = IDP.sign(inner).unwrap();
    }
    if kind == "shibboleth" {
        inner = with_encrypted_assertion(app, &inner);
    }
    inner.insert_str(start, outer);
    IDP.sign(inner).unwrap()
}

/// Where the first Signature starts and ends.
fn signature(xml: &str) -> Option<(usize, usize)> {
    let name = ["<Signature ", "<ds:Signature ", "<dsig:Signature "];
    let (start, name) = name
        .iter()
        .filter_map(|name| Some((xml.find(name)?, *name)))
        .min()?;
    let close = format!("</{}>", name.trim_matches(['<', ' ']));
    Some((start, start + xml[start..].find(&close)? + close.len()))
}

fn with_encrypted_assertion(app: &TestApp, xml: &str) -> String {
    let start = xml.find("<saml2:Assertion ").unwrap();
    let close = "</saml2:Assertion>";
    let end = xml.find(close).unwrap() + close.len();
    let acs = xml.split("Recipient=\"").nth(1).unwrap();
    let acs = acs.split('"').next().unwrap();
    let path = acs.replace("/acs", "/metadata");
    let path = &path[path.find("/saml/").unwrap()..];
    let own = app.ask(Ask::get(path)).expect(200).text();
    let key = own.split("use=\"encryption\"").nth(1).unwrap();
    let key = key.split("X509Certificate>").nth(1).unwrap();
    let key: String = key
        .split('<')
        .next()
        .unwrap()
        .split_ascii_whitespace()
        .collect();
    let encryption = Encryption {
        certificate: &BASE64.decode(key.as_bytes()).unwrap(),
        cipher: Cipher::Aes256Gcm,
    };
    let sealed = encrypted(&xml[start..end], &encryption).unwrap();
    format!("{}{sealed}{}", &xml[..start], &xml[end..])
}
