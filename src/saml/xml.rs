//! The only XML parser of the product, with its limits, and accessors that respect namespaces.
//!
//! uppsala's own `get_attribute` ignores namespaces and its `element_text` stops at the first
//! comment, which is how NameIDs get truncated; everything that reads SAML goes through
//! [`Element`] instead.

use thiserror::Error;
use uppsala::{Document, NodeId, NodeKind, Parser};

/// SAML core section 3: protocol messages.
pub(crate) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// SAML core section 2: assertions.
pub(crate) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// SAML metadata section 2.
pub(crate) const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// XML Signature.
pub(crate) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
/// XML Signature 1.1.
pub(crate) const DSIG11: &str = "http://www.w3.org/2009/xmldsig11#";
/// XML Encryption.
pub(crate) const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
/// XML Encryption 1.1.
pub(crate) const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";

/// The namespace of InclusiveNamespaces, Exclusive XML Canonicalization section 4.
pub(crate) const EXCLUSIVE_NAMESPACE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// Deeper documents are refused; real ones stay under 15.
const MAX_DEPTH: u32 = 48;
/// More attributes on one element are refused before parsing, because the parser compares each
/// with each.
const MAX_ATTRIBUTES: usize = 64;

/// Why a text is not taken as XML.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum XmlError {
    /// Document type declarations carry entities and attribute defaults; SAML needs neither.
    #[error("the document has a DOCTYPE")]
    Doctype,
    /// See [`MAX_ATTRIBUTES`].
    #[error("an element has more than {MAX_ATTRIBUTES} attributes")]
    TooManyAttributes,
    /// Not well-formed, or beyond a limit.
    #[error("{0}")]
    Malformed(String),
}

/// Parses `text` within the product's limits. The caller bounds its size.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, XmlError> {
    if has_crowded_tag(text.as_bytes()) {
        return Err(XmlError::TooManyAttributes);
    }
    Parser::new()
        .with_forbid_dtd(true)
        .with_forbid_entities(true)
        .with_max_depth(MAX_DEPTH)
        .parse(text)
        .map_err(|error| {
            if text.contains("<!DOCTYPE") {
                XmlError::Doctype
            } else {
                XmlError::Malformed(error.to_string())
            }
        })
}

/// Whether some tag has more than [`MAX_ATTRIBUTES`]. Knows just enough of the grammar to find
/// the tags; whatever it misjudges is not well-formed, and the parser says so.
fn has_crowded_tag(mut rest: &[u8]) -> bool {
    while let Some(at) = rest.iter().position(|&b| b == b'<') {
        let tag = rest.get(at..).unwrap_or_default();
        let skipped = [
            (&b"<!--"[..], &b"-->"[..]),
            (b"<![CDATA[", b"]]>"),
            (b"<?", b"?>"),
        ]
        .into_iter()
        .find(|(open, _)| tag.starts_with(open));
        if let Some((open, close)) = skipped {
            let body = tag.get(open.len()..).unwrap_or_default();
            let Some(end) = body.windows(close.len()).position(|w| w == close) else {
                return false;
            };
            rest = body.get(end + close.len()..).unwrap_or_default();
            continue;
        }
        let (mut quote, mut attributes, mut length) = (None, 0usize, tag.len());
        for (index, &byte) in tag.iter().enumerate() {
            match (quote, byte) {
                (None, b'>') => {
                    length = index + 1;
                    break;
                }
                (None, b'=') => attributes += 1,
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                _ => {}
            }
        }
        if attributes > MAX_ATTRIBUTES {
            return true;
        }
        rest = tag.get(length..).unwrap_or_default();
    }
    false
}

/// One element of a parsed document.
#[derive(Clone, Copy)]
pub(crate) struct Element<'d> {
    document: &'d Document<'d>,
    id: NodeId,
}

impl<'d> Element<'d> {
    /// The document element.
    pub(crate) fn root(document: &'d Document<'d>) -> Option<Self> {
        let id = document.document_element()?;
        Some(Self { document, id })
    }

    fn at(self, id: NodeId) -> Option<Self> {
        self.document.element(id)?;
        Some(Self { id, ..self })
    }

    /// The element's place in the document.
    pub(crate) fn id(self) -> NodeId {
        self.id
    }

