//! The places for connections: how many, from whom, and who makes room for whom.
//!
//! A place is counted before a thread or a handshake is spent on it. When all are taken, the
//! connection that has kept the appliance waiting longest is shut down. "Waiting" is everything
//! but a running handler: an idle connection, a handshake, head or body that doesn't come to its
//! end, a response that isn't taken. Only the time counts: if one kind were spared, or spared for
//! a while, an attacker would use just that kind. So whoever holds connections open displaces
//! others of their kind, and a client that sends its request at once is served.
//!
//! An address that has all its places makes room among its own in the same way. Turned away
//! instead, an office behind one router would be shut out by the one of its people whose program
//! holds connections open.
//!
//! A request changes nothing here but one atomic of its own connection; the lock is taken when a
//! connection comes or goes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a connection is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// For a handshake, a request or the last bytes before it closes.
    Idle,
    /// For the rest of a body, or for the client to take the response.
    Transfer,
    /// For the handler. The only phase in which a connection is never evicted.
    Handler,
}

/// The connection was shut down to make room, or for a stop.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Evicted;

/// A connected socket, shared by the thread that serves it and the registry, which can shut it
/// down. Sharing costs no descriptor; a cloned socket would.
pub(super) struct Peer {
    pub(super) stream: TcpStream,
    pub(super) address: IpAddr,
    /// Whose share of the places it takes; `None` for a trusted proxy.
    network: Option<IpAddr>,
    /// Milliseconds since `epoch` at which the phase began, times four, plus the phase.
    state: AtomicU64,
    epoch: Instant,
}

const IDLE: u64 = 0;
const TRANSFER: u64 = 1;
const HANDLER: u64 = 2;
const EVICTED: u64 = u64::MAX;

impl Peer {
    fn new(stream: TcpStream, address: IpAddr, network: Option<IpAddr>, epoch: Instant) -> Self {
        let peer = Self {
            stream,
            address,
            network,
            state: AtomicU64::new(0),
            epoch,
        };
        peer.state.store(peer.code(Phase::Idle), Ordering::Relaxed);
        peer
    }

    /// Begins a phase.
    pub(super) fn enter(&self, phase: Phase) -> Result<(), Evicted> {
        let current = self.state.load(Ordering::Relaxed);
        if current == EVICTED {
            return Err(Evicted);
        }
        // Only an eviction can have changed the state since.
        self.state
            .compare_exchange(
                current,
                self.code(phase),
                Ordering::AcqRel,
                Ordering::Relaxed,
            )
            .map(drop)
            .map_err(|_| Evicted)
    }

    fn code(&self, phase: Phase) -> u64 {
        let kind = match phase {
            Phase::Idle => IDLE,
            Phase::Transfer => TRANSFER,
            Phase::Handler => HANDLER,
        };
        (self.millis() << 2) | kind
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(0)
    }

    /// The state, if in it the connection may be evicted. Of two, the lesser began earlier.
    fn evictable(&self) -> Option<u64> {
        let state = self.state.load(Ordering::Relaxed);
        (state != EVICTED && state & 3 != HANDLER).then_some(state)
    }

    /// Shuts the connection down if it is still in `state`; its thread wakes up and finds out.
    fn evict(&self, state: u64) -> bool {
        let evicted = self
            .state
            .compare_exchange(state, EVICTED, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok();
        if evicted {
            let _ = self.stream.shutdown(Shutdown::Both);
        }
        evicted
    }
}

/// All connections there are.
pub(super) struct Registry {
    capacity: usize,
    per_address: usize,
    epoch: Instant,
    stopping: AtomicBool,
    places: Mutex<Places>,
    left: Condvar,
}

#[derive(Default)]
struct Places {
    next: u64,
    taken: HashMap<u64, Arc<Peer>>,
    by_address: HashMap<IpAddr, usize>,
}

/// Why a connection was not let in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// Its address has all it may have, and none of them is waited for.
    Address,
    /// All places are taken, and by no one who could make room.
    Total,
    /// The appliance is stopping.
    Stopping,
}

/// One connection's place; given back when dropped.
pub(super) struct Place {
    registry: Arc<Registry>,
    number: u64,
}

impl Registry {
    pub(super) fn new(capacity: usize, per_address: usize) -> Self {
        Self {
            capacity,
            per_address,
            epoch: Instant::now(),
            stopping: AtomicBool::new(false),
            places: Mutex::default(),
            left: Condvar::new(),
        }
    }

