//! References that people read out: eight characters in two groups, such as `7F3K-92QD`.

use crate::store::random;

/// Crockford's base32: no letter that is taken for another, read out or written down.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// One of 2^40, at random: it tells nothing about how many there are.
pub(super) fn new() -> String {
    let bits = u64::from_be_bytes(random::bytes());
    let mut reference = String::with_capacity(9);
    for at in 0..8 {
        if at == 4 {
            reference.push('-');
        }
        let letter = LETTERS.get((bits >> (5 * at) & 31) as usize).copied();
        reference.push(char::from(letter.unwrap_or(b'0')));
    }
    reference
}

/// A reference as it was given out, from how it was typed; `None` if it can't be one.
pub(super) fn canonical(typed: &str) -> Option<String> {
    let mut reference = String::with_capacity(9);
    for typed in typed.trim().chars().filter(|typed| *typed != '-') {
        let letter = match typed.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            letter => letter,
        };
        if reference.len() == 9 || !letter.is_ascii_alphanumeric() {
            return None;
        }
        if reference.len() == 4 {
            reference.push('-');
        }
        reference.push(letter);
    }
    (reference.len() == 9).then_some(reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_does_not_matter() {
        for typed in ["7F3K-10QD", "7f3k10qd", " 7f3k-loqd ", "7F-3K-IO-QD"] {
            assert_eq!(canonical(typed).as_deref(), Some("7F3K-10QD"), "{typed}");
        }
        for typed in [
            "",
            "-",
            "7F3K",
            "7F3K-10Q",
            "7F3K-10QDX",
            "7F3K-10Q?",
            "7F3K-10Qé",
        ] {
            assert_eq!(canonical(typed), None, "{typed}");
        }
        assert_eq!(canonical(&"7".repeat(100_000)), None);
        let reference = new();
        assert_eq!(canonical(&reference), Some(reference.clone()));
        assert_ne!(reference, new());
    }
}
