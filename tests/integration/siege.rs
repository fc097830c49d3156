//! Ten thousand guesses from a hundred addresses, at a process of its own, so that its memory can be
//! looked at: at passwords, codes and links, of break-glass accounts and of local users. Those at
//! tokens are in `api_tokens/hammered.rs`.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use crate::app::PASSWORD;
use crate::cli::{Server, Shell};
use crate::http::Ask;

const GUESSES: u32 = 10_000;
const ADDRESSES: u32 = 100;
const THREADS: usize = 8;

/// Two hashes at once (19 MiB each), and what so many connections and throttles take besides.
const MOST_GROWTH_KIB: u64 = 2 * 19_456 + 32_768;

/// One at a time: each wants the machine's processors for itself.
static TURN: Mutex<()> = Mutex::new(());

/// Where no guess comes from.
const HONEST: &str = "203.0.113.1";

/// What a wrong guess gets that was looked at, and what the honest one gets.
const REFUSED: u16 = 403;
const IN: u16 = 303;

fn post(path: &str, fields: &[(&str, &str)]) -> Ask {
    Ask::new("POST", path).form(fields)
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

/// Guesses until all are made, and lets somebody honest ask meanwhile, over and over. Each of the
/// two comes with the status of what was looked at. Returns how many guesses were.
fn besiege(
    server: &Server,
    (honest, served): (&Ask, u16),
    (guess, wrong): (&(dyn Fn(u32) -> Ask + Sync), u16),
) -> u32 {
    let honest = || {
        let ask = honest.clone().header("X-Forwarded-For", HONEST);
        server.client().send(&ask).unwrap().expect(served)
    };
    honest();
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
                    let address = format!("198.51.100.{}", number % ADDRESSES);
                    let ask = guess(number).header("X-Forwarded-For", &address);
                    let answer = client.send(&ask).unwrap();
                    assert!(
                        [wrong, 429, 503].contains(&answer.status),
                        "{}",
                        answer.status
                    );
                    assert!(answer.header("set-cookie").is_none());
                    looked_at.fetch_add(u32::from(answer.status == wrong), Ordering::Relaxed);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut longest = Duration::ZERO;
        let mut signed_in = 0;
        while done.load(Ordering::Relaxed) < GUESSES {
            let asked = Instant::now();
            honest();
            longest = longest.max(asked.elapsed());
            signed_in += 1;
            thread::sleep(Duration::from_millis(50));
        }
        (longest, signed_in)
    });
    let grown = high_water(server).saturating_sub(before);
    let looked_at = looked_at.into_inner();
    println!(
        "{looked_at} guesses looked at, {signed_in} times served, the longest {longest:?}, \
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
    serve(shell)
}

fn serve(shell: &Shell) -> Server {
    shell.serve(&["--tls", "off", "--trusted-proxy", "127.0.0.1"])
}

fn bob_opens() -> Ask {
    post(
        "/break-glass",
        &[("username", "bob"), ("password", PASSWORD)],
    )
}

/// Two local users, ann and bob, with the same password; ann's id.
fn with_local_users(shell: &Shell) -> (Server, String) {
    let [ann, bob] = ["ann", "bob"].map(|name| invited(shell, name));
    let server = serve(shell);
    for (_, path) in [&ann, &bob] {
        let chosen = [("password", PASSWORD), ("again", PASSWORD)];
        server
            .client()
            .send(&post(path, &chosen))
            .unwrap()
            .expect(IN);
    }
    (server, ann.0)
}

/// An invited local user's id and the path of the link.
fn invited(shell: &Shell, name: &str) -> (String, String) {
    let email = format!("{name}@local.example");
    let made = shell.json(&[
        "user", "invite", "--org", "acme", "--email", &email, "--json",
    ]);
    let url = made["invitation"]["url"].as_str().unwrap();
    let at = url.find("/join/").unwrap();
    (
        made["id"].as_str().unwrap().to_owned(),
        url[at..].to_owned(),
    )
}

fn sign_in(name: &str, password: &str) -> Ask {
    let email = format!("{name}@local.example");
    post(
        "/login/password",
        &[("email", &email), ("password", password)],
    )
}

/// A second factor of which nobody here knows the secret.
fn give_second_factor(shell: &Shell, subject: &str) -> Connection {
    let conn = Connection::open(shell.directory.file("portcullis.db")).unwrap();
    conn.busy_timeout(Duration::from_secs(10)).unwrap();
    let secret = portcullis::access::secret::hash(&portcullis::clock::now().millis().to_string());
    conn.execute(
        "INSERT INTO second_factors (subject_id, secret, confirmed_at, created_at)
             VALUES (?1, ?2, 1, 1)",
        params![subject, &secret[..20]],
    )
    .unwrap();
    conn
}

