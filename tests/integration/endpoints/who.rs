//! Who asks, and what each may expect of a row.
//!
//! A row says what the first eleven get. The others follow from it: whatever is over is nobody, and
//! an API token gets what its owner gets where it has the scope, and a refusal elsewhere.

use portcullis::directory::{Action, Need};
use portcullis::web::{Guard, ROUTES};
use serde_json::json;

use super::{Row, World};
use crate::app::TestApp;
use crate::http::Ask;

/// What a row says, in the order of [`WRITTEN`].
pub(super) type Expected = [u16; 11];

pub(super) const NOBODY: usize = 0;
const VIEWER: usize = 1;
const ADMIN: usize = 4;
pub(super) const FOREIGN: usize = 5;
const OPERATOR: usize = 6;

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
    /// What the row says of the owner, where one of these scopes is needed.
    Token {
        owner: usize,
        scopes: &'static [&'static str],
        /// Whether the owner is a user.
        of_user: bool,
    },
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

const fn token(
    owner: usize,
    scopes: &'static [&'static str],
    name: &'static str,
    credentials: fn(&World) -> Option<Credentials>,
) -> Who {
    Who {
        name,
        expect: Expect::Token {
            owner,
            scopes,
            of_user: owner != OPERATOR,
        },
        credentials,
    }
}

/// A token of an organization, which may what its admins may and is no user.
const fn organization_token(
    owner: usize,
    name: &'static str,
    credentials: fn(&World) -> Option<Credentials>,
) -> Who {
    Who {
        name,
        expect: Expect::Token {
            owner,
            scopes: OF_ORGANIZATION,
            of_user: false,
        },
        credentials,
    }
}

const OF_ORGANIZATION: &[&str] = &["read", "audit", "users", "admin"];
const OF_OPERATOR: &[&str] = &["read", "audit", "users", "admin", "operate"];

/// Everybody there is. The first eleven are the columns that a row writes down.
#[rustfmt::skip]
pub(super) static EVERYBODY: &[Who] = &[
    written(NOBODY, "nobody", |_| None),
    written(1, "viewer", |w| w.signed_in(0)),
    written(2, "runner", |w| w.signed_in(1)),
    written(3, "editor", |w| w.signed_in(2)),
    written(4, "admin", |w| w.signed_in(3)),
    written(FOREIGN, "admin of another organization", |w| w.signed_in(4)),
    written(6, "operator", |w| Some(("Cookie", w.one_more_operator()))),
    written(7, "own SCIM token", |w| bearer(&w.acme.token)),
    written(8, "SCIM token of another organization", |w| bearer(&w.other.token)),
    written(9, "revoked SCIM token", |w| bearer(&w.revoked)),
    written(10, "expired SCIM token", |w| bearer(&w.expired)),
    token(ADMIN, &["read"], "admin's API token: read", |w| bearer(&w.api.read)),
    token(ADMIN, &["audit"], "admin's API token: audit", |w| bearer(&w.api.audit)),
    token(ADMIN, &["users"], "admin's API token: users", |w| bearer(&w.api.users)),
    token(ADMIN, &["admin"], "admin's API token: admin", |w| bearer(&w.api.admin)),
    token(VIEWER, OF_ORGANIZATION, "viewer's API token: every scope", |w| bearer(&w.api.viewer)),
    organization_token(ADMIN, "organization's API token: every scope", |w| bearer(&w.api.organization)),
    organization_token(FOREIGN, "API token of another organization", |w| bearer(&w.api.foreign)),
    token(FOREIGN, OF_ORGANIZATION, "API token of an admin of another organization", |w| bearer(&w.api.foreign_own)),
    token(OPERATOR, &["operate"], "appliance's API token: operate", |w| bearer(&w.api.operate)),
    token(OPERATOR, OF_OPERATOR, "operator's API token: every scope", |w| bearer(&w.api.operator)),
    over("revoked API token", |w| bearer(&w.api.revoked)),
    over("expired API token", |w| bearer(&w.api.expired)),
    over("expired session", |w| Some(("Cookie", w.expired_session.clone()))),
    over("ended session", |w| Some(("Cookie", w.ended_session.clone()))),
    // Their sessions end with them; here they are opened past that, so that nothing rests on it.
    over("session of an admin who is switched off", |w| Some(("Cookie", w.app.session(&w.gone.0)))),
    over("session of a break-glass account that is disabled", |w| Some(("Cookie", w.app.operator_session(&w.gone.1)))),
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
            Expect::Token {
                owner,
                scopes,
                of_user,
            } => match guard(row) {
                Guard::ScimUser if !of_user => 501,
                Guard::ScimUser if owner == FOREIGN => 403,
                Guard::ScimUser if row.method == "GET" && scopes.contains(&"read") => 200,
                Guard::ScimUser => 403,
                Guard::Open | Guard::OpenAcrossSites => row.expected[NOBODY],
                Guard::ScimToken => 401,
                // A token says nothing to a page.
                Guard::May(_) | Guard::Recent(_)
                    if !row.pattern.starts_with("/api/") && row.pattern != "/metrics" =>
                {
                    row.expected[NOBODY]
                }
                // What is hidden from the owner is hidden from the token, whatever its scopes.
                Guard::May(_) | Guard::Recent(_)
                    if owner == FOREIGN && row.pattern.contains("{org}") =>
                {
                    row.expected[owner]
                }
                Guard::May(action) | Guard::Recent(action) if is_named(action, scopes) => {
                    row.expected[owner]
                }
                Guard::May(_) | Guard::Recent(_) => 403,
            },
        }
    }
}

