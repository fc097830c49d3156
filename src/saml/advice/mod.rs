//! What to change, for each code that a refused sign-in or logout has: the cause, and the field of
//! the identity provider's own screens.
//!
//! A person who set up a provider knows one product, and looks for a word that stands on its page.
//! "The audience is wrong" sends them searching; "Audience URI (SP Entity ID)" doesn't. So there is
//! a file for each product whose screens are known here, and one in general words for all others.
//! What no field changes has one text for all of them.
//!
//! The codes of what happens after the protocol (no such user, used twice) are in the same table:
//! to the person who looks up a reference it is one sign-in.

mod codes;
mod entra;
mod google;
mod okta;
mod other;
mod same;
mod topic;

use self::codes::{CODES, Says};
use self::topic::Topic;

/// Whose screens a text is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screens {
    /// Okta's Admin Console.
    Okta,
    /// Microsoft Entra's admin center.
    Entra,
    /// The Google Admin console.
    Google,
    /// Any other: what the setting is usually called.
    Other,
}

impl Screens {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Okta, Self::Entra, Self::Google, Self::Other];

    const fn says(self, topic: Topic) -> &'static str {
        match self {
            Self::Okta => okta::says(topic),
            Self::Entra => entra::says(topic),
            Self::Google => google::says(topic),
            Self::Other => other::says(topic),
        }
    }
}

/// The cause of a refusal with this code, and what to do about it; `None` for a code that no
/// refused sign-in or logout has.
pub fn of(code: &str, screens: Screens) -> Option<&'static str> {
    let (_, _, says) = CODES.iter().find(|(known, ..)| *known == code)?;
    Some(match *says {
        Says::Same(text) => text,
        Says::Of(topic) => screens.says(topic),
    })
}

/// Whether what the advice names differs from product to product. What doesn't is nothing that a
/// field of the identity provider changes.
pub fn names_a_field(code: &str) -> bool {
    let row = CODES.iter().find(|(known, ..)| *known == code);
    row.is_some_and(|(_, _, says)| matches!(says, Says::Of(_)))
}

/// Every code, in the order of the checks.
pub fn codes() -> impl Iterator<Item = &'static str> {
    CODES.iter().map(|(code, ..)| *code)
}

/// The check that fails with this code.
pub fn check_of(code: &str) -> Option<&'static str> {
    let row = CODES.iter().find(|(known, ..)| *known == code)?;
    Some(row.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::reason::Reason;

    #[test]
    fn each_reason_has_a_text_on_each_product() {
        for reason in Reason::ALL {
            let known = CODES.iter().filter(|(code, ..)| *code == reason.code());
            assert_eq!(known.count(), 1, "{}", reason.code());
        }
        for code in codes() {
            assert_eq!(codes().filter(|other| *other == code).count(), 1, "{code}");
            for screens in Screens::ALL {
                let text = of(code, screens).unwrap();
                assert!(
                    text.len() > 40 && text.len() < 500,
                    "{code}: {}",
                    text.len()
                );
                assert!(
                    text.ends_with('.') && !text.contains("  "),
                    "{code}: {text}"
                );
                assert_eq!(text.matches('"').count() % 2, 0, "{code}: {text}");
            }
        }
        assert_eq!(of("something-else", Screens::Okta), None);
    }

    /// Somebody at Google isn't sent to a page of Okta's.
    #[test]
    fn no_text_speaks_of_another_product() {
        let names = [
            (Screens::Okta, "Okta"),
            (Screens::Entra, "Entra"),
            (Screens::Google, "Google"),
        ];
        for code in codes() {
            for screens in Screens::ALL {
                let text = of(code, screens).unwrap();
                for (whose, name) in names {
                    let may = whose == screens;
                    assert!(
                        may || !text.contains(name),
                        "{code} for {screens:?}: {text}"
                    );
                    if may && names_a_field(code) {
                        assert!(text.contains(name), "{code} for {screens:?}: {text}");
                    }
                }
            }
        }
    }
}
