//! `/Groups` and `/Groups/{id}`.

use super::{Answer, located, scim, shown_group};
use crate::directory::provisioning;
use crate::edge::Response;
use crate::scim::group::GroupDraft;
use crate::scim::patch::Patch;
use crate::scim::query::ListQuery;
use crate::scim::schema::GROUP;
use crate::web::App;
use crate::web::route::Call;

pub(in crate::web) fn create_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let draft = GroupDraft::parse(&call.request.body)?;
        let organization = call.organization_for_scim()?.clone();
        let (by, now) = (call.author()?, call.now);
        let group = {
            let organization = organization.clone();
            call.push(app, move |tx| {
                provisioning::create_group(tx, &organization, &draft, &by, now)
            })?
        };
        Ok(located(201, &shown_group(app, &organization, &group)))
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
        Ok(located(
            200,
            &query.project(shown_group(app, organization, &group), &GROUP),
        ))
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
        let group = call.push(app, move |tx| {
            provisioning::replace_group(tx, &own, &id, &draft, &by, now)
        })?;
        Ok(located(200, &shown_group(app, &organization, &group)))
    })
}

pub(in crate::web) fn patch_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let patch = Patch::parse(&call.request.body)?;
        let organization = call.organization_for_scim()?.clone();
        let (id, now) = (call.parameter("id").to_owned(), call.now);
        let by = call.author()?;
        call.push(app, move |tx| {
            provisioning::patch_group(tx, &organization, &id, &patch, &by, now)
        })?;
        Ok(Response::new(204))
    })
}

pub(in crate::web) fn delete_group(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let organization = call.organization_for_scim()?.clone();
        let id = call.parameter("id").to_owned();
        let (by, now) = (call.author()?, call.now);
        call.push(app, move |tx| {
            provisioning::delete_group(tx, &organization, &id, &by, now)
        })?;
        Ok(Response::new(204))
    })
}
