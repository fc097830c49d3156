//! Plays recorded SCIM request sequences (`tests/fixtures/scim-cases`) against anything that
//! answers requests. Knows no HTTP client and no server: the caller gives a function that sends.
use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A request as the case has it. `path_and_query` is encoded and relative to the SCIM base address.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path_and_query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Sends one request. An `Err` is a failure of the connection.
pub(crate) trait Send: FnMut(&Request) -> Result<Answer, String> {}
impl<F: FnMut(&Request) -> Result<Answer, String>> Send for F {}

/// A parsed file of cases.
pub(crate) struct Suite {
    defaults: Map<String, Value>,
    cases: Vec<Value>,
}

/// What was played.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) passed: Vec<String>,
    /// Each with the case's name in front.
    pub(crate) failed: Vec<String>,
}

impl Suite {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let file: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let defaults = file
            .pointer("/meta/defaults/headers")
            .and_then(Value::as_object);
        let cases = file.get("cases").and_then(Value::as_array);
        Ok(Self {
            defaults: defaults.cloned().unwrap_or_default(),
            cases: cases.ok_or("the file has no cases")?.clone(),
        })
    }

    /// Plays every case whose profile is among `profiles`; an empty list means all.
    pub(crate) fn play(&self, profiles: &[&str], token: &str, send: &mut impl Send) -> Outcome {
        let mut outcome = Outcome::default();
        for (number, case) in self.cases.iter().enumerate() {
            let profile = text(case, "profile");
            if !profiles.is_empty() && !profiles.contains(&profile) {
                continue;
            }
            let name = text(case, "name").to_owned();
            match self.play_case(case, token, &format!("r{number:05x}"), send) {
                Ok(()) => outcome.passed.push(name),
                Err(why) => outcome.failed.push(format!("{name}: {why}")),
            }
        }
        outcome
    }

    /// Plays one case by its name. `run` is what makes its names unique.
    pub(crate) fn play_named(
        &self,
        name: &str,
        token: &str,
        run: &str,
        send: &mut impl Send,
    ) -> Result<(), String> {
        let case = self.cases.iter().find(|case| text(case, "name") == name);
        self.play_case(case.ok_or("no such case")?, token, run, send)
    }

    fn play_case(
        &self,
        case: &Value,
        token: &str,
        run: &str,
        send: &mut impl Send,
    ) -> Result<(), String> {
        let caps = format!("RUNSCOPE101ABC{}@ATKO.TEST", run.to_uppercase());
        let mut variables = BTreeMap::from([
            ("token".to_owned(), Value::from(token)),
            ("run".to_owned(), Value::from(run)),
            ("RUNSCOPE_CAPS".to_owned(), Value::from(caps)),
        ]);
        let steps = case.get("steps").and_then(Value::as_array);
        for (number, step) in steps.ok_or("the case has no steps")?.iter().enumerate() {
            self.play_step(step, &mut variables, send).map_err(|why| {
                let (method, path) = (text(step, "method"), text(step, "path"));
                format!("step {} {method} {path}: {why}", number + 1)
            })?;
        }
        Ok(())
    }

    fn play_step(
        &self,
        step: &Value,
        variables: &mut BTreeMap<String, Value>,
        send: &mut impl Send,
    ) -> Result<(), String> {
        let answer = send(&self.request(step, variables)?)?;
        let shown = String::from_utf8_lossy(&answer.body).into_owned();
        let expect = step.get("expect").unwrap_or(&Value::Null);
        check_status(expect, answer.status).map_err(|why| format!("{why}: {shown}"))?;
        check_headers(expect, &answer.headers)?;
        if answer.status == 204 {
            return Ok(());
        }
        let checks = expect.get("json").and_then(Value::as_array);
        let captures = step.get("capture").and_then(Value::as_object);
        if checks.is_none_or(Vec::is_empty) && captures.is_none() {
            return Ok(());
        }
        let body: Value = serde_json::from_slice(&answer.body)
            .map_err(|error| format!("the answer is not JSON ({error}): {shown}"))?;
        for check in checks.into_iter().flatten() {
            check_json(&filled(check, variables)?, &body)
                .map_err(|why| format!("{why}: {shown}"))?;
        }
        for (name, path) in captures.into_iter().flatten() {
            let path = path.as_str().unwrap_or_default();
            let mut found = select(&body, path)?.values;
            let value = found
                .pop()
                .ok_or_else(|| format!("{path} is absent: {shown}"))?;
            variables.insert(name.clone(), value.clone());
        }
        Ok(())
    }

    fn request(
        &self,
        step: &Value,
        variables: &BTreeMap<String, Value>,
    ) -> Result<Request, String> {
        let mut path_and_query = fill(text(step, "path"), variables)?;
        if let Some(raw) = step.get("rawQuery").and_then(Value::as_str) {
            path_and_query.push('?');
            path_and_query.push_str(&fill(raw, variables)?);
        } else if let Some(query) = step.get("query").and_then(Value::as_object) {
            let mut joint = '?';
            for (name, value) in query {
                let value = fill(&plain(value), variables)?;
                path_and_query.push_str(&format!("{joint}{}={}", encode(name), encode(&value)));
                joint = '&';
            }
        }
        let mut headers = self.defaults.clone();
        for (name, value) in step
            .get("headers")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            headers.retain(|known, _| !known.eq_ignore_ascii_case(name));
            headers.insert(name.clone(), value.clone());
        }
        let headers = headers.iter().filter_map(|(name, value)| {
            let value = value.as_str()?;
            Some(fill(value, variables).map(|value| (name.clone(), value)))
        });
        let body = match (step.get("rawBody"), step.get("body")) {
            (Some(raw), _) => fill(&plain(raw), variables)?,
            (None, Some(body)) => filled(body, variables)?.to_string(),
            (None, None) => String::new(),
        };
        Ok(Request {
            method: text(step, "method").to_owned(),
            path_and_query,
            headers: headers.collect::<Result<_, _>>()?,
            body: body.into_bytes(),
        })
    }
}

