//! Reads the command line and calls one command.

use std::process::ExitCode;

/// musl's own allocator costs two to three times as much per sign-in, SQLite's allocations
/// included: `malloc` itself is replaced too. Huge pages are left out: they doubled the memory of an
/// idle appliance.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    portcullis::cli::run()
}
