//! Following what an identity provider publishes, so that its next certificate is here before it
//! signs with it.
//!
//! A look adds and never removes. Only certificates are ever taken: another entityID means another
//! identity provider and is an error; another sign-on address is shown as a difference, for an admin
//! to take by loading the metadata again. In the mode `ask` a certificate waits for an admin's word;
//! `automatic` pins it at once, which is only for documents whose way here is safe (https, or the
//! operator's own folder). With a trust key the document must be signed by it; without one a
//! signature means nothing, as anybody can sign.

use std::time::Duration;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::certificates::{self, told};
use super::findings::{Finding, Severity};
use super::provider::{self, Provider};
use super::{DirectoryError, metadata_source, organization};
use crate::clock::Timestamp;
use crate::observe::audit::Author;
use crate::observe::event::{self, Event};
use crate::outbound::Reach;
use crate::saml::certificate::Certificate;
use crate::saml::metadata::{self, IdpMetadata};
use crate::store::{Store, random};

/// How long between two looks at one URL; up to an hour more, so that not all come at once.
pub const EVERY: Duration = Duration::from_secs(6 * 3600);
/// URLs looked at in one turn.
const MOST_AT_ONCE: i64 = 20;
/// Longest failure that is kept, in characters.
const LONGEST: usize = 500;

/// What is done with a published certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Nobody looks.
    Off,
    /// It waits for an admin.
    Ask,
    /// It is pinned.
    Automatic,
}

impl Mode {
    const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Ask => "ask",
            Self::Automatic => "automatic",
        }
    }
}

impl std::str::FromStr for Mode {
    type Err = DirectoryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Off, Self::Ask, Self::Automatic]
            .into_iter()
            .find(|mode| mode.word() == text)
            .ok_or_else(|| DirectoryError::invalid("mode", "expected off, ask or automatic"))
    }
}

impl FromSql for Mode {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value
            .as_str()?
            .parse()
            .map_err(|_| FromSqlError::InvalidType)
    }
}

/// How a document came here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the provider's metadata URL over https.
    Https,
    /// The same over http, from this machine.
    Loopback,
    /// From the folder of the operator.
    Folder,
}

/// Something that is published otherwise than it is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// `certificate`, `sso_url` or `entity_id`.
    pub what: String,
    /// What is here; `None`: nothing.
    pub here: Option<String>,
    /// What is published; `None`: no longer.
    pub published: Option<String>,
}

/// A certificate that waits for an admin, or that one refused.
#[derive(Debug, Serialize)]
pub struct Addition {
    /// SHA-256 of the DER.
    pub fingerprint: String,
    /// Its subject.
    pub subject: String,
    /// When it ends.
    pub not_after: Timestamp,
    /// When it was first published.
    pub seen_at: Timestamp,
    /// When it was refused; it isn't asked about again while it is published.
    pub refused_at: Option<Timestamp>,
}

/// How a provider's metadata is followed and what came of it.
#[derive(Debug, Serialize)]
pub struct Watch {
    /// What is done with a published certificate.
    pub mode: Mode,
    /// The address, where there is one.
    pub url: Option<String>,
    /// SHA-256 of the certificate that the metadata must be signed with.
    pub trust: Option<String>,
    /// The last look.
    pub looked_at: Option<Timestamp>,
    /// The next look at the address.
    pub next_at: Option<Timestamp>,
    /// Why the last look came to nothing.
    pub failure: Option<String>,
    /// What the last look showed.
    pub differences: Vec<Difference>,
    /// What waits, and what was refused.
    pub additions: Vec<Addition>,
}

