//! Failures to decrypt are one failure: the same answer after the same time, whatever was wrong
//! with the ciphertext, its key or its plaintext.

use std::hint::black_box;
use std::time::Duration;

use data_encoding::BASE64;
use portcullis::demo::identity_provider::ResponseSpec;
use portcullis::saml::response::{Refusal, open};

use super::encryption::{Sealing, response};
use super::fixture::*;

/// Tries of each kind.
const TRIES: usize = 1000;
/// The first of the kinds depend on what only our key knows. The plaintext of the others is the
/// sender's own, or the AES-GCM tag wouldn't fit.
const OF_SECRETS: usize = 4;

/// Responses that fail, in the ways that an attacker could want to tell apart, as form values.
pub(crate) fn failures(certificate: &[u8], spec: &ResponseSpec<'_>) -> Vec<(&'static str, String)> {
    let sealing = Sealing {
        recipients: vec![certificate],
        ..Sealing::usual()
    };
    let plain = IDP
        .issue(&ResponseSpec {
            sign_response: false,
            ..spec.clone()
        })
        .unwrap();
    let start = plain.find("<saml2:Assertion").unwrap();
    let end = plain.find("</saml2:Assertion>").unwrap() + "</saml2:Assertion>".len();
    let assertion = &plain[start..end];
    let around = |sealed: String| format!("{}{sealed}{}", &plain[..start], &plain[end..]);
    let sealed = |plaintext: &str| around(sealing.seal("EncryptedAssertion", plaintext));
    let genuine = sealed(assertion);
    let other = recipient();
    let for_another = Sealing {
        recipients: vec![&other.certificate],
        ..sealing.clone()
    };
    let text = "not XML ".repeat(assertion.len() / 8);
    let forged = IMPOSTOR
        .issue(&ResponseSpec {
            sign_response: false,
            ..spec.clone()
        })
        .unwrap();
    let forged = &forged[forged.find("<saml2:Assertion").unwrap()
        ..forged.find("</saml2:Assertion>").unwrap() + "</saml2:Assertion>".len()];
    let kinds = vec![
        (
            "wrong key",
            around(for_another.seal("EncryptedAssertion", assertion)),
        ),
        ("wrong padding of the key", flipped(&genuine, 0, 40)),
        (
            "key of another length",
            genuine.replace("aes256-gcm", "aes128-gcm"),
        ),
        ("wrong tag", flipped(&genuine, 1, 600)),
        ("plaintext is not XML", sealed(&text)),
        (
            "plaintext is not an Assertion",
            sealed(&assertion.replace(":Assertion", ":Advice")),
        ),
        ("plaintext is not signed", sealed(&unsigned(assertion))),
        ("signed by another key", sealed(forged)),
        (
            "changed after signing",
            sealed(&assertion.replace("@acme.com", "@acme.org")),
        ),
    ];
    kinds
        .into_iter()
        .map(|(kind, xml)| (kind, BASE64.encode(xml.as_bytes())))
        .collect()
}

/// One character of the nth CipherValue exchanged.
fn flipped(xml: &str, nth: usize, offset: usize) -> String {
    let (mut at, _) = xml.match_indices("<e:CipherValue>").nth(nth).unwrap();
    at += "<e:CipherValue>".len() + offset;
    let other = if &xml[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &xml[..at], &xml[at + 1..])
}

/// Without its signature and as long as before, since the length is everybody's to see.
fn unsigned(assertion: &str) -> String {
    let start = assertion.find("<ds:Signature ").unwrap();
    let end = assertion.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let filling = " ".repeat(end - start);
    format!("{}{filling}{}", &assertion[..start], &assertion[end..])
}

/// All that a stranger could see of it, and all that a browser's page is made of.
fn public(refusal: &Refusal) -> (&'static str, String) {
    (refusal.code, refusal.to_string())
}

/// Medians of 1,000 tries, taken in turns so that whatever else the machine does hits all alike.
/// An early return would show: opening the key is a half of the time, the signature a third.
#[test]
fn one_answer_after_one_time() {
    let kinds = failures(&RECIPIENT.certificate, &spec());
    let mut times = vec![Vec::with_capacity(TRIES); kinds.len()];
    let mut answers = Vec::new();
    for round in 0..TRIES {
        for turn in 0..kinds.len() {
            // Another order in each round, or each kind would always follow the same one.
            let at = (turn * 2 + round) % kinds.len();
            let before = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
            let refusal = black_box(open(&kinds[at].1, &TRUST, &KEYS)).unwrap_err();
            let after = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
            let spent = (after - before).try_into().unwrap_or(Duration::ZERO);
            times[at].push(spent);
            if round == 0 {
                answers.push(public(&refusal));
            }
        }
    }
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    assert_eq!(answers[0].0, "decryption-failed");
    let medians: Vec<Duration> = times
        .iter_mut()
        .map(|times| {
            times.sort_unstable();
            times[TRIES / 2]
        })
        .collect();
    for ((kind, _), median) in kinds.iter().zip(&medians) {
        println!("{kind:<32}{median:>12.1?}");
    }
    let ratio = |medians: &[Duration]| {
        let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
        most.as_secs_f64() / least.as_secs_f64()
    };
    let (secret, all) = (ratio(&medians[..OF_SECRETS]), ratio(&medians));
    println!("what a secret decides: {secret:.3}; all: {all:.3}");
    assert!(secret < 1.05, "{secret:.3}: {medians:?}");
    assert!(all < 1.25, "{all:.3}: {medians:?}");
}

/// A signed Response doesn't make its failures tell more.
#[test]
fn under_a_signature_too() {
    let genuine = response(&Sealing::usual(), true, false);
    let other = recipient();
    let for_another = Sealing {
        recipients: vec![&other.certificate],
        ..Sealing::usual()
    };
    let refusals = [
        sign_in(&response(&for_another, true, false)).unwrap_err(),
        open(&BASE64.encode(genuine.as_bytes()), &TRUST, &[]).unwrap_err(),
    ];
    assert_eq!(refusals[0].code, "decryption-failed");
    assert_eq!(refusals[1].code, "decryption-key-missing");
}
