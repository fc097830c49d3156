//! Entity tags (RFC 7644 section 3.14) and the conditions that clients make with them (RFC 9110
//! section 13.1).
//!
//! All our tags are weak: they say that nothing has changed that a client could have changed, not
//! that every byte is the same. Therefore `If-Match` is compared weakly here, too. RFC 9110 wants
//! it strong, which no weak tag ever passes, while every example of RFC 7644 sends weak ones.

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::BASE64URL_NOPAD;

use super::error::{ScimError, shown};

/// Most tags of one condition.
const MAX_TAGS: usize = 100;

/// Longest list of tags, in bytes.
const MAX_LENGTH: usize = 8 * 1024;

/// The tag of a user. `groups` (id and name) are part of how a user is shown but not of the user:
/// changing a group with a hundred thousand members touches one row. So the tag says which they
/// are.
pub fn of_user(version: i64, groups: &[(String, String)]) -> String {
    if groups.is_empty() {
        return format!("W/\"{version}\"");
    }
    let mut digest = Context::new(&SHA256);
    for text in groups.iter().flat_map(|(id, display)| [id, display]) {
        digest.update(&text.len().to_be_bytes());
        digest.update(text.as_bytes());
    }
    let digest = digest.finish();
    let short = digest.as_ref().get(..9).unwrap_or_default();
    format!("W/\"{version}-{}\"", BASE64URL_NOPAD.encode(short))
}

/// The tag of a group.
pub fn of_group(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// What a client wants to be true before anything is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
}

/// The tags that a condition names, less their `W/`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    /// `*`: whatever there is.
    Any,
    These(Vec<String>),
}

impl Conditions {
    /// Reads the values of `If-Match` and `If-None-Match`, each in the order they came. Without
    /// any there is no condition. Errors: 400 for what is no list of entity tags.
    pub fn parse<'a>(
        if_match: impl Iterator<Item = &'a str>,
        if_none_match: impl Iterator<Item = &'a str>,
    ) -> Result<Self, ScimError> {
        Ok(Self {
            if_match: tags("If-Match", if_match)?,
            if_none_match: tags("If-None-Match", if_none_match)?,
        })
    }

    /// The condition of an operation of a bulk request, RFC 7644 section 3.7: its `version`.
    pub fn of_version(version: &str) -> Result<Self, ScimError> {
        Ok(Self {
            if_match: tags("version", std::iter::once(version))?,
            if_none_match: None,
        })
    }

    /// Whether there are none.
    pub fn are_none(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none()
    }

    /// Whether a change may be made to what has this tag; else 412.
    pub fn allow_change(&self, tag: &str) -> Result<(), ScimError> {
        self.expect_match(tag)?;
        if self.excludes(tag) {
            return Err(ScimError::precondition(format!(
                "If-None-Match names the present version, {tag}: nothing was changed."
            )));
        }
        Ok(())
    }

    /// Whether what has this tag is to be sent; false for 304, "not modified". 412 where `If-Match`
    /// names others only.
    pub fn allow_read(&self, tag: &str) -> Result<bool, ScimError> {
        self.expect_match(tag)?;
        Ok(!self.excludes(tag))
    }

    fn expect_match(&self, tag: &str) -> Result<(), ScimError> {
        match &self.if_match {
            Some(tags) if !tags.name(tag) => Err(ScimError::precondition(format!(
                "The resource is at version {tag} by now: read it again, and repeat the change on \
                 what it is."
            ))),
            _ => Ok(()),
        }
    }

    fn excludes(&self, tag: &str) -> bool {
        self.if_none_match
            .as_ref()
            .is_some_and(|tags| tags.name(tag))
    }
}

impl Tags {
    fn name(&self, tag: &str) -> bool {
        let opaque = tag.strip_prefix("W/").unwrap_or(tag);
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|named| named == opaque),
        }
    }
}

