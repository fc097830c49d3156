//! PingFederate.

use super::Kind;
use super::preset::{Attributes, Form, Here, Labels, Preset, Source, Step, TEST, Table, row, step};

pub(super) static PRESET: Preset = Preset {
    kind: Kind::PingFederate,
    name: "PingFederate",
    summary: "About twenty minutes, as an SP connection from our metadata.",
    labels: Labels {
        acs_url: "Assertion Consumer Service URL › Endpoint URL",
        entity_id: "Partner's Entity ID (Connection ID)",
        sso_url: "Single Sign-On Service URL",
        issuer: "SAML 2.0 Entity ID",
        certificate: "Signing certificate",
    },
    attributes: Attributes {
        email: &["email", "mail", "NameID"],
        first_name: &["firstName", "givenName"],
        last_name: &["lastName", "sn"],
        display_name: &["displayName", "cn"],
        groups: &["memberOf", "groups"],
    },
    skew_seconds: 180,
    name_id: "SAML_SUBJECT becomes the NameID: fulfil it with the address.",
    metadata: Source {
        url: Some("https://ping.example/pf/federation_metadata.ping?PartnerSpId={entity_id}"),
        found: "**System** › **Protocol Metadata** › **Metadata Export**, or \
                /pf/federation_metadata.ping with our entity ID as PartnerSpId.",
    },
    steps: &[
        Step {
            form: Some(Form {
                caption: "Applications › SP Connections › Create Connection",
                rows: &[
                    row("Connection Type", "Browser SSO Profiles, SAML 2.0"),
                    row("Import metadata from URL", "{metadata_url}"),
                    row("Partner's Entity ID (Connection ID)", "{entity_id}"),
                    row("Endpoint URL (POST)", "{acs_url}"),
                ],
            }),
            ..step(
                "Create an SP connection",
                &["Import our metadata; it fills in the entity ID and the addresses."],
            )
        },
        Step {
            table: Some(Table {
                caption: "Browser SSO › Assertion Creation › Attribute Contract",
                columns: &["Attribute Contract", "Name format", "Fulfilment (LDAP)"],
                rows: &[
                    &["SAML_SUBJECT", "", "mail"],
                    &["email", "basic", "mail"],
                    &["firstName", "basic", "givenName"],
                    &["lastName", "basic", "sn"],
                ],
            }),
            ..step(
                "Configure Browser SSO",
                &[
                    "Under **SAML Profiles** tick **SP-Initiated SSO**. Map the attributes from \
                     your adapter or data store.",
                    "Under **Credentials** choose a signing certificate and **RSA SHA256**, then \
                     switch the connection on.",
                ],
            )
        },
        Step {
            here: Some(Here::Metadata),
            ..step(
                "Bring PingFederate’s metadata here",
                &["Export the metadata of this connection, or use its address."],
            )
        },
        TEST,
    ],
    traps: &[
        "Tick Include the certificate in the signature: it helps to tell keys apart, and nothing \
         is trusted for it here.",
        "Without PartnerSpId the metadata is that of the server, which may have another signing \
         certificate than the connection.",
        "Over POST the assertion is signed always; Always sign the SAML assertion matters for \
         other bindings.",
    ],
};
