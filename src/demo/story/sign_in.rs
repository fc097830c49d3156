//! Sign-in through Okta, the ways it goes wrong, and what the trace says then.

use std::io::{self, Write};

use data_encoding::BASE64;
use serde_json::json;

use super::super::browser::{Browser, Form, Page};
use super::super::people::{ADA, MARY, Person};
use super::super::screen::Failed;
use super::arrival::Provider;
use super::{SLUG, Scene, Seen, Telling, failed, same, text};

/// Returns Ada's browser, signed in.
pub(super) fn tell<W: Write>(
    told: &mut Telling<'_, W>,
    provider: &Provider,
) -> io::Result<Option<Browser>> {
    told.screen.chapter("Sign-in through Okta (SAML)")?;
    let given = told.step("Okta is set up, Metadata URL given", |scene| {
        set_up(scene, provider)
    })?;
    let Some(()) = given else { return Ok(None) };
    let mut ada = Browser::new();
    let answer = told.step("Ada signs in by e-mail address", |scene| {
        first_time(scene, &mut ada)
    })?;
    let Some(answer) = answer else {
        return Ok(None);
    };
    // The refusals stand each for itself; without them the story goes on.
    told.step("the same response again is refused", |scene| {
        sent_again(scene, &mut ada, &answer)
    })?;
    told.step("a response for another audience is refused", |scene| {
        wrong_audience(scene, provider)
    })?;
    told.step("a response with a changed name is refused", tampered)?;
    told.step("a click on Okta's tile ends in a session", from_tile)?;
    Ok(Some(ada))
}

fn set_up(scene: &mut Scene<'_>, provider: &Provider) -> Seen<()> {
    let okta = &scene.stage.okta;
    okta.set_up_saml(&provider.acs_url, &provider.entity_id);
    let asked = json!({ "metadata_url": okta.metadata_url() });
    let path = format!("/{SLUG}/providers/{}", provider.id);
    let now = scene.console("PATCH", &path, Some(&asked), 200)?;
    same("state", "active", text(&now, "/state"))?;
    let issuer = text(&now, "/issuer");
    Ok((
        (),
        format!("active; {}", issuer.trim_start_matches("http://")),
    ))
}

/// Returns the response that Ada's browser posted.
fn first_time(scene: &mut Scene<'_>, ada: &mut Browser) -> Seen<Form> {
    let answer = vouched(scene, ada, &ADA)?;
    let page = ada.submit(&answer)?;
    same("on the way to", "/", page.path())?;
    let session = scene.session(ada)?.unwrap_or_default();
    same("user", ADA.login, text(&session, "/user/userName"))?;
    same("level", "viewer", text(&session, "/level"))?;
    let origin = text(&session, "/user/origin");
    Ok((
        answer,
        format!(
            "{}, {}, made by {origin}",
            ADA.login,
            text(&session, "/level")
        ),
    ))
}

fn sent_again(scene: &mut Scene<'_>, ada: &mut Browser, answer: &Form) -> Seen<()> {
    let page = ada.submit(answer)?;
    let seen = refused(scene, &page, &["in-response-to-unknown", "replayed"])?;
    // Nor does it cost her the session she has.
    same("level", "viewer", &scene.level(ada)?)?;
    Ok(((), seen.short()))
}

fn wrong_audience(scene: &mut Scene<'_>, provider: &Provider) -> Seen<()> {
    let okta = &scene.stage.okta;
    okta.set_up_saml(
        &provider.acs_url,
        "https://portcullis.example/somewhere-else",
    );
    let mut browser = Browser::new();
    let page = vouched(scene, &mut browser, &ADA).and_then(|f| Ok(browser.submit(&f)?));
    okta.set_up_saml(&provider.acs_url, &provider.entity_id);
    let seen = refused(scene, &page?, &["audience-mismatch"])?;
    if !seen.fix.contains("Audience URI") {
        return failed("a fix that names Okta's field Audience URI", seen.fix);
    }
    Ok(((), format!("{}; the fix: \"Audience URI\"", seen.short())))
}

