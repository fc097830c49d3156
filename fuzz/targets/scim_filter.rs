//! `filter=`: parsed, resolved for users and groups, and matched against a user.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::scim::filter;
use portcullis::scim::schema::{GROUP, USER};
use portcullis::scim::user::UserDraft;

fuzz_target!(|input: &str| {
    let Ok(parsed) = filter::parse(input) else {
        return;
    };
    let user = UserDraft::parse(include_bytes!("../seeds/scim_user/okta.json")).unwrap();
    for kind in [&USER, &GROUP] {
        if let Ok(resolved) = parsed.resolve(kind, &mut Vec::new()) {
            let twice = resolved.resolve(kind, &mut Vec::new());
            assert_eq!(twice.as_ref(), Ok(&resolved), "canonical names stay");
            resolved.matches(&user.resource, kind);
        }
    }
});
