//! What a person sees of single logout. Each page says what is over and what isn't known.

use super::super::onward::{self, Form};
use super::super::template::{escape, message, page};
use crate::directory::provider::Provider;
use crate::edge::Response;
use crate::saml::logout::{Outcome, Verdict};

const HERE: &str = "You are signed out here.";

/// On the way to the identity provider with a LogoutRequest in the address.
pub(super) fn going_on_by_link(provider: &Provider, url: &str) -> Response {
    onward::by_link("Signed out here", &going_on(provider), url)
}

/// On the way to the identity provider with a LogoutRequest in a form.
pub(super) fn going_on_by_form(provider: &Provider, request: &Form<'_>) -> Response {
    onward::by_form("Signed out here", &going_on(provider), request)
}

fn going_on(provider: &Provider) -> String {
    let name = &provider.name;
    format!("{HERE} Going on to {name}, to be signed out there, too.")
}

/// On the way back to the identity provider with our LogoutResponse in a form.
pub(super) fn answering(provider: &Provider, response: &Form<'_>) -> Response {
    let text = format!("Going back to {}.", provider.name);
    onward::by_form("Signing out", &text, response)
}

/// The request could not be made.
pub(super) fn not_asked(provider: &Provider) -> Response {
    let text = format!(
        "{HERE} {} could not be asked to sign you out, so you may still be signed in there.",
        provider.name
    );
    signed_out(200, "Signed out here", &text, None)
}

/// What the identity provider said.
pub(super) fn told(provider: &Provider, verdict: &Verdict, reference: &str) -> Response {
    let name = &provider.name;
    match verdict {
        Verdict::Everywhere => {
            let text = format!("{HERE} {name} says that you are signed out there, too.");
            signed_out(200, "Signed out everywhere", &text, None)
        }
        Verdict::Partly => {
            let text = format!(
                "{HERE} {name} says that some other application still has you signed in. Close \
                 the browser if others use it."
            );
            signed_out(
                200,
                "Signed out, but not everywhere",
                &text,
                Some(reference),
            )
        }
        Verdict::No(_) => {
            let text = format!(
                "{HERE} {name} did not confirm that you are signed out there. Close the browser if \
                 others use it."
            );
            signed_out(200, "Signed out here", &text, Some(reference))
        }
    }
}

/// The answer of the identity provider can't be believed.
pub(super) fn answer_refused(provider: &Provider, reference: &str) -> Response {
    let text = format!(
        "You have been signed out here if you asked for it. The answer of {} could not be \
         accepted, so whether you are signed out there is not known.",
        provider.name
    );
    signed_out(403, "Not confirmed", &text, Some(reference))
}

/// The identity provider's request was followed, and it has no address for an answer.
pub(super) fn nowhere_to_answer(outcome: Outcome) -> Response {
    if outcome != Outcome::Done {
        let text = "Not all of your sessions here could be ended. Sign out here yourself.";
        return message(500, "Not signed out", text, "/", "Go there");
    }
    let text = "You are signed out here. The identity provider's metadata names no address to \
                tell it so.";
    message(200, "Signed out", text, "/login", "Sign in again")
}

/// The identity provider's request was not followed.
pub(super) fn request_refused(reference: &str) -> Response {
    let values = [
        ("title", "That sign-out didn't work"),
        (
            "message",
            "The request of your identity provider could not be followed. Sign out here yourself.",
        ),
        ("reference", reference),
        ("retry_url", "/"),
    ];
    page(403, "failed.html", &values)
}

fn signed_out(status: u16, title: &str, text: &str, reference: Option<&str>) -> Response {
    let reference = reference.map_or_else(String::new, |reference| {
        format!(
            "<div class=\"reference\"><span class=\"label\">Reference</span><code>{}</code><span \
             class=\"hint\">Your administrator can look up under this number what came \
             back.</span></div>",
            escape(reference)
        )
    });
    let values = [
        ("title", title),
        ("message", text),
        ("reference", reference.as_str()),
    ];
    page(status, "signed-out.html", &values)
}
