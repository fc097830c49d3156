//! Pages on the way to somewhere else, which a script leaves at once. Without scripts the person
//! presses the button.

use super::template::{escape, page};
use crate::edge::Response;

/// A message in a form: HTTP-POST, SAML bindings section 3.5.4.
pub(super) struct Form<'a> {
    /// Where it goes.
    pub(super) destination: &'a str,
    /// `SAMLRequest` or `SAMLResponse`.
    pub(super) field: &'static str,
    /// The message in Base64.
    pub(super) value: &'a str,
    /// Left out if empty.
    pub(super) relay_state: &'a str,
}

/// On the way by an address.
pub(super) fn by_link(title: &str, text: &str, url: &str) -> Response {
    let way = format!(
        "<p class=\"actions\"><a class=\"button primary onward\" href=\"{}\">Continue</a></p>",
        escape(url)
    );
    onward(title, text, &way)
}

/// On the way by a form.
pub(super) fn by_form(title: &str, text: &str, form: &Form<'_>) -> Response {
    let hidden = |name: &str, value: &str| {
        format!(
            "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
            escape(value)
        )
    };
    let relay_state = match form.relay_state {
        "" => String::new(),
        state => hidden("RelayState", state),
    };
    let way = format!(
        "<form method=\"post\" action=\"{}\">{}{relay_state}<p class=\"actions\"><button \
         class=\"primary\">Continue</button></p></form>",
        escape(form.destination),
        hidden(form.field, form.value),
    );
    onward(title, text, &way)
}

fn onward(title: &str, text: &str, way: &str) -> Response {
    let values = [("title", title), ("message", text), ("way", way)];
    page(200, "onward.html", &values)
}
