//! Signature wrapping: the signed assertion is somewhere else than where an application reads.

use super::*;

impl Workshop<'_> {
    pub(super) fn wrapping(&self, list: &mut List) {
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
}