    /// The name without its prefix.
    pub(crate) fn local_name(self) -> &'d str {
        self.document
            .element(self.id)
            .map_or("", |e| &*e.name.local_name)
    }

    /// The namespace of the name, `""` for none.
    pub(crate) fn namespace(self) -> &'d str {
        self.document
            .element(self.id)
            .and_then(|e| e.name.namespace_uri.as_deref())
            .unwrap_or("")
    }

    /// Whether this is `{namespace}local`.
    pub(crate) fn is(self, namespace: &str, local: &str) -> bool {
        self.namespace() == namespace && self.local_name() == local
    }

    /// The value of an attribute in no namespace, as all of SAML's are.
    pub(crate) fn attribute(self, name: &str) -> Option<&'d str> {
        self.document
            .element(self.id)?
            .attributes
            .iter()
            .find(|a| a.name.namespace_uri.is_none() && a.name.local_name == name)
            .map(|a| &*a.value)
    }

    /// Every attribute as (has a namespace, local name, value).
    pub(crate) fn attributes(self) -> impl Iterator<Item = (bool, &'d str, &'d str)> {
        self.document
            .element(self.id)
            .into_iter()
            .flat_map(|e| &e.attributes)
            .map(|a| {
                let qualified = a.name.namespace_uri.is_some() || a.name.prefix.is_some();
                (qualified, &*a.name.local_name, &*a.value)
            })
    }

    /// The namespaces declared on this element itself, as (prefix, URI).
    pub(crate) fn declared_namespaces(self) -> impl Iterator<Item = (&'d str, &'d str)> {
        self.document
            .element(self.id)
            .into_iter()
            .flat_map(|e| &e.namespace_declarations)
            .map(|(prefix, uri)| (&**prefix, &**uri))
    }

    /// The element around this one; `None` at the root.
    pub(crate) fn parent(self) -> Option<Self> {
        self.at(self.document.parent(self.id)?)
    }

    /// The child elements.
    pub(crate) fn children(self) -> impl Iterator<Item = Self> {
        self.document
            .children(self.id)
            .into_iter()
            .filter_map(move |id| self.at(id))
    }

    /// The child elements of one name.
    pub(crate) fn named(self, namespace: &str, local: &str) -> impl Iterator<Item = Self> {
        self.children().filter(move |c| c.is(namespace, local))
    }

    /// The first child of a name, and whether there are more.
    pub(crate) fn single(self, namespace: &str, local: &str) -> Single<'d> {
        let mut found = self.named(namespace, local);
        match (found.next(), found.next()) {
            (None, _) => Single::None,
            (Some(one), None) => Single::One(one),
            _ => Single::Several,
        }
    }

    /// This element and everything below it, in document order.
    pub(crate) fn subtree(self) -> impl Iterator<Item = Self> {
        std::iter::once(self.id)
            .chain(self.document.descendants(self.id))
            .filter_map(move |id| self.at(id))
    }

    /// All text below this element: across comments, CDATA sections and child elements, so that
    /// nobody can cut a value short.
    pub(crate) fn text(self) -> String {
        self.document.text_content_deep(self.id)
    }

    /// [`Self::text`] without the white space around it; `None` if nothing is left.
    pub(crate) fn trimmed_text(self) -> Option<String> {
        let text = self.text();
        let trimmed = text.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    /// Whether the subtree has only elements and text: no comment, CDATA section or processing
    /// instruction.
    pub(crate) fn is_plain(self) -> bool {
        !self.document.descendants(self.id).into_iter().any(|id| {
            matches!(
                self.document.node_kind(id),
                Some(
                    NodeKind::Comment(_) | NodeKind::CData(_) | NodeKind::ProcessingInstruction(_)
                )
            )
        })
    }
}

/// What [`Element::single`] found.
pub(crate) enum Single<'d> {
    None,
    One(Element<'d>),
    Several,
}

impl<'d> Single<'d> {
    /// The element if there is exactly one.
    pub(crate) fn one(self) -> Option<Element<'d>> {
        match self {
            Self::One(element) => Some(element),
            Self::None | Self::Several => None,
        }
    }
}

/// Whether the document has a processing instruction anywhere, before and after the root too.
pub(crate) fn has_processing_instruction(document: &Document<'_>) -> bool {
    document.descendants(document.root()).into_iter().any(|id| {
        matches!(
            document.node_kind(id),
            Some(NodeKind::ProcessingInstruction(_))
        )
    })
}

/// Text as it may stand in an element or in a quoted attribute. Characters that XML 1.0 cannot
/// carry become U+FFFD.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\u{FFFE}' | '\u{FFFF}' => escaped.push('\u{FFFD}'),
            c if c < ' ' => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_parses_back() {
        let nasty = "a<b>&\"'\t\n\r]]> é\u{1F980}";
        let text = format!("<x a=\"{0}\">{0}</x>", escape(nasty));
        let document = parse(&text).unwrap();
        let root = Element::root(&document).unwrap();
        assert_eq!(root.text(), nasty);
        assert_eq!(root.attribute("a"), Some(nasty));
        assert_eq!(escape("\u{0}\u{FFFF}"), "\u{FFFD}\u{FFFD}");
    }

    #[test]
    fn doctypes_are_refused() {
        for text in [
            "<!DOCTYPE x><x/>",
            "<!DOCTYPE x [<!ENTITY e \"v\">]><x>&e;</x>",
            "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><x/>",
        ] {
            assert_eq!(parse(text).err(), Some(XmlError::Doctype), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |n: usize| format!("{}{}", "<x>".repeat(n), "</x>".repeat(n));
        assert!(parse(&nested(40)).is_ok());
        assert!(parse(&nested(60)).is_err());
        assert!(parse(&nested(20_000)).is_err());
    }

    #[test]
    fn attributes_are_bounded_whatever_hides_them() {
        let crowd = |n: usize| -> String { (0..n).map(|i| format!(" a{i}='='")).collect() };
        assert!(parse(&format!("<x{}/>", crowd(64))).is_ok());
        for before in [
            "",
            "<!-- <y ' -->",
            "<![CDATA[<y ' ]]>",
            "<y z='>'/>",
            "<?p ' ?>",
        ] {
            let text = format!("<x>{before}<x{}/></x>", crowd(65));
            assert_eq!(
                parse(&text).err(),
                Some(XmlError::TooManyAttributes),
                "{before}"
            );
        }
    }

    #[test]
    fn text_spans_comments() {
        let document = parse("<x>admin@acme.com<!-- -->.evil.org</x>").unwrap();
        assert_eq!(
            Element::root(&document).unwrap().text(),
            "admin@acme.com.evil.org"
        );
    }
}
