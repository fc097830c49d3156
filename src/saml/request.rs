//! AuthnRequest over HTTP-Redirect and HTTP-POST (SAML bindings sections 3.4 and 3.5, profiles
//! section 4.1.4.1), signed where the provider wants it: in the query, or in the message.
//!
//! Unless somebody chose otherwise for a provider ([`Asked`]), the request asks for as little as
//! possible, because whatever it asks for is a reason to fail. No RequestedAuthnContext: Okta answers
//! with the class it is configured for, and comparing strictly breaks sign-in. No NameIDPolicy: ADFS
//! refuses a format it has no rule for.

use data_encoding::{BASE64, HEXLOWER};

use crate::clock::Timestamp;
use crate::saml::asked::{Asked, Identifier};
use crate::saml::redirect::{self, Field};
use crate::saml::signing::{SigningError, SigningKey};
use crate::saml::xml::escape;

/// Core section 8.3.7
const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

/// A request to sign somebody in.
#[derive(Clone, Copy, Debug)]
pub struct AuthnRequest<'a> {
    /// From [`id`].
    pub id: &'a str,
    /// Now.
    pub issue_instant: Timestamp,
    /// The identity provider's SingleSignOnService of the binding that is used.
    pub destination: &'a str,
    /// Where the response is to be posted.
    pub acs_url: &'a str,
    /// Our entity ID.
    pub issuer: &'a str,
    /// What else is asked for.
    pub asked: Asked<'a>,
}

/// A request ID from 128 random bits: "_" and hex, an xs:ID (SAML core section 1.3.4). Okta uses
/// it as the SessionIndex too, so it must not repeat.
pub fn id(random: [u8; 16]) -> String {
    format!("_{}", HEXLOWER.encode(&random))
}

impl AuthnRequest<'_> {
    /// The request as XML, unsigned.
    pub fn xml(&self) -> String {
        self.with_signature("")
    }

    fn with_signature(&self, signature: &str) -> String {
        format!(
            concat!(
                r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol""#,
                r#" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" Version="2.0""#,
                r#" IssueInstant="{issue_instant}" Destination="{destination}""#,
                r#" AssertionConsumerServiceURL="{acs_url}""#,
                r#" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"{force_authn}>"#,
                r#"<saml:Issuer>{issuer}</saml:Issuer>{signature}{subject}{name_id_policy}"#,
                r#"{context}</samlp:AuthnRequest>"#,
            ),
            id = escape(self.id),
            issue_instant = self.issue_instant,
            destination = escape(self.destination),
            acs_url = escape(self.acs_url),
            issuer = escape(self.issuer),
            signature = signature,
            force_authn = match self.asked.force_authn {
                true => r#" ForceAuthn="true""#,
                false => "",
            },
            subject = self.asked.subject.map(subject).unwrap_or_default(),
            name_id_policy = self
                .asked
                .name_id_format
                .map(name_id_policy)
                .unwrap_or_default(),
            context = requested_context(&self.asked),
        )
    }

    /// The address to send the browser to, with a detached signature where there is a `key`.
    pub fn redirect_url(
        &self,
        relay_state: &str,
        key: Option<&SigningKey>,
    ) -> Result<String, SigningError> {
        let field = Field::Request;
        redirect::url(self.destination, field, &self.xml(), relay_state, key)
    }

    /// The value of the form field SAMLRequest, with an enveloped signature where there is a `key`.
    pub fn form_value(&self, key: Option<&SigningKey>) -> Result<String, SigningError> {
        let xml = match key {
            Some(key) => key.fill(self.with_signature(&key.template(self.id)))?,
            None => self.xml(),
        };
        Ok(BASE64.encode(xml.as_bytes()))
    }
}

/// Whom it is about (core section 3.4.1). No confirmation: what comes back confirms the person.
fn subject(name: &str) -> String {
    let name = escape(name);
    format!("<saml:Subject><saml:NameID>{name}</saml:NameID></saml:Subject>")
}

