//! What is refused at once, where it is typed, or works and isn't what was meant.

use data_encoding::BASE64;
use serde_json::json;

use super::scene::{ANN, Scene, Seen};
use super::{Misconfiguration, row};
use crate::browser::Browser;
use crate::http::{Answer, Ask};
use crate::saml::fixture::IDP;

fn metadata(scene: &Scene, document: &str) -> Seen {
    scene.setting(&json!({ "metadata_xml": document }))
}

fn page(code: &'static str, answer: &Answer) -> Seen {
    Seen::Said {
        code,
        advice: answer.text(),
    }
}

pub(super) const ROWS: &[Misconfiguration] = &[
    row(
        "a web page pasted as metadata",
        "invalid",
        &[
            ("okta", "\"Metadata URL\""),
            ("entra", "\"App Federation Metadata Url\""),
            ("google", "\"Download metadata\""),
        ],
        |scene| metadata(scene, "<!DOCTYPE html><html><body>Sign in</body></html>"),
    ),
    row(
        "our own metadata pasted back",
        "invalid",
        &[
            ("okta", "metadata of a service provider"),
            ("entra", "\"App Federation Metadata Url\""),
        ],
        |scene| metadata(scene, &scene.our_metadata()),
    ),
    row(
        "an address pasted as metadata",
        "invalid",
        &[("okta", "the field for the metadata URL")],
        |scene| metadata(scene, "https://acme.okta.com/app/exk/sso/saml/metadata"),
    ),
    row(
        "a certificate pasted as metadata",
        "invalid",
        &[("saml", "certificate field")],
        |scene| {
            let base64 = BASE64.encode(IDP.certificate());
            metadata(
                scene,
                &format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----"),
            )
        },
    ),
    row(
        "metadata that has expired",
        "invalid",
        &[("keycloak", "expired")],
        |scene| {
            let old = "validUntil=\"2020-01-01T00:00:00Z\" entityID";
            metadata(scene, &IDP.metadata().replacen("entityID", old, 1))
        },
    ),
    row(
        "metadata without a certificate",
        "invalid",
        &[("okta", "no signing certificate")],
        |scene| {
            let good = IDP.metadata();
            let start = good.find("<md:KeyDescriptor").unwrap();
            let end = "</md:KeyDescriptor>";
            let rest = good.find(end).unwrap() + end.len();
            metadata(scene, &format!("{}{}", &good[..start], &good[rest..]))
        },
    ),
    row(
        "metadata of a whole federation",
        "invalid",
        &[("shibboleth", "the one application")],
        |scene| {
            let one = IDP.metadata();
            let one = one.split_once("?>").unwrap().1;
            let two = one.replacen("exkdemo", "exkother", 1);
            metadata(
                scene,
                &format!(
                    "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{one}\
                     {two}</md:EntitiesDescriptor>"
                ),
            )
        },
    ),
    row(
        "a sign-on address with http",
        "invalid",
        &[("keycloak", "not an https URL")],
        |scene| {
            metadata(
                scene,
                &IDP.metadata()
                    .replace("Location=\"https:", "Location=\"http:"),
            )
        },
    ),
    row(
        "half of the metadata",
        "invalid",
        &[("google", "complete XML")],
        |scene| {
            let good = IDP.metadata();
            metadata(scene, &good[..good.len() / 2])
        },
    ),
    row(
        "a key of 1024 bits",
        "invalid",
        &[("adfs", "2048")],
        |scene| {
            let small = include_str!("../../fixtures/saml/rsa-1024.pem");
            scene.setting(&json!({ "certificate": small }))
        },
    ),
    row(
        "the provider has no metadata yet",
        "draft",
        &[("okta", "metadata is missing")],
        |scene| {
            let draft = scene.app.draft("acme", "later.example");
            let path = format!("/saml/{draft}/acs");
            page(
                "draft",
                &scene.app.ask(Ask::new("POST", path).form(&[])).expect(409),
            )
        },
    ),
    row(
        "the provider is switched off",
        "disabled",
        &[("okta", "switched off")],
        |scene| {
            let started = Browser::new(&scene.app).start(&scene.acme);
            scene.set(&json!({ "state": "disabled" }));
            let xml = IDP.issue(&started.spec(ANN)).unwrap();
            let acs = format!("/saml/{}/acs", scene.acme.provider);
            let answer = Browser::new(&scene.app).post(&acs, &xml, None).expect(409);
            page("disabled", &answer)
        },
    ),
    row(
        "a second provider for the same domain",
        "conflict",
        &[("okta", "acme.com")],
        |scene| {
            let path = format!("{}/providers", scene.acme.base);
            let body = json!({ "kind": "entra", "domains": ["acme.com"] });
            let answer = scene.app.as_operator("POST", &path, &body).expect(409);
            let problem = answer.json();
            assert_eq!(problem["code"], "conflict");
            Seen::Said {
                code: "conflict",
                advice: problem["detail"].as_str().unwrap().to_owned(),
            }
        },
    ),
    row(
        "the groups attribute doesn't come",
        "groups",
        &[("okta", "none of the attributes came")],
        |scene| {
            scene.set(&json!({ "mapping": { "groups": ["memberOf"] } }));
            scene.groups(&[("groups", &["staff"])])
        },
    ),
    row(
        "a group without a level",
        "groups",
        &[("okta", "has no level here")],
        |scene| {
            scene.set(&json!({
                "mapping": { "groups": ["memberOf"] },
                "group_levels": { "ops": "admin" },
                "groups_mapped_only": true,
            }));
            scene.groups(&[("memberOf", &["staff"])])
        },
    ),
    row(
        "a link instead of 150 groups",
        "groups",
        &[("entra", "Groups assigned to the application")],
        |scene| {
            scene.set(&json!({ "mapping": { "groups": ["memberOf"] } }));
            scene.groups(&[(
                "http://schemas.microsoft.com/claims/groups.link",
                &["https://graph.windows.net/x/users/y/getMemberObjects"],
            )])
        },
    ),
    row(
        "a group that SCIM pushed",
        "groups",
        &[("okta", "pushed by SCIM")],
        |scene| {
            scene.app.push_group(&scene.acme, "staff", &[]);
            scene.set(&json!({ "mapping": { "groups": ["memberOf"] } }));
            scene.groups(&[("memberOf", &["staff"])])
        },
    ),
];
