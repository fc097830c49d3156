//! The simulated Okta's pages. Nothing inline; the one script presses the one button, which is
//! there for browsers without scripts.

use std::fmt::Write as _;

use data_encoding::BASE64;

use super::people::Person;
use crate::edge::Response;
use crate::saml::xml::escape;

/// A line of the dashboard's list of people.
pub(super) struct Row {
    pub(super) person: &'static Person,
    /// `None` until they have been pushed.
    pub(super) assigned: Option<bool>,
}

/// Who are you? A click takes the place of a password.
pub(super) fn sign_in(action: &str, back: &str, people: &[&Person]) -> Response {
    let mut buttons = String::new();
    for person in people {
        let _ = write!(
            buttons,
            "<button name=\"person\" value=\"{login}\">{name}<small>{login}</small></button>",
            login = escape(person.login),
            name = escape(&person.name()),
        );
    }
    page(
        200,
        "Sign in",
        &format!(
            "<p>Who is it? A click takes the place of a password.</p>\
             <form method=\"post\" action=\"{action}\" class=\"people\">\
             <input type=\"hidden\" name=\"back\" value=\"{}\">{buttons}</form>",
            escape(back)
        ),
    )
}

/// Posts the response to the service provider (SAML bindings section 3.5).
pub(super) fn hand_over(
    name: &str,
    acs_url: &str,
    response: &str,
    relay_state: Option<&str>,
) -> Response {
    let relay_state = relay_state.map_or_else(String::new, |state| {
        format!(
            "<input type=\"hidden\" name=\"RelayState\" value=\"{}\">",
            escape(state)
        )
    });
    page(
        200,
        "Signing in to Portcullis",
        &format!(
            "<p>You are {name} here.</p><form method=\"post\" action=\"{action}\">\
             <input type=\"hidden\" name=\"SAMLResponse\" value=\"{response}\">{relay_state}\
             <button class=\"primary\">Continue</button></form>\
             <script src=\"/continue.js\"></script>",
            name = escape(name),
            action = escape(acs_url),
            response = BASE64.encode(response.as_bytes()),
        ),
    )
}

/// The applications of the person who is signed in, and the people with their assignment.
pub(super) fn dashboard(person: &Person, tile: &str, rows: &[Row]) -> Response {
    let mut list = String::new();
    for row in rows {
        let (state, button) = match row.assigned {
            None => ("not pushed yet", String::new()),
            Some(assigned) => {
                let (state, word) = if assigned {
                    ("assigned", "Unassign")
                } else {
                    ("unassigned", "Assign")
                };
                let button = format!(
                    "<form method=\"post\" action=\"/assignment\">\
                     <input type=\"hidden\" name=\"person\" value=\"{}\">\
                     <input type=\"hidden\" name=\"active\" value=\"{}\">\
                     <button>{word}</button></form>",
                    escape(row.person.login),
                    !assigned,
                );
                (state, button)
            }
        };
        let _ = write!(
            list,
            "<tr><td>{}<small>{}</small></td><td>{state}</td><td>{button}</td></tr>",
            escape(&row.person.name()),
            escape(row.person.login),
        );
    }
    page(
        200,
        &format!("Hello, {}", person.first_name),
        &format!(
            "<p>Signed in as {login}.</p>\
             <form method=\"post\" action=\"/signout\"><button>Be somebody else</button></form>\
             <h2>My apps</h2><a class=\"tile\" href=\"{tile}\">Portcullis</a>\
             <h2>Assignments</h2>\
             <p>Unassigning pushes <code>active: false</code>, assigning pushes \
             <code>active: true</code>. This Okta goes on vouching for people who are \
             unassigned, so that you see the appliance refuse them by itself.</p>\
             <table>{list}</table>",
            login = escape(person.login),
        ),
    )
}

/// One sentence.
pub(super) fn message(status: u16, text: &str) -> Response {
    page(
        status,
        "Simulated Okta",
        &format!("<p>{}</p>", escape(text)),
    )
}

fn page(status: u16, title: &str, content: &str) -> Response {
    let title = escape(title);
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} · simulated Okta</title><link rel=\"stylesheet\" href=\"/okta.css\">\
         </head><body><header>Simulated Okta, part of <code>portcullis demo</code></header>\
         <main><h1>{title}</h1>{content}</main></body></html>\n"
    );
    Response::new(status).body("text/html; charset=utf-8", text.into_bytes())
}
