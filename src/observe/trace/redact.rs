//! What of a request may be kept: no secret, and no more than is needed to see what was meant.
//!
//! A body is read as a stream, and what is too much of it is counted rather than kept: a group with
//! a hundred thousand members costs no memory here. A body that isn't JSON is not kept at all, as
//! nobody can say what is in it.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value, json};

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Elements of one list that are kept; the others are counted.
const MOST_ELEMENTS: usize = 10;

/// Members of one object that are kept; the others are counted.
const MOST_MEMBERS: usize = 60;

/// Characters of one text that are kept.
const LONGEST_TEXT: usize = 256;

/// Objects and lists in one another; deeper ones are left out.
const DEEPEST: usize = 10;

/// Values of one body that are kept at all.
const MOST_VALUES: usize = 200;

/// Characters of a query that are kept.
const LONGEST_QUERY: usize = 1024;

/// Parts of names that mean a secret, in lower case.
const SECRETS: [&str; 12] = [
    "password",
    "passwd",
    "passcode",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "authorization",
    "cookie",
    "privatekey",
    "private_key",
];

/// Whether a value of this name is a secret. A path of SCIM counts as a name, whatever stands
/// around the attribute: `urn:...:User:password`.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRETS.iter().any(|secret| name.contains(secret))
}

/// A body as a trace keeps it.
pub fn body(bytes: &[u8]) -> Value {
    let mut budget = Budget(MOST_VALUES);
    let mut from = serde_json::Deserializer::from_slice(bytes);
    let kept = Shortened {
        depth: 0,
        budget: &mut budget,
    }
    .deserialize(&mut from)
    .and_then(|kept| from.end().map(|()| kept));
    kept.unwrap_or_else(|_| json!({ "not_json": { "bytes": bytes.len() } }))
}

/// A query as a trace keeps it: as it came, unless it names a secret.
pub fn query(query: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(query).decode_utf8_lossy();
    if is_secret(&decoded) {
        return REDACTED.to_owned();
    }
    cut(query, LONGEST_QUERY)
}

/// A text cut to a number of characters.
pub fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// How many values may still be kept.
struct Budget(usize);

impl Budget {
    fn take(&mut self) -> bool {
        let left = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        left
    }
}

struct Shortened<'b> {
    depth: usize,
    budget: &'b mut Budget,
}

impl<'de> DeserializeSeed<'de> for Shortened<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Shortened<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(cut(value, LONGEST_TEXT).into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut kept = Vec::new();
        let mut more = 0_u64;
        loop {
            let keep = self.depth < DEEPEST && kept.len() < MOST_ELEMENTS && self.budget.take();
            if keep {
                let next = Shortened {
                    depth: self.depth + 1,
                    budget: self.budget,
                };
                match list.next_element_seed(next)? {
                    Some(value) => kept.push(value),
                    None => break,
                }
            } else if list.next_element::<IgnoredAny>()?.is_some() {
                more += 1;
            } else {
                break;
            }
        }
        if more > 0 {
            kept.push(format!("and {more} more").into());
        }
        Ok(kept.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut kept = Map::new();
        let mut more = 0_u64;
        while let Some(name) = object.next_key::<String>()? {
            let room = self.depth < DEEPEST && kept.len() < MOST_MEMBERS && self.budget.take();
            if !room {
                object.next_value::<IgnoredAny>()?;
                more += 1;
                continue;
            }
            let value = if is_secret(&name) {
                object.next_value::<IgnoredAny>()?;
                REDACTED.into()
            } else {
                object.next_value_seed(Shortened {
                    depth: self.depth + 1,
                    budget: self.budget,
                })?
            };
            kept.insert(cut(&name, LONGEST_TEXT), value);
        }
        hide_what_a_path_names(&mut kept);
        if more > 0 {
            kept.insert("…".to_owned(), format!("and {more} more").into());
        }
        Ok(Value::Object(kept))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, _: D) -> Result<Value, D::Error> {
        Err(D::Error::custom("not JSON"))
    }
}