fn check_status(expect: &Value, status: u16) -> Result<(), String> {
    let wanted = expect.get("status").unwrap_or(&Value::Null);
    let holds = match wanted {
        Value::Array(several) => several.contains(&Value::from(status)),
        one => one.as_u64() == Some(u64::from(status)),
    };
    holds
        .then_some(())
        .ok_or_else(|| format!("status {status}, expected {wanted}"))
}

fn check_headers(expect: &Value, headers: &[(String, String)]) -> Result<(), String> {
    for (name, wanted) in expect
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let found = headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        let found = found.map_or("", |(_, value)| value);
        let wanted = wanted.as_str().unwrap_or_default();
        let holds = match wanted.strip_prefix('~') {
            Some(pattern) => matches(pattern, found)?,
            None if wanted == "nonempty" => !found.is_empty(),
            None => found == wanted,
        };
        if !holds {
            return Err(format!("header {name} is `{found}`, expected `{wanted}`"));
        }
    }
    Ok(())
}

/// The few regular expressions that the cases use, so that no engine is needed: `^` and `$`, `\`
/// before a literal, and `(x)?` for an optional literal part.
fn matches(pattern: &str, found: &str) -> Result<bool, String> {
    let anchored = pattern.strip_prefix('^');
    let pattern = anchored.unwrap_or(pattern);
    let (pattern, whole) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut expansions = vec![String::new()];
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
        let mut part = first.to_string();
        let mut optional = false;
        match first {
            '\\' => {
                let literal = rest.chars().next().ok_or("a pattern ends in a backslash")?;
                part = literal.to_string();
                rest = rest.get(literal.len_utf8()..).unwrap_or_default();
            }
            '(' => {
                let (inside, behind) = rest.split_once(")?").ok_or("only (..)? is known")?;
                part = inside.replace('\\', "");
                rest = behind;
                optional = true;
            }
            '.' | '*' | '+' | '?' | '[' | '|' => return Err(format!("unknown pattern {pattern}")),
            _ => {}
        }
        let longer: Vec<String> = expansions
            .iter()
            .map(|text| format!("{text}{part}"))
            .collect();
        if optional {
            expansions.extend(longer);
        } else {
            expansions = longer;
        }
    }
    Ok(expansions
        .iter()
        .any(|text| match (anchored.is_some(), whole) {
            (true, true) => found == text,
            (true, false) => found.starts_with(text.as_str()),
            (false, true) => found.ends_with(text.as_str()),
            (false, false) => found.contains(text.as_str()),
        }))
}

