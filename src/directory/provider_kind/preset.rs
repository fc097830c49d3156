//! What is known of a product: its words, its names for attributes, the way to connect it.

use serde::Serialize;

use super::Kind;

/// One product, as data. Texts mark what stands on the product's own screen as `**words**`, and
/// the values of one provider as `{acs_url}`, `{entity_id}`, `{login_url}`, `{metadata_url}`.
#[derive(Debug, Serialize)]
pub struct Preset {
    /// Which product.
    pub kind: Kind,
    /// Its name on screen.
    pub name: &'static str,
    /// For choosing: what it takes to connect it.
    pub summary: &'static str,
    /// What it calls the values that are exchanged.
    pub labels: Labels,
    /// The names of its attributes, unless they are changed for a provider.
    pub attributes: Attributes,
    /// How far its clock may be off, in seconds.
    pub skew_seconds: u32,
    /// What to send as NameID.
    pub name_id: &'static str,
    /// Where its metadata comes from.
    pub metadata: Source,
    /// What to do there, in order.
    pub steps: &'static [Step],
    /// What goes wrong there, and what to do about it.
    pub traps: &'static [&'static str],
}

/// The product's own labels.
#[derive(Debug, Serialize)]
pub struct Labels {
    /// Of our assertion consumer service.
    pub acs_url: &'static str,
    /// Of our entity ID.
    pub entity_id: &'static str,
    /// Of its single sign-on address.
    pub sso_url: &'static str,
    /// Of its entity ID.
    pub issuer: &'static str,
    /// Of its signing certificate.
    pub certificate: &'static str,
}

/// Attribute names by fact, in the order in which they are tried.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attributes {
    /// The address.
    pub email: &'static [&'static str],
    /// The given name.
    pub first_name: &'static [&'static str],
    /// The family name.
    pub last_name: &'static [&'static str],
    /// The name on screen.
    pub display_name: &'static [&'static str],
    /// What its groups are usually called. A proposal: groups are taken where somebody asks.
    pub groups: &'static [&'static str],
}

/// Where a product's metadata comes from.
#[derive(Debug, Serialize)]
pub struct Source {
    /// What its address looks like; none where it is downloaded only.
    pub url: Option<&'static str>,
    /// Where to find it.
    pub found: &'static str,
}

/// One step on the product's side.
#[derive(Debug, Serialize)]
pub struct Step {
    /// Its heading.
    pub title: &'static str,
    /// Paragraphs.
    pub text: &'static [&'static str],
    /// Where our values go.
    pub form: Option<Form>,
    /// What to enter as attributes.
    pub table: Option<Table>,
    /// What the console does in this step itself.
    pub here: Option<Here>,
}

/// A form of the product's with what goes into it.
#[derive(Debug, Serialize)]
pub struct Form {
    /// Where in the product it is.
    pub caption: &'static str,
    /// Its fields, as it calls them.
    pub rows: &'static [Row],
}

/// A field.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The product's label.
    pub label: &'static str,
    /// What goes in.
    pub value: &'static str,
    /// A box to tick beside it.
    pub tick: Option<&'static str>,
}

/// A table to fill in.
#[derive(Debug, Serialize)]
pub struct Table {
    /// Its heading in the product.
    pub caption: &'static str,
    /// Its columns there.
    pub columns: &'static [&'static str],
    /// A row for each attribute.
    pub rows: &'static [&'static [&'static str]],
}

/// What a step does on our side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Here {
    /// The identity provider's metadata is entered.
    Metadata,
    /// Somebody signs in once.
    Test,
}

/// A step that is text alone.
pub(super) const fn step(title: &'static str, text: &'static [&'static str]) -> Step {
    Step {
        title,
        text,
        form: None,
        table: None,
        here: None,
    }
}

/// A field without a box.
pub(super) const fn row(label: &'static str, value: &'static str) -> Row {
    Row {
        label,
        value,
        tick: None,
    }
}

/// The last step everywhere.
pub(super) const TEST: Step = Step {
    here: Some(Here::Test),
    ..step("Sign in once", &[])
};

/// Claim URIs of Entra and AD FS (`saml::mapping::CLAIMS`).
pub(super) const EMAIL_CLAIM: &str =
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
pub(super) const FIRST_NAME_CLAIM: &str =
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname";
pub(super) const LAST_NAME_CLAIM: &str =
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname";
pub(super) const NAME_CLAIM: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
pub(super) const ENTRA_NAME_CLAIM: &str =
    "http://schemas.microsoft.com/identity/claims/displayname";
