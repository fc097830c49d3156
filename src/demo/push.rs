//! The simulated Okta's SCIM client: the requests of an App Integration Wizard application, in
//! its order and with its headers. That kind never sends a PATCH: it reads, edits what it read,
//! and PUTs the whole back.

use serde_json::{Value, json};
use ureq::Agent;

use super::http::{self, Answer, NoAnswer};
use super::people::Person;

const MEDIA_TYPE: &str = "application/scim+json";
const USER_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// Provisioning, Integration of the application in Okta: base URL and token, filled in.
pub(super) struct ScimClient {
    agent: Agent,
    base: String,
    token: String,
}

/// An answer that Okta would show as a failed task.
#[derive(Debug, thiserror::Error)]
pub(super) enum PushError {
    /// Provisioning has no base URL and token.
    #[error("provisioning is not set up")]
    NotSetUp,
    /// None came.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// Another status than the protocol has for this.
    #[error("{request} answered {status}: {detail}")]
    Refused {
        request: String,
        status: u16,
        detail: String,
    },
    /// An answer without something Okta needs.
    #[error("{request} answered without {missing}")]
    Incomplete {
        request: String,
        missing: &'static str,
    },
}

/// How a person got there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// The filter found nobody, so a POST made them.
    Created,
    /// The filter found somebody, whom a PUT took over.
    Matched,
}

impl ScimClient {
    pub(super) fn new(base: &str, token: &str) -> Self {
        Self {
            agent: http::agent(),
            base: base.to_owned(),
            token: token.to_owned(),
        }
    }

    /// "Test Connector Configuration": one probe of /Users and nothing else. Returns how many
    /// there are.
    pub(super) fn test_connector(&self) -> Result<i64, PushError> {
        let listed = self.get("/Users?startIndex=1&count=2")?;
        listed
            .get("totalResults")
            .and_then(Value::as_i64)
            .ok_or_else(|| PushError::Incomplete {
                request: "GET /Users".to_owned(),
                missing: "totalResults as a number",
            })
    }

    /// Assigns a person to the application: looks them up by userName, then creates them or takes
    /// over who was found. Returns the id on the other side.
    pub(super) fn assign(&self, person: &Person) -> Result<(String, Pushed), PushError> {
        let profile = profile(person);
        let filter = filter("userName", person.login);
        let listed = self.get(&format!("/Users?filter={filter}&startIndex=1&count=100"))?;
        if let Some(found) = listed.pointer("/Resources/0/id").and_then(Value::as_str) {
            let mut whole = profile;
            if let Some(whole) = whole.as_object_mut() {
                whole.insert("id".to_owned(), found.into());
            }
            self.put(&format!("/Users/{found}"), &whole)?;
            return Ok((found.to_owned(), Pushed::Matched));
        }
        let made = self.post("/Users", &profile)?;
        Ok((id_of(&made, "POST /Users")?, Pushed::Created))
    }

    /// Unassigns (`false`) or assigns again (`true`): GET, then PUT of what came with `active`
    /// changed. Returns what the other side says now.
    pub(super) fn set_active(&self, id: &str, active: bool) -> Result<bool, PushError> {
        let path = format!("/Users/{id}");
        let mut whole = self.get(&path)?;
        if let Some(whole) = whole.as_object_mut() {
            whole.insert("active".to_owned(), active.into());
        }
        let kept = self.put(&path, &whole)?;
        kept.get("active")
            .and_then(Value::as_bool)
            .ok_or_else(|| PushError::Incomplete {
                request: format!("PUT {path}"),
                missing: "active as a boolean",
            })
    }

    /// Pushes a new group: looks it up by displayName, POSTs it with its members, reads it and
    /// PUTs the same once more. `members` are ids of the other side with their usernames.
    pub(super) fn push_group(
        &self,
        name: &str,
        members: &[(String, &str)],
    ) -> Result<String, PushError> {
        let members: Vec<Value> = members
            .iter()
            .map(|(id, login)| json!({ "value": id, "display": login }))
            .collect();
        let group = json!({
            "schemas": [GROUP_SCHEMA],
            "displayName": name,
            "members": members,
        });
        let filter = filter("displayName", name);
        let listed = self.get(&format!("/Groups?filter={filter}&startIndex=1&count=100"))?;
        let id = match listed.pointer("/Resources/0/id").and_then(Value::as_str) {
            Some(found) => found.to_owned(),
            None => id_of(&self.post("/Groups", &group)?, "POST /Groups")?,
        };
        let path = format!("/Groups/{id}");
        let mut whole = self.get(&path)?;
        if let Some(whole) = whole.as_object_mut() {
            whole.insert("displayName".to_owned(), name.into());
            whole.insert("members".to_owned(), members.into());
        }
        self.put(&path, &whole)?;
        Ok(id)
    }

    fn get(&self, path: &str) -> Result<Value, PushError> {
        self.send("GET", path, None, 200)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, PushError> {
        self.send("POST", path, Some(body), 201)
    }

    fn put(&self, path: &str, body: &Value) -> Result<Value, PushError> {
        self.send("PUT", path, Some(body), 200)
    }

    fn send(
        &self,
        method: &'static str,
        path: &str,
        body: Option<&Value>,
        expected: u16,
    ) -> Result<Value, PushError> {
        let mut headers = vec![
            ("Authorization", format!("Bearer {}", self.token)),
            ("User-Agent", "Okta SCIM Client 1.0.0".to_owned()),
            ("Accept", MEDIA_TYPE.to_owned()),
            ("Accept-Charset", "utf-8".to_owned()),
            ("Accept-Encoding", "gzip,deflate".to_owned()),
        ];
        if body.is_some() {
            headers.push(("Content-Type", format!("{MEDIA_TYPE}; charset=utf-8")));
        }
        let url = format!("{}{path}", self.base);
        let body = body.map(|value| value.to_string().into_bytes());
        let answer = http::send(&self.agent, method, &url, &headers, body)?;
        if answer.status == expected {
            Ok(answer.json())
        } else {
            Err(refused(method, path, &answer))
        }
    }
}

fn refused(method: &str, path: &str, answer: &Answer) -> PushError {
    let path = path.split('?').next().unwrap_or_default();
    let detail = answer
        .json()
        .get("detail")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    PushError::Refused {
        request: format!("{method} {path}"),
        status: answer.status,
        detail,
    }
}

fn id_of(resource: &Value, request: &str) -> Result<String, PushError> {
    let id = resource.get("id").and_then(Value::as_str);
    id.map(str::to_owned).ok_or_else(|| PushError::Incomplete {
        request: request.to_owned(),
        missing: "id",
    })
}

/// `attribute eq "value"`, percent-encoded.
fn filter(attribute: &str, value: &str) -> String {
    let text = format!("{attribute} eq \"{value}\"");
    percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The profile as Okta sends it, the password included that it makes up even where none is synced.
fn profile(person: &Person) -> Value {
    json!({
        "schemas": [USER_SCHEMA],
        "userName": person.login,
        "name": { "givenName": person.first_name, "familyName": person.last_name },
        "emails": [{ "primary": true, "value": person.login, "type": "work" }],
        "displayName": person.name(),
        "locale": "en-US",
        "externalId": person.okta_id,
        "groups": [],
        "password": "1mz050nq",
        "active": true,
    })
}
