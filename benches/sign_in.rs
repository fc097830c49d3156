//! Sign-ins: what one response costs a processor, and how many in a second end with a session on
//! disk.
//!
//! The limits, in the same run: the RSA verification and the XML parse without which no response
//! can be believed, and group-committed inserts of one row, without which no session is kept. Beside
//! them what OpenSSL takes for the verification, and samael with xmlsec1 for the whole, if they are
//! there.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on says so, and prints what it finds"
)]

mod measure;

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKey, KeySize};
use aws_lc_rs::signature::{
    KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use measure::appliance::{Appliance, form_value, person, request};
use measure::others;
use measure::{Place, at_once, cpu_per_call, group_commit, in_full, scale, wall};
use portcullis::clock;
use portcullis::demo::identity_provider::{Cipher, Encryption, IdentityProvider, ResponseSpec};
use portcullis::edge::Method;
use portcullis::saml::certificate::Certificate;
use portcullis::saml::mapping::Mapping;
use portcullis::saml::response::{DecryptionKey, Expectation, Trust, open};

/// As in `main.rs`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ISSUER: &str = "http://www.okta.com/exkbench";
const SSO: &str = "https://acme.okta.com/app/acme_1/exkbench/sso/saml";
const BROWSERS: usize = 64;
/// What verifying a response may take of a processor, signed once and signed twice.
const ONCE: Duration = Duration::from_micros(250);
const TWICE: Duration = Duration::from_micros(480);

fn main() -> ExitCode {
    let identity_provider = IdentityProvider::generate(ISSUER, SSO).unwrap();
    println!("verification of one response, time on a processor");
    let (verified, holds) = verification(&identity_provider);
    println!();
    println!("whole sign-ins, each session durable, {BROWSERS} browsers at once");
    durable(&identity_provider, verified);
    // A twentieth of the calls proves that this runs, and nothing about limits.
    if holds || !in_full() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Returns what the response costs that Okta sends unless told otherwise, and whether the limits hold.
fn verification(identity_provider: &IdentityProvider) -> (Duration, bool) {
    let certificate = Certificate::parse(identity_provider.certificate()).unwrap();
    let trust = Trust::new(&[certificate]);
    let (recipient, key) = recipient();
    let keys = [DecryptionKey::from_pkcs8(&key).unwrap()];
    let acs = "https://door.example/saml/abc/acs";
    let audience = "https://door.example/saml/abc/metadata";
    let domains = ["acme.com".to_owned()];
    let mapping = Mapping::default();
    let expectation = Expectation {
        issuer: ISSUER,
        acs_url: acs,
        audience,
        in_response_to: Some("_1"),
        allow_unsolicited: false,
        domains: &domains,
        skew: Duration::from_secs(180),
        mapping: &mapping,
        authentication: Default::default(),
    };
    let now = clock::now();
    let plain = person(acs, audience, "ada@acme.com", "_1");
    let encryption = Some(Encryption {
        certificate: &recipient,
        cipher: Cipher::Aes256Gcm,
    });
    let once = ResponseSpec {
        sign_response: false,
        ..plain.clone()
    };
    let encrypted = ResponseSpec {
        encryption,
        ..plain.clone()
    };

    let rsa = rsa_verification();
    line("limit: RSA-2048 verification", rsa, "AWS-LC");
    match others::openssl_rsa_verification() {
        Some(took) => line("the same", took, "openssl speed"),
        None => println!("  the same: no openssl on this machine"),
    }
    let xml = identity_provider.issue(&plain).unwrap();
    let parse = cpu_per_call(|| {
        let parser = uppsala::Parser::new()
            .with_forbid_dtd(true)
            .with_forbid_entities(true);
        black_box(parser.parse(&xml).unwrap());
    });
    line("limit: one parse of that XML", parse, "");
    let cost = |spec: &ResponseSpec<'_>| {
        let xml = identity_provider.issue(spec).unwrap();
        let value = form_value(&xml);
        let took = cpu_per_call(|| {
            let opened = open(&value, &trust, &keys).unwrap();
            black_box(opened.check(&expectation, now).unwrap());
        });
        (took, format!("{:.1} KB of XML", xml.len() as f64 / 1e3))
    };
    // Two signatures, and no value may be read that wasn't parsed out of signed bytes.
    let least = 2 * (rsa + parse);
    let (usual, size) = cost(&plain);
    let times = usual.as_secs_f64() / least.as_secs_f64();
    let verdict = held(usual, TWICE);
    line(
        "signed twice (Okta's default)",
        usual,
        &format!("{size}, {times:.1} x two of each limit, {verdict}"),
    );
    let (once_took, size) = cost(&once);
    let verdict = held(once_took, ONCE);
    line("assertion signed", once_took, &format!("{size}, {verdict}"));
    let (took, size) = cost(&encrypted);
    line("signed twice and encrypted", took, &size);
    let case = others::Case {
        metadata: identity_provider.metadata(),
        acs,
        audience,
        request: "_1",
        xml: [&once, &plain].map(|spec| identity_provider.issue(spec).unwrap()),
    };
    let place = Place::new("verification");
    match others::samael(&case, &place.file("case.json")) {
        Some([once, twice]) => {
            line(
                "samael and xmlsec1, signed twice",
                twice,
                "time on the wall",
            );
            line("samael and xmlsec1, assertion", once, "time on the wall");
        }
        None => println!(
            "  samael and xmlsec1: not built (cargo build --release in tests/peers/samael_reader)"
        ),
    }
    (usual, usual <= TWICE && once_took <= ONCE)
}

/// Whether a verification stays within what it may take.
fn held(took: Duration, most: Duration) -> String {
    let word = if took <= most { "within" } else { "OVER" };
    format!("{word} {} µs", most.as_micros())
}

fn line(what: &str, took: Duration, note: &str) {
    let micros = took.as_secs_f64() * 1e6;
    println!(
        "  {what:<32}{micros:>8.1} µs {:>8.0}/s and core  {note}",
        1e6 / micros
    );
}

/// As OpenSSL's speed test has it: the key is at hand, the hash covers a SignedInfo.
fn rsa_verification() -> Duration {
    let key = RsaKey::generate(KeySize::Rsa2048).unwrap();
    let signed_info = [b'x'; 800];
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        &signed_info,
        &mut signature,
    )
    .unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key())
        .parse()
        .unwrap();
    cpu_per_call(|| public.verify_sig(&signed_info, &signature).unwrap())
}

