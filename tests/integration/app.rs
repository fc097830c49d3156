//! The whole appliance in this process: a store in a temporary directory, the web application, and
//! the edge on a port of its own.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use portcullis::access::break_glass;
use portcullis::access::key::Kind;
use portcullis::access::password::{Gate, GateLimits};
use portcullis::access::secret::Secret;
use portcullis::access::session::{self, NewSession, Subject};
use portcullis::clock;
use portcullis::demo::identity_provider::IdentityProvider;
use portcullis::directory::service_keys;
use portcullis::edge::{Edge, Limits, Stopper, Tls};
use portcullis::observe::audit::Author;
use portcullis::saml::certificate::Certificate;
use portcullis::saml::name_id::NameSpace;
use portcullis::store::{Options, Store, StoreError};
use portcullis::web::App;
use rusqlite::types::ValueRef;
use serde_json::{Value, json};

use crate::http::{Answer, Ask, Client};
use crate::saml::fixture::IDP;

/// Where browsers believe the appliance to be.
pub(crate) const PUBLIC: &str = "https://door.test";
pub(crate) const ACCOUNT: &str = "Ada";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A directory that goes with its owner.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "portcullis-door-{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running appliance with one break-glass account.
pub(crate) struct TestApp {
    pub(crate) store: Store,
    client: Client,
    operator: String,
    stopper: Stopper,
    running: Option<JoinHandle<()>>,
    directory: Directory,
}

/// A database with the slow things in it, made once: the service provider's RSA keys and the
/// account's password hash. Every appliance starts from a copy.
fn prepared() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let directory = Directory::new();
        let file = directory.file("prepared.db");
        let store = Store::open(&file, Options::default()).unwrap();
        let now = clock::now();
        for kind in [Kind::SamlSigning, Kind::SamlEncryption] {
            service_keys::ensure(&store, kind, now).unwrap();
        }
        let gate = Gate::new(GateLimits::default());
        let password = Some(Secret::new(PASSWORD));
        break_glass::create(
            &store,
            &gate,
            ACCOUNT,
            password,
            &Author::command_line(),
            now,
        )
        .unwrap();
        store.close();
        fs::read(&file).unwrap()
    })
}

impl TestApp {
    pub(crate) fn start() -> Self {
        // Nobody listens there: no test asks the DNS unless it brings one.
        Self::start_with_dns("127.0.0.1:1")
    }

    /// One that asks this DNS server.
    pub(crate) fn start_with_dns(resolver: &str) -> Self {
        let directory = Directory::new();
        let file = directory.file("door.db");
        fs::write(&file, prepared()).unwrap();
        let store = Store::open(&file, Options::default()).unwrap();
        let limits = Limits {
            grace: Duration::from_secs(2),
            ..Limits::default()
        };
        // The loopback is a trusted proxy, so that a request can say that it came by TLS.
        let proxies = vec!["127.0.0.1/32".parse().unwrap()];
        let edge = Edge::bind("127.0.0.1:0".parse().unwrap(), limits, Tls::Off, proxies).unwrap();
        let gate = Gate::new(GateLimits::default());
        let app = App::new(store.clone(), gate, PUBLIC.parse().unwrap(), false);
        app.ask_dns_at(resolver.parse().unwrap());
        let (address, stopper) = (edge.local_addr(), edge.stopper());
        let running = thread::spawn(move || edge.run(app));
        let mut started = Self {
            store,
            client: Client::new(address),
            operator: String::new(),
            stopper,
            running: Some(running),
            directory,
        };
        started.operator = started.new_operator_session();
        started
    }

    /// One with the organization acme, its provider for acme.com, and a SCIM token.
    pub(crate) fn acme() -> (Self, Tenant) {
        let app = Self::start();
        let acme = app.tenant("acme", "acme.com");
        (app, acme)
    }

    #[track_caller]
    pub(crate) fn ask(&self, ask: Ask) -> Answer {
        self.client.send(&ask).unwrap()
    }

    pub(crate) fn send(&self, ask: &Ask) -> Result<Answer, String> {
        self.client.send(ask)
    }

    /// The cookie of the break-glass account's session.
    pub(crate) fn operator(&self) -> &str {
        &self.operator
    }

    #[track_caller]
    pub(crate) fn as_operator(&self, method: &str, path: &str, body: &Value) -> Answer {
        let ask = Ask::new(method, path).with(&self.operator);
        self.ask(if body.is_null() { ask } else { ask.json(body) })
    }

