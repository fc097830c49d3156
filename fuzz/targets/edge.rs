//! What a client sends before it says no more, over loopback, since the edge's parser is its own
//! affair: the head, the body's framing, pipelining.
//!
//! What the handler saw must be a subset of what was sent, one head for each request, and every
//! answer must be one.

#![no_main]

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use portcullis::edge::{Edge, Handler, Limits, Method, Request, Response, Tls};

static SEEN: AtomicUsize = AtomicUsize::new(0);

struct Watch;

impl Handler for Watch {
    fn body_limit(&self, _: &Method, _: &str) -> usize {
        4096
    }

    fn handle(&self, request: Request) -> Response {
        let clean = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let well = request.path.starts_with('/')
            && clean(&request.path)
            && !request.path.contains('?')
            && request.query.as_deref().is_none_or(clean)
            && request.headers.all("host").count() == 1
            && request.header("transfer-encoding").is_none()
            && request.header("content-length").is_none()
            && request.body.len() <= 4096;
        // A panic in here would be caught, and answered with a 500.
        if !well {
            eprintln!("the handler was given {request:?}");
            std::process::abort();
        }
        SEEN.fetch_add(1, Ordering::SeqCst);
        Response::new(200).body("text/plain", request.body)
    }
}

static ADDRESS: LazyLock<SocketAddr> = LazyLock::new(|| {
    let any = "127.0.0.1:0".parse().unwrap();
    let edge = Edge::bind(any, Limits::default(), Tls::Off, Vec::new()).unwrap();
    let address = edge.local_addr();
    std::thread::spawn(move || edge.run(Arc::new(Watch)));
    address
});

fuzz_target!(|input: &[u8]| {
    let seen = SEEN.load(Ordering::SeqCst);
    let mut client = TcpStream::connect(*ADDRESS).unwrap();
    client.set_nodelay(true).unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    // The edge may have refused and closed by now.
    let _ = client.write_all(input);
    let _ = client.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    if let Err(error) = client.read_to_end(&mut answer) {
        assert_eq!(
            error.kind(),
            ErrorKind::ConnectionReset,
            "the edge waits for nothing"
        );
        return;
    }
    let requests = SEEN.load(Ordering::SeqCst) - seen;
    let heads = input.windows(4).filter(|four| four == b"\r\n\r\n").count();
    assert!(requests <= heads, "{requests} requests from {heads} heads");
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 "));
    assert!(!answer.starts_with(b"HTTP/1.1 500"));
});
