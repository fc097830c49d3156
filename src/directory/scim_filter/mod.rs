//! From a SCIM filter to SQL with bound parameters.
//!
//! A filter is not a query: half of what may stand in it has no column. So a [`Plan`] holds a
//! condition that every match fulfils, and says whether the reverse is true as well. Where it isn't,
//! the rows that the condition leaves are shown to [`Filter::matches`] one by one. What SQL says of
//! a term must be what that says of it; where the two can't be made equal, no SQL is made. A test
//! holds them to each other.
//!
//! `not` is pushed down to the comparisons first, and each comparison is written for both answers.
//! So NULL, which SQL's own NOT keeps as it is, never decides.

mod column;
mod set;

use rusqlite::types::Value as Sql;

use self::column::Column;

use crate::scim::filter::{Filter, Literal, Operator};
use crate::scim::path::AttributePath;
use crate::scim::schema::{self, ResourceType};

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resources {
    /// Users.
    Users,
    /// Groups.
    Groups,
}

impl Resources {
    /// The resource type in SCIM.
    pub fn kind(self) -> &'static ResourceType {
        match self {
            Self::Users => &schema::USER,
            Self::Groups => &schema::GROUP,
        }
    }

    /// The table.
    pub fn table(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups",
        }
    }
}

/// A condition for a WHERE clause, with its parameters in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// SQL over the table's columns with `?` for each parameter.
    pub sql: String,
    /// The parameters.
    pub parameters: Vec<Sql>,
}

/// What SQL can do for a filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Every match fulfils it; `None` if there is none that SQL could look for.
    pub condition: Option<Condition>,
    /// Whether whatever fulfils the condition is a match.
    pub exact: bool,
    /// Where an index leads to every match.
    pub source: Option<Source>,
    /// Whether the condition is about one column whose index has every row, so that the matches
    /// can be counted without reading any.
    pub covered: bool,
}

/// A SELECT of ids by an index, with its parameters: every match is among them, so that what the
/// filter costs is a matter of what is found and not of what there is.
///
/// SQLite has no statistics here, and would take the organization's own index for the best of all.
/// So the choice is made here and not left to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The SELECT.
    pub ids: Condition,
    /// How few it is likely to find, the fewest first.
    rank: u8,
    /// Of how many SELECTs it is made.
    selects: usize,
}

/// Most SELECTs of one source; SQLite takes 500 in one statement.
const MOST_SELECTS: usize = 200;

/// Equality of what is nearly unique.
const ONE: u8 = 0;
/// What belongs to one group or one user.
const SOME: u8 = 1;
/// A range.
const MANY: u8 = 2;
/// One of two values.
const HALF: u8 = 3;

/// Compiles a resolved filter for resources of one organization.
pub fn plan(filter: &Filter, resources: Resources, organization_id: &str) -> Plan {
    let planner = Planner {
        resources,
        organization_id,
    };
    planner.plan(filter, true)
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

/// Whether the filter asks for any part of a core attribute.
pub fn mentions(filter: &Filter, name: &str) -> bool {
    match filter {
        Filter::And(terms) | Filter::Or(terms) => terms.iter().any(|term| mentions(term, name)),
        Filter::Not(inner) => mentions(inner, name),
        Filter::Present(path) | Filter::Compare { path, .. } | Filter::ValuePath { path, .. } => {
            path.urn.is_none() && path.name.eq_ignore_ascii_case(name)
        }
    }
}

/// One comparison, and whether it is to hold (`true`) or not to hold.
#[derive(Clone, Copy)]
struct Test<'a> {
    op: Operator,
    value: &'a Literal,
    holds: bool,
}

struct Planner<'a> {
    resources: Resources,
    organization_id: &'a str,
}

