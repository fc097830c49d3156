//! SCIM over HTTP against the executable, with 1,000, 100,000 and 1,000,000 users in the directory
//! and a tenth as many groups, one of them with 100,000 members.
//!
//! What identity providers ask all day must not cost more in a larger directory. The three
//! appliances run at once and are asked in turn, so that whatever else the machine does meets all
//! of them. Then durable creates from 64 clients, beside the same rows written without a server.
//!
//! PORTCULLIS_BIN: another executable than this build's. SCIM_SCALE: other sizes, such as
//! `1000,20000`. Ends with 1 if a limit doesn't hold.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on says so, and prints what it finds"
)]

mod measure;

use std::cell::RefCell;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use measure::appliance::Appliance;
use measure::same_rows::{SameRows, census};
use measure::served::{Ask, Line, Served};
use measure::{Place, at_once, in_full, scale, wall};
use portcullis::clock::Timestamp;
use portcullis::store::{Options, Store, StoreError};
use serde_json::{Value, json};

/// As in `main.rs`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLIENTS: usize = 64;

/// Members of the largest group.
const LARGEST: usize = 100_000;

/// Calls before those that count.
const WARM: usize = 20;

/// No measurement takes longer than this, however slow what it measures is.
const ENOUGH: Duration = Duration::from_secs(12);

const LESS_MEMBERS: &str = "&excludedAttributes=members";

const MOST_TIMES: f64 = 1.5;
const SLOWEST: Duration = Duration::from_secs(1);
const MOST_RESIDENT: u64 = 200_000_000;
const LEAST_CREATES: f64 = 0.5;

const USERS: &str =
    "WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
     INSERT INTO users (id, organization_id, user_name, user_name_key, external_id, email,
         email_key, email_verified, display_name, display_name_key, origin, resource, created_at,
         updated_at)
     SELECT format('01980000-0000-7000-8000-%012d', i), ?3, format('User%d@acme.com', i),
         format('user%d@acme.com', i), format('00u%017d', i), format('User%d@acme.com', i),
         format('user%d@acme.com', i), 1, format('User %d', i), format('user %d', i), 'scim',
         json_set(replace(?4, 'ada@acme.com', format('User%d@acme.com', i)),
             '$.displayName', format('User %d', i)), i, i
     FROM n";

const GRANTS: &str =
    "WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
     INSERT INTO grants (user_id, level, source)
     SELECT format('01980000-0000-7000-8000-%012d', i), 'viewer', 'default' FROM n";

const GROUPS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)
     INSERT INTO groups (id, organization_id, display_name, display_name_key, level, origin,
         resource, created_at, updated_at)
     SELECT format('01980000-0000-7000-9000-%012d', i), ?2, format('Group %d', i),
         format('group %d', i), 'viewer', 'scim', '{}', i, i
     FROM n";

/// Each user is in one of the groups; group 0 has the largest number besides.
const MEMBERS: &str =
    "WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
     INSERT OR IGNORE INTO members (group_id, user_id)
     SELECT format('01980000-0000-7000-9000-%012d', 1 + i % (?3 - 1)),
         format('01980000-0000-7000-8000-%012d', i) FROM n
     UNION ALL
     SELECT '01980000-0000-7000-9000-000000000000', format('01980000-0000-7000-8000-%012d', i)
     FROM n WHERE i < ?4";

