//! From a SCIM filter to indexed SQL with bound parameters.
//!
//! Only what has an index is answered: equality on what identity providers look people and groups
//! up by, joined by `and` and `or`. Anything else is 400 `invalidFilter` (RFC 7644 section
//! 3.4.2.2) rather than a wrong list: a client that gets everybody, or nobody, links the wrong
//! user or makes a second one.

use rusqlite::types::Value as Sql;

use super::fold;
use crate::scim::error::ScimError;
use crate::scim::filter::{Filter, Literal, Operator};
use crate::scim::path::AttributePath;
use crate::scim::schema;

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
    let kind = match resources {
        Resources::Users => &schema::USER,
        Resources::Groups => &schema::GROUP,
    };
    // What was forgiven on the way is of use to a trace; lists write none yet.
    let filter = filter.resolve(kind, &mut Vec::new())?;
    let mut condition = Condition {
        sql: String::new(),
        parameters: Vec::new(),
    };
    write(&filter, resources, &mut condition)?;
    Ok(condition)
}

/// The value of a bare `userName eq "..."`, which Okta sends with the e-mail address in it where
/// its "Unique identifier field for users" is `email`.
pub fn bare_user_name(filter: &Filter) -> Option<&str> {
    match filter {
        Filter::Compare {
            path,
            op: Operator::Equal,
            value: Literal::String(text),
        } if path.is("userName", None) => Some(text),
        _ => None,
    }
}

fn write(filter: &Filter, resources: Resources, out: &mut Condition) -> Result<(), ScimError> {
    match filter {
        Filter::And(terms) => joined(terms, " AND ", resources, out),
        Filter::Or(terms) => joined(terms, " OR ", resources, out),
        Filter::Compare {
            path,
            op: Operator::Equal,
            value,
        } => equal(path, value, resources, out),
        // Okta's other way to ask for the work address: emails[type eq "work" and value eq "x"].
        Filter::ValuePath { path, filter, .. } if path.is("emails", None) => {
            match email_value(filter) {
                Some(value) => column("email_key", Sql::Text(fold(value)), out),
                None => Err(unsupported()),
            }
        }
        _ => Err(unsupported()),
    }
}

fn joined(
    terms: &[Filter],
    word: &str,
    resources: Resources,
    out: &mut Condition,
) -> Result<(), ScimError> {
    out.sql.push('(');
    for (index, term) in terms.iter().enumerate() {
        if index > 0 {
            out.sql.push_str(word);
        }
        write(term, resources, out)?;
    }
    out.sql.push(')');
    Ok(())
}

fn equal(
    path: &AttributePath,
    value: &Literal,
    resources: Resources,
    out: &mut Condition,
) -> Result<(), ScimError> {
    let text = || match value {
        Literal::String(text) => Ok(text.as_str()),
        _ => Err(invalid("expected a string in quotes")),
    };
    if path.is("id", None) {
        return column("id", Sql::Text(text()?.to_owned()), out);
    }
    if path.is("externalId", None) {
        return column("external_id", Sql::Text(text()?.to_owned()), out);
    }
    match resources {
        Resources::Users if path.is("userName", None) => {
            column("user_name_key", Sql::Text(fold(text()?)), out)
        }
        Resources::Users if path.is("emails", None) || path.is("emails", Some("value")) => {
            column("email_key", Sql::Text(fold(text()?)), out)
        }
        Resources::Users if path.is("active", None) => match value {
            Literal::Boolean(on) => column("active", Sql::Integer(i64::from(*on)), out),
            _ => Err(invalid("active is compared with true or false")),
        },
        Resources::Groups if path.is("displayName", None) => {
            column("display_name_key", Sql::Text(fold(text()?)), out)
        }
        Resources::Groups if path.is("members", None) || path.is("members", Some("value")) => {
            out.sql
                .push_str("id IN (SELECT group_id FROM members WHERE user_id = ?)");
            out.parameters.push(Sql::Text(text()?.to_owned()));
            Ok(())
        }
        _ => Err(unsupported()),
    }
}

/// `value eq "x"` within `emails[...]`, alone or beside `type eq "work"`.
fn email_value(filter: &Filter) -> Option<&str> {
    match filter {
        Filter::Compare {
            path,
            op: Operator::Equal,
            value: Literal::String(text),
        } if path.is("value", None) => Some(text),
        Filter::And(terms) => match terms.as_slice() {
            [a, b] if is_work(a) => email_value(b),
            [a, b] if is_work(b) => email_value(a),
            _ => None,
        },
        _ => None,
    }
}

fn is_work(filter: &Filter) -> bool {
    matches!(filter,
        Filter::Compare { path, op: Operator::Equal, value: Literal::String(text) }
            if path.is("type", None) && text.eq_ignore_ascii_case("work"))
}

fn column(name: &str, value: Sql, out: &mut Condition) -> Result<(), ScimError> {
    out.sql.push_str(name);
    out.sql.push_str(" = ?");
    out.parameters.push(value);
    Ok(())
}

fn invalid(detail: &str) -> ScimError {
    ScimError::invalid_filter(detail)
}

fn unsupported() -> ScimError {
    invalid(
        "this server answers `eq` on id, externalId, userName, emails.value, active (Users) and \
         id, externalId, displayName, members.value (Groups), joined by and / or",
    )
}
