//! The body of a group's POST or PUT. What is kept is accepted again as it is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::scim::group::GroupDraft;

fuzz_target!(|input: &[u8]| {
    let Ok(draft) = GroupDraft::parse(input) else {
        return;
    };
    assert!(!draft.display_name.is_empty());
    assert!(!draft.resource.contains_key("members"), "members are rows");
    let kept = serde_json::to_vec(&draft.resource).unwrap();
    let again = GroupDraft::parse(&kept).expect("what is kept is valid");
    assert_eq!(again.resource, draft.resource, "what is kept is canonical");
    assert_eq!(again.display_name, draft.display_name);
});
