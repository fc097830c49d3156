//! What clients get wrong and we let pass, all of it, each with the note that a trace shows.
//!
//! The rule is that what isn't understood is refused. These are understood: a client with many
//! users sends them, and there is only one thing they can mean. Nothing else is guessed. Some of it
//! RFC 7644 allows, more or less; it is noted all the same, as few servers take it.
//!
//! What Ping and JumpCloud are known for is right as it is, and makes no note: `username Eq "..."`
//! (names and operators have no case, RFC 7644 section 3.4.2.2), `Accept: application/json` (section
//! 3.8), a member who is added again (section 3.5.2.1), a user who is made and switched off at once.

use serde_json::{Map, Value};

use super::filter::{Filter, Literal, Operator};
use super::path::AttributePath;
use super::schema::{ENTERPRISE_USER, ResourceType};

/// Entra ID without its `aadOptscim062020` flag writes booleans as "True" and "False".
pub const BOOLEAN_AS_TEXT: &str = "a boolean came as text and was read as a boolean";

/// Okta's "unique identifier field" may be the `email` of its own profile, which SCIM calls
/// `emails.value`.
pub const EMAIL_FOR_EMAILS: &str = "the filter names `email`, read as `emails.value`";

/// Entra ID looks whether somebody has a manager by `id eq "..." and manager eq "..."`, without the
/// extension's URN and without the part of `manager` that holds the id.
pub const MANAGER_IN_FILTER: &str =
    "the filter names `manager`, read as the id of the manager in the enterprise extension";

/// Entra ID writes to `emails[type eq "work"].value` before there is such an address; RFC 7644
/// section 3.5.2.3 would answer `noTarget`.
pub const ELEMENT_MADE: &str = "the path selected no value, so one was made as the path describes";

/// Entra ID and OneLogin name the members to remove in `value`, where RFC 7644 section 3.5.2.2
/// knows only a filter in the path.
pub const REMOVED_BY_VALUE: &str = "the values to remove came as a list, not as a filter";

/// Okta removes members who are none any longer; RFC 7644 section 3.5.2 has `noTarget` for a filter
/// that selects nothing. The result is what was asked for.
pub const NOTHING_TO_REMOVE: &str = "what was to be removed wasn't there";

/// Entra ID writes the operations of a PATCH as "Add", "Replace" and "Remove"; RFC 7644 section 3.5.2
/// has them in small letters.
pub const OPERATION_IN_CAPITALS: &str = "an operation was written in capitals";

/// Entra ID with its `aadOptscim062020` flag names attributes in a PATCH without path by whole paths,
/// such as `name.givenName` or `urn:...:User:department`, where RFC 7644 section 3.5.2.1 has an object
/// like a resource.
pub const PATH_AS_NAME: &str =
    "an attribute in an operation without path was named by a whole path";

/// Clients of no particular name, whose serializers write "" for a path that there isn't; RFC 7644
/// figure 7 knows no empty one.
pub const EMPTY_PATH: &str = "a path came empty and was read as none";

/// Entra ID writes a null `$ref` beside the `value` of a member.
pub const NULL_REFERENCE: &str = "the `$ref` of a member came as null and was ignored";

/// Clients of no particular name write one value without the array of its attribute in a PATCH. RFC
/// 7644 section 3.5.2.1 says "a new value is added" and shows arrays only.
pub const ONE_AS_LIST: &str = "one value came without its array and was read as a list of one";

/// Okta with "Unique identifier field for users" set to `email` asks for `userName eq "<email>"`,
/// whatever the userName is made of.
pub const ADDRESS_FOR_USER_NAME: &str =
    "nobody has this userName, so the only user with this e-mail address was found";

/// Okta's field for the token takes what is typed: the wizard's app puts the scheme in front once
/// more, the catalog's leaves it out. Read in `src/access/token.rs`.
pub const TOKEN_AS_TYPED: &str = "the token came with its scheme twice or not at all";

/// Okta's provisioning agent wants a base address with a slash at its end, and joins it with another.
/// Passed over in `src/web/route.rs`.
pub const EMPTY_SEGMENT: &str = "the address had a slash too many";

/// Okta repeats the resource's own `id` in a PATCH without path.
pub const OWN_ID: &str = "the resource's own id was repeated and ignored";

/// Entra ID sends the manager's id where RFC 7643 section 4.3 has an object.
pub const MANAGER_AS_TEXT: &str = "the manager came as text and was read as the manager's id";

/// Okta sends a password even with password sync off.
pub const PASSWORD_DISCARDED: &str = "a password came and was discarded";

/// Some clients leave `schemas` out of a PATCH.
pub const NO_PATCH_SCHEMA: &str = "the PATCH does not name its schema";