fn count(conn: &Connection, query: &str) -> u32 {
    conn.query_row(query, [], |row| row.get(0)).unwrap()
}

#[test]
fn ten_thousand_passwords_guessed_from_a_hundred_addresses() {
    let _turn = TURN.lock();
    let shell = Shell::new();
    let server = besieged(&shell);
    // Now and then a name of its own, which no account's throttle holds up.
    let guess = |number: u32| {
        let name = match number % 99 {
            0 => format!("nobody-{number}"),
            _ => "ada".to_owned(),
        };
        let password = format!("{PASSWORD} {number}");
        post(
            "/break-glass",
            &[("username", &name), ("password", &password)],
        )
    };
    let looked_at = besiege(&server, (&bob_opens(), IN), (&guess, REFUSED));
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
    let list = shell.json(&["break-glass", "list", "--json"]);
    let ada = list["items"].as_array().unwrap().iter();
    let ada = ada.clone().find(|a| a["username"] == "ada").unwrap();
    let conn = give_second_factor(&shell, ada["id"].as_str().unwrap());
    let guess = |number: u32| {
        let code = format!("{:06}", number * 97);
        let fields = [("username", "ada"), ("password", PASSWORD), ("code", &code)];
        post("/break-glass", &fields)
    };
    let looked_at = besiege(&server, (&bob_opens(), IN), (&guess, REFUSED));
    assert!((5..50).contains(&looked_at), "{looked_at}");
    // That somebody has the password is in the log for good.
    let told = count(
        &conn,
        "SELECT count(*) FROM audit WHERE action = 'break-glass.code-refused'",
    );
    assert!((1..=looked_at).contains(&told), "{told}");
    let opened = "SELECT count(*) FROM sessions JOIN operators ON operators.id = operator_id
                  WHERE name = 'ada'";
    assert_eq!(count(&conn, opened), 0);
}

#[test]
fn ten_thousand_passwords_of_a_local_user() {
    let _turn = TURN.lock();
    let shell = Shell::acme();
    let (server, _) = with_local_users(&shell);
    let guess = |number: u32| {
        let name = match number % 99 {
            0 => format!("nobody-{number}"),
            _ => "ann".to_owned(),
        };
        sign_in(&name, &format!("{PASSWORD} {number}"))
    };
    let looked_at = besiege(&server, (&sign_in("bob", PASSWORD), IN), (&guess, REFUSED));
    assert!(
        (ADDRESSES..ADDRESSES + 50).contains(&looked_at),
        "{looked_at}"
    );
}

#[test]
fn ten_thousand_codes_of_a_local_user_whose_password_is_known() {
    let _turn = TURN.lock();
    let shell = Shell::acme();
    let (server, ann) = with_local_users(&shell);
    let conn = give_second_factor(&shell, &ann);
    let before = count(&conn, "SELECT count(*) FROM sessions");
    let half = server.client().send(&sign_in("ann", PASSWORD)).unwrap();
    let note = half.expect(200).header("set-cookie").unwrap().to_owned();
    let note = note.split(';').next().unwrap();
    let guess = |number: u32| {
        let code = format!("{:06}", number * 97);
        post("/login/code", &[("code", &code)]).with(note)
    };
    let bob = sign_in("bob", PASSWORD);
    let looked_at = besiege(&server, (&bob, IN), (&guess, REFUSED));
    assert!((5..50).contains(&looked_at), "{looked_at}");
    let of_ann = format!("SELECT count(*) FROM sessions WHERE user_id = '{ann}'");
    assert_eq!(count(&conn, &of_ann), before - 1, "what she had by joining");
}

#[test]
fn ten_thousand_links_guessed_while_a_real_one_is_opened() {
    let _turn = TURN.lock();
    let shell = Shell::acme();
    let (_, real) = invited(&shell, "ann");
    let server = serve(&shell);
    let guess = |number: u32| {
        let hash = portcullis::access::secret::hash(&number.to_string());
        let path = format!("/join/{}", data_encoding::BASE64URL_NOPAD.encode(&hash));
        match number % 2 {
            0 => Ask::get(path),
            _ => post(&path, &[("password", PASSWORD), ("again", PASSWORD)]),
        }
    };
    let looked_at = besiege(&server, (&Ask::get(real), 200), (&guess, 404));
    // Twenty are free for each address.
    let free = 20 * ADDRESSES;
    assert!((free..free + 500).contains(&looked_at), "{looked_at}");
}
