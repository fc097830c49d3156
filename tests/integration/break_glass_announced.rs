//! Each use of a break-glass account is told: to whoever looks at the console, and to webhooks,
//! through failures and restarts.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use portcullis::clock;
use portcullis::observe::webhook::Courier;
use serde_json::{Value, json};

use crate::app::{ACCOUNT, PASSWORD, TestApp};
use crate::cli::Shell;
use crate::http::Ask;

const PATIENCE: Duration = Duration::from_secs(20);

/// What came to a webhook.
struct Delivery {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Delivery {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// As a receiver does it that knows nothing but the specification.
    fn is_signed_with(&self, secret: &str) -> bool {
        let key = BASE64
            .decode(secret.strip_prefix("whsec_").unwrap().as_bytes())
            .unwrap();
        let mut signed = format!(
            "{}.{}.",
            self.header("webhook-id"),
            self.header("webhook-timestamp")
        )
        .into_bytes();
        signed.extend(&self.body);
        let signature = self
            .header("webhook-signature")
            .strip_prefix("v1,")
            .unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        hmac::verify(&key, &signed, &BASE64.decode(signature.as_bytes()).unwrap()).is_ok()
    }
}

/// An endpoint that answers with these statuses, one after the other, and then with 204.
fn endpoint(statuses: &'static [u16]) -> (SocketAddr, Receiver<Delivery>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let mut statuses = statuses.iter();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut headers = Vec::new();
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            assert!(line.starts_with("POST /hook "), "{line}");
            loop {
                line.clear();
                reader.read_line(&mut line).unwrap();
                let Some((name, value)) = line.trim().split_once(": ") else {
                    break;
                };
                headers.push((name.to_lowercase(), value.to_owned()));
            }
            let length = headers.iter().find(|(name, _)| name == "content-length");
            let mut body = vec![0; length.unwrap().1.parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            let status = statuses.next().unwrap_or(&204);
            // Where a redirect would lead to: here again, were it followed.
            let answer = format!(
                "HTTP/1.1 {status} X\r\nLocation: /hook\r\nContent-Length: 0\r\n\
                 Connection: close\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).unwrap();
            if tell.send(Delivery { headers, body }).is_err() {
                return;
            }
        }
    });
    (address, told)
}

#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_use_reaches_the_webhook_through_a_failure_and_a_restart() {
    let (address, told) = endpoint(&[500]);
    let shell = Shell::new();
    let url = format!("http://{address}/hook");
    let hook = shell.json(&[
        "webhook",
        "add",
        &url,
        "--kind",
        "break-glass.used",
        "--json",
    ]);
    let secret = hook["secret"].as_str().unwrap();
    let listed = shell.json(&["webhook", "list", "--json"]);
    assert!(!listed.to_string().contains(secret));

    let mut server = shell.serve(&["--tls", "off", "--trusted-proxy", "127.0.0.1"]);
    let account = server.events.first().unwrap().clone();
    let name = account["username"].as_str().unwrap();
    let form = [
        ("username", name),
        ("password", account["password"].as_str().unwrap()),
    ];
    let ask = Ask::new("POST", "/break-glass").form(&form);
    let ask = ask.header("X-Forwarded-For", "192.0.2.44");
    server.client().send(&ask).unwrap().expect(303);
    let first = told.recv_timeout(PATIENCE).unwrap();
    assert!(first.is_signed_with(secret));
    let read = |query: &str| -> Option<i64> {
        let file = shell.directory.file("portcullis.db");
        let conn = rusqlite::Connection::open(file).unwrap();
        conn.query_row(query, [], |row| row.get(0)).unwrap()
    };
    until("the failure is noted", || {
        read("SELECT attempts FROM deliveries") == Some(1)
    });
    let wait = read("SELECT next_at FROM deliveries").unwrap() - clock::now().millis();
    assert!((0..=5_000).contains(&wait), "{wait}");
    let listed = shell.json(&["webhook", "list", "--json"]);
    assert_eq!(listed["items"][0]["last_error"], "answered 500");
    assert_eq!(listed["items"][0]["pending"], 1);

    server.terminate();
    assert!(server.child.wait().unwrap().success());
    let server = shell.serve(&["--tls", "off"]);
    let second = told.recv_timeout(PATIENCE).unwrap();
    assert!(second.is_signed_with(secret));
    assert!(!second.is_signed_with("whsec_AAAA"));
    assert_eq!(second.header("webhook-id"), first.header("webhook-id"));
    assert_eq!(second.body, first.body);
    let at: i64 = second.header("webhook-timestamp").parse().unwrap();
    assert!((clock::now().millis() / 1_000 - at).abs() < 60);
    let body = second.json();
    assert_eq!(body["type"], "break-glass.used");
    assert_eq!(
        body["data"],
        json!({ "account": name, "client": "192.0.2.44", "second_factor": false })
    );
    until("the delivery is noted", || {
        read("SELECT delivered_at FROM deliveries").is_some()
    });
    drop(server);

    let tested = shell.json(&["webhook", "test", hook["id"].as_str().unwrap(), "--json"]);
    assert_eq!(tested["delivered"], true);
    assert_eq!(
        told.recv_timeout(PATIENCE).unwrap().json()["type"],
        "webhook.test"
    );
    shell.json(&["webhook", "delete", hook["id"].as_str().unwrap(), "--json"]);
    shell.fail(&["webhook", "delete", hook["id"].as_str().unwrap()], 1);
    shell.fail(&["webhook", "add", "http://hooks.example/"], 1);
    shell.fail(&["webhook", "add", &url, "--kind", "everything"], 1);
}

