//! A PATCH, applied to a user and to a group. What comes of a user is a user that a PUT would take.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::scim::group::GroupDraft;
use portcullis::scim::patch::{GroupChange, Patch, extended};
use portcullis::scim::user::UserDraft;

fuzz_target!(|input: &[u8]| {
    let Ok(patch) = Patch::parse(input) else {
        return;
    };
    let before = UserDraft::parse(include_bytes!("../seeds/scim_user/okta.json")).unwrap();
    if let Ok(after) = patch.apply_to_user("0198", &before.resource) {
        let kept = serde_json::to_vec(&after.resource).unwrap();
        let again = UserDraft::parse(&kept).expect("a PATCH leaves a valid user");
        assert_eq!(again.resource, after.resource, "and a canonical one");
        assert!(!after.resource.contains_key("password"));
    }
    let group = GroupDraft::parse(include_bytes!("../seeds/scim_group/okta.json")).unwrap();
    let changes = patch.group_changes("0198", &group.resource, &mut Vec::new());
    for change in changes.unwrap_or_default() {
        let GroupChange::Extend(changes) = change else {
            continue;
        };
        if let Ok(after) = extended(&group.resource, &changes, &mut Vec::new()) {
            let kept = serde_json::to_vec(&after.resource).unwrap();
            let again = GroupDraft::parse(&kept).expect("a PATCH leaves a valid group");
            assert_eq!(again.resource, after.resource, "and a canonical one");
            assert_eq!(after.display_name, group.display_name);
        }
    }
});
