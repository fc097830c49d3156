//! Failures to decrypt are one failure: the same answer after the same time, whatever was wrong
//! with the ciphertext, its key or its plaintext.

use std::hint::black_box;
use std::time::Duration;

use data_encoding::BASE64;
use portcullis::saml::response::{Refusal, open};

use super::encryption::{Sealing, response};
use super::fixture::*;
use super::undecryptable::{Family, assertions_alone, assertions_under_a_signature, name_ids};

/// Tries of each kind.
const TRIES: usize = 1000;

/// All that a stranger could see of it, and all that a browser's page is made of.
fn public(refusal: &Refusal) -> (&'static str, String) {
    (refusal.code, refusal.to_string())
}

/// An early return would show: opening the key is a half of the time, the signature a third.
#[test]
fn one_answer_after_one_time() {
    measure(&assertions_alone(&RECIPIENT.certificate, &spec()), 1.15);
}

#[test]
fn one_answer_after_one_time_under_a_signature() {
    let family = assertions_under_a_signature(&RECIPIENT.certificate, &spec());
    measure(&family, 1.1);
}

#[test]
fn one_answer_after_one_time_for_a_name_id() {
    measure(&name_ids(&RECIPIENT.certificate, &spec()), 1.1);
}

/// Medians of 1,000 tries. They are taken in turns, each as a share of what its round took in the
/// middle, so that whatever else the machine does hits all alike. Where a secret decides they are within
/// 4 % of each other; all are within `most`, as a plaintext that was opened is parsed before anything can
/// be wrong with it.
fn measure(family: &Family, most: f64) {
    let kinds = &family.kinds;
    let mut times = vec![Vec::with_capacity(TRIES); kinds.len()];
    let mut answers = Vec::new();
    for round in 0..TRIES {
        // Another order in each round, or each kind would always follow the same one.
        let mut order: Vec<usize> = (0..kinds.len()).collect();
        order.rotate_left(round % kinds.len());
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order {
            let before = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
            let refusal = black_box(open(&kinds[at].1, &TRUST, &KEYS)).unwrap_err();
            let after = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
            let spent: Duration = (after - before).try_into().unwrap();
            times[at].push(spent.as_secs_f64());
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
    let rounds: Vec<f64> = (0..TRIES)
        .map(|round| middle(times.iter().map(|times| times[round]).collect()))
        .collect();
    let shares: Vec<f64> = times
        .iter()
        .map(|times| middle(times.iter().zip(&rounds).map(|(t, r)| t / r).collect()))
        .collect();
    println!("shares of {:.0} µs", middle(rounds) * 1e6);
    for ((kind, _), share) in kinds.iter().zip(&shares) {
        println!("{kind:<32}{share:>8.3}");
    }
    let ratio = |shares: &[f64]| {
        let most = shares.iter().copied().fold(f64::MIN, f64::max);
        most / shares.iter().copied().fold(f64::MAX, f64::min)
    };
    let (secret, all) = (ratio(&shares[..family.of_secrets]), ratio(&shares));
    println!("what a secret decides: {secret:.3}; all: {all:.3}");
    assert!(secret < 1.04, "{secret:.3}: {shares:?}");
    assert!(all < most, "{all:.3}: {shares:?}");
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
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
