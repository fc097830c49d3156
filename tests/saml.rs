//! The SAML verifier against an identity provider that behaves, one that misconfigures, and one
//! that attacks.

#[path = "saml/attacks.rs"]
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
