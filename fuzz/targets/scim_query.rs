//! The query of a list: filter, paging, projection.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::scim::query::ListQuery;
use portcullis::scim::schema::{GROUP, USER};
use serde_json::Value;

fuzz_target!(|input: &str| {
    for kind in [&USER, &GROUP] {
        let Ok(query) = ListQuery::parse(Some(input)).and_then(|query| query.resolve(kind)) else {
            continue;
        };
        assert!(query.start_index >= 1);
        let user: Value =
            serde_json::from_str(include_str!("../seeds/scim_user/okta.json")).unwrap();
        let shown = query.project(user, kind);
        assert!(shown.is_object());
    }
});
