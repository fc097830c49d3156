//! Lists whose filter SQL answers and whose order an index has.
//!
//! A filter with an index of its own that leaves few is answered by that, and what it leaves is
//! sorted (`among`). Otherwise the index of the order is walked, and the filter tried on the way:
//! many matches are soon met, and where there are few after all, the walk is bounded.

use rusqlite::types::Value as Sql;
use rusqlite::{Row, params_from_iter};

use super::place::Place;
use super::{Asked, Plan, Provisioned, Resources};
use crate::directory::scim_filter::Condition;
use crate::scim::cursor::Position;
use crate::scim::sort::{Key, Sort};

/// A column that places resources, and its index.
#[derive(Clone, Copy)]
pub(super) struct Column {
    /// The column; `None` where the id alone places them.
    key: Option<&'static str>,
    index: &'static str,
    /// What kind of key it has.
    number: bool,
    /// Whether no two resources have the same key.
    unique: bool,
}

/// The column of an order. An order by what `resources` lack leaves the id.
pub(super) fn column(order: Option<&Sort>, resources: Resources) -> Option<Column> {
    let users = resources == Resources::Users;
    let index = |of_users, of_groups| if users { of_users } else { of_groups };
    let by_id = Column {
        key: None,
        index: index("users_in_order", "groups_in_order"),
        number: false,
        unique: true,
    };
    let Some(order) = order else {
        return Some(by_id);
    };
    let by = &order.by;
    if resources.kind().target(by).is_none() {
        return Some(by_id);
    }
    let time = |key, index| Column {
        key: Some(key),
        index,
        number: true,
        unique: false,
    };
    let name = |key, index| Column {
        key: Some(key),
        index,
        number: false,
        unique: true,
    };
    if by.is("meta", Some("created")) {
        let index = index("users_by_creation", "groups_by_creation");
        return Some(time("created_at", index));
    }
    if by.is("meta", Some("lastModified")) {
        let index = index("users_by_change", "groups_by_change");
        return Some(time("updated_at", index));
    }
    // The indexes of the UNIQUE constraints, by the names that SQLite gives them.
    if users && by.is("userName", None) {
        return Some(name("user_name_key", "sqlite_autoindex_users_2"));
    }
    if !users && by.is("displayName", None) {
        return Some(name("display_name_key", "sqlite_autoindex_groups_2"));
    }
    None
}

/// What can be sorted by at any size, for people.
pub(super) fn sortable(users: bool) -> &'static str {
    if users {
        "id, userName, meta.created or meta.lastModified"
    } else {
        "id, displayName, meta.created or meta.lastModified"
    }
}

/// The places of such a list.
pub(super) struct Indexed<'a> {
    asked: &'a Asked<'a>,
    resources: Resources,
    column: Column,
    part: u8,
    descending: bool,
    condition: Option<Condition>,
    total: usize,
}

impl<'a> Indexed<'a> {
    /// All resources.
    pub(super) fn new(
        asked: &'a Asked<'a>,
        resources: Resources,
        column: Column,
        part: u8,
        descending: bool,
    ) -> Self {
        let all = match resources {
            Resources::Users => asked.organization.users,
            Resources::Groups => asked.organization.groups,
        };
        Self {
            asked,
            resources,
            column,
            part,
            descending,
            condition: None,
            total: usize::try_from(all).unwrap_or(0),
        }
    }

    /// Those that fulfil the plan's condition.
    pub(super) fn filtered(mut self, plan: Plan) -> Provisioned<Self> {
        if let Some(condition) = plan.condition {
            // What its own index holds whole is counted there; SQLite finds that itself.
            let hint = if plan.covered {
                String::new()
            } else {
                let walked = column(None, self.resources).map_or("", |column| column.index);
                format!(" INDEXED BY {walked}")
            };
            let sql = format!(
                "SELECT count(*) FROM {}{hint} WHERE organization_id = ? AND {}",
                self.resources.table(),
                condition.sql
            );
            let mut parameters = vec![self.own()];
            parameters.extend(condition.parameters.iter().cloned());
            let total: Vec<i64> = self.rows(&sql, &parameters, |row| row.get(0))?;
            self.total = usize::try_from(total.first().copied().unwrap_or(0)).unwrap_or(0);
            self.condition = Some(condition);
        }
        Ok(self)
    }

    /// The places, in no order, of those that an index of the filter leads to and that fulfil its
    /// condition.
    pub(super) fn among(
        &self,
        ids: &Condition,
        condition: Option<&Condition>,
    ) -> Provisioned<Vec<Place>> {
        // The plus keeps SQLite from going through the whole organization instead.
        let mut sql = format!(
            "SELECT id{} FROM {} WHERE id IN ({}) AND +organization_id = ?",
            self.key(),
            self.resources.table(),
            ids.sql
        );
        let mut parameters = ids.parameters.clone();
        parameters.push(self.own());
        if let Some(condition) = condition {
            sql.push_str(" AND ");
            sql.push_str(&condition.sql);
            parameters.extend(condition.parameters.iter().cloned());
        }
        self.rows(&sql, &parameters, |row| self.place(row))
    }

