//! The identity provider half of the simulated Okta, without its server: metadata, reading an
//! AuthnRequest, and issuing responses shaped as Okta shapes them (saml2p and saml2 prefixes, both
//! Response and Assertion signed, xs:string attributes).
//!
//! Signatures are made from templates, because SAML's schema wants Signature right after Issuer.
//! It shares the XML parser with `saml`, but none of its reading.

use std::fmt;
use std::io::Read;

use bergshamra_dsig::{DsigContext, sign::sign_owned};
use bergshamra_enc::{EncContext, encrypt::encrypt};
use bergshamra_keys::KeysManager;
use bergshamra_keys::loader::{load_pem_auto, load_x509_cert_der};
use data_encoding::BASE64;
use flate2::read::DeflateDecoder;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use thiserror::Error;

use crate::clock::Timestamp;
use crate::saml::xml::{ASSERTION, Element, PROTOCOL, escape, parse};

/// Largest inflated AuthnRequest, in bytes.
const MAX_REQUEST: u64 = 64 * 1024;

/// An identity provider with its own RSA-2048 key and self-signed certificate.
pub struct IdentityProvider {
    entity_id: String,
    sso_url: String,
    certificate: Vec<u8>,
    signer: DsigContext,
}

/// What went wrong in the simulation.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IdentityProviderError {
    /// No key pair or certificate could be made.
    #[error("making the key pair: {0}")]
    Key(#[from] rcgen::Error),
    /// Signing or encrypting failed.
    #[error("signing or encrypting: {0}")]
    Xml(#[from] bergshamra_core::Error),
    /// The SAMLRequest is not what a service provider sends.
    #[error("the AuthnRequest cannot be read: {0}")]
    Request(&'static str),
}

/// What a service provider asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingRequest {
    /// Comes back as InResponseTo.
    pub id: String,
    /// Where the response goes.
    pub acs_url: String,
    /// The service provider's entity ID.
    pub issuer: String,
    /// Whether the person is to sign in again.
    pub force_authn: bool,
}

/// RSA with one of the SHA-2 hashes, for signature and digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Okta's default.
    Sha256,
    /// RSA-SHA384.
    Sha384,
    /// RSA-SHA512.
    Sha512,
}

/// How an assertion is encrypted.
#[derive(Clone, Copy, Debug)]
pub struct Encryption<'a> {
    /// DER of the service provider's encryption certificate.
    pub certificate: &'a [u8],
    /// Algorithm of the content.
    pub cipher: Cipher,
}

/// Content encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// AES-128-GCM.
    Aes128Gcm,
    /// AES-256-GCM.
    Aes256Gcm,
    /// AES-128-CBC.
    Aes128Cbc,
    /// AES-256-CBC.
    Aes256Cbc,
}

impl Cipher {
    /// Its Algorithm in an EncryptionMethod (XML Encryption 1.1 section 5.2).
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            Self::Aes128Cbc => "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
            Self::Aes256Cbc => "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
        }
    }
}

/// Everything that goes into one response.
#[derive(Clone, Debug)]
pub struct ResponseSpec<'a> {
    /// ID of the Response; must be unique.
    pub response_id: &'a str,
    /// ID of the Assertion; must be unique.
    pub assertion_id: &'a str,
    /// Now.
    pub issue_instant: Timestamp,
    /// Start of the validity.
    pub not_before: Timestamp,
    /// End of the validity.
    pub not_on_or_after: Timestamp,
    /// When the person signed in.
    pub authn_instant: Timestamp,
    /// How: AuthnContextClassRef.
    pub authn_context: &'a str,
    /// The person.
    pub name_id: &'a str,
    /// Name and values of each attribute.
    pub attributes: Vec<(&'a str, Vec<&'a str>)>,
    /// ID of the request, `None` for IdP-initiated sign-in.
    pub in_response_to: Option<&'a str>,
    /// Destination and Recipient.
    pub acs_url: &'a str,
    /// The service provider's entity ID.
    pub audience: &'a str,
    /// Whether the Response is signed.
    pub sign_response: bool,
    /// Whether the Assertion is signed.
    pub sign_assertion: bool,
    /// RSA with which hash.
    pub algorithm: Algorithm,
    /// Encrypts the (signed) assertion.
    pub encryption: Option<Encryption<'a>>,
}

