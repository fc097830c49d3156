//! The values of `Authorization` fields, one a line, as the API reads them and as SCIM forgives
//! them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::access::api_token::{self, PREFIX, Presented};
use portcullis::access::token;

fuzz_target!(|input: &str| {
    let fields: Vec<&str> = input.split('\n').collect();
    let found = api_token::presented(fields.iter().copied());
    if let Presented::Token(token) = found {
        assert_eq!(fields.len(), 1, "which one counts nobody can say");
        assert!(token.starts_with(PREFIX) && token.len() == PREFIX.len() + 43);
        assert!(token.bytes().all(|byte| byte.is_ascii_graphic()));
        let again = format!("Bearer {token}");
        assert_eq!(
            api_token::presented(std::iter::once(again.as_str())),
            Presented::Token(token)
        );
        // A token of the API is nothing that SCIM would take for another one.
        assert_eq!(token::presented(input), Some(token));
    }
    if let [only] = fields[..] {
        let bearer = only
            .get(..7)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "));
        assert!(
            !bearer || found != Presented::Nothing,
            "no cookie beside it counts"
        );
    }
    if let Some(token) = token::presented(input) {
        assert!(!token.is_empty() && token.len() <= 512);
        assert!(token.bytes().all(|byte| byte.is_ascii_graphic()));
    }
});