/// How this provider's metadata is followed.
pub fn watch(conn: &Connection, provider: &Provider) -> Result<Watch, DirectoryError> {
    let time = |millis: Option<i64>| millis.map(Timestamp::from_millis);
    let trust = trust(conn, &provider.id)?.map(|certificate| certificate.fingerprint());
    let row = conn
        .prepare_cached(
            "SELECT mode, looked_at, next_at, failure, differences
             FROM metadata_watches WHERE provider_id = ?1",
        )?
        .query_row([&provider.id], |row| {
            Ok(Watch {
                mode: row.get(0)?,
                url: provider.metadata_url.clone(),
                trust: trust.clone(),
                looked_at: time(row.get(1)?),
                next_at: time(row.get(2)?),
                failure: row.get(3)?,
                differences: serde_json::from_str(&row.get::<_, String>(4)?).unwrap_or_default(),
                additions: Vec::new(),
            })
        })
        .optional()?;
    let mut watch = row.unwrap_or(Watch {
        mode: Mode::Ask,
        url: provider.metadata_url.clone(),
        trust: None,
        looked_at: None,
        next_at: None,
        failure: None,
        differences: Vec::new(),
        additions: Vec::new(),
    });
    watch.additions = additions(conn, &provider.id)?;
    Ok(watch)
}

/// Sets the mode, or the key that the metadata must be signed with (`Some(None)`: none).
///
/// # Errors
/// `automatic` with an address that isn't https.
pub fn set(
    tx: &Connection,
    provider: &Provider,
    mode: Option<Mode>,
    trust: Option<Option<&Certificate>>,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let insecure = provider
        .metadata_url
        .as_deref()
        .is_some_and(|url| !is_https(url));
    if mode == Some(Mode::Automatic) && insecure {
        return Err(DirectoryError::conflict(
            "mode",
            "automatic needs a metadata URL with https, as the document says which keys to trust; \
             use ask",
        ));
    }
    row(tx, &provider.id)?;
    if let Some(mode) = mode {
        tx.prepare_cached("UPDATE metadata_watches SET mode = ?2 WHERE provider_id = ?1")?
            .execute(params![provider.id, mode.word()])?;
    }
    if let Some(trust) = trust {
        tx.prepare_cached("UPDATE metadata_watches SET trust = ?2 WHERE provider_id = ?1")?
            .execute(params![provider.id, trust.map(|it| it.der.as_slice())])?;
    }
    let after = watch(tx, provider)?;
    let detail = json!({ "after": { "metadata_mode": after.mode, "metadata_trust": after.trust } });
    told(tx, "provider.changed", provider, detail, by, now)
}

/// Notes that an operator gave this address: the appliance may look for it inside the network, too.
/// Any other address of the provider is looked for as far as its organization may reach.
pub fn given_by_operator(
    tx: &Connection,
    provider_id: &str,
    url: &str,
) -> Result<(), DirectoryError> {
    row(tx, provider_id)?;
    tx.prepare_cached("UPDATE metadata_watches SET operators = ?2 WHERE provider_id = ?1")?
        .execute(params![provider_id, url.trim()])?;
    Ok(())
}

/// What a document says beside what is here; nothing is changed.
///
/// # Errors
/// In words, when it can't be believed: broken, expired, not signed as it must be, or of another
/// identity provider.
pub fn compare(
    conn: &Connection,
    provider: &Provider,
    document: &[u8],
    now: Timestamp,
) -> Result<(IdpMetadata, Vec<Difference>), DirectoryError> {
    let refused = |detail: String| DirectoryError::invalid("metadata", detail);
    let issuer = provider.issuer.as_deref().ok_or_else(|| {
        refused(format!(
            "the provider is a draft; load its metadata first: portcullis provider set {} \
             --metadata-url URL",
            provider.id
        ))
    })?;
    let published = match trust(conn, &provider.id)? {
        Some(key) => metadata::parse_signed_idp(document, &key, now),
        None => metadata::parse_idp(document, now),
    }
    .map_err(|error| refused(error.to_string()))?;
    if published.entity_id != issuer {
        return Err(refused(format!(
            "it is of another identity provider: its entityID is {} instead of {issuer}; if that is \
             right, load it yourself: portcullis provider set {} --metadata-url URL",
            published.entity_id, provider.id
        )));
    }
    let mut differences = Vec::new();
    if provider.sso_url.as_ref() != Some(&published.sso_url) {
        differences.push(Difference {
            what: "sso_url".to_owned(),
            here: provider.sso_url.clone(),
            published: Some(published.sso_url.clone()),
        });
    }
    let pinned = provider::certificates(conn, &provider.id)?;
    for new in published
        .certificates
        .iter()
        .filter(|it| !pinned.contains(it))
    {
        differences.push(Difference {
            what: "certificate".to_owned(),
            here: None,
            published: Some(new.fingerprint()),
        });
    }
    for gone in pinned
        .iter()
        .filter(|it| !published.certificates.contains(it))
    {
        differences.push(Difference {
            what: "certificate".to_owned(),
            here: Some(gone.fingerprint()),
            published: None,
        });
    }
    Ok((published, differences))
}

