//! Whether a resource fulfils a filter, RFC 7644 section 3.4.2.2, for scans that the directory has
//! bounded and for the value filters of PATCH paths.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::clock::Timestamp;

use super::filter::{Filter, Literal, Operator, case_exact, unassigned};
use super::path::AttributePath;
use super::schema::{Attribute, ResourceType, Type};

impl Filter {
    /// Whether `resource`, a rendered resource of type `kind`, fulfils the filter, which is a
    /// resolved one ([`Filter::resolve`]): what that forgives isn't forgiven here. An attribute
    /// without a value equals `null` and differs from everything else; one of several values that
    /// fulfils a comparison is enough.
    pub fn matches(&self, resource: &Map<String, Value>, kind: &ResourceType) -> bool {
        self.holds(resource, Scope::Resource(kind))
    }

    /// Whether one element of the multi-valued `parent` fulfils the filter of a value path.
    pub(super) fn matches_element(&self, element: &Value, parent: &'static Attribute) -> bool {
        element
            .as_object()
            .is_some_and(|element| self.holds(element, Scope::Element(parent)))
    }

    fn holds(&self, object: &Map<String, Value>, scope: Scope<'_>) -> bool {
        match self {
            Self::And(terms) => terms.iter().all(|term| term.holds(object, scope)),
            Self::Or(terms) => terms.iter().any(|term| term.holds(object, scope)),
            Self::Not(inner) => !inner.holds(object, scope),
            Self::Present(path) => values(object, path).into_iter().any(has_value),
            Self::Compare { path, op, value } => {
                let found = values(object, path);
                if found.is_empty() {
                    return unassigned(*op, value);
                }
                let attribute = scope.attribute(path);
                found
                    .into_iter()
                    .any(|found| compare(found, *op, value, attribute))
            }
            Self::ValuePath { path, filter } => {
                let parent = scope.attribute(path);
                values(object, path).into_iter().any(|element| {
                    let scope = parent.map_or(scope, Scope::Element);
                    element
                        .as_object()
                        .is_some_and(|element| filter.holds(element, scope))
                })
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Scope<'a> {
    Resource(&'a ResourceType),
    Element(&'static Attribute),
}

impl Scope<'_> {
    fn attribute(self, path: &AttributePath) -> Option<&'static Attribute> {
        match self {
            Self::Resource(kind) => kind
                .target(path)
                .map(|target| target.sub.unwrap_or(target.attribute)),
            Self::Element(parent) => parent.sub(&path.name),
        }
    }
}

/// The values that a resolved `path` leads to, arrays spread out, without nulls.
pub(super) fn values<'a>(object: &'a Map<String, Value>, path: &AttributePath) -> Vec<&'a Value> {
    let holder = match path.urn.as_deref() {
        Some(urn) => member(object, urn).and_then(Value::as_object),
        None => Some(object),
    };
    let Some(found) = holder.and_then(|holder| member(holder, &path.name)) else {
        return Vec::new();
    };
    let spread = match found {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    };
    match &path.sub {
        None => spread,
        Some(sub) => spread
            .into_iter()
            .filter_map(|item| member(item.as_object()?, sub))
            .filter(|value| !value.is_null())
            .collect(),
    }
}

fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

fn has_value(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(parts) => !parts.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn compare(
    value: &Value,
    op: Operator,
    literal: &Literal,
    attribute: Option<&'static Attribute>,
) -> bool {
    let value = match value {
        Value::Object(parts) => parts.get("value").unwrap_or(&Value::Null),
        other => other,
    };
    match (value, literal) {
        (Value::String(left), Literal::String(right)) => {
            if attribute.is_some_and(|attribute| attribute.kind == Type::DateTime) {
                return match (Timestamp::parse(left), Timestamp::parse(right)) {
                    (Some(left), Some(right)) => ordered(left.cmp(&right), op),
                    _ => op == Operator::NotEqual,
                };
            }
            if case_exact(attribute) {
                strings(left, op, right)
            } else {
                strings(&left.to_lowercase(), op, &right.to_lowercase())
            }
        }
        (Value::Number(left), Literal::Number(right)) => {
            match left.as_f64().partial_cmp(&right.as_f64()) {
                Some(order) => ordered(order, op),
                None => op == Operator::NotEqual,
            }
        }
        (Value::Bool(left), Literal::Boolean(right)) => match op {
            Operator::Equal => left == right,
            Operator::NotEqual => left != right,
            _ => false,
        },
        _ => op == Operator::NotEqual,
    }
}

fn strings(left: &str, op: Operator, right: &str) -> bool {
    match op {
        Operator::Contains => left.contains(right),
        Operator::StartsWith => left.starts_with(right),
        Operator::EndsWith => left.ends_with(right),
        _ => ordered(left.cmp(right), op),
    }
}

fn ordered(order: Ordering, op: Operator) -> bool {
    match op {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Contains | Operator::StartsWith | Operator::EndsWith => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::scim::filter::parse;
    use crate::scim::schema::USER;

    fn holds(text: &str) -> bool {
        let user = json!({
            "id": "Abc", "externalId": "00uX", "userName": "Éva.Smith@Example.test",
            "active": true, "title": "",
            "name": {"familyName": "Smith"},
            "emails": [
                {"value": "eva@work.test", "type": "work", "primary": true},
                {"value": "eva@home.test", "type": "home"},
            ],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "department": "R&D", "manager": {"value": "m1"}
            },
            "meta": {"created": "2026-11-24T10:00:00.000Z"},
        });
        let mut notes = Vec::new();
        let filter = parse(text).unwrap();
        let resolved = filter.resolve(&USER, &mut notes).unwrap();
        let user = user.as_object().unwrap();
        resolved.matches(user, &USER)
    }

    #[test]
    fn compares_with_case_only_where_exact() {
        assert!(holds("username eq \"éVA.smith@EXAMPLE.test\""));
        assert!(holds("externalId eq \"00uX\""));
        assert!(!holds("externalId eq \"00ux\""));
        assert!(!holds("id eq \"abc\""));
        assert!(holds(
            "userName sw \"É\" and userName ew \".TEST\" and userName co \"smith@\""
        ));
        assert!(holds(
            "userName gt \"a\" and userName ge \"a\" and not (userName lt \"a\")"
        ));
    }

    #[test]
    fn one_of_several_values_is_enough() {
        assert!(holds("emails eq \"EVA@home.test\""));
        assert!(holds(
            "emails.type eq \"home\" and emails.value eq \"eva@work.test\""
        ));
        assert!(!holds(
            "emails[type eq \"home\" and value eq \"eva@work.test\"]"
        ));
        assert!(holds("emails[type eq \"work\"].value eq \"eva@work.test\""));
        assert!(holds("emails[not (primary eq true)]"));
        assert!(holds("emails[primary eq \"TRUE\"]"));
    }

    #[test]
    fn unassigned_is_null() {
        assert!(!holds("title pr"));
        assert!(!holds("nickName pr"));
        assert!(holds("nickName eq null and nickName ne \"x\""));
        assert!(!holds("nickName ne null"));
        assert!(holds("userName ne null and active pr and name pr"));
        assert!(!holds("nickName gt \"a\" or nickName co \"\""));
    }

    #[test]
    fn dates_and_extensions() {
        assert!(holds("meta.created eq \"2026-11-24T11:00:00+01:00\""));
        assert!(holds("meta.created lt \"2026-11-24T10:00:01Z\""));
        assert!(holds(
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:DEPARTMENT eq \"r&d\""
        ));
        assert!(holds(
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq \"M1\""
        ));
        assert!(holds(
            "urn:ietf:params:scim:schemas:core:2.0:User:active eq true"
        ));
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let parsed = parse(&format!("{enterprise}:department pr")).unwrap();
        let stray = json!({"userName": "a", "department": "not the extension's"});
        let resolved = parsed.resolve(&USER, &mut Vec::new()).unwrap();
        assert!(!resolved.matches(stray.as_object().unwrap(), &USER));
    }
}
