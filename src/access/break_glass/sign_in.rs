//! Signing in with a break-glass account.
//!
//! The order matters: the throttle, so that guessing is slow; then the gate, so that guessing takes
//! no memory; then one answer for every reason to refuse, at the same cost.

use std::net::IpAddr;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use super::{BreakGlassError, Operator, by_key, name_key, told};
use crate::access::password::{Gate, GateError};
use crate::access::secret::Secret;
use crate::access::session::{self, NewSession, Subject};
use crate::access::throttle::{self, Key, ThrottleError};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, AuthorKind, Via};
use crate::store::{Store, StoreError};

/// Signs in, for one hour. Returns the account and the cookie's value.
///
/// # Errors
/// [`SignInError`], of which only [`SignInError::Refused`] says anything about the password.
pub fn sign_in(
    store: &Store,
    gate: &Gate,
    name: &str,
    password: &Secret,
    client: IpAddr,
    user_agent: &str,
    now: Timestamp,
) -> Result<(Operator, Secret), SignInError> {
    let key = name_key(name);
    let account = Key::account(&key);
    let address = Key::address(client);
    let both = [account.clone(), address.clone()];

    let (reserved, name_key) = (both.clone(), key.clone());
    let stored = store.write(move |tx| {
        throttle::attempt(tx, &reserved, now)?;
        Ok::<_, SignInError>(enabled_hash(tx, &name_key)?)
    })?;

    match gate.verify(password, stored.as_deref()) {
        Ok(true) => {}
        Ok(false) => return Err(SignInError::Refused),
        Err(GateError::Busy) => {
            // Nothing was learnt about the password, so nothing is held against anyone.
            store.write(move |tx| throttle::given_back(tx, &both, now))?;
            return Err(SignInError::Busy);
        }
        Err(error) => {
            tracing::error!(%error, "a break-glass password could not be verified");
            return Err(SignInError::Refused);
        }
    }

    let user_agent = user_agent.to_owned();
    store.write(move |tx| {
        // The gate takes its time: the account may have been disabled or got another password.
        if enabled_hash(tx, &key)? != stored {
            return Err(SignInError::Refused);
        }
        throttle::cleared(tx, &account)?;
        throttle::given_back(tx, &[address], now)?;
        tx.prepare_cached("UPDATE operators SET last_used_at = ?2 WHERE name_key = ?1")
            .and_then(|mut statement| statement.execute(params![key, now.millis()]))
            .map_err(StoreError::from)?;
        let operator = by_key(tx, &key).map_err(|error| match error {
            BreakGlassError::Store(error) => error.into(),
            _ => SignInError::Refused,
        })?;
        let session = NewSession {
            subject: Subject::Operator(operator.id.clone()),
            provider_id: None,
            method: session::Method::BreakGlass,
            name_id: None,
            session_index: None,
            not_on_or_after: None,
            client: client.to_string(),
            user_agent,
        };
        let token = session::open(tx, session, now)?;
        let by = Author {
            kind: AuthorKind::Operator,
            id: Some(operator.id.clone()),
            name: operator.name.clone(),
            client: Some(client),
            via: Via::Page,
        };
        let detail = audit::detail([("method", json!("break-glass"))]);
        told(tx, "break-glass.used", &operator, detail, &by, now)?;
        Ok((operator, token))
    })
}

/// Why a sign-in failed.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Too many failures lately, of this account or from this address.
    #[error("too many failed attempts; try again in {} s", retry_after.as_secs())]
    Throttled {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Too many sign-ins at once: 503 with Retry-After.
    #[error("too many sign-ins at once; try again shortly")]
    Busy,
    /// Wrong name, wrong password or disabled account: nobody is told which.
    #[error("name or password is wrong")]
    Refused,
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for SignInError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Busy,
            error => Self::Store(error),
        }
    }
}

impl From<ThrottleError> for SignInError {
    fn from(error: ThrottleError) -> Self {
        match error {
            ThrottleError::Throttled { retry_after } => Self::Throttled { retry_after },
            ThrottleError::Store(error) => error.into(),
        }
    }
}

