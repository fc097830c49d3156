//! The metadata of this service provider, which an identity provider's administrator loads.
//!
//! Three choices, made so that Okta, Entra, ADFS and Keycloak all work after loading it:
//! - `AuthnRequestsSigned` says what is so for this provider. By default requests are not signed,
//!   because nothing in them is trusted: where the answer goes is fixed at the identity provider.
//!   Keycloak's import switches its default "client signature required" off because of "false".
//! - `WantAssertionsSigned="true"`: Okta, Entra and ADFS sign the assertion anyway; Keycloak's
//!   import switches it on.
//! - The encryption key is offered, so ADFS and Keycloak encrypt without being told. The list of
//!   methods begins with AES-GCM, which detects tampering where AES-CBC doesn't.
//!
//! NameIDFormat lists emailAddress first, because Keycloak takes the first; the requests
//! themselves ask for no format, since ADFS fails on a format that it has no rule for.

use data_encoding::BASE64;

use crate::saml::algorithm::KEY_TRANSPORTS;
use crate::saml::content_cipher::CIPHERS;
use crate::saml::xml::escape;

/// One provider's side of the federation.
#[derive(Clone, Copy, Debug)]
pub struct ServiceProvider<'a> {
    /// Our entity ID, which Okta calls "Audience URI (SP Entity ID)".
    pub entity_id: &'a str,
    /// Where responses are posted, which Okta calls "Single sign-on URL".
    pub acs_url: &'a str,
    /// Our SingleLogoutService, by HTTP-Redirect and HTTP-POST.
    pub slo_url: &'a str,
    /// Whether requests to this provider are signed.
    pub signs_requests: bool,
    /// DER of the certificates our signatures are verified with: the present one, then those that
    /// come or go.
    pub signing_certificates: &'a [Vec<u8>],
    /// DER of the certificates assertions are encrypted to, the newest first: some identity
    /// providers take the first.
    pub encryption_certificates: &'a [Vec<u8>],
}

/// The EntityDescriptor of `provider` (SAML metadata section 2.3.2).
pub fn metadata(provider: &ServiceProvider<'_>) -> String {
    let methods: String = CIPHERS
        .iter()
        .chain(KEY_TRANSPORTS)
        .map(|uri| format!("\n      <md:EncryptionMethod Algorithm=\"{uri}\"/>"))
        .collect();
    let all = |purpose, certificates: &[Vec<u8>], methods| -> String {
        let each = |der: &Vec<u8>| key_descriptor(purpose, der, methods);
        certificates.iter().map(each).collect()
    };
    let signing = all("signing", provider.signing_certificates, "");
    let encryption = all("encryption", provider.encryption_certificates, &methods);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{entity_id}">
  <md:SPSSODescriptor AuthnRequestsSigned="{signs_requests}" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
{signing}{encryption}    <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{slo_url}"/>
    <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{slo_url}"/>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat>
    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{acs_url}" index="0" isDefault="true"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>
"#,
        signs_requests = provider.signs_requests,
        entity_id = escape(provider.entity_id),
        slo_url = escape(provider.slo_url),
        acs_url = escape(provider.acs_url),
    )
}

fn key_descriptor(purpose: &str, certificate: &[u8], methods: &str) -> String {
    let certificate = BASE64.encode(certificate);
    format!(
        r#"    <md:KeyDescriptor use="{purpose}">
      <ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>{methods}
    </md:KeyDescriptor>
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::xml::{DSIG, Element, METADATA, parse};

    #[test]
    fn metadata_parses_back() {
        let text = metadata(&ServiceProvider {
            entity_id: "https://door.example/saml/abc/metadata?a=1&b=\"2\"",
            acs_url: "https://door.example/saml/abc/acs",
            slo_url: "https://door.example/saml/abc/slo",
            signs_requests: false,
            signing_certificates: &[b"signing".to_vec()],
            encryption_certificates: &[b"encryption".to_vec()],
        });
        let document = parse(&text).unwrap();
        let root = Element::root(&document).unwrap();
        assert!(root.is(METADATA, "EntityDescriptor"));
        assert_eq!(
            root.attribute("entityID"),
            Some("https://door.example/saml/abc/metadata?a=1&b=\"2\"")
        );
        let sp = root.single(METADATA, "SPSSODescriptor").one().unwrap();
        assert_eq!(sp.attribute("AuthnRequestsSigned"), Some("false"));
        assert_eq!(sp.attribute("WantAssertionsSigned"), Some("true"));
        // The schema fixes the order of the children.
        let children: Vec<_> = sp.children().map(Element::local_name).collect();
        assert_eq!(
            children,
            [
                "KeyDescriptor",
                "KeyDescriptor",
                "SingleLogoutService",
                "SingleLogoutService",
                "NameIDFormat",
                "NameIDFormat",
                "AssertionConsumerService"
            ]
        );
        let keys: Vec<_> = sp
            .named(METADATA, "KeyDescriptor")
            .map(|k| {
                let text = k.subtree().find(|e| e.is(DSIG, "X509Certificate")).unwrap();
                let der = BASE64.decode(text.text().as_bytes()).unwrap();
                (k.attribute("use").unwrap(), String::from_utf8(der).unwrap())
            })
            .collect();
        assert_eq!(
            keys,
            [
                ("signing", "signing".to_owned()),
                ("encryption", "encryption".to_owned())
            ]
        );
        let first = root.subtree().find(|e| e.is(METADATA, "EncryptionMethod"));
        assert_eq!(
            first.unwrap().attribute("Algorithm"),
            Some("http://www.w3.org/2009/xmlenc11#aes256-gcm")
        );
        let acs = sp
            .single(METADATA, "AssertionConsumerService")
            .one()
            .unwrap();
        assert_eq!(
            acs.attribute("Location"),
            Some("https://door.example/saml/abc/acs")
        );
        assert_eq!(
            (acs.attribute("index"), acs.attribute("isDefault")),
            (Some("0"), Some("true"))
        );
    }
}
