//! What people get wrong when they set up a sign-in: each provoked through the front door, and each
//! told to the administrator by its own check and in the words of their own identity provider.
//!
//! A row says what is wrong, at which product, the code of the trace (or of the answer, where a
//! setting is refused at once), and words that its advice must have.

mod documents;
mod forms;
mod identity;
mod keys;
mod logout;
mod people;
mod scene;
mod settings;
mod status;
mod times;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use portcullis::saml::advice;
use serde_json::{Value, json};

use self::scene::{Scene, Seen, screens};

/// One thing that somebody gets wrong.
pub(super) struct Misconfiguration {
    /// What is wrong.
    name: &'static str,
    /// The products it is tried with, each with words that the advice must have there.
    at: &'static [(&'static str, &'static str)],
    /// What the trace or the answer calls it.
    code: &'static str,
    /// Gets it wrong.
    provoke: fn(&Scene) -> Seen,
}

/// A row; `at` is read as product and words.
const fn row(
    name: &'static str,
    code: &'static str,
    at: &'static [(&'static str, &'static str)],
    provoke: fn(&Scene) -> Seen,
) -> Misconfiguration {
    Misconfiguration {
        name,
        at,
        code,
        provoke,
    }
}

fn all() -> impl Iterator<Item = &'static Misconfiguration> {
    [
        identity::ROWS,
        keys::ROWS,
        times::ROWS,
        status::ROWS,
        forms::ROWS,
        people::ROWS,
        settings::ROWS,
        logout::ROWS,
    ]
    .into_iter()
    .flatten()
}

/// Each starts an appliance of its own, and most of that is waiting.
const AT_ONCE: usize = 8;

#[test]
fn each_is_named_with_the_field_that_is_wrong() {
    let names: BTreeSet<&str> = all().map(|row| row.name).collect();
    assert_eq!(names.len(), all().count(), "each is another one");
    assert!(names.len() >= 40, "{}", names.len());
    let tries: Vec<_> = all()
        .flat_map(|row| row.at.iter().map(move |(kind, words)| (row, *kind, *words)))
        .collect();
    let (next, pages) = (AtomicUsize::new(0), Mutex::default());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((row, kind, words)) = tries.get(next.fetch_add(1, Relaxed)) {
                    attempt(row, kind, words, &pages);
                }
            });
        }
    });
    println!("{:<52}{:<34}products", "what is wrong", "code");
    for row in all() {
        let kinds: Vec<&str> = row.at.iter().map(|(kind, _)| *kind).collect();
        println!("{:<52}{:<34}{}", row.name, row.code, kinds.join(", "));
    }
    let codes: BTreeSet<&str> = all().map(|row| row.code).collect();
    let (wrong, tried) = (names.len(), tries.len());
    println!(
        "{wrong} misconfigurations, {tried} tries, {} codes",
        codes.len()
    );
    // Through the door, too: three of the four texts, as nobody here confirms who they are, and under each no page that differs from the others.
    let pages = pages.into_inner().unwrap();
    assert_eq!(pages.len(), 3, "{:?}", pages.keys());
    for (message, different) in &pages {
        assert_eq!(different.len(), 1, "{message}: {different:?}");
    }
}

/// The different pages that came, by their text.
type Pages = Mutex<BTreeMap<String, BTreeSet<String>>>;

fn attempt(row: &Misconfiguration, kind: &str, words: &str, pages: &Pages) {
    let scene = Scene::of(kind);
    match (row.provoke)(&scene) {
        Seen::Refused(answer) => {
            assert_eq!(answer.status, 403, "{}: {}", row.name, answer.text());
            check_trace(row, &scene.trace(&answer), kind, words);
            let (message, page) = scene.page(&answer);
            let mut pages = pages.lock().unwrap();
            pages.entry(message).or_default().insert(page);
        }
        Seen::Logout(answer) => {
            assert!(answer.status < 500 && !answer.text().contains(row.code));
            check_advice(row, &scene.trace(&answer), kind, words);
        }
        Seen::Said { code, advice } => {
            assert_eq!(code, row.code, "{}: {advice}", row.name);
            assert!(advice.contains(words), "{} at {kind}: {advice}", row.name);
        }
    }
}

/// The advice is the one for this product.
#[track_caller]
fn check_advice(row: &Misconfiguration, trace: &Value, kind: &str, words: &str) {
    let name = row.name;
    assert_eq!(trace["code"], row.code, "{name}: {trace}");
    let fix = trace["detail"]["fix"].as_str().unwrap();
    assert_eq!(Some(fix), advice::of(row.code, screens(kind)), "{name}");
    assert!(fix.contains(words), "{name} at {kind}: {fix}");
}

/// So it is, and the last row of the trace is the check that failed, all before it held.
#[track_caller]
fn check_trace(row: &Misconfiguration, trace: &Value, kind: &str, words: &str) {
    check_advice(row, trace, kind, words);
    let name = row.name;
    let checks = trace["detail"]["checks"].as_array().unwrap();
    let (failed, held) = checks.split_last().unwrap();
    assert_eq!(
        (&failed["code"], &failed["passed"]),
        (&json!(row.code), &json!(false)),
        "{name}"
    );
    assert!(
        held.iter().all(|check| check["passed"] == true),
        "{name}: {trace}"
    );
    let called: BTreeSet<_> = held
        .iter()
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    assert!(
        !called.contains(failed["name"].as_str().unwrap()),
        "{name}: {trace}"
    );
    for check in checks {
        assert!(
            check["name"]
                .as_str()
                .unwrap()
                .starts_with(char::is_uppercase),
            "{check}"
        );
        for part in ["expected", "got"] {
            assert!(!check[part].as_str().unwrap().is_empty(), "{name}: {check}");
        }
    }
}

/// Every check that can stop a sign-in is also a row of one that went through, in the order in which
/// they are made. Those that depend on how it is set up are in at least one of the ways.
#[test]
fn a_good_sign_in_shows_each_check() {
    let mut seen: Vec<String> = Vec::new();
    for (kind, encrypted, unsolicited) in [
        ("okta", false, false),
        ("okta", true, false),
        ("entra", false, true),
    ] {
        let scene = Scene::of(kind);
        let checks = scene.good(encrypted, unsolicited);
        let names: Vec<String> = checks
            .iter()
            .map(|check| {
                assert_eq!(check["passed"], true, "{check}");
                assert_ne!(check["code"], check["name"], "{check}");
                check["code"].as_str().unwrap().to_owned()
            })
            .collect();
        let mut at = 0;
        for name in &names {
            let here = documents::ORDER
                .iter()
                .skip(at)
                .position(|known| known == name);
            // What was inside an encryption has the layout and the signatures once more.
            at = match here {
                Some(here) => at + here,
                None => documents::ORDER
                    .iter()
                    .position(|known| known == name)
                    .expect(name),
            };
        }
        seen.extend(names);
    }
    for code in documents::ORDER {
        assert!(
            seen.iter().any(|seen| seen == code),
            "{code} is never shown"
        );
    }
}

/// The same table in each product's document as here.
#[test]
fn the_documents_have_every_code_and_the_fields_of_its_advice() {
    documents::compare();
}
