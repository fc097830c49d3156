//! In what order a list comes, RFC 7644 section 3.4.2.3.
//!
//! A resource is placed by its [`Key`]: the attribute's value, of several the primary one, else the
//! first. What has no value comes last ascending and first descending. Equal keys are ordered by
//! id, and descending is ascending read backwards, so that one index serves both.

use serde_json::{Map, Value};

use crate::clock::Timestamp;

use super::error::{ScimError, shown};
use super::filter::case_exact;
use super::matching::values;
use super::path::AttributePath;
use super::schema::{Attribute, ResourceType, Returned, Type};
use super::validate::is_primary;

/// As much of a text as places it, in bytes. A cursor carries the key, and a cursor stands in an
/// address.
pub const MAX_KEY: usize = 1024;

/// A wanted order.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort {
    /// By which attribute.
    pub by: AttributePath,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// What places a resource among others. A missing value is the largest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A boolean as 0 or 1, or a time in milliseconds since 1970.
    Integer(i64),
    /// A text, in lower case where the attribute's case doesn't count.
    Text(String),
    /// No value.
    Missing,
}

impl Sort {
    /// From `sortBy` and `sortOrder`. Errors are `invalidPath` (RFC 7644 table 9) and
    /// `invalidValue`.
    pub fn parse(by: &str, order: Option<&str>) -> Result<Self, ScimError> {
        Ok(Self {
            by: AttributePath::parse(by)?,
            descending: match order {
                Some(order) => is_descending(order)?,
                None => false,
            },
        })
    }

    /// The order for resources of `kind`, with the path in canonical spelling; `None` if `kind`
    /// lacks the attribute but one of `others` has it: all of its resources are then without.
    pub(super) fn resolve(
        &self,
        kind: &ResourceType,
        others: &[&ResourceType],
    ) -> Result<Option<Self>, ScimError> {
        let refused = |why: &str| {
            let path = shown(&self.by.to_string());
            ScimError::invalid_path(format!("`sortBy` names `{path}`, {why}."))
        };
        let Some(target) = kind.target(&self.by) else {
            return if others.iter().any(|other| other.target(&self.by).is_some()) {
                Ok(None)
            } else {
                Err(refused("which is not an attribute that we know"))
            };
        };
        if target.attribute.returned == Returned::Never {
            return Err(refused("which nobody can read"));
        }
        let compared = target.compared();
        if compared.kind == Type::Complex {
            return Err(refused("which has parts; name one of them"));
        }
        let mut by = target.path();
        if by.sub.is_none() && compared.name != target.attribute.name {
            by.sub = Some(compared.name.to_owned());
        }
        Ok(Some(Self {
            by,
            descending: self.descending,
        }))
    }

    /// The key of a rendered resource. `self` is a resolved order.
    pub fn key(&self, resource: &Map<String, Value>, kind: &ResourceType) -> Key {
        let Some(target) = kind.target(&self.by) else {
            return Key::Missing;
        };
        let whole = AttributePath {
            sub: None,
            ..self.by.clone()
        };
        let elements = values(resource, &whole);
        let chosen = elements
            .iter()
            .find(|element| is_primary(element))
            .or_else(|| elements.first());
        let value = match (chosen, &self.by.sub) {
            (None, _) => None,
            (Some(element), None) => Some(*element),
            (Some(element), Some(sub)) => element.get(sub),
        };
        key_of(value, target.compared())
    }
}

/// Whether `sortOrder` says descending.
pub(super) fn is_descending(order: &str) -> Result<bool, ScimError> {
    if order.eq_ignore_ascii_case("ascending") {
        Ok(false)
    } else if order.eq_ignore_ascii_case("descending") {
        Ok(true)
    } else {
        Err(ScimError::invalid_value(
            "`sortOrder` must be `ascending` or `descending`.",
        ))
    }
}

fn key_of(value: Option<&Value>, attribute: &'static Attribute) -> Key {
    match value {
        Some(Value::Bool(value)) => Key::Integer(i64::from(*value)),
        Some(Value::String(text)) if attribute.kind == Type::DateTime => {
            Timestamp::parse(text).map_or(Key::Missing, |at| Key::Integer(at.millis()))
        }
        Some(Value::String(text)) if text.is_empty() => Key::Missing,
        Some(Value::String(text)) if case_exact(Some(attribute)) => Key::Text(start(text)),
        Some(Value::String(text)) => Key::Text(start(&text.to_lowercase())),
        _ => Key::Missing,
    }
}

fn start(text: &str) -> String {
    let end = (0..=MAX_KEY.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::schema::{GROUP, USER};

    fn key(by: &str, user: &Value) -> Key {
        let sort = Sort::parse(by, None).unwrap();
        let sort = sort.resolve(&USER, &[]).unwrap().unwrap();
        sort.key(user.as_object().unwrap(), &USER)
    }

    #[test]
    fn takes_the_primary_value_else_the_first() {
        let mut user = json!({"emails": [{"value": "B@x"}, {"value": "A@x", "primary": true}]});
        assert_eq!(key("emails", &user), Key::Text("a@x".into()));
        assert_eq!(key("emails.value", &user), Key::Text("a@x".into()));
        user["emails"][1]["primary"] = json!(false);
        assert_eq!(key("emails", &user), Key::Text("b@x".into()));
    }

    #[test]
    fn case_dates_and_nothing() {
        let user = json!({"externalId": "aB", "title": "Éa", "active": true,
            "meta": {"created": "1970-01-01T01:00:01+01:00"}, "name": {"givenName": ""}});
        assert_eq!(key("externalId", &user), Key::Text("aB".into()));
        assert_eq!(key("TITLE", &user), Key::Text("éa".into()));
        assert_eq!(key("active", &user), Key::Integer(1));
        assert_eq!(key("meta.created", &user), Key::Integer(1000));
        assert_eq!(key("name.givenName", &user), Key::Missing);
        assert_eq!(key("nickName", &user), Key::Missing);
        assert!(Key::Text("zz".into()) < Key::Missing && Key::Integer(9) < Key::Missing);
    }

    #[test]
    fn long_texts_are_placed_by_their_start() {
        let user = json!({"title": format!("{}é{}", "x".repeat(MAX_KEY - 1), "y".repeat(100))});
        assert_eq!(key("title", &user), Key::Text("x".repeat(MAX_KEY - 1)));
    }

    #[test]
    fn refuses_what_has_no_order() {
        for by in ["colour", "name", "password", "meta", "members.value"] {
            let sort = Sort::parse(by, None).unwrap();
            let refused = sort.resolve(&USER, &[]).unwrap_err();
            assert_eq!(refused.scim_type, Some("invalidPath"), "{by}");
        }
        let members = Sort::parse("members.value", Some("DESCENDING")).unwrap();
        assert!(members.descending);
        assert_eq!(members.resolve(&USER, &[&USER, &GROUP]), Ok(None));
        assert!(Sort::parse("a b", None).is_err() && Sort::parse("id", Some("down")).is_err());
    }
}
