//! Reads the values of an assertion (SAML core section 2), from signed bytes alone: the element
//! handed in must come from a document that was parsed out of what a signature covers.

use crate::clock::Timestamp;
use crate::saml::decryption_key::DecryptionKey;
use crate::saml::encryption;
use crate::saml::name_id::NameSpace;
use crate::saml::refusal::{Problem, Reason};
use crate::saml::xml::{self, ASSERTION, Element, Single};

const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// The values of one assertion.
#[derive(Clone, Debug)]
pub(super) struct Assertion {
    pub(super) id: String,
    pub(super) version: Option<String>,
    pub(super) issue_instant: Option<Timestamp>,
    pub(super) issuer: Option<String>,
    pub(super) subject: Option<Subject>,
    /// Every bearer SubjectConfirmation.
    pub(super) confirmations: Vec<Confirmation>,
    pub(super) conditions: Option<Conditions>,
    pub(super) authn_statements: Vec<AuthnStatement>,
    /// Values of the same name are merged, blank ones left out, the order kept.
    pub(super) attributes: Vec<(String, Vec<String>)>,
}

/// Whom the assertion is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    pub(super) name_id: Option<String>,
    pub(super) name_space: NameSpace,
}

/// SubjectConfirmationData of the bearer method (profiles section 4.1.4.2).
#[derive(Clone, Debug, Default)]
pub(super) struct Confirmation {
    pub(super) recipient: Option<String>,
    pub(super) in_response_to: Option<String>,
    pub(super) not_before: Option<Timestamp>,
    pub(super) not_on_or_after: Option<Timestamp>,
}

/// Conditions (core section 2.5).
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    pub(super) not_before: Option<Timestamp>,
    pub(super) not_on_or_after: Option<Timestamp>,
    /// One list for each AudienceRestriction; each list must have us in it.
    pub(super) audiences: Vec<Vec<String>>,
    /// A condition that isn't understood, which makes the assertion unusable.
    pub(super) unknown: Option<String>,
}

/// AuthnStatement (core section 2.7.2).
#[derive(Clone, Debug)]
pub(super) struct AuthnStatement {
    pub(super) session_index: Option<String>,
    pub(super) session_not_on_or_after: Option<Timestamp>,
}

impl Assertion {
    /// Reads an Assertion element; `keys` open its EncryptedID, if it has one.
    pub(super) fn read(element: Element<'_>, keys: &[DecryptionKey]) -> Result<Self, Problem> {
        let subject = at_most_one(element, "Subject")?;
        let (subject, confirmations) = match subject {
            Some(subject) => (
                Some(read_subject(subject, keys)?),
                read_confirmations(subject)?,
            ),
            None => (None, Vec::new()),
        };
        Ok(Self {
            id: element.attribute("ID").unwrap_or("").to_owned(),
            version: element.attribute("Version").map(str::to_owned),
            issue_instant: time(element, "IssueInstant")?,
            issuer: at_most_one(element, "Issuer")?.and_then(Element::trimmed_text),
            subject,
            confirmations,
            conditions: at_most_one(element, "Conditions")?
                .map(read_conditions)
                .transpose()?,
            authn_statements: element
                .named(ASSERTION, "AuthnStatement")
                .map(read_authn_statement)
                .collect::<Result<_, _>>()?,
            attributes: read_attributes(element),
        })
    }
}

fn read_subject(subject: Element<'_>, keys: &[DecryptionKey]) -> Result<Subject, Problem> {
    let name_id = at_most_one(subject, "NameID")?;
    let Some(encrypted) = at_most_one(subject, "EncryptedID")? else {
        return Ok(name_id.map(named).unwrap_or_default());
    };
    if name_id.is_some() {
        return Err(Problem::new(
            Reason::AssertionStructure,
            "either NameID or EncryptedID",
            "both in Subject",
        ));
    }
    let plaintext = encryption::name_id(encrypted, keys)?;
    let document = xml::parse(&plaintext).map_err(|e| encryption::failed(e.to_string()))?;
    let name_id = Element::root(&document);
    Ok(name_id.map(named).unwrap_or_default())
}

