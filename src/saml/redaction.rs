//! A response without the person: for somebody outside who is to see how it is built.
//!
//! What may be seen is listed, by the names of elements and attributes; every other value becomes a
//! placeholder of the same length, so that structure, sizes and white space are the sender's own. Of
//! what is listed only what looks like an address, an identifier or a time is kept, and none of it
//! that holds a value which says who somebody is.
//!
//! The markup is walked as text, since a serializer would show its own layout rather than the
//! sender's. Only what the one parser takes as well-formed, without a DTD, comes that far.

use crate::saml::xml;

/// What a redacted response consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted {
    /// The document with its placeholders.
    pub xml: String,
    /// The values that say who somebody is, as they were: none of them is in [`Self::xml`].
    pub personal: Vec<String>,
}

/// Elements whose text is kept where it is an address or an identifier.
const TEXTS: [&str; 4] = [
    "Issuer",
    "Audience",
    "AuthnContextClassRef",
    "AuthenticatingAuthority",
];

/// Attributes whose value is kept where it is an address, an identifier or a time.
const VALUES: [&str; 22] = [
    "Algorithm",
    "AuthnInstant",
    "Consent",
    "Destination",
    "Format",
    "FriendlyName",
    "ID",
    "Id",
    "InResponseTo",
    "IssueInstant",
    "Method",
    "Name",
    "NameFormat",
    "NotBefore",
    "NotOnOrAfter",
    "PrefixList",
    "Recipient",
    "SessionNotOnOrAfter",
    "Type",
    "URI",
    "Value",
    "Version",
];

/// Elements whose text says who somebody is.
const PERSONAL: [&str; 3] = ["NameID", "AttributeValue", "BaseID"];

/// Shorter values are too many words' parts to be looked for.
const SHORTEST: usize = 4;

/// The document with placeholders; `None` where it isn't XML that is read here.
pub fn redact(source: &str) -> Option<Redacted> {
    xml::parse(source).ok()?;
    let pieces = pieces(source)?;
    let personal = personal(&pieces);
    let mut out = String::with_capacity(source.len());
    let mut open: Vec<&str> = Vec::new();
    for piece in &pieces {
        match piece {
            Piece::Text(text) => {
                let keep = open.last().is_some_and(|name| TEXTS.contains(name));
                value(text, keep, &personal, &mut out);
            }
            Piece::Hidden(before, text, after) => {
                out.push_str(before);
                hide(text, &mut out);
                out.push_str(after);
            }
            Piece::End(tag) => {
                open.pop();
                out.push_str(tag);
            }
            Piece::Start(tag) => {
                // What is built within such a value says who somebody is in its attributes, too.
                let inside = open.iter().any(|name| PERSONAL.contains(name));
                tag_with_placeholders(tag, inside, &personal, &mut out)?;
                if !tag.ends_with("/>") {
                    open.push(local(name(tag)));
                }
            }
        }
    }
    Some(Redacted {
        xml: out,
        personal: personal.into_iter().map(|value| value.whole).collect(),
    })
}

/// `text` without any of these values, whatever their case; each becomes as many `x`.
pub fn without(text: &str, personal: &[String]) -> String {
    let mut told = text.to_owned();
    for value in personal {
        let wanted = value.to_lowercase();
        let lower = told.to_lowercase();
        if wanted.is_empty() || !lower.contains(&wanted) {
            continue;
        }
        // Where a letter has another length in lower case, places in one are none in the other;
        // then nothing of the text is kept.
        let Some(cleared) = cleared(&told, &lower, &wanted) else {
            return "x".repeat(text.chars().count());
        };
        told = cleared;
    }
    told
}

/// `text` with `x` wherever `lower`, which is the same in lower case, has `wanted`.
fn cleared(text: &str, lower: &str, wanted: &str) -> Option<String> {
    if text.len() != lower.len() {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, found) in lower.match_indices(wanted) {
        out.push_str(text.get(done..at)?);
        out.extend(found.chars().map(|_| 'x'));
        done = at + found.len();
    }
    out.push_str(text.get(done..)?);
    Some(out)
}

