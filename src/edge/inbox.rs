//! What has been received and not yet used.

use std::io::{self, Read};

/// One connection's receive buffer. It starts small, because most connections are idle most of
/// the time, and grows up to a fixed size while much arrives.
pub(super) struct Inbox {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

const SMALL: usize = 4 << 10;
/// More than the largest head, so that the head's own bound is the one that is met first.
const LARGE: usize = 32 << 10;

impl Inbox {
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0; SMALL],
            start: 0,
            end: 0,
        }
    }

    /// What is there.
    pub(super) fn unread(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether nothing is there.
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Forgets the first `count` bytes.
    pub(super) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Gives back the memory that a large message took.
    pub(super) fn shrink(&mut self) {
        if self.is_empty() && self.bytes.len() > SMALL {
            self.bytes = vec![0; SMALL];
        }
    }

    /// Reads once. 0 says that the client will send no more; an error of kind `OutOfMemory` that
    /// the buffer is at its largest and nobody uses it up.
    pub(super) fn fill(&mut self, source: &mut impl Read) -> io::Result<usize> {
        if self.end == self.bytes.len() {
            if self.start > 0 {
                self.bytes.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            } else if self.bytes.len() < LARGE {
                self.bytes.resize(self.bytes.len() * 2, 0);
            } else {
                return Err(io::ErrorKind::OutOfMemory.into());
            }
        }
        let room = self.bytes.get_mut(self.end..).unwrap_or_default();
        let count = source.read(room)?;
        self.end += count.min(room.len());
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_uses_up_and_is_bounded() {
        let sent: Vec<u8> = (0..=255).cycle().take(LARGE * 3).collect();
        let mut source = &sent[..];
        let mut inbox = Inbox::new();
        let mut seen = Vec::new();
        while seen.len() < LARGE {
            inbox.fill(&mut source).unwrap();
            let some = inbox.unread().len().min(1000);
            seen.extend_from_slice(&inbox.unread()[..some]);
            inbox.consume(some);
        }
        assert_eq!(seen, sent[..seen.len()]);
        let full = loop {
            if let Err(error) = inbox.fill(&mut source) {
                break error;
            }
        };
        assert_eq!(full.kind(), io::ErrorKind::OutOfMemory);
        assert_eq!(inbox.unread().len(), LARGE);
        inbox.consume(LARGE);
        inbox.shrink();
        assert_eq!(inbox.bytes.len(), SMALL);
    }
}
