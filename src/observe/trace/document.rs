//! The response behind a sign-in's trace, exactly as it came, for whoever has to find out why it
//! was refused, and to be verified again later.
//!
//! It says more about a person than a trace may, so it is sealed: AES-256-GCM with a key of the
//! appliance, bound to the trace and the organization, so that what is moved to another row doesn't
//! open. The key is in the same file ([`crate::store::setting`]), as the appliance has nowhere else
//! to keep one: sealing keeps documents out of dumps, searches and wrong joins, not from whoever has
//! the whole file.
//!
//! A document goes with its trace. What is kept is bounded for each organization, apart for what
//! was accepted and what was refused; the oldest go first.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use data_encoding::{BASE64, HEXLOWER};
use rusqlite::{Connection, OptionalExtension, params};
use zeroize::Zeroizing;

use super::Trace;
use crate::store::{StoreError, random, setting};

/// Bytes of one document that is kept; Okta's have about 10,000, two hundred groups among them.
pub const LONGEST: usize = 128 * 1024;

/// Documents of one organization that were accepted, and as many that were refused.
pub const MOST: i64 = 1_000;

/// Their bytes; for each of the two.
pub const MOST_BYTES: i64 = 16 * 1024 * 1024;

const KEY: &str = "trace_document_key";

/// What came in the form's field `SAMLResponse`.
#[derive(Clone, PartialEq, Eq)]
pub enum Document {
    /// XML, which had come as base64.
    Xml(String),
    /// The value of the field, where it is no base64 of a text.
    Value(String),
}

/// Says how much it is, never what.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} bytes)", self.text().len())
    }
}

impl Document {
    /// From the field's value; `None` where it is empty or longer than is kept.
    pub fn of_form(value: &str) -> Option<Self> {
        // No base64 that is longer than this is a document that is kept.
        if value.trim().is_empty() || value.len() > LONGEST / 3 * 4 + LONGEST / 16 {
            return None;
        }
        let compact: String = value.split_ascii_whitespace().collect();
        let xml = BASE64.decode(compact.as_bytes()).ok();
        let document = match xml.and_then(|bytes| String::from_utf8(bytes).ok()) {
            Some(xml) => Self::Xml(xml),
            None => Self::Value(value.to_owned()),
        };
        (document.text().len() <= LONGEST).then_some(document)
    }

    /// As text: the XML, or the value as it came.
    pub fn text(&self) -> &str {
        match self {
            Self::Xml(text) | Self::Value(text) => text,
        }
    }

    /// What [`Self::text`] is: `xml` or `value`.
    pub const fn form(&self) -> &'static str {
        match self {
            Self::Xml(_) => "xml",
            Self::Value(_) => "value",
        }
    }

    /// The value of the form's field again.
    pub fn form_value(&self) -> String {
        match self {
            Self::Xml(xml) => BASE64.encode(xml.as_bytes()),
            Self::Value(value) => value.clone(),
        }
    }

    /// The text after a mark of what it is.
    fn bytes(&self) -> Vec<u8> {
        let mark = match self {
            Self::Xml(_) => b'x',
            Self::Value(_) => b'v',
        };
        [&[mark], self.text().as_bytes()].concat()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (mark, text) = bytes.split_first()?;
        let text = std::str::from_utf8(text).ok()?.to_owned();
        match mark {
            b'x' => Some(Self::Xml(text)),
            b'v' => Some(Self::Value(text)),
            _ => None,
        }
    }
}