/// A piece of a document, as it stands there.
enum Piece<'a> {
    /// `<a b="c">` or `<a/>`.
    Start(&'a str),
    /// `</a>`
    End(&'a str),
    /// Between tags.
    Text(&'a str),
    /// A comment, a CDATA section or an instruction: its marks, and between them what is hidden.
    Hidden(&'a str, &'a str, &'a str),
}

fn pieces(source: &str) -> Option<Vec<Piece<'_>>> {
    const MARKED: [(&str, &str); 3] = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];
    let mut pieces = Vec::new();
    let mut rest = source;
    while !rest.is_empty() {
        if let Some((from, to)) = MARKED.iter().find(|(from, _)| rest.starts_with(from)) {
            let (inside, after) = rest.strip_prefix(from)?.split_once(to)?;
            // The declaration of XML itself says nothing about anybody.
            if *from == "<?" && inside.starts_with("xml ") {
                pieces.push(Piece::Hidden("<?xml version=\"1.0\"", "", "?>"));
            } else {
                pieces.push(Piece::Hidden(from, inside, to));
            }
            rest = after;
        } else if rest.starts_with('<') {
            let (tag, after) = rest.split_at_checked(end_of_tag(rest)?)?;
            pieces.push(match tag.starts_with("</") {
                true => Piece::End(tag),
                false => Piece::Start(tag),
            });
            rest = after;
        } else {
            let (text, after) = rest.split_at_checked(rest.find('<').unwrap_or(rest.len()))?;
            pieces.push(Piece::Text(text));
            rest = after;
        }
    }
    Some(pieces)
}

/// Just behind the tag's `>`; one within quotes isn't it.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (None, '>') => return Some(at + 1),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

fn name(tag: &str) -> &str {
    let inside = tag.trim_start_matches('<');
    let end = inside.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'));
    inside
        .get(..end.unwrap_or(inside.len()))
        .unwrap_or_default()
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn tag_with_placeholders(
    tag: &str,
    inside_personal: bool,
    personal: &[Value],
    out: &mut String,
) -> Option<()> {
    let mut rest = tag;
    while let Some(at) = rest.find(['"', '\'']) {
        let (head, from_quote) = rest.split_at_checked(at)?;
        let quote = from_quote.chars().next()?;
        let (text, after) = from_quote.strip_prefix(quote)?.split_once(quote)?;
        let attribute = head
            .trim_end()
            .trim_end_matches('=')
            .trim_end()
            .rsplit(|c: char| c.is_ascii_whitespace())
            .next()
            .unwrap_or_default();
        out.push_str(head);
        out.push(quote);
        let declares = attribute == "xmlns" || attribute.starts_with("xmlns:");
        let types = local(attribute) == "type" && attribute.contains(':');
        let listed = VALUES.contains(&attribute) && (!inside_personal || attribute == "Format");
        value(text, declares || types || listed, personal, out);
        out.push(quote);
        rest = after;
    }
    out.push_str(rest);
    Some(())
}

/// Writes a value as it is, where it may be seen, else its placeholder.
fn value(text: &str, may_be_seen: bool, personal: &[Value], out: &mut String) {
    // What follows a question mark may be anybody's.
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    if !may_be_seen || !is_plain(path.trim()) {
        return hide(text, out);
    }
    let lower = text.to_lowercase();
    if personal.iter().any(|value| lower.contains(&value.folded)) {
        return hide(text, out);
    }
    out.push_str(path);
    if text.contains('?') {
        out.push('?');
    }
    hide(query, out);
}

/// Of the letters that addresses, identifiers and times are made of; an e-mail address isn't, nor is
/// what has percent signs or references to characters in it, which hide what it says.
fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ":/.#_-=+;, ".contains(c);
    text.len() <= 1024 && text.chars().all(plain)
}

/// As many `x`, with the white space between and with what separates the parts of an address.
fn hide(text: &str, out: &mut String) {
    out.extend(text.chars().map(|c| match c {
        c if c.is_ascii_whitespace() => c,
        '@' | '.' => c,
        _ => 'x',
    }));
}

/// A value that says who somebody is.
struct Value {
    whole: String,
    folded: String,
}

fn personal(pieces: &[Piece<'_>]) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    for piece in pieces {
        let text = match piece {
            Piece::Start(tag) => {
                if !tag.ends_with("/>") {
                    open.push(local(name(tag)));
                }
                continue;
            }
            Piece::End(_) => {
                open.pop();
                continue;
            }
            Piece::Text(text) | Piece::Hidden(_, text, _) => text,
        };
        let inside = open.iter().any(|name| PERSONAL.contains(name));
        let whole = unescaped(text.trim());
        if !inside || whole.chars().count() < SHORTEST {
            continue;
        }
        // An address names its owner without its domain, too.
        let owner = whole.split_once('@').map(|(owner, _)| owner.to_owned());
        let owner = owner.filter(|owner| owner.chars().count() >= SHORTEST);
        for whole in [Some(whole), owner].into_iter().flatten() {
            let folded = whole.to_lowercase();
            if found.iter().all(|known| known.folded != folded) {
                found.push(Value { whole, folded });
            }
        }
    }
    found
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structure_stays_and_nobody_is_in_it() {
        let source = "<?xml version='1.0' encoding='UTF-8'?>\n\
            <p:Response xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_1\" \
             Destination=\"https://door.test/saml/x/acs?who=ann\">\n  <!-- ann -->\
            <a:Issuer xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\">http://www.okta.com/exk1\
            </a:Issuer><a:NameID xmlns:a='urn:x' SPNameQualifier='ann'>ann.other@acme.com\
            </a:NameID><a:X xmlns:a='urn:x' Name=\"email\" Other=\"ann > 1\" NotBefore=\"2026-01-01T00:00:00Z\">\
            <a:AttributeValue>Ann O&apos;Ther</a:AttributeValue><![CDATA[ann]]></a:X>\
            <a:Audience xmlns:a='urn:x'>ann.other@acme.com</a:Audience>\
            <a:Audience xmlns:a='urn:x'>https://x/%61nn%40acme</a:Audience>\
            <a:Audience xmlns:a='urn:x'>https://x/ANN.OTHER</a:Audience></p:Response>";
        let told = redact(source).unwrap();
        let lower = told.xml.to_lowercase();
        assert!(!lower.contains("ann"), "{}", told.xml);
        assert!(!lower.contains("acme"), "{}", told.xml);
        for kept in [
            "ID=\"_1\"",
            "https://door.test/saml/x/acs?xxxxxxx\"",
            "http://www.okta.com/exk1",
            ">xxx.xxxxx@xxxx.xxx<",
            "Name=\"email\"",
            "NotBefore=\"2026-01-01T00:00:00Z\"",
            "<!-- xxx -->",
            "<![CDATA[xxx]]>",
        ] {
            assert!(told.xml.contains(kept), "{kept} in {}", told.xml);
        }
        assert_eq!(
            told.personal,
            ["ann.other@acme.com", "ann.other", "Ann O'Ther"]
        );
        assert!(xml::parse(&told.xml).is_ok());
    }

    #[test]
    fn what_is_built_within_a_value_or_disguised_is_not_told() {
        let source = "<a:Attribute xmlns:a=\"urn:x\" Name=\"user\" ID=\"_&#97;nn\"><a:AttributeValue>\
            <a:Person Name=\"ann\" ID=\"ann\" Value=\"ann\"/><a:NameID Format=\"urn:f\">1</a:NameID>\
            </a:AttributeValue><a:Issuer>https://x/&#x61;nn</a:Issuer>\
            <a:Issuer>https://x/y?a=1&amp;b=2</a:Issuer></a:Attribute>";
        let told = redact(source).unwrap().xml;
        for hidden in ["ann", "&#97;nn", "&#x61;nn"] {
            assert!(!told.contains(hidden), "{hidden} in {told}");
        }
        for kept in ["Name=\"user\"", "Format=\"urn:f\"", ">https://x/y?xxx"] {
            assert!(told.contains(kept), "{kept} in {told}");
        }
        assert!(xml::parse(&told).is_ok());
    }

    #[test]
    fn what_is_no_xml_is_not_told() {
        for source in [
            "",
            "ann@acme.com",
            "<a>",
            "<!DOCTYPE a [<!ENTITY x 'ann'>]><a>&x;</a>",
        ] {
            assert_eq!(redact(source), None, "{source}");
        }
    }

    #[test]
    fn a_text_without_values() {
        let personal = ["Ann".to_owned(), "ann@acme.com".to_owned()];
        assert_eq!(without("is ANN@acme.com?", &personal), "is xxx@acme.com?");
        let personal = ["straße".to_owned()];
        assert_eq!(without("Die STRAßE", &personal), "Die xxxxxx");
        assert_eq!(without("İ straße", &personal), "xxxxxxxx");
        // What looks like a placeholder is one thereafter.
        let personal = ["xxxx".to_owned(), String::new()];
        assert_eq!(without("XXXXX xxxx", &personal), "xxxxX xxxx");
    }
}