fn enabled_hash(conn: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT password_hash FROM operators WHERE name_key = ?1 AND disabled_at IS NULL",
        )?
        .query_row([key], |row| row.get(0))
        .optional()?)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::thread;

    use super::*;
    use crate::access::break_glass::{create, disable, reset_password};
    use crate::access::password::GateLimits;
    use crate::store::scratch;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    fn by() -> Author {
        Author::command_line()
    }

    fn gate() -> Gate {
        Gate::new(GateLimits::default())
    }

    fn try_in(
        store: &Store,
        gate: &Gate,
        name: &str,
        password: &str,
    ) -> Result<(Operator, Secret), SignInError> {
        sign_in(
            store,
            gate,
            name,
            &Secret::new(password),
            CLIENT,
            "test",
            NOW,
        )
    }

    fn failures(store: &Store, key: &Key) -> bool {
        let keys = [key.clone()];
        store
            .read(|conn| match throttle::check(conn, &keys, NOW) {
                Ok(()) => Ok::<_, StoreError>(false),
                Err(ThrottleError::Throttled { .. }) => Ok(true),
                Err(ThrottleError::Store(error)) => Err(error),
            })
            .unwrap()
    }

    #[test]
    fn signs_in_for_an_hour_and_is_recorded() {
        let (store, gate) = (scratch::store(), gate());
        let (made, generated) = create(&store, &gate, "Root", None, &by(), NOW).unwrap();
        let password = generated.unwrap();
        let (operator, token) = try_in(&store, &gate, " rOOT ", password.expose()).unwrap();
        assert_eq!(operator.id, made.id);
        assert_eq!(operator.last_used_at, Some(NOW));
        let found = |now| {
            store
                .read(|conn| session::find(conn, &token.hash(), now))
                .unwrap()
        };
        let session = found(NOW).unwrap();
        assert_eq!(session.subject, Subject::Operator(made.id));
        assert_eq!(session.expires_at, NOW.plus(Duration::from_secs(3600)));
        assert!(matches!(
            create(&store, &gate, "ROOT", None, &by(), NOW),
            Err(BreakGlassError::Taken)
        ));
    }

    #[test]
    fn every_refusal_is_the_same() {
        let (store, gate) = (scratch::store(), gate());
        let password = || Some(Secret::new("correct horse"));
        create(&store, &gate, "a", password(), &by(), NOW).unwrap();
        create(&store, &gate, "b", password(), &by(), NOW).unwrap();
        store
            .write(|tx| disable(tx, "b", false, &by(), NOW))
            .unwrap();
        for (name, password) in [
            ("a", "wrong"),
            ("b", "correct horse"),
            ("c", "correct horse"),
        ] {
            let refused = try_in(&store, &gate, name, password);
            assert!(matches!(refused, Err(SignInError::Refused)), "{name}");
        }
    }

    #[test]
    fn failures_throttle_and_success_clears() {
        let (store, gate) = (scratch::store(), gate());
        create(
            &store,
            &gate,
            "a",
            Some(Secret::new("correct horse")),
            &by(),
            NOW,
        )
        .unwrap();
        for _ in 0..4 {
            assert!(matches!(
                try_in(&store, &gate, "a", "wrong"),
                Err(SignInError::Refused)
            ));
        }
        for _ in 0..10 {
            assert!(try_in(&store, &gate, "a", "correct horse").is_ok());
        }
        for _ in 0..5 {
            assert!(matches!(
                try_in(&store, &gate, "a", "wrong"),
                Err(SignInError::Refused)
            ));
        }
        assert!(matches!(
            try_in(&store, &gate, "a", "correct horse"),
            Err(SignInError::Throttled { .. })
        ));
        // Successes were not held against the address: 4 + 5 failures of 20.
        assert!(!failures(&store, &Key::address(CLIENT)));
        reset_password(
            &store,
            &gate,
            "a",
            Some(Secret::new("another horse")),
            &by(),
            NOW,
        )
        .unwrap();
        assert!(try_in(&store, &gate, "a", "another horse").is_ok());
    }

    #[test]
    fn guesses_at_once_do_not_slip_past_the_throttle() {
        let (store, gate) = (scratch::store(), gate());
        create(
            &store,
            &gate,
            "a",
            Some(Secret::new("correct horse")),
            &by(),
            NOW,
        )
        .unwrap();
        let looked_at = thread::scope(|scope| {
            let threads: Vec<_> = (0..32)
                .map(|_| scope.spawn(|| try_in(&store, &gate, "a", "wrong")))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .filter(|result| !matches!(result, Err(SignInError::Throttled { .. })))
                .count()
        });
        assert_eq!(looked_at, 5);
    }

    #[test]
    fn a_full_gate_holds_nothing_against_anyone() {
        let store = scratch::store();
        let gate = Gate::new(GateLimits {
            at_once: 1,
            queue: 0,
            wait: Duration::ZERO,
        });
        create(
            &store,
            &gate,
            "a",
            Some(Secret::new("correct horse")),
            &by(),
            NOW,
        )
        .unwrap();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| while try_in(&store, &gate, "a", "correct horse").is_err() {});
            }
        });
        assert!(!failures(&store, &Key::account("a")));
    }
}