/// Core section 3.4.1.1. AllowCreate lets an identity provider make the identifier that it is asked
/// for, which matters for persistent ones; with transient ones it must not stand (erratum 14).
fn name_id_policy(format: &Identifier) -> String {
    let create = match format.as_str() {
        PERSISTENT => r#" AllowCreate="true""#,
        _ => "",
    };
    let format = escape(format.as_str());
    format!(r#"<samlp:NameIDPolicy Format="{format}"{create}/>"#)
}

/// Core section 3.3.2.2.1
fn requested_context(asked: &Asked<'_>) -> String {
    if asked.contexts.is_empty() {
        return String::new();
    }
    let mut classes = String::new();
    for class in asked.contexts {
        classes.push_str("<saml:AuthnContextClassRef>");
        classes.push_str(&escape(class.as_str()));
        classes.push_str("</saml:AuthnContextClassRef>");
    }
    format!(
        r#"<samlp:RequestedAuthnContext Comparison="{}">{classes}</samlp:RequestedAuthnContext>"#,
        asked.comparison.word()
    )
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::saml::asked::Comparison;
    use crate::saml::xml::{ASSERTION, Element, PROTOCOL, parse};

    fn request(destination: &str) -> AuthnRequest<'_> {
        AuthnRequest {
            id: "_000102030405060708090a0b0c0d0e0f",
            issue_instant: Timestamp::from_millis(1_795_429_230_456),
            destination,
            acs_url: "https://door.example/saml/abc/acs",
            issuer: "https://door.example/saml/abc/metadata",
            asked: Asked::default(),
        }
    }

    /// What follows the Issuer, in the order of AuthnRequestType and of the type it extends,
    /// RequestAbstractType, in saml-schema-protocol-2.0.xsd.
    const IN_SCHEMA: [&str; 8] = [
        "Issuer",
        "Signature",
        "Extensions",
        "Subject",
        "NameIDPolicy",
        "Conditions",
        "RequestedAuthnContext",
        "Scoping",
    ];

    fn everything(
        contexts: &[Identifier],
        format: &Identifier,
        key: Option<&SigningKey>,
    ) -> String {
        let asked = Asked {
            force_authn: true,
            subject: Some("ann@acme.com<&\">"),
            name_id_format: Some(format),
            contexts,
            comparison: Comparison::Minimum,
        };
        let request = AuthnRequest {
            asked,
            ..request("https://idp.example/sso")
        };
        let value = request.form_value(key).unwrap();
        String::from_utf8(BASE64.decode(value.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn what_is_asked_for_stands_in_the_order_of_the_schema() {
        let contexts = ["urn:x:a", "urn:x:b"].map(|c| c.parse::<Identifier>().unwrap());
        let format = PERSISTENT;
        let xml = everything(&contexts, &format.parse().unwrap(), None);
        let document = parse(&xml).unwrap();
        let root = Element::root(&document).unwrap();
        assert_eq!(root.attribute("ForceAuthn"), Some("true"));
        let names: Vec<_> = root.children().map(Element::local_name).collect();
        let expected: Vec<_> = IN_SCHEMA
            .into_iter()
            .filter(|name| names.contains(name))
            .collect();
        assert_eq!(names, expected);
        assert_eq!(names.len(), 4);
        let subject = root.single(ASSERTION, "Subject").one().unwrap();
        let name = subject.single(ASSERTION, "NameID").one().unwrap();
        assert_eq!(name.text(), "ann@acme.com<&\">");
        let policy = root.single(PROTOCOL, "NameIDPolicy").one().unwrap();
        assert_eq!(policy.attribute("Format"), Some(format));
        assert_eq!(policy.attribute("AllowCreate"), Some("true"));
        let context = root
            .single(PROTOCOL, "RequestedAuthnContext")
            .one()
            .unwrap();
        assert_eq!(context.attribute("Comparison"), Some("minimum"));
        let classes: Vec<_> = context.children().map(Element::text).collect();
        assert_eq!(classes, ["urn:x:a", "urn:x:b"]);
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
        let url = request(sso).redirect_url("a b&c=d", None).unwrap();
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
        let with = |sso: &str| {
            let url = request(sso).redirect_url("", None).unwrap();
            url.replace("SAMLRequest=", "\n")
        };
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
    fn the_enveloped_signature_follows_the_issuer_and_holds() {
        use crate::saml::certificate::Certificate;
        use bergshamra_dsig::DsigContext;
        use bergshamra_dsig::verify::{VerifyResult, verify_all_document_with_source};
        use bergshamra_keys::{KeysManager, loader::load_x509_cert_der};

        let rsa = rcgen::RsaKeySize::_2048;
        let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rsa).unwrap();
        let made = rcgen::CertificateParams::default()
            .self_signed(&pair)
            .unwrap();
        let certificate = Certificate::parse(made.der()).unwrap();
        let key = SigningKey::from_pkcs8(&pair.serialize_der(), &certificate.der).unwrap();
        let contexts = ["urn:x:a".parse::<Identifier>().unwrap()];
        let xml = everything(&contexts, &"urn:x:f".parse().unwrap(), Some(&key));
        let document = parse(&xml).unwrap();
        let root = Element::root(&document).unwrap();
        let children: Vec<_> = root.children().map(Element::local_name).collect();
        let mut rest = IN_SCHEMA.iter();
        assert!(children.iter().all(|child| rest.any(|name| name == child)));
        assert_eq!(children.get(..2), Some(["Issuer", "Signature"].as_slice()));
        let mut keys = KeysManager::new();
        keys.add_key(load_x509_cert_der(&certificate.der).unwrap());
        let context = DsigContext::new(keys);
        let found = verify_all_document_with_source(&context, &document, Some(&xml)).unwrap();
        assert!(matches!(found.as_slice(), [VerifyResult::Valid { .. }]));
    }

    #[test]
    fn ids_are_xml_ids() {
        assert_eq!(id([0xAB; 16]), format!("_{}", "ab".repeat(16)));
    }
}
