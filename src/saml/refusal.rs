//! Why a response was refused, for a machine (a stable code), for the trace (what was expected,
//! what came, every check up to there) and, by the code, for the administrator: which field to
//! change is in [`crate::saml::advice`].

use std::fmt;

pub use crate::saml::check::{Check, name_of};
pub(super) use crate::saml::reason::Reason;

/// Longest text that goes from a response into a check.
const MAX_TEXT: usize = 200;

/// A response that isn't accepted. `Display` shows only the code; `expected`, `got` and `checks`
/// carry personal data and belong in the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Stable machine code in kebab-case.
    pub code: &'static str,
    /// What this service provider wanted to see.
    pub expected: String,
    /// What the response had; bounded, without control characters.
    pub got: String,
    /// Every check up to and including the one that failed.
    pub checks: Vec<Check>,
}

impl Refusal {
    /// A refusal for a reason that isn't the protocol's, such as that the user is inactive; `held`
    /// are the checks before it.
    pub fn after(
        mut held: Vec<Check>,
        code: &'static str,
        expected: impl AsRef<str>,
        got: impl AsRef<str>,
    ) -> Self {
        let (expected, got) = (bounded(expected.as_ref()), bounded(got.as_ref()));
        held.push(Check {
            code,
            expected: expected.clone(),
            got: got.clone(),
            passed: false,
        });
        Self {
            code,
            expected,
            got,
            checks: held,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the SAML response was refused: {}", self.code)
    }
}

impl std::error::Error for Refusal {}

/// One thing that is wrong, before it is known on which response and after which checks.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) reason: Reason,
    pub(super) expected: String,
    pub(super) got: String,
}

impl Problem {
    pub(super) fn new(reason: Reason, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self {
            reason,
            expected: expected.into(),
            got: got.into(),
        }
    }
}

/// The checks made so far on one response.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    checks: Vec<Check>,
    certificate: Option<String>,
}

impl Ledger {
    /// Notes which pinned certificate verified; a later one replaces it.
    pub(super) fn verified_by(&mut self, fingerprint: Option<&str>) {
        self.certificate = fingerprint.map(str::to_owned);
    }

    /// What [`Self::verified_by`] noted last.
    pub(super) fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Notes a check that held.
    pub(super) fn pass(
        &mut self,
        code: &'static str,
        expected: impl AsRef<str>,
        got: impl AsRef<str>,
    ) {
        self.checks.push(Check {
            code,
            expected: bounded(expected.as_ref()),
            got: bounded(got.as_ref()),
            passed: true,
        });
    }

    /// Notes the check that failed and makes the refusal.
    pub(super) fn refuse(
        &self,
        reason: Reason,
        expected: impl AsRef<str>,
        got: impl AsRef<str>,
    ) -> Refusal {
        self.refuse_for(&Problem::new(reason, expected.as_ref(), got.as_ref()))
    }

    /// [`Self::refuse`] for a problem found elsewhere.
    pub(super) fn refuse_for(&self, problem: &Problem) -> Refusal {
        let (expected, got) = (&problem.expected, &problem.got);
        Refusal::after(self.checks.clone(), problem.reason.code(), expected, got)
    }

    /// The checks, in the order they were made.
    pub(super) fn into_checks(self) -> Vec<Check> {
        self.checks
    }
}

/// `text` cut to [`MAX_TEXT`] characters, control characters shown as U+FFFD.
pub fn bounded(text: &str) -> String {
    let mut kept: String = text
        .chars()
        .take(MAX_TEXT)
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .collect();
    if text.chars().nth(MAX_TEXT).is_some() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_bounded_and_plain() {
        let refusal = Ledger::default().refuse(
            Reason::Version,
            "2.0",
            "\u{1b}[2J".to_owned() + &"x".repeat(999),
        );
        assert!(refusal.got.starts_with("\u{FFFD}[2J"));
        assert_eq!(refusal.got.chars().count(), MAX_TEXT + 1);
        assert!(!refusal.to_string().contains("xxx"));
    }
}
