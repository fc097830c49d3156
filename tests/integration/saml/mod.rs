//! The SAML verifier against an identity provider that behaves, one that misconfigures, and one
//! that attacks.

pub(crate) mod attacks;
mod decryption_failures;
mod encryption;
pub(crate) mod fixture;
mod for_peers;
mod metadata;
mod mutations;
mod profile;
mod refused;
mod signatures;
pub(crate) mod undecryptable;
mod valid;