/// `*`, or a list of tags that may be spread over several fields and have empty elements, RFC 9110
/// section 5.6.1.
fn tags<'a>(field: &str, values: impl Iterator<Item = &'a str>) -> Result<Option<Tags>, ScimError> {
    let mut values = values.peekable();
    if values.peek().is_none() {
        return Ok(None);
    }
    let joined = values.collect::<Vec<_>>().join(",");
    let invalid = || {
        ScimError::invalid_value(format!(
            "`{field}` must be `*` or entity tags such as W/\"3\", not `{}`.",
            shown(&joined)
        ))
    };
    if joined.len() > MAX_LENGTH {
        return Err(invalid());
    }
    if joined.trim_matches([' ', '\t']) == "*" {
        return Ok(Some(Tags::Any));
    }
    let mut found = Vec::new();
    let mut rest = joined.as_str();
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            break;
        }
        let quoted = rest.strip_prefix("W/").unwrap_or(rest);
        let inside = quoted.strip_prefix('"').ok_or_else(invalid)?;
        let (opaque, behind) = inside.split_once('"').ok_or_else(invalid)?;
        let sound = opaque.chars().all(|c| !c.is_control() && c != ' ');
        rest = behind.trim_start_matches([' ', '\t']);
        if !sound || !(rest.is_empty() || rest.starts_with(',')) || found.len() >= MAX_TAGS {
            return Err(invalid());
        }
        found.push(format!("\"{opaque}\""));
    }
    if found.is_empty() {
        return Err(invalid());
    }
    Ok(Some(Tags::These(found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(if_match: &[&str], if_none_match: &[&str]) -> Result<Conditions, ScimError> {
        Conditions::parse(if_match.iter().copied(), if_none_match.iter().copied())
    }

    #[test]
    fn a_users_tag_tells_of_their_groups() {
        let groups = |list: &[(&str, &str)]| -> Vec<(String, String)> {
            list.iter()
                .map(|&(id, name)| (id.to_owned(), name.to_owned()))
                .collect()
        };
        let tags = [
            of_user(3, &[]),
            of_user(4, &[]),
            of_user(3, &groups(&[("a", "b")])),
            of_user(3, &groups(&[("ab", "")])),
            of_user(3, &groups(&[("a", "c")])),
            of_user(3, &groups(&[("a", "b"), ("c", "d")])),
        ];
        for (at, tag) in tags.iter().enumerate() {
            assert!(tags.iter().skip(at + 1).all(|other| other != tag), "{tag}");
            assert!(conditions(&[tag], &[]).unwrap().allow_change(tag).is_ok());
        }
        assert_eq!(tags[0], "W/\"3\"");
        assert_eq!(of_user(3, &groups(&[("a", "b")])), tags[2]);
    }

    #[test]
    fn conditions_hold_or_not() {
        let tag = "W/\"3\"";
        for (if_match, holds) in [
            (&["W/\"3\""][..], true),
            (&["\"3\""], true),
            (&["*"], true),
            (&[" * "], true),
            (&["\"1\", W/\"3\""], true),
            (&["\"1\"", "\"2\",,\"3\""], true),
            (&["\"a,b\" , W/\"3\" ,"], true),
            (&["W/\"4\""], false),
            (&["\"33\", \"\""], false),
        ] {
            let matching = conditions(if_match, &[]).unwrap();
            let refused = matching.allow_change(tag).err().map(|e| e.status);
            assert_eq!(refused, (!holds).then_some(412), "{if_match:?}");
            assert_eq!(matching.allow_read(tag).is_ok(), holds);
            let other = conditions(&[], if_match).unwrap();
            let refused = other.allow_change(tag).err().map(|e| e.status);
            assert_eq!(refused, holds.then_some(412), "{if_match:?}");
            assert_eq!(other.allow_read(tag), Ok(!holds));
        }
        let none = conditions(&[], &[]).unwrap();
        assert!(none.are_none() && none.allow_change(tag).is_ok());
        assert_eq!(none.allow_read(tag), Ok(true));
        let both = conditions(&["W/\"3\""], &["W/\"3\""]).unwrap();
        assert_eq!(both.allow_read(tag), Ok(false));
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        let many = vec!["\"a\""; MAX_TAGS + 1].join(",");
        let long = format!("\"{}\"", "a".repeat(MAX_LENGTH));
        for text in [
            "",
            ",",
            "3",
            "W/3",
            "w/\"3\"",
            "\"3",
            "\"3\"x",
            "\"3\" \"4\"",
            "*, \"3\"",
            "\"3\", *",
            "\"a b\"",
            "\"a\u{7}\"",
            &many,
            &long,
        ] {
            let refused = conditions(&[text], &[]).unwrap_err();
            assert_eq!(
                (refused.status, refused.scim_type),
                (400, Some("invalidValue")),
                "{text}"
            );
            assert!(conditions(&[], &[text]).is_err());
            assert!(Conditions::of_version(text).is_err());
        }
        assert!(conditions(&[&vec!["\"a\""; MAX_TAGS].join(",")], &[]).is_ok());
    }
}
