//! Who the client is when proxies stand in between (RFC 7239, and the `X-Forwarded-*` headers
//! that came before it).
//!
//! Only what a trusted proxy has written counts, and that is what stands at the right end: each
//! proxy appends the address it sees. So the list is walked from the right, past the proxies that
//! are trusted, and the first other entry is the client; what stands left of it is hearsay.
//!
//! `X-Forwarded-For` goes before `Forwarded`: nearly every proxy appends the former and passes
//! the latter on as the client sent it. A proxy that speaks `Forwarded` has to remove
//! `X-Forwarded-For`.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::{Client, Headers};

/// Whether `address` is one of the proxies.
pub(super) fn is_trusted(address: IpAddr, proxies: &[IpNet]) -> bool {
    proxies.iter().any(|net| net.contains(&address))
}

/// The client of a request that came from `peer`. If that isn't a trusted proxy, the headers by
/// which proxies speak are removed, so that nobody further in believes them.
pub(super) fn identify(
    peer: IpAddr,
    tls: bool,
    proxies: &[IpNet],
    headers: &mut Headers,
) -> Client {
    if !is_trusted(peer, proxies) {
        headers.drop_if(|name| {
            name.starts_with(b"x-forwarded-") || name == b"forwarded" || name == b"x-real-ip"
        });
        return Client {
            address: peer,
            secure: tls,
        };
    }
    let (address, scheme) = if headers.contains("x-forwarded-for") {
        let hops = headers
            .all("x-forwarded-for")
            .rev()
            .flat_map(|list| list.rsplit(','));
        (walk(peer, proxies, hops.map(address)), None)
    } else {
        forwarded(peer, proxies, headers)
    };
    let scheme = headers
        .all("x-forwarded-proto")
        .next_back()
        .and_then(|list| list.rsplit(',').next())
        .map(str::trim)
        .or(scheme);
    let secure = tls || scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    Client { address, secure }
}

/// Goes along the hops, nearest first, to the first that isn't a trusted proxy. An entry that is
/// no address (`unknown`, an obfuscated name) ends the walk at the proxy that wrote it.
fn walk(peer: IpAddr, proxies: &[IpNet], hops: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
    let mut nearest = peer;
    for hop in hops {
        let Some(address) = hop else { break };
        nearest = address;
        if !is_trusted(address, proxies) {
            break;
        }
    }
    nearest
}

/// The client and the scheme by `Forwarded`. The scheme is the one the nearest proxy saw.
fn forwarded<'a>(
    peer: IpAddr,
    proxies: &[IpNet],
    headers: &'a Headers,
) -> (IpAddr, Option<&'a str>) {
    let elements = || {
        headers
            .all("forwarded")
            .rev()
            .flat_map(|list| list.rsplit(','))
    };
    let hops = elements().map(|element| parameter(element, "for").and_then(address));
    let scheme = elements()
        .next()
        .and_then(|element| parameter(element, "proto"));
    (walk(peer, proxies, hops), scheme)
}

/// The value of a parameter of one `Forwarded` element. Quoted strings are taken without escapes:
/// no address or scheme has any, and one with a comma or semicolon in it becomes no address.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().trim_matches('"'))
    })
}

/// An address, with a port or without, IPv6 with brackets or without.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(entry);
    let address = match bare.parse() {
        Ok(address) => address,
        Err(_) => entry.parse::<SocketAddr>().ok()?.ip(),
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn client(peer: &str, fields: &[(&str, &str)]) -> (String, bool) {
        let proxies = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut headers = Headers::default();
        for (name, value) in fields {
            headers.insert(name, value);
        }
        let client = identify(peer.parse().unwrap(), false, &proxies, &mut headers);
        (client.address.to_string(), client.secure)
    }

    fn address_of(fields: &[(&str, &str)]) -> String {
        client(PROXY, fields).0
    }

    #[test]
    fn a_stranger_is_not_believed() {
        let fields = [
            ("X-Forwarded-For", "1.2.3.4"),
            ("Forwarded", "for=1.2.3.4;proto=https"),
            ("X-Forwarded-Proto", "https"),
        ];
        assert_eq!(client("192.0.2.7", &fields), ("192.0.2.7".into(), false));
        let mut headers = Headers::default();
        headers.insert("X-Forwarded-Host", "evil.example");
        headers.insert("X-Real-IP", "1.2.3.4");
        headers.insert("Accept", "*/*");
        identify("192.0.2.7".parse().unwrap(), true, &[], &mut headers);
        assert_eq!(headers.len(), 1);
    }

    #[test]
    fn the_right_most_untrusted_entry() {
        for (list, expected) in [
            ("198.51.100.9", "198.51.100.9"),
            ("1.1.1.1, 198.51.100.9", "198.51.100.9"),
            ("1.1.1.1, 198.51.100.9, 10.9.9.9,10.0.0.2", "198.51.100.9"),
            ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("198.51.100.9:4711", "198.51.100.9"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:80", "2001:db8::1"),
            ("2001:db8::1, fd00::2", "2001:db8::1"),
            ("::ffff:198.51.100.9", "198.51.100.9"),
            ("1.1.1.1, unknown", PROXY),
            ("1.1.1.1, unknown, 10.0.0.2", "10.0.0.2"),
            ("1.1.1.1,", PROXY),
            ("", PROXY),
        ] {
            assert_eq!(address_of(&[("X-Forwarded-For", list)]), expected, "{list}");
        }
    }

    #[test]
    fn several_fields_are_one_list() {
        let fields = [
            ("X-Forwarded-For", "1.1.1.1"),
            ("X-Forwarded-For", "198.51.100.9, 10.0.0.2"),
        ];
        assert_eq!(address_of(&fields), "198.51.100.9");
    }

    #[test]
    fn forwarded_elements() {
        for (list, expected) in [
            ("for=198.51.100.9", ("198.51.100.9", false)),
            (
                "for=1.1.1.1, For=\"[2001:db8::1]:99\";proto=https;by=x",
                ("2001:db8::1", true),
            ),
            ("for=198.51.100.9, for=10.0.0.2", ("198.51.100.9", false)),
            ("for=_hidden", (PROXY, false)),
            ("proto=HTTPS", (PROXY, true)),
            (
                "for=198.51.100.9;proto=https, for=10.0.0.2;proto=http",
                ("198.51.100.9", false),
            ),
        ] {
            let (address, secure) = client(PROXY, &[("Forwarded", list)]);
            assert_eq!((address.as_str(), secure), expected, "{list}");
        }
    }

    #[test]
    fn what_the_client_sent_as_forwarded_does_not_override_the_proxy() {
        let fields = [
            ("Forwarded", "for=1.1.1.1;proto=https"),
            ("X-Forwarded-For", "198.51.100.9"),
        ];
        assert_eq!(client(PROXY, &fields), ("198.51.100.9".into(), false));
    }

    #[test]
    fn the_scheme_is_what_the_nearest_proxy_says() {
        let scheme = |value| client(PROXY, &[("X-Forwarded-Proto", value)]).1;
        assert!(scheme("https"));
        assert!(scheme("http, https"));
        assert!(!scheme("https, http"));
        assert!(!scheme(""));
    }
}
