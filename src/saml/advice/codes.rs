//! The table: each code, the check that fails with it, and where its text is.

use self::Says::{Of, Same};
use super::same::{
    ASSERTION_FORM, BROKEN, ENCRYPTION_FORM, FOREIGN, LOGOUT_FORM, NAMESPACES, OTHER_BROWSER,
    SIGNATURE_FORM, STEP_UP, TOO_EARLY, TOO_LATE,
};
use super::topic::Topic;

/// Where a code's text is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Says {
    /// Here, the same for every product, since no field of theirs changes it.
    Same(&'static str),
    /// In the product's words.
    Of(Topic),
}

/// Every code with its check. The checks are named in [`crate::saml::check`].
pub(super) const CODES: &[(&str, &str, Says)] = &[
    ("response-empty", "form", Of(Topic::Form)),
    ("response-too-big", "form", Of(Topic::TooBig)),
    ("response-is-html", "form", Of(Topic::Form)),
    ("response-not-base64", "form", Of(Topic::Form)),
    ("response-not-utf8", "form", Of(Topic::Form)),
    ("xml-doctype", "xml", Same(BROKEN)),
    ("xml-malformed", "xml", Same(BROKEN)),
    ("root-not-response", "response", Of(Topic::Saml2)),
    ("status-authn-failed", "status", Of(Topic::AuthnFailed)),
    (
        "status-no-passive",
        "status",
        Same(
            "The identity provider was to sign the person in without asking anything (IsPassive), \
             and they have no session there. This server never asks for that: the answer is to \
             somebody else's request, or ours was changed on its way. Start the sign-in here.",
        ),
    ),
    ("status-request-denied", "status", Of(Topic::Denied)),
    ("status-name-id-policy", "status", Of(Topic::NameIdPolicy)),
    ("status-authn-context", "status", Of(Topic::AuthnContext)),
    ("status-requester", "status", Of(Topic::Requester)),
    ("status-not-success", "status", Of(Topic::Status)),
    ("processing-instruction", "layout", Same(FOREIGN)),
    ("id-duplicate", "layout", Same(FOREIGN)),
    ("id-qualified", "layout", Same(FOREIGN)),
    ("id-missing", "layout", Same(FOREIGN)),
    ("namespace-relative", "layout", Same(FOREIGN)),
    ("namespaces-too-many", "layout", Same(NAMESPACES)),
    ("assertion-missing", "layout", Of(Topic::Saml2)),
    ("assertion-several", "layout", Same(FOREIGN)),
    ("assertion-misplaced", "layout", Same(FOREIGN)),
    ("foreign-namespace", "layout", Same(FOREIGN)),
    ("element-not-allowed", "layout", Same(FOREIGN)),
    ("signature-misplaced", "layout", Same(FOREIGN)),
    ("signature-several", "layout", Same(FOREIGN)),
    ("signature-content", "layout", Same(SIGNATURE_FORM)),
    ("signature-structure", "layout", Same(SIGNATURE_FORM)),
    (
        "canonicalization-not-allowed",
        "layout",
        Same(SIGNATURE_FORM),
    ),
    ("reference-structure", "layout", Same(SIGNATURE_FORM)),
    ("reference-uri", "layout", Same(SIGNATURE_FORM)),
    ("transforms-not-allowed", "layout", Same(SIGNATURE_FORM)),
    (
        "signature-algorithm-not-allowed",
        "algorithms",
        Of(Topic::SignatureAlgorithm),
    ),
    (
        "digest-algorithm-not-allowed",
        "algorithms",
        Of(Topic::SignatureAlgorithm),
    ),
    (
        "provider-without-certificate",
        "certificates",
        Of(Topic::NoCertificate),
    ),
    ("signature-missing", "signature", Of(Topic::Unsigned)),
    ("signature-invalid", "signature", Of(Topic::Tampered)),
    ("certificate-unknown", "signature", Of(Topic::Certificate)),
    (
        "encryption-structure",
        "encryption-layout",
        Same(ENCRYPTION_FORM),
    ),
    (
        "encryption-algorithm-not-allowed",
        "encryption-algorithms",
        Of(Topic::Cipher),
    ),
    (
        "key-transport-not-allowed",
        "encryption-algorithms",
        Of(Topic::KeyTransport),
    ),
    (
        "encryption-not-authentic",
        "encryption-authentic",
        Of(Topic::Malleable),
    ),
    (
        "decryption-key-missing",
        "decryption-key",
        Of(Topic::Encryption),
    ),
    ("decryption-failed", "decryption", Of(Topic::Encryption)),
    ("assertion-structure", "assertion", Same(ASSERTION_FORM)),
    ("time-malformed", "assertion", Same(ASSERTION_FORM)),
    ("version", "version", Of(Topic::Saml2)),
    ("issuer-missing", "issuer", Of(Topic::Issuer)),
    ("issuer-mismatch", "issuer", Of(Topic::Issuer)),
    ("destination-missing", "destination", Of(Topic::Acs)),
    ("destination-mismatch", "destination", Of(Topic::Acs)),
    ("subject-missing", "name-id", Of(Topic::NameId)),
    ("name-id-missing", "name-id", Of(Topic::NameId)),
    ("name-id-too-long", "name-id", Of(Topic::NameId)),
    ("subject-confirmation-missing", "bearer", Of(Topic::Saml2)),
    ("recipient-missing", "recipient", Of(Topic::Acs)),
    ("recipient-mismatch", "recipient", Of(Topic::Acs)),
    (
        "confirmation-expiry-missing",
        "subject-confirmation",
        Of(Topic::Saml2),
    ),
    ("not-yet-valid", "conditions", Same(TOO_EARLY)),
    ("expired", "conditions", Same(TOO_LATE)),
    (
        "in-response-to-missing",
        "in-response-to",
        Of(Topic::Unsolicited),
    ),
    (
        "in-response-to-unknown",
        "in-response-to",
        Same(OTHER_BROWSER),
    ),
    (
        "in-response-to-mismatch",
        "in-response-to",
        Same(OTHER_BROWSER),
    ),
    (
        "condition-unknown",
        "known-conditions",
        Same(
            "The assertion is to be used only under a condition that isn't known here, so it \
             isn't used. Look for custom conditions at the identity provider and take them out.",
        ),
    ),
    ("audience-missing", "audience", Of(Topic::Audience)),
    ("audience-mismatch", "audience", Of(Topic::Audience)),
    (
        "authn-statement-missing",
        "authn-statement",
        Of(Topic::AuthnStatement),
    ),
    ("session-expired", "session-end", Of(Topic::Session)),
    (
        "authn-instant-missing",
        "authn-instant",
        Of(Topic::ForceAuthn),
    ),
    ("authn-instant-old", "authn-instant", Of(Topic::ForceAuthn)),
    (
        "authn-context-mismatch",
        "authn-context",
        Of(Topic::AuthnContext),
    ),
    ("email-missing", "email", Of(Topic::Email)),
    ("email-domain", "email-domain", Of(Topic::EmailDomain)),
    (
        "replayed",
        "replay",
        Same(
            "The same answer came a second time: somebody reloaded the page or went back to it. \
             Nothing is wrong at the identity provider. Start a new sign-in.",
        ),
    ),
    (
        "signed-out-meanwhile",
        "signed-out",
        Same(
            "The person signed out at the identity provider after this answer was made. Nothing is \
             wrong: the page came late. Start a new sign-in.",
        ),
    ),
    ("user-inactive", "user", Of(Topic::Inactive)),
    ("user-unknown", "user", Of(Topic::Unknown)),
    ("user-ambiguous", "user", Of(Topic::Ambiguous)),
    (
        "user-foreign-domain",
        "user",
        Same(
            "The user who matches has an address in a domain of another provider, which this one \
             can't speak for. The person signs in there; or an operator moves the domain to this \
             provider.",
        ),
    ),
    ("user-unidentified", "user", Of(Topic::Transient)),
    (
        "step-up-other-person",
        "step-up",
        Same(
            "Somebody else signed in than the one who was to confirm. Nothing was done. Sign out \
             here, or confirm as the same person.",
        ),
    ),
    ("step-up-other-session", "step-up", Same(STEP_UP)),
    ("step-up-session-over", "step-up", Same(STEP_UP)),
    (
        "internal",
        "internal",
        Same("This server could not finish the sign-in. Try again; its log has the reason."),
    ),
    ("logout-query-malformed", "logout", Same(LOGOUT_FORM)),
    ("logout-form-malformed", "logout", Same(LOGOUT_FORM)),
    ("logout-malformed", "logout", Same(LOGOUT_FORM)),
    ("logout-incomplete", "logout", Same(LOGOUT_FORM)),
    (
        "logout-unasked",
        "logout",
        Same(
            "An answer came to a logout that this browser doesn't wait for. Nothing has to be \
             changed. Whoever sees this often signs out in two windows at once, or blocks \
             cookies.",
        ),
    ),
    ("logout-unsigned", "logout", Of(Topic::LogoutUnsigned)),
    (
        "logout-response-unsigned",
        "logout",
        Of(Topic::LogoutResponseUnsigned),
    ),
    (
        "logout-not-confirmed",
        "logout",
        Of(Topic::LogoutNotConfirmed),
    ),
    (
        "logout-partial",
        "logout",
        Same(
            "The session here is over, and some other application did not end the person's \
             session. The identity provider's log says which.",
        ),
    ),
    (
        "logout-signature-invalid",
        "logout",
        Of(Topic::LogoutSignature),
    ),
    (
        "logout-algorithm-not-allowed",
        "logout",
        Of(Topic::LogoutAlgorithm),
    ),
    (
        "logout-issuer-mismatch",
        "logout-issuer",
        Of(Topic::LogoutIssuer),
    ),
    (
        "logout-destination-mismatch",
        "logout-destination",
        Of(Topic::LogoutAddress),
    ),
    (
        "logout-name-id-encrypted",
        "logout-subject",
        Of(Topic::LogoutEncrypted),
    ),
    (
        "logout-expired",
        "logout-time",
        Same(
            "The logout message is too old, or from the future, by this server's clock. Compare \
             the clock of this server with the right time (NTP); then with the identity \
             provider's.",
        ),
    ),
    (
        "logout-replayed",
        "logout",
        Same(
            "The same logout message came a second time and was followed the first time. Nothing \
             has to be done.",
        ),
    ),
];
