//! Makes documents that a service provider must refuse: every attack class of signature wrapping,
//! reference and transform abuse, XML tricks and encryption tricks that is known from other
//! implementations, and validly signed documents that are odd.
//!
//! Stands alone (no fixture), so that another test can post the same documents to a server.

use bergshamra_dsig::{DsigContext, sign::sign_owned};
use bergshamra_keys::{KeysManager, loader::load_hmac_key};
use portcullis::demo::identity_provider::{
    Algorithm, Cipher, Encryption, IdentityProvider, ResponseSpec, encrypted,
};

/// Whom an attacker would like to be. In the provider's domain, so that no domain check hides
/// that a signature check is missing.
pub(crate) const MALLORY: &str = "mallory@acme.com";

const EXC: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const RESPONSE_END: &str = "</saml2p:Response>";
const ASSERTION_END: &str = "</saml2:Assertion>";
const SIGNATURE_END: &str = "</ds:Signature>";

/// A document to be refused, with the code it must be refused with.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) code: &'static str,
    pub(crate) xml: String,
}

/// What the documents are made from.
pub(crate) struct Workshop<'a> {
    /// The provider's own identity provider; its key signs the odd documents.
    pub(crate) idp: &'a IdentityProvider,
    /// An attacker's, with the same names and another key.
    pub(crate) impostor: &'a IdentityProvider,
    /// DER of the service provider's encryption certificate.
    pub(crate) recipient: &'a [u8],
    /// A response that would be accepted, whose NameID is `person`.
    pub(crate) spec: ResponseSpec<'a>,
}

/// Every attack document.
pub(crate) fn documents(workshop: &Workshop<'_>) -> Vec<Attack> {
    let mut list = List(Vec::new());
    workshop.wrapping(&mut list);
    workshop.references(&mut list);
    workshop.keys(&mut list);
    workshop.several(&mut list);
    workshop.xml_tricks(&mut list);
    workshop.encryption(&mut list);
    list.0
}

struct List(Vec<Attack>);

impl List {
    fn add(&mut self, name: &'static str, code: &'static str, xml: String) {
        self.0.push(Attack { name, code, xml });
    }
}

fn between<'x>(xml: &'x str, start: &str, end: &str) -> &'x str {
    let from = xml.find(start).unwrap();
    let to = from + xml[from..].find(end).unwrap() + end.len();
    &xml[from..to]
}

fn assertion_of(xml: &str) -> &str {
    between(xml, "<saml2:Assertion", ASSERTION_END)
}

fn signature_of(xml: &str) -> &str {
    between(xml, "<ds:Signature ", SIGNATURE_END)
}

/// Before the closing tag `end`, or after the opening of `start` if that is a whole tag.
fn before(xml: &str, end: &str, added: &str) -> String {
    let at = xml.rfind(end).unwrap();
    format!("{}{added}{}", &xml[..at], &xml[at..])
}

fn after(xml: &str, what: &str, added: &str) -> String {
    let at = xml.find(what).unwrap() + what.len();
    format!("{}{added}{}", &xml[..at], &xml[at..])
}

fn without(xml: &str, part: &str) -> String {
    assert!(xml.contains(part));
    xml.replacen(part, "", 1)
}

