//! What commands print: JSON for scripts, short lines for people. Results go to standard output,
//! complaints to standard error.

use std::io::{self, IsTerminal as _, Write};

use serde::Serialize;

use super::CliError;

/// Prints a JSON document and a line end.
pub(super) fn json(value: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string(value).map_err(|e| CliError::other(e.to_string()))?;
    line(&text)
}

/// Prints one line, at once: whoever reads our pipe is waiting for it.
pub(super) fn line(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// What somebody else chose, such as a name, without what would move a terminal's cursor or begin
/// a line of its own.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// Prints what a stranger sent: byte for byte into a file or a pipe, and on a terminal without what
/// would command it.
pub(super) fn document(text: &str) -> Result<(), CliError> {
    match io::stdout().is_terminal() {
        true => line(&readable(text)),
        false => line(text),
    }
}

/// Lines stay lines; other control characters don't stay.
fn readable(text: &str) -> String {
    let kept = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars()
        .map(|c| if kept(c) { c } else { '\u{fffd}' })
        .collect()
}

/// Prints `name  value` lines with the values, made [`printable`], in one column.
pub(super) fn fields(rows: &[(&str, String)]) -> Result<(), CliError> {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in rows {
        line(&format!("{name:width$}  {}", printable(value)))?;
    }
    Ok(())
}

/// Prints a table with a head, its cells made [`printable`]; the last column runs as long as it
/// likes.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> Result<(), CliError> {
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .chain(head.get(column).map(|cell| cell.chars().count()))
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let print = |cells: Vec<&str>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{:width$}", printable(cell)))
            .collect();
        line(padded.join("  ").trim_end())
    };
    print(head.to_vec())?;
    for row in rows {
        print(row.iter().map(String::as_str).collect())?;
    }
    Ok(())
}

/// Says on standard error what went wrong.
pub(super) fn complain(error: &CliError) {
    // Nobody is left to tell if standard error is gone, too.
    let _ = writeln!(io::stderr().lock(), "portcullis: {error}");
}

/// Says something on standard error that is no result.
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_chose_stays_on_its_line() {
        assert_eq!(
            printable("Éva \u{1b}[2J\r\nx\u{7f}"),
            "Éva \u{fffd}[2J\u{fffd}\u{fffd}x\u{fffd}"
        );
    }

    #[test]
    fn a_strangers_document_commands_no_terminal() {
        assert_eq!(
            readable("<a>\n\t\u{1b}]52;c;eA==\u{7}\u{9b}2J\r</a>"),
            "<a>\n\t\u{fffd}]52;c;eA==\u{fffd}\u{fffd}2J\u{fffd}</a>"
        );
    }
}
