//! The assertion consumer service: the identity provider's answer comes in, a session goes out,
//! or a page with a reference number under which the trace says what failed.

use rusqlite::Connection;
use serde_json::json;

use super::login::{Form, form_values};
use super::route::Call;
use super::step_up::{self, NotSteppedUp};
use super::template::page;
use super::{App, Problem, cookie, saml, sign_in_test};
use crate::access::secret::{self, Secret};
use crate::access::session::{self, NewSession, Subject};
use crate::access::{followed_logout, sign_in_request};
use crate::clock::Timestamp;
use crate::directory::certificates;
use crate::directory::domain;
use crate::directory::provider::{self, Provider, State};
use crate::directory::sign_in::{self, NotAdmitted, Person};
use crate::directory::{DirectoryError, attribute_groups, organization, trial};
use crate::edge::Response;
use crate::observe::audit::{Author, AuthorKind, Via};
use crate::observe::trace::document::{self, Document};
use crate::observe::trace::{self, About, Kind, Outcome, Record, Source};
use crate::saml::advice;
use crate::saml::refusal::{Check, Refusal};
use crate::saml::response::{self, Authentication, Expectation, Opened, Trust};
use crate::store::StoreError;

/// Stands in the trace of each sign-in that nobody here asked for.
const UNSOLICITED: &str = "Nobody here asked for this sign-in, and nothing binds it to this browser: \
    somebody else could have posted it. It was taken because IdP-initiated sign-in is switched on for \
    this provider. The tile in the identity provider's portal works without that.";

/// `POST /saml/{provider}/acs` (SAML bindings section 3.5)
pub(super) fn receive(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let provider_id = call.parameter("provider");
    let (provider, certificates) = app.store.read(|conn| {
        let provider = provider::find(conn, provider_id)?;
        let certificates = provider::certificates(conn, provider_id)?;
        Ok::<_, DirectoryError>((provider, certificates))
    })?;
    let form = form_values(call.request)?;
    let test = sign_in_test::waiting(app, call, form.value("RelayState"), None)?;
    if provider.state != State::Active && test.is_none() {
        return Ok(saml::not_active(&provider));
    }
    let trust = Trust::new(&certificates).with_sha1(provider.takes_sha1(call.now));
    let document = Document::of_form(form.value("SAMLResponse").unwrap_or_default());
    let result = open(app, &form, &trust);
    // An identity provider that loses the RelayState still says which request it answers.
    let answers = result.as_ref().ok().and_then(Opened::in_response_to);
    let test = match (test, answers) {
        (None, Some(id)) => sign_in_test::waiting(app, call, None, Some(id))?,
        (test, _) => test,
    };
    if let Some(pending) = test {
        return sign_in_test::answer(app, call, provider, &pending, result, document);
    }
    match result {
        Err(refusal) => refused(app, call, &provider, refusal, document),
        Ok(opened) if is_unsolicited(app, call, &form, &provider, &opened)? => {
            // The person clicked the tile in their own portal. Anybody could have posted this
            // response into this browser, so it is not trusted: we ask for one ourselves.
            Ok(Response::new(303).header("Location", saml::start_path(&provider.id, "/")))
        }
        Ok(opened) => admit(app, call, provider, opened, document),
    }
}

fn open(app: &App, form: &Form, trust: &Trust) -> Result<Opened, Refusal> {
    let keys = app.service_keys().map_err(|error| {
        tracing::error!(error = %error, "no service provider keys");
        let (expected, got) = ("the service provider's keys", "none");
        Refusal::after(Vec::new(), "internal", expected, got)
    })?;
    let value = form.value("SAMLResponse").unwrap_or_default();
    response::open(value, trust, &keys.decryption)
}

/// An answer that names no request of ours. One that comes back with the RelayState of a request
/// that waits in this browser was an answer to us and must say to what.
fn is_unsolicited(
    app: &App,
    call: &Call<'_>,
    form: &Form,
    provider: &Provider,
    opened: &Opened,
) -> Result<bool, Problem> {
    if opened.in_response_to().is_some() || provider.idp_initiated {
        return Ok(false);
    }
    let browser = cookie::read(call.request, cookie::SIGN_IN).map(secret::hash);
    let (Some(browser), Some(relay_state)) = (browser, form.value("RelayState")) else {
        return Ok(true);
    };
    let waits = app
        .store
        .read(|conn| sign_in_request::waits(conn, relay_state, &browser, call.now))?;
    Ok(!waits)
}

