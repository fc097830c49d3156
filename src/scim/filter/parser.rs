//! From text to [`Filter`]. One pass, no backtracking over more than a word, bounded in length and
//! nesting before anything recurses.

use super::{Filter, Literal, Operator};
use crate::scim::error::{ScimError, shown};
use crate::scim::path::AttributePath;

/// Longest filter, in bytes.
pub const MAX_LENGTH: usize = 4096;

/// How deep parentheses and brackets may nest.
pub const MAX_DEPTH: usize = 16;

/// Parses a filter. Errors are 400 `invalidFilter` and say where.
pub fn parse(text: &str) -> Result<Filter, ScimError> {
    whole(text, false)
}

/// Parses what stands between the brackets of a value path.
pub(crate) fn parse_element(text: &str) -> Result<Filter, ScimError> {
    whole(text, true)
}

fn whole(text: &str, in_brackets: bool) -> Result<Filter, ScimError> {
    if text.len() > MAX_LENGTH {
        return Err(ScimError::invalid_filter(format!(
            "The filter is longer than {MAX_LENGTH} bytes."
        )));
    }
    let mut parser = Parser {
        text,
        at: 0,
        in_brackets,
    };
    let filter = parser.any_of(0)?;
    parser.spaces();
    if parser.at < text.len() {
        return Err(parser.error("expected `and`, `or` or the end"));
    }
    Ok(filter)
}

struct Parser<'a> {
    text: &'a str,
    /// A byte offset, always on a character boundary.
    at: usize,
    in_brackets: bool,
}

impl<'a> Parser<'a> {
    fn any_of(&mut self, depth: usize) -> Result<Filter, ScimError> {
        if depth > MAX_DEPTH {
            return Err(self.error("nested too deep"));
        }
        let mut terms = vec![self.all_of(depth)?];
        while self.keyword("or") {
            terms.push(self.all_of(depth)?);
        }
        Ok(joined(terms, Filter::Or))
    }

    fn all_of(&mut self, depth: usize) -> Result<Filter, ScimError> {
        let mut terms = vec![self.term(depth)?];
        while self.keyword("and") {
            terms.push(self.term(depth)?);
        }
        Ok(joined(terms, Filter::And))
    }

    fn term(&mut self, depth: usize) -> Result<Filter, ScimError> {
        self.spaces();
        if self.eat('(') {
            return self.closed(depth, ')');
        }
        let start = self.at;
        let word = self.word();
        if word.eq_ignore_ascii_case("not") && self.rest().trim_ascii_start().starts_with('(') {
            self.spaces();
            self.eat('(');
            return Ok(Filter::Not(Box::new(self.closed(depth, ')')?)));
        }
        let Ok(path) = AttributePath::parse(word) else {
            self.at = start;
            return Err(self.error("expected an attribute"));
        };
        if self.eat('[') {
            self.value_path(path, depth)
        } else {
            self.comparison(path)
        }
    }

    /// What follows an opening parenthesis or bracket, with the closing one.
    fn closed(&mut self, depth: usize, close: char) -> Result<Filter, ScimError> {
        let inner = self.any_of(depth + 1)?;
        self.spaces();
        if !self.eat(close) {
            return Err(self.error(&format!("expected `{close}`")));
        }
        Ok(inner)
    }

    fn value_path(&mut self, path: AttributePath, depth: usize) -> Result<Filter, ScimError> {
        if self.in_brackets {
            return Err(self.error("brackets can't stand in brackets"));
        }
        self.in_brackets = true;
        let inner = self.closed(depth, ']')?;
        self.in_brackets = false;
        let filter = if self.eat('.') {
            // Not in the RFC's grammar for filters, but in its paths, and Entra ID sends it.
            let name = self.word();
            let Ok(part) = AttributePath::parse(name) else {
                return Err(self.error("expected a sub-attribute behind the dot"));
            };
            Filter::And(vec![inner, self.comparison(part)?])
        } else {
            inner
        };
        Ok(Filter::ValuePath {
            path,
            filter: Box::new(filter),
        })
    }

