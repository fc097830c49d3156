//! Why a sign-in failed: what the trace keeps, and what whoever tried may read.

use std::time::Duration;

use crate::access::throttle::ThrottleError;
use crate::store::StoreError;

/// Why it was refused, for the trace; whoever tried is not told. Each has the account's name where
/// there is such an account: what a stranger typed may be a password in the wrong field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No account has this name.
    Unknown,
    /// The account is disabled.
    Disabled(String),
    /// It doesn't open to this network.
    Network(String),
    /// It needs arming and isn't armed.
    NotArmed(String),
    /// The password is wrong.
    Password(String),
    /// The password is right, the code is missing, wrong or used.
    Code(String),
    /// It got another password at this moment.
    Changed(String),
}

impl Refusal {
    /// A stable word for the trace.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown-account",
            Self::Disabled(_) => "account-disabled",
            Self::Network(_) => "network-not-allowed",
            Self::NotArmed(_) => "not-armed",
            Self::Password(_) => "wrong-password",
            Self::Code(_) => "wrong-code",
            Self::Changed(_) => "password-changed",
        }
    }

    /// A sentence for the trace, with what to do.
    pub fn summary(&self) -> String {
        match self {
            Self::Unknown => "there is no account of the name that was typed".to_owned(),
            Self::Disabled(name) => format!("{name} is disabled: portcullis break-glass enable"),
            Self::Network(name) => {
                format!("{name} does not open to this network: portcullis break-glass set")
            }
            Self::NotArmed(name) => {
                format!("{name} needs arming and is not armed: portcullis break-glass arm")
            }
            Self::Password(name) => format!("the password of {name} was wrong"),
            Self::Code(name) => {
                format!("the password of {name} was right, its code missing, wrong or used")
            }
            Self::Changed(name) => format!("{name} got another password at this moment"),
        }
    }
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
    /// Anything wrong with the name, the password, the code, the place or the time: nobody is told
    /// which.
    #[error("name, password or code is wrong")]
    Refused(Refusal),
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl From<Refusal> for SignInError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
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
