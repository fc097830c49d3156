//! The simulated Okta's server: sign-on and metadata at addresses shaped like Okta's, a sign-in
//! page on which a click takes the place of a password, and a dashboard with the tile from which
//! Okta starts sign-ins nobody asked for.
//!
//! It vouches for everybody to everybody, so it listens on loopback only, its key is new at each
//! start, and no appliance trusts it that wasn't told to.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::identity_provider::{IdentityProvider, IdentityProviderError, ResponseSpec};
use super::pages::{self, Row};
use super::people::{self, PEOPLE, Person};
use super::push::{PushError, ScimClient};
use crate::clock;
use crate::edge::{Handler, Request, Response};
use crate::store::random;

/// The Issuer of this application's assertions. Okta's own are http, too.
pub(super) const ENTITY_ID: &str = "http://www.okta.com/exk5sim7okta2demo9a0";
const METADATA: &str = "/app/exk5sim7okta2demo9a0/sso/saml/metadata";
const SIGN_ON: &str = "/app/portcullis_1/exk5sim7okta2demo9a0/sso/saml";
const TILE: &str = "/home/portcullis_1/0oa5sim7okta2demo9a0/aln5sim7okta2demo9a0";
const SIGN_IN: &str = "/signin";
const SIGN_OUT: &str = "/signout";
const ASSIGNMENT: &str = "/assignment";
const STYLE: &str = "/okta.css";
const SCRIPT: &str = "/continue.js";

/// Every address of the simulator that isn't an appliance's, too.
#[cfg(test)]
pub(super) const ADDRESSES: [&str; 8] = [
    METADATA, SIGN_ON, TILE, SIGN_IN, SIGN_OUT, ASSIGNMENT, STYLE, SCRIPT,
];

/// Who is signed in to the simulated Okta. The value is the login itself, as nothing is protected
/// by it.
const COOKIE: &str = "simulated-okta";

/// A simulated Okta organization with one application.
pub(super) struct Okta {
    provider: IdentityProvider,
    origin: String,
    appliance: String,
    application: Mutex<Application>,
}

/// What an administrator types into the application's pages.
#[derive(Default)]
struct Application {
    /// "Single sign-on URL" and "Audience URI (SP Entity ID)".
    saml: Option<(String, String)>,
    /// Provisioning, Integration.
    scim: Option<ScimClient>,
    /// Who has been pushed, with their id on the other side and whether they are assigned.
    assigned: BTreeMap<&'static str, (String, bool)>,
}

impl Okta {
    /// Makes a key pair for the organization at `origin`; its pages may post to `appliance`.
    pub(super) fn new(origin: String, appliance: &str) -> Result<Self, IdentityProviderError> {
        Ok(Self {
            provider: IdentityProvider::generate(ENTITY_ID, &format!("{origin}{SIGN_ON}"))?,
            origin,
            appliance: appliance.to_owned(),
            application: Mutex::default(),
        })
    }

    /// Where the dashboard is.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// "Metadata URL" on the Sign On tab.
    pub(super) fn metadata_url(&self) -> String {
        format!("{}{METADATA}", self.origin)
    }

    /// The dashboard's tile.
    pub(super) fn tile_url(&self) -> String {
        format!("{}{TILE}", self.origin)
    }

    /// Fills in "Single sign-on URL" and "Audience URI".
    pub(super) fn set_up_saml(&self, acs_url: &str, audience: &str) {
        self.application().saml = Some((acs_url.to_owned(), audience.to_owned()));
    }

    /// Fills in the SCIM base URL and the token.
    pub(super) fn set_up_scim(&self, client: ScimClient) {
        self.application().scim = Some(client);
    }

    /// Notes under which id a person is known on the other side.
    pub(super) fn note_assigned(&self, person: &Person, id: &str, active: bool) {
        self.application()
            .assigned
            .insert(person.login, (id.to_owned(), active));
    }

    /// Assigns or unassigns whoever has this id on the other side, and returns what that says.
    pub(super) fn push_active(&self, id: &str, active: bool) -> Result<bool, PushError> {
        match &self.application().scim {
            Some(client) => client.set_active(id, active),
            None => Err(PushError::NotSetUp),
        }
    }

