//! OneLogin.

use super::Kind;
use super::preset::{Attributes, Form, Here, Labels, Preset, Source, Step, TEST, Table, row, step};

pub(super) static PRESET: Preset = Preset {
    kind: Kind::OneLogin,
    name: "OneLogin",
    summary: "About ten minutes, with the SAML Custom Connector (Advanced).",
    labels: Labels {
        acs_url: "ACS (Consumer) URL",
        entity_id: "Audience (EntityID)",
        sso_url: "SAML 2.0 Endpoint (HTTP)",
        issuer: "Issuer URL",
        certificate: "X.509 Certificate",
    },
    attributes: Attributes {
        email: &["User.email", "email", "NameID"],
        first_name: &["User.FirstName", "firstName"],
        last_name: &["User.LastName", "lastName"],
        display_name: &["displayName"],
        groups: &["memberOf"],
    },
    skew_seconds: 180,
    name_id: "Leave SAML nameID format at Email and the NameID value at Email.",
    metadata: Source {
        url: Some("https://app.onelogin.com/saml/metadata/{id}"),
        found: "On the app's **SSO** tab, copy the **Issuer URL**, which is the metadata's \
                address, or choose **More Actions** › **SAML Metadata**.",
    },
    steps: &[
        step(
            "Add a connector in OneLogin",
            &[
                "Open **Applications** › **Add App**, search for **SAML Custom Connector \
                 (Advanced)**, type a name and press **Save**.",
            ],
        ),
        Step {
            form: Some(Form {
                caption: "Configuration",
                rows: &[
                    row("Audience (EntityID)", "{entity_id}"),
                    row("Recipient", "{acs_url}"),
                    row("ACS (Consumer) URL Validator*", "^{acs_url}$"),
                    row("ACS (Consumer) URL*", "{acs_url}"),
                    row("Login URL", "{login_url}"),
                    row("SAML initiator", "Service Provider"),
                ],
            }),
            table: Some(Table {
                caption: "Parameters › + (tick Include in SAML assertion)",
                columns: &["Field name", "Value"],
                rows: &[
                    &["User.email", "Email"],
                    &["User.FirstName", "First Name"],
                    &["User.LastName", "Last Name"],
                ],
            }),
            ..step(
                "Enter the SAML settings",
                &["On the **SSO** tab choose **SHA-256**. Press **Save**."],
            )
        },
        Step {
            here: Some(Here::Metadata),
            ..step(
                "Bring OneLogin’s metadata here",
                &["On the **SSO** tab copy the **Issuer URL**."],
            )
        },
        step(
            "Give people access",
            &["Under **Access** choose the roles that may use the app, one of yours among them."],
        ),
        TEST,
    ],
    traps: &[
        "The validator is a regular expression: a dot in it stands for any character. Write \\. \
         for each to have it exact.",
        "Its responses are valid for three minutes before and after by default: keep both \
         clocks right.",
        "SHA-1 is still the default of some accounts, and is refused here.",
    ],
};