    /// Finds a place for a new connection. `exempt` is for trusted proxies, which have as many
    /// connections as clients.
    pub(super) fn admit(
        self: &Arc<Self>,
        stream: TcpStream,
        address: IpAddr,
        exempt: bool,
    ) -> Result<(Place, Arc<Peer>), Full> {
        let network = (!exempt).then(|| network(address));
        let mut places = self.places();
        // Under the lock, so that a stop either evicts this connection or is seen here.
        if self.is_stopping() {
            return Err(Full::Stopping);
        }
        if let Some(network) = network {
            places = self.make_share(places, network)?;
        }
        if places.taken.len() >= self.capacity {
            places = self.make_room(places)?;
        }
        let number = places.next;
        places.next += 1;
        let peer = Arc::new(Peer::new(stream, address, network, self.epoch));
        places.taken.insert(number, Arc::clone(&peer));
        if let Some(network) = network {
            *places.by_address.entry(network).or_insert(0) += 1;
        }
        drop(places);
        let place = Place {
            registry: Arc::clone(self),
            number,
        };
        Ok((place, peer))
    }

    /// Makes sure that one more connection from this network may come, if need be for another of
    /// its own.
    ///
    /// The one that goes isn't waited for as long as there are few of those, since nobody else
    /// should be held up by what one address does.
    fn make_share<'a>(
        &'a self,
        places: MutexGuard<'a, Places>,
        network: IpAddr,
    ) -> Result<MutexGuard<'a, Places>, Full> {
        let held = |places: &Places| places.by_address.get(&network).copied().unwrap_or(0);
        if held(&places) < self.per_address {
            return Ok(places);
        }
        if !evict_one(&places, |peer| peer.network == Some(network)) {
            return Err(Full::Address);
        }
        let most = self.per_address.saturating_mul(2);
        self.wait_while(places, |places| held(places) >= most)
            .ok_or(Full::Address)
    }

    /// Shuts down the connection that has been waited for longest. False if there is none.
    pub(super) fn evict_one(&self) -> bool {
        evict_one(&self.places(), |_| true)
    }

    /// Evicts and waits until the evicted one is gone, its descriptor too. That is a matter of
    /// microseconds, since its thread sleeps in a read or write that the shutdown ends.
    fn make_room<'a>(
        &'a self,
        places: MutexGuard<'a, Places>,
    ) -> Result<MutexGuard<'a, Places>, Full> {
        if !evict_one(&places, |_| true) {
            return Err(Full::Total);
        }
        self.wait_while(places, |places| places.taken.len() >= self.capacity)
            .ok_or(Full::Total)
    }

    /// Waits for connections to leave, as long as `full` holds; `None` if that takes too long.
    fn wait_while<'a>(
        &'a self,
        places: MutexGuard<'a, Places>,
        full: impl Fn(&Places) -> bool,
    ) -> Option<MutexGuard<'a, Places>> {
        let (places, waited) = self
            .left
            .wait_timeout_while(places, Duration::from_secs(1), |places| full(places))
            .unwrap_or_else(PoisonError::into_inner);
        (!waited.timed_out()).then_some(places)
    }

    /// From now on connections close after the response they are at; idle ones close at once.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.evict_where(|kind| kind == IDLE);
    }

    /// Whether `stop` was called.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Waits until every connection is gone, at most for `grace`, then shuts down what is left.
    /// Returns how many there were.
    pub(super) fn drain(&self, grace: Duration) -> usize {
        if self.wait_empty(grace) == 0 {
            return 0;
        }
        let left = self.places().taken.len();
        self.evict_where(|_| true);
        self.wait_empty(Duration::from_millis(500));
        left
    }

    fn wait_empty(&self, limit: Duration) -> usize {
        let (places, _) = self
            .left
            .wait_timeout_while(self.places(), limit, |places| !places.taken.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        places.taken.len()
    }

    fn evict_where(&self, wanted: impl Fn(u64) -> bool) {
        for peer in self.places().taken.values() {
            let state = peer.state.load(Ordering::SeqCst);
            if state != EVICTED && wanted(state & 3) {
                peer.evict(state);
            }
        }
    }

    /// Every critical section leaves the counts consistent, so a poisoned lock is as good as new.
    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn evict_one(places: &Places, among: impl Fn(&Peer) -> bool) -> bool {
    // Whoever is chosen may begin to work before it is shut down; then the next one is tried.
    for _ in 0..8 {
        let chosen = places
            .taken
            .values()
            .filter(|peer| among(peer))
            .filter_map(|peer| Some((peer.evictable()?, peer)))
            .min_by_key(|(state, _)| *state);
        match chosen {
            None => return false,
            Some((state, peer)) if peer.evict(state) => return true,
            Some(_) => {}
        }
    }
    false
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.registry.places();
        // Closes the descriptor: the serving thread has given up its part by now.
        let network = places
            .taken
            .remove(&self.number)
            .and_then(|peer| peer.network);
        if let Some(network) = network
            && let Some(count) = places.by_address.get_mut(&network)
        {
            *count -= 1;
            if *count == 0 {
                places.by_address.remove(&network);
            }
        }
        drop(places);
        self.registry.left.notify_all();
    }
}