impl<'a> ResponseSpec<'a> {
    /// Okta's defaults: both signed with RSA-SHA256, valid from five minutes before to five
    /// minutes after `now`.
    pub fn new(acs_url: &'a str, audience: &'a str, name_id: &'a str, now: Timestamp) -> Self {
        let window = std::time::Duration::from_secs(300);
        Self {
            response_id: "id304067580046365441472203853",
            assertion_id: "id30406758004720386186391475",
            issue_instant: now,
            not_before: now.minus(window),
            not_on_or_after: now.plus(window),
            authn_instant: now,
            authn_context: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
            name_id,
            attributes: Vec::new(),
            in_response_to: None,
            acs_url,
            audience,
            sign_response: true,
            sign_assertion: true,
            algorithm: Algorithm::Sha256,
            encryption: None,
        }
    }
}

impl IdentityProvider {
    /// Makes a key pair and its certificate. Takes up to a second.
    pub fn generate(entity_id: &str, sso_url: &str) -> Result<Self, IdentityProviderError> {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
        let mut parameters = CertificateParams::default();
        let mut name = DistinguishedName::new();
        name.push(DnType::OrganizationName, "Simulated Okta");
        name.push(DnType::OrganizationalUnitName, "SSOProvider");
        name.push(DnType::CommonName, "demo");
        parameters.distinguished_name = name;
        let certificate = parameters.self_signed(&key)?.der().to_vec();
        let mut keys = KeysManager::new();
        keys.add_key(load_pem_auto(key.serialize_pem().as_bytes(), None)?);
        Ok(Self {
            entity_id: entity_id.to_owned(),
            sso_url: sso_url.to_owned(),
            certificate,
            signer: DsigContext::new(keys),
        })
    }

    /// The signing certificate as DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The Issuer of the responses.
    pub fn entity_id(&self) -> &str {
        &self.entity_id
    }

    /// Metadata as Okta writes it.
    pub fn metadata(&self) -> String {
        format!(
            concat!(
                r#"<?xml version="1.0" encoding="UTF-8"?>"#,
                r#"<md:EntityDescriptor entityID="{entity_id}" "#,
                r#"xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">"#,
                r#"<md:IDPSSODescriptor WantAuthnRequestsSigned="false" "#,
                r#"protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">"#,
                r#"<md:KeyDescriptor use="signing">"#,
                r#"<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>"#,
                r#"<ds:X509Certificate>{certificate}</ds:X509Certificate>"#,
                r#"</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"#,
                r#"<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"#,
                r#"</md:NameIDFormat>"#,
                r#"<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"#,
                r#"</md:NameIDFormat>"#,
                r#"<md:SingleSignOnService "#,
                r#"Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" "#,
                r#"Location="{sso_url}"/>"#,
                r#"<md:SingleSignOnService "#,
                r#"Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" "#,
                r#"Location="{sso_url}"/>"#,
                r#"</md:IDPSSODescriptor></md:EntityDescriptor>"#,
            ),
            entity_id = escape(&self.entity_id),
            sso_url = escape(&self.sso_url),
            certificate = self.wrapped_certificate(),
        )
    }

    /// Reads the value of the query parameter SAMLRequest, already percent-decoded.
    pub fn read_request(
        &self,
        saml_request: &str,
    ) -> Result<IncomingRequest, IdentityProviderError> {
        let wrong = IdentityProviderError::Request;
        let deflated = BASE64
            .decode(saml_request.as_bytes())
            .map_err(|_| wrong("not base64"))?;
        let mut text = String::new();
        DeflateDecoder::new(&*deflated)
            .take(MAX_REQUEST)
            .read_to_string(&mut text)
            .map_err(|_| wrong("not deflated text"))?;
        let document = parse(&text).map_err(|_| wrong("not XML"))?;
        let root = Element::root(&document)
            .filter(|root| root.is(PROTOCOL, "AuthnRequest"))
            .ok_or(wrong("not an AuthnRequest"))?;
        let attribute = |name| root.attribute(name).map(str::to_owned);
        Ok(IncomingRequest {
            id: attribute("ID").ok_or(wrong("no ID"))?,
            acs_url: attribute("AssertionConsumerServiceURL").ok_or(wrong("no ACS URL"))?,
            issuer: root
                .single(ASSERTION, "Issuer")
                .one()
                .and_then(Element::trimmed_text)
                .ok_or(wrong("no Issuer"))?,
            force_authn: matches!(root.attribute("ForceAuthn"), Some("true" | "1")),
        })
    }

