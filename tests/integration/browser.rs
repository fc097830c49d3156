//! A browser as far as sign-ins need one: it keeps cookies, and takes requests to the identity
//! provider and its answers back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use data_encoding::BASE64;
use portcullis::clock;
use portcullis::demo::identity_provider::{IncomingRequest, ResponseSpec};

use crate::app::{PUBLIC, Tenant, TestApp};
use crate::http::{Answer, Ask};
use crate::saml::fixture::IDP;

/// The cookies that are `SameSite=None`.
const ACROSS_SITES: [&str; 2] = ["__Host-portcullis-sign-in", "__Host-portcullis-sign-out"];

pub(crate) struct Browser<'a> {
    app: &'a TestApp,
    jar: BTreeMap<String, String>,
}

/// A sign-in that waits for the identity provider's answer.
pub(crate) struct Started {
    pub(crate) request: IncomingRequest,
    pub(crate) relay_state: String,
    response_id: String,
    assertion_id: String,
}

impl Started {
    /// The answer a well configured Okta gives.
    pub(crate) fn spec<'s>(&'s self, name_id: &'s str) -> ResponseSpec<'s> {
        ResponseSpec {
            response_id: &self.response_id,
            assertion_id: &self.assertion_id,
            in_response_to: Some(&self.request.id),
            attributes: vec![
                ("firstName", vec!["Ann"]),
                ("lastName", vec!["Other"]),
                ("email", vec![name_id]),
            ],
            ..ResponseSpec::new(
                &self.request.acs_url,
                &self.request.issuer,
                name_id,
                clock::now(),
            )
        }
    }
}

impl<'a> Browser<'a> {
    pub(crate) fn new(app: &'a TestApp) -> Self {
        Self {
            app,
            jar: BTreeMap::new(),
        }
    }

    /// The cookies as a header's value.
    pub(crate) fn cookies(&self) -> String {
        let pairs: Vec<String> = self.jar.iter().map(|(k, v)| format!("{k}={v}")).collect();
        pairs.join("; ")
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.jar.get(name).map(String::as_str)
    }

    #[track_caller]
    pub(crate) fn send(&mut self, ask: Ask) -> Answer {
        let cookies = self.cookies();
        let ask = match cookies.is_empty() {
            true => ask,
            false => ask.with(&cookies),
        };
        let answer = self.app.ask(ask);
        for set in answer.all("set-cookie") {
            let (pair, attributes) = set.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    #[track_caller]
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(Ask::get(path))
    }

    /// Goes to the provider's start and reads what would reach the identity provider.
    #[track_caller]
    pub(crate) fn start(&mut self, tenant: &Tenant) -> Started {
        let path = format!(
            "/saml/{}/login?return_to=%2Fconsole%2Facme",
            tenant.provider
        );
        self.start_at(&path)
    }

    #[track_caller]
    pub(crate) fn start_at(&mut self, path: &str) -> Started {
        let answer = self.get(path).expect(303);
        started(answer.location())
    }

    /// Posts a response as the identity provider's page does.
    #[track_caller]
    pub(crate) fn post(&mut self, acs_url: &str, xml: &str, relay_state: Option<&str>) -> Answer {
        let value = BASE64.encode(xml.as_bytes());
        let mut fields = vec![("SAMLResponse", value.as_str())];
        fields.extend(relay_state.map(|state| ("RelayState", state)));
        self.post_across_sites(acs_url, &fields)
    }

    /// Posts a form of the identity provider's page; as from any other site's, browsers send no
    /// cookie with it but those that are `SameSite=None`.
    #[track_caller]
    pub(crate) fn post_across_sites(&mut self, url: &str, fields: &[(&str, &str)]) -> Answer {
        let path = url.strip_prefix(PUBLIC).unwrap_or(url);
        let own = self.jar.clone();
        let is_sent = |name: &str| ACROSS_SITES.contains(&name);
        self.jar.retain(|name, _| is_sent(name));
        let answer = self.send(
            Ask::new("POST", path)
                .form(fields)
                .header("Origin", "https://acme.okta.com")
                .header("Sec-Fetch-Site", "cross-site")
                .header("Sec-Fetch-Dest", "document"),
        );
        for (name, value) in own.into_iter().filter(|(name, _)| !is_sent(name)) {
            self.jar.entry(name).or_insert(value);
        }
        answer
    }

    /// Goes to an address by another site's link.
    #[track_caller]
    pub(crate) fn follow(&mut self, path: &str) -> Answer {
        self.send(
            Ask::get(path)
                .header("Sec-Fetch-Site", "cross-site")
                .header("Sec-Fetch-Dest", "document"),
        )
    }

    #[track_caller]
    pub(crate) fn answer(&mut self, started: &Started, spec: &ResponseSpec<'_>) -> Answer {
        let xml = IDP.issue(spec).unwrap();
        self.post(&started.request.acs_url, &xml, Some(&started.relay_state))
    }

    /// The whole way to a session.
    #[track_caller]
    pub(crate) fn sign_in(&mut self, tenant: &Tenant, name_id: &str) -> Answer {
        let started = self.start(tenant);
        let answer = self.answer(&started, &started.spec(name_id));
        answer.expect(303)
    }

    #[track_caller]
    pub(crate) fn session(&mut self) -> Option<serde_json::Value> {
        let answer = self.get("/api/v1/session");
        (answer.status != 401).then(|| answer.expect(200).json())
    }
}

/// What a redirect to the identity provider says.
pub(crate) fn started(location: &str) -> Started {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let (_, query) = location.split_once('?').expect(location);
    let value = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_else(|| panic!("no {name} in {location}"))
    };
    Started {
        request: IDP.read_request(&value("SAMLRequest")).unwrap(),
        relay_state: value("RelayState"),
        response_id: format!("id{number}r"),
        assertion_id: format!("id{number}a"),
    }
}
