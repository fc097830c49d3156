//! General words, for products whose screens aren't known here: what the setting is usually called.

use super::topic::Topic;

pub(super) const fn says(topic: Topic) -> &'static str {
    match topic {
        Topic::Form => {
            "What was posted is no SAML response: something between the identity provider and \
             here replaced or cut the form, or another page posted it. At the identity provider \
             the \"ACS URL\" (Assertion Consumer Service, Reply URL, SSO URL) must be exactly the \
             one shown here, with the binding HTTP-POST; then look for a proxy that rewrites \
             request bodies."
        }
        Topic::TooBig => {
            "The response is larger than this server takes, most often for its groups. At the \
             identity provider: filter the \"groups\" attribute (memberOf, roles), so that fewer \
             are sent."
        }
        Topic::Saml2 => {
            "The answer isn't a SAML 2.0 Response by HTTP-POST with a bearer assertion. At the \
             identity provider: the application (relying party, client) must be of the type \
             \"SAML 2.0\", with the Web Browser SSO profile and the binding HTTP-POST."
        }
        Topic::Unsigned => {
            "Nothing in the response is signed, so anybody could have made it. At the identity \
             provider: switch on \"Sign assertions\" or \"Sign response\" (Sign documents, \
             signing policy)."
        }
        Topic::SignatureAlgorithm => {
            "The response is signed with something that isn't taken, most often SHA-1. At the \
             identity provider: set \"Signature algorithm\" to RSA-SHA256 (secure hash algorithm, \
             digest method: SHA-256)."
        }
        Topic::NoCertificate => {
            "No certificate is stored for this provider, so nothing can be verified. Load the \
             identity provider's \"metadata\" here, or its \"Signing certificate\" with the \
             sign-on URL and issuer."
        }
        Topic::Certificate => {
            "The response is signed with a certificate that isn't stored here: the identity \
             provider's was changed, or it signs for this application with another one. Load its \
             \"metadata\" here again, or add its \"Signing certificate\" (token-signing \
             certificate)."
        }
        Topic::Tampered => {
            "The response was changed after signing, or signed with another key. At the identity \
             provider: compare the fingerprint of the \"Signing certificate\" with the one stored \
             here. If it is the same, look for a proxy that changes pages."
        }
        Topic::Encryption => {
            "The assertion is encrypted, and not to a key that is here, or what is inside isn't \
             signed as it must be. At the identity provider: switch off \"Encrypt assertions\", \
             or give it this server's \"Encryption certificate\" by loading our metadata there \
             again. If that is right, check the signing certificate stored here."
        }
        Topic::Cipher => {
            "The assertion is encrypted with something that isn't taken. At the identity \
             provider: set \"Encryption algorithm\" (data encryption, block encryption) to \
             AES-256-GCM."
        }
        Topic::KeyTransport => {
            "The key of the encrypted assertion is wrapped in a way that isn't taken. At the \
             identity provider: set \"Key transport algorithm\" (key encryption) to RSA-OAEP, \
             with the same hash for digest and mask."
        }
        Topic::Malleable => {
            "AES-CBC doesn't show when somebody changed what it encrypts, so the Response must be \
             signed around it. At the identity provider: switch on \"Sign response\" (Sign \
             documents), or set \"Encryption algorithm\" to AES-256-GCM."
        }
        Topic::Status => {
            "The identity provider itself said no. Its own log of sign-ins (\"event log\", audit \
             log) has the reason; check also that the person is assigned to the application \
             there."
        }
        Topic::AuthnFailed => {
            "The identity provider could not sign the person in: a wrong password or factor, a \
             locked account, or a rule. Its own log of sign-ins (\"event log\", audit log) has \
             the reason."
        }
        Topic::Denied => {
            "The identity provider doesn't let the person use the application. Assign them there, \
             or a group that they are in (\"Assignments\", user access, access control policy)."
        }
        Topic::NameIdPolicy => {
            "The identity provider can't give the kind of NameID that it was asked for. There, \
             \"Name ID format\" must be the format that this provider asks for here, or this \
             provider must ask for none."
        }
        Topic::AuthnContext => {
            "The person signed in another way than this provider is asked for. At the identity \
             provider: look for \"Authentication context\" (authentication policy, ACR mapping); \
             or change the classes of this provider here."
        }
        Topic::Requester => {
            "The identity provider can't use our request. There, the \"Entity ID\" (audience, \
             client ID, relying party identifier) and \"ACS URL\" must be the ones shown here; \
             where it demands signed requests, it must have this server's certificate: load our \
             metadata there again."
        }
        Topic::Issuer => {
            "The response comes from another identity provider, or its name was changed. Load its \
             \"metadata\" here again, or enter its \"Entity ID\" (issuer) letter by letter: http \
             and https, a slash at the end and capitals all count."
        }
        Topic::Acs => {
            "The response is made out to another address than the one it came to. At the identity \
             provider the \"ACS URL\" (Assertion Consumer Service, Reply URL, Recipient, \
             Destination) must be exactly the one shown here."
        }
        Topic::Audience => {
            "The response is meant for another application. At the identity provider the \"Entity \
             ID\" (audience, client ID, relying party identifier) must be exactly the one shown \
             here."
        }
        Topic::NameId => {
            "The response doesn't say who the person is. At the identity provider: set \"Name \
             ID\" (subject, user identifier) to the address or user name; AD FS needs a claim \
             rule that issues it."
        }
        Topic::Unsolicited => {
            "The sign-in was started at the identity provider, and not here. Start it here, or \
             give its tile our login URL as \"Start URL\" (sign-on URL, bookmark), or switch on \
             IdP-initiated sign-in for this provider."
        }
        Topic::Session => {
            "The session that the identity provider speaks of has ended already, by this server's \
             clock. Compare the clock with the right time (NTP). There, \"Session lifetime\" \
             (SessionNotOnOrAfter) may be too short."
        }
        Topic::AuthnStatement => {
            "The assertion doesn't say that the person signed in. At the identity provider: \
             switch on \"Include AuthnStatement\" (authentication statement) for the application."
        }
        Topic::ForceAuthn => {
            "The identity provider was asked to have the person sign in again and answered with \
             an older sign-in. There, let it honor \"ForceAuthn\" (force authentication); else \
             switch off ForceAuthn and step-up for this provider here."
        }
        Topic::Email => {
            "No address came with the person. At the identity provider: send an attribute \
             \"email\" (mail), or make \"Name ID\" the address; or map, for this provider here, \
             the name that it is sent under."
        }
        Topic::EmailDomain => {
            "The address is outside the domains of this provider. Add the domain to the provider \
             here; or correct, at the identity provider, \"Name ID\" or the attribute \"email\"."
        }
        Topic::Inactive => {
            "The user was switched off here. Where the identity provider pushes users \
             (\"Provisioning\", SCIM), assign the person there again; else reactivate the user in \
             the console here."
        }
        Topic::Unknown => {
            "There is no such user here, and this provider makes none at sign-in. Push the person \
             (\"Provisioning\", SCIM), or let the provider make users at sign-in here."
        }
        Topic::Ambiguous => {
            "Several users here have this address, so none of them is meant. Give each an address \
             of their own, or send their user name here as \"Name ID\"."
        }
        Topic::Transient => {
            "The NameID is another one at each sign-in, and there is no address. At the identity \
             provider: set \"Name ID format\" to emailAddress or persistent, or send an attribute \
             \"email\"."
        }
        Topic::LogoutUnsigned => {
            "The logout message isn't signed, so anybody could have made it. At the identity \
             provider: switch on \"Sign logout requests\" and responses (Sign documents). Where \
             it can't, an admin can allow unsigned ones for this provider here; then whoever \
             knows a person's NameID can sign them out."
        }
        Topic::LogoutResponseUnsigned => {
            "The identity provider's answer to our logout isn't signed. There, switch on \"Sign \
             logout responses\" (Sign documents). Where it can't, an admin can allow unsigned \
             answers for this provider here."
        }
        Topic::LogoutNotConfirmed => {
            "The session here is over, the one at the identity provider may not be. Its own log \
             (\"event log\", audit log) has the reason; it must have this server's signing \
             certificate and \"Logout URL\": load our metadata there again."
        }
        Topic::LogoutSignature => {
            "The logout message is signed with a key that isn't stored here, or was changed. Load \
             the identity provider's \"metadata\" here again."
        }
        Topic::LogoutAlgorithm => {
            "The logout message is signed with something that isn't taken, most often SHA-1. At \
             the identity provider: set \"Signature algorithm\" to RSA-SHA256."
        }
        Topic::LogoutAddress => {
            "The logout message is made out to another address than the one it came to. At the \
             identity provider the \"Logout URL\" (single logout service) must be exactly the one \
             in our metadata."
        }
        Topic::LogoutIssuer => {
            "The logout message comes from another identity provider, or its name was changed. \
             Load its \"metadata\" here again; its \"Entity ID\" counts letter by letter."
        }
        Topic::LogoutEncrypted => {
            "The NameID of an unsigned logout message is encrypted. At the identity provider: \
             switch on \"Sign logout requests\", or switch off \"Encrypt Name ID\" for them."
        }
    }
}
