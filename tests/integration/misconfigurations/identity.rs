//! Who made the answer, for whom, and where it goes.

use portcullis::demo::identity_provider::ResponseSpec;

use super::scene::{ANN, Scene, Seen};
use super::{Misconfiguration, row};
use crate::app::PUBLIC;
use crate::browser::Browser;
use crate::saml::fixture::{IDP, ISSUER};

const ISSUER_OF_ASSERTION: &str = ">http://www.okta.com/exkdemo</saml2:Issuer>";

pub(super) const ROWS: &[Misconfiguration] = &[
    row(
        "entity ID mistyped",
        "audience-mismatch",
        &[
            ("okta", "\"Audience URI (SP Entity ID)\""),
            ("entra", "\"Identifier (Entity ID)\""),
            ("google", "Service provider details > \"Entity ID\""),
            ("keycloak", "client ID"),
        ],
        |scene| scene.answer(|spec| spec.audience = "https://door.test/typo"),
    ),
    row(
        "ACS URL entered as the entity ID",
        "audience-mismatch",
        &[("okta", "\"Audience URI (SP Entity ID)\"")],
        |scene| scene.answer(|spec| spec.audience = spec.acs_url),
    ),
    row(
        "entity ID left empty",
        "audience-missing",
        &[("google", "\"Entity ID\" must be")],
        |scene| {
            scene.document(|started| {
                let audience = format!(
                    "<saml2:AudienceRestriction><saml2:Audience>{}</saml2:Audience>\
                     </saml2:AudienceRestriction>",
                    started.request.issuer
                );
                super::scene::changed_assertion(started, &audience, "")
            })
        },
    ),
    row(
        "ACS URL of another application",
        "destination-mismatch",
        &[
            ("okta", "\"Single sign-on URL\""),
            ("entra", "\"Reply URL (Assertion Consumer Service URL)\""),
            ("google", "Service provider details > \"ACS URL\""),
            ("adfs", "Assertion Consumer Service"),
        ],
        |scene| scene.answer(|spec| spec.acs_url = "https://door.test/saml/typo/acs"),
    ),
    row(
        "ACS URL with http",
        "destination-mismatch",
        &[("okta", "\"Single sign-on URL\"")],
        |scene| {
            let wrong = format!("http://door.test/saml/{}/acs", scene.acme.provider);
            scene.document(|started| {
                let spec = ResponseSpec {
                    acs_url: &wrong,
                    ..started.spec(ANN)
                };
                IDP.issue(&spec).unwrap()
            })
        },
    ),
    row(
        "Destination left out under a signature",
        "destination-missing",
        &[("saml", "\"ACS URL\"")],
        |scene| {
            scene.document(|started| {
                let spec = ResponseSpec {
                    sign_response: false,
                    sign_assertion: false,
                    ..started.spec(ANN)
                };
                let destination = format!(" Destination=\"{}\"", spec.acs_url);
                let template = IDP.signature_template(spec.response_id, spec.algorithm);
                let with = format!("</saml2:Issuer>{template}");
                let unsigned = IDP.issue(&spec).unwrap().replacen(&destination, "", 1);
                IDP.sign(unsigned.replacen("</saml2:Issuer>", &with, 1))
                    .unwrap()
            })
        },
    ),
    row(
        "Recipient URL of its own, and wrong",
        "recipient-mismatch",
        &[(
            "okta",
            "\"Use this for Recipient URL and Destination URL\" ticked",
        )],
        |scene| {
            scene.document(|started| {
                let right = format!("Recipient=\"{}\"", started.request.acs_url);
                super::scene::changed_assertion(started, &right, "Recipient=\"https://x.test\"")
            })
        },
    ),
    row(
        "no Recipient",
        "recipient-missing",
        &[("pingfederate", "Recipient, Destination")],
        |scene| {
            scene.document(|started| {
                let right = format!(" Recipient=\"{}\"", started.request.acs_url);
                super::scene::changed_assertion(started, &right, "")
            })
        },
    ),
    row(
        "issuer with a slash at its end",
        "issuer-mismatch",
        &[
            ("okta", "letter by letter"),
            ("entra", "\"Microsoft Entra Identifier\""),
            ("google", "idpid="),
            ("jumpcloud", "a slash at the end"),
        ],
        |scene| {
            scene.assertion(
                ISSUER_OF_ASSERTION,
                ">http://www.okta.com/exkdemo/</saml2:Issuer>",
            )
        },
    ),
    row(
        "issuer entered with https instead of http",
        "issuer-mismatch",
        &[("okta", "begins with http")],
        |scene| {
            let stored = ISSUER.replacen("http:", "https:", 1);
            let id = &scene.acme.provider;
            scene.app.force(&format!(
                "UPDATE providers SET issuer = '{stored}' WHERE id = '{id}'"
            ));
            scene.answer(|_| ())
        },
    ),
    row(
        "no Issuer",
        "issuer-missing",
        &[("shibboleth", "\"Entity ID\" (issuer)")],
        |scene| scene.assertion(ISSUER_OF_ASSERTION, "></saml2:Issuer>"),
    ),
    row(
        "an answer to another organization's provider",
        "destination-mismatch",
        &[("okta", "another address than the one it came to")],
        another_organizations,
    ),
    row(
        "an answer to another provider of the organization",
        "in-response-to-unknown",
        &[("okta", "Start again from the sign-in page")],
        |scene| {
            scene.document(|started| {
                let spec = ResponseSpec {
                    in_response_to: Some("_of_another_provider"),
                    ..started.spec(ANN)
                };
                IDP.issue(&spec).unwrap()
            })
        },
    ),
    row(
        "sign-in from the tile, back with our RelayState",
        "in-response-to-missing",
        &[
            ("okta", "by the app's tile"),
            ("entra", "\"Sign on URL\""),
            ("google", "\"Start URL (optional)\""),
            ("onelogin", "\"Start URL\""),
        ],
        |scene| scene.answer(|spec| spec.in_response_to = None),
    ),
    row(
        "two requests named in one answer",
        "in-response-to-mismatch",
        &[("entra", "not started in this browser")],
        |scene| scene.envelope(" InResponseTo=\"", " InResponseTo=\"x"),
    ),
    row(
        "the cookie was lost",
        "in-response-to-unknown",
        &[("google", "the browser drops our cookie")],
        |scene| {
            let started = Browser::new(&scene.app).start(&scene.acme);
            scene.post(&IDP.issue(&started.spec(ANN)).unwrap())
        },
    ),
    row(
        "the page was sent twice",
        "in-response-to-unknown",
        &[("okta", "was already finished")],
        |scene| {
            let mut browser = Browser::new(&scene.app);
            let started = browser.start(&scene.acme);
            browser.answer(&started, &started.spec(ANN)).expect(303);
            Seen::Refused(browser.answer(&started, &started.spec(ANN)))
        },
    ),
    row(
        "the request was made too long ago",
        "in-response-to-unknown",
        &[("saml", "more than 15 minutes ago")],
        |scene| {
            let mut browser = Browser::new(&scene.app);
            let started = browser.start(&scene.acme);
            scene
                .app
                .force("UPDATE sign_in_requests SET expires_at = 1");
            Seen::Refused(browser.answer(&started, &started.spec(ANN)))
        },
    ),
];

fn another_organizations(scene: &Scene) -> Seen {
    let other = scene.app.tenant("other", "other.com");
    let mut browser = Browser::new(&scene.app);
    let started = browser.start(&other);
    let xml = IDP.issue(&started.spec("eve@other.com")).unwrap();
    let acs = format!("{PUBLIC}/saml/{}/acs", scene.acme.provider);
    Seen::Refused(browser.post(&acs, &xml, Some(&started.relay_state)))
}
