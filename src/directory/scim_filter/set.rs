//! Attributes with several values, which are rows of their own: addresses, members, groups. One
//! value that fulfils a comparison is enough, and having none is a value of its own for `ne`.

use rusqlite::types::Value as Sql;

use super::column::{self, Column};
use super::{Condition, MANY, ONE, Resources, SOME, Source, Test};
use crate::scim::filter::{Literal, Operator};
use crate::scim::path::AttributePath;

#[derive(Clone, Copy)]
pub(super) enum Set {
    /// The addresses of a user: the primary one in its column, the others in `other_addresses`.
    Emails,
    /// The members of a group.
    Members,
    /// The groups of a user.
    Groups,
}

/// The set of a path, if it is one.
pub(super) fn of(path: &AttributePath, resources: Resources) -> Option<Set> {
    if path.urn.is_some() {
        return None;
    }
    let is = |name: &str| path.name.eq_ignore_ascii_case(name);
    match resources {
        Resources::Users if is("emails") => Some(Set::Emails),
        Resources::Users if is("groups") => Some(Set::Groups),
        Resources::Groups if is("members") => Some(Set::Members),
        _ => None,
    }
}

impl Set {
    pub(super) fn present(self, path: &AttributePath, holds: bool) -> Option<Condition> {
        let value = path.is(&path.name, Some("value"));
        match self {
            Self::Emails if value => Some(PRIMARY.present(holds)),
            // Members and groups always have a value, so the whole is there when it is.
            Self::Members if value || path.sub.is_none() => Some(one(
                if holds {
                    "member_count > 0"
                } else {
                    "member_count = 0"
                },
                None,
            )),
            Self::Groups if value || path.sub.is_none() => {
                let not = if holds { "" } else { "NOT " };
                let sql = format!("{not}EXISTS (SELECT 1 FROM members WHERE user_id = users.id)");
                Some(one(&sql, None))
            }
            _ => None,
        }
    }

    pub(super) fn compare(
        self,
        path: &AttributePath,
        test: Test<'_>,
        organization_id: &str,
    ) -> Option<Condition> {
        if *test.value == Literal::Null {
            let present = match test.op {
                Operator::Equal => !test.holds,
                Operator::NotEqual => test.holds,
                _ => return None,
            };
            return self.present(path, present);
        }
        let part = path.sub.as_deref()?;
        match self {
            Self::Emails if part.eq_ignore_ascii_case("value") => emails(test, organization_id),
            Self::Members
                if part.eq_ignore_ascii_case("value") && test.op == Operator::NotEqual =>
            {
                another_member(test)
            }
            _ => {
                let rows = self.rows(part, test, organization_id)?;
                let not = if test.holds { "" } else { "NOT " };
                Some(Condition {
                    sql: format!("id {not}IN ({})", rows.sql),
                    parameters: rows.parameters,
                })
            }
        }
    }

    pub(super) fn source(
        self,
        path: &AttributePath,
        test: Test<'_>,
        organization_id: &str,
    ) -> Option<Source> {
        let part = path.sub.as_deref()?;
        if !test.holds || *test.value == Literal::Null || test.op == Operator::NotEqual {
            return None;
        }
        if let Self::Emails = self {
            let primary = PRIMARY.rows(test, "SELECT id FROM users", organization_id)?;
            let others =
                OTHER.rows(test, "SELECT user_id FROM other_addresses", organization_id)?;
            let rank = if test.op == Operator::Equal {
                ONE
            } else {
                MANY
            };
            let (primary, others) = (Source::of(primary, rank), Source::of(others, rank));
            return part
                .eq_ignore_ascii_case("value")
                .then(|| primary.and_also(others));
        }
        Some(Source::of(self.rows(part, test, organization_id)?, SOME))
    }

    /// A SELECT of the resources in which some part equals the value. Other comparisons would look
    /// at every row of `members`, and nobody asks for them.
    fn rows(self, part: &str, test: Test<'_>, organization_id: &str) -> Option<Condition> {
        if test.op != Operator::Equal {
            return None;
        }
        let (value, display) = (
            part.eq_ignore_ascii_case("value"),
            part.eq_ignore_ascii_case("display"),
        );
        let (select, column, names) = match self {
            Self::Members if value => (
                "SELECT group_id FROM members WHERE",
                column::id("user_id"),
                false,
            ),
            Self::Groups if value => (
                "SELECT user_id FROM members WHERE",
                column::id("group_id"),
                false,
            ),
            Self::Members if display => (
                "SELECT m.group_id FROM users u CROSS JOIN members m ON m.user_id = u.id
                 WHERE u.organization_id = ? AND",
                column::folded("u.user_name_key"),
                true,
            ),
            Self::Groups if display => (
                "SELECT m.user_id FROM groups g CROSS JOIN members m ON m.group_id = g.id
                 WHERE g.organization_id = ? AND",
                column::folded("g.display_name_key"),
                true,
            ),
            _ => return None,
        };
        let equal = column.compare(Test {
            holds: true,
            ..test
        })?;
        let mut parameters = Vec::new();
        if names {
            parameters.push(Sql::Text(organization_id.to_owned()));
        }
        parameters.extend(equal.parameters);
        Some(Condition {
            sql: format!("{select} {}", equal.sql),
            parameters,
        })
    }
}

const PRIMARY: Column = column::folded_or_null("email_key");
const OTHER: Column = column::folded("email_key");

fn emails(test: Test<'_>, organization_id: &str) -> Option<Condition> {
    let others = |op: Operator| {
        let value = test.value;
        let holds = true;
        let other = OTHER.compare(Test { op, value, holds })?;
        let sql = format!(
            "(SELECT user_id FROM other_addresses WHERE organization_id = ? AND {})",
            other.sql
        );
        Some(first(organization_id, sql, other.parameters))
    };
    let primary = |op: Operator, holds: bool| {
        let value = test.value;
        PRIMARY.compare(Test { op, value, holds })
    };
    let (primary, others, holds) = match (test.op, test.holds) {
        // Some address is another, or there is none.
        (Operator::NotEqual, true) => (
            primary(Operator::NotEqual, true)?,
            others(Operator::NotEqual)?,
            true,
        ),
        // All addresses are this one, and there is one.
        (Operator::NotEqual, false) => (
            primary(Operator::Equal, true)?,
            others(Operator::NotEqual)?,
            false,
        ),
        (op, holds) => (primary(op, holds)?, others(op)?, holds),
    };
    let (word, not) = if holds { ("OR", "") } else { ("AND", "NOT ") };
    let mut parameters = primary.parameters;
    parameters.extend(others.parameters);
    Some(Condition {
        sql: format!("({} {word} id {not}IN {})", primary.sql, others.sql),
        parameters,
    })
}

/// `members.value ne "x"`: there is another, or none. The contrary is that this is the only one.
fn another_member(test: Test<'_>) -> Option<Condition> {
    let Literal::String(id) = test.value else {
        return None;
    };
    let only = "(member_count = 1 AND id IN (SELECT group_id FROM members WHERE user_id = ?))";
    let not = if test.holds { "NOT " } else { "" };
    Some(one(&format!("{not}{only}"), Some(Sql::Text(id.clone()))))
}

fn first(organization_id: &str, sql: String, rest: Vec<Sql>) -> Condition {
    let mut parameters = vec![Sql::Text(organization_id.to_owned())];
    parameters.extend(rest);
    Condition { sql, parameters }
}

fn one(sql: &str, parameter: Option<Sql>) -> Condition {
    Condition {
        sql: sql.to_owned(),
        parameters: parameter.into_iter().collect(),
    }
}
