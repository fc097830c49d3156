//! Signing in with a break-glass account.
//!
//! The order matters: the throttle, so that guessing is slow; then the gate, so that guessing takes
//! no memory; then one answer for every reason to refuse, at the same cost. An account that is
//! disabled, not armed, or not open to this network is looked at no further than its name, but an
//! unknown one takes as long.

use std::net::IpAddr;

use rusqlite::{Connection, params};
use serde_json::json;

use super::account::{by_key, password_hash};
use super::refusal::{Refusal, SignInError};
use super::{Operator, name_key, record};
use crate::access::password::{Gate, GateError};
use crate::access::second_factor::{self, Checked};
use crate::access::secret::Secret;
use crate::access::session::{self, NewSession, Subject};
use crate::access::throttle::{self, Key};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, AuthorKind, Via};
use crate::observe::event::{self, Event};
use crate::saml::name_id::NameSpace;
use crate::store::{Store, StoreError};

/// What somebody signs in with, and from where.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The account's name, however it is typed.
    pub name: String,
    /// Its password.
    pub password: Secret,
    /// A code, where the account has a second factor; else not looked at.
    pub code: Option<Secret>,
    /// The browser's address.
    pub client: IpAddr,
    /// Its `User-Agent`.
    pub user_agent: String,
}

/// Signs in, for one hour. Returns the account and the cookie's value. The use is announced in the
/// same transaction: as an audit line, as an event, and to every webhook that wants it.
///
/// # Errors
/// [`SignInError`], of which only [`SignInError::Refused`] says anything about the credentials; and
/// why, only to whoever reads the trace.
pub fn sign_in(
    store: &Store,
    gate: &Gate,
    credentials: Credentials,
    now: Timestamp,
) -> Result<(Operator, Secret), SignInError> {
    let Credentials {
        name,
        password,
        code,
        client,
        user_agent,
    } = credentials;
    let client = client.to_canonical();
    let key = name_key(&name);

    let first = key.clone();
    let (door, keys) = store.write(move |tx| {
        let door = Door::find(tx, &first, client, now)?;
        // Guesses from where an account doesn't open must not keep its owner waiting.
        let account = match door {
            Door::Closed(Refusal::Network(_)) => Key::account_from_outside(&first),
            _ => Key::account(&first),
        };
        let keys = [account, Key::address(client)];
        throttle::attempt(tx, &keys, now)?;
        Ok::<_, SignInError>((door, keys))
    })?;

    let right = match gate.verify(&password, door.hash()) {
        Ok(right) => right,
        Err(GateError::Busy) => {
            // Nothing was learnt about the password, so nothing is held against anyone.
            store.write(move |tx| throttle::given_back(tx, &keys, now))?;
            return Err(SignInError::Busy);
        }
        Err(error) => {
            tracing::error!(%error, "a break-glass password could not be verified");
            false
        }
    };

    // A wrong password goes the same way as a right one with a wrong code, to take as long.
    let outcome = store.write(move |tx| {
        // The gate takes its time: the account may have been disabled or got another password.
        let operator = match (door, Door::find(tx, &key, client, now)?) {
            (_, Door::Closed(refusal)) | (Door::Closed(refusal), _) => return Err(refusal.into()),
            (Door::Open(_, before), Door::Open(operator, hash)) if before == hash => operator,
            (Door::Open(before, _), Door::Open(..)) => {
                return Err(Refusal::Changed(before.name).into());
            }
        };
        if !right {
            return Err(Refusal::Password(operator.name).into());
        }
        if operator.second_factor {
            let code = code.as_ref().map_or("", Secret::expose);
            if second_factor::check(tx, &operator.id, code, now)? != Checked::Passed {
                return Err(Refusal::Code(operator.name).into());
            }
        }
        let [account, address] = keys;
        throttle::cleared(tx, &account)?;
        throttle::given_back(tx, &[address], now)?;
        open(tx, *operator, client, user_agent, now)
    });
    if let Err(SignInError::Refused(Refusal::Code(name))) = &outcome {
        tell_of_wrong_code(store, name.clone(), client, now);
    }
    outcome
}