/// Takes what a look brought: pins or asks, and keeps what was found. Returns the fingerprints that
/// are new, and whether they were pinned. What is here stays, whatever the document says.
pub fn take(
    tx: &Connection,
    provider: &Provider,
    brought: Result<Vec<u8>, DirectoryError>,
    way: Way,
    by: &Author,
    now: Timestamp,
) -> Result<(Vec<String>, bool), DirectoryError> {
    row(tx, &provider.id)?;
    let read = brought.and_then(|document| compare(tx, provider, &document, now));
    let (published, differences, failure) = match read {
        Ok((published, differences)) => (Some(published), differences, None),
        Err(DirectoryError::Store(error)) => return Err(error.into()),
        Err(DirectoryError::Invalid { detail, .. }) => (None, Vec::new(), Some(detail)),
        Err(other) => (None, Vec::new(), Some(other.to_string())),
    };
    let failure: Option<String> = failure.map(|text| text.chars().take(LONGEST).collect());
    tx.prepare_cached(
        "UPDATE metadata_watches SET looked_at = ?2, failure = ?3, differences = ?4
         WHERE provider_id = ?1",
    )?
    .execute(params![
        provider.id,
        now.millis(),
        failure,
        json!(differences).to_string()
    ])?;
    let Some(published) = published else {
        return Ok((Vec::new(), false));
    };
    forget_unpublished(tx, &provider.id, &published.certificates)?;
    let automatic = watch(tx, provider)?.mode == Mode::Automatic && way != Way::Loopback;
    let mut new = Vec::new();
    for certificate in &published.certificates {
        let fingerprint = certificate.fingerprint();
        let added = if automatic && !is_refused(tx, &provider.id, &fingerprint)? {
            certificates::pin(tx, provider, certificate, "metadata", by, now)?
        } else {
            ask(tx, provider, certificate, by, now)?
        };
        if added {
            announce(tx, provider, certificate, automatic, now)?;
            new.push(fingerprint);
        }
    }
    Ok((new, automatic))
}

/// An admin's word on a certificate that waits.
pub fn decide(
    tx: &Connection,
    provider: &Provider,
    fingerprint: &str,
    accept: bool,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let der: Option<Vec<u8>> = tx
        .prepare_cached(
            "SELECT der FROM metadata_additions WHERE provider_id = ?1 AND fingerprint = ?2",
        )?
        .query_row(params![provider.id, fingerprint], |row| row.get(0))
        .optional()?;
    let der = der.ok_or_else(|| DirectoryError::not_found("waiting certificate", fingerprint))?;
    if accept {
        let certificate = Certificate::parse(&der)
            .map_err(|e| DirectoryError::invalid("certificate", e.to_string()))?;
        certificates::pin(tx, provider, &certificate, "metadata", by, now)?;
        return Ok(());
    }
    tx.prepare_cached(
        "UPDATE metadata_additions SET refused_at = ?3
         WHERE provider_id = ?1 AND fingerprint = ?2",
    )?
    .execute(params![provider.id, fingerprint, now.millis()])?;
    let detail = json!({ "fingerprint": fingerprint });
    told(
        tx,
        "provider.certificate-refused",
        provider,
        detail,
        by,
        now,
    )
}

