//! The story: each step does something through a front door and looks, through a front door again,
//! at what came of it. A step whose failure leaves the next ones without ground ends it.

mod arrival;
mod group_sync;
mod leaving;
mod sign_in;

use std::io::{self, Write};

use serde_json::Value;

use super::browser::Browser;
use super::screen::{Failed, Screen};
use super::stage::Stage;

/// The organization's slug.
const SLUG: &str = "acme";

/// What a step hands on, and what was seen.
type Seen<T> = Result<(T, String), Failed>;

/// Tells it, until its end or until `interrupted`, and returns whether it came to its end. Whether
/// the steps held is the screen's to say.
pub(super) fn tell<W: Write>(
    stage: &Stage,
    screen: &mut Screen<W>,
    interrupted: &dyn Fn() -> bool,
) -> io::Result<bool> {
    let mut told = Telling {
        stage,
        screen,
        interrupted,
        operator: Browser::new(),
    };
    let Some(provider) = arrival::tell(&mut told)? else {
        return Ok(false);
    };
    let Some(mut ada) = sign_in::tell(&mut told, &provider)? else {
        return Ok(false);
    };
    let Some(ada_id) = group_sync::tell(&mut told, &mut ada)? else {
        return Ok(false);
    };
    Ok(leaving::tell(&mut told, &mut ada, &ada_id)?.is_some())
}

/// Who and what is there while the story is told.
struct Telling<'a, W> {
    stage: &'a Stage,
    screen: &'a mut Screen<W>,
    interrupted: &'a dyn Fn() -> bool,
    /// The browser of whoever runs the appliance.
    operator: Browser,
}

impl<W: Write> Telling<'_, W> {
    /// Does a step and shows it. `None` where it didn't hold, or where the telling is to end.
    fn step<T>(
        &mut self,
        title: &str,
        deed: impl FnOnce(&mut Scene<'_>) -> Seen<T>,
    ) -> io::Result<Option<T>> {
        if (self.interrupted)() {
            return Ok(None);
        }
        let mut scene = Scene {
            stage: self.stage,
            operator: &mut self.operator,
        };
        let outcome = deed(&mut scene);
        self.screen.step(title, outcome)
    }
}

/// What a step has to work with.
struct Scene<'a> {
    stage: &'a Stage,
    operator: &'a mut Browser,
}

impl Scene<'_> {
    /// An address of the appliance.
    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.stage.public.origin())
    }

    /// What the operator's console asks the API.
    fn console(
        &mut self,
        method: &'static str,
        path: &str,
        body: Option<&Value>,
        expected: u16,
    ) -> Result<Value, Failed> {
        let url = self.at(&format!("/api/v1/organizations{path}"));
        let answer = self.operator.api(method, &url, body)?;
        let value = answer.json();
        if answer.status == expected {
            return Ok(value);
        }
        let detail = text(&value, "/detail");
        failed(format!("{expected}"), format!("{} {detail}", answer.status))
    }

    /// The answer of `GET /api/v1/session` to a browser; `None` if nobody is signed in.
    fn session(&self, browser: &mut Browser) -> Result<Option<Value>, Failed> {
        let answer = browser.api("GET", &self.at("/api/v1/session"), None)?;
        match answer.status {
            200 => Ok(Some(answer.json())),
            401 => Ok(None),
            other => failed("200 or 401 from GET /api/v1/session", other.to_string()),
        }
    }

    /// The level at which a browser is signed in.
    fn level(&self, browser: &mut Browser) -> Result<String, Failed> {
        match self.session(browser)? {
            Some(session) => Ok(text(&session, "/level").to_owned()),
            None => failed("a session", "401 from GET /api/v1/session"),
        }
    }
}

/// A text in a JSON document; empty where there is none, so that a comparison shows it.
fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn failed<T>(expected: impl Into<String>, got: impl Into<String>) -> Result<T, Failed> {
    Err(Failed {
        expected: expected.into(),
        got: got.into(),
    })
}

/// `got` must be `expected`.
fn same(what: &str, expected: &str, got: &str) -> Result<(), Failed> {
    if expected == got {
        Ok(())
    } else {
        failed(format!("{what} {expected}"), format!("{got:?}"))
    }
}
