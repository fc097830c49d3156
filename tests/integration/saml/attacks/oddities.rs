//! Validly signed documents that are odd.

use super::*;

impl Workshop<'_> {
    pub(super) fn oddities(&self, list: &mut List) {
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
            "assertion-structure",
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
}
