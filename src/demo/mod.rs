//! A simulated Okta, reached from `portcullis demo` and the tests only.

pub mod identity_provider;

/// placeholder until merge
pub fn play(_once: bool) -> Result<(), std::io::Error> {
    Ok(())
}
