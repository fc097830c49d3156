//! The Google Admin console: Apps > Web and mobile apps > the app, and the pages under Security and
//! Reporting.

use super::topic::Topic;

pub(super) const fn says(topic: Topic) -> &'static str {
    match topic {
        Topic::Form => {
            "What was posted is no SAML response: something between Google and here replaced or \
             cut the form, or another page posted it. In Google: Service provider details > \"ACS \
             URL\" must be exactly the one shown here; then look for a proxy that rewrites \
             request bodies."
        }
        Topic::TooBig => {
            "The response is larger than this server takes, most often for its groups. In Google: \
             SAML attribute mapping > \"Group membership (optional)\": choose only the groups \
             that count here."
        }
        Topic::Saml2 => {
            "The answer isn't a SAML 2.0 Response by HTTP-POST with a bearer assertion. In Google \
             this is what an app made with \"Add custom SAML app\" sends; check that the app is \
             one."
        }
        Topic::Unsigned => {
            "Nothing in the response is signed, so anybody could have made it. Google signs the \
             assertion, or with Service provider details > \"Signed response\" ticked the \
             response: if it is neither, something between Google and here took it out."
        }
        Topic::SignatureAlgorithm => {
            "The response is signed with something that isn't taken, most often SHA-1. In Google: \
             Security > \"SSO with SAML applications\" > Certificates: add a new certificate, \
             choose it in the app under \"Manage certificates\", and load the metadata here \
             again."
        }
        Topic::NoCertificate => {
            "No certificate is stored for this provider, so nothing can be verified. Load its \
             metadata here. In Google: the app > \"Download metadata\"."
        }
        Topic::Certificate => {
            "The response is signed with a certificate that isn't stored here: Google's was \
             changed, which it tells nobody. In Google: the app > \"Download metadata\", and load \
             that file here."
        }
        Topic::Tampered => {
            "The response was changed after signing, or signed with another key. In Google: \
             Service provider details > \"Manage certificates\": compare the \"SHA-256 \
             fingerprint\" with the certificate stored here. If it is the same, look for a proxy \
             that changes pages."
        }
        Topic::Encryption => {
            "The assertion is encrypted, and not to a key that is here, or what is inside isn't \
             signed as it must be. In Google: where the app's \"Service provider details\" have a \
             certificate for encryption, take it out or replace it with this server's (it is in \
             our metadata). If that is right, check the signing certificate stored here."
        }
        Topic::Cipher => {
            "The assertion is encrypted with something that isn't taken: AES-GCM and AES-CBC with \
             128 or 256 bits are. In Google: where the app's \"Service provider details\" have a \
             certificate for encryption, take it out."
        }
        Topic::KeyTransport => {
            "The key of the encrypted assertion is wrapped in a way that isn't taken: RSA-OAEP \
             is. In Google: where the app's \"Service provider details\" have a certificate for \
             encryption, take it out."
        }
        Topic::Malleable => {
            "AES-CBC doesn't show when somebody changed what it encrypts, so the response must be \
             signed around it. In Google: Service provider details > tick \"Signed response\"."
        }
        Topic::Status => {
            "Google itself said no. In Google: Reporting > Audit and investigation > \"SAML log \
             events\" has the reason; check also that the app is on for the person under \"User \
             access\"."
        }
        Topic::AuthnFailed => {
            "Google could not sign the person in. In Google: Reporting > Audit and investigation \
             > \"SAML log events\" has the reason, and \"User log events\" the sign-in before it."
        }
        Topic::Denied => {
            "Google doesn't let the person use the app. In Google: the app > \"User access\": \
             \"ON for everyone\", or on for their organizational unit or group; it takes some \
             minutes. A rule of Context-Aware Access can deny, too."
        }
        Topic::NameIdPolicy => {
            "Google can't give the kind of NameID that it was asked for. In Google: Service \
             provider details > \"Name ID format\" must be the format that this provider asks for \
             here, or this provider must ask for none."
        }
        Topic::AuthnContext => {
            "The person signed in another way than this provider is asked for. Google has no \
             field for this: let this provider ask for no classes here, and enforce 2-Step \
             Verification in Google under Security > \"2-Step Verification\"."
        }
        Topic::Requester => {
            "Google can't use our request. In Google: Service provider details > \"Entity ID\" \
             and \"ACS URL\" must be exactly the ones shown here. Reporting > Audit and \
             investigation > \"SAML log events\" says which."
        }
        Topic::Issuer => {
            "The response comes from another Google Workspace. In Google: the app > \"Download \
             metadata\", and load that file here; its \"Entity ID\" is the Issuer, letter by \
             letter, with idpid= in it."
        }
        Topic::Acs => {
            "The response is made out to another address than the one it came to. In Google: \
             Service provider details > \"ACS URL\" must be exactly the one shown here."
        }
        Topic::Audience => {
            "The response is meant for another application. In Google: Service provider details > \
             \"Entity ID\" must be exactly the one shown here."
        }
        Topic::NameId => {
            "The response doesn't say who the person is. In Google: Service provider details > \
             \"Name ID format\" EMAIL and \"Name ID\" Basic Information > Primary email."
        }
        Topic::Unsolicited => {
            "The sign-in was started in Google, from the list of apps, and not here. In Google: \
             Service provider details > \"Start URL (optional)\" should be the login URL shown \
             here; start the sign-in there, or switch on IdP-initiated sign-in for this provider."
        }
        Topic::Session => {
            "The session that Google speaks of has ended already, by this server's clock. Compare \
             the clock with the right time (NTP). In Google: Security > \"Google session \
             control\" may be too short."
        }
        Topic::AuthnStatement => {
            "The assertion doesn't say that the person signed in. Google always sends an \
             AuthnStatement: look at what stands between Google and the \"ACS URL\"."
        }
        Topic::ForceAuthn => {
            "Google was asked to have the person sign in again and answered with an older \
             sign-in. Google has no field for this: switch off ForceAuthn and step-up for this \
             provider here, or shorten Security > \"Google session control\"."
        }
        Topic::Email => {
            "No address came with the person. In Google: SAML attribute mapping > \"Add \
             mapping\": Primary email to \"email\"; or Service provider details > \"Name ID\" \
             Basic Information > Primary email."
        }
        Topic::EmailDomain => {
            "The address is outside the domains of this provider; Google sends the primary one, \
             not an alias. Add the domain to the provider here; or correct, in Google, Service \
             provider details > \"Name ID\" or the mapping of \"email\"."
        }
        Topic::Inactive => {
            "The user was switched off here. Google pushes no users to this server, so nothing in \
             Google switches them on: reactivate the user in the console here, under \"Users\"."
        }
        Topic::Unknown => {
            "There is no such user here, and this provider makes none at sign-in. Google pushes \
             no users to this server: let the provider make users at sign-in here, or invite the \
             person here, under \"Users\"."
        }
        Topic::Ambiguous => {
            "Several users here have this address, so none of them is meant. Give each an address \
             of their own here. In Google: Service provider details > \"Name ID\" Basic \
             Information > Primary email."
        }
        Topic::Transient => {
            "The NameID is another one at each sign-in, and there is no address. In Google: \
             Service provider details > \"Name ID format\": choose EMAIL or PERSISTENT."
        }
        Topic::LogoutUnsigned
        | Topic::LogoutResponseUnsigned
        | Topic::LogoutNotConfirmed
        | Topic::LogoutSignature
        | Topic::LogoutAlgorithm
        | Topic::LogoutAddress
        | Topic::LogoutIssuer
        | Topic::LogoutEncrypted => {
            "Google has no single logout for apps, so this message isn't Google's: somebody else \
             made it, or the provider is of another kind than it is entered as here. The person \
             can sign out here."
        }
    }
}
