//! Filters, RFC 7644 section 3.4.2.2: the whole grammar as a tree, by recursive descent.
//!
//! [`parse`] knows the grammar only. [`Filter::resolve`] then ties the tree to a resource type:
//! unknown attributes and comparisons that make no sense for a type are refused, names get their
//! canonical spelling, and `emails eq` becomes `emails.value eq`, so that who evaluates a resolved
//! filter, in memory ([`Filter::matches`]) or in SQL, meets one spelling.

use crate::clock::Timestamp;

use super::error::{ScimError, shown};
use super::forgive;
use super::path::AttributePath;
use super::schema::{self, Attribute, ResourceType, Returned, Type};

mod parser;

pub(super) use parser::parse_element;
pub use parser::{MAX_DEPTH, MAX_LENGTH, parse};

/// A filter as a tree. `And` and `Or` hold two or more; `not` binds tighter than `and`, `and`
/// tighter than `or`.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All hold.
    And(Vec<Filter>),
    /// At least one holds.
    Or(Vec<Filter>),
    /// It doesn't hold.
    Not(Box<Filter>),
    /// `path op value`
    Compare {
        /// What is compared.
        path: AttributePath,
        /// How.
        op: Operator,
        /// With what.
        value: Literal,
    },
    /// `path pr`: it has a value.
    Present(AttributePath),
    /// `path[filter]`: one element of a multi-valued attribute fulfils all of the filter. Paths
    /// inside are sub-attributes. `emails[type eq "work"].value eq "x"` is read as
    /// `emails[type eq "work" and value eq "x"]`.
    ValuePath {
        /// The multi-valued attribute.
        path: AttributePath,
        /// What one element must fulfil.
        filter: Box<Filter>,
    },
}

/// A comparison of RFC 7644 table 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
    /// `co`
    Contains,
    /// `sw`
    StartsWith,
    /// `ew`
    EndsWith,
    /// `gt`
    Greater,
    /// `ge`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `le`
    LessOrEqual,
}

/// A JSON literal to compare with.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// A string, escapes decoded.
    String(String),
    /// A number.
    Number(serde_json::Number),
    /// `true` or `false`
    Boolean(bool),
    /// `null`: no value.
    Null,
}

impl Filter {
    /// Always true: all of nothing.
    pub const ALWAYS: Self = Self::And(Vec::new());

    /// Never true: any of nothing.
    pub const NEVER: Self = Self::Or(Vec::new());

    /// How many comparisons it makes.
    pub(super) fn comparisons(&self) -> usize {
        match self {
            Self::And(terms) | Self::Or(terms) => terms.iter().map(Self::comparisons).sum(),
            Self::Not(inner) => inner.comparisons(),
            Self::Present(_) | Self::Compare { .. } => 1,
            Self::ValuePath { filter, .. } => filter.comparisons(),
        }
    }

    /// The filter for resources of `kind`, with canonical names. What was forgiven on the way goes
    /// to `notes`. Errors are `invalidFilter`.
    pub fn resolve(
        &self,
        kind: &ResourceType,
        notes: &mut Vec<&'static str>,
    ) -> Result<Filter, ScimError> {
        self.resolve_among(kind, &[], notes)
    }

    /// The same where resources of all `kinds` are asked for at once: what `kind` lacks and another
    /// has is without a value here, RFC 7644 section 3.4.2.1.
    pub fn resolve_among(
        &self,
        kind: &ResourceType,
        kinds: &[&ResourceType],
        notes: &mut Vec<&'static str>,
    ) -> Result<Filter, ScimError> {
        let elsewhere = |path: &AttributePath| {
            kinds
                .iter()
                .any(|kind| known(path, kind, &mut Vec::new()).is_ok())
        };
        let mut each = |terms: &[Filter]| {
            let resolved = terms
                .iter()
                .map(|term| term.resolve_among(kind, kinds, notes));
            resolved.collect::<Result<Vec<_>, _>>()
        };
        Ok(match self {
            Self::And(terms) => Self::And(each(terms)?),
            Self::Or(terms) => Self::Or(each(terms)?),
            Self::Not(inner) => Self::Not(Box::new(inner.resolve_among(kind, kinds, notes)?)),
            Self::Present(path) => match known(path, kind, notes) {
                Ok((path, _)) => Self::Present(path),
                Err(_) if elsewhere(path) => Self::NEVER,
                Err(unknown) => return Err(unknown),
            },
            Self::Compare { path, op, value } => {
                let manager = forgive::manager_in_filter(path, kind, notes);
                let path = manager.as_ref().unwrap_or(path);
                let (path, compared) = match known(path, kind, notes) {
                    Ok(known) => known,
                    Err(_) if elsewhere(path) && unassigned(*op, value) => return Ok(Self::ALWAYS),
                    Err(_) if elsewhere(path) => return Ok(Self::NEVER),
                    Err(unknown) => return Err(unknown),
                };
                let path = match (&path.sub, compared.name) {
                    (None, "value") => AttributePath {
                        sub: Some("value".into()),
                        ..path
                    },
                    _ => path,
                };
                let value = comparable(&path, compared, *op, value, notes)?;
                Self::Compare {
                    path,
                    op: *op,
                    value,
                }
            }
            Self::ValuePath { path, filter } => {
                let target = match kind.target(path).filter(|target| target.sub.is_none()) {
                    Some(target) => target,
                    None if elsewhere(path) => return Ok(Self::NEVER),
                    None => return Err(unknown(path)),
                };
                let filter = filter.resolve_element(target.attribute, notes)?;
                Self::ValuePath {
                    path: target.path(),
                    filter: Box::new(filter),
                }
            }
        })
    }