/// An appliance with a directory of some size, and what was measured on it.
struct Site {
    users: usize,
    groups: usize,
    served: Served,
    line: Line,
    /// Of the second page of users.
    cursor: String,
    slowest: (Duration, &'static str),
}

fn main() -> ExitCode {
    let place = Place::new("scim-scale");
    let mut sites: Vec<Site> = sizes().into_iter().map(|n| site(&place, n)).collect();
    let mut limits = Vec::new();
    println!(
        "{:<34}{:>10} {:>10} {:>10} {:>10} {:>9} {:>8}",
        "", "users", "p50 ms", "p99 ms", "max ms", "RSS MB", "times"
    );
    for (what, calls, limited, ask) in operations() {
        let times = measure(&mut sites, what, scale(calls).max(5), ask);
        let smallest = times[0][times[0].len() / 2].as_secs_f64();
        let mut ratio = 1.0;
        for (site, times) in sites.iter().zip(&times) {
            let (p50, last) = (times[times.len() / 2], times.len() - 1);
            ratio = p50.as_secs_f64() / smallest;
            println!(
                "{what:<34}{:>10} {:>10.3} {:>10.3} {:>10.3} {:>9.1} {ratio:>8.2}",
                site.users,
                ms(p50),
                ms(times[(times.len() * 99 / 100).min(last)]),
                ms(times[last]),
                site.served.resident("VmRSS") as f64 / 1e6,
            );
        }
        if limited {
            let text = format!("{what}: {ratio:.2} times (limit {MOST_TIMES})");
            limits.push((ratio <= MOST_TIMES, text));
        }
    }
    for site in &mut sites {
        let (took, what) = site.slowest;
        let text = format!(
            "{} users, slowest: {:.0} ms, {what} (limit {} ms)",
            site.users,
            ms(took),
            SLOWEST.as_millis()
        );
        limits.push((took <= SLOWEST, text));
    }
    for site in &mut sites {
        whole_members(site);
        let most = site.served.resident("VmHWM");
        let text = format!(
            "{} users, most memory: {:.1} MB (limit {} MB)",
            site.users,
            most as f64 / 1e6,
            MOST_RESIDENT / 1_000_000
        );
        limits.push((most <= MOST_RESIDENT, text));
    }
    drop(sites);
    limits.push(creates(&place));
    println!();
    for (holds, text) in &limits {
        println!("{} {text}", if *holds { "holds " } else { "BEYOND" });
    }
    // A twentieth of the sizes proves that this runs, and nothing about limits.
    if !in_full() || limits.iter().all(|(holds, _)| *holds) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn sizes() -> Vec<usize> {
    match std::env::var("SCIM_SCALE") {
        Ok(text) => text.split(',').map(|n| n.parse().unwrap()).collect(),
        Err(_) => [1_000, 100_000, 1_000_000].map(scale).to_vec(),
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn site(place: &Place, users: usize) -> Site {
    let begin = Instant::now();
    let file = place.file(&format!("{users}.db"));
    let groups = (users / 10).max(2);
    let bearer = {
        let appliance = Appliance::on(&file);
        fill(&appliance, users as i64, groups as i64);
        let bearer = appliance.bearer();
        appliance.store.close();
        bearer
    };
    let size = std::fs::metadata(&file).unwrap().len();
    let served = Served::on(&file);
    println!(
        "{users} users, {groups} groups: {:.0} MB, filled in {:.0?}",
        size as f64 / 1e6,
        begin.elapsed()
    );
    let mut line = served.connect(&bearer);
    let first = line.ask(&Ask::get(
        "/scim/v2/acme/Users?cursor=&count=100".to_owned(),
    ));
    let first: Value = serde_json::from_slice(&first).unwrap();
    Site {
        users,
        groups,
        line,
        // None where one page has all of them.
        cursor: first["nextCursor"].as_str().unwrap_or_default().to_owned(),
        served,
        slowest: (Duration::ZERO, ""),
    }
}

type Change = Box<dyn Fn(&rusqlite::Connection) -> rusqlite::Result<()> + Send>;

fn fill(appliance: &Appliance, users: i64, groups: i64) {
    const STEP: i64 = 25_000;
    let organization = appliance.organization.id.clone();
    let write = |change: Change| {
        let done: Result<(), StoreError> = appliance.store.write(move |tx| Ok(change(tx)?));
        done.unwrap();
    };
    let own = organization.clone();
    write(Box::new(move |tx| {
        tx.execute(GROUPS, (groups, &own)).map(drop)
    }));
    for from in (0..users).step_by(STEP as usize) {
        let (own, to) = (organization.clone(), (from + STEP).min(users));
        write(Box::new(move |tx| {
            let resource = include_str!("measure/user.json");
            tx.execute(USERS, (from, to, &own, resource))?;
            tx.execute(GRANTS, (from, to))?;
            tx.execute(MEMBERS, (from, to, groups, LARGEST as i64))
                .map(drop)
        }));
    }
}

type Make = fn(&Site, usize) -> Ask;

/// What is measured: its name, how often, whether the largest directory may not take longer than
/// the smallest, and the request of a number.
fn operations() -> Vec<(&'static str, usize, bool, Make)> {
    vec![
        ("userName eq", 2_000, true, |site, n| {
            let name = format!("user{}%40acme.com", far(site, n));
            Ask::get(list("Users", &format!("userName%20eq%20%22{name}%22")))
        }),
        ("externalId eq", 500, true, |site, n| {
            let id = format!("00u{:017}", far(site, n));
            Ask::get(list("Users", &format!("externalId%20eq%20%22{id}%22")))
        }),
        ("emails.value eq", 500, true, |site, n| {
            let address = format!("user{}%40acme.com", far(site, n));
            Ask::get(list(
                "Users",
                &format!("emails.value%20eq%20%22{address}%22"),
            ))
        }),
        ("id eq", 500, true, |site, n| {
            let id = user_id(far(site, n));
            Ask::get(list("Users", &format!("id%20eq%20%22{id}%22")))
        }),
        ("displayName eq, of users", 500, true, |site, n| {
            let name = format!("user%20{}", far(site, n));
            Ask::get(list("Users", &format!("displayName%20eq%20%22{name}%22")))
        }),
        (
            "displayName eq, of groups, less m.",
            500,
            true,
            |site, n| {
                let name = format!("group%20{}", far(site, n) % site.groups);
                let filter = format!("displayName%20eq%20%22{name}%22");
                Ask::get(list("Groups", &filter) + LESS_MEMBERS)
            },
        ),
        ("members.value eq, less members", 500, true, |site, n| {
            let id = user_id(far(site, n));
            let filter = format!("members.value%20eq%20%22{id}%22");
            Ask::get(list("Groups", &filter) + LESS_MEMBERS)
        }),
        (
            "meta.lastModified gt, the last 50",
            100,
            false,
            |site, _| {
                let after = Timestamp::from_millis((site.users as i64 - 51).max(0));
                let filter = format!("meta.lastModified%20gt%20%22{after}%22");
                Ask::get(list("Users", &filter))
            },
        ),
        ("active eq true", 20, false, |_, _| {
            Ask::get(list("Users", "active%20eq%20true"))
        }),
        ("active ne true", 20, false, |_, _| {
            Ask::get(list("Users", "active%20ne%20true"))
        }),
        ("active eq null", 20, false, |_, _| {
            Ask::get(list("Users", "active%20eq%20null"))
        }),
        ("GET a user", 500, false, |site, n| {
            Ask::get(user_path(far(site, n)))
        }),
        ("page 1 of users", 100, false, |_, _| {
            Ask::get("/scim/v2/acme/Users?startIndex=1&count=100".to_owned())
        }),
        ("page 9,000 of users, or the last", 50, false, |site, _| {
            let start = 1 + 100 * 8_999.min((site.users / 100).max(1) - 1);
            Ask::get(format!("/scim/v2/acme/Users?startIndex={start}&count=100"))
        }),
        ("page 2 of users, by cursor", 100, false, |site, _| {
            Ask::get(format!(
                "/scim/v2/acme/Users?cursor={}&count=100",
                site.cursor
            ))
        }),
        ("create", 500, false, |site, n| {
            let body = body(&format!("New{n}@acme.com"), site.users + n);
            Ask::with("POST", "/scim/v2/acme/Users".to_owned(), body, 201)
        }),
        ("PUT a user", 500, false, |site, n| {
            let number = far(site, n);
            let body = body(&format!("User{number}@acme.com"), number)
                .replace("Lovelace", &format!("Byron {n}"));
            Ask::with("PUT", user_path(number), body, 200)
        }),
        ("PATCH a member into a group", 500, true, |site, n| {
            // Into the group after their own.
            let member = far(site, n);
            patch(1 + (member + 1) % (site.groups - 1), "add", member)
        }),
        ("PATCH a member out of the largest", 500, true, |site, n| {
            patch(0, "remove", far(site, n) % LARGEST)
        }),
        ("PATCH a member into the largest", 500, true, |site, n| {
            patch(0, "add", far(site, n) % LARGEST)
        }),
        ("rename the largest group", 50, false, |_, n| {
            let value = json!([{ "op": "replace", "path": "displayName",
                                 "value": format!("Everyone {n}") }]);
            Ask::with("PATCH", group_path(0), operations_of(value), 204)
        }),
        ("the largest group less its members", 200, false, |_, _| {
            Ask::get(format!("{}?{}", group_path(0), &LESS_MEMBERS[1..]))
        }),
        ("groups, page 1 less the members", 100, false, |_, _| {
            let query = format!("startIndex=1&count=100{LESS_MEMBERS}");
            Ask::get(format!("/scim/v2/acme/Groups?{query}"))
        }),
    ]
}

/// A user far from the one before, so that neighbours don't share a page of the file.
fn far(site: &Site, number: usize) -> usize {
    number * 7_919 % site.users
}

fn user_path(number: usize) -> String {
    format!("/scim/v2/acme/Users/{}", user_id(number))
}

fn user_id(number: usize) -> String {
    format!("01980000-0000-7000-8000-{number:012}")
}

fn group_path(number: usize) -> String {
    format!("/scim/v2/acme/Groups/01980000-0000-7000-9000-{number:012}")
}

fn list(kind: &str, filter: &str) -> String {
    format!("/scim/v2/acme/{kind}?filter={filter}&startIndex=1&count=100")
}

fn body(name: &str, number: usize) -> String {
    include_str!("measure/user.json")
        .replace("ada@acme.com", name)
        .replace("00ujl29u0le5T6Aj10h7", &format!("00u{number:017}"))
}

fn patch(group: usize, op: &str, member: usize) -> Ask {
    let id = user_id(member);
    let operation = if op == "add" {
        json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }])
    } else {
        json!([{ "op": "remove", "path": format!("members[value eq \"{id}\"]") }])
    };
    Ask::with("PATCH", group_path(group), operations_of(operation), 204)
}

fn operations_of(operations: Value) -> String {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": operations })
    .to_string()
}

/// Asks each of the sites in turn, call by call; the times of each, the shortest first.
fn measure(sites: &mut [Site], what: &'static str, calls: usize, ask: Make) -> Vec<Vec<Duration>> {
    let mut all = vec![Vec::with_capacity(calls); sites.len()];
    let began = Instant::now();
    for number in 0..WARM + calls {
        if number > WARM + 5 && began.elapsed() > ENOUGH {
            break;
        }
        for (site, times) in sites.iter_mut().zip(&mut all) {
            let request = ask(site, number);
            let begin = Instant::now();
            site.line.ask(&request);
            let took = begin.elapsed();
            // A client would wait for the first ones, too.
            if took > site.slowest.0 {
                site.slowest = (took, what);
            }
            if number >= WARM {
                times.push(took);
            }
        }
    }
    for times in &mut all {
        times.sort_unstable();
    }
    all
}

/// The kinds of request that may take longer: every member of the largest group, read, looked up as
/// Okta does before each push, alone and four at once, written, and removed. What they take in
/// memory counts.
fn whole_members(site: &mut Site) {
    let timed = |line: &mut Line, ask: &Ask| {
        let begin = Instant::now();
        let read = line.ask(ask);
        (read, ms(begin.elapsed()))
    };
    let (read, get) = timed(&mut site.line, &Ask::get(group_path(0)));
    let mut group: Value = serde_json::from_slice(&read).unwrap();
    let name = group["displayName"].as_str().unwrap().replace(' ', "%20");
    let look_up = || Ask::get(list("Groups", &format!("displayName%20eq%20%22{name}%22")));
    let (found, alone) = timed(&mut site.line, &look_up());
    assert!(found.len() > read.len(), "with its members");
    let lines: Vec<Line> = (0..4).map(|_| site.line.another()).collect();
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for mut line in lines {
            let ask = look_up();
            scope.spawn(move || line.ask(&ask));
        }
    });
    let four = ms(begin.elapsed());
    let members = group["members"].as_array_mut().unwrap();
    members.remove(0);
    let count = members.len();
    let put = Ask::with("PUT", group_path(0), group.to_string(), 200);
    let (_, put) = timed(&mut site.line, &put);
    let delete = Ask::with("DELETE", group_path(0), String::new(), 204);
    let (_, delete) = timed(&mut site.line, &delete);
    println!(
        "{} users, {count} members: GET {get:.0} ms, {:.1} MB; displayName eq {alone:.0} ms, four \
         at once {four:.0} ms; PUT with one less {put:.0} ms; DELETE {delete:.0} ms; RSS {:.1} MB",
        site.users,
        read.len() as f64 / 1e6,
        site.served.resident("VmRSS") as f64 / 1e6,
    );
}

