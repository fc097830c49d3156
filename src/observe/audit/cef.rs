//! A line in ArcSight's Common Event Format (CEF:0). The custom strings carry what CEF has no name
//! for: the organization, the target, the detail.

use super::search::Line;
use super::vocabulary::{self, Weight};

pub(super) fn render(line: &Line) -> String {
    let row = &line.row;
    let severity = match vocabulary::weight(&row.action) {
        Weight::Ordinary => 3,
        Weight::Notable => 6,
        Weight::Grave => 9,
    };
    let mut text = format!(
        "CEF:0|Portcullis|Portcullis|{}|{}|{}|{severity}|",
        env!("CARGO_PKG_VERSION"),
        header(&row.action),
        header(vocabulary::sentence(&row.action)),
    );
    let seq = row.seq.to_string();
    let at = row.at.to_string();
    let fields = [
        ("rt", Some(at.as_str())),
        ("externalId", Some(&seq)),
        ("cat", Some("audit")),
        ("act", Some(&row.action)),
        ("outcome", Some("success")),
        ("src", row.client.as_deref()),
        ("suser", Some(&row.actor_name)),
        ("suid", row.actor_id.as_deref()),
        ("spriv", Some(&row.actor_kind)),
        ("app", Some(&row.via)),
        (
            "duser",
            (row.target_kind == "user").then_some(row.target_name.as_str()),
        ),
        (
            "duid",
            (row.target_kind == "user")
                .then_some(row.target_id.as_deref())
                .flatten(),
        ),
        (
            "cs1Label",
            row.organization_id.as_ref().map(|_| "organization"),
        ),
        ("cs1", row.organization_id.as_deref()),
        ("cs2Label", Some("targetKind")),
        ("cs2", Some(&row.target_kind)),
        ("cs3Label", row.target_id.as_ref().map(|_| "targetId")),
        ("cs3", row.target_id.as_deref()),
        ("cs4Label", Some("targetName")),
        ("cs4", Some(&row.target_name)),
        ("cs5Label", Some("detail")),
        ("cs5", Some(&row.detail)),
    ];
    let written: Vec<String> = fields
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", extension(value?))))
        .collect();
    text.push_str(&written.join(" "));
    text
}

/// A pipe or a backslash in the header is escaped, and a header has no line ends.
fn header(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace(['\n', '\r'], " ")
}

/// An equals sign, a backslash or a line end in an extension is escaped.
fn extension(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('=', "\\=")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_escapes_from_its_field() {
        assert_eq!(extension("a=b\\c\nact=x\r"), "a\\=b\\\\c\\nact\\=x\\r");
        assert_eq!(header("a|b\\c\nd"), "a\\|b\\\\c d");
    }
}
