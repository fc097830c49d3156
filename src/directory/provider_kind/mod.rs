//! The identity provider products that we know by name.
//!
//! SAML is one protocol, but each product has its own words for the same two addresses, its own
//! attribute names and its own traps.

use std::fmt;
use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;

use super::DirectoryError;

/// An identity provider product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Okta.
    Okta,
    /// Microsoft Entra ID, formerly Azure AD.
    Entra,
    /// Google Workspace.
    Google,
    /// OneLogin.
    OneLogin,
    /// JumpCloud.
    JumpCloud,
    /// Keycloak.
    Keycloak,
    /// Active Directory Federation Services.
    Adfs,
    /// PingFederate.
    PingFederate,
    /// Shibboleth Identity Provider.
    Shibboleth,
    /// Any other SAML 2.0 identity provider.
    Saml,
}

impl Kind {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 10] = [
        Self::Okta,
        Self::Entra,
        Self::Google,
        Self::OneLogin,
        Self::JumpCloud,
        Self::Keycloak,
        Self::Adfs,
        Self::PingFederate,
        Self::Shibboleth,
        Self::Saml,
    ];

    /// The word used in the database, the API and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Okta => "okta",
            Self::Entra => "entra",
            Self::Google => "google",
            Self::OneLogin => "onelogin",
            Self::JumpCloud => "jumpcloud",
            Self::Keycloak => "keycloak",
            Self::Adfs => "adfs",
            Self::PingFederate => "pingfederate",
            Self::Shibboleth => "shibboleth",
            Self::Saml => "saml",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Kind {
    type Err = DirectoryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|kind| kind.word() == text);
        found.ok_or_else(|| {
            let words = Self::ALL.map(Self::word).join(", ");
            DirectoryError::invalid("kind", format!("expected one of {words}"))
        })
    }
}

impl ToSql for Kind {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.word().into())
    }
}

impl FromSql for Kind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value
            .as_str()?
            .parse()
            .map_err(|e: DirectoryError| FromSqlError::Other(Box::new(e)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_its_word() {
        for kind in Kind::ALL {
            assert_eq!(kind.word().parse::<Kind>().unwrap(), kind);
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
        let refused = "azure".parse::<Kind>().unwrap_err().to_string();
        assert!(
            refused.contains("entra") && refused.contains("saml"),
            "{refused}"
        );
    }
}
