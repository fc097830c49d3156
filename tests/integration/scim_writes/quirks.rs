//! What each identity provider does in its own way, one recorded sequence each, and what the traces
//! say of it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::app::{Tenant, TestApp};
use crate::http::Ask;
use crate::scim_wire::runner;

const CASES: &str = include_str!("../../fixtures/scim-cases/quirks.json");

/// Each constant in there is a note.
const FORGIVEN: &str = include_str!("../../../src/scim/forgive.rs");

/// What an organization has to want first; `members.rs` tries it.
const ASKED_FOR: &str = "a member who isn't here was left out, as this organization has it";

fn cases() -> Vec<Value> {
    let file: Value = serde_json::from_str(CASES).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// What the newest so many exchanges were forgiven, each once.
fn forgiven(app: &TestApp, acme: &Tenant, exchanges: usize) -> Vec<Value> {
    app.settle();
    let path = format!("{}/traces?kind=scim&limit={exchanges}", acme.base);
    let list = app
        .as_operator("GET", &path, &Value::Null)
        .expect(200)
        .json();
    let traces = list["items"].as_array().unwrap();
    assert_eq!(traces.len(), exchanges, "each left a trace");
    let mut notes = Vec::new();
    for trace in traces.iter().rev() {
        for note in trace["detail"]["notes"].as_array().into_iter().flatten() {
            if !notes.contains(note) {
                notes.push(note.clone());
            }
        }
    }
    notes
}

#[test]
fn every_quirk_and_what_its_traces_say() {
    let (app, acme) = TestApp::acme();
    let suite = runner::Suite::parse(CASES).unwrap();
    let mut failed = Vec::new();
    for (number, case) in cases().iter().enumerate() {
        let name = case["name"].as_str().unwrap();
        let mut asked = 0;
        let mut send = |request: &runner::Request| {
            asked += 1;
            let answer = app.send(&Ask {
                method: request.method.clone(),
                path: format!("/scim/v2/{}{}", acme.slug, request.path_and_query),
                headers: request.headers.clone(),
                body: request.body.clone(),
            })?;
            Ok(runner::Answer {
                status: answer.status,
                headers: answer.headers,
                body: answer.body,
            })
        };
        let run = format!("r{number:05x}");
        if let Err(why) = suite.play_named(name, &acme.token, &run, &mut send) {
            failed.push(format!("{name}: {why}"));
        }
        let expected = case["notes"].as_array().cloned().unwrap_or_default();
        let notes = forgiven(&app, &acme, asked);
        if notes != expected {
            failed.push(format!("{name}: forgiven {notes:?}, expected {expected:?}"));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn whatever_is_forgiven_has_a_case() {
    let cases = cases();
    let tried: BTreeSet<&str> = cases
        .iter()
        .flat_map(|case| case["notes"].as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .collect();
    let constants = FORGIVEN.split("\npub const ").skip(1);
    let known: BTreeSet<&str> = constants
        .map(|constant| constant.split('"').nth(1).unwrap())
        .filter(|note| *note != ASKED_FOR)
        .collect();
    assert!(known.len() > 15, "{known:?}");
    assert_eq!(tried, known);
}
