//! Ten thousand guesses from a hundred addresses, at a process of its own, so that its memory can be
//! looked at.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::app::PASSWORD;
use crate::cli::{Server, Shell};
use crate::http::{Answer, Ask};

const GUESSES: u32 = 10_000;
const ADDRESSES: u32 = 100;
const THREADS: usize = 8;

/// Two hashes at once (19 MiB each), and what so many connections and throttles take besides.
const MOST_GROWTH_KIB: u64 = 2 * 19_456 + 32_768;

/// One at a time: each wants the machine's processors for itself.
static TURN: Mutex<()> = Mutex::new(());

fn sign_in(server: &Server, address: &str, fields: &[(&str, &str)]) -> Answer {
    let ask = Ask::new("POST", "/break-glass").form(fields);
    let ask = ask.header("X-Forwarded-For", address);
    server.client().send(&ask).unwrap()
}

/// The most memory that the process ever had, in KiB.
fn high_water(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Guesses until all are made, and signs somebody else in meanwhile. Returns how many guesses were
/// looked at.
fn besiege(server: &Server, guess: &(dyn Fn(u32) -> Vec<(&'static str, String)> + Sync)) -> u32 {
    let honest = |address: &str| {
        sign_in(
            server,
            address,
            &[("username", "bob"), ("password", PASSWORD)],
        )
        .expect(303)
    };
    honest("203.0.113.1");
    let before = high_water(server);
    let (next, looked_at, done) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    let (longest, signed_in) = thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let client = server.client();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= GUESSES {
                        break;
                    }
                    let fields = guess(number);
                    let fields: Vec<_> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
                    let address = format!("198.51.100.{}", number % ADDRESSES);
                    let ask = Ask::new("POST", "/break-glass").form(&fields);
                    let ask = ask.header("X-Forwarded-For", &address);
                    let answer = client.send(&ask).unwrap();
                    assert!(
                        [403, 429, 503].contains(&answer.status),
                        "{}",
                        answer.status
                    );
                    assert!(answer.header("set-cookie").is_none());
                    looked_at.fetch_add(u32::from(answer.status == 403), Ordering::Relaxed);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut longest = Duration::ZERO;
        let mut signed_in = 0;
        while done.load(Ordering::Relaxed) < GUESSES {
            let asked = Instant::now();
            honest("203.0.113.1");
            longest = longest.max(asked.elapsed());
            signed_in += 1;
            thread::sleep(Duration::from_millis(50));
        }
        (longest, signed_in)
    });
    let grown = high_water(server).saturating_sub(before);
    let looked_at = looked_at.into_inner();
    println!(
        "{looked_at} guesses looked at, {signed_in} honest sign-ins, the longest {longest:?}, \
         {grown} KiB more"
    );
    assert!(
        signed_in > 0 && longest < Duration::from_secs(2),
        "{longest:?}"
    );
    assert!(grown <= MOST_GROWTH_KIB, "{grown} KiB");
    looked_at
}

fn besieged(shell: &Shell) -> Server {
    let file = shell.write("password", PASSWORD);
    for name in ["ada", "bob"] {
        shell.json(&[
            "break-glass",
            "create",
            name,
            "--password-file",
            &file,
            "--json",
        ]);
    }
    shell.serve(&["--tls", "off", "--trusted-proxy", "127.0.0.1"])
}

#[test]
fn ten_thousand_passwords_guessed_from_a_hundred_addresses() {
    let _turn = TURN.lock();
    let shell = Shell::new();
    let server = besieged(&shell);
    // Now and then a name of its own, which no account's throttle holds up.
    let looked_at = besiege(&server, &|number| {
        let name = match number % 99 {
            0 => format!("nobody-{number}"),
            _ => "ada".to_owned(),
        };
        vec![
            ("username", name),
            ("password", format!("{PASSWORD} {number}")),
        ]
    });
    assert!(
        (ADDRESSES..ADDRESSES + 50).contains(&looked_at),
        "{looked_at}"
    );
}

#[test]
fn ten_thousand_codes_guessed_by_somebody_with_the_password() {
    let _turn = TURN.lock();
    let shell = Shell::new();
    let server = besieged(&shell);
    let conn = rusqlite::Connection::open(shell.directory.file("portcullis.db")).unwrap();
    conn.busy_timeout(Duration::from_secs(10)).unwrap();
    conn.execute_batch(
        "INSERT INTO second_factors (subject_id, secret, confirmed_at, created_at)
             SELECT id, x'7477656e7479206279746573206f662074657874', 1, 1 FROM operators
             WHERE name = 'ada'",
    )
    .unwrap();
    let looked_at = besiege(&server, &|number| {
        vec![
            ("username", "ada".to_owned()),
            ("password", PASSWORD.to_owned()),
            ("code", format!("{:06}", number * 97)),
        ]
    });
    assert!((5..50).contains(&looked_at), "{looked_at}");
    // That somebody has the password is in the log for good.
    let told: u32 = conn
        .query_row(
            "SELECT count(*) FROM audit WHERE action = 'break-glass.code-refused'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!((1..=looked_at).contains(&told), "{told}");
    let sessions: u32 = conn
        .query_row(
            "SELECT count(*) FROM sessions JOIN operators ON operators.id = operator_id
             WHERE name = 'ada'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(sessions, 0);
}
