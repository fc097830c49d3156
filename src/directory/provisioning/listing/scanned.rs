//! Lists that no index answers: what is left after SQL is rendered and looked at, row by row.

use rusqlite::types::Value as Sql;
use rusqlite::{Statement, params_from_iter};
use serde_json::Value;

use super::place::Place;
use super::{Asked, Part, Plan, Provisioned, ProvisioningError, Resources, order, too_much};
use crate::directory::provisioning::users::groups_of;
use crate::directory::provisioning::{GROUP_COLUMNS, USER_COLUMNS, group_row, user_row};
use crate::directory::scim_filter;
use crate::scim::error::ScimError;
use crate::scim::sort::Key;

/// The places of all matches, in no order.
pub(super) fn scan(asked: &Asked<'_>, part: &Part, plan: Option<Plan>) -> Provisioned<Vec<Place>> {
    let scan = Scan {
        asked,
        part,
        exact: plan.as_ref().is_none_or(|plan| plan.exact),
    };
    let all = match part.resources {
        Resources::Users => asked.organization.users,
        Resources::Groups => asked.organization.groups,
    };
    let unbounded = plan.as_ref().is_none_or(|plan| plan.condition.is_none());
    if unbounded && usize::try_from(all).unwrap_or(0) > asked.limits.scanned {
        return Err(scan.too_much());
    }
    scan.run(plan)
}

struct Scan<'a> {
    asked: &'a Asked<'a>,
    part: &'a Part,
    /// Whether SQL has done all that the filter asks, and only the order is missing.
    exact: bool,
}

impl Scan<'_> {
    fn run(&self, plan: Option<Plan>) -> Provisioned<Vec<Place>> {
        let (sql, parameters) = self.select(plan)?;
        self.asked
            .with_statement(&sql, |statement| self.look(statement, parameters))
    }

    fn look(&self, statement: &mut Statement<'_>, parameters: Vec<Sql>) -> Provisioned<Vec<Place>> {
        let resources = self.part.resources;
        let mut rows = statement.query(params_from_iter(parameters))?;
        let mut places = Vec::new();
        let (mut seen, mut members) = (0, 0_i64);
        while let Some(row) = rows.next()? {
            seen += 1;
            if seen > self.asked.limits.scanned {
                return Err(self.too_much());
            }
            let (id, shown) = match resources {
                Resources::Users => {
                    let mut user = user_row(row)?;
                    // The version is made from the groups too.
                    if self.mentions("groups") || self.mentions("meta") {
                        user.groups = groups_of(self.asked.conn, &user.id)?;
                    }
                    let shown = user.shown(self.asked.base);
                    (user.id, shown)
                }
                Resources::Groups => {
                    let mut group = group_row(row)?;
                    if self.mentions("members") {
                        members += group.member_count;
                        if usize::try_from(members).unwrap_or(0) > self.asked.limits.scanned {
                            return Err(self.too_many_members());
                        }
                        group.read_members(self.asked.conn)?;
                    }
                    let shown = group.shown(self.asked.base);
                    (group.id, shown)
                }
            };
            if let Some(key) = self.key(&shown) {
                places.push(Place {
                    resources,
                    part: 0,
                    key,
                    id,
                });
            }
        }
        Ok(places)
    }

    fn select(&self, plan: Option<Plan>) -> Provisioned<(String, Vec<Sql>)> {
        let resources = self.part.resources;
        let (columns, walked) = match resources {
            Resources::Users => (USER_COLUMNS, "users_in_order"),
            Resources::Groups => (GROUP_COLUMNS, "groups_in_order"),
        };
        let table = resources.table();
        let own = Sql::Text(self.asked.organization.id.clone());
        let narrow = match &plan {
            Some(plan) => self.asked.narrowed(plan)?,
            None => None,
        };
        let (mut sql, mut parameters) = match narrow {
            Some(ids) => (
                format!(
                    "SELECT {columns} FROM {table} WHERE id IN ({}) AND +organization_id = ?",
                    ids.sql
                ),
                ids.parameters,
            ),
            None => (
                format!(
                    "SELECT {columns} FROM {table} INDEXED BY {walked} WHERE organization_id = ?"
                ),
                Vec::new(),
            ),
        };
        parameters.push(own);
        if let Some(condition) = plan.and_then(|plan| plan.condition) {
            sql.push_str(" AND ");
            sql.push_str(&condition.sql);
            parameters.extend(condition.parameters);
        }
        Ok((sql, parameters))
    }

    fn too_much(&self) -> ProvisioningError {
        too_much(std::slice::from_ref(self.part), self.asked.limits)
    }

    /// A member that is looked at is a tree of JSON, which takes twenty times the room of its id.
    fn too_many_members(&self) -> ProvisioningError {
        ScimError::too_many(format!(
            "members: this would look into more members than one request may ({} one by one). Ask \
             for members.value eq \"...\", or narrow the filter by a condition on displayName, \
             joined by `and`.",
            self.asked.limits.scanned
        ))
        .into()
    }

    /// The key of a match.
    fn key(&self, shown: &Value) -> Option<Key> {
        let shown = shown.as_object()?;
        let kind = self.part.resources.kind();
        let matches = self.exact
            || self
                .part
                .query
                .filter
                .as_ref()
                .is_none_or(|filter| filter.matches(shown, kind));
        matches
            .then(|| order(&self.part.query).map_or(Key::Missing, |order| order.key(shown, kind)))
    }

    fn mentions(&self, name: &str) -> bool {
        let query = &self.part.query;
        let filtered = query
            .filter
            .as_ref()
            .is_some_and(|filter| scim_filter::mentions(filter, name));
        let sorted = order(query).is_some_and(|order| {
            order.by.urn.is_none() && order.by.name.eq_ignore_ascii_case(name)
        });
        filtered || sorted
    }
}
