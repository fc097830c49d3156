//! The edge under attack: raw sockets against a small handler, on a port of its own per test.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use portcullis::clock;
use portcullis::edge::self_signed::Authority;
use portcullis::edge::tls::{ReloadingCertificate, from_der, server_config};
use portcullis::edge::{Edge, Handler, Limits, Method, Request, Response, Stopper, Tls};

const GET: &str = "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n";
const LARGE: usize = 4 << 20;

/// Says what it was asked.
struct Echo;

impl Handler for Echo {
    fn body_limit(&self, _method: &Method, path: &str) -> usize {
        if path == "/small" { 10 } else { 1 << 20 }
    }

    fn handle(&self, request: Request) -> Response {
        match request.path.as_str() {
            "/panic" => panic!("as asked"),
            "/split" => {
                let wanted = request.query.unwrap_or_default().replace("%0a", "\n");
                Response::new(302).header("Location", wanted)
            }
            "/framing" => Response::new(200).header("Transfer-Encoding", "chunked"),
            "/empty" => Response::new(204),
            "/large" => Response::new(200).body("application/octet-stream", vec![b'x'; LARGE]),
            "/slow" => {
                thread::sleep(Duration::from_millis(400));
                Response::new(200).body("text/plain", &b"done"[..])
            }
            _ => {
                let text = format!(
                    "{} {} {} {} [{}] {}",
                    request.method,
                    request.path,
                    request.query.as_deref().unwrap_or("-"),
                    request.client.address,
                    request.header("x-real-ip").unwrap_or("-"),
                    String::from_utf8_lossy(&request.body),
                );
                Response::new(200).body("text/plain", text.into_bytes())
            }
        }
    }
}

/// An edge that runs until it is dropped.
struct Running {
    address: SocketAddr,
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start(limits: Limits) -> Self {
        Self::with(limits, Tls::Off, &[])
    }

