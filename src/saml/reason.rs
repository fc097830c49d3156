//! The closed list of reasons for a refusal, each with its stable code. What each means and what to
//! change is in [`crate::saml::advice`]; a test holds the two together.

macro_rules! reasons {
    ($($name:ident => $code:literal,)*) => {
        /// Every reason for a refusal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Reason {
            $($name,)*
        }

        impl Reason {
            /// All of them.
            #[cfg(test)]
            pub(super) const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable code. Documentation, traces and tests rely on these.
            pub(super) const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

reasons! {
    // The form value.
    ResponseEmpty => "response-empty",
    ResponseTooBig => "response-too-big",
    ResponseIsHtml => "response-is-html",
    ResponseNotBase64 => "response-not-base64",
    ResponseNotUtf8 => "response-not-utf8",
    XmlDoctype => "xml-doctype",
    XmlMalformed => "xml-malformed",
    // The layout.
    RootNotResponse => "root-not-response",
    ProcessingInstruction => "processing-instruction",
    IdDuplicate => "id-duplicate",
    IdQualified => "id-qualified",
    IdMissing => "id-missing",
    NamespaceRelative => "namespace-relative",
    NamespacesTooMany => "namespaces-too-many",
    AssertionMissing => "assertion-missing",
    AssertionSeveral => "assertion-several",
    AssertionMisplaced => "assertion-misplaced",
    ForeignNamespace => "foreign-namespace",
    ElementNotAllowed => "element-not-allowed",
    SignatureMisplaced => "signature-misplaced",
    SignatureSeveral => "signature-several",
    SignatureContent => "signature-content",
    SignatureStructure => "signature-structure",
    CanonicalizationNotAllowed => "canonicalization-not-allowed",
    SignatureAlgorithmNotAllowed => "signature-algorithm-not-allowed",
    ReferenceStructure => "reference-structure",
    ReferenceUri => "reference-uri",
    TransformsNotAllowed => "transforms-not-allowed",
    DigestAlgorithmNotAllowed => "digest-algorithm-not-allowed",
    // The signature.
    ProviderWithoutCertificate => "provider-without-certificate",
    SignatureMissing => "signature-missing",
    SignatureInvalid => "signature-invalid",
    CertificateUnknown => "certificate-unknown",
    // The encryption.
    DecryptionKeyMissing => "decryption-key-missing",
    EncryptionStructure => "encryption-structure",
    EncryptionAlgorithmNotAllowed => "encryption-algorithm-not-allowed",
    KeyTransportNotAllowed => "key-transport-not-allowed",
    EncryptionNotAuthentic => "encryption-not-authentic",
    DecryptionFailed => "decryption-failed",
    // The profile.
    AssertionStructure => "assertion-structure",
    TimeMalformed => "time-malformed",
    Version => "version",
    StatusAuthnFailed => "status-authn-failed",
    StatusNoPassive => "status-no-passive",
    StatusRequestDenied => "status-request-denied",
    StatusNameIdPolicy => "status-name-id-policy",
    StatusAuthnContext => "status-authn-context",
    StatusRequester => "status-requester",
    StatusNotSuccess => "status-not-success",
    IssuerMissing => "issuer-missing",
    IssuerMismatch => "issuer-mismatch",
    DestinationMissing => "destination-missing",
    DestinationMismatch => "destination-mismatch",
    SubjectMissing => "subject-missing",
    NameIdMissing => "name-id-missing",
    NameIdTooLong => "name-id-too-long",
    SubjectConfirmationMissing => "subject-confirmation-missing",
    RecipientMissing => "recipient-missing",
    RecipientMismatch => "recipient-mismatch",
    ConfirmationExpiryMissing => "confirmation-expiry-missing",
    NotYetValid => "not-yet-valid",
    Expired => "expired",
    InResponseToMissing => "in-response-to-missing",
    InResponseToUnknown => "in-response-to-unknown",
    InResponseToMismatch => "in-response-to-mismatch",
    ConditionUnknown => "condition-unknown",
    AudienceMissing => "audience-missing",
    AudienceMismatch => "audience-mismatch",
    AuthnStatementMissing => "authn-statement-missing",
    SessionExpired => "session-expired",
    AuthnInstantMissing => "authn-instant-missing",
    AuthnInstantOld => "authn-instant-old",
    AuthnContextMismatch => "authn-context-mismatch",
    EmailMissing => "email-missing",
    EmailDomain => "email-domain",
    // Single logout.
    LogoutQueryMalformed => "logout-query-malformed",
    LogoutFormMalformed => "logout-form-malformed",
    LogoutMalformed => "logout-malformed",
    LogoutIncomplete => "logout-incomplete",
    LogoutUnsigned => "logout-unsigned",
    LogoutResponseUnsigned => "logout-response-unsigned",
    LogoutAlgorithmNotAllowed => "logout-algorithm-not-allowed",
    LogoutSignatureInvalid => "logout-signature-invalid",
    LogoutIssuerMismatch => "logout-issuer-mismatch",
    LogoutDestinationMismatch => "logout-destination-mismatch",
    LogoutExpired => "logout-expired",
    LogoutNameIdEncrypted => "logout-name-id-encrypted",
}
