//! From where an account may sign in.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

use super::BreakGlassError;

/// The networks of one account; none stands for anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Networks {
    list: Vec<IpNet>,
    readable: bool,
}

impl Networks {
    /// Networks that one account can have.
    pub const MOST: usize = 32;

    /// From anywhere.
    pub fn anywhere() -> Self {
        Self {
            list: Vec::new(),
            readable: true,
        }
    }

    /// From text such as `10.0.0.0/8` or `192.0.2.7`. What an IPv4-mapped IPv6 network stands for
    /// is the IPv4 network.
    ///
    /// # Errors
    /// [`BreakGlassError::Network`] or [`BreakGlassError::TooManyNetworks`].
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, BreakGlassError> {
        let mut list: Vec<IpNet> = Vec::new();
        for text in texts {
            let network = network(text.trim()).ok_or_else(|| {
                BreakGlassError::Network(text.chars().take(80).collect::<String>())
            })?;
            if !list.contains(&network) {
                list.push(network);
            }
        }
        if list.len() > Self::MOST {
            return Err(BreakGlassError::TooManyNetworks);
        }
        Ok(Self {
            list,
            readable: true,
        })
    }

    /// As it stands in the database. What can't be read allows nothing.
    pub(super) fn of_column(json: &str) -> Self {
        let texts: Option<Vec<String>> = serde_json::from_str(json).ok();
        texts
            .and_then(|texts| Self::parse(texts.iter().map(String::as_str)).ok())
            .unwrap_or(Self {
                list: Vec::new(),
                readable: false,
            })
    }

    pub(super) fn column(&self) -> String {
        serde_json::Value::from(self.shown()).to_string()
    }

    /// Whether somebody at this address may try.
    pub fn allow(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.readable
            && (self.list.is_empty() || self.list.iter().any(|network| network.contains(&address)))
    }

    /// Whether they allow any address.
    pub fn is_anywhere(&self) -> bool {
        self.readable && self.list.is_empty()
    }

    /// Whether the database holds something that is a list of networks.
    pub fn is_readable(&self) -> bool {
        self.readable
    }

    /// Each as text.
    pub fn shown(&self) -> Vec<String> {
        self.list.iter().map(IpNet::to_string).collect()
    }
}

impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.readable, self.list.is_empty()) {
            (false, _) => f.write_str("unreadable"),
            (true, true) => f.write_str("anywhere"),
            (true, false) => f.write_str(&self.shown().join(", ")),
        }
    }
}

fn network(text: &str) -> Option<IpNet> {
    let network = text
        .parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .ok()?;
    Some(canonical(network).trunc())
}

/// A client's address is canonical, so the network has to be, too.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(v6) = network else {
        return network;
    };
    let mapped: Option<Ipv4Net> = Ipv6Addr::to_ipv4_mapped(&v6.addr())
        .zip(v6.prefix_len().checked_sub(96))
        .and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok());
    mapped.map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Networks {
        Networks::parse(texts.iter().copied()).unwrap()
    }

    #[test]
    fn an_address_is_within_or_not_however_it_is_written() {
        let office = networks(&["10.1.0.0/16", "2001:db8::/32", "192.0.2.7"]);
        for (address, allowed) in [
            ("10.1.255.255", true),
            ("::ffff:10.1.2.3", true),
            ("10.2.0.0", false),
            ("::ffff:10.2.0.0", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::1", false),
            ("::1", false),
        ] {
            assert_eq!(office.allow(address.parse().unwrap()), allowed, "{address}");
        }
        assert!(Networks::anywhere().allow("::1".parse().unwrap()));
    }

    #[test]
    fn networks_are_kept_in_one_form() {
        let shown = networks(&["10.1.2.3/8", "::ffff:10.0.0.0/104", "::ffff:192.0.2.1"]).shown();
        assert_eq!(shown, ["10.0.0.0/8", "192.0.2.1/32"]);
        let kept = networks(&["10.0.0.0/8", "::/0"]);
        assert_eq!(Networks::of_column(&kept.column()), kept);
        // Every IPv6 address, and no IPv4 one.
        assert!(!networks(&["::/0"]).allow("192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_refused_and_allows_nothing() {
        for text in ["", "10.0.0.0/33", "office", "10.0.0", "10.0.0.0/8,"] {
            let parsed = Networks::parse([text]);
            assert!(matches!(parsed, Err(BreakGlassError::Network(_))), "{text}");
        }
        let many: Vec<String> = (0..=Networks::MOST)
            .map(|n| format!("10.0.{n}.0/24"))
            .collect();
        assert!(matches!(
            Networks::parse(many.iter().map(String::as_str)),
            Err(BreakGlassError::TooManyNetworks)
        ));
        for column in ["", "null", "[1]", "[\"x\"]", "{}"] {
            let networks = Networks::of_column(column);
            assert!(!networks.is_readable(), "{column}");
            assert!(!networks.allow("127.0.0.1".parse().unwrap()), "{column}");
        }
    }
}
