//! Randomness for ids and secrets, from the one generator the program has.

/// `N` bytes fit for keys.
///
/// The generator of AWS-LC doesn't fail once it is seeded. Should it ever say so, the process
/// ends: every caller is about to make something that must not be guessed, and no answer is
/// better than a guessable one.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        tracing::error!("the random number generator failed");
        std::process::abort();
    }
    bytes
}
