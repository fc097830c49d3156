//! Where a webhook may send to.

use std::net::IpAddr;
use std::str::FromStr;

use ureq::http::Uri;

use super::WebhookError;

/// Characters of an address.
const LONGEST: usize = 2_048;

/// An address that events may be sent to: https, or http to this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// As it is asked.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Scheme and host, for logs: the path often is a secret.
    pub fn origin(&self) -> String {
        Self::origin_of(&self.0)
    }

    /// The same of an address that was kept.
    pub(super) fn origin_of(url: &str) -> String {
        let Ok(uri) = url.parse::<Uri>() else {
            return "a webhook".to_owned();
        };
        let scheme = uri.scheme_str().unwrap_or("https");
        let authority = uri.authority().map_or("", |a| a.as_str());
        format!("{scheme}://{authority}")
    }

    /// Whether this is on this machine, and so never behind a proxy.
    pub(super) fn is_loopback(url: &str) -> bool {
        url.parse::<Uri>()
            .is_ok_and(|uri| uri.host().is_some_and(loopback))
    }
}

impl FromStr for Address {
    type Err = WebhookError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected an address such as https://hooks.example.com/portcullis, of at most 2,048 \
             characters";
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(WebhookError::Address(EXPECTED));
        }
        let uri: Uri = text.parse().map_err(|_| WebhookError::Address(EXPECTED))?;
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or(WebhookError::Address(EXPECTED))?;
        if uri.authority().is_some_and(|a| a.as_str().contains('@')) {
            return Err(WebhookError::Address(
                "leave name and password out of the address; what is sent is signed instead",
            ));
        }
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if loopback(host) => {}
            Some("http") => {
                return Err(WebhookError::Address(
                    "expected https; plain http only reaches this machine, such as \
                     http://127.0.0.1:9000/",
                ));
            }
            _ => return Err(WebhookError::Address(EXPECTED)),
        }
        Ok(Self(uri.to_string()))
    }
}

fn loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_or_this_machine() {
        for good in [
            "https://hooks.example/x?y=z",
            " https://hooks.example ",
            "http://127.0.0.1:9000/",
            "http://localhost/x",
            "http://[::1]:1/",
        ] {
            assert!(good.parse::<Address>().is_ok(), "{good}");
        }
        let long = format!("https://hooks.example/{}", "x".repeat(LONGEST));
        for bad in [
            "http://hooks.example/",
            "http://127.0.0.1.example/",
            "https://user:password@hooks.example/",
            "ftp://127.0.0.1/",
            "hooks.example",
            "/x",
            "",
            &long,
        ] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
        let address: Address = "https://hooks.example:8443/secret".parse().unwrap();
        assert_eq!(address.origin(), "https://hooks.example:8443");
    }
}
