//! JumpCloud.

use super::Kind;
use super::preset::{
    Attributes, Form, Here, Labels, Preset, Row, Source, Step, TEST, Table, row, step,
};

pub(super) static PRESET: Preset = Preset {
    kind: Kind::JumpCloud,
    name: "JumpCloud",
    summary: "About ten minutes, with a custom SAML application.",
    labels: Labels {
        acs_url: "ACS URL",
        entity_id: "SP Entity ID",
        sso_url: "IDP URL",
        issuer: "IdP Entity ID",
        certificate: "IDP Certificate",
    },
    attributes: Attributes {
        email: &["email", "NameID"],
        first_name: &["firstName", "firstname"],
        last_name: &["lastName", "lastname"],
        display_name: &["displayName", "displayname"],
        groups: &["memberOf"],
    },
    skew_seconds: 180,
    name_id: "Set SAMLSubject NameID to email and its format to emailAddress.",
    metadata: Source {
        url: None,
        found: "**Export Metadata** on the application's **SSO** tab.",
    },
    steps: &[
        step(
            "Add a custom application in JumpCloud",
            &[
                "Open **SSO Applications** › **Add New Application** › **Custom Application**, \
                 choose **Manage Single Sign-On (SSO)** and **Configure SSO with SAML**, and \
                 type a name.",
            ],
        ),
        Step {
            form: Some(Form {
                caption: "SSO",
                rows: &[
                    row(
                        "IdP Entity ID",
                        "a text of your own, such as JumpCloud-Portcullis",
                    ),
                    row("SP Entity ID", "{entity_id}"),
                    Row {
                        label: "ACS URL",
                        value: "{acs_url}",
                        tick: Some("Sign Assertion"),
                    },
                    row("SAMLSubject NameID", "email"),
                    row("Login URL", "{login_url}"),
                ],
            }),
            table: Some(Table {
                caption: "Attributes › User Attribute Mapping",
                columns: &[
                    "Service Provider Attribute Name",
                    "JumpCloud Attribute Name",
                ],
                rows: &[
                    &["email", "email"],
                    &["firstName", "firstname"],
                    &["lastName", "lastname"],
                ],
            }),
            ..step(
                "Enter the SAML settings",
                &["Press **Save**: only then is there a certificate."],
            )
        },
        Step {
            here: Some(Here::Metadata),
            ..step(
                "Bring JumpCloud’s metadata here",
                &["On the **SSO** tab press **Export Metadata** and upload the file."],
            )
        },
        step(
            "Give people access",
            &["On the **User Groups** tab tick a group that you are in."],
        ),
        TEST,
    ],
    traps: &[
        "The IdP Entity ID is free text and is often JumpCloud everywhere. That is no trouble \
         here: it counts within one provider alone.",
        "Without Sign Assertion the response alone is signed. Either is accepted here.",
        "After a change of the IdP Entity ID or the certificate, export the metadata again.",
    ],
};
