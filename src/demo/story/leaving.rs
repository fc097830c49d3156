//! Somebody is unassigned in Okta, and comes back.

use std::io::{self, Write};

use super::super::browser::Browser;
use super::super::people::ADA;
use super::super::screen::Failed;
use super::sign_in::{refused, vouched};
use super::{Scene, Seen, Telling, failed, same};

pub(super) fn tell<W: Write>(
    told: &mut Telling<'_, W>,
    ada: &mut Browser,
    id: &str,
) -> io::Result<Option<()>> {
    told.screen.chapter("Somebody leaves, and comes back")?;
    let gone = told.step("Ada is unassigned in Okta", |scene| {
        unassigned(scene, ada, id)
    })?;
    let Some(()) = gone else { return Ok(None) };
    told.step("her next sign-in is refused", refused_now)?;
    let back = told.step("assigned again, her session stays ended", |scene| {
        assigned_again(scene, ada, id)
    })?;
    let Some(()) = back else { return Ok(None) };
    told.step("she signs in again", |scene| signs_in_again(scene, ada))
}

fn unassigned(scene: &mut Scene<'_>, ada: &mut Browser, id: &str) -> Seen<()> {
    scene.level(ada)?;
    set_active(scene, id, false)?;
    match scene.session(ada)? {
        None => Ok((
            (),
            "GET, PUT active: false; her next request: 401".to_owned(),
        )),
        Some(session) => failed("401 at the very next request", session.to_string()),
    }
}

fn refused_now(scene: &mut Scene<'_>) -> Seen<()> {
    let mut browser = Browser::new();
    let answer = vouched(scene, &mut browser, &ADA)?;
    let page = browser.submit(&answer)?;
    let seen = refused(scene, &page, &["user-inactive"])?;
    if scene.session(&mut browser)?.is_some() {
        return failed("no session", "one");
    }
    Ok(((), seen.short()))
}

fn assigned_again(scene: &mut Scene<'_>, ada: &mut Browser, id: &str) -> Seen<()> {
    set_active(scene, id, true)?;
    match scene.session(ada)? {
        None => Ok((
            (),
            "GET, PUT active: true; the old cookie: still 401".to_owned(),
        )),
        Some(session) => failed("401 for the old session", session.to_string()),
    }
}

fn signs_in_again(scene: &mut Scene<'_>, ada: &mut Browser) -> Seen<()> {
    *ada = Browser::new();
    let answer = vouched(scene, ada, &ADA)?;
    let page = ada.submit(&answer)?;
    same("on the way to", "/", page.path())?;
    let level = scene.level(ada)?;
    same("level", "editor", &level)?;
    Ok(((), format!("a new session, {level} as before")))
}

fn set_active(scene: &Scene<'_>, id: &str, active: bool) -> Result<(), Failed> {
    let okta = &scene.stage.okta;
    let now = okta.push_active(id, active)?;
    okta.note_assigned(&ADA, id, now);
    same("active", &active.to_string(), &now.to_string())
}