    /// The same for a filter in brackets, about one element of `parent`.
    pub(super) fn resolve_element(
        &self,
        parent: &Attribute,
        notes: &mut Vec<&'static str>,
    ) -> Result<Filter, ScimError> {
        let mut each = |terms: &[Filter]| {
            let resolved = terms.iter().map(|term| term.resolve_element(parent, notes));
            resolved.collect::<Result<Vec<_>, _>>()
        };
        Ok(match self {
            Self::And(terms) => Self::And(each(terms)?),
            Self::Or(terms) => Self::Or(each(terms)?),
            Self::Not(inner) => Self::Not(Box::new(inner.resolve_element(parent, notes)?)),
            Self::Present(path) => Self::Present(part(path, parent)?.0),
            Self::Compare { path, op, value } => {
                let (path, compared) = part(path, parent)?;
                let value = comparable(&path, compared, *op, value, notes)?;
                Self::Compare {
                    path,
                    op: *op,
                    value,
                }
            }
            Self::ValuePath { path, .. } => return Err(unknown(path)),
        })
    }
}

/// What a comparison says of an attribute without a value.
pub(super) fn unassigned(op: Operator, literal: &Literal) -> bool {
    match op {
        Operator::Equal => *literal == Literal::Null,
        Operator::NotEqual => *literal != Literal::Null,
        _ => false,
    }
}

/// The path in canonical spelling, and the definition of what is compared.
fn known(
    path: &AttributePath,
    kind: &ResourceType,
    notes: &mut Vec<&'static str>,
) -> Result<(AttributePath, &'static Attribute), ScimError> {
    let target = match kind.target(path) {
        Some(target) => target,
        None => forgive::email_for_emails(path, notes)
            .and_then(|path| kind.target(&path))
            .ok_or_else(|| unknown(path))?,
    };
    if target.attribute.returned == Returned::Never {
        return Err(ScimError::invalid_filter(format!(
            "`{}` can't be searched.",
            target.attribute.name
        )));
    }
    Ok((target.path(), target.compared()))
}

fn part(
    path: &AttributePath,
    parent: &Attribute,
) -> Result<(AttributePath, &'static Attribute), ScimError> {
    let found = match (&path.urn, &path.sub) {
        (None, None) => parent.sub(&path.name),
        _ => None,
    };
    let found = found.ok_or_else(|| {
        ScimError::invalid_filter(format!(
            "`{}` has no sub-attribute `{}`.",
            parent.name,
            shown(&path.to_string())
        ))
    })?;
    Ok((AttributePath::of(found.name, None), found))
}

/// The literal in the attribute's own type, or why it can't be compared so.
fn comparable(
    path: &AttributePath,
    attribute: &Attribute,
    op: Operator,
    literal: &Literal,
    notes: &mut Vec<&'static str>,
) -> Result<Literal, ScimError> {
    let equality = matches!(op, Operator::Equal | Operator::NotEqual);
    if attribute.kind == Type::Complex {
        return Err(ScimError::invalid_filter(format!(
            "`{path}` has parts; name one of them, such as `{path}.{}`.",
            attribute.sub_attributes.first().map_or("", |sub| sub.name)
        )));
    }
    match (attribute.kind, literal) {
        (_, Literal::Null) if equality => return Ok(Literal::Null),
        (Type::Boolean, Literal::Boolean(_)) if equality => return Ok(literal.clone()),
        (Type::Boolean, Literal::String(text)) if equality => {
            if let Some(value) = forgive::boolean_text(text, notes) {
                return Ok(Literal::Boolean(value));
            }
        }
        (Type::DateTime, Literal::String(text)) => {
            let part = matches!(
                op,
                Operator::Contains | Operator::StartsWith | Operator::EndsWith
            );
            if !part && Timestamp::parse(text).is_some() {
                return Ok(literal.clone());
            }
        }
        (Type::String | Type::Reference, Literal::String(_)) => return Ok(literal.clone()),
        (Type::Binary, Literal::String(_)) if equality => return Ok(literal.clone()),
        _ => {}
    }
    let wanted = match attribute.kind {
        Type::Boolean => "with eq or ne, to true or false",
        Type::Binary => "with eq or ne, to base64 in quotes",
        Type::DateTime => "with eq, ne, gt, ge, lt or le, to a date and time of RFC 3339 in quotes",
        _ => "to a string in quotes",
    };
    Err(ScimError::invalid_filter(format!(
        "`{path}` can only be compared {wanted}."
    )))
}

