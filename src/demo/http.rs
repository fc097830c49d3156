//! One request and its answer, for the simulated browser and the simulated Okta's SCIM client.

use std::time::Duration;

use serde_json::Value;
use thiserror::Error;
use ureq::Agent;
use ureq::http::{HeaderMap, Request};

/// Far above what a loopback needs; a story that hangs would tell nothing.
const DEADLINE: Duration = Duration::from_secs(10);

const MAX_ANSWER: u64 = 4 << 20;

/// A request that got no answer.
#[derive(Debug, Error)]
#[error("{method} {url}: {reason}")]
pub(super) struct NoAnswer {
    method: &'static str,
    url: String,
    reason: String,
}

/// An answer with its body in memory.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON; null if it is none, so that what is looked for isn't found.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// Without redirects, which the browser follows by itself, and without a proxy: everything is on
/// this machine.
pub(super) fn agent() -> Agent {
    Agent::config_builder()
        .timeout_global(Some(DEADLINE))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into()
}

/// Sends a request; any status is an answer.
pub(super) fn send(
    agent: &Agent,
    method: &'static str,
    url: &str,
    headers: &[(&'static str, String)],
    body: Option<Vec<u8>>,
) -> Result<Answer, NoAnswer> {
    let failed = |reason: String| NoAnswer {
        method,
        url: url.to_owned(),
        reason,
    };
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let sent = match body {
        Some(body) => {
            let request = request.body(body).map_err(|e| failed(e.to_string()))?;
            agent.run(request)
        }
        None => agent.run(request.body(()).map_err(|e| failed(e.to_string()))?),
    };
    let mut response = sent.map_err(|e| failed(e.to_string()))?;
    let body = response
        .body_mut()
        .with_config()
        .limit(MAX_ANSWER)
        .read_to_string()
        .map_err(|e| failed(e.to_string()))?;
    Ok(Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body,
    })
}
