//! A socket whose reads and writes end at an absolute deadline, plain or under TLS.

use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::registry::Peer;

/// The bytes under HTTP.
pub(super) enum Wire {
    Plain(Socket),
    Tls(Box<StreamOwned<ServerConnection, Socket>>),
}

impl Wire {
    /// A connection without TLS.
    pub(super) fn plain(peer: Arc<Peer>) -> Self {
        Self::Plain(Socket::new(peer))
    }

    /// A connection after its TLS handshake, for which it has until `deadline`.
    pub(super) fn tls(
        peer: Arc<Peer>,
        config: Arc<ServerConfig>,
        deadline: Instant,
    ) -> io::Result<Self> {
        let mut socket = Socket::new(peer);
        socket.deadline = deadline;
        let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut socket)?;
        }
        Ok(Self::Tls(Box::new(StreamOwned::new(session, socket))))
    }

    /// From now on reads and writes fail with `TimedOut` after this instant.
    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        match self {
            Self::Plain(socket) => socket.deadline = deadline,
            Self::Tls(tls) => tls.sock.deadline = deadline,
        }
    }

    /// Says that no more will be sent, and reads on for a while: closing a socket with unread
    /// bytes resets the connection and may destroy the answer on its way (RFC 9112 section 9.6).
    pub(super) fn close(mut self, deadline: Instant) {
        self.set_deadline(deadline);
        let socket = match &mut self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => {
                tls.conn.send_close_notify();
                let _ = tls.flush();
                &mut tls.sock
            }
        };
        let _ = socket.peer.stream.shutdown(Shutdown::Write);
        let mut sink = [0; 4096];
        let mut left = 256 << 10;
        while left > 0 {
            match socket.read(&mut sink) {
                Ok(0) | Err(_) => break,
                Ok(count) => left -= count.min(left),
            }
        }
    }
}

impl Read for Wire {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(bytes),
            Self::Tls(tls) => tls.read(bytes),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

/// A TCP connection with a deadline.
///
/// The kernel's time-outs count from each call, so they are set anew to the time that is left.
/// That is a system call too, so it is left out while the one in force is close enough.
pub(super) struct Socket {
    peer: Arc<Peer>,
    deadline: Instant,
    read_timeout: Duration,
    write_timeout: Duration,
}

impl Socket {
    fn new(peer: Arc<Peer>) -> Self {
        Self {
            peer,
            deadline: Instant::now(),
            read_timeout: Duration::ZERO,
            write_timeout: Duration::ZERO,
        }
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(left)
    }

    fn writing(
        &mut self,
        write: impl Fn(&mut &std::net::TcpStream) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            let left = self.left()?;
            if !fits(self.write_timeout, left) {
                self.peer.stream.set_write_timeout(Some(left))?;
                self.write_timeout = left;
            }
            match write(&mut &self.peer.stream) {
                Err(error) if is_early(&error) => {}
                other => return other,
            }
        }
    }
}

/// Whether the time-out in force ends close to when `left` does. One that is too early only costs
/// another turn of the loop.
fn fits(installed: Duration, left: Duration) -> bool {
    !installed.is_zero() && installed <= left + Duration::from_millis(50) && installed >= left / 2
}

/// The call came back without result, and whether that is final is for the deadline to say.
fn is_early(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

impl Read for Socket {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            let left = self.left()?;
            if !fits(self.read_timeout, left) {
                self.peer.stream.set_read_timeout(Some(left))?;
                self.read_timeout = left;
            }
            match (&self.peer.stream).read(bytes) {
                Err(error) if is_early(&error) => {}
                other => return other,
            }
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writing(|stream| stream.write(bytes))
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.writing(|stream| stream.write_vectored(slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
