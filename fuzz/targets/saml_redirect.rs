//! The query of an address that takes a SAML message (HTTP-Redirect).

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::saml::redirect::{self, MAX_QUERY, MAX_RELAY_STATE, MAX_XML, QueryError};

fuzz_target!(|query: &str| {
    let Ok(message) = redirect::parse(query) else {
        return;
    };
    assert!(query.len() <= MAX_QUERY && message.xml.len() <= MAX_XML);
    let state = message.relay_state.as_deref().unwrap_or_default();
    assert!(state.len() <= MAX_RELAY_STATE);
    let verdict = message.verify(&[]);
    assert!(matches!(
        verdict,
        Err(QueryError::Signature | QueryError::Algorithm(_))
    ));
});
