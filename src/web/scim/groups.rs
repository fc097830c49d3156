//! `/Groups` and `/Groups/{id}`.

use super::large::{self, keep};
use super::{Answer, MEDIA_TYPE, conditions, gone, projection, scim, unmodified};
use crate::directory::organization::Organization;
use crate::directory::provisioning::{self, ScimGroup};
use crate::edge::Response;
use crate::scim::group::GroupDraft;
use crate::scim::patch::Patch;
use crate::scim::query::ListQuery;
use crate::scim::render;
use crate::scim::schema::GROUP;
use crate::scim::whole_group::{self, WholeGroup};
use crate::web::App;
use crate::web::route::Call;

pub(in crate::web) fn create_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let place = large::of_change(app, call, false)?;
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
        Ok(keep(answer(201, app, &organization, &group, &query), place))
    })
}

pub(in crate::web) fn read_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let query = projection(call)?;
        let conditions = conditions(call)?;
        let organization = call.organization_for_scim()?;
        let id = call.parameter("id");
        let wanted = query.wants("members", &GROUP);
        let ((group, fresh), place) = large::read(
            app,
            |conn| {
                let group = provisioning::read_group(conn, organization, id, false)?;
                let fresh = conditions.allow_read(&group.tag())?;
                Ok((group, fresh))
            },
            |(group, fresh)| {
                if wanted && *fresh {
                    group.member_count
                } else {
                    0
                }
            },
            |conn, (group, fresh)| {
                if wanted && *fresh {
                    group.read_members(conn)?;
                }
                Ok(())
            },
        )?;
        if !fresh {
            return Ok(unmodified(group.tag()));
        }
        Ok(keep(answer(200, app, organization, &group, &query), place))
    })
}

pub(in crate::web) fn replace_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let query = projection(call)?;
        let place = large::of_change(app, call, query.wants("members", &GROUP))?;
        let draft = GroupDraft::parse(&call.request.body)?;
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
        Ok(keep(answer(200, app, &organization, &group, &query), place))
    })
}

/// Members with which a group is still shown after a PATCH.
const MOST_SHOWN: i64 = 200;

/// The group, or 204 where it has so many members that they are no answer to the change of one: RFC
/// 7644 section 3.5.2 leaves that to the server, unless the client named `attributes`.
pub(in crate::web) fn patch_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let query = projection(call)?;
        let asked = !query.attributes.is_empty();
        let wanted = query.wants("members", &GROUP);
        let place = large::of_change(app, call, asked && wanted)?;
        let patch = Patch::parse(&call.request.body)?;
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
            let mut group = provisioning::patch_group(tx, &own, &id, &patch, &by, now)?;
            if wanted && (asked || group.value.member_count <= MOST_SHOWN) {
                group.value = provisioning::read_group(tx, &own, &id, true)?;
            }
            Ok::<_, provisioning::ProvisioningError>(group)
        })?;
        if !asked && group.member_count > MOST_SHOWN {
            return Ok(Response::new(204).header("ETag", group.tag()));
        }
        Ok(keep(answer(200, app, &organization, &group, &query), place))
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

/// A group, as far as the client wants it.
fn answer(
    status: u16,
    app: &App,
    organization: &Organization,
    group: &ScimGroup,
    query: &ListQuery,
) -> Response {
    let base = app.public.scim(&organization.slug);
    let shown = WholeGroup::new(&group.as_rendered(), query, &base);
    Response::new(status)
        .body(MEDIA_TYPE, whole_group::text(&shown, [&shown]))
        .header("Location", render::location(&base, &GROUP, &group.id))
        .header("ETag", group.tag())
}