fn check_json(check: &Value, body: &Value) -> Result<(), String> {
    let (path, op) = (text(check, "path"), text(check, "op"));
    let wanted = check.get("value").unwrap_or(&Value::Null);
    let selected = select(body, path)?;
    let list: Vec<&Value> = match (selected.many, selected.values.as_slice()) {
        (false, [Value::Array(items)]) => items.iter().collect(),
        _ => selected.values.clone(),
    };
    let one = if selected.many {
        None
    } else {
        selected.values.first().copied()
    };
    let wanted_list = wanted.as_array().map(Vec::as_slice).unwrap_or_default();
    let superset = wanted_list.iter().all(|item| list.contains(&item));
    let holds = match op {
        "eq" => one == Some(wanted),
        "ne" => one != Some(wanted),
        "eqi" => one
            .and_then(Value::as_str)
            .zip(wanted.as_str())
            .is_some_and(|(a, b)| a.to_lowercase() == b.to_lowercase()),
        "gte" => one
            .and_then(Value::as_f64)
            .zip(wanted.as_f64())
            .is_some_and(|(a, b)| a >= b),
        "type" => one.is_some_and(|value| type_of(value) == wanted.as_str().unwrap_or_default()),
        "len" => {
            // An absent list has no elements: RFC 7643 section 2.5.
            (one.is_none_or(Value::is_array)) && wanted.as_u64() == Some(list.len() as u64)
        }
        "exists" => !selected.values.is_empty(),
        "absent" => selected.values.is_empty(),
        "nonempty" => list.iter().any(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Object(parts) => !parts.is_empty(),
            _ => true,
        }),
        "contains" => list.contains(&wanted),
        "superset" => superset,
        "setEq" => superset && list.iter().all(|item| wanted_list.contains(item)),
        _ => return Err(format!("unknown op {op}")),
    };
    holds
        .then_some(())
        .ok_or_else(|| format!("{path} {op} {wanted} does not hold"))
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

struct Selected<'a> {
    values: Vec<&'a Value>,
    /// Whether the path has a `[*]`, and so selects a list even of one.
    many: bool,
}

/// `$.a.b[0].c`, `$['urn:x'].y`, `$.a[*].b`
fn select<'a>(body: &'a Value, path: &str) -> Result<Selected<'a>, String> {
    let bad = || format!("unknown path {path}");
    let mut rest = path.strip_prefix('$').ok_or_else(bad)?;
    let mut values = vec![body];
    let mut many = false;
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix("['") {
            let (key, behind) = behind.split_once("']").ok_or_else(bad)?;
            values = values
                .into_iter()
                .filter_map(|value| value.get(key))
                .collect();
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix("[*]") {
            values = values
                .into_iter()
                .filter_map(Value::as_array)
                .flatten()
                .collect();
            many = true;
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix('[') {
            let (index, behind) = behind.split_once(']').ok_or_else(bad)?;
            let index: usize = index.parse().map_err(|_| bad())?;
            values = values
                .into_iter()
                .filter_map(|value| value.get(index))
                .collect();
            rest = behind;
        } else {
            let behind = rest.strip_prefix('.').ok_or_else(bad)?;
            let end = behind.find(['.', '[']).unwrap_or(behind.len());
            let (key, behind) = behind.split_at(end);
            values = values
                .into_iter()
                .filter_map(|value| value.get(key))
                .collect();
            rest = behind;
        }
    }
    Ok(Selected { values, many })
}

/// Puts variables into every string of a value.
fn filled(value: &Value, variables: &BTreeMap<String, Value>) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::from(fill(text, variables)?),
        Value::Array(items) => {
            let items = items.iter().map(|item| filled(item, variables));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(parts) => {
            let parts = parts.iter().map(|(key, part)| {
                Ok::<_, String>((fill(key, variables)?, filled(part, variables)?))
            });
            Value::Object(parts.collect::<Result<_, _>>()?)
        }
        other => other.clone(),
    })
}

fn fill(text: &str, variables: &BTreeMap<String, Value>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        let (name, behind) = behind.split_once("}}").ok_or("a variable has no end")?;
        let value = variables
            .get(name)
            .ok_or_else(|| format!("no variable {name}"))?;
        out.push_str(before);
        out.push_str(&plain(value));
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}
