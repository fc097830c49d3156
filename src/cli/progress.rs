//! How far a long command is, on standard error where that is a terminal; else nothing.

use indicatif::{ProgressBar, ProgressStyle};

use super::output;

/// A bar that is gone once this is dropped.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Of so many things.
    pub(super) fn of(total: u64, things: &'static str) -> Self {
        let bar = ProgressBar::new(total);
        style(
            &bar,
            "{bar:40} {percent:>3} % of {human_len} {msg}, {eta} to go",
        );
        bar.set_message(things);
        Self(bar)
    }

    /// Of so many bytes; of a stream whose end isn't known, how many there have been.
    pub(super) fn of_bytes(total: Option<u64>) -> Self {
        match total {
            Some(total) => {
                let bar = ProgressBar::new(total);
                style(
                    &bar,
                    "{bar:40} {percent:>3} % of {total_bytes}, {eta} to go",
                );
                Self(bar)
            }
            None => {
                let bar = ProgressBar::new_spinner();
                style(&bar, "{spinner} {bytes} read in {elapsed}");
                Self(bar)
            }
        }
    }

    pub(super) fn advance(&self, by: u64) {
        self.0.inc(by);
    }

    /// Says something above the bar.
    pub(super) fn note(&self, text: &str) {
        self.0.suspend(|| output::note(text));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A template that doesn't parse leaves the plain bar.
fn style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}
