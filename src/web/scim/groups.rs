//! `/Groups` and `/Groups/{id}`.

use super::{Answer, conditions, gone, projection, resource, scim, shown_group, unmodified};
use crate::directory::provisioning;
use crate::edge::Response;
use crate::scim::group::GroupDraft;
use crate::scim::patch::Patch;
use crate::scim::schema::GROUP;
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
        let shown = shown_group(app, &organization, &group);
        Ok(resource(201, shown, &query, &GROUP))
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
        let shown = shown_group(app, organization, &group);
        Ok(resource(200, shown, &query, &GROUP))
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
        let shown = shown_group(app, &organization, &group);
        Ok(resource(200, shown, &query, &GROUP))
    })
}

/// 204, as Okta and Entra ID expect it; with `attributes` the group, as RFC 7644 section 3.5.2
/// demands.
pub(in crate::web) fn patch_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let patch = Patch::parse(&call.request.body)?;
        let query = projection(call)?;
        let conditions = conditions(call)?;
        let asked = !query.attributes.is_empty();
        let wanted = asked && query.wants("members", &GROUP);
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
            if wanted {
                group.value = provisioning::read_group(tx, &own, &id, true)?;
            }
            Ok::<_, provisioning::ProvisioningError>(group)
        })?;
        if !asked {
            return Ok(Response::new(204).header("ETag", group.tag()));
        }
        let shown = shown_group(app, &organization, &group);
        Ok(resource(200, shown, &query, &GROUP))
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
