//! The query of a request: filter, order, paging, projection; RFC 7644 sections 3.4.2 and 3.9, RFC
//! 9865 section 2.

use serde_json::{Map, Value};

use super::error::{ScimError, shown};
use super::filter::{self, Filter};
use super::path::AttributePath;
use super::projection;
use super::schema::ResourceType;
use super::sort::Sort;

/// Most resources of one page; a larger `count` gets this many.
pub const MAX_COUNT: usize = 200;

/// Resources of a page when the client names no `count`.
pub const DEFAULT_COUNT: usize = 100;

/// Most attributes that a projection may name.
const MAX_ATTRIBUTES: usize = 100;

/// What a client asks of a list, or, as far as the projection goes, of one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct ListQuery {
    /// Which resources; all if `None`.
    pub filter: Option<Filter>,
    /// In what order; by id if `None`.
    pub sort: Option<Sort>,
    /// The first resource, counted from 1. Means nothing beside a cursor.
    pub start_index: usize,
    /// The cursor of the page, RFC 9865; empty asks for the first page, and `None` for pages by
    /// index.
    pub cursor: Option<String>,
    /// How many at most; 0 asks for the total only.
    pub count: usize,
    /// Return only these, and what is always returned. Empty: everything.
    pub attributes: Vec<AttributePath>,
    /// Return everything but these.
    pub excluded_attributes: Vec<AttributePath>,
    /// What was forgiven, see [`super::forgive`].
    pub notes: Vec<&'static str>,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            filter: None,
            sort: None,
            start_index: 1,
            cursor: None,
            count: DEFAULT_COUNT,
            attributes: Vec::new(),
            excluded_attributes: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// The parameters as they came, in an address or in a message.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) filter: Option<String>,
    pub(super) sort_by: Option<String>,
    pub(super) sort_order: Option<String>,
    pub(super) start_index: Option<String>,
    pub(super) count: Option<String>,
    pub(super) cursor: Option<String>,
    pub(super) attributes: Vec<String>,
    pub(super) excluded_attributes: Vec<String>,
}

impl Parameters {
    /// Errors are those of each parameter, and `invalidValue` for two that exclude each other.
    pub(super) fn understood(self) -> Result<ListQuery, ScimError> {
        let mut query = ListQuery::default();
        if let Some(filter) = &self.filter {
            query.filter = Some(filter::parse(filter)?);
        }
        query.sort = match (&self.sort_by, &self.sort_order) {
            (Some(by), order) => Some(Sort::parse(by, order.as_deref())?),
            (None, Some(_)) => {
                return Err(ScimError::invalid_value(
                    "`sortOrder` says nothing without `sortBy`.",
                ));
            }
            (None, None) => None,
        };
        if let Some(start_index) = &self.start_index {
            query.start_index = number("startIndex", start_index)?.max(1);
        }
        if let Some(count) = &self.count {
            let read = number("count", count).map_err(|error| match self.cursor {
                Some(_) => ScimError::invalid_count(error.detail),
                None => error,
            })?;
            query.count = read.min(MAX_COUNT);
        }
        if self.cursor.is_some() && self.start_index.is_some() {
            return Err(ScimError::invalid_cursor(
                "`cursor` and `startIndex` exclude each other: pages go by one of them.",
            ));
        }
        query.cursor = self.cursor;
        query.attributes = paths("attributes", &self.attributes)?;
        query.excluded_attributes = paths("excludedAttributes", &self.excluded_attributes)?;
        if !query.attributes.is_empty() && !query.excluded_attributes.is_empty() {
            return Err(ScimError::invalid_value(
                "`attributes` and `excludedAttributes` exclude each other.",
            ));
        }
        Ok(query)
    }
}

impl ListQuery {
    /// Reads a raw query, `+` and `%20` both a space. Parameters that SCIM doesn't know are
    /// ignored, since Entra ID puts a flag of its own there.
    pub fn parse(raw: Option<&str>) -> Result<Self, ScimError> {
        let mut found = Parameters::default();
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in form_urlencoded::parse(raw.unwrap_or_default().as_bytes()) {
            let known = name.to_ascii_lowercase();
            let value = value.into_owned();
            match known.as_str() {
                "filter" => found.filter = Some(value),
                "sortby" => found.sort_by = Some(value),
                "sortorder" => found.sort_order = Some(value),
                "startindex" => found.start_index = Some(value),
                "count" => found.count = Some(value),
                "cursor" => found.cursor = Some(value),
                "attributes" => found.attributes = split(&value),
                "excludedattributes" => found.excluded_attributes = split(&value),
                _ => continue,
            }
            if seen.contains(&known) {
                return Err(ScimError::invalid_value(format!(
                    "`{}` is given twice.",
                    shown(&name)
                )));
            }
            seen.push(known);
        }
        found.understood()
    }

    /// The query for resources of `kind`: its filter resolved, see [`Filter::resolve`], and its
    /// order.
    pub fn resolve(self, kind: &ResourceType) -> Result<Self, ScimError> {
        self.resolve_among(kind, &[])
    }

    /// The same where resources of all `kinds` are asked for at once, see
    /// [`Filter::resolve_among`].
    pub fn resolve_among(
        mut self,
        kind: &ResourceType,
        kinds: &[&ResourceType],
    ) -> Result<Self, ScimError> {
        if let Some(filter) = &self.filter {
            self.filter = Some(filter.resolve_among(kind, kinds, &mut self.notes)?);
        }
        if let Some(sort) = &self.sort
            && let Some(sort) = sort.resolve(kind, kinds)?
        {
            self.sort = Some(sort);
        }
        Ok(self)
    }