fn tampered(scene: &mut Scene<'_>) -> Seen<()> {
    let mut browser = Browser::new();
    let answer = vouched(scene, &mut browser, &ADA)?;
    let response = answer.value("SAMLResponse").unwrap_or_default();
    let xml = BASE64.decode(response.as_bytes()).unwrap_or_default();
    let changed = String::from_utf8_lossy(&xml).replace(ADA.login, MARY.login);
    let changed = answer.with("SAMLResponse", &BASE64.encode(changed.as_bytes()));
    let page = browser.submit(&changed)?;
    let seen = refused(scene, &page, &["signature-invalid"])?;
    if scene.session(&mut browser)?.is_some() {
        return failed("no session", "one");
    }
    Ok(((), seen.short()))
}

fn from_tile(scene: &mut Scene<'_>) -> Seen<()> {
    let mut browser = Browser::new();
    let page = browser.open(&scene.stage.okta.tile_url())?;
    let page = at_okta(scene, &mut browser, page, &ADA)?;
    let Some(unasked) = page.form() else {
        return failed("a response to post", page.body);
    };
    if unasked.value("RelayState").is_some() {
        return failed("an unsolicited response", "a RelayState");
    }
    // The appliance doesn't take it, it asks for one of its own; Okta, where she is signed in,
    // gives it without another click.
    let page = browser.submit(&unasked)?;
    let Some(asked) = page
        .form()
        .filter(|form| form.value("RelayState").is_some())
    else {
        return failed(
            "a redirect back to Okta with a request",
            format!("{} {}", page.status, page.url),
        );
    };
    let redirects = page.redirects;
    let page = browser.submit(&asked)?;
    same("on the way to", "/", page.path())?;
    let level = scene.level(&mut browser)?;
    Ok((
        (),
        format!("unsolicited, so asked back ({redirects} redirects); {level}"),
    ))
}

/// From the appliance's sign-in page to the form with Okta's response, not yet posted.
pub(super) fn vouched(
    scene: &Scene<'_>,
    browser: &mut Browser,
    person: &Person,
) -> Result<Form, Failed> {
    let page = browser.open(&scene.at("/login"))?;
    let form = page.forms().find(|form| form.action == scene.at("/login"));
    let Some(form) = form else {
        return failed("a sign-in form", page.body);
    };
    let page = browser.submit(&form.with("email", person.login))?;
    let page = at_okta(scene, browser, page, person)?;
    match page
        .form()
        .filter(|form| form.value("SAMLResponse").is_some())
    {
        Some(form) => Ok(form),
        None => failed("a SAMLResponse", page.body),
    }
}

/// Clicks on the person on Okta's sign-in page.
fn at_okta(
    scene: &Scene<'_>,
    browser: &mut Browser,
    page: Page,
    person: &Person,
) -> Result<Page, Failed> {
    same("redirected to", scene.stage.okta.origin(), page.origin())?;
    let Some(form) = page.form() else {
        return failed("Okta's sign-in page", page.body);
    };
    Ok(browser.submit(&form.with("person", person.login))?)
}

/// What the trace of a refusal says.
pub(super) struct Refusal {
    reference: String,
    code: String,
    fix: String,
}

impl Refusal {
    pub(super) fn short(&self) -> String {
        format!("{}: {}", self.reference, self.code)
    }
}

/// The page must be a refusal with a reference, and the reference's trace must name one of these
/// checks as the one that failed.
pub(super) fn refused(
    scene: &mut Scene<'_>,
    page: &Page,
    codes: &[&str],
) -> Result<Refusal, Failed> {
    let Some(reference) = page.text_of("code").filter(|_| page.status == 403) else {
        return failed(
            "403 and a reference number",
            format!("{} at {}", page.status, page.path()),
        );
    };
    let trace = scene.console("GET", &format!("/{SLUG}/traces/{reference}"), None, 200)?;
    same("outcome", "refused", text(&trace, "/outcome"))?;
    let code = text(&trace, "/code").to_owned();
    if !codes.contains(&code.as_str()) {
        return failed(format!("the check {}", codes.join(" or ")), code);
    }
    Ok(Refusal {
        reference,
        code,
        fix: text(&trace, "/detail/fix").to_owned(),
    })
}
