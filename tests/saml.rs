//! The SAML verifier against an identity provider that behaves, one that misconfigures, and one
//! that attacks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and the tables are printed"
)]

#[path = "saml/attacks/mod.rs"]
mod attacks;
#[path = "saml/fixture.rs"]
mod fixture;
#[path = "saml/metadata.rs"]
mod metadata;
#[path = "saml/mutations.rs"]
mod mutations;
#[path = "saml/profile.rs"]
mod profile;
#[path = "saml/refused.rs"]
mod refused;
#[path = "saml/valid.rs"]
mod valid;
