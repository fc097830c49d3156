//! The executable, serving a file, and connections to it: what a client waits for is measured from
//! the first byte sent to the last received.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A running appliance, ended when this is dropped.
pub(crate) struct Served {
    child: Child,
    port: u16,
}

/// A request.
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) expect: u16,
}

impl Ask {
    pub(crate) fn get(path: String) -> Self {
        Self {
            method: "GET",
            path,
            body: String::new(),
            expect: 200,
        }
    }

    pub(crate) fn with(method: &'static str, path: String, body: String, expect: u16) -> Self {
        Self {
            method,
            path,
            body,
            expect,
        }
    }
}

impl Served {
    /// PORTCULLIS_BIN, or the executable of this build.
    pub(crate) fn executable() -> PathBuf {
        std::env::var_os("PORTCULLIS_BIN")
            .map_or_else(|| env!("CARGO_BIN_EXE_portcullis").into(), PathBuf::from)
    }

    pub(crate) fn on(file: &Path) -> Self {
        let mut child = Command::new(Self::executable())
            .arg("serve")
            .arg("--data")
            .arg(file)
            .args(["--listen", "127.0.0.1:0", "--tls", "off"])
            .args(["--log-format", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let listening = out
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| serde_json::from_str::<Value>(&line).ok())
            .find(|event| event["event"] == "listening")
            .unwrap();
        let url = listening["url"].as_str().unwrap();
        let port = url.rsplit(':').next().unwrap().parse().unwrap();
        Self { child, port }
    }

    pub(crate) fn connect(&self, bearer: &str) -> Line {
        Line {
            port: self.port,
            stream: open(self.port),
            bearer: bearer.to_owned(),
            head: Vec::new(),
            asked: Instant::now(),
        }
    }

    /// Resident memory in bytes: now (`VmRSS`) or at most (`VmHWM`).
    pub(crate) fn resident(&self, which: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(which)).unwrap();
        let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes << 10
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn open(port: u16) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    BufReader::with_capacity(64 << 10, stream)
}

/// A connection that is kept.
pub(crate) struct Line {
    port: u16,
    stream: BufReader<TcpStream>,
    bearer: String,
    head: Vec<u8>,
    asked: Instant,
}

impl Line {
    /// Another connection of the same client.
    pub(crate) fn another(&self) -> Self {
        Self {
            port: self.port,
            stream: open(self.port),
            bearer: self.bearer.clone(),
            head: Vec::new(),
            asked: Instant::now(),
        }
    }

    /// Sends a request and reads the whole answer.
    pub(crate) fn ask(&mut self, ask: &Ask) -> Vec<u8> {
        let bytes = format!(
            "{} {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\n\
             Content-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n{}",
            ask.method,
            ask.path,
            self.bearer,
            ask.body.len(),
            ask.body
        );
        // One that was idle for long has been closed meanwhile.
        if self.asked.elapsed() > Duration::from_secs(5) {
            self.stream = open(self.port);
        }
        self.asked = Instant::now();
        self.stream.get_mut().write_all(bytes.as_bytes()).unwrap();
        let (status, length, close) = self.head();
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        if close {
            self.stream = open(self.port);
        }
        // A group with few members is shown after a PATCH, a large one is not.
        let shown = (status, ask.expect) == (200, 204);
        assert!(
            status == ask.expect || shown,
            "{status} {} {}: {}",
            ask.method,
            ask.path,
            String::from_utf8_lossy(&body[..body.len().min(500)])
        );
        body
    }

    fn head(&mut self) -> (u16, usize, bool) {
        let (mut status, mut length, mut close) = (0, 0, false);
        loop {
            self.head.clear();
            self.stream.read_until(b'\n', &mut self.head).unwrap();
            let line = String::from_utf8_lossy(&self.head).to_ascii_lowercase();
            let line = line.trim_end();
            if line.is_empty() {
                return (status, length, close);
            }
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            } else if line == "connection: close" {
                close = true;
            }
        }
    }
}
