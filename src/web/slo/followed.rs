//! The identity provider says that somebody signed out there: their sessions here end, and it is
//! told so (SAML profiles section 4.4.3).

use rusqlite::Connection;
use serde_json::json;

use super::super::onward::Form;
use super::super::route::Call;
use super::super::{App, Problem};
use super::{Peer, pages, refused};
use crate::access::followed_logout::{self, Followed};
use crate::access::session::{self, Subject};
use crate::access::sign_in_request;
use crate::clock::Timestamp;
use crate::directory::provider::{Binding, Provider};
use crate::directory::{DirectoryError, user};
use crate::edge::Response;
use crate::observe::audit::Author;
use crate::observe::trace::{self, About, Kind, Outcome, Record, Source};
use crate::saml::logout::{self, LogoutRequest, Message, NewLogoutResponse};
use crate::saml::refusal::Refusal;
use crate::saml::request;
use crate::store::random;

/// Follows a LogoutRequest and answers it: whatever becomes of the answer, the sessions are over.
pub(super) fn follow(
    app: &App,
    call: &Call<'_>,
    peer: &Peer,
    by: Binding,
    message: Message,
) -> Result<Response, Problem> {
    let relay_state = message.relay_state.clone().unwrap_or_default();
    let slo_url = app.public.slo(&peer.provider.id);
    let expected = peer.expected(&slo_url, peer.logout.unsigned_requests);
    let keys = app.service_keys()?;
    let request = match message.request(&expected, &keys.decryption, call.now) {
        Ok(request) => request,
        Err(refusal) => return no(app, call, peer, &refusal),
    };
    let request_id = request.id.clone();
    let ended = {
        let (its, author, now) = (peer.provider.clone(), peer.author(call), call.now);
        let source = Source::Address(call.request.client.address);
        app.store
            .write(move |tx| end(tx, &its, request, &author, &source, now))
    };
    let outcome = match ended {
        Ok(Some(outcome)) => outcome,
        Ok(None) => {
            let replayed = Refusal::after(
                Vec::new(),
                "logout-replayed",
                "a LogoutRequest that was not used before",
                "one that was",
            );
            return no(app, call, peer, &replayed);
        }
        // Nothing ended, so the identity provider hears no success; it may ask again.
        Err(problem) => {
            tracing::error!(provider = %peer.provider.id, problem = %problem.code, "logout failed");
            logout::Outcome::Failed
        }
    };
    let Some((binding, destination)) = peer.logout.answers(by) else {
        return Ok(peer.framed(pages::nowhere_to_answer(outcome), None));
    };
    let answer = NewLogoutResponse {
        id: &request::id(random::bytes()),
        in_response_to: &request_id,
        issue_instant: call.now,
        destination,
        issuer: &app.public.entity_id(&peer.provider.id),
        outcome,
    };
    let failed = |e: crate::saml::signing::SigningError| DirectoryError::Keys(e.to_string());
    match binding {
        Binding::Redirect => {
            let url = answer.redirect_url(&relay_state, &keys.signing);
            Ok(Response::new(303).header("Location", url.map_err(failed)?))
        }
        Binding::Post => {
            let value = answer.form_value(&keys.signing).map_err(failed)?;
            let response = Form {
                destination,
                field: "SAMLResponse",
                value: &value,
                relay_state: &relay_state,
            };
            let page = pages::answering(&peer.provider, &response);
            let target = crate::directory::provider::origin(destination);
            Ok(peer.framed(page, target.as_deref()))
        }
    }
}

fn no(
    app: &App,
    call: &Call<'_>,
    peer: &Peer,
    refusal: &crate::saml::refusal::Refusal,
) -> Result<Response, Problem> {
    let reference = refused(app, call, peer, refusal)?;
    Ok(peer.framed(pages::request_refused(&reference), None))
}

/// Ends what the request names, in one change with its trace; `None` if it was used before.
fn end(
    tx: &Connection,
    its: &Provider,
    request: LogoutRequest,
    by: &Author,
    source: &Source,
    now: Timestamp,
) -> Result<Option<logout::Outcome>, Problem> {
    // No ID of an assertion has a colon in it (xs:ID), so the two can't meet.
    let once = format!("logout:{}", request.id);
    if sign_in_request::assertion_seen(tx, &its.id, &once, request.replay_until)? {
        return Ok(None);
    }
    if request.signed {
        let followed = Followed {
            provider_id: &its.id,
            name_id: &request.name_id,
            session_indexes: &request.session_indexes,
            issued_at: request.issued_at,
            until: request.replay_until,
        };
        followed_logout::keep(tx, &followed)?;
    }
    let (mut ended, mut kept) = (0, 0);
    for found in session::of_name_id(tx, &its.id, &request.name_id, now)? {
        if !found.name_space.agrees_with(&request.name_space) || !names(&request, &found) {
            continue;
        }
        match session::end_by_id(tx, &found.id) {
            Ok(true) => ended += 1,
            Ok(false) => continue,
            Err(error) => {
                tracing::error!(session = %found.id, error = %error, "a session did not end");
                kept += 1;
                continue;
            }
        }
        if let Subject::User(id) = &found.subject
            && let Some(user) = user::find(tx, id)?
        {
            user::signed_out(tx, &user, by, now)?;
        }
    }
    let outcome = match (ended, kept) {
        (_, 0) => logout::Outcome::Done,
        (0, _) => logout::Outcome::Failed,
        _ => logout::Outcome::Partial,
    };
    let record = Record {
        kind: Kind::Saml,
        organization_id: Some(its.organization_id.clone()),
        provider_id: Some(its.id.clone()),
        outcome: Outcome::Accepted,
        code: "ok".to_owned(),
        about: About::default(),
        summary: match kept {
            0 => format!("signed out at the identity provider: {ended} sessions ended"),
            _ => format!(
                "signed out at the identity provider: {ended} sessions ended, {kept} did not"
            ),
        },
        detail: json!({
            "ended": ended,
            "kept": kept,
            "answer": outcome.word(),
            "named_sessions": request.session_indexes.len(),
            "checks": request.checks,
        }),
    };
    if request.signed || ended > 0 {
        trace::write(tx, &record, now)?;
    } else {
        // Anybody makes these as often as they like: they must not push other traces out, and one
        // that did nothing needs no memory of having been used.
        trace::write_refused(tx, &record, source, now)?;
        sign_in_request::forget_assertion(tx, &its.id, &once)?;
    }
    Ok(Some(outcome))
}

/// Whether the request is about this session of its person. One that was opened without a
/// SessionIndex can't be told from those that are named, and ends with them: one that stays open
/// would be the worse mistake.
fn names(request: &LogoutRequest, found: &session::Session) -> bool {
    let index = found.session_index.as_ref();
    request.session_indexes.is_empty()
        || index.is_none_or(|index| request.session_indexes.contains(index))
}
