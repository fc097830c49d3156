//! Attributes that have one value in one column.

use rusqlite::types::Value as Sql;

use super::{Condition, HALF, MANY, ONE, Resources, Source, Test, constant};
use crate::clock::Timestamp;
use crate::directory::fold;
use crate::scim::filter::{Literal, Operator};
use crate::scim::path::AttributePath;

/// A column and how its values compare with a literal.
#[derive(Clone, Copy)]
pub(super) struct Column {
    name: &'static str,
    holds: Values,
    nullable: bool,
    /// Whether its index has every row of the organization.
    covered: bool,
}

#[derive(Clone, Copy)]
enum Values {
    /// Text as it is.
    Exact,
    /// Text in lower case.
    Folded,
    /// Milliseconds.
    Times,
    /// 0 or 1.
    Flags,
}

const fn column(name: &'static str, holds: Values) -> Column {
    Column {
        name,
        holds,
        nullable: false,
        covered: true,
    }
}

const fn nullable(name: &'static str, holds: Values) -> Column {
    Column {
        name,
        holds,
        nullable: true,
        covered: false,
    }
}

/// The column of a path, if it has one.
pub(super) fn of(path: &AttributePath, resources: Resources) -> Option<Column> {
    use Resources::{Groups, Users};
    use Values::{Exact, Flags, Folded, Times};
    let found = match resources {
        _ if path.is("id", None) => column("id", Exact),
        _ if path.is("externalId", None) => nullable("external_id", Exact),
        _ if path.is("meta", Some("created")) => column("created_at", Times),
        _ if path.is("meta", Some("lastModified")) => column("updated_at", Times),
        Users if path.is("userName", None) => column("user_name_key", Folded),
        Users if path.is("displayName", None) => nullable("display_name_key", Folded),
        Users if path.is("active", None) => Column {
            covered: true,
            ..nullable("active_shown", Flags)
        },
        Groups if path.is("displayName", None) => column("display_name_key", Folded),
        _ => return None,
    };
    Some(found)
}

/// A folded column of another table, for [`super::set`].
pub(super) const fn folded(name: &'static str) -> Column {
    column(name, Values::Folded)
}

/// A folded column of another table that may be NULL.
pub(super) const fn folded_or_null(name: &'static str) -> Column {
    nullable(name, Values::Folded)
}

/// An id in another table.
pub(super) const fn id(name: &'static str) -> Column {
    column(name, Values::Exact)
}

impl Column {
    /// Whether it has a value, or none.
    pub(super) fn present(self, holds: bool) -> Condition {
        let name = self.name;
        match (self.nullable, holds) {
            (false, holds) => constant(holds),
            (true, true) => plain(format!("{name} IS NOT NULL")),
            (true, false) => plain(format!("{name} IS NULL")),
        }
    }

    /// The ids of what has no value, where the column's index has those rows, too.
    pub(super) fn absent(self, table: &str, organization_id: &str) -> Option<Source> {
        (self.nullable && self.covered).then(|| {
            let name = self.name;
            let ids = Condition {
                sql: format!("SELECT id FROM {table} WHERE organization_id = ? AND {name} IS NULL"),
                parameters: vec![Sql::Text(organization_id.to_owned())],
            };
            Source::of(ids, MANY)
        })
    }

    /// A comparison with something, `None` if SQL has none of this kind.
    pub(super) fn compare(self, test: Test<'_>) -> Option<Condition> {
        let Test { op, value, holds } = test;
        // `ne` is the contrary of `eq` where there is one value at most.
        let (op, holds) = match op {
            Operator::NotEqual => (Operator::Equal, !holds),
            op => (op, holds),
        };
        let positive = self.positive(op, value)?;
        if holds {
            return Some(positive);
        }
        let or_none = if self.nullable {
            format!(" OR {} IS NULL", self.name)
        } else {
            String::new()
        };
        Some(Condition {
            sql: format!("(NOT ({}){or_none})", positive.sql),
            parameters: positive.parameters,
        })
    }

