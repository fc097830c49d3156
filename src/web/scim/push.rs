//! One change by a SCIM client: made whole, told to the trace, or held by the brake.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::Refused;
use crate::clock::Timestamp;
use crate::directory::brake::{self, Braked};
use crate::directory::organization::Organization;
use crate::directory::provisioning::{Outcome, ProvisioningError};
use crate::observe::audit::{self, Author, Line};
use crate::store::StoreError;
use crate::web::route::Call;
use crate::web::{App, Problem};

/// Lines of the audit log that a trace tells of. A group of a hundred thousand takes some hundred.
const MOST_LINES: usize = 300;

/// Attributes that a trace names of one change.
const MOST_ATTRIBUTES: usize = 50;

impl Call<'_> {
    /// Makes a change. What it changed and what was forgiven go to the trace; what the brake held
    /// goes to an admin, and is answered with how to reach one.
    pub(super) fn push<T: Send + 'static>(
        &self,
        app: &App,
        change: impl FnOnce(&Connection) -> Result<Outcome<T>, ProvisioningError> + Send + 'static,
    ) -> Result<T, Refused> {
        let organization = self.organization_for_scim()?;
        let made = app.store.write(move |tx| with_lines(tx, change));
        match made {
            Ok((outcome, lines)) => {
                self.remarks.changes_are(told(&lines));
                Ok(self.remarks.take(outcome))
            }
            Err(ProvisioningError::Braked(braked)) => {
                let by = self.author()?;
                let only = braked.people.first().filter(|_| braked.people.len() == 1);
                self.remarks.about(only.map(|(_, name)| name.clone()));
                Err(held(app, organization, *braked, by, self.now)?.into())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Makes a change, and reads what the audit log says of it.
pub(super) fn with_lines<T, E: From<StoreError>>(
    tx: &Connection,
    change: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<(T, Vec<Line>), E> {
    let before = audit::newest_number(tx)?;
    let made = change(tx)?;
    let lines = audit::since(tx, before, MOST_LINES)?;
    Ok((made, lines))
}

/// Keeps what the brake held for an admin; what the client is told.
fn held(
    app: &App,
    organization: &Organization,
    braked: Braked,
    by: Author,
    now: Timestamp,
) -> Result<Problem, Problem> {
    let own = organization.clone();
    let answer = app
        .store
        .write(move |tx| brake::answer(tx, &own, &braked, &by, now))?;
    Ok(Problem {
        retry_after: answer.retry_after,
        ..Problem::new(answer.status, answer.code, answer.detail)
    })
}

/// What the lines of one change say, one entry for each thing that was changed in one way.
pub(super) fn told(lines: &[Line]) -> Vec<Value> {
    let mut changes: Vec<Map<String, Value>> = Vec::new();
    for line in lines {
        let detail = line.detail();
        let row = &line.row;
        // A large group takes several lines: those before and after say `group.changed`.
        let same = |change: &Map<String, Value>| {
            let text = |name: &str| change.get(name).and_then(Value::as_str);
            let action = text("action").unwrap_or_default();
            text("id") == row.target_id.as_deref()
                && (action == row.action
                    || (action, row.action.as_str()) == ("group.created", "group.changed")
                    || (action, row.action.as_str()) == ("group.changed", "group.deleted"))
        };
        let at = changes.iter().position(same).unwrap_or_else(|| {
            changes.push(audit::detail([
                ("action", json!(row.action)),
                ("kind", json!(row.target_kind)),
                ("id", json!(row.target_id)),
                ("name", json!(row.target_name)),
            ]));
            changes.len() - 1
        });
        let Some(change) = changes.get_mut(at) else {
            continue;
        };
        if row.action == "group.deleted" {
            change.insert("action".to_owned(), json!(row.action));
        }
        for name in ["added", "removed"] {
            if let Some(ids) = detail.get(name).and_then(Value::as_array) {
                let before = change.get(name).and_then(Value::as_u64).unwrap_or(0);
                let more = u64::try_from(ids.len()).unwrap_or(u64::MAX);
                change.insert(name.to_owned(), before.saturating_add(more).into());
            }
        }
        if let Some(ended) = detail.get("ended") {
            change.insert("ended".to_owned(), ended.clone());
        }
        if row.action.ends_with(".changed") {
            let attributes = attributes(&detail);
            if !attributes.is_empty() {
                change.insert("attributes".to_owned(), json!(attributes));
            }
        }
    }
    changes.into_iter().map(Value::Object).collect()
}

fn attributes(detail: &Value) -> Vec<&str> {
    let columns = detail.get("after").and_then(Value::as_object);
    let others = detail.get("attributes").and_then(Value::as_array);
    columns
        .into_iter()
        .flat_map(Map::keys)
        .map(String::as_str)
        .chain(others.into_iter().flatten().filter_map(Value::as_str))
        .take(MOST_ATTRIBUTES)
        .collect()
}
