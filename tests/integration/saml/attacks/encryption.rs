//! Encrypted assertions: swapped, injected, badly wrapped.

use super::*;

impl Workshop<'_> {
    pub(super) fn encryption(&self, list: &mut List) {
        let part = self.issue(false, true);
        let plain = assertion_of(&part);
        let evil = self.evil(plain);
        let cipher = self.ciphers.gcm;
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
        let content = cipher.uri();
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
            "encryption-not-authentic",
            open.replace(content, self.ciphers.cbc.uri()),
        );
        list.add(
            "label of another key length",
            "decryption-failed",
            open.replace(content, self.ciphers.other.uri()),
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
        list.add(
            "CBC, unsigned, one bit flipped",
            "encryption-not-authentic",
            {
                let spec = ResponseSpec {
                    sign_response: false,
                    encryption: Some(Encryption {
                        certificate: self.recipient,
                        cipher: self.ciphers.cbc,
                    }),
                    ..self.spec.clone()
                };
                let xml = self.idp.issue(&spec).unwrap();
                let at =
                    xml.rfind("<xenc:CipherValue>").unwrap() + "<xenc:CipherValue>".len() + 600;
                let flipped = if &xml[at..=at] == "A" { "B" } else { "A" };
                format!("{}{flipped}{}", &xml[..at], &xml[at + 1..])
            },
        );
    }
}