    /// The ids of what fulfils a comparison, by the column's index.
    pub(super) fn source(
        self,
        test: Test<'_>,
        table: &str,
        organization_id: &str,
    ) -> Option<Source> {
        if let (Values::Flags, Literal::Boolean(on)) = (self.holds, test.value) {
            let differs = match test.op {
                Operator::Equal => !test.holds,
                Operator::NotEqual => test.holds,
                _ => false,
            };
            if differs {
                let other = Test {
                    op: Operator::Equal,
                    value: &Literal::Boolean(!on),
                    holds: true,
                };
                let given = self.source(other, table, organization_id)?;
                let absent = self.absent(table, organization_id);
                return Some(match absent {
                    Some(absent) => given.and_also(absent),
                    None => given,
                });
            }
        }
        let ids = self.rows(test, &format!("SELECT id FROM {table}"), organization_id)?;
        let rank = match (test.op, self.holds) {
            (_, Values::Flags) => HALF,
            (Operator::Equal | Operator::NotEqual, _) => ONE,
            _ => MANY,
        };
        Some(Source::of(ids, rank))
    }

    /// `select`, which may be of another table, for the rows that fulfil a comparison; `None` if the
    /// index doesn't lead to them.
    pub(super) fn rows(
        self,
        test: Test<'_>,
        select: &str,
        organization_id: &str,
    ) -> Option<Condition> {
        let Test { op, value, holds } = test;
        let leads = match op {
            Operator::Equal => holds,
            Operator::NotEqual => !holds,
            Operator::StartsWith => holds && *value != Literal::String(String::new()),
            Operator::Contains | Operator::EndsWith => false,
            Operator::Greater
            | Operator::GreaterOrEqual
            | Operator::Less
            | Operator::LessOrEqual => holds,
        };
        if !leads || *value == Literal::Null {
            return None;
        }
        let found = self.compare(test)?;
        let mut parameters = vec![Sql::Text(organization_id.to_owned())];
        parameters.extend(found.parameters);
        Some(Condition {
            sql: format!("{select} WHERE organization_id = ? AND {}", found.sql),
            parameters,
        })
    }

    /// Whether its index has every row of the organization.
    pub(super) fn is_covered(self) -> bool {
        self.covered
    }

    /// A comparison that a row without a value never fulfils; `op` isn't `ne`.
    fn positive(self, op: Operator, value: &Literal) -> Option<Condition> {
        let name = self.name;
        let literal = match (self.holds, value) {
            (Values::Exact, Literal::String(text)) => Sql::Text(text.clone()),
            (Values::Folded, Literal::String(text)) => Sql::Text(fold(text)),
            (Values::Times, Literal::String(text)) => {
                Sql::Integer(Timestamp::parse(text)?.millis())
            }
            (Values::Flags, Literal::Boolean(on)) => Sql::Integer(i64::from(*on)),
            _ => return None,
        };
        let sign = match op {
            Operator::Equal => "=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::NotEqual => return None,
            Operator::StartsWith | Operator::Contains | Operator::EndsWith => {
                return match literal {
                    Sql::Text(text) => Some(self.part(op, text)),
                    _ => None,
                };
            }
        };
        Some(Condition {
            sql: format!("{name} {sign} ?"),
            parameters: vec![literal],
        })
    }

    fn part(self, op: Operator, text: String) -> Condition {
        let name = self.name;
        if text.is_empty() {
            return self.present(true);
        }
        match op {
            Operator::StartsWith => match after_all_with(&text) {
                Some(end) => Condition {
                    sql: format!("({name} >= ? AND {name} < ?)"),
                    parameters: vec![Sql::Text(text), Sql::Text(end)],
                },
                None => Condition {
                    sql: format!("{name} >= ?"),
                    parameters: vec![Sql::Text(text)],
                },
            },
            // Bytes, since SQL's characters end at the first NUL.
            Operator::EndsWith => Condition {
                sql: format!("substr(CAST({name} AS BLOB), -?) = ?"),
                parameters: vec![
                    Sql::Integer(i64::try_from(text.len()).unwrap_or(i64::MAX)),
                    Sql::Blob(text.into_bytes()),
                ],
            },
            _ => Condition {
                sql: format!("instr({name}, ?) > 0"),
                parameters: vec![Sql::Text(text)],
            },
        }
    }
}

/// The smallest text that is larger than all that start with `prefix`, in the order of UTF-8 bytes,
/// which is that of code points; `None` if there is none.
fn after_all_with(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            other => char::from_u32(u32::from(other) + 1),
        };
        if let Some(next) = next {
            end.push(next);
            return Some(end);
        }
    }
    None
}

fn plain(sql: String) -> Condition {
    Condition {
        sql,
        parameters: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_range() {
        assert_eq!(after_all_with("ab").as_deref(), Some("ac"));
        assert_eq!(after_all_with("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(after_all_with("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(after_all_with("\u{10ffff}"), None);
        assert!("é\u{10ffff}x" < after_all_with("é").unwrap().as_str());
    }
}