    /// The response as XML; its base64 is what a browser posts to the ACS.
    pub fn issue(&self, spec: &ResponseSpec<'_>) -> Result<String, IdentityProviderError> {
        let mut assertion = self.assertion(spec);
        if spec.sign_assertion {
            assertion = self.sign(assertion)?;
        }
        if let Some(encryption) = &spec.encryption {
            assertion = encrypted(&assertion, encryption)?;
        }
        let response = self.response(spec, &assertion);
        if spec.sign_response {
            self.sign(response)
        } else {
            Ok(response)
        }
    }

    /// Fills the first Signature of `template`, whose DigestValue and SignatureValue are empty,
    /// as [`Self::signature_template`] makes it.
    pub fn sign(&self, template: String) -> Result<String, IdentityProviderError> {
        Ok(sign_owned(&self.signer, template)?)
    }

    /// A Signature to be filled, over the element with the ID `id`.
    pub fn signature_template(&self, id: &str, algorithm: Algorithm) -> String {
        let (method, digest) = match algorithm {
            Algorithm::Sha256 => ("rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256"),
            Algorithm::Sha384 => (
                "rsa-sha384",
                "http://www.w3.org/2001/04/xmldsig-more#sha384",
            ),
            Algorithm::Sha512 => ("rsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512"),
        };
        format!(
            concat!(
                r#"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>"#,
                r#"<ds:CanonicalizationMethod "#,
                r#"Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>"#,
                r#"<ds:SignatureMethod "#,
                r#"Algorithm="http://www.w3.org/2001/04/xmldsig-more#{method}"/>"#,
                r##"<ds:Reference URI="#{id}"><ds:Transforms><ds:Transform "##,
                r#"Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>"#,
                r#"<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">"#,
                r#"<ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" "#,
                r#"PrefixList="xs"/></ds:Transform></ds:Transforms>"#,
                r#"<ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue></ds:DigestValue>"#,
                r#"</ds:Reference></ds:SignedInfo><ds:SignatureValue></ds:SignatureValue>"#,
                r#"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}"#,
                r#"</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"#,
            ),
            method = method,
            digest = digest,
            id = escape(id),
            certificate = self.wrapped_certificate(),
        )
    }

    fn response(&self, spec: &ResponseSpec<'_>, content: &str) -> String {
        format!(
            concat!(
                r#"<?xml version="1.0" encoding="UTF-8"?>"#,
                r#"<saml2p:Response Destination="{acs_url}" ID="{id}"{in_response_to} "#,
                r#"IssueInstant="{issue_instant}" Version="2.0" "#,
                r#"xmlns:saml2p="urn:oasis:names:tc:SAML:2.0:protocol" "#,
                r#"xmlns:xs="http://www.w3.org/2001/XMLSchema">{issuer}{signature}"#,
                r#"<saml2p:Status><saml2p:StatusCode "#,
                r#"Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></saml2p:Status>"#,
                r#"{content}</saml2p:Response>"#,
            ),
            acs_url = escape(spec.acs_url),
            id = escape(spec.response_id),
            in_response_to = in_response_to(spec),
            issue_instant = spec.issue_instant,
            issuer = self.issuer(),
            signature = self.signature_for(spec.sign_response, spec.response_id, spec.algorithm),
            content = content,
        )
    }

