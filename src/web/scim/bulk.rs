//! `/Bulk` (RFC 7644 section 3.7). A part of the operations goes to the writer at a time, so that
//! others come in between; each operation is done or refused by itself.

use std::collections::BTreeSet;
use std::time::Duration;

use super::push::{self, with_lines};
use super::{Answer, asked_again, json, large, scim};
use crate::clock::Timestamp;
use crate::directory::organization::Organization;
use crate::directory::provisioning::{self, Attempt, Step};
use crate::observe::audit::Author;
use crate::scim::bulk::{self, Bulk, Done, Operation, Verb};
use crate::scim::error::ScimError;
use crate::scim::render;
use crate::store::{StoreError, id};
use crate::web::App;
use crate::web::route::Call;

/// Operations that the writer gets at once.
const PART: usize = 32;

/// And the JSON values in them: a group's members are its work.
const PART_WEIGHT: usize = 4_000;

pub(in crate::web) fn bulk(app: &App, call: &Call<'_>) -> Answer {
    scim(|| {
        let _place = large::of_change(app, call, false)?;
        let now = call.now;
        let Bulk {
            operations,
            fail_on_errors,
            order,
        } = Bulk::parse(&call.request.body, || id::new(now))?;
        let organization = call.organization_for_scim()?;
        let by = call.author()?;

        let mut done: Vec<Option<Done>> = vec![None; operations.len()];
        let mut failed = BTreeSet::new();
        let mut rest = order.as_slice();
        let base = app.public.scim(&organization.slug);
        while !rest.is_empty() {
            let errors_left = fail_on_errors
                .unwrap_or(usize::MAX)
                .saturating_sub(failed.len());
            if errors_left == 0 {
                break;
            }
            let (part, later) = rest.split_at(part(rest, &operations));
            rest = later;
            let steps = steps(part, &operations);
            let places: Vec<usize> = part.iter().flatten().copied().collect();
            let asked = Part {
                organization: organization.clone(),
                steps,
                failed: failed.clone(),
                errors_left,
                by: by.clone(),
                now,
            };
            let made = app
                .store
                .write(move |tx| with_lines(tx, |tx| asked.apply(tx)));
            let attempts = match made {
                Ok((attempts, lines)) => {
                    call.remarks.changes_are(push::told(&lines));
                    attempts
                }
                // Those before stand, so each of these is told for itself.
                Err(error) => unanswered(&error, &places),
            };
            for (place, attempt) in attempts {
                let Some(operation) = operations.get(place) else {
                    continue;
                };
                if attempt.is_err() {
                    failed.insert(place);
                }
                if let Some(slot) = done.get_mut(place) {
                    *slot = Some(told(call, operation, attempt, &base));
                }
            }
        }
        // The longest, as what comes earlier would only be refused again. An operation has no
        // headers; RFC 9110 section 10.2.3 lets any answer say when to follow up.
        let again = done
            .iter()
            .flatten()
            .filter_map(|done| done.error.as_ref()?.retry_after)
            .max();
        let outcomes = operations
            .iter()
            .zip(&done)
            .filter_map(|(operation, done)| Some(bulk::outcome(operation, done.as_ref()?)))
            .collect();
        Ok(asked_again(json(200, &bulk::response(outcomes)), again))
    })
}

/// What the writer gets.
struct Part {
    organization: Organization,
    steps: Vec<Step>,
    failed: BTreeSet<usize>,
    errors_left: usize,
    by: Author,
    now: Timestamp,
}

impl Part {
    fn apply(self, tx: &rusqlite::Connection) -> Result<Vec<(usize, Attempt)>, StoreError> {
        provisioning::apply(
            tx,
            &self.organization,
            &self.steps,
            self.failed,
            self.errors_left,
            (&self.by, self.now),
        )
    }
}

/// How many of the steps make a part: at least one.
fn part(steps: &[Vec<usize>], operations: &[Operation]) -> usize {
    let (mut count, mut weight) = (0, 0);
    for (at, step) in steps.iter().enumerate() {
        count += step.len();
        weight += step
            .iter()
            .filter_map(|&place| operations.get(place))
            .map(|operation| operation.weight)
            .sum::<usize>();
        if at > 0 && (count > PART || weight > PART_WEIGHT) {
            return at;
        }
    }
    steps.len()
}

fn steps(part: &[Vec<usize>], operations: &[Operation]) -> Vec<Step> {
    let with_place = |&place: &usize| Some((place, operations.get(place)?.clone()));
    part.iter()
        .map(|step| step.iter().filter_map(with_place).collect())
        .collect()
}

/// What is said of operations that the database didn't take.
fn unanswered(error: &StoreError, places: &[usize]) -> Vec<(usize, Attempt)> {
    let error = match error {
        StoreError::Busy => {
            ScimError::new(503, "Too much is going on.").again_after(Duration::from_secs(1))
        }
        other => {
            tracing::error!(error = %other, "part of a bulk request failed");
            ScimError::new(500, "Something went wrong here; the log has the reason.")
        }
    };
    places
        .iter()
        .map(|&place| (place, Err(error.clone())))
        .collect()
}

fn told(call: &Call<'_>, operation: &Operation, attempt: Attempt, base: &str) -> Done {
    let change = operation.change.as_ref().ok();
    let creates = change
        .is_some_and(|change| matches!(change.verb, Verb::CreateUser(_) | Verb::CreateGroup(_)));
    let location = change.map(|change| render::location(base, change.kind, &change.id));
    match attempt {
        Ok(outcome) => Done {
            status: match change.map(|change| &change.verb) {
                Some(Verb::CreateUser(_) | Verb::CreateGroup(_)) => 201,
                Some(Verb::DeleteUser | Verb::DeleteGroup) => 204,
                _ => 200,
            },
            location,
            version: call.remarks.take(outcome),
            error: None,
        },
        Err(error) => Done {
            status: call.remarks.refused(operation, &error),
            location: location.filter(|_| !creates),
            version: None,
            error: Some(error),
        },
    }
}
