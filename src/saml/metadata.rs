//! Identity provider metadata (SAML metadata section 2): what is pasted or fetched when a provider
//! is set up.
//!
//! Every mistake that people make here has its own error, because this is the one moment when the
//! person who can correct it is looking. A signature on metadata is not checked: what is trusted
//! is the administrator's paste, or the https address it was fetched from.

use thiserror::Error;

pub use crate::saml::service_provider::{ServiceProvider, metadata as service_provider};

use crate::clock::Timestamp;
use crate::saml::certificate::{Certificate, CertificateError};
use crate::saml::html;
use crate::saml::refusal::Problem;
use crate::saml::shape;
use crate::saml::signature::{self, Trust};
use crate::saml::xml::{self, DSIG, Element, METADATA, PROTOCOL};

/// Largest metadata, in bytes. Entra's is about 60 KiB.
pub const MAX_SIZE: usize = 1024 * 1024;
/// Most signing certificates kept from one metadata document.
const MAX_CERTIFICATES: usize = 16;
/// SAML core section 8.3.6 bounds entity identifiers.
const MAX_ENTITY_ID: usize = 1024;
const MAX_URL: usize = 2048;
/// SAML bindings section 3.5.
const HTTP_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
/// SAML bindings section 3.4.
const HTTP_REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";

/// What a provider needs to know about its identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdpMetadata {
    /// The Issuer of its responses.
    pub entity_id: String,
    /// SingleSignOnService for HTTP-Redirect, or for HTTP-POST where it has no other.
    pub sso_url: String,
    /// SingleSignOnService for HTTP-POST, where there is one.
    pub sso_post_url: Option<String>,
    /// Whether there is one for HTTP-Redirect.
    pub takes_redirects: bool,
    /// SingleLogoutService for HTTP-Redirect, where there is one.
    pub slo_url: Option<String>,
    /// Where LogoutResponses go by HTTP-Redirect: ResponseLocation, else the same.
    pub slo_answer_url: Option<String>,
    /// SingleLogoutService for HTTP-POST, where there is one.
    pub slo_post_url: Option<String>,
    /// Where LogoutResponses go by HTTP-POST: ResponseLocation, else the same.
    pub slo_post_answer_url: Option<String>,
    /// Every signing certificate, without repetitions, in the order of the document. Never empty.
    pub certificates: Vec<Certificate>,
    /// Whether the identity provider asks for signed requests.
    pub want_authn_requests_signed: bool,
}