    /// An organization with an active provider of one domain and a SCIM token.
    pub(crate) fn tenant(&self, slug: &str, domain: &str) -> Tenant {
        let base = format!("/api/v1/organizations/{slug}");
        let made = json!({ "slug": slug, "name": slug.to_uppercase() });
        self.as_operator("POST", "/api/v1/organizations", &made)
            .expect(201);
        let provider = self.draft(slug, domain);
        let metadata = json!({ "metadata_xml": IDP.metadata() });
        self.as_operator("PATCH", &format!("{base}/providers/{provider}"), &metadata)
            .expect(200);
        Tenant {
            slug: slug.to_owned(),
            token: self.scim_token(slug),
            provider,
            base,
        }
    }

    /// A provider that still lacks its metadata.
    pub(crate) fn draft(&self, slug: &str, domain: &str) -> String {
        let path = format!("/api/v1/organizations/{slug}/providers");
        let body = json!({ "kind": "okta", "domains": [domain] });
        let made = self.as_operator("POST", &path, &body).expect(201).json();
        made["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn scim_token(&self, slug: &str) -> String {
        let path = format!("/api/v1/organizations/{slug}/scim/tokens");
        let made = self
            .as_operator("POST", &path, &json!({ "name": "Okta" }))
            .expect(201)
            .json();
        made["token"].as_str().unwrap().to_owned()
    }

    /// Changes the provider of a tenant as its operator would.
    #[track_caller]
    pub(crate) fn set_provider(&self, tenant: &Tenant, body: &Value) -> Value {
        let path = format!("{}/providers/{}", tenant.base, tenant.provider);
        self.as_operator("PATCH", &path, body).expect(200).json()
    }

    /// Has a tenant's provider trust the key of `idp` and no other.
    #[track_caller]
    pub(crate) fn trust_only(&self, tenant: &Tenant, idp: &IdentityProvider) {
        let shown = self.set_provider(tenant, &json!({ "metadata_xml": idp.metadata() }));
        let its = Certificate::parse(idp.certificate()).unwrap().fingerprint();
        for each in shown["certificates"].as_array().unwrap() {
            let fingerprint = each["fingerprint"].as_str().unwrap();
            if fingerprint != its {
                let path = format!(
                    "{}/providers/{}/certificates/{fingerprint}",
                    tenant.base, tenant.provider
                );
                self.as_operator("DELETE", &path, &Value::Null).expect(204);
            }
        }
    }

    #[track_caller]
    pub(crate) fn scim(&self, tenant: &Tenant, method: &str, path: &str, body: &Value) -> Answer {
        let ask = Ask::new(method, format!("/scim/v2/{}{path}", tenant.slug)).bearer(&tenant.token);
        self.ask(if body.is_null() { ask } else { ask.scim(body) })
    }

    /// Pushes a user; the userName is also the e-mail address.
    #[track_caller]
    pub(crate) fn push_user(&self, tenant: &Tenant, name: &str) -> String {
        let made = self
            .scim(tenant, "POST", "/Users", &user(name))
            .expect(201)
            .json();
        made["id"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn push_group(&self, tenant: &Tenant, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name,
            "members": members,
        });
        let made = self
            .scim(tenant, "POST", "/Groups", &body)
            .expect(201)
            .json();
        made["id"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn set_level(&self, tenant: &Tenant, group: &str, level: &str) {
        let path = format!("{}/groups/{group}", tenant.base);
        self.as_operator("PATCH", &path, &json!({ "level": level }))
            .expect(200);
    }

    /// A signed-in user with this level and no other, by a group of that name; the user's id and
    /// cookie.
    pub(crate) fn person(&self, tenant: &Tenant, level: &str) -> (String, String) {
        let id = self.push_user(tenant, &format!("{level}@{}.com", tenant.slug));
        let group = self.push_group(tenant, &format!("{level}s"), &[&id]);
        self.set_level(tenant, &group, level);
        self.force(&format!("DELETE FROM grants WHERE user_id = '{id}'"));
        let cookie = self.session(&id);
        (id, cookie)
    }

    /// Opens a session past every sign-in; its cookie.
    pub(crate) fn session(&self, user: &str) -> String {
        let subject = Subject::User(user.to_owned());
        let value = self
            .store
            .write(move |tx| open_session(tx, subject))
            .unwrap();
        format!("__Host-portcullis={value}")
    }

    /// Opens one more session of the break-glass account; its cookie.
    pub(crate) fn new_operator_session(&self) -> String {
        let first = self
            .store
            .read(|conn| Ok::<_, StoreError>(break_glass::list(conn)?.remove(0).id));
        self.operator_session(&first.unwrap())
    }

    /// Opens a session of the break-glass account of this id; its cookie.
    pub(crate) fn operator_session(&self, id: &str) -> String {
        let subject = Subject::Operator(id.to_owned());
        let value = self
            .store
            .write(move |tx| open_session(tx, subject))
            .unwrap();
        format!("__Host-portcullis-operator={value}")
    }

    /// Who the appliance says is signed in with this cookie; `None` is 401.
    #[track_caller]
    pub(crate) fn who(&self, cookie: &str) -> Option<Value> {
        let answer = self.ask(Ask::get("/api/v1/session").with(cookie));
        match answer.status {
            401 => None,
            _ => Some(answer.expect(200).json()),
        }
    }

    /// The database file, for the command line beside the running server.
    pub(crate) fn file(&self) -> PathBuf {
        self.directory.file("door.db")
    }

    /// One value of one row.
    pub(crate) fn sql(&self, query: &'static str) -> Value {
        let read = |conn: &rusqlite::Connection| -> Result<Value, StoreError> {
            Ok(conn.query_row(query, [], |row| Ok(value(row.get_ref(0)?)))?)
        };
        self.store.read(read).unwrap()
    }

    /// The text in the one column of the one row that a query finds.
    pub(crate) fn text(&self, query: &str) -> String {
        self.store
            .read(|conn| Ok::<_, StoreError>(conn.query_row(query, [], |row| row.get(0))?))
            .unwrap()
    }

    /// Runs the executable on the same database and reads the JSON it prints.
    #[track_caller]
    pub(crate) fn portcullis(&self, arguments: &[&str]) -> Value {
        let output = std::process::Command::new(crate::cli::executable())
            .args(arguments)
            .arg("--json")
            .arg("--data")
            .arg(self.file())
            .env_clear()
            .output()
            .unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {err}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Changes the database past every rule, to make what would take hours or days.
    pub(crate) fn force(&self, change: &str) {
        let change = change.to_owned();
        self.store
            .write(move |tx| Ok::<_, StoreError>(tx.execute_batch(&change)?))
            .unwrap();
    }

    /// Everything the appliance knows, less what may change at any request: traces, when a session
    /// or a token was last used, failed attempts, and sign-ins that were begun.
    pub(crate) fn contents(&self) -> String {
        self.store
            .read(|conn| {
                let mut text = String::new();
                for table in [
                    "settings",
                    "organizations",
                    "providers",
                    "provider_certificates",
                    "domains",
                    "users",
                    "links",
                    "groups",
                    "members",
                    "grants",
                    "passwords",
                    "invitations",
                    "second_factors",
                    "recovery_codes",
                    "operators",
                    "second_factors",
                    "drills",
                    "events",
                    "webhooks",
                    "sessions",
                    "session_limits",
                    "tokens",
                    "keys",
                    "seen_assertions",
                    "brakes",
                    "brake_holds",
                    "brake_held",
                ] {
                    text.push_str(&format!("{table}\n"));
                    let mut statement = conn.prepare(&format!("SELECT * FROM {table}"))?;
                    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
                    let mut rows = statement.query([])?;
                    while let Some(row) = rows.next()? {
                        for (at, name) in names.iter().enumerate() {
                            if !name.starts_with("last_") {
                                text.push_str(&format!("{name}={} ", value(row.get_ref(at)?)));
                            }
                        }
                        text.push('\n');
                    }
                }
                Ok::<_, StoreError>(text)
            })
            .unwrap()
    }

    /// Waits for what was written without waiting for it (traces, last uses).
    pub(crate) fn settle(&self) {
        self.store.write(|_| Ok::<_, StoreError>(())).unwrap();
    }

    /// The newest trace of the organization, as its administrator reads it.
    pub(crate) fn newest_trace(&self, tenant: &Tenant) -> Value {
        self.settle();
        let path = format!("{}/traces?limit=1", tenant.base);
        let list = self
            .as_operator("GET", &path, &Value::Null)
            .expect(200)
            .json();
        list["items"][0].clone()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(running) = self.running.take() {
            let _ = running.join();
        }
        self.store.close();
    }
}

/// An organization and how to reach it.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) slug: String,
    pub(crate) token: String,
    pub(crate) provider: String,
    /// Its address in the API.
    pub(crate) base: String,
}

/// A user as Okta's wizard application pushes one.
pub(crate) fn user(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name,
        "name": { "givenName": "Ann", "familyName": "Other" },
        "emails": [{ "primary": true, "value": name }],
        "externalId": format!("00u{name}"),
        "password": "never kept",
        "groups": [],
        "active": true,
    })
}

fn open_session(tx: &rusqlite::Connection, subject: Subject) -> Result<String, StoreError> {
    let new = NewSession {
        subject,
        provider_id: None,
        method: session::Method::Saml,
        name_id: None,
        name_space: NameSpace::default(),
        session_index: None,
        not_on_or_after: None,
        client: "127.0.0.1".to_owned(),
        user_agent: "test".to_owned(),
    };
    Ok(session::open(tx, new, clock::now())?.expose().to_owned())
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => n.into(),
        ValueRef::Real(n) => n.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => data_encoding::HEXLOWER.encode(bytes).into(),
    }
}