    fn comparison(&mut self, path: AttributePath) -> Result<Filter, ScimError> {
        self.spaces();
        let start = self.at;
        let word = self.word();
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(path));
        }
        let Some(op) = operator(word) else {
            self.at = start;
            return Err(self.error("expected one of eq, ne, co, sw, ew, gt, ge, lt, le, pr"));
        };
        if self.spaces() == 0 {
            return Err(self.error("expected a space and a value"));
        }
        let value = self.literal()?;
        Ok(Filter::Compare { path, op, value })
    }

    fn literal(&mut self) -> Result<Literal, ScimError> {
        if self.rest().starts_with('"') {
            return self.string();
        }
        let start = self.at;
        let word = self.word();
        match word {
            "true" => return Ok(Literal::Boolean(true)),
            "false" => return Ok(Literal::Boolean(false)),
            "null" => return Ok(Literal::Null),
            _ => {}
        }
        serde_json::from_str(word)
            .map(Literal::Number)
            .map_err(|_| {
                self.at = start;
                self.error("expected a value: a string in quotes, a number, true, false or null")
            })
    }

    /// Finds the closing quote and leaves the escapes to the JSON parser.
    fn string(&mut self) -> Result<Literal, ScimError> {
        let rest = self.rest();
        let mut escaped = true; // the opening quote doesn't close
        for (offset, byte) in rest.bytes().enumerate() {
            if escaped {
                escaped = false;
            } else if byte == b'\\' {
                escaped = true;
            } else if byte == b'"' {
                let quoted = rest.get(..=offset).unwrap_or_default();
                let text = serde_json::from_str(quoted)
                    .map_err(|_| self.error("the string is not a valid JSON string"))?;
                self.at += quoted.len();
                return Ok(Literal::String(text));
            }
        }
        Err(self.error("the string has no closing quote"))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn eat(&mut self, expected: char) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    fn spaces(&mut self) -> usize {
        let rest = self.rest();
        let count = rest.len() - rest.trim_ascii_start().len();
        self.at += count;
        count
    }

    /// Everything up to a space, a parenthesis, a bracket or a quote.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest
            .find(|c: char| c.is_ascii_whitespace() || "()[]\"".contains(c))
            .unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn keyword(&mut self, expected: &str) -> bool {
        let start = self.at;
        self.spaces();
        let found = self.word().eq_ignore_ascii_case(expected);
        if !found {
            self.at = start;
        }
        found
    }

    fn error(&self, what: &str) -> ScimError {
        let rest = self.rest();
        let found = if rest.is_empty() {
            "the end".to_owned()
        } else {
            format!("`{}`", shown(rest))
        };
        ScimError::invalid_filter(format!(
            "The filter can't be read at character {}, {found}: {what}.",
            self.text
                .get(..self.at)
                .map_or(0, |read| read.chars().count())
                + 1
        ))
    }
}

fn joined(mut terms: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match (terms.len(), terms.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            terms.push(last);
            join(terms)
        }
        (_, None) => join(terms),
    }
}

