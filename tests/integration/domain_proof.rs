//! A domain is proved by a DNS record, looked up at a DNS server made here.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::app::{Tenant, TestApp};
use crate::http::{Answer, Ask};
use crate::saml::fixture::IDP;

/// What the server does with a question.
#[derive(Clone, Debug)]
enum Says {
    /// These texts, each a TXT record, behind a CNAME.
    Texts(Vec<String>),
    /// No such name.
    NoName,
    /// By UDP that it doesn't fit; by TCP these texts.
    TooLong(Vec<String>),
    /// By UDP with the name in small letters and with another number; by TCP right.
    Forged(Vec<String>),
    /// That it failed.
    Fails,
    /// Nothing.
    Silence,
}

/// A DNS server for as long as the test runs: UDP and TCP on the same port.
struct Dns {
    address: SocketAddr,
    says: Arc<Mutex<Says>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Dns {
    fn start() -> Self {
        let (udp, tcp) = (0..50)
            .find_map(|_| {
                let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
                let udp = UdpSocket::bind(tcp.local_addr().unwrap()).ok()?;
                Some((udp, tcp))
            })
            .unwrap();
        let dns = Self {
            address: tcp.local_addr().unwrap(),
            says: Arc::new(Mutex::new(Says::NoName)),
            asked: Arc::default(),
        };
        let (says, asked) = (Arc::clone(&dns.says), Arc::clone(&dns.asked));
        thread::spawn(move || {
            let mut buffer = [0; 2048];
            while let Ok((length, from)) = udp.recv_from(&mut buffer) {
                let query = &buffer[..length];
                asked.lock().unwrap().push(name(query));
                let now = says.lock().unwrap().clone();
                for answer in by_udp(query, &now) {
                    let _ = udp.send_to(&answer, from);
                }
            }
        });
        let says = Arc::clone(&dns.says);
        thread::spawn(move || {
            for stream in tcp.incoming() {
                let mut stream = stream.unwrap();
                let mut length = [0; 2];
                if stream.read_exact(&mut length).is_err() {
                    continue;
                }
                let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
                stream.read_exact(&mut query).unwrap();
                let now = says.lock().unwrap().clone();
                let (Says::TooLong(texts) | Says::Forged(texts)) = now else {
                    thread::sleep(Duration::from_millis(1));
                    continue;
                };
                let answer = answer(&query, 0x8180, &texts);
                let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
                // In two parts, as a network may have it.
                stream.write_all(&length).unwrap();
                stream.write_all(&answer[..20]).unwrap();
                stream.flush().unwrap();
                thread::sleep(Duration::from_millis(20));
                stream.write_all(&answer[20..]).unwrap();
            }
        });
        dns
    }

    fn says(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }
}

fn by_udp(query: &[u8], says: &Says) -> Vec<Vec<u8>> {
    match says {
        Says::Texts(texts) => vec![answer(query, 0x8180, texts)],
        Says::NoName => vec![answer(query, 0x8183, &[])],
        Says::TooLong(_) => vec![answer(query, 0x8380, &[])],
        Says::Forged(_) => {
            let forged = ["portcullis=forged".to_owned()];
            let mut small = answer(query, 0x8180, &forged);
            small[12..60].make_ascii_lowercase();
            let mut other = answer(query, 0x8180, &forged);
            other[0] ^= 1;
            vec![small, other]
        }
        Says::Fails => vec![answer(query, 0x8182, &[])],
        Says::Silence => Vec::new(),
    }
}

/// The name in a query, in small letters.
fn name(query: &[u8]) -> String {
    let mut labels = Vec::new();
    let mut at = 12;
    while query[at] != 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_ascii_lowercase());
        at = end;
    }
    labels.join(".")
}

fn answer(query: &[u8], flags: u16, texts: &[String]) -> Vec<u8> {
    let mut bytes = query.to_vec();
    bytes[2..4].copy_from_slice(&flags.to_be_bytes());
    let count = u16::try_from(texts.len()).unwrap() + u16::from(!texts.is_empty());
    bytes[6..8].copy_from_slice(&count.to_be_bytes());
    let mut record = |kind: u16, data: &[u8]| {
        bytes.extend([0xC0, 12]);
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 0, 60]);
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(data);
    };
    if !texts.is_empty() {
        record(5, b"\x05other\x00");
    }
    for text in texts {
        // Strings of a record have 255 bytes at most; here they have ten.
        let mut data = Vec::new();
        for part in text.as_bytes().chunks(10) {
            data.push(u8::try_from(part.len()).unwrap());
            data.extend_from_slice(part);
        }
        record(16, &data);
    }
    bytes
}

/// An appliance with acme, whose admin has added claimed.example; its cookie and the record.
fn claimed(dns: &Dns) -> (TestApp, Tenant, String, Value) {
    let app = TestApp::start_with_dns(&dns.address.to_string());
    let acme = app.tenant("acme", "acme.com");
    let (_, admin) = app.person(&acme, "admin");
    let body = json!({ "kind": "okta", "domains": ["claimed.example"] });
    let ask = Ask::new("POST", format!("{}/providers", acme.base)).with(&admin);
    let made = app.ask(ask.json(&body)).expect(201).json();
    let challenge = made["domains"][0]["challenge"].clone();
    assert_eq!(made["domains"][0]["state"], "pending");
    let tenant = Tenant {
        provider: made["id"].as_str().unwrap().to_owned(),
        ..acme
    };
    app.set_provider(&tenant, &json!({ "metadata_xml": IDP.metadata() }));
    (app, tenant, admin, challenge)
}

fn verify(app: &TestApp, tenant: &Tenant, cookie: &str, domain: &str) -> Answer {
    let path = format!("{}/domains/{domain}/verify", tenant.base);
    app.ask(Ask::new("POST", path).with(cookie))
}

