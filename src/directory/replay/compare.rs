//! The checks of then beside those of today.
//!
//! A check that fails has the code of its failure, `audience-mismatch` where a passed one is
//! `audience`; so both are brought under the name of the check before they are compared.

use serde::Serialize;
use serde_json::Value;

use super::once::is_once;
use crate::observe::trace::Trace;
use crate::saml::advice;
use crate::saml::refusal::{Check, name_of};

/// How a check went, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The check; of one that failed, the code of the failure.
    pub code: String,
    /// What was wanted.
    pub expected: String,
    /// What came.
    pub got: String,
    /// Whether that was good enough.
    pub passed: bool,
}

/// What has become of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It ends as it did.
    Same,
    /// It failed, and would pass.
    PassesNow,
    /// It passed or was not come to, and would fail.
    FailsNow,
    /// It failed, and would fail for another reason.
    FailsOtherwise,
    /// It was not come to then, as one before it failed, and would pass.
    ReachedNow,
    /// It would not be come to today, as one before it fails.
    NotReached,
    /// It is true once only.
    NotRepeated,
}

/// One check, then and today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The check.
    pub check: String,
    /// What it is called on screen.
    pub name: String,
    /// How it went; `None` where it was not come to.
    pub before: Option<Side>,
    /// How it would go.
    pub after: Option<Side>,
    /// What has become of it.
    pub change: Change,
}

impl From<Check> for Side {
    fn from(check: Check) -> Self {
        Self {
            code: check.code.to_owned(),
            expected: check.expected,
            got: check.got,
            passed: check.passed,
        }
    }
}

