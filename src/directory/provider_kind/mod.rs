//! The identity provider products that we know by name.
//!
//! SAML is one protocol, but each product has its own words for the same two addresses, its own
//! attribute names and its own traps. They stand in one table, a file for each product; the command
//! line, the API and the console read it.

mod adfs;
mod entra;
mod google;
mod jumpcloud;
mod keycloak;
mod okta;
mod onelogin;
mod other;
mod pingfederate;
mod preset;
mod shibboleth;

use std::fmt;
use std::str::FromStr;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;

use super::DirectoryError;
use crate::saml::advice::Screens;
use crate::saml::mapping::Mapping;
use crate::saml::metadata::MetadataError;

pub use self::preset::{Attributes, Form, Here, Labels, Preset, Row, Source, Step, Table};

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

    /// What is known of the product.
    pub fn preset(self) -> &'static Preset {
        match self {
            Self::Okta => &okta::PRESET,
            Self::Entra => &entra::PRESET,
            Self::Google => &google::PRESET,
            Self::OneLogin => &onelogin::PRESET,
            Self::JumpCloud => &jumpcloud::PRESET,
            Self::Keycloak => &keycloak::PRESET,
            Self::Adfs => &adfs::PRESET,
            Self::PingFederate => &pingfederate::PRESET,
            Self::Shibboleth => &shibboleth::PRESET,
            Self::Saml => &other::PRESET,
        }
    }

    /// Whether the product has a person sign in again when it is asked to (ForceAuthn) and says when
    /// that was (AuthnInstant). Where that isn't known for sure, somebody has to say so.
    pub const fn signs_in_again(self) -> bool {
        match self {
            Self::Okta
            | Self::Entra
            | Self::Keycloak
            | Self::Adfs
            | Self::PingFederate
            | Self::Shibboleth => true,
            Self::Google | Self::OneLogin | Self::JumpCloud | Self::Saml => false,
        }
    }

    /// Whose screens advice is about.
    pub const fn screens(self) -> Screens {
        match self {
            Self::Okta => Screens::Okta,
            Self::Entra => Screens::Entra,
            Self::Google => Screens::Google,
            Self::OneLogin
            | Self::JumpCloud
            | Self::Keycloak
            | Self::Adfs
            | Self::PingFederate
            | Self::Shibboleth
            | Self::Saml => Screens::Other,
        }
    }

    /// What is said of metadata that can't be used, and where this product has the right one.
    pub fn without_metadata(self, error: &MetadataError) -> String {
        let found = self.preset().metadata.found.replace("**", "\"");
        format!("{error}. Where it is: {found}")
    }

    /// The product's own names of attributes. Groups have none: they are taken from an attribute
    /// only where somebody asks for that.
    pub fn mapping(self) -> Mapping {
        let names = &self.preset().attributes;
        Mapping::of([
            names.email,
            names.first_name,
            names.last_name,
            names.display_name,
            &[],
        ])
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
    use crate::saml::mapping::Fact;

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

    #[test]
    fn each_preset_can_be_used() {
        let known = ["{acs_url}", "{entity_id}", "{login_url}", "{metadata_url}"];
        for kind in Kind::ALL {
            let preset = kind.preset();
            assert_eq!(preset.kind, kind);
            let mapping = kind.mapping();
            for fact in Fact::ALL {
                let again = Mapping::empty().with(fact, mapping.names(fact));
                assert_eq!(again.unwrap().names(fact), mapping.names(fact), "{kind}");
            }
            assert!(mapping.names(Fact::Email).len() > 1 && mapping.names(Fact::Groups).is_empty());
            let proposed = Mapping::empty().with(Fact::Groups, preset.attributes.groups);
            assert!(!proposed.unwrap().names(Fact::Groups).is_empty());
            assert!((180..=600).contains(&preset.skew_seconds));
            let times = |here| preset.steps.iter().filter(|s| s.here == Some(here)).count();
            assert_eq!((times(Here::Metadata), times(Here::Test)), (1, 1), "{kind}");
            assert!(!preset.traps.is_empty());
            // Both addresses are said where they go.
            let steps = serde_json::to_string(preset.steps).unwrap();
            assert!(
                steps.contains("{acs_url}") && steps.contains("{entity_id}"),
                "{kind}"
            );
            let mut rest = steps.as_str();
            while let Some(at) = rest.find(":\"{") {
                let value = rest[at + 2..].split('"').next().unwrap();
                assert!(known.contains(&value), "{kind}: {value}");
                rest = &rest[at + 2..];
            }
            let bold = serde_json::to_string(preset).unwrap().matches("**").count();
            assert_eq!(bold % 2, 0, "{kind}");
            for row in preset.steps.iter().filter_map(|s| s.table.as_ref()) {
                for cells in row.rows {
                    assert_eq!(cells.len(), row.columns.len(), "{kind}");
                }
            }
        }
    }
}