fn leads_somewhere(app: &TestApp) -> bool {
    let form = [("email", "eve@claimed.example")];
    app.ask(Ask::new("POST", "/login").form(&form)).status == 303
}

#[test]
fn the_record_proves_the_domain() {
    let dns = Dns::start();
    let (app, tenant, admin, challenge) = claimed(&dns);
    assert_eq!(challenge["type"], "TXT");
    assert_eq!(challenge["name"], "_portcullis-challenge.claimed.example");
    let value = challenge["value"].as_str().unwrap().to_owned();
    assert!(
        value.starts_with("portcullis=") && value.len() > 40,
        "{value}"
    );
    let refused = || {
        let problem = verify(&app, &tenant, &admin, "claimed.example")
            .expect(409)
            .json();
        assert_eq!(problem["field"], "domain");
        assert!(!leads_somewhere(&app));
        problem["detail"].as_str().unwrap().to_owned()
    };
    let detail = refused();
    assert!(
        detail.contains(&value) && detail.contains("there is none"),
        "{detail}"
    );
    dns.says(Says::Texts(vec![
        "v=spf1 -all".to_owned(),
        format!("{value}x"),
    ]));
    let detail = refused();
    assert!(detail.contains("v=spf1 -all"), "{detail}");
    dns.says(Says::Texts(vec![
        "v=spf1 -all".to_owned(),
        format!(" {value} "),
    ]));
    let proved = verify(&app, &tenant, &admin, "Claimed.Example")
        .expect(200)
        .json();
    assert_eq!(
        proved,
        json!({ "domain": "claimed.example", "state": "active" })
    );
    assert!(leads_somewhere(&app));
    let asked = dns.asked.lock().unwrap().len();
    assert!(
        dns.asked
            .lock()
            .unwrap()
            .iter()
            .all(|n| n == "_portcullis-challenge.claimed.example")
    );
    // Once is enough, and nobody is asked again.
    verify(&app, &tenant, &admin, "claimed.example").expect(200);
    assert_eq!(dns.asked.lock().unwrap().len(), asked);
    assert_eq!(
        app.sql("SELECT count(*) FROM audit WHERE action = 'domain.proved'"),
        1
    );
    verify(&app, &tenant, &admin, "unknown.example").expect(404);
    verify(&app, &tenant, &admin, "nonsense").expect(404);
}

#[test]
fn answers_that_are_long_forged_or_none() {
    let dns = Dns::start();
    let (app, tenant, admin, challenge) = claimed(&dns);
    let value = challenge["value"].as_str().unwrap().to_owned();
    let detail = || {
        let began = Instant::now();
        let problem = verify(&app, &tenant, &admin, "claimed.example")
            .expect(409)
            .json();
        assert!(began.elapsed() < Duration::from_secs(7));
        problem["detail"].as_str().unwrap().to_owned()
    };
    dns.says(Says::Fails);
    assert!(detail().contains("SERVFAIL"));
    dns.says(Says::Silence);
    let silent = detail();
    assert!(silent.contains("no answer"), "{silent}");
    // What somebody slips in isn't taken; TCP has the truth.
    dns.says(Says::Forged(vec!["nothing of ours".to_owned()]));
    let forged = detail();
    assert!(
        forged.contains("nothing of ours") && !forged.contains("portcullis=forged"),
        "{forged}"
    );
    let padding = "x".repeat(3000);
    dns.says(Says::TooLong(vec![padding, value]));
    verify(&app, &tenant, &admin, "claimed.example").expect(200);
}

#[test]
fn nobody_learns_whose_a_domain_is() {
    let dns = Dns::start();
    let (app, tenant, _, challenge) = claimed(&dns);
    let rival = app.tenant("rival", "rival.example");
    let (_, its_admin) = app.person(&rival, "admin");
    let path = format!("{}/providers/{}", rival.base, rival.provider);
    for taken in ["acme.com", "claimed.example"] {
        let ask = Ask::new("PATCH", path.as_str()).with(&its_admin);
        let answer = app.ask(ask.json(&json!({ "domains": ["rival.example", taken] })));
        let problem = answer.expect(409).json();
        assert_eq!(problem["field"], "domains");
        let words = problem.to_string();
        assert!(words.contains("is taken"), "{words}");
        for secret in ["acme-okta", "ACME", tenant.provider.as_str(), "claimed by"] {
            assert!(!words.contains(secret), "{words}");
        }
    }
    // Nor is another's claim theirs to prove, even with the right record.
    dns.says(Says::Texts(vec![
        challenge["value"].as_str().unwrap().to_owned(),
    ]));
    verify(&app, &rival, &its_admin, "claimed.example").expect(404);
    assert!(!leads_somewhere(&app));
    // In one's own organization the provider is named.
    let other = app.draft("acme", "third.example");
    let body = json!({ "domains": ["third.example", "acme.com"] });
    let path = format!("{}/providers/{other}", tenant.base);
    let problem = app.as_operator("PATCH", &path, &body).expect(409).json();
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("the provider acme-okta"),
        "{problem}"
    );
}

#[test]
fn the_command_line_verifies() {
    let dns = Dns::start();
    let (app, _, _, challenge) = claimed(&dns);
    dns.says(Says::Texts(vec![
        challenge["value"].as_str().unwrap().to_owned(),
    ]));
    let resolver = dns.address.to_string();
    let claim = app.portcullis(&[
        "org",
        "domains",
        "verify",
        "claimed.example",
        "--resolver",
        &resolver,
    ]);
    assert_eq!(
        (&claim["state"], &claim["organization"]["slug"]),
        (&json!("active"), &json!("acme"))
    );
    assert!(leads_somewhere(&app));
}
