//! Requests to the appliance behind the edge: routes, cookies, forms, bodies of every kind, as
//! nobody, as the operator, as a signed-in administrator and as a SCIM client. No answer is a 500,
//! and no answer splits into two.
//!
//! Input: a request as HTTP/1.1 writes it, with LF. `{session}`, `{token}` and `{provider}` stand
//! for what only the run knows.

#![no_main]

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::{Corpus, fuzz_target};
use portcullis::access::password::{Gate, GateLimits};
use portcullis::access::session::{self, NewSession, Subject};
use portcullis::access::{secret::Secret, token};
use portcullis::clock;
use portcullis::directory::domain::DomainState;
use portcullis::directory::provider::{self, Kind};
use portcullis::directory::{DirectoryError, organization};
use portcullis::edge::{Client, Handler, Method, Request};
use portcullis::observe::audit::Author;
use portcullis::saml::name_id::NameSpace;
use portcullis::store::{Options, Store};
use portcullis::web::App;

struct Appliance {
    app: Arc<App>,
    session: Secret,
    token: Secret,
    provider: String,
}

/// An organization with an administrator, a token and a provider whose keys nobody has.
static APPLIANCE: LazyLock<Appliance> = LazyLock::new(|| {
    let file = place().join(format!("{NAME}{}.db", std::process::id()));
    let store = Store::open(&file, Options::default()).unwrap();
    let made = store.write(|tx| {
        let (by, now) = (Author::command_line(), clock::now());
        let acme = organization::create(tx, &"acme".parse()?, "Acme", &by, now)?;
        let domains = ["acme.com".parse()?];
        let active = DomainState::Active;
        let provider = provider::add(tx, &acme, Kind::Okta, None, &domains, active, &by, now)?;
        tx.execute(
            "UPDATE providers SET state = 'active', issuer = 'https://idp.example',
                 sso_url = 'https://idp.example/sso'",
            [],
        )?;
        let (_, token) = token::create(tx, &acme.id, None, "fuzz", None, &by, now)?;
        tx.execute(
            "INSERT INTO users (id, organization_id, user_name, user_name_key, origin, resource,
                 created_at, updated_at) VALUES ('u', ?1, 'ann', 'ann', 'scim', '{}', 0, 0)",
            [&acme.id],
        )?;
        tx.execute(
            "INSERT INTO grants (user_id, level, source) VALUES ('u', 'admin', 'direct')",
            [],
        )?;
        let session = NewSession {
            subject: Subject::User("u".to_owned()),
            provider_id: None,
            method: session::Method::Saml,
            name_id: None,
            name_space: NameSpace::default(),
            session_index: None,
            not_on_or_after: None,
            client: String::new(),
            user_agent: String::new(),
        };
        let session = session::open(tx, session, now)?;
        Ok::<_, DirectoryError>((session, token, provider.id))
    });
    let (session, token, provider) = made.unwrap();
    let gate = Gate::new(GateLimits::default());
    let app = App::new(store, gate, "https://door.example".parse().unwrap(), false);
    Appliance {
        app,
        session,
        token,
        provider,
    }
});

const NAME: &str = "portcullis-fuzz-";

/// Memory where there is such a place, as no fsync is under test. What earlier runs left there, as
/// a fuzzer never ends by returning, is removed.
fn place() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    for entry in std::fs::read_dir(&place).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name
            .strip_prefix(NAME)
            .and_then(|rest| rest.split('.').next());
        if owner.is_some_and(|owner| !Path::new("/proc").join(owner).exists()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    place
}

fuzz_target!(|input: &str| -> Corpus {
    let Some(request) = request(input) else {
        return Corpus::Reject;
    };
    // A wrong password costs Argon2's 50 ms by design, and fetching metadata waits for a network.
    if request.path == "/break-glass" || input.contains("metadata_url") {
        return Corpus::Reject;
    }
    let (path, head) = (request.path.clone(), request.method == Method::Head);
    let response = APPLIANCE.app.handle(request);
    assert!((200..600).contains(&response.status));
    assert_ne!(response.status, 500, "{path}");
    for name in [
        "location",
        "set-cookie",
        "content-type",
        "www-authenticate",
        "allow",
    ] {
        for value in response.header_values(name) {
            assert!(!value.chars().any(char::is_control), "{name}: {value:?}");
        }
    }
    let type_is = response.header_value("content-type").unwrap_or_default();
    if type_is.contains("json") && !head {
        serde_json::from_slice::<serde_json::Value>(response.bytes()).expect("JSON is JSON");
    }
    Corpus::Keep
});

fn request(input: &str) -> Option<Request> {
    let known = &*APPLIANCE;
    let text = input
        .replace("{session}", known.session.expose())
        .replace("{token}", known.token.expose())
        .replace("{provider}", &known.provider);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = head.split('\n');
    let (method, target) = lines.next()?.split_once(' ')?;
    let method: Method = method.parse().ok()?;
    // What the edge lets through.
    if !target.starts_with('/') || !target.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
        return None;
    }
    let client = Client {
        address: [127, 0, 0, 1].into(),
        secure: true,
    };
    let mut request = Request::new(method, target, client).with_header("host", "door.example");
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        if name.is_empty() || value.chars().any(char::is_control) {
            return None;
        }
        request = request.with_header(&name.to_ascii_lowercase(), value);
    }
    Some(request.with_body(body))
}