#[test]
fn a_redirect_is_not_followed_and_what_is_given_up_is_told() {
    let (address, told) = endpoint(&[307]);
    let app = TestApp::start();
    let body = json!({ "url": format!("http://{address}/hook") });
    let hook = app
        .as_operator("POST", "/api/v1/webhooks", &body)
        .expect(201)
        .json();
    let secret = hook["secret"].as_str().unwrap();
    let courier = Courier::start(app.store.clone()).unwrap();
    let form = [("username", ACCOUNT), ("password", PASSWORD)];
    app.ask(Ask::new("POST", "/break-glass").form(&form))
        .expect(303);
    assert!(told.recv_timeout(PATIENCE).unwrap().is_signed_with(secret));
    until("the failure is noted", || {
        app.sql("SELECT attempts FROM deliveries") == 1
    });
    assert!(told.recv_timeout(Duration::from_millis(300)).is_err());
    courier.stop();
    // As after the last of its attempts.
    app.force("UPDATE deliveries SET next_at = NULL");
    let notices = app
        .as_operator("GET", "/api/v1/notices", &Value::Null)
        .expect(200)
        .json();
    let given_up = notices["items"].as_array().unwrap().iter();
    let given_up: Vec<_> = given_up
        .filter(|n| n["kind"] == "webhook-given-up")
        .collect();
    assert_eq!(given_up.len(), 1);
    let text = given_up[0]["text"].as_str().unwrap();
    assert!(
        text.contains("redirect") && !text.contains("/hook"),
        "{text}"
    );
}

#[test]
fn everybody_who_answers_for_something_is_told_for_a_week() {
    let (app, acme) = TestApp::acme();
    let (_, admin) = app.person(&acme, "admin");
    let (_, editor) = app.person(&acme, "editor");
    let notices = |cookie: &str| -> Vec<(String, String)> {
        let answer = app
            .ask(Ask::get("/api/v1/notices").with(cookie))
            .expect(200)
            .json();
        let items = answer["items"].as_array().unwrap();
        let word = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
        items
            .iter()
            .map(|i| (word(i, "kind"), word(i, "text")))
            .collect()
    };
    assert!(notices(&admin).is_empty() && notices(app.operator()).is_empty());
    let form = [("username", ACCOUNT), ("password", PASSWORD)];
    let ask = Ask::new("POST", "/break-glass").form(&form);
    app.ask(ask.header("X-Forwarded-For", "192.0.2.44"))
        .expect(303);
    assert!(notices(&editor).is_empty());
    let told = notices(&admin);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, "break-glass-used");
    assert!(!told[0].1.contains(ACCOUNT) && !told[0].1.contains("192.0.2.44"));
    let told = notices(app.operator());
    let kinds: Vec<_> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["password-used", "break-glass-used"]);
    assert!(told[1].1.contains(ACCOUNT) && told[1].1.contains("192.0.2.44"));
    assert_eq!(
        app.sql("SELECT client FROM audit WHERE action = 'break-glass.used'"),
        "192.0.2.44"
    );
    // A week later only what is still to be done is told, until it is done.
    app.force("UPDATE events SET at = at - 7 * 86400000");
    assert!(notices(&admin).is_empty());
    assert_eq!(notices(app.operator()).len(), 1);
    app.force("UPDATE operators SET password_changed_at = last_used_at + 1");
    assert!(notices(app.operator()).is_empty());
}
