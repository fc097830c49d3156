//! Fetching an identity provider's metadata from its URL. It waits, so it runs before the
//! writer's closure, never in it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::{Uri, header};

use super::DirectoryError;

const MAX_BYTES: u64 = 1 << 20;
const DEADLINE: Duration = Duration::from_secs(10);
const MAX_REDIRECTS: usize = 3;

/// The document at `url`: https, or http to loopback; at most 1 MiB within 10 s; redirects only
/// within the scheme, since metadata says which keys to trust. `this_machine` allows http to
/// loopback: for operators, not for an organization's admins, who have no business asking
/// services of the machine that the appliance runs on.
pub fn fetch(url: &str, this_machine: bool) -> Result<Vec<u8>, DirectoryError> {
    let mut at = acceptable(url, this_machine)?;
    let refused = |detail: String| DirectoryError::invalid("metadata_url", detail);
    for _ in 0..=MAX_REDIRECTS {
        let mut response = agent(&at)
            .get(&at)
            .header(
                header::ACCEPT,
                "application/samlmetadata+xml, application/xml, text/xml",
            )
            .call()
            .map_err(|e| refused(format!("could not fetch {at}: {e}")))?;
        let status = response.status();
        if status.is_redirection() {
            let target = response
                .headers()
                .get(header::LOCATION)
                .and_then(|l| l.to_str().ok())
                .ok_or_else(|| refused(format!("{at} redirects to nowhere")))?;
            at = redirect(&at, target, this_machine)?;
            continue;
        }
        if !status.is_success() {
            return Err(refused(format!(
                "{at} answered {status}; copy the Metadata URL from the Sign On tab again"
            )));
        }
        return response
            .body_mut()
            .with_config()
            .limit(MAX_BYTES)
            .read_to_vec()
            .map_err(|e| refused(format!("reading {at}: {e} (the limit is 1 MiB)")));
    }
    Err(refused(format!(
        "{url} redirects more than {MAX_REDIRECTS} times"
    )))
}

/// Environment variables may name a proxy; what is on this machine is not reached through one.
fn agent(url: &str) -> ureq::Agent {
    let local = url.parse::<Uri>().is_ok_and(|uri| is_loopback(&uri));
    let tls = ureq::tls::TlsConfig::builder()
        .provider(ureq::tls::TlsProvider::Rustls)
        .root_certs(ureq::tls::RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    ureq::Agent::config_builder()
        .tls_config(tls)
        .proxy(if local {
            None
        } else {
            ureq::Proxy::try_from_env()
        })
        .timeout_global(Some(DEADLINE))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(concat!("Portcullis/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

fn acceptable(url: &str, this_machine: bool) -> Result<String, DirectoryError> {
    let uri: Uri = url.trim().parse().map_err(|_| {
        DirectoryError::invalid(
            "metadata_url",
            "expected an address such as https://acme.okta.com/app/exk.../sso/saml/metadata",
        )
    })?;
    match uri.scheme_str() {
        Some("https") => Ok(uri.to_string()),
        Some("http") if this_machine && is_loopback(&uri) => Ok(uri.to_string()),
        _ => Err(DirectoryError::invalid(
            "metadata_url",
            "expected https (an operator may use http to this machine): the document says which \
             keys to trust",
        )),
    }
}

fn redirect(from: &str, target: &str, this_machine: bool) -> Result<String, DirectoryError> {
    let refused = |detail: String| DirectoryError::invalid("metadata_url", detail);
    let base: Uri = from
        .parse()
        .map_err(|_| refused(format!("{from} is no address")))?;
    let next = if target.starts_with('/') && !target.starts_with("//") {
        let scheme = base.scheme_str().unwrap_or("https");
        let authority = base.authority().map_or("", |a| a.as_str());
        format!("{scheme}://{authority}{target}")
    } else {
        target.to_owned()
    };
    let uri: Uri = next
        .parse()
        .map_err(|_| refused(format!("{from} redirects to no address")))?;
    if uri.scheme_str() != base.scheme_str() {
        return Err(refused(format!("{from} redirects to another scheme")));
    }
    acceptable(&next, this_machine)
}

fn is_loopback(uri: &Uri) -> bool {
    uri.host().is_some_and(|host| {
        let host = host.trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_or_this_machine() {
        for good in [
            "https://acme.okta.com/x",
            "http://localhost:1/x",
            "http://127.0.0.1/",
            "http://[::1]:9/",
        ] {
            assert!(acceptable(good, true).is_ok(), "{good}");
        }
        for bad in [
            "http://acme.okta.com/",
            "file:///etc/passwd",
            "ftp://localhost/",
            "",
            "acme.okta.com",
        ] {
            assert!(acceptable(bad, true).is_err(), "{bad}");
        }
        assert!(acceptable("http://localhost:1/x", false).is_err());
    }

    #[test]
    fn a_redirect_stays_in_its_scheme() {
        assert_eq!(redirect("https://a/x", "/y", true).unwrap(), "https://a/y");
        assert_eq!(
            redirect("https://a/x", "https://b/y", true).unwrap(),
            "https://b/y"
        );
        assert!(redirect("https://a/x", "http://localhost/y", true).is_err());
        assert!(redirect("http://localhost/x", "https://b/", true).is_err());
        assert!(redirect("https://a/x", "//b/y", true).is_err());
    }
}