impl Planner<'_> {
    fn plan(&self, filter: &Filter, holds: bool) -> Plan {
        match (filter, holds) {
            (Filter::And(terms), true) | (Filter::Or(terms), false) => {
                all(terms.iter().map(|term| self.plan(term, holds)))
            }
            (Filter::Or(terms), true) | (Filter::And(terms), false) => {
                any(terms.iter().map(|term| self.plan(term, holds)))
            }
            (Filter::Not(inner), _) => self.plan(inner, !holds),
            (Filter::Present(path), _) => self.present(path, holds),
            (Filter::Compare { path, op, value }, _) => {
                let (op, value) = (*op, value);
                self.compare(path, Test { op, value, holds })
            }
            (Filter::ValuePath { path, filter }, true) => self.element(path, filter),
            (Filter::ValuePath { path, filter }, false) => match filter.as_ref() {
                Filter::Compare { .. } => self.one_test(path, filter, false),
                _ => Plan::UNKNOWN,
            },
        }
    }

    fn present(&self, path: &AttributePath, holds: bool) -> Plan {
        if let Some(column) = column::of(path, self.resources) {
            return self.has_value(column, holds);
        }
        if let Some(set) = set::of(path, self.resources) {
            return Plan::of(set.present(path, holds));
        }
        // What every resource has.
        let everywhere = ["schemas", "meta"].iter().any(|name| path.is(name, None));
        Plan::of(everywhere.then(|| constant(holds)))
    }

    fn has_value(&self, column: Column, holds: bool) -> Plan {
        let plan = Plan::of(Some(column.present(holds)));
        let absent = || column.absent(self.resources.table(), self.organization_id);
        Plan {
            source: plan.source.or_else(|| if holds { None } else { absent() }),
            covered: column.is_covered(),
            ..plan
        }
    }

    fn compare(&self, path: &AttributePath, test: Test<'_>) -> Plan {
        if path.is("meta", Some("resourceType")) {
            return Plan::of(self.resource_type(path, test).map(constant));
        }
        if let Some(column) = column::of(path, self.resources) {
            // RFC 7644 gives null to equality only, and resolving a filter keeps it there.
            match (test.op, test.value) {
                (Operator::Equal, Literal::Null) => return self.has_value(column, !test.holds),
                (Operator::NotEqual, Literal::Null) => return self.has_value(column, test.holds),
                _ => {}
            }
            let condition = column.compare(test);
            let source = column.source(test, self.resources.table(), self.organization_id);
            return Plan {
                source,
                covered: column.is_covered(),
                ..Plan::of(condition)
            };
        }
        set::of(path, self.resources).map_or(Plan::UNKNOWN, |set| Plan {
            source: set.source(path, test, self.organization_id),
            ..Plan::of(set.compare(path, test, self.organization_id))
        })
    }

    /// All resources of a table have the same, so the evaluator is asked once.
    fn resource_type(&self, path: &AttributePath, test: Test<'_>) -> Option<bool> {
        let filter = Filter::Compare {
            path: path.clone(),
            op: test.op,
            value: test.value.clone(),
        };
        let kind = self.resources.kind();
        let resource = serde_json::json!({ "meta": { "resourceType": kind.name } });
        let matches = filter.matches(resource.as_object()?, kind);
        Some(matches == test.holds)
    }

    /// What is known of a resource one of whose elements fulfils the filter.
    fn element(&self, path: &AttributePath, filter: &Filter) -> Plan {
        match filter {
            Filter::Compare { .. } => self.one_test(path, filter, true),
            Filter::And(terms) => {
                let each = all(terms.iter().map(|term| self.element(path, term)));
                // Each may hold of another element.
                Plan {
                    exact: terms.is_empty() && each.exact,
                    ..each
                }
            }
            Filter::Or(terms) => any(terms.iter().map(|term| self.element(path, term))),
            _ => Plan::UNKNOWN,
        }
    }

    /// `emails[value eq "x"]` asks the same as `emails.value eq "x"`, other than with `ne` and
    /// `null`, which an element without the part fulfils.
    fn one_test(&self, path: &AttributePath, filter: &Filter, holds: bool) -> Plan {
        let Filter::Compare {
            path: part,
            op,
            value,
        } = filter
        else {
            return Plan::UNKNOWN;
        };
        if *op == Operator::NotEqual || *value == Literal::Null {
            return Plan::UNKNOWN;
        }
        let whole = AttributePath {
            sub: Some(part.name.clone()),
            ..path.clone()
        };
        let (op, value) = (*op, value);
        self.compare(&whole, Test { op, value, holds })
    }
}

impl Plan {
    const UNKNOWN: Self = Self {
        condition: None,
        exact: false,
        source: None,
        covered: false,
    };

    fn of(condition: Option<Condition>) -> Self {
        let never = condition
            .as_ref()
            .is_some_and(|condition| *condition == constant(false));
        Self {
            exact: condition.is_some(),
            condition,
            source: never.then(Source::nothing),
            covered: false,
        }
    }
}

impl Source {
    fn nothing() -> Self {
        Self {
            ids: Condition {
                sql: "SELECT NULL WHERE 0".to_owned(),
                parameters: Vec::new(),
            },
            rank: ONE,
            selects: 1,
        }
    }

    fn of(ids: Condition, rank: u8) -> Self {
        Self {
            ids,
            rank,
            selects: 1,
        }
    }

    fn and_also(mut self, other: Self) -> Self {
        self.ids.sql.push_str(" UNION ALL ");
        self.ids.sql.push_str(&other.ids.sql);
        self.ids.parameters.extend(other.ids.parameters);
        self.rank = self.rank.max(other.rank);
        self.selects += other.selects;
        self
    }
}

fn all(plans: impl Iterator<Item = Plan>) -> Plan {
    let mut exact = true;
    let mut conditions = Vec::new();
    let mut source: Option<Source> = None;
    let mut terms = 0;
    for plan in plans {
        terms += 1;
        exact &= plan.exact;
        conditions.extend(plan.condition);
        source = match (source, plan.source) {
            (Some(first), Some(other)) if other.rank < first.rank => Some(other),
            (Some(first), _) => Some(first),
            (None, other) => other,
        };
    }
    if terms > 0 && conditions.is_empty() {
        return Plan::UNKNOWN;
    }
    Plan {
        condition: Some(joined(conditions, " AND ", true)),
        exact,
        source,
        covered: false,
    }
}

fn any(plans: impl Iterator<Item = Plan>) -> Plan {
    let mut exact = true;
    let mut conditions = Vec::new();
    let mut source = Some(Source::nothing());
    for plan in plans {
        exact &= plan.exact;
        match plan.condition {
            Some(condition) => conditions.push(condition),
            None => return Plan::UNKNOWN,
        }
        source = source
            .zip(plan.source)
            .map(|(source, other)| source.and_also(other))
            .filter(|source| source.selects <= MOST_SELECTS);
    }
    Plan {
        condition: Some(joined(conditions, " OR ", false)),
        exact,
        source,
        covered: false,
    }
}

fn joined(conditions: Vec<Condition>, word: &str, of_nothing: bool) -> Condition {
    if conditions.is_empty() {
        return constant(of_nothing);
    }
    let mut parameters = Vec::new();
    let mut terms = Vec::new();
    for condition in conditions {
        terms.push(condition.sql);
        parameters.extend(condition.parameters);
    }
    Condition {
        sql: format!("({})", terms.join(word)),
        parameters,
    }
}

fn constant(value: bool) -> Condition {
    Condition {
        sql: if value { "1" } else { "0" }.to_owned(),
        parameters: Vec::new(),
    }
}
