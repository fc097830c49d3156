//! Users of an organization.

use rusqlite::Connection;

use super::super::route::Call;
use super::super::{App, Problem};
use super::audit::time;
use super::invitations::with_link;
use super::{Body, json as answer, page_request};
use crate::access::invitation::Kind;
use crate::clock::Timestamp;
use crate::directory::local_user::{self, Change, Draft};
use crate::directory::user::{self, Origin, User};
use crate::directory::{
    Action, Actor, Decision, Level, Page, Target, may, may_grant, past, way_in,
};
use crate::edge::Response;

/// `GET .../users`
pub(in crate::web) fn list(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let request = page_request(call.request)?;
    let organization = call.organization()?;
    let page = app.store.read(|conn| {
        let page = user::list(conn, &organization.id, &request)?;
        let items = page
            .items
            .iter()
            .map(|user| user::view(conn, user, call.now))
            .collect::<Result<Vec<_>, _>>()?;
        Ok::<_, Problem>(Page {
            items,
            total: page.total,
            next: page.next,
        })
    })?;
    answer(200, &page)
}

/// `GET .../users/{user}`
pub(in crate::web) fn show(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization = call.organization()?;
    if let Some(at) = time(call, "at")? {
        return shown_as_of(app, call, at);
    }
    let view = app.store.read(|conn| {
        let found = user::find_in(conn, &organization.id, call.parameter("user"))?;
        user::view(conn, &found, call.now)
    })?;
    answer(200, &view)
}

/// As they were at a time, which is in the audit log, and so for those who may read that.
fn shown_as_of(app: &App, call: &Call<'_>, at: Timestamp) -> Result<Response, Problem> {
    let organization = &call.organization()?.id;
    let target = Target::Organization(organization);
    if may(&call.signed_in()?.actor(), Action::ReadTraces, target) != Decision::Allowed {
        return Err(Problem::forbidden());
    }
    let id = call.parameter("user");
    let person = app
        .store
        .read(|conn| past::at(conn, organization, at, call.now)?.user(id))?
        .ok_or_else(|| {
            Problem::new(404, "not-found", format!("There was no such user at {at}."))
        })?;
    answer(200, &person.view(at))
}

/// `POST .../users`: a local user and the link with which they join.
pub(in crate::web) fn invite(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let known = ["userName", "email", "displayName", "level"];
    let body = Body::read(call.request, &known)?;
    let draft = Draft::new(
        body.text("userName")?,
        body.required_text("email")?,
        body.text("displayName")?,
        body.text("level")?.map(str::parse).transpose()?,
    )?;
    // Without one they get the organization's default, which may be an admin's.
    let level = draft
        .level
        .unwrap_or(call.organization()?.default_user_level);
    if level == Level::Admin {
        call.demand_recent(app)?;
    }
    let organization_id = call.organization()?.id.clone();
    let (actor, by, now) = (call.signed_in()?.actor(), call.author()?, call.now);
    let (view, made, link) = app.store.write(move |tx| {
        let somebody = Target::User {
            organization_id: &organization_id,
            local: true,
            level: None,
        };
        allowed(may_grant(&actor, "", somebody, Some(level)))?;
        let user = local_user::create(tx, &organization_id, &draft, &by, now)?;
        let (made, link) = way_in::invite(tx, &user, Kind::Join, &by, now)?;
        Ok::<_, Problem>((user::view(tx, &user, now)?, made, link))
    })?;
    let mut value =
        serde_json::to_value(view).map_err(|e| Problem::new(500, "internal", e.to_string()))?;
    if let Some(object) = value.as_object_mut() {
        object.insert("invitation".into(), with_link(app, &made, &link)?);
    }
    answer(201, &value)
}

