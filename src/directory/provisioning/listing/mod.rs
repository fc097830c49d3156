//! Lists: a filter, an order, a page, and how many there are in all.
//!
//! What a filter and an order ask of the database is bounded, whatever they are. Where indexes
//! answer them ([`indexed`]), SQLite finds the page at any size. Where they don't ([`scanned`]), the
//! resources that are left after what an index can do are looked at one by one, up to
//! a number. Beyond either bound ([`Limits`]) the answer is 400 `tooMany` (RFC 7644 section 3.12) and says
//! how to ask for less.
//!
//! Pages by index are counted from the start, as RFC 7644 section 3.4.2.4 has it. Pages by cursor
//! (RFC 9865) begin behind the last resource of the page before.

mod indexed;
mod load;
mod page;
mod place;
mod scanned;

use rusqlite::{Connection, Statement, params, params_from_iter};

use self::indexed::Indexed;
use self::page::Found;
use self::place::Places;
use super::users::read_user;
use super::{MOST_MEMBERS, Provisioned, ProvisioningError, ScimGroup, ScimUser, read_group};
use crate::directory::domain::EmailDomain;
use crate::directory::fold;
use crate::directory::organization::Organization;
use crate::directory::scim_filter::{self, Condition, Plan, Resources};
use crate::scim::cursor::Cursor;
use crate::scim::error::ScimError;
use crate::scim::forgive;
use crate::scim::query::ListQuery;
use crate::scim::sort::Sort;
use crate::store::{StoreError, budget};

/// The longest SQL that is kept compiled.
const LONGEST_KEPT: usize = 400;

/// What is listed: one resource type, with the query resolved for it.
#[derive(Debug)]
pub struct Part {
    /// The resource type.
    pub resources: Resources,
    /// The filter and the order. The page is [`Page`]'s.
    pub query: ListQuery,
    /// Whether groups are to be shown with their members: then a page ends before it has too many.
    pub with_members: bool,
}

/// Which part of the list.
#[derive(Clone, Debug, PartialEq)]
pub enum Page {
    /// So many, behind so many others.
    Index {
        /// How many come before.
        skip: usize,
        /// How many at most.
        count: usize,
    },
    /// So many from a place on; without a place from the start.
    Cursor {
        /// The place.
        from: Option<Cursor>,
        /// How many at most.
        count: usize,
    },
}

/// A page of a list.
#[derive(Debug)]
pub struct Listed {
    /// How many there are in all.
    pub total: usize,
    /// Those of the page.
    pub resources: Vec<ScimResource>,
    /// Where the next page begins, if there is one and pages go by cursor.
    pub next: Option<Cursor>,
    /// Where the page before begins, likewise.
    pub previous: Option<Cursor>,
    /// What was forgiven, see [`crate::scim::forgive`].
    pub notes: Vec<&'static str>,
    /// How many members its groups have, where they are to be shown; see [`Listed::read_members`].
    pub members: i64,
}

/// A resource of either type.
#[derive(Debug)]
pub enum ScimResource {
    /// A user.
    User(ScimUser),
    /// A group.
    Group(ScimGroup),
}

/// One page, its groups without members. Several `parts` are shown as one list: in the given order the one after the other, or
/// mixed where the list is sorted; RFC 7644 section 3.4.2.1. `base` is the address of the
/// organization's SCIM endpoint, which filters may ask about.
pub fn list(
    conn: &Connection,
    organization: &Organization,
    parts: &[Part],
    page: &Page,
    base: &str,
) -> Provisioned<Listed> {
    let asked = Asked {
        conn,
        organization,
        base,
        limits: Limits::OURS,
    };
    asked.list(parts, page)
}

/// Of whom a list is asked, and what it may cost.
#[derive(Clone, Copy)]
struct Asked<'a> {
    conn: &'a Connection,
    organization: &'a Organization,
    base: &'a str,
    limits: Limits,
}

/// What one list may cost.
#[derive(Clone, Copy)]
struct Limits {
    /// Steps of SQLite. Our twelve million are about half a second of one processor; walking through
    /// a million users once, in the order of the list, takes three quarters of them.
    steps: u64,
    /// Resources that are rendered and looked at, one by one, and members of groups likewise. Our
    /// twenty thousand take about half a second.
    scanned: usize,
    /// Matches that are all read and sorted, when an index of the filter leads to them.
    sorted: usize,
    /// Members that one page of groups shows in all: as many as one group may have.
    members: i64,
}

impl Limits {
    const OURS: Self = Self {
        steps: 12_000_000,
        scanned: 20_000,
        sorted: 20_000,
        members: MOST_MEMBERS,
    };
}

