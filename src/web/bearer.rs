//! API tokens in requests, and what is said to those that don't work.

use std::time::Duration;

use super::route::takes_tokens;
use super::{App, Problem};
use crate::access::api_token::{self, Presented};
use crate::clock::Timestamp;
use crate::edge::Request;

/// What a request presents. Outside of `/api/` and `/metrics` an API token says nothing.
///
/// Where there is a token it counts, and no cookie beside it. Since no browser sends one by
/// itself, the cross-origin rule doesn't concern such a request.
pub(super) fn presented(request: &Request) -> Presented<'_> {
    if !takes_tokens(&request.path) {
        return Presented::Nothing;
    }
    match api_token::presented(request.headers.all("authorization")) {
        // A field that can't be read.
        Presented::Nothing if is_unreadable(request) => Presented::Other,
        found => found,
    }
}

fn is_unreadable(request: &Request) -> bool {
    request.headers.contains("authorization") && request.header("authorization").is_none()
}

/// What is said to a token that doesn't work.
pub(super) fn refused(app: &App, request: &Request, now: Timestamp) -> Problem {
    let client = request.client.address;
    match app.wrong_tokens.count(client, now) {
        Ok(()) => {
            tracing::info!(%client, "API token refused");
            Problem::new(
                401,
                "token-refused",
                "This is no API token that works: it is unknown, expired or revoked, or its owner \
                 may not come in any more. Send one as `Authorization: Bearer ptc_api_...`.",
            )
        }
        Err(wait) => too_many(wait),
    }
}

/// What is said to one more wrong token of an address that has sent too many.
pub(super) fn too_many(wait: Duration) -> Problem {
    Problem {
        retry_after: Some(wait),
        ..Problem::new(
            429,
            "too-many-wrong-tokens",
            "Too many wrong tokens came from this address, and this one is wrong, too.",
        )
    }
}
