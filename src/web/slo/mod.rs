//! The single logout service, by HTTP-Redirect and by HTTP-POST: the identity provider says that
//! somebody signed out there ([`followed`]), or answers when somebody signed out here
//! ([`outgoing`] asks, [`answered`] hears).
//!
//! Whose sessions end is in the signed request, never in a cookie: identity providers ask in a
//! hidden frame, and there browsers send none. So it works where third-party cookies are blocked.
//! Only the provider's own origins may frame what is answered here.

mod answered;
mod followed;
mod outgoing;
mod pages;

use serde_json::json;

pub(super) use self::outgoing::{Farewell, leave, prepare};
use super::login::form_values;
use super::route::Call;
use super::{App, Problem, saml, security_headers};
use crate::directory::provider::{self, Binding, Logout, Provider, State};
use crate::directory::{DirectoryError, provider::certificates};
use crate::edge::Response;
use crate::observe::audit::{Author, AuthorKind, Via};
use crate::observe::trace::{self, About, Kind, Outcome, Record, Source};
use crate::saml::advice;
use crate::saml::certificate::Certificate;
use crate::saml::logout::{self, Expected, Message};
use crate::saml::redirect::Field;
use crate::saml::refusal::Refusal;
use crate::saml::response::Trust;

/// The provider that a message came for, and how logouts are done with it.
struct Peer {
    provider: Provider,
    logout: Logout,
    certificates: Vec<Certificate>,
}

impl Peer {
    fn find(app: &App, id: &str) -> Result<Self, Problem> {
        Ok(app.store.read(|conn| {
            Ok::<_, DirectoryError>(Self {
                provider: provider::find(conn, id)?,
                logout: provider::logout(conn, id)?,
                certificates: certificates(conn, id)?,
            })
        })?)
    }

    fn expected<'a>(&'a self, slo_url: &'a str, allow_unsigned: bool) -> Expected<'a> {
        Expected {
            issuer: self.provider.issuer.as_deref().unwrap_or_default(),
            slo_url,
            skew: self.provider.skew,
            allow_unsigned,
        }
    }

    fn author(&self, call: &Call<'_>) -> Author {
        Author {
            kind: AuthorKind::Provider,
            id: Some(self.provider.id.clone()),
            name: self.provider.name.clone(),
            client: Some(call.request.client.address),
            via: Via::Saml,
        }
    }

    /// Lets the provider's pages, and no others, frame this.
    fn framed(&self, response: Response, target: Option<&str>) -> Response {
        let origins = self.logout.origins(&self.provider);
        let policy = security_headers::framed_policy(&origins, target);
        response.header("Content-Security-Policy", policy)
    }
}

/// `GET /saml/{provider}/slo`: a message by HTTP-Redirect.
pub(super) fn redirected(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let peer = Peer::find(app, call.parameter("provider"))?;
    if peer.provider.state != State::Active {
        return Ok(saml::not_active(&peer.provider));
    }
    let query = call.request.query.as_deref().unwrap_or_default();
    let sha1 = peer.provider.takes_sha1(call.now);
    let opened = logout::open_redirected(query, &peer.certificates, sha1);
    took(app, call, &peer, Binding::Redirect, opened)
}

/// `POST /saml/{provider}/slo`: a message by HTTP-POST.
pub(super) fn posted(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let peer = Peer::find(app, call.parameter("provider"))?;
    if peer.provider.state != State::Active {
        return Ok(saml::not_active(&peer.provider));
    }
    let form = form_values(call.request)?;
    let trust = Trust::new(&peer.certificates).with_sha1(peer.provider.takes_sha1(call.now));
    let of = |field: Field| form.value(field.name()).map(|value| (field, value));
    let opened = match (of(Field::Request), of(Field::Response)) {
        (Some((field, value)), None) | (None, Some((field, value))) => {
            logout::open_posted(field, value, form.value("RelayState"), &trust)
        }
        _ => Err(Refusal::after(
            Vec::new(),
            "logout-form-malformed",
            "one of SAMLRequest and SAMLResponse in the form",
            "none, or both",
        )),
    };
    took(app, call, &peer, Binding::Post, opened)
}

fn took(
    app: &App,
    call: &Call<'_>,
    peer: &Peer,
    by: Binding,
    opened: Result<Message, Refusal>,
) -> Result<Response, Problem> {
    match opened {
        Ok(message) if message.field == Field::Response => answered::hear(app, call, peer, message),
        Ok(message) => followed::follow(app, call, peer, by, message),
        Err(refusal) => {
            let reference = refused(app, call, peer, &refusal)?;
            Ok(peer.framed(pages::request_refused(&reference), None))
        }
    }
}

/// Writes the trace of a message that isn't followed, and gives its reference.
fn refused(app: &App, call: &Call<'_>, peer: &Peer, refusal: &Refusal) -> Result<String, Problem> {
    let record = Record {
        kind: Kind::Saml,
        organization_id: Some(peer.provider.organization_id.clone()),
        provider_id: Some(peer.provider.id.clone()),
        outcome: Outcome::Refused,
        code: refusal.code.to_owned(),
        about: About::default(),
        summary: format!("logout refused at the check {}", refusal.code),
        detail: json!({
            "expected": refusal.expected,
            "got": refusal.got,
            "fix": advice::of(refusal.code, peer.provider.kind.screens()),
            "checks": refusal.checks,
        }),
    };
    let now = call.now;
    let source = Source::Address(call.request.client.address);
    let reference = app
        .store
        .write(move |tx| trace::write_refused(tx, &record, &source, now))?;
    tracing::warn!(
        provider = %peer.provider.id,
        check = refusal.code,
        reference = %reference,
        client = %call.request.client.address,
        "logout refused"
    );
    Ok(reference)
}
