//! The questions that are asked most, with 1,000 and with 200,000 users in the directory: who is
//! signed in, and Okta's search for a userName. The cost must not grow with the directory.
//!
//! The limit, in the same run: one cached statement that reads one user by id.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on says so, and prints what it finds"
)]

mod measure;

use std::cell::Cell;
use std::time::{Duration, Instant};

use measure::appliance::{Appliance, request};
use measure::{Place, at_once, cpu_per_call, scale, wall};
use portcullis::access::session::{self, NewSession, Subject};
use portcullis::clock;
use portcullis::demo::identity_provider::IdentityProvider;
use portcullis::edge::{Method, Response};
use portcullis::store::StoreError;

/// As in `main.rs`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLIENTS: usize = 64;

/// Users with a session.
const SIGNED_IN: usize = 20_000;

/// Okta-like users, numbered.
const USERS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)
     INSERT INTO users (id, organization_id, user_name, user_name_key, external_id, email,
         email_key, email_verified, display_name, origin, resource, created_at, updated_at)
     SELECT format('0198-user-%08d', i), ?2, format('User%d@acme.com', i),
         format('user%d@acme.com', i), format('00u%017d', i), format('user%d@acme.com', i),
         format('user%d@acme.com', i), 1, format('User %d', i), 'scim',
         replace(?3, 'ada@acme.com', format('User%d@acme.com', i)), 0, 0
     FROM n";

/// The group of everyone, and a hundred others.
const GROUPS: &str = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
     INSERT INTO groups (id, organization_id, display_name, display_name_key, level, origin,
         resource, created_at, updated_at)
     SELECT format('0198-group-%04d', i), ?1, format('Group %d', i), format('group %d', i),
         'viewer', 'scim', '{}', 0, 0
     FROM n";

/// Each user is in the first group and in two of the others.
const MEMBERS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)
     INSERT INTO members (group_id, user_id)
     SELECT '0198-group-0000', format('0198-user-%08d', i) FROM n
     UNION ALL SELECT format('0198-group-%04d', 1 + i % 50), format('0198-user-%08d', i) FROM n
     UNION ALL SELECT format('0198-group-%04d', 51 + i % 50), format('0198-user-%08d', i) FROM n";

const GRANTS: &str =
    "INSERT INTO grants (user_id, level, source) SELECT id, 'viewer', 'default' FROM users";

fn main() {
    let place = Place::new("session-check");
    let sso = "https://acme.okta.com/app/acme_1/exkbench/sso/saml";
    let okta = IdentityProvider::generate("http://www.okta.com/exkbench", sso).unwrap();
    for users in [1_000, 200_000] {
        measure_with(&place, &okta, scale(users));
    }
}

fn measure_with(place: &Place, okta: &IdentityProvider, users: usize) {
    let begin = Instant::now();
    let appliance = Appliance::on(&place.file(&format!("{users}.db")));
    fill(&appliance, users);
    let cookies = sign_in(&appliance, &appliance.trust(okta), users);
    let bearer = appliance.bearer();
    println!(
        "{users} users, {} sessions (made in {:.1?})",
        cookies.len(),
        begin.elapsed()
    );

    let number = Cell::new(0);
    // Far apart, so that neighbours don't share a page of the file.
    let next = |below: usize| {
        number.set((number.get() + 7_919) % below);
        number.get()
    };
    let check = |cookie: &str| {
        appliance.ask(request(Method::Get, "/api/v1/session").with_header("cookie", cookie))
    };
    let search = |name: &str| {
        let path = format!(
            "/scim/v2/acme/Users?filter=userName%20eq%20%22{name}%22&startIndex=1&count=100"
        );
        appliance.ask(request(Method::Get, &path).with_header("authorization", &bearer))
    };
    let alone = [
        (
            "limit: read a user by id",
            cpu_per_call(|| read(&appliance, next(users))),
        ),
        (
            "GET /api/v1/session",
            cpu_per_call(|| is_ok(&check(&cookies[next(cookies.len())]))),
        ),
        (
            "SCIM userName eq, found",
            cpu_per_call(|| is_ok(&search(&format!("user{}@acme.com", next(users))))),
        ),
        (
            "SCIM userName eq, not found",
            cpu_per_call(|| is_ok(&search(&format!("nobody{}@acme.com", next(users))))),
        ),
    ];
    for (what, took) in alone {
        let micros = took.as_secs_f64() * 1e6;
        println!(
            "  {what:<28}{micros:>8.1} µs {:>9.0}/s and core",
            1e6 / micros
        );
    }
    let together = at_once(CLIENTS, wall(Duration::from_secs(2)), |thread, number| {
        let nth = (thread + number * 7_919) % cookies.len();
        is_ok(&check(&cookies[nth]));
        true
    });
    println!("  session, {CLIENTS} at once        {together}");
}

fn is_ok(response: &Response) {
    assert_eq!(
        response.status,
        200,
        "{}",
        String::from_utf8_lossy(response.bytes())
    );
}

fn read(appliance: &Appliance, number: usize) {
    let id = format!("0198-user-{number:08}");
    let name: Result<String, StoreError> = appliance.store.read(|conn| {
        let mut statement = conn.prepare_cached("SELECT user_name FROM users WHERE id = ?1")?;
        Ok(statement.query_row([&id], |row| row.get(0))?)
    });
    name.unwrap();
}

fn fill(appliance: &Appliance, users: usize) {
    let organization = appliance.organization.id.clone();
    let users = users as i64;
    let filled: Result<(), StoreError> = appliance.store.write(move |tx| {
        let resource = include_str!("measure/user.json");
        tx.execute(USERS, (users, &organization, resource))?;
        tx.execute(GROUPS, [&organization])?;
        tx.execute(MEMBERS, [users])?;
        tx.execute(GRANTS, [])?;
        Ok(())
    });
    filled.unwrap();
}

/// Opens sessions for users all over the directory; returns their cookies.
fn sign_in(appliance: &Appliance, provider: &str, users: usize) -> Vec<String> {
    let all = users.min(SIGNED_IN);
    let provider = provider.to_owned();
    let opened: Result<Vec<String>, StoreError> = appliance.store.write(move |tx| {
        let now = clock::now();
        let open = |number| {
            let session = NewSession {
                subject: Subject::User(format!("0198-user-{:08}", number * (users / all))),
                provider_id: Some(provider.clone()),
                method: session::Method::Saml,
                name_id: None,
                name_space: portcullis::saml::name_id::NameSpace::default(),
                session_index: None,
                not_on_or_after: None,
                client: "127.0.0.1".to_owned(),
                user_agent: "bench".to_owned(),
            };
            let secret = session::open(tx, session, now)?;
            Ok(format!("theme=dark; __Host-portcullis={}", secret.expose()))
        };
        (0..all).map(open).collect()
    });
    opened.unwrap()
}