/// Whether a token with these scopes is meant for such an action.
fn is_named(action: Action, scopes: &[&str]) -> bool {
    let word = match action {
        Action::OwnSession => return true,
        Action::OwnAccount | Action::IssueTokens => return false,
        Action::OwnProfile | Action::ReadDirectory => "read",
        Action::ReadTraces => "audit",
        Action::ChangeUsers => "users",
        Action::Administer => "admin",
        Action::Operate => "operate",
    };
    scopes.contains(&word)
}

fn guard(row: &Row) -> Guard {
    let is_its = |route: &&portcullis::web::Route| {
        (route.method, route.pattern) == (row.method, row.pattern)
    };
    ROUTES.iter().find(is_its).unwrap().guard
}

/// API tokens of every kind.
pub(super) struct ApiTokens {
    read: String,
    audit: String,
    users: String,
    admin: String,
    viewer: String,
    organization: String,
    foreign: String,
    foreign_own: String,
    operate: String,
    operator: String,
    revoked: String,
    expired: String,
}

impl ApiTokens {
    /// `people` as [`World`] has them.
    pub(super) fn make(app: &TestApp, people: &[String]) -> Self {
        let make = |cookie: &str, path: &str, scopes: &[&str]| {
            let asked = json!({ "name": scopes.join(" "), "scopes": scopes });
            let ask = Ask::new("POST", format!("/api/v1/{path}")).json(&asked);
            let made = app.ask(ask.with(cookie)).expect(201).json();
            let text = |name: &str| made[name].as_str().unwrap().to_owned();
            (text("id"), text("token"))
        };
        let viewer = app.session(&people[0]);
        let admin = app.session(&people[3]);
        let foreign = app.session(&people[4]);
        let own = |scope: &'static str| make(&admin, "account/tokens", &[scope]).1;
        let of_acme = "organizations/acme/api-tokens";
        let (revoked, expired) = (
            make(&admin, of_acme, OF_ORGANIZATION),
            make(&admin, of_acme, OF_ORGANIZATION),
        );
        app.ask(Ask::new("DELETE", format!("/api/v1/{of_acme}/{}", revoked.0)).with(&admin))
            .expect(204);
        app.force(&format!(
            "UPDATE tokens SET expires_at = 1 WHERE id = '{}'",
            expired.0
        ));
        Self {
            read: own("read"),
            audit: own("audit"),
            users: own("users"),
            admin: own("admin"),
            viewer: make(&viewer, "account/tokens", OF_ORGANIZATION).1,
            organization: make(&admin, of_acme, OF_ORGANIZATION).1,
            foreign_own: make(&foreign, "account/tokens", OF_ORGANIZATION).1,
            foreign: make(&foreign, "organizations/other/api-tokens", OF_ORGANIZATION).1,
            operate: make(app.operator(), "api-tokens", &["operate"]).1,
            operator: make(app.operator(), "account/tokens", OF_OPERATOR).1,
            revoked: revoked.1,
            expired: expired.1,
        }
    }
}

/// The scopes that [`is_named`] tells apart by the route's own guard are told apart by what is
/// done there, too.
#[test]
fn whoever_reads_changes_nothing() {
    for route in ROUTES {
        let Some(action) = route.guard.action() else {
            continue;
        };
        let reads = matches!(
            action.need(),
            Need::Scope(scope) if matches!(scope.word(), "read" | "audit")
        );
        if reads {
            assert_eq!(route.method, "GET", "{}", route.pattern);
        }
        if action == Action::ChangeUsers {
            assert!(route.pattern.contains("/users"), "{}", route.pattern);
            assert_ne!(route.method, "GET", "{}", route.pattern);
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
pub(super) const fn operators(status: u16) -> Expected {
    [401, 403, 403, 403, 403, 403, status, 401, 401, 401, 401]
}

/// The own account: what a user gets, and nothing for a break-glass account.
pub(super) const fn own(user: u16) -> Expected {
    [401, user, user, user, user, user, 404, 401, 401, 401, 401]
}

/// Whoever came by an identity provider goes on, an operator is asked for the password, everybody
/// else for a sign-in.
pub(super) const STEP_UP: Expected = [303, 303, 303, 303, 303, 303, 200, 303, 303, 303, 303];

/// The same with a wrong password.
pub(super) const PROVED: Expected = [303, 409, 409, 409, 409, 409, 403, 303, 303, 303, 303];

/// The operator alone, who makes something.
pub(super) const ONLY_OPERATOR: Expected = operators(201);

/// A session opens nothing under `/scim/`.
pub(super) const fn scim(status: u16) -> Expected {
    [401, 401, 401, 401, 401, 401, 401, status, 403, 401, 401]
}

/// The own resource, which none of these is asked for by: a SCIM token is told that it is nobody.
pub(super) const ME: Expected = [401, 401, 401, 401, 401, 401, 401, 501, 403, 401, 401];

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