fn open(
    tx: &Connection,
    mut operator: Operator,
    client: IpAddr,
    user_agent: String,
    now: Timestamp,
) -> Result<(Operator, Secret), SignInError> {
    tx.prepare_cached("UPDATE operators SET last_used_at = ?2 WHERE id = ?1")
        .and_then(|mut statement| statement.execute(params![operator.id, now.millis()]))
        .map_err(StoreError::from)?;
    operator.last_used_at = Some(now);
    let by = Author {
        kind: AuthorKind::Operator,
        id: Some(operator.id.clone()),
        name: operator.name.clone(),
        client: Some(client),
        via: Via::Page,
    };
    let detail = audit::detail([
        ("method", json!("break-glass")),
        ("second_factor", json!(operator.second_factor)),
    ]);
    record(tx, "break-glass.used", &operator, detail, &by, now)?;
    let event = Event {
        kind: event::BREAK_GLASS_USED,
        organization_id: None,
        data: audit::detail([
            ("account", json!(operator.name)),
            ("client", json!(client)),
            ("second_factor", json!(operator.second_factor)),
        ]),
    };
    event::append(tx, &event, now)?;
    let session = NewSession {
        subject: Subject::Operator(operator.id.clone()),
        provider_id: None,
        method: session::Method::BreakGlass,
        name_id: None,
        name_space: NameSpace::default(),
        session_index: None,
        not_on_or_after: None,
        client: client.to_string(),
        user_agent,
    };
    let token = session::open(tx, session, now)?;
    Ok((operator, token))
}

/// Somebody has the password and not the code: that has to stand in the log for good. The throttle
/// lets it happen once a minute at most.
fn tell_of_wrong_code(store: &Store, name: String, client: IpAddr, now: Timestamp) {
    store.write_later(move |tx| {
        let Some(operator) = by_key(tx, &name_key(&name))? else {
            return Ok(());
        };
        let by = Author {
            kind: AuthorKind::Visitor,
            id: None,
            name: "somebody with the password".to_owned(),
            client: Some(client),
            via: Via::Page,
        };
        let detail = audit::detail([]);
        record(tx, "break-glass.code-refused", &operator, detail, &by, now)
    });
}

/// An account as a stranger finds it.
enum Door {
    /// It opens to the right password, whose hash this is.
    Open(Box<Operator>, String),
    /// It opens to nothing.
    Closed(Refusal),
}

impl Door {
    fn find(
        conn: &Connection,
        key: &str,
        client: IpAddr,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let Some(operator) = by_key(conn, key)? else {
            return Ok(Self::Closed(Refusal::Unknown));
        };
        let name = operator.name.clone();
        Ok(if operator.disabled_at.is_some() {
            Self::Closed(Refusal::Disabled(name))
        } else if !operator.networks.allow(client) {
            Self::Closed(Refusal::Network(name))
        } else if !operator.is_armed(now) {
            Self::Closed(Refusal::NotArmed(name))
        } else {
            let hash = password_hash(conn, &operator.id)?;
            Self::Open(Box::new(operator), hash)
        })
    }

    fn hash(&self) -> Option<&str> {
        match self {
            Self::Open(_, hash) => Some(hash),
            Self::Closed(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::access::break_glass::{BreakGlassError, create, disable, reset_password};
    use crate::access::password::GateLimits;
    use crate::access::throttle::ThrottleError;
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
        let credentials = Credentials {
            name: name.to_owned(),
            password: Secret::new(password),
            code: None,
            client: CLIENT,
            user_agent: "test".to_owned(),
        };
        sign_in(store, gate, credentials, NOW)
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
            assert!(matches!(refused, Err(SignInError::Refused(_))), "{name}");
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
                Err(SignInError::Refused(_))
            ));
        }
        for _ in 0..10 {
            assert!(try_in(&store, &gate, "a", "correct horse").is_ok());
        }
        for _ in 0..5 {
            assert!(matches!(
                try_in(&store, &gate, "a", "wrong"),
                Err(SignInError::Refused(_))
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
