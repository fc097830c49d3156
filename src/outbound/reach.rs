//! Which addresses a request may go to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far a request may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To any address: whoever runs the appliance asks.
    Anywhere,
    /// To the internet and the networks of this site: an organization's admin asks, and an operator
    /// has allowed it.
    Site,
    /// To the internet: an organization's admin asks.
    Internet,
}

impl Reach {
    /// Whether it includes this address.
    pub fn allows(self, address: IpAddr) -> bool {
        match (self, place(address)) {
            (Self::Anywhere, _) | (_, Place::Internet) => true,
            (Self::Site, Place::Site) => true,
            (Self::Site, Place::Own) | (Self::Internet, Place::Site | Place::Own) => false,
        }
    }
}

/// Where an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Somewhere in the world.
    Internet,
    /// In a private network.
    Site,
    /// On this machine or its link, where metadata services are; or nowhere, as it is reserved.
    Own,
}

fn place(address: IpAddr) -> Place {
    match address {
        IpAddr::V4(v4) => place_v4(v4),
        IpAddr::V6(v6) => place_v6(v6),
    }
}

/// The special-purpose registry of IPv4 (RFC 6890), less what the rest of the world can be at.
fn place_v4(address: Ipv4Addr) -> Place {
    match address.octets() {
        // Alibaba's metadata service stands in the space shared by carriers.
        [100, 100, 100, 200] => Place::Own,
        [10, ..] | [192, 168, ..] => Place::Site,
        [172, second, ..] if second & 0xF0 == 16 => Place::Site,
        // Shared by carriers (RFC 6598), and by some for networks of their own.
        [100, second, ..] if second & 0xC0 == 64 => Place::Site,
        // This host, loopback, link-local, multicast, reserved and broadcast.
        [0 | 127, ..] | [169, 254, ..] | [224..=255, ..] => Place::Own,
        // Protocol assignments, documentation, the 6to4 relay, benchmarking.
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Place::Own,
        [192, 88, 99, _] | [198, 18 | 19, ..] => Place::Own,
        _ => Place::Internet,
    }
}

/// The special-purpose registry of IPv6. Global unicast is 2000::/3; what embeds an IPv4 address is
/// where that address is.
fn place_v6(address: Ipv6Addr) -> Place {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let [w, x] = high.to_be_bytes();
        let [y, z] = low.to_be_bytes();
        place_v4(Ipv4Addr::new(w, x, y, z))
    };
    match [a, b, c, d, e, f] {
        // IPv4-mapped; and NAT64 (RFC 6052), by which networks without IPv4 reach the rest.
        [0, 0, 0, 0, 0, 0xFFFF] | [0x64, 0xFF9B, 0, 0, 0, 0] => embedded(g, h),
        // 6to4.
        [0x2002, high, low, ..] => embedded(high, low),
        // AWS's metadata service stands among the unique local addresses.
        [0xFD00, 0xEC2, ..] => Place::Own,
        // Unique local, and NAT64 of a site's own.
        [first, ..] if first & 0xFE00 == 0xFC00 => Place::Site,
        [0x64, 0xFF9B, 1, ..] => Place::Site,
        // Teredo and other protocol assignments, documentation.
        [0x2001, second, ..] if second < 0x200 || second == 0xDB8 => Place::Own,
        [0x3FFF, second, ..] if second < 0x1000 => Place::Own,
        [first, ..] if first & 0xE000 == 0x2000 => Place::Internet,
        _ => Place::Own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_addresses_are() {
        let all = |expected: Place, addresses: &[&str]| {
            for text in addresses {
                assert_eq!(place(text.parse().unwrap()), expected, "{text}");
            }
        };
        #[rustfmt::skip]
        all(Place::Internet, &[
            "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
            "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255",
            "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.0.0",
            "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "2001:200::1",
            "2001:db7::1", "2001:db9::", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::1",
            "3fff:1000::",
        ]);
        #[rustfmt::skip]
        all(Place::Site, &[
            "10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0",
            "192.168.255.255", "100.64.0.0", "100.127.255.255", "fc00::", "fd12:3456::1",
            "fdff:ffff::", "::ffff:10.0.0.1", "64:ff9b::192.168.1.1", "64:ff9b:1::1",
            "2002:a00:1::1",
        ]);
        #[rustfmt::skip]
        all(Place::Own, &[
            "0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.255", "169.254.0.0",
            "169.254.169.254", "100.100.100.200", "192.0.0.192", "192.0.2.1", "198.51.100.1",
            "203.0.113.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "224.0.0.1",
            "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1",
            "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::",
            "fe80::1", "febf::1", "fec0::1", "ff02::1", "fd00:ec2::254", "2001::1", "2001:1ff::1",
            "2001:db8::1", "3fff::1", "5f00::1", "100::1", "4000::", "1::",
        ]);
    }

    #[test]
    fn who_gets_where() {
        let addresses = ["1.1.1.1", "10.0.0.1", "127.0.0.1"];
        let allows = |reach: Reach| addresses.map(|a| reach.allows(a.parse().unwrap()));
        assert_eq!(allows(Reach::Anywhere), [true, true, true]);
        assert_eq!(allows(Reach::Site), [true, true, false]);
        assert_eq!(allows(Reach::Internet), [true, false, false]);
    }
}
