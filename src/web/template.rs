//! The few pages the server makes: templates under `static/pages/`, where `{{name}}` stands for
//! escaped text and `{{{name}}}` for markup made here. Nothing else is understood.

use std::fmt::Write as _;

use super::static_files;
use crate::edge::Response;

/// Fills the template; a name that isn't given becomes empty.
pub(super) fn page(status: u16, template: &str, values: &[(&str, &str)]) -> Response {
    let source = static_files::template(template);
    let mut out = String::with_capacity(source.len() + 512);
    fill(source, values, &mut out);
    Response::new(status).body("text/html; charset=utf-8", out.into_bytes())
}

/// A page with one message and one way on.
pub(super) fn message(
    status: u16,
    title: &str,
    text: &str,
    action_url: &str,
    action_label: &str,
) -> Response {
    page(
        status,
        "message.html",
        &[
            ("title", title),
            ("message", text),
            ("action_url", action_url),
            ("action_label", action_label),
        ],
    )
}

/// Text as HTML, safe within elements and quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Other control characters are no HTML; they only ever come from hostile input.
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

fn fill(source: &str, values: &[(&str, &str)], out: &mut String) {
    let value = |name: &str| {
        values
            .iter()
            .find(|(key, _)| *key == name.trim())
            .map_or("", |(_, value)| *value)
    };
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        if let Some((name, tail)) = after.strip_prefix('{').and_then(|a| a.split_once("}}}")) {
            out.push_str(value(name));
            rest = tail;
        } else if let Some((name, tail)) = after.split_once("}}") {
            let _ = write!(out, "{}", escape(value(name)));
            rest = tail;
        } else {
            out.push_str("{{");
            rest = after;
        }
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_markup_is_not() {
        let mut out = String::new();
        fill(
            "<p a=\"{{x}}\">{{{y}}}{{z}}{{",
            &[("x", "\"<&'>"), ("y", "<b>")],
            &mut out,
        );
        assert_eq!(out, "<p a=\"&quot;&lt;&amp;&#39;&gt;\"><b>{{");
    }

    #[test]
    fn a_value_is_not_filled_again() {
        let mut out = String::new();
        fill("{{x}}", &[("x", "{{y}}"), ("y", "no")], &mut out);
        assert_eq!(out, "{{y}}");
    }
}