    fn assertion(&self, spec: &ResponseSpec<'_>) -> String {
        let session_index = spec.in_response_to.unwrap_or(spec.assertion_id);
        format!(
            concat!(
                r#"<saml2:Assertion ID="{id}" IssueInstant="{issue_instant}" Version="2.0" "#,
                r#"xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" "#,
                r#"xmlns:xs="http://www.w3.org/2001/XMLSchema">{issuer}{signature}"#,
                r#"<saml2:Subject><saml2:NameID "#,
                r#"Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">{name_id}"#,
                r#"</saml2:NameID><saml2:SubjectConfirmation "#,
                r#"Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">"#,
                r#"<saml2:SubjectConfirmationData{in_response_to} "#,
                r#"NotOnOrAfter="{not_on_or_after}" Recipient="{acs_url}"/>"#,
                r#"</saml2:SubjectConfirmation></saml2:Subject>"#,
                r#"<saml2:Conditions NotBefore="{not_before}" NotOnOrAfter="{not_on_or_after}">"#,
                r#"<saml2:AudienceRestriction><saml2:Audience>{audience}</saml2:Audience>"#,
                r#"</saml2:AudienceRestriction></saml2:Conditions>"#,
                r#"<saml2:AuthnStatement AuthnInstant="{authn_instant}" "#,
                r#"SessionIndex="{session_index}"><saml2:AuthnContext>"#,
                r#"<saml2:AuthnContextClassRef>{authn_context}"#,
                r#"</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>"#,
                r#"{attributes}</saml2:Assertion>"#,
            ),
            id = escape(spec.assertion_id),
            issue_instant = spec.issue_instant,
            issuer = self.issuer(),
            signature = self.signature_for(spec.sign_assertion, spec.assertion_id, spec.algorithm),
            name_id = escape(spec.name_id),
            in_response_to = in_response_to(spec),
            not_before = spec.not_before,
            not_on_or_after = spec.not_on_or_after,
            authn_instant = spec.authn_instant,
            authn_context = escape(spec.authn_context),
            acs_url = escape(spec.acs_url),
            audience = escape(spec.audience),
            session_index = escape(session_index),
            attributes = attribute_statement(spec),
        )
    }

    fn issuer(&self) -> String {
        format!(
            concat!(
                r#"<saml2:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity" "#,
                r#"xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion">{}</saml2:Issuer>"#,
            ),
            escape(&self.entity_id)
        )
    }

    fn signature_for(&self, wanted: bool, id: &str, algorithm: Algorithm) -> String {
        if wanted {
            self.signature_template(id, algorithm)
        } else {
            String::new()
        }
    }

    /// Base64 in lines, as Okta has it.
    fn wrapped_certificate(&self) -> String {
        let base64 = BASE64.encode(&self.certificate);
        let lines: Vec<_> = base64
            .as_bytes()
            .chunks(64)
            .map(String::from_utf8_lossy)
            .collect();
        lines.join("\n")
    }
}

impl fmt::Debug for IdentityProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityProvider({})", self.entity_id)
    }
}

fn in_response_to(spec: &ResponseSpec<'_>) -> String {
    spec.in_response_to
        .map(|id| format!(" InResponseTo=\"{}\"", escape(id)))
        .unwrap_or_default()
}

fn attribute_statement(spec: &ResponseSpec<'_>) -> String {
    if spec.attributes.is_empty() {
        return String::new();
    }
    let mut statement = String::from("<saml2:AttributeStatement>");
    for (name, values) in &spec.attributes {
        statement.push_str(&format!(
            concat!(
                r#"<saml2:Attribute Name="{}" "#,
                r#"NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified">"#,
            ),
            escape(name)
        ));
        for value in values {
            statement.push_str(&format!(
                concat!(
                    r#"<saml2:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" "#,
                    r#"xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" "#,
                    r#"xsi:type="xs:string">{}</saml2:AttributeValue>"#,
                ),
                escape(value)
            ));
        }
        statement.push_str("</saml2:Attribute>");
    }
    statement.push_str("</saml2:AttributeStatement>");
    statement
}

/// An EncryptedAssertion around `assertion`.
pub fn encrypted(
    assertion: &str,
    encryption: &Encryption<'_>,
) -> Result<String, IdentityProviderError> {
    let template = format!(
        concat!(
            r#"<saml2:EncryptedAssertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion">"#,
            r#"<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" "#,
            r#"Type="http://www.w3.org/2001/04/xmlenc#Element">"#,
            r#"<xenc:EncryptionMethod Algorithm="{cipher}"/>"#,
            r#"<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey>"#,
            r#"<xenc:EncryptionMethod "#,
            r#"Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p">"#,
            r#"<ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/>"#,
            r#"</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue></xenc:CipherValue>"#,
            r#"</xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData>"#,
            r#"<xenc:CipherValue></xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"#,
            r#"</saml2:EncryptedAssertion>"#,
        ),
        cipher = encryption.cipher.uri(),
    );
    let mut keys = KeysManager::new();
    keys.add_key(load_x509_cert_der(encryption.certificate)?);
    let context = EncContext::new(keys);
    Ok(encrypt(&context, &template, assertion.as_bytes())?)
}