/// An operation of PATCH says in `path` whose `value` it has, and may say a value there itself; a
/// search says in `filter` what it compares.
fn hide_what_a_path_names(object: &mut Map<String, Value>) {
    let mut names_secret = false;
    for (name, value) in object.iter_mut() {
        if !value.as_str().is_some_and(is_secret) {
            continue;
        }
        if name.eq_ignore_ascii_case("filter") {
            *value = REDACTED.into();
        } else if name.eq_ignore_ascii_case("path") {
            names_secret = true;
            let attribute = value.as_str().and_then(|path| path.split_once('['));
            if let Some((attribute, _)) = attribute {
                *value = format!("{attribute}{REDACTED}").into();
            }
        }
    }
    for (name, value) in object.iter_mut().filter(|_| names_secret) {
        if name.eq_ignore_ascii_case("value") {
            *value = REDACTED.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> Value {
        body(text.as_bytes())
    }

    #[test]
    fn secrets_go_wherever_they_stand() {
        for text in [
            r#"{"password":"hunter2"}"#,
            r#"{"PassWord":{"value":"hunter2"}}"#,
            r#"{"urn:x:User":{"clientSecret":["hunter2"]}}"#,
            r#"{"Operations":[{"op":"replace","path":"password","value":"hunter2"}]}"#,
            r#"{"Operations":[{"value":"hunter2","op":"add","path":"urn:x:User:PASSWORD"}]}"#,
            r#"{"Operations":[{"op":"add","value":{"password":"hunter2"}}]}"#,
            r#"{"Operations":[{"op":"remove","path":"password[value eq \"hunter2\"]"}]}"#,
            r#"{"Filter":"userName eq \"ann\" or password eq \"hunter2\""}"#,
            r#"{"nested":{"pwd":"hunter2","PassCode":"hunter2"}}"#,
            r#"{"Operations":[{"data":{"password":"hunter2"},"path":"/Users"}]}"#,
            "password=hunter2",
            r#"{"userName":"ann""#,
            r#"{"password":"hunter2"} {"x":"hunter2"}"#,
        ] {
            assert!(!kept(text).to_string().contains("hunter2"), "{text}");
        }
        assert_eq!(
            query("filter=userName+eq+%22ann%22"),
            "filter=userName+eq+%22ann%22"
        );
        assert_eq!(query("filter=p%61ssword+eq+%22hunter2%22"), REDACTED);
    }

    #[test]
    fn what_is_no_secret_stays() {
        let text =
            r#"{"userName":"ann","active":true,"n":1.5,"x":null,"emails":[{"value":"a@b"}]}"#;
        assert_eq!(kept(text), serde_json::from_str::<Value>(text).unwrap());
        let search = r#"{"filter":"userName eq \"ann\"","path":"emails[type eq \"work\"]"}"#;
        assert_eq!(kept(search), serde_json::from_str::<Value>(search).unwrap());
    }

    #[test]
    fn much_is_counted() {
        let members: Vec<String> = (0..100_000)
            .map(|n| format!(r#"{{"value":"{n}"}}"#))
            .collect();
        let group = kept(&format!(
            r#"{{"displayName":"x","members":[{}]}}"#,
            members.join(",")
        ));
        let list = group["members"].as_array().unwrap();
        assert_eq!(list.len(), MOST_ELEMENTS + 1);
        assert_eq!(list[MOST_ELEMENTS], "and 99990 more");
        let wide: Vec<String> = (0..1_000).map(|n| format!(r#""a{n}":{n}"#)).collect();
        let wide = kept(&format!("{{{}}}", wide.join(",")));
        assert_eq!(wide.as_object().unwrap().len(), MOST_MEMBERS + 1);
        let long = kept(&format!(r#"{{"a":"{}"}}"#, "é".repeat(10_000)));
        assert_eq!(
            long["a"].as_str().unwrap().chars().count(),
            LONGEST_TEXT + 1
        );
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        assert!(kept(&deep).to_string().len() < 100);
        assert!(kept(&"[".repeat(100_000)).get("not_json").is_some());
        let bushy = format!("[{}]", vec!["[1,2,3,4,5,6,7,8,9]"; 1_000].join(","));
        assert!(kept(&bushy).to_string().len() < 4_096);
    }
}