/// What counts as one client: an IPv4 address, or an IPv6 /64, of which every subscriber has all.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn stream(listener: &TcpListener) -> (TcpStream, TcpStream) {
        let outside = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (listener.accept().unwrap().0, outside)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_ipv6_subscriber_is_one_client() {
        assert_eq!(network(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(network(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
        assert_eq!(network(ip("192.0.2.1")), ip("192.0.2.1"));
    }

    #[test]
    fn an_address_has_its_own_cap() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let registry = Arc::new(Registry::new(10, 2));
        let admit = |address, exempt| {
            let (inside, outside) = stream(&listener);
            registry
                .admit(inside, ip(address), exempt)
                .map(|(place, peer)| (place, peer, outside))
        };
        let first = admit("2001:db8::1", false).unwrap();
        let second = admit("2001:db8::2", false).unwrap();
        for busy in [&first, &second] {
            assert_eq!(busy.1.enter(Phase::Handler), Ok(()));
        }
        assert_eq!(admit("2001:db8::3", false).err(), Some(Full::Address));
        let _other = admit("2001:db8:0:1::3", false).unwrap();
        let _proxy = admit("2001:db8::3", true).unwrap();
        drop(first);
        let _again = admit("2001:db8::3", false).unwrap();
    }

    #[test]
    fn an_address_makes_room_among_its_own() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let registry = Arc::new(Registry::new(20, 2));
        let admit = |address, exempt| {
            let (inside, outside) = stream(&listener);
            registry
                .admit(inside, ip(address), exempt)
                .map(|(place, peer)| (place, peer, outside))
        };
        let gone = |peer: &Peer| peer.evictable().is_none();
        let proxy = admit("192.0.2.1", true).unwrap();
        let other = admit("192.0.2.2", false).unwrap();
        let held: Vec<_> = (0..4).map(|_| admit("192.0.2.1", false).unwrap()).collect();
        assert_eq!(held.iter().filter(|held| gone(&held.1)).count(), 2);
        // The evicted don't leave.
        assert_eq!(admit("192.0.2.1", false).err(), Some(Full::Address));
        drop(held);
        admit("192.0.2.1", false).unwrap();
        assert!(!gone(&proxy.1) && !gone(&other.1));
    }

    #[test]
    fn the_longest_idle_makes_room_and_a_running_handler_does_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let registry = Arc::new(Registry::new(2, 10));
        let admit = || {
            let (inside, outside) = stream(&listener);
            registry
                .admit(inside, ip("192.0.2.1"), false)
                .map(|(place, peer)| (place, peer, outside))
        };
        let (place, busy, _outside) = admit().unwrap();
        assert_eq!(busy.enter(Phase::Handler), Ok(()));
        let (idle_place, idle, _outside) = admit().unwrap();
        // Stands for the thread that wakes up, finds out and leaves.
        let leaving = std::thread::spawn(move || {
            while idle.enter(Phase::Idle).is_ok() {
                std::thread::sleep(Duration::from_millis(1));
            }
            drop(idle);
            drop(idle_place);
        });
        let third = admit().unwrap();
        leaving.join().unwrap();
        assert_eq!(third.1.enter(Phase::Handler), Ok(()));
        assert_eq!(admit().err(), Some(Full::Total));
        assert_eq!(busy.enter(Phase::Idle), Ok(()));
        drop(place);
    }
}
