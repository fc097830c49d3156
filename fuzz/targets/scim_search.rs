//! The body of `POST .../.search`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::scim::query::MAX_COUNT;
use portcullis::scim::schema::{GROUP, USER};
use portcullis::scim::search_request;

fuzz_target!(|input: &[u8]| {
    let Ok(query) = search_request::parse(input) else {
        return;
    };
    assert!(query.start_index >= 1 && query.count <= MAX_COUNT);
    assert!(query.attributes.is_empty() || query.excluded_attributes.is_empty());
    for kind in [&USER, &GROUP] {
        let Ok(alone) = query.clone().resolve(kind) else {
            continue;
        };
        // What one type understands, both together do, and in the same way.
        let among = query.clone().resolve_among(kind, &[&USER, &GROUP]).unwrap();
        assert_eq!(alone, among);
    }
});
