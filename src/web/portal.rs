//! The portal: who I am, my groups and level.

use std::fmt::Write as _;

use super::route::Call;
use super::signed_in::{self, Who};
use super::template::{escape, page};
use super::{App, Problem, cookie};
use crate::directory::{Action, Decision, Level, Target, may, sessions, user};
use crate::edge::Response;

/// `GET /`: the portal of a user, the console of an operator, else the sign-in.
pub(super) fn show(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let now = call.now;
    let request = call.request;
    let elsewhere = |to: &str| Ok(Response::new(303).header("Location", to));
    let found = app.store.read(|conn| {
        let user_cookie = cookie::read(request, cookie::SESSION);
        let own = user_cookie
            .map(|v| signed_in::of_cookie(conn, v, now))
            .transpose()?
            .flatten();
        let Some(own) = own else {
            return Ok((signed_in::find(conn, request, now)?, None));
        };
        let Who::User { user, .. } = &own.who else {
            return Ok((Some(own), None));
        };
        let levels = user::levels(conn, &user.id)?;
        let sessions = sessions::of_user(conn, user, now)?;
        Ok::<_, Problem>((Some(own), Some((levels, sessions))))
    })?;
    let (Some(signed_in), Some((levels, sessions))) = &found else {
        return elsewhere(if found.0.is_some() {
            "/console"
        } else {
            "/login"
        });
    };
    signed_in::touch(app, signed_in, request.client.address, now);
    let current = &signed_in.session()?.id;
    let Who::User {
        user,
        organization,
        levels: reached,
    } = &signed_in.who
    else {
        return elsewhere("/console");
    };
    let mut groups = String::new();
    for source in levels {
        if let Some(group) = &source.group {
            let _ = write!(
                groups,
                "<li>{} <span class=\"badge\">{}</span></li>",
                escape(&group.display_name),
                source.level
            );
        }
    }
    let mut rows = String::new();
    for other in sessions {
        let current = if other.id == *current {
            " (this one)"
        } else {
            ""
        };
        let _ = write!(
            rows,
            "<li>{}{current}, since <time datetime=\"{}\">{}</time></li>",
            escape(&other.client),
            other.created_at,
            other.created_at
        );
    }
    let own = Target::Organization(&organization.id);
    let reads = may(&signed_in.actor(), Action::ReadDirectory, own) == Decision::Allowed;
    let console_link = if !reads {
        String::new()
    } else {
        format!(
            "<a class=\"button primary\" href=\"/console/organizations/{}\">Open the console</a>",
            organization.slug
        )
    };
    Ok(page(
        200,
        "portal.html",
        &[
            (
                "display_name",
                user.display_name.as_deref().unwrap_or(&user.user_name),
            ),
            ("email", user.email.as_deref().unwrap_or(&user.user_name)),
            ("organization", &organization.name),
            ("level", reached.highest().map_or("none", Level::word)),
            ("groups", &groups),
            ("sessions", &rows),
            ("console_link", &console_link),
        ],
    ))
}
