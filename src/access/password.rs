//! Argon2id behind a gate.
//!
//! One hash takes 19 MiB and tens of milliseconds by design, so that a crowd at the sign-in form
//! could take all memory. The gate lets a fixed number through at once; who finds it full waits a
//! little in a short queue, and after that is told to come back. An unknown account
//! costs the same as a known one, through the same gate.
//!
//! Hashes are PHC strings, written and read here: the format is one line, and reading it here is
//! what puts bounds on the parameters before any memory is taken.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use data_encoding::BASE64_NOPAD;
use zeroize::Zeroizing;

use super::secret::Secret;
use crate::store::random;

/// OWASP's first choice for Argon2id.
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// What a stored hash may ask for. More would be somebody's attempt on our memory.
const MOST_MEMORY: u32 = 65_536;
const MOST_PASSES: u32 = 10;
const MOST_LANES: u32 = 4;

/// Bytes of a password; a longer one is never right.
const LONGEST: usize = 1024;

/// How much work the gate lets through.
#[derive(Clone, Debug)]
pub struct GateLimits {
    /// Hashes at once, each with memory of its own.
    pub at_once: usize,
    /// Callers that may wait for their turn.
    pub queue: usize,
    /// How long each of them waits at most.
    pub wait: Duration,
}

impl Default for GateLimits {
    fn default() -> Self {
        Self {
            at_once: 2,
            queue: 32,
            wait: Duration::from_secs(3),
        }
    }
}

/// Lets the allocator give the memory of past hashes back to the system. It does so when it
/// next serves a request too large for its pages, and not by itself; so one is made here, small
/// enough not to be served from the very memory that is to go, and dropped untouched.
pub fn release_memory() {
    let request: Vec<u8> = Vec::with_capacity(1 << 20);
    std::hint::black_box(&request);
}

/// Why a password was neither hashed nor verified.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// Too many others: an HTTP answer is 503 with Retry-After.
    #[error("too many passwords are being checked")]
    Busy,
    /// Longer than any password is allowed to be.
    #[error("a password has at most {LONGEST} bytes")]
    TooLong,
    /// The stored hash is not an Argon2id PHC string, or asks for too much.
    #[error("the stored password hash is not usable")]
    Stored,
    /// Argon2 itself refused.
    #[error("the password could not be hashed")]
    Argon2(argon2::Error),
}

/// The only way to Argon2.
pub struct Gate {
    limits: GateLimits,
    state: Mutex<State>,
    freed: Condvar,
    dummy: Stored,
}

struct State {
    free: usize,
    waiting: usize,
}

impl Gate {
    /// An open gate.
    pub fn new(limits: GateLimits) -> Self {
        let free = limits.at_once.max(1);
        Self {
            limits,
            state: Mutex::new(State { free, waiting: 0 }),
            freed: Condvar::new(),
            dummy: Stored {
                memory: MEMORY,
                passes: PASSES,
                lanes: LANES,
                salt: random::bytes::<16>().to_vec(),
                hash: vec![0; 32],
            },
        }
    }

    /// The PHC string to store for a password.
    ///
    /// # Errors
    /// [`GateError::TooLong`], or [`GateError::Busy`] when the gate is full.
    pub fn hash(&self, password: &Secret) -> Result<String, GateError> {
        if password.expose().len() > LONGEST {
            return Err(GateError::TooLong);
        }
        let mut fresh = Stored {
            memory: MEMORY,
            passes: PASSES,
            lanes: LANES,
            salt: random::bytes::<16>().to_vec(),
            hash: vec![0; 32],
        };
        fresh.hash = self.derive(password, &fresh)?.to_vec();
        Ok(fresh.phc())
    }

    /// Whether the password is the one that was hashed to `phc`. `None` stands for an account
    /// that doesn't exist or is disabled: it costs as much and is always false.
    ///
    /// # Errors
    /// [`GateError::Busy`] when the gate is full, [`GateError::Stored`] when `phc` can't be used.
    pub fn verify(&self, password: &Secret, phc: Option<&str>) -> Result<bool, GateError> {
        let parsed = phc.map(Stored::parse).transpose()?;
        let possible = parsed.is_some() && password.expose().len() <= LONGEST;
        let stored = parsed.as_ref().unwrap_or(&self.dummy);
        let same = {
            let derived = if password.expose().len() <= LONGEST {
                self.derive(password, stored)?
            } else {
                self.derive(&Secret::new(""), stored)?
            };
            verify_slices_are_equal(&derived, &stored.hash).is_ok()
        };
        Ok(same && possible)
    }

    fn derive(&self, password: &Secret, stored: &Stored) -> Result<Zeroizing<Vec<u8>>, GateError> {
        let params = Params::new(
            stored.memory,
            stored.passes,
            stored.lanes,
            Some(stored.hash.len()),
        )
        .map_err(GateError::Argon2)?;
        let blocks = params.block_count();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut out = Zeroizing::new(vec![0; stored.hash.len()]);
        let _place = self.enter()?;
        // Allocated within the gate and given back to the system behind it: the bound is the same
        // as with arenas that are kept, and an appliance that checks no password holds none.
        let mut arena = vec![Block::new(); blocks];
        argon2
            .hash_password_into_with_memory(
                password.expose().as_bytes(),
                &stored.salt,
                &mut out,
                arena.as_mut_slice(),
            )
            .map_err(GateError::Argon2)?;
        Ok(out)
    }

