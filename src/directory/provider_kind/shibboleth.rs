//! Shibboleth Identity Provider.

use super::Kind;
use super::preset::{Attributes, Form, Here, Labels, Preset, Source, Step, TEST, row, step};

pub(super) static PRESET: Preset = Preset {
    kind: Kind::Shibboleth,
    name: "Shibboleth",
    summary: "Half an hour in the files of your identity provider. A whole federation is too \
              much: it takes the metadata of one identity provider.",
    labels: Labels {
        acs_url: "AssertionConsumerService Location",
        entity_id: "entityID (of the relying party)",
        sso_url: "SingleSignOnService Location (HTTP-Redirect)",
        issuer: "entityID (idp.entityID)",
        certificate: "idp-signing.crt",
    },
    attributes: Attributes {
        email: &[
            "urn:oid:0.9.2342.19200300.100.1.3",
            "urn:mace:dir:attribute-def:mail",
            "mail",
            "NameID",
        ],
        first_name: &["urn:oid:2.5.4.42", "givenName"],
        last_name: &["urn:oid:2.5.4.4", "sn"],
        display_name: &["urn:oid:2.16.840.1.113730.3.1.241", "displayName"],
        groups: &[
            "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
            "urn:oid:1.3.6.1.4.1.5923.1.1.1.7",
        ],
    },
    skew_seconds: 180,
    name_id: "Transient by default, which is another one at each sign-in: people are known by \
              their address then. Better is emailAddress or a persistent one, released to us in \
              saml-nameid.xml.",
    metadata: Source {
        url: Some("https://idp.example/idp/shibboleth"),
        found: "At **/idp/shibboleth**, or metadata/idp-metadata.xml on the server. It may be \
                behind what is used: check that its certificate is idp-signing.crt.",
    },
    steps: &[
        Step {
            form: Some(Form {
                caption: "conf/metadata-providers.xml",
                rows: &[
                    row(
                        "Our metadata (FileBackedHTTPMetadataProvider)",
                        "{metadata_url}",
                    ),
                    row("entityID", "{entity_id}"),
                    row("AssertionConsumerService", "{acs_url}"),
                ],
            }),
            ..step(
                "Let the identity provider know us",
                &["Add our metadata, from its address or as a file."],
            )
        },
        step(
            "Release the attributes",
            &[
                "In **conf/attribute-filter.xml** release **mail**, **givenName**, **sn** and \
                 **displayName** to our entityID. In the default registry they go out under \
                 their object identifiers (urn:oid:…), by which they are known here.",
                "Reload **shibboleth.AttributeFilterService**.",
            ],
        ),
        Step {
            here: Some(Here::Metadata),
            ..step(
                "Bring its metadata here",
                &["It is at **/idp/shibboleth** of your identity provider."],
            )
        },
        TEST,
    ],
    traps: &[
        "Attributes are called by object identifiers; mail and givenName are their \
         FriendlyNames, which identify nothing.",
        "eduPersonPrincipalName looks like an address and need not be one. Put \
         urn:oid:1.3.6.1.4.1.5923.1.1.1.6 first in the mapping of email only if it is.",
        "It encrypts assertions by default, with the key in our metadata. That works here.",
        "Metadata of a federation has many identity providers and is refused.",
    ],
};
