//! What requests to a provider ask for, as options of `portcullis provider set`.

use std::str::FromStr;

use clap::Args;

use crate::directory::provider::{LoginHint, RequestsChange};
use crate::saml::asked::{Comparison, Identifier};

#[derive(Debug, Args)]
pub(super) struct Requests {
    /// Ask for a new sign-in each time, whatever session the person has there (ForceAuthn)
    /// [default: false]
    #[arg(long, value_name = "BOOL")]
    force_authn: Option<bool>,
    /// Ask for this class of authentication (RequestedAuthnContext), a URI; none: for none. May be
    /// given up to ten times [default: none]
    #[arg(long = "authn-context", value_name = "CLASS")]
    contexts: Vec<OrNone>,
    /// How the answer's class compares with them: exact, minimum, maximum or better. Only exact is
    /// checked here [default: exact]
    #[arg(long, value_name = "COMPARISON")]
    authn_comparison: Option<Comparison>,
    /// Ask for this format of the NameID, a URI; none: send no NameIDPolicy [default: none]
    #[arg(long, value_name = "FORMAT")]
    name_id_format: Option<OrNone>,
    /// Hand on the address that a person typed: none, login_hint, LoginHint (query parameters) or
    /// subject [default: none]
    #[arg(long, value_name = "WAY")]
    login_hint: Option<LoginHint>,
    /// Whether it can have a person sign in again before something dangerous: it obeys ForceAuthn
    /// and says when that was [default: as its kind can]
    #[arg(long, value_name = "BOOL")]
    step_up: Option<bool>,
}

impl Requests {
    pub(super) fn change(self) -> RequestsChange {
        let contexts = (!self.contexts.is_empty())
            .then(|| self.contexts.into_iter().filter_map(|c| c.0).collect());
        RequestsChange {
            force_authn: self.force_authn,
            contexts,
            comparison: self.authn_comparison,
            name_id_format: self.name_id_format.map(|format| format.0),
            login_hint: self.login_hint,
            step_up: self.step_up,
        }
    }
}

/// A URI, or the word none.
#[derive(Clone, Debug)]
struct OrNone(Option<Identifier>);

impl FromStr for OrNone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self(None)),
            text => text
                .parse()
                .map(|uri| Self(Some(uri)))
                .map_err(|error: crate::saml::asked::AskedError| format!("{error}, or none")),
        }
    }
}