impl Asked<'_> {
    fn list(&self, parts: &[Part], page: &Page) -> Provisioned<Listed> {
        let (conn, organization) = (self.conn, self.organization);
        let found =
            budget::within(self.limits.steps, || self.find(parts, page)).map_err(|error| {
                match error {
                    ProvisioningError::Store(StoreError::Sqlite(error))
                        if budget::is_exceeded(&error) =>
                    {
                        too_much(parts, self.limits)
                    }
                    other => other,
                }
            })?;
        if found.total == 0
            && let [part] = parts
            && let Some(user) = by_address(conn, organization, part)?
        {
            return Ok(Listed {
                total: 1,
                resources: page.begins().then_some(user).into_iter().collect(),
                next: None,
                previous: None,
                notes: vec![forgive::ADDRESS_FOR_USER_NAME],
                members: 0,
            });
        }
        let with_members = parts.iter().any(|part| part.with_members);
        self.load(found, page, with_members)
    }

    fn find(&self, parts: &[Part], page: &Page) -> Provisioned<Found> {
        let sorted = parts.iter().any(|part| part.query.sort.is_some());
        let places = parts
            .iter()
            .enumerate()
            .map(|(index, part)| {
                let index = if sorted { 0 } else { index };
                self.places(part, u8::try_from(index).unwrap_or(u8::MAX))
            })
            .collect::<Provisioned<Vec<_>>>()?;
        page::find(&places, page, self.limits.scanned)
    }

    fn places<'a>(&'a self, part: &'a Part, index: u8) -> Provisioned<Places<'a>> {
        let descending = part.query.sort.as_ref().is_some_and(|sort| sort.descending);
        let plan = part
            .query
            .filter
            .as_ref()
            .map(|filter| scim_filter::plan(filter, part.resources, &self.organization.id));
        let column = indexed::column(order(&part.query), part.resources);
        let (plan, column) = match (plan, column) {
            (Some(plan), Some(column)) if plan.exact => (Some(plan), column),
            (None, Some(column)) => (None, column),
            (plan, _) => {
                let found = scanned::scan(self, part, plan)?;
                return Ok(Places::scanned(found, index, descending));
            }
        };
        let list = Indexed::new(self, part.resources, column, index, descending);
        let Some(plan) = plan else {
            return Ok(Places::Indexed(list));
        };
        match self.narrowed(&plan)? {
            Some(ids) => {
                let found = list.among(&ids, plan.condition.as_ref())?;
                Ok(Places::scanned(found, index, descending))
            }
            None => Ok(Places::Indexed(list.filtered(plan)?)),
        }
    }

    /// The filter's own index, if it leaves few enough to look at all of them.
    fn narrowed(&self, plan: &Plan) -> rusqlite::Result<Option<Condition>> {
        let Some(source) = &plan.source else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT count(*) FROM (SELECT * FROM ({}) LIMIT {})",
            source.ids.sql,
            self.limits.sorted + 1
        );
        let found: i64 = self.with_statement(&sql, |statement| {
            statement.query_row(params_from_iter(&source.ids.parameters), |row| row.get(0))
        })?;
        let few = usize::try_from(found).unwrap_or(usize::MAX) <= self.limits.sorted;
        Ok(few.then(|| source.ids.clone()))
    }

    /// Runs SQL that was made for one request. Kept compiled is what is short, which is what
    /// identity providers ask all day; whatever else somebody thinks of would push that out.
    fn with_statement<T, E: From<rusqlite::Error>>(
        &self,
        sql: &str,
        run: impl FnOnce(&mut Statement<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        #[cfg(test)]
        tests::STATEMENTS.with_borrow_mut(|statements| statements.push(sql.to_owned()));
        if sql.len() <= LONGEST_KEPT {
            run(&mut *self.conn.prepare_cached(sql)?)
        } else {
            run(&mut self.conn.prepare(sql)?)
        }
    }
}

impl Page {
    /// The page by index that a query asks for.
    pub fn of(query: &ListQuery) -> Self {
        Self::Index {
            skip: query.start_index.saturating_sub(1),
            count: query.count,
        }
    }

    /// Whether it shows the first resource.
    fn begins(&self) -> bool {
        match self {
            Self::Index { skip, count } => *skip == 0 && *count > 0,
            Self::Cursor { from, count } => from.is_none() && *count > 0,
        }
    }

    /// Whether it lies before a place instead of behind it.
    fn is_backward(&self) -> bool {
        matches!(self, Self::Cursor { from: Some(from), .. } if from.backward)
    }
}

/// The wanted order; by id is the order that a list has without one.
fn order(query: &ListQuery) -> Option<&Sort> {
    query.sort.as_ref().filter(|sort| !sort.by.is("id", None))
}

/// [`forgive::ADDRESS_FOR_USER_NAME`]: where Okta's Application username is something else, nobody
/// would match, the POST that follows would be a 409, and the person would be stuck. So the address
/// is looked for too, and answers if exactly one user has it.
fn by_address(
    conn: &Connection,
    organization: &Organization,
    part: &Part,
) -> Provisioned<Option<ScimResource>> {
    let address = match &part.query.filter {
        Some(filter) if part.resources == Resources::Users => scim_filter::bare_user_name(filter),
        _ => None,
    };
    let Some(address) = address.filter(|text| EmailDomain::of_address(text).is_some()) else {
        return Ok(None);
    };
    let found = conn
        .prepare_cached(
            "SELECT id FROM users WHERE organization_id = ?1 AND email_key = ?2 LIMIT 2",
        )?
        .query_map(params![organization.id, fold(address)], |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    match found.as_slice() {
        [id] => Ok(Some(ScimResource::User(read_user(conn, organization, id)?))),
        _ => Ok(None),
    }
}

fn too_much(parts: &[Part], limits: Limits) -> ProvisioningError {
    let users = parts.iter().any(|part| part.resources == Resources::Users);
    let (what, narrow) = if users {
        (
            "users",
            "id, userName, externalId, emails.value, displayName, groups.value or meta.lastModified",
        )
    } else {
        (
            "groups",
            "id, displayName, externalId, members.value or meta.lastModified",
        )
    };
    ScimError::too_many(format!(
        "No index answers this, and it would look at more {what} than one request may \
         ({} one by one). Narrow the filter by a condition on {narrow}, joined by \
         `and`; sort by {} or not at all; or read the list in pages without a filter.",
        limits.scanned,
        indexed::sortable(users)
    ))
    .into()
}

#[cfg(test)]
mod tests;
