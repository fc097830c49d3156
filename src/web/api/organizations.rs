//! Organizations.

use serde_json::{Value, json};

use super::super::route::Call;
use super::super::{App, Problem};
use super::{Body, json as answer};
use crate::directory::Level;
use crate::directory::organization::{self, Change, Organization};
use crate::directory::slug::Slug;
use crate::edge::Response;

fn shown(app: &App, organization: &Organization) -> Result<Value, Problem> {
    let mut value = serde_json::to_value(organization)
        .map_err(|e| Problem::new(500, "internal", e.to_string()))?;
    if let Some(object) = value.as_object_mut() {
        object.insert(
            "scim_endpoint".into(),
            app.public.scim(&organization.slug).into(),
        );
    }
    Ok(value)
}

/// `GET /api/v1/organizations`: all for an operator, the own one for everybody else.
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organizations = match call.signed_in()?.organization() {
        None => app.store.read(organization::list)?,
        Some(own) => vec![own.clone()],
    };
    let items = organizations
        .iter()
        .map(|o| shown(app, o))
        .collect::<Result<Vec<_>, _>>()?;
    answer(
        200,
        &json!({ "total": items.len(), "items": items, "next": null }),
    )
}

/// `POST /api/v1/organizations`
pub(in crate::web) fn create(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["slug", "name"])?;
    let slug: Slug = body.required_text("slug")?.parse()?;
    let name = body.text("name")?.unwrap_or(slug.as_str()).to_owned();
    let (by, now) = (call.author()?, call.now);
    let made = app
        .store
        .write(move |tx| organization::create(tx, &slug, &name, &by, now))?;
    answer(201, &shown(app, &made)?)
}

/// `GET /api/v1/organizations/{org}`
pub(in crate::web) fn show(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    answer(200, &shown(app, call.organization()?)?)
}

/// `PATCH /api/v1/organizations/{org}`
pub(in crate::web) fn change(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(
        call.request,
        &["name", "default_group_level", "default_user_level"],
    )?;
    let level = |name: &'static str| -> Result<Option<Level>, Problem> {
        body.text(name)?
            .map(|text| {
                text.parse()
                    .map_err(|_| Problem::field(name, "expected admin, editor, runner or viewer"))
            })
            .transpose()
    };
    let change = Change {
        name: body.text("name")?.map(str::to_owned),
        default_group_level: level("default_group_level")?,
        default_user_level: level("default_user_level")?,
    };
    let slug = call.organization()?.slug.clone();
    let (by, now) = (call.author()?, call.now);
    let changed = app
        .store
        .write(move |tx| organization::change(tx, &slug, &change, &by, now))?;
    answer(200, &shown(app, &changed)?)
}
