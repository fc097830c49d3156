//! Google Workspace.

use super::Kind;
use super::preset::{Attributes, Form, Here, Labels, Preset, Source, Step, TEST, Table, row, step};

pub(super) static PRESET: Preset = Preset {
    kind: Kind::Google,
    name: "Google Workspace",
    summary: "About ten minutes, as a super administrator. Google gives its metadata as a file.",
    labels: Labels {
        acs_url: "ACS URL",
        entity_id: "Entity ID",
        sso_url: "SSO URL",
        issuer: "Entity ID (of Google)",
        certificate: "Certificate",
    },
    attributes: Attributes {
        email: &["email", "NameID"],
        first_name: &["firstName"],
        last_name: &["lastName"],
        display_name: &["displayName"],
        groups: &["groups"],
    },
    skew_seconds: 180,
    name_id: "Choose the format EMAIL and the value Basic Information > Primary email.",
    metadata: Source {
        url: None,
        found: "**Download metadata** on the page **Google Identity Provider details**. Google \
                publishes it at no address.",
    },
    steps: &[
        step(
            "Add a custom SAML app in Google",
            &[
                "In the Google Admin console open **Apps** › **Web and mobile apps** › **Add \
                 app** › **Add custom SAML app**, type a name and press **Continue**.",
            ],
        ),
        Step {
            here: Some(Here::Metadata),
            ..step(
                "Bring Google’s metadata here",
                &[
                    "Press **Download metadata**, upload the file here, then press **Continue** \
                     in Google.",
                ],
            )
        },
        Step {
            form: Some(Form {
                caption: "Service provider details",
                rows: &[
                    row("ACS URL", "{acs_url}"),
                    row("Entity ID", "{entity_id}"),
                    row("Start URL", "{login_url}"),
                    row("Name ID format", "EMAIL"),
                    row("Name ID", "Basic Information > Primary email"),
                ],
            }),
            table: Some(Table {
                caption: "Attributes › Add mapping",
                columns: &["Google Directory attributes", "App attributes"],
                rows: &[
                    &["First name", "firstName"],
                    &["Last name", "lastName"],
                    &["Primary email", "email"],
                ],
            }),
            ..step("Enter the SAML settings", &["Press **Finish**."])
        },
        step(
            "Switch the app on",
            &[
                "Open **User access** and choose **ON for everyone**, or for an organizational \
                 unit. It is off at first, and a change may take some minutes.",
            ],
        ),
        TEST,
    ],
    traps: &[
        "Google signs the assertion, or with Signed response ticked the whole response, not \
         both. Either is accepted here.",
        "Google has no single logout, and doesn't look at the signature of a request.",
        "Its certificates end after five years. Google doesn't tell us of a new one: load the \
         metadata again.",
        "app_not_enabled_for_user on Google's page: the app is off for this person, or they are \
         signed in there with another account. app_not_configured_for_user: the Entity ID there \
         isn't exactly ours.",
    ],
};
