//! A bulk request. Its order has each operation once, and each after what it refers to or together
//! with it; what is to be kept is valid, and no reference is left in it.

#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use portcullis::scim::bulk::{Bulk, MAX_OPERATIONS, Verb};
use portcullis::scim::user::UserDraft;

fuzz_target!(|input: &[u8]| {
    let mut number = 0;
    let parsed = Bulk::parse(input, || {
        number += 1;
        format!("id{number}")
    });
    let Ok(bulk) = parsed else {
        return;
    };
    assert!(bulk.operations.len() <= MAX_OPERATIONS);
    let mut done = BTreeSet::new();
    for together in &bulk.order {
        done.extend(together.iter().copied());
        for &place in together {
            let needs = &bulk.operations[place].needs;
            assert!(needs.iter().all(|need| done.contains(need)), "too early");
            assert!(
                together.len() == 1 || !needs.is_empty(),
                "only a circle comes together"
            );
        }
    }
    assert_eq!(done.len(), bulk.operations.len(), "each is done");
    assert_eq!(bulk.order.concat().len(), done.len(), "and once");
    let mut ids = BTreeSet::new();
    for change in bulk
        .operations
        .iter()
        .filter_map(|o| o.change.as_ref().ok())
    {
        match &change.verb {
            Verb::CreateUser(draft) | Verb::ReplaceUser(draft) => {
                let kept = serde_json::to_vec(&draft.resource).unwrap();
                let again = UserDraft::parse(&kept).expect("what is kept is valid");
                assert_eq!(again.resource, draft.resource, "and canonical");
                assert!(!draft.resource.contains_key("password"));
            }
            Verb::CreateGroup(draft) | Verb::ReplaceGroup(draft) => {
                let members = draft.members.iter().flatten();
                assert!(members.into_iter().all(|id| !id.starts_with("bulkId:")));
            }
            _ => {}
        }
        if matches!(change.verb, Verb::CreateUser(_) | Verb::CreateGroup(_)) {
            assert!(ids.insert(&change.id), "no two get the same id");
        }
    }
});
