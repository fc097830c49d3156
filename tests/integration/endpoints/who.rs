//! Who asks, and what each may expect of a row.
//!
//! A row says what the first eleven get. The others follow from it: whatever is over is nobody, and
//! an API token gets what its owner gets where it has the scope, and a refusal elsewhere.

use portcullis::web::ROUTES;

use super::{Row, World};

/// What a row says, in the order of [`WRITTEN`].
pub(super) type Expected = [u16; 11];

pub(super) const NOBODY: usize = 0;
pub(super) const FOREIGN: usize = 5;

/// Somebody who asks.
pub(super) struct Who {
    pub(super) name: &'static str,
    expect: Expect,
    credentials: fn(&World) -> Option<Credentials>,
}

/// A header with its value.
pub(super) type Credentials = (&'static str, String);

enum Expect {
    /// What the row says in this place.
    Written(usize),
    /// What the row says of nobody.
    AsNobody,
}

const fn written(
    place: usize,
    name: &'static str,
    credentials: fn(&World) -> Option<Credentials>,
) -> Who {
    Who {
        name,
        expect: Expect::Written(place),
        credentials,
    }
}

const fn over(name: &'static str, credentials: fn(&World) -> Option<Credentials>) -> Who {
    Who {
        name,
        expect: Expect::AsNobody,
        credentials,
    }
}

/// Everybody there is. The first eleven are the columns that a row writes down.
#[rustfmt::skip]
pub(super) static EVERYBODY: &[Who] = &[
    written(NOBODY, "nobody", |_| None),
    written(1, "viewer", |w| w.signed_in(0)),
    written(2, "runner", |w| w.signed_in(1)),
    written(3, "editor", |w| w.signed_in(2)),
    written(4, "admin", |w| w.signed_in(3)),
    written(FOREIGN, "admin of another organization", |w| w.signed_in(4)),
    written(6, "operator", |w| Some(("Cookie", w.app.new_operator_session()))),
    written(7, "own SCIM token", |w| bearer(&w.acme.token)),
    written(8, "SCIM token of another organization", |w| bearer(&w.other.token)),
    written(9, "revoked SCIM token", |w| bearer(&w.revoked)),
    written(10, "expired SCIM token", |w| bearer(&w.expired)),
    over("expired session", |w| Some(("Cookie", w.expired_session.clone()))),
    over("ended session", |w| Some(("Cookie", w.ended_session.clone()))),
];

fn bearer(token: &str) -> Option<Credentials> {
    Some(("Authorization", format!("Bearer {token}")))
}

impl Who {
    pub(super) fn credentials(&self, world: &World) -> Option<Credentials> {
        (self.credentials)(world)
    }

    /// What this one gets where the row's own request would succeed for somebody.
    pub(super) fn expected(&self, row: &Row) -> u16 {
        match self.expect {
            Expect::Written(place) => row.expected[place],
            Expect::AsNobody => row.expected[NOBODY],
        }
    }
}

/// The same for everybody.
pub(super) const fn all(status: u16) -> Expected {
    [status; 11]
}

/// A SCIM token says nothing outside of `/scim/`; nobody is 401 and a foreign organization 404.
pub(super) const fn levels(
    viewer: u16,
    runner: u16,
    editor: u16,
    admin: u16,
    operator: u16,
) -> Expected {
    [
        401, viewer, runner, editor, admin, 404, operator, 401, 401, 401, 401,
    ]
}

/// Whoever is signed in.
pub(super) const fn signed_in(status: u16) -> Expected {
    [
        401, status, status, status, status, status, status, 401, 401, 401, 401,
    ]
}

pub(super) const fn readers() -> Expected {
    levels(200, 403, 200, 200, 200)
}

pub(super) const fn editors() -> Expected {
    levels(403, 403, 200, 200, 200)
}

pub(super) const fn admins(status: u16) -> Expected {
    levels(403, 403, 403, status, status)
}

/// The operator alone, of the appliance rather than of an organization.
pub(super) const fn operator(status: u16) -> Expected {
    [401, 403, 403, 403, 403, 403, status, 401, 401, 401, 401]
}

/// The operator alone, who makes something.
pub(super) const ONLY_OPERATOR: Expected = operator(201);

/// A session opens nothing under `/scim/`.
pub(super) const fn scim(status: u16) -> Expected {
    [401, 401, 401, 401, 401, 401, 401, status, 403, 401, 401]
}

/// Users have a portal; an operator is sent to the console and everybody else to the sign-in.
pub(super) const PORTAL: Expected = [303, 200, 200, 200, 200, 200, 303, 303, 303, 303, 303];

/// The build of the tests ends here, naming the address, if a route has no row, a row no route, or
/// one of them stands twice.
pub(super) const fn one_row_each(table: &[Row]) {
    let mut at = 0;
    while at < ROUTES.len() {
        let route = &ROUTES[at];
        if times(table, route.method, route.pattern) != 1 {
            panic!("{}", route.pattern);
        }
        at += 1;
    }
    assert!(
        ROUTES.len() == table.len(),
        "there is a row without a route"
    );
}

const fn times(table: &[Row], method: &str, pattern: &str) -> usize {
    let mut found = 0;
    let mut at = 0;
    while at < table.len() {
        let row = &table[at];
        if same(row.pattern, pattern) && same(row.method, method) {
            found += 1;
        }
        at += 1;
    }
    found
}

const fn same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}
