//! Among which names a NameID is one (SAML core section 2.2.2): its Format and its two qualifiers.
//! A session keeps them, for a LogoutRequest to give them back as they came.

use crate::saml::xml::{Element, escape};

const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";

/// The attributes of a NameID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameSpace {
    /// Format
    pub format: Option<String>,
    /// NameQualifier: whose name it is, most often the identity provider's entity ID.
    pub name_qualifier: Option<String>,
    /// SPNameQualifier: for whom, most often our entity ID.
    pub sp_name_qualifier: Option<String>,
}

impl NameSpace {
    /// Reads them from a NameID.
    pub(super) fn read(name_id: Element<'_>) -> Self {
        let attribute = |name| name_id.attribute(name).map(str::to_owned);
        Self {
            format: attribute("Format"),
            name_qualifier: attribute("NameQualifier"),
            sp_name_qualifier: attribute("SPNameQualifier"),
        }
    }

    /// Their values, those that are there.
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        [&self.format, &self.name_qualifier, &self.sp_name_qualifier]
            .into_iter()
            .filter_map(Option::as_deref)
    }

    /// Whether the same text in both may be the same name. What one side leaves out says nothing
    /// against the other: identity providers send a format at sign-in and none at logout, or
    /// `unspecified` for what they called an address, and a session that stays open is the worse
    /// mistake. Two that are said must be equal.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let agree = |ours: &Option<String>, theirs: &Option<String>| match (ours, theirs) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => true,
        };
        let said = |format: &Option<String>| format.clone().filter(|f| f != UNSPECIFIED);
        agree(&said(&self.format), &said(&other.format))
            && agree(&self.name_qualifier, &other.name_qualifier)
            && agree(&self.sp_name_qualifier, &other.sp_name_qualifier)
    }

    /// The NameID element of `name` with these attributes, as they came.
    pub(super) fn element(&self, name: &str) -> String {
        let attribute = |key: &str, value: &Option<String>| {
            value
                .as_ref()
                .map_or_else(String::new, |value| format!(" {key}=\"{}\"", escape(value)))
        };
        format!(
            "<saml:NameID{}{}{}>{}</saml:NameID>",
            attribute("NameQualifier", &self.name_qualifier),
            attribute("SPNameQualifier", &self.sp_name_qualifier),
            attribute("Format", &self.format),
            escape(name),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(format: Option<&str>, idp: Option<&str>, sp: Option<&str>) -> NameSpace {
        NameSpace {
            format: format.map(str::to_owned),
            name_qualifier: idp.map(str::to_owned),
            sp_name_qualifier: sp.map(str::to_owned),
        }
    }

    #[test]
    fn what_is_left_out_agrees_and_what_differs_does_not() {
        let address = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
        let full = space(Some(address), Some("idp"), Some("sp"));
        for other in [
            space(None, None, None),
            space(Some(UNSPECIFIED), None, None),
            space(Some(address), Some("idp"), None),
            full.clone(),
        ] {
            assert!(
                full.agrees_with(&other) && other.agrees_with(&full),
                "{other:?}"
            );
        }
        for other in [
            space(
                Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
                None,
                None,
            ),
            space(None, Some("another"), None),
            space(None, None, Some("another")),
            space(None, Some(""), None),
        ] {
            assert!(
                !full.agrees_with(&other) && !other.agrees_with(&full),
                "{other:?}"
            );
        }
    }

    #[test]
    fn the_element_says_it_again() {
        let full = space(Some("f"), Some("i\"d"), Some("s"));
        let xml = full.element("a<b");
        assert_eq!(
            xml,
            "<saml:NameID NameQualifier=\"i&quot;d\" SPNameQualifier=\"s\" Format=\"f\">a&lt;b\
             </saml:NameID>"
        );
        assert_eq!(
            NameSpace::default().element("a"),
            "<saml:NameID>a</saml:NameID>"
        );
    }
}
