//! Organizations.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::route::Call;
use super::super::{App, Problem};
use super::{Body, json as answer};
use crate::directory::organization::{self, Change, Organization};
use crate::directory::slug::Slug;
use crate::directory::{DirectoryError, Level, session_limits};
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

/// One organization whole, with how long its sessions last.
fn shown_whole(app: &App, organization: &Organization) -> Result<Value, Problem> {
    let limits = app
        .store
        .read(|conn| session_limits::of_organization(conn, &organization.id))?;
    let mut value = shown(app, organization)?;
    if let Some(object) = value.as_object_mut() {
        let limits = session_limits::view(&limits);
        object.insert("session_limits".into(), Value::Object(limits));
    }
    Ok(value)
}

/// `{"admin": {"idle_s": 900, "absolute_s": 28800}, "viewer": null}`; null makes them ordinary.
fn session_limits(body: &Body) -> Result<Vec<session_limits::Change>, Problem> {
    let wrong = |detail: String| Problem::field("session_limits", detail);
    let mut changes = Vec::new();
    for (name, value) in body.object("session_limits")?.into_iter().flatten() {
        let level: Level = name
            .parse()
            .map_err(|_| wrong("expected admin, editor, runner or viewer as names".into()))?;
        let object = match value {
            Value::Null => {
                changes.push(session_limits::Change::Ordinary(level));
                continue;
            }
            Value::Object(object) => object,
            _ => {
                return Err(wrong(format!(
                    "{level}: expected idle_s and absolute_s, or null"
                )));
            }
        };
        if let Some(other) = object
            .keys()
            .find(|key| !matches!(key.as_str(), "idle_s" | "absolute_s"))
        {
            let other: String = other.chars().take(80).collect();
            return Err(wrong(format!(
                "{level}: there is no `{other}`; expected idle_s, absolute_s"
            )));
        }
        let seconds = |key: &str| match object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_u64()
                .map(|seconds| Some(Duration::from_secs(seconds)))
                .ok_or_else(|| wrong(format!("{level}: {key} must be a number of seconds"))),
        };
        changes.push(session_limits::Change::Set {
            level,
            idle: seconds("idle_s")?,
            absolute: seconds("absolute_s")?,
        });
    }
    Ok(changes)
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
    answer(201, &shown_whole(app, &made)?)
}

/// `GET /api/v1/organizations/{org}`
pub(in crate::web) fn show(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    answer(200, &shown_whole(app, call.organization()?)?)
}

/// Whether it makes admins of people to come, lets passwords count again, or forgets what sign-ins were.
fn loosens(change: &Change, now: &Organization) -> bool {
    let admin = |wanted, present| wanted == Some(Level::Admin) && present != Level::Admin;
    admin(change.default_group_level, now.default_group_level)
        || admin(change.default_user_level, now.default_user_level)
        || (change.local_sign_in == Some(true) && !now.local_sign_in)
        || (change.keep_documents == Some(false) && now.keep_documents)
}

/// `PATCH /api/v1/organizations/{org}`
pub(in crate::web) fn change(app: &App, call: &Call<'_>) -> Result<Response, Problem> {
    let body = Body::read(
        call.request,
        &[
            "name",
            "default_group_level",
            "default_user_level",
            "local_sign_in",
            "session_limits",
            "unknown_extensions",
            "skip_unknown_members",
            "keep_documents",
        ],
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
        local_sign_in: body.flag("local_sign_in")?,
        internal_metadata: None,
        unknown_extensions: body
            .text("unknown_extensions")?
            .map(str::parse)
            .transpose()?,
        skip_unknown_members: body.flag("skip_unknown_members")?,
        keep_documents: body.flag("keep_documents")?,
    };
    let limits = session_limits(&body)?;
    if loosens(&change, call.organization()?) || !limits.is_empty() {
        call.demand_recent(app)?;
    }
    let slug = call.organization()?.slug.clone();
    let (by, now) = (call.author()?, call.now);
    let changed = app.store.write(move |tx| {
        let changed = organization::change(tx, &slug, &change, &by, now)?;
        session_limits::change(tx, &changed, &limits, &by, now)?;
        Ok::<_, DirectoryError>(changed)
    })?;
    answer(200, &shown_whole(app, &changed)?)
}
