//! A small HTTP client: what is asked is written down whole, what comes back is kept whole, and
//! nothing is followed, decoded or remembered.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// A request, made step by step.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Ask {
    pub(crate) fn new(method: &str, path: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            path: path.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With the session of a cookie header's value.
    pub(crate) fn with(self, cookie: &str) -> Self {
        self.header("Cookie", cookie)
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", content_type)
    }

    pub(crate) fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string())
    }

    pub(crate) fn scim(self, value: &Value) -> Self {
        self.body("application/scim+json; charset=utf-8", value.to_string())
    }

    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.body("application/x-www-form-urlencoded", body)
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let named = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .find(named)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.headers
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{} is no JSON ({e}): {}", self.status, self.text()))
    }

    /// The answer itself if it has this status; else the test ends with what came instead.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    pub(crate) fn location(&self) -> &str {
        self.header("location").unwrap_or_default()
    }
}

/// Sends requests to one server over connections that it keeps.
pub(crate) struct Client {
    agent: ureq::Agent,
    base: String,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self::at(format!("http://{address}"), TlsConfig::default())
    }

    /// To `https://localhost:port`, trusting the authority in `ca` (PEM) and no other; whatever
    /// certificate there is without one.
    pub(crate) fn over_tls(port: u16, ca: Option<&[u8]>) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
        let tls = match ca {
            Some(pem) => {
                let authority = Certificate::from_pem(pem).unwrap();
                tls.root_certs(RootCerts::new_with_certs(&[authority]))
            }
            None => tls.disable_verification(true),
        };
        Self::at(format!("https://localhost:{port}"), tls.build())
    }

    fn at(base: String, tls: TlsConfig) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .timeout_global(Some(std::time::Duration::from_secs(60)))
            .tls_config(tls)
            .build()
            .into();
        Self { agent, base }
    }

    pub(crate) fn send(&self, ask: &Ask) -> Result<Answer, String> {
        let mut request = ureq::http::Request::builder()
            .method(ask.method.as_str())
            .uri(format!("{}{}", self.base, ask.path));
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        let bare = ask.body.is_empty()
            && matches!(ask.method.as_str(), "GET" | "HEAD" | "DELETE" | "OPTIONS");
        let failed = |error: ureq::Error| format!("{} {}: {error}", ask.method, ask.path);
        let mut response = if bare {
            self.agent
                .run(request.body(()).map_err(|e| e.to_string())?)
                .map_err(failed)?
        } else {
            self.agent
                .run(request.body(ask.body.clone()).map_err(|e| e.to_string())?)
                .map_err(failed)?
        };
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (
                    name.to_string(),
                    value.to_str().unwrap_or("not text").to_owned(),
                )
            })
            .collect();
        let status = response.status().as_u16();
        let body = response
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_to_vec()
            .map_err(failed)?;
        Ok(Answer {
            status,
            headers,
            body,
        })
    }
}
