//! A company with a provider of one product, and ways to answer its sign-ins wrongly.

use portcullis::clock::{self, Timestamp};
use portcullis::demo::identity_provider::{Algorithm, Cipher, Encryption, ResponseSpec};
use portcullis::directory::provider_kind::Kind;
use portcullis::saml::advice::Screens;
use portcullis::saml::certificate::Certificate;
use serde_json::{Value, json};

use crate::app::{Tenant, TestApp};
use crate::browser::{Browser, Started};
use crate::http::{Answer, Ask};
use crate::saml::fixture::IDP;

pub(super) const ANN: &str = "ann@acme.com";

/// What the administrator gets to see.
pub(super) enum Seen {
    /// A page with a reference, under which there is a trace.
    Refused(Answer),
    /// The same of a logout.
    Logout(Answer),
    /// An answer at once, or a note in the trace of a sign-in that went through.
    Said { code: &'static str, advice: String },
}

pub(super) fn screens(kind: &str) -> Screens {
    kind.parse::<Kind>().unwrap().screens()
}

/// Seconds from now.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(clock::now().millis() + seconds * 1000)
}

pub(super) struct Scene {
    pub(super) app: TestApp,
    pub(super) acme: Tenant,
}

impl Scene {
    /// The provider of acme.com is of this kind and set up as it should be.
    pub(super) fn of(kind: &str) -> Self {
        let (app, acme) = TestApp::acme();
        let id = &acme.provider;
        app.force(&format!(
            "UPDATE providers SET kind = '{kind}' WHERE id = '{id}'"
        ));
        Self { app, acme }
    }

    pub(super) fn set(&self, body: &Value) {
        self.app.set_provider(&self.acme, body);
    }

    /// A sign-in whose answer is as it should be but for one change.
    pub(super) fn answer(&self, change: impl FnOnce(&mut ResponseSpec<'_>)) -> Seen {
        let mut browser = Browser::new(&self.app);
        let started = browser.start(&self.acme);
        let mut spec = started.spec(ANN);
        change(&mut spec);
        Seen::Refused(browser.answer(&started, &spec))
    }

    /// A sign-in whose answer is this document.
    pub(super) fn document(&self, made: impl FnOnce(&Started) -> String) -> Seen {
        let mut browser = Browser::new(&self.app);
        let started = browser.start(&self.acme);
        let xml = made(&started);
        Seen::Refused(browser.post(&started.request.acs_url, &xml, Some(&started.relay_state)))
    }

    /// A sign-in whose answer has something else in the assertion, which is signed all the same.
    pub(super) fn assertion(&self, from: &str, to: &str) -> Seen {
        self.document(|started| changed_assertion(started, from, to))
    }

    /// A sign-in whose answer has something else around the assertion, which alone is signed.
    pub(super) fn envelope(&self, from: &str, to: &str) -> Seen {
        self.document(|started| {
            let xml = IDP
                .issue(&ResponseSpec {
                    sign_response: false,
                    ..started.spec(ANN)
                })
                .unwrap();
            let end = xml.find("<saml2:Assertion").unwrap();
            assert!(xml[..end].contains(from), "{from}");
            format!("{}{}", xml[..end].replacen(from, to, 1), &xml[end..])
        })
    }

    /// A sign-in whose answer was changed after it was made.
    pub(super) fn afterwards(&self, from: &str, to: &str) -> Seen {
        self.document(|started| {
            let xml = IDP.issue(&started.spec(ANN)).unwrap();
            assert!(xml.contains(from), "{from}");
            xml.replace(from, to)
        })
    }

    /// A sign-in whose answer is an encrypted assertion.
    pub(super) fn encrypted(
        &self,
        certificate: &[u8],
        cipher: Cipher,
        sign_response: bool,
        sign_assertion: bool,
    ) -> String {
        let mut browser = Browser::new(&self.app);
        let started = browser.start(&self.acme);
        IDP.issue(&ResponseSpec {
            sign_response,
            sign_assertion,
            encryption: Some(Encryption {
                certificate,
                cipher,
            }),
            ..started.spec(ANN)
        })
        .unwrap()
    }

    /// What a page of the identity provider posts.
    pub(super) fn post(&self, xml: &str) -> Seen {
        let acs = format!("/saml/{}/acs", self.acme.provider);
        Seen::Refused(Browser::new(&self.app).post(&acs, xml, None))
    }

    /// A form with this for SAMLResponse.
    pub(super) fn form(&self, value: &str) -> Seen {
        let path = format!("/saml/{}/acs", self.acme.provider);
        let ask = Ask::new("POST", path).form(&[("SAMLResponse", value)]);
        Seen::Refused(self.app.ask(ask))
    }

    /// The certificate of ours that metadata offers for `using`.
    pub(super) fn our_certificate(&self, using: &str) -> Vec<u8> {
        let xml = self.our_metadata();
        let (_, rest) = xml.split_once(&format!("use=\"{using}\"")).unwrap();
        let (_, rest) = rest.split_once("X509Certificate>").unwrap();
        let (base64, _) = rest.split_once('<').unwrap();
        Certificate::parse(base64.as_bytes()).unwrap().der
    }

    pub(super) fn our_metadata(&self) -> String {
        let path = format!("/saml/{}/metadata", self.acme.provider);
        self.app.ask(Ask::get(path)).expect(200).text()
    }

    /// A setting that is refused at once: the field, and what is said of it.
    pub(super) fn setting(&self, body: &Value) -> Seen {
        let path = format!("{}/providers/{}", self.acme.base, self.acme.provider);
        let answer = self.app.as_operator("PATCH", &path, body);
        assert!((400..500).contains(&answer.status), "{}", answer.text());
        let problem = answer.json();
        let code = match problem["code"].as_str().unwrap() {
            "invalid" => "invalid",
            "conflict" => "conflict",
            other => panic!("{other}"),
        };
        Seen::Said {
            code,
            advice: problem["detail"].as_str().unwrap().to_owned(),
        }
    }

    /// The groups row of a sign-in that goes through.
    pub(super) fn groups(&self, attributes: &[(&str, &[&str])]) -> Seen {
        let mut browser = Browser::new(&self.app);
        let started = browser.start(&self.acme);
        let mut spec = started.spec(ANN);
        for (name, values) in attributes {
            spec.attributes.push((name, values.to_vec()));
        }
        browser.answer(&started, &spec).expect(303);
        let trace = self.app.newest_trace(&self.acme);
        let rows = trace["detail"]["checks"].as_array().unwrap();
        let row = rows.iter().find(|row| row["code"] == "groups").unwrap();
        Seen::Said {
            code: "groups",
            advice: format!("{}: {}", row["expected"], row["got"]),
        }
    }

    /// The checks of a sign-in that is as it should be.
    pub(super) fn good(&self, encrypted: bool, unsolicited: bool) -> Vec<Value> {
        let certificate = self.our_certificate("encryption");
        self.set(&json!({ "idp_initiated": unsolicited, "mapping": { "groups": ["memberOf"] } }));
        let mut browser = Browser::new(&self.app);
        let started = browser.start(&self.acme);
        let mut spec = started.spec(ANN);
        if encrypted {
            spec.encryption = Some(Encryption {
                certificate: &certificate,
                cipher: Cipher::Aes256Gcm,
            });
            spec.sign_response = false;
        }
        if unsolicited {
            spec.in_response_to = None;
        }
        browser.answer(&started, &spec).expect(303);
        let trace = self.app.newest_trace(&self.acme);
        trace["detail"]["checks"].as_array().unwrap().clone()
    }

    /// The trace under the page's reference, as an operator reads it.
    #[track_caller]
    pub(super) fn trace(&self, answer: &Answer) -> Value {
        let path = format!("{}/traces/{}", self.acme.base, reference(answer));
        let found = self.app.as_operator("GET", &path, &Value::Null);
        found.expect(200).json()
    }

    /// Its public text, and the whole page with its headers less what is another one each time.
    pub(super) fn page(&self, answer: &Answer) -> (String, String) {
        let text = answer
            .text()
            .replace(&reference(answer), "REFERENCE")
            .replace(&self.acme.provider, "PROVIDER");
        let (_, rest) = text.split_once("<p>").unwrap();
        let message = rest.split_once("</p>").unwrap().0.to_owned();
        let mut headers: Vec<String> = answer
            .headers
            .iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("date"))
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        headers.sort_unstable();
        (
            message,
            format!("{} {}\n{text}", answer.status, headers.join("\n")),
        )
    }
}