/// Why a text is not usable as identity provider metadata. The messages are for the person who
/// pasted it and say what to do.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataError {
    /// Nothing but white space.
    #[error("nothing was given; paste the metadata XML, or its address")]
    Empty,
    /// More than [`MAX_SIZE`].
    #[error(
        "the metadata is larger than 1 MiB; use the metadata of this one application, not of a whole federation"
    )]
    TooBig,
    /// Neither UTF-8 nor ASCII.
    #[error("the metadata is not UTF-8 text; download it again without opening it in an editor")]
    NotUtf8,
    /// A web page.
    #[error(
        "this is a web page, not metadata: the sign-in page, if you weren't signed in, or the page around the link; use the XML behind it"
    )]
    HtmlPage,
    /// An address where XML should be.
    #[error("this is an address, not metadata; paste it in the field for the metadata URL")]
    Address,
    /// A certificate where XML should be.
    #[error(
        "this is a certificate, not metadata; paste it in the certificate field together with the sign-on URL and issuer"
    )]
    CertificatePasted,
    /// A document type declaration.
    #[error("the metadata has a DOCTYPE, which SAML metadata never has; download it again")]
    Doctype,
    /// Not well-formed.
    #[error("this is not complete XML ({0}); copy or download the metadata again as a whole")]
    NotXml(String),
    /// Another kind of document.
    #[error(
        "this is XML, but not SAML 2.0 metadata: its root is {0:?} instead of EntityDescriptor"
    )]
    WrongRoot(String),
    /// Several identity providers in one document.
    #[error(
        "this metadata describes several identity providers; use the metadata of the one application, not of the federation"
    )]
    SeveralProviders,
    /// A service provider's metadata, most often ours.
    #[error(
        "this is the metadata of a service provider, perhaps the one shown on this page; what is needed is the identity provider's"
    )]
    ServiceProvider,
    /// No IDPSSODescriptor for SAML 2.0.
    #[error(
        "this metadata has no IDPSSODescriptor for SAML 2.0; check that the application signs people in with SAML 2.0"
    )]
    NoIdentityProvider,
    /// Two IDPSSODescriptors for SAML 2.0.
    #[error(
        "this metadata has more than one IDPSSODescriptor, so it is not clear which certificates count; use the metadata of one application"
    )]
    SeveralDescriptors,
    /// `entityID` is missing, empty or too long.
    #[error("the EntityDescriptor has no usable entityID; download the metadata again")]
    NoEntityId,
    /// Not signed with the key that it must be signed with.
    #[error(
        "the metadata is not signed with the key that was pinned for it ({0}); if the key was changed, pin the new one"
    )]
    NotSigned(String),
    /// `validUntil` has passed.
    #[error("this metadata expired at {0}; download it again")]
    Expired(Timestamp),
    /// `validUntil` cannot be read.
    #[error("validUntil is not a time: {0:?}; download the metadata again")]
    BadValidUntil(String),
    /// No signing certificate; accepting this would mean accepting unsigned responses.
    #[error(
        "this metadata has no signing certificate, so no response could be verified; make one and activate it there, and load the metadata again"
    )]
    NoSigningCertificate,
    /// More than sixteen.
    #[error(
        "this metadata has more than {MAX_CERTIFICATES} signing certificates; use the metadata of one application"
    )]
    TooManyCertificates,
    /// A signing certificate that cannot be used.
    #[error("a signing certificate in the metadata cannot be used: {0}")]
    BadCertificate(#[from] CertificateError),
    /// No SingleSignOnService with the HTTP-Redirect or the HTTP-POST binding.
    #[error(
        "this metadata has no SingleSignOnService for the HTTP-Redirect or the HTTP-POST binding; switch one of them on at the identity provider"
    )]
    NoRedirectSso,
    /// The sign-on address is no https URL.
    #[error(
        "the sign-on address {0:?} is not an https URL; people would be sent there unprotected"
    )]
    InsecureSso(String),
}

/// Reads identity provider metadata, or says what is wrong with it. `now` is for `validUntil`.
pub fn parse_idp(input: &[u8], now: Timestamp) -> Result<IdpMetadata, MetadataError> {
    if input.len() > MAX_SIZE {
        return Err(MetadataError::TooBig);
    }
    let text = std::str::from_utf8(input).map_err(|_| MetadataError::NotUtf8)?;
    let text = text.trim_start_matches('\u{FEFF}').trim();
    not_something_else(text)?;
    let document = xml::parse(text).map_err(|error| match error {
        xml::XmlError::Doctype => MetadataError::Doctype,
        other => MetadataError::NotXml(shortened(&other.to_string())),
    })?;
    let Some(root) = Element::root(&document) else {
        return Err(MetadataError::Empty);
    };
    let entity = only_entity(root)?;
    let provider = only_provider(entity)?;
    for dated in [root, entity, provider] {
        check_valid_until(dated, now)?;
    }
    let entity_id = entity
        .attribute("entityID")
        .map(str::trim)
        .filter(|id| !id.is_empty() && id.len() <= MAX_ENTITY_ID)
        .ok_or(MetadataError::NoEntityId)?;
    let redirect = location(provider, "SingleSignOnService", HTTP_REDIRECT);
    let post = location(provider, "SingleSignOnService", HTTP_POST);
    let sso_url = redirect.or(post).ok_or(MetadataError::NoRedirectSso)?;
    for url in [redirect, post].into_iter().flatten() {
        if !is_sign_on_url(url) {
            return Err(MetadataError::InsecureSso(shortened(url)));
        }
    }
    Ok(IdpMetadata {
        entity_id: entity_id.to_owned(),
        sso_url: sso_url.to_owned(),
        sso_post_url: post.map(str::to_owned),
        takes_redirects: redirect.is_some(),
        slo_url: logout_location(provider, HTTP_REDIRECT),
        slo_answer_url: logout_answers(provider, HTTP_REDIRECT),
        slo_post_url: logout_location(provider, HTTP_POST),
        slo_post_answer_url: logout_answers(provider, HTTP_POST),
        certificates: signing_certificates(provider)?,
        want_authn_requests_signed: provider
            .attribute("WantAuthnRequestsSigned")
            .is_some_and(|v| matches!(v, "true" | "1")),
    })
}

