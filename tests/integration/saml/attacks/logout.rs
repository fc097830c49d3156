//! LogoutRequests that must be refused: what is known of Responses, on the other message that a
//! stranger can post. None may end the victim's session.

use super::*;

/// What the documents are made from.
pub(crate) struct Desk<'a> {
    /// The provider's own identity provider.
    pub(crate) idp: &'a IdentityProvider,
    /// An attacker's, with the same names and another key.
    pub(crate) impostor: &'a IdentityProvider,
    /// A request that would be followed if it were signed, with the prefixes `p` and `a`.
    pub(crate) request: &'a str,
    /// Its ID.
    pub(crate) id: &'a str,
    /// Whose it is: the attacker's own name.
    pub(crate) name: &'a str,
    /// Whom the attacker would like to sign out.
    pub(crate) victim: &'a str,
}

const ISSUER_END: &str = "</a:Issuer>";
const REQUEST_END: &str = "</p:LogoutRequest>";

impl Desk<'_> {
    fn signed_by(&self, idp: &IdentityProvider, xml: &str, id: &str) -> String {
        let template = idp.signature_template(id, Algorithm::Sha256);
        idp.sign(after(xml, ISSUER_END, &template)).unwrap()
    }
}

/// Every attack document.
pub(crate) fn documents(desk: &Desk<'_>) -> Vec<Attack> {
    let mut list = List(Vec::new());
    let signed = desk.signed_by(desk.idp, desk.request, desk.id);
    let signature = signature_of(&signed);
    let renamed = desk.request.replace(desk.name, desk.victim);
    let evil = renamed.replace(desk.id, "_evil");
    let extended = |inside: &str| {
        let extensions = format!("<p:Extensions>{inside}</p:Extensions>");
        after(&evil, ISSUER_END, &extensions)
    };
    wrapped(desk, &mut list, &signed, signature, &evil, &extended);

    list.add("without a signature", "logout-unsigned", evil.clone());
    let impostors = desk.signed_by(desk.impostor, &evil, "_evil");
    list.add(
        "signed by somebody else",
        "certificate-unknown",
        impostors.clone(),
    );
    let unnamed = without(
        &impostors,
        between(&impostors, "<ds:KeyInfo>", "</ds:KeyInfo>"),
    );
    list.add(
        "signed by somebody else, unnamed",
        "signature-invalid",
        unnamed,
    );
    let changed = signed.replace(desk.name, desk.victim);
    list.add(
        "another name under the signature",
        "signature-invalid",
        changed,
    );
    let moved = after(&evil, ISSUER_END, signature);
    list.add("another request's signature", "reference-uri", moved);
    let same_id = after(&renamed, ISSUER_END, signature);
    list.add(
        "another request's signature and ID",
        "signature-invalid",
        same_id,
    );
    list.add(
        "two signatures",
        "signature-several",
        after(&signed, SIGNATURE_END, signature),
    );
    let in_name = before(desk.request, "</a:NameID>", signature);
    list.add("a signature in the NameID", "signature-misplaced", in_name);

    let reference = format!("URI=\"#{}\"", desk.id);
    for (name, code, from, to) in [
        (
            "an empty reference",
            "reference-uri",
            reference.as_str(),
            "URI=\"\"",
        ),
        ("no reference", "reference-uri", reference.as_str(), ""),
        (
            "a reference to a file",
            "reference-uri",
            reference.as_str(),
            "URI=\"file:///etc/passwd\"",
        ),
        (
            "SHA-1",
            "signature-algorithm-not-allowed",
            "2001/04/xmldsig-more#rsa-sha256",
            "2000/09/xmldsig#rsa-sha1",
        ),
        (
            "HMAC with the public key",
            "signature-algorithm-not-allowed",
            "#rsa-sha256",
            "#hmac-sha256",
        ),
        (
            "a SHA-1 digest",
            "digest-algorithm-not-allowed",
            "2001/04/xmlenc#sha256",
            "2000/09/xmldsig#sha1",
        ),
        (
            "no digest",
            "reference-structure",
            "<ds:DigestMethod",
            "<ds:Other",
        ),
        (
            "a comment in the digest",
            "signature-content",
            "<ds:DigestValue>",
            "<ds:DigestValue><!-- x -->",
        ),
        (
            "a second SignatureValue",
            "signature-structure",
            "<ds:KeyInfo>",
            "<ds:SignatureValue>AA==</ds:SignatureValue><ds:KeyInfo>",
        ),
        (
            "a key by retrieval",
            "element-not-allowed",
            "<ds:KeyInfo>",
            "<ds:KeyInfo><ds:RetrievalMethod URI=\"#x\"/>",
        ),
    ] {
        assert!(signed.contains(from), "{name}");
        list.add(name, code, signed.replacen(from, to, 1));
    }
    let exclusive = format!("Transform Algorithm=\"{EXC}\"");
    let xpath = "Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"";
    assert!(signed.contains(&exclusive));
    list.add(
        "XPath",
        "transforms-not-allowed",
        signed.replace(&exclusive, xpath),
    );
    let comments = format!("CanonicalizationMethod Algorithm=\"{EXC}WithComments\"");
    let method = format!("CanonicalizationMethod Algorithm=\"{EXC}\"");
    assert!(signed.contains(&method));
    list.add(
        "canonicalization with comments",
        "canonicalization-not-allowed",
        signed.replace(&method, &comments),
    );
    oddities(desk, &mut list, &signed);
    list.0
}

