//! Operations of a bulk request (RFC 7644 section 3.7): several to a change, each in a savepoint
//! of its own, so that one which is refused leaves nothing behind and the others be.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::groups::create_group_as;
use super::users::create_user_as;
use super::{
    Outcome, Provisioned, ProvisioningError, delete_group, delete_user, group_meets, patch_group,
    patch_user, replace_group, replace_user, user_meets,
};
use crate::clock::Timestamp;
use crate::directory::DirectoryError;
use crate::directory::brake::{self, Braked};
use crate::directory::organization::Organization;
use crate::observe::audit::Author;
use crate::scim::bulk::{Operation, Verb};
use crate::scim::error::ScimError;
use crate::store::StoreError;

/// Operations that are done together or not at all, with their places in the request. Mostly one.
pub type Step = Vec<(usize, Operation)>;

/// What came of one operation; the value is the entity tag of what there is now.
pub type Attempt = Result<Outcome<Option<String>>, ScimError>;

/// What of a step the brake held first, and where in it.
type HeldAt = Option<(usize, Braked)>;

/// Does the steps in their order, until more than `errors_left` have failed. `failed` has the
/// places of operations that didn't succeed before; what refers to one of them isn't tried.
/// Returned is what came of each that was reached, by its place.
pub fn apply(
    tx: &Connection,
    organization: &Organization,
    steps: &[Step],
    mut failed: BTreeSet<usize>,
    errors_left: usize,
    (by, now): (&Author, Timestamp),
) -> Result<Vec<(usize, Attempt)>, StoreError> {
    let mut attempts = Vec::new();
    let mut errors = 0;
    for step in steps {
        if errors >= errors_left {
            break;
        }
        let mut braked = None;
        let mut done = atomically(tx, || {
            let (attempts, held) = together(tx, organization, step, &failed, (by, now))?;
            braked = held;
            Ok(attempts)
        })?;
        // What the brake held is undone by now, so that the question it leaves is kept.
        if let Some((at, braked)) = braked
            && let Some(attempt) = done.get_mut(at)
        {
            *attempt = Err(brake_says(tx, organization, &braked, by, now)?);
        }
        for ((place, _), attempt) in step.iter().zip(done) {
            if attempt.is_err() {
                errors += 1;
                failed.insert(*place);
            }
            attempts.push((*place, attempt));
        }
    }
    Ok(attempts)
}

/// One step, and which of it the brake held first. When one of several fails, so do the others.
fn together(
    tx: &Connection,
    organization: &Organization,
    step: &Step,
    failed: &BTreeSet<usize>,
    by: (&Author, Timestamp),
) -> Result<(Vec<Attempt>, HeldAt), StoreError> {
    let mut attempts = Vec::with_capacity(step.len());
    let mut braked = None;
    for (_, operation) in step {
        let attempt = if operation.needs.iter().any(|need| failed.contains(need)) {
            Err(left_alone())
        } else {
            match perform(tx, organization, operation, by) {
                Ok(outcome) => Ok(outcome),
                Err(ProvisioningError::Scim(error)) => Err(error),
                Err(ProvisioningError::Braked(held)) => {
                    let error = ScimError::new(429, held.why());
                    braked = braked.or(Some((attempts.len(), *held)));
                    Err(error)
                }
                Err(ProvisioningError::Store(error)) => return Err(error),
            }
        };
        attempts.push(attempt);
    }
    if attempts.iter().any(Result::is_err) {
        for attempt in &mut attempts {
            if attempt.is_ok() {
                *attempt = Err(left_alone());
            }
        }
    }
    Ok((attempts, braked))
}

fn brake_says(
    tx: &Connection,
    organization: &Organization,
    braked: &Braked,
    by: &Author,
    now: Timestamp,
) -> Result<ScimError, StoreError> {
    match brake::answer(tx, organization, braked, by, now) {
        Ok(answer) => {
            let error = ScimError::new(answer.status, answer.detail);
            Ok(match answer.retry_after {
                Some(wait) => error.again_after(wait),
                None => error,
            })
        }
        Err(DirectoryError::Store(error)) => Err(error),
        Err(other) => Ok(ScimError::new(429, other.to_string())),
    }
}

/// 409 `invalidValue`: what the operation refers to wasn't made.
fn left_alone() -> ScimError {
    let detail = "A bulkId that this operation refers to was not made, see there for the reason.";
    ScimError {
        scim_type: Some("invalidValue"),
        ..ScimError::new(409, detail)
    }
}

fn perform(
    tx: &Connection,
    organization: &Organization,
    operation: &Operation,
    (by, now): (&Author, Timestamp),
) -> Provisioned<Outcome<Option<String>>> {
    let change = match &operation.change {
        Ok(change) => change,
        Err(error) => return Err(error.clone().into()),
    };
    let (id, conditions) = (change.id.as_str(), &change.conditions);
    match &change.verb {
        Verb::CreateUser(_) | Verb::CreateGroup(_) => {}
        Verb::ReplaceUser(_) | Verb::PatchUser(_) | Verb::DeleteUser => {
            user_meets(tx, organization, id, conditions)?;
        }
        Verb::ReplaceGroup(_) | Verb::PatchGroup(_) | Verb::DeleteGroup => {
            group_meets(tx, organization, id, conditions)?;
        }
    }
    Ok(match &change.verb {
        Verb::CreateUser(draft) => {
            create_user_as(tx, organization, id, draft, by, now)?.map(|user| Some(user.tag()))
        }
        Verb::ReplaceUser(draft) => {
            replace_user(tx, organization, id, draft, by, now)?.map(|user| Some(user.tag()))
        }
        Verb::PatchUser(patch) => {
            patch_user(tx, organization, id, patch, by, now)?.map(|user| Some(user.tag()))
        }
        Verb::DeleteUser => delete_user(tx, organization, id, by, now)?.map(|()| None),
        Verb::CreateGroup(draft) => {
            create_group_as(tx, organization, id, draft, by, now)?.map(|group| Some(group.tag()))
        }
        Verb::ReplaceGroup(draft) => {
            replace_group(tx, organization, id, draft, by, now)?.map(|group| Some(group.tag()))
        }
        Verb::PatchGroup(patch) => {
            patch_group(tx, organization, id, patch, by, now)?.map(|group| Some(group.tag()))
        }
        Verb::DeleteGroup => delete_group(tx, organization, id, by, now)?.map(|()| None),
    })
}

/// Undoes the attempts of a step if one of them failed.
fn atomically(
    tx: &Connection,
    step: impl FnOnce() -> Result<Vec<Attempt>, StoreError>,
) -> Result<Vec<Attempt>, StoreError> {
    let say = |sql: &str| tx.prepare_cached(sql)?.execute([]);
    say("SAVEPOINT operation")?;
    // On an error of the database itself the writer undoes the whole job.
    let attempts = step()?;
    if attempts.iter().any(Result::is_err) {
        say("ROLLBACK TO operation")?;
    }
    say("RELEASE operation")?;
    Ok(attempts)
}
