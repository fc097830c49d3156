//! What requests to a provider ask for, in the body of a change.

use super::super::Problem;
use super::Body;
use crate::directory::provider::RequestsChange;
use crate::saml::asked::{AskedError, MOST_CONTEXTS};

/// The members that this reads.
pub(super) const MEMBERS: [&str; 6] = [
    "force_authn",
    "authn_contexts",
    "authn_comparison",
    "name_id_format",
    "login_hint",
    "step_up",
];

/// Reads them. An empty `name_id_format` asks for none any more.
pub(super) fn change(body: &Body) -> Result<RequestsChange, Problem> {
    let in_field = |field| move |error: AskedError| Problem::field(field, error.to_string());
    let contexts = match body.texts("authn_contexts")? {
        Some(texts) if texts.len() > MOST_CONTEXTS => {
            return Err(Problem::field(
                "authn_contexts",
                "expected at most 10 classes, each once",
            ));
        }
        Some(texts) => Some(
            texts
                .into_iter()
                .map(|text| text.parse().map_err(in_field("authn_contexts")))
                .collect::<Result<_, _>>()?,
        ),
        None => None,
    };
    let comparison = body.text("authn_comparison")?.map(str::parse).transpose();
    let format = match body.text("name_id_format")? {
        None => None,
        Some("") => Some(None),
        Some(text) => Some(Some(text.parse().map_err(in_field("name_id_format"))?)),
    };
    Ok(RequestsChange {
        force_authn: body.flag("force_authn")?,
        contexts,
        comparison: comparison.map_err(in_field("authn_comparison"))?,
        name_id_format: format,
        login_hint: body.text("login_hint")?.map(str::parse).transpose()?,
        step_up: body.flag("step_up")?,
    })
}