/// The assertion with a change that its identity provider made before it signed.
pub(super) fn changed_assertion(started: &Started, from: &str, to: &str) -> String {
    signed_after(started, |assertion| {
        assert!(assertion.contains(from), "{from}: {assertion}");
        assertion.replacen(from, to, 1)
    })
}

/// The assertion without what is between these two, and them.
pub(super) fn assertion_without(started: &Started, start: &str, end: &str) -> String {
    signed_after(started, |assertion| {
        let from = assertion.find(start).unwrap();
        let after = from + start.len();
        let to = after + assertion[after..].find(end).unwrap() + end.len();
        format!("{}{}", &assertion[..from], &assertion[to..])
    })
}

fn signed_after(started: &Started, change: impl FnOnce(&str) -> String) -> String {
    let spec = ResponseSpec {
        sign_response: false,
        sign_assertion: false,
        ..started.spec(ANN)
    };
    let unsigned = IDP.issue(&spec).unwrap();
    let start = unsigned.find("<saml2:Assertion").unwrap();
    let end = unsigned.find("</saml2p:Response>").unwrap();
    let template = IDP.signature_template(spec.assertion_id, Algorithm::Sha256);
    let changed = change(&unsigned[start..end]);
    let with = format!("</saml2:Issuer>{template}");
    let signed = IDP
        .sign(changed.replacen("</saml2:Issuer>", &with, 1))
        .unwrap();
    format!("{}{signed}{}", &unsigned[..start], &unsigned[end..])
}

#[track_caller]
fn reference(answer: &Answer) -> String {
    let text = answer.text();
    let found = text
        .split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-'))
        .find(|word| word.len() == 9 && word.as_bytes()[4] == b'-');
    found
        .unwrap_or_else(|| panic!("{}: no reference in {text}", answer.status))
        .to_owned()
}
