//! Errors as their reader wants them: RFC 9457 problem details on the API, RFC 7644 errors under
//! `/scim/`, a short page elsewhere.

use std::time::Duration;

use serde_json::{Map, Value};

use super::template;
use crate::access::password::GateError;
use crate::directory::DirectoryError;
use crate::edge::Response;
use crate::scim::error::ScimError;
use crate::store::StoreError;

/// Something that was not done, and why. Everything in it may be read by a stranger.
#[derive(Debug)]
pub struct Problem {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) detail: String,
    pub(super) field: Option<&'static str>,
    pub(super) retry_after: Option<Duration>,
    pub(super) allow: Option<String>,
}

impl Problem {
    /// With a status, a stable code in kebab-case and a sentence.
    pub fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            field: None,
            retry_after: None,
            allow: None,
        }
    }

    /// A value that can't be taken: 400, naming the field.
    pub(super) fn field(field: &'static str, detail: impl Into<String>) -> Self {
        Self {
            field: Some(field),
            ..Self::new(400, "invalid", detail)
        }
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "not-found", "There is nothing at this address.")
    }

    pub(super) fn sign_in_first() -> Self {
        Self::new(401, "sign-in-first", "Sign in first.")
    }

    pub(super) fn forbidden() -> Self {
        Self::new(
            403,
            "forbidden",
            "Your permission level does not allow this.",
        )
    }

    fn internal(source: &dyn std::error::Error) -> Self {
        tracing::error!(error = %source, "request failed");
        Self::new(
            500,
            "internal",
            "Something went wrong here; the log has the reason.",
        )
    }

    fn title(&self) -> &'static str {
        match self.status {
            400 => "That can't be taken as it is",
            401 => "Sign in first",
            403 => "Not allowed",
            404 => "Not found",
            405 => "Not done this way",
            408 => "Too slow",
            409 => "Already taken",
            413 => "Too large",
            429 => "Too many attempts",
            501 => "Not supported",
            503 => "Busy",
            status if status >= 500 => "Something went wrong",
            _ => "Refused",
        }
    }

    /// The answer as the reader of this path wants it.
    pub(super) fn answer(&self, path: &str) -> Response {
        let response = if path.starts_with("/scim/") {
            self.as_scim()
        } else if path.starts_with("/api/") {
            self.as_json()
        } else {
            template::message(
                self.status,
                self.title(),
                &self.detail,
                "/",
                "Back to the start",
            )
        };
        let response = match self.retry_after {
            Some(wait) => response.header("Retry-After", wait.as_secs().max(1).to_string()),
            None => response,
        };
        match &self.allow {
            Some(methods) => response.header("Allow", methods.clone()),
            None => response,
        }
    }

    fn as_json(&self) -> Response {
        let mut body = Map::new();
        body.insert("type".into(), "about:blank".into());
        body.insert("title".into(), self.title().into());
        body.insert("status".into(), self.status.into());
        body.insert("detail".into(), self.detail.as_str().into());
        body.insert("code".into(), self.code.into());
        if let Some(field) = self.field {
            body.insert("field".into(), field.into());
        }
        Response::new(self.status).body(
            "application/problem+json",
            Value::Object(body).to_string().into_bytes(),
        )
    }

    fn as_scim(&self) -> Response {
        let error = ScimError {
            status: self.status,
            scim_type: None,
            detail: self.detail.clone(),
        };
        let response = Response::new(self.status).body(
            "application/scim+json",
            error.to_json().to_string().into_bytes(),
        );
        if self.status == 401 {
            response.header("WWW-Authenticate", "Bearer realm=\"SCIM\"")
        } else {
            response
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self {
                retry_after: Some(Duration::from_secs(1)),
                ..Self::new(503, "busy", "Too much is going on; try again in a moment.")
            },
            other => Self::internal(&other),
        }
    }
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl From<DirectoryError> for Problem {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::NotFound { .. } => Self::new(404, "not-found", error.to_string()),
            DirectoryError::Invalid { field, detail } => Self::field(field, detail),
            DirectoryError::Conflict { field, detail } => Self {
                field: Some(field),
                ..Self::new(409, "conflict", detail)
            },
            DirectoryError::Keys(_) => Self::internal(&error),
            DirectoryError::Store(error) => error.into(),
        }
    }
}

impl From<GateError> for Problem {
    fn from(error: GateError) -> Self {
        match error {
            GateError::Busy => Self {
                retry_after: Some(Duration::from_secs(3)),
                ..Self::new(
                    503,
                    "busy",
                    "Too many people are signing in; try again in a moment.",
                )
            },
            other => Self::internal(&other),
        }
    }
}