    /// Whether any part of the core attribute `name` is to be returned, so that costly ones, such
    /// as a group's members, needn't be read when they aren't.
    pub fn wants(&self, name: &str, kind: &ResourceType) -> bool {
        projection::wants(name, kind, &self.attributes, &self.excluded_attributes)
    }

    /// Takes out of a rendered resource what the client doesn't want.
    pub fn project(&self, resource: Value, kind: &ResourceType) -> Value {
        match resource {
            Value::Object(resource) => Value::Object(self.project_object(resource, kind)),
            other => other,
        }
    }

    fn project_object(
        &self,
        resource: Map<String, Value>,
        kind: &ResourceType,
    ) -> Map<String, Value> {
        projection::apply(resource, kind, &self.attributes, &self.excluded_attributes)
    }
}

/// An integer, negative ones as 0, ones too large to count as the largest.
fn number(name: &str, value: &str) -> Result<usize, ScimError> {
    let value = value.trim_ascii();
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ScimError::invalid_value(format!(
            "`{}` must be an integer.",
            shown(name)
        )));
    }
    if value.starts_with('-') {
        return Ok(0);
    }
    // An index past any table is still an index; SQL wants it to fit an i64.
    let largest = usize::try_from(i64::MAX).unwrap_or(usize::MAX);
    Ok(digits.parse().unwrap_or(largest).min(largest))
}

/// The names of a list with commas.
fn split(value: &str) -> Vec<String> {
    value.split(',').map(str::to_owned).collect()
}

fn paths(name: &str, names: &[String]) -> Result<Vec<AttributePath>, ScimError> {
    let names: Vec<&str> = names
        .iter()
        .map(|path| path.trim_ascii())
        .filter(|path| !path.is_empty())
        .collect();
    if names.len() > MAX_ATTRIBUTES {
        return Err(ScimError::too_many(format!(
            "`{name}` has more than {MAX_ATTRIBUTES} entries."
        )));
    }
    names
        .into_iter()
        .map(|path| {
            AttributePath::parse(path).map_err(|error| ScimError::invalid_value(error.detail))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::forgive;
    use crate::scim::schema::USER;

    fn query(raw: &str) -> ListQuery {
        ListQuery::parse(Some(raw)).unwrap()
    }

    #[test]
    fn decodes_both_spaces_and_a_plus() {
        let expected = filter::parse("userName eq \"tag+x@b.test\"").unwrap();
        for raw in [
            "filter=userName+eq+%22tag%2Bx%40b.test%22&startIndex=1&count=100",
            "filter=userName%20eq%20%22tag%2Bx%40b.test%22",
            "aadOptscim062020&FILTER=userName%20eq%20%22tag%2bx@b.test%22&",
        ] {
            assert_eq!(query(raw).filter, Some(expected.clone()), "{raw}");
        }
        assert_eq!(ListQuery::parse(None).unwrap(), ListQuery::default());
    }

    #[test]
    fn pages_are_bounded() {
        let page = |raw: &str| (query(raw).start_index, query(raw).count);
        assert_eq!(page(""), (1, DEFAULT_COUNT));
        assert_eq!(page("startIndex=0&count=0"), (1, 0));
        assert_eq!(page("startIndex=-7&count=-5"), (1, 0));
        assert_eq!(page("startIndex=100001&count=100000"), (100_001, MAX_COUNT));
        let (start, count) = page(&format!("startIndex={0}&count={0}", "9".repeat(50)));
        assert_eq!(
            (i64::try_from(start).unwrap(), count),
            (i64::MAX, MAX_COUNT)
        );
    }

    #[test]
    fn refuses_what_it_would_not_do() {
        for raw in [
            "count=ten",
            "count=",
            "count=1.5",
            "startIndex=%31x",
            "count=1&count=2",
            "sortOrder=ascending",
            "sortBy=userName&sortOrder=up",
            "attributes=a&excludedAttributes=b",
            "attributes=a%20b",
        ] {
            let error = ListQuery::parse(Some(raw)).unwrap_err();
            assert_eq!(
                (error.status, error.scim_type),
                (400, Some("invalidValue")),
                "{raw}"
            );
        }
        let empty = ListQuery::parse(Some("filter=")).unwrap_err();
        assert_eq!(empty.scim_type, Some("invalidFilter"));
        for (raw, keyword) in [
            ("sortBy=", "invalidPath"),
            ("sortBy=a.b.c", "invalidPath"),
            ("cursor=&startIndex=1", "invalidCursor"),
            ("cursor=&count=many", "invalidCount"),
        ] {
            let refused = ListQuery::parse(Some(raw)).unwrap_err();
            assert_eq!(refused.scim_type, Some(keyword), "{raw}");
        }
        let many = format!("attributes={}", "a,".repeat(101));
        assert_eq!(
            ListQuery::parse(Some(&many)).unwrap_err().scim_type,
            Some("tooMany")
        );
    }

    #[test]
    fn resolves_and_notes() {
        let resolved = query("filter=email+eq+%22a%22").resolve(&USER).unwrap();
        assert_eq!(
            resolved.filter,
            Some(filter::parse("emails.value eq \"a\"").unwrap())
        );
        assert_eq!(resolved.notes, [forgive::EMAIL_FOR_EMAILS]);
        assert!(query("filter=colour+pr").resolve(&USER).is_err());
        let sorted = query("sortBy=EMAILS&sortOrder=Descending&cursor=").resolve(&USER);
        let sorted = sorted.unwrap();
        assert_eq!(sorted.cursor.as_deref(), Some(""));
        let sort = sorted.sort.unwrap();
        assert_eq!(
            (sort.by.to_string().as_str(), sort.descending),
            ("emails.value", true)
        );
        assert!(query("sortBy=colour").resolve(&USER).is_err());
    }
}
