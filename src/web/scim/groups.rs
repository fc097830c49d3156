//! `/Groups` and `/Groups/{id}`.

use super::{Answer, MEDIA_TYPE, located, meta_of, scim, shown_group};
use crate::directory::organization::Organization;
use crate::directory::provisioning::{self, ScimGroup};
use crate::edge::Response;
use crate::scim::group::GroupDraft;
use crate::scim::patch::Patch;
use crate::scim::query::ListQuery;
use crate::scim::schema::GROUP;
use crate::scim::{render, whole_group};
use crate::web::App;
use crate::web::route::Call;

pub(in crate::web) fn create_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let draft = GroupDraft::parse(&call.request.body)?;
        let organization = call.organization_for_scim()?.clone();
        let (by, now) = (call.author()?, call.now);
        let group = {
            let organization = organization.clone();
            app.store
                .write(move |tx| provisioning::create_group(tx, &organization, &draft, &by, now))?
        };
        let query = ListQuery::default();
        Ok(answer(201, app, &organization, &group, &query))
    })
}

pub(in crate::web) fn read_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let query = ListQuery::parse(call.request.query.as_deref())?;
        let organization = call.organization_for_scim()?;
        let id = call.parameter("id");
        let wanted = query.wants("members", &GROUP);
        let group = app
            .store
            .read(|conn| provisioning::read_group(conn, organization, id, wanted))?;
        Ok(answer(200, app, organization, &group, &query))
    })
}

pub(in crate::web) fn replace_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let draft = GroupDraft::parse(&call.request.body)?;
        let organization = call.organization_for_scim()?.clone();
        let (own, id, now) = (
            organization.clone(),
            call.parameter("id").to_owned(),
            call.now,
        );
        let by = call.author()?;
        let group = app
            .store
            .write(move |tx| provisioning::replace_group(tx, &own, &id, &draft, &by, now))?;
        let query = ListQuery::default();
        Ok(answer(200, app, &organization, &group, &query))
    })
}

pub(in crate::web) fn patch_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let patch = Patch::parse(&call.request.body)?;
        let organization = call.organization_for_scim()?.clone();
        let (id, now) = (call.parameter("id").to_owned(), call.now);
        let by = call.author()?;
        app.store
            .write(move |tx| provisioning::patch_group(tx, &organization, &id, &patch, &by, now))?;
        Ok(Response::new(204))
    })
}

pub(in crate::web) fn delete_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let organization = call.organization_for_scim()?.clone();
        let id = call.parameter("id").to_owned();
        let (by, now) = (call.author()?, call.now);
        app.store
            .write(move |tx| provisioning::delete_group(tx, &organization, &id, &by, now))?;
        Ok(Response::new(204))
    })
}

/// A group, as far as the client wants it. All of it is written without being built as a tree: of
/// a hundred thousand members that would take a quarter of a gigabyte.
fn answer(
    status: u16,
    app: &App,
    organization: &Organization,
    group: &ScimGroup,
    query: &ListQuery,
) -> Response {
    let projected = !query.attributes.is_empty() || !query.excluded_attributes.is_empty();
    let Some(members) = group.members.as_deref().filter(|_| !projected) else {
        let shown = shown_group(app, organization, group);
        return located(status, &query.project(shown, &GROUP));
    };
    let base = app.public.scim(&organization.slug);
    let whole = render::Group {
        resource: &group.resource,
        id: &group.id,
        display_name: &group.display_name,
        external_id: group.external_id.as_deref(),
        members: None,
        meta: meta_of(group),
    };
    Response::new(status)
        .body(MEDIA_TYPE, whole_group::text(&whole, members, &base))
        .header("Location", render::location(&base, &GROUP, &group.id))
}
