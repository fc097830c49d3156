//! A local user proves again who they are: password, and the code where they have a second factor.
//! Counts like an attempt to sign in, and is answered like one.

use std::net::IpAddr;

use rusqlite::Connection;
use serde_json::Value;

use super::local_sign_in::{self, LocalSignInError};
use super::user::{self, User};
use super::way_in;
use crate::access::password::Gate;
use crate::access::second_factor::{self, Checked};
use crate::access::secret::Secret;
use crate::access::session::{self, Again};
use crate::access::throttle::{self, Key};
use crate::clock::Timestamp;
use crate::observe::audit::{self, Author, Entry};
use crate::store::{Store, StoreError};

/// Makes the session of this cookie's hash recent and returns its new value.
///
/// # Errors
/// [`LocalSignInError`], of which only `Refused` says anything about what was given.
pub fn prove(
    store: &Store,
    gate: &Gate,
    user: &User,
    (password, code): (&Secret, Option<&str>),
    hash: [u8; 32],
    client: IpAddr,
    now: Timestamp,
) -> Result<Secret, LocalSignInError> {
    local_sign_in::prove(store, gate, user, password, client, now)?;
    let keys = [
        Key::account(&format!("code {}", user.id)),
        Key::address(client),
    ];
    let (user, code) = (user.clone(), code.unwrap_or_default().to_owned());
    // A wrong code is an outcome and no error, so that its attempt stays counted.
    store.write(move |tx| {
        let confirmed = second_factor::is_confirmed(tx, &user.id)?;
        if confirmed {
            throttle::attempt(tx, &keys, now)?;
            if second_factor::check(tx, &user.id, &code, now)? == Checked::Wrong {
                return Ok(Err(LocalSignInError::Refused));
            }
            let [account, address] = &keys;
            throttle::cleared(tx, account)?;
            throttle::given_back(tx, std::slice::from_ref(address), now)?;
        }
        // The gate takes its time: the user may have been switched off, or must come another way.
        let usable = user::find(tx, &user.id)?.is_some_and(|user| user.active)
            && way_in::no_password(tx, &user)?.is_none();
        if !usable {
            return Ok(Err(LocalSignInError::Refused));
        }
        let again = Again {
            authenticated_at: now,
            name: None,
            session_index: None,
            not_on_or_after: None,
        };
        let Some(token) = session::proved_again(tx, &hash, &again)? else {
            return Ok(Err(LocalSignInError::Refused));
        };
        let detail = serde_json::json!({ "method": "password", "second_factor": confirmed });
        told(
            tx,
            &user,
            detail,
            &local_sign_in::person(&user, client),
            now,
        )?;
        Ok::<_, LocalSignInError>(Ok(token))
    })?
}

/// Tells the audit log that the owner of a session proved again who they are.
pub fn told(
    tx: &Connection,
    user: &User,
    detail: Value,
    by: &Author,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entry = Entry {
        action: "session.stepped-up",
        organization_id: Some(&user.organization_id),
        target: audit::Target {
            kind: "user",
            id: Some(&user.id),
            name: &user.user_name,
        },
        detail: audit::detail([("proof", detail)]),
    };
    audit::record(tx, by, &entry, now)?;
    Ok(())
}