fn logout_location(provider: Element<'_>, binding: &str) -> Option<String> {
    location(provider, "SingleLogoutService", binding)
        .filter(|url| is_sign_on_url(url))
        .map(str::to_owned)
}

fn logout_answers(provider: Element<'_>, binding: &str) -> Option<String> {
    service(provider, "SingleLogoutService", binding)
        .and_then(|e| e.attribute("ResponseLocation").or(e.attribute("Location")))
        .map(str::trim)
        .filter(|url| is_sign_on_url(url))
        .map(str::to_owned)
}

/// [`parse_idp`] for a document that must be signed with the key of `trust`. What counts is read
/// from the signed bytes alone.
pub fn parse_signed_idp(
    input: &[u8],
    trust: &Certificate,
    now: Timestamp,
) -> Result<IdpMetadata, MetadataError> {
    if input.len() > MAX_SIZE {
        return Err(MetadataError::TooBig);
    }
    let text = std::str::from_utf8(input).map_err(|_| MetadataError::NotUtf8)?;
    let text = text.trim_start_matches('\u{FEFF}').trim();
    not_something_else(text)?;
    let document = xml::parse(text).map_err(|error| match error {
        xml::XmlError::Doctype => MetadataError::Doctype,
        other => MetadataError::NotXml(shortened(&other.to_string())),
    })?;
    let unsigned = |problem: Problem| MetadataError::NotSigned(shortened(&problem.got));
    let signatures = shape::metadata_signature(&document).map_err(unsigned)?;
    let trust = Trust::new(std::slice::from_ref(trust));
    match signature::verify(&trust, &document, text, &signatures).map_err(unsigned)? {
        Some(signed) => parse_idp(signed.xml.as_bytes(), now),
        None => Err(MetadataError::NotSigned("no signature".to_owned())),
    }
}

/// Whether a browser may be sent to `url` to sign in: https, or http on this very machine for
/// development. Also for addresses that an administrator types.
pub fn is_sign_on_url(url: &str) -> bool {
    // Browsers read a backslash as a slash, which makes another host of what stands before it.
    let odd = |c: char| c.is_whitespace() || c.is_control() || "\\\"<>".contains(c);
    if url.len() > MAX_URL || url.chars().any(odd) {
        return false;
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    // User information in front of the host is only ever used to deceive.
    if authority.is_empty() || authority.starts_with(':') || authority.contains('@') {
        return false;
    }
    let Some(host) = host_of(authority) else {
        return false;
    };
    let loopback = host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    scheme.eq_ignore_ascii_case("https") || (scheme.eq_ignore_ascii_case("http") && loopback)
}

/// The host of an authority without user information, or `None` where it or the port is made of
/// anything else: the origin is written into a header later, where `;` and `,` mean something.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => {
            let (host, rest) = bracketed.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            let port = match rest {
                "" => "",
                more => more.strip_prefix(':')?,
            };
            (host, port)
        }
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    let bracketed = authority.starts_with('[');
    let plain = |c: char| c.is_alphanumeric() || "-._".contains(c);
    let known = (bracketed || host.chars().all(plain)) && port.bytes().all(|b| b.is_ascii_digit());
    known.then_some(host)
}

