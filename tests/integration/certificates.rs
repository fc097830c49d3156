//! The certificate while the server runs. `--tls files`: files that are replaced are shown from then
//! on, and files that can't be used change nothing. Our own: renewed before it ends.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use portcullis::clock;
use portcullis::edge::self_signed::Authority;
use rusqlite::Connection;

use crate::cli::{Server, Shell, pem};
use crate::http::{Ask, Client};

/// A chain and a key as files have them, and the authority that vouches for them.
struct Made {
    authority: Vec<u8>,
    chain: Vec<u8>,
    key: Vec<u8>,
}

fn made() -> Made {
    let now = clock::now();
    let authority = Authority::generate("Test", now).unwrap();
    let leaf = authority.issue(&["localhost".to_owned()], now).unwrap();
    Made {
        authority: pem("CERTIFICATE", &authority.certificate),
        chain: pem("CERTIFICATE", &leaf.certificate),
        key: pem("PRIVATE KEY", &leaf.key),
    }
}

/// Whether the server shows this certificate to a client that has never been there.
fn shows(server: &Server, made: &Made) -> bool {
    Client::over_tls(server.port, Some(&made.authority))
        .send(&Ask::get("/healthz"))
        .is_ok_and(|answer| answer.status == 200)
}

#[track_caller]
fn soon(what: &str, server: &Server, held: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !held() {
        assert!(Instant::now() < end, "{what}: {}", server.log());
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn files_that_change_are_read_again() {
    let shell = Shell::acme();
    let replace = |name: &str, content: &[u8]| {
        let path = shell.write(&format!("{name}.new"), content);
        fs::rename(path, shell.directory.file(name)).unwrap();
    };
    let refusals = |server: &Server| server.log().matches("not replaced").count();
    let (first, second, third) = (made(), made(), made());
    let chain = shell.write("chain.pem", &first.chain);
    let key = shell.write("key.pem", &first.key);
    let files = ["--tls", "files", "--tls-cert", &chain, "--tls-key", &key];
    let server = shell.serve(&files);
    assert!(shows(&server, &first) && !shows(&server, &second));

    // One after the other; in between they don't belong together, and the first ones stay.
    replace("chain.pem", &second.chain);
    replace("key.pem", &second.key);
    soon("the second", &server, || shows(&server, &second));
    assert!(!shows(&server, &first));
    let before = refusals(&server);

    // Half a file, then no file, then another certificate's key: told once each.
    shell.write("chain.pem", &third.chain[..third.chain.len() / 2]);
    soon("half a file", &server, || refusals(&server) == before + 1);
    fs::remove_file(&chain).unwrap();
    soon("no file", &server, || refusals(&server) == before + 2);
    replace("chain.pem", &third.chain);
    soon("another's key", &server, || refusals(&server) == before + 3);
    thread::sleep(Duration::from_millis(4500));
    assert_eq!(refusals(&server), before + 3, "{}", server.log());
    assert!(shows(&server, &second));

    replace("key.pem", &third.key);
    soon("the third", &server, || shows(&server, &third));
    let log = server.log();
    assert_eq!(log.matches("TLS certificate replaced").count(), 2, "{log}");
    assert!(!log.contains("PRIVATE"), "{log}");
}

/// Makes the appliance believe that its certificate of this kind ends in 29 days.
fn ends_soon(shell: &Shell, kind: &str) {
    let end = clock::now().plus(Duration::from_secs(29 * 86_400));
    let database = Connection::open(shell.directory.file("portcullis.db")).unwrap();
    database.busy_timeout(Duration::from_secs(5)).unwrap();
    let changed = database
        .execute(
            "UPDATE keys SET not_after = ?1 WHERE kind = ?2 AND state = 'active'",
            (end.millis(), kind),
        )
        .unwrap();
    assert_eq!(changed, 1);
}

fn authority_of(server: &Server) -> Vec<u8> {
    Client::over_tls(server.port, None)
        .send(&Ask::get("/ca.pem"))
        .unwrap()
        .expect(200)
        .body
}

fn trusted(server: &Server, authority: &[u8]) -> bool {
    Client::over_tls(server.port, Some(authority))
        .send(&Ask::get("/healthz"))
        .is_ok_and(|answer| answer.status == 200)
}

fn replaced(server: &Server) -> bool {
    server.log().contains("TLS certificate replaced")
}

#[test]
fn our_own_certificate_is_renewed_while_it_is_shown() {
    let shell = Shell::acme();
    let server = shell.serve(&[]);
    let first = authority_of(&server);
    ends_soon(&shell, "tls-leaf");
    soon("another leaf", &server, || replaced(&server));
    assert_eq!(authority_of(&server), first);
    assert!(trusted(&server, &first));
    drop(server);

    let server = shell.serve(&[]);
    ends_soon(&shell, "tls-ca");
    soon("another authority", &server, || replaced(&server));
    // What is offered to be trusted is what vouches for what is shown.
    let second = authority_of(&server);
    assert_ne!(second, first);
    assert!(trusted(&server, &second) && !trusted(&server, &first));
}
