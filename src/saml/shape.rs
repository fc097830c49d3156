//! The gate before any cryptography: refuses each document that is not laid out the one way SAML
//! core section 5.4 has it.
//!
//! A signature library says which bytes were signed. It doesn't say that these are the bytes an
//! application reads, and signature wrapping lives in that gap. With one assertion in one place,
//! each signature inside what it signs, and each reference pointing at its own parent, there is
//! no gap. It also keeps everything a reference could otherwise do (files, XPath, XSLT) away from
//! the library, which processes references before it looks at the signature value.

use std::collections::HashSet;

use uppsala::Document;

use crate::saml::algorithm::{ENVELOPED, EXCLUSIVE_C14N, Hashes};
use crate::saml::refusal::{Problem, Reason};
use crate::saml::xml::{
    self, ASSERTION, DSIG, DSIG11, Element, METADATA, PROTOCOL, Single, XENC,
    has_processing_instruction,
};

/// What is expected of every document.
pub(super) const LAYOUT: &str = "a document laid out as SAML core section 5.4 has it";
/// Most bindings of a prefix to a namespace. Real responses have about ten; how often each is
/// declared doesn't matter, as Okta does it in every value of a group, and a declaration costs no
/// more than the element that it stands in.
const MAX_NAMESPACES: usize = 256;
/// Longest namespace name, in bytes; those of SAML have about fifty. Canonicalization writes one
/// out in each element that is the first to use it, so that without this 256 KiB become gigabytes.
const MAX_NAMESPACE_NAME: usize = 256;
/// Most prefixes in a list of InclusiveNamespaces, each of which is looked for in every element.
/// Okta lists one, others up to eight.
const MAX_PREFIXES: usize = 16;

fn misshapen<T>(reason: Reason, got: impl Into<String>) -> Result<T, Problem> {
    Err(Problem::new(reason, LAYOUT, got))
}

/// Whether the document is a Response with its assertion, or an assertion alone (decrypted
/// plaintext); `Ok` holds its Signatures, at most one for each, by allowed `hashes` only.
pub(super) fn signatures<'d>(
    document: &'d Document<'d>,
    hashes: Hashes,
) -> Result<Vec<Element<'d>>, Problem> {
    let Some(root) = Element::root(document) else {
        return misshapen(Reason::RootNotResponse, "no element");
    };
    if has_processing_instruction(document) {
        return misshapen(Reason::ProcessingInstruction, "a processing instruction");
    }
    check_names(root)?;
    check_assertions(root)?;
    let signatures: Vec<_> = root.subtree().filter(|e| e.is(DSIG, "Signature")).collect();
    for &signature in &signatures {
        check_signature(root, signature, hashes)?;
    }
    Ok(signatures)
}

/// The one Signature of a metadata document, directly under its root and over all of it (SAML
/// metadata section 3).
pub(super) fn metadata_signature<'d>(
    document: &'d Document<'d>,
) -> Result<Vec<Element<'d>>, Problem> {
    let Some(root) = Element::root(document) else {
        return misshapen(Reason::SignatureMissing, "no element");
    };
    if has_processing_instruction(document) {
        return misshapen(Reason::ProcessingInstruction, "a processing instruction");
    }
    check_names(root)?;
    let signatures: Vec<_> = root.subtree().filter(|e| e.is(DSIG, "Signature")).collect();
    let [signature] = *signatures.as_slice() else {
        let got = format!("{} signatures instead of one", signatures.len());
        return misshapen(Reason::SignatureMissing, got);
    };
    if signature.parent().map(Element::id) != Some(root.id()) {
        return misshapen(Reason::SignatureMisplaced, "a signature below the root");
    }
    check_signature(root, signature, Hashes::Strong)?;
    Ok(signatures)
}

/// The Signature of a LogoutRequest or LogoutResponse, if it has one: directly under the root and
/// over all of it (SAML core section 3.2.1). There is no assertion in one, nor another message.
pub(super) fn logout_signatures<'d>(
    document: &'d Document<'d>,
    hashes: Hashes,
) -> Result<Vec<Element<'d>>, Problem> {
    let Some(root) = Element::root(document).filter(|root| is_logout(*root)) else {
        let got = Element::root(document).map_or("no element", Element::local_name);
        let expected = "a LogoutRequest or a LogoutResponse";
        return Err(Problem::new(Reason::LogoutMalformed, expected, got));
    };
    if has_processing_instruction(document) {
        return misshapen(Reason::ProcessingInstruction, "a processing instruction");
    }
    check_names(root)?;
    let stranger = root.subtree().skip(1).find(|e| {
        is_logout(*e)
            || e.is(PROTOCOL, "Response")
            || e.is(ASSERTION, "Assertion")
            || e.is(ASSERTION, "EncryptedAssertion")
    });
    if let Some(stranger) = stranger {
        return misshapen(Reason::ElementNotAllowed, stranger.local_name());
    }
    let signatures: Vec<_> = root.subtree().filter(|e| e.is(DSIG, "Signature")).collect();
    for &signature in &signatures {
        if signature.parent().map(Element::id) != Some(root.id()) {
            return misshapen(Reason::SignatureMisplaced, "a signature below the root");
        }
        check_signature(root, signature, hashes)?;
    }
    Ok(signatures)
}

