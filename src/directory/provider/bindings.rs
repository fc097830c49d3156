//! How requests go to an identity provider (SAML bindings sections 3.4 and 3.5): what its metadata
//! offers and wants, unless somebody has chosen otherwise.

use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::Provider;
use crate::directory::DirectoryError;

/// A binding of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Binding {
    /// HTTP-Redirect: the browser is sent there with the request in the address.
    Redirect,
    /// HTTP-POST: a page posts the request.
    Post,
}

impl Binding {
    const fn word(self) -> &'static str {
        match self {
            Self::Redirect => "redirect",
            Self::Post => "post",
        }
    }
}

impl FromStr for Binding {
    type Err = DirectoryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "redirect" => Ok(Self::Redirect),
            "post" => Ok(Self::Post),
            _ => Err(DirectoryError::invalid(
                "request_binding",
                "expected redirect or post",
            )),
        }
    }
}

impl FromSql for Binding {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value
            .as_str()?
            .parse()
            .map_err(|_| FromSqlError::InvalidType)
    }
}

/// How requests go to one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bindings {
    /// The binding that is used.
    pub request_binding: Binding,
    /// Whether requests are signed.
    pub sign_requests: bool,
    sso_post_url: Option<String>,
}

impl Bindings {
    /// Where requests go; `None` for a draft. Where only one address is known (typed by hand, or
    /// Okta's), it takes both bindings.
    pub fn destination<'p>(&'p self, provider: &'p Provider) -> Option<&'p str> {
        let known = provider.sso_url.as_deref()?;
        Some(match self.request_binding {
            Binding::Redirect => known,
            Binding::Post => self.sso_post_url.as_deref().unwrap_or(known),
        })
    }
}

/// What can be chosen; `None` keeps.
#[derive(Clone, Copy, Debug, Default)]
pub struct BindingsChange {
    /// Which binding.
    pub request_binding: Option<Binding>,
    /// Whether to sign.
    pub sign_requests: Option<bool>,
}

/// What an identity provider's metadata says of this.
#[derive(Debug)]
pub(super) struct Offered {
    pub(super) takes_redirects: bool,
    pub(super) sso_post_url: Option<String>,
    pub(super) wants_signed: bool,
}

impl Offered {
    /// What is taken to be so where there is no metadata.
    pub(super) const UNSAID: Self = Self {
        takes_redirects: true,
        sso_post_url: None,
        wants_signed: false,
    };
}

/// Reads what holds for a provider.
pub fn bindings(conn: &Connection, provider_id: &str) -> Result<Bindings, DirectoryError> {
    let found = conn
        .prepare_cached(
            "SELECT takes_redirects, sso_post_url, wants_signed, request_binding, sign_requests
             FROM provider_bindings WHERE provider_id = ?1",
        )?
        .query_row([provider_id], |row| {
            let offered = if row.get(0)? {
                Binding::Redirect
            } else {
                Binding::Post
            };
            let wanted: bool = row.get(2)?;
            Ok(Bindings {
                request_binding: row.get::<_, Option<Binding>>(3)?.unwrap_or(offered),
                sign_requests: row.get::<_, Option<bool>>(4)?.unwrap_or(wanted),
                sso_post_url: row.get(1)?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or(Bindings {
        request_binding: Binding::Redirect,
        sign_requests: false,
        sso_post_url: None,
    }))
}

/// Keeps what the identity provider says; what was chosen stays.
pub(super) fn offer(tx: &Connection, id: &str, offered: &Offered) -> Result<(), DirectoryError> {
    tx.prepare_cached(
        "INSERT INTO provider_bindings (provider_id, takes_redirects, sso_post_url, wants_signed)
         VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (provider_id) DO UPDATE SET takes_redirects = excluded.takes_redirects,
             sso_post_url = excluded.sso_post_url, wants_signed = excluded.wants_signed",
    )?
    .execute(params![
        id,
        offered.takes_redirects,
        offered.sso_post_url,
        offered.wants_signed
    ])?;
    Ok(())
}

/// Keeps what was chosen.
pub(super) fn choose(
    tx: &Connection,
    id: &str,
    change: BindingsChange,
) -> Result<(), DirectoryError> {
    if change.request_binding.is_none() && change.sign_requests.is_none() {
        return Ok(());
    }
    tx.prepare_cached(
        "INSERT INTO provider_bindings (provider_id, request_binding, sign_requests)
         VALUES (?1, ?2, ?3)
         ON CONFLICT (provider_id) DO UPDATE SET
             request_binding = coalesce(excluded.request_binding, request_binding),
             sign_requests = coalesce(excluded.sign_requests, sign_requests)",
    )?
    .execute(params![
        id,
        change.request_binding.map(Binding::word),
        change.sign_requests
    ])?;
    Ok(())
}
