//! JSON as SCIM needs it: one object, no key twice, bounded depth.
//!
//! `serde_json` alone keeps the last of two equal keys. A proxy or an audit that keeps the first
//! would then see another request than we did, so a repeated key is refused, also one that differs
//! only in case (attribute names have none, RFC 7643 section 2.1; [`super::validate`] sees to that).

use std::cell::Cell;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::error::ScimError;
use super::group::MAX_MEMBERS;

/// How deep arrays and objects may nest. Core SCIM needs 4.
pub(super) const MAX_DEPTH: usize = 16;

/// Most JSON values of a message that is about one resource or none. A resource that may be kept
/// has fewer, and a value takes twenty times the room of its text: eight megabytes of them would
/// take half a gigabyte.
pub(super) const MAX_VALUES: usize = 50_000;

/// Most of one that may name every member of a group: each is an object with `value`, `display`,
/// `$ref` and `type`.
pub(super) const MAX_WITH_MEMBERS: usize = 5 * MAX_MEMBERS + MAX_VALUES;

/// Parses a request body into its object. 400 `invalidSyntax` if it isn't one, `tooMany` if it has
/// more than `most` values in it.
pub(super) fn object(body: &[u8], most: usize) -> Result<Map<String, Value>, ScimError> {
    let mut parser = serde_json::Deserializer::from_slice(text(body)?);
    let room = Room::of(most);
    let value = Strict::within(0, &room)
        .deserialize(&mut parser)
        .and_then(|value| parser.end().map(|()| value))
        .map_err(|error| room.exceeded().unwrap_or_else(|| invalid(&error)))?;
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(no_object()),
    }
}

/// The JSON of a body, which must be some.
pub(super) fn text(body: &[u8]) -> Result<&[u8], ScimError> {
    // Some clients on Windows start UTF-8 with a byte order mark, which RFC 8259 lets us skip.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(ScimError::invalid_syntax("The request has no body."));
    }
    Ok(body)
}

pub(super) fn invalid(error: &serde_json::Error) -> ScimError {
    ScimError::invalid_syntax(format!("The body is not valid JSON: {error}."))
}

pub(super) fn no_object() -> ScimError {
    ScimError::invalid_syntax("The body must be a JSON object.")
}

/// How many values one message may still have.
pub(super) struct Room {
    most: usize,
    /// `None` once there were too many.
    left: Cell<Option<usize>>,
}

impl Room {
    pub(super) const fn of(most: usize) -> Self {
        Self {
            most,
            left: Cell::new(Some(most)),
        }
    }

    fn take(&self) -> bool {
        let left = self.left.get().and_then(|left| left.checked_sub(1));
        self.left.set(left);
        left.is_some()
    }

    /// Why the parser was stopped, if it was for this.
    pub(super) fn exceeded(&self) -> Option<ScimError> {
        let most = self.most;
        self.left.get().is_none().then(|| {
            ScimError::too_many(format!("The body has more than {most} JSON values in it."))
        })
    }
}

/// Reads a value, with no key twice, not too deep and not too many in it.
#[derive(Clone, Copy)]
pub(super) struct Strict<'a> {
    depth: usize,
    room: &'a Room,
}

impl<'a> Strict<'a> {
    /// For a value that so many arrays and objects are around already.
    pub(super) const fn within(depth: usize, room: &'a Room) -> Self {
        Self { depth, room }
    }

    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if !self.room.take() {
            return Err(D::Error::custom("too many values"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(inner)?;
            if map.contains_key(&key) {
                let key = super::error::shown(&key);
                return Err(A::Error::custom(format_args!("`{key}` is given twice")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

/// The members of a message, taken by name without case.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn of(map: Map<String, Value>) -> Self {
        Self(map)
    }

    /// Null counts as absent. Two spellings of one name are refused.
    pub(super) fn take(&mut self, name: &str) -> Result<Option<Value>, ScimError> {
        let mut found = None;
        let spelled: Vec<String> = self
            .0
            .keys()
            .filter(|key| key.eq_ignore_ascii_case(name))
            .cloned()
            .collect();
        for key in spelled {
            if found.is_some() {
                return Err(ScimError::invalid_syntax(format!(
                    "`{name}` is given twice."
                )));
            }
            found = self.0.shift_remove(&key);
        }
        Ok(found.filter(|value| !value.is_null()))
    }

    /// Refuses what nobody has taken.
    pub(super) fn nothing_else(&self, what: &str) -> Result<(), ScimError> {
        match self.0.keys().next() {
            Some(key) => Err(ScimError::invalid_syntax(format!(
                "`{}` is no part of {what}.",
                super::error::shown(key)
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> String {
        let error = object(body.as_bytes(), MAX_VALUES).unwrap_err();
        assert_eq!(
            (error.status, error.scim_type),
            (400, Some("invalidSyntax"))
        );
        error.detail
    }

    #[test]
    fn takes_objects_only() {
        assert_eq!(
            object(b"\xef\xbb\xbf {\"a\": [1, null, -2.5]}", MAX_VALUES)
                .unwrap()
                .len(),
            1
        );
        for body in [
            "",
            "  \n",
            "[]",
            "1",
            "null",
            "{not json",
            "{} x",
            "{\"a\":1e999}",
        ] {
            refused(body);
        }
        assert!(object(b"{\"a\":\"\xff\"}", MAX_VALUES).is_err());
    }

    #[test]
    fn refuses_a_key_given_twice() {
        assert!(refused(r#"{"active":true,"active":false}"#).contains("given twice"));
        assert!(refused(r#"{"name":{"a":1,"\u0061":2}}"#).contains("given twice"));
    }

    #[test]
    fn refuses_depth_bombs() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(object(nested(MAX_DEPTH - 1).as_bytes(), MAX_VALUES).is_ok());
        assert!(refused(&nested(MAX_DEPTH)).contains("nested deeper"));
        refused(&nested(200_000));
        refused(&"{\"a\":".repeat(200_000));
    }
    #[test]
    fn refuses_more_values_than_are_good_for_memory() {
        let with = |count: usize| format!("{{\"a\":[{}0]}}", "0,".repeat(count - 1));
        // The object, its array and what is in that.
        assert!(object(with(8).as_bytes(), 10).is_ok());
        let error = object(with(9).as_bytes(), 10).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some("tooMany")));
        assert!(error.detail.contains("10 JSON values"));
        // The rest of it is not read: it may be no JSON at all.
        let error = object(b"{\"a\":[1,2,3,4 oops", 4).unwrap_err();
        assert_eq!(error.scim_type, Some("tooMany"));
    }
}
