//! Room for large groups. A member takes some 150 bytes of an answer, and an answer is in memory
//! until its client has taken it, which may be slow; a change that names members takes as much and
//! more. So who reads or writes many has a place from the beginning until the answer is sent, as
//! many at once as there is room for; others wait for a little, in their order, or are told to come
//! back. Nobody waits inside a transaction.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::Refused;
use crate::access::password;
use crate::directory::provisioning::{self, ProvisioningError};
use crate::edge::Response;
use crate::scim::error::ScimError;
use crate::scim::group::MAX_MEMBERS;
use crate::web::App;
use crate::web::route::Call;

/// Members in all: two of the largest groups.
const ROOM: usize = 2 * MAX_MEMBERS;

/// With fewer a request isn't counted.
const FEW: usize = 1_000;

/// Bytes of a body for each of its members, rather few.
const EACH: usize = 100;

/// Requests that may wait.
const QUEUE: usize = 32;

/// How long each of them waits at most.
const WAIT: Duration = Duration::from_secs(10);

/// The room that there is.
pub(in crate::web) struct Large {
    state: Mutex<State>,
    freed: Condvar,
    wait: Duration,
}

struct State {
    free: usize,
    /// Who waits, the first one first.
    waiting: VecDeque<u64>,
    next: u64,
}

/// Somebody's part of it, given back when it is dropped.
pub(super) struct Place {
    large: Arc<Large>,
    members: usize,
}

impl Large {
    pub(in crate::web) fn new() -> Arc<Self> {
        Self::with_wait(WAIT)
    }

    fn with_wait(wait: Duration) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                free: ROOM,
                waiting: VecDeque::new(),
                next: 0,
            }),
            freed: Condvar::new(),
            wait,
        })
    }

    /// Waits for room for so many members; nothing is needed for few. 503 if there is none in time.
    fn enter(self: &Arc<Self>, members: usize) -> Result<Option<Place>, ScimError> {
        if members <= FEW {
            return Ok(None);
        }
        let members = members.min(ROOM);
        let deadline = Instant::now() + self.wait;
        let mut state = self.lock();
        if state.waiting.len() >= QUEUE {
            return Err(full());
        }
        let own = state.next;
        state.next += 1;
        state.waiting.push_back(own);
        loop {
            if state.waiting.front() == Some(&own) && state.free >= members {
                state.free -= members;
                state.waiting.pop_front();
                self.freed.notify_all();
                let large = Arc::clone(self);
                return Ok(Some(Place { large, members }));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.waiting.retain(|other| *other != own);
                self.freed.notify_all();
                return Err(full());
            }
            state = self
                .freed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.large.lock().free += self.members;
        self.large.freed.notify_all();
        // Otherwise this thread would keep what it took until it next takes as much.
        password::release_memory();
    }
}

fn full() -> ScimError {
    ScimError::new(503, "Too many large groups are being read or written.")
        .again_after(Duration::from_secs(3))
}

/// Finds something and completes it with its members, in one view of the database, once there is
/// room for as many as `members` says.
pub(super) fn read<T>(
    app: &App,
    find: impl Fn(&Connection) -> Result<T, ProvisioningError>,
    members: impl Fn(&T) -> i64,
    complete: impl Fn(&Connection, &mut T) -> Result<(), ProvisioningError>,
) -> Result<(T, Option<Place>), Refused> {
    let mut place = None;
    loop {
        let (found, members) = app.store.read(|conn| {
            let mut found = find(conn)?;
            let members = usize::try_from(members(&found)).unwrap_or(0);
            let fits = members <= FEW || place.is_some();
            if fits {
                complete(conn, &mut found)?;
            }
            Ok::<_, ProvisioningError>((found, (!fits).then_some(members)))
        })?;
        match members {
            None => return Ok((found, place)),
            Some(members) => place = app.large.enter(members)?,
        }
    }
}

/// Room for the members that a body names and, where the group is to be `shown` afterwards, for
/// those that it has. To be asked before the body is parsed and before anything is changed.
pub(super) fn of_change(app: &App, call: &Call<'_>, shown: bool) -> Result<Option<Place>, Refused> {
    let mut members = call.request.body.len() / EACH;
    if shown {
        let (organization, id) = (call.organization()?, call.parameter("id"));
        let read = |conn: &Connection| provisioning::read_group(conn, organization, id, false);
        let there = match app.store.read(read) {
            Ok(group) => group.member_count,
            // It is refused where it is to be changed.
            Err(ProvisioningError::Scim(_)) => 0,
            Err(error) => return Err(error.into()),
        };
        members = members.max(usize::try_from(there).unwrap_or(0));
    }
    Ok(app.large.enter(members)?)
}

/// The answer, which keeps the place until it is sent.
pub(super) fn keep(response: Response, place: Option<Place>) -> Response {
    match place {
        Some(place) => response.holding(place),
        None => response,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(50);

    #[test]
    fn two_of_the_largest_fit_and_a_third_is_told_to_come_back() {
        let large = Large::with_wait(SHORT);
        let one = large.enter(MAX_MEMBERS).unwrap();
        let two = large.enter(MAX_MEMBERS).unwrap();
        let refused = large.enter(FEW + 1).err().unwrap();
        assert_eq!(refused.status, 503);
        assert_eq!(refused.retry_after, Some(Duration::from_secs(3)));
        assert!(large.enter(FEW).unwrap().is_none(), "few need no room");
        let sent = keep(Response::new(200), one);
        let again = sent.clone();
        drop(sent);
        assert!(large.enter(FEW + 1).is_err(), "it is still being sent");
        drop(again);
        assert!(large.enter(MAX_MEMBERS).unwrap().is_some());
        drop(two);
        assert_eq!(large.lock().free, ROOM);
        assert!(large.enter(usize::MAX).unwrap().is_some(), "alone, then");
    }

    #[test]
    fn who_waits_comes_in_their_order_and_not_too_many_do() {
        let large = Large::with_wait(Duration::from_secs(20));
        let all = large.enter(ROOM).unwrap();
        let order = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for number in 0..QUEUE {
                let (large, order) = (&large, &order);
                scope.spawn(move || {
                    // The first wants all of it, the others would fit earlier.
                    let members = if number == 0 { ROOM } else { FEW + 1 };
                    let place = large.enter(members).unwrap();
                    if number <= 1 {
                        order.lock().unwrap().push(number);
                    }
                    drop(place);
                });
                while large.lock().waiting.len() <= number {
                    std::thread::yield_now();
                }
            }
            assert!(large.enter(FEW + 1).is_err(), "the queue is full");
            drop(all);
        });
        assert_eq!(*order.lock().unwrap(), [0, 1]);
        assert_eq!(large.lock().free, ROOM);
    }
}
