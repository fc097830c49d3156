//! What the server can do (RFC 7644 section 4).

use serde_json::Value;

use super::{Answer, json, scim};
use crate::scim::discovery;
use crate::scim::error::ScimError;
use crate::web::App;
use crate::web::route::Call;

pub(in crate::web) fn service_provider_config(app: &App, call: &Call<'_>) -> Answer {
    discovered(app, call, |base| {
        Some(discovery::service_provider_config(base))
    })
}

pub(in crate::web) fn resource_types(app: &App, call: &Call<'_>) -> Answer {
    discovered(app, call, |base| Some(discovery::resource_types(base)))
}

pub(in crate::web) fn resource_type(app: &App, call: &Call<'_>) -> Answer {
    discovered(app, call, |base| {
        discovery::resource_type(call.parameter("id"), base)
    })
}

pub(in crate::web) fn schemas(app: &App, call: &Call<'_>) -> Answer {
    discovered(app, call, |base| Some(discovery::schemas(base)))
}

pub(in crate::web) fn schema(app: &App, call: &Call<'_>) -> Answer {
    discovered(app, call, |base| {
        discovery::schema(call.parameter("id"), base)
    })
}

fn discovered(app: &App, call: &Call<'_>, document: impl FnOnce(&str) -> Option<Value>) -> Answer {
    scim(|| {
        discovery::refuse_filter(call.request.query.as_deref())?;
        let base = app.public.scim(&call.organization_for_scim()?.slug);
        let found = document(&base)
            .ok_or_else(|| ScimError::not_found("There is no description of that name."))?;
        Ok(json(200, &found))
    })
}
