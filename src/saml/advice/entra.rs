//! The Microsoft Entra admin center: Enterprise apps > the application > Single sign-on, with its
//! numbered cards, and the pages beside it.

use super::topic::Topic;

pub(super) const fn says(topic: Topic) -> &'static str {
    match topic {
        Topic::Form => {
            "What was posted is no SAML response: something between Entra and here replaced or \
             cut the form, or another page posted it. In Entra: Basic SAML Configuration > \
             \"Reply URL (Assertion Consumer Service URL)\" must be exactly the one shown here; \
             then look for a proxy that rewrites request bodies."
        }
        Topic::TooBig => {
            "The response is larger than this server takes, most often for its groups. In Entra: \
             Attributes & Claims > the group claim: choose \"Groups assigned to the \
             application\"."
        }
        Topic::Saml2 => {
            "The answer isn't a SAML 2.0 Response by HTTP-POST with a bearer assertion. In Entra: \
             Single sign-on must be set to \"SAML\"; an app for WS-Federation or OpenID Connect \
             answers otherwise."
        }
        Topic::Unsigned => {
            "Nothing in the response is signed, so anybody could have made it. In Entra: SAML \
             Certificates > Token signing certificate > Edit > \"Signing Option\": choose \"Sign \
             SAML assertion\" or \"Sign SAML response and assertion\"."
        }
        Topic::SignatureAlgorithm => {
            "The response is signed with something that isn't taken, most often SHA-1. In Entra: \
             SAML Certificates > Token signing certificate > Edit > \"Signing Algorithm\": choose \
             \"SHA-256\"."
        }
        Topic::NoCertificate => {
            "No certificate is stored for this provider, so nothing can be verified. Load its \
             metadata here. In Entra: SAML Certificates > \"App Federation Metadata Url\"."
        }
        Topic::Certificate => {
            "The response is signed with a certificate that isn't stored here: another one was \
             made active, or the tenant's metadata was loaded. In Entra: SAML Certificates > copy \
             \"App Federation Metadata Url\", the one with appid in it, and load that here."
        }
        Topic::Tampered => {
            "The response was changed after signing, or signed with another key. In Entra: SAML \
             Certificates > Token signing certificate: compare \"Thumbprint\" with the \
             certificate stored here. If it is the same, look for a proxy that changes pages."
        }
        Topic::Encryption => {
            "The assertion is encrypted, and not to a key that is here, or what is inside isn't \
             signed as it must be. In Entra: Security > \"Token encryption\": deactivate the \
             certificate, or use \"Import Certificate\" with this server's encryption certificate \
             (it is in our metadata) and activate that. If that is right, check the signing \
             certificate stored here."
        }
        Topic::Cipher => {
            "The assertion is encrypted with something that isn't taken; Entra itself uses \
             AES-256. In Entra: Security > \"Token encryption\": deactivate the certificate, and \
             look at what stands between Entra and here."
        }
        Topic::KeyTransport => {
            "The key of the encrypted assertion is wrapped in a way that isn't taken; Entra \
             itself uses RSA-OAEP. In Entra: Security > \"Token encryption\": deactivate the \
             certificate, import our encryption certificate anew, and activate that."
        }
        Topic::Malleable => {
            "AES-CBC, which Entra encrypts with, doesn't show when somebody changed what it \
             encrypts, so the response must be signed around it. In Entra: SAML Certificates > \
             Token signing certificate > Edit > \"Signing Option\": choose \"Sign SAML response \
             and assertion\"."
        }
        Topic::Status => {
            "Entra itself said no. In Entra: Activity > \"Sign-in logs\" has the reason, with a \
             code that begins with AADSTS; check also that the person is under \"Users and \
             groups\"."
        }
        Topic::AuthnFailed => {
            "Entra could not sign the person in. In Entra: Activity > \"Sign-in logs\" has the \
             reason: a wrong password or factor, a locked account, or a policy under \
             \"Conditional Access\"."
        }
        Topic::Denied => {
            "Entra doesn't let the person use the application. In Entra: assign them under \
             \"Users and groups\", or set \"Assignment required?\" to No under Properties; a \
             policy under \"Conditional Access\" can deny, too."
        }
        Topic::NameIdPolicy => {
            "Entra can't give the kind of NameID that it was asked for. In Entra: Attributes & \
             Claims > \"Unique User Identifier (Name ID)\" > \"Name identifier format\" must be \
             the format that this provider asks for here, or this provider must ask for none."
        }
        Topic::AuthnContext => {
            "The person signed in another way than this provider is asked for. In Entra: a policy \
             under \"Conditional Access\" decides how people sign in to the application; or \
             change the classes of this provider here: Entra answers those that it doesn't know \
             with an error."
        }
        Topic::Requester => {
            "Entra can't use our request. In Entra: Basic SAML Configuration > \"Identifier \
             (Entity ID)\" and \"Reply URL (Assertion Consumer Service URL)\" must be the \
             addresses shown here; where \"Require verification certificates\" is ticked, this \
             server's must be there."
        }
        Topic::Issuer => {
            "The response comes from another tenant of Entra or another application. In Entra: \
             SAML Certificates > copy \"App Federation Metadata Url\" and load that here; its \
             entityID is the \"Microsoft Entra Identifier\", letter by letter, with the slash at \
             its end."
        }
        Topic::Acs => {
            "The response is made out to another address than the one it came to. In Entra: Basic \
             SAML Configuration > \"Reply URL (Assertion Consumer Service URL)\" must be exactly \
             the one shown here, and the default one if there are several."
        }
        Topic::Audience => {
            "The response is meant for another application. In Entra: Basic SAML Configuration > \
             \"Identifier (Entity ID)\" must be exactly the one shown here, and the default one \
             if there are several."
        }
        Topic::NameId => {
            "The response doesn't say who the person is. In Entra: Attributes & Claims > \"Unique \
             User Identifier (Name ID)\" must have a source attribute that isn't empty for the \
             person, such as user.userprincipalname."
        }
        Topic::Unsolicited => {
            "The sign-in was started in Entra, by the tile under My Apps, and not here. In Entra: \
             Basic SAML Configuration > \"Sign on URL\" with the login URL shown here lets the \
             tile start it here; or switch on IdP-initiated sign-in for this provider."
        }
        Topic::Session => {
            "The session that Entra speaks of has ended already, by this server's clock. Compare \
             the clock with the right time (NTP). In Entra: a policy under \"Conditional Access\" \
             may have set \"Sign-in frequency\" too short."
        }
        Topic::AuthnStatement => {
            "The assertion doesn't say that the person signed in. Entra always sends an \
             AuthnStatement: look at what stands between Entra and the \"Reply URL (Assertion \
             Consumer Service URL)\"."
        }
        Topic::ForceAuthn => {
            "Entra was asked to have the person sign in again and answered with an older sign-in. \
             In Entra: look at \"Sign-in frequency\" of the policies under \"Conditional \
             Access\". Else switch off ForceAuthn and step-up for this provider here."
        }
        Topic::Email => {
            "No address came with the person. In Entra: Attributes & Claims: the claim \
             \"emailaddress\" is user.mail, which is empty for people without a mailbox; fill in \
             their mail, or make \"Unique User Identifier (Name ID)\" an address."
        }
        Topic::EmailDomain => {
            "The address is outside the domains of this provider; a guest's has #EXT# in it. Add \
             the domain to the provider here; or correct, in Entra, \"Unique User Identifier \
             (Name ID)\" or the claim \"emailaddress\" under Attributes & Claims."
        }
        Topic::Inactive => {
            "The user was switched off here, most often because they were unassigned. In Entra: \
             assign the person under \"Users and groups\" again and wait for the next \
             provisioning cycle; or reactivate the user in the console here."
        }
        Topic::Unknown => {
            "There is no such user here, and this provider makes none at sign-in. In Entra: \
             assign the person under \"Users and groups\" and press Provisioning > \"Provision on \
             demand\"; or let the provider make users at sign-in here."
        }
        Topic::Ambiguous => {
            "Several users here have this address, so none of them is meant. Give each an address \
             of their own, or send what Entra pushes as userName. In Entra: Attributes & Claims > \
             \"Unique User Identifier (Name ID)\"."
        }
        Topic::Transient => {
            "The NameID is another one at each sign-in, and there is no address. In Entra: \
             Attributes & Claims > \"Unique User Identifier (Name ID)\" > \"Name identifier \
             format\": choose Email address or Persistent."
        }
        Topic::LogoutUnsigned => {
            "The logout message isn't signed, so anybody could have made it. Entra doesn't sign \
             its own by HTTP-Redirect. In Entra: Basic SAML Configuration > leave \"Logout Url \
             (Optional)\" empty; or an admin allows unsigned ones for this provider here, and \
             then whoever knows a person's NameID can sign them out."
        }
        Topic::LogoutResponseUnsigned => {
            "Entra's answer to our logout isn't signed. In Entra: Basic SAML Configuration > \
             \"Logout Url (Optional)\" must be the logout URL in our metadata; an admin can allow \
             unsigned answers for this provider here."
        }
        Topic::LogoutNotConfirmed => {
            "The session here is over, the one at Entra may not be. In Entra: Activity > \
             \"Sign-in logs\" has the reason; Basic SAML Configuration > \"Identifier (Entity \
             ID)\" must be ours and \"Logout Url (Optional)\" the logout URL in our metadata."
        }
        Topic::LogoutSignature => {
            "The logout message is signed with a key that isn't stored here, or was changed. In \
             Entra: SAML Certificates > copy \"App Federation Metadata Url\", and load that here."
        }
        Topic::LogoutAlgorithm => {
            "The logout message is signed with something that isn't taken, most often SHA-1. In \
             Entra: SAML Certificates > Token signing certificate > Edit > \"Signing Algorithm\": \
             choose \"SHA-256\"."
        }
        Topic::LogoutAddress => {
            "The logout message is made out to another address than the one it came to. In Entra: \
             Basic SAML Configuration > \"Logout Url (Optional)\" must be exactly the logout URL \
             in our metadata."
        }
        Topic::LogoutIssuer => {
            "The logout message comes from another tenant of Entra or another application. In \
             Entra: SAML Certificates > copy \"App Federation Metadata Url\" and load that here."
        }
        Topic::LogoutEncrypted => {
            "The NameID of an unsigned logout message is encrypted. Entra doesn't do this: look \
             at what stands between Entra and the \"Logout Url (Optional)\"."
        }
    }
}
