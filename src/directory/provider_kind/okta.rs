//! Okta.

use super::Kind;
use super::preset::{
    Attributes, EMAIL_CLAIM, FIRST_NAME_CLAIM, Form, Here, LAST_NAME_CLAIM, Labels, Preset, Row,
    Source, Step, TEST, Table, row, step,
};

pub(super) static PRESET: Preset = Preset {
    kind: Kind::Okta,
    name: "Okta",
    summary: "About ten minutes. Okta can push users and groups, too.",
    labels: Labels {
        acs_url: "Single sign-on URL",
        entity_id: "Audience URI (SP Entity ID)",
        sso_url: "Sign on URL",
        issuer: "Issuer",
        certificate: "Signing Certificate",
    },
    attributes: Attributes {
        email: &["email", EMAIL_CLAIM, "NameID"],
        first_name: &["firstName", FIRST_NAME_CLAIM],
        last_name: &["lastName", LAST_NAME_CLAIM],
        display_name: &["displayName"],
        groups: &["groups"],
    },
    skew_seconds: 180,
    name_id: "Leave Name ID format at Unspecified; the value is the Application username, which \
              should be what Okta pushes as userName.",
    metadata: Source {
        url: Some("https://example.okta.com/app/exk.../sso/saml/metadata"),
        found: "On the app's **Sign On** tab, copy the **Metadata URL**. Without a way from here \
                to Okta, open it in your browser and save the page as a file.",
    },
    steps: &[
        step(
            "Create an app integration in Okta",
            &[
                "In the Okta Admin Dashboard open **Applications** › **Create App Integration**, \
                 choose **SAML 2.0** and press **Next**.",
                "Under **General Settings** type an **App name**, we recommend **Portcullis**, \
                 and press **Next**.",
            ],
        ),
        Step {
            form: Some(Form {
                caption: "Configure SAML › SAML Settings",
                rows: &[
                    Row {
                        label: "Single sign-on URL",
                        value: "{acs_url}",
                        tick: Some("Use this for Recipient URL and Destination URL"),
                    },
                    row("Audience URI (SP Entity ID)", "{entity_id}"),
                ],
            }),
            table: Some(Table {
                caption: "Attribute Statements",
                columns: &["Name", "Name format", "Value"],
                rows: &[
                    &["firstName", "Basic", "user.firstName"],
                    &["lastName", "Basic", "user.lastName"],
                    &["email", "Basic", "user.email"],
                ],
            }),
            ..step(
                "Enter the SAML settings",
                &["Leave everything else as it is. Press **Next** and **Finish**."],
            )
        },
        Step {
            here: Some(Here::Metadata),
            ..step(
                "Bring Okta’s metadata here",
                &["On the app’s **Sign On** tab copy the **Metadata URL**."],
            )
        },
        step(
            "Assign people",
            &[
                "On the app’s **Assignments** tab assign yourself, or a group that you are in. \
                 Okta lets in nobody else.",
            ],
        ),
        TEST,
    ],
    traps: &[
        "Okta's metadata has the active certificate alone. Before you activate a new one, load \
         its metadata here; both are accepted then.",
        "An empty attribute of a person is left out of the response.",
    ],
};
