//! What SCIM clients write, and what is asked of the server that takes it: conditions, bulk
//! requests, the own resource, many at once.

mod active;
mod at_once;
mod bulk;
mod conditions;
mod large;
mod me;
mod members;
mod model;
mod quirks;
mod users;

use serde_json::{Value, json};

use crate::app::{Tenant, TestApp};
use crate::http::{Answer, Ask};

fn patch(operations: Value) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": operations,
    })
}

/// A request with more headers.
#[track_caller]
fn ask(
    app: &TestApp,
    tenant: &Tenant,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: &Value,
) -> Answer {
    let mut ask = Ask::new(method, format!("/scim/v2/{}{path}", tenant.slug)).bearer(&tenant.token);
    for (name, value) in headers {
        ask = ask.header(name, value);
    }
    app.ask(if body.is_null() { ask } else { ask.scim(body) })
}
