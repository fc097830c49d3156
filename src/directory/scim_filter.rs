//! From a SCIM filter to indexed SQL with bound parameters.
//!
//! Only what has an index is answered: equality on what identity providers look people and groups
//! up by, joined by `and` and `or`. Anything else is 400 `invalidFilter` (RFC 7644 section
//! 3.4.2.2) rather than a wrong list: a client that gets everybody, or nobody, links the wrong
//! user or makes a second one.

use rusqlite::types::Value as Sql;
use serde_json::Value;

use super::fold;
use crate::scim::error::ScimError;
use crate::scim::filter::{Filter, Operator};
use crate::scim::path::AttributePath;

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resources {
    /// Users.
    Users,
    /// Groups.
    Groups,
}

/// A condition for a WHERE clause, with its parameters in order.
#[derive(Debug)]
pub struct Condition {
    /// SQL over the table's columns with `?` for each parameter.
    pub sql: String,
    /// The parameters.
    pub parameters: Vec<Sql>,
}

/// Compiles a filter.
pub fn compile(filter: &Filter, resources: Resources) -> Result<Condition, ScimError> {
    let mut condition = Condition { sql: String::new(), parameters: Vec::new() };
    write(filter, resources, &mut condition)?;
    Ok(condition)
}

/// The value of a bare `userName eq "..."`, which Okta sends with the e-mail address in it where
/// its "Unique identifier field for users" is `email`.
pub fn bare_user_name(filter: &Filter) -> Option<&str> {
    match filter {
        Filter::Compare { path, op: Operator::Equal, value: Value::String(text) }
            if is(path, "userName", None) =>
        {
            Some(text)
        }
        _ => None,
    }
}

fn write(filter: &Filter, resources: Resources, out: &mut Condition) -> Result<(), ScimError> {
    match filter {
        Filter::And(left, right) => joined(left, " AND ", right, resources, out),
        Filter::Or(left, right) => joined(left, " OR ", right, resources, out),
        Filter::Compare { path, op: Operator::Equal, value } => equal(path, value, resources, out),
        // Okta's other way to ask for the work address: emails[type eq "work" and value eq "x"].
        Filter::ValuePath { path, filter, .. } if is(path, "emails", None) => {
            match email_value(filter) {
                Some(value) => column("email_key", Sql::Text(fold(value)), out),
                None => Err(unsupported()),
            }
        }
        _ => Err(unsupported()),
    }
}

fn joined(
    left: &Filter,
    word: &str,
    right: &Filter,
    resources: Resources,
    out: &mut Condition,
) -> Result<(), ScimError> {
    out.sql.push('(');
    write(left, resources, out)?;
    out.sql.push_str(word);
    write(right, resources, out)?;
    out.sql.push(')');
    Ok(())
}

fn equal(
    path: &AttributePath,
    value: &Value,
    resources: Resources,
    out: &mut Condition,
) -> Result<(), ScimError> {
    let text = || match value {
        Value::String(text) => Ok(text.as_str()),
        _ => Err(invalid("expected a string in quotes")),
    };
    if is(path, "id", None) {
        return column("id", Sql::Text(text()?.to_owned()), out);
    }
    if is(path, "externalId", None) {
        return column("external_id", Sql::Text(text()?.to_owned()), out);
    }
    match resources {
        Resources::Users if is(path, "userName", None) => {
            column("user_name_key", Sql::Text(fold(text()?)), out)
        }
        // `email` is no attribute of RFC 7643; it is what Okta's form calls the identifier.
        Resources::Users
            if is(path, "email", None)
                || is(path, "emails", None)
                || is(path, "emails", Some("value")) =>
        {
            column("email_key", Sql::Text(fold(text()?)), out)
        }
        Resources::Users if is(path, "active", None) => match value {
            Value::Bool(on) => column("active", Sql::Integer(i64::from(*on)), out),
            _ => Err(invalid("active is compared with true or false")),
        },
        Resources::Groups if is(path, "displayName", None) => {
            column("display_name_key", Sql::Text(fold(text()?)), out)
        }
        Resources::Groups
            if is(path, "members", None) || is(path, "members", Some("value")) =>
        {
            out.sql.push_str("id IN (SELECT group_id FROM members WHERE user_id = ?)");
            out.parameters.push(Sql::Text(text()?.to_owned()));
            Ok(())
        }
        _ => Err(unsupported()),
    }
}

/// `value eq "x"` within `emails[...]`, alone or beside `type eq "work"`.
fn email_value(filter: &Filter) -> Option<&str> {
    match filter {
        Filter::Compare { path, op: Operator::Equal, value: Value::String(text) }
            if is(path, "value", None) =>
        {
            Some(text)
        }
        Filter::And(left, right) => match (email_value(left), email_value(right)) {
            (Some(value), None) if is_work(right) => Some(value),
            (None, Some(value)) if is_work(left) => Some(value),
            _ => None,
        },
        _ => None,
    }
}

fn is_work(filter: &Filter) -> bool {
    matches!(filter,
        Filter::Compare { path, op: Operator::Equal, value: Value::String(text) }
            if is(path, "type", None) && text.eq_ignore_ascii_case("work"))
}

fn column(name: &str, value: Sql, out: &mut Condition) -> Result<(), ScimError> {
    out.sql.push_str(name);
    out.sql.push_str(" = ?");
    out.parameters.push(value);
    Ok(())
}

fn is(path: &AttributePath, attribute: &str, sub: Option<&str>) -> bool {
    path.is_core()
        && path.attribute.eq_ignore_ascii_case(attribute)
        && match (&path.sub_attribute, sub) {
            (None, None) => true,
            (Some(have), Some(want)) => have.eq_ignore_ascii_case(want),
            _ => false,
        }
}

fn invalid(detail: &str) -> ScimError {
    ScimError { status: 400, scim_type: Some("invalidFilter"), detail: detail.to_owned() }
}

fn unsupported() -> ScimError {
    invalid(
        "this server answers `eq` on id, externalId, userName, emails.value, active (Users) and \
         id, externalId, displayName, members.value (Groups), joined by and / or",
    )
}
