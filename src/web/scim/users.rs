//! `/Users` and `/Users/{id}`.

use super::{
    Answer, Refused, conditions, gone, projection, resource, scim, shown_user, unmodified,
};
use crate::clock::Timestamp;
use crate::directory::organization::Organization;
use crate::directory::provisioning::{self, Outcome, ProvisioningError, ScimUser};
use crate::edge::Response;
use crate::observe::audit::Author;
use crate::scim::patch::Patch;
use crate::scim::schema::USER;
use crate::scim::user::UserDraft;
use crate::web::App;
use crate::web::route::Call;

pub(in crate::web) fn create_user(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let draft = UserDraft::parse(&call.request.body)?;
        let query = projection(call)?;
        let organization = call.organization_for_scim()?.clone();
        let (by, now) = (call.author()?, call.now);
        let user = {
            let organization = organization.clone();
            call.push(app, move |tx| {
                provisioning::create_user(tx, &organization, &draft, &by, now)
            })?
        };
        let shown = shown_user(app, &organization, &user);
        Ok(resource(201, shown, &query, &USER))
    })
}

pub(in crate::web) fn read_user(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let query = projection(call)?;
        let conditions = conditions(call)?;
        let organization = call.organization_for_scim()?;
        let id = call.parameter("id");
        let user = app
            .store
            .read(|conn| provisioning::read_user(conn, organization, id))?;
        if !conditions.allow_read(&user.tag())? {
            return Ok(unmodified(user.tag()));
        }
        let shown = shown_user(app, organization, &user);
        Ok(resource(200, shown, &query, &USER))
    })
}

pub(in crate::web) fn replace_user(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let draft = UserDraft::parse(&call.request.body)?;
        change_user(app, call, move |tx, organization, id, by, now| {
            provisioning::replace_user(tx, organization, id, &draft, by, now)
        })
    })
}

pub(in crate::web) fn patch_user(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let patch = Patch::parse(&call.request.body)?;
        change_user(app, call, move |tx, organization, id, by, now| {
            provisioning::patch_user(tx, organization, id, &patch, by, now)
        })
    })
}

fn change_user(
    app: &App,
    call: &Call<'_>,
    change: impl FnOnce(
        &rusqlite::Connection,
        &Organization,
        &str,
        &Author,
        Timestamp,
    ) -> Result<Outcome<ScimUser>, ProvisioningError>
    + Send
    + 'static,
) -> Result<Response, Refused> {
    let query = projection(call)?;
    let conditions = conditions(call)?;
    let organization = call.organization_for_scim()?.clone();
    let (own, id, now) = (
        organization.clone(),
        call.parameter("id").to_owned(),
        call.now,
    );
    let by = call.author()?;
    let user = call.push(app, move |tx| {
        provisioning::user_meets(tx, &own, &id, &conditions)?;
        change(tx, &own, &id, &by, now)
    })?;
    let shown = shown_user(app, &organization, &user);
    Ok(resource(200, shown, &query, &USER))
}

pub(in crate::web) fn delete_user(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let conditions = conditions(call)?;
        let organization = call.organization_for_scim()?.clone();
        let id = call.parameter("id").to_owned();
        let (by, now) = (call.author()?, call.now);
        call.push(app, move |tx| {
            provisioning::user_meets(tx, &organization, &id, &conditions)?;
            provisioning::delete_user(tx, &organization, &id, &by, now)
        })?;
        Ok(gone())
    })
}
