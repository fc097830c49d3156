//! The attack documents posted to the executable: whoever only has its log sees what was tried.

use std::thread;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use portcullis::saml::certificate::Certificate;
use serde_json::Value;

use crate::browser::started;
use crate::cli::{Server, Shell};
use crate::http::Ask;
use crate::saml::attacks::{AES_256, Workshop, documents};
use crate::saml::fixture::{IDP, IMPOSTOR};

/// The checks that the log says were failed, in turn.
fn failed_checks(server: &Server) -> Vec<String> {
    server
        .log()
        .lines()
        .filter(|line| line.contains("SAML response refused"))
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let check = line.get("check").or(line.pointer("/fields/check"));
            check.unwrap().as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn the_log_names_the_check_that_each_attack_failed() {
    let shell = Shell::acme();
    let add = "provider add --org acme --kind okta --domain acme.com --json";
    let provider = shell.json(&add.split(' ').collect::<Vec<_>>());
    let id = provider["id"].as_str().unwrap();
    let metadata = shell.write("metadata.xml", IDP.metadata());
    shell.json(&[
        "provider",
        "set",
        id,
        "--metadata-file",
        &metadata,
        "--json",
    ]);
    let mut server = shell.serve(&["--tls", "off"]);
    let client = server.client();

    let ours = Ask::get(format!("/saml/{id}/metadata"));
    let ours = client.send(&ours).unwrap().expect(200).text();
    let (_, encryption) = ours.split_once("use=\"encryption\"").unwrap();
    let (_, encryption) = encryption.split_once("X509Certificate>").unwrap();
    let (encryption, _) = encryption.split_once('<').unwrap();
    let recipient = Certificate::parse(encryption.as_bytes()).unwrap().der;

    let begun = Ask::get(format!("/saml/{id}/login"));
    let begun = client.send(&begun).unwrap().expect(303);
    let waiting = started(begun.location());
    let cookie = begun.header("set-cookie").unwrap();
    let (cookie, _) = cookie.split_once(';').unwrap();
    let attacks = documents(&Workshop {
        idp: &IDP,
        impostor: &IMPOSTOR,
        recipient: &recipient,
        ciphers: AES_256,
        spec: waiting.spec("ann@acme.com"),
    });
    let mut expected = Vec::new();
    for attack in &attacks {
        let post = Ask::new("POST", format!("/saml/{id}/acs"))
            .with(cookie)
            .header("Origin", "https://acme.okta.com")
            .form(&[
                ("SAMLResponse", &BASE64.encode(attack.xml.as_bytes())),
                ("RelayState", &waiting.relay_state),
            ]);
        let answer = client.send(&post).unwrap();
        let (name, status) = (attack.name, answer.status);
        assert!((400..500).contains(&status), "{name}: {status}");
        expected.push(attack.code.to_owned());
    }
    assert!(expected.len() > 100, "{}", expected.len());
    // The log is read by another thread.
    let end = Instant::now() + Duration::from_secs(10);
    while failed_checks(&server).len() < expected.len() && Instant::now() < end {
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(failed_checks(&server), expected);
    assert!(!server.log().contains("panic"), "{}", server.log());
    assert!(server.child.try_wait().unwrap().is_none(), "it ended");
    client.send(&Ask::get("/healthz")).unwrap().expect(200);
}