impl Workshop<'_> {
    fn issue(&self, sign_response: bool, sign_assertion: bool) -> String {
        let spec = ResponseSpec {
            sign_response,
            sign_assertion,
            ..self.spec.clone()
        };
        self.idp.issue(&spec).unwrap()
    }

    fn id(&self) -> &str {
        self.spec.assertion_id
    }

    /// The assertion under another ID, for Mallory, without a signature.
    fn evil(&self, assertion: &str) -> String {
        let bare = match assertion.contains("<ds:Signature ") {
            true => without(assertion, signature_of(assertion)),
            false => assertion.to_owned(),
        };
        bare.replace(self.id(), "evil")
            .replace(self.spec.name_id, MALLORY)
    }

    /// An unsigned response with an empty signature in its assertion, changed by `change`, then
    /// signed with the real key if the library can.
    fn signed_oddly(&self, change: impl Fn(&str) -> String) -> String {
        let unsigned = self.issue(false, false);
        let template = self.idp.signature_template(self.id(), Algorithm::Sha256);
        let assertion = after(assertion_of(&unsigned), "</saml2:Issuer>", &template);
        let changed = change(&assertion);
        let signed = self.idp.sign(changed.clone()).unwrap_or(changed);
        unsigned.replace(assertion_of(&unsigned), &signed)
    }

    fn wrapping(&self, list: &mut List) {
        let whole = self.issue(true, false);
        let part = self.issue(false, true);
        let signature = signature_of(&whole);
        let bare_response = without(&whole, signature).replacen(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
            "",
            1,
        );
        let evil_response = bare_response
            .replace(self.spec.response_id, "evilresponse")
            .replace(self.id(), "evil")
            .replace(self.spec.name_id, MALLORY);
        let wrapped_signature = before(signature, SIGNATURE_END, &bare_response);
        list.add(
            "XSW1: original Response in the Signature",
            "assertion-misplaced",
            after(&evil_response, "</saml2:Issuer>", &wrapped_signature),
        );
        list.add(
            "XSW2: original Response before a detached Signature",
            "assertion-misplaced",
            after(
                &evil_response,
                "</saml2:Issuer>",
                &format!("{bare_response}{signature}"),
            ),
        );
        let original = assertion_of(&part);
        let evil = self.evil(original);
        let inner = signature_of(original);
        let bare = without(original, inner);
        list.add(
            "XSW3: forged assertion first",
            "assertion-several",
            part.replace(original, &format!("{evil}{original}")),
        );
        list.add(
            "XSW3: forged assertion last",
            "assertion-several",
            part.replace(original, &format!("{original}{evil}")),
        );
        list.add(
            "XSW4: original inside the forged one",
            "assertion-several",
            part.replace(original, &before(&evil, ASSERTION_END, original)),
        );
        let holder = after(&evil, "</saml2:Issuer>", inner);
        list.add(
            "XSW5: signature moved to the forged one",
            "assertion-several",
            part.replace(original, &format!("{holder}{bare}")),
        );
        let nested = after(
            &evil,
            "</saml2:Issuer>",
            &before(inner, SIGNATURE_END, &bare),
        );
        list.add(
            "XSW6: original in the moved Signature",
            "assertion-several",
            part.replace(original, &nested),
        );
        let extensions = format!("<saml2p:Extensions>{evil}</saml2p:Extensions>");
        list.add(
            "XSW7: forged one in Extensions",
            "assertion-several",
            part.replacen(
                "<saml2p:Status>",
                &format!("{extensions}<saml2p:Status>"),
                1,
            ),
        );
        let extensions = format!("<saml2p:Extensions>{original}</saml2p:Extensions>");
        list.add(
            "XSW7: original in Extensions",
            "assertion-several",
            part.replace(original, &evil).replacen(
                "<saml2p:Status>",
                &format!("{extensions}<saml2p:Status>"),
                1,
            ),
        );
        list.add(
            "XSW7: original in Extensions, none in place",
            "assertion-misplaced",
            without(&part, original).replacen(
                "<saml2p:Status>",
                &format!("{extensions}<saml2p:Status>"),
                1,
            ),
        );
        let object = format!("<ds:Object>{bare}</ds:Object>");
        let nested = after(
            &evil,
            "</saml2:Issuer>",
            &before(inner, SIGNATURE_END, &object),
        );
        list.add(
            "XSW8: original in ds:Object",
            "element-not-allowed",
            part.replace(original, &nested),
        );
        let object = format!("<ds:Object>{original}</ds:Object>");
        let nested = after(
            &evil,
            "</saml2:Issuer>",
            &before(inner, SIGNATURE_END, &object),
        );
        list.add(
            "XSW8: signed original in ds:Object",
            "element-not-allowed",
            part.replace(original, &nested),
        );
        let data = evil.replacen("<saml2:SubjectConfirmationData", &format!("<saml2:SubjectConfirmationData Evil=\"\">{original}</saml2:SubjectConfirmationData><saml2:SubjectConfirmationData"), 1);
        list.add(
            "wrapped in SubjectConfirmationData",
            "assertion-several",
            part.replace(original, &data),
        );
        let advice = after(
            &evil,
            "</saml2:Conditions>",
            &format!("<saml2:Advice>{original}</saml2:Advice>"),
        );
        list.add(
            "wrapped in Advice",
            "assertion-several",
            part.replace(original, &advice),
        );
        let same_id = evil.replace("\"evil\"", &format!("\"{}\"", self.id()));
        list.add(
            "two assertions with one ID",
            "id-duplicate",
            part.replace(original, &format!("{same_id}{original}")),
        );
        list.add(
            "duplicate ID on another element",
            "id-duplicate",
            part.replacen(
                "<saml2p:Status>",
                &format!("<saml2p:Status ID=\"{}\">", self.id()),
                1,
            ),
        );
        list.add(
            "duplicate ID in another case",
            "id-duplicate",
            part.replacen(
                "<saml2p:Status>",
                &format!("<saml2p:Status id=\"{}\">", self.id()),
                1,
            ),
        );
        list.add(
            "xml:id",
            "id-qualified",
            part.replacen(
                "<saml2p:Status>",
                &format!("<saml2p:Status xml:id=\"{}\">", self.id()),
                1,
            ),
        );
        list.add(
            "ID in another namespace",
            "id-qualified",
            part.replacen(
                "<saml2p:Status>",
                &format!("<saml2p:Status xmlns:q=\"urn:q\" q:ID=\"{}\">", self.id()),
                1,
            ),
        );
        list.add(
            "a whole signed Response inside another",
            "assertion-misplaced",
            before(
                &evil_response,
                RESPONSE_END,
                &whole.replacen("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "", 1),
            ),
        );
        list.add(
            "signature as a child of Subject",
            "signature-misplaced",
            part.replace(inner, "").replacen(
                "<saml2:Subject>",
                &format!("<saml2:Subject>{inner}"),
                1,
            ),
        );
        list.add(
            "detached signature beside the assertion",
            "signature-misplaced",
            without(&part, inner).replacen(
                "<saml2p:Status>",
                &format!("<saml2p:Extensions>{inner}</saml2p:Extensions><saml2p:Status>"),
                1,
            ),
        );
        list.add(
            "detached signature as the Response's own",
            "reference-uri",
            after(&without(&part, inner), "</saml2:Issuer>", inner),
        );
        list.add(
            "forged Response around a signed assertion's signature",
            "signature-several",
            after(&self.issue(true, true), "</saml2:Issuer>", inner),
        );
        let third = self.issue(true, true).replacen(
            "<saml2:Subject>",
            &format!("<saml2:Subject>{inner}"),
            1,
        );
        list.add("three signatures", "signature-misplaced", third);
        list.add("SOAP around it", "root-not-response", format!("<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>{bare_response}</s:Body></s:Envelope>"));
        list.add(
            "a bare assertion as the document",
            "root-not-response",
            original.to_owned(),
        );
    }

    fn references(&self, list: &mut List) {
        let id = self.id().to_owned();
        let uri = format!("URI=\"#{id}\"");
        let swap = |from: &str, to: &str| {
            self.signed_oddly(|xml| {
                assert!(xml.contains(from), "{from}");
                xml.replacen(from, to, 1)
            })
        };
        list.add("URI=\"\"", "reference-uri", swap(&uri, "URI=\"\""));
        list.add("no URI", "reference-uri", swap(&uri, ""));
        list.add(
            "URI file:",
            "reference-uri",
            swap(&uri, "URI=\"file:///etc/passwd\""),
        );
        list.add(
            "URI a path",
            "reference-uri",
            swap(&uri, "URI=\"Cargo.toml\""),
        );
        list.add(
            "URI http:",
            "reference-uri",
            swap(&uri, "URI=\"http://127.0.0.1:9/\""),
        );
        list.add("URI cid:", "reference-uri", swap(&uri, "URI=\"cid:x\""));
        list.add(
            "URI xpointer",
            "reference-uri",
            swap(&uri, &format!("URI=\"#xpointer(id('{id}'))\"")),
        );
        list.add(
            "URI to another ID",
            "reference-uri",
            self.signed_oddly(|xml| {
                xml.replace(&uri, "URI=\"#part\"").replacen(
                    "<saml2:Subject>",
                    "<saml2:Subject ID=\"part\">",
                    1,
                )
            }),
        );
        list.add(
            "signature over the Response in the assertion",
            "reference-uri",
            swap(&uri, &format!("URI=\"#{}\"", self.spec.response_id)),
        );
        list.add(
            "inclusive c14n of SignedInfo",
            "canonicalization-not-allowed",
            swap(EXC, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        );
        list.add(
            "c14n of SignedInfo with comments",
            "canonicalization-not-allowed",
            swap(EXC, "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"),
        );
        let inclusive = between(
            &self.idp.signature_template(&id, Algorithm::Sha256),
            "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">",
            "</ds:Transform>",
        )
        .to_owned();
        let transform = |uri: &str, body: &str| {
            format!("<ds:Transform Algorithm=\"{uri}\">{body}</ds:Transform>")
        };
        list.add(
            "inclusive c14n transform",
            "transforms-not-allowed",
            swap(
                &inclusive,
                &transform("http://www.w3.org/TR/2001/REC-xml-c14n-20010315", ""),
            ),
        );
        list.add(
            "c14n transform with comments",
            "transforms-not-allowed",
            swap(
                &inclusive,
                &transform("http://www.w3.org/2001/10/xml-exc-c14n#WithComments", ""),
            ),
        );
        let xpath = transform(
            "http://www.w3.org/TR/1999/REC-xpath-19991116",
            "<ds:XPath>not(ancestor-or-self::ds:Signature)</ds:XPath>",
        );
        list.add(
            "XPath transform",
            "transforms-not-allowed",
            swap(&inclusive, &format!("{xpath}{inclusive}")),
        );
        list.add(
            "XPath instead of c14n",
            "transforms-not-allowed",
            swap(&inclusive, &xpath),
        );
        let xslt = transform(
            "http://www.w3.org/TR/1999/REC-xslt-19991116",
            "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\"><xsl:template match=\"/\"><xsl:copy-of select=\"document('file:///etc/passwd')\"/></xsl:template></xsl:stylesheet>",
        );
        list.add(
            "XSLT transform",
            "transforms-not-allowed",
            swap(&inclusive, &format!("{xslt}{inclusive}")),
        );
        list.add(
            "base64 transform",
            "transforms-not-allowed",
            swap(
                &inclusive,
                &transform("http://www.w3.org/2000/09/xmldsig#base64", ""),
            ),
        );
        list.add(
            "no transforms",
            "transforms-not-allowed",
            self.signed_oddly(|xml| {
                let all = between(xml, "<ds:Transforms>", "</ds:Transforms>").to_owned();
                xml.replace(&all, "<ds:Transforms></ds:Transforms>")
            }),
        );
        list.add(
            "no Transforms element",
            "reference-structure",
            self.signed_oddly(|xml| {
                let all = between(xml, "<ds:Transforms>", "</ds:Transforms>").to_owned();
                xml.replace(&all, "")
            }),
        );
        list.add(
            "SHA-1 digest",
            "digest-algorithm-not-allowed",
            swap(
                "http://www.w3.org/2001/04/xmlenc#sha256",
                "http://www.w3.org/2000/09/xmldsig#sha1",
            ),
        );
        list.add(
            "MD5 digest",
            "digest-algorithm-not-allowed",
            swap(
                "http://www.w3.org/2001/04/xmlenc#sha256",
                "http://www.w3.org/2001/04/xmldsig-more#md5",
            ),
        );
        list.add(
            "SHA-1 signature",
            "signature-algorithm-not-allowed",
            swap(
                "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            ),
        );
        list.add(
            "no signature algorithm",
            "signature-algorithm-not-allowed",
            swap(
                "Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"",
                "",
            ),
        );
        let reference = between(
            &self.idp.signature_template(&id, Algorithm::Sha256),
            "<ds:Reference",
            "</ds:Reference>",
        )
        .to_owned();
        list.add(
            "two references",
            "reference-structure",
            swap(&reference, &format!("{reference}{reference}")),
        );
        list.add(
            "a reference that isn't SAML's beside it",
            "reference-structure",
            swap(
                &reference,
                &format!("{}{reference}", reference.replace(&uri, "URI=\"\"")),
            ),
        );
        list.add("no reference", "reference-structure", swap(&reference, ""));

        let part = self.issue(false, true);
        let info = between(&part, "<ds:SignedInfo>", "</ds:SignedInfo>").to_owned();
        list.add(
            "two SignedInfo",
            "signature-structure",
            part.replace(&info, &format!("{info}{info}")),
        );
        list.add(
            "SignedInfo hidden in KeyInfo",
            "signature-structure",
            without(&part, &info).replacen("<ds:KeyInfo>", &format!("<ds:KeyInfo>{info}"), 1),
        );
        let value = between(&part, "<ds:SignatureValue>", "</ds:SignatureValue>").to_owned();
        list.add(
            "two SignatureValue",
            "signature-structure",
            part.replace(&value, &format!("{value}{value}")),
        );
        list.add(
            "empty SignatureValue",
            "signature-invalid",
            part.replace(&value, "<ds:SignatureValue/>"),
        );
        list.add(
            "no SignatureValue",
            "signature-structure",
            without(&part, &value),
        );
        list.add("KeyInfo first", "signature-structure", {
            let key = between(&part, "<ds:KeyInfo>", "</ds:KeyInfo>").to_owned();
            without(&part, &key).replacen("<ds:SignedInfo>", &format!("{key}<ds:SignedInfo>"), 1)
        });
        let digest = between(&part, "<ds:DigestValue>", "</ds:DigestValue>").to_owned();
        let bare_digest = digest
            .replace("<ds:DigestValue>", "")
            .replace("</ds:DigestValue>", "");
        list.add(
            "two DigestValue",
            "reference-structure",
            part.replace(&digest, &format!("{digest}{digest}")),
        );
        list.add(
            "comment in DigestValue",
            "signature-content",
            part.replace(
                &digest,
                &format!("<ds:DigestValue>{bare_digest}<!-- AAAA --></ds:DigestValue>"),
            ),
        );
        list.add(
            "forged digest before a comment",
            "signature-content",
            part.replace(
                &digest,
                &format!("<ds:DigestValue>AAAA<!-- -->{bare_digest}</ds:DigestValue>"),
            )
            .replace(self.spec.name_id, MALLORY),
        );
        list.add(
            "CDATA in DigestValue",
            "signature-content",
            part.replace(
                &digest,
                &format!("<ds:DigestValue><![CDATA[{bare_digest}]]></ds:DigestValue>"),
            ),
        );
        list.add(
            "element in DigestValue",
            "reference-structure",
            part.replace(
                &digest,
                &format!("<ds:DigestValue><x>{bare_digest}</x></ds:DigestValue>"),
            ),
        );
        list.add(
            "comment in SignedInfo",
            "signature-content",
            part.replacen("<ds:SignedInfo>", "<ds:SignedInfo><!-- x -->", 1),
        );
        list.add(
            "Manifest in the Signature",
            "element-not-allowed",
            part.replacen(
                "</ds:Signature>",
                &format!("<ds:Manifest>{reference}</ds:Manifest></ds:Signature>"),
                1,
            ),
        );
        list.add(
            "attribute of another namespace in the Signature",
            "signature-content",
            part.replacen(
                "<ds:Reference ",
                "<ds:Reference xmlns:q=\"urn:q\" q:URI=\"#x\" ",
                1,
            ),
        );
        list.add("KeyInfoReference", "element-not-allowed", part.replacen("<ds:KeyInfo>", "<ds:KeyInfo><d:KeyInfoReference xmlns:d=\"http://www.w3.org/2009/xmldsig11#\" URI=\"#x\"/>", 1));
        list.add(
            "RetrievalMethod in a signature",
            "element-not-allowed",
            part.replacen(
                "<ds:KeyInfo>",
                "<ds:KeyInfo><ds:RetrievalMethod URI=\"file:///etc/passwd\"/>",
                1,
            ),
        );
    }

    fn keys(&self, list: &mut List) {
        for (name, response, assertion) in [
            ("assertion signed by another key", false, true),
            ("response signed by another key", true, false),
            ("both signed by another key", true, true),
        ] {
            let spec = ResponseSpec {
                sign_response: response,
                sign_assertion: assertion,
                name_id: MALLORY,
                ..self.spec.clone()
            };
            list.add(
                name,
                "certificate-unknown",
                self.impostor.issue(&spec).unwrap(),
            );
        }
        let spec = ResponseSpec {
            sign_response: false,
            name_id: MALLORY,
            ..self.spec.clone()
        };
        let forged = self.impostor.issue(&spec).unwrap();
        let genuine = self.issue(false, true);
        let theirs = between(&forged, "<ds:X509Data>", "</ds:X509Data>").to_owned();
        let ours = between(&genuine, "<ds:X509Data>", "</ds:X509Data>").to_owned();
        list.add(
            "another key under the pinned certificate",
            "signature-invalid",
            forged.replace(&theirs, &ours),
        );
        list.add("another key without KeyInfo", "signature-invalid", {
            let key = between(&forged, "<ds:KeyInfo>", "</ds:KeyInfo>").to_owned();
            without(&forged, &key)
        });
        let unsigned = self
            .impostor
            .issue(&ResponseSpec {
                sign_assertion: false,
                ..spec.clone()
            })
            .unwrap();
        let embedded = {
            let template = self
                .impostor
                .signature_template(self.id(), Algorithm::Sha256)
                .replace(&theirs, "<ds:KeyValue/>");
            let with = after(assertion_of(&unsigned), "</saml2:Issuer>", &template);
            unsigned.replace(assertion_of(&unsigned), &self.impostor.sign(with).unwrap())
        };
        list.add("embedded KeyValue", "signature-invalid", embedded);
        list.add(
            "response by another key around a genuine assertion",
            "certificate-unknown",
            {
                let unsigned = self.issue(false, true);
                let bare = unsigned.replacen("</saml2:Issuer>", "</saml2:Issuer><!--here-->", 1);
                let template = self
                    .impostor
                    .signature_template(self.spec.response_id, Algorithm::Sha256);
                self.impostor
                    .sign(bare.replacen("<!--here-->", &template, 1))
                    .unwrap()
            },
        );
        list.add(
            "genuine response around an assertion by another key",
            "certificate-unknown",
            {
                let bare = forged.replacen("</saml2:Issuer>", "</saml2:Issuer><!--here-->", 1);
                let template = self
                    .idp
                    .signature_template(self.spec.response_id, Algorithm::Sha256);
                self.idp
                    .sign(bare.replacen("<!--here-->", &template, 1))
                    .unwrap()
            },
        );
        for (name, material) in [
            ("HMAC with the certificate", self.idp.certificate().to_vec()),
            ("HMAC with nothing", b"\0".to_vec()),
        ] {
            let mut keys = KeysManager::new();
            keys.add_key(load_hmac_key(&material).unwrap());
            let template = self
                .idp
                .signature_template(self.id(), Algorithm::Sha256)
                .replace("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256");
            let with = after(
                &self
                    .evil(assertion_of(&unsigned))
                    .replace("\"evil\"", &format!("\"{}\"", self.id())),
                "</saml2:Issuer>",
                &template,
            );
            let signed = sign_owned(&DsigContext::new(keys), with).unwrap();
            list.add(
                name,
                "signature-algorithm-not-allowed",
                unsigned.replace(assertion_of(&unsigned), &signed),
            );
        }
        let both = self.issue(true, true);
        list.add(
            "no signature at all",
            "signature-missing",
            self.issue(false, false),
        );
        list.add("stripped signatures", "signature-missing", {
            let once = without(&both, signature_of(&both));
            without(&once, signature_of(&once))
        });
        list.add(
            "stripped signature of the assertion, changed",
            "signature-invalid",
            {
                let assertion = assertion_of(&both).to_owned();
                both.replace(&assertion, &self.evil(&assertion))
            },
        );
        list.add(
            "changed NameID under both signatures",
            "signature-invalid",
            both.replace(self.spec.name_id, MALLORY),
        );
        list.add(
            "changed NameID, response signature stripped",
            "signature-invalid",
            without(&both, signature_of(&both)).replace(self.spec.name_id, MALLORY),
        );
        list.add(
            "changed audience",
            "signature-invalid",
            both.replace("<saml2:Audience>", "<saml2:Audience>x"),
        );
        list.add("added attribute", "signature-invalid", both.replacen("<saml2:AttributeStatement>", "<saml2:AttributeStatement><saml2:Attribute Name=\"groups\"><saml2:AttributeValue>admins</saml2:AttributeValue></saml2:Attribute>", 1));
        list.add(
            "digest of the forged content, old signature",
            "signature-invalid",
            {
                let forged_digest =
                    between(&forged, "<ds:DigestValue>", "</ds:DigestValue>").to_owned();
                let part = self.issue(false, true);
                let digest = between(&part, "<ds:DigestValue>", "</ds:DigestValue>").to_owned();
                part.replace(&digest, &forged_digest)
                    .replace(self.spec.name_id, MALLORY)
            },
        );
    }

    /// Odd documents under valid signatures.
    fn several(&self, list: &mut List) {
        let first = self.issue(false, true);
        let second = self
            .idp
            .issue(&ResponseSpec {
                assertion_id: "second",
                sign_response: false,
                name_id: MALLORY,
                ..self.spec.clone()
            })
            .unwrap();
        let two = before(&first, RESPONSE_END, assertion_of(&second));
        list.add(
            "two assertions, both signed",
            "assertion-several",
            two.clone(),
        );
        list.add(
            "two assertions in a signed response",
            "assertion-several",
            {
                let template = self
                    .idp
                    .signature_template(self.spec.response_id, Algorithm::Sha256);
                let bare = two.replacen("</saml2:Issuer>", "</saml2:Issuer><!--here-->", 1);
                self.idp
                    .sign(bare.replacen("<!--here-->", &template, 1))
                    .unwrap()
            },
        );
        list.add(
            "no assertion",
            "assertion-missing",
            without(&first, assertion_of(&first)),
        );
        let odd = |from: &str, to: &str| {
            self.signed_oddly(|xml| {
                assert!(xml.contains(from), "{from}");
                xml.replacen(from, to, 1)
            })
        };
        list.add(
            "signed: two NameIDs",
            "assertion-structure",
            odd(
                "<saml2:NameID",
                &format!("<saml2:NameID>{MALLORY}</saml2:NameID><saml2:NameID"),
            ),
        );
        list.add("signed: two Subjects", "assertion-structure", odd("<saml2:Subject>", &format!("<saml2:Subject><saml2:NameID>{MALLORY}</saml2:NameID></saml2:Subject><saml2:Subject>")));
        list.add(
            "signed: two Conditions",
            "assertion-structure",
            odd("<saml2:Conditions", "<saml2:Conditions/><saml2:Conditions"),
        );
        list.add(
            "signed: two Issuers",
            "assertion-structure",
            odd(
                "<saml2:Subject>",
                "<saml2:Issuer>x</saml2:Issuer><saml2:Subject>",
            ),
        );
        list.add(
            "signed: an assertion in Advice",
            "assertion-several",
            self.signed_oddly(|xml| {
                let evil = self.evil(assertion_of(&self.issue(false, false)));
                after(
                    xml,
                    "</saml2:Conditions>",
                    &format!("<saml2:Advice>{evil}</saml2:Advice>"),
                )
            }),
        );
        list.add(
            "signed: EncryptedID beside NameID",
            "name-id-encrypted",
            odd("<saml2:NameID", "<saml2:EncryptedID/><saml2:NameID"),
        );
        list.add("signed: a longer name cut by a comment", "email-domain", {
            let name = format!("{}.evil.example", self.spec.name_id);
            let spec = ResponseSpec {
                name_id: &name,
                sign_response: false,
                ..self.spec.clone()
            };
            let at = format!("{}<!-- -->.evil.example", self.spec.name_id);
            self.idp
                .issue(&spec)
                .unwrap()
                .replace(&format!(">{name}<"), &format!(">{at}<"))
        });
    }

    fn xml_tricks(&self, list: &mut List) {
        let both = self.issue(true, true);
        let bare = both.replacen("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "", 1);
        let person = self.spec.name_id;
        list.add(
            "DTD",
            "xml-doctype",
            format!("<!DOCTYPE saml2p:Response>{bare}"),
        );
        list.add(
            "XXE",
            "xml-doctype",
            format!(
                "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}",
                bare.replace(&format!(">{person}<"), ">&x;<")
            ),
        );
        list.add(
            "parameter entity",
            "xml-doctype",
            format!("<!DOCTYPE r [<!ENTITY % x SYSTEM \"http://127.0.0.1:9/x.dtd\"> %x;]>{bare}"),
        );
        list.add("entity expansion", "xml-doctype", {
            let mut entities = String::from("<!ENTITY a0 \"lol\">");
            for n in 1..10 {
                let previous = format!("&a{};", n - 1).repeat(10);
                entities.push_str(&format!("<!ENTITY a{n} \"{previous}\">"));
            }
            format!(
                "<!DOCTYPE r [{entities}]>{}",
                bare.replace(&format!(">{person}<"), ">&a9;<")
            )
        });
        list.add(
            "attribute defaults",
            "xml-doctype",
            format!("<!DOCTYPE r [<!ATTLIST saml2:Subject ID CDATA \"x\">]>{bare}"),
        );
        list.add(
            "undeclared entity",
            "xml-malformed",
            bare.replace(&format!(">{person}<"), ">&x;<"),
        );
        list.add(
            "depth 20,000",
            "xml-malformed",
            before(
                &bare,
                RESPONSE_END,
                &format!("{}{}", "<a>".repeat(20_000), "</a>".repeat(20_000)),
            ),
        );
        list.add(
            "depth 20,000, never closed",
            "xml-malformed",
            before(&bare, RESPONSE_END, &"<a>".repeat(20_000)),
        );
        list.add("a thousand attributes", "xml-malformed", {
            let many: String = (0..1000).map(|n| format!(" a{n}=\"\"")).collect();
            bare.replacen("<saml2p:Status>", &format!("<saml2p:Status{many}>"), 1)
        });
        list.add("a thousand namespaces", "namespaces-too-many", {
            let many: String = (0..1000)
                .map(|n| format!("<a xmlns:a{n}=\"urn:a\"/>"))
                .collect();
            before(&bare, RESPONSE_END, &many)
        });
        list.add(
            "NUL in the NameID",
            "xml-malformed",
            bare.replace(&format!(">{person}<"), &format!(">{person}\0.evil<")),
        );
        list.add(
            "NUL as a reference",
            "xml-malformed",
            bare.replace(&format!(">{person}<"), &format!(">{person}&#0;.evil<")),
        );
        list.add(
            "truncated",
            "xml-malformed",
            bare[..bare.len() - 30].to_owned(),
        );
        list.add(
            "second document behind",
            "xml-malformed",
            format!("{bare}{bare}"),
        );
        list.add("text behind", "xml-malformed", format!("{bare}x"));
        list.add("text before", "xml-malformed", format!("x{bare}"));
        list.add(
            "duplicate attribute",
            "xml-malformed",
            bare.replacen("Version=\"2.0\"", "Version=\"2.0\" Version=\"2.0\"", 1),
        );
        list.add(
            "prefix not declared",
            "xml-malformed",
            bare.replacen("<saml2p:Status>", "<saml2p:Status><q:x/>", 1),
        );
        list.add(
            "processing instruction in the NameID",
            "processing-instruction",
            bare.replace(&format!(">{person}<"), &format!(">{person}<?x y?>.evil<")),
        );
        list.add(
            "processing instruction before the root",
            "processing-instruction",
            format!("<?x y?>{bare}"),
        );
        list.add(
            "relative namespace",
            "namespace-relative",
            bare.replacen("<saml2:Subject>", "<saml2:Subject xmlns:x=\"../x\">", 1),
        );
        list.add(
            "relative namespace, signed",
            "namespace-relative",
            self.signed_oddly(|xml| {
                xml.replacen("<saml2:Subject>", "<saml2:Subject xmlns:x=\"x\"><x:y/>", 1)
                    .replace("<x:y/>", "")
            }),
        );
        list.add(
            "relative namespace and the digest of nothing",
            "namespace-relative",
            {
                let digest = between(&bare, "<ds:DigestValue>", "</ds:DigestValue>").to_owned();
                bare.replace(
                    &digest,
                    "<ds:DigestValue>47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=</ds:DigestValue>",
                )
                .replacen("<saml2p:Status>", "<saml2p:Status xmlns:x=\"x\">", 1)
            },
        );
        list.add(
            "foreign namespace for the assertion",
            "foreign-namespace",
            {
                let evil = self
                    .evil(assertion_of(&bare))
                    .replace("urn:oasis:names:tc:SAML:2.0:assertion", "urn:evil");
                before(&bare, RESPONSE_END, &evil)
            },
        );
        list.add(
            "no namespace for the assertion",
            "foreign-namespace",
            before(&bare, RESPONSE_END, "<Assertion ID=\"evil\"/>"),
        );
        list.add(
            "foreign namespace for the Signature",
            "foreign-namespace",
            bare.replacen(
                "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"",
                "xmlns:ds=\"urn:evil\"",
                1,
            ),
        );
        list.add(
            "foreign namespace for the Response",
            "root-not-response",
            bare.replace("urn:oasis:names:tc:SAML:2.0:protocol", "urn:evil"),
        );
        list.add(
            "SAML 1.1 namespace",
            "root-not-response",
            bare.replace("SAML:2.0:protocol", "SAML:1.0:protocol"),
        );
        list.add(
            "another message",
            "root-not-response",
            bare.replace("saml2p:Response", "saml2p:LogoutResponse"),
        );
        list.add(
            "prefix bound anew inside",
            "foreign-namespace",
            bare.replacen(
                "<saml2p:Status>",
                "<saml2p:Status><saml2:Assertion xmlns:saml2=\"urn:evil\"/>",
                1,
            ),
        );
    }

    fn encrypt(&self, plaintext: &str) -> String {
        let encryption = Encryption {
            certificate: self.recipient,
            cipher: Cipher::Aes256Gcm,
        };
        encrypted(plaintext, &encryption).unwrap()
    }

    /// An unsigned response whose encrypted assertion has `plaintext`.
    fn sealed(&self, plaintext: &str) -> String {
        let outer = self.issue(false, false);
        outer.replace(assertion_of(&outer), &self.encrypt(plaintext))
    }

    fn encryption(&self, list: &mut List) {
        let part = self.issue(false, true);
        let plain = assertion_of(&part);
        let evil = self.evil(plain);
        let cipher = Cipher::Aes256Gcm;
        let encryption = Some(Encryption {
            certificate: self.recipient,
            cipher,
        });
        let under = self
            .idp
            .issue(&ResponseSpec {
                encryption,
                ..self.spec.clone()
            })
            .unwrap();
        let open = self.sealed(plain);
        let sealed_of = |xml: &str| {
            between(
                xml,
                "<saml2:EncryptedAssertion",
                "</saml2:EncryptedAssertion>",
            )
            .to_owned()
        };
        list.add(
            "ciphertext swapped under a signature",
            "signature-invalid",
            under.replace(&sealed_of(&under), &self.encrypt(&evil)),
        );
        list.add(
            "encrypted, never signed",
            "decryption-failed",
            self.sealed(&evil),
        );
        list.add("encrypted, signed by another key", "decryption-failed", {
            let spec = ResponseSpec {
                sign_response: false,
                name_id: MALLORY,
                ..self.spec.clone()
            };
            let forged = self.impostor.issue(&spec).unwrap();
            self.sealed(assertion_of(&forged))
        });
        list.add(
            "encrypted, changed after signing",
            "decryption-failed",
            self.sealed(&plain.replace(self.spec.name_id, MALLORY)),
        );
        list.add(
            "plaintext assertion beside the encrypted one",
            "assertion-several",
            before(&open, RESPONSE_END, &evil),
        );
        list.add(
            "plaintext assertion before the encrypted one",
            "assertion-several",
            open.replacen(
                "<saml2:EncryptedAssertion",
                &format!("{evil}<saml2:EncryptedAssertion"),
                1,
            ),
        );
        list.add(
            "two encrypted assertions",
            "assertion-several",
            before(&open, RESPONSE_END, &self.encrypt(&evil)),
        );
        list.add(
            "plaintext: two assertions",
            "decryption-failed",
            self.sealed(&format!("{plain}{evil}")),
        );
        list.add(
            "plaintext: forged first",
            "decryption-failed",
            self.sealed(&format!("{evil}{plain}")),
        );
        list.add(
            "plaintext: tags that close what is around",
            "decryption-failed",
            self.sealed(&format!(
                "{plain}</saml2:EncryptedAssertion>{evil}<saml2:EncryptedAssertion>"
            )),
        );
        list.add(
            "plaintext: tags that close any wrapper",
            "decryption-failed",
            self.sealed(&format!("</w>{evil}<w>{plain}")),
        );
        list.add(
            "plaintext: a whole Response",
            "decryption-failed",
            self.sealed(&part.replacen("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "", 1)),
        );
        list.add(
            "plaintext: wrapped assertion",
            "decryption-failed",
            self.sealed(&before(&evil, ASSERTION_END, plain)),
        );
        list.add(
            "plaintext: DTD",
            "decryption-failed",
            self.sealed(&format!("<!DOCTYPE x>{plain}")),
        );
        list.add(
            "plaintext: processing instruction",
            "decryption-failed",
            self.sealed(&format!("<?x y?>{plain}")),
        );
        list.add(
            "plaintext: SHA-1",
            "decryption-failed",
            self.sealed(&plain.replace("xmldsig-more#rsa-sha256", "xmldsig-more#rsa-sha1")),
        );
        list.add(
            "plaintext: SHA-1 digest, validly signed",
            "decryption-failed",
            {
                let odd = self.signed_oddly(|xml| {
                    xml.replace(
                        "http://www.w3.org/2001/04/xmlenc#sha256",
                        "http://www.w3.org/2000/09/xmldsig#sha1",
                    )
                });
                self.sealed(assertion_of(&odd))
            },
        );
        list.add(
            "plaintext: inclusive c14n, validly signed",
            "decryption-failed",
            {
                let odd = self.signed_oddly(|xml| {
                    xml.replacen(EXC, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", 1)
                });
                self.sealed(assertion_of(&odd))
            },
        );
        list.add(
            "plaintext: another EncryptedAssertion",
            "decryption-failed",
            self.sealed(&self.encrypt(plain)),
        );
        list.add("plaintext: text", "decryption-failed", self.sealed("hello"));
        list.add("plaintext: nothing", "decryption-failed", self.sealed(" "));
        let transport = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
        let content = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
        list.add(
            "RSA 1.5",
            "key-transport-not-allowed",
            open.replace(transport, "http://www.w3.org/2001/04/xmlenc#rsa-1_5"),
        );
        list.add(
            "AES key wrap",
            "key-transport-not-allowed",
            open.replace(transport, "http://www.w3.org/2001/04/xmlenc#kw-aes256"),
        );
        list.add(
            "OAEP with MD5",
            "key-transport-not-allowed",
            open.replace(
                "<ds:DigestMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"/>",
                "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#md5\"/>",
            ),
        );
        list.add(
            "OAEP with an unknown mask",
            "key-transport-not-allowed",
            open.replace(
                "<ds:DigestMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"/>",
                "<e:MGF xmlns:e=\"http://www.w3.org/2009/xmlenc11#\" Algorithm=\"urn:x\"/>",
            ),
        );
        list.add(
            "3DES",
            "encryption-algorithm-not-allowed",
            open.replace(content, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"),
        );
        list.add(
            "AES-CBC label on a GCM ciphertext",
            "decryption-failed",
            open.replace(content, "http://www.w3.org/2001/04/xmlenc#aes256-cbc"),
        );
        list.add(
            "AES-128 label",
            "decryption-failed",
            open.replace(content, "http://www.w3.org/2009/xmlenc11#aes128-gcm"),
        );
        list.add(
            "no content algorithm",
            "encryption-algorithm-not-allowed",
            open.replace(
                &format!("<xenc:EncryptionMethod Algorithm=\"{content}\"/>"),
                "",
            ),
        );
        let value_at = open.rfind("<xenc:CipherValue>").unwrap();
        let value = between(
            &open[value_at..],
            "<xenc:CipherValue>",
            "</xenc:CipherValue>",
        )
        .to_owned();
        let reference = |uri: &str| format!("<xenc:CipherReference URI=\"{uri}\"/>");
        list.add(
            "CipherReference to a file",
            "element-not-allowed",
            open.replace(&value, &reference("file:///etc/passwd")),
        );
        list.add(
            "CipherReference beside CipherValue",
            "element-not-allowed",
            open.replace(&value, &format!("{value}{}", reference("#x"))),
        );
        list.add(
            "two CipherValue",
            "encryption-structure",
            open.replace(&value, &format!("{value}{value}")),
        );
        list.add(
            "CipherValue not base64",
            "encryption-structure",
            open.replace(&value, "<xenc:CipherValue>!</xenc:CipherValue>"),
        );
        list.add(
            "empty CipherValue",
            "decryption-failed",
            open.replace(&value, "<xenc:CipherValue/>"),
        );
        list.add("shortened CipherValue", "decryption-failed", {
            let short = value.replace("</xenc:CipherValue>", "");
            let short = format!("{}</xenc:CipherValue>", &short[..short.len() - 40]);
            open.replace(&value, &short)
        });
        let key = between(&open, "<xenc:EncryptedKey>", "</xenc:EncryptedKey>").to_owned();
        list.add(
            "no EncryptedKey",
            "encryption-structure",
            without(&open, &key),
        );
        list.add(
            "ten EncryptedKeys",
            "encryption-structure",
            open.replace(&key, &key.repeat(10)),
        );
        let data = between(&open, "<xenc:EncryptedData", "</xenc:EncryptedData>").to_owned();
        list.add(
            "two EncryptedData",
            "encryption-structure",
            open.replace(&data, &format!("{data}{data}")),
        );
        list.add(
            "no EncryptedData",
            "encryption-structure",
            without(&open, &data),
        );
        list.add(
            "another element beside EncryptedData",
            "encryption-structure",
            open.replace(&data, &format!("{data}<x/>")),
        );
        list.add(
            "EncryptedData of the type Content",
            "encryption-structure",
            open.replace("xmlenc#Element", "xmlenc#Content"),
        );
        list.add(
            "RetrievalMethod to a file",
            "encryption-structure",
            open.replace(
                &key,
                &format!("{key}<ds:RetrievalMethod URI=\"file:///etc/passwd\"/>"),
            ),
        );
        list.add(
            "RetrievalMethod to the Response",
            "encryption-structure",
            open.replace(
                &key,
                &format!(
                    "{key}<ds:RetrievalMethod URI=\"#{}\"/>",
                    self.spec.response_id
                ),
            ),
        );
        list.add("CBC, unsigned, one bit flipped", "decryption-failed", {
            let spec = ResponseSpec {
                sign_response: false,
                encryption: Some(Encryption {
                    certificate: self.recipient,
                    cipher: Cipher::Aes256Cbc,
                }),
                ..self.spec.clone()
            };
            let xml = self.idp.issue(&spec).unwrap();
            let at = xml.rfind("<xenc:CipherValue>").unwrap() + "<xenc:CipherValue>".len() + 600;
            let flipped = if &xml[at..=at] == "A" { "B" } else { "A" };
            format!("{}{flipped}{}", &xml[..at], &xml[at + 1..])
        });
    }
}
