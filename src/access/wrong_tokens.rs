//! How many wrong tokens an address has sent lately.
//!
//! Nobody guesses 256 random bits, however fast. What is kept small here is what wrong tokens
//! cost: an address that sends many is told to slow down, and nothing of it is logged, traced or
//! written any more. A right token is let in whatever others send from the same address, as whole
//! companies share one; so it is looked up first, in one read of an index, and only a wrong one is
//! counted.
//!
//! The counts are in memory: in the database each guess would be a write, for the guesser to
//! choose. A restart forgets them, which gives a guesser nothing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;

/// Wrong tokens in a row that are answered as such.
const FREE: u64 = 30;

/// One is forgotten in this long.
const FORGOTTEN_AFTER: u64 = 2_000;

/// Addresses that are remembered: under a megabyte. Beyond it, those quiet the longest go first.
const MOST_ADDRESSES: usize = 8_192;

/// The counts of all addresses.
#[derive(Debug, Default)]
pub struct WrongTokens(Mutex<HashMap<u128, Count>>);

/// A leaky bucket, in milliseconds: each wrong token adds [`FORGOTTEN_AFTER`], time takes away.
#[derive(Clone, Copy, Debug)]
struct Count {
    level: u64,
    at: Timestamp,
}

impl Count {
    fn now(self, now: Timestamp) -> u64 {
        let quiet = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        self.level.saturating_sub(quiet)
    }
}

impl WrongTokens {
    /// Counts a wrong token from this address.
    ///
    /// # Errors
    /// How long to wait, if there were too many lately.
    pub fn count(&self, from: IpAddr, now: Timestamp) -> Result<(), Duration> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MOST_ADDRESSES {
            make_room(&mut counts, now);
        }
        let count = counts
            .entry(subscriber(from))
            .or_insert(Count { level: 0, at: now });
        let level = count.now(now);
        let most = (FREE - 1) * FORGOTTEN_AFTER;
        // A clock set back leaves the level as it is; its limit lets nobody wait for longer.
        *count = Count {
            level: level.min(most + FORGOTTEN_AFTER),
            at: now,
        };
        if level > most {
            return Err(Duration::from_millis(count.level - most));
        }
        count.level += FORGOTTEN_AFTER;
        Ok(())
    }
}

/// An address; of IPv6 its /64, which is what one subscriber has.
fn subscriber(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits() & !u128::from(u64::MAX),
    }
}

/// Forgets those that count nothing any more; where that isn't enough, an eighth of all.
fn make_room(counts: &mut HashMap<u128, Count>, now: Timestamp) {
    counts.retain(|_, count| count.now(now) > 0);
    if counts.len() < MOST_ADDRESSES {
        return;
    }
    let mut times: Vec<Timestamp> = counts.values().map(|count| count.at).collect();
    let (_, &mut eighth, _) = times.select_nth_unstable(MOST_ADDRESSES / 8);
    let mut left = MOST_ADDRESSES / 8;
    counts.retain(|_, count| {
        let goes = count.at <= eighth && left > 0;
        left -= usize::from(goes);
        !goes
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn after(seconds: u64) -> Timestamp {
        NOW.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn too_many_wait_for_a_moment() {
        let wrong = WrongTokens::default();
        let from = "192.0.2.1".parse().unwrap();
        for _ in 0..FREE {
            wrong.count(from, NOW).unwrap();
        }
        for _ in 0..1000 {
            assert_eq!(wrong.count(from, NOW), Err(Duration::from_secs(2)));
        }
        assert_eq!(wrong.count(from, after(1)), Err(Duration::from_secs(1)));
        wrong.count(from, after(2)).unwrap();
        assert!(wrong.count(from, after(2)).is_err());
        wrong.count("192.0.2.2".parse().unwrap(), NOW).unwrap();
        // Set back by a year, the clock lets nobody wait for one.
        let before = NOW.minus(Duration::from_secs(365 * 86_400));
        assert!(wrong.count(from, before).unwrap_err() <= Duration::from_secs(2));
        for _ in 0..FREE {
            wrong.count(from, after(1000)).unwrap();
        }
    }

    #[test]
    fn one_subscriber_is_one_address() {
        let subscriber = |text: &str| subscriber(text.parse().unwrap());
        assert_eq!(
            subscriber("2001:db8:1:2:3::4"),
            subscriber("2001:db8:1:2::1")
        );
        assert_ne!(subscriber("2001:db8:1:2::1"), subscriber("2001:db8:1:3::1"));
        assert_eq!(subscriber("::ffff:192.0.2.1"), subscriber("192.0.2.1"));
    }

    #[test]
    fn addresses_are_bounded() {
        let wrong = WrongTokens::default();
        for n in 0..3 * u32::try_from(MOST_ADDRESSES).unwrap() {
            let from = IpAddr::from(n.to_be_bytes());
            wrong.count(from, NOW).unwrap();
            let known = wrong.0.lock().unwrap().len();
            assert!(known <= MOST_ADDRESSES, "{known}");
        }
    }
}