/// Seals a document and keeps it with the trace of this reference, which must be there. Older ones
/// of the organization make room.
///
/// # Errors
/// [`StoreError`].
pub fn keep(conn: &Connection, reference: &str, document: &Document) -> Result<(), StoreError> {
    let found: Option<(i64, Option<String>, String)> = conn
        .prepare_cached("SELECT id, organization_id, outcome FROM traces WHERE reference = ?1")?
        .query_row([reference], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((id, Some(organization), outcome)) = found else {
        return Ok(());
    };
    let Some((nonce, sealed)) = seal(&key(conn)?, &bound_to(reference, &organization), document)
    else {
        // Neither a key of another length nor so long a text can come here. A trace without its
        // document is better than no sign-in.
        tracing::error!(reference, "sealing a document failed; it is not kept");
        return Ok(());
    };
    conn.prepare_cached(
        "INSERT INTO trace_documents (trace_id, organization_id, outcome, bytes, nonce, sealed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        id,
        organization,
        outcome,
        i64::try_from(document.text().len()).unwrap_or(i64::MAX),
        nonce,
        sealed
    ])?;
    make_room(conn, &organization, &outcome)
}

/// The oldest go until what is left is within its bounds. One document may push out several.
fn make_room(conn: &Connection, organization: &str, outcome: &str) -> Result<(), StoreError> {
    loop {
        let within: bool = conn
            .prepare_cached(
                "SELECT documents <= ?3 AND bytes <= ?4 FROM trace_document_rooms
                 WHERE organization_id = ?1 AND outcome = ?2",
            )?
            .query_row(params![organization, outcome, MOST, MOST_BYTES], |row| {
                row.get(0)
            })
            .optional()?
            .unwrap_or(true);
        if within {
            return Ok(());
        }
        let gone = conn
            .prepare_cached(
                "DELETE FROM trace_documents WHERE trace_id =
                     (SELECT min(trace_id) FROM trace_documents
                      WHERE organization_id = ?1 AND outcome = ?2)",
            )?
            .execute([organization, outcome])?;
        if gone == 0 {
            return Ok(());
        }
    }
}

/// The bytes of the document that is kept with this trace, if one is.
///
/// # Errors
/// [`StoreError`].
pub fn size(conn: &Connection, trace: &Trace) -> Result<Option<i64>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT bytes FROM trace_documents
             WHERE trace_id = (SELECT id FROM traces WHERE reference = ?1)",
        )?
        .query_row([&trace.reference], |row| row.get(0))
        .optional()?)
}

