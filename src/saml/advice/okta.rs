//! Okta's Admin Console, for an app made with the App Integration Wizard. Its labels are from
//! Okta's own field reference.

use super::topic::Topic;

pub(super) const fn says(topic: Topic) -> &'static str {
    match topic {
        Topic::Form => {
            "What was posted is no SAML response: something between Okta and here replaced or cut \
             the form, or another page posted it. In Okta: SAML Settings > \"Single sign-on URL\" \
             must be exactly the ACS URL shown here; then look for a proxy that rewrites request \
             bodies."
        }
        Topic::TooBig => {
            "The response is larger than this server takes, most often for its groups. In Okta: \
             SAML Settings > \"Group Attribute Statements\": narrow the filter, so that fewer \
             groups are sent."
        }
        Topic::Saml2 => {
            "The answer isn't a SAML 2.0 Response by HTTP-POST with a bearer assertion. In Okta \
             this is what an app with the sign-in method \"SAML 2.0\" sends; check that the app \
             is one, and that no inline hook changes the assertion."
        }
        Topic::Unsigned => {
            "Nothing in the response is signed, so anybody could have made it. In Okta: SAML \
             Settings > Show Advanced Settings: set \"Response\" and \"Assertion Signature\" to \
             \"Signed\"."
        }
        Topic::SignatureAlgorithm => {
            "The response is signed with something that isn't taken, most often SHA-1. In Okta: \
             SAML Settings > Show Advanced Settings: set \"Signature Algorithm\" to \
             \"RSA-SHA256\" and \"Digest Algorithm\" to \"SHA256\"."
        }
        Topic::NoCertificate => {
            "No certificate is stored for this provider, so nothing can be verified. Load its \
             metadata here. In Okta: Sign On > \"SAML Signing Certificates\" > Actions > \"View \
             IdP metadata\"."
        }
        Topic::Certificate => {
            "The response is signed with a certificate that isn't stored here: Okta's was \
             changed, or it is another app's. In Okta: Sign On > \"SAML Signing Certificates\" > \
             Actions > \"View IdP metadata\" of the active certificate, and load that here."
        }
        Topic::Tampered => {
            "The response was changed after signing, or signed with another key. In Okta: Sign On \
             > \"SAML Signing Certificates\": compare the active certificate with the one stored \
             here. If they are the same, look for a proxy that changes pages."
        }
        Topic::Encryption => {
            "The assertion is encrypted, and not to a key that is here, or what is inside isn't \
             signed as it must be. In Okta: SAML Settings > Show Advanced Settings: set \
             \"Assertion Encryption\" to \"Unencrypted\", or upload this server's encryption \
             certificate (it is in our metadata) under \"Encryption Certificate\". If that is \
             right, check the signing certificate stored here."
        }
        Topic::Cipher => {
            "The assertion is encrypted with something that isn't taken. In Okta: SAML Settings > \
             Show Advanced Settings: set \"Encryption Algorithm\" to \"AES256-GCM\"."
        }
        Topic::KeyTransport => {
            "The key of the encrypted assertion is wrapped in a way that isn't taken. In Okta: \
             SAML Settings > Show Advanced Settings: set \"Key Transport Algorithm\" to \
             \"RSA-OAEP\"."
        }
        Topic::Malleable => {
            "AES-CBC doesn't show when somebody changed what it encrypts, so the Response must be \
             signed around it. In Okta: SAML Settings > Show Advanced Settings: set \"Response\" \
             to \"Signed\", or \"Encryption Algorithm\" to \"AES256-GCM\"."
        }
        Topic::Status => {
            "Okta itself said no. In Okta: Reports > \"System Log\" has the reason; check also \
             that the person is on the app's tab \"Assignments\"."
        }
        Topic::AuthnFailed => {
            "Okta could not sign the person in. In Okta: Reports > \"System Log\" has the reason: \
             a wrong password or factor, a locked account, or a rule of the app's \
             \"Authentication policy\"."
        }
        Topic::Denied => {
            "Okta doesn't let the person use the app. In Okta: assign them, or a group that they \
             are in, on the app's tab \"Assignments\"; a rule of its \"Authentication policy\" \
             can deny, too."
        }
        Topic::NameIdPolicy => {
            "Okta can't give the kind of NameID that it was asked for. In Okta: SAML Settings > \
             \"Name ID format\" must be the format that this provider asks for here, or this \
             provider must ask for none."
        }
        Topic::AuthnContext => {
            "The person signed in another way than this provider is asked for. In Okta: the app's \
             \"Authentication policy\" decides how people sign in, SAML Settings > Show Advanced \
             Settings > \"Authentication context class\" what Okta says of it; or change the \
             classes of this provider here."
        }
        Topic::Requester => {
            "Okta can't use our request. In Okta: SAML Settings > \"Audience URI (SP Entity ID)\" \
             and \"Single sign-on URL\" must be the addresses shown here; with \"Signed \
             Requests\" ticked, \"Signature Certificate\" must be this server's. Reports > \
             \"System Log\" says which."
        }
        Topic::Issuer => {
            "The response comes from another Okta or another app of it. In Okta: Sign On > \"SAML \
             Signing Certificates\" > Actions > \"View IdP metadata\", and load that metadata \
             here; its entityID is the Issuer, letter by letter, and begins with http."
        }
        Topic::Acs => {
            "The response is made out to another address than the one it came to. In Okta: SAML \
             Settings > \"Single sign-on URL\" must be exactly the ACS URL shown here, with \"Use \
             this for Recipient URL and Destination URL\" ticked."
        }
        Topic::Audience => {
            "The response is meant for another application. In Okta: SAML Settings > \"Audience \
             URI (SP Entity ID)\" must be exactly the entity ID shown here."
        }
        Topic::NameId => {
            "The response doesn't say who the person is. In Okta: SAML Settings > \"Name ID \
             format\" EmailAddress and \"Application username\" Email; the person's username on \
             the tab \"Assignments\" must not be empty."
        }
        Topic::Unsolicited => {
            "The sign-in was started in Okta, by the app's tile, and not here. Start it here, or \
             switch on IdP-initiated sign-in for this provider."
        }
        Topic::Session => {
            "The session that Okta speaks of has ended already, by this server's clock. Compare \
             the clock with the right time (NTP). In Okta: SAML Settings > Show Advanced Settings \
             > \"Maximum app session lifetime\" may be too short."
        }
        Topic::AuthnStatement => {
            "The assertion doesn't say that the person signed in. Okta always sends an \
             AuthnStatement: look at \"Assertion Inline Hook\" under SAML Settings > Show \
             Advanced Settings, which may take it out."
        }
        Topic::ForceAuthn => {
            "Okta was asked to have the person sign in again and answered with an older sign-in. \
             In Okta: SAML Settings > Show Advanced Settings: set \"Honor Force Authentication\" \
             to Yes. Else switch off ForceAuthn and step-up for this provider here."
        }
        Topic::Email => {
            "No address came with the person. In Okta: SAML Settings > \"Attribute Statements\": \
             add the name \"email\" with the value \"user.email\", or set \"Application \
             username\" to Email. A person without an address in Okta has nothing to send."
        }
        Topic::EmailDomain => {
            "The address is outside the domains of this provider. Add the domain to the provider \
             here; or correct, in Okta, \"Application username\" or the value of \"email\" in the \
             \"Attribute Statements\"."
        }
        Topic::Inactive => {
            "The user was switched off here, most often because they were unassigned. In Okta: \
             assign the person on the app's tab \"Assignments\" again; or reactivate the user in \
             the console here."
        }
        Topic::Unknown => {
            "There is no such user here, and this provider makes none at sign-in. In Okta: assign \
             the person on the app's tab \"Assignments\", so that they are pushed; or let the \
             provider make users at sign-in here."
        }
        Topic::Ambiguous => {
            "Several users here have this address, so none of them is meant. Give each an address \
             of their own, or send what Okta pushes as userName. In Okta: SAML Settings > \
             \"Application username\"."
        }
        Topic::Transient => {
            "The NameID is another one at each sign-in, and there is no address. In Okta: SAML \
             Settings > \"Name ID format\" Unspecified or EmailAddress, or add \"email\" to the \
             \"Attribute Statements\"."
        }
        Topic::LogoutUnsigned => {
            "The logout message isn't signed, so anybody could have made it. Okta signs its own: \
             if the app's \"Single Logout URL\" leads here through something else, let it lead \
             here directly. The person can sign out here."
        }
        Topic::LogoutResponseUnsigned => {
            "Okta's answer to our logout isn't signed, as in some old Okta organizations. In Okta: \
             \"Enable Single Logout\" offers nothing to choose for this. Ask Okta's support, or an \
             admin can allow unsigned answers for this provider here."
        }
        Topic::LogoutNotConfirmed => {
            "The session here is over, the one at Okta may not be. In Okta: Reports > \"System \
             Log\" has the reason; under SAML Settings > Show Advanced Settings \"Signature \
             Certificate\" must be this server's signing certificate and \"SP Issuer\" our entity \
             ID."
        }
        Topic::LogoutSignature => {
            "The logout message is signed with a key that isn't stored here, or was changed. In \
             Okta: Sign On > \"SAML Signing Certificates\" > Actions > \"View IdP metadata\" of \
             the active certificate, and load that here."
        }
        Topic::LogoutAlgorithm => {
            "The logout message is signed with something that isn't taken, most often SHA-1. In \
             Okta: SAML Settings > Show Advanced Settings: set \"Signature Algorithm\" to \
             \"RSA-SHA256\"."
        }
        Topic::LogoutAddress => {
            "The logout message is made out to another address than the one it came to. In Okta: \
             SAML Settings > Show Advanced Settings > \"Single Logout URL\" must be exactly the \
             logout URL in our metadata."
        }
        Topic::LogoutIssuer => {
            "The logout message comes from another Okta or another app of it. In Okta: Sign On > \
             \"SAML Signing Certificates\" > Actions > \"View IdP metadata\", and load that \
             metadata here."
        }
        Topic::LogoutEncrypted => {
            "The NameID of an unsigned logout message is encrypted. Okta doesn't do this: look at \
             what stands between Okta and the app's \"Single Logout URL\"."
        }
    }
}
