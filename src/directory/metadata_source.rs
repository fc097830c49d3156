//! Fetching an identity provider's metadata from its URL. It waits, so it runs before the
//! writer's closure, never in it.

use std::time::{Duration, Instant};

use ureq::Timeout;
use ureq::http::{Uri, header};

use super::DirectoryError;
use super::organization::Organization;
use crate::outbound::{self, Reach};

const MAX_BYTES: u64 = 1 << 20;
const DEADLINE: Duration = Duration::from_secs(10);
const MAX_REDIRECTS: usize = 3;

/// The document at `url`: https, or http to loopback; at most 1 MiB within 10 s; redirects only
/// within the scheme, since metadata says which keys to trust. Each hop must be within the reach;
/// http to loopback is for [`Reach::Anywhere`], as an organization's admins have no business asking
/// services of the machine that the appliance runs on.
pub fn fetch(url: &str, reach: Reach) -> Result<Vec<u8>, DirectoryError> {
    let end = Instant::now() + DEADLINE;
    let mut at = acceptable(url, reach)?;
    let refused = |detail: String| DirectoryError::invalid("metadata_url", detail);
    for _ in 0..=MAX_REDIRECTS {
        let uri: Uri = at
            .parse()
            .map_err(|_| refused(format!("{at} is no address")))?;
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(refused(unread(
                "",
                &at,
                &ureq::Error::Timeout(Timeout::Global),
            )));
        }
        let agent = outbound::agent(&uri, reach, left)
            .map_err(|e| refused(instead(reach, &e.to_string())))?;
        let mut response = agent
            .get(&at)
            .header(
                header::ACCEPT,
                "application/samlmetadata+xml, application/xml, text/xml",
            )
            .call()
            .map_err(|error| match &error {
                ureq::Error::Other(inner) if inner.is::<outbound::OutOfReach>() => {
                    refused(instead(reach, &inner.to_string()))
                }
                other => refused(unread("could not fetch", &at, other)),
            })?;
        let status = response.status();
        if status.is_redirection() {
            let target = response
                .headers()
                .get(header::LOCATION)
                .and_then(|l| l.to_str().ok())
                .ok_or_else(|| refused(format!("{at} redirects to nowhere")))?;
            at = redirect(&at, target, reach)?;
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
            .map_err(|error| refused(unread("reading", &at, &error)));
    }
    Err(refused(format!(
        "{url} redirects more than {MAX_REDIRECTS} times"
    )))
}

/// Why there is no document, in words.
fn unread(doing: &str, at: &str, error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => format!("{at} took longer than 10 s"),
        ureq::Error::BodyExceedsLimit(_) => format!("{at} is larger than 1 MiB"),
        other => format!("{doing} {at}: {}", outbound::explain(other)),
    }
}

/// What to do instead, for somebody who doesn't get that far.
fn instead(reach: Reach, what: &str) -> String {
    let allow = match reach {
        Reach::Internet => {
            ", or allow your organization this network: portcullis org set SLUG \
             --internal-metadata true"
        }
        Reach::Site | Reach::Anywhere => "",
    };
    format!(
        "{what}. Paste the metadata or upload it as a file; or ask an operator to load it: \
         portcullis provider set ID --metadata-url URL{allow}"
    )
}

/// How far a request goes that one of the organization's admins asks for: to the internet, unless
/// an operator has opened this site's networks to the organization.
pub fn reach_of(organization: &Organization) -> Reach {
    if organization.internal_metadata {
        Reach::Site
    } else {
        Reach::Internet
    }
}

fn acceptable(url: &str, reach: Reach) -> Result<String, DirectoryError> {
    let uri: Uri = url.trim().parse().map_err(|_| {
        DirectoryError::invalid(
            "metadata_url",
            "expected an address such as https://acme.okta.com/app/exk.../sso/saml/metadata",
        )
    })?;
    match uri.scheme_str() {
        Some("https") => Ok(uri.to_string()),
        Some("http") if reach == Reach::Anywhere && outbound::is_loopback(&uri) => {
            Ok(uri.to_string())
        }
        _ => Err(DirectoryError::invalid(
            "metadata_url",
            "expected https (an operator may use http to this machine): the document says which \
             keys to trust",
        )),
    }
}

fn redirect(from: &str, target: &str, reach: Reach) -> Result<String, DirectoryError> {
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
    acceptable(&next, reach)
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
            assert!(acceptable(good, Reach::Anywhere).is_ok(), "{good}");
        }
        for bad in [
            "http://acme.okta.com/",
            "file:///etc/passwd",
            "ftp://localhost/",
            "",
            "acme.okta.com",
        ] {
            assert!(acceptable(bad, Reach::Anywhere).is_err(), "{bad}");
        }
        assert!(acceptable("http://localhost:1/x", Reach::Site).is_err());
    }

    #[test]
    fn a_redirect_stays_in_its_scheme() {
        assert_eq!(
            redirect("https://a/x", "/y", Reach::Anywhere).unwrap(),
            "https://a/y"
        );
        assert_eq!(
            redirect("https://a/x", "https://b/y", Reach::Anywhere).unwrap(),
            "https://b/y"
        );
        assert!(redirect("https://a/x", "http://localhost/y", Reach::Anywhere).is_err());
        assert!(redirect("http://localhost/x", "https://b/", Reach::Anywhere).is_err());
        assert!(redirect("https://a/x", "//b/y", Reach::Anywhere).is_err());
    }

    #[test]
    fn limits_are_named() {
        let told = |error| unread("reading", "https://a/", &error);
        assert_eq!(
            told(ureq::Error::Timeout(Timeout::Global)),
            "https://a/ took longer than 10 s"
        );
        assert_eq!(
            told(ureq::Error::BodyExceedsLimit(MAX_BYTES)),
            "https://a/ is larger than 1 MiB"
        );
    }

    #[test]
    fn a_way_out_is_named() {
        let told = |reach| match fetch("https://127.0.0.1:1/metadata", reach) {
            Err(DirectoryError::Invalid { detail, .. }) => detail,
            other => panic!("{other:?}"),
        };
        let (internet, site) = (told(Reach::Internet), told(Reach::Site));
        assert!(internet.contains("--internal-metadata true"), "{internet}");
        for words in [internet, site.clone()] {
            assert!(
                words.starts_with("127.0.0.1 is not on the internet"),
                "{words}"
            );
            assert!(words.contains("provider set ID --metadata-url"), "{words}");
        }
        assert!(!site.contains("--internal-metadata"), "{site}");
        assert!(told(Reach::Anywhere).contains("could not fetch"));
    }
}