/// The document of a trace; `None` where none is kept, or what is kept was not sealed here for
/// this trace.
///
/// # Errors
/// [`StoreError`].
pub fn open(conn: &Connection, trace: &Trace) -> Result<Option<Document>, StoreError> {
    let Some(organization) = &trace.organization_id else {
        return Ok(None);
    };
    let found: Option<(Vec<u8>, Vec<u8>)> = conn
        .prepare_cached(
            "SELECT nonce, sealed FROM trace_documents
             WHERE trace_id = (SELECT id FROM traces WHERE reference = ?1)",
        )?
        .query_row([&trace.reference], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (Some((nonce, sealed)), Some(key)) = (found, kept_key(conn)?) else {
        return Ok(None);
    };
    let document = unseal(
        &key,
        &bound_to(&trace.reference, organization),
        &nonce,
        sealed,
    );
    if document.is_none() {
        tracing::warn!(reference = %trace.reference, "a kept document doesn't open");
    }
    Ok(document)
}

/// Forgets the documents of an organization; returns how many there were. The traces stay.
///
/// # Errors
/// [`StoreError`].
pub fn forget(conn: &Connection, organization_id: &str) -> Result<usize, StoreError> {
    Ok(conn
        .prepare_cached("DELETE FROM trace_documents WHERE organization_id = ?1")?
        .execute([organization_id])?)
}

/// Makes the key that seals documents, where there is none yet, so that no sign-in has to.
///
/// # Errors
/// [`StoreError`].
pub fn prepare(conn: &Connection) -> Result<(), StoreError> {
    key(conn).map(|_| ())
}

type Key = Zeroizing<[u8; 32]>;

fn key(conn: &Connection) -> Result<Key, StoreError> {
    if let Some(kept) = kept_key(conn)? {
        return Ok(kept);
    }
    let key = Zeroizing::new(random::bytes::<32>());
    setting::write(conn, KEY, &HEXLOWER.encode(&*key))?;
    Ok(key)
}

fn kept_key(conn: &Connection) -> Result<Option<Key>, StoreError> {
    let text = setting::read(conn, KEY)?.map(Zeroizing::new);
    let bytes = text.and_then(|text| HEXLOWER.decode(text.as_bytes()).ok());
    Ok(bytes
        .and_then(|bytes| bytes.try_into().ok())
        .map(Zeroizing::new))
}

/// What a sealed document belongs to.
fn bound_to(reference: &str, organization_id: &str) -> String {
    format!("portcullis trace document 1\n{reference}\n{organization_id}")
}

fn seal(key: &Key, bound_to: &str, document: &Document) -> Option<([u8; NONCE_LEN], Vec<u8>)> {
    let mut bytes = document.bytes();
    let key = RandomizedNonceKey::new(&AES_256_GCM, &**key).ok()?;
    let nonce = key
        .seal_in_place_append_tag(Aad::from(bound_to.as_bytes()), &mut bytes)
        .ok()?;
    Some((*nonce.as_ref(), bytes))
}

fn unseal(key: &Key, bound_to: &str, nonce: &[u8], mut sealed: Vec<u8>) -> Option<Document> {
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let key = RandomizedNonceKey::new(&AES_256_GCM, &**key).ok()?;
    let bytes = key
        .open_in_place(nonce, Aad::from(bound_to.as_bytes()), &mut sealed)
        .ok()?;
    Document::read(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Timestamp;
    use crate::observe::trace::{About, Kind, Outcome, Record, find, retention, write};
    use crate::store::scratch;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn traced(conn: &Connection, organization: &str, outcome: Outcome) -> Trace {
        let record = Record {
            kind: Kind::Saml,
            organization_id: Some(organization.into()),
            provider_id: None,
            outcome,
            code: "ok".into(),
            about: About::default(),
            summary: String::new(),
            detail: json!({}),
        };
        let reference = write(conn, &record, NOW).unwrap();
        find(conn, &reference).unwrap().unwrap()
    }

    fn of(xml: &str) -> Document {
        Document::of_form(&BASE64.encode(xml.as_bytes())).unwrap()
    }

    fn count(conn: &Connection, sql: &str) -> i64 {
        conn.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn comes_back_as_it_was_and_lies_sealed() {
        let conn = scratch::connection();
        for value in [
            BASE64.encode("<a>ann@acme.com</a>".as_bytes()),
            "<html>ann@acme.com".to_owned(),
            "%%%".to_owned(),
        ] {
            let trace = traced(&conn, "o", Outcome::Refused);
            let document = Document::of_form(&value).unwrap();
            assert_eq!(document.form_value(), value);
            keep(&conn, &trace.reference, &document).unwrap();
            assert!(!format!("{document:?}").contains("acme"));
            assert_eq!(open(&conn, &trace).unwrap(), Some(document));
        }
        let plain = "SELECT count(*) FROM trace_documents WHERE instr(sealed, 'ann@acme') > 0";
        assert_eq!(count(&conn, plain), 0);
        let nonces = "SELECT count(DISTINCT nonce) FROM trace_documents";
        assert_eq!(count(&conn, nonces), 3);
    }

    #[test]
    fn does_not_open_in_another_place() {
        let conn = scratch::connection();
        let one = traced(&conn, "o", Outcome::Refused);
        let other = traced(&conn, "o", Outcome::Refused);
        keep(&conn, &one.reference, &of("<one/>")).unwrap();
        keep(&conn, &other.reference, &of("<other/>")).unwrap();
        assert_eq!(size(&conn, &one).unwrap(), Some(6));
        // Moved to another trace.
        conn.execute_batch(
            "DELETE FROM trace_documents WHERE trace_id = 2;
             UPDATE trace_documents SET trace_id = 2;",
        )
        .unwrap();
        assert_eq!(open(&conn, &other).unwrap(), None);
        assert_eq!(open(&conn, &one).unwrap(), None);
        // Back again, then changed in one bit.
        conn.execute_batch("UPDATE trace_documents SET trace_id = 1")
            .unwrap();
        assert_eq!(open(&conn, &one).unwrap(), Some(of("<one/>")));
        let stranger = Trace {
            organization_id: Some("p".into()),
            ..one.clone()
        };
        assert_eq!(open(&conn, &stranger).unwrap(), None);
        conn.execute_batch("UPDATE trace_documents SET sealed = zeroblob(length(sealed))")
            .unwrap();
        assert_eq!(open(&conn, &one).unwrap(), None);
    }

    #[test]
    fn what_is_too_long_or_empty_is_none() {
        let longest = BASE64.encode(&vec![b'x'; LONGEST]);
        assert!(Document::of_form(&longest).is_some());
        let longer = BASE64.encode(&vec![b'x'; LONGEST + 1]);
        assert!(Document::of_form(&longer).is_none());
        assert!(Document::of_form(&"<".repeat(LONGEST + 1)).is_none());
        assert!(Document::of_form(&"<".repeat(4 << 20)).is_none());
        assert!(Document::of_form(" \r\n").is_none());
    }

    #[test]
    fn an_organization_has_so_much_room_and_no_other_loses_any() {
        let conn = scratch::connection();
        let theirs = traced(&conn, "p", Outcome::Refused);
        keep(&conn, &theirs.reference, &of("<p/>")).unwrap();
        let accepted = traced(&conn, "o", Outcome::Accepted);
        keep(&conn, &accepted.reference, &of("<o/>")).unwrap();
        let first = traced(&conn, "o", Outcome::Refused);
        keep(&conn, &first.reference, &of("<first/>")).unwrap();
        for _ in 1..MOST {
            let trace = traced(&conn, "o", Outcome::Refused);
            keep(&conn, &trace.reference, &of("<o/>")).unwrap();
        }
        assert!(open(&conn, &first).unwrap().is_some());
        let large = traced(&conn, "o", Outcome::Refused);
        keep(&conn, &large.reference, &of(&"x".repeat(LONGEST))).unwrap();
        assert!(open(&conn, &first).unwrap().is_none());
        // By their bytes.
        for _ in 0..MOST_BYTES / i64::try_from(LONGEST).unwrap() {
            let trace = traced(&conn, "o", Outcome::Refused);
            keep(&conn, &trace.reference, &of(&"x".repeat(LONGEST))).unwrap();
        }
        let bytes = "SELECT sum(bytes) FROM trace_documents
                     WHERE organization_id = 'o' AND outcome = 'refused'";
        assert_eq!(count(&conn, bytes), MOST_BYTES);
        assert!(open(&conn, &large).unwrap().is_none());
        for trace in [&theirs, &accepted] {
            assert!(open(&conn, trace).unwrap().is_some());
        }
        let counted = "SELECT sum(documents) FROM trace_document_rooms";
        let there = "SELECT count(*) FROM trace_documents";
        assert_eq!(count(&conn, counted), count(&conn, there));
    }

    #[test]
    fn goes_with_its_trace_and_on_demand() {
        let conn = scratch::connection();
        let trace = traced(&conn, "o", Outcome::Refused);
        keep(&conn, &trace.reference, &of("<a/>")).unwrap();
        let later = NOW.plus(std::time::Duration::from_secs(40 * 86_400));
        assert!(retention::prune(&conn, later).unwrap() > 0);
        assert_eq!(count(&conn, "SELECT count(*) FROM trace_documents"), 0);
        let trace = traced(&conn, "o", Outcome::Refused);
        keep(&conn, &trace.reference, &of("<a/>")).unwrap();
        assert_eq!(forget(&conn, "p").unwrap(), 0);
        assert_eq!(forget(&conn, "o").unwrap(), 1);
        assert!(open(&conn, &trace).unwrap().is_none());
        let left = "SELECT sum(documents) + sum(bytes) FROM trace_document_rooms";
        assert_eq!(count(&conn, left), 0);
    }
}
