//! The server beside a model of it: whatever sequence of requests is made, both say the same.
//!
//! The model is RFC 7643 and 7644 in memory, for a few attributes of each kind: one that is unique
//! without case, single ones, a list with a primary value, members. After each request all users
//! and groups are compared, and their entity tags change exactly when the resources do.

mod requests;
mod rules;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::app::{Tenant, TestApp};
use crate::http::Ask;
use requests::{Condition, Request, request};
use rules::Model;

#[test]
fn server_and_model_agree() {
    let app = TestApp::start();
    let number = Cell::new(0);
    let met = RefCell::new(BTreeMap::new());
    let config = Config {
        cases: 60,
        failure_persistence: None,
        max_shrink_iters: 300,
        ..Config::default()
    };
    let sequences = proptest::collection::vec(request(), 1..50);
    TestRunner::new(config)
        .run(&sequences, |sequence| {
            number.set(number.get() + 1);
            let tenant = organization(&app, number.get());
            for status in play(&app, &tenant, &sequence) {
                *met.borrow_mut().entry(status).or_insert(0) += 1;
            }
            Ok(())
        })
        .unwrap();
    // They must meet everything there is to meet.
    let met = met.into_inner();
    println!("{met:?}");
    for status in [200, 201, 204, 400, 404, 409, 412] {
        assert!(
            met.get(&status).is_some_and(|&times| times >= 10),
            "{met:?}"
        );
    }
}

/// One for each sequence, so that none meets what another left.
fn organization(app: &TestApp, number: u32) -> Tenant {
    let slug = format!("o{number}");
    app.as_operator("POST", "/api/v1/organizations", &json!({ "slug": slug }))
        .expect(201);
    let tenant = Tenant {
        token: app.scim_token(&slug),
        base: format!("/api/v1/organizations/{slug}"),
        provider: String::new(),
        slug,
    };
    if skips(&tenant) {
        let set = json!({ "skip_unknown_members": true });
        app.as_operator("PATCH", &tenant.base, &set).expect(200);
    }
    tenant
}

/// Every third leaves out members who aren't there; the others refuse.
fn skips(tenant: &Tenant) -> bool {
    tenant.slug.trim_start_matches('o').parse::<u32>().unwrap() % 3 == 0
}

/// With which statuses the sequence was answered.
fn play(app: &TestApp, tenant: &Tenant, sequence: &[Request]) -> Vec<u16> {
    let mut model = Model::default();
    model.skips = skips(tenant);
    let mut seen = Seen::default();
    let mut statuses = Vec::new();
    for (at, request) in sequence.iter().enumerate() {
        let (users, groups) = model.sizes();
        let request = &request.among(users, groups);
        let tag = request.target(&model).and_then(|id| seen.tags.get(&id));
        let expected = model.answer(request, request.condition.holds());
        let answer = send(app, tenant, &model, request, tag.map(String::as_str));
        assert_eq!(
            answer.0, expected,
            "request {at} of {sequence:#?}: {}",
            answer.1
        );
        statuses.push(expected);
        if expected == 201 {
            model.made(request, answer.1["id"].as_str().unwrap());
        }
        let now = Seen::all(app, tenant);
        assert_eq!(
            now.resources,
            model.resources(),
            "after request {at} of {sequence:#?}"
        );
        for (id, own) in &now.own {
            let (Some(before), Some(tag)) = (seen.tags.get(id), now.tags.get(id)) else {
                continue;
            };
            let same = seen.resources.get(id) == now.resources.get(id);
            assert_eq!(
                before == tag,
                same,
                "{id} after request {at} of {sequence:#?}"
            );
            if seen.own[id].0 == own.0 {
                assert_eq!(
                    seen.own[id], *own,
                    "lastModified after request {at} of {sequence:#?}"
                );
            }
        }
        seen = now;
    }
    statuses
}

/// What the server shows, by id.
#[derive(Default)]
struct Seen {
    /// As the model has it.
    resources: BTreeMap<String, Value>,
    /// The same without what is derived, and `lastModified`.
    own: BTreeMap<String, (Value, Value)>,
    tags: BTreeMap<String, String>,
}

impl Seen {
    fn all(app: &TestApp, tenant: &Tenant) -> Self {
        let mut seen = Self::default();
        for path in ["/Users", "/Groups"] {
            let path = format!("{path}?count=200");
            let list = app
                .scim(tenant, "GET", &path, &Value::Null)
                .expect(200)
                .json();
            let resources = list["Resources"].as_array().unwrap();
            assert_eq!(list["totalResults"], resources.len());
            for shown in resources {
                let id = shown["id"].as_str().unwrap().to_owned();
                let meta = &shown["meta"];
                let tag = meta["version"].as_str().unwrap().to_owned();
                seen.tags.insert(id.clone(), tag);
                let resource = rules::compared(shown);
                let mut own = resource.clone();
                own["groups"] = Value::Null;
                seen.own
                    .insert(id.clone(), (own, meta["lastModified"].clone()));
                seen.resources.insert(id, resource);
            }
        }
        seen
    }
}

/// Status and body. A request may go as the only operation of a bulk request.
fn send(
    app: &TestApp,
    tenant: &Tenant,
    model: &Model,
    request: &Request,
    tag: Option<&str>,
) -> (u16, Value) {
    let (method, path, body) = request.wire(model);
    let condition = request.condition.header(tag);
    let version = match &condition {
        None => Some(None),
        Some(("If-Match", value)) => Some(Some(value.clone())),
        Some(_) => None,
    };
    if let Some(version) = version.filter(|_| request.in_bulk) {
        let mut operation = json!({ "method": method, "path": path });
        if method == "POST" {
            operation["bulkId"] = json!("b");
        } else if let Some(version) = version {
            operation["version"] = json!(version);
        }
        if !body.is_null() {
            operation["data"] = body;
        }
        let message = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [operation],
        });
        let answer = app
            .scim(tenant, "POST", "/Bulk", &message)
            .expect(200)
            .json();
        let outcome = &answer["Operations"][0];
        let status = outcome["status"].as_str().unwrap().parse().unwrap();
        let id = outcome["location"]
            .as_str()
            .and_then(|at| at.rsplit('/').next());
        return (status, json!({ "id": id, "outcome": outcome }));
    }
    let mut ask = Ask::new(method, format!("/scim/v2/{}{path}", tenant.slug)).bearer(&tenant.token);
    if let Some((name, value)) = &condition {
        ask = ask.header(name, value);
    }
    let answer = app.ask(if body.is_null() { ask } else { ask.scim(&body) });
    let body = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.status, body)
}

impl Condition {
    /// Whether it holds of a resource that is there.
    fn holds(self) -> bool {
        matches!(self, Self::None | Self::Current | Self::Any)
    }

    fn header(self, tag: Option<&str>) -> Option<(&'static str, String)> {
        let current = tag.unwrap_or("W/\"1\"").to_owned();
        match self {
            Self::None => None,
            Self::Current => Some(("If-Match", current)),
            Self::Any => Some(("If-Match", "*".to_owned())),
            Self::Stale => Some(("If-Match", "W/\"stale\", \"0\"".to_owned())),
            Self::NotCurrent => Some(("If-None-Match", current)),
        }
    }
}
