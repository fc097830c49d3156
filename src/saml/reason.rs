//! The closed list of reasons for a refusal: one code and one advice each.

/// Every reason for a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    // The form value.
    ResponseEmpty,
    ResponseTooBig,
    ResponseIsHtml,
    ResponseNotBase64,
    ResponseNotUtf8,
    XmlDoctype,
    XmlMalformed,
    // The layout.
    RootNotResponse,
    ProcessingInstruction,
    IdDuplicate,
    IdQualified,
    IdMissing,
    NamespaceRelative,
    NamespacesTooMany,
    AssertionMissing,
    AssertionSeveral,
    AssertionMisplaced,
    ForeignNamespace,
    ElementNotAllowed,
    SignatureMisplaced,
    SignatureSeveral,
    SignatureContent,
    SignatureStructure,
    CanonicalizationNotAllowed,
    SignatureAlgorithmNotAllowed,
    ReferenceStructure,
    ReferenceUri,
    TransformsNotAllowed,
    DigestAlgorithmNotAllowed,
    // The signature.
    ProviderWithoutCertificate,
    SignatureMissing,
    SignatureInvalid,
    CertificateUnknown,
    // The encryption.
    DecryptionKeyMissing,
    EncryptionStructure,
    EncryptionAlgorithmNotAllowed,
    KeyTransportNotAllowed,
    EncryptionNotAuthentic,
    DecryptionFailed,
    // The profile.
    AssertionStructure,
    TimeMalformed,
    Version,
    StatusNotSuccess,
    IssuerMissing,
    IssuerMismatch,
    DestinationMissing,
    DestinationMismatch,
    SubjectMissing,
    NameIdMissing,
    NameIdTooLong,
    SubjectConfirmationMissing,
    RecipientMissing,
    RecipientMismatch,
    ConfirmationExpiryMissing,
    NotYetValid,
    Expired,
    InResponseToMissing,
    InResponseToUnknown,
    InResponseToMismatch,
    ConditionUnknown,
    AudienceMissing,
    AudienceMismatch,
    AuthnStatementMissing,
    SessionExpired,
    EmailMissing,
    EmailDomain,
    AuthnInstantMissing,
    AuthnInstantOld,
    AuthnContextMismatch,
    // Single logout.
    LogoutQueryMalformed,
    LogoutFormMalformed,
    LogoutMalformed,
    LogoutIncomplete,
    LogoutUnsigned,
    LogoutResponseUnsigned,
    LogoutAlgorithmNotAllowed,
    LogoutSignatureInvalid,
    LogoutIssuerMismatch,
    LogoutDestinationMismatch,
    LogoutExpired,
    LogoutNameIdEncrypted,
}

