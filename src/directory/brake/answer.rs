//! What a client is told of a request that the brake held.

use std::time::Duration;

use rusqlite::Connection;

use super::hold::{self, Held};
use super::{Braked, Reason, Settings};
use crate::clock::Timestamp;
use crate::directory::DirectoryError;
use crate::directory::addresses::PublicUrl;
use crate::directory::organization::Organization;
use crate::observe::audit::Author;

/// When a client may ask again. Okta obeys whole seconds and asks ten times in all.
const RETRY_AFTER: Duration = Duration::from_secs(300);

/// The code of what waits for an answer.
pub const HELD: &str = "brake-held";

/// The code of what an admin said no to.
pub const REFUSED: &str = "brake-refused";

/// The answer to a held request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// 429 while it waits, 403 after a no.
    pub status: u16,
    /// [`HELD`] or [`REFUSED`].
    pub code: &'static str,
    /// Why, and where an admin decides.
    pub detail: String,
    /// When to ask again, if at all.
    pub retry_after: Option<Duration>,
}

/// Writes down that a request was held, and says what to answer. To be called once the held change
/// is rolled back.
///
/// # Errors
/// [`DirectoryError::Store`]; nothing was held then that anybody could answer.
pub fn answer(
    tx: &Connection,
    organization: &Organization,
    braked: &Braked,
    by: &Author,
    now: Timestamp,
) -> Result<Answer, DirectoryError> {
    let why = braked.why();
    let page = format!(
        "{}/console/organizations/{}/brake",
        PublicUrl::load(tx)?,
        organization.slug
    );
    Ok(match hold::keep(tx, organization, braked, by, now)? {
        Held::Waiting => Answer {
            status: 429,
            code: HELD,
            detail: format!(
                "{why} It is held until an administrator allows or refuses it at {page}; try \
                 again after that."
            ),
            retry_after: Some(RETRY_AFTER),
        },
        Held::Refused(until) => Answer {
            status: 403,
            code: REFUSED,
            detail: format!("{why} An administrator refused it until {until}, see {page}."),
            retry_after: None,
        },
        Held::Answered => Answer {
            status: 429,
            code: HELD,
            detail: "An administrator has just answered; try again.".to_owned(),
            retry_after: Some(Duration::from_secs(1)),
        },
    })
}

impl Braked {
    /// Why, in a sentence or two for the client's administrator.
    pub fn why(&self) -> String {
        let Settings { share, people, .. } = self.settings;
        let minutes = self.settings.window.as_secs() / 60;
        match self.reason {
            Reason::LastAdmin => "This would leave the organization without an active admin. \
                                  Nothing was changed."
                .to_owned(),
            Reason::Share => format!(
                "Too many people lose their access at once: {} of {} active people within \
                 {minutes} minutes; more than {share} % and more than {people} people need an \
                 administrator's yes. Nothing was changed.",
                self.passed + 1,
                self.active
            ),
        }
    }
}
