//! Break-glass accounts: the way in when the identity provider is down or misconfigured.
//!
//! Such an account is no user. It belongs to no organization, SCIM never sees it, no assertion is
//! ever matched to it. It signs in with a password, and a code where it has a second factor, for
//! an hour; each use is announced, and whatever it does is recorded. Where and when it opens can be
//! limited ([`Networks`], [`arm`]), and a drill ([`drill`]) proves that it still does.

mod account;
mod arming;
mod change;
mod code;
pub mod drill;
mod networks;
pub mod notice;
mod refusal;
mod sign_in;

use rusqlite::Connection;
use serde_json::{Map, Value};

pub use self::account::{Operator, View, create, find, find_enabled, first_start, list, view};
pub use self::arming::{MOST_HOURS, arm, disarm};
pub use self::change::{Change, change, disable, enable, reset_password, warnings};
pub use self::code::{begin_second_factor, confirm_second_factor, remove_second_factor};
pub use self::networks::Networks;
pub use self::refusal::{Refusal, SignInError};
pub use self::sign_in::{Credentials, sign_in};
use super::password::GateError;
use super::second_factor::SecondFactorError;
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry};
use crate::store::StoreError;

/// Characters of a password that somebody chose.
pub const SHORTEST_PASSWORD: usize = 12;

const LONGEST_NAME: usize = 64;

/// Accounts that a list shows and that there can be.
const MOST: i64 = 100;

/// Why an account was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum BreakGlassError {
    /// Not usable as a name.
    #[error("a break-glass name has 1 to {LONGEST_NAME} characters without spaces or controls")]
    Name,
    /// A chosen password that is too short.
    #[error("a break-glass password has at least {SHORTEST_PASSWORD} characters")]
    TooShort,
    /// The name is in use.
    #[error("there is a break-glass account of that name already")]
    Taken,
    /// There are as many accounts as there can be.
    #[error("there are {MOST} break-glass accounts already")]
    TooMany,
    /// No account has this name.
    #[error("there is no break-glass account of that name")]
    Unknown,
    /// Disabling it would leave no way in.
    #[error("this is the last enabled break-glass account")]
    Last,
    /// It is disabled.
    #[error("this break-glass account is disabled; enable it first")]
    Disabled,
    /// Not a network.
    #[error("`{0}` is no network; expected one such as 10.0.0.0/8 or an address")]
    Network(String),
    /// More networks than an account can have.
    #[error("a break-glass account has at most {} networks", Networks::MOST)]
    TooManyNetworks,
    /// Not as many hours as an account can be armed for.
    #[error("an account is armed for 1 to {MOST_HOURS} hours")]
    Hours,
    /// It opens without.
    #[error(
        "this break-glass account needs no arming; `portcullis break-glass set NAME \
         --needs-arming true` makes it need it"
    )]
    NeedsNoArming,
    /// A second factor that could not be set up.
    #[error(transparent)]
    SecondFactor(#[from] SecondFactorError),
    /// The password couldn't be hashed.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for BreakGlassError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

fn record(
    tx: &Connection,
    action: &'static str,
    operator: &Operator,
    detail: Map<String, Value>,
    by: &Author,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entry = Entry {
        action,
        organization_id: None,
        target: audit::Target {
            kind: "break-glass-account",
            id: Some(&operator.id),
            name: &operator.name,
        },
        detail,
    };
    audit::record(tx, by, &entry, now).map(|_| ())
}

/// Tells that the owner of a session signed out.
pub fn signed_out(
    tx: &Connection,
    operator: &Operator,
    by: &Author,
    now: Timestamp,
) -> Result<(), StoreError> {
    record(tx, "break-glass.signed-out", operator, Map::new(), by, now)
}

fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

fn usable(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.chars().count())
        && !name.chars().any(|c| c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::access::password::{Gate, GateLimits};
    use crate::access::secret::Secret;
    use crate::access::session;
    use crate::store::Store;
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

    #[test]
    fn a_new_password_ends_sessions() {
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
        let (_, token) = try_in(&store, &gate, "a", "correct horse").unwrap();
        reset_password(&store, &gate, "A", None, &by(), NOW).unwrap();
        let found = store
            .read(|conn| session::find(conn, &token.hash(), NOW))
            .unwrap();
        assert!(found.is_none());
        assert!(matches!(
            try_in(&store, &gate, "a", "correct horse"),
            Err(SignInError::Refused(_))
        ));
        assert!(matches!(
            reset_password(&store, &gate, "b", None, &by(), NOW),
            Err(BreakGlassError::Unknown)
        ));
    }

    #[test]
    fn the_last_enabled_account_stays() {
        let (store, gate) = (scratch::store(), gate());
        create(&store, &gate, "a", None, &by(), NOW).unwrap();
        create(
            &store,
            &gate,
            "b",
            Some(Secret::new("correct horse")),
            &by(),
            NOW,
        )
        .unwrap();
        let (operator, token) = try_in(&store, &gate, "b", "correct horse").unwrap();
        store
            .write(|tx| disable(tx, "b", false, &by(), NOW))
            .unwrap();
        let found = store
            .read(|conn| session::find(conn, &token.hash(), NOW))
            .unwrap();
        assert!(found.is_none());
        let id = operator.id;
        assert!(
            store
                .read(|conn| find_enabled(conn, &id))
                .unwrap()
                .is_none()
        );
        let last = store.write(|tx| disable(tx, "a", false, &by(), NOW));
        assert!(matches!(last, Err(BreakGlassError::Last)));
        assert!(store.write(|tx| disable(tx, "a", true, &by(), NOW)).is_ok());
        assert!(
            store
                .write(|tx| enable(tx, "b", &by(), NOW))
                .unwrap()
                .disabled_at
                .is_none()
        );
        assert_eq!(store.read(list).unwrap().len(), 2);
    }

    #[test]
    fn names_and_passwords_have_bounds() {
        let (store, gate) = (scratch::store(), gate());
        for name in ["", " ", "a b", "a\nb", &"x".repeat(65)] {
            let made = create(&store, &gate, name, None, &by(), NOW);
            assert!(matches!(made, Err(BreakGlassError::Name)), "{name:?}");
        }
        let short = create(
            &store,
            &gate,
            "a",
            Some(Secret::new("eleven char")),
            &by(),
            NOW,
        );
        assert!(matches!(short, Err(BreakGlassError::TooShort)));
    }

    #[test]
    fn the_first_start_makes_one_account() {
        let (store, gate) = (scratch::store(), gate());
        let (name, password) = first_start(&store, &gate, None, None, &by(), NOW)
            .unwrap()
            .unwrap();
        assert!(
            name.starts_with("break-glass-") && name.len() == 16,
            "{name}"
        );
        assert!(try_in(&store, &gate, &name, password.unwrap().expose()).is_ok());
        assert!(
            first_start(&store, &gate, None, None, &by(), NOW)
                .unwrap()
                .is_none()
        );

        let store = scratch::store();
        let given = Some(Secret::new("given by a file"));
        let (name, password) = first_start(&store, &gate, Some("Second"), given, &by(), NOW)
            .unwrap()
            .unwrap();
        assert!(password.is_none());
        assert!(try_in(&store, &gate, &name, "given by a file").is_ok());
    }
}
