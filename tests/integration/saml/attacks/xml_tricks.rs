//! What XML itself allows: DTDs, depth, namespaces, broken documents.

use super::*;

impl Workshop<'_> {
    pub(super) fn xml_tricks(&self, list: &mut List) {
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
        list.add("a namespace of 100,000 bytes", "namespaces-too-many", {
            let (long, used) = ("n".repeat(100_000), "<q:x/>".repeat(20_000));
            let many = format!("<a xmlns:q=\"urn:{long}\">{used}</a>");
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
}
