//! What a provider takes from the attributes of an assertion: which names say what, and what the
//! groups attribute makes of groups and levels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::directory::{DirectoryError, Level, fold};
use crate::saml::mapping::{Fact, Mapping, MappingError};

/// Most values that have a level.
pub const MOST_GROUP_LEVELS: usize = 200;
/// Longest value that makes a group, in characters.
pub const LONGEST_GROUP: usize = 256;

/// The attribute names that were changed for one provider; the rest are its kind's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeNames(BTreeMap<String, Vec<String>>);

impl AttributeNames {
    /// Which facts have names of their own.
    pub fn changed(&self) -> Vec<&'static str> {
        let changed = Fact::ALL.into_iter().map(Fact::word);
        changed.filter(|w| self.0.contains_key(*w)).collect()
    }

    /// The names for every fact.
    ///
    /// # Errors
    /// For names that no attribute can have.
    pub(super) fn mapping(&self, kind: Kind) -> Result<Mapping, DirectoryError> {
        let mut mapping = kind.mapping();
        for fact in Fact::ALL {
            if let Some(names) = self.0.get(fact.word()) {
                mapping = mapping
                    .with(fact, names)
                    .map_err(|error| refused(fact, error))?;
            }
        }
        Ok(mapping)
    }

    /// Other names for some facts; `None` is the kind's own again.
    pub(super) fn with(mut self, changes: &[NamesChange]) -> Result<Self, DirectoryError> {
        for (fact, names) in changes {
            match names {
                None => {
                    self.0.remove(fact.word());
                }
                Some(names) if names.is_empty() && *fact == Fact::Email => {
                    return Err(DirectoryError::invalid(
                        "mapping",
                        "email: expected at least one attribute name, or NameID",
                    ));
                }
                Some(names) => {
                    self.0.insert(fact.word().to_owned(), names.clone());
                }
            }
        }
        Ok(self)
    }
}

/// Other names for a fact; `None` is the kind's own again.
pub type NamesChange = (Fact, Option<Vec<String>>);

/// The level of a value of the groups attribute; `None` is the lowest again.
pub type LevelChange = (String, Option<Level>);

fn refused(fact: Fact, error: MappingError) -> DirectoryError {
    DirectoryError::invalid("mapping", format!("{fact}: {error}"))
}

/// What values of the groups attribute become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupRules {
    /// Levels by value, as it was typed; compared without case, as groups' names are.
    pub levels: BTreeMap<String, Level>,
    /// Whether only values in `levels` make groups.
    pub mapped_only: bool,
}

impl GroupRules {
    /// The level that a value has here.
    pub fn level(&self, value: &str) -> Option<Level> {
        let key = fold(value);
        let mut found = self.levels.iter().filter(|(known, _)| fold(known) == key);
        found.next().map(|(_, level)| *level)
    }

    /// Whether a value makes a group.
    pub fn follows(&self, value: &str) -> bool {
        !self.mapped_only || self.level(value).is_some()
    }

    /// The same with other levels for some values.
    pub(super) fn with(mut self, changes: &[LevelChange]) -> Result<Self, DirectoryError> {
        for (value, level) in changes {
            if !is_group_name(value) {
                return Err(DirectoryError::invalid(
                    "group_levels",
                    format!(
                        "expected a value of the groups attribute, 1 to {LONGEST_GROUP} characters"
                    ),
                ));
            }
            let key = fold(value);
            self.levels.retain(|known, _| fold(known) != key);
            if let Some(level) = level {
                self.levels.insert(value.clone(), *level);
            }
        }
        if self.levels.len() > MOST_GROUP_LEVELS {
            return Err(DirectoryError::invalid(
                "group_levels",
                format!("expected levels for at most {MOST_GROUP_LEVELS} values"),
            ));
        }
        Ok(self)
    }
}

/// Whether a value can be the name of a group.
pub(in crate::directory) fn is_group_name(value: &str) -> bool {
    let fits = !value.is_empty() && value.chars().count() <= LONGEST_GROUP;
    fits && value.trim() == value && !value.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_its_own_over_those_of_the_kind() {
        let names = |text: &str| Some(vec![text.to_owned()]);
        let own = AttributeNames::default()
            .with(&[
                (Fact::Email, names("mail")),
                (Fact::Groups, names("memberOf")),
            ])
            .unwrap();
        let mapping = own.mapping(Kind::Okta).unwrap();
        assert_eq!(mapping.names(Fact::Email), ["mail"]);
        assert_eq!(mapping.names(Fact::FirstName)[0], "firstName");
        assert_eq!(own.changed(), ["email", "groups"]);
        let back = own.clone().with(&[(Fact::Email, None)]).unwrap();
        assert_eq!(
            back.mapping(Kind::Okta).unwrap().names(Fact::Email)[0],
            "email"
        );
        assert!(own.clone().with(&[(Fact::Email, Some(vec![]))]).is_err());
        let bad = own.with(&[(Fact::LastName, names(" sn"))]).unwrap();
        assert!(bad.mapping(Kind::Okta).is_err());
    }

    #[test]
    fn levels_by_value_without_case() {
        let set = |rules: GroupRules, value: &str, level| rules.with(&[(value.to_owned(), level)]);
        let rules = set(GroupRules::default(), "Staff", Some(Level::Editor)).unwrap();
        assert_eq!(rules.level("STAFF"), Some(Level::Editor));
        assert!(rules.follows("anything"));
        let rules = set(rules, "staff", Some(Level::Runner)).unwrap();
        assert_eq!(
            (rules.levels.len(), rules.level("Staff")),
            (1, Some(Level::Runner))
        );
        let mapped = GroupRules {
            mapped_only: true,
            ..rules.clone()
        };
        assert!(mapped.follows("staff") && !mapped.follows("others"));
        assert!(set(rules.clone(), "staff", None).unwrap().levels.is_empty());
        for bad in ["", " a", "a\n", &"x".repeat(LONGEST_GROUP + 1)] {
            assert!(set(rules.clone(), bad, Some(Level::Admin)).is_err());
        }
        let many: Vec<LevelChange> = (0..MOST_GROUP_LEVELS)
            .map(|n| (n.to_string(), Some(Level::Viewer)))
            .collect();
        let full = GroupRules::default().with(&many).unwrap();
        assert!(set(full, "one more", Some(Level::Viewer)).is_err());
    }
}
