//! The error every SCIM answer below 500 is made of, RFC 7644 section 3.12.

use std::time::Duration;

use serde_json::{Map, Value};

/// The schema URN of an error message.
pub const ERROR_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// How much of a client's own text an error repeats, in characters.
const SHOWN: usize = 80;

/// A refusal, with what the client should change. `detail` is for the client's administrator: Okta
/// shows it verbatim, so it names the attribute and never holds anything the client didn't send.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("SCIM {status}: {detail}")]
pub struct ScimError {
    /// The HTTP status.
    pub status: u16,
    /// The error keyword of RFC 7644 table 9, where one fits.
    pub scim_type: Option<&'static str>,
    /// What is wrong, in a sentence.
    pub detail: String,
    /// When to ask again, where waiting helps.
    pub retry_after: Option<Duration>,
}

impl ScimError {
    /// An error of any status without a keyword, such as 401 or 503.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self {
            status,
            scim_type: None,
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// The same, said to somebody who has no header to read it in: `detail` ends with the whole
    /// seconds after which to ask again.
    #[must_use]
    pub fn again_after(mut self, wait: Duration) -> Self {
        let seconds = wait.as_secs().max(1);
        let unit = if seconds == 1 { "second" } else { "seconds" };
        self.detail
            .push_str(&format!(" Ask again in {seconds} {unit}."));
        self.retry_after = Some(wait);
        self
    }

    /// 404: no such resource.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(404, detail)
    }

    /// 409 `uniqueness`: the value is taken.
    pub fn uniqueness(detail: impl Into<String>) -> Self {
        Self::keyed(409, "uniqueness", detail)
    }

    /// 412: a condition of the client's doesn't hold (RFC 7644 section 3.14).
    pub fn precondition(detail: impl Into<String>) -> Self {
        Self::new(412, detail)
    }

    /// 413: the body, or what it would make of the resource, is too large.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(413, detail)
    }

    /// 400 `invalidSyntax`: the message isn't of the form that the RFC gives it.
    pub fn invalid_syntax(detail: impl Into<String>) -> Self {
        Self::keyed(400, "invalidSyntax", detail)
    }

    /// 400 `invalidValue`: a required value is missing, or a value isn't of its attribute's type.
    pub fn invalid_value(detail: impl Into<String>) -> Self {
        Self::keyed(400, "invalidValue", detail)
    }

    /// 400 `invalidFilter`: the filter doesn't parse, or can't be asked of this attribute.
    pub fn invalid_filter(detail: impl Into<String>) -> Self {
        Self::keyed(400, "invalidFilter", detail)
    }

    /// 400 `invalidPath`: the PATCH path is malformed or names an unknown attribute.
    pub fn invalid_path(detail: impl Into<String>) -> Self {
        Self::keyed(400, "invalidPath", detail)
    }

    /// 400 `noTarget`: the PATCH path selects nothing that could be changed.
    pub fn no_target(detail: impl Into<String>) -> Self {
        Self::keyed(400, "noTarget", detail)
    }

    /// 400 `mutability`: the attribute is read-only or required.
    pub fn mutability(detail: impl Into<String>) -> Self {
        Self::keyed(400, "mutability", detail)
    }

    /// 400 `tooMany`: more items than one request may hold.
    pub fn too_many(detail: impl Into<String>) -> Self {
        Self::keyed(400, "tooMany", detail)
    }

    /// 400 `invalidCursor`, RFC 9865 section 2.1: the cursor isn't one of this list.
    pub fn invalid_cursor(detail: impl Into<String>) -> Self {
        Self::keyed(400, "invalidCursor", detail)
    }

    /// 400 `expiredCursor`, RFC 9865 section 2.1: the cursor is too old.
    pub fn expired_cursor(detail: impl Into<String>) -> Self {
        Self::keyed(400, "expiredCursor", detail)
    }

    /// 400 `invalidCount`, RFC 9865 section 2.1: `count` beside a cursor is no number.
    pub fn invalid_count(detail: impl Into<String>) -> Self {
        Self::keyed(400, "invalidCount", detail)
    }

    /// The message body. `status` is a string, as RFC 7644 section 3.12 has it and Okta's own suite
    /// compares it.
    pub fn to_json(&self) -> Value {
        let mut body = Map::new();
        body.insert("schemas".into(), Value::from(vec![ERROR_SCHEMA]));
        body.insert("status".into(), Value::from(self.status.to_string()));
        if let Some(scim_type) = self.scim_type {
            body.insert("scimType".into(), Value::from(scim_type));
        }
        body.insert("detail".into(), Value::from(self.detail.as_str()));
        Value::Object(body)
    }

    fn keyed(status: u16, scim_type: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            scim_type: Some(scim_type),
            detail: detail.into(),
            retry_after: None,
        }
    }
}

/// A client's text as an error may repeat it: cut short, control characters replaced.
pub fn shown(text: &str) -> String {
    let mut cut: String = text
        .chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_has_the_status_as_text() {
        let body = ScimError::uniqueness("taken").to_json();
        assert_eq!(body["status"], "409");
        assert_eq!(body["scimType"], "uniqueness");
        assert_eq!(body["schemas"][0], ERROR_SCHEMA);
        let plain = ScimError::not_found("no").to_json();
        assert!(plain.get("scimType").is_none());
    }

    #[test]
    fn repeats_little_of_the_input() {
        assert_eq!(shown("a\nb"), "a\u{fffd}b");
        assert_eq!(shown(&"é".repeat(500)).chars().count(), SHOWN + 1);
    }
}