/// The example of RFC 7644 section 3.7 gives a PATCH in a bulk request as a bare list of operations.
pub const BULK_PATCH_AS_LIST: &str = "a PATCH in a bulk request came as a list of operations";

/// Entra ID writes to custom extensions attribute by attribute, also to those that we don't know.
pub const UNKNOWN_EXTENSION: &str =
    "an attribute of an extension that isn't known here was kept as it came";

/// Some clients push a group before its people, or with somebody who was deleted here; an
/// organization can have such members left out (`org set --skip-unknown-members`).
pub const MEMBER_SKIPPED: &str =
    "a member who isn't here was left out, as this organization has it";

/// Adds a note once.
pub fn note(notes: &mut Vec<&'static str>, what: &'static str) {
    if !notes.contains(&what) {
        notes.push(what);
    }
}

/// [`BOOLEAN_AS_TEXT`]
pub(super) fn boolean_text(text: &str, notes: &mut Vec<&'static str>) -> Option<bool> {
    let value = if text.eq_ignore_ascii_case("true") {
        true
    } else if text.eq_ignore_ascii_case("false") {
        false
    } else {
        return None;
    };
    note(notes, BOOLEAN_AS_TEXT);
    Some(value)
}

/// [`EMAIL_FOR_EMAILS`]
pub(super) fn email_for_emails(
    path: &AttributePath,
    notes: &mut Vec<&'static str>,
) -> Option<AttributePath> {
    if !path.is("email", None) {
        return None;
    }
    note(notes, EMAIL_FOR_EMAILS);
    Some(AttributePath::of("emails", Some("value")))
}

/// [`MANAGER_IN_FILTER`], with the URN or without, where the resource type has such an attribute.
pub(super) fn manager_in_filter(
    path: &AttributePath,
    kind: &ResourceType,
    notes: &mut Vec<&'static str>,
) -> Option<AttributePath> {
    let id = AttributePath {
        urn: Some(ENTERPRISE_USER.id.to_owned()),
        ..AttributePath::of("manager", Some("value"))
    };
    let same_urn = |urn: &str| urn.eq_ignore_ascii_case(ENTERPRISE_USER.id);
    let meant = path.name.eq_ignore_ascii_case("manager")
        && path.sub.is_none()
        && path.urn.as_deref().is_none_or(same_urn);
    if !meant || kind.target(&id).is_none() {
        return None;
    }
    note(notes, MANAGER_IN_FILTER);
    Some(id)
}

/// [`ELEMENT_MADE`]: the element that a filter of plain equalities describes; `None` for any other
/// filter, which describes no single one.
pub(super) fn element_described(filter: &Filter) -> Option<Map<String, Value>> {
    let terms = match filter {
        Filter::And(terms) => terms.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut element = Map::new();
    for term in terms {
        let Filter::Compare {
            path,
            op: Operator::Equal,
            value,
        } = term
        else {
            return None;
        };
        let value = match value {
            Literal::String(text) => Value::from(text.as_str()),
            Literal::Boolean(value) => Value::Bool(*value),
            Literal::Number(_) | Literal::Null => return None,
        };
        if element.insert(path.name.clone(), value).is_some() {
            return None;
        }
    }
    Some(element)
}

/// [`MANAGER_AS_TEXT`]
pub(super) fn manager_text(
    attribute: &str,
    value: &Value,
    notes: &mut Vec<&'static str>,
) -> Option<Map<String, Value>> {
    if attribute != "manager" || !value.is_string() {
        return None;
    }
    note(notes, MANAGER_AS_TEXT);
    Some(Map::from_iter([("value".to_owned(), value.clone())]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::filter::parse;

    #[test]
    fn describes_only_plain_equalities() {
        let described = |text: &str| element_described(&parse(text).unwrap());
        let work = described("type eq \"work\" and primary eq true").unwrap();
        assert_eq!(
            Value::Object(work),
            serde_json::json!({"type": "work", "primary": true})
        );
        for text in [
            "type ne \"work\"",
            "type eq \"a\" or type eq \"b\"",
            "not (type eq \"a\")",
            "type eq \"a\" and type eq \"b\"",
            "type eq null",
            "type pr",
        ] {
            assert!(described(text).is_none(), "{text}");
        }
    }

    #[test]
    fn notes_once() {
        let mut notes = Vec::new();
        assert_eq!(boolean_text("False", &mut notes), Some(false));
        assert_eq!(boolean_text("TRUE", &mut notes), Some(true));
        assert_eq!(boolean_text("1", &mut notes), None);
        assert_eq!(notes, [BOOLEAN_AS_TEXT]);
    }
}
