//! The same while many ask at once, and while somebody guesses.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{OWN, USERS, get, make, member};
use crate::app::{ACCOUNT, Tenant, TestApp};
use crate::cli::{Server, Shell};
use crate::http::Ask;

const CLIENTS: u8 = 64;

/// A way to take away what a token was good for, and what is answered from then on.
struct End {
    name: &'static str,
    take_away: fn(&TestApp, &Tenant, &Owner),
    then: &'static [u16],
}

struct Owner {
    user: String,
    group: String,
    cookie: String,
    token_id: String,
}

/// 429 stands for a wrong token as much as 401 does.
const GONE: &[u16] = &[401, 429];

const ENDS: &[End] = &[
    End {
        name: "deactivated by SCIM",
        take_away: |app, acme, owner| {
            let patch = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "replace", "value": { "active": false } }],
            });
            app.scim(acme, "PATCH", &format!("/Users/{}", owner.user), &patch)
                .expect(200);
        },
        then: GONE,
    },
    End {
        name: "deactivated by an operator",
        take_away: |app, _, owner| {
            let path = format!("{USERS}/{}", owner.user);
            app.as_operator("PATCH", &path, &json!({ "active": false }))
                .expect(200);
        },
        then: GONE,
    },
    End {
        name: "deleted",
        take_away: |app, acme, owner| {
            app.scim(
                acme,
                "DELETE",
                &format!("/Users/{}", owner.user),
                &Value::Null,
            )
            .expect(204);
        },
        then: GONE,
    },
    End {
        name: "lowered",
        take_away: |app, acme, owner| app.set_level(acme, &owner.group, "runner"),
        then: &[403],
    },
    End {
        name: "moved out of the group",
        take_away: |app, acme, owner| {
            let patch = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "remove", "path": format!("members[value eq \"{}\"]", owner.user) }],
            });
            app.scim(acme, "PATCH", &format!("/Groups/{}", owner.group), &patch)
                .expect(200);
        },
        then: &[403],
    },
    End {
        name: "revoked",
        take_away: |app, _, owner| {
            let path = format!("{OWN}/{}", owner.token_id);
            app.ask(Ask::new("DELETE", path).with(&owner.cookie))
                .expect(204);
        },
        then: GONE,
    },
];

/// An appliance whose users have no level by themselves that would let them read.
fn acme() -> (TestApp, Tenant) {
    let (app, acme) = TestApp::acme();
    let lowest = json!({ "default_user_level": "runner" });
    app.as_operator("PATCH", &acme.base, &lowest).expect(200);
    (app, acme)
}

fn owner(app: &TestApp, acme: &Tenant, name: &str) -> (Owner, String) {
    let (user, group, cookie) = member(app, acme, name, "admin");
    let (token_id, token) = make(app, &cookie, OWN, &["read"]);
    let owner = Owner {
        user,
        group,
        cookie,
        token_id,
    };
    (owner, token)
}

#[test]
fn what_was_taken_away_is_gone_at_the_next_request() {
    let (app, acme) = acme();
    for (number, end) in ENDS.iter().enumerate() {
        let (owner, token) = owner(&app, &acme, &format!("p{number}"));
        get(&app, &token, USERS).expect(200);
        (end.take_away)(&app, &acme, &owner);
        let status = get(&app, &token, USERS).status;
        assert!(end.then.contains(&status), "{}: {status}", end.name);
    }
    // A break-glass account that is disabled takes its tokens along, until it is enabled again.
    let (_, token) = make(&app, app.operator(), OWN, &["read"]);
    get(&app, &token, USERS).expect(200);
    app.force(&format!(
        "UPDATE operators SET disabled_at = 1 WHERE name = '{ACCOUNT}'"
    ));
    get(&app, &token, USERS).expect(401);
}

#[test]
fn so_it_is_while_sixty_four_clients_hammer() {
    let (app, acme) = acme();
    for (number, end) in ENDS.iter().enumerate() {
        let (owner, token) = owner(&app, &acme, &format!("p{number}"));
        let over = AtomicBool::new(false);
        let (before, after) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (app, token, over, before, after) = (&app, &token, &over, &before, &after);
        thread::scope(|scope| {
            for client in 0..CLIENTS {
                scope.spawn(move || {
                    let ask = Ask::get(USERS)
                        .bearer(token)
                        .header("X-Forwarded-For", &format!("192.0.2.{client}"));
                    let mut left = 5;
                    while left > 0 {
                        // What was asked before the end was acknowledged may still be answered.
                        let late = over.load(Ordering::SeqCst);
                        let status = app.send(&ask).unwrap().status;
                        if late {
                            assert!(end.then.contains(&status), "{}: {status}", end.name);
                            after.fetch_add(1, Ordering::Relaxed);
                            left -= 1;
                        } else if status == 200 {
                            before.fetch_add(1, Ordering::Relaxed);
                        } else {
                            assert!(end.then.contains(&status), "{}: {status}", end.name);
                        }
                    }
                });
            }
            while before.load(Ordering::Relaxed) < usize::from(CLIENTS) {
                thread::sleep(Duration::from_millis(1));
            }
            // Also when it panics, or the clients would go on for ever.
            let _over = Over(over);
            (end.take_away)(app, &acme, &owner);
        });
        assert_eq!(after.load(Ordering::Relaxed), 5 * usize::from(CLIENTS));
    }
}

/// Tells the clients, when dropped, that the end was acknowledged.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A text that has the form of a token, from a number.
fn guess(prefix: &str, number: usize) -> String {
    let hash = portcullis::access::secret::hash(&number.to_string());
    format!("{prefix}{}", data_encoding::BASE64URL_NOPAD.encode(&hash))
}

