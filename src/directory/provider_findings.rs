//! What weakens sign-in or logout through a provider because somebody allowed it. Each may be right,
//! for a product that can do no better; it is said for as long as it is so.

use rusqlite::{Connection, params};

use super::DirectoryError;
use super::findings::{Finding, Severity};
use crate::clock::Timestamp;

/// Providers looked at, at most.
const MOST: i64 = 1_000;

/// What the rules of active providers allow that is better not allowed.
pub(super) fn findings(conn: &Connection, now: Timestamp) -> Result<Vec<Finding>, DirectoryError> {
    let mut statement = conn.prepare_cached(
        "SELECT p.id, p.organization_id, p.name, p.sha1_until, p.idp_initiated,
             coalesce(l.unsigned_requests, 0), coalesce(l.unsigned_responses, 0)
         FROM providers p LEFT JOIN provider_logouts l ON l.provider_id = p.id
         WHERE p.state = 'active'
             AND (p.sha1_until > ?1 OR p.idp_initiated OR l.unsigned_requests
                  OR l.unsigned_responses)
         ORDER BY p.id LIMIT ?2",
    )?;
    let mut rows = statement.query(params![now.millis(), MOST])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, organization_id): (String, String) = (row.get(0)?, row.get(1)?);
        let name: String = row.get(2)?;
        let mut say = |code, severity, text: String, fix: String| {
            found.push(Finding {
                code,
                severity,
                organization_id: Some(organization_id.clone()),
                subject: id.clone(),
                text,
                fix,
            });
        };
        let sha1_until = row.get::<_, Option<i64>>(3)?.map(Timestamp::from_millis);
        if let Some(end) = sha1_until.filter(|end| *end > now) {
            say(
                "sha1-allowed",
                Severity::Warning,
                format!("{name} may sign with SHA-1, which can be forged, until {end}."),
                format!(
                    "Set its signature and digest algorithm to SHA-256, then: portcullis provider \
                     set {id} --allow-sha1-until none"
                ),
            );
        }
        if row.get(4)? {
            say(
                "unsolicited-responses-trusted",
                Severity::Notice,
                format!(
                    "Responses that nobody asked for are taken from {name}: whoever has one can \
                     have somebody else's browser post it."
                ),
                format!(
                    "The tile in the portal works without it: portcullis provider set {id} \
                     --idp-initiated false"
                ),
            );
        }
        if row.get(5)? {
            say(
                "unsigned-logout-requests",
                Severity::Notice,
                format!(
                    "LogoutRequests of {name} are followed without a signature: whoever knows a \
                     person's NameID can sign that person out."
                ),
                format!(
                    "Have it sign them, then: portcullis provider set {id} \
                     --unsigned-logout-requests false"
                ),
            );
        }
        if row.get(6)? {
            say(
                "unsigned-logout-responses",
                Severity::Notice,
                format!(
                    "LogoutResponses of {name} are believed without a signature: a page may say \
                     that somebody is signed out there who is not."
                ),
                format!(
                    "Have it sign them, then: portcullis provider set {id} \
                     --unsigned-logout-responses false"
                ),
            );
        }
    }
    Ok(found)
}
