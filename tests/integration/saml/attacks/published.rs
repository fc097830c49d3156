//! Attacks that were published against other implementations, each under the number of its
//! advisory. Where there are several ways to write one, each is here.

use data_encoding::BASE64;

use super::*;

/// SHA-256 of nothing: what a canonicalization that fails in silence hashes to.
const NOTHING: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
const SIGNED_INFO_END: &str = "</ds:SignedInfo>";
const DIGEST_START: &str = "<ds:DigestValue>";
const DIGEST_END: &str = "</ds:DigestValue>";

impl Workshop<'_> {
    pub(super) fn published(&self, list: &mut List) {
        self.comments(list);
        self.several(list);
        self.digests(list);
        self.parsers(list);
        self.canonicalization(list);
    }

    /// A name cut short at a comment, by a parser that reads the first text node.
    fn comments(&self, list: &mut List) {
        let name = format!("{}.evil.example", self.spec.name_id);
        let spec = ResponseSpec {
            name_id: &name,
            ..self.spec.clone()
        };
        let whole = self.idp.issue(&spec).unwrap();
        for (class, cut) in [
            ("CVE-2017-11427: comment in the NameID", "<!---->"),
            (
                "CVE-2017-11428: long comment in the NameID",
                "<!-- a > b -->",
            ),
            ("CVE-2018-0489: CDATA section in the NameID", "<![CDATA[]]>"),
        ] {
            let at = format!(">{}{cut}.evil.example<", self.spec.name_id);
            // None of these is in the signed bytes: it is read, as the whole name, whose domain is
            // foreign.
            list.add(
                class,
                "email-domain",
                whole.replace(&format!(">{name}<"), &at),
            );
        }
        list.add(
            "CVE-2017-11427: processing instruction in the NameID",
            "processing-instruction",
            whole.replace(
                &format!(">{name}<"),
                &format!(">{}<?x?>.evil.example<", self.spec.name_id),
            ),
        );
    }

    /// A signed assertion, and others beside or inside it.
    fn several(&self, list: &mut List) {
        let part = self.issue(false, true);
        let original = assertion_of(&part);
        let evil = self.evil(original);
        list.add(
            "CVE-2022-41912: a second, unsigned assertion behind",
            "assertion-several",
            part.replace(original, &format!("{original}{evil}")),
        );
        let signature = signature_of(original);
        let copied = after(&evil, "</saml2:Issuer>", signature);
        list.add(
            "CVE-2022-41912: a second one with the first one's signature",
            "assertion-several",
            part.replace(original, &format!("{original}{copied}")),
        );
        let whole = self.issue(true, false);
        let plain = assertion_of(&whole);
        list.add(
            "CVE-2022-41912: a second one in a signed response",
            "assertion-several",
            whole.replace(plain, &format!("{plain}{}", self.evil(plain))),
        );
        list.add(
            "CVE-2022-41912: an encrypted one beside",
            "assertion-several",
            part.replace(original, &format!("{original}{}", self.encrypt(&evil))),
        );
        // The library verified the first element with the ID; the application took the first
        // assertion.
        let sibling = format!("<saml2p:Extensions>{original}</saml2p:Extensions>");
        list.add(
            "CVE-2025-47949: forged assertion, the signed one in Extensions",
            "assertion-several",
            part.replace(original, &evil).replacen(
                "<saml2p:Status>",
                &format!("{sibling}<saml2p:Status>"),
                1,
            ),
        );
        let detail = format!("<saml2p:StatusDetail>{original}</saml2p:StatusDetail>");
        list.add(
            "CVE-2025-47949: the signed one in StatusDetail",
            "assertion-several",
            part.replace(original, &evil).replacen(
                "</saml2p:Status>",
                &format!("{detail}</saml2p:Status>"),
                1,
            ),
        );
        list.add(
            "CVE-2025-47949: the signed one in the forged one's KeyInfo",
            "assertion-several",
            part.replace(
                original,
                &after(
                    &evil,
                    "</saml2:Issuer>",
                    &signature.replacen("<ds:KeyInfo>", &format!("<ds:KeyInfo>{original}"), 1),
                ),
            ),
        );
        list.add(
            "CVE-2025-47949: the signed one under another root",
            "root-not-response",
            format!("<x>{evil}{original}</x>"),
        );
        // Verified from the signed bytes, read from the document that came.
        for (class, from, to) in [
            (
                "CVE-2025-54419: unsigned changes, NameID",
                self.spec.name_id.to_owned(),
                MALLORY.to_owned(),
            ),
            (
                "CVE-2025-54419: unsigned changes, one character",
                format!(">{}<", self.spec.name_id),
                format!(">{}<", self.spec.name_id.replacen('a', "b", 1)),
            ),
            (
                "CVE-2025-54419: unsigned changes, a value's text",
                ">Ann<".to_owned(),
                ">Root<".to_owned(),
            ),
        ] {
            list.add(class, "signature-invalid", part.replace(&from, &to));
        }
        list.add(
            "CVE-2025-54419: unsigned changes around the signed assertion",
            "issuer-mismatch",
            part.replacen("http://www.okta.com/", "http://evil.example/", 1),
        );
    }

    /// Digests and SignedInfo that one part of the code reads and another verifies.
    fn digests(&self, list: &mut List) {
        let part = self.issue(false, true);
        let original = assertion_of(&part).to_owned();
        let info = between(&part, "<ds:SignedInfo>", SIGNED_INFO_END).to_owned();
        let digest = between(&info, DIGEST_START, DIGEST_END).to_owned();
        let forged = part.replace(self.spec.name_id, MALLORY);
        let smuggled = digest.replace(DIGEST_START, "<ds:DigestValue>AAAA");
        // ruby-saml looked for `//ds:DigestValue` in the whole document.
        list.add(
            "CVE-2024-45409: DigestValue smuggled into StatusDetail",
            "signature-invalid",
            forged.replacen(
                "</saml2p:Status>",
                &format!(
                    "<saml2p:StatusDetail xmlns:ds=\"{DSIG}\">{smuggled}</saml2p:StatusDetail>\
                     </saml2p:Status>"
                ),
                1,
            ),
        );
        list.add(
            "CVE-2024-45409: DigestValue smuggled before the Status",
            "signature-invalid",
            forged.replacen(
                "<saml2p:Status>",
                &format!(
                    "<saml2p:Extensions xmlns:ds=\"{DSIG}\">{smuggled}</saml2p:Extensions>\
                     <saml2p:Status>"
                ),
                1,
            ),
        );
        list.add(
            "CVE-2024-45409: a whole Signature smuggled into StatusDetail",
            "signature-misplaced",
            forged.replacen(
                "</saml2p:Status>",
                &format!(
                    "<saml2p:StatusDetail>{}</saml2p:StatusDetail></saml2p:Status>",
                    signature_of(&part)
                ),
                1,
            ),
        );
        list.add(
            "CVE-2024-45409: DigestValue smuggled into KeyInfo",
            "signature-invalid",
            forged.replacen("<ds:KeyInfo>", &format!("<ds:KeyInfo>{smuggled}"), 1),
        );
        // xml-crypto verified one SignedInfo and took the references of another.
        let other = info.replace(&digest, "<ds:DigestValue>AAAA</ds:DigestValue>");
        for (class, twice) in [
            (
                "CVE-2025-29774: two SignedInfo, the forged one first",
                format!("{other}{info}"),
            ),
            (
                "CVE-2025-29774: two SignedInfo, the forged one last",
                format!("{info}{other}"),
            ),
        ] {
            list.add(class, "signature-structure", forged.replace(&info, &twice));
        }
        list.add(
            "CVE-2025-29774: a SignedInfo inside the Reference",
            "reference-structure",
            forged.replace(&digest, &format!("{digest}{info}")),
        );
        list.add(
            "CVE-2025-29774: a SignedInfo of no namespace",
            "foreign-namespace",
            forged.replace(&info, &format!("<SignedInfo/>{info}")),
        );
        let bare = digest.replace(DIGEST_START, "").replace(DIGEST_END, "");
        let own = self.digest_of_forged(&original);
        for (class, content) in [
            (
                "CVE-2025-29775: DigestValue before a comment",
                format!("{own}<!--{bare}-->"),
            ),
            (
                "CVE-2025-29775: DigestValue behind a comment",
                format!("<!--{own}-->{bare}"),
            ),
            (
                "CVE-2025-29775: a comment within DigestValue",
                format!("{}<!---->{}", &bare[..20], &bare[20..]),
            ),
        ] {
            let changed = format!("{DIGEST_START}{content}{DIGEST_END}");
            list.add(
                class,
                "signature-content",
                forged.replace(&digest, &changed),
            );
        }
        list.add(
            "CVE-2025-29775: two digests in one DigestValue",
            "signature-invalid",
            forged.replace(&digest, &format!("{DIGEST_START}{own} {bare}{DIGEST_END}")),
        );
    }

    /// The digest that the forged assertion would need.
    fn digest_of_forged(&self, original: &str) -> String {
        let spec = ResponseSpec {
            sign_response: false,
            name_id: MALLORY,
            ..self.spec.clone()
        };
        let forged = self.impostor.issue(&spec).unwrap();
        assert_ne!(assertion_of(&forged), original);
        between(&forged, DIGEST_START, DIGEST_END)
            .replace(DIGEST_START, "")
            .replace(DIGEST_END, "")
    }

    /// Two parsers, or one parser twice, that read one document in two ways.
    fn parsers(&self, list: &mut List) {
        let part = self.issue(false, true);
        let bare = part.replacen("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "", 1);
        let original = assertion_of(&part);
        let evil = self.evil(original);
        // REXML and Nokogiri disagreed about where a DOCTYPE, a comment or an attribute ends.
        list.add(
            "CVE-2025-25291: an assertion inside a DOCTYPE",
            "xml-doctype",
            format!("<!DOCTYPE saml2p:Response [<!-- ]>{evil}<!-- --> ]>{bare}"),
        );
        list.add(
            "CVE-2025-25291: quotes and brackets in a DOCTYPE",
            "xml-doctype",
            format!("<!DOCTYPE r SYSTEM 'x\"]>' [<!ENTITY a \"]><x/>\">]>{bare}"),
        );
        list.add(
            "CVE-2025-25291: an assertion inside a notation",
            "xml-doctype",
            format!("<!DOCTYPE r [<!NOTATION n PUBLIC \"'>{evil}\">]>{bare}"),
        );
        list.add(
            "CVE-2025-25291: the forged one hidden in a CDATA section",
            "assertion-several",
            part.replace(
                original,
                &format!("<![CDATA[>]]>{evil}<![CDATA[<]]>{original}"),
            ),
        );
        list.add(
            "CVE-2025-25291: a comment that never ends",
            "xml-malformed",
            part.replace(original, &format!("<!--{evil}{original}")),
        );
        list.add(
            "CVE-2025-25291: a comment with two hyphens",
            "xml-malformed",
            part.replace(original, &format!("<!-- -- >{evil}<!-- -->{original}")),
        );
        for encoding in ["UTF-7", "UTF-16", "ISO-8859-1", "x-unknown"] {
            let class = match encoding {
                "UTF-7" => "CVE-2025-25291: said to be UTF-7",
                "UTF-16" => "CVE-2025-25291: said to be UTF-16",
                "ISO-8859-1" => "CVE-2025-25291: said to be ISO-8859-1",
                _ => "CVE-2025-25291: said to be of an unknown encoding",
            };
            let said = format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>");
            let text = bare.replace(self.spec.name_id, "+AG0-allory@acme.com");
            list.add(class, "signature-invalid", format!("{said}{text}"));
        }
        // Namespaces that a round trip through another serializer binds anew.
        let signature = signature_of(original);
        for (class, code, from, to) in [
            (
                "CVE-2025-25292: Signature by a second prefix",
                "signature-several",
                "<ds:Signature ",
                format!("<x:Signature xmlns:x=\"{DSIG}\"/><ds:Signature "),
            ),
            (
                "CVE-2025-25292: Signature of a foreign namespace first",
                "foreign-namespace",
                "<ds:Signature ",
                "<Signature xmlns=\"urn:x\"/><ds:Signature ".to_owned(),
            ),
            (
                "CVE-2025-25292: prefix bound to nothing",
                "namespace-relative",
                "<saml2:Subject>",
                "<saml2:Subject xmlns:saml2=\"\">".to_owned(),
            ),
            (
                "CVE-2025-25292: xmlns bound as a prefix",
                "xml-malformed",
                "<saml2:Subject>",
                "<saml2:Subject xmlns:xmlns=\"urn:x\">".to_owned(),
            ),
            (
                "CVE-2025-25292: xml bound to another namespace",
                "xml-malformed",
                "<saml2:Subject>",
                "<saml2:Subject xmlns:xml=\"urn:x\">".to_owned(),
            ),
            (
                "CVE-2025-25292: two attributes of one expanded name",
                "xml-malformed",
                "<saml2:Subject>",
                "<saml2:Subject xmlns:a=\"urn:x\" xmlns:b=\"urn:x\" a:y=\"\" b:y=\"\">".to_owned(),
            ),
            (
                "CVE-2025-25292: a tag with a colon too many",
                "signature-invalid",
                "<saml2:Subject>",
                "<a:b:c xmlns:a=\"urn:x\"/><saml2:Subject>".to_owned(),
            ),
        ] {
            assert!(signature.starts_with("<ds:Signature "));
            list.add(class, code, part.replacen(from, &to, 1));
        }
    }

    /// "Void canonicalization", 2025: canonicalizing fails, gives nothing, and the digest of
    /// nothing is right.
    fn canonicalization(&self, list: &mut List) {
        let part = self.issue(false, true);
        let digest = between(&part, DIGEST_START, DIGEST_END).to_owned();
        let void = format!("{DIGEST_START}{NOTHING}{DIGEST_END}");
        let forged = part
            .replace(self.spec.name_id, MALLORY)
            .replace(&digest, &void);
        list.add(
            "void canonicalization: the digest of nothing",
            "signature-invalid",
            forged.clone(),
        );
        for (class, code, namespace) in [
            (
                "void canonicalization: relative namespace",
                "namespace-relative",
                "1",
            ),
            (
                "void canonicalization: relative namespace with a path",
                "namespace-relative",
                "../x",
            ),
            (
                "void canonicalization: namespace with a fragment alone",
                "namespace-relative",
                "#x",
            ),
            (
                "void canonicalization: namespace that is no URI",
                "namespace-relative",
                "a b",
            ),
            (
                "void canonicalization: namespace with a space after its scheme",
                "signature-invalid",
                "urn: x",
            ),
            (
                "void canonicalization: namespace with a broken escape",
                "signature-invalid",
                "urn:%zz",
            ),
        ] {
            list.add(
                class,
                code,
                forged.replacen(
                    "<saml2:Subject>",
                    &format!("<saml2:Subject xmlns:v=\"{namespace}\" v:a=\"\">"),
                    1,
                ),
            );
        }
        let bound = |prefixes: &str| {
            forged.replacen(
                "PrefixList=\"xs\"",
                &format!("PrefixList=\"{prefixes}\""),
                1,
            )
        };
        list.add(
            "void canonicalization: a prefix list of what is nowhere bound",
            "signature-invalid",
            bound("nowhere #default xml xmlns"),
        );
        list.add(
            "void canonicalization: a very long prefix list",
            "transforms-not-allowed",
            bound(&(0..10_000).map(|n| format!("p{n} ")).collect::<String>()),
        );
        list.add(
            "void canonicalization: an empty DigestValue",
            "signature-invalid",
            {
                let empty = format!("{DIGEST_START}{DIGEST_END}");
                part.replace(self.spec.name_id, MALLORY)
                    .replace(&digest, &empty)
            },
        );
        list.add(
            "void canonicalization: a signature of nothing by nothing",
            "signature-invalid",
            {
                let value = between(&forged, "<ds:SignatureValue>", "</ds:SignatureValue>");
                let nothing = format!(
                    "<ds:SignatureValue>{}</ds:SignatureValue>",
                    BASE64.encode(&[0; 256])
                );
                forged.replace(value, &nothing)
            },
        );
    }
}
