//! Who did it.

use std::net::IpAddr;

/// Whoever makes a change, as the audit log names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// What they are.
    pub kind: AuthorKind,
    /// Their id, where they have one.
    pub id: Option<String>,
    /// What people call them; kept as it was at the time.
    pub name: String,
    /// The address they came from.
    pub client: Option<IpAddr>,
    /// By which way.
    pub via: Via,
}

impl Author {
    /// Whoever has the machine's command line.
    pub fn command_line() -> Self {
        Self {
            kind: AuthorKind::Machine,
            id: None,
            name: "the command line".to_owned(),
            client: None,
            via: Via::CommandLine,
        }
    }

    /// The appliance by itself: housekeeping, the first start.
    pub fn appliance() -> Self {
        Self {
            kind: AuthorKind::Appliance,
            id: None,
            name: "Portcullis".to_owned(),
            client: None,
            via: Via::Appliance,
        }
    }
}

/// What an author is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorKind {
    /// A user of an organization.
    User,
    /// A break-glass account.
    Operator,
    /// An API token that belongs to no person: an organization's or the appliance's.
    Token,
    /// An identity provider: a SCIM token's push, or an assertion.
    Provider,
    /// Whoever holds a one-time link, or nobody yet: a refused sign-in.
    Visitor,
    /// The machine's command line.
    Machine,
    /// The appliance itself.
    Appliance,
}

impl AuthorKind {
    /// The word in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Operator => "operator",
            Self::Token => "token",
            Self::Provider => "provider",
            Self::Visitor => "visitor",
            Self::Machine => "machine",
            Self::Appliance => "appliance",
        }
    }
}

/// By which way a change came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// A session: the console and the pages.
    Session,
    /// An API token.
    ApiToken,
    /// The command line on the machine itself.
    CommandLine,
    /// A SAML response.
    Saml,
    /// SCIM.
    Scim,
    /// A sign-in page or a one-time link.
    Page,
    /// The appliance by itself.
    Appliance,
}

impl Via {
    /// The word in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::ApiToken => "api-token",
            Self::CommandLine => "cli",
            Self::Saml => "saml",
            Self::Scim => "scim",
            Self::Page => "page",
            Self::Appliance => "appliance",
        }
    }
}