fn operator(word: &str) -> Option<Operator> {
    let lower = word.to_ascii_lowercase();
    Some(match lower.as_str() {
        "eq" => Operator::Equal,
        "ne" => Operator::NotEqual,
        "co" => Operator::Contains,
        "sw" => Operator::StartsWith,
        "ew" => Operator::EndsWith,
        "gt" => Operator::Greater,
        "ge" => Operator::GreaterOrEqual,
        "lt" => Operator::Less,
        "le" => Operator::LessOrEqual,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equal(name: &str, value: &str) -> Filter {
        Filter::Compare {
            path: AttributePath::parse(name).unwrap(),
            op: Operator::Equal,
            value: Literal::String(value.into()),
        }
    }

    fn present(name: &str) -> Filter {
        Filter::Present(AttributePath::parse(name).unwrap())
    }

    #[test]
    fn not_binds_before_and_before_or() {
        let parsed = parse("a pr or b pr and not (c pr) or d pr").unwrap();
        let not_c = Filter::Not(Box::new(present("c")));
        let expected = Filter::Or(vec![
            present("a"),
            Filter::And(vec![present("b"), not_c]),
            present("d"),
        ]);
        assert_eq!(parsed, expected);
        let grouped = parse("(a pr OR b pr) AND NOT(c pr)").unwrap();
        let not_c = Filter::Not(Box::new(present("c")));
        let either = Filter::Or(vec![present("a"), present("b")]);
        assert_eq!(grouped, Filter::And(vec![either, not_c]));
    }

    #[test]
    fn reads_literals() {
        let value = |text: &str| match parse(&format!("a eq {text}")).unwrap() {
            Filter::Compare { value, .. } => value,
            other => panic!("{other:?}"),
        };
        assert_eq!(value(r#""q\"x""#), Literal::String("q\"x".into()));
        assert_eq!(value(r#""\\""#), Literal::String("\\".into()));
        assert_eq!(
            value(r#""\u00e9\ud83d\ude00 ✓""#),
            Literal::String("é😀 ✓".into())
        );
        assert_eq!(
            value(r#""a and b) or [c]""#),
            Literal::String("a and b) or [c]".into())
        );
        assert_eq!(value(r#""""#), Literal::String(String::new()));
        assert_eq!(value("true"), Literal::Boolean(true));
        assert_eq!(value("null"), Literal::Null);
        assert_eq!(
            value("-1.5e3"),
            Literal::Number(serde_json::Number::from_f64(-1500.0).unwrap())
        );
    }

    #[test]
    fn reads_value_paths() {
        let work = parse("emails[type eq \"work\"].value eq \"x\"").unwrap();
        let both = Filter::And(vec![equal("type", "work"), equal("value", "x")]);
        let expected = Filter::ValuePath {
            path: AttributePath::of("emails", None),
            filter: Box::new(both),
        };
        assert_eq!(work, expected);
        assert!(parse("emails[type eq \"work\" and (primary eq true or value co \"@x\")]").is_ok());
        assert!(parse("urn:x:y:2.0:User:badge eq \"7\"").is_ok());
        assert!(
            parse("userName eq \"a\" and emails[type eq \"b\"] or not (active eq true)").is_ok()
        );
    }

    #[test]
    fn refuses_what_the_grammar_lacks() {
        for text in [
            "",
            " ",
            "userName",
            "userName eq",
            "userName eq ",
            "userName eq\"a\"",
            "userName xx \"a\"",
            "userName eq \"unterminated",
            "userName eq \"a\\\"",
            "userName eq \"bad \\x escape\"",
            "userName eq \"lone \\ud800\"",
            "userName eq 'a'",
            "userName eq a",
            "userName eq True",
            "userName eq 01",
            "userName eq \"a\" and",
            "userName eq \"a\" userName eq \"b\"",
            "and userName pr",
            "(userName pr",
            "userName pr)",
            "not userName pr",
            "emails[type eq \"a\"",
            "emails[]",
            "emails[type eq \"a\"].",
            "emails[type eq \"a\"].value",
            "emails[a[b pr] pr]",
            "a.b.c pr",
            "\u{0}",
            "é pr",
        ] {
            let refused = parse(text).unwrap_err();
            assert_eq!(
                (refused.status, refused.scim_type),
                (400, Some("invalidFilter")),
                "{text}"
            );
        }
    }

    #[test]
    fn is_bounded_in_depth_and_length() {
        let nested = |depth: usize| format!("{}a pr{}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        assert!(
            parse(&nested(MAX_DEPTH + 1))
                .unwrap_err()
                .detail
                .contains("too deep")
        );
        assert!(parse(&"not(".repeat(1000)).is_err());
        let long = vec!["a pr"; 500].join(" or ");
        assert!(long.len() < MAX_LENGTH);
        assert!(matches!(parse(&long).unwrap(), Filter::Or(terms) if terms.len() == 500));
        let too_long = format!("a eq \"{}\"", "x".repeat(MAX_LENGTH));
        assert!(parse(&too_long).unwrap_err().detail.contains("longer than"));
    }
}
