//! What an API token may be used for. A scope allows nothing by itself: its owner must be allowed
//! to do the same, at that moment.

use std::fmt;

/// One thing that a token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Read users, groups and providers.
    Read,
    /// Read traces and the audit log.
    Audit,
    /// Invite, change and deactivate users.
    Users,
    /// Providers, SCIM tokens, levels, deletions.
    Admin,
    /// Organizations and the appliance itself.
    Operate,
}

impl Scope {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::Read,
        Self::Audit,
        Self::Users,
        Self::Admin,
        Self::Operate,
    ];

    /// The word in the database, the API and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Audit => "audit",
            Self::Users => "users",
            Self::Admin => "admin",
            Self::Operate => "operate",
        }
    }

    /// The scope of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of scopes. None of them includes another: `admin` does not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Whether this one is in it.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether there is none in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in it, in the order in which they are shown.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .into_iter()
            .filter(move |scope| self.contains(*scope))
    }

    /// Their words.
    pub fn words(self) -> Vec<&'static str> {
        self.iter().map(Scope::word).collect()
    }

    /// From words separated by spaces, as the database keeps them; `None` if one is unknown.
    pub fn parse(words: &str) -> Option<Self> {
        words.split_ascii_whitespace().map(Scope::parse).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | scope.bit()))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_sets() {
        for scope in Scope::ALL {
            let alone = Scopes::parse(scope.word()).unwrap();
            assert_eq!(alone.iter().collect::<Vec<_>>(), [scope]);
        }
        let two = Scopes::parse(" users  read users ").unwrap();
        assert_eq!(two.to_string(), "read users");
        assert!(two.contains(Scope::Read) && !two.contains(Scope::Admin));
        assert!(Scopes::parse("").unwrap().is_empty());
        for wrong in ["Read", "read,users", "reader", "*", "operator"] {
            assert_eq!(Scopes::parse(wrong), None, "{wrong}");
        }
    }
}
