//! The `Date` of responses (RFC 9110 section 6.6.1), formatted once a second.

use crate::clock;

/// An IMF-fixdate such as `Sun, 06 Nov 1994 08:49:37 GMT`, kept while its second lasts.
pub(super) struct Date {
    second: i64,
    text: String,
}

impl Date {
    pub(super) fn new() -> Self {
        Self {
            second: i64::MIN,
            text: String::new(),
        }
    }

    /// The text for the present second.
    pub(super) fn now(&mut self) -> &str {
        let now = clock::now();
        let second = now.millis() / 1000;
        if second != self.second {
            self.text = text(now);
            self.second = second;
        }
        &self.text
    }
}

fn text(at: clock::Timestamp) -> String {
    let at = at.to_offset();
    // The names that `time` displays are the whole English ones; HTTP takes their first three.
    let weekday = at.weekday().to_string();
    let month = at.month().to_string();
    format!(
        "{weekday:.3}, {:02} {month:.3} {:04} {:02}:{:02}:{:02} GMT",
        at.day(),
        at.year(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc() {
        let at = clock::Timestamp::parse("1994-11-06T08:49:37Z").unwrap();
        assert_eq!(text(at), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
