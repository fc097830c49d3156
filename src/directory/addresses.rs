//! The appliance's own addresses, all made from the public URL in one place.

use std::fmt;
use std::str::FromStr;

use rusqlite::Connection;
use serde_json::json;

use super::DirectoryError;
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry};
use crate::store::setting;

/// Where browsers and Okta reach the appliance: scheme, host and port, no path, no trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    host: String,
}

/// The public URL until `serve --public-url` sets one.
pub const DEFAULT_PUBLIC_URL: &str = "https://localhost:8443";

const SETTING: &str = "public_url";

impl PublicUrl {
    /// The origin: `https://sso.acme.com`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The host without its port, brackets of an IPv6 address removed.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether browsers reach it by TLS.
    pub fn is_https(&self) -> bool {
        self.origin.starts_with("https://")
    }

    /// Whether it names this very machine.
    pub fn is_loopback(&self) -> bool {
        let address = self.host.parse::<std::net::IpAddr>();
        self.host == "localhost" || address.is_ok_and(|ip| ip.is_loopback())
    }

    /// Where the identity provider posts its response (Okta: "Single sign-on URL").
    pub fn acs(&self, provider_id: &str) -> String {
        format!("{}/saml/{provider_id}/acs", self.origin)
    }

    /// Where the identity provider says that somebody signed out there.
    pub fn slo(&self, provider_id: &str) -> String {
        format!("{}/saml/{provider_id}/slo", self.origin)
    }

    /// Our entity ID towards one provider (Okta: "Audience URI (SP Entity ID)"); also where our
    /// metadata is.
    pub fn entity_id(&self, provider_id: &str) -> String {
        format!("{}/saml/{provider_id}/metadata", self.origin)
    }

    /// Where a sign-in with this provider starts.
    pub fn login(&self, provider_id: &str) -> String {
        format!("{}/saml/{provider_id}/login", self.origin)
    }

    /// Where a test of this provider starts, which lets nobody in.
    pub fn test(&self, provider_id: &str, token: &str) -> String {
        format!("{}?test={token}", self.login(provider_id))
    }

    /// The link with which somebody sets their password.
    pub fn join(&self, token: &str) -> String {
        format!("{}/join/{token}", self.origin)
    }

    /// The SCIM base URL of an organization.
    pub fn scim(&self, slug: &str) -> String {
        format!("{}/scim/v2/{slug}", self.origin)
    }

    /// The public URL in the database, else the default.
    pub fn load(conn: &Connection) -> Result<Self, DirectoryError> {
        let stored = setting::read(conn, SETTING)?;
        stored.as_deref().unwrap_or(DEFAULT_PUBLIC_URL).parse()
    }

    /// Whether one has been set.
    pub fn is_set(conn: &Connection) -> Result<bool, DirectoryError> {
        Ok(setting::read(conn, SETTING)?.is_some())
    }

    /// Makes this the public URL.
    pub fn save(&self, tx: &Connection, by: &Author, now: Timestamp) -> Result<(), DirectoryError> {
        let before = setting::read(tx, SETTING)?;
        if before.as_ref() == Some(&self.origin) {
            return Ok(());
        }
        setting::write(tx, SETTING, &self.origin)?;
        let entry = Entry {
            action: "appliance.changed",
            organization_id: None,
            target: audit::Target {
                kind: "appliance",
                id: None,
                name: "the appliance",
            },
            detail: audit::detail([
                ("before", json!({ "public_url": before })),
                ("after", json!({ "public_url": self.origin })),
            ]),
        };
        audit::record(tx, by, &entry, now)?;
        Ok(())
    }
}

impl FromStr for PublicUrl {
    type Err = DirectoryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            DirectoryError::invalid(
                "public-url",
                "expected scheme, host and optional port without a path, such as \
                 https://sso.acme.com",
            )
        };
        let uri: ureq::http::Uri = text.trim_end_matches('/').parse().map_err(|_| wrong())?;
        let scheme = uri
            .scheme_str()
            .filter(|s| matches!(*s, "https" | "http"))
            .ok_or_else(wrong)?;
        let authority = uri.authority().ok_or_else(wrong)?;
        if !matches!(uri.path(), "" | "/")
            || uri.query().is_some()
            || authority.as_str().contains('@')
        {
            return Err(wrong());
        }
        if authority.as_str().contains('_') {
            return Err(DirectoryError::invalid(
                "public-url",
                "the host may not contain _: Okta refuses it in a SCIM base URL",
            ));
        }
        Ok(Self {
            origin: format!("{scheme}://{}", authority.as_str().to_ascii_lowercase()),
            host: authority
                .host()
                .trim_matches(['[', ']'])
                .to_ascii_lowercase(),
        })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_and_nothing_else() {
        let url: PublicUrl = "https://SSO.acme.com/".parse().unwrap();
        assert_eq!(url.origin(), "https://sso.acme.com");
        assert_eq!(url.scim("acme"), "https://sso.acme.com/scim/v2/acme");
        assert_eq!(
            "http://[::1]:80".parse::<PublicUrl>().unwrap().host(),
            "::1"
        );
        for bad in [
            "sso.acme.com",
            "ftp://a",
            "https://a/b",
            "https://a?x",
            "https://u@a",
            "https://",
            "https://a_b.c",
        ] {
            assert!(bad.parse::<PublicUrl>().is_err(), "{bad}");
        }
    }
}
