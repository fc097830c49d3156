//! One question to the DNS: the TXT records of a name, asked of the system's resolvers.
//!
//! A crate for this brings a whole resolver, with an executor and a cache. What is needed is one
//! query and one answer of RFC 1035, so that is here: about as much code as the glue would be.
//!
//! An answer decides whose a domain is, so it must not be forged by somebody who can only guess.
//! Over UDP it has to come from the very address that was asked, to a random port of ours, with
//! our 16 random bits and our spelling of the name, whose letters are upper or lower case at
//! random (draft-vixie-dnsext-dns0x20). A resolver that doesn't keep the spelling, or whose answer
//! doesn't fit, is asked over TCP (RFC 7766), which nobody can answer who doesn't see it.
//! Whoever sits between here and the resolver, or is the resolver, can say what they like; that is
//! so with every such proof that isn't validated by DNSSEC.

mod message;

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use thiserror::Error;

use self::message::{Answer, Query};

/// All of a question, however many resolvers are asked.
const DEADLINE: Duration = Duration::from_secs(5);
/// How long one resolver has for one attempt.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// As many as resolv.conf(5) takes.
const MOST_RESOLVERS: usize = 3;
/// Datagrams that aren't the answer, before the next attempt.
const MOST_STRANGERS: usize = 32;
const RESOLV_CONF: &str = "/etc/resolv.conf";
const LONGEST_RESOLV_CONF: u64 = 64 * 1024;

/// Why the DNS said nothing. That a name has no TXT record is no error.
#[derive(Debug, Error)]
pub enum DnsError {
    /// Not a name of the DNS: over 253 characters, or a label over 63.
    #[error("{0} is no name that the DNS has")]
    Name(String),
    /// No resolver answered, or none with an answer.
    #[error("no answer from the DNS: {0}")]
    NoAnswer(String),
}

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolvers(Vec<SocketAddr>);

impl Resolvers {
    /// The system's, from /etc/resolv.conf as it is now; without any, the one on this machine
    /// (resolv.conf(5)).
    pub fn system() -> Self {
        Self::of_file(Path::new(RESOLV_CONF))
    }

    fn of_file(path: &Path) -> Self {
        let mut text = String::new();
        if let Ok(file) = std::fs::File::open(path) {
            // What can't be read is as good as empty.
            let _ = file.take(LONGEST_RESOLV_CONF).read_to_string(&mut text);
        }
        Self::of_text(&text)
    }

    fn of_text(text: &str) -> Self {
        let named = text.lines().filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            (words.next() == Some("nameserver")).then_some(())?;
            Some(SocketAddr::new(words.next()?.parse().ok()?, 53))
        });
        let found: Vec<SocketAddr> = named.take(MOST_RESOLVERS).collect();
        if found.is_empty() {
            return Self(vec![SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 53)]);
        }
        Self(found)
    }

    /// The texts of all TXT records of `name`, each record's strings joined (RFC 7208 section
    /// 3.3 has the same rule); none where there is no such name or record.
    ///
    /// # Errors
    /// After at most five seconds, when no resolver has an answer.
    pub fn txt(&self, name: &str) -> Result<Vec<String>, DnsError> {
        let end = Instant::now() + DEADLINE;
        let mut why = Vec::new();
        for resolver in &self.0 {
            for ask in [over_udp, over_tcp] {
                let Some(left) = left(end) else { break };
                let mut random = [0; Query::RANDOM];
                aws_lc_rs::rand::fill(&mut random)
                    .map_err(|_| DnsError::NoAnswer("no randomness".to_owned()))?;
                let query =
                    Query::txt(name, &random).ok_or_else(|| DnsError::Name(name.to_owned()))?;
                match ask(*resolver, &query, left.min(PATIENCE)) {
                    Ok(Answer::Texts(texts)) => return Ok(texts),
                    Ok(Answer::Refused(what)) => {
                        why.push(format!("{resolver} says {what}"));
                        break;
                    }
                    Ok(Answer::Truncated | Answer::NotOurs) => {}
                    Err(error) => why.push(format!("{resolver}: {}", plain(&error))),
                }
            }
        }
        why.dedup();
        if why.is_empty() {
            why.push("no resolver's answer could be read".to_owned());
        }
        Err(DnsError::NoAnswer(why.join("; ")))
    }
}

