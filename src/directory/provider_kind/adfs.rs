//! Active Directory Federation Services.

use super::Kind;
use super::preset::{
    Attributes, EMAIL_CLAIM, FIRST_NAME_CLAIM, Form, Here, LAST_NAME_CLAIM, Labels, NAME_CLAIM,
    Preset, Source, Step, TEST, Table, row, step,
};

pub(super) static PRESET: Preset = Preset {
    kind: Kind::Adfs,
    name: "AD FS",
    summary: "About fifteen minutes on the AD FS server. It needs a claim rule for the NameID.",
    labels: Labels {
        acs_url: "Relying party SAML 2.0 SSO service URL",
        entity_id: "Relying party trust identifier",
        sso_url: "SAML 2.0/WS-Federation endpoint (/adfs/ls/)",
        issuer: "Federation Service identifier",
        certificate: "Token-signing certificate",
    },
    attributes: Attributes {
        email: &[
            EMAIL_CLAIM,
            "http://schemas.xmlsoap.org/claims/EmailAddress",
            "NameID",
        ],
        first_name: &[FIRST_NAME_CLAIM],
        last_name: &[LAST_NAME_CLAIM],
        display_name: &[NAME_CLAIM],
        groups: &[
            "http://schemas.xmlsoap.org/claims/Group",
            "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
        ],
    },
    skew_seconds: 300,
    name_id: "AD FS sends none without a rule: Transform an Incoming Claim, from E-Mail Address to \
              Name ID, with the outgoing format Email.",
    metadata: Source {
        url: Some("https://adfs.example/FederationMetadata/2007-06/FederationMetadata.xml"),
        found: "At /FederationMetadata/2007-06/FederationMetadata.xml of your AD FS. Where it is \
                inside your network, download it there and upload the file.",
    },
    steps: &[
        Step {
            form: Some(Form {
                caption: "AD FS Management › Relying Party Trusts › Add Relying Party Trust",
                rows: &[
                    row(
                        "Our metadata (Import data published online)",
                        "{metadata_url}",
                    ),
                    row("Relying party SAML 2.0 SSO service URL", "{acs_url}"),
                    row("Relying party trust identifier", "{entity_id}"),
                ],
            }),
            ..step(
                "Add a relying party trust",
                &[
                    "Choose **Claims aware** and **Import data about the relying party published \
                     online**, or from a file with our metadata.",
                ],
            )
        },
        Step {
            table: Some(Table {
                caption: "Edit Claim Issuance Policy › Add Rule › Send LDAP Attributes as Claims",
                columns: &["LDAP Attribute", "Outgoing Claim Type"],
                rows: &[
                    &["E-Mail-Addresses", "E-Mail Address"],
                    &["Given-Name", "Given Name"],
                    &["Surname", "Surname"],
                    &["Display-Name", "Name"],
                ],
            }),
            ..step(
                "Add two claim rules",
                &[
                    "The first sends the attributes. The second makes the NameID: **Transform an \
                     Incoming Claim**, incoming **E-Mail Address**, outgoing **Name ID** with \
                     the format **Email**. Their order counts.",
                ],
            )
        },
        Step {
            here: Some(Here::Metadata),
            ..step(
                "Bring the metadata of AD FS here",
                &[
                    "It is at **/FederationMetadata/2007-06/FederationMetadata.xml** of your AD \
                     FS.",
                ],
            )
        },
        TEST,
    ],
    traps: &[
        "Without a rule there is no NameID (name-id-missing).",
        "Its responses are valid from the very moment on which they are made. Where our clock is \
         behind by more than the skew, they come from the future: not-yet-valid.",
        "AD FS encrypts as soon as our metadata has an encryption key, which it has. That works \
         here.",
        "It wants the hash of our requests as the trust says: Properties > Advanced > SHA-256.",
        "The token-signing certificate rolls over each year by itself, with both in the metadata \
         for some weeks before.",
    ],
};
