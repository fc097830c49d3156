//! What a person may choose as a password.
//!
//! Length and not being guessable count, nothing else: no rule about digits or symbols, no expiry
//! (NIST SP 800-63B section 3.1.1.2). Guessable is what stands on a list of common passwords, what
//! is made of one by digits and symbols around it or in its letters' places, what repeats or
//! counts on, and what little is left when the person's own names are taken out.

use std::collections::BTreeSet;
use std::io::Read as _;

use flate2::read::GzDecoder;
use zeroize::Zeroizing;

use super::secret::Secret;

/// Characters at least.
pub const SHORTEST: usize = 12;

/// Characters at most; a passphrase of twenty words is shorter.
pub const LONGEST: usize = 128;

/// Characters that have to be left without the person's own names.
const SHORTEST_REST: usize = 8;

/// Different characters at least.
const FEWEST_DIFFERENT: usize = 5;

/// A name shorter than this stands in too many words to be taken out of them.
const SHORTEST_NAME: usize = 4;

static COMMON: &[u8] = include_bytes!("new_password/common.txt.gz");

const ROWS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "1234567890",
    "01234567890",
    "0987654321",
];

/// Why a password can't be taken; said to the person who chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unacceptable {
    /// Too short.
    #[error("use at least {SHORTEST} characters; several words with spaces between them are fine")]
    TooShort,
    /// Too long.
    #[error("use at most {LONGEST} characters")]
    TooLong,
    /// Something that can't be typed.
    #[error("leave out line breaks, tabs and other control characters")]
    Control,
    /// On the list, or made of what is.
    #[error("this is one of the passwords that are tried first; use several unrelated words")]
    Common,
    /// Repetition or counting.
    #[error("this repeats itself or only counts on; use several unrelated words")]
    Pattern,
    /// Mostly the person's own names.
    #[error("this is made of your name, your address or your organization; use other words")]
    Personal,
}

/// Whether a password may be chosen by somebody with these names: userName, address, display name,
/// organization.
///
/// # Errors
/// [`Unacceptable`], with what to do instead.
pub fn check(password: &Secret, names: &[&str]) -> Result<(), Unacceptable> {
    let length = password.expose().chars().count();
    if length < SHORTEST {
        return Err(Unacceptable::TooShort);
    }
    if length > LONGEST {
        return Err(Unacceptable::TooLong);
    }
    if password.expose().chars().any(char::is_control) {
        return Err(Unacceptable::Control);
    }
    let folded = Zeroizing::new(password.expose().to_lowercase());
    if is_pattern(&folded) {
        return Err(Unacceptable::Pattern);
    }
    let rest = Zeroizing::new(without(&folded, names));
    if *rest != *folded && core(&rest).chars().count() < SHORTEST_REST {
        return Err(Unacceptable::Personal);
    }
    if is_common(&folded) || is_common(&rest) {
        return Err(Unacceptable::Common);
    }
    Ok(())
}

/// Few different characters, one unit again and again, or a row of the keyboard or the alphabet.
fn is_pattern(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let different: BTreeSet<char> = characters.iter().copied().collect();
    let repeats = |unit: usize| {
        characters
            .iter()
            .zip(characters.iter().skip(unit))
            .all(|(earlier, later)| earlier == later)
    };
    let along_a_row = |row: &&str| {
        let backwards: String = row.chars().rev().collect();
        row.repeat(12).contains(text) || backwards.repeat(12).contains(text)
    };
    different.len() < FEWEST_DIFFERENT
        || (1..=characters.len() / 3).any(repeats)
        || ROWS.iter().any(along_a_row)
}

/// The text without the words of the names.
fn without(text: &str, names: &[&str]) -> String {
    let mut words: Vec<String> = names
        .iter()
        .flat_map(|name| name.split(|c: char| !c.is_alphanumeric()))
        .chain(["portcullis"])
        .map(str::to_lowercase)
        .filter(|word| word.chars().count() >= SHORTEST_NAME)
        .collect();
    // The longest first: `ann` must not spoil `annette`.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.iter().fold(text.to_owned(), |rest, word| {
        rest.replace(word.as_str(), "")
    })
}

/// Without what is put around a word to make it a password.
fn core(text: &str) -> &str {
    text.trim_matches(|c: char| !c.is_alphabetic())
}

