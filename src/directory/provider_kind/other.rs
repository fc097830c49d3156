//! Any other SAML 2.0 identity provider.

use super::Kind;
use super::preset::{
    Attributes, EMAIL_CLAIM, ENTRA_NAME_CLAIM, FIRST_NAME_CLAIM, Form, Here, LAST_NAME_CLAIM,
    Labels, Preset, Source, Step, TEST, Table, row, step,
};

pub(super) static PRESET: Preset = Preset {
    kind: Kind::Saml,
    name: "Other SAML 2.0 provider",
    summary: "Whatever speaks SAML 2.0 with HTTP-Redirect and HTTP-POST.",
    labels: Labels {
        acs_url: "Assertion consumer service (ACS) URL",
        entity_id: "Entity ID, audience or relying party identifier",
        sso_url: "Single sign-on URL (HTTP-Redirect)",
        issuer: "Entity ID or issuer",
        certificate: "Signing certificate",
    },
    attributes: Attributes {
        email: &[
            "email",
            "mail",
            EMAIL_CLAIM,
            "urn:oid:0.9.2342.19200300.100.1.3",
            "NameID",
        ],
        first_name: &[
            "firstName",
            "givenName",
            FIRST_NAME_CLAIM,
            "urn:oid:2.5.4.42",
        ],
        last_name: &["lastName", "sn", LAST_NAME_CLAIM, "urn:oid:2.5.4.4"],
        display_name: &[
            "displayName",
            ENTRA_NAME_CLAIM,
            "urn:oid:2.16.840.1.113730.3.1.241",
        ],
        groups: &["groups", "memberOf"],
    },
    skew_seconds: 180,
    name_id: "Something that stays with the person: the address, or a persistent identifier.",
    metadata: Source {
        url: Some("https://idp.example/metadata"),
        found: "Look for SAML or federation metadata, at an address or as a file.",
    },
    steps: &[
        Step {
            form: Some(Form {
                caption: "SAML settings",
                rows: &[
                    row("Assertion consumer service (ACS) URL", "{acs_url}"),
                    row(
                        "Entity ID, audience or relying party identifier",
                        "{entity_id}",
                    ),
                    row("Our metadata, where it takes that", "{metadata_url}"),
                ],
            }),
            table: Some(Table {
                caption: "Attributes",
                columns: &["Name", "Value"],
                rows: &[
                    &["email", "the person's e-mail address"],
                    &["firstName", "the given name"],
                    &["lastName", "the family name"],
                ],
            }),
            ..step(
                "Create a SAML application in your identity provider",
                &[
                    "Let it sign the response, the assertion, or both, with RSA and SHA-256.",
                    "Where it has names of its own for the attributes, leave them and change the \
                     mapping here.",
                ],
            )
        },
        Step {
            here: Some(Here::Metadata),
            ..step("Bring its metadata here", &[])
        },
        step(
            "Let people use it",
            &["Assign yourself to the application, where it wants that."],
        ),
        TEST,
    ],
    traps: &[
        "RSA with SHA-1 is refused.",
        "Encrypted assertions need our encryption certificate, which is in our metadata.",
    ],
};
