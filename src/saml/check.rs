//! One comparison that was made with a response, as a row of its trace.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::saml::advice;

/// One comparison that was made. As JSON it also has its [`Check::name`].
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl Check {
    /// What is compared, in words for the screen: the same whether it held or not. The code itself
    /// where it is none of a sign-in's.
    pub fn name(&self) -> &'static str {
        name_of(self.code).unwrap_or(self.code)
    }
}

/// What a check is called on screen, by its own code or by that of its failure.
pub fn name_of(code: &str) -> Option<&'static str> {
    let check = advice::check_of(code).unwrap_or(code);
    let known = NAMES.iter().find(|(code, _)| *code == check);
    known.map(|(_, name)| *name)
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("Check", 5)?;
        row.serialize_field("code", self.code)?;
        row.serialize_field("name", self.name())?;
        row.serialize_field("expected", &self.expected)?;
        row.serialize_field("got", &self.got)?;
        row.serialize_field("passed", &self.passed)?;
        row.end()
    }
}

/// Every check of a sign-in, in the order in which they are made, with its name on screen.
pub(super) const NAMES: &[(&str, &str)] = &[
    ("form", "Form field SAMLResponse"),
    ("xml", "XML"),
    ("response", "Kind of document"),
    ("status", "Status"),
    ("layout", "Layout"),
    ("algorithms", "Signature algorithms"),
    ("certificates", "Stored certificates"),
    ("signature", "Signature"),
    ("sha1-allowed", "SHA-1 allowed"),
    ("encryption-layout", "Layout of the encryption"),
    ("encryption-algorithms", "Encryption algorithms"),
    ("encryption-authentic", "Encryption under a signature"),
    ("decryption-key", "Our decryption key"),
    ("decryption", "Decryption"),
    ("assertion", "Values of the assertion"),
    ("version", "SAML version"),
    ("issuer", "Issuer"),
    ("destination", "Destination"),
    ("name-id", "NameID"),
    ("bearer", "Subject confirmation"),
    ("recipient", "Recipient"),
    ("subject-confirmation", "Time to use the assertion"),
    ("in-response-to", "Answer to our request"),
    ("unsolicited", "Age of an answer to no request"),
    ("known-conditions", "Conditions"),
    ("conditions", "Validity in time"),
    ("audience", "Audience"),
    ("authn-statement", "Statement of the sign-in"),
    ("session-end", "End of the session"),
    ("authn-instant", "Time of the authentication"),
    ("authn-context", "Way of the authentication"),
    ("email", "E-mail address"),
    ("email-domain", "Domain of the address"),
    ("attributes", "Attributes"),
    ("replay", "Used once"),
    ("signed-out", "Signed out meanwhile"),
    ("user", "User"),
    ("groups", "Groups"),
    ("step-up", "Who confirms"),
    ("internal", "This server"),
    ("logout", "Logout message"),
    ("logout-unsigned-allowed", "Unsigned logout allowed"),
    ("logout-issuer", "Issuer of the logout"),
    ("logout-destination", "Destination of the logout"),
    ("logout-time", "Time of the logout"),
    ("logout-subject", "Who signs out"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &'static str) -> Check {
        let (expected, got) = (String::new(), String::new());
        Check {
            code,
            expected,
            got,
            passed: false,
        }
    }

    #[test]
    fn a_check_is_called_the_same_whether_it_held_or_not() {
        assert_eq!(of("audience").name(), "Audience");
        assert_eq!(of("audience-mismatch").name(), "Audience");
        assert_eq!(of("something-else").name(), "something-else");
        let row = serde_json::to_value(of("expired")).unwrap();
        assert_eq!(
            (&row["code"], &row["name"]),
            (&"expired".into(), &"Validity in time".into())
        );
    }

    #[test]
    fn each_code_belongs_to_a_check_with_a_name_of_its_own() {
        for code in advice::codes() {
            let check = advice::check_of(code).unwrap();
            assert!(
                NAMES.iter().any(|(known, _)| *known == check),
                "{code}: {check}"
            );
        }
        for (at, (code, name)) in NAMES.iter().enumerate() {
            let others = &NAMES[at + 1..];
            assert!(
                !others.iter().any(|(c, n)| c == code || n == name),
                "{code}"
            );
        }
    }
}
