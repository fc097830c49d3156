//! The checks that are of their moment and can't be made again.

use serde::Serialize;

use crate::saml::advice;
use crate::saml::refusal::name_of;

/// Something that was not done again.
#[derive(Clone, Debug, Serialize)]
pub struct NotRepeated {
    /// The check.
    pub check: &'static str,
    /// What it is called on screen.
    pub name: &'static str,
    /// Why it can't be.
    pub why: &'static str,
}

/// Each such check, and why.
const ONCE: [(&str, &str); 6] = [
    (
        "in-response-to",
        "that this browser waited for an answer to this very request is true once",
    ),
    (
        "replay",
        "that an assertion was not used before is true once",
    ),
    (
        "signed-out",
        "whether the person had signed out by then is known for a while only",
    ),
    (
        "authn-instant",
        "when the request for a sign-in anew was made is forgotten with the request",
    ),
    ("groups", "memberships are changed by a sign-in only"),
    (
        "step-up",
        "whose session was to be confirmed is forgotten with the request",
    ),
];

/// All of them.
pub(super) fn not_repeated() -> Vec<NotRepeated> {
    ONCE.iter()
        .map(|&(check, why)| NotRepeated {
            check,
            name: name_of(check).unwrap_or(check),
            why,
        })
        .collect()
}

/// Whether a check is one of them.
pub(super) fn is_once(check: &str) -> bool {
    ONCE.iter().any(|(once, _)| *once == check)
}

/// Whether a refusal for this reason says something about one moment only.
pub(super) fn is_of_its_moment(code: &str) -> bool {
    match advice::check_of(code) {
        // An answer to another request than the one it names is one at any time.
        Some("in-response-to") => code == "in-response-to-unknown",
        Some(check) => is_once(check),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_name() {
        for one in not_repeated() {
            assert_ne!(one.name, one.check);
        }
    }

    #[test]
    fn some_refusals_are_of_their_moment() {
        for code in [
            "in-response-to-unknown",
            "replayed",
            "signed-out-meanwhile",
            "authn-instant-old",
            "step-up-other-person",
        ] {
            assert!(is_of_its_moment(code), "{code}");
        }
        for code in ["in-response-to-mismatch", "audience-mismatch", "nonsense"] {
            assert!(!is_of_its_moment(code), "{code}");
        }
    }
}
