//! Requests that the appliance makes itself: which addresses it connects to, and on whose behalf.
//!
//! Whoever may name a URL that the appliance fetches asks with the appliance's place in the
//! network: its own services, its neighbours, a cloud's metadata service (server-side request
//! forgery). So each request has a [`Reach`]. A name is looked up once, what it stands for is held
//! against the reach, and the connection goes to the very addresses that were allowed: a name that
//! answers differently the next moment (DNS rebinding) gains nothing. Redirects aren't followed
//! here; each hop is a request of its own.

pub mod dns;
mod reach;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

pub use self::reach::Reach;

/// The host of a URL is not within the reach.
#[derive(Debug, thiserror::Error)]
#[error("{host} is not on the internet but inside this network or on this machine")]
pub struct OutOfReach {
    host: String,
}

/// A client for one request to `url`, which must have been answered within `deadline`.
///
/// Environment variables may name a proxy, which then looks the name up and connects, by rules of
/// its own. It isn't asked for what this machine can tell to be out of reach, nor for what is on
/// this machine.
///
/// # Errors
/// When a proxy would be asked for something out of reach.
pub fn agent(url: &Uri, reach: Reach, deadline: Duration) -> Result<ureq::Agent, OutOfReach> {
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let config = |proxy| {
        ureq::Agent::config_builder()
            .tls_config(tls)
            .proxy(proxy)
            .timeout_global(Some(deadline))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("Portcullis/", env!("CARGO_PKG_VERSION")))
            .build()
    };
    let proxy =
        ureq::Proxy::try_from_env().filter(|proxy| !is_loopback(url) && !proxy.is_no_proxy(url));
    if proxy.is_some() {
        reach.check_before_proxy(url)?;
    }
    let resolver = Within {
        reach,
        host: url.host().unwrap_or_default().to_owned(),
    };
    Ok(ureq::Agent::with_parts(
        config(proxy),
        DefaultConnector::default(),
        resolver,
    ))
}

/// Whether the URL names this machine in so many words.
pub fn is_loopback(url: &Uri) -> bool {
    url.host().is_some_and(|host| {
        let host = host.trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    })
}

/// What went wrong, in one sentence, without the library's own prefixes.
pub fn explain(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Other(inner) => inner.to_string(),
        other => other.to_string(),
    }
}

/// Looks names up and keeps what is within the reach.
#[derive(Debug)]
struct Within {
    reach: Reach,
    /// The host that is asked for; a proxy has another, and is reached wherever it is.
    host: String,
}

impl Resolver for Within {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        if uri.host() != Some(self.host.as_str()) {
            return Ok(found);
        }
        let mut within = self.empty();
        for address in found.iter().filter(|a| self.reach.allows(a.ip())) {
            within.push(*address);
        }
        if within.is_empty() {
            let host = self.host.clone();
            return Err(ureq::Error::Other(Box::new(OutOfReach { host })));
        }
        Ok(within)
    }
}

impl Reach {
    /// As far as this machine can tell: a name that it can't look up is left to the proxy.
    fn check_before_proxy(self, url: &Uri) -> Result<(), OutOfReach> {
        use std::net::ToSocketAddrs as _;
        let host = url.host().unwrap_or_default();
        let known = (host.trim_matches(['[', ']']), 443).to_socket_addrs();
        let mut known = known.into_iter().flatten().peekable();
        if known.peek().is_some() && !known.any(|a| self.allows(a.ip())) {
            return Err(OutOfReach {
                host: host.to_owned(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// What a request with this reach gets, or why it gets nothing.
    fn get(url: &str, reach: Reach) -> Result<u16, String> {
        let uri = url.parse().unwrap();
        let agent = agent(&uri, reach, SECOND).map_err(|e| e.to_string())?;
        let answer = agent.get(url).call().map_err(|e| explain(&e))?;
        Ok(answer.status().as_u16())
    }

    #[test]
    fn what_is_out_of_reach_is_never_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        // However the address is written, it is what the system makes of it that is looked at.
        for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]"] {
            for reach in [Reach::Internet, Reach::Site] {
                let refused = get(&format!("http://{host}:{port}/"), reach).unwrap_err();
                assert!(refused.contains("is not on the internet"), "{refused}");
            }
        }
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "somebody knocked");
        listener.set_nonblocking(false).unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
        });
        assert_eq!(
            get(&format!("http://127.0.0.1:{port}/"), Reach::Anywhere),
            Ok(204)
        );
    }

    #[test]
    fn a_proxy_is_not_asked_for_what_is_inside() {
        let check = |url: &str, reach: Reach| reach.check_before_proxy(&url.parse().unwrap());
        for url in [
            "https://10.0.0.1/",
            "https://[fd00::1]:8443/",
            "https://localhost/",
        ] {
            assert!(check(url, Reach::Internet).is_err(), "{url}");
            assert!(check(url, Reach::Anywhere).is_ok(), "{url}");
        }
        assert!(check("https://10.0.0.1/", Reach::Site).is_ok());
        assert!(check("https://192.0.2.256.invalid/", Reach::Internet).is_ok());
    }
}
