//! The table: each code, the check that fails with it, and where its text is.

use self::Says::{Of, Same};

/// Where a code's text is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Says {
    /// Here, the same for every product, since no field of theirs changes it.
    Same(&'static str),
    /// In the product's words.
    Of(Topic),
}

/// What the administrator has to do with, where products have their own words for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// What was posted is no SAML response.
    Form,
    /// More groups than fit.
    TooBig,
    /// More namespaces than fit: groups, too.
    Namespaces,
    /// Another protocol, or another message of it.
    Saml2,
    /// Nothing is signed.
    Unsigned,
    /// The hash is too weak, or the algorithm isn't known.
    SignatureAlgorithm,
    /// No certificate is stored.
    NoCertificate,
    /// Signed with a key that isn't stored.
    Certificate,
    /// The signature doesn't hold.
    Tampered,
    /// Encrypted to a key that isn't ours, or that is no longer.
    Encryption,
    /// Content encryption.
    Cipher,
    /// Key transport.
    KeyTransport,
    /// AES-CBC without a signature around it.
    Malleable,
    /// The identity provider said no, without saying why.
    Status,
    /// The person couldn't sign in there.
    AuthnFailed,
    /// The person may not use the application.
    Denied,
    /// The format of the NameID.
    NameIdPolicy,
    /// The way of signing in that was asked for.
    AuthnContext,
    /// The identity provider can't use our request.
    Requester,
    /// Another identity provider, or another application of it.
    Issuer,
    /// Our ACS address.
    Acs,
    /// Our entity ID.
    Audience,
    /// The NameID.
    NameId,
    /// Sign-in begun at the identity provider.
    Unsolicited,
    /// The end of the session there.
    Session,
    /// No statement that somebody signed in.
    AuthnStatement,
    /// An older sign-in where a new one was asked for.
    ForceAuthn,
    /// No address.
    Email,
    /// An address of somebody else's domain.
    EmailDomain,
    /// The user here is switched off.
    Inactive,
    /// There is no user here.
    Unknown,
    /// Two users with one address.
    Ambiguous,
    /// A NameID that is another one each time.
    Transient,
    /// A LogoutRequest without a signature.
    LogoutUnsigned,
    /// One whose signature doesn't hold.
    LogoutSignature,
    /// One signed with something weak.
    LogoutAlgorithm,
    /// One for another address.
    LogoutAddress,
    /// One of another identity provider.
    LogoutIssuer,
    /// One whose NameID is encrypted.
    LogoutEncrypted,
}

const BROKEN: &str = "What came is no XML that can be read: it was cut or changed on its way, or \
    nobody's identity provider made it. Try once more; if it stays so, look for a proxy or a browser \
    extension that changes forms.";

const FOREIGN: &str = "The response isn't laid out as identity providers do it, and as it is here it \
    could say two things at once. That is how forged responses look. If your own identity provider \
    made it, no setting changes that: report it with this trace. Else somebody tried.";

const SIGNATURE_FORM: &str = "The signature is built in a way that isn't taken, because forgeries are \
    built so: it must cover the Response or the Assertion that it stands in, as a whole, by exclusive \
    canonicalization. Look for a signing profile at the identity provider and choose its default; if \
    there is none, report it with this trace.";

const ENCRYPTION_FORM: &str = "What is encrypted isn't laid out as XML Encryption has it. If your own \
    identity provider made it, report it with this trace, and leave its encryption off until then.";

const ASSERTION_FORM: &str = "The assertion is signed, and yet says something twice, or in a form that \
    SAML doesn't have. Look at custom claims, hooks or scripts at the identity provider that write \
    into the assertion; without any, report it with this trace.";

const TOO_LATE: &str = "The answer came after it had ended, by this server's clock. Compare the clock of \
    this server with the right time (NTP). If it is right, the person waited too long, and signing in \
    again helps; or the identity provider's clock is slow: raise the allowed clock skew of the \
    provider here.";

const TOO_EARLY: &str = "The answer isn't valid yet, by this server's clock. Compare the clock of this \
    server with the right time (NTP). If it is right, the identity provider's clock is fast: raise the \
    allowed clock skew of the provider here.";

const OTHER_BROWSER: &str = "The answer is to a sign-in that was not started in this browser, was already \
    finished, or was started more than 15 minutes ago. Start again from the sign-in page. If it happens \
    each time, the browser drops our cookie: the public address here must be the https one that people \
    open.";

const LOGOUT_FORM: &str = "The logout message is no complete SAML 2.0 message: it was cut or changed on \
    its way, or nobody's identity provider made it. Where it comes from your own each time, report it \
    with this trace. The person can sign out here.";

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
            "The identity provider was to sign the person in without asking anything (IsPassive), and \
             they have no session there. This server never asks for that: the answer is to somebody \
             else's request, or ours was changed on its way. Start the sign-in here.",
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
    ("namespaces-too-many", "layout", Of(Topic::Namespaces)),
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
            "The assertion is to be used only under a condition that isn't known here, so it isn't \
             used. Look for custom conditions at the identity provider and take them out.",
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
        "internal",
        "internal",
        Same("This server could not finish the sign-in. Try again; its log has the reason."),
    ),
    ("logout-query-malformed", "logout", Same(LOGOUT_FORM)),
    ("logout-malformed", "logout", Same(LOGOUT_FORM)),
    ("logout-incomplete", "logout", Same(LOGOUT_FORM)),
    (
        "logout-unasked",
        "logout",
        Same(
            "An answer came to a logout that was never asked for here. Nothing was ended. If a \
             person saw this after signing out, they are signed out; else ignore it.",
        ),
    ),
    ("logout-unsigned", "logout", Of(Topic::LogoutUnsigned)),
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
    ("logout-issuer-mismatch", "logout", Of(Topic::LogoutIssuer)),
    (
        "logout-destination-mismatch",
        "logout",
        Of(Topic::LogoutAddress),
    ),
    (
        "logout-name-id-encrypted",
        "logout",
        Of(Topic::LogoutEncrypted),
    ),
    (
        "logout-expired",
        "logout",
        Same(
            "The logout message is too old, or from the future, by this server's clock. Compare the \
             clock of this server with the right time (NTP); then with the identity provider's.",
        ),
    ),
    (
        "logout-replayed",
        "logout",
        Same(
            "The same logout message came a second time and was followed the first time. Nothing has \
             to be done.",
        ),
    ),
];
