//! A body whose one long array is read value by value.
//!
//! A group's body may name a hundred thousand members. As a tree of JSON they take twenty times the
//! room of their ids, which is all that is wanted of them.

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

use super::error::{ScimError, shown};
use super::json::{self, MAX_VALUES, Room, Strict};

/// Parses a request body into its object less the array `key`, in any case, whose values go to
/// `take` one by one. Also whether there was one: null is none.
///
/// # Errors
/// As of [`json::object`], and what `take` refuses.
pub(super) fn object(
    body: &[u8],
    key: &'static str,
    take: &mut dyn FnMut(Value) -> Result<(), ScimError>,
) -> Result<(Map<String, Value>, bool), ScimError> {
    let body = json::text(body)?;
    let mut parser = serde_json::Deserializer::from_slice(body);
    let (mut refused, room) = (None, Room::of(MAX_VALUES));
    let object = Object {
        key,
        take,
        refused: &mut refused,
        room: &room,
    };
    let read = object
        .deserialize(&mut parser)
        .and_then(|read| parser.end().map(|()| read));
    match (refused, read) {
        (Some(refused), _) => Err(refused),
        (None, Ok(Some(read))) => Ok(read),
        (None, Ok(None)) => Err(json::no_object()),
        (None, Err(error)) => Err(room.exceeded().unwrap_or_else(|| json::invalid(&error))),
    }
}

struct Object<'a> {
    key: &'static str,
    take: &'a mut dyn FnMut(Value) -> Result<(), ScimError>,
    /// Why the parser was stopped, where it wasn't for the JSON.
    refused: &'a mut Option<ScimError>,
    /// For all but the array.
    room: &'a Room,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = Option<(Map<String, Value>, bool)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Option<(Map<String, Value>, bool)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = Map::new();
        let (mut spelled, mut there) = (None, false);
        while let Some(key) = entries.next_key::<String>()? {
            let twice = map.contains_key(&key) || spelled.as_ref() == Some(&key);
            if twice {
                let key = shown(&key);
                return Err(A::Error::custom(format_args!("`{key}` is given twice")));
            }
            if !key.eq_ignore_ascii_case(self.key) {
                map.insert(key, entries.next_value_seed(Strict::within(1, self.room))?);
                continue;
            }
            if spelled.replace(key).is_some() {
                *self.refused = Some(ScimError::invalid_syntax(format!(
                    "`{}` is given twice, in different case.",
                    self.key
                )));
                return Err(A::Error::custom("given twice"));
            }
            there = entries.next_value_seed(Array(&mut self))?;
        }
        Ok(Some((map, there)))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items
            .next_element_seed(Strict::within(1, self.room))?
            .is_some()
        {}
        Ok(None)
    }
}

/// The array; true unless it is null.
struct Array<'a, 'b>(&'a mut Object<'b>);

impl<'de> DeserializeSeed<'de> for Array<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Array<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        loop {
            // Each is gone before the next one comes.
            let room = Room::of(MAX_VALUES);
            let taken = match items.next_element_seed(Strict::within(2, &room)) {
                Ok(Some(item)) => (self.0.take)(item),
                Ok(None) => return Ok(true),
                Err(error) => Err(room.exceeded().ok_or(error)?),
            };
            if let Err(refused) = taken {
                *self.0.refused = Some(refused);
                return Err(A::Error::custom("refused"));
            }
        }
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<bool, E> {
        self.no_array()
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<bool, E> {
        self.no_array()
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<bool, E> {
        self.no_array()
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<bool, E> {
        self.no_array()
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<bool, E> {
        self.no_array()
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<bool, A::Error> {
        self.no_array()
    }
}

impl Array<'_, '_> {
    fn no_array<E: serde::de::Error>(self) -> Result<bool, E> {
        let key = self.0.key;
        *self.0.refused = Some(ScimError::invalid_value(format!(
            "`{key}` must be an array."
        )));
        Err(E::custom("no array"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &str) -> Result<(Value, Option<Vec<Value>>), ScimError> {
        let mut taken = Vec::new();
        let mut take = |value| {
            taken.push(value);
            Ok(())
        };
        let (map, there) = object(body.as_bytes(), "members", &mut take)?;
        Ok((Value::Object(map), there.then_some(taken)))
    }

    #[test]
    fn the_array_goes_elsewhere() {
        assert_eq!(
            read(r#" {"a":[1],"Members":[1,{"b":2}],"c":null} "#).unwrap(),
            (
                json!({"a": [1], "c": null}),
                Some(vec![json!(1), json!({"b": 2})])
            )
        );
        assert_eq!(read(r#"{"members":[]}"#).unwrap().1, Some(vec![]));
        assert_eq!(read(r#"{"members":null}"#).unwrap().1, None);
        assert_eq!(read("{}").unwrap().1, None);
    }

    #[test]
    fn refuses_what_the_whole_tree_is_refused_for() {
        let deep = format!(r#"{{"members":[{}1{}]}}"#, "[".repeat(20), "]".repeat(20));
        for (body, status) in [
            ("", "invalidSyntax"),
            ("[1]", "invalidSyntax"),
            ("7", "invalidSyntax"),
            ("null", "invalidSyntax"),
            (r#"{"a":1,"a":2}"#, "invalidSyntax"),
            (r#"{"members":[],"members":[]}"#, "invalidSyntax"),
            (r#"{"members":[],"MEMBERS":[]}"#, "invalidSyntax"),
            (r#"{"members":[{"a":1,"a":2}]}"#, "invalidSyntax"),
            (r#"{"members":[1"#, "invalidSyntax"),
            (r#"{"members":[]} {}"#, "invalidSyntax"),
            (&deep, "invalidSyntax"),
            (r#"{"members":{}}"#, "invalidValue"),
            (r#"{"members":"a"}"#, "invalidValue"),
            (r#"{"members":1.5}"#, "invalidValue"),
        ] {
            let error = read(body).unwrap_err();
            assert_eq!(
                (error.status, error.scim_type),
                (400, Some(status)),
                "{body}"
            );
        }
        let bomb = "0,".repeat(MAX_VALUES);
        for body in [
            format!(r#"{{"a":[{bomb}0]}}"#),
            format!(r#"{{"members":[{{"a":[{bomb}0]}}]}}"#),
            format!("[{bomb}0]"),
        ] {
            assert_eq!(read(&body).unwrap_err().scim_type, Some("tooMany"));
        }
        assert!(read(&format!(r#"{{"members":[{bomb}{bomb}0]}}"#)).is_ok());
        let stop = object(br#"{"members":[1,2]}"#, "members", &mut |_| {
            Err(ScimError::too_many("enough"))
        });
        assert_eq!(stop.unwrap_err().scim_type, Some("tooMany"));
    }
}
