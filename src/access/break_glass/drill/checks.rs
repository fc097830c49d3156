//! What a drill looks at, one by one; each says what to do where it doesn't hold.

use std::net::IpAddr;

use rusqlite::Connection;

use super::super::{BreakGlassError, Operator};
use super::Check;
use crate::access::password::GateError;
use crate::access::second_factor::{self as factor, Checked};
use crate::clock::Timestamp;
use crate::store::StoreError;

fn check(check: &'static str, passed: bool, note: impl Into<String>) -> Check {
    Check {
        check,
        passed,
        note: note.into(),
    }
}

pub(super) fn enabled(operator: &Operator) -> Check {
    match operator.disabled_at {
        None => check("enabled", true, "the account is enabled"),
        Some(at) => check(
            "enabled",
            false,
            format!("disabled since {at}: run `portcullis break-glass enable`"),
        ),
    }
}

pub(super) fn password(verified: Result<bool, GateError>) -> Result<Check, BreakGlassError> {
    Ok(match verified {
        Ok(true) => check("password", true, "the password is right"),
        Ok(false) => check(
            "password",
            false,
            "the password is wrong: look for the one that was kept last, or run `portcullis \
             break-glass reset-password`",
        ),
        Err(GateError::Busy) => return Err(GateError::Busy.into()),
        Err(error) => check(
            "password",
            false,
            format!("{error}: run `portcullis break-glass reset-password`"),
        ),
    })
}

pub(super) fn networks(operator: &Operator, from: Option<IpAddr>) -> Check {
    let networks = &operator.networks;
    if !networks.is_readable() {
        let note = "the allowed networks are unreadable, so that nobody is let in: set them with \
                    `portcullis break-glass set`";
        return check("networks", false, note);
    }
    match from {
        Some(from) if !networks.allow(from) => check(
            "networks",
            false,
            format!("{from} is not within {networks}"),
        ),
        Some(from) => check("networks", true, format!("{from} is allowed ({networks})")),
        None => check("networks", true, format!("allowed from {networks}")),
    }
}

pub(super) fn armed(operator: &Operator, now: Timestamp) -> Check {
    match operator.armed_until {
        _ if !operator.needs_arming => check("armed", true, "it needs no arming"),
        Some(until) if until > now => check("armed", true, format!("armed until {until}")),
        _ => check(
            "armed",
            false,
            "it has to be armed first: run `portcullis break-glass arm NAME --hours 1`",
        ),
    }
}

pub(super) fn second_factor(
    tx: &Connection,
    operator: &Operator,
    code: Option<&str>,
    now: Timestamp,
) -> Result<Check, StoreError> {
    let word = "second-factor";
    if !operator.second_factor {
        return Ok(check(word, true, "there is none"));
    }
    let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else {
        return Ok(check(
            word,
            false,
            "there is one: give its code with --code",
        ));
    };
    if code.chars().filter(char::is_ascii_alphanumeric).count() > 6 {
        let note = "give a code of the application: a recovery code would be used up";
        return Ok(check(word, false, note));
    }
    Ok(match factor::check(tx, &operator.id, code, now)? {
        Checked::Passed => check(word, true, "the code is right"),
        Checked::Wrong => check(
            word,
            false,
            "the code is wrong or was used: give the newest, and compare the device's clock with \
             this machine's",
        ),
    })
}

pub(super) fn session(opened: bool, found: bool, ended: bool) -> Check {
    match (opened, found, ended) {
        (false, _, _) => check("session", false, "not tried, as another check didn't hold"),
        (true, true, true) => check(
            "session",
            true,
            "a session opened, was found, and was ended",
        ),
        (true, true, false) => check("session", false, "the session was gone before it was ended"),
        (true, false, _) => check(
            "session",
            false,
            "the session that was opened was not found",
        ),
    }
}