/// What ends a sign-in after its signature was found good.
enum Stopped {
    Refused(Box<Refusal>),
    NotAdmitted(NotAdmitted, Vec<Check>),
    Replayed(Vec<Check>),
    NotSteppedUp(NotSteppedUp, Vec<Check>),
    SignedOut(Vec<Check>),
    /// The provider was switched off while the answer was verified.
    NotActive(Box<Provider>),
    Store(StoreError),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

struct Admitted {
    session: Secret,
    expires_at: Option<Timestamp>,
    return_to: String,
    reference: String,
    user_id: String,
}

fn admit(
    app: &App,
    call: &Call<'_>,
    provider: Provider,
    opened: Opened,
    document: Option<Document>,
) -> Result<Response, Problem> {
    let now = call.now;
    let browser = cookie::read(call.request, cookie::SIGN_IN).map(secret::hash);
    let replaced = cookie::read(call.request, cookie::SESSION).map(secret::hash);
    let client = call.request.client.address.to_string();
    let user_agent = call
        .request
        .header("user-agent")
        .unwrap_or_default()
        .to_owned();
    let acs_url = app.public.acs(&provider.id);
    let entity_id = app.public.entity_id(&provider.id);
    let its_provider = provider.clone();
    let its_document = document.clone();
    let by = Author {
        kind: AuthorKind::Provider,
        id: Some(provider.id.clone()),
        name: provider.name.clone(),
        client: Some(call.request.client.address),
        via: Via::Saml,
    };

    // One change, one closure: the request is used up, the assertion remembered, the user found
    // or made, the session opened, the trace written; or none of it.
    let outcome = app.store.write(move |tx| {
        // All as it is now: whoever switched it off a moment ago has ended its sessions.
        let provider = provider::find(tx, &provider.id)
            .map_err(|e| Stopped::NotAdmitted(e.into(), Vec::new()))?;
        if provider.state != State::Active {
            return Err(Stopped::NotActive(Box::new(provider)));
        }
        let pending = match (opened.in_response_to(), &browser) {
            (Some(id), Some(browser)) => sign_in_request::take(tx, id, browser, now)?
                .filter(|pending| pending.provider_id == provider.id),
            _ => None,
        };
        let mapping = provider
            .mapping()
            .map_err(|e| Stopped::NotAdmitted(e.into(), Vec::new()))?;
        let requests = provider::requests(tx, &provider)
            .map_err(|e| Stopped::NotAdmitted(e.into(), Vec::new()))?;
        let domains = domain::active_of_provider(tx, &provider.id)
            .map_err(|e| Stopped::NotAdmitted(e.into(), Vec::new()))?;
        let forced = pending.as_ref().filter(|pending| pending.force_authn);
        let expectation = Expectation {
            issuer: provider.issuer.as_deref().unwrap_or_default(),
            acs_url: &acs_url,
            audience: &entity_id,
            in_response_to: pending.as_ref().map(|pending| pending.id.as_str()),
            allow_unsolicited: provider.idp_initiated,
            domains: &domains,
            skew: provider.skew,
            mapping: &mapping,
            authentication: Authentication {
                since: forced.map(|pending| pending.created_at),
                contexts: &requests.contexts,
                comparison: requests.comparison,
            },
        };
        let certificate = opened.certificate().map(str::to_owned);
        let unsolicited = opened.in_response_to().is_none();
        let verified = opened
            .check(&expectation, now)
            .map_err(|r| Stopped::Refused(Box::new(r)))?;
        if let Some(certificate) = &certificate
            && !certificates::used(tx, &provider.id, certificate, now)?
        {
            let checks = verified.checks.clone();
            return Err(Stopped::Refused(Box::new(trial::untrusted(checks))));
        }
        let seen = sign_in_request::assertion_seen(
            tx,
            &provider.id,
            &verified.assertion_id,
            verified.replay_until,
        )?;
        let mut checks = verified.checks.clone();
        if seen {
            return Err(Stopped::Replayed(checks));
        }
        checks.push(trial::unused(&verified.assertion_id));
        let (name_id, index) = (&verified.name_id, verified.session_index.as_deref());
        if let Some(issued) = verified.issued_at {
            if followed_logout::covers(tx, &provider.id, name_id, index, issued, now)? {
                return Err(Stopped::SignedOut(checks));
            }
            checks.push(trial::not_signed_out(issued));
        }
        let person = Person::of(&verified);
        let (user, how) = sign_in::admit(tx, &provider, &person, &by, now)
            .map_err(|e| Stopped::NotAdmitted(e, checks.clone()))?;
        checks.push(trial::admitted(how.word()));
        let groups = attribute_groups::follow(tx, &provider, &user, &verified.groups, &by, now)
            .map_err(|e| Stopped::NotAdmitted(e.into(), checks.clone()))?;
        checks.extend(groups);
        let stepped_up = match pending.as_ref().filter(|pending| pending.step_up.is_some()) {
            Some(pending) => {
                let who = (&user, &verified);
                match step_up::settle(tx, pending, replaced, who, &by, now)? {
                    Ok(settled) => {
                        checks.push(trial::same_person(&user.user_name));
                        Some(settled)
                    }
                    Err(not) => return Err(Stopped::NotSteppedUp(not, checks)),
                }
            }
            None => None,
        };
        let again = stepped_up.is_some();
        let (session, expires_at) = match stepped_up {
            Some((session, of)) => (session, Some(of.expires_at)),
            None => {
                let replaced = replaced.or(pending.as_ref().and_then(|p| p.session_hash));
                if let Some(old) = replaced {
                    session::end(tx, &old)?;
                }
                let new = NewSession {
                    subject: Subject::User(user.id.clone()),
                    provider_id: Some(provider.id.clone()),
                    method: session::Method::Saml,
                    name_id: Some(verified.name_id.clone()),
                    name_space: verified.name_space.clone(),
                    session_index: verified.session_index.clone(),
                    not_on_or_after: verified.session_not_on_or_after,
                    client,
                    user_agent,
                };
                let session = session::open(tx, new, now)?;
                if forced.is_none() {
                    // Whoever doesn't say when it was can't say that it was lately.
                    let at = verified.authn_instant.unwrap_or(Timestamp::from_millis(0));
                    session::authenticated(tx, &session.hash(), at)?;
                }
                (session, verified.session_not_on_or_after)
            }
        };
        if let Some(browser) = &browser {
            sign_in_request::opened(tx, browser, &session.hash())?;
        }
        let record = Record {
            kind: Kind::Saml,
            organization_id: Some(provider.organization_id.clone()),
            provider_id: Some(provider.id.clone()),
            outcome: Outcome::Accepted,
            code: "ok".to_owned(),
            about: About {
                resource: Some(user.id.clone()),
                ..About::default()
            },
            summary: match again {
                true => format!("{} proved again who they are", user.user_name),
                false => format!("{} signed in ({})", user.user_name, how.word()),
            },
            detail: json!({
                "user": user.id,
                "match": how.word(),
                "checks": checks,
                "warnings": match unsolicited {
                    true => vec![UNSOLICITED],
                    false => Vec::new(),
                },
            }),
        };
        let reference = trace::write(tx, &record, now)?;
        if let Some(document) = its_document
            && organization::keeps_documents(tx, &provider.organization_id)?
        {
            document::keep(tx, &reference, &document)?;
        }
        Ok(Admitted {
            session,
            expires_at,
            return_to: pending.map_or_else(|| "/".to_owned(), |pending| pending.return_to),
            reference,
            user_id: user.id,
        })
    });
    match outcome {
        Ok(admitted) => Ok(welcome(&its_provider, admitted, now)),
        Err(Stopped::Refused(refusal)) => refused(app, call, &its_provider, *refusal, document),
        Err(Stopped::Replayed(checks)) => {
            refused(app, call, &its_provider, trial::replayed(checks), document)
        }
        Err(Stopped::SignedOut(checks)) => refused(
            app,
            call,
            &its_provider,
            trial::signed_out(checks),
            document,
        ),
        Err(Stopped::NotAdmitted(NotAdmitted::Directory(error), _)) => Err(error.into()),
        Err(Stopped::NotAdmitted(reason, checks)) => {
            let refusal = trial::not_admitted(&reason, checks);
            refused(app, call, &its_provider, refusal, document)
        }
        Err(Stopped::NotSteppedUp(not, checks)) => {
            let (expected, got) = not.compared();
            let refusal = Refusal::after(checks, not.code(), expected, got);
            refused(app, call, &its_provider, refusal, document)
        }
        Err(Stopped::NotActive(provider)) => Ok(saml::not_active(&provider)),
        Err(Stopped::Store(error)) => Err(error.into()),
    }
}

fn welcome(provider: &Provider, admitted: Admitted, now: Timestamp) -> Response {
    tracing::info!(
        provider = %provider.id,
        user = %admitted.user_id,
        reference = %admitted.reference,
        "signed in"
    );
    let lifetime = match admitted.expires_at {
        Some(end) => end.since(now).min(session::USER.absolute),
        None => session::USER.absolute,
    };
    // The sign-in cookie stays until it expires: another tab's sign-in may be waiting for it.
    Response::new(303)
        .header("Location", admitted.return_to)
        .header(
            "Set-Cookie",
            cookie::session(cookie::SESSION, admitted.session.expose(), lifetime),
        )
}

/// Writes the trace and shows the page with its number; what failed is for the trace, what to do
/// about it for the person.
fn refused(
    app: &App,
    call: &Call<'_>,
    provider: &Provider,
    refusal: Refusal,
    document: Option<Document>,
) -> Result<Response, Problem> {
    let record = refusal_record(provider, &refusal);
    let now = call.now;
    let source = Source::Address(call.request.client.address);
    let reference = app
        .store
        .write(move |tx| keep_refused(tx, &record, document.as_ref(), &source, now))?;
    tracing::warn!(
        provider = %provider.id,
        check = refusal.code,
        reference = %reference,
        client = %call.request.client.address,
        "SAML response refused"
    );
    let retry_url = saml::start_path(&provider.id, "/");
    Ok(refusal_page(refusal.code, &reference, &retry_url))
}

/// The page of a refusal. What it says, its status and its headers depend on nothing but which of the
/// four texts it is: somebody who tries responses out must not learn what stopped them.
fn refusal_page(code: &str, reference: &str, retry_url: &str) -> Response {
    let values = [
        ("title", "That sign-in didn't work"),
        ("message", public_words(code)),
        ("reference", reference),
        ("retry_url", retry_url),
    ];
    page(403, "failed.html", &values)
}

/// What the trace of a refusal says.
pub(super) fn refusal_record(provider: &Provider, refusal: &Refusal) -> Record {
    Record {
        kind: Kind::Saml,
        organization_id: Some(provider.organization_id.clone()),
        provider_id: Some(provider.id.clone()),
        outcome: Outcome::Refused,
        code: refusal.code.to_owned(),
        about: About::default(),
        summary: format!("refused at the check {}", refusal.code),
        detail: json!({
            "expected": refusal.expected,
            "got": refusal.got,
            "fix": advice::of(refusal.code, provider.kind.screens()),
            "checks": refusal.checks,
        }),
    }
}

/// Writes the trace of a refusal, with what came where the organization keeps that.
pub(super) fn keep_refused(
    tx: &Connection,
    record: &Record,
    document: Option<&Document>,
    source: &Source,
    now: Timestamp,
) -> Result<String, StoreError> {
    let organization = record.organization_id.as_deref().unwrap_or_default();
    let kept = organization::keeps_documents(tx, organization)?;
    trace::write_refused_with(tx, record, document.filter(|_| kept), source, now)
}

/// What a stranger may know: whether trying again helps. Everything else is in the trace.
fn public_words(code: &str) -> &'static str {
    match code {
        "in-response-to-unknown"
        | "replayed"
        | "signed-out-meanwhile"
        | "expired"
        | "not-yet-valid" => {
            "The answer of your identity provider came too late, twice, or to another browser. \
             Try again from here."
        }
        "step-up-other-person" | "step-up-session-over" | "step-up-other-session" => {
            "You signed in as somebody else than you are here, or your session here changed \
             meanwhile. Nothing was done. Go back to the console and try once more as the same \
             person, or sign out first."
        }
        "user-inactive" | "user-unknown" | "user-ambiguous" | "user-foreign-domain" => {
            "Your identity provider knows you, but you have no access here. Ask your \
             administrator, and tell them the number below."
        }
        _ => {
            "The answer of your identity provider could not be accepted. Tell your administrator \
             the number below; they can look up what to change."
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Whatever went wrong, a stranger sees one of four pages, and nothing else differs.
    #[test]
    fn the_pages_of_all_codes_are_four() {
        let mut seen: BTreeMap<&str, String> = BTreeMap::new();
        for code in advice::codes() {
            let page = refusal_page(code, "XXXX-XXXX", "/saml/x/login");
            assert_eq!(page.status, 403, "{code}");
            assert_eq!(
                page.header_value("content-type"),
                Some("text/html; charset=utf-8")
            );
            let text = String::from_utf8(page.bytes().to_vec()).unwrap();
            assert!(text.contains("XXXX-XXXX") && !text.contains(code), "{code}");
            let words = public_words(code);
            let first = seen.entry(words).or_insert_with(|| text.clone());
            assert_eq!(*first, text, "{code}");
        }
        assert_eq!(seen.len(), 4);
        let mut bare = seen.iter().map(|(words, page)| page.replacen(words, "", 1));
        let first = bare.next().unwrap();
        assert!(bare.all(|other| other == first));
    }
}
