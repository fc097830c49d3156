//! What other programs on this machine take for the same, where they are there.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

/// OpenSSL's own measure of one RSA-2048 verification; `None` without its command line.
pub(crate) fn openssl_rsa_verification() -> Option<Duration> {
    let out = Command::new("openssl")
        .args(["speed", "-seconds", "1", "rsa2048"])
        .output()
        .ok()?;
    let text = String::from_utf8(out.stdout).ok()?;
    // rsa 2048 bits 0.000602s 0.000018s   1661.1  55865.6
    let line = text.lines().find(|line| line.starts_with("rsa 2048"))?;
    let per_second: f64 = line.split_whitespace().last()?.parse().ok()?;
    (per_second > 0.0).then(|| Duration::from_secs_f64(1.0 / per_second))
}

/// A response with everything that a service provider expects of it.
pub(crate) struct Case<'a> {
    pub(crate) metadata: String,
    pub(crate) acs: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) request: &'a str,
    /// Signed once and signed twice.
    pub(crate) xml: [String; 2],
}

/// samael with libxml2 and xmlsec1 on the same two responses, by `tests/peers/samael_reader` if
/// that has been built in release mode.
pub(crate) fn samael(case: &Case<'_>, file: &Path) -> Option<[Duration; 2]> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/peers/samael_reader/target/release/samael-reader");
    let [once, twice] = &case.xml;
    let index = json!({
        "metadata": case.metadata,
        "acs": case.acs,
        "audience": case.audience,
        "request": case.request,
        "valid": { "once": once, "twice": twice },
    });
    std::fs::write(file, index.to_string()).ok()?;
    let out = Command::new(built).arg("time").arg(file).output().ok()?;
    let found: Value = serde_json::from_slice(&out.stdout).ok()?;
    let micros = |name: &str| Some(Duration::from_secs_f64(found[name].as_f64()? / 1e6));
    Some([micros("once")?, micros("twice")?])
}
