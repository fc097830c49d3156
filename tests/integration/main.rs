//! The tests that come in through a front door: HTTP, the command line, or a module's public
//! interface. One binary, a file per feature.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and some print their tables"
)]

mod api_tokens;
mod app;
mod attack_log;
mod attribute_groups;
mod audit;
mod brake;
mod break_glass;
mod break_glass_announced;
mod break_glass_limits;
mod browser;
mod certificates;
mod cli;
mod cli_directory;
mod decryption;
mod deprovisioning;
mod domain_proof;
mod edge;
mod endpoints;
mod enforcement;
mod findings;
mod followed_metadata;
mod http;
mod kept_responses;
mod levels;
mod living_keys;
mod misconfigurations;
mod one_time_code;
mod pages;
mod people;
mod provider_kinds;
mod provider_test;
mod providers;
mod requests;
mod saml;
mod scim;
mod scim_queries;
mod scim_wire;
mod scim_writes;
mod sessions;
mod sha1;
mod shapes;
mod siege;
mod sign_in;
mod single_logout;
mod step_up;
mod store;
mod traces;
