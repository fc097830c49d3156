//! A query for TXT records and its answer as bytes (RFC 1035 section 4).

const HEADER: usize = 12;
const TXT: u16 = 16;
const INTERNET: u16 = 1;
/// Records of an answer that are looked at; real ones have a handful.
const MOST_RECORDS: usize = 100;

/// One query.
#[derive(Debug)]
pub(super) struct Query(Vec<u8>);

/// What a message is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The answer: these texts, or none.
    Texts(Vec<String>),
    /// The answer, but it didn't fit; it is to be had over TCP.
    Truncated,
    /// The resolver won't or can't answer.
    Refused(&'static str),
    /// No answer to this query.
    NotOurs,
}

impl Query {
    /// Random bytes in a query: two for its number, 32 for the case of letters.
    pub(super) const RANDOM: usize = 34;

    /// A query for the TXT records of `name`, or `None` where that is no name.
    pub(super) fn txt(name: &str, random: &[u8; Self::RANDOM]) -> Option<Self> {
        if name.is_empty() || name.len() > 253 {
            return None;
        }
        let (number, case) = random.split_first_chunk::<2>()?;
        let mut bytes = number.to_vec();
        // A question for a resolver that recurses; one of them; nothing else.
        bytes.extend([0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
        let mut letters = 0;
        for label in name.split('.') {
            let length = u8::try_from(label.len())
                .ok()
                .filter(|n| (1..=63).contains(n))?;
            bytes.push(length);
            for byte in label.bytes() {
                let bit = case.get(letters / 8).copied().unwrap_or(0) >> (letters % 8) & 1;
                letters += 1;
                bytes.push(match bit {
                    1 => byte.to_ascii_uppercase(),
                    _ => byte.to_ascii_lowercase(),
                });
            }
        }
        bytes.push(0);
        bytes.extend(TXT.to_be_bytes());
        bytes.extend(INTERNET.to_be_bytes());
        Some(Self(bytes))
    }

    /// The message.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads a message that may be the answer; `spelled`: only one that spells the name as we did.
    pub(super) fn answer(&self, message: &[u8], spelled: bool) -> Answer {
        self.read(message, spelled).unwrap_or(Answer::NotOurs)
    }

    fn read(&self, message: &[u8], spelled: bool) -> Option<Answer> {
        let mut rest = Reader(message);
        let number = rest.take(2)?;
        let flags = rest.number()?;
        let (questions, answers) = (rest.number()?, rest.number()?);
        rest.take(4)?;
        let question = self.0.get(HEADER..)?;
        let asked = rest.take(question.len())?;
        let same = match spelled {
            true => asked == question,
            false => asked.eq_ignore_ascii_case(question),
        };
        let is_answer = flags & 0xF800 == 0x8000;
        if !is_answer || questions != 1 || !same || Some(number) != self.0.get(..2) {
            return None;
        }
        match flags & 0x000F {
            // No such name is an answer, too.
            0 | 3 => {}
            1 => return Some(Answer::Refused("that it doesn't understand (FORMERR)")),
            2 => return Some(Answer::Refused("that it failed (SERVFAIL)")),
            5 => return Some(Answer::Refused("that it won't (REFUSED)")),
            _ => return Some(Answer::Refused("an error")),
        }
        if flags & 0x0200 != 0 {
            return Some(Answer::Truncated);
        }
        // A resolver that recurses answers with what it found, the names that led there (CNAME)
        // among it; whose name a record bears says nothing more.
        let mut texts = Vec::new();
        for _ in 0..usize::from(answers).min(MOST_RECORDS) {
            rest.skip_name()?;
            let (kind, class) = (rest.number()?, rest.number()?);
            rest.take(4)?;
            let length = rest.number()?;
            let data = rest.take(usize::from(length))?;
            if (kind, class) == (TXT, INTERNET) {
                texts.push(text(data)?);
            }
        }
        Some(Answer::Texts(texts))
    }
}

/// The strings of one record, joined.
fn text(data: &[u8]) -> Option<String> {
    let mut rest = Reader(data);
    let mut joined = Vec::new();
    while !rest.0.is_empty() {
        let length = rest.byte()?;
        joined.extend_from_slice(rest.take(usize::from(length))?);
    }
    Some(String::from_utf8_lossy(&joined).into_owned())
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn number(&mut self) -> Option<u16> {
        let bytes = self.take(2)?.first_chunk::<2>()?;
        Some(u16::from_be_bytes(*bytes))
    }

    /// A pointer ends a name; where it points to isn't looked at, so that none can lead in circles.
    fn skip_name(&mut self) -> Option<()> {
        loop {
            match self.byte()? {
                0 => return Some(()),
                length @ 1..=63 => {
                    self.take(usize::from(length))?;
                }
                192..=255 => {
                    self.take(1)?;
                    return Some(());
                }
                64..=191 => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "_portcullis-challenge.acme.com";

    fn query() -> Query {
        Query::txt(NAME, &[0b1010_1010; Query::RANDOM]).unwrap()
    }

    /// An answer with these records: type and data.
    fn answer(query: &Query, flags: u16, records: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = query.bytes().to_vec();
        bytes[2..4].copy_from_slice(&flags.to_be_bytes());
        bytes[6..8].copy_from_slice(&u16::try_from(records.len()).unwrap().to_be_bytes());
        for (kind, data) in records {
            bytes.extend([0xC0, 12]);
            bytes.extend(kind.to_be_bytes());
            bytes.extend([0, 1, 0, 0, 0, 60]);
            bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(data);
        }
        bytes
    }

    #[test]
    fn a_query_is_a_name_in_mixed_case() {
        let bytes = query().bytes().to_vec();
        assert_eq!(&bytes[..12], [0xAA, 0xAA, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[12], 21);
        assert_eq!(&bytes[13..34], b"_PoRtCuLlIs-cHaLlEnGe");
        assert!(bytes.ends_with(b"\x00\x00\x10\x00\x01"));
        let long = format!("{}.com", "x".repeat(64));
        let longer = vec!["x".repeat(50); 6].join(".");
        for none in ["", ".", "a..b", "a.", &long, &longer] {
            assert!(Query::txt(none, &[0; Query::RANDOM]).is_none(), "{none}");
        }
    }

    #[test]
    fn texts_of_every_record_and_no_other() {
        let query = query();
        let records: [(u16, &[u8]); 4] = [
            (5, b"\x03foo\x00"),
            (16, b"\x06portcu\x05llis="),
            (16, b"\x01\xff"),
            (1, &[127, 0, 0, 1]),
        ];
        let found = query.answer(&answer(&query, 0x8180, &records), true);
        let texts = ["portcullis=", "\u{FFFD}"].map(str::to_owned).to_vec();
        assert_eq!(found, Answer::Texts(texts));
        for nothing in [0x8180, 0x8183] {
            assert_eq!(
                query.answer(&answer(&query, nothing, &[]), true),
                Answer::Texts(Vec::new())
            );
        }
        assert_eq!(
            query.answer(&answer(&query, 0x8380, &[]), true),
            Answer::Truncated
        );
        for failed in [0x8181, 0x8182, 0x8185, 0x8184] {
            let found = query.answer(&answer(&query, failed, &[]), true);
            assert!(matches!(found, Answer::Refused(_)), "{found:?}");
        }
    }

    #[test]
    fn only_our_answer_counts() {
        let query = query();
        let good = answer(&query, 0x8180, &[(16, b"\x02hi")]);
        let hi = Answer::Texts(vec!["hi".to_owned()]);
        assert_eq!(query.answer(&good, true), hi);
        for at in [0, 1, 14, 30] {
            let mut other = good.clone();
            other[at] ^= 0x20;
            assert_eq!(query.answer(&other, true), Answer::NotOurs, "{at}");
        }
        let mut respelled = good.clone();
        respelled[14] ^= 0x20;
        assert_eq!(query.answer(&respelled, false), hi);
        for flags in [0x0180, 0x8980] {
            let other = answer(&query, flags, &[]);
            assert_eq!(query.answer(&other, true), Answer::NotOurs);
        }
        assert_eq!(query.answer(query.bytes(), true), Answer::NotOurs);
    }

    /// Cut anywhere or with any byte changed: an answer or none, and no panic.
    #[test]
    fn whatever_comes() {
        let query = query();
        let good = answer(&query, 0x8180, &[(5, b"\x03foo\x00"), (16, b"\x02hi")]);
        for end in 0..good.len() {
            assert_eq!(query.answer(&good[..end], true), Answer::NotOurs, "{end}");
        }
        for at in 0..good.len() {
            for value in [0, 1, 63, 64, 127, 191, 192, 255] {
                let mut odd = good.clone();
                odd[at] = value;
                query.answer(&odd, false);
            }
        }
    }
}
