//! Request bodies, by length or in chunks (RFC 9112 sections 6 and 7.1), whole and bounded.
//!
//! Memory is taken as bytes arrive, never because a client announced them.

use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::head::Framing;
use super::inbox::Inbox;
use super::refusal::Refusal;

/// How much memory all request bodies together may still take.
pub(super) struct Budget(AtomicUsize);

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self(AtomicUsize::new(bytes))
    }

    /// Nothing lent yet; give the loan up when the body is.
    pub(super) fn loan(&self) -> Loan<'_> {
        Loan {
            budget: self,
            taken: 0,
        }
    }
}

/// One body's part of the budget.
pub(super) struct Loan<'a> {
    budget: &'a Budget,
    taken: usize,
}

/// What every body may take without asking, so that small ones go through while large ones crowd.
const FREE: usize = 16 << 10;

impl Loan<'_> {
    /// Makes sure that a body of `size` bytes is covered.
    fn cover(&mut self, size: usize) -> Result<(), Refusal> {
        let wanted = size.saturating_sub(FREE);
        let more = wanted.saturating_sub(self.taken);
        if more == 0 {
            return Ok(());
        }
        self.budget
            .0
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(more)
            })
            .map_err(|_| Refusal::Overloaded)?;
        self.taken += more;
        Ok(())
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        self.budget.0.fetch_add(self.taken, Ordering::Relaxed);
    }
}

/// Reads the whole body, of which a part may be in `inbox` already, and leaves what comes after it
/// there.
pub(super) fn read(
    framing: Framing,
    limit: usize,
    inbox: &mut Inbox,
    source: &mut impl Read,
    loan: &mut Loan<'_>,
) -> Result<Vec<u8>, Refusal> {
    let mut body = Body {
        bytes: Vec::new(),
        limit,
        inbox,
        source,
        loan,
    };
    match framing {
        Framing::Empty => {}
        Framing::Length(length) => body.take(length)?,
        Framing::Chunked => body.chunks()?,
    }
    Ok(body.bytes)
}

struct Body<'a, 'b, R> {
    bytes: Vec<u8>,
    limit: usize,
    inbox: &'a mut Inbox,
    source: &'a mut R,
    loan: &'a mut Loan<'b>,
}

impl<R: Read> Body<'_, '_, R> {
    fn take(&mut self, count: usize) -> Result<(), Refusal> {
        let whole = self.bytes.len().saturating_add(count);
        if whole > self.limit {
            return Err(Refusal::BodyTooLarge);
        }
        while self.bytes.len() < whole {
            if self.inbox.is_empty() {
                self.receive()?;
            }
            let unread = self.inbox.unread();
            let some = unread.len().min(whole - self.bytes.len());
            self.loan.cover(self.bytes.len() + some)?;
            self.bytes
                .extend_from_slice(unread.get(..some).unwrap_or_default());
            self.inbox.consume(some);
        }
        Ok(())
    }

    /// Without extensions and trailers: nothing here needs them, and each is a place where two
    /// parsers can disagree.
    fn chunks(&mut self) -> Result<(), Refusal> {
        loop {
            let size = self.size()?;
            if size == 0 {
                return self.line_end();
            }
            self.take(size)?;
            self.line_end()?;
        }
    }

    /// `chunk-size CRLF`: one to eight hexadecimal digits and nothing else.
    fn size(&mut self) -> Result<usize, Refusal> {
        let mut size = 0usize;
        for place in 0..=8 {
            let byte = self.byte()?;
            match char::from(byte).to_digit(16) {
                Some(digit) if place < 8 => size = (size << 4) | digit as usize,
                None if place > 0 && byte == b'\r' => {
                    return match self.byte()? {
                        b'\n' => Ok(size),
                        _ => Err(Refusal::Chunk),
                    };
                }
                _ => return Err(Refusal::Chunk),
            }
        }
        Err(Refusal::Chunk)
    }

    fn line_end(&mut self) -> Result<(), Refusal> {
        for expected in *b"\r\n" {
            if self.byte()? != expected {
                return Err(Refusal::Chunk);
            }
        }
        Ok(())
    }

