//! A page of a list as text, each resource written as it is.

use serde::Serialize;
use serde_json::Value;

use super::render::LIST_SCHEMA;
use super::whole_group::{self, WholeGroup};

/// A page of resources, RFC 7644 section 3.4.2. `itemsPerPage` is the number in this page, not the
/// number asked for: Okta's reviewers refused an application that echoed `count`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<'a> {
    schemas: [&'static str; 1],
    total_results: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_index: Option<usize>,
    items_per_page: usize,
    #[serde(rename = "Resources")]
    resources: &'a [Shown<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_cursor: Option<String>,
}

/// A resource of a page.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Shown<'a> {
    /// A user, as far as the client wants it.
    User(Value),
    /// A group.
    Group(WholeGroup<'a>),
}

impl<'a> Page<'a> {
    /// The page that begins at `start_index`, counted from 1.
    pub fn by_index(total: usize, start_index: usize, resources: &'a [Shown<'a>]) -> Self {
        Self {
            start_index: Some(start_index),
            ..Self::by_cursor(total, None, None, resources)
        }
    }

    /// A page that was asked for by cursor, RFC 9865 section 2: it has no index, and says where the
    /// next page and the one before begin.
    pub fn by_cursor(
        total: usize,
        next: Option<String>,
        previous: Option<String>,
        resources: &'a [Shown<'a>],
    ) -> Self {
        Self {
            schemas: [LIST_SCHEMA],
            total_results: total,
            start_index: None,
            items_per_page: resources.len(),
            resources,
            next_cursor: next,
            previous_cursor: previous,
        }
    }

    /// The page as JSON.
    pub fn text(&self) -> Vec<u8> {
        let groups = self.resources.iter().filter_map(|shown| match shown {
            Shown::User(_) => None,
            Shown::Group(group) => Some(group),
        });
        whole_group::text(self, groups)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::clock::Timestamp;
    use crate::scim::query::ListQuery;
    use crate::scim::render;

    fn read(page: &Page<'_>) -> Value {
        serde_json::from_slice(&page.text()).unwrap()
    }

    #[test]
    fn a_page_counts_what_is_in_it() {
        let two = [Shown::User(json!({})), Shown::User(json!({}))];
        let page = read(&Page::by_index(250, 201, &two));
        assert_eq!(
            page,
            json!({"schemas": [LIST_SCHEMA], "totalResults": 250, "startIndex": 201,
                "itemsPerPage": 2, "Resources": [{}, {}]})
        );
        assert_eq!(read(&Page::by_index(0, 1, &[]))["Resources"], json!([]));
        let page = read(&Page::by_cursor(250, Some("n".into()), None, &two[..1]));
        assert_eq!(
            page,
            json!({"schemas": [LIST_SCHEMA], "totalResults": 250, "itemsPerPage": 1,
                "Resources": [{}], "nextCursor": "n"})
        );
    }

    #[test]
    fn users_and_groups_stand_side_by_side() {
        let (resource, members) = (Map::new(), [("u1".to_owned(), "a".to_owned())]);
        let group = render::Group {
            resource: &resource,
            id: "g1",
            display_name: "G",
            external_id: None,
            members: Some(&members),
            meta: render::Meta {
                created: Timestamp::from_millis(0),
                last_modified: Timestamp::from_millis(0),
                version: 1,
            },
        };
        let group = WholeGroup::new(&group, &ListQuery::default(), "b");
        let both = [Shown::User(json!({ "id": "u1" })), Shown::Group(group)];
        let page = read(&Page::by_index(2, 1, &both));
        assert_eq!(page["Resources"][0]["id"], "u1");
        assert_eq!(page["Resources"][1]["members"][0]["value"], "u1");
    }
}
