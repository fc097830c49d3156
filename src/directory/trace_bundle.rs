//! A trace as one file for somebody outside: what was checked, how the provider is configured, and
//! how the response was built, with nobody in it and no secret.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::DirectoryError;
use super::addresses::PublicUrl;
use super::domain;
use super::provider::{self, Provider};
use crate::clock::Timestamp;
use crate::observe::trace::document::Document;
use crate::observe::trace::{Trace, bundle};
use crate::saml::mapping::Fact;
use crate::saml::redaction::{self, Redacted};

/// Names the form of the file; another number if its members change their meaning.
const FORMAT: &str = "portcullis-trace-bundle-1";

/// Checks whose values are addresses, times and names of algorithms. Of the others it is told only
/// how they went.
const TOLD: [&str; 31] = [
    "audience",
    "audience-mismatch",
    "audience-missing",
    "authn-statement",
    "authn-statement-missing",
    "certificate-unknown",
    "conditions",
    "decryption",
    "decryption-key-missing",
    "destination",
    "destination-mismatch",
    "destination-missing",
    "digest-algorithm-not-allowed",
    "encryption-algorithm-not-allowed",
    "expired",
    "issuer",
    "issuer-mismatch",
    "issuer-missing",
    "key-transport-not-allowed",
    "not-yet-valid",
    "provider-without-certificate",
    "recipient",
    "recipient-mismatch",
    "recipient-missing",
    "session-expired",
    "signature",
    "signature-algorithm-not-allowed",
    "signature-missing",
    "subject-confirmation",
    "unsolicited",
    "version",
];

/// The bundle of a trace; `document` is the response that is kept with it.
///
/// # Errors
/// [`DirectoryError`], when the database says no.
pub fn of(
    conn: &Connection,
    trace: &Trace,
    document: Option<&Document>,
    public: &PublicUrl,
    now: Timestamp,
) -> Result<Value, DirectoryError> {
    let redacted = match document {
        Some(Document::Xml(xml)) => redaction::redact(xml),
        Some(Document::Value(_)) | None => None,
    };
    let personal: &[String] = redacted.as_ref().map_or(&[], |r| &r.personal);
    let mut told = bundle::without_people(trace);
    if let Some(detail) = told.get_mut("detail").and_then(Value::as_object_mut) {
        detail.insert("checks".to_owned(), checks(trace, personal));
    }
    let provider = match trace.provider_id.as_deref() {
        None => None,
        Some(id) => match provider::find(conn, id) {
            Ok(provider) => Some(configuration(conn, &provider, public, now)?),
            Err(DirectoryError::NotFound { .. }) => None,
            Err(error) => return Err(error),
        },
    };
    Ok(json!({
        "format": FORMAT,
        "made_at": now,
        "portcullis": env!("CARGO_PKG_VERSION"),
        "platform": format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
        "trace": told,
        "provider": provider,
        "document": shown(document, redacted.as_ref()),
    }))
}

fn shown(document: Option<&Document>, redacted: Option<&Redacted>) -> Value {
    let Some(document) = document else {
        return Value::Null;
    };
    let bytes = document.text().len();
    match redacted {
        Some(redacted) => json!({ "form": "xml", "bytes": bytes, "redacted": redacted.xml }),
        None => json!({
            "form": document.form(),
            "bytes": bytes,
            "left_out": "it isn't well-formed XML without a DOCTYPE, so that nobody can say what is \
                         in it",
        }),
    }
}

fn checks(trace: &Trace, personal: &[String]) -> Value {
    let checks = trace.detail.get("checks").and_then(Value::as_array);
    let told = checks.into_iter().flatten().map(|check| {
        let code = check.get("code").and_then(Value::as_str).unwrap_or("");
        let mut told = Map::new();
        told.insert("code".to_owned(), code.into());
        told.insert("passed".to_owned(), check["passed"].clone());
        for side in ["expected", "got"] {
            let text = check.get(side).and_then(Value::as_str);
            if let Some(text) = text.filter(|text| TOLD.contains(&code) && !text.contains('@')) {
                let path = text.split('?').next().unwrap_or_default();
                told.insert(side.to_owned(), redaction::without(path, personal).into());
            }
        }
        Value::Object(told)
    });
    told.collect()
}

/// How the provider is set up today. Its name and its domains are the customer's business.
fn configuration(
    conn: &Connection,
    provider: &Provider,
    public: &PublicUrl,
    now: Timestamp,
) -> Result<Value, DirectoryError> {
    let bindings = provider::bindings(conn, &provider.id)?;
    let mapping = provider.mapping()?;
    let attributes: Map<String, Value> = Fact::ALL
        .into_iter()
        .map(|fact| (fact.to_string(), json!(mapping.names(fact))))
        .collect();
    let certificates: Vec<Value> = provider::certificates(conn, &provider.id)?
        .iter()
        .map(|it| json!({ "sha256": it.fingerprint(), "not_after": it.not_after() }))
        .collect();
    Ok(json!({
        "id": provider.id,
        "kind": provider.kind.word(),
        "state": provider.state,
        "issuer": provider.issuer,
        "sso_url": provider.sso_url,
        "acs_url": public.acs(&provider.id),
        "entity_id": public.entity_id(&provider.id),
        "request_binding": bindings.request_binding,
        "sign_requests": bindings.sign_requests,
        "idp_initiated": provider.idp_initiated,
        "jit": provider.jit,
        "skew_s": provider.skew.as_secs(),
        "sha1_allowed": provider.takes_sha1(now),
        "domains": domain::of_provider(conn, &provider.id)?.len(),
        "attributes": attributes,
        "certificates": certificates,
    }))
}
