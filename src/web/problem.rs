//! Errors as their reader wants them: RFC 9457 problem details on the API, RFC 7644 errors under
//! `/scim/`, a short page elsewhere.

use std::time::Duration;

use serde_json::{Map, Value};

use super::route::takes_tokens;
use super::template;
use crate::access::api_token::{ApiTokenError, Scope};
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
    /// The scope that a token would need.
    pub(super) scope: Option<Scope>,
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
            scope: None,
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

    /// To a program that asks for what only a person may do.
    pub(super) fn in_person() -> Self {
        Self::new(
            403,
            "in-person",
            "An API token can't do this; sign in, or use the command line.",
        )
    }

    /// To a token that is not meant for this.
    pub(super) fn scope_missing(scope: Scope) -> Self {
        Self {
            scope: Some(scope),
            ..Self::new(
                403,
                "scope-missing",
                format!("This API token does not have the scope `{}`.", scope.word()),
            )
        }
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
        } else if takes_tokens(path) {
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
        let response = Response::new(self.status).body(
            "application/problem+json",
            Value::Object(body).to_string().into_bytes(),
        );
        match self.challenge() {
            Some(challenge) => response.header("WWW-Authenticate", challenge),
            None => response,
        }
    }

    /// RFC 6750 section 3. No browser asks for a password by this scheme.
    fn challenge(&self) -> Option<String> {
        let realm = "Bearer realm=\"API\"";
        match (self.status, self.scope) {
            (401, _) if self.code == "token-refused" => {
                Some(format!("{realm}, error=\"invalid_token\""))
            }
            (401, _) => Some(realm.to_owned()),
            (_, Some(scope)) => Some(format!(
                "{realm}, error=\"insufficient_scope\", scope=\"{}\"",
                scope.word()
            )),
            _ => None,
        }
    }

    fn as_scim(&self) -> Response {
        let error = ScimError::new(self.status, self.detail.clone());
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

impl From<ApiTokenError> for Problem {
    fn from(error: ApiTokenError) -> Self {
        match error {
            ApiTokenError::Invalid { field, detail } => Self::field(field, detail),
            ApiTokenError::TooMany => Self::new(409, "too-many-tokens", error.to_string()),
            ApiTokenError::Store(error) => error.into(),
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
