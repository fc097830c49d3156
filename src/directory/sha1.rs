//! Signatures with SHA-1, for an identity provider that can't make others yet: allowed by an
//! operator alone, for one provider, and with a day on which it ends.
//!
//! Whoever pays for a collision can have two assertions under one signature. So there is no way to
//! allow it for good: after that day the refusal is the ordinary one, whether or not anybody
//! remembers.

use std::str::FromStr;
use std::time::Duration;

use super::DirectoryError;
use crate::clock::Timestamp;

/// How far ahead the end may lie.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The end that an operator sets, or its being taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sha1Until(Option<Timestamp>);

impl Sha1Until {
    /// The end, if it lies ahead, but not more than a year.
    pub(super) fn checked(self, now: Timestamp) -> Result<Option<Timestamp>, DirectoryError> {
        match self.0 {
            Some(end) if end <= now => Err(invalid("the day has passed already")),
            Some(end) if end > now.plus(LONGEST) => {
                Err(invalid("expected a day within a year from now"))
            }
            end => Ok(end),
        }
    }
}

impl FromStr for Sha1Until {
    type Err = DirectoryError;

    /// A day as `2027-03-01`, at whose start in UTC it ends, or `none`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self(None));
        }
        let is_day = text.len() == "2027-03-01".len();
        let start = Timestamp::parse(&format!("{text}T00:00:00Z")).filter(|_| is_day);
        let start = start.ok_or_else(|| invalid("expected a day such as 2027-03-01, or none"))?;
        Ok(Self(Some(start)))
    }
}

fn invalid(detail: &'static str) -> DirectoryError {
    DirectoryError::invalid("sha1_until", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_within_a_year() {
        let now = Timestamp::parse("2026-11-26T08:00:00Z").unwrap();
        let checked = |text: &str| text.parse::<Sha1Until>().and_then(|u| u.checked(now));
        let end = checked("2027-03-01").unwrap().unwrap();
        assert_eq!(end.to_string(), "2027-03-01T00:00:00.000Z");
        assert_eq!(checked("none").unwrap(), None);
        assert!(checked("2027-11-26").is_ok());
        for wrong in [
            "2027-11-29",
            "2026-11-26",
            "2026-11-01",
            "2027-02-30",
            "2027-3-1",
            "2027-03-01T00:00:00Z",
            "tomorrow",
            "",
        ] {
            let error = checked(wrong).unwrap_err().to_string();
            assert!(error.contains("sha1_until"), "{wrong}: {error}");
        }
    }
}
