//! Pasted certificates: PEM, bare base64 or DER. What is accepted is the same certificate when it
//! comes back as the DER that is stored.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::saml::certificate::Certificate;
use portcullis::saml::response::Trust;

fuzz_target!(|input: &[u8]| {
    let Ok(certificate) = Certificate::parse(input) else {
        return;
    };
    let again = Certificate::parse(&certificate.der).expect("what is stored can be read again");
    assert_eq!(again.fingerprint(), certificate.fingerprint());
    assert_eq!(again.subject(), certificate.subject());
    assert_eq!(again.not_after(), certificate.not_after());
    // The verifier loads the same key with another library.
    let described = format!("{:?}", Trust::new(&[again]));
    assert!(
        described.contains(&certificate.fingerprint()),
        "{described}"
    );
});
