//! The body of a user's POST or PUT. What is kept holds no secret, and is accepted again as it is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::scim::user::UserDraft;

fuzz_target!(|input: &[u8]| {
    let Ok(draft) = UserDraft::parse(input) else {
        return;
    };
    assert!(!draft.user_name.is_empty());
    for name in draft.resource.keys() {
        for never in ["password", "id", "meta", "groups", "active"] {
            assert!(!name.eq_ignore_ascii_case(never), "{never} is kept");
        }
    }
    let kept = serde_json::to_vec(&draft.resource).unwrap();
    let again = UserDraft::parse(&kept).expect("what is kept is valid");
    assert_eq!(again.resource, draft.resource, "what is kept is canonical");
    assert_eq!(again.user_name, draft.user_name);
    assert_eq!(again.email, draft.email);
});