    fn application(&self) -> MutexGuard<'_, Application> {
        self.application
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &Request) -> Response {
        let foreign = matches!(
            request.header("sec-fetch-site"),
            Some("cross-site" | "same-site")
        );
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", METADATA) => Response::new(200).body(
                "application/xml; charset=utf-8",
                self.provider.metadata().into_bytes(),
            ),
            ("GET", SIGN_ON) => self.sign_on(request),
            ("GET", TILE) => self.sign_on_unasked(request),
            ("GET", "/") => self.dashboard(request),
            ("GET", STYLE) => {
                Response::new(200).body("text/css; charset=utf-8", &include_bytes!("okta.css")[..])
            }
            ("GET", SCRIPT) => Response::new(200).body(
                "text/javascript; charset=utf-8",
                &include_bytes!("continue.js")[..],
            ),
            ("POST", _) if foreign => pages::message(403, "Another site's page asked for this."),
            ("POST", SIGN_IN) => sign_in(request),
            ("POST", SIGN_OUT) => {
                to("/").header("Set-Cookie", format!("{COOKIE}=; Path=/; Max-Age=0"))
            }
            ("POST", ASSIGNMENT) => self.assign(request),
            _ => pages::message(404, "The simulated Okta has nothing at this address."),
        }
    }

    /// SP-initiated: somebody comes with an AuthnRequest (SAML bindings section 3.4).
    fn sign_on(&self, request: &Request) -> Response {
        let query = request.query.as_deref().unwrap_or_default();
        let Some(saml_request) = parameter(query.as_bytes(), "SAMLRequest") else {
            return self.sign_on_unasked(request);
        };
        let Some(person) = signed_in(request) else {
            return sign_in_page(request);
        };
        match self.provider.read_request(&saml_request) {
            Ok(asked) => {
                let relay_state = parameter(query.as_bytes(), "RelayState");
                self.vouch(person, Some(&asked.id), relay_state.as_deref())
            }
            Err(error) => pages::message(400, &error.to_string()),
        }
    }

    /// IdP-initiated: the tile was clicked.
    fn sign_on_unasked(&self, request: &Request) -> Response {
        match signed_in(request) {
            Some(person) => self.vouch(person, None, None),
            None => sign_in_page(request),
        }
    }

    /// The page that posts a response to the address the administrator typed in. Like Okta, an
    /// unsigned request's own ACS is not believed.
    fn vouch(
        &self,
        person: &Person,
        in_response_to: Option<&str>,
        relay_state: Option<&str>,
    ) -> Response {
        let Some((acs_url, audience)) = self.application().saml.clone() else {
            return pages::message(409, "The application's SAML settings are empty.");
        };
        let (response_id, assertion_id) = (okta_id(), okta_id());
        let spec = ResponseSpec {
            response_id: &response_id,
            assertion_id: &assertion_id,
            in_response_to,
            attributes: vec![
                ("firstName", vec![person.first_name]),
                ("lastName", vec![person.last_name]),
                ("email", vec![person.login]),
            ],
            ..ResponseSpec::new(&acs_url, &audience, person.login, clock::now())
        };
        match self.provider.issue(&spec) {
            Ok(xml) => pages::hand_over(&person.name(), &acs_url, &xml, relay_state),
            Err(error) => pages::message(500, &error.to_string()),
        }
    }

    fn dashboard(&self, request: &Request) -> Response {
        let Some(person) = signed_in(request) else {
            return sign_in_page(request);
        };
        let application = self.application();
        let rows = PEOPLE.into_iter().map(|person| Row {
            person,
            assigned: application
                .assigned
                .get(person.login)
                .map(|(_, active)| *active),
        });
        pages::dashboard(person, TILE, &rows.collect::<Vec<_>>())
    }

    /// Assigns or unassigns a person, which pushes `active` to the appliance.
    fn assign(&self, request: &Request) -> Response {
        let login = parameter(&request.body, "person").unwrap_or_default();
        let active = parameter(&request.body, "active").as_deref() == Some("true");
        let mut application = self.application();
        let Application { scim, assigned, .. } = &mut *application;
        let (Some(scim), Some((id, now))) = (scim, assigned.get_mut(login.as_str())) else {
            return pages::message(409, "This person has not been pushed yet.");
        };
        match scim.set_active(id, active) {
            Ok(is) => {
                *now = is;
                to("/")
            }
            Err(error) => pages::message(502, &error.to_string()),
        }
    }
}

impl Handler for Okta {
    fn handle(&self, request: Request) -> Response {
        let policy = format!(
            "default-src 'none'; style-src 'self'; script-src 'self'; \
             form-action 'self' {}; base-uri 'none'; frame-ancestors 'none'",
            self.appliance
        );
        self.answer(&request)
            .header("Content-Security-Policy", policy)
            .header("X-Content-Type-Options", "nosniff")
            .header("Cache-Control", "no-store")
    }
}

/// The sign-in page, which leads back to where it was met.
fn sign_in_page(request: &Request) -> Response {
    let back = match &request.query {
        Some(query) => format!("{}?{query}", request.path),
        None => request.path.clone(),
    };
    pages::sign_in(SIGN_IN, &back, &PEOPLE)
}

fn sign_in(request: &Request) -> Response {
    let login = parameter(&request.body, "person").unwrap_or_default();
    let back = parameter(&request.body, "back").unwrap_or_default();
    let Some(person) = people::find(&login) else {
        return pages::message(403, "Nobody of that name has an account here.");
    };
    let own = back.starts_with('/') && !back.starts_with("//") && !back.contains('\\');
    to(if own { &back } else { "/" }).header(
        "Set-Cookie",
        format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Lax", person.login),
    )
}

fn signed_in(request: &Request) -> Option<&'static Person> {
    let pairs = request
        .headers
        .all("cookie")
        .flat_map(|line| line.split(';'));
    let mut values = pairs.filter_map(|pair| pair.trim().split_once('='));
    values
        .find(|(name, _)| *name == COOKIE)
        .and_then(|(_, login)| people::find(login))
}

fn to(place: &str) -> Response {
    Response::new(303).header("Location", place)
}

fn parameter(form: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(form)
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into())
}

/// An ID as Okta makes them: `id` and some thirty digits.
fn okta_id() -> String {
    format!("id{}", u128::from_be_bytes(random::bytes()))
}
