//! What whoever looks at the console should know: that a break-glass account was used, that its
//! password should be another one by now, that an announcement did not arrive.

use std::time::Duration;

use rusqlite::Connection;
use serde::Serialize;
use serde_json::Value;

use super::list;
use crate::clock::Timestamp;
use crate::observe::{event, webhook};
use crate::store::StoreError;

/// How long a use is shown.
pub const SHOWN: Duration = Duration::from_secs(7 * 86_400);

/// Notices of one kind at once.
const MOST: usize = 20;

/// A sentence for a banner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// A stable word.
    pub kind: &'static str,
    /// When it came about.
    pub at: Timestamp,
    /// What to read.
    pub text: String,
}

/// For the admins of an organization: that it happened. Which account it was and from where is the
/// operators' business, as an account's name is half a secret.
pub fn for_admins(conn: &Connection, now: Timestamp) -> Result<Vec<Notice>, StoreError> {
    let used = event::later_than(conn, event::BREAK_GLASS_USED, None, now.minus(SHOWN), MOST)?;
    let text = "A break-glass account was used. If you don't know why, ask whoever runs this \
                Portcullis.";
    let notice = |event: event::Recorded| Notice {
        kind: "break-glass-used",
        at: event.at,
        text: text.to_owned(),
    };
    Ok(used.into_iter().map(notice).collect())
}

/// For operators: which account, from where, and what is left to do.
pub fn for_operators(conn: &Connection, now: Timestamp) -> Result<Vec<Notice>, StoreError> {
    let mut notices = Vec::new();
    for operator in list(conn)? {
        if let Some(at) = operator.last_used_at
            && operator.password_used()
            && operator.disabled_at.is_none()
        {
            let name = &operator.name;
            notices.push(Notice {
                kind: "password-used",
                at,
                text: format!(
                    "The password of break-glass account {name} was used and should be another \
                     one. On the machine: portcullis break-glass reset-password {name}"
                ),
            });
        }
    }
    for used in event::later_than(conn, event::BREAK_GLASS_USED, None, now.minus(SHOWN), MOST)? {
        let word = |key: &str| used.data.get(key).and_then(Value::as_str).unwrap_or("?");
        notices.push(Notice {
            kind: "break-glass-used",
            at: used.at,
            text: format!(
                "Break-glass account {} signed in from {}.",
                word("account"),
                word("client")
            ),
        });
    }
    for lost in webhook::given_up(conn, now.minus(SHOWN), MOST)? {
        notices.push(Notice {
            kind: "webhook-given-up",
            at: lost.at,
            text: format!(
                "An announcement never reached the webhook at {}: {}.",
                lost.origin, lost.error
            ),
        });
    }
    Ok(notices)
}
