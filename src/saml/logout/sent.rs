//! What we say: a LogoutRequest when somebody signs out here, and the answer to the identity
//! provider's. Always signed: by a stranger's, people could be signed out, or told that they are.

use data_encoding::BASE64;

use crate::clock::Timestamp;
use crate::saml::name_id::NameSpace;
use crate::saml::redirect::{self, Field};
use crate::saml::signing::{SigningError, SigningKey};
use crate::saml::xml::escape;

/// A request to sign somebody out (SAML core section 3.7.1).
#[derive(Clone, Copy, Debug)]
pub struct NewLogoutRequest<'a> {
    /// From [`crate::saml::request::id`].
    pub id: &'a str,
    /// Now.
    pub issue_instant: Timestamp,
    /// When it is too late to follow it.
    pub not_on_or_after: Timestamp,
    /// The identity provider's SingleLogoutService of the binding that is used.
    pub destination: &'a str,
    /// Our entity ID.
    pub issuer: &'a str,
    /// The NameID as it came at sign-in.
    pub name_id: &'a str,
    /// Its attributes as they came.
    pub name_space: &'a NameSpace,
    /// The SessionIndex that came at sign-in.
    pub session_index: Option<&'a str>,
}

impl NewLogoutRequest<'_> {
    fn xml(&self, signature: &str) -> String {
        let index = self.session_index.map_or_else(String::new, |index| {
            format!("<samlp:SessionIndex>{}</samlp:SessionIndex>", escape(index))
        });
        format!(
            concat!(
                r#"<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol""#,
                r#" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" Version="2.0""#,
                r#" IssueInstant="{issue_instant}" Destination="{destination}""#,
                r#" NotOnOrAfter="{not_on_or_after}""#,
                r#" Reason="urn:oasis:names:tc:SAML:2.0:logout:user"><saml:Issuer>{issuer}"#,
                r#"</saml:Issuer>{signature}{name_id}{index}</samlp:LogoutRequest>"#,
            ),
            id = escape(self.id),
            issue_instant = self.issue_instant,
            destination = escape(self.destination),
            not_on_or_after = self.not_on_or_after,
            issuer = escape(self.issuer),
            signature = signature,
            name_id = self.name_space.element(self.name_id),
            index = index,
        )
    }

    /// The address to send the browser to.
    ///
    /// # Errors
    /// Where signing fails.
    pub fn redirect_url(&self, relay: &str, key: &SigningKey) -> Result<String, SigningError> {
        let field = Field::Request;
        redirect::url(self.destination, field, &self.xml(""), relay, Some(key))
    }

    /// The value of the form field SAMLRequest.
    ///
    /// # Errors
    /// Where signing fails.
    pub fn form_value(&self, key: &SigningKey) -> Result<String, SigningError> {
        let xml = key.fill(self.xml(&key.template(self.id)))?;
        Ok(BASE64.encode(xml.as_bytes()))
    }
}

/// What came of the identity provider's request here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All that it named is over.
    Done,
    /// Some of it isn't (status PartialLogout).
    Partial,
    /// Nothing of it is.
    Failed,
}

impl Outcome {
    /// Its word in a trace.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "Success",
            Self::Partial => "PartialLogout",
            Self::Failed => "Responder",
        }
    }

    fn status(self) -> &'static str {
        match self {
            Self::Done => {
                r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>"#
            }
            Self::Partial => concat!(
                r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder">"#,
                r#"<samlp:StatusCode "#,
                r#"Value="urn:oasis:names:tc:SAML:2.0:status:PartialLogout"/></samlp:StatusCode>"#
            ),
            Self::Failed => {
                r#"<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/>"#
            }
        }
    }
}

/// The answer to a LogoutRequest (SAML core section 3.7.2).
#[derive(Clone, Copy, Debug)]
pub struct NewLogoutResponse<'a> {
    /// From [`crate::saml::request::id`].
    pub id: &'a str,
    /// The request's ID.
    pub in_response_to: &'a str,
    /// Now.
    pub issue_instant: Timestamp,
    /// Where the identity provider takes answers by the binding that is used.
    pub destination: &'a str,
    /// Our entity ID.
    pub issuer: &'a str,
    /// What came of the request.
    pub outcome: Outcome,
}

impl NewLogoutResponse<'_> {
    fn xml(&self, signature: &str) -> String {
        format!(
            concat!(
                r#"<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol""#,
                r#" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" Version="2.0""#,
                r#" IssueInstant="{issue_instant}" Destination="{destination}""#,
                r#" InResponseTo="{in_response_to}"><saml:Issuer>{issuer}</saml:Issuer>"#,
                r#"{signature}<samlp:Status>{status}</samlp:Status></samlp:LogoutResponse>"#,
            ),
            id = escape(self.id),
            issue_instant = self.issue_instant,
            destination = escape(self.destination),
            in_response_to = escape(self.in_response_to),
            issuer = escape(self.issuer),
            signature = signature,
            status = self.outcome.status(),
        )
    }

    /// The address to send the browser to.
    ///
    /// # Errors
    /// Where signing fails.
    pub fn redirect_url(&self, relay: &str, key: &SigningKey) -> Result<String, SigningError> {
        let field = Field::Response;
        redirect::url(self.destination, field, &self.xml(""), relay, Some(key))
    }

    /// The value of the form field SAMLResponse.
    ///
    /// # Errors
    /// Where signing fails.
    pub fn form_value(&self, key: &SigningKey) -> Result<String, SigningError> {
        let xml = key.fill(self.xml(&key.template(self.id)))?;
        Ok(BASE64.encode(xml.as_bytes()))
    }
}
