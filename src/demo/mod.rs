//! A simulated Okta, reached from `portcullis demo` and the tests only.

pub mod identity_provider;
