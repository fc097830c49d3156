//! The SAML 2.0 service provider: metadata, requests, and the verification of responses. Pure:
//! bytes in, values out; time and randomness are arguments, and nothing here touches the network,
//! the disk or the database.
//!
//! A response goes through these rooms, in this order:
//! 1. [`response`] bounds and decodes the form value,
//! 2. `xml` parses it, without DTDs and entities,
//! 3. `shape` refuses every document that isn't laid out as SAML core section 5.4 has it,
//! 4. `signature` verifies with the provider's pinned keys and returns the bytes that were signed,
//! 5. `encryption` opens an EncryptedAssertion and sends the plaintext back to step 2,
//! 6. `assertion` reads the values, from the signed bytes alone,
//! 7. `profile` compares them with what this service provider expects.
//!
//! Each "no" on that way is a [`refusal::Refusal`]: a stable code, what was expected, what came, and
//! every check before it. [`advice`] has, for each code, which field of the identity provider to change.

pub mod advice;
pub mod asked;
pub mod certificate;
pub mod logout;
pub mod mapping;
pub mod metadata;
pub mod name_id;
pub mod redaction;
pub mod redirect;
pub mod refusal;
pub mod request;
pub mod response;
pub mod service_provider;
pub mod signing;

mod algorithm;
mod assertion;
mod authentication;
mod check;
mod content_cipher;
mod decryption_key;
mod detached;
mod encryption;
mod envelope;
mod html;
mod person;
mod profile;
mod reason;
mod shape;
mod signature;
pub(crate) mod xml;
