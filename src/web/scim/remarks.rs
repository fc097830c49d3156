//! What is worth knowing of an exchange beside its request and its answer. Handlers add to it, the
//! trace shows it.

use std::cell::{Cell, RefCell};

use crate::directory::provisioning::Outcome;
use crate::scim::forgive;

/// Of one call, see [`crate::web::route::Call::remarks`].
#[derive(Default)]
pub(in crate::web) struct Remarks {
    notes: RefCell<Vec<&'static str>>,
    changed: Cell<bool>,
}

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

    /// What was forgiven.
    pub(in crate::web) fn notes(&self) -> Vec<&'static str> {
        self.notes.borrow().clone()
    }

    /// Whether anything in the directory is different now.
    pub(in crate::web) fn changed(&self) -> bool {
        self.changed.get()
    }
}