/// Durable creates a second, beside the same rows written without a server.
fn creates(place: &Place) -> (bool, String) {
    let file = place.file("creates.db");
    let bearer = {
        let appliance = Appliance::on(&file);
        let bearer = appliance.bearer();
        appliance.store.close();
        bearer
    };
    let before = census(&file);
    let served = Served::on(&file);
    let enough = wall(Duration::from_secs(8));
    // A connection belongs to the thread that asks on it.
    thread_local!(static LINE: RefCell<Option<Line>> = const { RefCell::new(None) });
    let figures = at_once(CLIENTS, enough, |thread, number| {
        LINE.with_borrow_mut(|line| {
            let line = line.get_or_insert_with(|| served.connect(&bearer));
            let key = ((number << 16) | thread) as u64;
            let scattered = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let body = include_str!("measure/user.json")
                .replace("ada@acme.com", &format!("u{scattered:016x}@acme.com"))
                .replace("00ujl29u0le5T6Aj10h7", &format!("00u{scattered:017}"));
            let path = "/scim/v2/acme/Users".to_owned();
            line.ask(&Ask::with("POST", path, body, 201));
        });
        true
    });
    drop(served);
    let rows = SameRows::read(&file, &before, figures.calls);
    println!(
        "\ndurable creates, {CLIENTS} clients at once, rows in {}",
        rows.tables()
    );
    println!("  POST /scim/v2/acme/Users   {figures}");
    let empty = place.file("same-rows.db");
    Store::open(&empty, Options::default()).unwrap().close();
    let limit = rows.group_commit(&empty, CLIENTS, enough);
    println!("  the same rows, no server   {limit}");
    let share = figures.per_second() / limit.per_second();
    let text = format!("creates: {share:.2} of the same rows' rate (limit {LEAST_CREATES})");
    (share >= LEAST_CREATES, text)
}
