//! What a request may ask for beyond a sign-in (SAML core section 3.4.1), as values that are known to
//! be usable: made once, where they are typed.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The most classes that one request names.
pub const MOST_CONTEXTS: usize = 10;

/// The longest class or format. Both are URIs, of which the longest known has 81 characters.
pub const LONGEST_URI: usize = 255;

/// Why a value can't be asked for.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AskedError {
    /// Not a URI of a usable length.
    #[error(
        "expected an absolute URI of at most {LONGEST_URI} characters, such as \
         urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
    )]
    Uri,
    /// Another word.
    #[error("expected exact, minimum, maximum or better")]
    Comparison,
}

/// A URI of a class or a format. It stays text: such URIs are compared character by character (SAML
/// core section 1.3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identifier(String);

impl Identifier {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Identifier {
    type Err = AskedError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let scheme = text.split_once(':').is_some_and(|(scheme, rest)| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.bytes().all(plain)
                && !rest.is_empty()
        });
        let printable = text.bytes().all(|b| b.is_ascii_graphic());
        if !scheme || !printable || text.len() > LONGEST_URI {
            return Err(AskedError::Uri);
        }
        Ok(Self(text.to_owned()))
    }
}

/// How the class of the answer is to compare with those that were asked for (core section 3.3.2.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Comparison {
    /// One of them. The only one that can be checked here: what is stronger than what, only the
    /// identity provider knows.
    #[default]
    Exact,
    /// At least as strong as one of them.
    Minimum,
    /// As strong as possible without being stronger than one of them.
    Maximum,
    /// Stronger than each of them.
    Better,
}

impl Comparison {
    /// The value of the attribute Comparison.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Minimum => "minimum",
            Self::Maximum => "maximum",
            Self::Better => "better",
        }
    }
}

impl FromStr for Comparison {
    type Err = AskedError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Exact, Self::Minimum, Self::Maximum, Self::Better]
            .into_iter()
            .find(|comparison| comparison.word() == text)
            .ok_or(AskedError::Comparison)
    }
}

/// What one request asks for; the default asks for nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// That the person proves who they are again, whatever session they have there.
    pub force_authn: bool,
    /// Whom the request is about, for the identity provider to fill in.
    pub subject: Option<&'a str>,
    /// The format of the NameID; `None` sends no NameIDPolicy.
    pub name_id_format: Option<&'a Identifier>,
    /// Classes of authentication; none sends no RequestedAuthnContext.
    pub contexts: &'a [Identifier],
    /// How the answer's class is to compare with them.
    pub comparison: Comparison,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_an_absolute_uri_within_its_bound() {
        let class = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
        assert_eq!(class.parse::<Identifier>().unwrap().as_str(), class);
        assert!(
            " https://refeds.org/profile/mfa "
                .parse::<Identifier>()
                .is_ok()
        );
        let long = format!("urn:{}", "x".repeat(LONGEST_URI - 4));
        assert!(long.parse::<Identifier>().is_ok());
        let wrong = [
            "",
            "urn:",
            ":x",
            "PasswordProtectedTransport",
            "urn:a b",
            "1a:b",
            "urn:ü",
        ];
        for text in wrong.into_iter().chain([format!("{long}x").as_str()]) {
            assert_eq!(text.parse::<Identifier>(), Err(AskedError::Uri), "{text:?}");
        }
    }

    #[test]
    fn comparisons_by_their_words() {
        assert_eq!("minimum".parse(), Ok(Comparison::Minimum));
        assert_eq!("Exact".parse::<Comparison>(), Err(AskedError::Comparison));
    }
}
