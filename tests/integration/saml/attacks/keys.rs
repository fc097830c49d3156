//! Signatures by other keys, or by none.

use super::*;

impl Workshop<'_> {
    pub(super) fn keys(&self, list: &mut List) {
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
}