    fn byte(&mut self) -> Result<u8, Refusal> {
        loop {
            if let Some(&byte) = self.inbox.unread().first() {
                self.inbox.consume(1);
                return Ok(byte);
            }
            self.receive()?;
        }
    }

    fn receive(&mut self) -> Result<(), Refusal> {
        match self.inbox.fill(self.source) {
            Ok(0) => Err(Refusal::BodyIncomplete),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(Refusal::BodyTimeout),
            Err(_) => Err(Refusal::BodyIncomplete),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives out a few bytes at a time.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(out.len());
            (&mut self.0).take(count as u64).read(out)
        }
    }

    fn body(framing: Framing, limit: usize, sent: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Refusal> {
        let budget = Budget::new(1 << 20);
        let mut results = [1, 2, 3, 7, 4096].map(|step| {
            let mut inbox = Inbox::new();
            let mut source = Drip(sent, step);
            let bytes = read(framing, limit, &mut inbox, &mut source, &mut budget.loan())?;
            let mut rest = inbox.unread().to_vec();
            rest.extend_from_slice(source.0);
            Ok((bytes, rest))
        });
        assert!(results.iter().all(|result| *result == results[0]));
        assert_eq!(budget.0.load(Ordering::Relaxed), 1 << 20);
        std::mem::replace(&mut results[0], Err(Refusal::Chunk))
    }

    fn chunked(sent: &str) -> Result<(Vec<u8>, Vec<u8>), Refusal> {
        body(Framing::Chunked, 100, sent.as_bytes())
    }

    #[test]
    fn by_length() {
        let read = body(Framing::Length(5), 5, b"helloGET /").unwrap();
        assert_eq!(read, (b"hello".to_vec(), b"GET /".to_vec()));
        assert_eq!(
            body(Framing::Length(6), 5, b"hello!"),
            Err(Refusal::BodyTooLarge)
        );
        assert_eq!(
            body(Framing::Length(6), 6, b"hello"),
            Err(Refusal::BodyIncomplete)
        );
    }

    #[test]
    fn in_chunks() {
        let read = chunked("3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\nGET /").unwrap();
        assert_eq!(read, (b"abc0123456789".to_vec(), b"GET /".to_vec()));
        assert_eq!(chunked("000\r\n\r\n").unwrap().0, b"");
    }

    #[test]
    fn malformed_chunks() {
        for sent in [
            "3;a=b\r\nabc\r\n0\r\n\r\n",
            "3 \r\nabc\r\n0\r\n\r\n",
            " 3\r\nabc\r\n0\r\n\r\n",
            "3\nabc\r\n0\r\n\r\n",
            "3\r\nabcd\r\n0\r\n\r\n",
            "3\r\nabc0\r\n\r\n",
            "\r\n",
            "-1\r\n",
            "0x3\r\nabc\r\n0\r\n\r\n",
            "000000003\r\nabc\r\n0\r\n\r\n",
            "0\r\nX-Trailer: a\r\n\r\n",
            "0\r\n\n",
            "3\r\rabc\r\n",
        ] {
            assert_eq!(chunked(sent), Err(Refusal::Chunk), "{sent:?}");
        }
        assert_eq!(chunked("3\r\nab"), Err(Refusal::BodyIncomplete));
        assert_eq!(chunked("ffffffff\r\n"), Err(Refusal::BodyTooLarge));
        assert_eq!(chunked("3c\r\n"), Err(Refusal::BodyIncomplete));
    }

    #[test]
    fn the_sum_of_chunks_is_bounded() {
        let sent = format!("{}0\r\n\r\n", "a\r\n0123456789\r\n".repeat(11));
        assert_eq!(chunked(&sent), Err(Refusal::BodyTooLarge));
    }

    #[test]
    fn all_bodies_together_are_bounded() {
        let budget = Budget::new(10);
        let mut first = budget.loan();
        assert_eq!(first.cover(FREE + 8), Ok(()));
        let mut second = budget.loan();
        assert_eq!(second.cover(FREE), Ok(()));
        assert_eq!(second.cover(FREE + 3), Err(Refusal::Overloaded));
        drop(first);
        assert_eq!(second.cover(FREE + 10), Ok(()));
    }
}
