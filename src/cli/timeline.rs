//! `portcullis user timeline`

use serde_json::{Value, json};

use super::output::printable;
use super::{CliError, output, user};
use crate::observe::audit;
use crate::store::Store;

#[derive(Debug, clap::Args)]
pub(super) struct Timeline {
    /// Their id; it may be that of somebody who is gone
    id: String,
    /// At most this many (1 to 200)
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
    /// Go on after this: the `next` of the page before
    #[arg(long, value_name = "SEQ")]
    after: Option<i64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Timeline {
    pub(super) fn run(self, store: &Store) -> Result<(), CliError> {
        let limit = usize::from(self.limit);
        let lines = store.read(|conn| {
            let organization = user::organization_of(conn, &self.id)?;
            let lines = audit::timeline(conn, &organization, &self.id, self.after, limit)?;
            Ok::<_, crate::directory::DirectoryError>(lines)
        })?;
        let next = lines
            .last()
            .filter(|_| lines.len() == limit)
            .and_then(|line| line.get("seq")?.as_i64())
            .map(|seq| seq.to_string());
        if self.json {
            return output::json(&json!({ "items": lines, "next": next }));
        }
        let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
        output::table(&["LINE", "TIME", "ACTION", "ENDED", "BY"], &rows)?;
        if let Some(next) = next {
            output::note(&format!("more: --after {next}"));
        }
        Ok(())
    }
}

fn row(line: &Value) -> Vec<String> {
    let text = |pointer: &str| {
        let found = line.pointer(pointer).and_then(Value::as_str);
        printable(found.unwrap_or_default())
    };
    vec![
        line.get("seq").map(Value::to_string).unwrap_or_default(),
        text("/at"),
        text("/action"),
        ended(line),
        format!("{} ({})", text("/actor/name"), text("/via")),
    ]
}

/// Such as `sessions 2, tokens 1`; what there was none of isn't told.
fn ended(line: &Value) -> String {
    let counts = line.pointer("/detail/ended").and_then(Value::as_object);
    let told: Vec<String> = counts
        .into_iter()
        .flatten()
        .filter(|(_, count)| count.as_u64() != Some(0))
        .map(|(what, count)| format!("{} {count}", printable(what)))
        .collect();
    if told.is_empty() {
        "-".to_owned()
    } else {
        told.join(", ")
    }
}