/// The providers whose address is to be looked at now, each given its next time at once.
pub fn due(tx: &Connection, now: Timestamp) -> Result<Vec<Provider>, DirectoryError> {
    let ids = tx
        .prepare_cached(
            "SELECT p.id FROM providers p LEFT JOIN metadata_watches w ON w.provider_id = p.id
             WHERE p.state = 'active' AND p.metadata_url IS NOT NULL
                 AND coalesce(w.mode, 'ask') <> 'off' AND coalesce(w.next_at, 0) <= ?1
             ORDER BY coalesce(w.next_at, 0) LIMIT ?2",
        )?
        .query_map(params![now.millis(), MOST_AT_ONCE], |row| {
            row.get::<_, String>(0)
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let mut found = Vec::new();
    for id in ids {
        row(tx, &id)?;
        let jitter: [u8; 2] = random::bytes();
        let jitter = Duration::from_secs(u64::from(u16::from_be_bytes(jitter)) % 3600);
        tx.prepare_cached("UPDATE metadata_watches SET next_at = ?2 WHERE provider_id = ?1")?
            .execute(params![id, now.plus(EVERY + jitter).millis()])?;
        found.push(provider::find(tx, &id)?);
    }
    Ok(found)
}

/// How far the appliance looks for this provider's address by itself.
pub fn reach(conn: &Connection, provider: &Provider) -> Result<Reach, DirectoryError> {
    let operators: Option<String> = conn
        .prepare_cached("SELECT operators FROM metadata_watches WHERE provider_id = ?1")?
        .query_row([&provider.id], |row| row.get(0))
        .optional()?
        .flatten();
    if operators.is_some() && operators == provider.metadata_url {
        return Ok(Reach::Anywhere);
    }
    let organization = organization::find_by_id(conn, &provider.organization_id)?;
    Ok(metadata_source::reach_of(&organization))
}

/// Looks at every address whose time has come. Waits for the network, so it has a thread of its own.
pub fn look_at_due(store: &Store, now: Timestamp) -> Result<(), DirectoryError> {
    for provider in store.write(move |tx| due(tx, now))? {
        look(store, &provider, &Author::appliance(), now)?;
    }
    Ok(())
}

/// Looks at one provider's address now and takes what it says.
pub fn look(
    store: &Store,
    provider: &Provider,
    by: &Author,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let (brought, way) = fetch(store, provider)?;
    let (its, by) = (provider.clone(), by.clone());
    let (new, pinned) = store.write(move |tx| take(tx, &its, brought, way, &by, now))?;
    log(provider, &new, pinned);
    Ok(())
}

/// The document at a provider's address, or why there is none.
pub fn fetch(
    store: &Store,
    provider: &Provider,
) -> Result<(Result<Vec<u8>, DirectoryError>, Way), DirectoryError> {
    let url = provider.metadata_url.clone().ok_or_else(|| {
        DirectoryError::conflict(
            "metadata_url",
            "this provider has no metadata URL: it was set up by hand or from a file",
        )
    })?;
    let reach = store.read(|conn| reach(conn, provider))?;
    let way = if is_https(&url) {
        Way::Https
    } else {
        Way::Loopback
    };
    Ok((metadata_source::fetch(&url, reach), way))
}

/// Says what a look brought.
pub fn log(provider: &Provider, new: &[String], pinned: bool) {
    for fingerprint in new {
        let provider = provider.id.as_str();
        if pinned {
            tracing::warn!(provider, %fingerprint, "metadata published a certificate: pinned");
        } else {
            tracing::warn!(provider, %fingerprint, "metadata published a certificate: an admin must accept it");
        }
    }
}

/// What is wrong with followed metadata, or waits.
pub(super) fn findings(conn: &Connection) -> Result<Vec<Finding>, DirectoryError> {
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

fn announce(
    tx: &Connection,
    provider: &Provider,
    certificate: &Certificate,
    pinned: bool,
    now: Timestamp,
) -> Result<(), DirectoryError> {
    let data = json!({
        "provider": provider.id,
        "name": provider.name,
        "fingerprint": certificate.fingerprint(),
        "not_after": certificate.not_after(),
    });
    let told = Event {
        kind: if pinned {
            event::CERTIFICATE_ADDED
        } else {
            event::CERTIFICATE_WAITING
        },
        organization_id: Some(&provider.organization_id),
        data: data.as_object().cloned().unwrap_or_default(),
    };
    event::append(tx, &told, now)?;
    Ok(())
}

/// Lets a certificate wait; false if it is pinned, waits or was refused.
fn ask(
    tx: &Connection,
    provider: &Provider,
    certificate: &Certificate,
    by: &Author,
    now: Timestamp,
) -> Result<bool, DirectoryError> {
    let fingerprint = certificate.fingerprint();
    if certificates::has(tx, &provider.id, &fingerprint)? {
        return Ok(false);
    }
    let added = tx
        .prepare_cached(
            "INSERT INTO metadata_additions (provider_id, fingerprint, der, seen_at)
             VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            provider.id,
            fingerprint,
            certificate.der,
            now.millis()
        ])?;
    if added > 0 {
        let detail = json!({ "fingerprint": fingerprint });
        told(
            tx,
            "provider.certificate-waiting",
            provider,
            detail,
            by,
            now,
        )?;
    }
    Ok(added > 0)
}

/// What is no longer published waits no longer; so there are never more than one document holds.
fn forget_unpublished(
    tx: &Connection,
    provider_id: &str,
    published: &[Certificate],
) -> Result<(), DirectoryError> {
    for known in additions(tx, provider_id)? {
        if !published
            .iter()
            .any(|it| it.fingerprint() == known.fingerprint)
        {
            tx.prepare_cached(
                "DELETE FROM metadata_additions WHERE provider_id = ?1 AND fingerprint = ?2",
            )?
            .execute(params![provider_id, known.fingerprint])?;
        }
    }
    Ok(())
}

fn additions(conn: &Connection, provider_id: &str) -> Result<Vec<Addition>, DirectoryError> {
    let rows = conn
        .prepare_cached(
            "SELECT der, seen_at, refused_at FROM metadata_additions
             WHERE provider_id = ?1 ORDER BY seen_at, fingerprint",
        )?
        .query_map([provider_id], |row| {
            Ok((
                row.get::<_, Vec<u8>>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, Option<i64>>(2)?,
            ))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter()
        .map(|(der, seen, refused)| {
            let parsed = Certificate::parse(&der)
                .map_err(|e| DirectoryError::invalid("certificate", e.to_string()))?;
            Ok(Addition {
                fingerprint: parsed.fingerprint(),
                subject: parsed.subject().to_owned(),
                not_after: parsed.not_after(),
                seen_at: Timestamp::from_millis(seen),
                refused_at: refused.map(Timestamp::from_millis),
            })
        })
        .collect()
}

fn is_refused(
    conn: &Connection,
    provider_id: &str,
    fingerprint: &str,
) -> Result<bool, DirectoryError> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM metadata_additions
             WHERE provider_id = ?1 AND fingerprint = ?2 AND refused_at IS NOT NULL",
        )?
        .exists(params![provider_id, fingerprint])?)
}

fn trust(conn: &Connection, provider_id: &str) -> Result<Option<Certificate>, DirectoryError> {
    let der: Option<Vec<u8>> = conn
        .prepare_cached("SELECT trust FROM metadata_watches WHERE provider_id = ?1")?
        .query_row([provider_id], |row| row.get(0))
        .optional()?
        .flatten();
    der.map(|der| Certificate::parse(&der))
        .transpose()
        .map_err(|e| DirectoryError::invalid("metadata_certificate", e.to_string()))
}

fn row(tx: &Connection, provider_id: &str) -> Result<(), DirectoryError> {
    tx.prepare_cached(
        "INSERT INTO metadata_watches (provider_id) VALUES (?1) ON CONFLICT DO NOTHING",
    )?
    .execute([provider_id])?;
    Ok(())
}

fn is_https(url: &str) -> bool {
    url.get(..8)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}
