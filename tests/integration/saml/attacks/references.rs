//! Abuse of SignedInfo and its Reference: other targets, transforms, algorithms and structures.
//! All but the damaged ones are signed with the real key, where the library can make them.

use super::*;

impl Workshop<'_> {
    pub(super) fn references(&self, list: &mut List) {
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
}
