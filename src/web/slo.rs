//! The single logout service: the identity provider says that somebody signed out there.
//!
//! Whose sessions end is in the signed request, never in a cookie: identity providers ask in a
//! hidden frame, and there browsers send none. So it works where third-party cookies are blocked.

use serde_json::json;

use super::route::Call;
use super::template::{message, page};
use super::{App, Problem, saml};
use crate::access::session::{self, Subject};
use crate::access::sign_in_request;
use crate::directory::provider::{self, Provider, State};
use crate::directory::{DirectoryError, user};
use crate::edge::Response;
use crate::observe::audit::{Author, AuthorKind, Via};
use crate::observe::trace::{self, About, Kind, Outcome, Record, Source};
use crate::saml::advice;
use crate::saml::certificate::Certificate;
use crate::saml::logout::{Expected, LogoutError, LogoutRequest, LogoutResponse};
use crate::saml::redirect::{self, Field, Message, QueryError};
use crate::saml::request;
use crate::store::random;

/// A logout that isn't followed: a code, and words for the trace.
struct Refused(&'static str, String);

impl From<QueryError> for Refused {
    fn from(error: QueryError) -> Self {
        let code = match error {
            QueryError::Signature => "logout-signature-invalid",
            QueryError::Algorithm(_) => "logout-algorithm-not-allowed",
            _ => "logout-query-malformed",
        };
        Self(code, error.to_string())
    }
}

impl From<LogoutError> for Refused {
    fn from(error: LogoutError) -> Self {
        Self(error.code(), error.to_string())
    }
}

/// `GET /saml/{provider}/slo`: a LogoutRequest by HTTP-Redirect (SAML profiles section 4.4.3).
pub(super) fn receive(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let id = call.parameter("provider");
    let (provider, certificates, answer_to) = app.store.read(|conn| {
        let provider = provider::find(conn, id)?;
        let certificates = provider::certificates(conn, id)?;
        let answer_to = provider::bindings(conn, id)?.logout_answer_url;
        Ok::<_, DirectoryError>((provider, certificates, answer_to))
    })?;
    if provider.state != State::Active {
        return Ok(saml::not_active(&provider));
    }
    match opened(app, call, &provider, &certificates) {
        Ok((message, request)) => end(app, call, &provider, answer_to, message, request),
        Err(why) => refused(app, call, &provider, &why),
    }
}

fn opened(
    app: &App,
    call: &Call<'_>,
    provider: &Provider,
    certificates: &[Certificate],
) -> Result<(Message, LogoutRequest), Refused> {
    let message = redirect::parse(call.request.query.as_deref().unwrap_or_default())?;
    if message.field == Field::Response {
        let text = "an answer to a LogoutRequest; none was sent from here".to_owned();
        return Err(Refused("logout-unasked", text));
    }
    if !message.is_signed() {
        let text = "the LogoutRequest is not signed; anybody could have made it".to_owned();
        return Err(Refused("logout-unsigned", text));
    }
    message.verify(certificates)?;
    let expected = Expected {
        issuer: provider.issuer.as_deref().unwrap_or_default(),
        slo_url: &app.public.slo(&provider.id),
        skew: provider.skew,
    };
    let request = LogoutRequest::read(&message.xml, &expected, call.now)?;
    Ok((message, request))
}

/// Ends the sessions, then answers: whatever becomes of the answer, they are over.
fn end(
    app: &App,
    call: &Call<'_>,
    provider: &Provider,
    answer_to: Option<String>,
    message: Message,
    request: LogoutRequest,
) -> Result<Response, Problem> {
    let (now, its, request_id) = (call.now, provider.clone(), request.id.clone());
    let by = Author {
        kind: AuthorKind::Provider,
        id: Some(provider.id.clone()),
        name: provider.name.clone(),
        client: Some(call.request.client.address),
        via: Via::Saml,
    };
    let followed = app.store.write(move |tx| {
        // No ID of an assertion has a colon in it (xs:ID), so the two can't meet.
        let once = format!("logout:{}", request.id);
        if sign_in_request::assertion_seen(tx, &its.id, &once, request.replay_until)? {
            return Ok(false);
        }
        let mut ended = 0;
        for found in session::of_name_id(tx, &its.id, &request.name_id, now)? {
            let index = found.session_index.as_ref();
            let named = index.is_some_and(|index| request.session_indexes.contains(index));
            if !named && !request.session_indexes.is_empty() {
                continue;
            }
            if session::end_by_id(tx, &found.id)? {
                ended += 1;
            }
            if let Subject::User(id) = &found.subject
                && let Some(user) = user::find(tx, id)?
            {
                user::signed_out(tx, &user, &by, now)?;
            }
        }
        let record = Record {
            kind: Kind::Saml,
            organization_id: Some(its.organization_id.clone()),
            provider_id: Some(its.id.clone()),
            outcome: Outcome::Accepted,
            code: "ok".to_owned(),
            about: About::default(),
            summary: format!("signed out at the identity provider: {ended} sessions ended"),
            detail: json!({ "ended": ended, "named_sessions": request.session_indexes.len() }),
        };
        trace::write(tx, &record, now)?;
        Ok::<_, Problem>(true)
    })?;
    if !followed {
        let why = Refused(
            "logout-replayed",
            "a LogoutRequest that was used before".to_owned(),
        );
        return refused(app, call, provider, &why);
    }
    let Some(destination) = answer_to else {
        let text = "You are signed out here. The identity provider's metadata names no address \
                    to tell it so.";
        return Ok(message_page(text));
    };
    let answer = LogoutResponse {
        id: &request::id(random::bytes()),
        in_response_to: &request_id,
        issue_instant: now,
        destination: &destination,
        issuer: &app.public.entity_id(&provider.id),
    };
    let relay_state = message.relay_state.as_deref().unwrap_or_default();
    let url = answer
        .redirect_url(relay_state, &app.service_keys()?.signing)
        .map_err(|e| DirectoryError::Keys(e.to_string()))?;
    Ok(Response::new(303).header("Location", url))
}

fn message_page(text: &str) -> Response {
    message(200, "Signed out", text, "/login", "Sign in again")
}

fn refused(
    app: &App,
    call: &Call<'_>,
    provider: &Provider,
    why: &Refused,
) -> Result<Response, Problem> {
    let Refused(code, text) = why;
    let record = Record {
        kind: Kind::Saml,
        organization_id: Some(provider.organization_id.clone()),
        provider_id: Some(provider.id.clone()),
        outcome: Outcome::Refused,
        code: (*code).to_owned(),
        about: About::default(),
        summary: format!("logout refused at the check {code}"),
        detail: json!({
            "expected": "a LogoutRequest signed by this provider, for this address, used once",
            "got": text,
            "fix": advice::of(code, provider.kind.screens()),
        }),
    };
    let now = call.now;
    let source = Source::Address(call.request.client.address);
    let reference = app
        .store
        .write(move |tx| trace::write_refused(tx, &record, &source, now))?;
    tracing::warn!(provider = %provider.id, check = code, reference = %reference, "logout refused");
    let values = [
        ("title", "That sign-out didn't work"),
        (
            "message",
            "The request of your identity provider could not be followed. Sign out here yourself.",
        ),
        ("reference", reference.as_str()),
        ("retry_url", "/"),
    ];
    Ok(page(403, "failed.html", &values))
}
