//! AuthnRequest over HTTP-Redirect (SAML bindings section 3.4, profiles section 4.1.4.1).
//!
//! The request asks for as little as possible, because whatever it asks for is a reason to fail.
//! No RequestedAuthnContext: Okta answers with the class it is configured for, and comparing
//! strictly breaks sign-in. No NameIDPolicy: ADFS refuses a format it has no rule for, and
//! AllowCreate only matters for persistent identifiers, which nobody asks for here.

use std::io::Write;

use data_encoding::{BASE64, HEXLOWER};
use flate2::{Compression, write::DeflateEncoder};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::clock::Timestamp;
use crate::saml::xml::escape;

/// Everything but RFC 3986's unreserved characters.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A request to sign somebody in.
#[derive(Clone, Copy, Debug)]
pub struct AuthnRequest<'a> {
    /// From [`id`].
    pub id: &'a str,
    /// Now.
    pub issue_instant: Timestamp,
    /// The identity provider's HTTP-Redirect SingleSignOnService.
    pub destination: &'a str,
    /// Where the response is to be posted.
    pub acs_url: &'a str,
    /// Our entity ID.
    pub issuer: &'a str,
}

/// A request ID from 128 random bits: "_" and hex, an xs:ID (SAML core section 1.3.4). Okta uses
/// it as the SessionIndex too, so it must not repeat.
pub fn id(random: [u8; 16]) -> String {
    format!("_{}", HEXLOWER.encode(&random))
}

impl AuthnRequest<'_> {
    /// The request as XML.
    pub fn xml(&self) -> String {
        format!(
            concat!(
                r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol""#,
                r#" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" Version="2.0""#,
                r#" IssueInstant="{issue_instant}" Destination="{destination}""#,
                r#" AssertionConsumerServiceURL="{acs_url}""#,
                r#" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST">"#,
                r#"<saml:Issuer>{issuer}</saml:Issuer></samlp:AuthnRequest>"#,
            ),
            id = escape(self.id),
            issue_instant = self.issue_instant,
            destination = escape(self.destination),
            acs_url = escape(self.acs_url),
            issuer = escape(self.issuer),
        )
    }

    /// The address to send the browser to. Keeps the query that the identity provider's address
    /// already has, and leaves RelayState out if it is empty.
    pub fn redirect_url(&self, relay_state: &str) -> String {
        let (base, fragment) = match self.destination.split_once('#') {
            Some((base, fragment)) => (base, Some(fragment)),
            None => (self.destination, None),
        };
        let separator = match base.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        let request = BASE64.encode(&deflated(self.xml().as_bytes()));
        let mut url = format!(
            "{base}{separator}SAMLRequest={}",
            utf8_percent_encode(&request, QUERY_VALUE)
        );
        if !relay_state.is_empty() {
            url.push_str("&RelayState=");
            url.extend(utf8_percent_encode(relay_state, QUERY_VALUE));
        }
        if let Some(fragment) = fragment {
            url.push('#');
            url.push_str(fragment);
        }
        url
    }
}

/// RFC 1951 without a header. Writing into a Vec cannot fail; if it did, the identity provider
/// would say that it cannot read the request.
fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(bytes);
    written.and_then(|()| encoder.finish()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::saml::xml::{ASSERTION, Element, PROTOCOL, parse};

    fn request(destination: &str) -> AuthnRequest<'_> {
        AuthnRequest {
            id: "_000102030405060708090a0b0c0d0e0f",
            issue_instant: Timestamp::from_millis(1_795_429_230_456),
            destination,
            acs_url: "https://door.example/saml/abc/acs",
            issuer: "https://door.example/saml/abc/metadata",
        }
    }

    fn parameters(url: &str) -> Vec<(String, String)> {
        let query = url.split_once('?').unwrap().1;
        form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect()
    }

    #[test]
    fn redirect_parses_back() {
        let sso = "https://acme.okta.com/app/x/exk1/sso/saml";
        let url = request(sso).redirect_url("a b&c=d");
        assert!(url.starts_with("https://acme.okta.com/app/x/exk1/sso/saml?SAMLRequest="));
        let parameters = parameters(&url);
        assert_eq!(
            parameters[1],
            ("RelayState".to_owned(), "a b&c=d".to_owned())
        );
        let deflated = BASE64.decode(parameters[0].1.as_bytes()).unwrap();
        let mut text = String::new();
        flate2::read::DeflateDecoder::new(&*deflated)
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, request(sso).xml());
        let document = parse(&text).unwrap();
        let root = Element::root(&document).unwrap();
        assert!(root.is(PROTOCOL, "AuthnRequest"));
        assert_eq!(
            root.attribute("ID"),
            Some("_000102030405060708090a0b0c0d0e0f")
        );
        assert_eq!(
            root.attribute("IssueInstant"),
            Some("2026-11-23T10:20:30.456Z")
        );
        assert_eq!(root.attribute("Destination"), Some(sso));
        let issuer = root.single(ASSERTION, "Issuer").one().unwrap();
        assert_eq!(issuer.text(), "https://door.example/saml/abc/metadata");
        assert_eq!(root.children().count(), 1);
    }

    #[test]
    fn an_existing_query_stays() {
        let with = |sso: &str| request(sso).redirect_url("").replace("SAMLRequest=", "\n");
        let head = |url: String| url.split_once('\n').unwrap().0.to_owned();
        assert_eq!(
            head(with("https://idp.example/sso?idpid=C1")),
            "https://idp.example/sso?idpid=C1&"
        );
        assert_eq!(
            head(with("https://idp.example/sso?")),
            "https://idp.example/sso?"
        );
        assert_eq!(
            head(with("https://idp.example/sso")),
            "https://idp.example/sso?"
        );
        assert!(!with("https://idp.example/sso").contains("RelayState"));
    }

    #[test]
    fn ids_are_xml_ids() {
        assert_eq!(id([0xAB; 16]), format!("_{}", "ab".repeat(16)));
    }
}
