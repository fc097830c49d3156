//! Attribute names as filters, PATCH paths and projections write them: `userName`,
//! `name.givenName`, `urn:ietf:params:scim:schemas:core:2.0:User:userName`; RFC 7644 section 3.10.

use std::fmt;

use super::error::{ScimError, shown};
use super::schema;

/// Longest attribute path we read, in bytes.
const MAX_PATH: usize = 512;

/// One attribute path, spelled as the client did. Names are compared without case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttributePath {
    /// The schema URN in front, if there is one.
    pub urn: Option<String>,
    /// The attribute; empty when the path is a schema URN alone and means the whole extension.
    pub name: String,
    /// The sub-attribute behind the dot.
    pub sub: Option<String>,
}

impl AttributePath {
    /// Parses a whole string as one path. Errors are `invalidPath`.
    pub fn parse(text: &str) -> Result<Self, ScimError> {
        let invalid =
            || ScimError::invalid_path(format!("`{}` is not an attribute path.", shown(text)));
        if text.len() > MAX_PATH {
            return Err(invalid());
        }
        if let Some(schema) = schema::schema(text) {
            return Ok(Self {
                urn: Some(schema.id.into()),
                name: String::new(),
                sub: None,
            });
        }
        // A URN has dots of its own ("2.0"), so the last colon decides, not the first dot.
        let (urn, rest) = match text.rsplit_once(':') {
            Some((urn, rest)) if is_urn(urn) => (Some(urn.to_owned()), rest),
            Some(_) => return Err(invalid()),
            None => (None, text),
        };
        let (name, sub) = match rest.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (rest, None),
        };
        if !is_name(name) || sub.is_some_and(|sub| !is_name(sub)) {
            return Err(invalid());
        }
        Ok(Self {
            urn,
            name: name.to_owned(),
            sub: sub.map(str::to_owned),
        })
    }

    /// A path of one name, for callers that know it to be valid.
    pub fn of(name: &str, sub: Option<&str>) -> Self {
        Self {
            urn: None,
            name: name.to_owned(),
            sub: sub.map(str::to_owned),
        }
    }

    /// Whether this is the unqualified path `name` or `name.sub`, without case.
    pub fn is(&self, name: &str, sub: Option<&str>) -> bool {
        self.urn.is_none()
            && self.name.eq_ignore_ascii_case(name)
            && match (&self.sub, sub) {
                (None, None) => true,
                (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
                _ => false,
            }
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.urn {
            Some(urn) if self.name.is_empty() => return f.write_str(urn),
            Some(urn) => write!(f, "{urn}:{}", self.name)?,
            None => f.write_str(&self.name)?,
        }
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

/// Whether `text` may be an attribute name: `ATTRNAME` of RFC 7643 section 2.1, and `$ref`.
pub(super) fn is_name(text: &str) -> bool {
    let rest = text.strip_prefix('$').unwrap_or(text);
    rest.starts_with(|c: char| c.is_ascii_alphabetic())
        && rest
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// Whether `text` looks like a schema URI. Microsoft uses `http://...` ones, which a path can't
/// hold, so only URNs count.
pub(super) fn is_urn(text: &str) -> bool {
    text.get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
        && text.len() > 4
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ":._-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_three_forms() {
        let plain = AttributePath::parse("name.givenName").unwrap();
        assert!(plain.is("NAME", Some("givenname")));
        let long = "urn:ietf:params:scim:schemas:core:2.0:User:name.familyName";
        let parsed = AttributePath::parse(long).unwrap();
        assert_eq!(
            parsed.urn.as_deref(),
            Some("urn:ietf:params:scim:schemas:core:2.0:User")
        );
        assert_eq!(
            (parsed.name.as_str(), parsed.sub.as_deref()),
            ("name", Some("familyName"))
        );
        assert_eq!(parsed.to_string(), long);
        let whole = AttributePath::parse(&schema::ENTERPRISE_USER.id.to_uppercase()).unwrap();
        assert_eq!(
            (whole.urn.as_deref(), whole.name.as_str()),
            (Some(schema::ENTERPRISE_USER.id), "")
        );
        assert!(AttributePath::parse("members.$ref").is_ok());
    }

    #[test]
    fn refuses_what_is_no_path() {
        let long = "a".repeat(MAX_PATH + 1);
        for text in [
            "", ".", "a.", ".a", "a.b.c", "a b", "1a", "é", "a:b", "urn:x:", "$", "a[b]",
            "urn:é:a", ":", "urn::", &long,
        ] {
            let refused = AttributePath::parse(text);
            assert_eq!(
                refused.unwrap_err().scim_type,
                Some("invalidPath"),
                "{text}"
            );
        }
    }
}