/// `PATCH .../users/{user}`: switches a user on or off, which ends their sessions; gives them a
/// level of their own or takes it away; changes a local user's address and name.
pub(in crate::web) fn change(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(call.request, &["active", "level", "displayName", "email"])?;
    let active = body.flag("active")?;
    let level: Option<Option<Level>> = match body.0.get("level") {
        None => None,
        Some(_) => Some(body.text("level")?.map(str::parse).transpose()?),
    };
    if level == Some(Some(Level::Admin)) {
        call.demand_recent(app)?;
    }
    let (email, display_name) = (body.text("email")?, body.text("displayName")?);
    let names = match (email, display_name) {
        (None, None) => None,
        _ => Some(Change::new(email, display_name)?),
    };
    if active.is_none() && level.is_none() && names.is_none() {
        return Err(Problem::field(
            "active",
            "is missing; or give level, displayName or email",
        ));
    }
    let organization_id = call.organization()?.id.clone();
    let id = call.parameter("user").to_owned();
    let (actor, by, now) = (call.signed_in()?.actor(), call.author()?, call.now);
    // Whoever has an admin's address at the identity provider is that admin at their next sign-in.
    if (email.is_some() || active == Some(true))
        && app.store.read(|conn| {
            let found = changeable(conn, &actor, &organization_id, &id)?;
            Ok::<_, Problem>(user::level(conn, &found.id)? == Some(Level::Admin))
        })?
    {
        call.demand_recent(app)?;
    }
    let view = app.store.write(move |tx| {
        let mut found = changeable(tx, &actor, &organization_id, &id)?;
        if let Some(level) = level {
            allowed(may_grant(&actor, &id, target(tx, &found)?, level))?;
            local_user::set_level(tx, &found, level, &by, now)?;
        }
        if let Some(names) = &names {
            found = local_user::change(tx, &found, names, &by, now)?;
        }
        if let Some(active) = active {
            user::set_active(tx, &id, active, &by, now)?;
            found = user::find_in(tx, &organization_id, &id)?;
        }
        Ok::<_, Problem>(user::view(tx, &found, now)?)
    })?;
    answer(200, &view)
}

/// `DELETE .../users/{user}`: local users only.
pub(in crate::web) fn delete(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let organization_id = call.organization()?.id.clone();
    let id = call.parameter("user").to_owned();
    let (by, now) = (call.author()?, call.now);
    app.store.write(move |tx| {
        let found = user::find_in(tx, &organization_id, &id)?;
        local_user::delete(tx, &found, &by, now)
    })?;
    Ok(Response::new(204))
}

/// `DELETE .../users/{user}/second-factor`: for who lost the device and the recovery codes.
pub(in crate::web) fn remove_second_factor(
    app: &App,
    call: &Call<'_>,
) -> Result<Response, Problem> {
    let organization_id = call.organization()?.id.clone();
    let id = call.parameter("user").to_owned();
    let (actor, by, now) = (call.signed_in()?.actor(), call.author()?, call.now);
    let removed = app.store.write(move |tx| {
        let found = changeable(tx, &actor, &organization_id, &id)?;
        Ok::<_, Problem>(way_in::remove_second_factor(tx, &found, &by, now)?)
    })?;
    if removed {
        Ok(Response::new(204))
    } else {
        Err(Problem::new(
            404,
            "not-found",
            "This user has no second factor.",
        ))
    }
}

/// The user, if this actor may change them.
pub(super) fn changeable(
    tx: &Connection,
    actor: &Actor,
    organization_id: &str,
    id: &str,
) -> Result<User, Problem> {
    let found = user::find_in(tx, organization_id, id)?;
    allowed(may(actor, Action::ChangeUsers, target(tx, &found)?))?;
    Ok(found)
}

fn target<'u>(tx: &Connection, user: &'u User) -> Result<Target<'u>, Problem> {
    Ok(Target::User {
        organization_id: &user.organization_id,
        local: user.origin == Origin::Local,
        level: user::level(tx, &user.id)?,
    })
}

fn allowed(decision: Decision) -> Result<(), Problem> {
    match decision {
        Decision::Allowed => Ok(()),
        _ => Err(Problem::forbidden()),
    }
}
