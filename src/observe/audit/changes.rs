//! What a line says of a change: only what is different, never the whole.

use serde_json::{Map, Value};

/// Ids in one line. A change of more is told in several lines.
pub const MOST_IDS: usize = 1_000;

/// Characters of a text value that are kept.
const LONGEST_VALUE: usize = 1_024;

/// The members of two objects that differ, as `before` and `after`; `None` where none does.
pub fn changes(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Option<Map<String, Value>> {
    let (mut old, mut new) = (Map::new(), Map::new());
    for (name, value) in after {
        let earlier = before.get(name).unwrap_or(&Value::Null);
        if earlier != value {
            old.insert(name.clone(), clipped(earlier));
            new.insert(name.clone(), clipped(value));
        }
    }
    if new.is_empty() {
        return None;
    }
    let mut told = Map::new();
    told.insert("before".into(), Value::Object(old));
    told.insert("after".into(), Value::Object(new));
    Some(told)
}

fn clipped(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() > LONGEST_VALUE => {
            text.chars().take(LONGEST_VALUE).collect::<String>().into()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_different() {
        let object = |value: Value| value.as_object().cloned().unwrap();
        let before = object(json!({ "name": "A", "level": "admin", "note": null }));
        let after = object(json!({ "name": "B", "level": "admin", "note": null }));
        assert_eq!(
            Value::Object(changes(&before, &after).unwrap()),
            json!({ "before": { "name": "A" }, "after": { "name": "B" } })
        );
        assert!(changes(&before, &before).is_none());
    }
}