#[test]
fn ten_thousand_guesses_open_nothing_and_keep_nobody_waiting() {
    const GUESSES: usize = 10_000;
    let shell = Shell::acme();
    #[rustfmt::skip]
    let made = shell.json(&["token", "create", "--org", "acme", "--scope", "read", "--json"]);
    let token = made["token"].as_str().unwrap();
    let made = shell.json(&["scim", "token", "create", "--org", "acme", "--json"]);
    let scim = made["token"].as_str().unwrap();
    #[rustfmt::skip]
    let server = shell.serve(&["--tls", "off", "--trusted-proxy", "127.0.0.1", "--public-url", "http://localhost:8080"]);
    let honest = [
        Ask::get(USERS).bearer(token),
        Ask::get("/scim/v2/acme/Users?count=1").bearer(scim),
    ];
    // As many connections as there will be, so that what they cost is there before.
    guessed_at(&server, &honest, 0..2_000);
    let database = || {
        // Whatever is written later is written by then.
        thread::sleep(Duration::from_millis(200));
        let size =
            |name: &str| std::fs::metadata(shell.directory.file(name)).map_or(0, |m| m.len());
        size("portcullis.db") + size("portcullis.db-wal")
    };
    let (size, memory) = (database(), server.resident());
    let (others, traces) = rows(&shell);
    let seen = guessed_at(&server, &honest, 2_000..2_000 + GUESSES);
    println!(
        "{GUESSES} guesses: {} refused, {} told to wait; the longest of {} honest requests took \
         {:?}; memory {} KiB, then at most {} KiB; database {size} bytes, then {}",
        seen.unauthorized,
        seen.slowed,
        seen.served,
        seen.longest,
        memory >> 10,
        seen.memory >> 10,
        database()
    );
    assert_eq!(seen.unauthorized + seen.slowed, GUESSES);
    assert!(seen.slowed > GUESSES / 4);
    assert!(seen.served >= 20 && seen.longest < Duration::from_secs(2));
    assert!(seen.memory < memory + (32 << 20));
    // The honest tokens' last use and the traces of the honest requests are all that was written:
    // of a guess there is no row anywhere.
    assert!(database() < size + (64 << 10) + 4096 * seen.served as u64);
    let (others_after, traces_after) = rows(&shell);
    assert_eq!(others_after, others);
    assert!(traces_after - traces <= seen.served as i64);
}

/// Rows of all tables but the traces, and traces.
fn rows(shell: &Shell) -> (i64, i64) {
    let conn = rusqlite::Connection::open(shell.directory.file("portcullis.db")).unwrap();
    let tables: Vec<String> = conn
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let count = |table: &str| -> i64 {
        conn.query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| {
            row.get(0)
        })
        .unwrap()
    };
    let others = tables.iter().filter(|name| *name != "traces");
    (others.map(|name| count(name)).sum(), count("traces"))
}

/// What came of guessing, and of honest requests meanwhile.
struct Seen {
    unauthorized: usize,
    slowed: usize,
    served: usize,
    longest: Duration,
    memory: u64,
}

/// API and SCIM tokens guessed by 32 at once, from 100 addresses behind a trusted proxy.
fn guessed_at(server: &Server, honest: &[Ask], numbers: std::ops::Range<usize>) -> Seen {
    let client = &server.client();
    let (number, done) = (AtomicUsize::new(numbers.start), AtomicBool::new(false));
    let (unauthorized, slowed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let one = |number: usize| {
        let ask = if (number / 100).is_multiple_of(2) {
            Ask::get(USERS).bearer(&guess("ptc_api_", number))
        } else {
            Ask::get("/scim/v2/acme/Users").bearer(&guess("ptc_scim_", number))
        };
        let address = format!("198.51.100.{}", number % 100);
        let answer = client
            .send(&ask.header("X-Forwarded-For", &address))
            .unwrap();
        match answer.status {
            401 => unauthorized.fetch_add(1, Ordering::Relaxed),
            429 => {
                let wait = answer.header("retry-after").unwrap();
                assert!((1..=2).contains(&wait.parse::<u32>().unwrap()));
                slowed.fetch_add(1, Ordering::Relaxed)
            }
            other => panic!("guess {number}: {other}"),
        };
    };
    let mut seen = thread::scope(|scope| {
        let guesser = || {
            loop {
                let next = number.fetch_add(1, Ordering::Relaxed);
                if next >= numbers.end {
                    return;
                }
                one(next);
            }
        };
        let guessers: Vec<_> = (0..32).map(|_| scope.spawn(guesser)).collect();
        // The honest ones share an address with a guesser, as people behind one router do.
        let watcher = scope.spawn(|| {
            let mut seen = Seen {
                unauthorized: 0,
                slowed: 0,
                served: 0,
                longest: Duration::ZERO,
                memory: 0,
            };
            while !done.load(Ordering::Relaxed) {
                for ask in honest {
                    let start = Instant::now();
                    let ask = ask.clone().header("X-Forwarded-For", "198.51.100.7");
                    client.send(&ask).unwrap().expect(200);
                    seen.longest = seen.longest.max(start.elapsed());
                    seen.served += 1;
                }
                seen.memory = seen.memory.max(server.resident());
                thread::sleep(Duration::from_millis(5));
            }
            seen
        });
        for guesser in guessers {
            guesser.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        watcher.join().unwrap()
    });
    seen.unauthorized = unauthorized.into_inner();
    seen.slowed = slowed.into_inner();
    seen
}
