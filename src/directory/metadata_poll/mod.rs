//! Following what an identity provider publishes, so that its next certificate is here before it
//! signs with it.
//!
//! A look adds and never removes. Only certificates are ever taken: another entityID means another
//! identity provider and is an error; another sign-on address is shown as a difference, for an admin
//! to take by loading the metadata again. In the mode `ask` a certificate waits for an admin's word;
//! `automatic` pins it at once, which is only for documents whose way here is safe (https, or the
//! operator's own folder). With a trust key the document must be signed by it; without one a
//! signature means nothing, as anybody can sign.

mod document;
mod findings;
mod look;
mod take;
mod waiting;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde_json::json;

pub use self::document::{Difference, compare, read};
pub(super) use self::findings::findings;
pub use self::look::{EVERY, due, fetch, log, look, look_at_due, reach};
pub use self::take::take;
pub use self::waiting::{Addition, decide};
use super::DirectoryError;
use super::certificates::told;
use super::provider::{self, Provider};
use crate::clock::Timestamp;
use crate::observe::audit::Author;
use crate::saml::certificate::Certificate;

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
    let trust = document::trust(conn, &provider.id)?.map(|certificate| certificate.fingerprint());
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
    watch.additions = waiting::additions(conn, &provider.id)?;
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

/// Notes that somebody entered what the identity provider publishes, or where `published` is `None`
/// typed its values by hand: what an earlier look found doesn't count any more.
pub(super) fn entered(
    tx: &Connection,
    provider_id: &str,
    published: Option<&[Certificate]>,
) -> Result<(), DirectoryError> {
    let mut differences: Vec<Difference> = Vec::new();
    if let Some(published) = published {
        waiting::forget_unpublished(tx, provider_id, published)?;
        let pinned = provider::certificates(tx, provider_id)?;
        differences.extend(document::unpublished(&pinned, published));
    }
    row(tx, provider_id)?;
    tx.prepare_cached(
        "UPDATE metadata_watches SET failure = NULL, differences = ?2 WHERE provider_id = ?1",
    )?
    .execute(params![provider_id, json!(differences).to_string()])?;
    Ok(())
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
