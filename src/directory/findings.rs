//! What is wrong or soon will be, as typed values: a stable code, how bad it is, what is wrong and
//! how to fix it. Computed when asked, from what is stored.

use rusqlite::Connection;
use serde::Serialize;

use super::expiry::{self, InUse, Use};
use super::{DirectoryError, metadata_poll, provider_findings};
use crate::clock::Timestamp;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// To be dealt with.
    Warning,
    /// Something is broken or is about to be.
    Serious,
}

/// Something that is wrong.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// A stable word.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Its organization's id; `None` is the appliance.
    pub organization_id: Option<String>,
    /// The provider or key it is about.
    pub subject: String,
    /// What is wrong.
    pub text: String,
    /// What to do.
    pub fix: String,
}

/// All there are, or those of one organization alone; the worst first.
pub fn all(
    conn: &Connection,
    organization_id: Option<&str>,
    now: Timestamp,
) -> Result<Vec<Finding>, DirectoryError> {
    let mut found: Vec<Finding> = expiry::in_use(conn, now)?
        .iter()
        .filter_map(|certificate| ending(certificate, now))
        .collect();
    found.extend(metadata_poll::findings(conn)?);
    found.extend(provider_findings::findings(conn, now)?);
    if let Some(only) = organization_id {
        found.retain(|finding| finding.organization_id.as_deref() == Some(only));
    }
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Ok(found)
}

fn ending(certificate: &InUse, now: Timestamp) -> Option<Finding> {
    let threshold = certificate.threshold(now)?;
    let (code, fix) = match certificate.used_for {
        Use::Provider => (
            "provider-certificate-ending",
            "Make a new signing certificate at the identity provider (Okta: Sign On > SAML Signing \
             Certificates > Generate new certificate) and pin it beside this one before it is \
             activated: portcullis provider certificate add ID --file FILE. If the next one is here \
             already, activate it there. Sign-ins go on after the end; some identity providers stop signing then.",
        ),
        Use::SamlSigning => (
            "signing-key-ending",
            "portcullis keys roll saml-signing, and upload the new certificate to the identity \
             providers that check our signatures.",
        ),
        Use::SamlEncryption => (
            "encryption-key-ending",
            "portcullis keys roll saml-encryption, and upload the new certificate to the identity \
             providers that encrypt (Okta: SAML Settings > Encryption Certificate).",
        ),
        Use::Tls if certificate.renewed => (
            "tls-certificate-ending",
            "It renews itself 30 days before its end, and that has failed: see the log, restart.",
        ),
        Use::Tls => (
            "tls-certificate-ending",
            "Replace the files of --tls-cert and --tls-key; they are read again within seconds.",
        ),
    };
    let days = certificate.days_left(now);
    let end = certificate.not_after;
    let name = &certificate.name;
    let text = if threshold == 0 {
        format!("The certificate of {name} ended on {end}.")
    } else {
        format!("The certificate of {name} ends in {days} days, on {end}.")
    };
    Some(Finding {
        code,
        severity: match threshold {
            0 | 3 => Severity::Serious,
            14 | 30 => Severity::Warning,
            _ => Severity::Notice,
        },
        organization_id: certificate.organization_id.clone(),
        subject: certificate.id.clone(),
        text,
        fix: fix.to_owned(),
    })
}