impl Reason {
    /// The stable code. Documentation, traces and tests rely on these.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::ResponseEmpty => "response-empty",
            Self::ResponseTooBig => "response-too-big",
            Self::ResponseIsHtml => "response-is-html",
            Self::ResponseNotBase64 => "response-not-base64",
            Self::ResponseNotUtf8 => "response-not-utf8",
            Self::XmlDoctype => "xml-doctype",
            Self::XmlMalformed => "xml-malformed",
            Self::RootNotResponse => "root-not-response",
            Self::ProcessingInstruction => "processing-instruction",
            Self::IdDuplicate => "id-duplicate",
            Self::IdQualified => "id-qualified",
            Self::IdMissing => "id-missing",
            Self::NamespaceRelative => "namespace-relative",
            Self::NamespacesTooMany => "namespaces-too-many",
            Self::AssertionMissing => "assertion-missing",
            Self::AssertionSeveral => "assertion-several",
            Self::AssertionMisplaced => "assertion-misplaced",
            Self::ForeignNamespace => "foreign-namespace",
            Self::ElementNotAllowed => "element-not-allowed",
            Self::SignatureMisplaced => "signature-misplaced",
            Self::SignatureSeveral => "signature-several",
            Self::SignatureContent => "signature-content",
            Self::SignatureStructure => "signature-structure",
            Self::CanonicalizationNotAllowed => "canonicalization-not-allowed",
            Self::SignatureAlgorithmNotAllowed => "signature-algorithm-not-allowed",
            Self::ReferenceStructure => "reference-structure",
            Self::ReferenceUri => "reference-uri",
            Self::TransformsNotAllowed => "transforms-not-allowed",
            Self::DigestAlgorithmNotAllowed => "digest-algorithm-not-allowed",
            Self::ProviderWithoutCertificate => "provider-without-certificate",
            Self::SignatureMissing => "signature-missing",
            Self::SignatureInvalid => "signature-invalid",
            Self::CertificateUnknown => "certificate-unknown",
            Self::DecryptionKeyMissing => "decryption-key-missing",
            Self::EncryptionStructure => "encryption-structure",
            Self::EncryptionAlgorithmNotAllowed => "encryption-algorithm-not-allowed",
            Self::KeyTransportNotAllowed => "key-transport-not-allowed",
            Self::EncryptionNotAuthentic => "encryption-not-authentic",
            Self::DecryptionFailed => "decryption-failed",
            Self::AssertionStructure => "assertion-structure",
            Self::TimeMalformed => "time-malformed",
            Self::Version => "version",
            Self::StatusNotSuccess => "status-not-success",
            Self::IssuerMissing => "issuer-missing",
            Self::IssuerMismatch => "issuer-mismatch",
            Self::DestinationMissing => "destination-missing",
            Self::DestinationMismatch => "destination-mismatch",
            Self::SubjectMissing => "subject-missing",
            Self::NameIdMissing => "name-id-missing",
            Self::NameIdTooLong => "name-id-too-long",
            Self::SubjectConfirmationMissing => "subject-confirmation-missing",
            Self::RecipientMissing => "recipient-missing",
            Self::RecipientMismatch => "recipient-mismatch",
            Self::ConfirmationExpiryMissing => "confirmation-expiry-missing",
            Self::NotYetValid => "not-yet-valid",
            Self::Expired => "expired",
            Self::InResponseToMissing => "in-response-to-missing",
            Self::InResponseToUnknown => "in-response-to-unknown",
            Self::InResponseToMismatch => "in-response-to-mismatch",
            Self::ConditionUnknown => "condition-unknown",
            Self::AudienceMissing => "audience-missing",
            Self::AudienceMismatch => "audience-mismatch",
            Self::AuthnStatementMissing => "authn-statement-missing",
            Self::SessionExpired => "session-expired",
            Self::EmailMissing => "email-missing",
            Self::EmailDomain => "email-domain",
            Self::AuthnInstantMissing => "authn-instant-missing",
            Self::AuthnInstantOld => "authn-instant-old",
            Self::AuthnContextMismatch => "authn-context-mismatch",
            Self::LogoutQueryMalformed => "logout-query-malformed",
            Self::LogoutFormMalformed => "logout-form-malformed",
            Self::LogoutMalformed => "logout-malformed",
            Self::LogoutIncomplete => "logout-incomplete",
            Self::LogoutUnsigned => "logout-unsigned",
            Self::LogoutResponseUnsigned => "logout-response-unsigned",
            Self::LogoutAlgorithmNotAllowed => "logout-algorithm-not-allowed",
            Self::LogoutSignatureInvalid => "logout-signature-invalid",
            Self::LogoutIssuerMismatch => "logout-issuer-mismatch",
            Self::LogoutDestinationMismatch => "logout-destination-mismatch",
            Self::LogoutExpired => "logout-expired",
            Self::LogoutNameIdEncrypted => "logout-name-id-encrypted",
        }
    }

    /// What the administrator does about it, in Okta's words. Empty where the response was not
    /// made by a working identity provider and no setting would help.
    pub(super) const fn fix(self) -> &'static str {
        match self {
            Self::ResponseEmpty
            | Self::ResponseIsHtml
            | Self::ResponseNotBase64
            | Self::ResponseNotUtf8 => {
                "Something between the identity provider and here replaced or cut the form. Check \
                 that \"Single sign-on URL\" in Okta is exactly the ACS URL shown here, and look \
                 for a proxy that rewrites request bodies."
            }
            Self::ResponseTooBig => {
                "The response is larger than this server takes. In Okta: SAML Settings > Group \
                 Attribute Statements: narrow the filter, so that fewer groups are sent."
            }
            Self::SignatureMissing => {
                "In Okta: SAML Settings > Show Advanced Settings: set \"Response\" and \
                 \"Assertion Signature\" to \"Signed\"."
            }
            Self::SignatureAlgorithmNotAllowed | Self::DigestAlgorithmNotAllowed => {
                "In Okta: SAML Settings > Show Advanced Settings: set \"Signature Algorithm\" to \
                 \"RSA-SHA256\" and \"Digest Algorithm\" to \"SHA256\"."
            }
            Self::CertificateUnknown => {
                "The identity provider signs with a certificate that isn't stored here. In Okta: \
                 Sign On > SAML Signing Certificates: view the IdP metadata of the active \
                 certificate and load it here again."
            }
            Self::ProviderWithoutCertificate => {
                "Load the identity provider's metadata here first. In Okta: Sign On > SAML \
                 Signing Certificates > Actions > View IdP metadata."
            }
            Self::SignatureInvalid => {
                "The response was changed after signing, or signed with another key. In Okta: \
                 Sign On > SAML Signing Certificates: compare the active certificate with the one \
                 stored here."
            }
            Self::DecryptionKeyMissing | Self::DecryptionFailed => {
                "In Okta: SAML Settings > Show Advanced Settings: set \"Assertion Encryption\" to \
                 \"Unencrypted\", or upload this server's encryption certificate (it is in our \
                 metadata) under \"Encryption Certificate\". If that certificate is right, check \
                 the signing certificate stored here."
            }
            Self::EncryptionAlgorithmNotAllowed => {
                "In Okta: SAML Settings > Show Advanced Settings: set \"Encryption Algorithm\" to \
                 \"AES256-GCM\"."
            }
            Self::KeyTransportNotAllowed => {
                "In Okta: SAML Settings > Show Advanced Settings: set \"Key Transport Algorithm\" \
                 to \"RSA-OAEP\"."
            }
            Self::EncryptionNotAuthentic => {
                "AES-CBC doesn't show when somebody changed what it encrypts, so the Response must \
                 be signed around it. In Okta: SAML Settings > Show Advanced Settings: set \
                 \"Response\" to \"Signed\", or \"Encryption Algorithm\" to \"AES256-GCM\"."
            }
            Self::StatusNotSuccess => {
                "The identity provider itself said no. In Okta: see Reports > System Log for the \
                 reason, and check that the person is assigned to the app (Assignments)."
            }
            Self::IssuerMissing | Self::IssuerMismatch => {
                "The response comes from another identity provider or another app. In Okta: Sign \
                 On > SAML Signing Certificates > View IdP metadata, and load that metadata here; \
                 its entityID is the Issuer."
            }
            Self::DestinationMissing
            | Self::DestinationMismatch
            | Self::RecipientMissing
            | Self::RecipientMismatch => {
                "In Okta: SAML Settings > \"Single sign-on URL\" must be exactly the ACS URL shown \
                 here, with \"Use this for Recipient URL and Destination URL\" ticked."
            }
            Self::AudienceMissing | Self::AudienceMismatch => {
                "In Okta: SAML Settings > \"Audience URI (SP Entity ID)\" must be exactly the \
                 entity ID shown here."
            }
            Self::SubjectMissing | Self::NameIdMissing | Self::NameIdTooLong => {
                "In Okta: SAML Settings > \"Name ID format\" EmailAddress and \"Application \
                 username\" Email; the person's username must not be empty. At ADFS: add a claim \
                 rule that issues Name ID."
            }
            Self::NotYetValid | Self::Expired | Self::SessionExpired => {
                "Compare the clock of this server with the right time (NTP). If the clocks agree, \
                 the person waited too long, or the allowed clock skew of the provider is too \
                 small; signing in again helps."
            }
            Self::InResponseToMissing => {
                "The sign-in was started at the identity provider. Start it here, or switch on \
                 IdP-initiated sign-in for this provider."
            }
            Self::InResponseToUnknown | Self::InResponseToMismatch => {
                "The sign-in was not started in this browser, was already used, or took too long. \
                 Start again from the sign-in page."
            }
            Self::AuthnStatementMissing => {
                "The assertion doesn't say that the person signed in. Check that the identity \
                 provider sends an AuthnStatement (Okta always does)."
            }
            Self::EmailMissing => {
                "In Okta: SAML Settings > Attribute Statements: add the name \"email\" with the \
                 value \"user.email\", or set \"Application username\" to Email."
            }
            Self::EmailDomain => {
                "The address is outside the domains of this provider. Add the domain to the \
                 provider here, or correct \"Application username\" or the \"email\" entry of the \
                 Attribute Statements in Okta."
            }
            Self::SubjectConfirmationMissing
            | Self::ConfirmationExpiryMissing
            | Self::AssertionMissing
            | Self::RootNotResponse => {
                "The identity provider must answer with a SAML 2.0 Response over HTTP-POST with a \
                 bearer assertion. In Okta this is what a \"SAML 2.0\" app does; check that the \
                 app is one."
            }
            Self::Version => "Set the identity provider to SAML 2.0.",
            Self::AuthnInstantMissing | Self::AuthnInstantOld => {
                "The identity provider was asked to have the person sign in again (ForceAuthn) and \
                 answered with an older sign-in. In Okta: SAML Settings > Show Advanced Settings: \
                 set \"Honor Force Authentication\" to Yes. One that can't do it needs ForceAuthn \
                 and step-up switched off for this provider here."
            }
            Self::AuthnContextMismatch => {
                "The person signed in another way than this provider is asked for. Let the identity \
                 provider ask for that way (in Okta: the app's authentication policy, and \
                 \"Authentication context class\" in SAML Settings), or change the classes of this \
                 provider here."
            }
            Self::LogoutQueryMalformed | Self::LogoutFormMalformed | Self::LogoutMalformed => {
                "What came is no SAML logout message. Check that the identity provider's single \
                 logout address for this application is exactly the one in our metadata, and look \
                 for a proxy that rewrites addresses or request bodies."
            }
            Self::LogoutIncomplete => {
                "The logout message leaves out something that it must say. Switch single logout \
                 off for this application at the identity provider, or update that product."
            }
            Self::LogoutUnsigned => {
                "Have the identity provider sign its LogoutRequests. Where it can't, as Entra ID \
                 by HTTP-Redirect, an admin can allow unsigned ones for this provider; then \
                 anybody who knows a person's NameID can sign that person out."
            }
            Self::LogoutResponseUnsigned => {
                "Have the identity provider sign its LogoutResponses. Where it can't, as some old \
                 Okta organizations, an admin can allow unsigned ones for this provider."
            }
            Self::LogoutAlgorithmNotAllowed => {
                "Have the identity provider sign with RSA-SHA256. In Okta: SAML Settings > Show \
                 Advanced Settings: set \"Signature Algorithm\" to \"RSA-SHA256\"."
            }
            Self::LogoutSignatureInvalid => {
                "The logout message was changed on the way, or signed with another key. Compare \
                 the identity provider's active signing certificate with those stored here."
            }
            Self::LogoutIssuerMismatch => {
                "The logout message is another identity provider's or another app's. Load the \
                 metadata of this one here again; its entityID is the Issuer."
            }
            Self::LogoutDestinationMismatch => {
                "At the identity provider, the single logout address of this application must be \
                 exactly the one in our metadata."
            }
            Self::LogoutExpired => {
                "Compare the clock of this server with the right time (NTP). If the clocks agree, \
                 the message took too long on its way; signing out again helps."
            }
            Self::LogoutNameIdEncrypted => {
                "Have the identity provider sign LogoutRequests that have an encrypted NameID, or \
                 send the NameID in the clear."
            }
            Self::XmlDoctype
            | Self::XmlMalformed
            | Self::ProcessingInstruction
            | Self::IdDuplicate
            | Self::IdQualified
            | Self::IdMissing
            | Self::NamespaceRelative
            | Self::NamespacesTooMany
            | Self::AssertionSeveral
            | Self::AssertionMisplaced
            | Self::ForeignNamespace
            | Self::ElementNotAllowed
            | Self::SignatureMisplaced
            | Self::SignatureSeveral
            | Self::SignatureContent
            | Self::SignatureStructure
            | Self::CanonicalizationNotAllowed
            | Self::ReferenceStructure
            | Self::ReferenceUri
            | Self::TransformsNotAllowed
            | Self::EncryptionStructure
            | Self::AssertionStructure
            | Self::TimeMalformed
            | Self::ConditionUnknown => "",
        }
    }
}
