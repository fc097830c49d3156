//! Portcullis: Okta sign-in (SAML 2.0), user and group sync (SCIM 2.0), permission levels and a
//! break-glass way in, as one executable and one SQLite file.
//!
//! The floors, top to bottom: `cli` > `web` > `directory` > `access` > `observe` > `store`, with
//! `edge`, `outbound`, `saml` and `scim` beside `store` on the ground. A lower floor never imports a higher
//! one. ARCHITECTURE.md is the map.

pub mod access;
pub mod cli;
pub mod clock;
pub mod demo;
pub mod directory;
pub mod edge;
pub mod observe;
pub mod outbound;
pub mod saml;
pub mod scim;
pub mod store;
pub mod web;
