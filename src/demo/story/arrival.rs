//! An appliance on an empty directory, its operator, an organization, and a provider that waits
//! for Okta.

use std::io::{self, Write};

use serde_json::json;

use super::super::people::DOMAIN;
use super::{SLUG, Scene, Seen, Telling, failed, same, text};

/// What "Add Okta Provider" shows, to be typed into Okta.
pub(super) struct Provider {
    pub(super) id: String,
    pub(super) acs_url: String,
    pub(super) entity_id: String,
}

pub(super) fn tell<W: Write>(told: &mut Telling<'_, W>) -> io::Result<Option<Provider>> {
    told.screen.chapter("The appliance")?;
    let Some(()) = told.step("starts on an empty directory", starts)? else {
        return Ok(None);
    };
    let Some(()) = told.step("the operator signs in by break-glass", operator_signs_in)? else {
        return Ok(None);
    };
    let Some(()) = told.step("an organization is created", organization)? else {
        return Ok(None);
    };
    told.step(&format!("Add Okta Provider for {DOMAIN}"), add_provider)
}

fn starts(scene: &mut Scene<'_>) -> Seen<()> {
    let ready = scene.operator.open(&scene.at("/readyz"))?;
    same("GET /readyz", "200", &ready.status.to_string())?;
    Ok((
        (),
        format!("account {}, its password generated", scene.stage.account),
    ))
}

fn operator_signs_in(scene: &mut Scene<'_>) -> Seen<()> {
    let page = scene.operator.open(&scene.at("/break-glass"))?;
    let Some(form) = page.form() else {
        return failed("a form", page.body);
    };
    let filled = form
        .with("username", &scene.stage.account)
        .with("password", scene.stage.password.expose());
    let page = scene.operator.submit(&filled)?;
    same("on the way to", "/console", page.path())?;
    let answer = scene
        .operator
        .api("GET", &scene.at("/api/v1/session"), None)?;
    same("level", "operator", text(&answer.json(), "/level"))?;
    Ok(((), "POST /break-glass; level operator".to_owned()))
}

fn organization(scene: &mut Scene<'_>) -> Seen<()> {
    let asked = json!({ "slug": SLUG, "name": "Acme" });
    let made = scene.console("POST", "", Some(&asked), 201)?;
    same("slug", SLUG, text(&made, "/slug"))?;
    let group_level = text(&made, "/default_group_level");
    let user_level = text(&made, "/default_user_level");
    Ok((
        (),
        format!("{SLUG}; pushed groups start as {group_level}, sign-ins as {user_level}"),
    ))
}

fn add_provider(scene: &mut Scene<'_>) -> Seen<Provider> {
    let asked = json!({ "kind": "okta", "domains": [DOMAIN] });
    let made = scene.console("POST", &format!("/{SLUG}/providers"), Some(&asked), 201)?;
    same("state", "draft", text(&made, "/state"))?;
    let provider = Provider {
        id: text(&made, "/id").to_owned(),
        acs_url: text(&made, "/acs_url").to_owned(),
        entity_id: text(&made, "/entity_id").to_owned(),
    };
    let own = |url: &str| !provider.id.is_empty() && url.contains(&provider.id);
    if !own(&provider.acs_url) || !own(&provider.entity_id) {
        return failed(
            "a Single sign-on URL and an Audience URI of its own",
            made.to_string(),
        );
    }
    Ok((
        provider,
        "draft; Single sign-on URL and Audience URI of its own".to_owned(),
    ))
}
