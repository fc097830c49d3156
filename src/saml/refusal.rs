//! Why a response was refused, for a machine (a stable code), for the trace (what was expected,
//! what came, every check up to there) and for the administrator (which field to change).

use std::fmt;

use serde::Serialize;

pub(super) use crate::saml::reason::Reason;

/// Longest text that goes from a response into a check.
const MAX_TEXT: usize = 200;

/// One comparison that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Stable name of the check; for the one that failed, the code of the refusal.
    pub code: &'static str,
    /// What this service provider wanted to see.
    pub expected: String,
    /// What the response had; bounded, without control characters.
    pub got: String,
    /// Whether that was good enough.
    pub passed: bool,
}

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
    /// What to change at the identity provider, in Okta's words; may be empty.
    pub fix: &'static str,
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
        self.note(code, expected.as_ref(), got.as_ref(), true);
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
        let mut ledger = self.clone();
        let code = problem.reason.code();
        ledger.note(code, &problem.expected, &problem.got, false);
        Refusal {
            code,
            expected: bounded(&problem.expected),
            got: bounded(&problem.got),
            checks: ledger.checks,
            fix: problem.reason.fix(),
        }
    }

    /// The checks, in the order they were made.
    pub(super) fn into_checks(self) -> Vec<Check> {
        self.checks
    }

    fn note(&mut self, code: &'static str, expected: &str, got: &str, passed: bool) {
        self.checks.push(Check {
            code,
            expected: bounded(expected),
            got: bounded(got),
            passed,
        });
    }
}

/// `text` cut to [`MAX_TEXT`] characters, control characters shown as U+FFFD.
pub(super) fn bounded(text: &str) -> String {
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
