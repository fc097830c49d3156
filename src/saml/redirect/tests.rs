use super::*;

struct Signer {
    key: SigningKey,
    certificate: Certificate,
}

fn signer() -> Signer {
    let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
        .unwrap();
    let made = rcgen::CertificateParams::default()
        .self_signed(&pair)
        .unwrap();
    let certificate = Certificate::parse(made.der()).unwrap();
    let key = SigningKey::from_pkcs8(&pair.serialize_der(), &certificate.der).unwrap();
    Signer { key, certificate }
}

const SLO: &str = "https://door.example/saml/abc/slo";
const SHA1: &str = "http%3A%2F%2Fwww.w3.org%2F2000%2F09%2Fxmldsig%23rsa-sha1";
const SHA256: &str = "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256";

fn query(signer: Option<&Signer>, relay_state: &str) -> String {
    let key = signer.map(|s| &s.key);
    let url = url(SLO, Field::Request, "<a>b</a>", relay_state, key).unwrap();
    url.split_once('?').unwrap().1.to_owned()
}

#[test]
fn what_is_signed_verifies_with_its_key_only() {
    let (ours, other) = (signer(), signer());
    let good = query(Some(&ours), "a b&c=d");
    let message = parse(&good).unwrap();
    assert_eq!(
        (message.xml.as_str(), message.field),
        ("<a>b</a>", Field::Request)
    );
    assert_eq!(message.relay_state.as_deref(), Some("a b&c=d"));
    let both = [other.certificate.clone(), ours.certificate.clone()];
    assert_eq!(message.verify(&both), Ok(()));
    assert_eq!(
        message.verify(&[other.certificate]),
        Err(QueryError::Signature)
    );
    assert_eq!(message.verify(&[]), Err(QueryError::Signature));
    let unsigned = parse(&query(None, "")).unwrap();
    assert!(!unsigned.is_signed());
    assert_eq!(unsigned.verify(&both), Err(QueryError::Signature));
}

#[test]
fn changes_on_the_way_are_seen_and_another_order_changes_nothing() {
    let ours = signer();
    let good = query(Some(&ours), "state");
    let pinned = [ours.certificate.clone()];
    let verified = |query: &str| parse(query).and_then(|m| m.verify(&pinned));
    let mut parts: Vec<&str> = good.split('&').collect();
    parts.reverse();
    assert_eq!(verified(&parts.join("&")), Ok(()));
    assert_eq!(verified(&format!("{good}&other=1")), Ok(()));
    let swapped = good.replace(SHA256, &SHA256.replace("256", "512"));
    assert_eq!(verified(&swapped), Err(QueryError::Signature));
    // The same text in other octets is not what was signed.
    let lower = good.replace("%2F", "%2f");
    assert_eq!(verified(&lower), Err(QueryError::Signature));
    for (from, to) in [("=state", "=other"), ("&RelayState=state", "")] {
        assert_eq!(
            verified(&good.replace(from, to)),
            Err(QueryError::Signature)
        );
    }
    let sha1 = verified(&good.replace(SHA256, SHA1)).unwrap_err();
    assert!(matches!(sha1, QueryError::Algorithm(_)), "{sha1}");
    let renamed = good.replace("SAMLRequest=", "SAMLResponse=");
    assert_eq!(verified(&renamed), Err(QueryError::Signature));
}

#[test]
fn lower_case_percent_encoding_is_taken_as_it_was_signed() {
    let ours = signer();
    let unsigned = query(None, "").replace("%2F", "%2f").replace("%2B", "%2b");
    let octets = format!("{unsigned}&SigAlg={}", SHA256.to_lowercase());
    let signature = BASE64.encode(&ours.key.over(octets.as_bytes()).unwrap());
    let message = parse(&format!("{octets}&Signature={}", encoded(&signature))).unwrap();
    assert_eq!(message.verify(&[ours.certificate]), Ok(()));
}

#[test]
fn repeated_parameters_are_refused_in_every_disguise() {
    let good = query(Some(&signer()), "state");
    for name in ["SAMLRequest", "RelayState", "SigAlg", "Signature"] {
        for again in [
            name.to_owned(),
            name.replace('S', "%53").replace('R', "%52"),
        ] {
            let doubled = format!("{good}&{again}=x");
            assert_eq!(
                parse(&doubled),
                Err(QueryError::Repeated(name)),
                "{doubled}"
            );
        }
    }
    let both = format!("{good}&SAMLResponse=x");
    assert_eq!(parse(&both), Err(QueryError::NoMessage));
    assert_eq!(parse(""), Err(QueryError::NoMessage));
    let (half, _) = good.split_once("&Signature=").unwrap();
    assert_eq!(parse(half), Err(QueryError::HalfSigned));
}

#[test]
fn everything_has_a_bound() {
    let big = |size: usize| {
        let message = encoded(&BASE64.encode(&deflated(&vec![b'a'; size])));
        parse(&format!("SAMLRequest={message}"))
    };
    assert_eq!(big(MAX_XML).unwrap().xml.len(), MAX_XML);
    assert!(matches!(big(MAX_XML + 1), Err(QueryError::TooBig(_))));
    // 30 MB in 30 KB.
    assert!(matches!(big(30 << 20), Err(QueryError::TooBig(_))));
    let long = format!("SAMLRequest={}", "A".repeat(MAX_QUERY));
    assert!(matches!(parse(&long), Err(QueryError::TooBig(_))));
    let many = "a=1&".repeat(MAX_PARAMETERS);
    assert!(matches!(parse(&many), Err(QueryError::TooBig(_))));
    let state = format!(
        "SAMLRequest=&RelayState={}",
        "a".repeat(MAX_RELAY_STATE + 1)
    );
    assert!(matches!(parse(&state), Err(QueryError::TooBig(_))));
}

#[test]
fn what_cannot_be_decoded_is_named() {
    for (query, name) in [
        ("SAMLRequest=%21", "SAMLRequest"),
        ("SAMLRequest=AAAA", "SAMLRequest"),
        ("SAMLRequest=&RelayState=%FF", "RelayState"),
        ("SAMLRequest=&SigAlg=a&Signature=%21", "Signature"),
    ] {
        let error = parse(query).unwrap_err();
        assert!(
            matches!(error, QueryError::Undecodable(n, _) if n == name),
            "{query}: {error}"
        );
    }
    let other = "SAMLRequest=&SAMLEncoding=gzip";
    assert_eq!(parse(other), Err(QueryError::Encoding));
}