fn recipient() -> (Vec<u8>, Vec<u8>) {
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
        .unwrap();
    let certificate = rcgen::CertificateParams::default()
        .self_signed(&key)
        .unwrap();
    (certificate.der().to_vec(), key.serialize_der())
}

/// A browser that comes back from the identity provider.
struct Answer {
    cookie: String,
    body: String,
}

fn durable(identity_provider: &IdentityProvider, verified: Duration) {
    let place = Place::new("sign-in");
    let limit = group_commit(
        &place.file("limit.db"),
        BROWSERS,
        wall(Duration::from_secs(2)),
    );
    println!("  limit: inserts, group commit {limit}");

    let appliance = Appliance::on(&place.file("portcullis.db"));
    let provider = appliance.trust(identity_provider);
    // The service provider's keys are made at the first need, which takes a second.
    let metadata = request(Method::Get, &format!("/saml/{provider}/metadata"));
    assert_eq!(appliance.ask(metadata).status, 200);
    let all = scale(4_000);
    let started = Mutex::new(Vec::with_capacity(all));
    let starts = at_once(BROWSERS, Duration::MAX / 4, |thread, number| {
        let Some(person) = nth(thread, number, all) else {
            return false;
        };
        let answer = start(&appliance, &provider);
        started.lock().unwrap().push((person, answer.0, answer.1));
        true
    });
    println!("  starts: GET /saml/…/login   {starts}");

    // Signing takes longer than verifying, and isn't ours to do.
    let answers = signed(identity_provider, started.into_inner().unwrap());
    for round in ["first: the user is made", "later: the user is linked"] {
        let taken = &answers;
        let half = all / 2;
        let offset = if round.starts_with("first") { 0 } else { half };
        let sign_ins = at_once(BROWSERS, Duration::MAX / 4, |thread, number| {
            let Some(number) = nth(thread, number, half) else {
                return false;
            };
            let answer = &taken[offset + number];
            let post = request(Method::Post, &format!("/saml/{provider}/acs"))
                .with_header("content-type", "application/x-www-form-urlencoded")
                .with_header("origin", "https://acme.okta.com")
                .with_header("cookie", &answer.cookie)
                .with_body(answer.body.as_bytes());
            let response = appliance.ask(post);
            assert_eq!(
                response.status,
                303,
                "{}",
                String::from_utf8_lossy(response.bytes())
            );
            true
        });
        println!("  {round:<28}{sign_ins}");
        let least = verified + limit.cpu_per_call();
        println!(
            "  {:<28}{:>8.0}/s and core, {:.1} x a verification and an insert",
            "",
            1.0 / sign_ins.cpu_per_call().as_secs_f64(),
            sign_ins.cpu_per_call().as_secs_f64() / least.as_secs_f64(),
        );
    }
}

/// The number of a thread's next browser, if there are that many.
fn nth(thread: usize, number: usize, all: usize) -> Option<usize> {
    Some(number * BROWSERS + thread).filter(|nth| *nth < all)
}

/// The sign-in cookie and the identity provider's address with the AuthnRequest.
fn start(appliance: &Appliance, provider: &str) -> (String, String) {
    let response = appliance.ask(request(Method::Get, &format!("/saml/{provider}/login")));
    assert_eq!(response.status, 303);
    let cookie = response.header_value("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    (
        cookie,
        response.header_value("location").unwrap().to_owned(),
    )
}

/// Each person of the first half comes back in the second.
fn signed(
    identity_provider: &IdentityProvider,
    mut started: Vec<(usize, String, String)>,
) -> Vec<Answer> {
    started.sort_unstable();
    let half = started.len() / 2;
    let issue = |(number, cookie, location): &(usize, String, String)| {
        let query = location.split_once('?').unwrap().1;
        let mut values = form_urlencoded::parse(query.as_bytes());
        let saml_request = values.next().unwrap().1;
        let relay_state = values.next().unwrap().1;
        let asked = identity_provider.read_request(&saml_request).unwrap();
        let name = format!("user{}@acme.com", number % half);
        let (response_id, assertion_id) = (format!("id-r{number}"), format!("id-a{number}"));
        let spec = ResponseSpec {
            response_id: &response_id,
            assertion_id: &assertion_id,
            ..person(&asked.acs_url, &asked.issuer, &name, &asked.id)
        };
        let xml = identity_provider.issue(&spec).unwrap();
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("SAMLResponse", &form_value(&xml))
            .append_pair("RelayState", &relay_state)
            .finish();
        Answer {
            cookie: cookie.clone(),
            body,
        }
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let running: Vec<_> = started
            .chunks(started.len().div_ceil(processors))
            .map(|part| scope.spawn(move || part.iter().map(issue).collect::<Vec<_>>()))
            .collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    })
}
