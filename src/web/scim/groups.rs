//! `/Groups` and `/Groups/{id}`.

use super::{
    Answer, MEDIA_TYPE, conditions, gone, projection, resource, scim, shown_group, unmodified,
};
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
        let query = projection(call)?;
        let organization = call.organization_for_scim()?.clone();
        let (by, now) = (call.author()?, call.now);
        let group = {
            let organization = organization.clone();
            call.push(app, move |tx| {
                provisioning::create_group(tx, &organization, &draft, &by, now)
            })?
        };
        Ok(answer(201, app, &organization, &group, &query))
    })
}

pub(in crate::web) fn read_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let query = projection(call)?;
        let conditions = conditions(call)?;
        let organization = call.organization_for_scim()?;
        let id = call.parameter("id");
        let wanted = query.wants("members", &GROUP);
        let group = app
            .store
            .read(|conn| provisioning::read_group(conn, organization, id, wanted))?;
        if !conditions.allow_read(&group.tag())? {
            return Ok(unmodified(group.tag()));
        }
        Ok(answer(200, app, organization, &group, &query))
    })
}

pub(in crate::web) fn replace_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let draft = GroupDraft::parse(&call.request.body)?;
        let query = projection(call)?;
        let conditions = conditions(call)?;
        let organization = call.organization_for_scim()?.clone();
        let (own, id, now) = (
            organization.clone(),
            call.parameter("id").to_owned(),
            call.now,
        );
        let by = call.author()?;
        let group = call.push(app, move |tx| {
            provisioning::group_meets(tx, &own, &id, &conditions)?;
            provisioning::replace_group(tx, &own, &id, &draft, &by, now)
        })?;
        Ok(answer(200, app, &organization, &group, &query))
    })
}

/// Members with which a group is still shown after a PATCH.
const MOST_SHOWN: i64 = 200;

/// The group, or 204 where it has so many members that they are no answer to the change of one: RFC
/// 7644 section 3.5.2 leaves that to the server, unless the client named `attributes`.
pub(in crate::web) fn patch_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let patch = Patch::parse(&call.request.body)?;
        let query = projection(call)?;
        let conditions = conditions(call)?;
        let asked = !query.attributes.is_empty();
        let wanted = query.wants("members", &GROUP);
        let organization = call.organization_for_scim()?.clone();
        let (own, id, now) = (
            organization.clone(),
            call.parameter("id").to_owned(),
            call.now,
        );
        let by = call.author()?;
        let group = call.push(app, move |tx| {
            provisioning::group_meets(tx, &own, &id, &conditions)?;
            let mut group = provisioning::patch_group(tx, &own, &id, &patch, &by, now)?;
            if wanted && (asked || group.value.member_count <= MOST_SHOWN) {
                group.value = provisioning::read_group(tx, &own, &id, true)?;
            }
            Ok::<_, provisioning::ProvisioningError>(group)
        })?;
        if !asked && group.member_count > MOST_SHOWN {
            return Ok(Response::new(204).header("ETag", group.tag()));
        }
        Ok(answer(200, app, &organization, &group, &query))
    })
}

pub(in crate::web) fn delete_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let conditions = conditions(call)?;
        let organization = call.organization_for_scim()?.clone();
        let id = call.parameter("id").to_owned();
        let (by, now) = (call.author()?, call.now);
        call.push(app, move |tx| {
            provisioning::group_meets(tx, &organization, &id, &conditions)?;
            provisioning::delete_group(tx, &organization, &id, &by, now)
        })?;
        Ok(gone())
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
        return resource(status, shown_group(app, organization, group), query, &GROUP);
    };
    let base = app.public.scim(&organization.slug);
    Response::new(status)
        .body(
            MEDIA_TYPE,
            whole_group::text(&group.as_rendered(), members, &base),
        )
        .header("Location", render::location(&base, &GROUP, &group.id))
        .header("ETag", group.tag())
}
