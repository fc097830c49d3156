//! The browser's way through a test of a provider: a link starts it, the answer is checked whole
//! and ends it. Nobody is signed in, made or linked by it, and the browser gets no session.

use serde_json::json;

use super::acs::{keep_refused, refusal_record};
use super::route::Call;
use super::template::message;
use super::{App, Problem, cookie};
use crate::access::secret;
use crate::access::sign_in_request::{self, Pending};
use crate::access::sign_in_test;
use crate::directory::provider::Provider;
use crate::directory::trial::{self, Passed, Stopped};
use crate::directory::{DirectoryError, organization};
use crate::edge::Response;
use crate::observe::trace::document::{self, Document};
use crate::observe::trace::{self, About, Kind, Outcome, Record, Source};
use crate::saml::refusal::Refusal;
use crate::saml::response::Opened;

/// The id of the test that a link with this token starts, which is noted; `None` where it is over.
pub(super) fn begun(
    app: &App,
    call: &Call<'_>,
    provider: &Provider,
    token: &str,
) -> Result<Option<String>, Problem> {
    let (hash, now, provider_id) = (secret::hash(token), call.now, provider.id.clone());
    app.store.write(move |tx| {
        let found = sign_in_test::of_token(tx, &provider_id, &hash, now)?;
        if let Some(test) = &found {
            sign_in_test::started(tx, &test.id, now)?;
        }
        Ok(found.map(|test| test.id))
    })
}

/// The page for a link whose test is over.
pub(super) fn over() -> Response {
    let text = "This link has been answered, or its time is over. Make another one where you got \
                it.";
    message(410, "This test is over", text, "/", "Back to the start")
}

/// The request of a test that waits in this browser for an answer from this provider.
pub(super) fn waiting(
    app: &App,
    call: &Call<'_>,
    relay_state: Option<&str>,
    id: Option<&str>,
) -> Result<Option<Pending>, Problem> {
    let Some(browser) = cookie::read(call.request, cookie::SIGN_IN).map(secret::hash) else {
        return Ok(None);
    };
    if relay_state.is_none() && id.is_none() {
        return Ok(None);
    }
    let provider_id = call.parameter("provider");
    Ok(app.store.read(|conn| {
        sign_in_request::of_test(conn, provider_id, relay_state, id, &browser, call.now)
    })?)
}

/// How a test ended.
struct Told {
    reference: String,
    code: &'static str,
}

/// Checks the answer to a test as a sign-in's would be, keeps the trace and ends the test.
pub(super) fn answer(
    app: &App,
    call: &Call<'_>,
    provider: Provider,
    pending: &Pending,
    result: Result<Opened, Refusal>,
    document: Option<Document>,
) -> Result<Response, Problem> {
    let now = call.now;
    let source = Source::Address(call.request.client.address);
    let public = app.public.clone();
    let test = pending.test.clone().unwrap_or_default();
    let (request_id, provider_id) = (pending.id.clone(), provider.id.clone());
    let forced_at = pending.force_authn.then_some(pending.created_at);
    let told = app.store.write(move |tx| {
        if !sign_in_request::end_of_test(tx, &test)? {
            return Ok(None);
        }
        let outcome = result
            .map_err(|refusal| Stopped::Refused(Box::new(refusal)))
            .and_then(|opened| {
                let request = trial::Request {
                    id: Some(&request_id),
                    forced_at,
                };
                let mut passed = trial::of(tx, &provider, &public, opened, request, now)?;
                // What was shown here once counts nowhere any more.
                let seen = sign_in_request::assertion_seen(
                    tx,
                    &provider.id,
                    &passed.assertion_id,
                    passed.replay_until,
                )?;
                match seen {
                    false => {
                        passed.checks.push(trial::unused(&passed.assertion_id));
                        Ok(passed)
                    }
                    true => Err(Stopped::Refused(Box::new(trial::replayed(passed.checks)))),
                }
            });
        let told = match outcome {
            Ok(passed) => {
                let reference = trace::write(tx, &passed_record(&provider, passed, &test), now)?;
                if let Some(document) = document
                    && organization::keeps_documents(tx, &provider.organization_id)?
                {
                    document::keep(tx, &reference, &document)?;
                }
                Told {
                    reference,
                    code: "ok",
                }
            }
            Err(Stopped::Refused(refusal)) => {
                let mut record = refusal_record(&provider, &refusal);
                record.summary = format!("a test failed at the check {}", refusal.code);
                if let Some(detail) = record.detail.as_object_mut() {
                    detail.insert("test".to_owned(), test.as_str().into());
                }
                Told {
                    reference: keep_refused(tx, &record, document.as_ref(), &source, now)?,
                    code: refusal.code,
                }
            }
            Err(Stopped::Directory(error)) => return Err(error),
        };
        sign_in_test::answered(tx, &test, &told.reference)?;
        Ok::<_, DirectoryError>(Some(told))
    })?;
    let Some(told) = told else {
        return Ok(over());
    };
    tracing::info!(
        provider = %provider_id,
        check = told.code,
        reference = %told.reference,
        "a test of a provider was answered"
    );
    Ok(page(&told))
}

fn page(told: &Told) -> Response {
    let reference = &told.reference;
    if told.code == "ok" {
        let text = format!(
            "Every check passed: a sign-in like this one would let you in. Nobody was signed in by \
             the test. You can close this window; the result stands where the test was started, \
             under {reference}."
        );
        return message(200, "The test passed", &text, "/", "Back to the start");
    }
    let text = format!(
        "The answer of your identity provider could not be accepted. What failed and what to \
         change stands where the test was started, under {reference}."
    );
    message(403, "The test failed", &text, "/", "Back to the start")
}

fn passed_record(provider: &Provider, passed: Passed, test: &str) -> Record {
    Record {
        kind: Kind::Saml,
        organization_id: Some(provider.organization_id.clone()),
        provider_id: Some(provider.id.clone()),
        outcome: Outcome::Accepted,
        code: "ok".to_owned(),
        about: About {
            resource: passed.user_id,
            ..About::default()
        },
        summary: "a test passed; nobody was signed in by it".to_owned(),
        detail: json!({ "test": test, "checks": passed.checks }),
    }
}
