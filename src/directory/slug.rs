//! The short name of an organization in addresses.

use std::fmt;
use std::str::FromStr;

use super::DirectoryError;

/// `[a-z0-9-]{1,63}`, not starting or ending with `-`. Okta refuses `_` anywhere in a SCIM base
/// URL, so there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slug(String);

impl Slug {
    /// The text of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = DirectoryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=63).contains(&text.len())
            && text.bytes().all(allowed)
            && !text.starts_with('-')
            && !text.ends_with('-')
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(DirectoryError::invalid(
                "slug",
                "expected 1 to 63 of a-z, 0-9 and -, not at either end (it stands in addresses, \
                 and Okta refuses _ there), such as `acme`",
            ))
        }
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_address_can_carry() {
        for good in ["a", "acme", "acme-2", &"a".repeat(63)] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "-a",
            "a-",
            "A",
            "a_b",
            "a/b",
            "a b",
            "ä",
            &"a".repeat(64),
        ] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }
}