    pub(super) fn total(&self) -> usize {
        self.total
    }

    pub(super) fn descending(&self) -> bool {
        self.descending
    }

    pub(super) fn at(&self, skip: usize, count: usize) -> Provisioned<Vec<Place>> {
        if skip >= self.total {
            return Ok(Vec::new());
        }
        self.read(None, skip, count, self.descending)
    }

    pub(super) fn beyond(
        &self,
        position: Option<&Position>,
        backward: bool,
        count: usize,
    ) -> Provisioned<Vec<Place>> {
        if self.total == 0 {
            return Ok(Vec::new());
        }
        let down = self.descending != backward;
        let start = match position {
            None => None,
            Some(position) => match self.start(position, down, backward) {
                Start::All => None,
                Start::Nothing => return Ok(Vec::new()),
                Start::At(start) => Some(start),
            },
        };
        let mut found = self.read(start, 0, count, down)?;
        if backward {
            found.reverse();
        }
        Ok(found)
    }

    /// Where a walk begins. A position of another part, or with a key of another kind, is before
    /// all of these or behind them.
    fn start(&self, position: &Position, down: bool, backward: bool) -> Start {
        if position.part != self.part {
            return Start::sure((position.part < self.part) != backward);
        }
        let sign = if down { '<' } else { '>' };
        let id = Sql::Text(position.id.clone());
        let Some(key) = self.column.key else {
            return match position.key {
                Key::Missing => Start::At(Condition {
                    sql: format!("id {sign} ?"),
                    parameters: vec![id],
                }),
                // Any value is smaller than none.
                _ => Start::sure(!down),
            };
        };
        let value = match (&position.key, self.column.number) {
            (Key::Integer(value), true) => Sql::Integer(*value),
            (Key::Text(text), false) => Sql::Text(text.clone()),
            (Key::Integer(_), false) => return Start::sure(!down),
            (Key::Text(_), true) | (Key::Missing, _) => return Start::sure(down),
        };
        // A position of another resource type may have a key that is unique here.
        Start::At(Condition {
            sql: format!("({key}, id) {sign} (?, ?)"),
            parameters: vec![value, id],
        })
    }

    fn read(
        &self,
        start: Option<Condition>,
        skip: usize,
        count: usize,
        down: bool,
    ) -> Provisioned<Vec<Place>> {
        let Column { key, index, .. } = self.column;
        let mut sql = format!(
            "SELECT id{} FROM {} INDEXED BY {index} WHERE organization_id = ?",
            self.key(),
            self.resources.table()
        );
        let mut parameters = vec![self.own()];
        for condition in self.condition.iter().chain(&start) {
            sql.push_str(" AND ");
            sql.push_str(&condition.sql);
            parameters.extend(condition.parameters.iter().cloned());
        }
        let order = if down { " DESC" } else { "" };
        sql.push_str(" ORDER BY ");
        match key {
            Some(key) if self.column.unique => sql.push_str(&format!("{key}{order}")),
            Some(key) => sql.push_str(&format!("{key}{order}, id{order}")),
            None => sql.push_str(&format!("id{order}")),
        }
        sql.push_str(" LIMIT ? OFFSET ?");
        for number in [count, skip] {
            parameters.push(Sql::Integer(i64::try_from(number).unwrap_or(i64::MAX)));
        }
        self.rows(&sql, &parameters, |row| self.place(row))
    }

    fn key(&self) -> String {
        self.column
            .key
            .map(|key| format!(", {key}"))
            .unwrap_or_default()
    }

    fn own(&self) -> Sql {
        Sql::Text(self.asked.organization.id.clone())
    }

    fn place(&self, row: &Row<'_>) -> rusqlite::Result<Place> {
        let key = match (self.column.key, self.column.number) {
            (None, _) => Key::Missing,
            (Some(_), true) => Key::Integer(row.get(1)?),
            (Some(_), false) => Key::Text(row.get(1)?),
        };
        Ok(Place {
            resources: self.resources,
            part: self.part,
            key,
            id: row.get(0)?,
        })
    }

    fn rows<T>(
        &self,
        sql: &str,
        parameters: &[Sql],
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Provisioned<Vec<T>> {
        self.asked.with_statement(sql, |statement| {
            let rows = statement.query_map(params_from_iter(parameters), row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

enum Start {
    /// All come behind.
    All,
    /// None does.
    Nothing,
    /// Those that fulfil this.
    At(Condition),
}

impl Start {
    fn sure(all: bool) -> Self {
        if all { Self::All } else { Self::Nothing }
    }
}