    fn with(limits: Limits, tls: Tls, proxies: &[&str]) -> Self {
        let proxies = proxies.iter().map(|net| net.parse().unwrap()).collect();
        let edge = Edge::bind((Ipv4Addr::LOCALHOST, 0).into(), limits, tls, proxies).unwrap();
        Self {
            address: edge.local_addr(),
            stopper: edge.stopper(),
            thread: Some(thread::spawn(move || edge.run(Arc::new(Echo)))),
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        stream
    }

    /// Sends and reads until the edge closes. Says `open` at the end if it doesn't.
    fn exchange(&self, sent: &[u8]) -> String {
        let mut stream = self.connect();
        // What the edge no longer wants to read may fail to be sent.
        let _ = stream.write_all(sent);
        stream
            .set_read_timeout(Some(Duration::from_millis(1500)))
            .unwrap();
        let mut bytes = Vec::new();
        let end = stream.read_to_end(&mut bytes);
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        // A reset is a close as well; only silence means that the connection is still open.
        if matches!(end, Err(error) if error.kind() == ErrorKind::WouldBlock) {
            text.push_str("open");
        }
        text
    }

    fn refuses(&self, sent: &str, status: u16) {
        let answer = self.exchange(sent.as_bytes());
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{sent:.200?} -> {answer:?}"
        );
        assert!(
            answer.contains("\r\nConnection: close\r\n"),
            "{sent:.200?} -> {answer:?}"
        );
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer:?}");
        assert!(!answer.ends_with("open"), "{sent:.200?} -> {answer:?}");
    }

    fn works(&self) {
        let mut stream = self.connect();
        stream.write_all(GET.as_bytes()).unwrap();
        assert!(response(&mut stream).0.starts_with("HTTP/1.1 200 OK\r\n"));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Deadlines as short as a test wants them.
fn brisk() -> Limits {
    Limits {
        handshake: Duration::from_millis(300),
        head: Duration::from_millis(300),
        idle: Duration::from_millis(2500),
        body: Duration::from_millis(300),
        write: Duration::from_millis(400),
        write_total: Duration::from_secs(2),
        linger: Duration::from_millis(100),
        grace: Duration::from_secs(2),
        ..Limits::default()
    }
}

fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One response with a `Content-Length`: head and body.
fn response(stream: &mut impl Read) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

/// Whether the edge has closed this connection, waiting a while for it.
fn is_closed(stream: &mut TcpStream, within: Duration) -> bool {
    stream.set_read_timeout(Some(within)).unwrap();
    match stream.read(&mut [0]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

fn post(fields: &str, body: &str) -> String {
    format!("POST /echo HTTP/1.1\r\nHost: h\r\n{fields}\r\n{body}")
}

#[test]
fn ambiguous_lengths_are_refused_and_nothing_is_smuggled() {
    let edge = Running::start(brisk());
    let inner = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
    for fields in [
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length:\r\n",
        "Content-Length: 1000000000000000000000000\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding: chunked\r\n , identity\r\n",
        "Content-Length: 5\r\n\tX: y\r\n",
    ] {
        edge.refuses(&post(fields, &format!("0\r\n\r\n{inner}")), 400);
    }
    for value in [
        "identity",
        "gzip, chunked",
        "chunked, chunked",
        "chunked;q=1",
        "xchunked",
        "\u{b}chunked",
        "",
    ] {
        let answer =
            edge.exchange(post(&format!("Transfer-Encoding: {value}\r\n"), inner).as_bytes());
        assert!(
            answer.starts_with("HTTP/1.1 501 ") || answer.starts_with("HTTP/1.1 400 "),
            "{value:?} -> {answer:?}"
        );
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer:?}");
    }
    edge.refuses(
        "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    );
    edge.works();
}

#[test]
fn malformed_heads_are_refused() {
    let edge = Running::start(brisk());
    for (sent, status) in [
        ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
        ("GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("GET /\r\n\r\n", 400),
        ("GET / HTTP/1.1\nHost: h\n\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
        ("GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /\u{7f} HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nExpect: magic\r\n\r\n", 417),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("\x16\x03\x01\x02\0\x01\0\x01", 400),
    ] {
        edge.refuses(sent, status);
    }
    let many = "X-A: b\r\n".repeat(200);
    edge.refuses(&format!("GET / HTTP/1.1\r\nHost: h\r\n{many}\r\n"), 431);
    let long = "a".repeat(16 << 10);
    edge.refuses(
        &format!("GET / HTTP/1.1\r\nHost: h\r\nX: {long}\r\n\r\n"),
        431,
    );
    edge.refuses(&format!("GET /{long} HTTP/1.1\r\nHost: h\r\n\r\n"), 431);
    edge.works();
}

#[test]
fn a_header_line_of_64_mb_is_not_read() {
    let edge = Running::start(brisk());
    let mut stream = edge.connect();
    stream.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
    let piece = vec![b'a'; 1 << 20];
    let sent = (0..64)
        .take_while(|_| stream.write_all(&piece).is_ok())
        .count();
    assert!(sent < 64, "all was taken");
    edge.works();
}

#[test]
fn chunks_with_extensions_and_trailers_are_refused() {
    let edge = Running::start(brisk());
    let chunked = |body: &str| post("Transfer-Encoding: chunked\r\n", body);
    for body in [
        "3;a=b\r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "g\r\n",
        "fffffffff\r\n",
        "0\r\nX-Trailer: a\r\n\r\n",
    ] {
        edge.refuses(&chunked(body), 400);
    }
    edge.refuses(&chunked("ffffffff\r\n"), 413);
    let answer = edge.exchange(chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").as_bytes());
    assert!(answer.contains("[-] abcde"), "{answer}");
}

#[test]
fn an_announced_length_costs_nothing() {
    let edge = Running::start(brisk());
    edge.refuses(&post("Content-Length: 100000000000\r\n", "x"), 413);
    edge.refuses(
        "POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n",
        413,
    );
    let answer = edge.exchange(b"POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    assert!(answer.ends_with("[-] abcopen"), "{answer}");
    // Allowed, and never sent.
    edge.refuses(&post("Content-Length: 1000000\r\n", "x"), 408);
    edge.works();
}

#[test]
fn bodies_together_are_bounded() {
    let edge = Running::start(Limits {
        buffered_bodies: 84 << 10,
        body: Duration::from_secs(2),
        ..brisk()
    });
    let mut holder = edge.connect();
    let held = "x".repeat(95 << 10);
    let sent = post("Content-Length: 100000\r\n", &held);
    holder.write_all(sent.as_bytes()).unwrap();
    thread::sleep(Duration::from_millis(100));
    let large = "y".repeat(40 << 10);
    edge.refuses(&post("Content-Length: 40960\r\n", &large), 503);
    let answer = edge.exchange(post("Content-Length: 2\r\n", "ok").as_bytes());
    assert!(answer.contains("[-] ok"), "{answer}");
    holder.write_all(&vec![b'x'; 100_000 - held.len()]).unwrap();
    assert!(response(&mut holder).0.starts_with("HTTP/1.1 200 "));
}

#[test]
fn slow_clients_meet_their_deadline_however_steadily_they_send() {
    let edge = Running::start(Limits {
        idle: Duration::from_millis(600),
        ..brisk()
    });
    // A byte every 50 ms: a time-out since the last byte would never end.
    let drip = |start: &str, status: &str| {
        let mut stream = edge.connect();
        stream.write_all(start.as_bytes()).unwrap();
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(3) && stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(50));
            if !stream.peek_nothing() {
                break;
            }
        }
        assert!(begin.elapsed() < Duration::from_millis(2500), "{status}");
        let answer = rest(&mut stream);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    };
    drip("GET / HTTP/1.1\r\nX: ", "408");
    drip(&post("Content-Length: 1000\r\n", ""), "408");
    drip(&post("Transfer-Encoding: chunked\r\n", "3e8\r\n"), "408");

    let mut silent = edge.connect();
    assert!(is_closed(&mut silent, Duration::from_secs(3)));
    let mut idle = edge.connect();
    idle.write_all(GET.as_bytes()).unwrap();
    response(&mut idle);
    assert!(!is_closed(&mut idle, Duration::from_millis(400)));
    assert!(is_closed(&mut idle, Duration::from_secs(3)));
    edge.works();
}

/// Looks without waiting.
trait PeekNothing {
    fn peek_nothing(&self) -> bool;
}

impl PeekNothing for TcpStream {
    fn peek_nothing(&self) -> bool {
        self.set_nonblocking(true).unwrap();
        let nothing =
            matches!(self.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
        self.set_nonblocking(false).unwrap();
        nothing
    }
}

#[test]
fn pipelining_without_reading_holds_up_nobody_else() {
    let edge = Running::start(brisk());
    let mut greedy: Vec<TcpStream> = (0..8).map(|_| edge.connect()).collect();
    let large = "GET /large HTTP/1.1\r\nHost: h\r\n\r\n".repeat(32);
    for stream in &mut greedy {
        stream.write_all(large.as_bytes()).unwrap();
    }
    edge.works();
    let mut flood = edge.connect();
    flood
        .set_write_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let small = GET.repeat(1000);
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(1) && flood.write_all(small.as_bytes()).is_ok() {}
    edge.works();
    // The write deadline has ended them all.
    thread::sleep(Duration::from_millis(700));
    for stream in &mut greedy {
        let mut taken = Vec::new();
        let _ = stream.read_to_end(&mut taken);
        assert!(taken.len() < 32 * LARGE);
    }
}

#[test]
fn pipelined_requests_are_answered_in_turn() {
    let edge = Running::start(brisk());
    let mut stream = edge.connect();
    let mut sent = String::new();
    for number in 0..100 {
        sent.push_str(&format!(
            "POST /{number} HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
        ));
    }
    stream.write_all(sent.as_bytes()).unwrap();
    for number in 0..100 {
        let body = String::from_utf8(response(&mut stream).1).unwrap();
        assert_eq!(body, format!("POST /{number} - 127.0.0.1 [-] abc"));
    }
}

#[test]
fn a_slow_but_steady_reader_gets_a_large_response() {
    let edge = Running::start(brisk());
    let mut stream = edge.connect();
    stream
        .write_all(b"GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut taken = 0;
    let mut piece = vec![0; 400 << 10];
    loop {
        let count = stream.read(&mut piece).unwrap();
        if count == 0 {
            break;
        }
        taken += count;
        thread::sleep(Duration::from_millis(20));
    }
    assert!(taken > LARGE, "{taken}");
}

#[test]
fn what_a_handler_says_cannot_break_the_framing() {
    let edge = Running::start(brisk());
    let mut stream = edge.connect();
    for path in ["/split?a%0aSet-Cookie:%20b=1", "/framing", "/panic"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let (head, _) = response(&mut stream);
        assert!(head.starts_with("HTTP/1.1 500 "), "{path}: {head}");
        assert!(!head.contains("Set-Cookie"));
        // The same connection goes on.
        stream.write_all(GET.as_bytes()).unwrap();
        assert!(response(&mut stream).0.starts_with("HTTP/1.1 200 OK\r\n"));
    }
}

#[test]
fn connections_stay_open_as_the_client_wants() {
    let edge = Running::start(brisk());
    let asked = |version: &str, connection: &str| {
        edge.exchange(format!("GET /echo HTTP/{version}\r\nHost: h\r\n{connection}\r\n").as_bytes())
    };
    let open = asked("1.1", "");
    assert!(
        open.ends_with("open") && !open.contains("Connection:"),
        "{open}"
    );
    let closed = asked("1.1", "Connection: foo, Close\r\n");
    assert!(closed.contains("\r\nConnection: close\r\n") && !closed.ends_with("open"));
    let old = asked("1.0", "");
    assert!(old.contains("\r\nConnection: close\r\n") && !old.ends_with("open"));
    let old = asked("1.0", "Connection: keep-alive\r\n");
    assert!(old.contains("\r\nConnection: keep-alive\r\n") && old.ends_with("open"));
    let blank = edge.exchange(format!("\r\n{GET}").as_bytes());
    assert!(blank.starts_with("HTTP/1.1 200 OK\r\n"), "{blank}");

    let edge = Running::start(Limits {
        requests_per_connection: 2,
        ..brisk()
    });
    let two = edge.exchange(GET.repeat(3).as_bytes());
    assert_eq!(two.matches("HTTP/1.1 200 ").count(), 2);
    assert_eq!(two.matches("Connection: close").count(), 1);
}

#[test]
fn responses_have_the_right_frame() {
    let edge = Running::start(brisk());
    let head = edge.exchange(b"HEAD /echo?a HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(head.ends_with("\r\n\r\nopen"), "{head}");
    assert!(head.contains("\r\nContent-Length: 27\r\n"), "{head}");
    assert!(
        head.contains("\r\nDate: ") && !head.contains("Server"),
        "{head}"
    );
    let empty = edge.exchange(b"GET /empty HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(empty.starts_with("HTTP/1.1 204 No Content\r\n"), "{empty}");
    assert!(!empty.contains("Content-Length"), "{empty}");
    let large = edge.exchange(b"GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert!(large.contains("\r\nContent-Length: 4194304\r\n"));
    assert!(large.len() > LARGE);
}

#[test]
fn a_client_that_asks_first_is_told_to_continue() {
    let edge = Running::start(brisk());
    let mut stream = edge.connect();
    let head = post("Content-Length: 3\r\nExpect: 100-continue\r\n", "");
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(response(&mut stream).0, "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"abc").unwrap();
    assert!(response(&mut stream).1.ends_with(b"abc"));
    // No invitation to what would be refused.
    edge.refuses(
        "POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\nExpect: 100-continue\r\n\r\n",
        413,
    );
}

#[test]
fn names_with_underscores_and_a_strangers_forwarding_are_dropped() {
    let fields = "X_Real_Ip: 9.9.9.9\r\nX-Real-Ip: 9.9.9.9\r\nX-Forwarded-For: 9.9.9.9\r\n";
    let request = format!("GET /echo HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
    let edge = Running::start(brisk());
    let answer = edge.exchange(request.as_bytes());
    assert!(answer.contains("GET /echo - 127.0.0.1 [-]"), "{answer}");

    let edge = Running::with(brisk(), Tls::Off, &["127.0.0.0/8"]);
    let answer = edge.exchange(request.as_bytes());
    assert!(answer.contains("GET /echo - 9.9.9.9 [9.9.9.9]"), "{answer}");
}

#[test]
fn one_address_has_only_its_share() {
    let edge = Running::start(Limits {
        connections_per_address: 4,
        idle: Duration::from_secs(20),
        head: Duration::from_secs(20),
        ..brisk()
    });
    let served = |mut stream: TcpStream| {
        stream.write_all(GET.as_bytes()).unwrap();
        response(&mut stream);
        stream
    };
    let mut elsewhere = served(from([127, 0, 0, 9], edge.address));
    let mut held: Vec<TcpStream> = (0..4).map(|_| served(edge.connect())).collect();
    // One of its own makes room, and nobody of another address.
    thread::sleep(Duration::from_millis(20));
    let last = served(edge.connect());
    held.retain_mut(|stream| !is_closed(stream, Duration::from_millis(200)));
    assert_eq!(held.len(), 3);
    assert!(!is_closed(&mut elsewhere, Duration::from_millis(50)));
    held.push(last);

    // All at work: no room.
    let slow = b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n";
    for stream in &mut held {
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        stream.write_all(slow).unwrap();
    }
    thread::sleep(Duration::from_millis(100));
    assert!(is_closed(&mut edge.connect(), Duration::from_millis(200)));
    assert!(serves(from([127, 0, 0, 9], edge.address)));
    for stream in &mut held {
        assert_eq!(response(stream).1, b"done");
    }
}

#[test]
fn two_thousand_idle_connections_of_one_address_shut_nobody_out() {
    let edge = Running::start(Limits {
        connections: 128,
        connections_per_address: 32,
        head: Duration::from_secs(20),
        idle: Duration::from_secs(20),
        ..brisk()
    });
    let mut elsewhere = from([127, 0, 0, 9], edge.address);
    let mut held = std::collections::VecDeque::new();
    for number in 0..2000 {
        held.push_back(edge.connect());
        // This end has only so many descriptors; the other end has long closed the first.
        if held.len() > 300 {
            held.pop_front();
        }
        if number % 100 == 99 {
            edge.works();
        }
    }
    elsewhere.write_all(GET.as_bytes()).unwrap();
    assert!(
        response(&mut elsewhere)
            .0
            .starts_with("HTTP/1.1 200 OK\r\n")
    );
}

#[test]
fn a_trusted_proxy_has_as_many_as_it_wants() {
    let limits = Limits {
        connections_per_address: 2,
        ..brisk()
    };
    let edge = Running::with(limits, Tls::Off, &["127.0.0.1/32"]);
    let held: Vec<TcpStream> = (0..10).map(|_| edge.connect()).collect();
    edge.works();
    drop(held);
}

#[test]
fn whoever_holds_connections_open_makes_room() {
    let edge = Running::start(Limits {
        connections: 32,
        connections_per_address: 8,
        head: Duration::from_secs(20),
        idle: Duration::from_secs(20),
        ..brisk()
    });
    let mut held = Vec::new();
    for number in 0..200u32 {
        let mut stream = from([127, 0, 1, (number % 50) as u8], edge.address);
        // Idle before any byte, in the middle of a head, and after a response.
        match number % 3 {
            0 => {}
            1 => {
                let _ = stream.write_all(b"GET / HTTP/1.1\r\nX: ");
            }
            _ => {
                let _ = stream.write_all(GET.as_bytes());
            }
        }
        held.push(stream);
        if number % 10 == 0 {
            assert!(serves(from([127, 0, 2, 1], edge.address)), "{number}");
        }
    }
    let mut last = held.pop().unwrap();
    assert!(is_closed(&mut held[0], Duration::from_secs(1)));
    assert!(!is_closed(&mut last, Duration::from_millis(50)));
}

#[test]
fn stalled_bodies_make_room_too() {
    let edge = Running::start(Limits {
        connections: 8,
        body: Duration::from_secs(20),
        ..brisk()
    });
    let stalled: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = edge.connect();
            let sent = post("Content-Length: 1000\r\n", "x");
            stream.write_all(sent.as_bytes()).unwrap();
            stream
        })
        .collect();
    for _ in 0..8 {
        assert!(serves(edge.connect()));
    }
    drop(stalled);
}

/// A connection from an address of one's own.
fn from(address: [u8; 4], to: SocketAddr) -> TcpStream {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddr::from((address, 0))).unwrap();
    connect(&socket, &to).unwrap();
    let stream = TcpStream::from(socket);
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    stream
}

fn serves(mut stream: TcpStream) -> bool {
    let mut start = [0; 15];
    stream.write_all(GET.as_bytes()).is_ok()
        && stream.read_exact(&mut start).is_ok()
        && start == *b"HTTP/1.1 200 OK"
}

struct Secure {
    edge: Running,
    authority: Authority,
    certificate: Arc<ReloadingCertificate>,
}

impl Secure {
    fn start() -> Self {
        let now = clock::now();
        let authority = Authority::generate("Test", now).unwrap();
        let certificate = Arc::new(ReloadingCertificate::new(leaf(&authority)));
        let config = server_config(Arc::clone(&certificate)).unwrap();
        Self {
            edge: Running::with(brisk(), Tls::On(config), &[]),
            authority,
            certificate,
        }
    }
}

fn leaf(authority: &Authority) -> rustls::sign::CertifiedKey {
    let hosts = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let leaf = authority.issue(&hosts, clock::now()).unwrap();
    from_der(vec![leaf.certificate.clone()], &leaf.key).unwrap()
}

/// A TLS client that trusts this authority only.
fn secure_client(
    edge: &Running,
    authority: &Authority,
    protocols: &[&[u8]],
) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.certificate.clone().into()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let name = rustls::pki_types::ServerName::try_from("127.0.0.1").unwrap();
    let session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    rustls::StreamOwned::new(session, edge.connect())
}

#[test]
fn tls_with_the_appliances_own_authority() {
    let secure = Secure::start();
    let mut client = secure_client(&secure.edge, &secure.authority, &[b"h2", b"http/1.1"]);
    for _ in 0..2 {
        client.write_all(GET.as_bytes()).unwrap();
        let (head, body) = response(&mut client);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(body.starts_with(b"GET /echo"));
    }
    assert_eq!(client.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    client
        .write_all(b"GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut all = Vec::new();
    // Ends without error only if the edge has said that it closes.
    client.read_to_end(&mut all).unwrap();
    assert!(all.len() > LARGE);

    let mut other = secure_client(&secure.edge, &secure.authority, &[b"h2"]);
    assert!(other.write_all(GET.as_bytes()).is_err() || other.flush().is_err());
    let stranger = Authority::generate("Test", clock::now()).unwrap();
    let mut distrustful = secure_client(&secure.edge, &stranger, &[]);
    assert!(distrustful.write_all(GET.as_bytes()).is_err());
}

#[test]
fn a_common_client_library_trusts_the_authority() {
    let secure = Secure::start();
    let root = ureq::tls::Certificate::from_der(&secure.authority.certificate).to_owned();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ureq::tls::TlsConfig::builder()
        .root_certs(ureq::tls::RootCerts::new_with_certs(&[root]))
        .unversioned_rustls_crypto_provider(provider)
        .build();
    let agent = ureq::Agent::config_builder()
        .tls_config(tls)
        .build()
        .new_agent();
    let url = format!("https://localhost:{}/echo?a=b", secure.edge.address.port());
    let mut answer = agent.post(&url).send("hello").unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    assert_eq!(text, "POST /echo a=b 127.0.0.1 [-] hello");
}

#[test]
fn a_certificate_is_exchanged_while_serving() {
    let secure = Secure::start();
    let mut before = secure_client(&secure.edge, &secure.authority, &[]);
    before.write_all(GET.as_bytes()).unwrap();
    response(&mut before);
    let next = Authority::generate("Next", clock::now()).unwrap();
    secure.certificate.replace(leaf(&next));
    let mut after = secure_client(&secure.edge, &next, &[]);
    after.write_all(GET.as_bytes()).unwrap();
    response(&mut after);
    before.write_all(GET.as_bytes()).unwrap();
    response(&mut before);
    let mut late = secure_client(&secure.edge, &secure.authority, &[]);
    assert!(late.write_all(GET.as_bytes()).is_err());
}

#[test]
fn a_stalled_handshake_ends() {
    let secure = Secure::start();
    let mut silent = secure.edge.connect();
    let mut halfway = secure.edge.connect();
    halfway
        .write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")
        .unwrap();
    let mut plain = secure.edge.connect();
    plain.write_all(GET.as_bytes()).unwrap();
    let begin = Instant::now();
    for stream in [&mut silent, &mut halfway] {
        assert!(is_closed(stream, Duration::from_secs(2)));
    }
    assert!(begin.elapsed() < Duration::from_secs(2));
    assert!(!rest(&mut plain).contains("HTTP"));
}

#[test]
fn a_stop_lets_running_requests_finish() {
    let mut edge = Running::start(brisk());
    let mut idle = edge.connect();
    idle.write_all(GET.as_bytes()).unwrap();
    response(&mut idle);
    let mut fresh = edge.connect();
    let mut running = edge.connect();
    running
        .write_all(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
        .unwrap();
    thread::sleep(Duration::from_millis(100));
    let begin = Instant::now();
    edge.stopper.stop();
    assert!(is_closed(&mut idle, Duration::from_secs(1)));
    assert!(is_closed(&mut fresh, Duration::from_secs(1)));
    let (head, body) = response(&mut running);
    assert!(head.contains("\r\nConnection: close\r\n"), "{head}");
    assert_eq!(body, b"done");
    drop(running);
    edge.thread.take().unwrap().join().unwrap();
    assert!(begin.elapsed() < Duration::from_millis(1800));
    assert!(TcpStream::connect(edge.address).is_err());
}

#[test]
fn a_stop_does_not_wait_longer_than_its_grace() {
    let mut edge = Running::start(Limits {
        grace: Duration::from_millis(200),
        body: Duration::from_secs(20),
        ..brisk()
    });
    let mut stalled = edge.connect();
    stalled
        .write_all(post("Content-Length: 1000\r\n", "x").as_bytes())
        .unwrap();
    thread::sleep(Duration::from_millis(100));
    let begin = Instant::now();
    edge.stopper.stop();
    edge.thread.take().unwrap().join().unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(200));
    assert!(begin.elapsed() < Duration::from_secs(2));
    assert!(is_closed(&mut stalled, Duration::from_secs(1)));
}
