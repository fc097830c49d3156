//! The path of an operation: `attribute`, `attribute.sub`, `attribute[filter]`,
//! `attribute[filter].sub`, each with a URN in front or not; RFC 7644 figure 7.

use crate::scim::error::{ScimError, shown};
use crate::scim::filter::{self, Filter};
use crate::scim::path::AttributePath;

/// What an operation is about.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    pub(super) path: AttributePath,
    pub(super) filter: Option<Filter>,
    /// The part of the selected elements, `None` without a filter.
    pub(super) part: Option<String>,
}

impl Target {
    pub(super) fn parse(text: &str) -> Result<Self, ScimError> {
        let text = text.trim_ascii();
        let Some((path, rest)) = text.split_once('[') else {
            return Ok(Self {
                path: AttributePath::parse(text)?,
                filter: None,
                part: None,
            });
        };
        let invalid = || ScimError::invalid_path(format!("`{}` is not a path.", shown(text)));
        let path = AttributePath::parse(path)?;
        // Behind the last bracket no string can follow, so one inside a string isn't mistaken.
        let (inside, behind) = rest.rsplit_once(']').ok_or_else(invalid)?;
        let part = match behind.strip_prefix('.') {
            Some(part) if crate::scim::path::is_name(part) => Some(part.to_owned()),
            None if behind.is_empty() => None,
            _ => return Err(invalid()),
        };
        Ok(Self {
            path,
            filter: Some(filter::parse_element(inside)?),
            part,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_all_forms() {
        let plain = Target::parse("name.givenName").unwrap();
        assert!(plain.path.is("name", Some("givenName")) && plain.filter.is_none());
        let element = Target::parse("members[value eq \"a]b.c\"]").unwrap();
        assert_eq!(
            element.filter,
            Some(filter::parse("value eq \"a]b.c\"").unwrap())
        );
        let urn = "urn:ietf:params:scim:schemas:core:2.0:User:emails[type eq \"work\"].value";
        let part = Target::parse(urn).unwrap();
        assert_eq!(
            (part.path.name.as_str(), part.part.as_deref()),
            ("emails", Some("value"))
        );
    }

    #[test]
    fn refuses_what_is_no_path() {
        for text in [
            "",
            "a[",
            "a[b pr",
            "a[b pr]x",
            "a[b pr].",
            "a[b pr].c.d",
            "[b pr]",
            "a]",
        ] {
            assert_eq!(
                Target::parse(text).unwrap_err().scim_type,
                Some("invalidPath"),
                "{text}"
            );
        }
        for text in ["a[]", "a[b]", "a[b xx \"c\"]", "a[b[c pr]]"] {
            assert_eq!(
                Target::parse(text).unwrap_err().scim_type,
                Some("invalidFilter"),
                "{text}"
            );
        }
    }
}