fn is_logout(element: Element<'_>) -> bool {
    element.is(PROTOCOL, "LogoutRequest") || element.is(PROTOCOL, "LogoutResponse")
}

/// IDs, namespaces and elements that have no business anywhere in the document.
fn check_names(root: Element<'_>) -> Result<(), Problem> {
    let mut ids = HashSet::new();
    let mut namespaces = HashSet::new();
    for element in root.subtree() {
        for (qualified, name, value) in element.attributes() {
            if !name.eq_ignore_ascii_case("id") && !name.eq_ignore_ascii_case("assertionid") {
                continue;
            }
            if qualified {
                return misshapen(Reason::IdQualified, name);
            }
            if !ids.insert(value) {
                return misshapen(Reason::IdDuplicate, value);
            }
        }
        for (prefix, uri) in element.declared_namespaces() {
            if uri.len() > MAX_NAMESPACE_NAME {
                let got = format!("one of {} bytes, at most {MAX_NAMESPACE_NAME}", uri.len());
                return misshapen(Reason::NamespacesTooMany, got);
            }
            namespaces.insert((prefix, uri));
            // Canonical XML section 1: relative namespace URIs make canonicalization fail, and
            // a failure that looks like an empty document is a forged signature.
            // Only the default namespace can be taken back (Namespaces in XML 1.0 section 5).
            let taken_back = prefix.is_empty() && uri.is_empty();
            if !taken_back && !is_absolute(uri) {
                return misshapen(Reason::NamespaceRelative, uri);
            }
        }
        if namespaces.len() > MAX_NAMESPACES {
            let got = format!("more than {MAX_NAMESPACES} different ones");
            return misshapen(Reason::NamespacesTooMany, got);
        }
        check_element(element)?;
    }
    Ok(())
}

