//! Okta Group Sync: the token, the connector's test, people and a group, and what the group's
//! level does to a session that is already open.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::super::browser::Browser;
use super::super::people::{ADA, GRACE, GROUP, PEOPLE};
use super::super::push::{Pushed, ScimClient};
use super::{SLUG, Scene, Seen, Telling, failed, same, text};

/// Returns Ada's id, as SCIM has it.
pub(super) fn tell<W: Write>(
    told: &mut Telling<'_, W>,
    ada: &mut Browser,
) -> io::Result<Option<String>> {
    told.screen.chapter("Okta Group Sync (SCIM)")?;
    let Some(okta) = told.step("a SCIM token is generated", token)? else {
        return Ok(None);
    };
    told.step("Test Connector Configuration", |_| test_connector(&okta))?;
    let pushed = told.step("people are pushed", |scene| people(scene, &okta))?;
    let Some(ids) = pushed else { return Ok(None) };
    let [ada_id, grace_id, ..] = ids.as_slice() else {
        return Ok(None);
    };
    let members = [(ada_id.clone(), ADA.login), (grace_id.clone(), GRACE.login)];
    let group = told.step(&format!("the group {GROUP} is pushed"), |scene| {
        group(scene, &okta, &members)
    })?;
    if let Some(group) = group
        && told
            .step("its members are admin", |scene| admin(scene, ada))?
            .is_some()
    {
        told.step("the group's level is changed", |scene| {
            levels(scene, ada, &group)
        })?;
    }
    Ok(Some(ada_id.clone()))
}

fn token(scene: &mut Scene<'_>) -> Seen<ScimClient> {
    let asked = json!({ "name": "Okta" });
    let made = scene.console("POST", &format!("/{SLUG}/scim/tokens"), Some(&asked), 201)?;
    let (endpoint, token) = (text(&made, "/endpoint"), text(&made, "/token"));
    same("endpoint", &scene.at(&format!("/scim/v2/{SLUG}")), endpoint)?;
    let prefix: String = token.chars().take(9).collect();
    if prefix != "ptc_scim_" {
        return failed("a token", made.to_string());
    }
    let listed = scene.console("GET", &format!("/{SLUG}/scim/tokens"), None, 200)?;
    if listed.to_string().contains(token) {
        return failed(
            "a token that is shown once",
            "it is in the list of tokens, too",
        );
    }
    scene
        .stage
        .okta
        .set_up_scim(ScimClient::new(endpoint, token));
    let seen = format!("{prefix}..., shown this once; /scim/v2/{SLUG}");
    Ok((ScimClient::new(endpoint, token), seen))
}

fn test_connector(okta: &ScimClient) -> Seen<()> {
    let total = okta.test_connector()?;
    same("totalResults", "1", &total.to_string())?;
    Ok((
        (),
        "GET /Users?startIndex=1&count=2: 1 user, Ada".to_owned(),
    ))
}

/// Returns everybody's id, in the order of [`PEOPLE`].
fn people(scene: &mut Scene<'_>, okta: &ScimClient) -> Seen<Vec<String>> {
    let mut ids = Vec::new();
    let mut matched = Vec::new();
    for person in PEOPLE {
        let (id, how) = okta.assign(person)?;
        scene.stage.okta.note_assigned(person, &id, true);
        if how == Pushed::Matched {
            matched.push(person.first_name);
        }
        ids.push(id);
    }
    same("already there", ADA.first_name, &matched.join(", "))?;
    let listed = scene.console("GET", &format!("/{SLUG}/users"), None, 200)?;
    let known = listed
        .pointer("/items")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    same("users", &PEOPLE.len().to_string(), &known.to_string())?;
    let made = PEOPLE.len() - matched.len();
    Ok((
        ids,
        format!("{made} made by POST; Ada was found, taken over by PUT"),
    ))
}

fn group(scene: &mut Scene<'_>, okta: &ScimClient, members: &[(String, &str)]) -> Seen<String> {
    let id = okta.push_group(GROUP, members)?;
    let path = format!("/{SLUG}/groups/{id}");
    let kept = scene.console("GET", &path, None, 200)?;
    same("displayName", GROUP, text(&kept, "/displayName"))?;
    let count = kept
        .pointer("/members")
        .and_then(Value::as_i64)
        .unwrap_or_default();
    same("members", &members.len().to_string(), &count.to_string())?;
    let level = text(&kept, "/level");
    Ok((
        id,
        format!("filter, POST, GET, PUT; {count} members, level {level}"),
    ))
}

fn admin(scene: &mut Scene<'_>, ada: &mut Browser) -> Seen<()> {
    same("Ada's level", "admin", &scene.level(ada)?)?;
    let url = scene.at(&format!("/api/v1/organizations/{SLUG}/groups"));
    let reads = ada.api("GET", &url, None)?.status;
    same("GET .../groups", "200", &reads.to_string())?;
    Ok((
        (),
        "Ada's open session: viewer before, admin now".to_owned(),
    ))
}

fn levels(scene: &mut Scene<'_>, ada: &mut Browser, group: &str) -> Seen<()> {
    let path = format!("/{SLUG}/groups/{group}");
    for level in ["viewer", "editor"] {
        let now = scene.console("PATCH", &path, Some(&json!({ "level": level })), 200)?;
        same("the group's level", level, text(&now, "/level"))?;
        same("Ada's level", level, &scene.level(ada)?)?;
    }
    Ok((
        (),
        "viewer, then editor: Ada's at her very next request".to_owned(),
    ))
}