fn named(name_id: Element<'_>) -> Subject {
    Subject {
        name_id: name_id.trimmed_text(),
        name_space: NameSpace::read(name_id),
    }
}

fn read_confirmations(subject: Element<'_>) -> Result<Vec<Confirmation>, Problem> {
    subject
        .named(ASSERTION, "SubjectConfirmation")
        .filter(|c| c.attribute("Method") == Some(BEARER))
        .map(|confirmation| {
            let Some(data) = at_most_one(confirmation, "SubjectConfirmationData")? else {
                return Ok(Confirmation::default());
            };
            Ok(Confirmation {
                recipient: data.attribute("Recipient").map(str::to_owned),
                in_response_to: data.attribute("InResponseTo").map(str::to_owned),
                not_before: time(data, "NotBefore")?,
                not_on_or_after: time(data, "NotOnOrAfter")?,
            })
        })
        .collect()
}

fn read_conditions(element: Element<'_>) -> Result<Conditions, Problem> {
    let mut conditions = Conditions {
        not_before: time(element, "NotBefore")?,
        not_on_or_after: time(element, "NotOnOrAfter")?,
        ..Conditions::default()
    };
    for condition in element.children() {
        if condition.is(ASSERTION, "AudienceRestriction") {
            let audiences = condition
                .named(ASSERTION, "Audience")
                .filter_map(Element::trimmed_text)
                .collect();
            conditions.audiences.push(audiences);
        } else if !condition.is(ASSERTION, "OneTimeUse")
            && !condition.is(ASSERTION, "ProxyRestriction")
        {
            // Each assertion is used once anyway, and none is passed on.
            conditions.unknown = Some(condition.local_name().to_owned());
        }
    }
    Ok(conditions)
}

fn read_authn_statement(element: Element<'_>) -> Result<AuthnStatement, Problem> {
    Ok(AuthnStatement {
        session_index: element.attribute("SessionIndex").map(str::to_owned),
        session_not_on_or_after: time(element, "SessionNotOnOrAfter")?,
    })
}

/// By Name alone: identity providers disagree about NameFormat.
fn read_attributes(assertion: Element<'_>) -> Vec<(String, Vec<String>)> {
    let mut attributes: Vec<(String, Vec<String>)> = Vec::new();
    let statements = assertion.named(ASSERTION, "AttributeStatement");
    for attribute in statements.flat_map(|s| s.named(ASSERTION, "Attribute")) {
        let Some(name) = attribute.attribute("Name") else {
            continue;
        };
        let values: Vec<_> = attribute
            .named(ASSERTION, "AttributeValue")
            .filter_map(Element::trimmed_text)
            .collect();
        if values.is_empty() {
            continue;
        }
        match attributes.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => known.extend(values),
            None => attributes.push((name.to_owned(), values)),
        }
    }
    attributes
}

/// The schema allows one at most; two would be an invitation to read the wrong one.
fn at_most_one<'d>(parent: Element<'d>, name: &str) -> Result<Option<Element<'d>>, Problem> {
    match parent.single(ASSERTION, name) {
        Single::None => Ok(None),
        Single::One(element) => Ok(Some(element)),
        Single::Several => Err(Problem::new(
            Reason::AssertionStructure,
            format!("at most one {name}"),
            format!("several {name} in {}", parent.local_name()),
        )),
    }
}

/// An optional xs:dateTime in UTC (core section 1.3.3).
fn time(element: Element<'_>, name: &str) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = element.attribute(name) else {
        return Ok(None);
    };
    match Timestamp::parse(text.trim()) {
        Some(time) => Ok(Some(time)),
        None => Err(Problem::new(
            Reason::TimeMalformed,
            format!("a UTC time in {name}"),
            text,
        )),
    }
}
