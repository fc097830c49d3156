//! The documents of the three products have a table of every code, and beside each code the fields
//! that its advice names. So neither can change without the other.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::saml::advice::{self, Screens};

/// The checks of a sign-in, in the order in which they are made.
pub(super) const ORDER: &[&str] = &[
    "form",
    "xml",
    "response",
    "status",
    "encryption-layout",
    "encryption-algorithms",
    "encryption-authentic",
    "decryption-key",
    "decryption",
    "layout",
    "algorithms",
    "certificates",
    "signature",
    "assertion",
    "version",
    "issuer",
    "destination",
    "name-id",
    "bearer",
    "recipient",
    "subject-confirmation",
    "in-response-to",
    "unsolicited",
    "known-conditions",
    "conditions",
    "audience",
    "authn-statement",
    "session-end",
    "email",
    "email-domain",
    "attributes",
    "replay",
    "signed-out",
    "user",
    "groups",
];

const DOCUMENTS: [(Screens, &str); 3] = [
    (Screens::Okta, include_str!("../../../docs/okta.md")),
    (Screens::Entra, include_str!("../../../docs/entra.md")),
    (Screens::Google, include_str!("../../../docs/google.md")),
];

/// Each row of the tables whose first column is codes: the codes, and the words in bold beside them.
fn rows(document: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let mut rows = Vec::new();
    let mut within = false;
    for line in document.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        within = line.starts_with('|') && (within || cells.get(1) == Some(&"code"));
        if !within || !cells[1].starts_with('`') {
            continue;
        }
        let between = |text: &str, mark: &str| -> Vec<String> {
            text.split(mark)
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect()
        };
        rows.push((between(cells[1], "`"), between(cells[2], "**")));
    }
    rows
}

pub(super) fn compare() {
    for (screens, document) in DOCUMENTS {
        let mut described: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (codes, fields) in rows(document) {
            for code in codes {
                let advice = advice::of(&code, screens)
                    .unwrap_or_else(|| panic!("{screens:?}: no such code: {code}"));
                for field in &fields {
                    assert!(
                        advice.contains(field.as_str()),
                        "{screens:?} {code}: {field}: {advice}"
                    );
                }
                let again = described.insert(code.clone(), fields.clone());
                assert!(again.is_none(), "{screens:?}: {code} twice");
            }
        }
        let missing: BTreeSet<&str> = advice::codes()
            .filter(|code| !described.contains_key(*code))
            .collect();
        assert!(missing.is_empty(), "{screens:?}: {missing:?}");
        for (code, fields) in &described {
            let named = advice::names_a_field(code);
            assert!(
                !named || !fields.is_empty(),
                "{screens:?}: no field for {code}"
            );
            assert!(
                named || fields.is_empty(),
                "{screens:?}: no field changes {code}"
            );
        }
    }
}
