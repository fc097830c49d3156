//! Microsoft Entra ID.

use super::Kind;
use super::preset::{
    Attributes, EMAIL_CLAIM, ENTRA_NAME_CLAIM, FIRST_NAME_CLAIM, Form, Here, LAST_NAME_CLAIM,
    Labels, Preset, Source, Step, TEST, Table, row, step,
};

pub(super) static PRESET: Preset = Preset {
    kind: Kind::Entra,
    name: "Microsoft Entra ID",
    summary: "About ten minutes, with the role Cloud Application Administrator.",
    labels: Labels {
        acs_url: "Reply URL (Assertion Consumer Service URL)",
        entity_id: "Identifier (Entity ID)",
        sso_url: "Login URL",
        issuer: "Microsoft Entra Identifier",
        certificate: "Certificate (Base64)",
    },
    attributes: Attributes {
        email: &[EMAIL_CLAIM, "email", "NameID"],
        first_name: &[FIRST_NAME_CLAIM, "firstName"],
        last_name: &[LAST_NAME_CLAIM, "lastName"],
        display_name: &[ENTRA_NAME_CLAIM, "displayName"],
        groups: &["http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"],
    },
    skew_seconds: 180,
    name_id: "The Unique User Identifier is user.userprincipalname by default. It should be what \
              Entra pushes as userName.",
    metadata: Source {
        url: Some(
            "https://login.microsoftonline.com/{tenant}/federationmetadata/2007-06/federationmetadata.xml?appid={appid}",
        ),
        found: "Under **SAML Certificates**, copy the **App Federation Metadata Url**. The one \
                with appid in it: the tenant's own has other certificates.",
    },
    steps: &[
        step(
            "Create an enterprise application in Entra",
            &[
                "In the Microsoft Entra admin center open **Enterprise apps** › **New \
                 application** › **Create your own application**, type a name and choose \
                 **Integrate any other application you don’t find in the gallery**.",
                "In the application open **Single sign-on** and choose **SAML**.",
            ],
        ),
        Step {
            form: Some(Form {
                caption: "Basic SAML Configuration › Edit",
                rows: &[
                    row("Identifier (Entity ID)", "{entity_id}"),
                    row("Reply URL (Assertion Consumer Service URL)", "{acs_url}"),
                    row("Sign on URL", "{login_url}"),
                ],
            }),
            table: Some(Table {
                caption: "Attributes & Claims (as Entra has them already)",
                columns: &["Claim name", "Value"],
                rows: &[
                    &[EMAIL_CLAIM, "user.mail"],
                    &[FIRST_NAME_CLAIM, "user.givenname"],
                    &[LAST_NAME_CLAIM, "user.surname"],
                ],
            }),
            ..step("Enter the SAML settings", &["Press **Save**."])
        },
        Step {
            here: Some(Here::Metadata),
            ..step(
                "Bring Entra’s metadata here",
                &["Under **SAML Certificates** copy the **App Federation Metadata Url**."],
            )
        },
        step(
            "Assign people",
            &[
                "Under **Users and groups** assign yourself, or a group that you are in, or set \
                 **Assignment required?** to **No** under **Properties**.",
            ],
        ),
        TEST,
    ],
    traps: &[
        "user.mail is empty for people without a mailbox. Then the claim is left out, and the \
         NameID has to be an address of your domains.",
        "A guest's user principal name has #EXT# in it and the domain of your tenant. Guests \
         come in by their address only if it is in a domain of this provider.",
        "Groups come as object ids, not as names. Somebody in more than 150 gets a link instead \
         of them: choose Groups assigned to the application in the group claim.",
        "A new certificate is used once it is made active. Load the metadata again before that.",
        "Its logout requests are not signed. They are followed only where you allow unsigned ones \
         for this provider, and then whoever knows a person's NameID can sign that person out.",
    ],
};
