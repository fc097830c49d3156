//! SCIM creates: how many users a second 64 clients can push, each answered once it is on disk.
//!
//! The limits, in the same run: group-committed inserts of one row of that size, without and with
//! the store's own queue and savepoints; and what every change would cost with a commit of its own.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on says so, and prints what it finds"
)]

mod measure;

use std::time::Duration;

use measure::appliance::{Appliance, request};
use measure::{Figures, Place, at_once, autocommit, group_commit, wall};
use portcullis::edge::Method;
use portcullis::store::{Options, Store, StoreError, setting};

/// As in `main.rs`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLIENTS: usize = 64;

fn main() {
    let place = Place::new("group-commit");
    let enough = wall(Duration::from_secs(3));
    println!("durable changes, {CLIENTS} clients at once");
    let alone = autocommit(&place.file("alone.db"), wall(Duration::from_secs(2)));
    println!("  a commit each, one client   {alone}");
    let limit = group_commit(&place.file("limit.db"), CLIENTS, enough);
    println!("  limit: inserts, group commit{limit}");
    let store = through_the_store(&place, enough);
    println!("  the store, one insert each  {store}");
    let creates = creates(&place, enough);
    println!("  POST /scim/v2/acme/Users    {creates}");
    println!(
        "  creates are {:.0} % of the limit and {:.0} times a commit each",
        100.0 * creates.per_second() / limit.per_second(),
        creates.per_second() / alone.per_second()
    );
}

fn through_the_store(place: &Place, enough: Duration) -> Figures {
    let store = Store::open(&place.file("store.db"), Options::default()).unwrap();
    at_once(CLIENTS, enough, |thread, number| {
        let name = format!("bench-{thread}-{number}");
        let written: Result<(), StoreError> =
            store.write(move |tx| setting::write(tx, &name, include_str!("measure/user.json")));
        written.unwrap();
        true
    })
}

fn creates(place: &Place, enough: Duration) -> Figures {
    let appliance = Appliance::on(&place.file("portcullis.db"));
    let bearer = appliance.bearer();
    let figures = at_once(CLIENTS, enough, |thread, number| {
        let name = format!("user{thread}-{number}@acme.com");
        let body = include_str!("measure/user.json").replace("ada@acme.com", &name);
        let post = request(Method::Post, "/scim/v2/acme/Users")
            .with_header("authorization", &bearer)
            .with_header("content-type", "application/scim+json")
            .with_body(body);
        let response = appliance.ask(post);
        assert_eq!(
            response.status,
            201,
            "{}",
            String::from_utf8_lossy(response.bytes())
        );
        true
    });
    let kept: i64 = appliance
        .store
        .read(|conn| {
            let count = conn.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?;
            Ok::<_, StoreError>(count)
        })
        .unwrap();
    assert_eq!(
        kept, figures.calls as i64,
        "an answered create is not there"
    );
    figures
}
