//! What is wrong with followed metadata, or waits for somebody.

use rusqlite::Connection;

use super::watch;
use crate::directory::DirectoryError;
use crate::directory::findings::{Finding, Severity};
use crate::directory::provider;

/// What is wrong with followed metadata, or waits.
pub(in crate::directory) fn findings(conn: &Connection) -> Result<Vec<Finding>, DirectoryError> {
    let ids = conn
        .prepare_cached(
            "SELECT p.id FROM providers p JOIN metadata_watches w ON w.provider_id = p.id
             WHERE p.state = 'active' AND w.mode <> 'off'
                 AND (w.failure IS NOT NULL OR w.differences <> '[]') LIMIT 200",
        )?
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    let mut found = Vec::new();
    for id in ids {
        let provider = provider::find(conn, &id)?;
        let watch = watch(conn, &provider)?;
        let finding = |code, severity, text: String, fix: String| Finding {
            code,
            severity,
            organization_id: Some(provider.organization_id.clone()),
            subject: id.clone(),
            text,
            fix,
        };
        let name = &provider.name;
        if let Some(failure) = &watch.failure {
            found.push(finding(
                "metadata-unusable",
                Severity::Warning,
                format!(
                    "The metadata of {name} could not be taken: {failure}. What is here stays."
                ),
                format!("Correct it and look again: portcullis provider refresh {id}"),
            ));
        }
        let waiting = watch.additions.iter().filter(|it| it.refused_at.is_none());
        for addition in waiting {
            let fingerprint = &addition.fingerprint;
            found.push(finding(
                "certificate-waiting",
                Severity::Warning,
                format!("{name} published a certificate that isn't trusted yet: {fingerprint}."),
                format!(
                    "Compare it with what the identity provider shows, then: portcullis provider \
                     metadata accept {id} {fingerprint} (or refuse)"
                ),
            ));
        }
        for difference in watch.differences.iter().filter(|it| it.what == "sso_url") {
            let published = difference.published.as_deref().unwrap_or("none");
            found.push(finding(
                "sign-on-address-differs",
                Severity::Warning,
                format!("{name} publishes another sign-on address: {published}."),
                format!("If that is right: portcullis provider set {id} --metadata-url URL"),
            ));
        }
    }
    Ok(found)
}