/// The original is somewhere in a forged request, or the other way round.
fn wrapped(
    desk: &Desk<'_>,
    list: &mut List,
    signed: &str,
    signature: &str,
    evil: &str,
    extended: &dyn Fn(&str) -> String,
) {
    let object = format!("<ds:Object>{}</ds:Object>", desk.request);
    let holding = before(signature, SIGNATURE_END, &object);
    list.add(
        "XSW1: the original in an Object of the Signature",
        "element-not-allowed",
        after(evil, ISSUER_END, &holding),
    );
    let bare = before(signature, SIGNATURE_END, desk.request);
    list.add(
        "XSW1: the original in the Signature",
        "element-not-allowed",
        after(evil, ISSUER_END, &bare),
    );
    list.add(
        "XSW2: the original before a detached Signature",
        "element-not-allowed",
        after(evil, ISSUER_END, &format!("{}{signature}", desk.request)),
    );
    list.add(
        "the signed original in Extensions",
        "element-not-allowed",
        extended(signed),
    );
    list.add(
        "the signed original at the end",
        "element-not-allowed",
        before(evil, REQUEST_END, signed),
    );
    let twin = evil.replace("_evil", desk.id);
    list.add(
        "two of one ID",
        "id-duplicate",
        before(&twin, REQUEST_END, signed),
    );
    list.add(
        "the forged one in the signed one",
        "element-not-allowed",
        before(signed, REQUEST_END, evil),
    );
    let other = signed
        .replace(
            "<p:LogoutRequest ",
            "<x:LogoutRequest xmlns:x=\"urn:other\" ",
        )
        .replace(REQUEST_END, "</x:LogoutRequest>");
    list.add(
        "the signed original in a namespace of its own",
        "foreign-namespace",
        extended(&other),
    );
    let assertion = "<a:Assertion ID=\"_x\"/>";
    list.add(
        "an assertion in it",
        "element-not-allowed",
        extended(assertion),
    );
}

/// What XML has to offer.
fn oddities(desk: &Desk<'_>, list: &mut List, signed: &str) {
    let cut = format!("{}<?x?>.evil", desk.victim);
    list.add(
        "a processing instruction in the NameID",
        "processing-instruction",
        signed.replace(desk.name, &cut),
    );
    let entity = format!("<!DOCTYPE p [<!ENTITY n \"{}\">]>", desk.victim);
    list.add(
        "the name by an entity",
        "xml-doctype",
        format!("{entity}{}", signed.replace(desk.name, "&n;")),
    );
    list.add(
        "a second document behind",
        "xml-malformed",
        format!("{signed}{signed}"),
    );
    list.add("cut off", "xml-malformed", signed.replace(REQUEST_END, ""));
    let foreign = signed.replace("SAML:2.0:protocol", "SAML:2.0:protoc01");
    list.add("another namespace", "logout-malformed", foreign);
    let qualified = signed.replacen("ID=\"", "p:ID=\"_x\" ID=\"", 1);
    list.add("an ID in a namespace", "id-qualified", qualified);
    let relative = signed.replacen("ID=\"", "xmlns:x=\"x\" ID=\"", 1);
    list.add("a relative namespace", "namespace-relative", relative);
    let response = desk.request.replace("p:LogoutRequest", "p:LogoutResponse");
    list.add(
        "a signed LogoutResponse",
        "logout-malformed",
        desk.signed_by(desk.idp, &response, desk.id),
    );
    let made = desk.request.replace("LogoutRequest", "AuthnRequest");
    list.add(
        "a signed AuthnRequest",
        "logout-malformed",
        desk.signed_by(desk.idp, &made, desk.id),
    );
}
