//! What an advice can be about, where each product has its own words. A product's file has a text
//! for each of these.

/// What the administrator has to do with, where products have their own words for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// What was posted is no SAML response.
    Form,
    /// More groups than fit.
    TooBig,
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
    /// A LogoutResponse without a signature.
    LogoutResponseUnsigned,
    /// The session at the identity provider may not be over.
    LogoutNotConfirmed,
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
