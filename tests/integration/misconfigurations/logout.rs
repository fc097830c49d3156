//! Logout messages that aren't followed.

use std::io::Write as _;

use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::scene::{Scene, Seen};
use super::{Misconfiguration, row};
use crate::http::Ask;

const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

/// A LogoutRequest by HTTP-Redirect, with a signature by this algorithm that is nobody's.
fn request(scene: &Scene, algorithm: Option<&str>) -> Seen {
    let xml = "<p:LogoutRequest xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_l\" \
               Version=\"2.0\"/>";
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(xml.as_bytes()).unwrap();
    let message = BASE64.encode(&encoder.finish().unwrap());
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("SAMLRequest", &message);
    if let Some(algorithm) = algorithm {
        query.append_pair("SigAlg", algorithm);
        query.append_pair("Signature", &BASE64.encode(&[7; 256]));
    }
    sent(scene, &query.finish())
}

fn sent(scene: &Scene, query: &str) -> Seen {
    let path = format!("/saml/{}/slo?{query}", scene.acme.provider);
    Seen::Logout(scene.app.ask(Ask::get(path)))
}

pub(super) const ROWS: &[Misconfiguration] = &[
    row(
        "a logout that isn't signed",
        "logout-unsigned",
        &[
            ("okta", "\"Single Logout URL\""),
            ("entra", "\"Logout Url (Optional)\""),
            ("google", "Google has no single logout"),
            ("keycloak", "\"Sign logout requests\""),
        ],
        |scene| request(scene, None),
    ),
    row(
        "a logout signed with another key",
        "logout-signature-invalid",
        &[
            ("okta", "\"SAML Signing Certificates\""),
            ("entra", "\"App Federation Metadata Url\""),
            ("onelogin", "\"metadata\""),
        ],
        |scene| request(scene, Some(RSA_SHA256)),
    ),
    row(
        "a logout signed by SHA-1",
        "logout-algorithm-not-allowed",
        &[
            ("okta", "\"Signature Algorithm\""),
            ("entra", "\"Signing Algorithm\""),
            ("adfs", "RSA-SHA256"),
        ],
        |scene| request(scene, Some(RSA_SHA1)),
    ),
    row(
        "a logout that was cut",
        "logout-query-malformed",
        &[("saml", "cut or changed on its way")],
        |scene| sent(scene, "SAMLRequest=AAAA"),
    ),
];
