//! How the story looks: a line per step with what was seen, coloured in a terminal, plain in a
//! pipe or under NO_COLOR.

use std::env;
use std::fmt;
use std::io::{self, IsTerminal, Stdout, Write};
use std::time::Instant;

use super::stage::Stage;

/// Characters of a step's title, so that what was seen stands in one column.
const TITLE: usize = 43;

/// Where the story is written, and how it has gone so far.
pub(super) struct Screen<W> {
    out: W,
    colour: bool,
    started: Instant,
    held: usize,
    failed: Vec<String>,
}

/// A step that went otherwise.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) expected: String,
    pub(super) got: String,
}

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        Self {
            expected: "an answer".to_owned(),
            got: error.to_string(),
        }
    }
}

#[derive(Clone, Copy)]
enum Ink {
    Bold,
    Dim,
    Green,
    Red,
    Link,
}

impl Screen<Stdout> {
    /// In colour if this is a terminal that has some and nobody asked for none
    /// (<https://no-color.org>).
    pub(super) fn new(out: Stdout) -> Self {
        let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || env::var_os("TERM").is_some_and(|value| value == "dumb");
        let colour = out.is_terminal() && !unwanted;
        Self {
            out,
            colour,
            started: Instant::now(),
            held: 0,
            failed: Vec::new(),
        }
    }
}

impl<W: Write> Screen<W> {
    /// Without colour.
    #[cfg(test)]
    pub(super) fn plain(out: W) -> Self {
        Self {
            out,
            colour: false,
            started: Instant::now(),
            held: 0,
            failed: Vec::new(),
        }
    }

    pub(super) fn title(&mut self) -> io::Result<()> {
        let name = self.in_ink(Ink::Bold, "Portcullis demo");
        self.line("")?;
        self.line(&format!(
            "  {name}  a real appliance on a temporary database, and a simulated Okta"
        ))
    }

    /// The heading of some steps that belong together.
    pub(super) fn chapter(&mut self, title: &str) -> io::Result<()> {
        let title = self.in_ink(Ink::Bold, title);
        self.line("")?;
        self.line(&format!("  {title}"))
    }

    /// One step: with a tick and what was seen, or a cross and what should have been. Returns what
    /// the next steps build on.
    pub(super) fn step<T>(
        &mut self,
        title: &str,
        outcome: Result<(T, String), Failed>,
    ) -> io::Result<Option<T>> {
        match outcome {
            Ok((value, seen)) => {
                self.held += 1;
                let (tick, seen) = (self.in_ink(Ink::Green, "✓"), self.in_ink(Ink::Dim, &seen));
                self.line(&format!("  {tick} {title:TITLE$} {seen}"))?;
                Ok(Some(value))
            }
            Err(failed) => {
                self.failed.push(title.to_owned());
                let cross = self.in_ink(Ink::Red, "✗");
                self.line(&format!("  {cross} {title}"))?;
                self.line(&format!("      expected  {}", failed.expected))?;
                self.line(&format!("      got       {}", failed.got))?;
                Ok(None)
            }
        }
    }

    /// How many steps held, whether that was the `whole` story, and how long it took.
    pub(super) fn verdict(&mut self, whole: bool) -> io::Result<()> {
        let all = self.held + self.failed.len();
        let seconds = self.started.elapsed().as_secs_f32();
        let ink = if self.failed.is_empty() {
            Ink::Green
        } else {
            Ink::Red
        };
        let count = self.in_ink(ink, &format!("{} of {all} steps held", self.held));
        self.line("")?;
        let rest = if whole {
            ""
        } else {
            "; the rest had no ground to stand on"
        };
        self.line(&format!("  {count} in {seconds:.1} s{rest}"))
    }

    /// What didn't hold, in one sentence.
    pub(super) fn complaint(&self) -> Option<String> {
        (!self.failed.is_empty()).then(|| self.failed.join("; "))
    }

    /// Where to click, once the story is over.
    pub(super) fn addresses(&mut self, stage: &Stage) -> io::Result<()> {
        let public = stage.public.origin();
        self.chapter("Both are still running")?;
        self.place(
            "sign-in and portal",
            &format!("{public}/"),
            "try ada@acme.example",
        )?;
        self.place(
            "simulated Okta",
            &format!("{}/", stage.okta.origin()),
            "tile, assignments",
        )?;
        self.place(
            "console",
            &format!("{public}/console"),
            "for Ada, or by break-glass",
        )?;
        self.place("break-glass", &format!("{public}/break-glass"), "")?;
        let account = self.in_ink(Ink::Bold, &stage.account);
        let password = self.in_ink(Ink::Bold, stage.password.expose());
        self.line(&format!("    {:18}  {account}", "  account"))?;
        self.line(&format!("    {:18}  {password}", "  password"))?;
        let database = self.in_ink(Ink::Dim, &stage.database().display().to_string());
        self.line(&format!("    {:18}  {database}", "database"))?;
        self.line("")?;
        self.line("  Ctrl-C stops both and removes the database.")
    }

    pub(super) fn farewell(&mut self) -> io::Result<()> {
        self.line("")?;
        self.line("  Stopped; the temporary database is gone.")
    }

    fn place(&mut self, name: &str, url: &str, note: &str) -> io::Result<()> {
        let gap = " ".repeat(38usize.saturating_sub(url.len()));
        let url = self.in_ink(Ink::Link, url);
        let note = self.in_ink(Ink::Dim, note);
        self.line(&format!("    {name:18}  {url}{gap}{note}"))
    }

    fn in_ink(&self, ink: Ink, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        format!("\u{1b}[{ink}m{text}\u{1b}[0m")
    }

    /// Flushed at once: whoever watches sees each step as it happens.
    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", text.trim_end())?;
        self.out.flush()
    }
}

/// The SGR parameters of ECMA-48.
impl fmt::Display for Ink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Green => "1;32",
            Self::Red => "1;31",
            Self::Link => "4",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_did_not_hold_is_told_and_kept() {
        let mut told = Vec::new();
        let mut screen = Screen::plain(&mut told);
        let held = screen.step("one", Ok((1, "seen".to_owned()))).unwrap();
        assert_eq!(held, Some(1));
        assert!(screen.complaint().is_none());
        let failed = Failed {
            expected: "level viewer".to_owned(),
            got: "\"admin\"".to_owned(),
        };
        assert_eq!(screen.step::<()>("two", Err(failed)).unwrap(), None);
        screen.verdict(false).unwrap();
        assert_eq!(screen.complaint().as_deref(), Some("two"));
        let told = String::from_utf8(told).unwrap();
        assert!(told.contains("✓ one") && told.contains("✗ two"), "{told}");
        assert!(told.contains("expected  level viewer"), "{told}");
        assert!(told.contains("1 of 2 steps held"), "{told}");
    }
}