fn is_absolute(uri: &str) -> bool {
    let Some((scheme, _)) = uri.split_once(':') else {
        return false;
    };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn check_element(element: Element<'_>) -> Result<(), Problem> {
    let (namespace, name) = (element.namespace(), element.local_name());
    let home = match name {
        "Response" | "LogoutRequest" | "LogoutResponse" => PROTOCOL,
        "Assertion" | "EncryptedAssertion" => ASSERTION,
        "Signature" | "SignedInfo" | "SignatureValue" => DSIG,
        _ => "",
    };
    if !home.is_empty() && namespace != home {
        return misshapen(Reason::ForeignNamespace, format!("{{{namespace}}}{name}"));
    }
    let banned = match namespace {
        DSIG | DSIG11 => match name {
            "Object" | "Manifest" | "KeyInfoReference" => true,
            // Encryption has its own, narrow use for this one; see `encryption`.
            "RetrievalMethod" => !element
                .parent()
                .and_then(Element::parent)
                .is_some_and(|e| e.is(XENC, "EncryptedData")),
            _ => false,
        },
        XENC => name == "CipherReference",
        _ => false,
    };
    if banned {
        return misshapen(Reason::ElementNotAllowed, name);
    }
    Ok(())
}

/// One Assertion or EncryptedAssertion in the whole tree, directly under the Response.
fn check_assertions(root: Element<'_>) -> Result<(), Problem> {
    let is_assertion =
        |e: &Element<'_>| e.is(ASSERTION, "Assertion") || e.is(ASSERTION, "EncryptedAssertion");
    let is_response = root.is(PROTOCOL, "Response");
    if !is_response && !root.is(ASSERTION, "Assertion") {
        return misshapen(
            Reason::RootNotResponse,
            format!("{{{}}}{}", root.namespace(), root.local_name()),
        );
    }
    if root.subtree().skip(1).any(|e| e.is(PROTOCOL, "Response")) {
        return misshapen(Reason::AssertionMisplaced, "a Response inside the document");
    }
    let assertions: Vec<_> = root.subtree().filter(is_assertion).collect();
    match *assertions.as_slice() {
        [] => misshapen(Reason::AssertionMissing, "no assertion"),
        [only] if only.id() == root.id() => Ok(()),
        [only] if only.parent().is_some_and(|p| p.id() == root.id()) => Ok(()),
        [only] => misshapen(
            Reason::AssertionMisplaced,
            only.parent().map_or("", Element::local_name),
        ),
        _ => misshapen(
            Reason::AssertionSeveral,
            format!("{} assertions", assertions.len()),
        ),
    }
}

/// SAML core section 5.4.2: one reference, to the element that the signature is a child of.
fn check_signature(
    root: Element<'_>,
    signature: Element<'_>,
    hashes: Hashes,
) -> Result<(), Problem> {
    let Some(parent) = signature.parent() else {
        return misshapen(Reason::SignatureMisplaced, "the root");
    };
    let signable = parent.is(PROTOCOL, "Response") || parent.is(ASSERTION, "Assertion");
    // As the root of a document, which no response has; see `metadata_signature`.
    let is_metadata = parent.id() == root.id()
        && (root.is(METADATA, "EntityDescriptor") || root.is(METADATA, "EntitiesDescriptor"));
    // The same, for `logout_signatures`.
    let is_logout = parent.id() == root.id() && is_logout(root);
    let signable = signable || is_metadata || is_logout;
    let near = parent.id() == root.id() || parent.parent().is_some_and(|p| p.id() == root.id());
    if !signable || !near {
        return misshapen(Reason::SignatureMisplaced, parent.local_name());
    }
    if !matches!(parent.single(DSIG, "Signature"), Single::One(_)) {
        return misshapen(Reason::SignatureSeveral, parent.local_name());
    }
    if !signature.is_plain() {
        return misshapen(Reason::SignatureContent, "a comment or CDATA section in it");
    }
    let qualified = signature
        .subtree()
        .flat_map(Element::attributes)
        .find(|(qualified, ..)| *qualified);
    if let Some((_, name, _)) = qualified {
        return misshapen(
            Reason::SignatureContent,
            format!("an attribute {name} of another namespace"),
        );
    }
    let children: Vec<_> = signature.children().collect();
    let signed_info = match *children.as_slice() {
        [info, value] if is_pair(info, value) => info,
        [info, value, key] if is_pair(info, value) && key.is(DSIG, "KeyInfo") => info,
        _ => return misshapen(Reason::SignatureStructure, names(&children)),
    };
    check_signed_info(parent, signed_info, hashes)
}

fn is_pair(info: Element<'_>, value: Element<'_>) -> bool {
    info.is(DSIG, "SignedInfo") && value.is(DSIG, "SignatureValue") && is_leaf(value)
}

fn is_leaf(element: Element<'_>) -> bool {
    element.children().next().is_none()
}

fn check_signed_info(
    parent: Element<'_>,
    signed_info: Element<'_>,
    hashes: Hashes,
) -> Result<(), Problem> {
    let children: Vec<_> = signed_info.children().collect();
    let [canonicalization, method, reference] = *children.as_slice() else {
        return misshapen(Reason::ReferenceStructure, names(&children));
    };
    if !canonicalization.is(DSIG, "CanonicalizationMethod")
        || !method.is(DSIG, "SignatureMethod")
        || !reference.is(DSIG, "Reference")
    {
        return misshapen(Reason::ReferenceStructure, names(&children));
    }
    check_exclusive(canonicalization, Reason::CanonicalizationNotAllowed)?;
    let algorithm = method.attribute("Algorithm").unwrap_or("");
    if !hashes.allow_signature(algorithm) || !is_leaf(method) {
        return misshapen(Reason::SignatureAlgorithmNotAllowed, algorithm);
    }
    check_reference(parent, reference, hashes)
}

fn check_reference(
    parent: Element<'_>,
    reference: Element<'_>,
    hashes: Hashes,
) -> Result<(), Problem> {
    let id = parent.attribute("ID").unwrap_or("");
    if id.is_empty()
        || !id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
    {
        return misshapen(Reason::IdMissing, id);
    }
    let uri = reference.attribute("URI");
    if uri.and_then(|uri| uri.strip_prefix('#')) != Some(id) {
        return misshapen(Reason::ReferenceUri, uri.unwrap_or("no URI"));
    }
    let children: Vec<_> = reference.children().collect();
    let [transforms, method, value] = *children.as_slice() else {
        return misshapen(Reason::ReferenceStructure, names(&children));
    };
    if !transforms.is(DSIG, "Transforms")
        || !method.is(DSIG, "DigestMethod")
        || !value.is(DSIG, "DigestValue")
        || !is_leaf(value)
    {
        return misshapen(Reason::ReferenceStructure, names(&children));
    }
    let digest = method.attribute("Algorithm").unwrap_or("");
    if !hashes.allow_digest(digest) || !is_leaf(method) {
        return misshapen(Reason::DigestAlgorithmNotAllowed, digest);
    }
    let steps: Vec<_> = transforms.children().collect();
    let [enveloped, canonicalization] = *steps.as_slice() else {
        return misshapen(
            Reason::TransformsNotAllowed,
            format!("{} transforms", steps.len()),
        );
    };
    if !enveloped.is(DSIG, "Transform")
        || !canonicalization.is(DSIG, "Transform")
        || !is_leaf(enveloped)
        || enveloped.attribute("Algorithm") != Some(ENVELOPED)
    {
        let first = enveloped.attribute("Algorithm").unwrap_or("");
        return misshapen(Reason::TransformsNotAllowed, first);
    }
    check_exclusive(canonicalization, Reason::TransformsNotAllowed)
}

/// Exclusive canonicalization without comments; its one parameter may be InclusiveNamespaces with
/// at most [`MAX_PREFIXES`].
fn check_exclusive(element: Element<'_>, reason: Reason) -> Result<(), Problem> {
    let algorithm = element.attribute("Algorithm").unwrap_or("");
    if algorithm != EXCLUSIVE_C14N {
        return misshapen(reason, algorithm);
    }
    let parameters: Vec<_> = element.children().collect();
    match *parameters.as_slice() {
        [] => Ok(()),
        [only] if only.is(xml::EXCLUSIVE_NAMESPACE, "InclusiveNamespaces") && is_leaf(only) => {
            let list = only.attribute("PrefixList").unwrap_or("");
            match list.split_whitespace().nth(MAX_PREFIXES) {
                None => Ok(()),
                Some(_) => misshapen(reason, format!("more than {MAX_PREFIXES} prefixes")),
            }
        }
        _ => misshapen(reason, names(&parameters)),
    }
}

fn names(elements: &[Element<'_>]) -> String {
    let names: Vec<_> = elements.iter().take(8).map(|e| e.local_name()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_namespaces() {
        assert!(is_absolute("urn:x"));
        assert!(is_absolute("http://a"));
        for relative in ["foo", "../a", "1:x", ":x", "a b:c"] {
            assert!(!is_absolute(relative), "{relative}");
        }
    }

    fn refusal(inner: &str) -> Reason {
        let text = format!("<p:Response xmlns:p='{PROTOCOL}'>{inner}</p:Response>");
        let document = xml::parse(&text).unwrap();
        signatures(&document, Hashes::Strong).err().unwrap().reason
    }

    #[test]
    fn different_namespaces_are_bounded() {
        // One is the protocol's.
        let different = |count: usize| -> String {
            let one = |n| format!("<y xmlns:a{n}='urn:a'/>");
            (1..count).map(one).collect()
        };
        assert_eq!(refusal(&different(256)), Reason::AssertionMissing);
        assert_eq!(refusal(&different(257)), Reason::NamespacesTooMany);
        let by_name: String = (1..257)
            .map(|n| format!("<y xmlns:a='urn:{n}'/>"))
            .collect();
        assert_eq!(refusal(&by_name), Reason::NamespacesTooMany);
        let again = "<y xmlns:a='urn:a' xmlns:b='urn:b'/>".repeat(6000);
        assert_eq!(refusal(&again), Reason::AssertionMissing);
    }

    #[test]
    fn a_namespace_name_is_bounded() {
        let of = |length| format!("<y xmlns:a='{:a<length$}'/>", "urn:");
        assert_eq!(refusal(&of(256)), Reason::AssertionMissing);
        assert_eq!(refusal(&of(257)), Reason::NamespacesTooMany);
    }

    #[test]
    fn inclusive_prefixes_are_bounded() {
        let checked = |count: usize| {
            let list = vec!["x"; count].join(" \n");
            let (algorithm, namespace) = (EXCLUSIVE_C14N, xml::EXCLUSIVE_NAMESPACE);
            let text = format!(
                "<c Algorithm='{algorithm}'><InclusiveNamespaces xmlns='{namespace}' \
                 PrefixList='{list}'/></c>"
            );
            let document = xml::parse(&text).unwrap();
            let element = Element::root(&document).unwrap();
            check_exclusive(element, Reason::TransformsNotAllowed).map_err(|e| e.reason)
        };
        assert_eq!(checked(16), Ok(()));
        assert_eq!(checked(17), Err(Reason::TransformsNotAllowed));
    }
}
