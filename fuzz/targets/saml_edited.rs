//! Edits of a response that is signed twice: if it is still accepted, it still says the same.
//!
//! Input: edits of four bytes and an insertion each: where (two bytes), how many bytes go, how
//! many of the following input bytes come in their place. Bytes 0x80 to 0xff of an insertion stand
//! for what attackers use.

#![no_main]

mod okta;

use libfuzzer_sys::fuzz_target;

const PIECES: [&str; 16] = [
    "<!---->",
    "<![CDATA[",
    "]]>",
    "<?x?>",
    "&#x41;",
    "</saml2:Assertion>",
    "<saml2:Assertion ID=\"x\">",
    "<ds:Object>",
    "</ds:Object>",
    "ID=\"id30406758004720386186391475\"",
    "<saml2:NameID>eve@acme.com</saml2:NameID>",
    "xmlns:saml2=\"urn:x\"",
    "<!DOCTYPE a [<!ENTITY b \"c\">]>",
    "URI=\"\"",
    "eve@acme.com",
    "\u{202e}",
];

fuzz_target!(|input: &[u8]| {
    let mut text = okta::SIGNED.as_bytes().to_vec();
    let mut rest = input;
    while let [a, b, gone, come, tail @ ..] = rest {
        let at = usize::from(u16::from_be_bytes([*a, *b])) % (text.len() + 1);
        let end = (at + usize::from(*gone)).min(text.len());
        let (piece, tail) = tail.split_at(tail.len().min(usize::from(*come % 32)));
        let piece: Vec<u8> = piece
            .iter()
            .flat_map(|byte| match byte {
                0x80.. => PIECES[usize::from(byte % 16)].as_bytes().to_vec(),
                _ => vec![*byte],
            })
            .collect();
        text.splice(at..end, piece);
        rest = tail;
    }
    if let Ok(accepted) = okta::sign_in(&text) {
        assert_eq!(okta::what_it_says(&accepted), *okta::SAYS);
    }
});
