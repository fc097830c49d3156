//! Keycloak.

use super::Kind;
use super::preset::{
    Attributes, EMAIL_CLAIM, Form, Here, Labels, Preset, Source, Step, TEST, Table, row, step,
};

pub(super) static PRESET: Preset = Preset {
    kind: Kind::Keycloak,
    name: "Keycloak",
    summary: "About five minutes: Keycloak reads our metadata.",
    labels: Labels {
        acs_url: "Valid redirect URIs",
        entity_id: "Client ID",
        sso_url: "SingleSignOnService",
        issuer: "entityID (the realm's address)",
        certificate: "Realm settings › Keys › RS256 › Certificate",
    },
    attributes: Attributes {
        email: &[
            "email",
            "urn:oid:1.2.840.113549.1.9.1",
            EMAIL_CLAIM,
            "NameID",
        ],
        first_name: &["firstName", "urn:oid:2.5.4.42"],
        last_name: &["lastName", "urn:oid:2.5.4.4"],
        display_name: &["displayName"],
        groups: &["groups", "member", "Role"],
    },
    skew_seconds: 180,
    name_id: "Name ID format is username by default. Choose email where users are not pushed \
              here by their username.",
    metadata: Source {
        url: Some("https://keycloak.example/realms/{realm}/protocol/saml/descriptor"),
        found: "**Realm settings** › **General** › **SAML 2.0 Identity Provider Metadata**.",
    },
    steps: &[
        Step {
            form: Some(Form {
                caption: "Clients › Import client (or Create client by hand)",
                rows: &[
                    row("Our metadata, to download and import", "{metadata_url}"),
                    row("Client type", "SAML"),
                    row("Client ID", "{entity_id}"),
                    row("Valid redirect URIs", "{acs_url}"),
                    row("Master SAML Processing URL", "{acs_url}"),
                ],
            }),
            ..step(
                "Create a client in Keycloak",
                &[
                    "In your realm open **Clients** › **Import client** and choose our metadata \
                     as a file; or press **Create client** and type the values.",
                ],
            )
        },
        Step {
            table: Some(Table {
                caption: "Client scopes › (dedicated) › Add mapper › By configuration › User Property",
                columns: &[
                    "Property",
                    "SAML Attribute Name",
                    "SAML Attribute NameFormat",
                ],
                rows: &[
                    &["email", "email", "Basic"],
                    &["firstName", "firstName", "Basic"],
                    &["lastName", "lastName", "Basic"],
                ],
            }),
            ..step(
                "Settings, keys and attributes",
                &[
                    "Under **Settings** leave **Sign documents** on and set **Name ID format** \
                     to **email**, with **Force name ID format** on.",
                    "Under **Keys** switch **Client signature required** off, unless the client \
                     was imported: then Keycloak knows our certificate.",
                ],
            )
        },
        Step {
            here: Some(Here::Metadata),
            ..step(
                "Bring Keycloak’s metadata here",
                &[
                    "Copy the address of **SAML 2.0 Identity Provider Metadata** under **Realm \
                     settings** › **General**.",
                ],
            )
        },
        TEST,
    ],
    traps: &[
        "Client signature required is on by default: Keycloak then says Invalid requester to \
         a request that isn't signed with the certificate it knows.",
        "Its responses are valid for about a minute: keep both clocks right.",
        "While its keys rotate, the metadata has both certificates. Load it again then.",
        "Roles come as many attributes called Role; switch Single Role Attribute on in the \
         role_list mapper, or use a group mapper, which sends paths such as /staff.",
        "Somebody without an address in Keycloak has no email attribute.",
    ],
};
