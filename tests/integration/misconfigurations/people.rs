//! Who it is, and whether they may come in.

use portcullis::demo::identity_provider::ResponseSpec;
use serde_json::json;

use super::scene::{ANN, Scene, Seen, assertion_without};
use super::{Misconfiguration, row};
use crate::app::user;
use crate::browser::Browser;
use crate::saml::fixture::IDP;

const NAME_ID: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/// A sign-in of this NameID with these attributes.
fn named(scene: &Scene, name_id: &str, attributes: &[(&'static str, &'static str)]) -> Seen {
    let mut browser = Browser::new(&scene.app);
    let started = browser.start(&scene.acme);
    let spec = ResponseSpec {
        attributes: attributes
            .iter()
            .map(|(name, value)| (*name, vec![*value]))
            .collect(),
        ..started.spec(name_id)
    };
    Seen::Refused(browser.answer(&started, &spec))
}

/// A sign-in of a transient NameID and nothing else.
fn transient(scene: &Scene, name_id: &'static str) -> Seen {
    scene.document(|started| {
        let spec = ResponseSpec {
            sign_response: false,
            sign_assertion: false,
            attributes: Vec::new(),
            ..started.spec(name_id)
        };
        let unsigned = IDP.issue(&spec).unwrap().replace(NAME_ID, TRANSIENT);
        let template = IDP.signature_template(spec.response_id, spec.algorithm);
        let with = format!("</saml2:Issuer>{template}");
        IDP.sign(unsigned.replacen("</saml2:Issuer>", &with, 1))
            .unwrap()
    })
}

pub(super) const ROWS: &[Misconfiguration] = &[
    row(
        "an address in a foreign domain",
        "email-domain",
        &[
            ("okta", "\"Application username\""),
            ("entra", "#EXT#"),
            ("google", "not an alias"),
            ("keycloak", "the attribute \"email\""),
        ],
        |scene| named(scene, "eve@elsewhere.example", &[]),
    ),
    row(
        "an address in a subdomain",
        "email-domain",
        &[("okta", "Add the domain to the provider here")],
        |scene| named(scene, "eve@mail.acme.com", &[]),
    ),
    row(
        "the domain waits for an operator",
        "email-domain",
        &[("okta", "outside the domains of this provider")],
        |scene| {
            scene.app.force("UPDATE domains SET state = 'pending'");
            scene.answer(|_| ())
        },
    ),
    row(
        "two addresses, one of them foreign",
        "email-domain",
        &[("entra", "\"emailaddress\"")],
        |scene| named(scene, ANN, &[("email", "eve@elsewhere.example")]),
    ),
    row(
        "a user name instead of an address",
        "email-missing",
        &[
            ("okta", "\"Attribute Statements\""),
            ("entra", "\"emailaddress\" is user.mail"),
            ("google", "\"Add mapping\""),
            ("adfs", "mail"),
        ],
        |scene| named(scene, "jdoe", &[]),
    ),
    row(
        "the attribute has another name",
        "email-missing",
        &[
            ("okta", "add the name \"email\""),
            ("saml", "the name that it is sent under"),
        ],
        |scene| named(scene, "jdoe", &[("e-mail", ANN)]),
    ),
    row(
        "no NameID",
        "name-id-missing",
        &[
            ("okta", "\"Application username\" Email"),
            ("entra", "\"Unique User Identifier (Name ID)\""),
            ("google", "\"Name ID format\" EMAIL"),
            ("adfs", "claim rule"),
        ],
        |scene| scene.assertion(&format!(">{ANN}</saml2:NameID>"), "></saml2:NameID>"),
    ),
    row(
        "no Subject",
        "subject-missing",
        &[("adfs", "AD FS needs a claim rule")],
        |scene| {
            scene.document(|started| {
                assertion_without(started, "<saml2:Subject>", "</saml2:Subject>")
            })
        },
    ),
    row(
        "an endless NameID",
        "name-id-too-long",
        &[("saml", "\"Name ID\" (subject, user identifier)")],
        |scene| named(scene, &format!("{}@acme.com", "x".repeat(2000)), &[]),
    ),
    row(
        "a holder-of-key confirmation alone",
        "subject-confirmation-missing",
        &[("pingfederate", "Web Browser SSO")],
        |scene| scene.assertion("2.0:cm:bearer", "2.0:cm:holder-of-key"),
    ),
    row(
        "no statement that anybody signed in",
        "authn-statement-missing",
        &[
            ("okta", "\"Assertion Inline Hook\""),
            ("keycloak", "\"Include AuthnStatement\""),
        ],
        |scene| {
            scene.document(|started| {
                assertion_without(started, "<saml2:AuthnStatement", "</saml2:AuthnStatement>")
            })
        },
    ),
    row(
        "a condition that isn't known",
        "condition-unknown",
        &[("shibboleth", "custom conditions")],
        |scene| {
            let more = "<x:Condition xmlns:x=\"urn:x\"/></saml2:Conditions>";
            scene.assertion("</saml2:Conditions>", more)
        },
    ),
    row(
        "two Subjects",
        "assertion-structure",
        &[("okta", "hooks or scripts")],
        |scene| scene.assertion("<saml2:Subject>", "<saml2:Subject/><saml2:Subject>"),
    ),
    row(
        "a transient NameID and no address",
        "email-missing",
        &[("shibboleth", "send an attribute \"email\"")],
        |scene| transient(scene, "_a1b2c3"),
    ),
    row(
        "a transient NameID that looks like one",
        "user-unidentified",
        &[
            ("okta", "\"Name ID format\" Unspecified"),
            ("entra", "\"Name identifier format\""),
            ("google", "EMAIL or PERSISTENT"),
            ("shibboleth", "\"Name ID format\""),
        ],
        |scene| transient(scene, ANN),
    ),
    row(
        "the user is switched off",
        "user-inactive",
        &[
            ("okta", "\"Assignments\" again"),
            ("entra", "\"Users and groups\" again"),
            ("google", "Google pushes no users"),
            ("onelogin", "\"Provisioning\""),
        ],
        |scene| {
            scene.app.push_user(&scene.acme, ANN);
            scene
                .app
                .force("UPDATE users SET active = 0, active_shown = 0");
            scene.answer(|_| ())
        },
    ),
    row(
        "nobody was pushed, and none is made",
        "user-unknown",
        &[
            ("okta", "so that they are pushed"),
            ("entra", "\"Provision on demand\""),
            ("google", "invite the person here"),
            ("jumpcloud", "\"Provisioning\""),
        ],
        |scene| {
            scene.set(&json!({ "jit": false }));
            scene.answer(|_| ())
        },
    ),
    row(
        "two users of one address",
        "user-ambiguous",
        &[
            ("okta", "\"Application username\""),
            ("entra", "\"Unique User Identifier (Name ID)\""),
            ("google", "Primary email"),
        ],
        |scene| {
            for name in ["one", "two"] {
                let mut twin = user(name);
                twin["emails"][0]["value"] = json!(ANN);
                scene
                    .app
                    .scim(&scene.acme, "POST", "/Users", &twin)
                    .expect(201);
            }
            named(scene, "three", &[("email", ANN)])
        },
    ),
    row(
        "the user is another provider's",
        "user-foreign-domain",
        &[("okta", "a domain of another provider")],
        |scene| {
            let mut boss = user("boss");
            boss["emails"][0]["value"] = json!("boss@elsewhere.example");
            scene
                .app
                .scim(&scene.acme, "POST", "/Users", &boss)
                .expect(201);
            named(scene, "boss", &[("email", "x@acme.com")])
        },
    ),
];
