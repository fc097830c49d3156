//! The SAML verifier against an identity provider that behaves, one that misconfigures, and one
//! that attacks.

pub(crate) mod attacks;
pub(crate) mod decryption_failures;
mod encryption;
pub(crate) mod fixture;
mod for_peers;
mod metadata;
mod mutations;
mod profile;
mod refused;
mod signatures;
mod valid;