    fn enter(&self) -> Result<Place<'_>, GateError> {
        let deadline = Instant::now() + self.limits.wait;
        let mut state = self.lock();
        if state.free == 0 && state.waiting >= self.limits.queue {
            return Err(GateError::Busy);
        }
        state.waiting += 1;
        loop {
            if state.free > 0 {
                state.free -= 1;
                state.waiting -= 1;
                return Ok(Place { gate: self });
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.waiting -= 1;
                return Err(GateError::Busy);
            }
            state = self
                .freed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// One hash's place inside the gate.
struct Place<'a> {
    gate: &'a Gate,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.gate.lock().free += 1;
        self.gate.freed.notify_one();
    }
}

/// `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`, both in base64 without padding.
struct Stored {
    memory: u32,
    passes: u32,
    lanes: u32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Stored {
    fn phc(&self) -> String {
        format!(
            "$argon2id$v=19$m={},t={},p={}${}${}",
            self.memory,
            self.passes,
            self.lanes,
            BASE64_NOPAD.encode(&self.salt),
            BASE64_NOPAD.encode(&self.hash)
        )
    }

    fn parse(phc: &str) -> Result<Self, GateError> {
        Self::read(phc).ok_or(GateError::Stored)
    }

    fn read(phc: &str) -> Option<Self> {
        let mut fields = phc.strip_prefix("$argon2id$v=19$")?.split('$');
        let mut parameters = fields.next()?.split(',');
        let mut parameter = |name: &str, most: u32| -> Option<u32> {
            let number = parameters.next()?.strip_prefix(name)?.parse().ok()?;
            (1..=most).contains(&number).then_some(number)
        };
        let stored = Self {
            memory: parameter("m=", MOST_MEMORY)?,
            passes: parameter("t=", MOST_PASSES)?,
            lanes: parameter("p=", MOST_LANES)?,
            salt: BASE64_NOPAD.decode(fields.next()?.as_bytes()).ok()?,
            hash: BASE64_NOPAD.decode(fields.next()?.as_bytes()).ok()?,
        };
        let whole = parameters.next().is_none()
            && fields.next().is_none()
            && (8..=64).contains(&stored.salt.len())
            && (16..=64).contains(&stored.hash.len());
        whole.then_some(stored)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn a_password_verifies_and_others_do_not() {
        let gate = Gate::new(GateLimits::default());
        let password = Secret::new("correct horse battery");
        let phc = gate.hash(&password).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert_ne!(phc, gate.hash(&password).unwrap());
        assert!(gate.verify(&password, Some(&phc)).unwrap());
        assert!(!gate.verify(&Secret::new("wrong"), Some(&phc)).unwrap());
        assert!(!gate.verify(&password, None).unwrap());
        assert!(!gate.verify(&Secret::new(""), None).unwrap());
    }

    #[test]
    fn over_long_passwords_are_never_right() {
        let gate = Gate::new(GateLimits::default());
        let long = Secret::new("x".repeat(LONGEST + 1));
        assert!(matches!(gate.hash(&long), Err(GateError::TooLong)));
        let phc = gate.hash(&Secret::new("")).unwrap();
        assert!(!gate.verify(&long, Some(&phc)).unwrap());
    }

    #[test]
    fn other_parameters_verify_within_bounds() {
        let gate = Gate::new(GateLimits::default());
        // From the reference implementation: echo -n password | argon2 somesalt -id -t 2 -k 256
        let phc = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ\
                   $nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        assert!(gate.verify(&Secret::new("password"), Some(phc)).unwrap());
        let larger = Stored {
            memory: MOST_MEMORY,
            passes: 1,
            lanes: 4,
            salt: vec![1; 16],
            hash: vec![0; 32],
        };
        assert!(
            !gate
                .verify(&Secret::new("password"), Some(&larger.phc()))
                .unwrap()
        );
        assert_eq!(gate.lock().free, GateLimits::default().at_once);
        for phc in [
            "",
            "$argon2id$v=19$m=65537,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=11,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=5$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=1,x=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65",
            "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        ] {
            let result = gate.verify(&Secret::new("password"), Some(phc));
            assert!(matches!(result, Err(GateError::Stored)), "{phc}");
        }
    }

    #[test]
    fn the_gate_is_busy_when_queue_or_patience_end() {
        let gate = Arc::new(Gate::new(GateLimits {
            at_once: 1,
            queue: 1,
            wait: Duration::from_millis(300),
        }));
        let place = gate.enter().unwrap();
        let waiting = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.hash(&Secret::new("x")))
        };
        while gate.lock().waiting == 0 {
            thread::yield_now();
        }
        let asked = Instant::now();
        assert!(matches!(gate.hash(&Secret::new("x")), Err(GateError::Busy)));
        assert!(asked.elapsed() < Duration::from_millis(200));
        assert!(matches!(waiting.join().unwrap(), Err(GateError::Busy)));
        drop(place);
        assert!(gate.hash(&Secret::new("x")).is_ok());
    }
}