fn unknown(path: &AttributePath) -> ScimError {
    ScimError::invalid_filter(format!(
        "`{}` is not an attribute that can be searched.",
        shown(&path.to_string())
    ))
}

/// Whether strings of this path are compared with case; `false` for what we don't know, as RFC 7643
/// section 2.2 has it.
pub(super) fn case_exact(attribute: Option<&Attribute>) -> bool {
    attribute.is_some_and(|attribute| {
        schema::default_part(attribute).map_or(attribute.case_exact, |part| part.case_exact)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::schema::{GROUP, USER};

    fn resolved(text: &str) -> (Filter, Vec<&'static str>) {
        let mut notes = Vec::new();
        (
            parse(text).unwrap().resolve(&USER, &mut notes).unwrap(),
            notes,
        )
    }

    #[test]
    fn gives_names_their_canonical_spelling() {
        assert_eq!(
            resolved("USERNAME EQ \"a\""),
            (parse("userName eq \"a\"").unwrap(), vec![])
        );
        let core = "urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"a\"";
        assert_eq!(resolved(core).0, parse("userName sw \"a\"").unwrap());
        assert_eq!(
            resolved("emails co \"a\"").0,
            parse("emails.value co \"a\"").unwrap()
        );
        assert_eq!(
            resolved("EMAILS[TYPE eq \"work\" and VALUE co \"a\"]").0,
            parse("emails[type eq \"work\" and value co \"a\"]").unwrap()
        );
        assert_eq!(
            resolved("not (META.LASTMODIFIED gt \"2026-01-01T00:00:00Z\" or ACTIVE pr)").0,
            parse("not (meta.lastModified gt \"2026-01-01T00:00:00Z\" or active pr)").unwrap()
        );
    }

    #[test]
    fn forgives_with_a_note() {
        let (filter, notes) = resolved("email eq \"a@b.test\"");
        assert_eq!(filter, parse("emails.value eq \"a@b.test\"").unwrap());
        assert_eq!(notes, [forgive::EMAIL_FOR_EMAILS]);
        let (filter, notes) = resolved("active eq \"True\"");
        assert_eq!(filter, parse("active eq true").unwrap());
        assert_eq!(notes, [forgive::BOOLEAN_AS_TEXT]);
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let meant = parse(&format!("id eq \"x\" and {urn}:manager.value eq \"y\"")).unwrap();
        for manager in ["manager".to_owned(), format!("{urn}:Manager")] {
            let (filter, notes) = resolved(&format!("id eq \"x\" and {manager} eq \"y\""));
            assert_eq!(filter, meant);
            assert_eq!(notes, [forgive::MANAGER_IN_FILTER]);
        }
        let group = parse("manager eq \"y\"").unwrap();
        let refused = group.resolve(&crate::scim::schema::GROUP, &mut Vec::new());
        assert_eq!(refused.unwrap_err().scim_type, Some("invalidFilter"));
    }

    #[test]
    fn what_only_another_type_has_is_without_a_value() {
        let both = [&USER, &GROUP];
        let among = |text: &str, kind: &ResourceType| {
            parse(text)
                .unwrap()
                .resolve_among(kind, &both, &mut Vec::new())
        };
        for (text, group) in [
            ("userName eq \"a\"", Filter::NEVER),
            ("userName ne \"a\"", Filter::ALWAYS),
            ("userName eq null", Filter::ALWAYS),
            ("userName pr", Filter::NEVER),
            ("email eq \"a\"", Filter::NEVER),
            ("emails[type eq \"work\"]", Filter::NEVER),
        ] {
            assert_eq!(among(text, &GROUP), Ok(group), "{text}");
            assert!(among(text, &USER).is_ok(), "{text}");
        }
        assert!(among("colour pr", &GROUP).is_err() && among("password pr", &GROUP).is_err());
        assert!(among("members.value eq 5", &GROUP).is_err());
    }

    #[test]
    fn refuses_what_it_could_not_answer() {
        for text in [
            "favouriteColour eq \"blue\"",
            "name eq \"x\"",
            "name.nick eq \"x\"",
            "password eq \"x\"",
            "password pr",
            "userName eq 1",
            "userName gt null",
            "userName eq true",
            "active gt true",
            "active eq \"perhaps\"",
            "active co \"tr\"",
            "meta.created gt \"yesterday\"",
            "meta.created co \"2026-01-01T00:00:00Z\"",
            "emails[nick eq \"x\"]",
            "emails[type.x eq \"x\"]",
            "emails.value[type eq \"x\"]",
            "userName[value eq \"x\"]",
            "members.value eq \"x\"",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr",
        ] {
            let refused = parse(text).unwrap().resolve(&USER, &mut Vec::new());
            assert_eq!(
                refused.unwrap_err().scim_type,
                Some("invalidFilter"),
                "{text}"
            );
        }
        let email = parse("email eq \"x\"").unwrap();
        assert!(email.resolve(&GROUP, &mut Vec::new()).is_err());
    }
}