/// The mistakes that are no XML at all.
fn not_something_else(text: &str) -> Result<(), MetadataError> {
    if text.is_empty() {
        return Err(MetadataError::Empty);
    }
    if html::is_page(text) {
        return Err(MetadataError::HtmlPage);
    }
    if text.starts_with("https://") || text.starts_with("http://") {
        return Err(MetadataError::Address);
    }
    if !text.starts_with('<') && Certificate::parse(text.as_bytes()).is_ok() {
        return Err(MetadataError::CertificatePasted);
    }
    Ok(())
}

fn only_entity(root: Element<'_>) -> Result<Element<'_>, MetadataError> {
    if root.is(METADATA, "EntityDescriptor") {
        return Ok(root);
    }
    if !root.is(METADATA, "EntitiesDescriptor") {
        // A page that is well-formed XML gets here.
        if root.local_name().eq_ignore_ascii_case("html") {
            return Err(MetadataError::HtmlPage);
        }
        return Err(MetadataError::WrongRoot(shortened(root.local_name())));
    }
    let mut providers = root
        .subtree()
        .filter(|e| e.is(METADATA, "EntityDescriptor"))
        .filter(|e| e.named(METADATA, "IDPSSODescriptor").next().is_some());
    match (providers.next(), providers.next()) {
        (None, _) => Err(MetadataError::NoIdentityProvider),
        (Some(one), None) => Ok(one),
        _ => Err(MetadataError::SeveralProviders),
    }
}

fn only_provider(entity: Element<'_>) -> Result<Element<'_>, MetadataError> {
    let mut saml2 = entity.named(METADATA, "IDPSSODescriptor").filter(|d| {
        d.attribute("protocolSupportEnumeration")
            .is_some_and(|p| p.split_ascii_whitespace().any(|p| p == PROTOCOL))
    });
    match (saml2.next(), saml2.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(MetadataError::SeveralDescriptors),
        (None, _) => {
            if entity.named(METADATA, "SPSSODescriptor").next().is_some() {
                Err(MetadataError::ServiceProvider)
            } else {
                Err(MetadataError::NoIdentityProvider)
            }
        }
    }
}

fn check_valid_until(element: Element<'_>, now: Timestamp) -> Result<(), MetadataError> {
    let Some(text) = element.attribute("validUntil") else {
        return Ok(());
    };
    let until = Timestamp::parse(text.trim())
        .ok_or_else(|| MetadataError::BadValidUntil(shortened(text)))?;
    if until <= now {
        return Err(MetadataError::Expired(until));
    }
    Ok(())
}

fn service<'d>(provider: Element<'d>, name: &str, binding: &str) -> Option<Element<'d>> {
    provider
        .children()
        .filter(|e| e.is(METADATA, name))
        .find(|e| e.attribute("Binding").map(str::trim) == Some(binding))
}

fn location<'d>(provider: Element<'d>, name: &str, binding: &str) -> Option<&'d str> {
    service(provider, name, binding)?
        .attribute("Location")
        .map(str::trim)
}

/// A KeyDescriptor without `use` serves both purposes (SAML metadata section 2.4.1.1).
fn signing_certificates(provider: Element<'_>) -> Result<Vec<Certificate>, MetadataError> {
    let mut certificates: Vec<Certificate> = Vec::new();
    let texts = provider
        .named(METADATA, "KeyDescriptor")
        .filter(|d| matches!(d.attribute("use"), None | Some("signing")))
        .flat_map(|d| d.named(DSIG, "KeyInfo"))
        .flat_map(|i| i.named(DSIG, "X509Data"))
        .flat_map(|d| d.named(DSIG, "X509Certificate"))
        .map(Element::text);
    for text in texts {
        let certificate = Certificate::parse(text.as_bytes())?;
        if certificates.iter().any(|c| c.der == certificate.der) {
            continue;
        }
        if certificates.len() == MAX_CERTIFICATES {
            return Err(MetadataError::TooManyCertificates);
        }
        certificates.push(certificate);
    }
    if certificates.is_empty() {
        return Err(MetadataError::NoSigningCertificate);
    }
    Ok(certificates)
}

/// Enough of a text to recognise it by.
fn shortened(text: &str) -> String {
    crate::saml::refusal::bounded(text)
}
