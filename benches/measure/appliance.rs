//! The appliance without its listener: requests go to the handler that the edge would call.

use std::path::Path;
use std::sync::Arc;

use data_encoding::BASE64;
use portcullis::access::password::{Gate, GateLimits};
use portcullis::access::token;
use portcullis::clock;
use portcullis::demo::identity_provider::{IdentityProvider, ResponseSpec};
use portcullis::directory::DirectoryError;
use portcullis::directory::domain::DomainState;
use portcullis::directory::organization::{self, Organization};
use portcullis::directory::provider::{self, Change, Completion, Kind};
use portcullis::edge::{Client, Handler, Method, Request, Response};
use portcullis::observe::audit::Author;
use portcullis::saml::metadata::parse_idp;
use portcullis::store::{Options, Store};
use portcullis::web::App;

/// Where browsers believe it to be.
pub(crate) const ORIGIN: &str = "https://door.example";

/// An appliance with the organization `acme`.
pub(crate) struct Appliance {
    pub(crate) store: Store,
    pub(crate) organization: Organization,
    app: Arc<App>,
}

impl Appliance {
    pub(crate) fn on(file: &Path) -> Self {
        let store = Store::open(file, Options::default()).unwrap();
        let organization = store
            .write(|tx| {
                let by = Author::command_line();
                organization::create(tx, &"acme".parse()?, "Acme", &by, clock::now())
            })
            .unwrap();
        let gate = Gate::new(GateLimits::default());
        let app = App::new(store.clone(), gate, ORIGIN.parse().unwrap(), false);
        Self {
            store,
            organization,
            app,
        }
    }

    pub(crate) fn ask(&self, request: Request) -> Response {
        self.app.handle(request)
    }

    /// A SCIM client's `Authorization`.
    pub(crate) fn bearer(&self) -> String {
        let organization = self.organization.id.clone();
        let made = self.store.write(move |tx| {
            token::create(
                tx,
                &organization,
                None,
                "bench",
                None,
                &Author::command_line(),
                clock::now(),
            )
            .map_err(DirectoryError::from)
        });
        format!("Bearer {}", made.unwrap().1.expose())
    }

    /// Trusts an identity provider for `acme.com`; returns the provider's id.
    pub(crate) fn trust(&self, identity_provider: &IdentityProvider) -> String {
        let now = clock::now();
        let metadata = parse_idp(identity_provider.metadata().as_bytes(), now).unwrap();
        let organization = self.organization.clone();
        let added = self.store.write(move |tx| {
            let domains = ["acme.com".parse()?];
            let (state, by) = (DomainState::Active, Author::command_line());
            let added = provider::add(
                tx,
                &organization,
                Kind::Okta,
                None,
                &domains,
                state,
                &by,
                now,
            )?;
            let change = Change {
                completion: Some(Completion::from_metadata(metadata, None)),
                ..Change::default()
            };
            provider::change(tx, &added.id, &change, &by, now)
        });
        added.unwrap().id
    }
}

/// A request from a browser or a program on the same machine.
pub(crate) fn request(method: Method, path_and_query: &str) -> Request {
    let client = Client {
        address: [127, 0, 0, 1].into(),
        secure: true,
    };
    Request::new(method, path_and_query, client)
        .with_header("host", "door.example")
        .with_header("user-agent", "Mozilla/5.0 (X11; Linux x86_64) bench")
}

/// What Okta asserts of a person with the usual attribute statements and a dozen groups, about
/// 7 KB.
pub(crate) fn person<'a>(
    acs_url: &'a str,
    audience: &'a str,
    name: &'a str,
    in_response_to: &'a str,
) -> ResponseSpec<'a> {
    let groups = vec![
        "Everyone",
        "Engineering",
        "Platform",
        "On call",
        "VPN",
        "Office Berlin",
        "Wiki editors",
        "Expenses",
        "Payroll read",
        "Parking",
        "All hands",
    ];
    ResponseSpec {
        attributes: vec![
            ("email", vec![name]),
            ("firstName", vec!["Ada"]),
            ("lastName", vec!["Lovelace"]),
            ("groups", groups),
        ],
        in_response_to: Some(in_response_to),
        ..ResponseSpec::new(acs_url, audience, name, clock::now())
    }
}

/// The form field SAMLResponse.
pub(crate) fn form_value(xml: &str) -> String {
    BASE64.encode(xml.as_bytes())
}
