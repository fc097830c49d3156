//! What the identity provider says when it was asked to sign somebody out, too: its LogoutResponse
//! (SAML profiles section 4.4.3.5). The person is told what it said, and no more than that.

use serde_json::json;

use super::super::route::Call;
use super::super::{App, Problem, cookie};
use super::{Peer, pages, refused};
use crate::access::{logout_request, secret};
use crate::directory::user;
use crate::edge::Response;
use crate::observe::trace::{self, About, Kind, Outcome, Record, Source};
use crate::saml::advice;
use crate::saml::logout::{LogoutResponse, Message, Verdict};
use crate::saml::refusal::Refusal;

/// Hears a LogoutResponse, once, in the browser that signed out.
pub(super) fn hear(
    app: &App,
    call: &Call<'_>,
    peer: &Peer,
    message: Message,
) -> Result<Response, Problem> {
    let relay_state = message.relay_state.clone();
    let slo_url = app.public.slo(&peer.provider.id);
    let expected = peer.expected(&slo_url, peer.logout.unsigned_responses);
    let response = match message.response(&expected, call.now) {
        Ok(response) => response,
        Err(refusal) => return unheard(app, call, peer, &refusal),
    };
    let verdict = response.verdict.clone();
    let heard = note(app, call, peer, relay_state, response)?;
    let Some(reference) = heard else {
        let refusal = Refusal::after(
            Vec::new(),
            "logout-unasked",
            "an answer to a LogoutRequest that this browser waits for",
            "one to another request, used before, too late, or in another browser",
        );
        return unheard(app, call, peer, &refusal);
    };
    let page = pages::told(&peer.provider, &verdict, &reference);
    Ok(peer
        .framed(page, None)
        .header("Set-Cookie", cookie::remove(cookie::SIGN_OUT)))
}

/// Uses the request up and keeps what was said; `None` if no such request waits.
fn note(
    app: &App,
    call: &Call<'_>,
    peer: &Peer,
    relay_state: Option<String>,
    response: LogoutResponse,
) -> Result<Option<String>, Problem> {
    let Some(browser) = cookie::read(call.request, cookie::SIGN_OUT).map(secret::hash) else {
        return Ok(None);
    };
    let (its, by, now) = (peer.provider.clone(), peer.author(call), call.now);
    let source = Source::Address(call.request.client.address);
    app.store.write(move |tx| {
        let id = &response.in_response_to;
        let relay_state = relay_state.as_deref().filter(|state| !state.is_empty());
        let taken = logout_request::take(tx, id, &its.id, &browser, relay_state, now)?;
        let Some(user_id) = taken else {
            return Ok(None);
        };
        let (code, said) = match &response.verdict {
            Verdict::Everywhere => ("ok", "everywhere".to_owned()),
            Verdict::Partly => ("logout-partial", "partly".to_owned()),
            Verdict::No(status) => ("logout-not-confirmed", format!("no: {status}")),
        };
        let who = user::find(tx, &user_id)?;
        if let Some(user) = &who {
            user::logout_answered(tx, user, &said, &by, now)?;
        }
        let name = who.map_or_else(|| user_id.clone(), |user| user.user_name);
        let confirmed = response.verdict == Verdict::Everywhere;
        let record = Record {
            kind: Kind::Saml,
            organization_id: Some(its.organization_id.clone()),
            provider_id: Some(its.id.clone()),
            outcome: if confirmed {
                Outcome::Accepted
            } else {
                Outcome::Refused
            },
            code: code.to_owned(),
            about: About {
                resource: Some(user_id),
                ..About::default()
            },
            summary: format!("{name} signed out here; the identity provider: {said}"),
            detail: json!({
                "expected": "Success",
                "got": said,
                "fix": advice::of(code, its.kind.screens()),
                "checks": response.checks,
            }),
        };
        let reference = if confirmed {
            trace::write(tx, &record, now)?
        } else {
            trace::write_refused(tx, &record, &source, now)?
        };
        Ok::<_, Problem>(Some(reference))
    })
}

fn unheard(
    app: &App,
    call: &Call<'_>,
    peer: &Peer,
    refusal: &Refusal,
) -> Result<Response, Problem> {
    let reference = refused(app, call, peer, refusal)?;
    Ok(peer.framed(pages::answer_refused(&peer.provider, &reference), None))
}
