//! What is posted isn't what an identity provider posts.

use std::io::Write as _;

use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::scene::{ANN, Scene, Seen};
use super::{Misconfiguration, row};
use crate::browser::Browser;
use crate::http::Ask;
use crate::saml::fixture::IDP;

/// A good answer to a sign-in of a browser that is gone.
fn response(scene: &Scene) -> String {
    let started = Browser::new(&scene.app).start(&scene.acme);
    IDP.issue(&started.spec(ANN)).unwrap()
}

pub(super) const ROWS: &[Misconfiguration] = &[
    row(
        "a form without SAMLResponse",
        "response-empty",
        &[
            ("okta", "\"Single sign-on URL\""),
            ("entra", "\"Reply URL (Assertion Consumer Service URL)\""),
            ("google", "\"ACS URL\""),
            ("saml", "HTTP-POST"),
        ],
        |scene| {
            let path = format!("/saml/{}/acs", scene.acme.provider);
            let ask = Ask::new("POST", path).form(&[("wresult", "<t:RequestSecurityToken/>")]);
            Seen::Refused(scene.app.ask(ask))
        },
    ),
    row(
        "a proxy's own page",
        "response-is-html",
        &[("okta", "a proxy that rewrites request bodies")],
        |scene| scene.form(&BASE64.encode(b"<!DOCTYPE html><html><body>Bad gateway</body></html>")),
    ),
    row(
        "base64 twice",
        "xml-malformed",
        &[("saml", "a proxy or a browser extension")],
        |scene| {
            let once = BASE64.encode(response(scene).as_bytes());
            scene.form(&BASE64.encode(once.as_bytes()))
        },
    ),
    row(
        "not encoded at all",
        "response-not-base64",
        &[("okta", "a proxy that rewrites request bodies")],
        |scene| scene.form(&response(scene)),
    ),
    row(
        "percent-encoded twice",
        "response-not-base64",
        &[("entra", "a proxy that rewrites request bodies")],
        |scene| {
            let value = BASE64.encode(response(scene).as_bytes());
            let twice: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            assert_ne!(twice, value);
            scene.form(&twice)
        },
    ),
    row(
        "deflated as for HTTP-Redirect",
        "response-not-utf8",
        &[("keycloak", "HTTP-POST")],
        |scene| {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(response(scene).as_bytes()).unwrap();
            scene.form(&BASE64.encode(&encoder.finish().unwrap()))
        },
    ),
    row(
        "cut in the middle",
        "xml-malformed",
        &[("google", "it was cut")],
        |scene| {
            let xml = response(scene);
            scene.form(&BASE64.encode(&xml.as_bytes()[..xml.len() / 2]))
        },
    ),
    row(
        "a document type declaration",
        "xml-doctype",
        &[("saml", "nobody's identity provider made it")],
        |scene| scene.post("<!DOCTYPE x><p:Response xmlns:p=\"urn:x\"/>"),
    ),
    row(
        "larger than any response",
        "response-too-big",
        &[
            ("okta", "\"Group Attribute Statements\""),
            ("entra", "\"Groups assigned to the application\""),
            ("google", "\"Group membership (optional)\""),
            ("adfs", "memberOf"),
        ],
        |scene| scene.form(&BASE64.encode(&vec![b' '; 300 * 1024])),
    ),
    row(
        "endlessly many namespaces",
        "namespaces-too-many",
        &[("okta", "let it send fewer attributes")],
        |scene| {
            let many: String = (0..300)
                .map(|n| format!("<x:y xmlns:x{n}=\"urn:x{n}\" xmlns:x=\"urn:x\"/>"))
                .collect();
            let with = format!("<saml2p:Extensions>{many}</saml2p:Extensions><saml2p:Status>");
            scene.envelope("<saml2p:Status>", &with)
        },
    ),
    row(
        "our own request came back",
        "root-not-response",
        &[
            ("okta", "\"SAML 2.0\""),
            ("entra", "Single sign-on must be set to \"SAML\""),
            ("google", "\"Add custom SAML app\""),
            ("saml", "Web Browser SSO"),
        ],
        |scene| {
            scene.post(
                "<p:AuthnRequest xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_r\" \
                 Version=\"2.0\"/>",
            )
        },
    ),
    row(
        "an answer of SAML 1.1",
        "version",
        &[("shibboleth", "\"SAML 2.0\"")],
        |scene| scene.envelope("Version=\"2.0\"", "Version=\"1.1\""),
    ),
    row(
        "a WS-Federation token",
        "root-not-response",
        &[("entra", "WS-Federation")],
        |scene| {
            scene.post(
                "<t:RequestSecurityTokenResponse \
                 xmlns:t=\"http://schemas.xmlsoap.org/ws/2005/02/trust\"/>",
            )
        },
    ),
    row(
        "a success without an assertion",
        "assertion-missing",
        &[("saml", "bearer assertion")],
        |scene| {
            scene.document(|started| {
                let xml = IDP.issue(&started.spec(ANN)).unwrap();
                let start = xml.find("<saml2:Assertion").unwrap();
                let end = xml.find("</saml2p:Response>").unwrap();
                format!("{}{}", &xml[..start], &xml[end..])
            })
        },
    ),
];
