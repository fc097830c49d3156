//! What a browser sees where an encrypted assertion can't be opened.

use serde_json::Value;

use crate::app::TestApp;
use crate::browser::Browser;
use crate::http::Ask;
use crate::saml::undecryptable::families;

/// One page, byte for byte, but for the number of its trace.
#[test]
fn every_failure_has_the_same_page() {
    let (app, acme) = TestApp::acme();
    let path = format!("/saml/{}/metadata", acme.provider);
    let metadata = app.ask(Ask::get(path)).expect(200).text();
    let (_, rest) = metadata.split_once("use=\"encryption\"").unwrap();
    let (_, rest) = rest.split_once("X509Certificate>").unwrap();
    let (base64, _) = rest.split_once('<').unwrap();
    let certificate = data_encoding::BASE64.decode(base64.as_bytes()).unwrap();

    let mut browser = Browser::new(&app);
    let started = browser.start(&acme);
    let mut pages = Vec::new();
    let mut details = Vec::new();
    let families = families(&certificate, &started.spec("ann@acme.com"));
    for (kind, value) in families.into_iter().flat_map(|family| family.kinds) {
        let acs = format!("/saml/{}/acs", acme.provider);
        let answer = app.ask(Ask::new("POST", acs).form(&[("SAMLResponse", &value)]));
        let trace = app.newest_trace(&acme);
        assert_eq!(trace["code"], "decryption-failed", "{kind}");
        let reference = trace["id"]
            .as_str()
            .or(trace["reference"].as_str())
            .unwrap();
        let text = answer.text();
        assert!(text.contains(reference), "{kind}: {trace} {text}");
        pages.push((answer.status, text.replace(reference, "REFERENCE")));
        details.push(trace["detail"]["got"].clone());
    }
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:?}");
    assert_eq!(pages[0].0, 403);
    // The trace, which administrators alone read, tells them apart.
    details.sort_by_key(Value::to_string);
    details.dedup();
    assert!(details.len() >= 5, "{details:?}");
}