/// Whether the text, or what is left of it without its decoration, stands on the list; and each
/// half of it if it is one word twice.
fn is_common(text: &str) -> bool {
    let plain = Zeroizing::new(text.chars().map(letter).collect::<String>());
    let spelt = text.trim_matches(|c: char| !c.is_alphanumeric() && letter(c) == c);
    let mut candidates: BTreeSet<&str> = [
        text,
        core(text),
        plain.as_str(),
        core(&plain),
        spelt.trim_matches(|c: char| c.is_ascii_digit()),
    ]
    .into();
    let undone = Zeroizing::new(core(text).chars().map(letter).collect::<String>());
    candidates.insert(&undone);
    let halves: Vec<&str> = candidates
        .iter()
        .filter_map(|word| {
            let (first, second) = word.split_at_checked(word.len() / 2)?;
            (first == second).then_some(first)
        })
        .collect();
    candidates.extend(halves);
    candidates.retain(|word| word.len() >= SHORTEST_NAME);
    let mut list = String::new();
    if GzDecoder::new(COMMON).read_to_string(&mut list).is_err() {
        return false;
    }
    list.lines().any(|word| candidates.contains(word))
}

/// The letter that a digit or a symbol is put in the place of.
const fn letter(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        '9' => 'g',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["ann.other@acme.com", "Annette Other", "Acme GmbH", "acme"];

    fn refused(password: &str) -> Option<Unacceptable> {
        check(&Secret::new(password), NAMES).err()
    }

    #[test]
    fn the_list_is_whole() {
        let mut list = String::new();
        GzDecoder::new(COMMON).read_to_string(&mut list).unwrap();
        let lines: Vec<&str> = list.lines().collect();
        assert!(lines.len() > 30_000);
        assert!(lines.is_sorted());
        assert!(lines.iter().all(|line| *line == line.to_lowercase()));
        for word in ["password", "123456", "qwertyuiop", "international"] {
            assert!(lines.binary_search(&word).is_ok(), "{word}");
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(refused("short"), Some(Unacceptable::TooShort));
        assert_eq!(refused("größer üben"), Some(Unacceptable::TooShort));
        assert_eq!(refused("größer üben!"), None);
        let long = "kettle lantern moss ".repeat(7);
        assert_eq!(refused(&long), Some(Unacceptable::TooLong));
        assert_eq!(refused("kettle\nlantern moss"), Some(Unacceptable::Control));
    }

    #[test]
    fn anything_else_goes() {
        for good in [
            "correct horse battery staple",
            "kettle lantern moss",
            "vq8-l0x-pm2-r7t",
            "ALLCAPSBUTODD FJORD",
            "ein Pferd ohne Hut",
            "savannah trees bloom",
            "パスワードではない長い文です",
            "            x  y z w v",
        ] {
            assert_eq!(refused(good), None, "{good}");
        }
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        for common in [
            "password1234",
            "Password2024!",
            "P@ssw0rd1234",
            "!!iloveyou!!",
            "dragon839201",
            "1qaz2wsx3edc",
            "passwordpassword",
            "International",
            "trustno1trustno1",
        ] {
            let why = refused(common);
            assert!(
                matches!(why, Some(Unacceptable::Common | Unacceptable::Pattern)),
                "{common}: {why:?}"
            );
        }
    }

    #[test]
    fn patterns_are_refused() {
        for pattern in [
            "aaaaaaaaaaaa",
            "ababababababab",
            "123123123123",
            "abcdefghijklm",
            "qwertyuiopasd",
            "lkjhgfdsapoiu",
            "345678901234",
            "kettlekettlekettle",
        ] {
            let why = refused(pattern);
            assert!(
                matches!(why, Some(Unacceptable::Common | Unacceptable::Pattern)),
                "{pattern}: {why:?}"
            );
        }
    }

    #[test]
    fn the_own_names_do_not_count() {
        for personal in [
            "annette.other",
            "AnnetteOther2024",
            "acme-2024-acme",
            "other@acme.com!",
            "Portcullis123",
            "GmbH acme GmbH x1",
        ] {
            assert_eq!(
                refused(personal),
                Some(Unacceptable::Personal),
                "{personal}"
            );
        }
        assert_eq!(refused("acme password 1"), Some(Unacceptable::Common));
        assert_eq!(refused("annette rides a green bus"), None);
    }
}