impl FromStr for Resolvers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let one = text
            .parse::<SocketAddr>()
            .or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)))
            .map_err(|_| "expected the address of a DNS server, such as 10.0.0.53".to_owned())?;
        Ok(Self(vec![one]))
    }
}

impl fmt::Display for Resolvers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(SocketAddr::to_string).collect();
        f.write_str(&all.join(", "))
    }
}

fn left(end: Instant) -> Option<Duration> {
    let left = end.saturating_duration_since(Instant::now());
    (!left.is_zero()).then_some(left)
}

fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        io::ErrorKind::ConnectionRefused => "nobody listens there".to_owned(),
        _ => error.to_string(),
    }
}

fn over_udp(resolver: SocketAddr, query: &Query, patience: Duration) -> io::Result<Answer> {
    let any: IpAddr = if resolver.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
    // Connected: datagrams from anybody else don't get here.
    socket.connect(resolver)?;
    socket.send(query.bytes())?;
    let end = Instant::now() + patience;
    let mut buffer = [0; 4096];
    for _ in 0..MOST_STRANGERS {
        let Some(left) = left(end) else { break };
        socket.set_read_timeout(Some(left))?;
        let length = socket.recv(&mut buffer)?;
        let received = buffer.get(..length).unwrap_or_default();
        match query.answer(received, true) {
            Answer::NotOurs => {}
            answer => return Ok(answer),
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}

fn over_tcp(resolver: SocketAddr, query: &Query, patience: Duration) -> io::Result<Answer> {
    let end = Instant::now() + patience;
    let mut stream = TcpStream::connect_timeout(&resolver, patience)?;
    let bytes = query.bytes();
    let mut framed = u16::try_from(bytes.len())
        .unwrap_or(0)
        .to_be_bytes()
        .to_vec();
    framed.extend_from_slice(bytes);
    stream.set_write_timeout(left(end))?;
    stream.write_all(&framed)?;
    let mut length = [0; 2];
    read_until(&mut stream, &mut length, end)?;
    let mut received = vec![0; usize::from(u16::from_be_bytes(length))];
    read_until(&mut stream, &mut received, end)?;
    Ok(query.answer(&received, false))
}

/// Fills the buffer, however slowly it trickles in, until `end`.
fn read_until(stream: &mut TcpStream, mut buffer: &mut [u8], end: Instant) -> io::Result<()> {
    while !buffer.is_empty() {
        let left = left(end).ok_or(io::ErrorKind::TimedOut)?;
        stream.set_read_timeout(Some(left))?;
        let read = stream.read(buffer)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer = buffer.split_at_mut(read).1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolv_conf() {
        let of = |text| Resolvers::of_text(text).to_string();
        assert_eq!(
            of("# local\nsearch example\nnameserver 10.0.0.1\n nameserver\t::1 # it\n"),
            "10.0.0.1:53, [::1]:53"
        );
        for nothing in [
            "",
            "nameserver",
            "nameserver fe80::1%eth0",
            "nameservers 1.1.1.1",
        ] {
            assert_eq!(of(nothing), "127.0.0.1:53", "{nothing}");
        }
        let many = "nameserver 10.0.0.9\n".repeat(9);
        assert_eq!(Resolvers::of_text(&many).0.len(), MOST_RESOLVERS);
        let missing = Resolvers::of_file(Path::new("/nowhere/resolv.conf"));
        assert_eq!(missing.to_string(), "127.0.0.1:53");
    }

    #[test]
    fn a_resolver_by_its_address() {
        let of = |text: &str| text.parse::<Resolvers>().map(|r| r.to_string());
        assert_eq!(of("10.0.0.53").unwrap(), "10.0.0.53:53");
        assert_eq!(of("[::1]:5353").unwrap(), "[::1]:5353");
        assert!(of("dns.example").is_err());
    }
}
