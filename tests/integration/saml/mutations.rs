//! Random damage to valid documents: whatever is still accepted must say exactly what the
//! original said, and nothing may panic.

use portcullis::demo::identity_provider::{Cipher, ResponseSpec};
use portcullis::saml::response::SignIn;

use super::attacks::MALLORY;
use super::fixture::*;

/// Marsaglia's xorshift64*: the same mutations on every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

fn originals() -> Vec<String> {
    let plain = |sign_response, sign_assertion| {
        issue(&ResponseSpec {
            sign_response,
            sign_assertion,
            ..spec()
        })
    };
    let sealed = |sign_response, sign_assertion, cipher| {
        let encryption = encryption(cipher);
        issue(&ResponseSpec {
            sign_response,
            sign_assertion,
            encryption,
            ..spec()
        })
    };
    vec![
        plain(true, true),
        plain(false, true),
        plain(true, false),
        sealed(false, true, Cipher::Aes256Gcm),
        sealed(true, true, Cipher::Aes256Cbc),
        sealed(true, false, Cipher::Aes256Gcm),
    ]
}

/// What a mutation may not change.
fn values(sign_in: SignIn) -> SignIn {
    SignIn {
        checks: Vec::new(),
        ..sign_in
    }
}

fn run(rounds: usize, seed: u64, mutate: fn(&mut Dice, &str) -> Option<String>) {
    let mut dice = Dice(seed);
    let originals: Vec<_> = originals()
        .into_iter()
        .map(|xml| (values(sign_in(&xml).unwrap()), xml))
        .collect();
    let (mut accepted, mut refused) = (0, 0);
    for round in 0..rounds {
        let (expected, xml) = &originals[round % originals.len()];
        let Some(mutant) = mutate(&mut dice, xml) else {
            continue;
        };
        match sign_in(&mutant) {
            Ok(sign_in) => {
                assert_eq!(&values(sign_in), expected, "round {round}:\n{mutant}");
                accepted += 1;
            }
            Err(_) => refused += 1,
        }
    }
    println!("{accepted} mutants accepted unchanged, {refused} refused");
    assert!(refused > rounds / 4);
}

#[test]
fn bytes() {
    run(2500, 0x5EED, |dice, xml| {
        let mut bytes = xml.as_bytes().to_vec();
        for _ in 0..=dice.below(3) {
            let at = dice.below(bytes.len());
            match dice.below(4) {
                0 => bytes[at] = dice.pick(b"<>&\"'/=!?- #:A1"),
                1 => bytes[at] ^= 1 << dice.below(7),
                2 => drop(bytes.remove(at)),
                _ => bytes.insert(at, dice.pick(b"<>&\"'/=!?- #:A1\0\n")),
            }
        }
        String::from_utf8(bytes).ok()
    });
}

#[test]
fn texts() {
    run(1500, 0xFACE, |dice, xml| {
        let pieces = [
            "<!-- x -->",
            "<![CDATA[x]]>",
            "<?x y?>",
            "&#x20;",
            "&amp;",
            "<a/>",
            "<saml2:NameID/>",
            MALLORY,
            " ID=\"x\"",
            " xmlns=\"urn:x\"",
            " xmlns:saml2=\"urn:x\"",
            "]]>",
            "\u{0}",
            "<ds:Object/>",
            "</saml2:Assertion>",
            "<saml2:Assertion>",
            " xml:base=\"x\"",
        ];
        let at = (0..8)
            .map(|_| dice.below(xml.len()))
            .find(|&at| xml.is_char_boundary(at))?;
        // Half of the time at a tag's edge, where a document is more likely to stay well-formed.
        let at = match dice.below(2) {
            0 => at,
            _ => at + xml[at..].find(['<', '>'])? + dice.below(2),
        };
        Some(format!(
            "{}{}{}",
            &xml[..at],
            dice.pick(&pieces),
            &xml[at..]
        ))
    });
}

/// Copies, moves, removes and exchanges whole elements, sometimes with Mallory's name in them.
#[test]
fn elements() {
    run(2500, 0xBEEF, |dice, xml| {
        let document = uppsala::parse(xml).unwrap();
        let elements: Vec<_> = document
            .descendants(document.root())
            .into_iter()
            .filter(|&id| document.element(id).is_some())
            .filter_map(|id| document.node_range(id))
            .collect();
        let one = elements[dice.below(elements.len())].clone();
        let other = elements[dice.below(elements.len())].clone();
        let mut copy = xml[one.clone()].to_owned();
        if dice.below(2) == 0 {
            copy = copy.replace(PERSON, MALLORY);
        }
        if dice.below(2) == 0 {
            copy = copy.replace(" ID=\"id", " ID=\"new");
        }
        Some(match dice.below(4) {
            0 => format!("{}{copy}{}", &xml[..other.start], &xml[other.start..]),
            1 => format!("{}{copy}{}", &xml[..other.end], &xml[other.end..]),
            2 => format!("{}{}", &xml[..one.start], &xml[one.end..]),
            _ => format!("{}{copy}{}", &xml[..other.start], &xml[other.end..]),
        })
    });
}