/// The checks as the trace has them.
pub(super) fn before(trace: &Trace) -> Vec<Side> {
    let text = |value: &Value, name: &str| {
        let text = value.get(name).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let side = |check: &Value| Side {
        code: text(check, "code"),
        expected: text(check, "expected"),
        got: text(check, "got"),
        passed: check.get("passed").and_then(Value::as_bool) == Some(true),
    };
    let checks = trace.detail.get("checks").and_then(Value::as_array);
    checks.into_iter().flatten().map(side).collect()
}

/// Brings the checks of then and of today together, in the order in which they are made.
pub(super) fn compare(before: Vec<Side>, after: Vec<Side>) -> Vec<Row> {
    let mut rows: Vec<(String, usize, Row)> = Vec::new();
    for (check, nth, side) in named(before) {
        let row = Row {
            check: check.clone(),
            name: name_of(&check).unwrap_or(&check).to_owned(),
            before: Some(side),
            after: None,
            change: Change::NotReached,
        };
        rows.push((check, nth, row));
    }
    let mut place = 0;
    for (check, nth, side) in named(after) {
        let known = rows.iter().position(|(c, n, _)| *c == check && *n == nth);
        if let Some((at, (_, _, row))) = known.and_then(|at| Some((at, rows.get_mut(at)?))) {
            row.after = Some(side);
            place = at + 1;
            continue;
        }
        let row = Row {
            check: check.clone(),
            name: name_of(&check).unwrap_or(&check).to_owned(),
            before: None,
            after: Some(side),
            change: Change::ReachedNow,
        };
        rows.insert(place.min(rows.len()), (check, nth, row));
        place += 1;
    }
    rows.into_iter()
        .map(|(_, _, row)| Row {
            change: change(&row),
            ..row
        })
        .collect()
}

fn change(row: &Row) -> Change {
    let fails_today = row.after.as_ref().is_some_and(|side| !side.passed);
    if is_once(&row.check) && !fails_today {
        return Change::NotRepeated;
    }
    match (&row.before, &row.after) {
        (_, None) => Change::NotReached,
        (None, Some(after)) if after.passed => Change::ReachedNow,
        (None, Some(_)) => Change::FailsNow,
        (Some(before), Some(after)) => match (before.passed, after.passed) {
            (true, false) => Change::FailsNow,
            (false, true) => Change::PassesNow,
            (false, false) if before.code != after.code => Change::FailsOtherwise,
            _ => Change::Same,
        },
    }
}

/// Each with the name of its check, and which of that name it is: two signatures are two checks.
fn named(sides: Vec<Side>) -> Vec<(String, usize, Side)> {
    let mut named: Vec<(String, usize, Side)> = Vec::new();
    for side in sides {
        let check = check_of(&side, &named);
        let nth = named.iter().filter(|(known, _, _)| *known == check).count();
        named.push((check, nth, side));
    }
    named
}

/// The check that a side is of.
fn check_of(side: &Side, earlier: &[(String, usize, Side)]) -> String {
    if side.passed {
        return side.code.clone();
    }
    let came_by = |check: &str| earlier.iter().any(|(known, _, _)| known == check);
    let check = match side.code.as_str() {
        // Which window it is shows in how far the checks had come.
        "expired" | "not-yet-valid" if !came_by("in-response-to") => "subject-confirmation",
        "expired" | "not-yet-valid" if side.got.starts_with("AuthnInstant") => "authn-instant",
        "expired" | "not-yet-valid" if side.got.starts_with("IssueInstant") => "unsolicited",
        "expired" | "not-yet-valid" => "conditions",
        code => advice::check_of(code).unwrap_or(code),
    };
    check.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(code: &str, got: &str, passed: bool) -> Side {
        Side {
            code: code.into(),
            expected: String::new(),
            got: got.into(),
            passed,
        }
    }

    fn rows(before: &[(&str, bool)], after: &[(&str, bool)]) -> Vec<(String, Change)> {
        let sides = |list: &[(&str, bool)]| {
            let sides = list.iter().map(|(code, passed)| side(code, "", *passed));
            sides.collect::<Vec<_>>()
        };
        let rows = compare(sides(before), sides(after));
        rows.into_iter()
            .map(|row| (row.check, row.change))
            .collect()
    }

    #[test]
    fn a_failure_is_set_beside_the_check_it_is_of() {
        let before = [("signature", true), ("audience-mismatch", false)];
        let after = [("signature", true), ("audience", true), ("user", true)];
        let told = rows(&before, &after);
        let expected = [
            ("signature", Change::Same),
            ("audience", Change::PassesNow),
            ("user", Change::ReachedNow),
        ];
        assert_eq!(told, expected.map(|(check, change)| (check.into(), change)));
        let told = rows(&after, &before);
        let expected = [
            ("signature", Change::Same),
            ("audience", Change::FailsNow),
            ("user", Change::NotReached),
        ];
        assert_eq!(told, expected.map(|(check, change)| (check.into(), change)));
    }

    #[test]
    fn a_check_that_is_new_stands_where_it_is_made() {
        let before = [("signature", true), ("signature", true), ("issuer", true)];
        let after = [
            ("signature", true),
            ("sha1-allowed", true),
            ("signature", true),
            ("issuer-mismatch", false),
        ];
        let checks: Vec<_> = rows(&before, &after);
        let expected = [
            ("signature", Change::Same),
            ("sha1-allowed", Change::ReachedNow),
            ("signature", Change::Same),
            ("issuer", Change::FailsNow),
        ];
        assert_eq!(
            checks,
            expected.map(|(check, change)| (check.into(), change))
        );
    }

    #[test]
    fn what_is_true_once_is_not_repeated() {
        let passed = [("in-response-to", true), ("groups", true)];
        let told = rows(&passed, &passed[..1]);
        assert!(
            told.iter()
                .all(|(_, change)| *change == Change::NotRepeated)
        );
        let told = rows(&[("signed-out-meanwhile", false)], &[]);
        assert!(
            told.iter()
                .all(|(_, change)| *change == Change::NotRepeated)
        );
        let told = rows(&[("replayed", false)], &[]);
        assert_eq!(told, [("replay".into(), Change::NotRepeated)]);
        let told = rows(&[("in-response-to-unknown", false)], &passed[..1]);
        assert_eq!(told, [("in-response-to".into(), Change::NotRepeated)]);
        // That an unasked response isn't taken is the configuration's.
        let told = rows(&passed[..1], &[("in-response-to-missing", false)]);
        assert_eq!(told, [("in-response-to".into(), Change::FailsNow)]);
        let told = rows(&[("issuer-missing", false)], &[("issuer-mismatch", false)]);
        assert_eq!(told, [("issuer".into(), Change::FailsOtherwise)]);
    }

    #[test]
    fn a_window_is_named_by_how_far_the_checks_came() {
        let name = |earlier: &[&str], got: &str| {
            let mut sides: Vec<_> = earlier.iter().map(|code| side(code, "", true)).collect();
            sides.push(side("expired", got, false));
            named(sides).pop().unwrap().0
        };
        assert_eq!(name(&["recipient"], ""), "subject-confirmation");
        assert_eq!(name(&["in-response-to"], "NotOnOrAfter 1"), "conditions");
        assert_eq!(name(&["in-response-to"], "IssueInstant 1"), "unsolicited");
    }
}
