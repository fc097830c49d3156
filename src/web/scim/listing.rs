//! Lists of users and of groups.

use super::{Answer, json, scim, shown_group, shown_user};
use crate::directory::provisioning;
use crate::scim::query::ListQuery;
use crate::scim::render;
use crate::scim::schema::{GROUP, USER};
use crate::web::App;
use crate::web::route::Call;

pub(in crate::web) fn list_users(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let query = ListQuery::parse(call.request.query.as_deref())?.resolve(&USER)?;
        call.remarks.note(&query.notes);
        let organization = call.organization_for_scim()?;
        let (total, users) = app
            .store
            .read(|conn| provisioning::list_users(conn, organization, &query))?;
        let resources = users
            .iter()
            .map(|user| query.project(shown_user(app, organization, user), &USER))
            .collect();
        Ok(json(
            200,
            &render::list(total, query.start_index, resources),
        ))
    })
}

pub(in crate::web) fn list_groups(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let query = ListQuery::parse(call.request.query.as_deref())?.resolve(&GROUP)?;
        call.remarks.note(&query.notes);
        let organization = call.organization_for_scim()?;
        let wanted = query.wants("members", &GROUP);
        let (total, groups) = app
            .store
            .read(|conn| provisioning::list_groups(conn, organization, &query, wanted))?;
        let resources = groups
            .iter()
            .map(|group| query.project(shown_group(app, organization, group), &GROUP))
            .collect();
        Ok(json(
            200,
            &render::list(total, query.start_index, resources),
        ))
    })
}
