//! What is worth knowing of an exchange beside its request and its answer. Handlers add to it, the
//! trace shows it.

use std::cell::{Cell, RefCell};

use serde_json::{Value, json};

use crate::directory::brake;
use crate::directory::provisioning::Outcome;
use crate::observe::trace::redact;
use crate::scim::bulk::Operation;
use crate::scim::error::ScimError;
use crate::scim::forgive;

/// Of one call, see [`crate::web::route::Call::remarks`].
#[derive(Default)]
pub(in crate::web) struct Remarks {
    notes: RefCell<Vec<&'static str>>,
    changes: RefCell<Vec<Value>>,
    changed: Cell<bool>,
    refused: RefCell<RefusedOperations>,
    name: RefCell<Option<String>>,
}

/// Operations of a bulk request that were not done.
#[derive(Default)]
struct RefusedOperations {
    count: usize,
    held: bool,
    first: Vec<Value>,
}

/// Those of them that a trace tells of one by one.
const MOST_REFUSED: usize = 10;

impl Remarks {
    /// Keeps the notes of an outcome, and hands over its value.
    pub(super) fn take<T>(&self, outcome: Outcome<T>) -> T {
        self.note(&outcome.notes);
        self.changed.set(self.changed.get() || outcome.changed);
        outcome.value
    }

    /// Keeps notes of [`forgive`], each once.
    pub(super) fn note(&self, notes: &[&'static str]) {
        let mut kept = self.notes.borrow_mut();
        for what in notes {
            forgive::note(&mut kept, what);
        }
    }

    /// Keeps what was changed.
    pub(super) fn changes_are(&self, more: Vec<Value>) {
        self.changes.borrow_mut().extend(more);
    }

    /// What was changed, as the audit log tells it.
    pub(in crate::web) fn changes(&self) -> Vec<Value> {
        self.changes.borrow().clone()
    }

    /// Keeps whom a change that was not made is about.
    pub(super) fn about(&self, name: Option<String>) {
        *self.name.borrow_mut() = name;
    }

    /// Whom a change that was not made is about, where it says so.
    pub(in crate::web) fn name(&self) -> Option<String> {
        self.name.borrow().clone()
    }

    /// Keeps that an operation of a bulk request was not done; its status.
    pub(super) fn refused(&self, operation: &Operation, error: &ScimError) -> u16 {
        let mut refused = self.refused.borrow_mut();
        refused.count += 1;
        refused.held |= error.status == 429;
        if refused.first.len() < MOST_REFUSED {
            refused.first.push(json!({
                "method": redact::cut(&operation.method, 16),
                "bulkId": operation.bulk_id.as_deref().map(|id| redact::cut(id, 64)),
                "resource": operation.change.as_ref().ok().map(|change| redact::cut(&change.id, 64)),
                "status": error.status,
                "scim_type": error.scim_type,
                "detail": error.detail,
            }));
        }
        error.status
    }

    /// What was not done of a bulk request: its code and the first of it. Nothing if all was done.
    pub(in crate::web) fn undone(&self) -> Option<(&'static str, Value)> {
        let refused = self.refused.borrow();
        let code = if refused.held {
            brake::HELD
        } else {
            "operations-refused"
        };
        let told = || json!({ "count": refused.count, "first": refused.first });
        (refused.count > 0).then(|| (code, told()))
    }

    /// What was forgiven.
    pub(in crate::web) fn notes(&self) -> Vec<&'static str> {
        self.notes.borrow().clone()
    }

    /// Whether anything in the directory is different now.
    pub(in crate::web) fn changed(&self) -> bool {
        self.changed.get()
    }
}
