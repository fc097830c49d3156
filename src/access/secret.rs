//! Text that must not be seen: passwords, tokens, cookie values.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use crate::store::{id, random};

/// A secret in plain text. It prints as `Secret(..)` and is wiped when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps what came from outside.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// `prefix` and 256 random bits in base64url. A prefix lets scanners of leaked secrets and
    /// people tell what they have found.
    pub fn generate(prefix: &str) -> Self {
        let bytes = Zeroizing::new(random::bytes::<32>());
        let mut text = Zeroizing::new(String::with_capacity(prefix.len() + 43));
        text.push_str(prefix);
        BASE64URL_NOPAD.encode_append(bytes.as_slice(), &mut text);
        Self(text)
    }

    /// A password of 125 random bits that can be read aloud and typed: five groups of five
    /// letters and digits, none of which look alike.
    pub fn password() -> Self {
        let bytes = Zeroizing::new(random::bytes::<16>());
        let letters = Zeroizing::new(id::base32(bytes.as_slice()));
        let mut text = Zeroizing::new(String::with_capacity(29));
        for (at, letter) in letters.chars().take(25).enumerate() {
            if at > 0 && at % 5 == 0 {
                text.push('-');
            }
            text.push(letter);
        }
        Self(text)
    }

    /// The text itself, for the one place that shows or sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored in its place.
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The SHA-256 of a presented secret. Right for values with 256 random bits, which can't be
/// guessed from it; passwords go through [`super::password`].
pub fn hash(presented: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, presented.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_secrets_are_long_and_differ_and_do_not_print() {
        let secret = Secret::generate("ptc_scim_");
        assert_eq!(secret.expose().len(), 9 + 43);
        assert!(secret.expose().starts_with("ptc_scim_"));
        assert_ne!(secret.expose(), Secret::generate("ptc_scim_").expose());
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!(secret.hash(), hash(secret.expose()));
        assert_eq!(hash("abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
    }

    #[test]
    fn generated_passwords_come_in_groups() {
        let password = Secret::password();
        let groups: Vec<_> = password.expose().split('-').collect();
        assert_eq!(groups.len(), 5);
        assert!(groups.iter().all(|group| group.len() == 5));
    }
}
